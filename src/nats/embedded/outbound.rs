//! Bytes on their way to one client: what senders leave here is written in one go per wake-up.
//!
//! A sender that queued the first bytes of a burst writes them itself at the end of its own, as far as the socket takes
//! them at once; the client's writer task does the rest, and all of it where there is TLS. A client that lets too much
//! pile up, or takes nothing for too long, is cut off.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::burst::{Burst, Writer};
use super::message::{Message, Part};

/// Bodies from this size on are not copied if their sender shares them.
pub(super) const SHARE: usize = 16 * 1024;

/// A buffer that has grown beyond this is not kept.
const KEEP: usize = 64 * 1024;

/// What a sender writes for somebody else before it goes back to its own work.
const TURNS: usize = 4;

/// How long a sender is held back for a client that is behind, each time.
const PAUSE: Duration = Duration::from_millis(5);

/// A client that takes nothing for so long is not waited for any more.
const PATIENCE: Duration = Duration::from_millis(500);

/// What waits for one client.
pub(super) struct Outbound {
    queue: Mutex<Queue>,
    /// Has the writer look.
    wake: Notify,
    drained: Notify,
    /// Without TLS, senders write here themselves.
    socket: Option<Arc<TcpStream>>,
    limits: Limits,
    cut: CancellationToken,
}

/// What a client may leave unread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes that wait.
    pub(super) pending: usize,
    /// How long nothing is taken.
    pub(super) stall: Duration,
}

/// What became of queued bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Queued {
    /// The client is gone or going.
    Refused,
    /// The first since bytes were last written: the sender sees to it that they are.
    First,
    /// Somebody sees to it already.
    More,
}

#[derive(Default)]
struct Queue {
    /// Closed pieces, oldest first.
    pieces: VecDeque<Bytes>,
    /// What follows them, open for more.
    tail: Vec<u8>,
    spare: Vec<u8>,
    /// Bytes of all of it, those being written included.
    pending: usize,
    /// Somebody has promised to write.
    promised: bool,
    /// Somebody writes.
    busy: bool,
    /// Nothing more is taken.
    finished: bool,
    /// When the socket last took something of much.
    taken: Option<Instant>,
}

impl Outbound {
    pub(super) fn new(socket: Option<Arc<TcpStream>>, limits: Limits) -> Self {
        Self {
            queue: Mutex::new(Queue::default()),
            wake: Notify::new(),
            drained: Notify::new(),
            socket,
            limits,
            cut: CancellationToken::new(),
        }
    }

    /// Ends when the client was cut off for being slow, or cannot be written to.
    pub(super) fn cut(&self) -> &CancellationToken {
        &self.cut
    }

    /// Queues a message under the client's name for its subscription; headers only if it understands them.
    pub(super) fn message(&self, sid: &[u8], it: &Message<'_>, headers: bool) -> Queued {
        let mut queue = self.lock();
        if queue.finished {
            return Queued::Refused;
        }
        let block = it.headers.as_ref().filter(|_| headers);
        let size = it.payload.len() + block.map_or(0, Part::len);
        let tail = &mut queue.tail;
        let start = tail.len();
        tail.extend_from_slice(if block.is_some() { b"HMSG " } else { b"MSG " });
        tail.extend_from_slice(it.subject);
        tail.push(b' ');
        tail.extend_from_slice(sid);
        tail.push(b' ');
        if let Some(reply) = it.reply {
            tail.extend_from_slice(reply);
            tail.push(b' ');
        }
        if let Some(block) = block {
            number(tail, block.len());
            tail.push(b' ');
        }
        number(tail, size);
        tail.extend_from_slice(b"\r\n");
        let head = tail.len() - start;
        if let Some(block) = block {
            queue.part(block);
        }
        queue.part(&it.payload);
        queue.tail.extend_from_slice(b"\r\n");
        self.queued(queue, head + size + 2)
    }

    /// Queues a line of the protocol, its end included.
    pub(super) fn line(&self, text: &[u8]) -> Queued {
        let mut queue = self.lock();
        if queue.finished {
            return Queued::Refused;
        }
        queue.tail.extend_from_slice(text);
        self.queued(queue, text.len())
    }

    /// Takes nothing more; the writer ends when what waits is written.
    pub(super) fn finish(&self) {
        self.lock().finished = true;
        self.wake();
    }

    /// Has the writer write.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// So much is unread that senders should pause, and it gets less.
    pub(super) fn crowded(&self) -> bool {
        let queue = self.lock();
        queue.pending >= self.limits.few() && queue.taken.is_some_and(|it| it.elapsed() < PATIENCE)
    }

    /// Writes what the socket takes at once, and leaves the rest to the writer.
    pub(super) fn flush(&self) {
        let Some(socket) = &self.socket else {
            return self.wake();
        };
        let Some(mut burst) = self.begin() else {
            return;
        };
        for _ in 0..TURNS {
            // A broken connection is the writer's to find, too.
            if burst.write_to(socket).is_err() {
                break;
            }
            match self.go_on(burst) {
                Some(next) => burst = next,
                None => return,
            }
        }
        self.give_back(burst);
        self.wake();
    }

