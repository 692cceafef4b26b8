//! The control interface as a client: one method per request (protocol §6).

use std::time::Duration;

use bytes::Bytes;

use super::subject::LatticeName;
use super::wire::{Ack, Health, HostInventory, HostSummary, LinkDefinition, Map};

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Connected, but nobody subscribes to this subject.
    #[error("nobody answers on {subject} in lattice '{lattice}'")]
    NoResponders {
        lattice: LatticeName,
        subject: String,
    },
    #[error("no answer on {subject} within {timeout:?}")]
    Timeout { subject: String, timeout: Duration },
    #[error("cannot read the answer on {subject}: {reason}")]
    BadAnswer { subject: String, reason: String },
    #[error("cannot reach the lattice: {0}")]
    Transport(String),
}

/// When a scatter/gather question has been answered by enough.
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// Return as soon as this many answered.
    pub expect: Option<usize>,
    /// Return when nobody has answered for this long after the last answer.
    pub quiet: Duration,
    /// Return at the latest after this.
    pub limit: Duration,
}

impl Default for Gather {
    fn default() -> Self {
        Self {
            expect: None,
            quiet: Duration::from_millis(150),
            limit: Duration::from_secs(2),
        }
    }
}

/// A control client of one lattice; cheap to clone.
#[derive(Clone, Debug)]
pub struct Control {
    client: async_nats::Client,
    lattice: LatticeName,
    /// `wasmbus.ctl` unless configured otherwise.
    prefix: String,
    timeout: Duration,
}

impl Control {
    pub fn new(
        client: async_nats::Client,
        lattice: LatticeName,
        prefix: Option<String>,
        timeout: Duration,
    ) -> Self {
        Self {
            client,
            lattice,
            prefix: prefix.unwrap_or_else(|| "wasmbus.ctl".to_owned()),
            timeout,
        }
    }

    pub fn lattice(&self) -> &LatticeName {
        &self.lattice
    }

    pub fn client(&self) -> &async_nats::Client {
        &self.client
    }

    /// Every host that answers a ping. Nobody listening is an empty list, known at once.
    ///
    /// # Errors
    /// [`ControlError::Transport`].
    pub async fn hosts(&self, gather: Gather) -> Result<Vec<HostSummary>, ControlError> {
        let _ = (&self.prefix, self.timeout, gather);
        todo!()
    }

    /// # Errors
    /// Every variant of [`ControlError`]; so below.
    pub async fn inventory(&self, host: &str) -> Result<HostInventory, ControlError> {
        let _ = host;
        todo!()
    }

    /// Each entry as hosts give it: flat strings (protocol §6.2).
    pub async fn claims(&self) -> Result<Vec<Map>, ControlError> {
        todo!()
    }

    pub async fn links(&self) -> Result<Vec<LinkDefinition>, ControlError> {
        todo!()
    }

    pub async fn put_link(&self, link: &LinkDefinition) -> Result<Ack, ControlError> {
        let _ = link;
        todo!()
    }

    pub async fn delete_link(
        &self,
        actor: &str,
        contract: &str,
        link_name: &str,
    ) -> Result<Ack, ControlError> {
        let _ = (actor, contract, link_name);
        todo!()
    }

    /// Sends `scale` (all generations but O55 start with it) or `la` where the host is older than 0.81.
    pub async fn start_actor(
        &self,
        host: &HostSummary,
        reference: &str,
        count: u32,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let _ = (host, reference, count, annotations);
        todo!()
    }

    pub async fn stop_actor(
        &self,
        host: &str,
        actor: &str,
        count: u32,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let _ = (host, actor, count, annotations);
        todo!()
    }

    pub async fn scale_actor(
        &self,
        host: &str,
        actor: &str,
        reference: &str,
        count: u32,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let _ = (host, actor, reference, count, annotations);
        todo!()
    }

    pub async fn update_actor(
        &self,
        host: &str,
        actor: &str,
        reference: &str,
    ) -> Result<Ack, ControlError> {
        let _ = (host, actor, reference);
        todo!()
    }

    pub async fn start_provider(
        &self,
        host: &str,
        reference: &str,
        link_name: &str,
        configuration: Option<&str>,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let _ = (host, reference, link_name, configuration, annotations);
        todo!()
    }

    pub async fn stop_provider(
        &self,
        host: &str,
        provider: &str,
        link_name: &str,
        contract: &str,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let _ = (host, provider, link_name, contract, annotations);
        todo!()
    }

    pub async fn stop_host(&self, host: &str, grace: Duration) -> Result<Ack, ControlError> {
        let _ = (host, grace);
        todo!()
    }

    pub async fn put_label(&self, host: &str, key: &str, value: &str) -> Result<Ack, ControlError> {
        let _ = (host, key, value);
        todo!()
    }

    pub async fn delete_label(&self, host: &str, key: &str) -> Result<Ack, ControlError> {
        let _ = (host, key);
        todo!()
    }

    /// Host ids whose labels meet every constraint.
    pub async fn auction_actor(
        &self,
        reference: &str,
        constraints: &Map,
        gather: Gather,
    ) -> Result<Vec<String>, ControlError> {
        let _ = (reference, constraints, gather);
        todo!()
    }

    /// Host ids whose labels meet every constraint and that do not run this provider and link yet.
    pub async fn auction_provider(
        &self,
        reference: &str,
        link_name: &str,
        constraints: &Map,
        gather: Gather,
    ) -> Result<Vec<String>, ControlError> {
        let _ = (reference, link_name, constraints, gather);
        todo!()
    }

    /// Asks a running provider for its health (protocol §5.4); none if nobody serves it.
    pub async fn provider_health(
        &self,
        provider: &str,
        link_name: &str,
    ) -> Result<Option<Health>, ControlError> {
        let _ = (provider, link_name, Bytes::new());
        todo!()
    }
}
