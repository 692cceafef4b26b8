//! A provider's process and all that it started, so that none of it outlives the provider.
//!
//! Everything is in one group, and carries a mark in its environment by which also those are found (on Linux) that
//! left the group. Where there are control groups, they say it more surely. What was started is written down, so that
//! after a host was killed another can do the rest.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bounds::Bounds;
use super::group::{self, Absent, Enclosure, Room};

/// The variable with the mark.
pub(super) const MARK: &str = "WASH_PROVIDER";

/// The file whose lock says that the host lives to which a folder belongs.
const LOCK: &str = "lock";

/// The file with the path of the host's control group.
const GROUP: &str = "group";

/// The folder of one run of a host: a lock, and for each process a folder, its working directory, named by its mark.
#[derive(Debug)]
pub(super) struct Yard {
    pub(super) enclosure: Result<Enclosure, Absent>,
    dir: PathBuf,
    _lock: File,
}

impl Yard {
    /// Blocks.
    pub(super) fn open(parent: &Path) -> io::Result<Self> {
        let name = format!("{}-{}", std::process::id(), uuid::Uuid::new_v4().simple());
        let dir = parent.join(name);
        create_private_dir(&dir)?;
        let lock = File::create(dir.join(LOCK))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::Error(error) => error,
            fs::TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
        })?;
        Ok(Self {
            enclosure: Err(Absent::unwanted()),
            dir,
            _lock: lock,
        })
    }

    /// Makes a control group below `base`, if that can be done. Blocks.
    pub(super) fn enclose(
        &mut self,
        base: Result<PathBuf, Absent>,
        bounds: Bounds,
    ) -> io::Result<()> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        if let Ok(base) = &base {
            // Before it is there, so that it is swept in any case.
            let path = Enclosure::path(base, &name);
            fs::write(self.dir.join(GROUP), path.as_os_str().as_encoded_bytes())?;
        }
        self.enclosure = base.and_then(|it| Enclosure::open(&it, &name, bounds));
        Ok(())
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A place for one process, written down before the process is there.
    pub(super) fn family(&self) -> io::Result<Family> {
        let mark = uuid::Uuid::new_v4().simple().to_string();
        let dir = self.dir.join(&mark);
        create_private_dir(&dir)?;
        let mut family = Family {
            mark,
            dir,
            leader: None,
            room: None,
        };
        if let Ok(enclosure) = &self.enclosure {
            family.room = Some(enclosure.room(&family.mark)?);
        }
        Ok(family)
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        self.enclosure = Err(Absent::unwanted());
        // The lock is held until after; what is left is swept with the next start.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// One process with all that it started; dropping it ends them.
#[derive(Debug)]
pub(super) struct Family {
    mark: String,
    dir: PathBuf,
    /// Until it has been waited for; it leads the group.
    leader: Option<u32>,
    room: Option<Room>,
}

impl Family {
    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Where it works.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where its limits are.
    pub(super) fn room(&self) -> Option<&Room> {
        self.room.as_ref()
    }

    pub(super) fn lead_by(&mut self, pid: Option<u32>) {
        self.leader = pid;
    }

    /// The leader has been waited for, so its id may come to mean another process.
    pub(super) fn orphaned(&mut self) {
        self.leader = None;
    }

    /// Asks all of the group to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::Terminate);
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            signal_group(leader, signal);
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.signal(Signal::Kill);
        kill_marked(&self.mark);
        drop(self.room.take());
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Ends what hosts left behind that are gone. Blocks.
pub(super) fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        sweep_run(&entry.path());
    }
}

