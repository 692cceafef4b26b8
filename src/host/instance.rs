//! One actor on this host: its code, which a live update replaces, and how many calls may run at once.
//!
//! Knows neither claims nor the lattice. An idle pool is one code handle and one semaphore.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::actor::{Code, InvokeError, Outbound};

/// The instances of one actor.
#[derive(Debug)]
pub struct Pool {
    code: RwLock<Code>,
    /// One permit per call that may start now.
    permits: Semaphore,
    limit: AtomicU32,
    /// Permits to take away from calls as they end, after the limit was lowered below what runs.
    owed: AtomicUsize,
    /// Serializes changes of the limit.
    resize: Mutex<()>,
    running: TaskTracker,
}

impl Pool {
    /// At most `count` calls run at once; 0 counts as 1.
    pub fn new(code: Code, count: u32) -> Self {
        let count = count.max(1);
        Self {
            code: RwLock::new(code),
            permits: Semaphore::new(count as usize),
            limit: AtomicU32::new(count),
            owed: AtomicUsize::new(0),
            resize: Mutex::new(()),
            running: TaskTracker::new(),
        }
    }

    pub fn limit(&self) -> u32 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Calls that run now.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Whether a call would start at once; false also while stopping.
    pub fn has_room(&self) -> bool {
        !self.permits.is_closed() && self.permits.available_permits() > 0
    }

    /// The code that the next call runs.
    pub fn code(&self) -> Code {
        self.code
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Runs one operation, after waiting for its turn until `deadline`.
    ///
    /// # Errors
    /// [`InvokeError::Busy`] when the turn did not come, [`InvokeError::Stopping`] after [`Pool::drain`] has
    /// begun, and those of [`Code::invoke`].
    pub async fn invoke(
        &self,
        operation: &str,
        payload: Bytes,
        deadline: Instant,
        depth: u32,
        outbound: Arc<dyn Outbound>,
    ) -> Result<Bytes, InvokeError> {
        let turn = match self.try_turn() {
            Some(turn) => turn,
            None => self.turn(deadline).await?,
        };
        turn.invoke(operation, payload, deadline, depth, outbound)
            .await
    }

    /// A turn that begins now; none also while stopping.
    pub fn try_turn(&self) -> Option<Turn<'_>> {
        // Counted before the permit is taken, so that `drain` cannot miss a call.
        let token = self.running.token();
        let permit = self.permits.try_acquire().ok()?;
        Some(self.begin(permit, token))
    }

    /// Waits for a turn until `deadline`. Those who wait are served in order.
    ///
    /// # Errors
    /// [`InvokeError::Busy`] and [`InvokeError::Stopping`].
    pub async fn turn(&self, deadline: Instant) -> Result<Turn<'_>, InvokeError> {
        match timeout_at(deadline, self.permits.acquire()).await {
            Ok(Ok(permit)) => {
                let token = self.running.token();
                if self.permits.is_closed() {
                    return Err(InvokeError::Stopping);
                }
                Ok(self.begin(permit, token))
            }
            Ok(Err(_)) => Err(InvokeError::Stopping),
            Err(_) => Err(InvokeError::Busy(self.limit())),
        }
    }

    /// Changes how many calls may run at once; 0 counts as 1. Running calls are left alone: a lower limit
    /// holds as soon as enough of them have ended.
    pub fn set_limit(&self, count: u32) {
        let count = count.max(1);
        let _resizing = self.resize.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.limit.swap(count, Ordering::Relaxed);
        if count >= before {
            let more = (count - before) as usize;
            self.permits.add_permits(more - self.forgive(more));
        } else {
            let fewer = (before - count) as usize;
            self.owed.fetch_add(fewer, Ordering::Relaxed);
            let taken = self.permits.forget_permits(fewer);
            // Calls that ended just now may have paid already.
            self.permits.add_permits(taken - self.forgive(taken));
        }
    }

    /// Live update: calls that start from now on run `code`, those that run finish on theirs.
    pub fn replace(&self, code: Code) {
        *self.code.write().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// Refuses new calls, also those that wait for their turn, and waits at most `grace` for those that run.
    /// Returns how many still did.
    pub async fn drain(&self, grace: Duration) -> usize {
        self.permits.close();
        self.running.close();
        match timeout(grace, self.running.wait()).await {
            Ok(()) => 0,
            Err(_) => self.running.len(),
        }
    }

    fn begin<'a>(&'a self, permit: SemaphorePermit<'a>, token: TaskTrackerToken) -> Turn<'a> {
        Turn {
            pool: self,
            permit: Some(permit),
            _token: token,
        }
    }

    /// Takes up to `most` off what is owed, and returns how many that were.
    fn forgive(&self, most: usize) -> usize {
        self.owed
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |owed| {
                Some(owed.saturating_sub(most))
            })
            .map_or(0, |owed| owed.min(most))
    }
}

/// Leave for one call to run. Its permit goes back when it ends, unless the limit was lowered meanwhile.
#[derive(Debug)]
#[must_use = "dropping it gives the turn back"]
pub struct Turn<'a> {
    pool: &'a Pool,
    permit: Option<SemaphorePermit<'a>>,
    _token: TaskTrackerToken,
}

