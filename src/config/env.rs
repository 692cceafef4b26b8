//! The environment as a value, so that tests bring their own.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::ConfigError;

/// Bytes; far more than a `.env` file has.
const MAX_FILE: u64 = 1 << 20;

/// Environment variables, as read once at start (`.env` of the working directory included where a command
/// asks for it).
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// The variables of this process; those that are not UTF-8 are left out.
    pub fn from_process() -> Self {
        let unicode = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((key.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(unicode).collect())
    }

    /// A variable's value; empty counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|it| !it.is_empty())
    }

    /// Adds `variables` below those already set, as `.env` files do.
    pub fn add_defaults(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        for (key, value) in variables {
            self.0.entry(key).or_insert(value);
        }
    }

    /// Adds what a `.env` file says, below the variables already set. No such file is no error.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] and [`ConfigError::BadLine`], which never quotes the line.
    pub fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = match super::secret::read_small(path, MAX_FILE) {
            Ok(it) => it,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(reason) => {
                return Err(ConfigError::Unreadable {
                    what: "environment file",
                    path: path.to_owned(),
                    reason,
                });
            }
        };
        let bad_line = |_| ConfigError::BadLine {
            path: path.to_owned(),
        };
        let variables: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
        self.add_defaults(variables.map_err(bad_line)?);
        Ok(())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Env {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// Values may be secrets, so only names are shown.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
