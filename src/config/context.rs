//! Contexts: named files of connection settings. Ours, those of wash 0.11 (`~/.wash/contexts`) and those of the
//! nats command line are read alike; only ours are written, in [`store`]. Which there are is [`shelf`]'s
//! business, and the hosts that run here are contexts too: [`running`].

pub mod running;
pub mod shelf;
pub mod store;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::ConfigError;
use super::definition::{DEFINITIONS, Key};
use super::env::Env;
use super::layer::{Layer, Source};
use super::secret::read_small;

/// A context read from its file.
#[derive(Clone)]
pub struct Context {
    pub name: String,
    pub path: PathBuf,
    values: Map<String, Value>,
    home: Option<PathBuf>,
}

/// Values may be secrets.
impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Context({} at {})", self.name, self.path.display())
    }
}

/// Far above any context file.
const MAX_FILE: u64 = 1024 * 1024;

/// The deadline that wash 0.11 writes into every context, and never meant.
const LEGACY_TIMEOUT: &str = "2000";

/// Fields that are no settings of a connection.
const NOT_SETTINGS: &[&str] = &[
    "name",
    "description",
    "color_scheme",
    // What calls may take is the command's affair.
    "rpc_timeout",
];

impl Context {
    /// Reads a context from its file.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] and [`ConfigError::Malformed`], with line and column.
    pub fn read(name: &str, path: &Path, env: &Env) -> Result<Self, ConfigError> {
        let text = read_small(path, MAX_FILE).map_err(|reason| ConfigError::Unreadable {
            what: "context",
            path: path.to_owned(),
            reason,
        })?;
        let malformed = |line, column, reason: String| ConfigError::Malformed {
            path: path.to_owned(),
            line,
            column,
            reason,
        };
        let values: Map<String, Value> = serde_json::from_str(&text)
            .map_err(|it| malformed(it.line(), it.column(), plain(&it)))?;
        let wrong = values.iter().find(|(key, value)| {
            let known = DEFINITIONS
                .iter()
                .any(|it| it.fields.contains(&key.as_str()));
            known && matches!(value, Value::Array(_) | Value::Object(_))
        });
        if let Some((key, _)) = wrong {
            let line = line_of(&text, key);
            let reason = format!("'{key}' must be text, a number or true or false");
            return Err(malformed(line, 1, reason));
        }
        let has = |key: &str| {
            values
                .get(key)
                .and_then(Value::as_str)
                .is_some_and(|it| !it.is_empty())
        };
        if has("nsc") && !has("creds") && !has("nkey") {
            let reason = "it takes its credentials from nsc, which wash cannot ask; add \"creds\"";
            return Err(malformed(line_of(&text, "nsc"), 1, reason.to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            path: path.to_owned(),
            values,
            home: env.get("HOME").map(PathBuf::from),
        })
    }

    /// A context that is not in its file yet.
    pub fn new(name: &str, path: &Path, values: Map<String, Value>) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            values,
            home: None,
        }
    }

    /// Fields that mean nothing to us: misspelt, or of another tool.
    pub fn unknown_fields(&self) -> Vec<&str> {
        let known = |field: &str| {
            NOT_SETTINGS.contains(&field) || DEFINITIONS.iter().any(|it| it.fields.contains(&field))
        };
        let set = self.values.iter().filter(|(_, it)| text_of(it).is_some());
        set.map(|(field, _)| field.as_str())
            .filter(|it| !known(it))
            .collect()
    }

    /// What somebody wrote about it.
    pub fn description(&self) -> Option<&str> {
        let text = self.values.get("description").and_then(Value::as_str);
        text.filter(|it| !it.is_empty())
    }

    /// Its values as a layer of settings.
    pub fn layer(&self) -> Layer<Key> {
        let source = Source::Context {
            name: self.name.clone(),
            path: self.path.clone(),
        };
        let mut layer = Layer::default();
        for definition in DEFINITIONS {
            let value = definition
                .fields
                .iter()
                .find_map(|field| text_of(self.values.get(*field)?));
            let Some(value) = value else { continue };
            if definition.key == Key::TimeoutMs && value == LEGACY_TIMEOUT {
                continue;
            }
            layer.set(definition.key, self.expand(value), source.clone());
        }
        layer
    }

    /// `~/` as the nats command line reads it.
    fn expand(&self, value: String) -> String {
        match (value.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
            _ => value,
        }
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(it) if !it.is_empty() => Some(it.clone()),
        Value::Number(it) => Some(it.to_string()),
        Value::Bool(it) => Some(it.to_string()),
        _ => None,
    }
}

/// A JSON error without its position, which is told first.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

fn line_of(text: &str, key: &str) -> usize {
    let quoted = format!("\"{key}\"");
    let before = text.find(&quoted).and_then(|at| text.get(..at));
    before.map_or(1, |it| it.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests;
