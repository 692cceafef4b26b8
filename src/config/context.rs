//! Contexts: named files of connection settings. Ours, those of wash 0.11 (`~/.wash/contexts`) and those of the
//! nats command line are read alike; this module writes none.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::ConfigError;
use super::definition::{DEFINITIONS, Key};
use super::dirs::Dirs;
use super::env::Env;
use super::layer::{Layer, Setting, Source};
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

#[cfg(test)]
mod tests {
    use super::super::connection::Connection;
    use super::*;

    /// A home with files in it.
    struct Home {
        dir: tempfile::TempDir,
        env: Vec<(String, String)>,
    }

    impl Home {
        fn new(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (path, content) in files {
                let path = dir.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, content).unwrap();
            }
            let root = dir.path().to_str().unwrap().to_owned();
            let env = vec![
                ("HOME".to_owned(), root.clone()),
                ("WASH_HOME".to_owned(), root),
            ];
            Self { dir, env }
        }

        fn with(mut self, name: &str, value: &str) -> Self {
            self.env.push((name.to_owned(), value.to_owned()));
            self
        }

        fn decide(&self, context: Option<&str>) -> Result<Connection, ConfigError> {
            let env = Env::from_iter(self.env.clone());
            let mut flags = Layer::default();
            if let Some(name) = context {
                flags.set(Key::Context, name, Source::Flag("context"));
            }
            Connection::decide(flags, &env, Dirs::find(&env).as_ref())
        }
    }

    const LEGACY: &str = r#"{
        "name": "old", "cluster_seed": "SC…", "ctl_host": "h.example", "ctl_port": 4333,
        "ctl_jwt": "", "ctl_seed": "", "ctl_credsfile": null, "ctl_timeout": 2000,
        "ctl_lattice_prefix": "prod", "rpc_host": "other", "rpc_port": 4222, "rpc_timeout": 2000
    }"#;

    const NATS: &str = r#"{
        "description": "", "url": "nats://demo:4222,nats://demo2:4222", "token": "", "user": "ann",
        "password": "pw", "creds": "", "nkey": "", "cert": "", "key": "", "ca": "~/ca.pem",
        "nsc": "", "jetstream_domain": "hub", "tls_first": true, "socks_proxy": "", "color_scheme": ""
    }"#;

    #[test]
    fn a_context_of_wash_0_11_with_its_default() {
        let home = Home::new(&[
            (".wash/contexts/old.json", LEGACY),
            (".wash/contexts/index.json", r#"{"name":"old"}"#),
        ]);
        let it = home.decide(None).unwrap();
        assert_eq!(it.urls.value, ["h.example:4333"]);
        assert_eq!(it.lattice.value, "prod");
        assert!(matches!(&it.lattice.source, Source::Context { name, .. } if name == "old"));
        assert_eq!(it.timeout.source, Source::Default);
        assert_eq!(it.cluster_seed.unwrap().value.reveal(), "SC…");
        assert_eq!(it.context.unwrap().value, "old");
        let home = home.with("WASMCLOUD_LATTICE", "mine");
        assert_eq!(home.decide(None).unwrap().lattice.value, "mine");
    }

    #[test]
    fn a_context_of_the_nats_command_line() {
        let home = Home::new(&[(".config/nats/context/demo.json", NATS)]);
        assert_eq!(home.decide(None).unwrap().urls.source, Source::Default);
        let home = home.with("NATS_CONTEXT", "demo");
        let it = home.decide(None).unwrap();
        assert_eq!(it.urls.value, ["nats://demo:4222", "nats://demo2:4222"]);
        assert_eq!(it.auth.value.describe(), "user 'ann'");
        assert_eq!(it.tls.ca.unwrap().value, home.dir.path().join("ca.pem"));
        assert!(it.tls.first.value);
        assert_eq!(it.js_domain.unwrap().value, "hub");
    }

    #[test]
    fn each_tool_finds_its_own_context_first() {
        let url = |port| format!(r#"{{"url":"nats://h:{port}"}}"#);
        let files = [
            ("config/contexts/x.json", url(1)),
            (".wash/contexts/x.json", url(2)),
            (".config/nats/context/x.json", url(3)),
        ];
        let files: Vec<_> = files
            .iter()
            .map(|(path, it)| (*path, it.as_str()))
            .collect();
        let home = Home::new(&files);
        assert_eq!(home.decide(Some("x")).unwrap().urls.value, ["nats://h:1"]);
        let home = home.with("NATS_CONTEXT", "x");
        assert_eq!(home.decide(None).unwrap().urls.value, ["nats://h:3"]);
        let path = home.dir.path().join(".wash/contexts/x.json");
        let by_path = home.decide(path.to_str()).unwrap();
        assert_eq!(by_path.urls.value, ["nats://h:2"]);
    }

    #[test]
    fn an_unknown_context_is_an_error_that_names_the_known_ones() {
        let home = Home::new(&[
            (".wash/contexts/old.json", LEGACY),
            (".config/nats/context/demo.json", NATS),
            ("config/contexts/index.json", r#"{"name":"gone"}"#),
        ]);
        for wanted in [Some("olt"), None] {
            match home.decide(wanted) {
                Err(ConfigError::UnknownContext { known, name, .. }) => {
                    assert_eq!(known, ["demo", "old"]);
                    assert_eq!(name, wanted.unwrap_or("gone"));
                }
                other => panic!("{other:?}"),
            }
        }
        let gone = home.decide(Some("./gone.json"));
        assert!(matches!(gone, Err(ConfigError::Unreadable { .. })));
    }

    #[test]
    fn a_malformed_context_is_an_error_with_its_place() {
        for (content, line) in [
            ("{\n  \"url\": nats\n}", 2),
            ("{\n  \"url\": \"a\",\n", 2),
            ("[]", 1),
            ("", 1),
            ("{\n\n  \"url\": [\"a\"]\n}", 3),
            ("{\n  \"nsc\": \"nsc://op/acc/user\"\n}", 2),
        ] {
            let home = Home::new(&[("config/contexts/x.json", content)]);
            match home.decide(Some("x")) {
                Err(ConfigError::Malformed {
                    line: at,
                    path,
                    reason,
                    ..
                }) => {
                    assert!(path.ends_with("x.json"));
                    assert!(!reason.contains(" at line "), "{reason}");
                    assert!(at.abs_diff(line) <= 1, "{content:?}: {at}");
                }
                other => panic!("{content:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_broken_default_is_not_skipped() {
        let home = Home::new(&[("config/contexts/index.json", "{")]);
        assert!(matches!(
            home.decide(None),
            Err(ConfigError::Malformed { .. })
        ));
    }
}
