//! Shared state: links, claims and references in the KV bucket `LATTICEDATA_{lattice}` (protocol §7).
//!
//! A snapshot is kept fresh by a watch, so that nobody asks the network where to send a request. Where the bucket
//! is out of reach, the snapshot stays as it was, and catches up later.

mod bucket;
mod copy;
mod entry;
mod heal;
mod migrate;
mod origin;
mod shared;
pub mod survey;
mod table;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{broadcast, watch as channel};
use tokio_util::task::AbortOnDropHandle;

use self::bucket::{Bucket, Only, WriteError};
use self::copy::Place;
use self::entry::{Entry, Value};
use self::shared::Shared;
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

/// How a handle is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The JetStream domain of the bucket; none for the one of the server that we are connected to.
    pub js_domain: Option<String>,
    /// Keeps a copy in this file, and begins with it where the bucket cannot be reached. Only for state in a named
    /// domain: without one, the state is that of whichever server is there.
    pub copy: Option<PathBuf>,
    /// Begins also if nothing was ever heard of the domain.
    pub may_wait: bool,
}

/// The bucket cannot be read now: the snapshot is an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    pub reason: String,
    /// When what is known was last up to date; none if nothing is known.
    pub known_at: Option<SystemTime>,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("JetStream is not enabled on this NATS server or account")]
    NoJetStream,
    /// No server in reach has this domain.
    #[error("cannot reach JetStream in domain '{0}': nobody answers")]
    NoDomain(String),
    #[error("cannot reach JetStream{}: {reason}", in_domain(.domain))]
    Unreachable {
        domain: Option<String>,
        reason: String,
    },
    /// A write that was not sent, or that nobody took.
    #[error("the lattice's state{} cannot be reached ({reason}); nothing was changed", in_domain(.domain))]
    CutOff {
        domain: Option<String>,
        reason: String,
    },
    #[error("cannot write {key}: {reason}")]
    Write { key: String, reason: String },
}

impl StateError {
    /// Without saying once more what cannot be reached.
    fn reason(self) -> String {
        match self {
            Self::NoJetStream => "JetStream is not enabled there".to_owned(),
            Self::NoDomain(_) => bucket::NOBODY.to_owned(),
            Self::Unreachable { reason, .. } | Self::CutOff { reason, .. } => reason,
            Self::Write { .. } => self.to_string(),
        }
    }
}

fn in_domain(domain: &Option<String>) -> String {
    let domain = domain.as_ref();
    domain
        .map(|it| format!(" in domain '{it}'"))
        .unwrap_or_default()
}

/// How long a domain that nobody has heard of may take to appear, before that is an error and before it is not.
const PATIENCE: Duration = Duration::from_secs(5);
const SHORT_PATIENCE: Duration = Duration::from_secs(1);

/// A handle on the bucket, with its snapshot; cheap to clone. The watch ends with the last handle.
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

struct Inner {
    bucket: Bucket,
    shared: Arc<Shared>,
    _watch: AbortOnDropHandle<()>,
    _copy: Option<AbortOnDropHandle<()>>,
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
    /// [`StateError::NoJetStream`], [`StateError::NoDomain`] or [`StateError::Unreachable`].
    pub async fn open(
        client: async_nats::Client,
        lattice: &LatticeName,
        js_domain: Option<&str>,
    ) -> Result<Self, StateError> {
        let bucket = Bucket::new(client, lattice, js_domain);
        let shared = Arc::new(Shared::new());
        let session = watch::begin(&bucket, lattice, &shared, PATIENCE).await?;
        Ok(Self::following(
            bucket,
            lattice,
            shared,
            Some(session),
            None,
        ))
    }

    /// Opens the bucket as [`Self::open`] does. If it is in a named domain and cannot be reached, begins with the
    /// copy of an earlier time, or with nothing, and catches up once it can; see [`Self::cut_off`].
    ///
    /// # Errors
    /// As of [`Self::open`] without a domain. With one, [`StateError::NoDomain`], where nobody answers for the
    /// domain, no copy proves that it ever was, and nobody said that it may be away: then its name is wrong more
    /// likely than not.
    pub async fn open_or_wait(
        client: async_nats::Client,
        lattice: &LatticeName,
        options: Options,
    ) -> Result<Self, StateError> {
        let domain = options.js_domain;
        let bucket = Bucket::new(client, lattice, domain.as_deref());
        let shared = Arc::new(Shared::new());
        let place = options.copy.filter(|_| domain.is_some()).map(|path| Place {
            path,
            lattice: lattice.clone(),
            domain: domain.clone(),
        });
        let copy = place.as_ref().and_then(Place::read);
        let may_wait = options.may_wait || copy.is_some();
        let patience = match may_wait {
            true => SHORT_PATIENCE,
            false => PATIENCE,
        };
        let session = match watch::begin(&bucket, lattice, &shared, patience).await {
            Ok(session) => Some(session),
            Err(error) if domain.is_none() => return Err(error),
            Err(error @ StateError::NoDomain(_)) if !may_wait => return Err(error),
            Err(error) => {
                if let Some(copy) = copy {
                    shared.load(copy);
                }
                shared.cut_off(error.reason());
                None
            }
        };
        Ok(Self::following(bucket, lattice, shared, session, place))
    }

