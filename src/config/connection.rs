//! How to reach a lattice: every setting of a connection, decided from flags, environment and context.
//!
//! Does not connect, and does not know lattice names' rules.

use std::path::PathBuf;
use std::time::Duration;

use super::auth::{self, Auth};
use super::context::{Context, running, shelf};
use super::definition::{DEFINITIONS, Key};
use super::dirs::Dirs;
use super::env::Env;
use super::layer::{Layer, Layers, Setting, Source};
use super::secret::Secret;
use super::{ConfigError, bad, half};

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
        // A host that runs here is meant only where nothing else is.
        let elsewhere = [&flags, &environment].iter().any(|it| it.has(PLACE));
        let context = match shelf::find(wanted, dirs, env)? {
            None if !elsewhere => running::first(dirs).map(|it| {
                let field = "the running host";
                let path = it.path.clone();
                (it, Source::File { field, path })
            }),
            found => found,
        };
        let values = context
            .as_ref()
            .map_or_else(Layer::default, |it| it.0.layer());
        let mut settings = Self::of(&Layers::new(flags, environment, values))?;
        settings.context = context.map(|(it, source)| Setting::new(it.name, source));
        Ok(settings)
    }

    /// Decides every setting by what one context says alone, to see whether it can work.
    ///
    /// # Errors
    /// Every variant of [`ConfigError`].
    pub fn of_context(context: &Context) -> Result<Self, ConfigError> {
        let layers = Layers::new(Layer::default(), Layer::default(), context.layer());
        Self::of(&layers)
    }

    fn of(layers: &Layers<Key>) -> Result<Self, ConfigError> {
        let mut exposed = Vec::new();
        Ok(Self {
            urls: urls(layers)?,
            auth: auth::decide(layers, &mut exposed)?,
            tls: tls(layers)?,
            lattice: layers
                .get(Key::Lattice)
                .unwrap_or_else(|| Setting::default("default".to_owned())),
            js_domain: layers.get(Key::JsDomain),
            ctl_prefix: layers.get(Key::CtlPrefix),
            timeout: timeout(layers)?,
            cluster_seed: layers.get(Key::ClusterSeed).map(|it| it.map(Secret::new)),
            context: None,
            exposed,
        })
    }
}

/// What says where NATS is.
const PLACE: &[Key] = &[Key::Server, Key::Host, Key::Port];

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

