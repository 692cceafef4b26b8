//! A machine: a sealed home, a place on the network, and `wash up` with its own leaf nats-server.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::relay::Relay;
use super::space::Space;
use super::weather::{Sky, Weather};
use super::wire::Wire;
use super::{PATIENCE, eventually};
use crate::env::{Output, TestEnv};

#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) env: TestEnv,
    pub(crate) space: Space,
    pub(super) sky: Sky,
    pub(super) line: Line,
    /// Of `wash up`.
    pub(super) args: Vec<String>,
    pub(super) host: Option<Child>,
    /// What `wash up` said.
    pub(crate) ready: Value,
}

/// Kept for what its drop does.
#[derive(Debug)]
pub(super) enum Line {
    Wire { _wire: Wire },
    Relay(Relay),
}

impl Machine {
    /// Starts `wash up` with the arguments that this machine has, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        self.spawn();
        self.await_ready();
    }

    /// Starts `wash up` without waiting.
    pub(super) fn spawn(&mut self) {
        assert!(self.host.is_none(), "{} runs already", self.name);
        let home = self.env.home();
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let mut command = self.env.command(&["up", "-o", "json", "--nats-port", "0"]);
        let log = File::options()
            .create(true)
            .append(true)
            .open(home.join("up.log"))
            .unwrap();
        command
            .args(args)
            .stdout(File::create(home.join("up.json")).unwrap())
            .stderr(log);
        self.host = Some(self.space.enter(|| command.spawn().unwrap()));
    }

    #[track_caller]
    pub(super) fn await_ready(&mut self) {
        let home = self.env.home();
        let host = self.host.as_mut().unwrap();
        self.ready = eventually("a host is ready", || {
            let ended = host.try_wait().unwrap();
            let text = std::fs::read_to_string(home.join("up.json")).unwrap();
            if let Some(status) = ended {
                let log = std::fs::read_to_string(home.join("up.log")).unwrap();
                panic!(
                    "`wash up` on {} ended with {status}: {text}\n{log}",
                    self.name
                );
            }
            serde_json::from_str(&text).ok()
        });
        assert_eq!(self.ready["success"], true, "{}", self.ready);
        assert_eq!(self.ready["leaf"]["established"], true, "{}", self.ready);
    }

    pub(crate) fn host_id(&self) -> &str {
        self.ready["host_id"].as_str().unwrap()
    }

    /// Where its NATS is.
    pub(crate) fn nats(&self) -> &str {
        self.ready["nats_url"].as_str().unwrap()
    }

    /// A command of its owner, who asks the NATS of this machine.
    #[must_use = "check how it ended"]
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let args = [args, &["-s", self.nats()]].concat();
        self.space.enter(|| self.env.run(&args))
    }

    /// The document that a command with `-o json` writes.
    #[track_caller]
    pub(crate) fn ask(&self, args: &[&str]) -> Value {
        self.run(&[args, &["-o", "json"]].concat()).success().json()
    }

    /// The answer of its own web server to a GET, if it is 200.
    pub(crate) fn get(&self, address: SocketAddr) -> Option<String> {
        self.space.enter(|| {
            let mut stream = TcpStream::connect(address).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
                .write_all(b"GET /a/path HTTP/1.0\r\nHost: x\r\n\r\n")
                .ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            let (head, body) = answer.split_once("\r\n\r\n")?;
            head.contains(" 200 ").then(|| body.to_owned())
        })
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        self.sky.set(weather);
    }

    pub(crate) fn cut(&self) {
        self.set_weather(Weather::CUT);
    }

    pub(crate) fn heal(&self) {
        self.set_weather(Weather::default());
    }

    /// Ends `wash` as `kill -9` does; its nats-server lives on.
    pub(crate) fn kill_host(&mut self) {
        if let Some(mut host) = self.host.take() {
            let _ = host.kill();
            let _ = host.wait();
        }
    }

    /// Everything that runs on it ends at once.
    pub(crate) fn kill(&mut self) {
        self.kill_host();
        kill_all(self.env.home());
    }

    pub(crate) fn signal_host(&self, signal: Signal) {
        let host = self.host.as_ref().unwrap();
        kill_process(Pid::from_child(host), signal).unwrap();
    }

    /// To all that runs on it.
    pub(crate) fn signal(&self, signal: Signal) {
        for pid in processes(self.env.home()) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends all processes whose working directory is in here, and waits until they are gone.
pub(super) fn kill_all(home: &Path) {
    let give_up = std::time::Instant::now() + PATIENCE;
    loop {
        let left = processes(home);
        if left.is_empty() || std::time::Instant::now() > give_up {
            return;
        }
        for pid in left {
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// The processes whose working directory is in here. Homes are ours alone, so what runs in one is, too.
fn processes(home: &Path) -> Vec<Pid> {
    let all = Path::new("/proc").read_dir().unwrap().flatten();
    all.filter_map(|it| {
        let number = it.file_name().to_str()?.parse().ok()?;
        let directory = std::fs::read_link(it.path().join("cwd")).ok()?;
        directory.starts_with(home).then(|| Pid::from_raw(number))?
    })
    .collect()
}
