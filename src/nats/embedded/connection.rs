//! One accepted connection: greeting, TLS, then reading until one side has had enough.
//!
//! Reads for `session.rs`, which understands, and starts the writer of `outbound.rs`. Keeps the times: for TLS, for
//! authentication, for pings.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::task::AbortOnDropHandle;

use super::client::Client;
use super::outbound::{Outbound, Writer};
use super::serving::Serving;
use super::session::{Ended, Session};

/// Bytes that are read at once, while little comes.
const LITTLE: usize = 4 * 1024;

/// Bytes that are read at once, while much comes.
const MUCH: usize = 64 * 1024;

/// Reads in a row after which others get their turn.
const TURNS: usize = 16;

/// How long more is looked for before this sleeps: to be woken on another processor takes longer than most answers.
const LOOK: Duration = Duration::from_micros(50);

/// Whoever was silent for longer is not looked for.
const CHATTY: Duration = Duration::from_micros(500);

/// How long the last words to a client may take.
const FAREWELL: Duration = Duration::from_secs(2);

type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Serves one client until it leaves, must leave, or the server ends.
pub(super) async fn serve(mut socket: TcpStream, peer: SocketAddr, id: u64, serving: Arc<Serving>) {
    // Replies must not wait for the acknowledgement of what was sent before.
    let _ = socket.set_nodelay(true);
    if serving.full() {
        let line = b"-ERR 'maximum connections exceeded'\r\n";
        let _ = timeout(FAREWELL, socket.write_all(line)).await;
        return;
    }
    let info = serving.info(id, peer);
    let (reader, writer, direct): (Reader, _, _) = match &serving.tls {
        None => {
            let (reader, writer) = socket.into_split();
            let writer = Arc::new(writer);
            let direct = Arc::downgrade(&writer);
            (Box::new(reader), Writer::Plain(writer), direct)
        }
        Some(acceptor) => {
            let line = info.line();
            let greeted = encrypt(socket, &line, acceptor);
            let Ok(Some(stream)) = timeout(serving.config.auth_timeout, greeted).await else {
                return;
            };
            let (reader, writer) = tokio::io::split(stream);
            (Box::new(reader), Writer::Tls(writer), Weak::new())
        }
    };
    let client = Client::new(id, Outbound::new(direct, serving.config.max_pending));
    let client = Arc::new(client);
    if serving.tls.is_none() {
        client.out.line(&info.line());
        client.out.flush();
    }
    let (out, stall) = (client.clone(), serving.config.write_deadline);
    let writing = tokio::spawn(async move { out.out.write(writer, stall).await });
    let mut writing = AbortOnDropHandle::new(writing);
    let mut session = Session::new(client.clone(), serving.clone(), info);
    let ended = read(&mut session, reader, &client, &serving).await;
    session.flush();
    client.leave(&serving.hub);
    match &ended {
        Ended::Cut => tracing::debug!(client = id, %peer, "a client was cut off"),
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
    acceptor: &TlsAcceptor,
) -> Option<TlsStream<TcpStream>> {
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
    session: &mut Session,
    mut reader: Reader,
    client: &Client,
    serving: &Serving,
) -> Ended {
    let mut buffer = BytesMut::new();
    let mut chunk = LITTLE;
    let mut turns = 0;
    let mut told = false;
    let (mut last, mut look) = (Instant::now(), Duration::ZERO);
    let mut cut = pin!(client.out.cut().cancelled());
    let mut leaving = pin!(serving.leaving.cancelled());
    let mut closing = pin!(serving.closing.cancelled());
    let mut timer = pin!(sleep(match serving.config.auth.required() {
        true => serving.config.auth_timeout,
        false => serving.config.ping_interval,
    }));
    loop {
        let room = session.need().saturating_sub(buffer.len()).max(chunk);
        buffer.reserve(room);
        turns += 1;
        let turn_over = turns % TURNS == 0;
        let now = if turn_over {
            tokio::task::yield_now().await;
            None
        } else {
            reader.read_buf(&mut buffer).now_or_never()
        };
        let came = match now {
            Some(it) => it,
            None if !turn_over && last.elapsed() < look => {
                tokio::task::yield_now().await;
                // With nothing to do here, whoever else wants this processor has it first.
                std::thread::yield_now();
                continue;
            }
            None => tokio::select! {
                biased;
                () = &mut cut => return Ended::Cut,
                () = &mut closing => return Ended::Gone,
                () = &mut leaving, if !told => {
                    told = true;
                    session.lame_duck();
                    session.flush();
                    continue;
                }
                () = &mut timer => {
                    if let Err(ended) = session.tick() {
                        return ended;
                    }
                    session.flush();
                    let next = tokio::time::Instant::now() + serving.config.ping_interval;
                    timer.as_mut().reset(next);
                    continue;
                }
                // There may be more to read: this was only to see to all else.
                () = std::future::ready(()), if turn_over => continue,
                it = reader.read_buf(&mut buffer) => it,
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
        let silent = last.elapsed();
        if let Err(ended) = session.input(&mut buffer) {
            return ended;
        }
        session.flush();
        if let Some(it) = session.crowded() {
            it.room().await;
        }
        last = Instant::now();
        look = match silent < CHATTY {
            true => LOOK,
            false => Duration::ZERO,
        };
    }
}
