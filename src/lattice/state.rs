//! Shared state: links, claims and references in the KV bucket `LATTICEDATA_{lattice}` (protocol §7).
//!
//! A snapshot is kept fresh by a watch, so that nobody asks the network where to send a request.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::broadcast;

use super::subject::LatticeName;
use super::wire::{LinkDefinition, Map};

/// What identifies a link: one per actor, contract and link name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    pub actor: String,
    pub contract: String,
    pub link_name: String,
}

/// One moment's view of the bucket.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub links: BTreeMap<LinkKey, LinkDefinition>,
    /// By public key; values in the shape of protocol §7.2, flat strings.
    pub claims: BTreeMap<String, Map>,
    /// Image reference to public key.
    pub references: BTreeMap<String, String>,
}

impl Snapshot {
    /// The key of the actor with this call alias; the first registration wins.
    pub fn alias(&self, alias: &str) -> Option<&str> {
        let _ = alias;
        todo!()
    }
}

/// A change seen on the bucket after it was opened; the first replay is not reported.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    LinkPut(LinkDefinition),
    LinkDeleted(LinkDefinition),
    ClaimsPut(String),
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("JetStream is not enabled on this NATS server or account")]
    NoJetStream,
    #[error("cannot reach JetStream{}: {reason}", domain.as_ref().map(|it| format!(" in domain '{it}'")).unwrap_or_default())]
    Unreachable {
        domain: Option<String>,
        reason: String,
    },
    #[error("cannot write {key}: {reason}")]
    Write { key: String, reason: String },
}

/// A handle on the bucket, with its snapshot; cheap to clone. The watch ends with the last handle.
#[derive(Clone, Debug)]
pub struct State {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {}

impl State {
    /// Opens the bucket, creating it or taking over the state of the oldest hosts (§7.2 migration), and
    /// returns when the snapshot is complete.
    ///
    /// # Errors
    /// [`StateError::NoJetStream`] or [`StateError::Unreachable`].
    pub async fn open(
        client: async_nats::Client,
        lattice: &LatticeName,
        js_domain: Option<&str>,
    ) -> Result<Self, StateError> {
        let _ = (client, lattice, js_domain);
        todo!()
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        let _ = &self.inner;
        todo!()
    }

    pub fn changes(&self) -> broadcast::Receiver<Change> {
        todo!()
    }

    /// Stores a link under its own key; acknowledged by JetStream, and in this handle's snapshot, when this
    /// returns. False if an equal link was there.
    ///
    /// # Errors
    /// [`StateError::Write`]; so below.
    pub async fn put_link(&self, link: LinkDefinition) -> Result<bool, StateError> {
        let _ = link;
        todo!()
    }

    /// The link that was deleted, if there was one.
    pub async fn delete_link(&self, key: &LinkKey) -> Result<Option<LinkDefinition>, StateError> {
        let _ = key;
        todo!()
    }

    pub async fn put_claims(&self, public_key: &str, claims: Map) -> Result<(), StateError> {
        let _ = (public_key, claims);
        todo!()
    }

    pub async fn put_reference(&self, reference: &str, public_key: &str) -> Result<(), StateError> {
        let _ = (reference, public_key);
        todo!()
    }
}
