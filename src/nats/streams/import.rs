//! Streams out of a file: first it is read to its end and checked, then each stream is made whole, or not at all.
//!
//! Sequences stay as they were, since revisions of keys and positions of consumers are sequences. Where messages
//! are missing, something is published on a subject of the import's own and purged in the end. Times are those of
//! the import; what has grown too old for its stream on the way stays out.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::BufRead;
use std::time::{Duration, Instant};

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use data_encoding::BASE64;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::MoveError;
use super::api::{Api, NO_REPLICAS};
use super::plan::{consumer, gap, is_momentary, is_partial, loading, retention, settled};
use super::record::{Decoder, Message, Record, name_of};

/// Messages on their way that are not acknowledged yet, and bytes of them.
const MOST: usize = 256;
const MOST_BYTES: usize = 8 << 20;

/// Gaps filled until the server has to say that they are.
const GAPS: u64 = 512;

/// Gaps emptied one by one at once.
const AT_ONCE: usize = 64;

/// Far above the window of duplicates while a stream is filled, and above what is on its way.
const MEMORY: Duration = Duration::from_secs(10);

/// How often a message is sent again that is taken for a duplicate, and after what time.
const RETRIES: u32 = 300;
const RETRY: Duration = Duration::from_millis(100);

/// What a file has, as its first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Names, and how many messages each has.
    pub streams: Vec<(String, u64)>,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Names, and how many messages each has.
    pub streams: Vec<(String, u64)>,
    /// Those that were there before.
    pub replaced: Vec<String>,
    /// Messages that were too old.
    pub expired: u64,
    pub consumers: u64,
}

/// Reads a file to its end. Blocks.
///
/// # Errors
/// [`MoveError::Malformed`], [`MoveError::Truncated`], [`MoveError::Corrupt`] and [`MoveError::File`].
pub fn check(input: impl BufRead) -> Result<Checked, MoveError> {
    let mut decoder = Decoder::new(input);
    let mut streams = Vec::new();
    while let Some(record) = decoder.next()? {
        match record {
            Record::End { stream, messages } => streams.push((stream, messages)),
            Record::Message(message) => {
                if let Err(reason) = Outgoing::new(message) {
                    return Err(decoder.malformed(reason));
                }
            }
            _ => {}
        }
    }
    Ok(Checked { streams })
}

/// Makes the streams of a file that was checked, all of them or those of these names. With `replace`, those that
/// are there are deleted first; what an import left that did not end, always.
///
/// # Errors
/// [`MoveError::Exists`] before anything is touched, what the server says, and [`MoveError::Diverged`] when
/// somebody else publishes to a stream that is being filled. A stream that is not whole is deleted again.
pub async fn import(
    context: Context,
    input: impl BufRead,
    names: &[String],
    replace: bool,
) -> Result<Imported, MoveError> {
    let api = Api(context);
    let mut decoder = Decoder::new(input);
    let Some(Record::Header { streams, .. }) = decoder.next()? else {
        return Err(decoder.malformed("it is no header"));
    };
    if let Some(missing) = names.iter().find(|it| !streams.contains(it)) {
        return Err(MoveError::NoStream(missing.clone()));
    }
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|it| it == name);
    let there = api.names().await?;
    let (mut exists, mut partial) = (Vec::new(), Vec::new());
    for name in streams.iter().filter(|it| is_wanted(it)) {
        if !there.contains(name) {
            continue;
        }
        let info = api.info(name).await?;
        match info.as_ref().and_then(|it| it.get("config")) {
            Some(config) if is_partial(config) => partial.push(name.clone()),
            _ => exists.push(name.clone()),
        }
    }
    if !replace && !exists.is_empty() {
        return Err(MoveError::Exists(exists));
    }
    let mut imported = Imported::default();
    while let Some(record) = decoder.next()? {
        let Record::Stream {
            config,
            first_seq,
            last_seq,
        } = record
        else {
            // Of a stream that is not wanted.
            continue;
        };
        let name = name_of(&config).unwrap_or_default().to_owned();
        if !is_wanted(&name) {
            continue;
        }
        if exists.contains(&name) {
            api.delete(&name).await?;
            imported.replaced.push(name.clone());
        } else if partial.contains(&name) {
            api.delete(&name).await?;
        }
        let mut target = Target::create(&api, &name, config, first_seq).await?;
        let filled = match target.fill(&mut decoder, last_seq).await {
            Ok(()) => target.settle().await,
            Err(error) => Err(error),
        };
        if let Err(error) = filled {
            if let Err(error) = api.delete(&name).await {
                tracing::warn!("{error}");
            }
            return Err(error);
        }
        imported.streams.push((name.clone(), target.messages));
        imported.expired += target.expired;
        imported.consumers += target.consumers;
    }
    Ok(imported)
}

