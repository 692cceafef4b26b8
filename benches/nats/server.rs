//! Servers as processes of their own: the embedded one in a child of the benchmark, and nats-server.

use std::ffi::OsString;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wash::nats::embedded::{self, jetstream};

use super::wire::Connection;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Embedded,
    Nats,
}

/// A server with JetStream that answers; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    kind: Kind,
    child: Child,
    address: SocketAddr,
    ready_after: Duration,
    _store: TempDir,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Nats => "nats-server",
        }
    }
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Self {
        let store = TempDir::with_prefix("wash-bench").unwrap();
        // Known before the server is, so that neither has to tell it.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let port = address.port().to_string();
        let mut command = match kind {
            Kind::Embedded => {
                let mut it = Command::new(std::env::current_exe().unwrap());
                it.args([super::SERVE, &format!("{port}:{}", store.path().display())]);
                it
            }
            Kind::Nats => {
                let mut it = Command::new(nats_server());
                it.args(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"]);
                it.arg(store.path());
                it
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let begin = Instant::now();
        let child = command.stderr(Stdio::null()).spawn().unwrap();
        while Connection::try_open(address).is_none() {
            assert!(begin.elapsed() < Duration::from_secs(30), "{command:?}");
            std::thread::sleep(Duration::from_micros(200));
        }
        Self {
            kind,
            child,
            address,
            ready_after: begin.elapsed(),
            _store: store,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.kind.name()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the start of its process to its first PONG.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// What it says of its version.
    pub(crate) fn version(&self) -> String {
        let info = Connection::open(self.address).info().to_owned();
        let (_, rest) = info.split_once("\"version\":\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Bytes of it in memory.
    pub(crate) fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// Bytes in memory that no file stands behind.
    pub(crate) fn anonymous(&self) -> u64 {
        self.memory("RssAnon:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap();
        let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
        kib << 10
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until it is killed, as `wash up` does; `PORT:FOLDER` says where.
pub(crate) fn serve(place: &str) {
    let (port, store) = place.split_once(':').unwrap();
    let mut config = embedded::Config::new(([127, 0, 0, 1], port.parse().unwrap()).into());
    config.jetstream = Some(jetstream::Config::new(store));
    let _running = embedded::Server::start(config).unwrap();
    loop {
        std::thread::park();
    }
}

fn nats_server() -> OsString {
    let usual = PathBuf::from("/usr/sbin/nats-server");
    match std::env::var_os("WASH_NATS_SERVER") {
        Some(it) => it,
        None if usual.exists() => usual.into(),
        None => "nats-server".into(),
    }
}
