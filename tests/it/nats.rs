//! A real `nats-server` per test: a port that the kernel picked, its own store, gone when dropped.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct NatsServer {
    child: Child,
    dir: TempDir,
    url: String,
}

impl NatsServer {
    /// With JetStream.
    pub(crate) fn start() -> Self {
        Self::start_with("jetstream {}")
    }

    /// With this configuration, besides address, port and store.
    pub(crate) fn start_with(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("nats.conf"), config).unwrap();
        let mut server = Self {
            child: launch(&dir, "-1"),
            dir,
            url: String::new(),
        };
        server.url = server.started();
        server
    }

    /// Ends the server at once; its store stays.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(self.ports());
    }

    /// Starts the server again after [`Self::stop`]: same port, same store.
    pub(crate) fn start_again(&mut self) {
        let port = self.port().to_owned();
        self.child = launch(&self.dir, &port);
        self.url = self.started();
    }

    /// Where the server writes what it listens on.
    fn ports(&self) -> PathBuf {
        let name = format!("nats-server_{}.ports", self.child.id());
        self.dir.path().join(name)
    }

    /// The server's address, as soon as it listens.
    fn started(&mut self) -> String {
        let ports = self.ports();
        let give_up = Instant::now() + Duration::from_secs(30);
        loop {
            // The file can be there before all of it is written.
            let found = std::fs::read(&ports)
                .ok()
                .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
                .and_then(|ports| Some(ports.get("nats")?.get(0)?.as_str()?.to_owned()));
            if let Some(url) = found {
                return url;
            }
            assert!(Instant::now() < give_up, "nats-server does not start");
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("nats-server ended with {status}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// `nats://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit_once(':').unwrap().1
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

fn launch(dir: &TempDir, port: &str) -> Child {
    Command::new(binary())
        .args(["-a", "127.0.0.1", "-p", port, "-c"])
        .arg(dir.path().join("nats.conf"))
        .arg("--ports_file_dir")
        .arg(dir.path())
        .arg("-sd")
        .arg(dir.path().join("store"))
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

/// `WASH_NATS_SERVER`, else the first on `PATH`, else where Debian keeps it.
pub(crate) fn binary() -> PathBuf {
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
