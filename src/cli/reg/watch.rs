//! A bar on stderr while bytes move; only people at a terminal see it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::archive::oci::{Digest, Progress, Watch};
use crate::cli::session::Session;

/// One bar over all blobs; gone when dropped.
pub(in crate::cli) struct Bar {
    bar: ProgressBar,
    blobs: Mutex<HashMap<Digest, (u64, u64)>>,
}

impl Bar {
    /// Shown as soon as something moves.
    pub(in crate::cli) fn new(session: &Session, verb: &str, what: &str) -> Arc<Self> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(format!("{verb} {what}"));
        if session.output.shows_progress() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        Arc::new(Self {
            bar,
            blobs: Mutex::default(),
        })
    }

    pub(in crate::cli) fn watch(self: &Arc<Self>) -> Watch {
        Some(Arc::clone(self) as Arc<dyn Progress>)
    }
}

impl Progress for Bar {
    fn moved(&self, blob: &Digest, done: u64, total: u64) {
        let mut blobs = self.blobs.lock().unwrap_or_else(|it| it.into_inner());
        blobs.insert(blob.clone(), (done, total));
        let sum = |pick: fn(&(u64, u64)) -> u64| blobs.values().map(pick).sum();
        self.bar.set_length(sum(|it| it.1));
        self.bar.set_position(sum(|it| it.0));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
