//! Control groups of the kernel (Linux, version 2): one for each host, with one for each provider in it.
//!
//! A group with members cannot hand out what its own groups are held to, so the host moves itself into a group below
//! its own first, with what it has started. It moves nobody else, nor changes limits that others have set.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bounds::{self, Bounds};

const MEMBERS: &str = "cgroup.procs";
const AVAILABLE: &str = "cgroup.controllers";
const HANDED_OUT: &str = "cgroup.subtree_control";

/// Where a host puts itself.
const OWN: &str = "host";

/// A group of ours starts with this; nothing else is ever removed.
const PREFIX: &str = "wash-";

/// What was killed takes a moment to leave.
const PATIENCE: u32 = 250;
const PAUSE: Duration = Duration::from_millis(2);

/// Why there is no group, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Absent(String);

impl Absent {
    pub(super) fn unwanted() -> Self {
        Self("no limits need one".to_owned())
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The group of a host. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Enclosure {
    dir: PathBuf,
    bounds: Bounds,
    /// The group that the host was in, what it hands out now that it did not, and whether the host left it.
    base: PathBuf,
    handed_out: Vec<&'static str>,
    moved: bool,
}

/// The group of one provider. Dropping it ends all that is in it.
#[derive(Debug)]
pub(super) struct Room {
    dir: PathBuf,
    bounds: Bounds,
}

/// The folder of the group that this process is in.
pub(super) fn own() -> Result<PathBuf, Absent> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let none = || Absent("this system has no control groups of version 2".to_owned());
    let (mount, root) = mounted(&read("/proc/self/mountinfo")).ok_or_else(none)?;
    let path = member_of(&read("/proc/self/cgroup")).ok_or_else(none)?;
    let below = Path::new(&path).strip_prefix(&root).map_err(|_| {
        Absent(format!(
            "the control group {path} of this process is not mounted"
        ))
    })?;
    Ok(Path::new(&mount).join(below))
}

/// Where groups of version 2 are mounted, and which of them is there.
fn mounted(mountinfo: &str) -> Option<(String, String)> {
    mountinfo.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        (kind.split(' ').next()? == "cgroup2").then_some(())?;
        let mut fields = place.split(' ').skip(3);
        let root = fields.next()?.to_owned();
        // Spaces are written as \040; groups are not mounted at such places.
        Some((fields.next()?.to_owned(), root))
    })
}

fn member_of(cgroup: &str) -> Option<String> {
    let line = cgroup.lines().find_map(|it| it.strip_prefix("0::"))?;
    Some(line.trim_end_matches(" (deleted)").to_owned())
}

impl Enclosure {
    /// Makes a group below `base`, to hold providers to `bounds`. `name` must be new. Blocks.
    pub(super) fn open(base: &Path, name: &str, bounds: Bounds) -> Result<Self, Absent> {
        let wanted = bounds.controllers();
        let available = words(&base.join(AVAILABLE))
            .map_err(|error| Absent(format!("{} cannot be read: {error}", base.display())))?;
        if let Some(missing) = wanted
            .iter()
            .find(|it| !available.iter().any(|has| has == *it))
        {
            return Err(Absent(format!(
                "the control group {} has no controller for {missing}",
                base.display()
            )));
        }
        sweep_deserted(base);
        let dir = Self::path(base, name);
        fs::create_dir(&dir).map_err(|error| {
            Absent(format!(
                "cannot make the control group {}: {error}",
                dir.display()
            ))
        })?;
        let mut enclosure = Self {
            dir,
            bounds,
            base: base.to_owned(),
            handed_out: Vec::new(),
            moved: false,
        };
        enclosure.hand_down(&wanted)?;
        // Whatever the kernel does not take is known now.
        let room = enclosure.room("try");
        room.map_err(|error| Absent(format!("cannot set limits of a control group: {error}")))?;
        Ok(enclosure)
    }

    /// Its folder below that of `base`, to be written down before it is made.
    pub(super) fn path(base: &Path, name: &str) -> PathBuf {
        base.join(format!("{PREFIX}{name}"))
    }

