//! One accepted connection: greeting, TLS, then reading until one side has had enough.
//!
//! Reads for `session.rs`, which understands, and starts the writer of `outbound.rs`. Keeps the times: for TLS, for
//! authentication, for pings.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::task::AbortOnDropHandle;

use super::burst::Writer;
use super::client::Client;
use super::outbound::Outbound;
use super::serving::Serving;
use super::session::{Ended, Session};

/// Bytes that are read at once, while little comes.
const LITTLE: usize = 4 * 1024;

/// Bytes that are read at once, while much comes.
const MUCH: usize = 64 * 1024;

/// Reads in a row after which others get their turn.
const TURNS: usize = 16;

/// How long the last words to a client may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a full queue of the server holds a sender back, at most.
const CONGESTION: Duration = Duration::from_millis(250);

/// Where a connection's bytes come from.
enum Reader {
    Plain(Arc<TcpStream>),
    Tls(ReadHalf<TlsStream<TcpStream>>),
}

/// Serves one client until it leaves, must leave, or the server ends.
pub(super) async fn serve(mut socket: TcpStream, peer: SocketAddr, id: u64, serving: Arc<Serving>) {
    // Replies must not wait for the acknowledgement of what was sent before.
    let _ = socket.set_nodelay(true);
    let info = serving.info(id, peer);
    if serving.full() {
        let line = b"-ERR 'maximum connections exceeded'\r\n";
        let _ = timeout(FAREWELL, socket.write_all(line)).await;
        return;
    }
    let (reader, mut writer, direct) = match &serving.tls {
        None => {
            let socket = Arc::new(socket);
            let reader = Reader::Plain(socket.clone());
            (reader, Writer::Plain(socket.clone()), Some(socket))
        }
        Some(_) => {
            let line = info.line();
            let greeted = timeout(serving.times.handshake, encrypt(socket, &line, &serving));
            let Ok(Some(stream)) = greeted.await else {
                return;
            };
            let (reader, writer) = tokio::io::split(stream);
            (Reader::Tls(reader), Writer::Tls(writer), None)
        }
    };
    let client = Arc::new(Client::new(id, Outbound::new(direct, serving.pending)));
    if serving.tls.is_none() {
        client.out.line(&info.line());
        client.out.flush();
    }
    let session = Session::new(client.clone(), serving.clone(), info);
    let out = client.clone();
    let writing = async move { out.out.write(&mut writer).await };
    let mut writing = AbortOnDropHandle::new(tokio::spawn(writing));
    let ended = read(session, reader, &client, &serving).await;
    client.leave(&serving.hub);
    match &ended {
        Ended::Cut => tracing::warn!(client = id, %peer, "closed a slow consumer"),
        Ended::Refused(reason) => tracing::debug!(client = id, %peer, %reason, "closed a client"),
        Ended::Gone => tracing::debug!(client = id, %peer, "a client left"),
    }
    client.out.finish();
    if !matches!(ended, Ended::Cut) {
        let _ = timeout(FAREWELL, &mut writing).await;
    }
}

/// Greets in plain text, then goes on encrypted; answers those that do not.
async fn encrypt(
    mut socket: TcpStream,
    info: &[u8],
    serving: &Serving,
) -> Option<TlsStream<TcpStream>> {
    let acceptor = serving.tls.clone()?;
    socket.write_all(info).await.ok()?;
    let mut first = [0];
    socket.peek(&mut first).await.ok()?;
    // The first byte of a TLS handshake.
    if first != [22] {
        let _ = socket
            .write_all(b"-ERR 'Secure Connection - TLS Required'\r\n")
            .await;
        return None;
    }
    match acceptor.accept(socket).await {
        Ok(it) => Some(it),
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
    }
}

async fn read(
    mut session: Session,
    mut reader: Reader,
    client: &Client,
    serving: &Serving,
) -> Ended {
    let mut buffer = BytesMut::new();
    let mut chunk = LITTLE;
    let mut turns = 0;
    let mut cut = pin!(client.out.cut().cancelled());
    let mut leaving = pin!(serving.leaving.cancelled());
    let mut closing = pin!(serving.closing.cancelled());
    let mut told = false;
    let first = match serving.auth.required() {
        true => serving.times.auth,
        false => serving.times.ping,
    };
    let mut timer = pin!(sleep_until(Instant::now() + first));
    loop {
        let room = session.need().saturating_sub(buffer.len()).max(chunk);
        buffer.reserve(room);
        let came = match reader.now(&mut buffer) {
            Some(it) => it,
            None => tokio::select! {
                biased;
                it = reader.wait(&mut buffer) => it,
                () = &mut cut => return Ended::Cut,
                () = &mut closing => return Ended::Gone,
                () = &mut leaving, if !told => {
                    told = true;
                    session.lame_duck();
                    continue;
                }
                () = &mut timer => {
                    if let Err(ended) = session.tick() {
                        return ended;
                    }
                    timer.as_mut().reset(Instant::now() + serving.times.ping);
                    continue;
                }
            },
        };
        let count = match came {
            Ok(0) | Err(_) => return Ended::Gone,
            Ok(it) => it,
        };
        chunk = match count {
            _ if count >= chunk => (chunk * 2).min(MUCH),
            _ if count < chunk / 4 => (chunk / 2).max(LITTLE),
            _ => chunk,
        };
        let result = session.input(&mut buffer);
        session.flush();
        if let Err(ended) = result {
            return ended;
        }
        if let Some(inbox) = session.crowded_inbox() {
            let _ = timeout(CONGESTION, inbox.room()).await;
        }
        if let Some(client) = session.crowded_client() {
            client.out.pause_sender().await;
        }
        turns += 1;
        if turns % TURNS == 0 {
            tokio::task::yield_now().await;
        }
    }
}

impl Reader {
    /// Reads what is there already.
    fn now(&self, buffer: &mut BytesMut) -> Option<io::Result<usize>> {
        match self {
            Self::Plain(socket) => match socket.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                other => Some(other),
            },
            Self::Tls(_) => None,
        }
    }

    /// Waits for something to read. Nothing is lost when this is dropped.
    async fn wait(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => loop {
                socket.readable().await?;
                match socket.try_read_buf(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    other => return other,
                }
            },
            Self::Tls(stream) => stream.read_buf(buffer).await,
        }
    }
}
