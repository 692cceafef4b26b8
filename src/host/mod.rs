//! One running host: actors on wasmtime, providers, and the control interface that drives them.
//!
//! The only code that names wasmtime. Does not know clap, the terminal or applications.

pub mod actor;
mod builtin;
mod cache;
pub mod engine;
pub mod import;
pub mod instance;
#[cfg(test)]
mod testing;
mod ticker;
mod wapc;
mod wasi;

use std::path::PathBuf;
use std::time::Duration;

use crate::claims::{HostId, Seed};
use crate::lattice::LatticeName;
use crate::lattice::wire::Map;

/// Everything a host needs to know; made by the caller, who knows best.
#[derive(Clone, Debug)]
pub struct Config {
    /// The host's own key.
    pub key: Seed,
    pub lattice: LatticeName,
    /// Control subjects start with this instead of `wasmbus.ctl`.
    pub ctl_prefix: Option<String>,
    /// Signs our invocations.
    pub cluster: Seed,
    /// Whose invocations we accept besides our own.
    pub issuers: Vec<String>,
    /// User labels; core labels are added and win.
    pub labels: Map,
    /// A random adjective-noun-number if none.
    pub name: Option<String>,
    pub js_domain: Option<String>,
    pub rpc_timeout: Duration,
    /// How long a provider may take to shut down.
    pub provider_delay: Duration,
    pub allow_file_load: bool,
    pub allow_unsigned: bool,
    /// First-party image references mean built-ins (decisions §4).
    pub builtin_aliases: bool,
    pub limits: engine::Limits,
    /// Compiled code; none keeps nothing on disk.
    pub cache: Option<PathBuf>,
    /// Shown in answers to pings.
    pub ctl_url: String,
    pub rpc_url: String,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    State(#[from] crate::lattice::state::StateError),
    #[error("cannot prepare the WebAssembly engine: {0}")]
    Engine(String),
    #[error("cannot subscribe on the lattice: {0}")]
    Subscribe(String),
}

/// Why a host ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// `stop host` on the control interface.
    Requested,
}

/// A running host. Dropping it stops it at once.
#[must_use = "dropping it stops the host"]
#[derive(Debug)]
pub struct Host {}

impl Host {
    /// Starts a host on two connections (they may be one) and returns once it answers on the lattice.
    ///
    /// # Errors
    /// Every variant of [`StartError`].
    pub async fn start(
        config: Config,
        ctl: async_nats::Client,
        rpc: async_nats::Client,
    ) -> Result<Self, StartError> {
        let _ = (config, ctl, rpc);
        todo!()
    }

    pub fn id(&self) -> &HostId {
        todo!()
    }

    pub fn name(&self) -> &str {
        todo!()
    }

    /// Waits until the host has been asked to stop from outside and has drained.
    pub async fn stopped(&self) -> Stopped {
        todo!()
    }

    /// Stops in stages: no new work, at most `grace` for what runs, providers, `host_stopped`, flush.
    pub async fn shutdown(self, grace: Duration) {
        let _ = grace;
        todo!()
    }
}