    /// Lets a sender wait a little where much is unread.
    pub(super) async fn pause_sender(&self) {
        let mut drained = pin!(self.drained.notified());
        drained.as_mut().enable();
        if !self.crowded() {
            return;
        }
        let _ = timeout(PAUSE, drained).await;
    }

    /// Writes until all is written that there was when this was finished, or the client is cut off.
    pub(super) async fn write(&self, to: &mut Writer) {
        loop {
            let mut next = self.begin();
            while let Some(mut burst) = next {
                while !burst.is_empty() {
                    if let Err(error) = burst.step_to(to, self.limits.stall).await {
                        tracing::debug!(%error, "cannot write to a client");
                        return self.cut_off();
                    }
                    self.settle(&mut self.lock(), &mut burst);
                }
                if let Err(error) = to.flush(self.limits.stall).await {
                    tracing::debug!(%error, "cannot write to a client");
                    return self.cut_off();
                }
                next = self.go_on(burst);
            }
            if self.lock().done() {
                return;
            }
            self.wake.notified().await;
        }
    }

    fn queued(&self, mut queue: MutexGuard<'_, Queue>, bytes: usize) -> Queued {
        let before = queue.pending;
        queue.pending += bytes;
        let few = self.limits.few();
        if before < few && queue.pending >= few {
            queue.taken = Some(Instant::now());
        }
        if queue.pending > self.limits.pending {
            queue.finished = true;
            drop(queue);
            tracing::warn!(limit = self.limits.pending, "cut off a slow consumer");
            self.cut_off();
            return Queued::Refused;
        }
        match std::mem::replace(&mut queue.promised, true) {
            true => Queued::More,
            false => Queued::First,
        }
    }

    /// Takes out what waits, unless somebody is writing: that one will see it.
    fn begin(&self) -> Option<Burst> {
        let mut queue = self.lock();
        if queue.busy {
            return None;
        }
        queue.take()
    }

    /// Takes out what came while a burst was written.
    fn go_on(&self, mut written: Burst) -> Option<Burst> {
        let mut queue = self.lock();
        self.settle(&mut queue, &mut written);
        if written.tail.capacity() <= KEEP {
            written.tail.clear();
            queue.spare = written.tail;
        }
        queue.busy = false;
        let next = queue.take();
        if next.is_none() && queue.finished {
            self.wake();
        }
        next
    }

    /// Puts back what could not be written.
    fn give_back(&self, mut burst: Burst) {
        let mut queue = self.lock();
        self.settle(&mut queue, &mut burst);
        let Burst {
            mut pieces,
            tail,
            done,
            ..
        } = burst;
        let tail = Bytes::from(tail).slice(done..);
        if !tail.is_empty() {
            pieces.push_back(tail);
        }
        pieces.append(&mut queue.pieces);
        queue.pieces = pieces;
        queue.promised = true;
        queue.busy = false;
    }

    /// Counts what was written as no longer waiting.
    fn settle(&self, queue: &mut Queue, burst: &mut Burst) {
        let few = self.limits.few();
        let before = queue.pending;
        let written = std::mem::take(&mut burst.written);
        queue.pending = before.saturating_sub(written);
        if before >= few && written > 0 {
            queue.taken = Some(Instant::now());
            if queue.pending < few {
                self.drained.notify_waiters();
            }
        }
    }

    fn cut_off(&self) {
        let mut queue = self.lock();
        queue.finished = true;
        queue.pieces.clear();
        queue.tail = Vec::new();
        drop(queue);
        self.cut.cancel();
        self.drained.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    /// Bytes up to which nobody is held back.
    fn few(&self) -> usize {
        self.pending / 8
    }
}

impl Queue {
    fn part(&mut self, it: &Part<'_>) {
        match it.as_shared() {
            Some(shared) if shared.len() >= SHARE => {
                let tail = std::mem::take(&mut self.tail);
                self.pieces.push_back(Bytes::from(tail));
                self.pieces.push_back(shared.clone());
            }
            _ => self.tail.extend_from_slice(it.bytes()),
        }
    }

    fn take(&mut self) -> Option<Burst> {
        self.promised = false;
        if self.tail.is_empty() && self.pieces.is_empty() {
            return None;
        }
        self.busy = true;
        let pieces = std::mem::take(&mut self.pieces);
        let spare = std::mem::take(&mut self.spare);
        let tail = std::mem::replace(&mut self.tail, spare);
        Some(Burst {
            pieces,
            tail,
            done: 0,
            written: 0,
        })
    }

    /// Finished, and all of it is written.
    fn done(&self) -> bool {
        self.finished && !self.busy && self.tail.is_empty() && self.pieces.is_empty()
    }
}

/// Appends a number in decimal.
fn number(to: &mut Vec<u8>, mut it: usize) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (it % 10) as u8;
        it /= 10;
        if it == 0 {
            break;
        }
    }
    to.extend_from_slice(&digits[at..]);
}
