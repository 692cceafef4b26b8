//! How to reach a lattice: every setting of a connection, decided from flags, environment and context.
//!
//! Does not connect, and does not know lattice names' rules.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::claims::Seed;

use super::context::{self, Context};
use super::dirs::Dirs;
use super::env::Env;
use super::layer::{Layer, Layers, Setting, Source};
use super::{ConfigError, Secret};

/// One setting of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Server,
    Host,
    Port,
    Lattice,
    Creds,
    Jwt,
    Seed,
    Nkey,
    User,
    Password,
    Token,
    TlsCa,
    TlsCert,
    TlsKey,
    TlsFirst,
    JsDomain,
    CtlPrefix,
    Context,
    Timeout,
    /// The old spelling of [`Key::Timeout`], in milliseconds.
    TimeoutMs,
    ClusterSeed,
}

/// A setting's names: its flag, its variables (the first that is set counts), and its fields in context files.
#[derive(Debug)]
pub struct Definition {
    pub key: Key,
    pub flag: &'static str,
    pub variables: &'static [&'static str],
    /// Ours, those of wash 0.11 and those of the nats command line.
    pub fields: &'static [&'static str],
    pub about: &'static str,
}

macro_rules! definitions {
    ($($key:ident $flag:literal [$($variable:literal)*] [$($field:literal)*] $about:literal;)*) => {
        /// Every setting of a connection.
        pub const DEFINITIONS: &[Definition] = &[$(Definition {
            key: Key::$key,
            flag: $flag,
            variables: &[$($variable),*],
            fields: &[$($field),*],
            about: $about,
        }),*];
    };
}

definitions! {
    Server "server" ["WASH_NATS_URL" "NATS_URL"] ["server" "url"] "NATS addresses, comma-separated";
    Host "ctl-host" ["WASMCLOUD_CTL_HOST" "WASMCLOUD_RPC_HOST"] ["ctl_host" "rpc_host"] "NATS host";
    Port "ctl-port" ["WASMCLOUD_CTL_PORT" "WASMCLOUD_RPC_PORT"] ["ctl_port" "rpc_port"] "NATS port";
    Lattice "lattice" ["WASMCLOUD_LATTICE" "WASMCLOUD_LATTICE_PREFIX"] ["lattice" "lattice_prefix" "ctl_lattice_prefix" "rpc_lattice_prefix"] "Name of the lattice";
    Creds "creds" ["WASMCLOUD_CTL_CREDSFILE" "WASH_CTL_CREDS" "NATS_CREDS" "WASH_RPC_CREDS"] ["creds" "ctl_credsfile" "rpc_credsfile"] "NATS credentials file";
    Jwt "ctl-jwt" ["WASMCLOUD_CTL_JWT" "WASMCLOUD_RPC_JWT"] ["ctl_jwt" "user_jwt" "rpc_jwt"] "NATS user JWT, or a file with one";
    Seed "ctl-seed" ["WASMCLOUD_CTL_SEED" "WASMCLOUD_RPC_SEED"] ["ctl_seed" "user_seed" "rpc_seed"] "NATS user seed, or a file with one";
    Nkey "nkey" ["NATS_NKEY"] ["nkey"] "NATS nkey seed, or a file with one";
    User "user" ["NATS_USER"] ["user"] "NATS user name";
    Password "password" ["NATS_PASSWORD"] ["password"] "NATS password";
    Token "token" ["NATS_TOKEN"] ["token"] "NATS token";
    TlsCa "tls-ca" ["NATS_CA"] ["ca"] "Certificate authority to trust, PEM";
    TlsCert "tls-cert" ["NATS_CERT"] ["cert"] "Client certificate, PEM";
    TlsKey "tls-key" ["NATS_KEY"] ["key"] "Key of the client certificate, PEM";
    TlsFirst "tls-first" ["NATS_TLS_FIRST"] ["tls_first"] "TLS before the server speaks";
    JsDomain "js-domain" ["WASMCLOUD_JS_DOMAIN"] ["js_domain" "jetstream_domain"] "JetStream domain";
    CtlPrefix "ctl-prefix" ["WASMCLOUD_CTL_TOPIC_PREFIX"] ["ctl_prefix" "ctl_topic_prefix"] "First part of control subjects";
    Context "context" ["WASH_CONTEXT" "NATS_CONTEXT"] [] "Context to use, by name or file";
    Timeout "timeout" ["WASH_TIMEOUT"] ["timeout"] "How long a command may take: 30s, 2m; bare numbers are seconds";
    TimeoutMs "timeout-ms" ["WASMCLOUD_CTL_TIMEOUT_MS" "WASMCLOUD_RPC_TIMEOUT_MS"] ["ctl_timeout"] "The same in milliseconds";
    ClusterSeed "cluster-seed" ["WASMCLOUD_CLUSTER_SEED"] ["cluster_seed"] "Seed that signs calls";
}

