//! Bytes on their way to one client: what senders leave here is written in one go per wake-up.
//!
//! A sender that queued the first bytes of a burst writes them itself at the end of its own, as far as the socket takes
//! them at once; the client's writer task does the rest, and all of it where there is TLS. A client that lets too much
//! pile up, or takes nothing for too long, is cut off.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::message::{Message, Part};

/// Bodies from this size on are not copied if their sender shares them.
pub(super) const SHARE: usize = 16 * 1024;

/// A buffer that has grown beyond this is not kept.
const KEEP: usize = 64 * 1024;

/// What a sender writes for somebody else before it goes back to its own work.
const TURNS: usize = 4;

/// Pieces of one write.
const SLICES: usize = 64;

/// How long senders are held back for a client that is behind, at most, before it is left to its limit.
const PATIENCE: Duration = Duration::from_millis(5);

/// What waits for one client.
pub(super) struct Outbound {
    queue: Mutex<Queue>,
    /// Has the writer look.
    wake: Notify,
    drained: Notify,
    /// Without TLS, senders write here themselves.
    socket: Option<Arc<TcpStream>>,
    limits: Limits,
    /// Behind, and not getting better: nobody waits for it.
    sluggish: AtomicBool,
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
}

/// What one writer has taken out to write.
#[derive(Default)]
struct Burst {
    pieces: VecDeque<Bytes>,
    tail: Vec<u8>,
    /// Bytes of the tail that are written.
    done: usize,
    /// Bytes in all, as taken out.
    size: usize,
}

/// Where a client's writer task writes.
pub(super) enum Writer {
    Plain(Arc<TcpStream>),
    Tls(WriteHalf<TlsStream<TcpStream>>),
}

impl Outbound {
    pub(super) fn new(socket: Option<Arc<TcpStream>>, limits: Limits) -> Self {
        Self {
            queue: Mutex::new(Queue::default()),
            wake: Notify::new(),
            drained: Notify::new(),
            socket,
            limits,
            sluggish: AtomicBool::new(false),
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

    /// So much is unread that senders should pause.
    pub(super) fn crowded(&self) -> bool {
        self.lock().pending >= self.limits.pending / 8 && !self.sluggish.load(Ordering::Relaxed)
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

    /// Lets a sender wait a little where much is unread, unless that has not helped before.
    pub(super) async fn pause_sender(&self) {
        let mut drained = pin!(self.drained.notified());
        drained.as_mut().enable();
        if !self.crowded() {
            return;
        }
        if timeout(PATIENCE, drained).await.is_err() {
            self.sluggish.store(true, Ordering::Relaxed);
        }
    }

    /// Writes until all is written that there was when this was finished, or the client is cut off.
    pub(super) async fn write(&self, to: &mut Writer) {
        loop {
            let mut next = self.begin();
            while let Some(mut burst) = next {
                if let Err(error) = burst.drain_to(to, self.limits.stall).await {
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
        queue.pending += bytes;
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
        let few = self.limits.pending / 8;
        let mut queue = self.lock();
        let before = queue.pending;
        queue.pending = before.saturating_sub(written.size);
        if before >= few && queue.pending < few {
            self.sluggish.store(false, Ordering::Relaxed);
            self.drained.notify_waiters();
        }
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
    fn give_back(&self, burst: Burst) {
        let Burst {
            mut pieces,
            tail,
            done,
            size,
        } = burst;
        let tail = Bytes::from(tail).slice(done..);
        if !tail.is_empty() {
            pieces.push_back(tail);
        }
        let left: usize = pieces.iter().map(Bytes::len).sum();
        let mut queue = self.lock();
        pieces.append(&mut queue.pieces);
        queue.pieces = pieces;
        queue.pending = queue.pending.saturating_sub(size - left);
        queue.promised = true;
        queue.busy = false;
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
        let size = tail.len() + pieces.iter().map(Bytes::len).sum::<usize>();
        Some(Burst {
            pieces,
            tail,
            done: 0,
            size,
        })
    }

    /// Finished, and all of it is written.
    fn done(&self) -> bool {
        self.finished && !self.busy && self.tail.is_empty() && self.pieces.is_empty()
    }
}

impl Burst {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.done == self.tail.len()
    }

    /// Writes all of it, or as much as the socket takes at once.
    fn write_to(&mut self, socket: &TcpStream) -> io::Result<()> {
        while !self.is_empty() {
            let written = if self.pieces.is_empty() {
                socket.try_write(self.tail.get(self.done..).unwrap_or_default())?
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let rest = std::iter::once(self.tail.as_slice());
                let all = self.pieces.iter().map(|it| &**it).chain(rest);
                let mut count = 0;
                for (slot, piece) in slices.iter_mut().zip(all) {
                    *slot = IoSlice::new(piece);
                    count += 1;
                }
                socket.try_write_vectored(slices.get(..count).unwrap_or_default())?
            };
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.advance(written);
        }
        Ok(())
    }

    /// Writes all of it; fails when nothing is taken for `stall`.
    async fn drain_to(&mut self, to: &mut Writer, stall: Duration) -> io::Result<()> {
        match to {
            Writer::Plain(socket) => loop {
                match self.write_to(socket) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    other => return other,
                }
                timeout(stall, socket.writable()).await??;
            },
            Writer::Tls(stream) => {
                while !self.is_empty() {
                    let next = match self.pieces.front() {
                        Some(it) => it,
                        None => self.tail.get(self.done..).unwrap_or_default(),
                    };
                    if next.is_empty() {
                        self.pieces.pop_front();
                        continue;
                    }
                    match timeout(stall, stream.write(next)).await?? {
                        0 => return Err(io::ErrorKind::WriteZero.into()),
                        written => self.advance(written),
                    }
                }
                timeout(stall, stream.flush()).await?
            }
        }
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.pieces.front_mut() {
            if written < first.len() {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.pieces.pop_front();
        }
        self.done = (self.done + written).min(self.tail.len());
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
