//! What a command works with: decided settings, the output, and a runtime and connection on demand.

use std::future::Future;

use crate::config::dirs::Dirs;
use crate::config::env::Env;

use super::output::Output;

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) env: Env,
    /// None without a home directory.
    pub(crate) dirs: Option<Dirs>,
    pub(crate) output: Output,
    /// Prompts are allowed: stdin and stderr are terminals, and neither `--no-input` nor `CI` is set.
    pub(crate) interactive: bool,
}

impl Session {
    /// Runs a future on a small runtime of its own.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let _ = future;
        todo!()
    }
}
