//! The control interface as a client: one method per request (protocol §6).

mod ask;

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use self::ask::{HEALTH_REQUEST, encode, transport};
use super::command::{
    ActorBid, AuctionActor, AuctionProvider, Label, LinkDelete, ProviderBid, RegistryCredentials,
    ScaleActor, StartActor, StartProvider, StopActor, StopHost, StopProvider, UpdateActor,
};
use super::record;
use super::subject::{self, Command, Ctl, LatticeName};
use super::wire::{Ack, Health, HostInventory, HostSummary, LinkDefinition, Map, null_default};

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
    /// Return when nobody has answered for this long after the last answer, or for [`PATIENCE`] times what the
    /// first answer took, if that is longer: where one host is slow others are.
    pub quiet: Duration,
    /// Return at the latest after this.
    pub limit: Duration,
}

/// How many times the first answer's delay others may come after it.
const PATIENCE: u32 = 8;

/// The quiet window where every host is on this machine or its network.
const NEAR: Duration = Duration::from_millis(60);

/// The quiet window where hosts may be anywhere, behind leaf nodes or in other regions.
const FAR: Duration = Duration::from_millis(300);

/// How long a question to all hosts is open, unless its asker has less time.
const LIMIT: Duration = Duration::from_secs(2);

/// A control client of one lattice; cheap to clone.
#[derive(Clone, Debug)]
pub struct Control {
    client: async_nats::Client,
    lattice: LatticeName,
    ctl: Ctl,
    timeout: Duration,
}

impl Control {
    /// `prefix` is `wasmbus.ctl` unless given; `timeout` is that of each request to one host.
    pub fn new(
        client: async_nats::Client,
        lattice: LatticeName,
        prefix: Option<String>,
        timeout: Duration,
    ) -> Self {
        Self {
            client,
            ctl: Ctl::new(prefix.as_deref(), &lattice),
            lattice,
            timeout,
        }
    }

    pub fn lattice(&self) -> &LatticeName {
        &self.lattice
    }

    pub fn client(&self) -> &async_nats::Client {
        &self.client
    }

    /// How to ask all hosts of this lattice: a server that is part of something larger, or elsewhere, may have
    /// hosts far away. At most `limit` in all.
    pub fn patience(&self, limit: Duration) -> Gather {
        let server = self.client.server_info();
        let here = server
            .client_ip
            .parse()
            .is_ok_and(|ip: IpAddr| ip.is_loopback());
        let alone = here && server.cluster.is_none() && server.domain.is_none();
        Gather {
            expect: None,
            quiet: if alone { NEAR } else { FAR },
            limit: LIMIT.min(limit),
        }
    }

    /// Every host that answers a ping. Nobody listening is an empty list, known at once.
    ///
    /// # Errors
    /// [`ControlError::Transport`].
    pub async fn hosts(&self, gather: Gather) -> Result<Vec<HostSummary>, ControlError> {
        self.gather(
            self.ctl.ping_hosts(),
            Bytes::new(),
            gather,
            |it: &HostSummary| &it.id,
        )
        .await
    }

    /// # Errors
    /// Every variant of [`ControlError`]; so below.
    pub async fn inventory(&self, host: &str) -> Result<HostInventory, ControlError> {
        self.request(host, self.ctl.inventory(host), Bytes::new())
            .await
    }

    /// Each entry as hosts give it: flat strings (protocol §6.2).
    pub async fn claims(&self) -> Result<Vec<Map>, ControlError> {
        let claims = self.list(self.ctl.claims(), |it: List| it.claims).await?;
        Ok(claims.into_iter().map(record::flat).collect())
    }

    pub async fn links(&self) -> Result<Vec<LinkDefinition>, ControlError> {
        let links = self.list(self.ctl.links(), |it: List| it.links).await?;
        Ok(links
            .into_iter()
            .filter_map(|link| {
                serde_json::from_value(link)
                    .inspect_err(|error| tracing::debug!(%error, "passing over a link"))
                    .ok()
            })
            .collect())
    }

    pub async fn put_link(&self, link: &LinkDefinition) -> Result<Ack, ControlError> {
        self.send("", self.ctl.link_put(), link).await
    }

    pub async fn delete_link(
        &self,
        actor: &str,
        contract: &str,
        link_name: &str,
    ) -> Result<Ack, ControlError> {
        let body = LinkDelete {
            actor_id: actor.to_owned(),
            contract_id: contract.to_owned(),
            link_name: link_name.to_owned(),
        };
        self.send("", self.ctl.link_del(), &body).await
    }

    /// Sends `scale` (all generations but O55 start with it) or `la` where the host is older than 0.81.
    pub async fn start_actor(
        &self,
        host: &HostSummary,
        reference: &str,
        count: u32,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let (actor_ref, host_id) = (reference.to_owned(), host.id.clone());
        let annotations = annotations.clone();
        if scales(&host.version) {
            let body = ScaleActor {
                actor_id: String::new(),
                actor_ref,
                count,
                host_id,
                annotations,
            };
            self.command(&host.id, Command::ScaleActor, &body).await
        } else {
            let body = StartActor {
                actor_ref,
                count,
                host_id,
                annotations,
            };
            self.command(&host.id, Command::StartActor, &body).await
        }
    }

    pub async fn stop_actor(
        &self,
        host: &str,
        actor: &str,
        count: u32,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let body = StopActor {
            actor_ref: actor.to_owned(),
            count,
            host_id: host.to_owned(),
            annotations: annotations.clone(),
        };
        self.command(host, Command::StopActor, &body).await
    }

