//! A real `nats-server` per test: a port that the kernel picked, its own store, gone when dropped.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct NatsServer {
    child: Child,
    _dir: TempDir,
    url: String,
}

impl NatsServer {
    /// With JetStream.
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = Command::new(binary())
            .args(["-a", "127.0.0.1", "-p", "-1", "-js"])
            .arg("--ports_file_dir")
            .arg(dir.path())
            .arg("-sd")
            .arg(dir.path().join("store"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = format!("nats-server_{}.ports", child.id());
        let ports = dir.path().join(ports);
        let mut server = Self {
            child,
            _dir: dir,
            url: String::new(),
        };
        let give_up = Instant::now() + Duration::from_secs(30);
        loop {
            // The file can be there before all of it is written.
            let found = std::fs::read(&ports)
                .ok()
                .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
                .and_then(|ports| Some(ports.get("nats")?.get(0)?.as_str()?.to_owned()));
            if let Some(url) = found {
                server.url = url;
                return server;
            }
            assert!(Instant::now() < give_up, "nats-server does not start");
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("nats-server ended with {status}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// `nats://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
