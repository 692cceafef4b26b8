//! A NATS server for one test: on a loopback port that the kernel picked, with a store of its own, gone when dropped.
//!
//! Which one, `WASH_NATS_SERVER` says: a path, or `embedded` for the one in this crate. The tests are the same for all.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::process::{EMBEDDED, Process};
use crate::nats::embedded;

/// A running server.
#[derive(Debug)]
pub(crate) struct NatsServer {
    kind: Kind,
    dir: TempDir,
    url: String,
}

/// What a server is to have; any kind of server can.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) jetstream: bool,
    pub(crate) domain: Option<&'static str>,
    /// Bytes on the disk, of all streams.
    pub(crate) max_storage: Option<u64>,
    /// Bytes of one message.
    pub(crate) max_payload: Option<usize>,
    pub(crate) login: Option<Login>,
    /// Certificate and key, both files in PEM.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// Clients show a certificate that this one has signed.
    pub(crate) client_ca: Option<PathBuf>,
}

/// What a client has to show.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    Token(&'static str),
    User(&'static str, &'static str),
    /// The public key.
    Key(String),
}

#[derive(Debug)]
enum Kind {
    Process(Process),
    /// None while it is stopped.
    Embedded(Box<Setup>, Option<embedded::Running>),
}

impl NatsServer {
    /// With JetStream.
    pub(crate) async fn start() -> Self {
        Self::start_with(Setup::jetstream()).await
    }

    /// Without JetStream.
    pub(crate) async fn start_bare() -> Self {
        Self::start_with(Setup::default()).await
    }

    pub(crate) async fn start_with(setup: Setup) -> Self {
        if std::env::var_os("WASH_NATS_SERVER").is_none_or(|it| it != EMBEDDED) {
            return Self::start_real(&setup.text()).await;
        }
        let dir = tempfile::tempdir().unwrap();
        let any = (Ipv4Addr::LOCALHOST, 0).into();
        let running = embedded::Server::start(setup.embedded(&dir, any)).unwrap();
        Self {
            url: format!("nats://{}", running.address()),
            kind: Kind::Embedded(Box::new(setup), Some(running)),
            dir,
        }
    }

    /// A real nats-server in any case, for what no other has: leaf nodes, accounts, operators, WebSockets. With this
    /// configuration; it must not set `listen`, `port` or `host`.
    pub(crate) async fn start_real(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("nats.conf"), config).unwrap();
        let (process, url) = Process::start(dir.path(), "-1").await;
        Self {
            kind: Kind::Process(process),
            dir,
            url,
        }
    }

    /// `nats://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An anonymous connection.
    pub(crate) async fn client(&self) -> async_nats::Client {
        async_nats::connect(self.url()).await.unwrap()
    }

    /// What a real nats-server wrote.
    pub(crate) fn log(&self) -> String {
        super::process::log(self.dir.path())
    }

    /// Ends the server and starts it again: same port, same store. Connections are lost meanwhile.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let address = self.url.trim_start_matches("nats://");
        match &mut self.kind {
            Kind::Process(it) => {
                let (_, port) = address.rsplit_once(':').unwrap();
                (*it, self.url) = Process::start(self.dir.path(), port).await;
            }
            Kind::Embedded(setup, running) => {
                let config = setup.embedded(&self.dir, address.parse().unwrap());
                *running = Some(embedded::Server::start(config).unwrap());
            }
        }
    }

    /// Ends the server; its store stays until this is dropped.
    pub(crate) async fn stop(&mut self) {
        match &mut self.kind {
            Kind::Process(it) => it.stop(),
            Kind::Embedded(_, running) => {
                if let Some(it) = running.take() {
                    it.shutdown(Duration::ZERO).await;
                }
            }
        }
    }
}

impl Setup {
    /// With JetStream, and nothing else.
    pub(crate) fn jetstream() -> Self {
        Self {
            jetstream: true,
            ..Self::default()
        }
    }

    /// With JetStream in this domain.
    pub(crate) fn domain(name: &'static str) -> Self {
        Self {
            domain: Some(name),
            ..Self::jetstream()
        }
    }

    /// With JetStream that keeps so many bytes on the disk.
    pub(crate) fn max_storage(bytes: u64) -> Self {
        Self {
            max_storage: Some(bytes),
            ..Self::jetstream()
        }
    }

    pub(crate) fn login(login: Login) -> Self {
        Self {
            login: Some(login),
            ..Self::default()
        }
    }

    /// As nats-server reads it.
    fn text(&self) -> String {
        let mut lines = Vec::new();
        if self.jetstream {
            let domain = self.domain.map(|it| format!("domain: {it}"));
            let room = self.max_storage.map(|it| format!("max_file_store: {it}"));
            let fields: Vec<_> = domain.into_iter().chain(room).collect();
            lines.push(format!("jetstream {{ {} }}", fields.join(", ")));
        }
        lines.extend(self.max_payload.map(|it| format!("max_payload: {it}")));
        lines.extend(self.login.as_ref().map(|it| match it {
            Login::Token(it) => format!("authorization {{ token: {it:?} }}"),
            Login::User(name, password) => {
                format!("authorization {{ user: {name:?}, password: {password:?} }}")
            }
            Login::Key(it) => format!("authorization {{ users: [ {{ nkey: {it} }} ] }}"),
        }));
        lines.extend(self.tls.as_ref().map(|(certificate, key)| {
            let ca = self.client_ca.as_ref();
            let ca = ca.map(|it| format!(", ca_file: {it:?}, verify: true"));
            format!(
                "tls {{ cert_file: {certificate:?}, key_file: {key:?}{} }}",
                ca.unwrap_or_default()
            )
        }));
        lines.join("\n")
    }

    fn embedded(&self, dir: &TempDir, listen: SocketAddr) -> embedded::Config {
        let mut config = embedded::Config::new(listen);
        if self.jetstream {
            let mut streams = embedded::jetstream::Config::new(dir.path().join("store"));
            streams.domain = self.domain.map(str::to_owned);
            streams.max_storage = self.max_storage;
            config.jetstream = Some(streams);
        }
        if let Some(it) = self.max_payload {
            config.max_payload = it;
        }
        if let Some(it) = &self.login {
            let credential = match it.clone() {
                Login::Token(it) => embedded::Credential::Token(it.to_owned()),
                Login::User(name, password) => embedded::Credential::User {
                    name: name.to_owned(),
                    password: password.to_owned(),
                },
                Login::Key(it) => embedded::Credential::Nkey(it),
            };
            config.auth = embedded::Auth::new(vec![credential]).unwrap();
        }
        config.tls = self.tls.clone().map(|(certificate, key)| embedded::Tls {
            certificate,
            key,
            client_ca: self.client_ca.clone(),
        });
        config
    }
}

#[tokio::test]
async fn a_server_starts_again_with_its_store() {
    let mut server = NatsServer::start_with(Setup::domain("hub")).await;
    let info = |client: async_nats::Client| async move {
        // Asked by hand: the client's own type cannot read a 2.9 server's answer to this.
        let answer = client.request("$JS.hub.API.INFO", "".into()).await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&answer.payload).unwrap()
    };
    let client = server.client().await;
    let create = r#"{"name":"S","subjects":["s"]}"#;
    let made = client.request("$JS.API.STREAM.CREATE.S", create.into());
    let made = String::from_utf8(made.await.unwrap().payload.into()).unwrap();
    assert!(made.contains("\"did_create\":true"), "{made}");
    server.restart().await;
    let answer = info(server.client().await).await;
    assert_eq!(answer["streams"], 1, "{answer}");
    assert!(answer.get("limits").is_some(), "{answer}");
}
