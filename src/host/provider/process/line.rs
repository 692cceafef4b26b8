//! What is said between the host and a provider's process on the lattice (protocol §4.1, §5.3–§5.5).

use std::time::Duration;

use async_nats::{Message, RequestErrorKind, SubscribeError, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::links::Tell;
use crate::claims::HostId;
use crate::host::event::ProviderKey;
use crate::host::link::BETWEEN;
use crate::host::provider::Surroundings;
use crate::lattice::wire::Health;
use crate::lattice::{LatticeName, subject};

/// How long its acknowledgement of a shutdown may take.
const ACKNOWLEDGE: Duration = Duration::from_secs(2);

/// How long a server that is away may hold up what follows an end.
const CATCH_UP: Duration = Duration::from_secs(1);

/// The longest text about its health, in characters.
const MAX_MESSAGE: usize = 500;

/// What providers of every generation take for a question.
const HEALTH_REQUEST: &[u8] = b"\x81\xabplaceholder\xc3";

/// To one provider, on its own subjects. Where another host runs the same one, that hears it too and may answer
/// first; the contract has nothing to tell them apart by but the host in a shutdown.
#[derive(Debug)]
pub(super) struct Line {
    client: async_nats::Client,
    provider: ProviderKey,
    limit: Duration,
    put: String,
    del: String,
    health: String,
    shutdown: String,
}

/// What others tell the provider.
#[derive(Debug)]
pub(super) struct Ears {
    /// Puts and deletes in one, so that they stay in order.
    pub(super) links: Subscriber,
    pub(super) shutdown: Subscriber,
}

/// No answer to a question for its health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It does not listen (yet).
    Nobody,
    Slow,
}

impl Line {
    pub(super) async fn open(
        provider: &ProviderKey,
        around: &Surroundings,
    ) -> Result<(Self, Ears), SubscribeError> {
        let lattice = around.rpc.lattice();
        let name = |subject: fn(&LatticeName, &str, &str) -> String| {
            subject(lattice, provider.id.as_str(), &provider.link_name)
        };
        let line = Self {
            client: around.rpc.client().clone(),
            provider: provider.clone(),
            limit: around.rpc_timeout,
            put: name(subject::rpc::link_put),
            del: name(subject::rpc::link_del),
            health: name(subject::rpc::health),
            shutdown: name(subject::rpc::shutdown),
        };
        let links = name(subject::rpc::links);
        let ears = Ears {
            links: line.client.subscribe(links).await?,
            shutdown: line.client.subscribe(line.shutdown.clone()).await?,
        };
        Ok((line, ears))
    }

    pub(super) fn is_put(&self, message: &Message) -> bool {
        *message.subject == *self.put
    }

    pub(super) fn is_delete(&self, message: &Message) -> bool {
        *message.subject == *self.del
    }

    pub(super) async fn tell(&self, tell: Vec<Tell>) {
        let (gone, put): (Vec<_>, Vec<_>) = tell
            .into_iter()
            .partition(|it| matches!(it, Tell::Delete(_)));
        let both = !gone.is_empty() && !put.is_empty();
        self.publish(gone).await;
        if both {
            sleep(BETWEEN).await;
        }
        self.publish(put).await;
    }

    async fn publish(&self, tell: Vec<Tell>) {
        for tell in tell {
            let (subject, link) = match tell {
                Tell::Put(link) => (&self.put, link),
                Tell::Delete(link) => (&self.del, link),
            };
            let Ok(body) = rmp_serde::to_vec_named(&link) else {
                continue;
            };
            if let Err(error) = self.client.publish(subject.clone(), body.into()).await {
                tracing::warn!(provider = %self.provider, "cannot tell it of a link: {error}");
            }
        }
    }

    pub(super) fn ask_health(
        &self,
    ) -> impl Future<Output = Result<Health, Silence>> + Send + use<> {
        let (client, limit) = (self.client.clone(), self.limit);
        let subject = self.health.clone();
        async move {
            let ask = client.request(subject, Bytes::from_static(HEALTH_REQUEST));
            let answer = match timeout(limit, ask).await {
                Ok(Ok(answer)) => answer.payload,
                Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders => {
                    return Err(Silence::Nobody);
                }
                Ok(Err(_)) | Err(_) => return Err(Silence::Slow),
            };
            // Whatever it answers, it is there to answer.
            Ok(rmp_serde::from_slice(&answer).unwrap_or(Health {
                healthy: true,
                message: None,
            }))
        }
    }

    /// Whether it has acknowledged.
    pub(super) async fn ask_to_shut_down(&self, host: &HostId) -> bool {
        let body = json!({"host_id": host.as_str()}).to_string();
        let ask = self.client.request(self.shutdown.clone(), body.into());
        matches!(timeout(ACKNOWLEDGE, ask).await, Ok(Ok(_)))
    }

    /// Waits until all that the server has for us by now is here: it delivers in order. Not for long.
    pub(super) async fn catch_up(&self) {
        let mark = self.client.new_inbox();
        let come = async {
            let mut marks = self.client.subscribe(mark.clone()).await.ok()?;
            self.client.publish(mark, Bytes::new()).await.ok()?;
            marks.next().await
        };
        let _ = timeout(CATCH_UP, come).await;
    }

    /// Its health, in words if there is no answer; `ready` if there has been one before.
    pub(super) fn health(&self, answer: Result<Health, Silence>, ready: bool) -> Health {
        let answer = answer.map(|mut health| {
            // It travels in every inventory.
            if let Some(message) = &mut health.message
                && let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE)
            {
                message.truncate(end);
            }
            health
        });
        answer.unwrap_or_else(|silence| {
            let message = match (silence, ready) {
                (Silence::Nobody, false) => "it does not listen on the lattice".to_owned(),
                (Silence::Nobody, true) => "it no longer listens on the lattice".to_owned(),
                (Silence::Slow, _) => {
                    format!("no answer for its health within {:?}", self.limit)
                }
            };
            Health {
                healthy: false,
                message: Some(message),
            }
        })
    }
}
