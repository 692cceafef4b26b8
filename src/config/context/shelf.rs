//! Which contexts there are, and which of them is the default.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Context, MAX_FILE, plain, running};
use crate::config::ConfigError;
use crate::config::dirs::Dirs;
use crate::config::env::Env;
use crate::config::layer::{Setting, Source};
use crate::config::secret::read_small;

/// The file beside the contexts that names the default.
pub(super) const DEFAULT: &str = "default";

/// Whose context it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In our directory; the only ones that we write.
    Ours,
    /// Of wash 0.11 and its followers.
    Legacy,
    /// Of the nats command line.
    Nats,
    /// A host that `wash up` runs here; gone when it ends.
    Running,
}

impl Origin {
    /// One word for tables and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "wash",
            Self::Legacy => "wash-0.11",
            Self::Nats => "nats",
            Self::Running => "up",
        }
    }
}

/// A context that exists; its file may still be unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub path: PathBuf,
    pub origin: Origin,
}

impl Entry {
    /// # Errors
    /// Those of [`Context::read`].
    pub fn read(&self, dirs: Option<&Dirs>, env: &Env) -> Result<Context, ConfigError> {
        if self.origin != Origin::Running {
            return Context::read(&self.name, &self.path, env);
        }
        let found = running::all(dirs)
            .into_iter()
            .find(|it| it.name == self.name);
        found.ok_or_else(|| ConfigError::Unreadable {
            what: "context",
            path: self.path.clone(),
            reason: io::Error::new(io::ErrorKind::NotFound, "its host has ended"),
        })
    }
}

/// Every context, by name. Of several with one name, ours comes before those of wash 0.11, those of the nats
/// command line and those of running hosts; the others are left out.
pub fn list(dirs: Option<&Dirs>, env: &Env) -> Vec<Entry> {
    named(&folders(dirs, env), dirs).into_values().collect()
}

/// Those that are not ours, also where ours hide them.
pub fn foreign(dirs: Option<&Dirs>, env: &Env) -> Vec<Entry> {
    let folders = folders(dirs, env).into_iter();
    let foreign = folders.filter(|(origin, _)| *origin != Origin::Ours);
    foreign
        .flat_map(|(origin, folder)| files(&folder, origin))
        .collect()
}

/// Finds the wanted context, or the default one if none is wanted, and what named it. None if there is no default.
///
/// # Errors
/// [`ConfigError::UnknownContext`], also when the default is gone: guessing another lattice would be worse.
/// Otherwise those of [`Context::read`].
pub fn find(
    wanted: Option<&Setting<String>>,
    dirs: Option<&Dirs>,
    env: &Env,
) -> Result<Option<(Context, Source)>, ConfigError> {
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
        return Ok(Some((Context::read(&stem, path, env)?, wanted.source)));
    }
    let nats_first = wanted.source == Source::Variable("NATS_CONTEXT".to_owned());
    let mut folders = folders(dirs, env);
    if nats_first {
        folders.reverse();
    }
    let known = named(&folders, dirs);
    match known.get(name) {
        Some(entry) => Ok(Some((entry.read(dirs, env)?, wanted.source))),
        None => Err(ConfigError::UnknownContext {
            name: name.to_owned(),
            known: known.into_keys().collect(),
            from: wanted.source,
        }),
    }
}

/// The default context: what the plain file `default` says, or the `index.json` (`{"name": …}`) of wash 0.11.
/// An empty file of ours says that there is none, whatever older tools say; and what they write by themselves names
/// nothing.
///
/// # Errors
/// [`ConfigError::Unreadable`] and [`ConfigError::Malformed`].
pub fn default_name(dirs: Option<&Dirs>) -> Result<Option<Setting<String>>, ConfigError> {
    let Some(dirs) = dirs else { return Ok(None) };
    if let Some(named) = default_in(&dirs.contexts())? {
        return Ok(Some(named).filter(|it| !it.value.is_empty()));
    }
    let Some(folder) = legacy(dirs) else {
        return Ok(None);
    };
    let named = default_in(&folder)?.filter(|it| !it.value.is_empty());
    Ok(named.filter(|it| !(it.value == UNASKED && says_nothing(&folder))))
}

