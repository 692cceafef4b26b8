//! The thread that advances the engine's epoch, so that a guest in a loop yields to the others.
//!
//! It sleeps for good while nothing runs: an idle host costs no wake-ups. Knows nothing of guests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

/// How long a guest may keep a worker thread before it yields. Short enough that a few runaway guests do not
/// show in the latency of others, long enough that nearly every call ends without yielding once.
const TICK: Duration = Duration::from_millis(2);

/// Ticks without a guest before the thread sleeps; waking it costs a system call.
const QUIET: u32 = 50;

/// Stops and joins its thread when dropped.
#[derive(Debug)]
pub(super) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    asleep: AtomicBool,
    stop: AtomicBool,
}

impl Ticker {
    pub(super) fn start(engine: wasmtime::Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("wash-epoch".into()).spawn({
            let shared = Arc::clone(&shared);
            move || tick(&shared, &engine)
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Keeps the epoch advancing for as long as the guard lives.
    pub(super) fn running(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.asleep.load(Ordering::SeqCst)
            && let Some(thread) = self.thread()
        {
            thread.unpark();
        }
        Running {
            shared: &self.shared,
        }
    }

    fn thread(&self) -> Option<&Thread> {
        self.thread.as_ref().map(JoinHandle::thread)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread cannot panic; there would be nobody to tell.
            let _ = thread.join();
        }
    }
}

/// A guest is running.
#[derive(Debug)]
pub(super) struct Running<'a> {
    shared: &'a Shared,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.shared.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn tick(shared: &Shared, engine: &wasmtime::Engine) {
    let mut quiet = 0;
    while !shared.stop.load(Ordering::SeqCst) {
        if shared.running.load(Ordering::SeqCst) > 0 {
            quiet = 0;
        } else {
            quiet += 1;
        }
        if quiet < QUIET {
            thread::park_timeout(TICK);
            engine.increment_epoch();
            continue;
        }
        // Announce the sleep before the last look, so that a guest which starts now sees it and wakes us.
        shared.asleep.store(true, Ordering::SeqCst);
        if shared.running.load(Ordering::SeqCst) == 0 && !shared.stop.load(Ordering::SeqCst) {
            thread::park();
        }
        shared.asleep.store(false, Ordering::SeqCst);
        quiet = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn wait_until(what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !condition() {
            assert!(Instant::now() < deadline, "{what}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn sleeps_when_nothing_runs_and_wakes_for_the_next_guest() {
        let ticker = Ticker::start(wasmtime::Engine::default()).unwrap();
        let asleep = || ticker.shared.asleep.load(Ordering::SeqCst);
        wait_until("the thread should fall asleep", asleep);
        let guard = ticker.running();
        wait_until("a guest should wake the thread", || !asleep());
        drop(guard);
        wait_until("the thread should fall asleep again", asleep);
    }

    #[test]
    fn stops_with_its_owner() {
        let ticker = Ticker::start(wasmtime::Engine::default()).unwrap();
        let shared = Arc::downgrade(&ticker.shared);
        drop(ticker);
        assert!(
            shared.upgrade().is_none(),
            "the thread still holds its state"
        );
    }
}