/// A way to authenticate. Secrets do not debug-print.
#[derive(Clone, Debug)]
pub enum Auth {
    Anonymous,
    Jwt { jwt: Secret, seed: Seed },
    Nkey(Seed),
    Creds(PathBuf),
    UserPassword { user: String, password: Secret },
    Token(Secret),
}

impl Auth {
    /// In words, without secrets.
    pub fn describe(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Jwt { seed, .. } => format!("JWT of {}", seed.public()),
            Self::Nkey(seed) => format!("nkey {}", seed.public()),
            Self::Creds(path) => format!("credentials file {}", path.display()),
            Self::UserPassword { user, .. } => format!("user '{user}'"),
            Self::Token(_) => "token".to_owned(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Tls {
    pub first: Setting<bool>,
    pub ca: Option<Setting<PathBuf>>,
    /// Client certificate and key.
    pub certificate: Option<Setting<(PathBuf, PathBuf)>>,
}

/// Everything decided about a connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The context in use, by name.
    pub context: Option<Setting<String>>,
    pub urls: Setting<Vec<String>>,
    pub auth: Setting<Auth>,
    pub tls: Tls,
    pub lattice: Setting<String>,
    pub js_domain: Option<Setting<String>>,
    pub ctl_prefix: Option<Setting<String>>,
    /// For the whole command; [`FOREVER`] for 0.
    pub timeout: Setting<Duration>,
    /// As found in environment or context, unread: only calls need it.
    pub cluster_seed: Option<Setting<Secret>>,
    /// Files with secrets that others may read, worth a warning.
    pub exposed: Vec<PathBuf>,
}

/// What `--timeout 0` means: long enough for anyone, and no sum with it overflows.
pub const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_PORT: u16 = 4222;

const AUTH: &[Key] = &[
    Key::Jwt,
    Key::Seed,
    Key::Nkey,
    Key::Creds,
    Key::User,
    Key::Password,
    Key::Token,
];

impl Connection {
    /// Decides every setting. Reads the context file and those files that hold secrets.
    ///
    /// # Errors
    /// Every variant of [`ConfigError`].
    pub fn decide(flags: Layer<Key>, env: &Env, dirs: Option<&Dirs>) -> Result<Self, ConfigError> {
        let environment = environment(env);
        let wanted = [&flags, &environment]
            .into_iter()
            .find_map(|layer| layer.get(Key::Context));
        let context = context::find(wanted, dirs, env)?;
        let values = context.as_ref().map_or_else(Layer::default, Context::layer);
        let layers = Layers::new(flags, environment, values);
        let mut exposed = Vec::new();
        Ok(Self {
            urls: urls(&layers)?,
            auth: auth(&layers, &mut exposed)?,
            tls: tls(&layers)?,
            lattice: layers
                .get(Key::Lattice)
                .unwrap_or_else(|| Setting::default("default".to_owned())),
            js_domain: layers.get(Key::JsDomain),
            ctl_prefix: layers.get(Key::CtlPrefix),
            timeout: timeout(&layers)?,
            cluster_seed: layers.get(Key::ClusterSeed).map(|it| it.map(Secret::new)),
            context: context.map(|it| {
                let source = wanted_source(&layers);
                Setting::new(it.name, source)
            }),
            exposed,
        })
    }
}

fn wanted_source(layers: &Layers<Key>) -> Source {
    layers
        .get(Key::Context)
        .map_or(Source::Default, |it| it.source)
}

/// What the environment says.
fn environment(env: &Env) -> Layer<Key> {
    let mut layer = Layer::default();
    for definition in DEFINITIONS {
        // Kubernetes injects NAME_PORT=tcp://… for every service; that is no setting of ours.
        let injected = |value: &str| {
            matches!(definition.key, Key::Host | Key::Port) && value.starts_with("tcp://")
        };
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

fn urls(layers: &Layers<Key>) -> Result<Setting<Vec<String>>, ConfigError> {
    let Some(layer) = layers.first_with(&[Key::Server, Key::Host, Key::Port]) else {
        let url = format!("{DEFAULT_HOST}:{DEFAULT_PORT}");
        return Ok(Setting::default(vec![url]));
    };
    if let Some(server) = layer.get(Key::Server) {
        return server.clone().try_map(|text, source| {
            let urls: Vec<String> = text
                .split(',')
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect();
            if urls.is_empty() {
                return Err(bad(source, "it names no address"));
            }
            Ok(urls)
        });
    }
    // Host and port may come from different layers, as they could in wash 0.11.
    let host = layers.get(Key::Host);
    let port = layers
        .get(Key::Port)
        .map(|it| it.try_map(|text, source| parse_port(&text, source)))
        .transpose()?;
    let source = [Key::Host, Key::Port]
        .into_iter()
        .find_map(|key| layer.get(key))
        .map_or(Source::Default, |it| it.source.clone());
    let host = host.map_or_else(|| DEFAULT_HOST.to_owned(), |it| it.value.trim().to_owned());
    let url = match port {
        Some(port) if !has_port(&host) => format!("{}:{}", bracketed(&host), port.value),
        None if !has_port(&host) => format!("{}:{DEFAULT_PORT}", bracketed(&host)),
        _ => host,
    };
    Ok(Setting::new(vec![url], source))
}

/// Whether a host already carries its port: `h:4222`, `nats://h:4222`, `[::1]:4222`.
fn has_port(host: &str) -> bool {
    let host = host.split_once("://").map_or(host, |(_, it)| it);
    match host.rsplit_once(':') {
        Some((before, port)) => {
            let one_colon = !before.contains(':') || before.ends_with(']');
            one_colon && !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit())
        }
        None => false,
    }
}

/// IPv6 addresses need brackets before a port.
fn bracketed(host: &str) -> String {
    if host.parse::<std::net::Ipv6Addr>().is_ok() {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

fn parse_port(text: &str, source: &Source) -> Result<u16, ConfigError> {
    text.trim()
        .parse()
        .ok()
        .filter(|it| *it != 0)
        .ok_or_else(|| bad(source, &format!("'{text}' is not a port")))
}

/// The strongest layer that says anything about authentication chooses the way; only the other half of a pair
/// may come from a weaker one, so that a flag never loses to a context's token.
fn auth(layers: &Layers<Key>, exposed: &mut Vec<PathBuf>) -> Result<Setting<Auth>, ConfigError> {
    let Some(layer) = layers.first_with(AUTH) else {
        return Ok(Setting::default(Auth::Anonymous));
    };
    if layer.has(&[Key::Jwt, Key::Seed]) {
        let seed = layers.get(Key::Seed);
        let jwt = layers.get(Key::Jwt);
        return match (jwt, seed) {
            (Some(jwt), Some(seed)) => {
                let seed = read_seed(&seed, exposed)?;
                jwt.try_map(|text, source| {
                    Ok(Auth::Jwt {
                        jwt: read_jwt(&text, source, exposed)?,
                        seed,
                    })
                })
            }
            (Some(jwt), None) => Err(half("user JWT", "seed", jwt.source, "ctl-seed")),
            (None, Some(seed)) => {
                let key = read_seed(&seed, exposed)?;
                Ok(seed.map(|_| Auth::Nkey(key)))
            }
            (None, None) => Ok(Setting::default(Auth::Anonymous)),
        };
    }
    if let Some(nkey) = layer.get(Key::Nkey) {
        let seed = read_seed(nkey, exposed)?;
        return Ok(nkey.clone().map(|_| Auth::Nkey(seed)));
    }
    if let Some(creds) = layer.get(Key::Creds) {
        let path = PathBuf::from(&creds.value);
        note_exposed(&path, exposed);
        return Ok(creds.clone().map(|_| Auth::Creds(path)));
    }
    if layer.has(&[Key::User, Key::Password]) {
        return match (layers.get(Key::User), layers.get(Key::Password)) {
            (Some(user), Some(password)) => Ok(user.map(|user| Auth::UserPassword {
                user,
                password: Secret::new(password.value),
            })),
            (Some(user), None) => Err(half("user", "password", user.source, "password")),
            (_, Some(password)) => Err(half("password", "user", password.source, "user")),
            (None, None) => Ok(Setting::default(Auth::Anonymous)),
        };
    }
    let token = layer.get(Key::Token).cloned();
    Ok(token.map_or_else(
        || Setting::default(Auth::Anonymous),
        |it| it.map(|token| Auth::Token(Secret::new(token))),
    ))
}

/// A seed as text, or the file that holds it.
pub(super) fn read_seed(
    setting: &Setting<String>,
    exposed: &mut Vec<PathBuf>,
) -> Result<Seed, ConfigError> {
    let text = setting.value.trim();
    if let Ok(seed) = Seed::parse(text) {
        return Ok(seed);
    }
    let path = Path::new(text);
    if !path.exists() && !looks_like_path(text) {
        // It may be a mistyped seed, so it is not quoted.
        return Err(bad(
            &setting.source,
            "it is neither a seed nor a file that exists",
        ));
    }
    let content = read_secret("seed file", path, exposed)?;
    Seed::parse(&content).map_err(|error| {
        bad(
            &setting.source,
            &format!("{} holds no seed: {error}", path.display()),
        )
    })
}

pub(super) fn read_jwt(
    text: &str,
    source: &Source,
    exposed: &mut Vec<PathBuf>,
) -> Result<Secret, ConfigError> {
    let text = text.trim();
    let is_jwt = |it: &str| it.starts_with("eyJ") && it.matches('.').count() == 2;
    if is_jwt(text) {
        return Ok(Secret::new(text));
    }
    let path = Path::new(text);
    if !path.exists() && !looks_like_path(text) {
        return Err(bad(source, "it is neither a JWT nor a file that exists"));
    }
    let content = read_secret("JWT file", path, exposed)?;
    let content = content.trim();
    if !is_jwt(content) {
        return Err(bad(source, &format!("{} holds no JWT", path.display())));
    }
    Ok(Secret::new(content))
}

fn looks_like_path(text: &str) -> bool {
    text.contains(['/', '\\']) && !text.starts_with("eyJ")
}

/// A seed, JWT or credentials file is far smaller; this keeps a wrong path from filling memory.
const MAX_SECRET: u64 = 64 * 1024;

fn read_secret(
    what: &'static str,
    path: &Path,
    exposed: &mut Vec<PathBuf>,
) -> Result<String, ConfigError> {
    let unreadable = |reason| ConfigError::Unreadable {
        what,
        path: path.to_owned(),
        reason,
    };
    note_exposed(path, exposed);
    super::context::read_small(path, MAX_SECRET).map_err(unreadable)
}

#[cfg(unix)]
pub(super) fn note_exposed(path: &Path, exposed: &mut Vec<PathBuf>) {
    use std::os::unix::fs::PermissionsExt as _;
    let open = |it: std::fs::Metadata| it.is_file() && it.permissions().mode() & 0o077 != 0;
    if path.metadata().is_ok_and(open) {
        exposed.push(path.to_owned());
    }
}

#[cfg(not(unix))]
pub(super) fn note_exposed(_: &Path, _: &mut Vec<PathBuf>) {}

fn tls(layers: &Layers<Key>) -> Result<Tls, ConfigError> {
    let certificate = match (layers.get(Key::TlsCert), layers.get(Key::TlsKey)) {
        (Some(cert), Some(key)) => Some(cert.map(|it| (it.into(), key.value.into()))),
        (Some(cert), None) => {
            return Err(half("client certificate", "key", cert.source, "tls-key"));
        }
        (None, Some(key)) => return Err(half("TLS key", "certificate", key.source, "tls-cert")),
        (None, None) => None,
    };
    let first = match layers.get(Key::TlsFirst) {
        Some(it) => it.try_map(|text, source| parse_bool(&text, source))?,
        None => Setting::default(false),
    };
    Ok(Tls {
        first,
        ca: layers.get(Key::TlsCa).map(|it| it.map(PathBuf::from)),
        certificate,
    })
}

fn parse_bool(text: &str, source: &Source) -> Result<bool, ConfigError> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "0" | "false" | "no" | "off" => Ok(false),
        _ => Err(bad(source, "it is neither true nor false")),
    }
}

fn timeout(layers: &Layers<Key>) -> Result<Setting<Duration>, ConfigError> {
    let Some(layer) = layers.first_with(&[Key::Timeout, Key::TimeoutMs]) else {
        return Ok(Setting::default(DEFAULT_TIMEOUT));
    };
    if let Some(timeout) = layer.get(Key::Timeout) {
        return timeout
            .clone()
            .try_map(|text, source| parse_duration(&text).map_err(|reason| bad(source, &reason)));
    }
    let Some(millis) = layer.get(Key::TimeoutMs) else {
        return Ok(Setting::default(DEFAULT_TIMEOUT));
    };
    millis.clone().try_map(|text, source| {
        let millis = text
            .trim()
            .parse()
            .map_err(|_| bad(source, &format!("'{text}' is not a number of milliseconds")))?;
        Ok(forever_if_zero(Duration::from_millis(millis)))
    })
}

/// Reads `30s`, `1m 30s`, `500ms`; a bare number is seconds, 0 is [`FOREVER`].
///
/// # Errors
/// A sentence about the text.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let duration = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| seconds.to_string()),
        Err(_) => humantime::parse_duration(text).map_err(|_| text.to_owned()),
    };
    duration
        .map(forever_if_zero)
        .map_err(|_| format!("'{text}' is not a duration; write 30s, 1m30s or 500ms"))
}

fn forever_if_zero(duration: Duration) -> Duration {
    if duration.is_zero() {
        return FOREVER;
    }
    duration.min(FOREVER)
}

/// An address without the user, password or token it may carry, for people to read.
pub fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url
        .split_once("://")
        .map_or(("", url), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() {
        rest.to_owned()
    } else {
        format!("{scheme}://{rest}")
    }
}

pub(super) fn bad(source: &Source, reason: &str) -> ConfigError {
    ConfigError::BadValue {
        from: source.clone(),
        reason: reason.to_owned(),
    }
}

pub(super) fn half(
    given: &'static str,
    missing: &'static str,
    from: Source,
    flag: &'static str,
) -> ConfigError {
    ConfigError::Half {
        given,
        missing,
        from,
        flag,
    }
}
