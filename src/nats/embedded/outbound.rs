//! Bytes on their way to one client: what senders leave here is written in one go per wake-up.
//!
//! A sender that queued the first bytes of a burst writes them itself at the end of its own, as far as the socket takes
//! them at once; the client's writer task does the rest, and all of it where there is TLS. A client that lets too much
//! pile up, or takes nothing for too long, is cut off.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::hub::Message;

/// A buffer that has grown beyond this is not kept, and no more is encrypted at once.
const KEEP: usize = 64 * 1024;

/// A client that takes nothing for so long is not waited for any more.
const PATIENCE: Duration = Duration::from_millis(500);

/// What waits for one client.
pub(super) struct Outbound {
    queue: Mutex<Queue>,
    /// Has the writer look.
    wake: Notify,
    drained: Notify,
    /// Without TLS, senders write here themselves. The writer owns it: a client may be remembered by others' routes
    /// for longer than its connection should be open.
    socket: Weak<OwnedWriteHalf>,
    /// Bytes that may wait.
    most: usize,
    cut: CancellationToken,
}

/// Where a client's writer task writes.
pub(super) enum Writer {
    Plain(Arc<OwnedWriteHalf>),
    Tls(WriteHalf<TlsStream<TcpStream>>),
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

struct Queue {
    bytes: Vec<u8>,
    /// How many of them are written.
    done: usize,
    /// Somebody has promised to write.
    promised: bool,
    /// Nothing more is taken.
    finished: bool,
    /// When the client last took something.
    taken: Instant,
}

impl Outbound {
    pub(super) fn new(socket: Weak<OwnedWriteHalf>, most: usize) -> Self {
        Self {
            queue: Mutex::new(Queue {
                bytes: Vec::new(),
                done: 0,
                promised: false,
                finished: false,
                taken: Instant::now(),
            }),
            wake: Notify::new(),
            drained: Notify::new(),
            socket,
            most,
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
        let block = it.headers.filter(|_| headers);
        let to = &mut queue.bytes;
        to.extend_from_slice(if block.is_some() { b"HMSG " } else { b"MSG " });
        to.extend_from_slice(it.subject);
        to.push(b' ');
        to.extend_from_slice(sid);
        to.push(b' ');
        if let Some(reply) = it.reply {
            to.extend_from_slice(reply);
            to.push(b' ');
        }
        if let Some(block) = block {
            number(to, block.len());
            to.push(b' ');
        }
        number(to, block.map_or(0, <[u8]>::len) + it.payload.len());
        to.extend_from_slice(b"\r\n");
        to.extend_from_slice(block.unwrap_or_default());
        to.extend_from_slice(it.payload);
        to.extend_from_slice(b"\r\n");
        self.queued(queue)
    }

    /// Queues a line of the protocol, its end included.
    pub(super) fn line(&self, text: &[u8]) -> Queued {
        let mut queue = self.lock();
        if queue.finished {
            return Queued::Refused;
        }
        queue.bytes.extend_from_slice(text);
        self.queued(queue)
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
        queue.waiting() >= self.few() && queue.taken.elapsed() < PATIENCE
    }

    /// Signals each time that a client which was behind has caught up.
    pub(super) fn drained(&self) -> &Notify {
        &self.drained
    }

    /// Writes what the socket takes at once, and leaves the rest to the writer.
    pub(super) fn flush(&self) {
        let all = match self.socket.upgrade() {
            Some(socket) => self.write_now(&socket).unwrap_or(false),
            None => false,
        };
        if !all {
            self.wake();
        }
    }

    /// Writes until all is written that there was when this was finished, or the client is cut off for taking nothing
    /// for as long as `stall`.
    pub(super) async fn write(&self, mut to: Writer, stall: Duration) {
        loop {
            let (waiting, finished) = {
                let queue = self.lock();
                (queue.waiting(), queue.finished)
            };
            if waiting == 0 {
                if finished {
                    return;
                }
                self.wake.notified().await;
                continue;
            }
            let written = match &mut to {
                Writer::Plain(socket) => match timeout(stall, socket.writable()).await {
                    Ok(Ok(())) => self.write_now(socket).map(drop),
                    Ok(failed) => failed,
                    Err(late) => Err(late.into()),
                },
                Writer::Tls(stream) => self.encrypt(stream, stall).await,
            };
            if let Err(error) = written {
                if error.kind() == io::ErrorKind::TimedOut {
                    tracing::warn!("cut off a client that takes nothing");
                } else {
                    tracing::debug!(%error, "cannot write to a client");
                }
                return self.cut_off();
            }
        }
    }

    /// Writes what the socket takes; says whether that is all.
    fn write_now(&self, socket: &OwnedWriteHalf) -> io::Result<bool> {
        let mut queue = self.lock();
        queue.promised = false;
        if queue.waiting() == 0 {
            return Ok(true);
        }
        match socket.try_write(queue.unwritten()) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                self.written(&mut queue, count);
                Ok(queue.waiting() == 0)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn encrypt(
        &self,
        to: &mut WriteHalf<TlsStream<TcpStream>>,
        stall: Duration,
    ) -> io::Result<()> {
        let next = {
            let mut queue = self.lock();
            queue.promised = false;
            let all = queue.unwritten();
            all.get(..KEEP).unwrap_or(all).to_vec()
        };
        timeout(stall, to.write_all(&next)).await??;
        timeout(stall, to.flush()).await??;
        self.written(&mut self.lock(), next.len());
        Ok(())
    }

    fn written(&self, queue: &mut Queue, count: usize) {
        let before = queue.waiting();
        // It may have been cut off meanwhile.
        queue.done = (queue.done + count).min(queue.bytes.len());
        queue.taken = Instant::now();
        if queue.waiting() == 0 {
            queue.done = 0;
            queue.bytes.clear();
            queue.bytes.shrink_to(KEEP);
        } else if queue.done > queue.bytes.len() / 2 {
            queue.bytes.drain(..queue.done);
            queue.done = 0;
        }
        if before >= self.few() && queue.waiting() < self.few() {
            self.drained.notify_waiters();
        }
    }

    fn queued(&self, mut queue: MutexGuard<'_, Queue>) -> Queued {
        if queue.waiting() > self.most {
            drop(queue);
            tracing::warn!(limit = self.most, "cut off a slow consumer");
            self.cut_off();
            return Queued::Refused;
        }
        match std::mem::replace(&mut queue.promised, true) {
            true => Queued::More,
            false => Queued::First,
        }
    }

    fn cut_off(&self) {
        let mut queue = self.lock();
        queue.finished = true;
        queue.bytes = Vec::new();
        queue.done = 0;
        drop(queue);
        self.cut.cancel();
        self.drained.notify_waiters();
    }

    /// Bytes up to which nobody is held back.
    fn few(&self) -> usize {
        self.most / 8
    }

    /// All that waits, for those who write nowhere.
    #[cfg(any(test, fuzzing))]
    pub(super) fn waiting(&self) -> Vec<u8> {
        self.lock().unwritten().to_vec()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn waiting(&self) -> usize {
        self.bytes.len() - self.done
    }

    fn unwritten(&self) -> &[u8] {
        self.bytes.get(self.done..).unwrap_or_default()
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
