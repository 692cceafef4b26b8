//! Contexts: named files of connection settings. Ours, those of wash 0.11 (`~/.wash/contexts`) and those of the
//! nats command line are read alike; this module writes none.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::ConfigError;
use super::connection::{DEFINITIONS, Key};
use super::dirs::Dirs;
use super::env::Env;
use super::layer::{Layer, Setting, Source};

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

/// Finds the wanted context, or the default one if none is wanted. None if there is no default.
///
/// # Errors
/// [`ConfigError::UnknownContext`], also when the default is gone: guessing another lattice would be worse.
/// Otherwise those of [`Context::read`].
pub fn find(
    wanted: Option<&Setting<String>>,
    dirs: Option<&Dirs>,
    env: &Env,
) -> Result<Option<Context>, ConfigError> {
    let wanted = match wanted {
        Some(it) => it.clone(),
        None => match default_name(dirs)? {
            Some(it) => it,
            None => return Ok(None),
        },
    };
    let name = wanted.value.trim();
    if is_path(name) {
        let path = Path::new(name);
        let stem = path
            .file_stem()
            .map_or(name.into(), |it| it.to_string_lossy());
        return Context::read(&stem, path, env).map(Some);
    }
    let nats_first = wanted.source == Source::Variable("NATS_CONTEXT".to_owned());
    let mut folders = folders(dirs, env);
    if nats_first {
        folders.reverse();
    }
    let known = known(&folders);
    match known.get(name) {
        Some(path) => Context::read(name, path, env).map(Some),
        None => Err(ConfigError::UnknownContext {
            name: name.to_owned(),
            known: known.into_keys().collect(),
            from: wanted.source,
        }),
    }
}

fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || Path::new(name).extension().is_some_and(|it| it == "json")
}

/// Ours, then those of wash 0.11, then those of the nats command line.
fn folders(dirs: Option<&Dirs>, env: &Env) -> Vec<PathBuf> {
    let ours = dirs.map(Dirs::contexts);
    let legacy = dirs.and_then(|it| Some(it.legacy.as_ref()?.join("contexts")));
    let config = env
        .get("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(env.get("HOME")?).join(".config")));
    let nats = config.map(|it| it.join("nats").join("context"));
    [ours, legacy, nats].into_iter().flatten().collect()
}

/// Every context by name; the first folder wins.
fn known(folders: &[PathBuf]) -> BTreeMap<String, PathBuf> {
    let mut known = BTreeMap::new();
    for folder in folders {
        let Ok(entries) = folder.read_dir() else {
            continue;
        };
        for path in entries.flatten().map(|it| it.path()) {
            let name = path.file_stem().and_then(|it| it.to_str());
            let is_json = path.extension().is_some_and(|it| it == "json");
            if let Some(name) = name.filter(|it| is_json && *it != "index") {
                known.entry(name.to_owned()).or_insert(path.clone());
            }
        }
    }
    known
}

/// The default context: `index.json` (`{"name": …}`), or the plain file `default` of later versions.
fn default_name(dirs: Option<&Dirs>) -> Result<Option<Setting<String>>, ConfigError> {
    let Some(dirs) = dirs else { return Ok(None) };
    let legacy = dirs.legacy.as_ref().map(|it| it.join("contexts"));
    for folder in [Some(dirs.contexts()), legacy].into_iter().flatten() {
        if let Some(name) = index(&folder.join("index.json"))? {
            return Ok(Some(Setting::default(name)));
        }
        if let Ok(text) = read_small(&folder.join("default"), MAX_FILE)
            && !text.trim().is_empty()
        {
            return Ok(Some(Setting::default(text.trim().to_owned())));
        }
    }
    Ok(None)
}

fn index(path: &Path) -> Result<Option<String>, ConfigError> {
    let text = match read_small(path, MAX_FILE) {
        Ok(it) => it,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
        Err(reason) => {
            return Err(ConfigError::Unreadable {
                what: "default context",
                path: path.to_owned(),
                reason,
            });
        }
    };
    let value: Map<String, Value> =
        serde_json::from_str(&text).map_err(|it| ConfigError::Malformed {
            path: path.to_owned(),
            line: it.line(),
            column: it.column(),
            reason: plain(&it),
        })?;
    let name = value.get("name").and_then(Value::as_str);
    Ok(name.filter(|it| !it.is_empty()).map(str::to_owned))
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

/// Reads a text file of at most `limit` bytes.
pub(super) fn read_small(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        let reason = format!("it is larger than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(text)
}
