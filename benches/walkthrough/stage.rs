//! What the benchmark acts on: a sealed home, the release binary, a nats-server; all of it gone when dropped.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use wash::claims::jwt::Token;
use wash::claims::{ActorMetadata, KeyKind, Seed, module};

use super::mesh;

/// The binary that is measured.
pub(crate) const WASH: &str = env!("CARGO_BIN_EXE_wash");

/// Far above what anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A child process, killed on drop.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}")))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn memory(&self) -> Memory {
        Memory::of(self.0.id())
    }

    /// From now on, the most it holds is counted anew.
    pub(crate) fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.0.id()), "5").unwrap();
    }

    /// What it has computed so far, in user and kernel mode.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        // The name, the second field, is in brackets and may have spaces.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let ticks = fields.split(' ').skip(11).take(2);
        let ticks: u64 = ticks.map(|it| it.parse::<u64>().unwrap()).sum();
        // Linux counts a hundred a second for programs, whatever it does inside.
        Duration::from_millis(ticks * 10)
    }

    /// Waits until `log` has a word after `mark`, and returns it.
    pub(crate) fn announced(&mut self, log: &Path, mark: &str) -> String {
        eventually(mark, || {
            if let Ok(Some(status)) = self.0.try_wait() {
                panic!("it ended with {status}; see {}", log.display());
            }
            let text = std::fs::read_to_string(log).ok()?;
            let (_, rest) = text.split_once(mark)?;
            let (word, _) = rest.split_once(char::is_whitespace)?;
            Some(word.to_owned())
        })
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        let pid = Pid::from_raw(self.0.id().try_into().unwrap()).unwrap();
        let _ = kill_process(pid, Signal::TERM);
        eventually("the end of a process", || self.0.try_wait().unwrap());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a process holds in memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// All of it that is resident.
    pub(crate) resident: u64,
    /// That part which no file stands behind.
    pub(crate) anonymous: u64,
    /// The most that was resident since its start, or since that was forgotten.
    pub(crate) peak: u64,
}

impl Memory {
    fn of(pid: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|it| it.strip_prefix(name)).unwrap();
            let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
            kib << 10
        };
        Self {
            resident: field("VmRSS:"),
            anonymous: field("RssAnon:"),
            peak: field("VmHWM:"),
        }
    }
}

/// A home directory of its own.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::with_prefix("wash-bench").unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The binary in this home, with none of our variables.
    pub(crate) fn wash(&self, args: &[&str]) -> Command {
        let mut command = Command::new(WASH);
        command.args(args).env_clear().current_dir(self.path());
        for kept in ["PATH", "WASH_NATS_SERVER"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.env("HOME", self.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command of the lattice at this URL, with `-o json`; returns the document and the time it took.
    pub(crate) fn ask(&self, nats: &str, args: &[&str]) -> (Value, Duration) {
        let mut command = self.wash(args);
        command.args(["-o", "json"]).env("WASH_NATS_URL", nats);
        let begin = Instant::now();
        let output = command.output().unwrap();
        let time = begin.elapsed();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stdout}{stderr}");
        (serde_json::from_str(&stdout).unwrap(), time)
    }

    /// Writes hello under a key that nobody has seen, so nobody has compiled it; returns path and key.
    pub(crate) fn new_hello(&self, name: &str) -> (PathBuf, String) {
        let wasm = std::fs::read(examples().join("hello/hello.wasm")).unwrap();
        self.new_actor(name, &wasm)
    }

    /// Writes a module that may serve HTTP under a new key; returns path and key.
    pub(crate) fn new_actor(&self, name: &str, wasm: &[u8]) -> (PathBuf, String) {
        let (account, key) = (
            Seed::generate(KeyKind::Account),
            Seed::generate(KeyKind::Module),
        );
        let metadata = ActorMetadata {
            name: Some(name.to_owned()),
            caps: Some(vec!["wasmcloud:httpserver".to_owned()]),
            rev: Some(1),
            ..ActorMetadata::default()
        };
        let token = Token::new(&account, key.public(), metadata, 0);
        let signed = module::sign(wasm, token, &account).unwrap();
        let path = self.path().join(format!("{name}.wasm"));
        std::fs::write(&path, signed).unwrap();
        (path, key.public())
    }

    /// Bytes of all compiled code that hosts of this home keep, and how many files they are.
    pub(crate) fn compiled(&self) -> (u64, u64) {
        fn walk(dir: &Path, found: &mut Vec<u64>) {
            for entry in dir.read_dir().into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.extension().is_some_and(|it| it == "cwasm") {
                    found.push(entry.metadata().unwrap().len());
                }
            }
        }
        let mut found = Vec::new();
        walk(self.path(), &mut found);
        (found.iter().sum(), found.len().try_into().unwrap())
    }
}