    pub async fn scale_actor(
        &self,
        host: &str,
        actor: &str,
        reference: &str,
        count: u32,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let body = ScaleActor {
            actor_id: actor.to_owned(),
            actor_ref: reference.to_owned(),
            count,
            host_id: host.to_owned(),
            annotations: annotations.clone(),
        };
        self.command(host, Command::ScaleActor, &body).await
    }

    pub async fn update_actor(
        &self,
        host: &str,
        actor: &str,
        reference: &str,
    ) -> Result<Ack, ControlError> {
        let body = UpdateActor {
            actor_id: actor.to_owned(),
            new_actor_ref: reference.to_owned(),
            host_id: host.to_owned(),
            annotations: Map::new(),
        };
        self.command(host, Command::UpdateActor, &body).await
    }

    pub async fn start_provider(
        &self,
        host: &str,
        reference: &str,
        link_name: &str,
        configuration: Option<&str>,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let body = StartProvider {
            provider_ref: reference.to_owned(),
            link_name: link_name.to_owned(),
            host_id: host.to_owned(),
            configuration: configuration.map(str::to_owned),
            annotations: annotations.clone(),
        };
        self.command(host, Command::StartProvider, &body).await
    }

    pub async fn stop_provider(
        &self,
        host: &str,
        provider: &str,
        link_name: &str,
        contract: &str,
        annotations: &Map,
    ) -> Result<Ack, ControlError> {
        let body = StopProvider {
            provider_ref: provider.to_owned(),
            link_name: link_name.to_owned(),
            contract_id: contract.to_owned(),
            host_id: host.to_owned(),
            annotations: annotations.clone(),
        };
        self.command(host, Command::StopProvider, &body).await
    }

    pub async fn stop_host(&self, host: &str, grace: Duration) -> Result<Ack, ControlError> {
        let body = StopHost {
            host_id: host.to_owned(),
            timeout: u64::try_from(grace.as_millis()).ok(),
        };
        self.command(host, Command::StopHost, &body).await
    }

    pub async fn put_label(&self, host: &str, key: &str, value: &str) -> Result<Ack, ControlError> {
        let body = Label {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        self.send(host, self.ctl.label_put(host), &body).await
    }

    pub async fn delete_label(&self, host: &str, key: &str) -> Result<Ack, ControlError> {
        let body = Label {
            key: key.to_owned(),
            value: String::new(),
        };
        self.send(host, self.ctl.label_del(host), &body).await
    }

    /// Host ids whose labels meet every constraint, as far as hosts look: those of 0.78 to 0.82 bid on
    /// anything.
    pub async fn auction_actor(
        &self,
        reference: &str,
        constraints: &Map,
        gather: Gather,
    ) -> Result<Vec<String>, ControlError> {
        let body = encode(&AuctionActor {
            actor_ref: reference.to_owned(),
            constraints: constraints.clone(),
        })?;
        let bids = self
            .gather(self.ctl.auction_actor(), body, gather, |it: &ActorBid| {
                &it.host_id
            })
            .await?;
        Ok(bids.into_iter().map(|it| it.host_id).collect())
    }

    /// Host ids whose labels meet every constraint and that do not run this provider and link yet.
    pub async fn auction_provider(
        &self,
        reference: &str,
        link_name: &str,
        constraints: &Map,
        gather: Gather,
    ) -> Result<Vec<String>, ControlError> {
        let body = encode(&AuctionProvider {
            provider_ref: reference.to_owned(),
            link_name: link_name.to_owned(),
            constraints: constraints.clone(),
        })?;
        let bids = self
            .gather(
                self.ctl.auction_provider(),
                body,
                gather,
                |it: &ProviderBid| &it.host_id,
            )
            .await?;
        Ok(bids.into_iter().map(|it| it.host_id).collect())
    }

    /// Asks a running provider for its health (protocol §5.4); none if nobody serves it.
    pub async fn provider_health(
        &self,
        provider: &str,
        link_name: &str,
    ) -> Result<Option<Health>, ControlError> {
        if !subject::is_token(provider) || !subject::is_token(link_name) {
            return Ok(None);
        }
        let subject = subject::rpc::health(&self.lattice, provider, link_name);
        match self
            .ask(subject.clone(), Bytes::from_static(HEALTH_REQUEST))
            .await
        {
            Ok(answer) => {
                rmp_serde::from_slice(&answer)
                    .map(Some)
                    .map_err(|error| ControlError::BadAnswer {
                        subject,
                        reason: error.to_string(),
                    })
            }
            Err(ControlError::NoResponders { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Credentials for registries, to every host. Nobody acknowledges it.
    ///
    /// # Errors
    /// [`ControlError::Transport`].
    pub async fn put_registries(
        &self,
        credentials: &RegistryCredentials,
    ) -> Result<(), ControlError> {
        let body = encode(credentials)?;
        self.client
            .publish(self.ctl.registries_put(), body)
            .await
            .map_err(transport)?;
        self.client.flush().await.map_err(transport)
    }
}

/// What `get.links` and `get.claims` are answered with.
#[derive(Deserialize)]
pub(super) struct List {
    #[serde(default, deserialize_with = "null_default")]
    claims: Vec<serde_json::Map<String, serde_json::Value>>,
    #[serde(default, deserialize_with = "null_default")]
    links: Vec<serde_json::Value>,
    /// After which key the list goes on; none at its end.
    #[serde(default)]
    next: Option<Vec<String>>,
    /// Of hosts that refuse.
    #[serde(default)]
    error: Option<String>,
}

/// Whether hosts of this version start actors by `scale`: from 0.81 on, `la` is gone. A version that cannot
/// be read is taken for an old one.
fn scales(version: &str) -> bool {
    let mut parts = version
        .trim_start_matches('v')
        .split(['.', '-', '+'])
        .map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (0, 81),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
