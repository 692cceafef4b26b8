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
        let _turn = self.turn(deadline).await?;
        self.code()
            .invoke(operation, payload, deadline, depth, outbound)
            .await
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

    async fn turn(&self, deadline: Instant) -> Result<Turn<'_>, InvokeError> {
        // Counted before the permit is taken, so that `drain` cannot miss a call.
        let token = self.running.token();
        let permit = match self.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) if self.permits.is_closed() => return Err(InvokeError::Stopping),
            Err(_) => {
                drop(token);
                return self.wait(deadline).await;
            }
        };
        Ok(self.begin(permit, token))
    }

    async fn wait(&self, deadline: Instant) -> Result<Turn<'_>, InvokeError> {
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

/// A call that runs. Its permit goes back when it ends, unless the limit was lowered meanwhile.
#[derive(Debug)]
struct Turn<'a> {
    pool: &'a Pool,
    permit: Option<SemaphorePermit<'a>>,
    _token: TaskTrackerToken,
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
