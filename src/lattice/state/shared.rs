//! What the handles, the watch and the keeper of the copy share: the table, who listens to it, whether it is
//! up to date, and what this process itself has to say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::SystemTime;

use tokio::sync::{broadcast, watch};

use super::copy::Copy;
use super::entry::{Entry, Value};
use super::heal::Found;
use super::origin::Birth;
use super::table::Table;
use super::{Change, CutOff, Snapshot};

/// Changes that a receiver may be behind before it has to look at the snapshot.
const BACKLOG: usize = 1024;

/// Claims and references that are put back if they get lost, at most.
const MAX_OWN: usize = 16_384;

pub(super) struct Shared {
    table: RwLock<Table>,
    changes: broadcast::Sender<Change>,
    /// Counts what came in, for those who want to know that something did.
    version: watch::Sender<u64>,
    cut_off: watch::Sender<Option<CutOff>>,
    source: Mutex<Option<Source>>,
    own: Mutex<Own>,
}

/// Where the table's content is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) stream: Birth,
    /// This process has read it from the stream; else it is of a copy on disk.
    pub(super) live: bool,
}

/// What this process has told the lattice of what it runs.
#[derive(Default)]
struct Own {
    entries: BTreeMap<String, Entry>,
    /// Keys whose write is not acknowledged yet.
    unsent: BTreeSet<String>,
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            table: RwLock::default(),
            changes: broadcast::channel(BACKLOG).0,
            version: watch::Sender::new(0),
            cut_off: watch::Sender::new(None),
            source: Mutex::default(),
            own: Mutex::default(),
        }
    }

    /// Begins with what a copy on disk holds.
    pub(super) fn load(&self, copy: Copy) {
        let Copy {
            stream,
            saved,
            entries,
        } = copy;
        for (key, revision, entry) in entries {
            self.apply(&key, revision, Value::Put(entry));
        }
        *lock(&self.source) = Some(Source {
            stream,
            live: false,
        });
        self.cut_off.send_replace(Some(CutOff {
            reason: String::new(),
            known_at: Some(saved),
        }));
    }

    /// What a copy on disk is to hold; none before the bucket was read.
    pub(super) fn copy(&self) -> Option<Copy> {
        let source = (*lock(&self.source)).filter(|it| it.live)?;
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        Some(Copy {
            stream: source.stream,
            saved: SystemTime::now(),
            entries: table.entries(),
        })
    }

    pub(super) fn source(&self) -> Option<Source> {
        *lock(&self.source)
    }

    /// What was known before the scan that goes on.
    pub(super) fn known(&self) -> Vec<(String, u64, Value)> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.before_scan()
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.snapshot()
    }

    pub(super) fn look<T>(&self, at: impl FnOnce(&Snapshot) -> T) -> T {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        at(table.view())
    }

    pub(super) fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Each time that something came in.
    pub(super) fn versions(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(super) fn holds(&self, key: &str, entry: &Entry) -> bool {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.holds(key, entry)
    }

    pub(super) fn apply(&self, key: &str, revision: u64, value: Value) {
        self.update(|table| table.apply(key, revision, value));
    }

    pub(super) fn begin_scan(&self) {
        self.update(|table| {
            table.begin_scan();
            None
        });
    }

    /// The bucket was read: all that it holds, and which stream it is.
    pub(super) fn reached(&self, stream: Birth, found: HashMap<String, Found>) {
        let found = found
            .into_iter()
            .map(|(key, it)| (key, (it.revision, it.value)));
        self.update(|table| table.finish_scan(found.collect()));
        *lock(&self.source) = Some(Source { stream, live: true });
        if self.cut_off.send_replace(None).is_some() {
            tracing::info!("the shared state is up to date again");
        }
    }

    /// The bucket cannot be read. Said once.
    pub(super) fn cut_off(&self, reason: String) {
        let is_live = lock(&self.source).is_some_and(|it| it.live);
        self.cut_off.send_if_modified(|it| {
            let known_at = match it {
                Some(before) => before.known_at,
                None => is_live.then(SystemTime::now),
            };
            let is_new = it.as_ref().is_none_or(|it| it.reason.is_empty());
            if is_new {
                tracing::warn!(
                    "cut off from the shared state ({reason}): going on with what is known, and trying again"
                );
            } else {
                tracing::debug!(%reason, "still cut off from the shared state");
            }
            *it = Some(CutOff { reason, known_at });
            is_new
        });
    }

    pub(super) fn standing(&self) -> Option<CutOff> {
        self.cut_off.borrow().clone()
    }

    pub(super) fn standings(&self) -> watch::Receiver<Option<CutOff>> {
        self.cut_off.subscribe()
    }

    /// Notes what is to be in the bucket for as long as this process lives. False if there is no room.
    pub(super) fn remember(&self, key: &str, entry: &Entry) -> bool {
        let mut own = lock(&self.own);
        if own.entries.len() >= MAX_OWN && !own.entries.contains_key(key) {
            return false;
        }
        own.entries.insert(key.to_owned(), entry.clone());
        own.unsent.insert(key.to_owned());
        true
    }

    /// The bucket has it, or will not take it.
    pub(super) fn settle(&self, key: &str, taken: bool) {
        let mut own = lock(&self.own);
        own.unsent.remove(key);
        if !taken {
            own.entries.remove(key);
        }
    }

    pub(super) fn has_unsent(&self) -> bool {
        !lock(&self.own).unsent.is_empty()
    }

    /// What of ours the bucket lacks. What others wrote or deleted since counts, unless ours never arrived.
    pub(super) fn lacking(&self) -> Vec<(String, Entry, bool)> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let mut own = lock(&self.own);
        let Own { entries, unsent } = &mut *own;
        unsent.retain(|key| {
            let entry = entries.get(key);
            entry.is_some_and(|it| !table.is_stored(key, it))
        });
        entries
            .iter()
            .filter_map(|(key, entry)| {
                let is_unsent = unsent.contains(key);
                (is_unsent || !table.knows(key)).then(|| (key.clone(), entry.clone(), is_unsent))
            })
            .collect()
    }

    /// Changes are told under the lock, so that they come in the order in which they were made.
    fn update<T: IntoIterator<Item = Change>>(&self, edit: impl FnOnce(&mut Table) -> T) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for change in edit(&mut table) {
            // An error means that nobody listens.
            let _ = self.changes.send(change);
        }
        self.version.send_modify(|it| *it += 1);
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
