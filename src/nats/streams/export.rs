//! Streams into a file.

use async_nats::jetstream::Context;
use data_encoding::BASE64;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::mpsc;

use super::super::pattern::selects;
use super::MoveError;
use super::api::{Api, Stored};
use super::plan::unmovable;
use super::record::{Encoder, Message, Record, name_of, subjects_of};

/// Messages asked for at once, and bytes of them by and large.
const FEWEST: u64 = 8;
const MOST: u64 = 256;
const MOST_BYTES: u64 = 32 << 20;

/// So many missing in a row are a gap that is better jumped over.
const WIDE: usize = 64;

/// Bytes handed on at once.
const CHUNK: usize = 1 << 18;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Names, and how many messages each has.
    pub streams: Vec<(String, u64)>,
    pub skipped: Vec<Skipped>,
}

/// A stream that stays where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub stream: String,
    pub reason: String,
}

/// Writes streams, all of them or those of these names, as far as they go now. What is written goes to `out` in
/// pieces; it is whole once this returns.
///
/// # Errors
/// [`MoveError::NoStream`], [`MoveError::Unmovable`] for one that was named, what the server says, and
/// [`MoveError::File`] when nobody takes the pieces any more.
pub async fn export(
    context: Context,
    server: &str,
    names: &[String],
    out: mpsc::Sender<Vec<u8>>,
) -> Result<Exported, MoveError> {
    let api = Api(context);
    let wanted = match names {
        [] => api.names().await?,
        names => names.to_vec(),
    };
    let mut streams = Vec::new();
    let mut skipped = Vec::new();
    for stream in wanted {
        let info = match name_of(&serde_json::json!({ "name": stream })) {
            Some(_) => api.info(&stream).await?,
            None => None,
        };
        let config = info.and_then(|mut it| it.get_mut("config").map(Value::take));
        let Some(config) = config else {
            return Err(MoveError::NoStream(stream));
        };
        match unmovable(&config) {
            None => streams.push(stream),
            Some(reason) => skipped.push(Skipped {
                stream,
                reason: reason.to_owned(),
            }),
        }
    }
    if let (false, [first, ..]) = (names.is_empty(), skipped.as_slice()) {
        return Err(MoveError::Unmovable {
            stream: first.stream.clone(),
            reason: first.reason.clone(),
        });
    }
    let mut writer = Writer {
        encoder: Encoder::default(),
        out,
    };
    let written = OffsetDateTime::now_utc().format(&Rfc3339);
    writer
        .encoder
        .header(server, written.unwrap_or_default(), &streams);
    let mut exported = Exported {
        streams: Vec::new(),
        skipped,
    };
    for stream in streams {
        let count = one(&api, &stream, &mut writer).await?;
        exported.streams.push((stream, count));
    }
    writer.encoder.finish();
    writer.pass(0).await?;
    Ok(exported)
}

/// Lines on their way out.
struct Writer {
    encoder: Encoder,
    out: mpsc::Sender<Vec<u8>>,
}

impl Writer {
    async fn push(&mut self, record: &Record) -> Result<(), MoveError> {
        self.encoder.push(record);
        self.pass(CHUNK).await
    }

    /// Hands on what has gathered, if it is so much.
    async fn pass(&mut self, least: usize) -> Result<(), MoveError> {
        if self.encoder.pending.len() < least {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.encoder.pending);
        let gone = |_| MoveError::File(std::io::ErrorKind::BrokenPipe.into());
        self.out.send(chunk).await.map_err(gone)
    }
}

async fn one(api: &Api, stream: &str, writer: &mut Writer) -> Result<u64, MoveError> {
    let info = api.info(stream).await?;
    let info = info.ok_or_else(|| MoveError::NoStream(stream.to_owned()))?;
    let config = info.get("config").cloned().unwrap_or_default();
    let count = |field: &str| {
        let state = info.get("state").and_then(|it| it.get(field));
        state.and_then(Value::as_u64).unwrap_or_default()
    };
    let last_seq = count("last_seq");
    let first_seq = match count("messages") {
        0 => last_seq + 1,
        _ => count("first_seq").max(1),
    };
    let subjects = subjects_of(&config);
    writer
        .push(&Record::Stream {
            config,
            first_seq,
            last_seq,
        })
        .await?;
    for info in api.consumers(stream).await? {
        let config = info.get("config").cloned().unwrap_or_default();
        // Others go away by themselves.
        if config.get("durable_name").is_none() || name_of(&config).is_none() {
            continue;
        }
        let floor = info.get("ack_floor").and_then(|it| it.get("stream_seq"));
        let ack_floor = floor.and_then(Value::as_u64).unwrap_or_default();
        writer.push(&Record::Consumer { config, ack_floor }).await?;
    }
    let average = count("bytes") / count("messages").max(1);
    let window = MOST_BYTES / average.max(1);
    let window = usize::try_from(window.clamp(FEWEST, MOST)).unwrap_or(1);
    let mut messages = 0;
    let mut seq = first_seq;
    while seq <= last_seq {
        let mut answers = iter(seq..=last_seq)
            .map(|it| api.get(stream, it))
            .buffered(window);
        let mut missing = 0;
        while missing < WIDE
            && let Some(answer) = answers.next().await
        {
            seq += 1;
            let Some(stored) = answer? else {
                missing += 1;
                continue;
            };
            missing = 0;
            writer.push(&message(stream, &subjects, stored)?).await?;
            messages += 1;
        }
        if missing < WIDE {
            break;
        }
        match api.next(stream, seq).await? {
            Some(it) => seq = it.seq,
            None => break,
        }
    }
    let stream = stream.to_owned();
    writer.push(&Record::End { stream, messages }).await?;
    Ok(messages)
}

fn message(stream: &str, subjects: &[String], stored: Stored) -> Result<Record, MoveError> {
    let diverged = |reason: String| MoveError::Diverged {
        stream: stream.to_owned(),
        seq: stored.seq,
        reason,
    };
    if !subjects.iter().any(|it| selects(it, &stored.subject)) {
        let subject = &stored.subject;
        let reason = format!("its subject {subject} is not of its stream any more");
        return Err(diverged(reason));
    }
    let headers = headers(&stored.hdrs);
    let headers = headers.ok_or_else(|| diverged("its headers cannot be read".to_owned()))?;
    Ok(Record::Message(Message {
        seq: stored.seq,
        subject: stored.subject,
        time: stored.time,
        headers,
        data: stored.data,
    }))
}

/// The headers of a block in base64.
fn headers(block: &str) -> Option<Vec<(String, String)>> {
    if block.is_empty() {
        return Some(Vec::new());
    }
    let block = String::from_utf8(BASE64.decode(block.as_bytes()).ok()?).ok()?;
    let (_version, lines) = block.split_once("\r\n")?;
    let lines = lines.split("\r\n").filter(|it| !it.is_empty());
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    lines.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_headers_are_read() {
        let read = |text: &str| headers(&BASE64.encode(text.as_bytes()));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(headers(""), Some(Vec::new()));
        let found = read("NATS/1.0\r\nA: b:c\r\nA:d\r\nEmpty:\r\n\r\n").unwrap();
        assert_eq!(found, [pair("A", "b:c"), pair("A", "d"), pair("Empty", "")]);
        assert_eq!(read("NATS/1.0\r\nnonsense\r\n\r\n"), None);
        assert_eq!(headers("%%"), None);
    }
}