/// A `wash up` that is ready.
#[derive(Debug)]
pub(crate) struct Up {
    pub(crate) process: Process,
    pub(crate) nats: String,
    /// From its start until it said so.
    pub(crate) ready_after: Duration,
}

impl Up {
    /// With a nats-server of its own.
    pub(crate) fn start(home: &Home) -> Self {
        Self::with(home, &["--nats-port", "0"])
    }

    pub(crate) fn with(home: &Home, args: &[&str]) -> Self {
        let mut command = home.wash(&["up", "-o", "json"]);
        let log = File::create(home.path().join("up.log")).unwrap();
        command.args(args).stdout(Stdio::piped()).stderr(log);
        let begin = Instant::now();
        let mut process = Process::spawn(&mut command);
        let mut stdout = BufReader::new(process.0.stdout.take().unwrap());
        let mut text = String::new();
        while !text.ends_with("\n}\n") {
            let read = stdout.read_line(&mut text).unwrap();
            assert!(read > 0, "wash up ended: {text}");
        }
        let ready_after = begin.elapsed();
        let ready: Value = serde_json::from_str(&text).unwrap();
        let field = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self {
            nats: field("nats_url"),
            process,
            ready_after,
        }
    }
}

/// A nats-server with JetStream.
#[derive(Debug)]
pub(crate) struct Nats {
    pub(crate) process: Process,
    _dir: TempDir,
    pub(crate) url: String,
    /// Where it tells about itself over HTTP.
    monitor: String,
}

impl Nats {
    pub(crate) fn start() -> Self {
        Self::configured("listen: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\njetstream {}\n")
    }

    /// With this configuration, which names neither directory nor log.
    pub(crate) fn configured(config: &str) -> Self {
        let dir = TempDir::with_prefix("wash-bench").unwrap();
        let file = dir.path().join("nats.conf");
        std::fs::write(&file, config).unwrap();
        let process = Process::spawn(
            Command::new(nats_server())
                .arg("-c")
                .arg(file)
                .arg("-sd")
                .arg(dir.path())
                .arg("-l")
                .arg(dir.path().join("nats.log"))
                .arg("--ports_file_dir")
                .arg(dir.path()),
        );
        let ports = format!("nats-server_{}.ports", process.0.id());
        let ports = dir.path().join(ports);
        let (url, monitor) = eventually("nats-server", || {
            let text = std::fs::read(&ports).ok()?;
            let ports: Value = serde_json::from_slice(&text).ok()?;
            let first = |kind: &str| Some(ports[kind][0].as_str()?.to_owned());
            Some((first("nats")?, first("monitoring")?))
        });
        Self {
            process,
            _dir: dir,
            url,
            monitor: monitor.trim_start_matches("http://").to_owned(),
        }
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit_once(':').unwrap().1
    }

    /// A page of its monitoring.
    pub(crate) fn asked(&self, path: &str) -> Value {
        eventually("the server's monitoring", || mesh::get(&self.monitor, path))
    }
}

pub(crate) fn nats_server() -> PathBuf {
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

pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// An address that the kernel picked and nobody uses.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Polls until there is a value.
pub(crate) fn eventually<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