/// What a folder names, perhaps nothing, in words.
fn default_in(folder: &Path) -> Result<Option<Setting<String>>, ConfigError> {
    let path = folder.join(DEFAULT);
    if let Some(text) = read(&path)? {
        return Ok(Some(named_by(text.trim().to_owned(), path)));
    }
    let path = folder.join("index.json");
    Ok(index(&path)?.map(|name| named_by(name, path)))
}

/// The context that older tools make, and make the default, whatever they are first used for.
const UNASKED: &str = "host_config";

/// Whether the context that nobody asked for has the values that nobody chose. A host that runs here on another port
/// would be out of reach for whoever has used an older tool.
fn says_nothing(folder: &Path) -> bool {
    let text = read(&folder.join(format!("{UNASKED}.json"))).ok().flatten();
    let fields: Option<Map<String, Value>> = text.and_then(|it| serde_json::from_str(&it).ok());
    let unchosen = |field: &str, value: &Value| match field {
        "name" | "ctl_timeout" | "rpc_timeout" => true,
        "ctl_host" | "rpc_host" => value == "127.0.0.1",
        "ctl_port" | "rpc_port" => value == 4222,
        "lattice" | "lattice_prefix" | "ctl_lattice_prefix" | "rpc_lattice_prefix" => {
            value == "default"
        }
        _ => value.is_null() || value == "",
    };
    fields.is_some_and(|it| it.iter().all(|(field, value)| unchosen(field, value)))
}

fn named_by(name: String, path: PathBuf) -> Setting<String> {
    let field = "the default";
    Setting::new(name, Source::File { field, path })
}

pub(super) fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || Path::new(name).extension().is_some_and(|it| it == "json")
}

fn legacy(dirs: &Dirs) -> Option<PathBuf> {
    Some(dirs.legacy.as_ref()?.join("contexts"))
}

/// Ours, then those of wash 0.11, then those of the nats command line.
fn folders(dirs: Option<&Dirs>, env: &Env) -> Vec<(Origin, PathBuf)> {
    let config = env
        .get("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(env.get("HOME")?).join(".config")));
    let nats = config.map(|it| it.join("nats").join("context"));
    [
        (Origin::Ours, dirs.map(Dirs::contexts)),
        (Origin::Legacy, dirs.and_then(legacy)),
        (Origin::Nats, nats),
    ]
    .into_iter()
    .filter_map(|(origin, folder)| Some((origin, folder?)))
    .collect()
}

/// Every context by name; the first folder wins, and hosts that run come last.
fn named(folders: &[(Origin, PathBuf)], dirs: Option<&Dirs>) -> BTreeMap<String, Entry> {
    let mut known = BTreeMap::new();
    let mut add = |entry: Entry| {
        known.entry(entry.name.clone()).or_insert(entry);
    };
    for (origin, folder) in folders {
        files(folder, *origin).into_iter().for_each(&mut add);
    }
    for it in running::all(dirs) {
        add(Entry {
            name: it.name,
            path: it.path,
            origin: Origin::Running,
        });
    }
    known
}

fn files(folder: &Path, origin: Origin) -> Vec<Entry> {
    let Ok(entries) = folder.read_dir() else {
        return Vec::new();
    };
    let entry = |path: PathBuf| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let is_context = path.extension()? == "json" && name != "index" && !name.starts_with('.');
        is_context.then_some(Entry { name, path, origin })
    };
    let paths = entries.flatten().map(|it| it.path());
    let mut found: Vec<Entry> = paths.filter_map(entry).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A small file; none if it is not there.
fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match read_small(path, MAX_FILE) {
        Ok(it) => Ok(Some(it)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(reason) => Err(ConfigError::Unreadable {
            what: "default context",
            path: path.to_owned(),
            reason,
        }),
    }
}

fn index(path: &Path) -> Result<Option<String>, ConfigError> {
    let Some(text) = read(path)? else {
        return Ok(None);
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
