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
pub mod running;
pub mod secret;

use std::path::PathBuf;

pub use connection::Connection;
pub use layer::{Setting, Source};

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
}

/// Text that must not be shown: passwords, tokens, JWTs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the few places that must use it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
