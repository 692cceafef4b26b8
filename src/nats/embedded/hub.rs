//! The table of subscriptions, and the way of a message to those that match.
//!
//! Between `session.rs` and `bus.rs`, which subscribe and publish, and `outbound.rs`, where clients' bytes wait. Holds
//! its lock for the table only: never while bytes are queued, never across an await.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Notify;

use super::bus::Inbox;
use super::client::Client;
use super::message::Message;
use super::outbound::Queued;
use super::trie::{Matches, Trie};

/// What matches a subject, to be kept as long as the table stays the same.
pub(super) type Route = Matches<Arc<Subscription>>;

/// All subscriptions of a server.
pub(super) struct Hub {
    table: RwLock<Trie<Arc<Subscription>>>,
    /// Counts changes of the table, so that a kept route is known to be old.
    generation: AtomicU64,
    ended: Notify,
    turn: AtomicU64,
}

/// One subscription, of a client or of the server itself.
pub(super) struct Subscription {
    filter: Box<[u8]>,
    queue: Option<Box<[u8]>>,
    /// The client's name for it.
    sid: Box<[u8]>,
    sink: Sink,
    delivered: AtomicU64,
    /// Ends after so many messages; 0 is never.
    max: AtomicU64,
}

/// Where a subscription's messages go.
pub(super) enum Sink {
    Client(Arc<Client>),
    Bus(Arc<Inbox>),
}

/// What a sender wants to know after its messages are routed.
#[derive(Default)]
pub(super) struct Wake {
    /// Clients whose bytes wait for somebody to write them.
    pub(super) clients: Vec<Arc<Client>>,
    /// An internal queue that the sender should let shrink.
    pub(super) crowded: Option<Arc<Inbox>>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            table: RwLock::new(Trie::new()),
            generation: AtomicU64::new(1),
            ended: Notify::new(),
            turn: AtomicU64::new(0),
        }
    }

    pub(super) fn subscribe(&self, it: &Arc<Subscription>) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(&it.filter, it.queue.as_deref(), it.clone());
        self.generation.fetch_add(1, Ordering::Release);
    }

    pub(super) fn unsubscribe(&self, it: &Arc<Subscription>) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let removed = table.remove(&it.filter, it.queue.as_deref(), it);
        self.generation.fetch_add(1, Ordering::Release);
        drop(table);
        if removed {
            self.ended.notify_waiters();
        }
    }

    /// Signals each end of a subscription.
    pub(super) fn ended(&self) -> &Notify {
        &self.ended
    }

    /// Changes whenever a kept route may be wrong.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Adds all that match a subject.
    pub(super) fn route(&self, subject: &[u8], found: &mut Route) {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.matches(subject, found);
    }

    pub(super) fn interest(&self, subject: &[u8]) -> bool {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.any(subject)
    }

    pub(super) fn len(&self) -> usize {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.len()
    }

    /// Routes a message of the server itself by `to`, whatever subject it shows, and has it written.
    pub(super) fn publish(&self, to: &[u8], message: &Message<'_>) -> usize {
        let mut wake = Wake::default();
        let mut route = Route::default();
        self.route(to, &mut route);
        let count = self.deliver(&route, message, None, &mut wake);
        for it in wake.clients {
            it.out.wake();
        }
        count
    }

    /// Hands a message to all plain subscriptions of a route and to one of each group; says to how many. Nothing goes
    /// back to `except`.
    pub(super) fn deliver(
        &self,
        route: &Route,
        message: &Message<'_>,
        except: Option<u64>,
        wake: &mut Wake,
    ) -> usize {
        let mut count = 0;
        for it in &route.plain {
            count += usize::from(self.hand(it, message, except, wake));
        }
        for group in &route.queues {
            let members = &group.members;
            let start = self.spread(members.len());
            let (later, first) = members.split_at(start);
            let taken = first
                .iter()
                .chain(later)
                .any(|it| self.hand(it, message, except, wake));
            count += usize::from(taken);
        }
        count
    }

    fn hand(
        &self,
        to: &Arc<Subscription>,
        message: &Message<'_>,
        except: Option<u64>,
        wake: &mut Wake,
    ) -> bool {
        let client = match &to.sink {
            Sink::Client(it) if except == Some(it.id) => return false,
            Sink::Client(it) => it,
            Sink::Bus(inbox) => {
                let taken = inbox.deliver(message);
                if taken && inbox.crowded() {
                    wake.crowded = Some(inbox.clone());
                }
                return taken;
            }
        };
        let Some(last) = to.count() else {
            return false;
        };
        let queued = client.out.message(&to.sid, message, client.headers());
        if queued == Queued::First {
            wake.clients.push(client.clone());
        }
        if last {
            client.forget(to);
            self.unsubscribe(to);
        }
        queued != Queued::Refused
    }

    /// A number below `len`, different each time and evenly spread.
    fn spread(&self, len: usize) -> usize {
        if len < 2 {
            return 0;
        }
        // SplitMix64: scatters a counter well.
        let mut it = self
            .turn
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^= it >> 31;
        usize::try_from(it % len as u64).unwrap_or_default()
    }
}

impl Subscription {
    pub(super) fn new(filter: &[u8], queue: Option<&[u8]>, sid: &[u8], sink: Sink) -> Self {
        Self {
            filter: filter.into(),
            queue: queue.map(Into::into),
            sid: sid.into(),
            sink,
            delivered: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }

    pub(super) fn filter(&self) -> &[u8] {
        &self.filter
    }

    pub(super) fn sid(&self) -> &[u8] {
        &self.sid
    }

    /// Belongs to this client.
    pub(super) fn of(&self, client: u64) -> bool {
        matches!(&self.sink, Sink::Client(it) if it.id == client)
    }

    /// Sets after how many messages, counted from the start, it ends; says whether it has had them.
    pub(super) fn limit(&self, max: u64) -> bool {
        self.max.store(max, Ordering::Release);
        self.delivered.load(Ordering::Acquire) >= max
    }

    /// Counts a message: none if there have been enough, else whether it is the last.
    fn count(&self) -> Option<bool> {
        let count = self.delivered.fetch_add(1, Ordering::AcqRel) + 1;
        match self.max.load(Ordering::Acquire) {
            0 => Some(false),
            max if count > max => None,
            max => Some(count == max),
        }
    }
}

impl PartialEq for Subscription {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