/// A message, ready to be published.
struct Outgoing {
    subject: String,
    payload: Bytes,
    headers: HeaderMap,
    /// By which servers tell duplicates.
    id: Option<String>,
}

impl Outgoing {
    fn new(message: Message) -> Result<Self, String> {
        let payload = BASE64.decode(message.data.as_bytes());
        let payload = payload.map_err(|error| error.to_string())?;
        let valid = |it: &str| {
            let fits = |c: char| !c.is_whitespace() && !c.is_control();
            !it.is_empty() && it != "*" && it != ">" && it.chars().all(fits)
        };
        if !message.subject.split('.').all(valid) {
            return Err("its subject is none".to_owned());
        }
        let mut headers = HeaderMap::new();
        let mut id = None;
        for (name, value) in &message.headers {
            let parsed = name.parse::<HeaderName>().ok();
            let parsed = parsed.filter(|_| !name.is_empty());
            let parsed = parsed.ok_or("a header has a name that is none")?;
            let text: HeaderValue = value
                .parse()
                .map_err(|_| "a header has a value that is none".to_owned())?;
            if is_momentary(name) {
                continue;
            }
            if name.eq_ignore_ascii_case("Nats-Msg-Id") {
                id = Some(value.clone());
            }
            headers.append(parsed, text);
        }
        Ok(Self {
            subject: message.subject,
            payload: payload.into(),
            headers,
            id,
        })
    }
}

/// A stream that is being filled.
struct Target<'a> {
    api: &'a Api,
    name: &'a str,
    config: Value,
    first_seq: u64,
    /// The subject of what stands where messages are missing.
    gap: String,
    /// The sequence that the next message gets.
    next: u64,
    /// Sequences of what stands in gaps, from and until.
    gaps: Vec<(u64, u64)>,
    waiting: VecDeque<(u64, usize, PublishAckFuture)>,
    waiting_bytes: usize,
    ids: Recent,
    held: Vec<(String, Value)>,
    messages: u64,
    expired: u64,
    consumers: u64,
}

impl<'a> Target<'a> {
    async fn create(
        api: &'a Api,
        name: &'a str,
        mut config: Value,
        first_seq: u64,
    ) -> Result<Self, MoveError> {
        let gap = gap();
        let created = api.create(name, &loading(&config, first_seq, &gap)).await;
        let info = match created {
            Err(MoveError::Refused { code, .. }) if code == NO_REPLICAS => {
                tracing::warn!("stream {name} is kept once, since this server is no cluster");
                if let Some(config) = config.as_object_mut() {
                    config.insert("num_replicas".to_owned(), 1.into());
                }
                api.create(name, &loading(&config, first_seq, &gap)).await?
            }
            other => other?,
        };
        let mut next = last_seq(&info) + 1;
        if next < first_seq {
            // Servers before 2.10 know no first sequence, but can be purged to one.
            api.purge(name, &json!({ "seq": first_seq })).await?;
            let info = api.info(name).await?.unwrap_or_default();
            next = last_seq(&info) + 1;
        }
        let target = Self {
            api,
            name,
            config,
            first_seq,
            gap,
            next,
            gaps: Vec::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            ids: Recent::new(),
            held: Vec::new(),
            messages: 0,
            expired: 0,
            consumers: 0,
        };
        if next > first_seq {
            let reason = format!("it begins at {next}");
            return Err(target.diverged(first_seq, reason));
        }
        Ok(target)
    }

    fn diverged(&self, seq: u64, reason: impl Into<String>) -> MoveError {
        MoveError::Diverged {
            stream: self.name.to_owned(),
            seq,
            reason: reason.into(),
        }
    }

    async fn fill(
        &mut self,
        decoder: &mut Decoder<impl BufRead>,
        last_seq: u64,
    ) -> Result<(), MoveError> {
        let age = self.config.get("max_age").and_then(Value::as_u64);
        let age = age.filter(|it| *it > 0).map(Duration::from_nanos);
        let now = OffsetDateTime::now_utc();
        let expired = |time: &str| {
            let stored = OffsetDateTime::parse(time, &Rfc3339).ok();
            stored.is_some_and(|it| age.is_some_and(|age| it + age < now))
        };
        loop {
            match decoder.next()? {
                Some(Record::Consumer { config, ack_floor }) => {
                    self.consumer(config, ack_floor).await?;
                }
                Some(Record::Message(it)) if expired(&it.time) => self.expired += 1,
                Some(Record::Message(it)) => {
                    let seq = it.seq;
                    self.fill_gap(seq).await?;
                    let message = Outgoing::new(it).map_err(|it| decoder.malformed(it))?;
                    self.publish(seq, message).await?;
                }
                Some(Record::End { .. }) => break,
                _ => return Err(decoder.malformed("it is out of place")),
            }
        }
        self.fill_gap(last_seq + 1).await?;
        self.acknowledged(0).await
    }

