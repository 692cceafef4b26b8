//! Writing links: one task, one link after another, so that a put and a delete that follow each other take
//! effect in this order, and the host's loop never waits for storage.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::answer::Answers;
use crate::lattice::LatticeName;
use crate::lattice::state::{LinkKey, State, StateError};
use crate::lattice::subject;
use crate::lattice::wire::{Ack, LinkDefinition};

/// Requests that may wait; more are refused.
pub(super) const MAX_WAITING: usize = 1024;

/// How long storage may take before the client is told that it failed.
const WRITE_TIME: Duration = Duration::from_secs(10);

/// What lies between deleting a link and putting it again: real providers hear of the two in tasks that overtake each
/// other.
pub(super) const BETWEEN: Duration = Duration::from_millis(50);

/// A change of one link, and whom to tell the outcome.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) change: LinkChange,
    pub(super) reply: Option<async_nats::Subject>,
}

#[derive(Debug)]
pub(super) enum LinkChange {
    Put(LinkDefinition),
    Delete(LinkKey),
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) state: State,
    pub(super) rpc: async_nats::Client,
    pub(super) lattice: LatticeName,
    pub(super) answers: Answers,
}

impl Writer {
    /// Ends when the sender is gone and all jobs are done.
    pub(super) async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(Job { change, reply }) = jobs.recv().await {
            let done = match change {
                LinkChange::Put(link) => timeout(WRITE_TIME, self.put(link)).await,
                LinkChange::Delete(key) => timeout(WRITE_TIME, self.delete(&key)).await,
            };
            let ack = match done {
                Ok(Ok(())) => Ack::accepted(),
                Ok(Err(error)) => Ack::refused(error.to_string()),
                Err(_) => Ack::refused(format!("storing the link took longer than {WRITE_TIME:?}")),
            };
            if !ack.accepted {
                tracing::warn!("cannot change a link: {}", ack.error);
            }
            self.answers.json(reply, &ack).await;
        }
    }

    async fn put(&self, link: LinkDefinition) -> Result<(), StateError> {
        let key = LinkKey::of(&link);
        let before = self.state.look(|it| it.links.get(&key).cloned());
        self.state.put_link(link.clone()).await?;
        // Providers of other generations ignore new values for a link they have, and a provider that lost
        // its link to another would keep it (protocol §13.9, §15.11).
        if let Some(before) =
            before.filter(|it| it.values != link.values || it.provider_id != link.provider_id)
        {
            self.tell_deleted(&before).await;
            sleep(BETWEEN).await;
        }
        self.tell_put(&link).await;
        Ok(())
    }

    async fn delete(&self, key: &LinkKey) -> Result<(), StateError> {
        if let Some(link) = self.state.delete_link(key).await? {
            self.tell_deleted(&link).await;
        }
        Ok(())
    }

    async fn tell_put(&self, link: &LinkDefinition) {
        let subject = subject::rpc::link_put(&self.lattice, &link.provider_id, &link.link_name);
        self.tell(subject, link).await;
    }

    async fn tell_deleted(&self, link: &LinkDefinition) {
        let subject = subject::rpc::link_del(&self.lattice, &link.provider_id, &link.link_name);
        self.tell(subject, link).await;
    }

    async fn tell(&self, subject: String, link: &LinkDefinition) {
        // Stored links may come from anyone.
        if !subject::is_token(&link.provider_id) || !subject::is_token(&link.link_name) {
            return;
        }
        let Ok(body) = rmp_serde::to_vec_named(link) else {
            return;
        };
        if let Err(error) = self.rpc.publish(subject, body.into()).await {
            tracing::warn!("cannot tell a provider of its link: {error}");
        }
    }
}
