//! Answers to requests, and events: all that a host publishes on its control connection.

use std::time::Duration;

use async_nats::Subject;
use bytes::Bytes;
use serde::Serialize;
use tokio::time::timeout;

use super::news::News;
use crate::claims::HostId;
use crate::lattice::LatticeName;
use crate::lattice::event::{self, data::Named};

/// How long a message may wait for room on the connection. While NATS is away the room fills; a host that
/// waits for it could not be stopped.
const ROOM: Duration = Duration::from_secs(1);

/// How long the last messages of a host may take to leave.
const FLUSH: Duration = Duration::from_secs(2);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    client: async_nats::Client,
    lattice: LatticeName,
    host: HostId,
}

impl Answers {
    pub(super) fn new(client: async_nats::Client, lattice: LatticeName, host: HostId) -> Self {
        Self {
            client,
            lattice,
            host,
        }
    }

    /// Answers a request. Nobody may have asked for an answer.
    pub(super) async fn json(&self, reply: Option<Subject>, body: &impl Serialize) {
        if reply.is_none() {
            return;
        }
        match serde_json::to_vec(body) {
            Ok(body) => self.bytes(reply, body.into()).await,
            Err(error) => tracing::error!("cannot write an answer: {error}"),
        }
    }

    /// Bytes that an answer may have.
    pub(super) fn room(&self) -> usize {
        self.client.max_payload()
    }

    pub(super) async fn bytes(&self, reply: Option<Subject>, body: Bytes) {
        let Some(reply) = reply else { return };
        match timeout(ROOM, self.client.publish(reply, body)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("cannot answer: {error}"),
            Err(_) => tracing::warn!("cannot answer: NATS takes no messages"),
        }
    }

    pub(super) async fn news(&self, news: News) {
        news.log();
        for event in news.events(&self.host) {
            self.event(event).await;
        }
    }

    pub(super) async fn event(&self, (name, data): Named) {
        tracing::debug!(event = name, "publish");
        let publish = event::publish(&self.client, &self.lattice, self.host.as_str(), name, data);
        match timeout(ROOM, publish).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(event = name, "cannot publish: {error}"),
            Err(_) => tracing::warn!(event = name, "cannot publish: NATS takes no messages"),
        }
    }

    /// Returns when what was published has left.
    pub(super) async fn flush(&self) {
        if !matches!(timeout(FLUSH, self.client.flush()).await, Ok(Ok(()))) {
            tracing::warn!("the last messages may not have reached NATS");
        }
    }
}
