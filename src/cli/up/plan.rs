//! Everything that is decided before anything is started, so that a bad setting touches nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::archive::oci;
use crate::claims::{KeyKind, Seed};
use crate::cli::leaf::own::OwnConfig;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::{Session, credentials};
use crate::config::dirs::Dirs;
use crate::config::env::Env;
use crate::config::host::{
    self, Endpoint, HostFile, HostSettings, Places, file, labels, remembered,
};
use crate::config::layer::{Layer, Layers};
use crate::config::running::Lock;
use crate::host::PolicyService;
use crate::host::engine::Limits;
use crate::lattice::LatticeName;
use crate::lattice::connect::{ConnectOptions, TlsOptions};
use crate::nats::leaf::Remote;

use super::UpArgs;
use super::hubs::{bundle_dir, hubs, open_bundle};

/// Decided settings with what had to be made for them.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) settings: HostSettings,
    /// How long everything may take to be ready.
    pub(super) ready_timeout: Duration,
    /// The hubs to be a leaf of, checked.
    pub(super) remotes: Vec<Remote>,
    /// The user's own configuration of the NATS server.
    pub(super) own: Option<OwnConfig>,
    pub(super) lattice: LatticeName,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) key: Seed,
    pub(super) cluster: Cluster,
    pub(super) dirs: Dirs,
    pub(super) env: Env,
    /// Where the NATS server keeps its files.
    pub(super) nats_dir: PathBuf,
    /// Compiled code.
    pub(super) cache: Option<PathBuf>,
    /// What comes from registries.
    pub(super) pulled: PathBuf,
    /// What came through the lattice.
    pub(super) delivered: Option<PathBuf>,
    /// Where the configuration was written.
    pub(super) host_config: Option<PathBuf>,
    /// Removed when everything has stopped.
    scratch: Option<TempDir>,
}

#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) seed: Seed,
    /// Nobody gave one, so it was made now.
    pub(super) is_new: bool,
    /// The signer's own key first.
    pub(super) issuers: Vec<String>,
}

impl Plan {
    pub(super) async fn make(args: &UpArgs, session: &Session) -> Result<Self, CommandError> {
        let work_dir = std::env::current_dir().map_err(|error| {
            CommandError::new(Kind::General, "cannot tell the working directory").because(error)
        })?;
        let mut env = session.env.clone();
        env.add_file(&work_dir.join(".env"))?;
        // `.env` may move it.
        let dirs = Dirs::find(&env)
            .or_else(|| session.dirs.clone())
            .ok_or_else(|| {
                CommandError::new(Kind::General, "there is no home directory to keep state in")
                    .hint("set WASH_HOME to a directory that may be written")
            })?;
        // Two that start for the first time must not make two clusters.
        let _turn = match args.ephemeral {
            true => None,
            false => Some(take_turn(&dirs.state)?),
        };
        let named = args.host_config.clone().or_else(|| Places::named_by(&env));
        let places = Places::find(named.as_deref(), Some(&dirs), &work_dir);
        if let (Some(other), Some(read)) = (&places.passed_over, &places.read) {
            session.output.note(&format!(
                "using {}, not {}; choose with --host-config",
                read.display(),
                other.display()
            ));
        }
        let file = match &places.read {
            Some(path) => HostFile::read(path)?,
            None => HostFile::default(),
        };
        let scratch = args.ephemeral.then(scratch).transpose()?;
        let bundle = args
            .bundle
            .as_deref()
            .map(|path| open_bundle(path, args, session))
            .transpose()?;
        let from_bundle = match (&args.bundle, &bundle) {
            (Some(path), Some(bundle)) => {
                let dir = match &scratch {
                    Some(it) => it.path().join("bundle"),
                    None => bundle_dir(&dirs, path),
                };
                bundle
                    .layer(path, &dir)
                    .map_err(|reason| unwritten(&dir, reason))?
            }
            _ => Layer::default(),
        };
        let layers = Layers::new(
            args.host.0.clone(),
            host::environment(&env),
            from_bundle.over(file.layer()?),
        );
        let mut settings = HostSettings::decide_all(&layers)?;
        settings.prefer_variables_of_lattice(&layers, &env);
        if settings.nats.connect_only && settings.nats.port.value == 0 {
            return Err(CommandError::new(
                Kind::Usage,
                "--nats-port 0 starts a server, which --nats external and --nats-connect-only forbid",
            ));
        }
        let lattice = settings.lattice.value.parse().map_err(|error| {
            CommandError::new(Kind::Usage, "the lattice's name is not valid").because(error)
        })?;
        let (remotes, own) = hubs(&mut settings, &env).await?;
        let mut labels = labels::decide(&args.labels, &env)?;
        for (key, value) in bundle.map(|it| it.labels).unwrap_or_default() {
            labels.entry(key).or_insert(value);
        }
        let cluster = Cluster::decide(&settings);
        let key = match &settings.host_seed {
            Some(it) => it.value.clone(),
            None => Seed::generate(KeyKind::Server),
        };
        let nats_dir = match &scratch {
            Some(it) => it.path().to_owned(),
            None => dirs.state.join("nats"),
        };
        let host_config = match &scratch {
            Some(_) => None,
            None => keep(&places, &file, &cluster)?,
        };
        if scratch.is_none() && !remotes.is_empty() {
            let path = remembered::path(&dirs.config);
            remembered::write(&path, &layers).map_err(|reason| unwritten(&path, reason))?;
        }
        Ok(Self {
            ready_timeout: args.ready_timeout,
            remotes,
            own,
            lattice,
            labels,
            key,
            cluster,
            cache: scratch.is_none().then(|| dirs.modules()),
            pulled: match &scratch {
                Some(it) => it.path().join("oci"),
                None => dirs.pulled(),
            },
            delivered: scratch.is_none().then(|| dirs.delivered()),
            nats_dir,
            host_config,
            env,
            dirs,
            settings,
            scratch,
        })
    }

