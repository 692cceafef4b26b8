//! Bytes taken out to be written to one client, and where they go.
//!
//! Between `outbound.rs`, which has them wait, and the socket. Keeps count of what is written.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// Pieces of one write.
const SLICES: usize = 64;

/// What one writer has taken out to write.
#[derive(Default)]
pub(super) struct Burst {
    pub(super) pieces: VecDeque<Bytes>,
    pub(super) tail: Vec<u8>,
    /// Bytes of the tail that are written.
    pub(super) done: usize,
    /// Bytes that are written and not yet settled.
    pub(super) written: usize,
}

/// Where a client's writer task writes.
pub(super) enum Writer {
    Plain(Arc<TcpStream>),
    Tls(WriteHalf<TlsStream<TcpStream>>),
}

impl Writer {
    pub(super) async fn flush(&mut self, stall: Duration) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => timeout(stall, stream.flush()).await?,
        }
    }
}

impl Burst {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.done == self.tail.len()
    }

    /// Writes all of it, or as much as the socket takes at once.
    pub(super) fn write_to(&mut self, socket: &TcpStream) -> io::Result<()> {
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

    /// Writes what can be written next; fails when nothing is taken for `stall`.
    pub(super) async fn step_to(&mut self, to: &mut Writer, stall: Duration) -> io::Result<()> {
        match to {
            Writer::Plain(socket) => match self.write_to(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    timeout(stall, socket.writable()).await?
                }
                other => other,
            },
            Writer::Tls(stream) => {
                while self.pieces.front().is_some_and(Bytes::is_empty) {
                    self.pieces.pop_front();
                }
                let next = match self.pieces.front() {
                    Some(it) => it,
                    None => self.tail.get(self.done..).unwrap_or_default(),
                };
                if next.is_empty() {
                    return Ok(());
                }
                match timeout(stall, stream.write(next)).await?? {
                    0 => Err(io::ErrorKind::WriteZero.into()),
                    written => {
                        self.advance(written);
                        Ok(())
                    }
                }
            }
        }
    }

    pub(super) fn advance(&mut self, mut written: usize) {
        self.written += written;
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
