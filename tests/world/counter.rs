//! Counts how often each POST was carried out: a web server on every machine, all with one book.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::load::run;
use super::space::Space;

/// Where it is in a namespace, where no other program is.
const PORT: u16 = 8123;

/// How long the work of a request takes, so that some are under way when a machine dies.
const WORK: Duration = Duration::from_millis(30);

type Book = Arc<Mutex<HashMap<String, u32>>>;

#[derive(Debug)]
pub(crate) struct Counter {
    /// The same on every machine.
    pub(crate) address: SocketAddr,
    book: Book,
    stop: CancellationToken,
    threads: Vec<JoinHandle<()>>,
}

impl Counter {
    pub(crate) fn start<'a>(spaces: impl IntoIterator<Item = &'a Space>) -> Self {
        let mut address = SocketAddr::from(([127, 0, 0, 1], PORT));
        let (book, stop) = (Book::default(), CancellationToken::new());
        let mut threads = Vec::new();
        for space in spaces {
            let shared = matches!(space, Space::Here);
            if shared && !threads.is_empty() {
                break;
            }
            let port = if shared { 0 } else { PORT };
            let bind = || std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
            let listener = space.enter(bind);
            listener.set_nonblocking(true).unwrap();
            address = listener.local_addr().unwrap();
            let (book, stop) = (Arc::clone(&book), stop.clone());
            let serve = async move || {
                let listener = TcpListener::from_std(listener).unwrap();
                let _ = stop.run_until_cancelled(accept(&listener, &book)).await;
            };
            threads.push(std::thread::spawn(|| run(serve())));
        }
        Self {
            address,
            book,
            stop,
            threads,
        }
    }

    /// How often this was asked for.
    pub(crate) fn count(&self, id: &str) -> u32 {
        self.book
            .lock()
            .unwrap()
            .get(id)
            .copied()
            .unwrap_or_default()
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.stop.cancel();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: &TcpListener, book: &Book) {
    let mut open = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        open.spawn(note(stream, Arc::clone(book)));
        while open.try_join_next().is_some() {}
    }
}

async fn note(mut stream: TcpStream, book: Book) -> std::io::Result<()> {
    let mut text = Vec::new();
    while !text.windows(4).any(|it| it == b"\r\n\r\n") {
        if stream.read_buf(&mut text).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&text);
    if let Some(rest) = text.strip_prefix("POST /") {
        let id = rest.split(' ').next().unwrap_or_default();
        *book.lock().unwrap().entry(id.to_owned()).or_default() += 1;
    }
    tokio::time::sleep(WORK).await;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .await
}
