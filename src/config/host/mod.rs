//! Everything a host is told by flags, environment and `host_config.json`, decided once (protocol §9.1, §9.2).
//!
//! Reads the files it is pointed at; starts nothing.

pub mod file;
pub mod keys;
pub mod labels;
mod leaf;
mod reader;
pub mod remembered;

use std::path::PathBuf;
use std::time::Duration;

use crate::claims::{KeyKind, Seed};

use super::auth::Auth;
use super::env::Env;
use super::layer::{Layer, Layers, Setting, Source};
use super::{ConfigError, Secret};
use reader::Reader;

pub use file::{HostFile, Places};
pub use keys::{DEFINITIONS, Definition, Form, Heading, Key};
pub use leaf::{Leaf, LeafTls};

/// What was decided. Settings that no part of the host uses yet are checked and kept all the same.
#[derive(Clone, Debug)]
pub struct HostSettings {
    pub lattice: Setting<String>,
    pub name: Option<String>,
    /// None makes a new key at each start.
    pub host_seed: Option<Setting<Seed>>,
    /// None means that one has to be made.
    pub cluster_seed: Option<Setting<Seed>>,
    /// Besides that of `cluster_seed`.
    pub cluster_issuers: Vec<String>,
    pub nats: Nats,
    pub leaf: Leaf,
    pub ctl: Endpoint,
    pub rpc: Endpoint,
    pub prov_rpc: Endpoint,
    pub js_domain: Option<String>,
    pub ctl_topic_prefix: Option<String>,
    pub rpc_timeout: Duration,
    pub provider_delay: Duration,
    pub grace: Duration,
    /// None leaves it to where NATS listens.
    pub allow_file_load: Option<bool>,
    pub allow_unsigned: bool,
    pub builtin_aliases: bool,
    pub providers: Providers,
    pub structured_logging: bool,
    pub log_level: Option<Setting<String>>,
    pub limits: Limits,
    pub registries: Registries,
    pub policy: Policy,
    pub config_service: bool,
}

/// Where NATS is or shall be.
#[derive(Clone, Debug)]
pub struct Nats {
    pub host: Setting<String>,
    /// 0 is any free port.
    pub port: Setting<u16>,
    pub connect_only: bool,
    pub server: Option<PathBuf>,
    /// Of the server that we start.
    pub domain: Option<String>,
    /// The user's own configuration of the server that we start.
    pub config: Option<PathBuf>,
}

/// One of the connections of a host.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// None follows [`Nats`]; so does the port.
    pub host: Option<Setting<String>>,
    pub port: Option<Setting<u16>>,
    pub auth: Setting<Auth>,
    pub tls: bool,
}

/// None is the host's own default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes.
    pub memory: Option<usize>,
    pub time: Option<Duration>,
    pub depth: Option<u32>,
    pub instances: Option<u32>,
}

