//! A connected client as others see it: where its bytes wait, what it is subscribed to, what it asked for.
//!
//! Shared between its session, which reads, and all that send to it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hub::{Hub, Subscription};
use super::outbound::Outbound;

/// What senders and the server know of one connection.
pub(super) struct Client {
    /// Unique within the server.
    pub(super) id: u64,
    pub(super) out: Outbound,
    headers: AtomicBool,
    subscriptions: Mutex<HashMap<Box<[u8]>, Arc<Subscription>>>,
}

impl Client {
    pub(super) fn new(id: u64, out: Outbound) -> Self {
        Self {
            id,
            out,
            headers: AtomicBool::new(false),
            subscriptions: Mutex::new(HashMap::new()),
        }
    }

    /// Understands headers.
    pub(super) fn headers(&self) -> bool {
        self.headers.load(Ordering::Relaxed)
    }

    pub(super) fn set_headers(&self, it: bool) {
        self.headers.store(it, Ordering::Relaxed);
    }

    /// How many subscriptions it has.
    pub(super) fn subscribed(&self) -> usize {
        self.subscriptions().len()
    }

    /// Remembers a subscription; false if its name is taken.
    pub(super) fn remember(&self, it: &Arc<Subscription>) -> bool {
        match self.subscriptions().entry(it.sid().into()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(free) => {
                free.insert(it.clone());
                true
            }
        }
    }

    pub(super) fn find(&self, sid: &[u8]) -> Option<Arc<Subscription>> {
        self.subscriptions().get(sid).cloned()
    }

    /// Forgets a subscription that has ended.
    pub(super) fn forget(&self, it: &Subscription) {
        self.subscriptions().remove(it.sid());
    }

    /// Ends all of its subscriptions.
    pub(super) fn leave(&self, hub: &Hub) {
        let all = std::mem::take(&mut *self.subscriptions());
        all.values().for_each(|it| hub.unsubscribe(it));
    }

    fn subscriptions(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Arc<Subscription>>> {
        self.subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
