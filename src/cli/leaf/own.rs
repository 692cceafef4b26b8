//! A server configuration that the user wrote: where it listens, and which hubs it names.

use std::path::{Path, PathBuf};

use super::remote::prepare;
use crate::cli::report::{CommandError, Kind};
use crate::config::Secret;
use crate::config::auth::Auth;
use crate::config::env::Env;
use crate::config::host::{Leaf, LeafTls};
use crate::config::layer::{Setting, Source};
use crate::nats::conf::read::{Block, ReadError, Value};
use crate::nats::leaf::Remote;

/// What a configuration file says, as far as leaf nodes need it.
#[derive(Clone, Debug)]
pub(crate) struct OwnConfig {
    /// Absolute.
    pub(crate) path: PathBuf,
    pub(crate) host: String,
    /// 0 for any free port.
    pub(crate) port: u16,
    pub(crate) tls: bool,
    /// `host:port` of the monitoring, unless its port is any free one.
    pub(crate) monitor: Option<String>,
    /// It has monitoring without TLS.
    pub(crate) monitored: bool,
    pub(crate) log: Option<PathBuf>,
    pub(crate) domain: Option<String>,
    /// Each with its own way to log in.
    pub(crate) hubs: Vec<Leaf>,
}

impl OwnConfig {
    pub(crate) fn read(path: &Path, env: &Env) -> Result<Self, CommandError> {
        let block = Block::read(path, &|name| env.get(name).map(str::to_owned));
        let block = block.map_err(|error| {
            let kind = match &error {
                ReadError::Unreadable { reason, .. } => match reason.kind() {
                    std::io::ErrorKind::NotFound => Kind::NotFound,
                    std::io::ErrorKind::PermissionDenied => Kind::Auth,
                    _ => Kind::General,
                },
                ReadError::Malformed { .. } => Kind::Refused,
            };
            CommandError::new(kind, error.to_string())
                .hint("`wash leaf config` writes one that works")
        })?;
        let (host, port) = address(&block, &["listen"], &["host", "net"], &["port"]);
        let (http_host, http_port) = monitor(&block);
        let host = host.unwrap_or_else(|| "0.0.0.0".to_owned());
        let settings = block.block(&["jetstream"]);
        Ok(Self {
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            monitor: http_port.filter(|it| *it != 0).map(|port| {
                let host = http_host.unwrap_or_else(|| host.clone());
                format!("{}:{port}", reachable(&host))
            }),
            monitored: http_port.is_some(),
            port: port.unwrap_or(4222),
            host,
            tls: block.block(&["tls"]).is_some(),
            log: block.text(&["log_file", "logfile"]).map(PathBuf::from),
            domain: settings.and_then(|it| it.text(&["domain"]).map(str::to_owned)),
            hubs: hubs(&block),
        })
    }

    /// Where clients reach it.
    pub(crate) fn client_url(&self) -> String {
        let scheme = if self.tls { "tls" } else { "nats" };
        format!("{scheme}://{}:{}", reachable(&self.host), self.port)
    }

    /// Its hubs, with everything they need read and checked.
    pub(crate) async fn remotes(&self) -> Result<Vec<Remote>, CommandError> {
        let mut remotes = Vec::new();
        for hub in &self.hubs {
            remotes.extend(prepare(hub).await?);
        }
        Ok(remotes)
    }
}

fn hubs(block: &Block) -> Vec<Leaf> {
    let Some(leafs) = block.block(&["leafnodes", "leaf"]) else {
        return Vec::new();
    };
    let remotes = leafs.list(&["remotes"]).iter();
    remotes
        .filter_map(|it| match it {
            Value::Block(it) => Some(hub(it)),
            _ => None,
        })
        .collect()
}

