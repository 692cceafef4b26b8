//! A running server: start, readiness, death, stop.

mod log;
mod ready;
mod spawn;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::log::{last_lines, quoted};
use self::ready::{Ready, check_address};
use self::spawn::{Files, spawn};
use super::binary::Binary;
use super::greeting::Greeting;
use super::leaf::Remote;
use super::monitor::Monitor;
use super::process::{ProcessId, Signal};

/// What a server has logged as errors lately, without process, time and connection; nothing if there is no log.
pub fn server_complaints(log: &Path) -> Vec<String> {
    log::complaints(log, 0)
}

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    pub binary: Binary,
    /// Address to listen on, without the port.
    pub host: String,
    /// 0 lets the kernel choose.
    pub port: u16,
    /// Holds configuration, log and JetStream store; one server at a time.
    pub dir: PathBuf,
    /// JetStream domain.
    pub domain: Option<String>,
    pub server_name: String,
    /// The hubs to be a leaf of.
    pub remotes: Vec<Remote>,
    /// The user's own configuration, in place of all but address and directory above.
    pub own: Option<Own>,
    /// How long it may take until it accepts connections. A large store takes a while to recover.
    pub ready_timeout: Duration,
}

/// A configuration file that the user wrote.
#[derive(Clone, Debug)]
pub struct Own {
    pub path: PathBuf,
    /// Where it has the server log to.
    pub log: Option<PathBuf>,
    /// It has monitoring of its own, without TLS.
    pub monitored: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("{address} is in use by another program")]
    PortTaken { address: String },
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: String, reason: String },
    #[error("cannot write {path}: {reason}")]
    File { path: PathBuf, reason: io::Error },
    #[error("cannot run {path}: {reason}")]
    Spawn { path: PathBuf, reason: io::Error },
    #[error("nats-server ended while starting ({status}){}", quoted(.log))]
    Ended { status: String, log: Vec<String> },
    #[error("nats-server was not ready within {limit:?}{}", quoted(.log))]
    NotReady { limit: Duration, log: Vec<String> },
    #[error("nats-server runs without JetStream{}", quoted(.log))]
    NoJetStream { log: Vec<String> },
}

/// A server ended although nobody asked it to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nats-server ended ({status}){}", quoted(.log))]
pub struct Death {
    pub status: String,
    /// The last lines of its log.
    pub log: Vec<String>,
}

/// A nats-server that is our child and answers. Dropping it kills it.
#[must_use = "dropping it ends the server"]
#[derive(Debug)]
pub struct Server {
    address: String,
    greeting: Greeting,
    monitor: Option<Monitor>,
    process: ProcessId,
    config: PathBuf,
    log: PathBuf,
    log_before: u64,
    stop: CancellationToken,
    death: watch::Receiver<Option<Death>>,
    keeper: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server and returns once it accepts connections and has JetStream.
    ///
    /// Call it on a thread that outlives the server: where the system offers it, the server is told to end when
    /// that thread does, so that it does not survive us.
    ///
    /// # Errors
    /// Every variant of [`StartError`].
    pub async fn start(config: Config) -> Result<Self, StartError> {
        check_address(&config).await?;
        let files = Files::create(&config)?;
        let log_before = fs::metadata(&files.log).map_or(0, |it| it.len());
        let mut child = spawn(&config, &files)?;
        let pid = child.id().unwrap_or_default();
        let ready = Ready {
            config: &config,
            files: &files,
            log_before,
            pid,
        };
        let answer = match ready.wait(&mut child).await {
            Ok(it) => it,
            Err(error) => {
                let _ = child.kill().await;
                return Err(error);
            }
        };
        let process = ProcessId::of(pid).unwrap_or(ProcessId { pid, started: 0 });
        let stop = CancellationToken::new();
        let (tell, death) = watch::channel(None);
        let keeper = Keeper {
            child,
            process,
            log: files.log.clone(),
            log_before,
            stop: stop.clone(),
            tell,
        };
        Ok(Self {
            address: answer.address,
            greeting: answer.greeting,
            monitor: answer.monitor,
            process,
            config: files.conf,
            log: files.log,
            log_before,
            stop,
            death,
            keeper: Some(tokio::spawn(keeper.run())),
        })
    }

    /// `host:port`, as really bound.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    pub fn process(&self) -> ProcessId {
        self.process
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What this server has logged as errors since it started, the last few.
    pub fn complaints(&self) -> Vec<String> {
        log::complaints(&self.log, self.log_before)
    }

    /// Its configuration file.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Its monitoring, if it has any.
    pub fn monitor(&self) -> Option<&Monitor> {
        self.monitor.as_ref()
    }

    /// Waits until the server has ended although nobody asked it to.
    pub async fn died(&self) -> Death {
        let mut death = self.death.clone();
        let told = death.wait_for(Option::is_some).await;
        match told.ok().and_then(|it| it.clone()) {
            Some(it) => it,
            // Stopped on request: it will never die.
            None => std::future::pending().await,
        }
    }

    /// Asks the server to end, kills it after `grace`, and returns once it is gone.
    pub async fn shutdown(mut self, grace: Duration) {
        self.stop.cancel();
        if let Some(keeper) = &mut self.keeper
            && tokio::time::timeout(grace, &mut *keeper).await.is_err()
        {
            // Its drop kills the child; waiting for that is the kernel's.
            keeper.abort();
            let _ = keeper.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}

/// The task that owns the child.
struct Keeper {
    child: Child,
    process: ProcessId,
    log: PathBuf,
    log_before: u64,
    stop: CancellationToken,
    tell: watch::Sender<Option<Death>>,
}

impl Keeper {
    async fn run(mut self) {
        tokio::select! {
            status = self.child.wait() => {
                let death = Death {
                    status: describe(status),
                    log: last_lines(&self.log, self.log_before),
                };
                self.tell.send_replace(Some(death));
                return;
            }
            () = self.stop.cancelled() => {}
        }
        self.process.signal(Signal::Terminate);
        let _ = self.child.wait().await;
    }
}

fn describe(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(it) => it.to_string(),
        Err(error) => error.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests;
