//! The load: HTTP/1.1 over connections that stay open, one request at a time on each.
//!
//! Lean on purpose, and the same for every target: one thread, no parsing beyond where an answer ends.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::stage::block_on;

/// What a target did under load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Answers per second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// All answers, those while it warmed up among them.
    pub(crate) answers: usize,
}

/// Asks again and again; counts after the time to warm up.
pub(crate) fn run(
    address: SocketAddr,
    connections: usize,
    warm_up: Duration,
    time: Duration,
) -> io::Result<Outcome> {
    let request = request(address);
    let begin = Instant::now() + warm_up;
    let end = begin + time;
    let clients = (0..connections).map(|_| client(address, &request, begin, end));
    let clients = block_on(try_join_all(clients))?;
    let answers = clients.iter().map(|it| it.answers).sum();
    let mut times: Vec<_> = clients.into_iter().flat_map(|it| it.times).collect();
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    Ok(Outcome {
        rate: times.len() as f64 / time.as_secs_f64(),
        p50: at(50),
        p99: at(99),
        answers,
    })
}

/// One answer: status line, headers and body.
pub(crate) fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    block_on(async {
        let mut connection = Connection::open(address).await?;
        connection.ask(&request(address)).await?;
        Ok(connection.answer)
    })
}

fn request(address: SocketAddr) -> Vec<u8> {
    let head = format!(
        "GET /any/path?you=like HTTP/1.1\r\nhost: {address}\r\nuser-agent: walkthrough\r\naccept: */*\r\n\r\n"
    );
    head.into_bytes()
}

async fn client(
    address: SocketAddr,
    request: &[u8],
    begin: Instant,
    end: Instant,
) -> io::Result<Client> {
    let mut connection = Connection::open(address).await?;
    let mut times = Vec::new();
    let mut answers = 0;
    let mut asked = Instant::now();
    while asked < end {
        connection.ask(request).await?;
        let answered = Instant::now();
        answers += 1;
        if asked >= begin && answered <= end {
            times.push(answered - asked);
        }
        asked = answered;
    }
    Ok(Client { times, answers })
}

struct Client {
    times: Vec<Duration>,
    answers: usize,
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: Vec::with_capacity(4096),
        })
    }

    /// Asks once, and keeps the answer until the next time.
    async fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.answer.clear();
        self.stream.write_all(request).await?;
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(length) = length(&self.answer)? {
                match self.answer.len().cmp(&length) {
                    std::cmp::Ordering::Less => {}
                    std::cmp::Ordering::Equal => return Ok(()),
                    std::cmp::Ordering::Greater => {
                        return Err(io::Error::other("more than one answer"));
                    }
                }
            }
        }
    }
}

/// Of a whole answer, once its head is there.
fn length(answer: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = find(answer, b"\r\n\r\n") else {
        return Ok(None);
    };
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        let text = String::from_utf8_lossy(answer);
        return Err(io::Error::other(format!("not the answer: {text}")));
    }
    const FIELD: &[u8] = b"\r\ncontent-length: ";
    let digits = find(&answer[..head], FIELD)
        .map(|it| &answer[it + FIELD.len()..head])
        .ok_or_else(|| io::Error::other("an answer without its length"))?;
    let digits = digits.iter().take_while(|it| it.is_ascii_digit());
    let body = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Ok(Some(head + 4 + body))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|it| it == what)
}