    fn hand_down(&mut self, wanted: &[&'static str]) -> Result<(), Absent> {
        let already = words(&self.base.join(HANDED_OUT)).unwrap_or_default();
        let missing = wanted
            .iter()
            .filter(|it| !already.iter().any(|has| has == *it));
        let missing: Vec<_> = missing.copied().collect();
        // The group at the root, which has no type, may have members all the same.
        if !missing.is_empty() && self.base.join("cgroup.type").exists() {
            self.move_in()?;
        }
        for name in missing {
            let base = self.base.display();
            hand_out(&self.base, name)
                .map_err(|error| Absent(format!("{base} cannot hand out {name}: {error}")))?;
            self.handed_out.push(name);
        }
        for name in wanted {
            let dir = self.dir.display();
            hand_out(&self.dir, name)
                .map_err(|error| Absent(format!("{dir} cannot hand out {name}: {error}")))?;
        }
        Ok(())
    }

    /// Leaves the group that we are in, with all that we have started, if nobody else is there.
    fn move_in(&mut self) -> Result<(), Absent> {
        let own = self.dir.join(OWN);
        let failed =
            |error: io::Error| Absent(format!("cannot move into {}: {error}", own.display()));
        let mut rounds = 0;
        loop {
            let members = words(&self.base.join(MEMBERS)).map_err(failed)?;
            if members.is_empty() {
                return Ok(());
            }
            let stranger = members.iter().find(|it| !is_ours(it));
            if let Some(pid) = stranger.or(members.first().filter(|_| rounds >= PATIENCE)) {
                return Err(Absent(format!(
                    "process {pid} is in the control group {} of this host, which has to be the host's own",
                    self.base.display()
                )));
            }
            if !self.moved {
                fs::create_dir(&own).map_err(failed)?;
                self.moved = true;
            }
            for pid in &members {
                match fs::write(own.join(MEMBERS), pid) {
                    // It has ended.
                    Err(error) if error.raw_os_error() == Some(NO_SUCH_PROCESS) => {}
                    result => result.map_err(failed)?,
                }
            }
            rounds += 1;
        }
    }

    /// A group for a provider, with its limits. Blocks.
    pub(super) fn room(&self, mark: &str) -> io::Result<Room> {
        let dir = self.dir.join(mark);
        fs::create_dir(&dir)?;
        let room = Room {
            dir,
            bounds: self.bounds,
        };
        for (name, value, optional) in self.bounds.files_of_group() {
            match fs::write(room.dir.join(name), value) {
                Err(error) if optional && error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
        }
        Ok(room)
    }
}

impl Drop for Enclosure {
    fn drop(&mut self) {
        clear(&self.dir);
        for name in words(&self.dir.join(HANDED_OUT)).unwrap_or_default() {
            let _ = fs::write(self.dir.join(HANDED_OUT), format!("-{name}"));
        }
        if self.moved {
            for name in &self.handed_out {
                let _ = fs::write(self.base.join(HANDED_OUT), format!("-{name}"));
            }
            let own = self.dir.join(OWN);
            for pid in words(&own.join(MEMBERS)).unwrap_or_default() {
                let _ = fs::write(self.base.join(MEMBERS), pid);
            }
            let _ = fs::remove_dir(own);
        }
        // What cannot be removed now goes with the group above it.
        let _ = fs::remove_dir(&self.dir);
    }
}

impl Room {
    /// Whoever writes `0` here is in.
    pub(super) fn door(&self) -> io::Result<File> {
        File::options().write(true).open(self.dir.join(MEMBERS))
    }

    /// What it reached the limit of.
    pub(super) fn reached(&self) -> Option<String> {
        if let Some(limit) = self.bounds.memory
            && self.counted("memory.events", &["oom_kill", "oom_group_kill"])
        {
            let limit = bounds::bytes(limit);
            return Some(format!("it needed more than its {limit} of memory"));
        }
        let limit = self.bounds.tasks?;
        self.counted("pids.events", &["max"])
            .then(|| format!("it reached its limit of {limit} processes and threads"))
    }

    fn counted(&self, file: &str, names: &[&str]) -> bool {
        let text = fs::read_to_string(self.dir.join(file)).unwrap_or_default();
        text.lines()
            .filter_map(|it| it.split_once(' '))
            .any(|(name, count)| names.contains(&name) && count != "0")
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        empty(&self.dir);
    }
}

/// Ends what is in the groups of a host that is gone, and removes them, as far as they are a host's. Blocks.
pub(super) fn sweep(dir: &Path) {
    let name = dir.file_name().and_then(|it| it.to_str());
    if name.is_some_and(|it| it.starts_with(PREFIX)) {
        clear(dir);
        let _ = fs::remove_dir(dir.join(OWN));
        let _ = fs::remove_dir(dir);
    }
}

/// Removes groups that killed hosts have left after they moved there: what swept after them was in there too.
fn sweep_deserted(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|it| it.starts_with(PREFIX));
        // It stays if anybody is there.
        if ours && fs::remove_dir(entry.path().join(OWN)).is_ok() {
            sweep(&entry.path());
        }
    }
}

/// Removes the groups of providers in that of a host.
fn clear(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name() != OWN && path.join(MEMBERS).is_file() {
            empty(&path);
        }
    }
}

/// Ends what is in a group, and removes it.
fn empty(dir: &Path) {
    // Kernels before 5.14 have no such file; then what was killed by other means has to be gone.
    let _ = fs::write(dir.join("cgroup.kill"), "1");
    for _ in 0..PATIENCE {
        match fs::remove_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => std::thread::sleep(PAUSE),
            _ => return,
        }
    }
    tracing::warn!("the control group {} cannot be removed", dir.display());
}

fn hand_out(dir: &Path, name: &str) -> io::Result<()> {
    fs::write(dir.join(HANDED_OUT), format!("+{name}"))
}

fn words(path: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// On Linux.
const NO_SUCH_PROCESS: i32 = 3;

/// Whether a process is this one, was started by it, or is the same program and started it to run in the background.
fn is_ours(pid: &str) -> bool {
    let own = std::process::id().to_string();
    let program = |pid: &str| fs::read_link(format!("/proc/{pid}/exe")).ok();
    let started = parent(&own).is_some_and(|it| it == pid) && program(pid) == program(&own);
    let mut next = Some(pid.to_owned());
    // As deep as families of processes get.
    for _ in 0..64 {
        match next {
            Some(it) if it == own => return true,
            Some(it) => next = parent(&it),
            None => break,
        }
    }
    started
}

fn parent(pid: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("PPid:"))?;
    Some(line.trim().to_owned()).filter(|it| it != "0")
}

#[cfg(test)]
mod tests;
