//! `host_config.json`: what was decided once and is used again, the cluster's seed above all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::super::ConfigError;
use super::super::bad;
use super::super::dirs::Dirs;
use super::super::env::Env;
use super::super::layer::{Layer, Source};
use super::keys::{DEFINITIONS, Form, Key};

/// The file as it was found; fields that we do not know are kept.
#[derive(Clone, Default)]
pub struct HostFile {
    /// Where it was read from; none if there is none yet.
    pub path: Option<PathBuf>,
    fields: Map<String, Value>,
}

/// Where the file is read from, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    pub read: Option<PathBuf>,
    /// None without a home directory.
    pub write: Option<PathBuf>,
    /// A file of an older tool that is left alone because `read` comes first.
    pub passed_over: Option<PathBuf>,
}

/// Bytes; far more than any such file has.
const MAX_FILE: u64 = 1 << 20;

const NAME: &str = "host_config.json";

/// What every reader of the file expects to find, with defaults (protocol §9.1).
fn defaults() -> Value {
    json!({
        "lattice_prefix": "default",
        "host_seed": null,
        "rpc_host": "127.0.0.1", "rpc_port": 4222, "rpc_seed": "", "rpc_jwt": "", "rpc_tls": false,
        "rpc_timeout_ms": 2000,
        "prov_rpc_host": "127.0.0.1", "prov_rpc_port": 4222, "prov_rpc_seed": "", "prov_rpc_jwt": "",
        "prov_rpc_tls": false,
        "ctl_host": "127.0.0.1", "ctl_port": 4222, "ctl_seed": "", "ctl_jwt": "", "ctl_tls": false,
        "ctl_topic_prefix": "wasmbus.ctl",
        "cluster_seed": "",
        "cluster_issuers": [],
        "provider_delay": 300,
        "allow_latest": false,
        "allowed_insecure": [],
        "js_domain": null,
        "config_service_enabled": false,
        "structured_logging_enabled": false,
        "structured_log_level": "info",
        "enable_ipv6": false,
        // Null rather than false: the default depends on where NATS listens.
        "enable_start_from_fs": null,
        "policy_topic": null,
        "policy_changes_topic": null,
        "policy_timeout_ms": 1000,
    })
}

impl Places {
    /// A named file is read if it is there and written in any case. Otherwise ours comes first, then those of
    /// older tools, which are never written.
    pub fn find(named: Option<&Path>, dirs: Option<&Dirs>, work_dir: &Path) -> Self {
        let existing = |it: &PathBuf| it.is_file();
        if let Some(named) = named {
            let named = named.to_owned();
            return Self {
                read: Some(named.clone()).filter(existing),
                write: Some(named),
                passed_over: None,
            };
        }
        let ours = dirs.map(Dirs::host_config);
        let legacy = dirs
            .and_then(|it| it.legacy.as_ref())
            .map(|it| it.join(NAME));
        let local = Some(work_dir.join(NAME)).filter(existing);
        let found = ours.clone().filter(existing);
        Self {
            passed_over: local.clone().filter(|_| found.is_some()),
            read: found.or(local).or(legacy.filter(existing)),
            write: ours,
        }
    }

    /// The file that a variable names, as later versions of older tools have it.
    pub fn named_by(env: &Env) -> Option<PathBuf> {
        let name = env.get("WASH_HOST_CONFIG").or(env.get("HOST_CONFIG"))?;
        Some(PathBuf::from(name))
    }
}