    /// JetStream domain of the server that we start. A leaf whose state is in a domain is taken to be the place
    /// where that is.
    pub(super) fn nats_domain(&self) -> Option<String> {
        if let Some(own) = &self.own {
            return own.domain.clone();
        }
        let own = self.settings.nats.domain.clone();
        own.or_else(|| match self.remotes.is_empty() {
            true => None,
            false => self.settings.js_domain.clone(),
        })
    }

    /// Where the lattice's state is copied to, if it is in a domain that may be on another machine.
    pub(super) fn state_copy(&self) -> Option<PathBuf> {
        let domain = self.settings.js_domain.as_deref()?;
        if self.scratch.is_some() {
            return None;
        }
        let dir = self.dirs.state.join("lattices");
        let file = format!("{}.json", file_name(domain));
        Some(dir.join(file_name(self.lattice.as_str())).join(file))
    }

    /// Where programs out of provider archives are kept.
    pub(super) fn programs(&self) -> PathBuf {
        match &self.scratch {
            Some(it) => it.path().join("providers"),
            None => self.dirs.cache.join("providers"),
        }
    }

    /// How to reach NATS for control messages or calls; `address` is that of the lattice's NATS.
    pub(super) fn connection(
        &self,
        endpoint: &Endpoint,
        address: &str,
        name: &str,
    ) -> ConnectOptions {
        ConnectOptions {
            urls: vec![self.url(endpoint, address)],
            credentials: credentials(endpoint.auth.value.clone()),
            tls: TlsOptions {
                required: endpoint.tls,
                ..TlsOptions::default()
            },
            name: format!("wash host {name}"),
            timeout: super::CONNECT_TIMEOUT,
        }
    }

    /// The address of a connection, which follows the lattice's NATS in what it does not say itself.
    pub(super) fn url(&self, endpoint: &Endpoint, address: &str) -> String {
        if endpoint.host.is_none() && endpoint.port.is_none() {
            return with_scheme(address, endpoint.tls);
        }
        let nats = &self.settings.nats;
        let host = endpoint
            .host
            .as_ref()
            .map_or(&nats.host.value, |it| &it.value);
        let port = endpoint
            .port
            .as_ref()
            .map_or(nats.port.value, |it| it.value);
        with_scheme(&join(host, port), endpoint.tls)
    }

    fn registries(&self) -> oci::Settings {
        let wanted = &self.settings.registries;
        let login = wanted.user.clone().zip(wanted.password.as_ref());
        let credential = login.map(|(user, password)| {
            let credential = oci::Credential::password(user, password.reveal());
            (wanted.registry.clone(), credential)
        });
        oci::Settings {
            cache: Some(self.pulled.clone()),
            allow_latest: wanted.allow_latest,
            insecure: wanted.allowed_insecure.clone(),
            // Without the registry it is for, a login would go to any.
            credential: credential.filter(|(registry, _)| registry.is_some()),
            logins: Dirs::logins(&self.env)
                .into_iter()
                .map(oci::DockerConfig::new)
                .collect(),
            ca_files: wanted.ca_files.clone(),
            ..oci::Settings::default()
        }
    }

    pub(super) fn host(
        &self,
        ctl_url: String,
        rpc_url: String,
        loopback_only: bool,
        processes: crate::host::Processes,
    ) -> crate::host::Config {
        let settings = &self.settings;
        let limits = Limits::default();
        let wanted = &settings.limits;
        if settings.policy.topic.is_none() && settings.policy.changes_topic.is_some() {
            tracing::warn!("--policy-changes-topic does nothing without --policy-topic");
        }
        crate::host::Config {
            key: self.key.clone(),
            lattice: self.lattice.clone(),
            ctl_prefix: settings.ctl_topic_prefix.clone(),
            cluster: self.cluster.seed.clone(),
            issuers: self.cluster.issuers.clone(),
            labels: self.labels.clone(),
            name: settings.name.clone(),
            js_domain: settings.js_domain.clone(),
            state_copy: self.state_copy(),
            state_may_wait: settings.leaf.optional,
            rpc_timeout: settings.rpc_timeout,
            provider_delay: settings.provider_delay,
            allow_file_load: settings.allow_file_load.unwrap_or(loopback_only),
            allow_unsigned: settings.allow_unsigned,
            builtin_aliases: settings.builtin_aliases,
            policy: settings.policy.topic.clone().map(|topic| PolicyService {
                topic,
                changes_topic: settings.policy.changes_topic.clone(),
                timeout: settings.policy.timeout,
            }),
            config_service: settings.config_service,
            limits: Limits {
                memory: wanted.memory.unwrap_or(limits.memory),
                time: wanted.time.unwrap_or(limits.time),
                depth: wanted.depth.unwrap_or(limits.depth),
                instances: wanted.instances.unwrap_or(limits.instances),
            },
            cache: self.cache.clone(),
            registries: self.registries(),
            artifacts: self.delivered.clone(),
            processes,
            ctl_url,
            rpc_url,
        }
    }
}

