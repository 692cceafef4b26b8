//! Requests on a fixed schedule, whatever becomes of those before: what waits shows as late, not as less.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rmpv::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::eventually;
use super::space::Space;

/// Whoever has no answer by then has none.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// A web server, asked from its own machine.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) space: Space,
    pub(crate) address: SocketAddr,
}

/// What each door is asked, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) gets: Duration,
    pub(crate) work: Option<Work>,
}

/// The actor is the recorder, which calls the counter before it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) counter: SocketAddr,
    /// Between POSTs, which stand beside the GETs.
    pub(crate) posts: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Get,
    /// With its id.
    Post(String),
}

/// One request, and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Index of the door.
    pub(crate) door: usize,
    pub(crate) ask: Ask,
    /// When it should begin.
    pub(crate) due: Instant,
    pub(crate) done: Instant,
    /// None where no answer came.
    pub(crate) status: Option<u16>,
}

impl Sample {
    pub(crate) fn is_success(&self) -> bool {
        self.status == Some(200)
    }
}

/// Runs until it is asked for what it saw.
#[derive(Debug)]
pub(crate) struct Load {
    stop: CancellationToken,
    over: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<Vec<Sample>>>,
}

impl Load {
    pub(crate) fn start(doors: &[Door], pace: Pace) -> Self {
        let (stop, over) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let threads = doors.iter().enumerate().map(|(index, door)| {
            let task = ask_on(index, door.address, pace, stop.clone(), Arc::clone(&over));
            // Each thread asks in the namespace of its door.
            door.space.spawn(move || run(task))
        });
        Self {
            threads: threads.collect(),
            over,
            stop,
        }
    }

    /// Waits until this many more requests are over.
    #[track_caller]
    pub(crate) fn pass(&self, requests: usize) {
        let enough = self.over.load(Ordering::SeqCst) + requests;
        eventually("requests are answered", || {
            (self.over.load(Ordering::SeqCst) >= enough).then_some(())
        });
    }

    /// Waits for the answers that are still to come.
    pub(crate) fn finish(self) -> Vec<Sample> {
        self.stop.cancel();
        let threads = self.threads.into_iter();
        threads.flat_map(|it| it.join().unwrap()).collect()
    }
}

async fn ask_on(
    door: usize,
    address: SocketAddr,
    pace: Pace,
    stop: CancellationToken,
    over: Arc<AtomicUsize>,
) -> Vec<Sample> {
    let mut open = JoinSet::new();
    let mut samples = Vec::new();
    let begin = Instant::now();
    let (mut next_get, mut next_post) = (begin, begin);
    let mut id = 0;
    loop {
        let due = match pace.work {
            Some(_) => next_get.min(next_post),
            None => next_get,
        };
        let sleep = tokio::time::sleep_until(due.into());
        if stop.run_until_cancelled(sleep).await.is_none() {
            break;
        }
        let (ask, text) = match pace.work {
            Some(work) if due == next_post => {
                next_post += work.posts;
                id += 1;
                let id = format!("{door}-{id}");
                let body = to_counter("POST", work.counter, &id);
                (Ask::Post(id), request("POST", &body))
            }
            work => {
                next_get += pace.gets;
                let body = work.map(|it| to_counter("GET", it.counter, ""));
                (Ask::Get, request("GET", &body.unwrap_or_default()))
            }
        };
        let over = Arc::clone(&over);
        open.spawn(async move {
            let answer = tokio::time::timeout(ANSWER_LIMIT, exchange(address, &text)).await;
            over.fetch_add(1, Ordering::SeqCst);
            Sample {
                door,
                ask,
                due,
                done: Instant::now(),
                status: answer.ok().flatten(),
            }
        });
        while let Some(sample) = open.try_join_next() {
            samples.push(sample.unwrap());
        }
    }
    samples.extend(open.join_all().await);
    samples
}

fn request(method: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} /any/path HTTP/1.1\r\nhost: world\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// What the actor hands to the HTTP client.
fn to_counter(method: &str, counter: SocketAddr, id: &str) -> Vec<u8> {
    let fields = [
        ("method", Value::from(method)),
        ("url", Value::from(format!("http://{counter}/{id}"))),
        ("headers", Value::Map(Vec::new())),
        ("body", Value::Binary(Vec::new())),
    ];
    let fields = fields.map(|(name, value)| (Value::from(name), value));
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &Value::Map(fields.into())).unwrap();
    bytes
}

/// The status of the answer.
async fn exchange(address: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let status = answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(status).ok()?.parse().ok()
}

/// Runs a future on this thread.
pub(super) fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