pub(super) fn urls(layers: &Layers<Key>) -> Result<Setting<Vec<String>>, ConfigError> {
    let Some(layer) = layers.first_with(PLACE) else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Env {
        Env::from_iter(variables.iter().map(|(k, v)| ((*k).into(), (*v).into())))
    }

    fn decide(
        flags: &[(Key, &str)],
        variables: &[(&str, &str)],
    ) -> Result<Connection, ConfigError> {
        let mut layer = Layer::default();
        for (key, value) in flags {
            layer.set(*key, *value, Source::Flag("flag"));
        }
        Connection::decide(layer, &env(variables), None)
    }

    fn urls_of(flags: &[(Key, &str)], variables: &[(&str, &str)]) -> String {
        let urls = decide(flags, variables).unwrap().urls;
        urls.value.join(" ")
    }

    #[test]
    fn nothing_said_is_the_local_default() {
        let it = decide(&[], &[]).unwrap();
        assert_eq!(it.urls, Setting::default(vec!["127.0.0.1:4222".to_owned()]));
        assert_eq!(it.lattice.value, "default");
        assert_eq!(it.timeout, Setting::default(Duration::from_secs(30)));
        assert!(matches!(it.auth.value, Auth::Anonymous));
        assert!(it.context.is_none() && it.ctl_prefix.is_none() && it.js_domain.is_none());
    }

    #[test]
    fn addresses_in_every_spelling() {
        assert_eq!(
            urls_of(&[(Key::Server, "nats://a:1, tls://b ,")], &[]),
            "nats://a:1 tls://b"
        );
        assert_eq!(urls_of(&[(Key::Host, "h")], &[]), "h:4222");
        assert_eq!(urls_of(&[(Key::Port, "5222")], &[]), "127.0.0.1:5222");
        assert_eq!(
            urls_of(&[(Key::Host, "::1"), (Key::Port, "5")], &[]),
            "[::1]:5"
        );
        assert_eq!(
            urls_of(&[(Key::Host, "tls://h:7"), (Key::Port, "5")], &[]),
            "tls://h:7"
        );
        assert_eq!(urls_of(&[(Key::Host, "tls://h")], &[]), "tls://h:4222");
        assert_eq!(
            urls_of(&[(Key::Port, "5")], &[("WASMCLOUD_CTL_HOST", "h")]),
            "h:5"
        );
        assert_eq!(urls_of(&[], &[("NATS_URL", "x:1")]), "x:1");
        assert_eq!(
            urls_of(&[], &[("NATS_URL", "x:1"), ("WASH_NATS_URL", "y:1")]),
            "y:1"
        );
        assert_eq!(
            urls_of(&[(Key::Host, "h")], &[("NATS_URL", "x:1")]),
            "h:4222"
        );
        assert!(decide(&[(Key::Server, " , ")], &[]).is_err());
        assert!(decide(&[(Key::Port, "0")], &[]).is_err());
    }

    #[test]
    fn variables_that_kubernetes_injects_are_ignored() {
        let injected = ("WASMCLOUD_CTL_PORT", "tcp://10.0.0.1:4222");
        assert_eq!(urls_of(&[], &[injected]), "127.0.0.1:4222");
        assert_eq!(
            urls_of(&[], &[injected, ("WASMCLOUD_RPC_PORT", "5")]),
            "127.0.0.1:5"
        );
        assert!(decide(&[], &[("WASMCLOUD_CTL_PORT", "many")]).is_err());
    }

    #[test]
    fn old_and_new_names_of_a_variable() {
        let old = ("WASMCLOUD_LATTICE_PREFIX", "old");
        assert_eq!(decide(&[], &[old]).unwrap().lattice.value, "old");
        let both = decide(&[], &[old, ("WASMCLOUD_LATTICE", "new")]).unwrap();
        assert_eq!(both.lattice.value, "new");
        assert_eq!(
            both.lattice.source,
            Source::Variable("WASMCLOUD_LATTICE".to_owned())
        );
    }

    #[test]
    fn durations_that_people_write() {
        let seconds = Duration::from_secs;
        for (text, expected) in [
            ("30", seconds(30)),
            ("0.5", Duration::from_millis(500)),
            ("2m", seconds(120)),
            ("1m 30s", seconds(90)),
            ("250ms", Duration::from_millis(250)),
            ("0", FOREVER),
            ("9999y", FOREVER),
        ] {
            assert_eq!(parse_duration(text).as_ref(), Ok(&expected), "{text}");
        }
        for text in ["", "soon", "-1", "NaN", "inf", "1e300", "5 parsecs"] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.contains("30s"), "{error}");
        }
    }

    #[test]
    fn milliseconds_keep_their_meaning() {
        let timeout = |flags: &[(Key, &str)], variables: &[(&str, &str)]| {
            decide(flags, variables).unwrap().timeout.value
        };
        let old = ("WASMCLOUD_CTL_TIMEOUT_MS", "1500");
        assert_eq!(timeout(&[], &[old]), Duration::from_millis(1500));
        assert_eq!(
            timeout(&[(Key::TimeoutMs, "2000")], &[("WASH_TIMEOUT", "9s")]),
            Duration::from_secs(2)
        );
        assert_eq!(
            timeout(&[(Key::Timeout, "3")], &[old]),
            Duration::from_secs(3)
        );
        assert!(decide(&[], &[("WASMCLOUD_CTL_TIMEOUT_MS", "1.5s")]).is_err());
    }

    #[test]
    fn half_a_client_certificate_is_refused() {
        assert!(decide(&[(Key::TlsCert, "c")], &[]).is_err());
        assert!(decide(&[(Key::TlsKey, "k")], &[]).is_err());
        let tls = decide(&[(Key::TlsCert, "c"), (Key::TlsKey, "k")], &[])
            .unwrap()
            .tls;
        let pair = tls.certificate.map(|it| it.value);
        assert_eq!(pair, Some((PathBuf::from("c"), PathBuf::from("k"))));
    }

    #[test]
    fn addresses_are_shown_without_secrets() {
        assert_eq!(without_secrets("nats://ann:pw@h:1"), "nats://h:1");
        assert_eq!(without_secrets("token@h:1"), "h:1");
        assert_eq!(without_secrets("h:1"), "h:1");
    }
}
