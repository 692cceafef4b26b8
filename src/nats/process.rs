//! A process named so that nobody else's is ever signalled: by its pid and when it started.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// One process; a later one with the same pid is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    pub pid: u32,
    /// Seconds since 1970, as the system tells it.
    pub started: u64,
}

/// What a process is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    Kill,
    /// Read its configuration again. Only on Unix.
    Reload,
}

/// The system derives the time from the time since boot, so it moves a little when the clock is set.
const TOLERANCE: u64 = 2;

impl ProcessId {
    /// The process that has this pid now; none if there is none.
    pub fn of(pid: u32) -> Option<Self> {
        let started = started(pid)?;
        Some(Self { pid, started })
    }

    /// This process.
    pub fn current() -> Option<Self> {
        Self::of(std::process::id())
    }

    pub fn is_running(self) -> bool {
        started(self.pid).is_some_and(|it| it.abs_diff(self.started) <= TOLERANCE)
    }

    /// What it was started with, its own name included; empty if the system does not tell.
    pub fn arguments(self) -> Vec<String> {
        let pid = Pid::from_u32(self.pid);
        let Ok(mut system) = System::new() else {
            return Vec::new();
        };
        let kind = ProcessRefreshKind::nothing()
            .without_tasks()
            .with_cmd(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
        let text = |it: &std::ffi::OsString| it.to_string_lossy().into_owned();
        let process = system.process(pid);
        process.map_or_else(Vec::new, |it| it.cmd().iter().map(text).collect())
    }

    /// Sends a signal if the process still runs; false if it does not or cannot be signalled.
    pub fn signal(self, signal: Signal) -> bool {
        send(self, signal)
    }

    /// Asks the process to end, kills it after `grace`, and returns once it is gone; false if it is not.
    pub async fn end(self, grace: Duration) -> bool {
        self.signal(Signal::Terminate);
        if self.gone_within(grace).await {
            return true;
        }
        self.signal(Signal::Kill);
        self.gone_within(AFTER_KILL).await
    }

    /// Waits until the process is gone, for at most `limit`; false if it is not.
    pub async fn gone_within(self, limit: Duration) -> bool {
        let gone = async {
            while self.is_running() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(limit, gone).await.is_ok()
    }
}

/// How often a process that is not our child is looked at.
const POLL: Duration = Duration::from_millis(20);

/// A killed process is gone at once, unless the kernel waits for a device.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// None for a process that has ended but has not been waited for, too.
fn started(pid: u32) -> Option<u64> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new().ok()?;
    let kind = ProcessRefreshKind::nothing().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), false, kind);
    let process = system.process(pid)?;
    let ended = matches!(
        process.status(),
        sysinfo::ProcessStatus::Zombie | sysinfo::ProcessStatus::Dead
    );
    (!ended).then(|| process.start_time())
}

/// The handle is opened before the start time is compared, so the pid cannot change hands in between.
#[cfg(target_os = "linux")]
fn send(process: ProcessId, signal: Signal) -> bool {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let Some(pid) = raw(process) else {
        return false;
    };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    process.is_running() && pidfd_send_signal(&handle, number(signal)).is_ok()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn send(process: ProcessId, signal: Signal) -> bool {
    let Some(pid) = raw(process) else {
        return false;
    };
    process.is_running() && rustix::process::kill_process(pid, number(signal)).is_ok()
}

/// There is nothing gentler than to end a process here.
#[cfg(not(unix))]
fn send(process: ProcessId, signal: Signal) -> bool {
    if signal != Signal::Kill {
        return false;
    }
    let pid = Pid::from_u32(process.pid);
    let Ok(mut system) = System::new() else {
        return false;
    };
    system.refresh_processes(ProcessesToUpdate::Some(&[pid]), false);
    process.is_running() && system.process(pid).is_some_and(sysinfo::Process::kill)
}

#[cfg(unix)]
fn raw(process: ProcessId) -> Option<rustix::process::Pid> {
    let pid = i32::try_from(process.pid).ok()?;
    rustix::process::Pid::from_raw(pid)
}

#[cfg(unix)]
fn number(signal: Signal) -> rustix::process::Signal {
    match signal {
        Signal::Terminate => rustix::process::Signal::TERM,
        Signal::Kill => rustix::process::Signal::KILL,
        Signal::Reload => rustix::process::Signal::HUP,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_an_older_one_with_its_pid_does_not() {
        let this = ProcessId::current().unwrap();
        assert!(this.is_running());
        let before = ProcessId {
            started: this.started - 60,
            ..this
        };
        assert!(!before.is_running());
        assert!(!before.signal(Signal::Kill));
        assert_eq!(ProcessId::of(u32::MAX), None);
    }

    #[tokio::test]
    async fn ending_a_process_waits_until_it_is_gone() {
        let deaf = "trap '' TERM; while :; do read -t 1 x; done";
        for script in ["exec tail -f /dev/null", deaf] {
            let mut child = tokio::process::Command::new("bash")
                .args(["-c", script])
                .stdin(std::process::Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let process = ProcessId::of(child.id().unwrap()).unwrap();
            assert!(process.is_running());
            assert!(process.end(Duration::from_millis(200)).await);
            assert!(!child.wait().await.unwrap().success());
        }
    }
}
