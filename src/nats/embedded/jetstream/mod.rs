//! JetStream for one machine: streams, consumers, and what key-value buckets and object stores need of them.
//!
//! Stands on the server's [`Bus`] and a folder; knows nothing of sockets, sessions or who the clients are. `api.rs` takes
//! requests and owns the list of streams; each stream (`stream.rs`) is a task that owns its messages (`store.rs`) and
//! its consumers (`consumer.rs`). What the API knows beyond that is refused in its own shape, naming nats-server.

mod api;
mod consumer;
mod direct;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod header;
mod store;
mod stream;
mod subject;
#[cfg(test)]
mod tests;
mod time;
mod usage;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::api::Api;
use self::stream::Shared;
use self::usage::Usage;
use super::Bus;

/// When what is acknowledged is also safe from a loss of power.
///
/// Whatever is acknowledged was handed to the system before, and survives the end of the process, however sudden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// At once: nothing is acknowledged before it is on the disk.
    Always,
    /// So often, in the background.
    Every(Duration),
}

impl Default for Sync {
    /// Ten times a second.
    fn default() -> Self {
        Self::Every(Duration::from_millis(100))
    }
}

/// How JetStream runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder for streams; made when it is missing. One server at a time.
    pub store: PathBuf,
    /// The domain, whose name clients may put into subjects; without one, `core` is understood there.
    pub domain: Option<String>,
    pub sync: Sync,
    /// Bytes that streams in memory may hold together.
    pub max_memory: u64,
    /// Bytes that streams on the disk may hold together; `None` is no limit.
    pub max_storage: Option<u64>,
}

impl Config {
    /// JetStream in this folder, with 256 MiB for streams in memory.
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            domain: None,
            sync: Sync::default(),
            max_memory: 256 << 20,
            max_storage: None,
        }
    }
}

/// JetStream could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    #[error("cannot use '{}' as the JetStream store", .0.display())]
    Store(PathBuf, #[source] io::Error),
    #[error("another server uses the JetStream store '{}'", .0.display())]
    InUse(PathBuf),
    #[error("'{0}' cannot be a JetStream domain: it is one word without '.', '*' and '>'")]
    Domain(String),
}

/// A running JetStream. Dropping it ends its tasks at once; [`JetStream::shutdown`] brings everything to the disk.
#[derive(Debug)]
pub struct JetStream {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    /// Held while the store is in use.
    _lock: std::fs::File,
}

impl JetStream {
    /// Opens the store and serves the API on the bus; when this returns, every stream is there.
    ///
    /// # Errors
    ///
    /// When the folder cannot be used, or another server uses it.
    pub fn start(bus: Bus, config: Config) -> Result<Self, StartError> {
        if let Some(domain) = config.domain.as_ref().filter(|it| !subject::is_name(it)) {
            return Err(StartError::Domain(domain.clone()));
        }
        let unusable = |it| StartError::Store(config.store.clone(), it);
        std::fs::create_dir_all(&config.store).map_err(unusable)?;
        let lock = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(config.store.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(StartError::InUse(config.store)),
            Err(std::fs::TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let shared = Shared {
            bus,
            domain: config.domain.as_deref().map(Arc::from),
            sync: config.sync,
            usage: Arc::new(Usage {
                max_memory: config.max_memory,
                max_storage: config.max_storage,
                ..Usage::default()
            }),
        };
        let api = Api::open(config.store.clone(), shared).map_err(unusable)?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self {
            stop: Some(stop),
            task: tokio::spawn(api.run(stopped)),
            _lock: lock,
        })
    }

    /// Takes no more requests and brings everything to the disk.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "JetStream ended badly");
        }
    }
}

impl Drop for JetStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}
