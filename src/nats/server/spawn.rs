//! The server's files, and the process that reads them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::super::conf::Conf;
use super::{Config, StartError};

/// The server's files in its directory.
pub(super) struct Files {
    pub(super) conf: PathBuf,
    pub(super) log: PathBuf,
    /// Where the output of the process goes: its log, unless the user chose another.
    output: PathBuf,
    pub(super) ports: PathBuf,
}

/// A log above this is set aside at the next start. Bytes.
const LOG_LIMIT: u64 = 10 << 20;

impl Files {
    pub(super) fn create(config: &Config) -> Result<Self, StartError> {
        let dir = &config.dir;
        let output = dir.join("nats.log");
        let own = config.own.as_ref();
        let files = Self {
            conf: own.map_or_else(|| dir.join("nats.conf"), |it| it.path.clone()),
            log: own
                .and_then(|it| it.log.clone())
                .unwrap_or_else(|| output.clone()),
            output,
            ports: dir.join("ports"),
        };
        // A server that was killed leaves its file behind.
        if let Err(error) = fs::remove_dir_all(&files.ports)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(file_error(&files.ports)(error));
        }
        let store = dir.join("jetstream");
        for folder in [dir, &files.ports, &store] {
            create_private_dir(folder).map_err(file_error(folder))?;
        }
        if fs::metadata(&files.output).is_ok_and(|it| it.len() > LOG_LIMIT) {
            let old = dir.join("nats.log.old");
            fs::rename(&files.output, &old).map_err(file_error(&old))?;
        }
        if own.is_some() {
            return Ok(files);
        }
        let text = Conf {
            about: &["Written by `wash up` at each start."],
            host: &config.host,
            port: config.port,
            server_name: &config.server_name,
            store: &store,
            domain: config.domain.as_deref(),
            log: Some(&files.log),
            ports: Some(&files.ports),
            monitor: Some(0),
            websocket: None,
            remotes: &config.remotes,
        }
        .text();
        write_private(&files.conf, &text).map_err(file_error(&files.conf))?;
        Ok(files)
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> StartError {
    let path = path.to_owned();
    |reason| StartError::File { path, reason }
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // Temporary files are 0600 from the start.
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

pub(super) fn spawn(config: &Config, files: &Files) -> Result<Child, StartError> {
    let path = &config.binary.path;
    // What goes wrong before the server opens its log ends up there as well.
    let log = File::options()
        .create(true)
        .append(true)
        .open(&files.output);
    let log = log.map_err(file_error(&files.output))?;
    let errors = log.try_clone().map_err(file_error(&files.output))?;
    let mut command = Command::new(path);
    command
        .arg("--config")
        .arg(&files.conf)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .kill_on_drop(true);
    if let Some(own) = &config.own {
        command.arg("--ports_file_dir").arg(&files.ports);
        if !own.monitored {
            command.args(["--http_port", "-1"]);
        }
    }
    // Its own group: Ctrl-C in the terminal is ours to handle, and the server ends last.
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(target_os = "linux")]
    end_with_us(&mut command);
    command.spawn().map_err(|reason| StartError::Spawn {
        path: path.clone(),
        reason,
    })
}

/// Has the kernel end the child when we die, however we die.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the one way to run code between fork and exec")]
fn end_with_us(command: &mut Command) {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let parent = i32::try_from(std::process::id()).ok();
    let hook = move || {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        // We may have died before that took effect.
        if getppid().map(rustix::process::Pid::as_raw_pid) != parent {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(())
    };
    // SAFETY: the hook makes two system calls; it neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(hook);
    }
}
