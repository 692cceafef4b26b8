//! Log level, format and destination, set once.

use std::io;

use tracing_subscriber::EnvFilter;

use super::report::{CommandError, Kind};

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What was asked for about logs.
#[derive(Clone, Debug)]
pub(crate) struct Logging {
    /// A level, or a filter as in `RUST_LOG`.
    pub(crate) level: Option<String>,
    pub(crate) verbose: u8,
    pub(crate) quiet: bool,
    pub(crate) format: LogFormat,
    pub(crate) color: bool,
}

impl Logging {
    /// Logs to stderr from now on; `default` is the level if nobody asked for another. Once per process.
    pub(crate) fn start(&self, default: &str) -> Result<(), CommandError> {
        let _ = default;
        todo!()
    }
}