/// Waits until the host of this folder is gone for good, and sweeps after it. Blocks.
pub(super) fn sweep_after(run: &Path) {
    for _ in 0..PATIENCE {
        if sweep_run(run) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// How long a host may be on its way out.
const PATIENCE: u32 = 500;
const PAUSE: Duration = Duration::from_millis(20);

/// Whether the host of this folder is gone, and now all that it left.
fn sweep_run(run: &Path) -> bool {
    let Ok(lock) = File::open(run.join(LOCK)) else {
        // It was tidied up, or is none of ours.
        return true;
    };
    if lock.try_lock().is_err() {
        return false;
    }
    for entry in fs::read_dir(run).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(mark) = name.to_str().filter(|it| ![LOCK, GROUP].contains(it)) else {
            continue;
        };
        let ended = kill_marked(mark);
        if ended > 0 {
            tracing::warn!("ended {ended} processes of a provider whose host was killed");
        }
    }
    if let Ok(group) = fs::read_to_string(run.join(GROUP)) {
        group::sweep(Path::new(&group));
    }
    let _ = fs::remove_dir_all(run);
    true
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[derive(Clone, Copy, Debug)]
enum Signal {
    Terminate,
    Kill,
}

#[cfg(unix)]
fn signal_group(leader: u32, signal: Signal) {
    use rustix::process::{Pid, Signal as Number, kill_process_group};
    let number = match signal {
        Signal::Terminate => Number::TERM,
        Signal::Kill => Number::KILL,
    };
    if let Some(group) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        // It may be gone.
        let _ = kill_process_group(group, number);
    }
}

#[cfg(not(unix))]
fn signal_group(_: u32, _: Signal) {}

/// Kills every process with this mark, and those that they start meanwhile; how many there were.
#[cfg(target_os = "linux")]
fn kill_marked(mark: &str) -> usize {
    const ROUNDS: usize = 200;
    let mut ended = std::collections::BTreeSet::new();
    for round in 0..ROUNDS {
        let found = marked(mark);
        if found.is_empty() {
            break;
        }
        ended.extend(found);
        if round > 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    ended.len()
}

/// Signals every process with this mark and tells their ids. One that has ended has no environment.
#[cfg(target_os = "linux")]
fn marked(mark: &str) -> Vec<i32> {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
    let needle = format!("{MARK}={mark}");
    let carries = |pid: i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = environment.split(|it| *it == 0);
        variables.any(|it| it == needle.as_bytes())
    };
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|it| it.parse::<i32>().ok());
        let Some(pid) = pid.filter(|it| carries(*it)) else {
            continue;
        };
        // Looked at again once the handle is open: the id may have changed hands.
        let handle = Pid::from_raw(pid).and_then(|it| pidfd_open(it, PidfdFlags::empty()).ok());
        if let Some(handle) = handle
            && carries(pid)
            && pidfd_send_signal(&handle, Signal::KILL).is_ok()
        {
            found.push(pid);
        }
    }
    found
}

#[cfg(not(target_os = "linux"))]
fn kill_marked(_: &str) -> usize {
    0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    /// A process that left its group and its parent.
    fn stray(mark: &str) {
        let status = Command::new("setsid")
            .args(["-f", "sleep", "600"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env(MARK, mark)
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
    }

    #[test]
    fn what_left_the_group_is_found_and_nobody_else() {
        let parent = tempfile::tempdir().unwrap();
        let yard = Yard::open(parent.path()).unwrap();
        let (one, two) = (yard.family().unwrap(), yard.family().unwrap());
        let other = two.mark().to_owned();
        stray(one.mark());
        stray(two.mark());
        assert!(one.dir().is_dir());
        let gone = one.dir().to_owned();
        drop(one);
        assert!(!gone.exists());
        assert_eq!(kill_marked(&other), 1);
        assert_eq!(kill_marked(&other), 0);
    }

    #[test]
    fn only_what_dead_hosts_left_is_swept() {
        let parent = tempfile::tempdir().unwrap();
        let yard = Yard::open(parent.path()).unwrap();
        let family = yard.family().unwrap();
        stray(family.mark());
        sweep(parent.path());
        assert!(yard.dir().is_dir());
        assert!(!sweep_run(yard.dir()));
        // As after `kill -9`: nothing is tidied up.
        let (mark, run) = (family.mark().to_owned(), yard.dir().to_owned());
        std::mem::forget(family);
        let dead = parent.path().join("dead");
        fs::rename(&run, &dead).unwrap();
        drop(yard);
        sweep(parent.path());
        assert!(!dead.exists());
        assert_eq!(kill_marked(&mark), 0);
    }
}
