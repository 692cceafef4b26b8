//! The hub: a nats-server in operator mode with TLS, as `wash hub init` makes it.

use std::fs::File;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::eventually;
use super::space::Space;
use crate::env::TestEnv;
use crate::nats;

#[derive(Debug)]
pub(crate) struct Hub {
    env: TestEnv,
    pub(super) space: Space,
    /// Where leaves come in.
    pub(super) leaf: SocketAddr,
    child: Child,
}

impl Hub {
    pub(super) fn start(env: TestEnv, space: Space, address: IpAddr) -> Self {
        let port = || space.free_address().port();
        let (client, leaf, monitor) = (port(), port(), port());
        let args = [
            "hub",
            "init",
            "hub",
            "--self-signed",
            &address.to_string(),
            "--host",
            &address.to_string(),
            "--port",
            &client.to_string(),
            "--leaf-port",
            &leaf.to_string(),
            "--monitor-port",
            &monitor.to_string(),
        ]
        .map(str::to_owned);
        let _ = env.run(&args.each_ref().map(String::as_str)).success();
        let mut hub = Self {
            child: launch(&env, &space),
            env,
            space,
            leaf: (address, leaf).into(),
        };
        hub.ready();
        hub
    }

    fn ready(&mut self) {
        let Self {
            space, leaf, child, ..
        } = self;
        eventually("the hub listens", || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the hub's nats-server ended: {ended:?}");
            space.enter(|| TcpStream::connect(*leaf)).ok()
        });
    }

    /// Stops the server and starts it again, on the same ports.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    pub(crate) fn stop(&mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn start_again(&mut self) {
        self.child = launch(&self.env, &self.space);
        self.ready();
    }

    pub(crate) fn creds(&self) -> PathBuf {
        self.env.home().join("hub/creds/default.creds")
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.env.home().join("hub/tls/ca.pem")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(env: &TestEnv, space: &Space) -> Child {
    let mut log = File::options();
    let log = log.create(true).append(true);
    let log = log.open(env.home().join("hub.log")).unwrap();
    space.enter(|| {
        Command::new(nats::binary())
            .args(["--config", "hub/nats.conf"])
            .current_dir(env.home())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    })
}
