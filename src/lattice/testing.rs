//! A real `nats-server` for tests: its own port, its own store, gone when dropped.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running server with JetStream, on a loopback port that the kernel picked.
#[derive(Debug)]
pub(crate) struct NatsServer {
    child: Child,
    dir: TempDir,
    args: Vec<String>,
    url: String,
}

impl NatsServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(&["-js"]).await
    }

    /// With these arguments only, besides address, port, store and log. No JetStream unless asked for.
    pub(crate) async fn start_with(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::spawn(dir, args).await
    }

    /// With this configuration file; it must not set `listen`, `port` or `host`.
    pub(crate) async fn start_with_config(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nats.conf");
        std::fs::write(&path, config).unwrap();
        Self::spawn(dir, &["-c", path.to_str().unwrap()]).await
    }

    /// `nats://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An anonymous connection.
    pub(crate) async fn client(&self) -> async_nats::Client {
        async_nats::connect(self.url()).await.unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Ends the server and starts it again: same port, same store. Connections are lost meanwhile.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        let port = self.url.rsplit(':').next().unwrap().to_owned();
        self.child = launch(&self.dir, &port, &self.args);
        self.url = self.started().await;
    }

    /// Ends the server; its store stays until this is dropped.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(self.ports());
    }

    /// Where the server writes what it listens on.
    fn ports(&self) -> PathBuf {
        let name = format!("nats-server_{}.ports", self.child.id());
        self.dir.path().join(name)
    }

    async fn spawn(dir: TempDir, args: &[&str]) -> Self {
        let args: Vec<_> = args.iter().map(|&it| it.to_owned()).collect();
        let mut server = Self {
            child: launch(&dir, "-1", &args),
            dir,
            args,
            url: String::new(),
        };
        server.url = server.started().await;
        server
    }

    /// The server's address, as soon as it listens.
    async fn started(&mut self) -> String {
        let ports = self.ports();
        let give_up = Instant::now() + START_LIMIT;
        loop {
            // The file can be there before all of it is written.
            let found = std::fs::read(&ports)
                .ok()
                .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
                .and_then(|ports| Some(ports.get("nats")?.get(0)?.as_str()?.to_owned()));
            if let Some(url) = found {
                return url;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("nats-server ended with {status}: {}", self.log());
            }
            assert!(
                Instant::now() < give_up,
                "nats-server does not start: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn launch(dir: &TempDir, port: &str, args: &[String]) -> Child {
    Command::new(binary())
        .args(["-a", "127.0.0.1", "-p", port])
        .arg("--ports_file_dir")
        .arg(dir.path())
        .arg("-sd")
        .arg(dir.path().join("store"))
        .arg("-l")
        .arg(dir.path().join("log"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cable between two servers that can be cut: a TCP proxy on a loopback port that the kernel picked.
#[derive(Debug)]
pub(crate) struct Cable {
    port: u16,
    whole: watch::Sender<bool>,
    _task: AbortOnDropHandle<()>,
}

impl Cable {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = listener.local_addr().unwrap().port();
        let whole = watch::Sender::new(true);
        let mut state = whole.subscribe();
        let task = async move {
            let mut lines = JoinSet::new();
            loop {
                let Ok((mut this, _)) = listener.accept().await else {
                    return;
                };
                if !*state.borrow_and_update() {
                    continue;
                }
                let mut cut = state.clone();
                lines.spawn(async move {
                    let Ok(mut that) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut this, &mut that) => {}
                        _ = cut.wait_for(|whole| !whole) => {}
                    }
                });
            }
        };
        Self {
            port: near,
            whole,
            _task: AbortOnDropHandle::new(tokio::spawn(task)),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection, and takes no new ones.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

/// `WASH_NATS_SERVER`, else the first on `PATH`, else where Debian keeps it.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("WASH_NATS_SERVER") {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/bin".into()])
        .map(|dir| dir.join("nats-server"))
        .find(|path| path.is_file())
        .expect("no nats-server: install one or set WASH_NATS_SERVER")
}

/// Waits until `condition` holds, at most 20 seconds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < give_up, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_server_starts_and_speaks_jetstream() {
    let server = NatsServer::start().await;
    let client = server.client().await;
    // Asked by hand: the client's own type cannot read a 2.9 server's answer to this.
    let answer = client.request("$JS.API.INFO", "".into()).await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    assert!(answer.get("limits").is_some(), "{answer}");
}
