//! A real `nats-server` as a child process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(30);

/// In place of a path in `WASH_NATS_SERVER`: the server in this crate.
pub(super) const EMBEDDED: &str = "embedded";

/// A server that runs in a directory, by the `nats.conf` there.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Where the server writes what it listens on.
    ports: PathBuf,
}

impl Process {
    /// On this port; -1 is any. Also the server's URL, once it listens.
    pub(super) async fn start(dir: &Path, port: &str) -> (Self, String) {
        let child = Command::new(binary())
            .args(["-a", "127.0.0.1", "-p", port, "-c"])
            .arg(dir.join("nats.conf"))
            .arg("--ports_file_dir")
            .arg(dir)
            .arg("-sd")
            .arg(dir.join("store"))
            .arg("-l")
            .arg(dir.join("log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = dir.join(format!("nats-server_{}.ports", child.id()));
        let mut process = Self { child, ports };
        let url = process.started(dir).await;
        (process, url)
    }

    pub(super) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.ports);
    }

    async fn started(&mut self, dir: &Path) -> String {
        let give_up = Instant::now() + START_LIMIT;
        loop {
            // The file can be there before all of it is written.
            let found = std::fs::read(&self.ports)
                .ok()
                .and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
                .and_then(|ports| Some(ports.get("nats")?.get(0)?.as_str()?.to_owned()));
            if let Some(url) = found {
                return url;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("nats-server ended with {status}: {}", log(dir));
            }
            assert!(
                Instant::now() < give_up,
                "nats-server does not start: {}",
                log(dir)
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the server in this directory wrote.
pub(super) fn log(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("log")).unwrap_or_default()
}

/// The nats-server at `WASH_NATS_SERVER`, else the first on `PATH`, else where Debian keeps it.
fn binary() -> PathBuf {
    let given = std::env::var_os("WASH_NATS_SERVER");
    if let Some(path) = given.filter(|it| it != EMBEDDED) {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/bin".into()])
        .map(|dir| dir.join("nats-server"))
        .find(|path| path.is_file())
        .expect("no nats-server: install one or set WASH_NATS_SERVER")
}
