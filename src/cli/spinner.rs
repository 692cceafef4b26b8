//! A sign of life on stderr while something takes long.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Turns until it is dropped, and leaves no trace.
#[derive(Debug)]
pub(crate) struct Spinner(ProgressBar);

/// What is faster than this needs no sign of life.
const TURN: Duration = Duration::from_millis(120);

impl Spinner {
    pub(super) fn new(seen: bool, message: String) -> Self {
        let bar = if seen {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(message);
        if seen {
            bar.enable_steady_tick(TURN);
        }
        Self(bar)
    }

    /// Says what is going on now.
    pub(crate) fn say(&self, message: impl Into<String>) {
        self.0.set_message(message.into());
    }

    /// Prints a line above the spinner.
    pub(crate) fn pause<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
