//! A sign of life on stderr while something takes long.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Turns until it is dropped, and leaves no trace.
#[derive(Debug)]
pub(crate) struct Spinner {
    bar: ProgressBar,
    /// Dropping the sender ends the thread that waits for [`SOON`].
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

/// What is done by then needs no sign of life.
const SOON: Duration = Duration::from_millis(300);

const TURN: Duration = Duration::from_millis(120);

impl Spinner {
    pub(super) fn new(seen: bool, message: String) -> Self {
        let bar = ProgressBar::hidden();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(message);
        let waiting = seen.then(|| {
            let (stop, stopped) = channel();
            let bar = bar.clone();
            let show = move || {
                if stopped.recv_timeout(SOON) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(TURN);
                }
            };
            (stop, std::thread::spawn(show))
        });
        Self { bar, waiting }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((stop, waiting)) = self.waiting.take() {
            drop(stop);
            let _ = waiting.join();
        }
        self.bar.finish_and_clear();
    }
}
