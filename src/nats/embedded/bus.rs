//! The server's inside door: parts of the server subscribe and publish here without a socket.
//!
//! What JetStream stands on. Publishing never waits; what comes in queues up to a limit, and the sessions that fill a
//! queue are held back while it is long. Does not know what its users make of the messages.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, mpsc};

use super::hub::{Hub, Message, Sink, Subscription};

/// Bytes that wait for one internal subscriber until more are dropped.
const LIMIT: usize = 64 * 1024 * 1024;

/// Bytes that wait for one internal subscriber until the sessions that send them are held back.
const HIGH_WATER: usize = 4 * 1024 * 1024;

/// What a waiting message costs beyond its bytes.
const OVERHEAD: usize = 128;

/// A handle to publish and subscribe inside the server.
#[derive(Clone)]
pub struct Bus {
    hub: Arc<Hub>,
}

/// A message as an internal subscriber gets it.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub subject: Arc<str>,
    pub reply: Option<Arc<str>>,
    /// The raw block, from `NATS/1.0` to the empty line.
    pub headers: Option<Bytes>,
    pub payload: Bytes,
}

/// What an internal subscriber listens on. Dropping it unsubscribes.
pub struct BusSubscription {
    hub: Arc<Hub>,
    subscription: Arc<Subscription>,
    inbox: Arc<Inbox>,
    receiver: mpsc::UnboundedReceiver<Delivered>,
}

impl Bus {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Listens on `filter`, which may hold wildcards; with a queue, as one of a group.
    pub fn subscribe(&self, filter: &str, queue: Option<&str>) -> BusSubscription {
        let (sender, receiver) = mpsc::unbounded_channel();
        let inbox = Arc::new(Inbox {
            sender,
            pending: AtomicUsize::new(0),
            drained: Notify::new(),
        });
        let subscription = Arc::new(Subscription::new(
            filter.as_bytes(),
            queue.map(str::as_bytes),
            b"",
            Sink::Bus(inbox.clone()),
        ));
        self.hub.subscribe(&subscription);
        BusSubscription {
            hub: self.hub.clone(),
            subscription,
            inbox,
            receiver,
        }
    }

    /// Routes a message, and says to how many. Never waits; a client that cannot keep up is cut off.
    pub fn publish(
        &self,
        subject: &str,
        reply: Option<&str>,
        headers: Option<&Bytes>,
        payload: &Bytes,
    ) -> usize {
        self.deliver(subject, subject, reply, headers, payload)
    }

    /// As [`Bus::publish`], to those that listen on `to`, who see `subject`: what a consumer has for them.
    pub fn deliver(
        &self,
        to: &str,
        subject: &str,
        reply: Option<&str>,
        headers: Option<&Bytes>,
        payload: &Bytes,
    ) -> usize {
        let message = Message {
            subject: subject.as_bytes(),
            reply: reply.map(str::as_bytes),
            headers: headers.map(|it| &**it),
            payload,
        };
        self.hub.publish(to.as_bytes(), &message)
    }

    /// Somebody, here or at a client, listens on this subject.
    pub fn interest(&self, subject: &str) -> bool {
        self.hub.interest(subject.as_bytes())
    }

    /// Waits until somebody begins to listen, on whatever subject, after this was called.
    pub fn interest_begun(&self) -> Notified<'_> {
        self.hub.begun().notified()
    }
}

impl BusSubscription {
    /// The next message; waits for one.
    ///
    /// `None` never comes while this is held: the sending side lives as long as the subscription.
    pub async fn next(&mut self) -> Option<Delivered> {
        let it = self.receiver.recv().await?;
        self.inbox.taken(&it);
        Some(it)
    }

    /// A message that is there already.
    pub fn try_next(&mut self) -> Option<Delivered> {
        let it = self.receiver.try_recv().ok()?;
        self.inbox.taken(&it);
        Some(it)
    }
}

impl Drop for BusSubscription {
    fn drop(&mut self) {
        self.hub.unsubscribe(&self.subscription);
        // Nobody should wait for room here any more.
        self.receiver.close();
        self.inbox.drained.notify_waiters();
    }
}

/// The receiving end of an internal subscription, as the hub sees it.
pub(super) struct Inbox {
    sender: mpsc::UnboundedSender<Delivered>,
    pending: AtomicUsize,
    drained: Notify,
}

impl Inbox {
    /// Takes a message in, unless there is no room or its texts are none.
    pub(super) fn deliver(&self, message: &Message<'_>) -> bool {
        let Ok(subject) = std::str::from_utf8(message.subject) else {
            return false;
        };
        let Ok(reply) = message.reply.map(std::str::from_utf8).transpose() else {
            return false;
        };
        if self.pending.load(Ordering::Relaxed) > LIMIT {
            tracing::warn!(subject, "dropped a message: the server's own queue is full");
            return false;
        }
        let it = Delivered {
            subject: subject.into(),
            reply: reply.map(Arc::from),
            headers: message.headers.map(Bytes::copy_from_slice),
            payload: Bytes::copy_from_slice(message.payload),
        };
        self.pending.fetch_add(it.cost(), Ordering::AcqRel);
        self.sender.send(it).is_ok()
    }

    /// So much waits that senders should pause.
    pub(super) fn crowded(&self) -> bool {
        self.pending.load(Ordering::Acquire) > HIGH_WATER && !self.sender.is_closed()
    }

    /// Signals each time that it is crowded no more.
    pub(super) fn drained(&self) -> &Notify {
        &self.drained
    }

    fn taken(&self, it: &Delivered) {
        let before = self.pending.fetch_sub(it.cost(), Ordering::AcqRel);
        if before > HIGH_WATER && before - it.cost() <= HIGH_WATER {
            self.drained.notify_waiters();
        }
    }
}

impl Delivered {
    fn cost(&self) -> usize {
        OVERHEAD
            + self.subject.len()
            + self.reply.as_ref().map_or(0, |it| it.len())
            + self.headers.as_ref().map_or(0, Bytes::len)
            + self.payload.len()
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

impl fmt::Debug for BusSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = String::from_utf8_lossy(self.subscription.filter());
        f.debug_tuple("BusSubscription").field(&filter).finish()
    }
}