impl HostFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`], [`ConfigError::Malformed`], and [`ConfigError::Exposed`] if it holds a secret
    /// that others may read.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = super::super::secret::read_small(path, MAX_FILE).map_err(|reason| {
            ConfigError::Unreadable {
                what: "host configuration",
                path: path.to_owned(),
                reason,
            }
        })?;
        let fields = serde_json::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
            // The parser's own words may quote a value.
            reason: "this is not a JSON object".to_owned(),
        })?;
        let file = Self {
            path: Some(path.to_owned()),
            fields,
        };
        if file.has_secret() && is_exposed(path) {
            return Err(ConfigError::Exposed {
                path: path.to_owned(),
            });
        }
        Ok(file)
    }

    /// What the file says, as a layer of settings. A connection's default address that was written down says
    /// nothing: it must not hold against `--nats-port`.
    ///
    /// # Errors
    /// [`ConfigError::BadValue`] for a field of the wrong type.
    pub fn layer(&self) -> Result<Layer<Key>, ConfigError> {
        let mut layer = Layer::default();
        let Some(path) = &self.path else {
            return Ok(layer);
        };
        let defaults = defaults();
        for definition in DEFINITIONS {
            for field in definition.fields {
                let Some(value) = self.fields.get(*field) else {
                    continue;
                };
                let source = Source::File {
                    field,
                    path: path.clone(),
                };
                let written_default =
                    is_address(definition.key) && defaults.get(field) == Some(value);
                if let Some(text) = text(value, definition.form, &source)?
                    && !written_default
                    && layer.get(definition.key).is_none()
                {
                    layer.set(definition.key, text, source);
                }
            }
        }
        Ok(layer)
    }

    /// Every field that readers expect, those of this file first, with the cluster's seed and issuers if given.
    pub fn completed(&self, cluster: Option<(String, &[String])>) -> Map<String, Value> {
        let mut fields = match defaults() {
            Value::Object(it) => it,
            _ => Map::new(),
        };
        fields.extend(self.fields.clone());
        if let Some((seed, issuers)) = cluster {
            fields.insert("cluster_seed".to_owned(), seed.into());
            fields.insert("cluster_issuers".to_owned(), issuers.into());
        }
        fields
    }

    /// Whether the file names a cluster seed.
    pub fn has_cluster_seed(&self) -> bool {
        self.says(Key::ClusterSeed)
    }

    fn has_secret(&self) -> bool {
        DEFINITIONS
            .iter()
            .any(|it| it.key.is_secret() && self.says(it.key))
    }

    fn says(&self, key: Key) -> bool {
        let value = |field: &&str| self.fields.get(*field).and_then(Value::as_str);
        let fields = key.definition().fields;
        fields
            .iter()
            .filter_map(value)
            .any(|it| !it.trim().is_empty())
    }
}

/// Values may be secrets, so only names are shown.
impl std::fmt::Debug for HostFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostFile")
            .field("path", &self.path)
            .field("fields", &self.fields.keys())
            .finish()
    }
}

/// Writes fields for the eyes of this user only, all or nothing; false if they were there already.
///
/// # Errors
/// When the file or its folder cannot be written.
pub fn write(path: &Path, fields: &Map<String, Value>) -> io::Result<bool> {
    let text = format!("{:#}\n", Value::Object(fields.clone()));
    if !is_exposed(path) && std::fs::read_to_string(path).is_ok_and(|it| it == text) {
        return Ok(false);
    }
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    super::super::running::create_private_dir(dir)?;
    // Temporary files are 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(true)
}

fn is_address(key: Key) -> bool {
    matches!(
        key,
        Key::CtlHost
            | Key::CtlPort
            | Key::RpcHost
            | Key::RpcPort
            | Key::ProvRpcHost
            | Key::ProvRpcPort
    )
}

/// A JSON value as text; none for null.
fn text(value: &Value, form: Form, source: &Source) -> Result<Option<String>, ConfigError> {
    Ok(Some(match (value, form) {
        (Value::Null, _) => return Ok(None),
        (Value::String(text), _) => text.clone(),
        (Value::Bool(it), Form::Bool) => it.to_string(),
        (Value::Number(it), Form::Number | Form::Bool | Form::Text) => it.to_string(),
        (Value::Array(items), Form::List) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            items
                .ok_or_else(|| bad(source, "it must be a list of strings"))?
                .join(",")
        }
        (_, Form::Text) => return Err(bad(source, "it must be a string")),
        (_, Form::Number) => return Err(bad(source, "it must be a number")),
        (_, Form::Bool) => return Err(bad(source, "it must be true or false")),
        (_, Form::List) => return Err(bad(source, "it must be a list of strings")),
    }))
}

#[cfg(unix)]
fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let open = |it: std::fs::Metadata| it.is_file() && it.permissions().mode() & 0o077 != 0;
    path.metadata().is_ok_and(open)
}

#[cfg(not(unix))]
fn is_exposed(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(fields: Value) -> HostFile {
        HostFile {
            path: Some("f.json".into()),
            fields: fields.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn every_written_field_is_one_that_we_read() {
        let known: Vec<&str> = DEFINITIONS
            .iter()
            .filter_map(|it| it.fields.first().copied())
            .collect();
        let defaults = defaults();
        for field in defaults.as_object().unwrap().keys() {
            assert!(known.contains(&field.as_str()), "{field}");
        }
        let again = file(defaults).layer().unwrap();
        for definition in DEFINITIONS.iter().filter(|it| is_address(it.key)) {
            assert!(again.get(definition.key).is_none(), "{}", definition.flag);
        }
    }

    #[test]
    fn values_of_every_generation_are_read() {
        let layer = file(json!({
            "rpc_tls": 1, "enable_ipv6": false, "cluster_issuers": ["a", "b"], "ctl_port": 4555,
            "log_level": "debug", "js_domain": null, "unknown": {"x": 1},
        }));
        let layer = layer.layer().unwrap();
        let get = |key| layer.get(key).map(|it| it.value.as_str());
        assert_eq!(get(Key::RpcTls), Some("1"));
        assert_eq!(get(Key::EnableIpv6), Some("false"));
        assert_eq!(get(Key::ClusterIssuers), Some("a,b"));
        assert_eq!(get(Key::CtlPort), Some("4555"));
        assert_eq!(get(Key::StructuredLogLevel), Some("debug"));
        assert_eq!(get(Key::JsDomain), None);
        for wrong in [
            json!({"rpc_port": []}),
            json!({"cluster_issuers": [1]}),
            json!({"js_domain": {}}),
        ] {
            assert!(matches!(
                file(wrong).layer(),
                Err(ConfigError::BadValue { .. })
            ));
        }
    }

    #[test]
    fn completing_keeps_what_is_there() {
        let fields = file(json!({"lattice_prefix": "mine", "other": 1, "cluster_seed": "old"}));
        let fields = fields.completed(Some(("new".to_owned(), &["C".to_owned()])));
        assert_eq!(fields["lattice_prefix"], "mine");
        assert_eq!(fields["other"], 1);
        assert_eq!(fields["cluster_seed"], "new");
        assert_eq!(fields["cluster_issuers"], json!(["C"]));
        assert_eq!(fields["rpc_timeout_ms"], 2000);
    }

    #[test]
    fn a_broken_file_is_located_and_not_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, "{\n  \"cluster_seed\": SCSECRET\n}").unwrap();
        let error = HostFile::read(&path).unwrap_err();
        assert!(matches!(error, ConfigError::Malformed { line: 2, .. }));
        assert!(!error.to_string().contains("SECRET"));
        std::fs::write(&path, "[]").unwrap();
        assert!(HostFile::read(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_written_for_one_user_and_refused_if_others_may_read_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new").join(NAME);
        let fields = HostFile::default().completed(Some(("SC".to_owned(), &[])));
        assert!(write(&path, &fields).unwrap());
        assert!(!write(&path, &fields).unwrap());
        let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(HostFile::read(&path).unwrap().has_cluster_seed());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            HostFile::read(&path),
            Err(ConfigError::Exposed { .. })
        ));
        assert!(write(&path, &fields).unwrap());
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn ours_is_read_before_those_of_older_tools() {
        let dir = tempfile::tempdir().unwrap();
        let dirs = Dirs {
            config: dir.path().join("config"),
            state: dir.path().join("state"),
            cache: dir.path().join("cache"),
            data: dir.path().join("data"),
            contexts: None,
            legacy: Some(dir.path().join("legacy")),
        };
        let work_dir = dir.path().join("work");
        let places = || Places::find(None, Some(&dirs), &work_dir);
        let create = |folder: &Path| {
            std::fs::create_dir_all(folder).unwrap();
            let path = folder.join(NAME);
            std::fs::write(&path, "{}").unwrap();
            Some(path)
        };
        assert_eq!(places().read, None);
        let legacy = create(&dir.path().join("legacy"));
        assert_eq!(places().read, legacy);
        let local = create(&work_dir);
        assert_eq!((places().read, places().passed_over), (local.clone(), None));
        let ours = create(&dirs.config);
        assert_eq!(
            (places().read, places().passed_over),
            (ours.clone(), local.clone())
        );
        assert_eq!(places().write, ours);
        let named = Places::find(Some(Path::new("/nonexistent/x")), Some(&dirs), &work_dir);
        assert_eq!(
            (named.read, named.write),
            (None, Some("/nonexistent/x".into()))
        );
    }
}