    fn following(
        bucket: Bucket,
        lattice: &LatticeName,
        shared: Arc<Shared>,
        session: Option<watch::Session>,
        place: Option<Place>,
    ) -> Self {
        let watch = watch::run(bucket.clone(), lattice.clone(), shared.clone(), session);
        let keep = |place| tokio::spawn(copy::keep(place, shared.clone()));
        let inner = Inner {
            _copy: place.map(keep).map(AbortOnDropHandle::new),
            _watch: AbortOnDropHandle::new(tokio::spawn(watch)),
            bucket,
            shared,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Why the snapshot is an older one; none if it is up to date.
    pub fn cut_off(&self) -> Option<CutOff> {
        self.inner.shared.standing()
    }

    /// Follows [`Self::cut_off`].
    pub fn standings(&self) -> channel::Receiver<Option<CutOff>> {
        self.inner.shared.standings()
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
    /// [`StateError::CutOff`] and [`StateError::Write`]; so below.
    pub async fn put_link(&self, mut link: LinkDefinition) -> Result<bool, StateError> {
        link.id = entry::link_hash(&link.actor_id, &link.contract_id, &link.link_name);
        let key = entry::link_key(&link.id);
        let entry = Entry::Link(link);
        // The snapshot may be behind: that all is as it should be is for the bucket to say. And what cannot be
        // read is not written to, since a write that hangs may take effect when nobody expects it any more.
        let stored = self.read(&key).await?;
        if stored.as_ref() == Some(&entry) && self.inner.shared.holds(&key, &entry) {
            return Ok(false);
        }
        self.write(key, Value::Put(entry)).await?;
        Ok(true)
    }

    /// The link that was deleted, if there was one.
    pub async fn delete_link(&self, key: &LinkKey) -> Result<Option<LinkDefinition>, StateError> {
        let hash = entry::link_hash(&key.actor, &key.contract, &key.link_name);
        let stored = entry::link_key(&hash);
        let found = match self.read(&stored).await? {
            Some(Entry::Link(link)) => Some(link),
            // Of a bucket that was lost it would come back, unless this is said.
            _ => self.snapshot().links.get(key).cloned(),
        };
        if found.is_some() {
            self.write(stored, Value::Deleted).await?;
        }
        Ok(found)
    }

    /// Stores claims in the shape of [`super::record`]; equal ones are left as they are, so that a call
    /// alias keeps its age. They are put again if they get lost while this handle lives; where the bucket of a
    /// named domain is out of reach, they are put once it is not.
    pub async fn put_claims(&self, public_key: &str, claims: Map) -> Result<(), StateError> {
        let entry = Entry::Claims {
            public_key: public_key.to_owned(),
            claims,
        };
        self.announce(entry).await
    }

    /// As [`Self::put_claims`].
    pub async fn put_reference(&self, reference: &str, public_key: &str) -> Result<(), StateError> {
        let entry = Entry::Reference {
            reference: reference.to_owned(),
            public_key: public_key.to_owned(),
        };
        self.announce(entry).await
    }

    async fn announce(&self, entry: Entry) -> Result<(), StateError> {
        let Inner { bucket, shared, .. } = &*self.inner;
        let key = entry.key();
        let refused = |reason: String| StateError::Write {
            key: key.clone(),
            reason,
        };
        if !entry::is_key(&key) {
            return Err(refused("it cannot be a key".to_owned()));
        }
        let remembered = shared.remember(&key, &entry);
        let is_cut_off = shared.standing().is_some();
        if shared.holds(&key, &entry) && !is_cut_off {
            shared.settle(&key, true);
            return Ok(());
        }
        let value = Value::Put(entry);
        let error = if is_cut_off && remembered {
            WriteError::CutOff("the state is out of reach".to_owned())
        } else {
            match bucket.write(&key, &value, Only::Always, None).await {
                Ok(revision) => {
                    shared.apply(&key, revision, value);
                    shared.settle(&key, true);
                    return Ok(());
                }
                Err(error) => error,
            }
        };
        let may_come = matches!(error, WriteError::CutOff(_) | WriteError::Late);
        if remembered && may_come && bucket.domain().is_some() {
            tracing::warn!(key, "told to the lattice later: {error}");
            shared.apply(&key, 0, value);
            return Ok(());
        }
        shared.settle(&key, false);
        Err(refused(error.to_string()))
    }

    async fn read(&self, key: &str) -> Result<Option<Entry>, StateError> {
        let Inner { bucket, shared, .. } = &*self.inner;
        if !entry::is_key(key) {
            return Ok(None);
        }
        bucket.get(key).await.map_err(|reason| {
            // Of the two, the watch knows better what is wrong.
            let standing = shared.standing();
            StateError::CutOff {
                domain: bucket.domain().map(str::to_owned),
                reason: standing.map_or(reason, |it| it.reason),
            }
        })
    }

    async fn write(&self, key: String, value: Value) -> Result<(), StateError> {
        let Inner { bucket, shared, .. } = &*self.inner;
        let error = match bucket.write(&key, &value, Only::Always, None).await {
            Ok(revision) => {
                shared.apply(&key, revision, value);
                return Ok(());
            }
            Err(error) => error,
        };
        Err(match error {
            WriteError::CutOff(reason) => StateError::CutOff {
                domain: bucket.domain().map(str::to_owned),
                reason,
            },
            WriteError::Late => StateError::Write {
                key,
                reason: format!("{error}; whether it was stored is not known"),
            },
            error => StateError::Write {
                key,
                reason: error.to_string(),
            },
        })
    }
}

#[cfg(test)]
mod tests;
