//! Streams on their way from one server to another, by way of a file: what `wash nats export` and `import` do.
//!
//! `record.rs` is the file, `export.rs` and `import.rs` the ways out and in, `target.rs` a stream on the way in and
//! `outgoing.rs` its messages, `plan.rs` what becomes of a stream's configuration, `api.rs` the requests. Only the
//! public JetStream API is used, so any server will do. Knows nothing of buckets and object stores: those are streams.

mod api;
mod export;
mod import;
mod outgoing;
mod plan;
mod record;
mod target;

pub use self::export::{Exported, Skipped, export};
pub use self::import::{Checked, Imported, check, import};

/// Why streams could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The server did not answer.
    #[error("cannot {what}: {reason}")]
    Unanswered { what: String, reason: String },
    /// It did, with an error.
    #[error("cannot {what}: {reason} ({code})")]
    Refused {
        what: String,
        reason: String,
        /// JetStream's own.
        code: u64,
    },
    #[error("there is no stream {0}")]
    NoStream(String),
    /// None of them was touched.
    #[error("these streams exist already: {}", .0.join(", "))]
    Exists(Vec<String>),
    #[error("stream {stream} cannot be moved: {reason}")]
    Unmovable { stream: String, reason: String },
    /// What came out is not what was put in.
    #[error("stream {stream} is not as it should be at message {seq}: {reason}")]
    Diverged {
        stream: String,
        seq: u64,
        reason: String,
    },
    #[error("line {line} cannot be read: {reason}")]
    Malformed { line: u64, reason: String },
    #[error("it ends too early, after {lines} lines")]
    Truncated { lines: u64 },
    #[error("it was changed: its sum does not fit")]
    Corrupt,
    #[error("cannot read or write: {0}")]
    File(#[from] std::io::Error),
}
