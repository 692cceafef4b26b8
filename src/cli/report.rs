//! Where library errors meet their audience: kind, message, causes, hints and exit code.

use std::fmt;

/// What went wrong, as scripts tell it apart; the number is the exit code (`wash help exit-codes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    General = 1,
    Usage = 2,
    NotFound = 3,
    Auth = 4,
    Connect = 5,
    /// Nobody listens, or no host fits.
    NoResponders = 6,
    /// The outcome is unknown.
    Timeout = 7,
    /// Refused by a host, or invalid.
    Refused = 8,
    Ambiguous = 9,
}

/// A failure on its way to the user.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    /// What failed, on what; no full stop.
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hints: Vec<String>,
}

impl CommandError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds an error and everything beneath it as causes.
    pub(crate) fn because(mut self, error: impl std::error::Error) -> Self {
        self.causes.push(error.to_string());
        let mut source = error.source();
        while let Some(it) = source {
            self.causes.push(it.to_string());
            source = it.source();
        }
        self
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
