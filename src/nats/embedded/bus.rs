//! The server's inside door: parts of the server subscribe and publish here without a socket.
//!
//! What JetStream stands on. Publishing never waits; what comes in queues up to a limit, and the sessions that fill a
//! queue are held back while it is long. Does not know what its users make of the messages.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::hub::{Hub, Sink, Subscription};
use super::message::{Message, Part};

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
        let inbox = Arc::new(Inbox::new(sender));
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
            headers: headers.map(Part::shared),
            payload: Part::shared(payload),
        };
        self.hub.publish(to.as_bytes(), &message)
    }

    /// Somebody, here or at a client, listens on this subject.
    pub fn interest(&self, subject: &str) -> bool {
        self.hub.interest(subject.as_bytes())
    }

    /// Waits until nobody listens on this subject.
    pub async fn interest_ended(&self, subject: &str) {
        loop {
            let mut ended = pin!(self.hub.ended().notified());
            ended.as_mut().enable();
            if !self.interest(subject) {
                return;
            }
            ended.await;
        }
    }
}

impl BusSubscription {
    /// The next message; waits for one.
    ///
    /// `None` never comes while this is held: the sending side lives as long as the subscription.
    pub async fn next(&mut self) -> Option<Delivered> {
        let it = self.receiver.recv().await;
        if let Some(it) = &it {
            self.inbox.taken(cost(it));
        }
        it
    }

    /// A message that is there already.
    pub fn try_next(&mut self) -> Option<Delivered> {
        let it = self.receiver.try_recv().ok()?;
        self.inbox.taken(cost(&it));
        Some(it)
    }
}

impl Drop for BusSubscription {
    fn drop(&mut self) {
        self.hub.unsubscribe(&self.subscription);
        self.inbox.close();
    }
}

/// The receiving end of an internal subscription, as the hub sees it.
pub(super) struct Inbox {
    sender: mpsc::UnboundedSender<Delivered>,
    pending: AtomicUsize,
    closed: AtomicBool,
    drained: Notify,
}

impl Inbox {
    fn new(sender: mpsc::UnboundedSender<Delivered>) -> Self {
        Self {
            sender,
            pending: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            drained: Notify::new(),
        }
    }

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
            headers: message.headers.as_ref().map(Part::to_bytes),
            payload: message.payload.to_bytes(),
        };
        self.pending.fetch_add(cost(&it), Ordering::AcqRel);
        self.sender.send(it).is_ok()
    }

    /// So much waits that senders should pause.
    pub(super) fn crowded(&self) -> bool {
        self.pending.load(Ordering::Acquire) > HIGH_WATER && !self.closed.load(Ordering::Acquire)
    }

    /// Waits until senders may go on.
    pub(super) async fn room(&self) {
        loop {
            let mut drained = pin!(self.drained.notified());
            drained.as_mut().enable();
            if !self.crowded() {
                return;
            }
            drained.await;
        }
    }

    fn taken(&self, bytes: usize) {
        let before = self.pending.fetch_sub(bytes, Ordering::AcqRel);
        if before > HIGH_WATER && before.saturating_sub(bytes) <= HIGH_WATER {
            self.drained.notify_waiters();
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.drained.notify_waiters();
    }
}

fn cost(it: &Delivered) -> usize {
    OVERHEAD
        + it.subject.len()
        + it.reply.as_ref().map_or(0, |it| it.len())
        + it.headers.as_ref().map_or(0, Bytes::len)
        + it.payload.len()
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

impl fmt::Debug for BusSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusSubscription")
            .field(
                "filter",
                &String::from_utf8_lossy(self.subscription.filter()),
            )
            .finish_non_exhaustive()
    }
}