/// How providers that are not built in are run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Providers {
    pub lenient_claims: bool,
    /// Variables that they get from the environment.
    pub env: Vec<String>,
    /// Bytes of address space; none is no limit.
    pub memory: Option<u64>,
    pub files: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Registries {
    pub allow_latest: bool,
    pub allowed_insecure: Vec<String>,
    pub registry: Option<String>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub ca_files: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct Policy {
    pub topic: Option<String>,
    pub changes_topic: Option<String>,
    pub timeout: Duration,
}

const DEFAULT_GRACE: Duration = Duration::from_secs(10);

impl HostSettings {
    /// Decides every setting: flags before environment before file before defaults.
    ///
    /// # Errors
    /// Every variant of [`ConfigError`] but those about contexts.
    pub fn decide(flags: Layer<Key>, env: &Env, file: &HostFile) -> Result<Self, ConfigError> {
        Self::decide_all(&Layers::new(flags, environment(env), file.layer()?))
    }

    /// The variable of this lattice alone wins over the one of all, as hosts of 2022 have it.
    pub fn prefer_variables_of_lattice(&mut self, layers: &Layers<Key>, env: &Env) {
        let lattice = self.lattice.value.replace('-', "_");
        let own = env.get(&format!("WASMCLOUD_POLICY_CHANGES_TOPIC_{lattice}"));
        let flag = layers.get(Key::PolicyChangesTopic);
        if flag.is_none_or(|it| !matches!(it.source, Source::Flag(_)))
            && let Some(topic) = own
        {
            self.policy.changes_topic = Some(topic.to_owned());
        }
    }

    /// Decides every setting from layers that are known.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn decide_all(layers: &Layers<Key>) -> Result<Self, ConfigError> {
        let get = Reader(layers);
        let ctl = get.endpoint(Key::CtlHost, "ctl-seed")?;
        let rpc = get.endpoint(Key::RpcHost, "rpc-seed")?;
        let prov_rpc = get.endpoint(Key::ProvRpcHost, "prov-rpc-seed")?;
        // Only checked: IPv6 works without being enabled.
        get.bool(Key::EnableIpv6)?;
        let millis = |it: u64| Duration::from_millis(it);
        Ok(Self {
            lattice: get.lattice()?,
            name: get.text(Key::Name),
            host_seed: get.seed(Key::HostSeed, KeyKind::Server)?,
            cluster_seed: get.seed(Key::ClusterSeed, KeyKind::Cluster)?,
            cluster_issuers: get.issuers()?,
            nats: get.nats(&ctl)?,
            leaf: get.leaf()?,
            ctl,
            rpc,
            prov_rpc,
            js_domain: get.text(Key::JsDomain),
            ctl_topic_prefix: get.text(Key::CtlTopicPrefix),
            rpc_timeout: millis(get.positive(Key::RpcTimeout)?.unwrap_or(2000)),
            provider_delay: millis(get.number(Key::ProviderDelay)?.map_or(300, |it| it.value)),
            grace: get.duration(Key::Grace)?.unwrap_or(DEFAULT_GRACE),
            allow_file_load: get.bool(Key::AllowFileLoad)?,
            allow_unsigned: get.bool(Key::AllowUnsigned)?.unwrap_or(false),
            builtin_aliases: !get.bool(Key::NoBuiltinAliases)?.unwrap_or(false),
            providers: get.providers()?,
            structured_logging: get.bool(Key::StructuredLogging)?.unwrap_or(false),
            log_level: layers.get(Key::StructuredLogLevel),
            limits: get.limits()?,
            registries: Registries {
                allow_latest: get.bool(Key::AllowLatest)?.unwrap_or(false),
                allowed_insecure: get.list(Key::AllowedInsecure),
                registry: get.text(Key::OciRegistry),
                user: get.text(Key::OciUser),
                password: get.text(Key::OciPassword).map(Secret::new),
                ca_files: get
                    .list(Key::OciCa)
                    .into_iter()
                    .map(PathBuf::from)
                    .collect(),
            },
            policy: Policy {
                topic: get.subject(Key::PolicyTopic, false)?,
                changes_topic: get.subject(Key::PolicyChangesTopic, true)?,
                timeout: millis(get.positive(Key::PolicyTimeout)?.unwrap_or(1000)),
            },
            config_service: get.bool(Key::ConfigService)?.unwrap_or(false),
        })
    }
}

/// What the environment says.
pub fn environment(env: &Env) -> Layer<Key> {
    let mut layer = Layer::default();
    for definition in DEFINITIONS {
        // Kubernetes injects NAME_PORT=tcp://… for every service; that is no setting of ours.
        let injected = |it: &str| it.starts_with("tcp://");
        let found = definition
            .variables
            .iter()
            .find_map(|name| Some((*name, env.get(name).filter(|it| !injected(it))?)));
        if let Some((name, value)) = found {
            layer.set(definition.key, value, Source::Variable(name.to_owned()));
        }
    }
    layer
}

/// Typed views of the layers.
struct Reader<'a>(&'a Layers<Key>);

