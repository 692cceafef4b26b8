//! The table of subscriptions, and the way of a message to those that match.
//!
//! Between `session.rs` and `bus.rs`, which subscribe and publish, and `outbound.rs`, where clients' bytes wait. Holds
//! its lock for the table only: never while bytes are queued, never across an await.

use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::bus::Inbox;
use super::client::Client;
use super::outbound::Queued;
use super::trie::Trie;

/// How long a client that is behind holds a sender back, each time.
const SLOW_CLIENT: Duration = Duration::from_millis(5);

/// How long a full queue of the server itself does.
const FULL_INBOX: Duration = Duration::from_millis(250);

/// All subscriptions of a server.
pub(super) struct Hub {
    table: RwLock<Trie<Arc<Subscription>>>,
    /// Counts changes of the table, so that a kept route is known to be old.
    generation: AtomicU64,
    begun: Notify,
    turn: AtomicU64,
}

/// A message on its way, borrowed from where it came.
pub(super) struct Message<'a> {
    pub(super) subject: &'a [u8],
    pub(super) reply: Option<&'a [u8]>,
    /// The raw block, from `NATS/1.0` to the empty line.
    pub(super) headers: Option<&'a [u8]>,
    pub(super) payload: &'a [u8],
}

/// What matches a subject, to be kept as long as the table stays the same.
#[derive(Default)]
pub(super) struct Route {
    /// Each gets the message.
    plain: Vec<Arc<Subscription>>,
    /// One of each gets the message. Never empty inside.
    groups: Vec<Vec<Arc<Subscription>>>,
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
#[derive(Clone)]
pub(super) enum Sink {
    Client(Arc<Client>),
    Bus(Arc<Inbox>),
}

/// What a sender has to do after its messages are routed.
#[derive(Default)]
pub(super) struct Wake {
    /// Clients whose bytes wait for somebody to write them.
    pub(super) clients: Vec<Arc<Client>>,
    /// Who is behind, and should be waited for.
    pub(super) crowded: Option<Sink>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            table: RwLock::new(Trie::new()),
            generation: AtomicU64::new(1),
            begun: Notify::new(),
            turn: AtomicU64::new(0),
        }
    }

    pub(super) fn subscribe(&self, it: &Arc<Subscription>) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.insert(&it.filter, it.id(), it.clone());
        self.generation.fetch_add(1, Ordering::Release);
        drop(table);
        self.begun.notify_waiters();
    }

    pub(super) fn unsubscribe(&self, it: &Subscription) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        table.remove(&it.filter, it.id());
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Signals each new subscription.
    pub(super) fn begun(&self) -> &Notify {
        &self.begun
    }

    /// Changes whenever a kept route may be wrong.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Makes `route` all that match a subject.
    pub(super) fn route(&self, subject: &[u8], route: &mut Route) {
        route.plain.clear();
        route.groups.clear();
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let _ = table.find(subject, |it| {
            route.add(it.clone());
            ControlFlow::Continue(())
        });
    }

    /// Somebody listens on a subject.
    pub(super) fn interest(&self, subject: &[u8]) -> bool {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.find(subject, |_| ControlFlow::Break(())).is_break()
    }

    pub(super) fn len(&self) -> usize {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.len()
    }

    /// Routes a message of the server itself by `to`, whatever subject it shows, and has it written.
    pub(super) fn publish(&self, to: &[u8], message: &Message<'_>) -> usize {
        let (mut wake, mut route) = (Wake::default(), Route::default());
        self.route(to, &mut route);
        let count = self.deliver(&route, message, None, &mut wake);
        wake.clients.iter().for_each(|it| it.out.wake());
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
        let mut hand = |it: &Arc<Subscription>| self.hand(it, message, except, wake);
        let mut count = route.plain.iter().filter(|it| hand(it)).count();
        for members in &route.groups {
            let (later, first) = members.split_at(self.spread(members.len()));
            count += usize::from(first.iter().chain(later).any(&mut hand));
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
                    wake.crowded = Some(to.sink.clone());
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

    /// A number below `len`, evenly spread over turns.
    fn spread(&self, len: usize) -> usize {
        // Steps of the golden ratio: however many groups take turns, none keeps hitting the same member.
        let turn = self
            .turn
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        (((turn >> 32) * len as u64) >> 32) as usize
    }
}

impl Route {
    fn add(&mut self, it: Arc<Subscription>) {
        if it.queue.is_none() {
            return self.plain.push(it);
        }
        let same = |group: &&mut Vec<Arc<Subscription>>| group[0].queue == it.queue;
        match self.groups.iter_mut().find(same) {
            Some(group) => group.push(it),
            None => self.groups.push(vec![it]),
        }
    }

    /// Leaves one subscription of this client, if there is one.
    pub(super) fn only(&mut self, client: u64) {
        let own = |it: &Arc<Subscription>| matches!(&it.sink, Sink::Client(it) if it.id == client);
        self.plain.retain(own);
        self.plain.truncate(1);
        self.groups.clear();
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

    /// Sets after how many messages, counted from the start, it ends; says whether it has had them.
    pub(super) fn limit(&self, max: u64) -> bool {
        self.max.store(max, Ordering::Release);
        self.delivered.load(Ordering::Acquire) >= max
    }

    /// Its own among all that there are: where it lives.
    fn id(&self) -> u64 {
        std::ptr::from_ref(self).addr() as u64
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

impl Sink {
    /// Waits a little where much is unread.
    pub(super) async fn room(&self) {
        let (drained, most) = match self {
            Self::Client(it) => (it.out.drained(), SLOW_CLIENT),
            Self::Bus(it) => (it.drained(), FULL_INBOX),
        };
        let mut drained = pin!(drained.notified());
        drained.as_mut().enable();
        let crowded = match self {
            Self::Client(it) => it.out.crowded(),
            Self::Bus(it) => it.crowded(),
        };
        if crowded {
            let _ = timeout(most, drained).await;
        }
    }
}