impl Cluster {
    /// Our own key is always among those whose calls we accept, and first.
    fn decide(settings: &HostSettings) -> Self {
        let given = settings.cluster_seed.as_ref().map(|it| it.value.clone());
        let is_new = given.is_none();
        let seed = given.unwrap_or_else(|| Seed::generate(KeyKind::Cluster));
        let own = seed.public();
        let others = settings.cluster_issuers.iter().filter(|it| **it != own);
        let issuers = std::iter::once(own.clone())
            .chain(others.cloned())
            .collect();
        Self {
            seed,
            is_new,
            issuers,
        }
    }
}

/// Writes what a next start and other hosts need. Flags and variables are for this run and leave no trace, but
/// for the cluster's identity where the file has none.
fn keep(
    places: &Places,
    file: &HostFile,
    cluster: &Cluster,
) -> Result<Option<PathBuf>, CommandError> {
    let Some(path) = &places.write else {
        return Ok(None);
    };
    // A flag or variable that differs from the file must not replace what other hosts share.
    let identity = (!file.has_cluster_seed()).then_some(cluster);
    let fields = file.completed(identity.map(|it| (it.seed.reveal(), it.issuers.as_slice())));
    file::write(path, &fields).map_err(|reason| unwritten(path, reason))?;
    Ok(Some(path.clone()))
}

fn unwritten(path: &Path, reason: io::Error) -> CommandError {
    let path = path.display();
    CommandError::new(Kind::General, format!("cannot write {path}"))
        .because(reason)
        .hint(
            "choose another place with --host-config PATH, WASH_HOME, or keep nothing: --ephemeral",
        )
}

/// Waits until no other `wash up` of this user reads and writes the configuration.
fn take_turn(state: &Path) -> Result<Lock, CommandError> {
    let path = state.join("host_config.lock");
    let deadline = Instant::now() + TURN_LIMIT;
    loop {
        match Lock::try_take(&path) {
            Ok(Some(lock)) => return Ok(lock),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let message = format!("another `wash up` holds {}", path.display());
                return Err(CommandError::new(Kind::Timeout, message));
            }
            Err(reason) => return Err(unwritten(&path, reason)),
        }
    }
}

/// A turn takes milliseconds.
const TURN_LIMIT: Duration = Duration::from_secs(10);

fn scratch() -> Result<TempDir, CommandError> {
    tempfile::Builder::new()
        .prefix("wash-")
        .tempdir()
        .map_err(|error| {
            CommandError::new(Kind::General, "cannot create a temporary directory").because(error)
        })
}

/// A name of a file for any text; what is in the file says itself of what it is.
fn file_name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!(
            "={}",
            data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())
        ),
    }
}

/// `host:port`, unless the host carries its own; brackets around IPv6.
pub(super) fn join(host: &str, port: u16) -> String {
    let bare = host.split_once("://").map_or(host, |(_, it)| it);
    if host.parse::<std::net::Ipv6Addr>().is_ok() {
        return format!("[{host}]:{port}");
    }
    let has_port = bare.rsplit_once(':').is_some_and(|(before, port)| {
        !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()) && !before.ends_with(':')
    });
    if has_port {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    }
}

pub(super) fn with_scheme(address: &str, tls: bool) -> String {
    match (address.contains("://"), tls) {
        (true, _) => address.to_owned(),
        (false, true) => format!("tls://{address}"),
        (false, false) => format!("nats://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_a_name_of_a_file() {
        assert_eq!(file_name("core"), "core");
        let odd = ["../core", "", "a b", "=core", "a.b"].map(file_name);
        for (at, name) in odd.iter().enumerate() {
            assert!(!name.contains(['/', '.', ' ']), "{name}");
            assert!(odd[..at].iter().all(|it| it != name));
        }
    }

    #[test]
    fn addresses_are_joined_once() {
        assert_eq!(join("127.0.0.1", 4222), "127.0.0.1:4222");
        assert_eq!(join("::1", 4222), "[::1]:4222");
        assert_eq!(join("h:1", 4222), "h:1");
        assert_eq!(join("tls://h", 4222), "tls://h:4222");
        assert_eq!(join("tls://h:1", 4222), "tls://h:1");
        assert_eq!(with_scheme("h:1", true), "tls://h:1");
        assert_eq!(with_scheme("ws://h:1", true), "ws://h:1");
    }
}