impl Turn<'_> {
    /// Runs one operation.
    ///
    /// # Errors
    /// Those of [`Code::invoke`].
    pub async fn invoke(
        self,
        operation: &str,
        payload: Bytes,
        deadline: Instant,
        depth: u32,
        outbound: Arc<dyn Outbound>,
    ) -> Result<Bytes, InvokeError> {
        let code = self.pool.code();
        code.invoke(operation, payload, deadline, depth, outbound)
            .await
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.pool.owed.load(Ordering::Relaxed) > 0
            && self.pool.forgive(1) == 1
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::BoxFuture;
    use tokio::task::JoinHandle;

    use crate::host::actor::HostCall;
    use crate::host::engine::{Engine, Limits};
    use crate::host::testing::{engine, load};

    /// Holds calls until it is opened.
    struct Gate(Semaphore);

    impl Outbound for Gate {
        fn call(&self, _: HostCall) -> BoxFuture<'_, Result<Bytes, String>> {
            Box::pin(async {
                self.0.acquire().await.unwrap().forget();
                Ok(Bytes::from_static(b"open"))
            })
        }
    }

    struct World {
        engine: Engine,
        pool: Arc<Pool>,
        gate: Arc<Gate>,
    }

    fn world(count: u32) -> World {
        let engine = engine(Limits::default());
        let pool = Arc::new(Pool::new(load(&engine, "caller"), count));
        let gate = Arc::new(Gate(Semaphore::new(0)));
        World { engine, pool, gate }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    impl World {
        fn call(&self, deadline: Instant) -> JoinHandle<Result<Bytes, InvokeError>> {
            let (pool, gate) = (Arc::clone(&self.pool), Arc::clone(&self.gate));
            tokio::spawn(async move { pool.invoke("", Bytes::new(), deadline, 0, gate).await })
        }

        async fn until_running(&self, count: usize) {
            let all = async {
                while self.pool.running() != count {
                    tokio::task::yield_now().await;
                }
            };
            timeout(Duration::from_secs(20), all).await.unwrap();
        }

        async fn until_room(&self, room: bool) {
            let all = async {
                while self.pool.has_room() != room {
                    tokio::task::yield_now().await;
                }
            };
            timeout(Duration::from_secs(20), all).await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_limit_holds_and_its_error_names_it() {
        let world = world(2);
        let calls = [world.call(soon()), world.call(soon())];
        world.until_running(2).await;
        assert!(!world.pool.has_room());
        let early = Instant::now() + Duration::from_millis(10);
        let error = world.call(early).await.unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "actor is at its limit of 2 calls at once"
        );
        world.gate.0.add_permits(2);
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap(), "open");
        }
        assert!(world.pool.has_room());
    }

    #[tokio::test]
    async fn a_higher_limit_lets_waiting_calls_start() {
        let world = world(0);
        assert_eq!(world.pool.limit(), 1);
        let calls = [world.call(soon()), world.call(soon()), world.call(soon())];
        world.until_running(1).await;
        world.pool.set_limit(3);
        world.until_running(3).await;
        world.gate.0.add_permits(3);
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_lower_limit_holds_once_enough_calls_have_ended() {
        let world = world(3);
        let calls = [world.call(soon()), world.call(soon()), world.call(soon())];
        world.until_running(3).await;
        world.pool.set_limit(1);
        world.gate.0.add_permits(2);
        world.until_running(1).await;
        assert!(!world.pool.has_room());
        world.gate.0.add_permits(1);
        for call in calls {
            call.await.unwrap().unwrap();
        }
        world.until_room(true).await;
        assert_eq!(world.pool.permits.available_permits(), 1);
        // Up and down while busy comes out even.
        let call = world.call(soon());
        world.until_running(1).await;
        for count in [5, 2, 9, 1, 4] {
            world.pool.set_limit(count);
        }
        world.gate.0.add_permits(1);
        call.await.unwrap().unwrap();
        assert_eq!(world.pool.permits.available_permits(), 4);
        assert_eq!(world.pool.owed.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn an_update_leaves_running_calls_on_their_code() {
        let world = world(1);
        let before = world.call(soon());
        world.until_running(1).await;
        world.pool.replace(load(&world.engine, "operation"));
        let after = world.call(soon());
        world.gate.0.add_permits(1);
        assert_eq!(before.await.unwrap().unwrap(), "open");
        assert_eq!(after.await.unwrap().unwrap(), "");
    }

    #[tokio::test]
    async fn draining_waits_for_what_runs_and_refuses_the_rest() {
        let world = world(1);
        let running = world.call(soon());
        world.until_running(1).await;
        let waiting = world.call(soon());
        assert_eq!(world.pool.drain(Duration::from_millis(10)).await, 1);
        assert_eq!(waiting.await.unwrap(), Err(InvokeError::Stopping));
        assert!(!world.pool.has_room());
        let late = world.call(soon()).await.unwrap();
        assert_eq!(late, Err(InvokeError::Stopping));
        world.gate.0.add_permits(1);
        assert_eq!(world.pool.drain(Duration::from_secs(20)).await, 0);
        running.await.unwrap().unwrap();
    }
}