impl Reader<'_> {
    fn text(&self, key: Key) -> Option<String> {
        self.0.get(key).map(|it| it.value.trim().to_owned())
    }

    /// A NATS subject.
    fn subject(&self, key: Key, wildcards: bool) -> Result<Option<String>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        let text = it.value.trim();
        let fits = |token: &str| {
            let wild = token.contains(['*', '>']);
            !token.is_empty() && !token.contains(char::is_whitespace) && (wildcards || !wild)
        };
        if text.split('.').all(fits) {
            return Ok(Some(text.to_owned()));
        }
        Err(bad(&it.source, &format!("'{text}' is not a subject")))
    }

    fn bool(&self, key: Key) -> Result<Option<bool>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        match it.value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "y" | "on" | "enable" | "enabled" => Ok(Some(true)),
            "0" | "false" | "no" | "n" | "off" | "disable" | "disabled" => Ok(Some(false)),
            _ => Err(bad(&it.source, "it is neither true nor false")),
        }
    }

    fn number<T: FromStr>(&self, key: Key) -> Result<Option<Setting<T>>, ConfigError> {
        let parse = |text: String, source: &Source| {
            let fits = text.trim().parse();
            fits.map_err(|_| bad(source, &format!("'{text}' is not a number that fits")))
        };
        self.0.get(key).map(|it| it.try_map(parse)).transpose()
    }

    fn positive<T: FromStr + Default + PartialEq>(
        &self,
        key: Key,
    ) -> Result<Option<T>, ConfigError> {
        match self.number::<T>(key)? {
            Some(it) if it.value == T::default() => Err(bad(&it.source, "it must be more than 0")),
            it => Ok(it.map(|it| it.value)),
        }
    }

    fn duration(&self, key: Key) -> Result<Option<Duration>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        if it.value.trim() == "0" {
            return Ok(Some(Duration::ZERO));
        }
        let parsed = connection::parse_duration(&it.value);
        parsed.map(Some).map_err(|reason| bad(&it.source, &reason))
    }

    fn list(&self, key: Key) -> Vec<String> {
        let text = self.text(key).unwrap_or_default();
        let items = text.split(',').map(str::trim);
        items
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn lattice(&self) -> Result<Setting<String>, ConfigError> {
        let Some(it) = self.0.get(Key::Lattice) else {
            return Ok(Setting::default("default".to_owned()));
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !it.value.chars().all(fits) {
            return Err(bad(&it.source, "use letters, digits, '-' and '_'"));
        }
        Ok(it)
    }

    fn seed(&self, key: Key, kind: KeyKind) -> Result<Option<Setting<Seed>>, ConfigError> {
        let Some(it) = self.0.get(key) else {
            return Ok(None);
        };
        let seed = refuse_exposed(|exposed| read_seed(&it, exposed))?;
        if seed.kind() != kind {
            let reason = format!("it is a {} seed, not a {kind} seed", seed.kind());
            return Err(bad(&it.source, &reason));
        }
        Ok(Some(it.map(|_| seed)))
    }

    fn issuers(&self) -> Result<Vec<String>, ConfigError> {
        let issuers = self.list(Key::ClusterIssuers);
        for issuer in &issuers {
            if let (Err(error), Some(it)) =
                (ClusterId::parse(issuer), self.0.get(Key::ClusterIssuers))
            {
                // A seed in the wrong place must not be quoted.
                let shown = if Seed::parse(issuer).is_ok() {
                    "it is a seed; issuers are public keys".to_owned()
                } else {
                    error.to_string()
                };
                return Err(bad(&it.source, &shown));
            }
        }
        Ok(issuers)
    }

    /// The address of the control connection stands for all, if there is no other.
    fn nats(&self, ctl: &Endpoint) -> Result<Nats, ConfigError> {
        let host = self.0.get(Key::NatsHost).or_else(|| ctl.host.clone());
        let port = self.number(Key::NatsPort)?.or_else(|| ctl.port.clone());
        Ok(Nats {
            host: host.unwrap_or_else(|| Setting::default(DEFAULT_HOST.to_owned())),
            port: port.unwrap_or_else(|| Setting::default(DEFAULT_PORT)),
            connect_only: self.bool(Key::NatsConnectOnly)?.unwrap_or(false),
            server: self.text(Key::NatsServer).map(PathBuf::from),
            domain: self.text(Key::NatsJsDomain),
            config: self.text(Key::NatsConfig).map(PathBuf::from),
        })
    }

    /// The six settings from `host` on.
    fn endpoint(&self, host: Key, seed_flag: &'static str) -> Result<Endpoint, ConfigError> {
        let (port, seed, jwt, creds, tls) = match host {
            Key::CtlHost => (
                Key::CtlPort,
                Key::CtlSeed,
                Key::CtlJwt,
                Key::CtlCreds,
                Key::CtlTls,
            ),
            Key::RpcHost => (
                Key::RpcPort,
                Key::RpcSeed,
                Key::RpcJwt,
                Key::RpcCreds,
                Key::RpcTls,
            ),
            _ => (
                Key::ProvRpcPort,
                Key::ProvRpcSeed,
                Key::ProvRpcJwt,
                Key::ProvRpcCreds,
                Key::ProvRpcTls,
            ),
        };
        let port = self.number(port)?;
        if let Some(it) = port.as_ref().filter(|it| it.value == 0) {
            return Err(bad(&it.source, "only --nats-port may be 0"));
        }
        Ok(Endpoint {
            host: self.0.get(host),
            port,
            auth: refuse_exposed(|exposed| self.auth(seed, jwt, creds, seed_flag, exposed))?,
            tls: self.bool(tls)?.unwrap_or(false),
        })
    }

    fn auth(
        &self,
        seed: Key,
        jwt: Key,
        creds: Key,
        seed_flag: &'static str,
        exposed: &mut Vec<PathBuf>,
    ) -> Result<Setting<Auth>, ConfigError> {
        let anonymous = || Setting::default(Auth::Anonymous);
        let Some(strongest) = self.0.first_with(&[seed, jwt, creds]) else {
            return Ok(anonymous());
        };
        if let Some(creds) = strongest.get(creds) {
            if strongest.has(&[seed, jwt]) {
                return Err(bad(
                    &creds.source,
                    "give either credentials or a seed, not both",
                ));
            }
            let path = PathBuf::from(creds.value.trim());
            note_exposed(&path, exposed);
            // Unreadable credentials must stop the start: a host must not turn anonymous.
            super::secret::read_small(&path, 64 * 1024).map_err(|reason| {
                ConfigError::Unreadable {
                    what: "credentials file",
                    path: path.clone(),
                    reason,
                }
            })?;
            return Ok(creds.clone().map(|_| Auth::Creds(path)));
        }
        match (self.0.get(jwt), self.0.get(seed)) {
            (Some(jwt), Some(seed)) => {
                let seed = read_seed(&seed, exposed)?;
                jwt.try_map(|text, source| {
                    let jwt = read_jwt(&text, source, exposed)?;
                    Ok(Auth::Jwt { jwt, seed })
                })
            }
            (Some(jwt), None) => Err(half("user JWT", "seed", jwt.source, seed_flag)),
            (None, Some(seed)) => {
                let key = read_seed(&seed, exposed)?;
                Ok(seed.map(|_| Auth::Nkey(key)))
            }
            (None, None) => Ok(anonymous()),
        }
    }

    fn size(&self, key: Key) -> Result<Option<usize>, ConfigError> {
        let parse = |it: Setting<String>| {
            let bytes = parse_size(&it.value);
            bytes.ok_or_else(|| bad(&it.source, "write a size such as 64MiB or 1GiB"))
        };
        self.0.get(key).map(parse).transpose()
    }

    fn providers(&self) -> Result<Providers, ConfigError> {
        let memory = self.size(Key::ProviderMaxMemory)?;
        Ok(Providers {
            lenient_claims: self.bool(Key::LenientProviderClaims)?.unwrap_or(false),
            env: self.list(Key::ProviderEnv),
            memory: memory.map(|it| it as u64),
            files: self.positive(Key::ProviderMaxFiles)?,
        })
    }

    fn limits(&self) -> Result<Limits, ConfigError> {
        let memory = self.size(Key::MaxMemory)?;
        let time = match self.duration(Key::MaxTime)? {
            Some(it) if it.is_zero() => {
                let source = self
                    .0
                    .get(Key::MaxTime)
                    .map_or(Source::Default, |it| it.source);
                return Err(bad(&source, "it must be more than 0"));
            }
            it => it,
        };
        Ok(Limits {
            memory,
            time,
            depth: self.positive(Key::MaxDepth)?,
            instances: self.positive(Key::MaxInstances)?,
        })
    }
}

/// Files with secrets that others may read are refused, not only told.
fn refuse_exposed<T>(
    read: impl FnOnce(&mut Vec<PathBuf>) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let mut exposed = Vec::new();
    let value = read(&mut exposed);
    match exposed.pop() {
        Some(path) => Err(ConfigError::Exposed { path }),
        None => value,
    }
}

/// Reads `64MiB`, `64M`, `1GiB` or bytes, all in powers of 1024.
fn parse_size(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    let number: usize = number.parse().ok()?;
    number.checked_mul(1 << shift).filter(|it| *it > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        variables.iter().map(owned).collect()
    }

    fn decide(
        flags: &[(Key, &str)],
        variables: &[(&str, &str)],
        fields: serde_json::Value,
    ) -> Result<HostSettings, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host_config.json");
        file::write(&path, fields.as_object().unwrap()).unwrap();
        let mut layer = Layer::default();
        for (key, value) in flags {
            layer.set(*key, *value, Source::Flag(key.definition().flag));
        }
        HostSettings::decide(layer, &env(variables), &HostFile::read(&path).unwrap())
    }

    #[test]
    fn a_policy_topic_is_a_subject_and_a_lattice_may_have_its_own_changes() {
        let policy = |flags: &[(Key, &str)], variables: &[(&str, &str)]| {
            let mut layer = Layer::default();
            for (key, value) in flags {
                layer.set(*key, *value, Source::Flag(key.definition().flag));
            }
            let env = env(variables);
            let layers = Layers::new(layer, environment(&env), Layer::default());
            let mut settings = HostSettings::decide_all(&layers)?;
            settings.prefer_variables_of_lattice(&layers, &env);
            Ok::<_, ConfigError>(settings.policy)
        };
        let off = policy(&[], &[]).unwrap();
        assert_eq!((off.topic, off.changes_topic), (None, None));
        for bad in ["a b", "a..b", "a.", "a.*", "a.>"] {
            assert!(policy(&[(Key::PolicyTopic, bad)], &[]).is_err(), "{bad}");
        }
        let all = ("WASMCLOUD_POLICY_CHANGES_TOPIC", "of.all");
        let own = ("WASMCLOUD_POLICY_CHANGES_TOPIC_my_lattice", "of.mine");
        let mine = (Key::Lattice, "my-lattice");
        let flag = (Key::PolicyChangesTopic, "typed.*");
        for (flags, variables, topic) in [
            (&[][..], &[all, own][..], "of.all"),
            (&[mine], &[all, own], "of.mine"),
            (&[mine], &[all], "of.all"),
            (&[mine, flag], &[all, own], "typed.*"),
        ] {
            let decided = policy(flags, variables).unwrap().changes_topic;
            assert_eq!(decided.as_deref(), Some(topic));
        }
    }

    #[test]
    fn flags_win_over_variables_and_those_over_the_file() {
        let fields = json!({"lattice_prefix": "file", "rpc_timeout_ms": 1, "provider_delay": 7});
        let variables = [
            ("WASMCLOUD_LATTICE_PREFIX", "env"),
            ("WASMCLOUD_RPC_TIMEOUT_MS", "2"),
        ];
        let got = decide(&[(Key::Lattice, "flag")], &variables, fields).unwrap();
        assert_eq!(got.lattice.value, "flag");
        assert_eq!(got.rpc_timeout, Duration::from_millis(2));
        assert_eq!(got.provider_delay, Duration::from_millis(7));
        assert_eq!(got.nats.port, Setting::default(4222));
    }

    #[test]
    fn addresses_follow_one_another() {
        let got = decide(
            &[(Key::CtlHost, "nats.example"), (Key::CtlPort, "4333")],
            &[],
            json!({}),
        );
        let got = got.unwrap();
        assert_eq!(
            (got.nats.host.value.as_str(), got.nats.port.value),
            ("nats.example", 4333)
        );
        assert!(got.rpc.host.is_none());
        let injected = [("NATS_PORT", "tcp://10.0.0.1:4222"), ("NATS_HOST", "h")];
        let got = decide(&[], &injected, json!({"ctl_port": 4222})).unwrap();
        assert_eq!(
            (got.nats.host.value.as_str(), got.nats.port.value),
            ("h", 4222)
        );
        assert!(decide(&[(Key::CtlPort, "0")], &[], json!({})).is_err());
        assert_eq!(
            decide(&[(Key::NatsPort, "0")], &[], json!({}))
                .unwrap()
                .nats
                .port
                .value,
            0
        );
    }

    #[test]
    fn wrong_values_name_their_source_and_never_a_secret() {
        let account = Seed::generate(KeyKind::Account).reveal();
        let cluster = Seed::generate(KeyKind::Cluster).reveal();
        for (variable, value) in [
            ("WASMCLOUD_CLUSTER_SEED", account.as_str()),
            ("WASMCLOUD_HOST_SEED", "SNSECRET"),
            ("WASMCLOUD_CLUSTER_ISSUERS", &cluster),
            ("WASMCLOUD_CTL_SEED", "SUSECRET"),
            ("WASMCLOUD_CTL_JWT", "eyJ.secret"),
            ("NATS_PORT", "65536"),
            ("WASMCLOUD_RPC_TIMEOUT_MS", "0"),
            ("WASMCLOUD_LATTICE", "a.b"),
            ("WASMCLOUD_ALLOW_FILE_LOAD", "perhaps"),
            ("WASH_MAX_MEMORY", "1 potato"),
            ("WASH_MAX_TIME", "0"),
            ("WASH_GRACE", "soon"),
        ] {
            let error = decide(&[], &[(variable, value)], json!({}))
                .unwrap_err()
                .to_string();
            assert!(error.contains(variable), "{error}");
            assert!(
                !error.contains("SECRET") && !error.contains(&account),
                "{error}"
            );
            assert!(!error.contains(&cluster), "{error}");
        }
    }

    #[test]
    fn truth_has_many_words() {
        for (word, expected) in [("TRUE", true), ("y", true), ("Enabled", true), ("0", false)] {
            let got = decide(&[], &[("WASMCLOUD_CONFIG_SERVICE", word)], json!({})).unwrap();
            assert_eq!(got.config_service, expected, "{word}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_seed_in_a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cluster.nk");
        std::fs::write(&path, Seed::generate(KeyKind::Cluster).reveal()).unwrap();
        let mode = |it| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(it));
        let text = path.to_string_lossy().into_owned();
        mode(0o644).unwrap();
        let refused = decide(&[(Key::ClusterSeed, &text)], &[], json!({}));
        assert!(matches!(refused, Err(ConfigError::Exposed { .. })));
        mode(0o600).unwrap();
        let taken = decide(&[(Key::ClusterSeed, &text)], &[], json!({})).unwrap();
        assert!(taken.cluster_seed.is_some());
    }
}
