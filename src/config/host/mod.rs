//! Everything a host is told by flags, environment and `host_config.json`, decided once (protocol §9.1, §9.2).
//!
//! Reads the files it is pointed at; starts nothing.

pub mod file;
pub mod keys;
pub mod labels;
mod leaf;
mod nats;
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
pub use nats::NatsKind;
pub use reader::parse_size;

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
    pub kind: NatsKind,
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
    /// Bytes; none is no limit.
    pub memory: Option<u64>,
    pub files: Option<u64>,
    /// Thousandths of a CPU.
    pub millicpus: Option<u32>,
    pub tasks: Option<u64>,
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
