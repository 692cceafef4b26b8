//! Where a machine is on the network: a namespace of its own, or here with everybody.
//!
//! A namespace has no name in the file system. It is there while a descriptor or a process holds it, so nothing of
//! it is left over, however a run ends.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::{eventually, sys};

const NO_NAMESPACES: &str = "no network namespace could be made: run as root or under `unshare -Urn`; \
                             WASH_TEST_NO_NETNS=1 leaves out the tests that need some";

#[derive(Clone, Debug)]
pub(crate) enum Space {
    Here,
    Own(Arc<File>),
}

impl Space {
    /// A new namespace, in which only the loopback device is up.
    pub(crate) fn new() -> Self {
        let ours = std::fs::read_link("/proc/self/ns/net").unwrap();
        // It waits for the end of its input, which comes at the latest with ours.
        let mut keeper = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(NO_NAMESPACES);
        let path = format!("/proc/{}/ns/net", keeper.id());
        let file = eventually("a network namespace", || {
            let ended = keeper.try_wait().unwrap();
            assert!(ended.is_none(), "{NO_NAMESPACES}");
            let theirs = std::fs::read_link(&path).ok()?;
            (theirs != ours).then(|| File::open(&path).unwrap())
        });
        drop(keeper.stdin.take());
        keeper.wait().unwrap();
        let space = Self::Own(Arc::new(file));
        space.ip("link set lo up");
        space
    }

    /// Runs `act` there, on a thread of its own.
    pub(crate) fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> T {
        let Self::Own(file) = self else {
            return act();
        };
        let there = || {
            sys::enter(file).unwrap();
            act()
        };
        std::thread::scope(|scope| scope.spawn(there).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Lets `act` run there.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let space = self.clone();
        std::thread::spawn(move || {
            if let Self::Own(file) = space {
                sys::enter(&file).unwrap();
            }
            act()
        })
    }

    /// An address there that nobody uses.
    pub(crate) fn free_address(&self) -> SocketAddr {
        self.enter(|| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap()
        })
    }

    /// `ip` with these words.
    #[track_caller]
    pub(super) fn ip(&self, words: &str) {
        let output = self.try_ip(words).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {words}: {stderr}");
    }

    pub(super) fn try_ip(&self, words: &str) -> std::io::Result<Output> {
        self.enter(|| Command::new(ip()).args(words.split(' ')).output())
    }
}

/// Where it is also for those without administrators' folders on their path.
fn ip() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join("ip"))
        .find(|path| path.is_file())
        .expect("no `ip`: install iproute2")
}

/// Runs the test `name` where namespaces can be made: here, or, without the privileges, in a user namespace, where
/// this program is started once more for that test alone.
pub(crate) fn with_namespaces(name: &str, test: impl FnOnce()) {
    if std::env::var_os("WASH_TEST_NO_NETNS").is_some() {
        return;
    }
    if rustix::process::geteuid().is_root() {
        return test();
    }
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .status()
        .expect(NO_NAMESPACES);
    assert!(
        status.success(),
        "{status}; if it says nothing else: {NO_NAMESPACES}"
    );
}
