//! The NATS server by itself, for the targets.

#[path = "../../src/nats"]
#[allow(dead_code, reason = "what only the command line needs")]
pub mod nats {
    pub mod embedded;
    mod pattern;
}

pub use nats::embedded::fuzzing::{parser, session, subjects};
pub use nats::embedded::jetstream::fuzzing::{api, headers, log};
