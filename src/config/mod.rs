//! Settings as values, each with the layer it came from. No network, no printing; only `env.rs` reads the
//! environment.

pub mod auth;
pub mod bundle;
pub mod connection;
pub mod context;
pub mod definition;
pub mod dirs;
pub mod env;
pub mod explain;
pub mod host;
pub mod layer;
pub mod manifest;
pub mod rules;
pub mod running;
pub mod secret;

use std::path::PathBuf;

pub use connection::Connection;
pub use layer::{Setting, Source};
pub use secret::Secret;

/// Why settings could not be decided. Secrets are never quoted.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("there is no context '{name}'")]
    UnknownContext {
        name: String,
        /// Those that exist, sorted.
        known: Vec<String>,
        from: Source,
    },
    #[error("{path}:{line}:{column}: {reason}")]
    Malformed {
        path: PathBuf,
        line: usize,
        column: usize,
        reason: String,
    },
    #[error("cannot read the {what} {path}: {reason}")]
    Unreadable {
        what: &'static str,
        path: PathBuf,
        reason: std::io::Error,
    },
    /// One half of a pair, without the other.
    #[error("{from} gives a {given}, but there is no {missing}")]
    Half {
        given: &'static str,
        missing: &'static str,
        from: Source,
        flag: &'static str,
    },
    #[error("the value of {from} is not valid: {reason}")]
    BadValue { from: Source, reason: String },
    /// The line is not quoted: it may hold a secret.
    #[error("{path} has a line that is not NAME=value")]
    BadLine { path: PathBuf },
    /// Others may read a file with a secret.
    #[error("others may read {path}, which holds a secret")]
    Exposed { path: PathBuf },
}

/// A value that is not what its setting takes.
fn bad(source: &Source, reason: &str) -> ConfigError {
    ConfigError::BadValue {
        from: source.clone(),
        reason: reason.to_owned(),
    }
}

/// One half of a pair, and the flag that gives the other.
fn half(
    given: &'static str,
    missing: &'static str,
    from: Source,
    flag: &'static str,
) -> ConfigError {
    ConfigError::Half {
        given,
        missing,
        from,
        flag,
    }
}
