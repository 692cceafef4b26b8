//! Starting a process so that it does not outlive us, and why it could not be started, in words.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::bounds::Bounds;
use super::family::{Family, MARK};
use crate::archive::par::Executable;

/// How often, and after which pauses, a program is tried again that someone seems to be writing.
const BUSY_TRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Starts processes from a thread of its own. The kernel ends them with the thread that started them, so that has
/// to be one that lives as long as the host.
#[derive(Clone, Debug)]
pub(super) struct Spawner {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    command: Command,
    answer: oneshot::Sender<io::Result<Child>>,
}

impl Spawner {
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new()
            .name("providers".to_owned())
            .spawn(move || {
                let _inside = runtime.enter();
                for Job {
                    mut command,
                    answer,
                } in waiting
                {
                    // Whoever asked may be gone; then the process ends with this value.
                    let _ = answer.send(patiently(&mut command));
                }
            })?;
        Ok(Self { jobs })
    }

    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let (answer, wait) = oneshot::channel();
        let gone = || io::Error::other("the thread that starts processes has ended");
        let job = Job { command, answer };
        self.jobs.send(job).map_err(|_| gone())?;
        wait.await.map_err(|_| gone())?
    }
}

/// A file that was written a moment ago is held by what another thread starts just now.
fn patiently(command: &mut Command) -> io::Result<Child> {
    let mut tries = 0;
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES =>
            {
                tries += 1;
                std::thread::sleep(BUSY_PAUSE);
            }
            result => return result,
        }
    }
}

/// The program with nothing in its environment but `environment` and the mark. Where there is a door to a group, it
/// goes through; the group then bounds its memory.
pub(super) fn command(
    program: &Executable,
    family: &Family,
    environment: &[(String, String)],
    bounds: Bounds,
    door: Option<File>,
) -> Command {
    let mut command = Command::new(program.path());
    command
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .env(MARK, family.mark())
        .current_dir(family.dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    prepare(&mut command, bounds, door);
    #[cfg(not(unix))]
    let _ = (bounds, door);
    command
}

/// A session and perhaps a group of its own, the limits, and on Linux the kernel's promise to end it with us.
#[cfg(unix)]
#[expect(unsafe_code, reason = "the one way to run code between fork and exec")]
fn prepare(command: &mut Command, bounds: Bounds, door: Option<File>) {
    use rustix::process::{Resource, Rlimit, setrlimit, setsid};
    let limits = [
        (Resource::As, bounds.memory.filter(|_| door.is_none())),
        (Resource::Nofile, bounds.files),
    ];
    #[cfg(target_os = "linux")]
    let parent = i32::try_from(std::process::id()).ok();
    let hook = move || {
        setsid()?;
        if let Some(mut door) = door.as_ref() {
            io::Write::write_all(&mut door, b"0")?;
        }
        for (resource, limit) in limits {
            if let Some(limit) = limit {
                let limit = Rlimit {
                    current: Some(limit),
                    maximum: Some(limit),
                };
                setrlimit(resource, limit)?;
            }
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // We may have died before that took effect.
            if getppid().map(Pid::as_raw_pid) != parent {
                return Err(io::ErrorKind::NotConnected.into());
            }
        }
        Ok(())
    };
    // SAFETY: the hook makes system calls only; it neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(hook);
    }
}

/// Why a program could not be started.
pub(super) fn explain(error: &io::Error, program: &Path) -> String {
    // As numbered on Linux, macOS and the BSDs.
    const NOT_A_PROGRAM: i32 = 8;
    let why = match (error.raw_os_error(), error.kind()) {
        (Some(NOT_A_PROGRAM), _) if cfg!(unix) => {
            "it is no program for this machine".to_owned()
        }
        (_, io::ErrorKind::PermissionDenied) => format!(
            "{} may not be run; is that a file system on which no programs may be run?",
            program.display()
        ),
        (_, io::ErrorKind::NotFound) if program.exists() => {
            "what its file names as its interpreter or loader is not on this machine; was it built for \
             another system or C library?"
                .to_owned()
        }
        (_, io::ErrorKind::ExecutableFileBusy) => {
            format!("{} is being written by something else", program.display())
        }
        _ => error.to_string(),
    };
    format!("cannot start its process: {why}")
}

/// Whether the file is a program for this machine. Asked first, since some C libraries hand what the kernel does not
/// know to the shell.
#[cfg(target_os = "linux")]
pub(super) fn check(program: &Path) -> Result<(), String> {
    use std::io::Read as _;
    let machine: u16 = match std::env::consts::ARCH {
        "x86_64" => 62,
        "aarch64" => 183,
        "arm" => 40,
        "riscv64" => 243,
        "s390x" => 22,
        "powerpc64" => 21,
        _ => return Ok(()),
    };
    let mut head = [0; 20];
    let read = std::fs::File::open(program).and_then(|mut it| it.read_exact(&mut head));
    let number = match head {
        // A script is as good as its interpreter.
        [b'#', b'!', ..] => return Ok(()),
        [0x7f, b'E', b'L', b'F', _, 2, .., one, two] => u16::from_be_bytes([one, two]),
        [0x7f, b'E', b'L', b'F', _, _, .., one, two] => u16::from_le_bytes([one, two]),
        _ => 0,
    };
    if read.is_ok() && number == machine {
        return Ok(());
    }
    let error = io::Error::from_raw_os_error(8);
    Err(explain(&error, program))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn check(_: &Path) -> Result<(), String> {
    Ok(())
}