fn hub(block: &Block) -> Leaf {
    let mut urls: Vec<String> = block
        .text(&["url"])
        .map(str::to_owned)
        .into_iter()
        .collect();
    for url in block.list(&["urls"]) {
        if let Value::Text(url) = url {
            urls.push(url.clone());
        }
    }
    let creds = block.text(&["credentials", "creds"]);
    let nkey = block.text(&["nkey", "seed"]);
    let auth = match (creds, nkey) {
        (Some(creds), _) => Auth::Creds(creds.into()),
        // A seed that is none is for the server to refuse.
        (None, Some(nkey)) => {
            crate::claims::Seed::parse(nkey).map_or(Auth::Token(Secret::new(nkey)), Auth::Nkey)
        }
        (None, None) => Auth::Anonymous,
    };
    let tls = block.block(&["tls"]);
    let file = |keys: &[&str]| Some(PathBuf::from(tls?.text(keys)?));
    Leaf {
        remotes: vec![urls],
        auth: Setting::new(auth, Source::Default),
        tls: LeafTls {
            ca: file(&["ca_file"]),
            certificate: file(&["cert_file"]).zip(file(&["key_file"])),
            first: tls.is_some_and(|it| it.is_true(&["handshake_first", "first", "immediate"])),
        },
        account: block.text(&["account", "local"]).map(str::to_owned),
        optional: false,
    }
}

/// Host and port, written together or apart.
fn address(
    block: &Block,
    both: &[&str],
    host: &[&str],
    port: &[&str],
) -> (Option<String>, Option<u16>) {
    let host = block.text(host).map(str::to_owned);
    let port = block.text(port).and_then(parse_port);
    match block.text(both) {
        Some(text) => {
            let (before, after) = text.rsplit_once(':').unwrap_or(("", text));
            let before = before.trim_matches(['[', ']']);
            let told = (!before.is_empty()).then(|| before.to_owned());
            (told.or(host), parse_port(after).or(port))
        }
        None => (host, port),
    }
}

fn monitor(block: &Block) -> (Option<String>, Option<u16>) {
    address(block, &["http"], &[], &["http_port", "monitor_port"])
}

/// The server writes -1 for any free port.
fn parse_port(text: &str) -> Option<u16> {
    match text.trim() {
        "-1" => Some(0),
        text => text.parse().ok(),
    }
}

fn reachable(host: &str) -> String {
    match host {
        "0.0.0.0" | "" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> OwnConfig {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("core.cfg");
        std::fs::write(&path, text).unwrap();
        OwnConfig::read(&path, &Env::default()).unwrap()
    }

    #[test]
    fn the_configuration_of_the_walkthrough_is_understood() {
        let own = read(
            "jetstream { domain=core }\nleafnodes { remotes = [ {\n url: \"tls://connect.ngs.global\"\n \
             credentials: \"/home/me/default.creds\" } ] }",
        );
        assert_eq!((own.host.as_str(), own.port), ("0.0.0.0", 4222));
        assert_eq!(own.domain.as_deref(), Some("core"));
        assert!(own.monitor.is_none() && !own.monitored);
        assert_eq!(own.hubs[0].remotes, [vec!["tls://connect.ngs.global"]]);
        let auth = own.hubs[0].auth.value.describe();
        assert_eq!(auth, "credentials file /home/me/default.creds");
    }

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for (text, host, port, monitor) in [
            (
                "listen: \"[::1]:5\"\nhttp: 8222",
                "::1",
                5,
                Some("[::1]:8222"),
            ),
            ("listen: 5", "0.0.0.0", 5, None),
            ("host: h, port: -1, http: \"127.0.0.1:-1\"", "h", 0, None),
            ("http_port: 9", "0.0.0.0", 4222, Some("127.0.0.1:9")),
        ] {
            let own = read(text);
            assert_eq!((own.host.as_str(), own.port), (host, port), "{text}");
            assert_eq!(own.monitor.as_deref(), monitor, "{text}");
        }
        assert!(read("jetstream: enabled").domain.is_none());
    }
}
