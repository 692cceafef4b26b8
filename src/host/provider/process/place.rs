//! What all provider processes of a host share: a folder, the thread that starts them, and a guard that outlives
//! the host. Made when the first one starts.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::bounds::Bounds;
use super::family::Yard;
use super::group;
use super::spawn::Spawner;
use crate::claims::Trust;
use crate::lattice::wire::ProviderLimits;

/// How providers that are not built in are run. Secrets do not debug-print.
#[derive(Clone)]
pub struct Processes {
    /// Programs out of archives, by the hash of their content.
    pub programs: PathBuf,
    /// A folder for each host while it lives, where the processes work and by which those are found that a host
    /// left behind.
    pub directory: PathBuf,
    /// How to start this program so that it runs [`crate::host::guard`]; none does without.
    pub guard: Option<(PathBuf, Vec<String>)>,
    pub trust: Trust,
    /// Where providers find NATS.
    pub nats_url: String,
    /// Their user; empty for none.
    pub nats_jwt: String,
    pub nats_seed: String,
    /// All there is in their environment.
    pub environment: Vec<(String, String)>,
    pub bounds: Bounds,
    pub structured_logging: bool,
    pub log_level: Option<String>,
}

impl Processes {
    /// Programs and folders below `directory`, NATS at `nats_url`, and nothing else.
    pub fn new(directory: &Path, nats_url: String) -> Self {
        Self {
            programs: directory.join("programs"),
            directory: directory.join("running"),
            guard: None,
            trust: Trust::Strict,
            nats_url,
            nats_jwt: String::new(),
            nats_seed: String::new(),
            environment: Vec::new(),
            bounds: Bounds::default(),
            structured_logging: false,
            log_level: None,
        }
    }
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes")
            .field("programs", &self.programs)
            .field("directory", &self.directory)
            .field("trust", &self.trust)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// Cheap to clone; the last one takes everything with it.
#[derive(Clone, Debug)]
pub(in crate::host) struct Place {
    pub(super) settings: Arc<Processes>,
    open: Arc<OnceCell<Open>>,
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) yard: Yard,
    pub(super) spawner: Spawner,
    _guard: Option<Guard>,
}

impl Place {
    pub(in crate::host) fn new(settings: Processes) -> Self {
        Self {
            settings: Arc::new(settings),
            open: Arc::default(),
        }
    }

    /// Sees to it that providers will be held to their limits, before anything runs that cannot be; what they are,
    /// as told to others.
    ///
    /// # Errors
    /// Why they cannot be, in words.
    pub(in crate::host) async fn prepare(&self) -> Result<Option<ProviderLimits>, String> {
        let bounds = self.settings.bounds;
        if !bounds.want_group() {
            return Ok(bounds.told(false));
        }
        let absent = match &self.open().await?.yard.enclosure {
            Ok(_) => {
                tracing::info!("providers are held to their limits by control groups");
                return Ok(bounds.told(true));
            }
            Err(absent) => absent,
        };
        if bounds.need_group() {
            return Err(absent.to_string());
        }
        tracing::info!("providers are held to address space instead of memory: {absent}");
        Ok(bounds.told(false))
    }

    pub(super) async fn open(&self) -> Result<&Open, String> {
        let parent = self.settings.directory.clone();
        let guard = self.settings.guard.clone();
        let bounds = self.settings.bounds;
        let open = async || {
            let yard = move || {
                let mut yard = Yard::open(&parent)?;
                if bounds.want_group() {
                    yard.enclose(group::own(), bounds)?;
                }
                Ok::<_, io::Error>(yard)
            };
            let yard = tokio::task::spawn_blocking(yard)
                .await
                .map_err(io::Error::other)??;
            let guard = guard.and_then(|(program, arguments)| {
                Guard::start(&program, &arguments, yard.dir())
                    .inspect_err(|error| {
                        tracing::warn!("no guard watches over the providers' processes: {error}");
                    })
                    .ok()
            });
            let spawner = Spawner::start()?;
            Ok::<_, io::Error>(Open {
                yard,
                spawner,
                _guard: guard,
            })
        };
        let failed = |error: io::Error| {
            let directory = self.settings.directory.display();
            format!("cannot prepare {directory} for processes: {error}")
        };
        self.open.get_or_try_init(open).await.map_err(failed)
    }
}

/// Waits for the end of the host on a pipe, and then sweeps after it.
#[derive(Debug)]
struct Guard {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Guard {
    fn start(program: &Path, arguments: &[String], dir: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // Signals of the terminal are not for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let pipe = child.stdin.take();
        Ok(Self { child, pipe })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Nothing is left to watch over: the folder is gone before, with the processes.
        self.pipe = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
