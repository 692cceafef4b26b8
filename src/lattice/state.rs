//! Shared state: links, claims and references in the KV bucket `LATTICEDATA_{lattice}` (protocol §7).
//!
//! A snapshot is kept fresh by a watch, so that nobody asks the network where to send a request.

mod bucket;
mod entry;
mod migrate;
pub mod survey;
mod table;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio_util::task::AbortOnDropHandle;

use self::bucket::Bucket;
use self::entry::{Entry, Value};
use self::table::Table;
use self::watch::{Session, Shared};
use super::subject::LatticeName;
use super::wire::{LinkDefinition, Map};

/// What identifies a link: one per actor, contract and link name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkKey {
    pub actor: String,
    pub contract: String,
    pub link_name: String,
}

impl LinkKey {
    pub fn of(link: &LinkDefinition) -> Self {
        Self {
            actor: link.actor_id.clone(),
            contract: link.contract_id.clone(),
            link_name: link.link_name.clone(),
        }
    }
}

/// One moment's view of the bucket.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub links: BTreeMap<LinkKey, LinkDefinition>,
    /// By public key; values in the shape of protocol §7.2, flat strings.
    pub claims: BTreeMap<String, Map>,
    /// Image reference to public key.
    pub references: BTreeMap<String, String>,
    /// Who claims a call alias: the revision of the bucket at which the claims were stored, and their key.
    aliases: BTreeMap<String, BTreeSet<(u64, String)>>,
}

impl Snapshot {
    /// The key of the actor with this call alias. Where several claim it, the one whose claims were stored
    /// first, which is the same for every host.
    pub fn alias(&self, alias: &str) -> Option<&str> {
        let (_, key) = self.aliases.get(alias)?.first()?;
        Some(key)
    }

    fn put_claims(&mut self, key: String, claims: Map, revision: u64) {
        self.remove_claims(&key);
        if let Some(alias) = alias_of(&claims) {
            let claimed = self.aliases.entry(alias.to_owned()).or_default();
            claimed.insert((revision, key.clone()));
        }
        self.claims.insert(key, claims);
    }

    fn remove_claims(&mut self, key: &str) {
        let Some(claims) = self.claims.remove(key) else {
            return;
        };
        if let Some(alias) = alias_of(&claims)
            && let Some(claimed) = self.aliases.get_mut(alias)
        {
            claimed.retain(|(_, it)| it != key);
            if claimed.is_empty() {
                self.aliases.remove(alias);
            }
        }
    }
}

fn alias_of(claims: &Map) -> Option<&String> {
    claims.get("call_alias").filter(|it| !it.is_empty())
}

/// A change seen on the bucket after it was opened; the first replay is not reported.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Also a link that was put again as it was.
    LinkPut(LinkDefinition),
    LinkDeleted(LinkDefinition),
    /// The public key whose claims are new or differ.
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
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

struct Inner {
    bucket: Bucket,
    shared: Arc<Shared>,
    _watch: AbortOnDropHandle<()>,
}

/// Values of links may be secrets.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

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
        let bucket = Bucket::open(client, lattice, js_domain).await?;
        if let Err(reason) = migrate::migrate(&bucket, lattice).await {
            // It stays where it is, for the next host that starts.
            tracing::warn!(%lattice, %reason, "cannot take over the state of the oldest hosts");
        }
        let shared = Arc::new(Shared::new(Table::default()));
        let session = Session::start(&bucket, &shared)
            .await
            .map_err(|reason| bucket.unreachable(reason))?;
        let watch = tokio::spawn(watch::run(bucket.clone(), shared.clone(), session));
        let inner = Arc::new(Inner {
            bucket,
            shared,
            _watch: AbortOnDropHandle::new(watch),
        });
        Ok(Self { inner })
    }

    /// For who keeps it or waits meanwhile; the next change then costs a copy of everything.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.shared.snapshot()
    }

    /// A look at the present state. Changes wait for its end, so it is a short one.
    pub fn look<T>(&self, at: impl FnOnce(&Snapshot) -> T) -> T {
        self.inner.shared.look(at)
    }

    /// Changes from now on, this handle's own among them, each after it is in the snapshot. Who must miss
    /// nothing subscribes first and then looks at the snapshot. A receiver that lags has missed changes,
    /// not the state: compare [`Self::snapshot`] with what was done, and go on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.shared.changes()
    }

    /// Stores a link under its own key; acknowledged by JetStream, and in this handle's snapshot, when this
    /// returns. False if an equal link was there.
    ///
    /// # Errors
    /// [`StateError::Write`]; so below.
    pub async fn put_link(&self, mut link: LinkDefinition) -> Result<bool, StateError> {
        link.id = entry::link_hash(&link.actor_id, &link.contract_id, &link.link_name);
        let key = entry::link_key(&link.id);
        let entry = Entry::Link(link);
        // The snapshot may be behind: that all is as it should be is for the bucket to say.
        if self.inner.shared.holds(&key, &entry)
            && self.inner.bucket.get(&key).await.as_ref() == Ok(&Some(entry.clone()))
        {
            return Ok(false);
        }
        self.write(key, Value::Put(entry)).await?;
        Ok(true)
    }

    /// The link that was deleted, if there was one.
    pub async fn delete_link(&self, key: &LinkKey) -> Result<Option<LinkDefinition>, StateError> {
        let hash = entry::link_hash(&key.actor, &key.contract, &key.link_name);
        let stored = entry::link_key(&hash);
        let found = match self.inner.bucket.get(&stored).await {
            Ok(Some(Entry::Link(link))) => Some(link),
            Ok(_) => None,
            Err(_) => self.snapshot().links.get(key).cloned(),
        };
        if found.is_some() {
            self.write(stored, Value::Deleted).await?;
        }
        Ok(found)
    }

    /// Stores claims in the shape of [`super::record`]; equal ones are left as they are, so that a call
    /// alias keeps its age.
    pub async fn put_claims(&self, public_key: &str, claims: Map) -> Result<(), StateError> {
        let entry = Entry::Claims {
            public_key: public_key.to_owned(),
            claims,
        };
        self.put_if_new(entry::claims_key(public_key), entry).await
    }

    pub async fn put_reference(&self, reference: &str, public_key: &str) -> Result<(), StateError> {
        let entry = Entry::Reference {
            reference: reference.to_owned(),
            public_key: public_key.to_owned(),
        };
        self.put_if_new(entry::reference_key(reference), entry)
            .await
    }

    async fn put_if_new(&self, key: String, entry: Entry) -> Result<(), StateError> {
        if self.inner.shared.holds(&key, &entry) {
            return Ok(());
        }
        self.write(key, Value::Put(entry)).await
    }

    async fn write(&self, key: String, value: Value) -> Result<(), StateError> {
        match self.inner.bucket.write(&key, &value).await {
            Ok(revision) => {
                self.inner.shared.apply(&key, revision, value);
                Ok(())
            }
            Err(reason) => Err(StateError::Write { key, reason }),
        }
    }
}

#[cfg(test)]
mod tests;
