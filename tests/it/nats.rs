//! A real nats-server that was there before `wash up`: its own port and store, killed on drop.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::up::eventually;

#[derive(Debug)]
pub(crate) struct Nats {
    child: Child,
    pub(crate) port: u16,
    _dir: TempDir,
}

impl Nats {
    /// With JetStream and nothing else.
    pub(crate) fn start() -> Self {
        Self::start_with("jetstream { store_dir: \"STORE\" }")
    }

    /// With this configuration, in which STORE is a fresh directory.
    pub(crate) fn start_with(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nats.conf");
        let config = config.replace("STORE", dir.path().join("store").to_str().unwrap());
        std::fs::write(&path, config).unwrap();
        let mut child = Command::new(binary())
            .args(["-a", "127.0.0.1", "-p", "-1", "-c"])
            .arg(&path)
            .arg("--ports_file_dir")
            .arg(dir.path())
            .arg("-l")
            .arg(dir.path().join("log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = dir.path().join(format!("nats-server_{}.ports", child.id()));
        let port = eventually("NATS is ready", || {
            assert!(child.try_wait().unwrap().is_none(), "nats-server has ended");
            let text = std::fs::read_to_string(&ports).ok()?;
            let ports: serde_json::Value = serde_json::from_str(&text).ok()?;
            ports["nats"][0].as_str()?.rsplit_once(':')?.1.parse().ok()
        });
        Self {
            child,
            port,
            _dir: dir,
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server under test, which need not be on the PATH.
pub(crate) fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("WASH_NATS_SERVER") {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|it| it.join("nats-server"))
        .find(|it| it.is_file());
    found.expect("the tests need a nats-server on the PATH")
}

/// Far above what a loaded machine takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