    /// Makes a consumer, or remembers to: where messages are kept for consumers only, these come first.
    async fn consumer(&mut self, config: Value, ack_floor: u64) -> Result<(), MoveError> {
        let Some(name) = name_of(&config).map(str::to_owned) else {
            return Ok(());
        };
        let retention = retention(&self.config);
        let config = consumer(&config, ack_floor, retention);
        self.consumers += 1;
        if retention == "interest" {
            return self.api.create_consumer(self.name, &name, &config).await;
        }
        self.held.push((name, config));
        Ok(())
    }

    async fn publish(&mut self, seq: u64, message: Outgoing) -> Result<(), MoveError> {
        let twice = message
            .id
            .as_ref()
            .is_some_and(|it| self.ids.add(it, Instant::now()));
        if twice {
            self.acknowledged(0).await?;
            self.publish_again(seq, &message).await?;
        } else {
            let size = message.payload.len();
            let ack = self.send(seq, &message).await?;
            self.waiting.push_back((seq, size, ack));
            self.waiting_bytes += size;
            self.acknowledged(MOST).await?;
        }
        self.next = seq + 1;
        self.messages += 1;
        Ok(())
    }

    /// Sends a message until the server has forgotten another one with its id.
    async fn publish_again(&mut self, seq: u64, message: &Outgoing) -> Result<(), MoveError> {
        for _ in 0..RETRIES {
            let ack = self.send(seq, message).await?;
            let ack = ack.await.map_err(|it| self.diverged(seq, it.to_string()))?;
            if !ack.duplicate {
                return self.verify(seq, &ack.stream, ack.sequence);
            }
            tokio::time::sleep(RETRY).await;
        }
        Err(self.diverged(seq, "it is taken for a duplicate"))
    }

    async fn send(&self, seq: u64, message: &Outgoing) -> Result<PublishAckFuture, MoveError> {
        let mut publish = PublishMessage::build().payload(message.payload.clone());
        if !message.headers.is_empty() {
            publish = publish.headers(message.headers.clone());
        }
        let sent = self.api.0.send_publish(message.subject.clone(), publish);
        sent.await
            .map_err(|error| self.diverged(seq, error.to_string()))
    }

    /// Waits until at most so many messages, and bytes, are not acknowledged.
    async fn acknowledged(&mut self, most: usize) -> Result<(), MoveError> {
        while self.waiting.len() > most || (most > 0 && self.waiting_bytes > MOST_BYTES) {
            let Some((seq, size, ack)) = self.waiting.pop_front() else {
                break;
            };
            self.waiting_bytes -= size;
            let ack = ack.await.map_err(|it| self.diverged(seq, it.to_string()))?;
            if ack.duplicate {
                return Err(self.diverged(seq, "it is taken for a duplicate"));
            }
            self.verify(seq, &ack.stream, ack.sequence)?;
        }
        Ok(())
    }

    fn verify(&self, seq: u64, stream: &str, found: u64) -> Result<(), MoveError> {
        if stream != self.name {
            let reason = format!("stream {stream} took it; two listen on its subject");
            return Err(self.diverged(seq, reason));
        }
        if found != seq {
            let reason = format!("it became {found}; somebody else publishes there");
            return Err(self.diverged(seq, reason));
        }
        Ok(())
    }

    /// Publishes what is purged later, so that the next message gets this sequence.
    async fn fill_gap(&mut self, until: u64) -> Result<(), MoveError> {
        // Elsewhere it only counts that there are any.
        let counts = self.gaps.is_empty() || retention(&self.config) == "interest";
        if self.next < until && counts {
            self.gaps.push((self.next, until));
        }
        while self.next < until {
            let last = until.min(self.next + GAPS) - 1;
            let client = self.api.0.client();
            for seq in self.next..last {
                let sent = client.publish(self.gap.clone(), Bytes::new()).await;
                sent.map_err(|error| self.diverged(seq, error.to_string()))?;
            }
            let publish = PublishMessage::build();
            let sent = self.api.0.send_publish(self.gap.clone(), publish).await;
            let ack = match sent {
                Ok(it) => it.await,
                Err(error) => Err(error),
            };
            let ack = ack.map_err(|error| self.diverged(last, error.to_string()))?;
            self.verify(last, &ack.stream, ack.sequence)?;
            self.next = last + 1;
        }
        Ok(())
    }

