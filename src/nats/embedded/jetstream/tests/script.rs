//! The script. Each line it returns is a step's name and what a client saw.

mod core;
mod limits;
mod pulls;
mod pushes;
mod refused;
mod requests;
mod streams;
mod values;

use std::fmt::{Debug, Write as _};
use std::future::Future;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer;
use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap, Message, Subscriber};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

/// Steps that deliberately end otherwise; `docs/embedded-nats.md` tells the same to people.
pub(super) const DIFFERENT: &[(&str, &str)] = &[
    ("lacks", "left to nats-server, which the refusal names"),
    (
        "unknown",
        "nats-server does not answer at all; a client learns more from a refusal",
    ),
];

/// Steps that end otherwise on nats-server 2.9, which is older than what they use.
pub(super) const NEWER: &[(&str, &str)] = &[
    (
        "direct of none",
        "it listens for all streams, so nobody is told that there is none",
    ),
    ("pull of none", "as above"),
    ("account", "its totals lag behind deletions"),
    (
        "purge {\"seq\"",
        "it does not skip deleted messages for the first sequence",
    ),
    ("purge {\"keep\"", "as above"),
    ("bytes new", "it discards old ones all the same"),
    ("rollup", "it does not answer a value that it does not know"),
    (
        "STREAM.CREATE.Y",
        "it takes subjects and ages that are refused since",
    ),
    (
        "CONSUMER.CREATE.X.Y",
        "it knows one filter only, and other codes",
    ),
    ("first sequence", "it begins at 1"),
    ("lacks", "it does not know most of it"),
];

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Seen(Vec<String>);

impl Seen {
    fn add(&mut self, step: &str, what: impl Debug) {
        self.0.push(format!("{step}: {what:?}"));
    }

    /// A failure is known by its text: code and description.
    fn outcome<T: Debug, E: std::error::Error>(&mut self, step: &str, it: Result<T, E>) {
        match it {
            Ok(it) => self.add(step, it),
            Err(error) => {
                let mut text = error.to_string();
                let mut source = error.source();
                while let Some(it) = source {
                    let _ = write!(text, ": {it}");
                    source = it.source();
                }
                self.add(step, text);
            }
        }
    }
}

/// What a client sees; on servers too old for this client, only what it asks in its own words.
pub(super) async fn run(client: Client, older: bool) -> Vec<String> {
    let mut seen = Seen::default();
    core::core(&client, &mut seen).await;
    for context in [
        jetstream::new(client.clone()),
        jetstream::with_domain(client.clone(), super::DOMAIN),
    ] {
        streams::streams(&context, &mut seen).await;
        streams::gets(&context, &client, &mut seen).await;
        streams::lists(&context, &client, &mut seen).await;
        limits::limits(&context, &mut seen).await;
        limits::ids(&context, &mut seen).await;
        requests::requests(&context, &client, &mut seen).await;
        if !older {
            values::values(&context, &mut seen).await;
            values::objects(&context, &mut seen).await;
            pulls::pulls(&context, &mut seen).await;
            pulls::policies(&context, &mut seen).await;
            pushes::pushes(&context, &client, &mut seen).await;
        }
        pushes::flow(&context, &client, &mut seen).await;
        refused::refused(&context, &client, &mut seen).await;
    }
    seen.0
}

/// A new stream; nats-server may still be clearing away one of that name.
async fn make(js: &Context, config: Config) -> jetstream::stream::Stream {
    let late = Instant::now() + PATIENCE;
    loop {
        match js.create_stream(config.clone()).await {
            Err(error) if Instant::now() < late && error.to_string().contains("10049") => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => return other.expect("it can be made"),
        }
    }
}

/// What comes in time.
async fn soon<T>(it: impl Future<Output = T>) -> T {
    timeout(PATIENCE, it).await.expect("it comes in time")
}

async fn next(from: &mut Subscriber) -> Message {
    soon(from.next()).await.expect("it is open")
}

/// A message as a client sees it, but for what is another each time.
fn face(it: &Message) -> String {
    let mut lines: Vec<_> = it
        .headers
        .iter()
        .flat_map(HeaderMap::iter)
        .filter(|it| it.0.to_string() != "Nats-Time-Stamp")
        .map(|(name, values)| {
            (
                name.to_string(),
                values.iter().map(ToString::to_string).collect::<Vec<_>>(),
            )
        })
        .collect();
    lines.sort();
    let status = it.status.map(|it| it.as_u16());
    let text = String::from_utf8_lossy(&it.payload);
    format!("{status:?} {:?} {lines:?} {text:?}", it.description)
}

/// What the API answers to a raw request.
async fn ask(client: &Client, subject: &str, body: &str) -> Value {
    let asked = client.request(format!("$JS.API.{subject}"), body.to_owned().into());
    let answer = asked.await.expect(subject);
    serde_json::from_slice(&answer.payload).expect(subject)
}

fn told(message: &jetstream::Message) -> (String, String, u64, u64, i64, u64) {
    let info = message.info().unwrap();
    (
        message.subject.to_string(),
        String::from_utf8_lossy(&message.payload).into_owned(),
        info.stream_sequence,
        info.consumer_sequence,
        info.delivered,
        info.pending,
    )
}

async fn show<C: consumer::IntoConsumerConfig>(
    seen: &mut Seen,
    step: &str,
    it: &consumer::Consumer<C>,
) {
    // What was acknowledged without asking for an answer takes a moment.
    let mut last = String::new();
    let mut same = 0;
    while same < 3 {
        let info = it
            .get_info()
            .await
            .unwrap_or_else(|error| panic!("{step}: {error}"));
        let now = format!(
            "{:?}",
            (
                info.delivered.consumer_sequence,
                info.delivered.stream_sequence,
                info.ack_floor.consumer_sequence,
                info.ack_floor.stream_sequence,
                info.num_ack_pending,
                info.num_pending,
                info.num_waiting,
            )
        );
        same = if now == last { same + 1 } else { 0 };
        last = now;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    seen.add(step, last);
}

async fn put(
    js: &Context,
    subject: &str,
    lines: &[(&'static str, &str)],
    payload: &str,
) -> Result<(u64, bool), async_nats::jetstream::context::PublishError> {
    let ack = js
        .publish_with_headers(
            subject.to_owned(),
            headers(lines),
            payload.to_owned().into(),
        )
        .await?
        .await?;
    assert_eq!(ack.domain, super::DOMAIN);
    Ok((ack.sequence, ack.duplicate))
}

fn config(name: &str, subject: &str) -> Config {
    Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        ..Config::default()
    }
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.insert(*name, *value);
    }
    map
}
