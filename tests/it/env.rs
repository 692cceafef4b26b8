//! A sealed environment for the binary: its own home, no variables of ours, a fixed width.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::nats;

/// Far above what any command takes, also on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home directory of its own, deleted on drop.
#[derive(Debug)]
pub(crate) struct TestEnv {
    home: TempDir,
    variables: Vec<(String, String)>,
    /// A command before the binary.
    wrapper: Vec<String>,
}

/// What a command wrote, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit code; -1 for an end by a signal.
    pub(crate) code: i32,
    args: Vec<String>,
}

impl TestEnv {
    pub(crate) fn new() -> Self {
        Self::with_prefix("wash")
    }

    /// In a directory whose name begins with this.
    pub(crate) fn with_prefix(prefix: &str) -> Self {
        Self {
            home: tempfile::Builder::new().prefix(prefix).tempdir().unwrap(),
            variables: Vec::new(),
            wrapper: Vec::new(),
        }
    }

    /// `wash up` starts a real nats-server here in any case: for leaf nodes, a configuration of one's own, or what is
    /// said of the process.
    pub(crate) fn with_nats_server(mut self) -> Self {
        if nats::is_embedded() {
            self.set("WASH_NATS_SERVER", nats::binary());
        }
        self
    }

    /// Sets a variable for every later command.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<Path>) -> &mut Self {
        let value = value.as_ref().to_str().unwrap().to_owned();
        self.variables.push((name.to_owned(), value));
        self
    }

    /// Lets every later command be run by this one, which gets it as its last arguments.
    pub(crate) fn within(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|&it| it.to_owned()).collect();
    }

    /// As [`Self::within`], inside of the one before.
    pub(crate) fn within_too(&mut self, wrapper: &[&str]) {
        self.wrapper.extend(wrapper.iter().map(|&it| it.to_owned()));
    }

    /// The home directory, where commands also run.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file below the home directory.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A command that is not started yet: stdin is empty, stdout and stderr are pipes.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let wrapper = self.wrapper.iter().map(String::as_str);
        let mut words = wrapper.chain([env!("CARGO_BIN_EXE_wash")]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command.args(args).env_clear().current_dir(self.home());
        for kept in ["PATH", "WASH_NATS_SERVER", "WASH_NATS_SERVERS"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        let home = self.home();
        command
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_STATE_HOME", home.join(".local/state"))
            .env("XDG_CACHE_HOME", home.join(".cache"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("COLUMNS", "100")
            .env("TERM", "dumb")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    #[must_use = "check how it ended"]
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.finish(self.command(args).spawn().unwrap(), args)
    }

    /// Runs the binary to its end, with text on stdin.
    #[must_use = "check how it ended"]
    pub(crate) fn run_with_stdin(&self, args: &[&str], stdin: &str) -> Output {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read its stdin may have closed it.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        self.finish(child, args)
    }

    fn finish(&self, mut child: Child, args: &[&str]) -> Output {
        let stdout = read(child.stdout.take().unwrap());
        let stderr = read(child.stderr.take().unwrap());
        let status = wait(&mut child, args);
        Output {
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
            code: status.code().unwrap_or(-1),
            args: args.iter().map(|it| (*it).to_owned()).collect(),
        }
    }
}

impl Output {
    /// Panics unless the command succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert_eq!(self.code, 0, "{self}");
        self
    }

    /// Panics unless the command failed with this exit code.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// The one document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            stdout,
            stderr,
            code,
            args,
        } = self;
        write!(
            f,
            "wash {} exits with {code}\n{stdout}\n{stderr}",
            args.join(" ")
        )
    }
}

fn read(mut pipe: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

/// Waits for a child, and kills it when patience ends.
fn wait(child: &mut Child, args: &[&str]) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            let _ = child.wait();
            panic!("wash {} does not end", args.join(" "));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