    /// Removes what stands where messages are missing.
    async fn empty_gaps(&mut self) -> Result<(), MoveError> {
        let gaps = std::mem::take(&mut self.gaps);
        if gaps.is_empty() {
            return Ok(());
        }
        if retention(&self.config) != "interest" {
            let body = json!({ "filter": self.gap });
            return self.api.purge(self.name, &body).await;
        }
        // Under consumers that are there already, which old servers move too far when they purge.
        let sequences = gaps.into_iter().flat_map(|(from, until)| from..until);
        let mut removals = iter(sequences)
            .map(|seq| self.api.remove(self.name, seq))
            .buffered(AT_ONCE);
        while let Some(removed) = removals.next().await {
            removed?;
        }
        Ok(())
    }

    /// Gives the stream its gaps, its configuration and its consumers.
    async fn settle(&mut self) -> Result<(), MoveError> {
        self.empty_gaps().await?;
        // Before its limits are back: they may count bytes in another way than where it comes from.
        let info = self.api.info(self.name).await?.unwrap_or_default();
        let found = info.get("state").and_then(|it| it.get("messages"));
        let found = found.and_then(Value::as_u64).unwrap_or_default();
        if found != self.messages && retention(&self.config) == "limits" {
            let reason = format!("{found} of {} messages are there", self.messages);
            return Err(self.diverged(self.next - 1, reason));
        }
        let config = settled(&self.config, self.first_seq);
        self.api.update(self.name, &config).await?;
        for (name, config) in std::mem::take(&mut self.held) {
            self.api.create_consumer(self.name, &name, &config).await?;
        }
        Ok(())
    }
}

fn last_seq(info: &Value) -> u64 {
    let last = info.get("state").and_then(|it| it.get("last_seq"));
    last.and_then(Value::as_u64).unwrap_or_default()
}

/// The ids of the last while, in bounded memory: what is older, the server has forgotten too.
struct Recent {
    since: Instant,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Recent {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            young: HashSet::new(),
            old: HashSet::new(),
        }
    }

    /// Whether it was there already; two ids may be taken for one, which only costs time.
    fn add(&mut self, id: &str, now: Instant) -> bool {
        if now.duration_since(self.since) > MEMORY {
            self.old = std::mem::take(&mut self.young);
            self.since = now;
        }
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        !self.young.insert(hash) || self.old.contains(&hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str, headers: &[(&str, &str)], data: &str) -> Message {
        let headers = headers.iter().map(|(a, b)| ((*a).into(), (*b).into()));
        Message {
            seq: 1,
            subject: subject.to_owned(),
            time: String::new(),
            headers: headers.collect(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn expectations_of_the_first_sender_are_left_out() {
        let headers = [
            ("Nats-Expected-Last-Subject-Sequence", "7"),
            ("Nats-Msg-Id", "x"),
            ("KV-Operation", "DEL"),
        ];
        let ready = Outgoing::new(message("$KV.b.k", &headers, "eA=="))
            .ok()
            .unwrap();
        assert_eq!(ready.headers.len(), 2);
        assert_eq!(ready.id.as_deref(), Some("x"));
        assert_eq!(ready.payload, "x");
    }

    #[test]
    fn what_cannot_be_published_is_refused() {
        for subject in ["", "a..b", "a.*", ">", "a b", "a\r\nPUB x 0"] {
            assert!(
                Outgoing::new(message(subject, &[], "")).is_err(),
                "{subject:?}"
            );
        }
        for header in [("a b", "c"), ("", "c"), ("a", "b\r\nc"), ("a:", "b")] {
            assert!(
                Outgoing::new(message("a", &[header], "")).is_err(),
                "{header:?}"
            );
        }
        assert!(Outgoing::new(message("a", &[], "%")).is_err());
    }

    #[test]
    fn ids_are_remembered_for_a_while() {
        let (mut recent, start) = (Recent::new(), Instant::now());
        assert!(!recent.add("a", start) && recent.add("a", start));
        let later = start + MEMORY + Duration::from_secs(1);
        assert!(recent.add("a", later) && !recent.add("b", later));
        let much_later = later + MEMORY * 2;
        assert!(!recent.add("c", much_later));
        assert!(!recent.add("d", much_later + MEMORY * 2));
        assert!(!recent.add("b", much_later + MEMORY * 2));
    }
}
