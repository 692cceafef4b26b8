//! A `wash up` as a child process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::thread::JoinHandle;

use serde_json::Value;

use crate::abuse::{PATIENCE, eventually};
use crate::env::TestEnv;

/// A `wash up` in the foreground that has said that it is ready; killed on drop.
pub(crate) struct Up {
    child: Child,
    pub(crate) ready: Value,
    stderr: Option<JoinHandle<String>>,
}

impl Up {
    #[track_caller]
    pub(crate) fn start(env: &TestEnv, args: &[&str]) -> Self {
        let mut command = env.command(&["up", "-o", "json"]);
        Self::spawn(command.args(args))
    }

    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let (send, document) = mpsc::channel();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut text = String::new();
            while !text.ends_with("\n}\n") && stdout.read_line(&mut text).unwrap() > 0 {}
            let _ = send.send(text);
            // Kept open: a pipe that nobody reads must not end the host.
            let _ = stdout.read_to_end(&mut Vec::new());
        });
        let text = document.recv_timeout(PATIENCE).unwrap_or_default();
        let ready: Value = serde_json::from_str(&text).unwrap_or_default();
        if ready["success"] != true {
            let _ = child.kill();
            let _ = child.wait();
            panic!("not ready: {text}\n{}", stderr.join().unwrap());
        }
        Self {
            child,
            ready,
            stderr: Some(stderr),
        }
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Panics if the process has ended.
    #[track_caller]
    pub(crate) fn alive(&mut self) {
        let status = self.child.try_wait().unwrap();
        assert!(status.is_none(), "the host ended with {status:?}");
    }

    /// Waits for the end; exit status and stderr.
    #[track_caller]
    pub(crate) fn end(&mut self) -> (ExitStatus, String) {
        let status = eventually("`wash up` ends", || self.child.try_wait().unwrap());
        (status, self.stderr.take().unwrap().join().unwrap())
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Killed, it leaves a server of its own behind.
        #[cfg(unix)]
        if self.stderr.is_some()
            && self.ready["nats_kind"] == "server"
            && let Some(nats) = self.ready["nats_pid"].as_i64()
        {
            let pid = rustix::process::Pid::from_raw(i32::try_from(nats).unwrap());
            let _ = rustix::process::kill_process(pid.unwrap(), rustix::process::Signal::KILL);
        }
    }
}
