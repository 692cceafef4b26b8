//! The file of streams: JSON, a line each, with the sum of all lines at the end.
//!
//! ```text
//! {"type":"header","version":1,"server":"2.9.10","written":"…","streams":["ORDERS"]}
//! {"type":"stream","config":{…},"first_seq":1,"last_seq":9}
//! {"type":"consumer","config":{…},"ack_floor":3}
//! {"type":"message","seq":1,"subject":"orders.a","time":"…","headers":[["A","b"]],"data":"…"}
//! {"type":"end","stream":"ORDERS","messages":8}
//! {"type":"sum","sha256":"…","lines":12}
//! ```
//!
//! `data` is in base64. Consumers come before messages, messages by their sequence; `sum` covers every byte before
//! its line.

use std::io::{BufRead, Read as _};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::super::pattern::selects;
use super::MoveError;

/// Of the format; others are refused.
const VERSION: u32 = 1;

/// Bytes of a line: the largest message of any server, in base64.
const MAX_LINE: u64 = 96 << 20;

/// Streams of one file.
const MAX_STREAMS: usize = 100_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Record {
    Header {
        version: u32,
        /// The version of the server that they come from.
        server: String,
        written: String,
        streams: Vec<String>,
    },
    Stream {
        config: Value,
        /// Of the first message that is there; if there is none, of the next one.
        first_seq: u64,
        last_seq: u64,
    },
    Consumer {
        config: Value,
        /// All up to this one needs not be delivered any more.
        ack_floor: u64,
    },
    Message(Message),
    End {
        stream: String,
        messages: u64,
    },
    Sum {
        sha256: String,
        lines: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    pub(super) seq: u64,
    pub(super) subject: String,
    /// When it was stored, RFC 3339.
    pub(super) time: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) headers: Vec<(String, String)>,
    /// Base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) data: String,
}

/// Records to lines.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    sum: Sha256,
    lines: u64,
    /// What is to be written next.
    pub(super) pending: Vec<u8>,
}

impl Encoder {
    pub(super) fn header(&mut self, server: &str, written: String, streams: &[String]) {
        self.push(&Record::Header {
            version: VERSION,
            server: server.to_owned(),
            written,
            streams: streams.to_vec(),
        });
    }

    pub(super) fn push(&mut self, record: &Record) {
        let from = self.pending.len();
        if let Err(error) = serde_json::to_writer(&mut self.pending, record) {
            // A record is made of strings, numbers and JSON.
            tracing::error!(%error, "cannot write a record");
        }
        self.pending.push(b'\n');
        self.sum
            .update(self.pending.get(from..).unwrap_or_default());
        self.lines += 1;
    }

    pub(super) fn finish(&mut self) {
        let sha256 = HEXLOWER.encode(&self.sum.clone().finalize());
        let lines = self.lines;
        self.push(&Record::Sum { sha256, lines });
    }
}

/// Lines to records, each only where it may stand.
#[derive(Debug)]
pub(super) struct Decoder<R> {
    input: R,
    line: Vec<u8>,
    sum: Sha256,
    lines: u64,
    /// Those to come, the next one last; none before the header.
    left: Option<Vec<String>>,
    at: Option<At>,
    done: bool,
}

/// Within a stream.
#[derive(Debug)]
struct At {
    name: String,
    subjects: Vec<String>,
    next: u64,
    last: u64,
    messages: u64,
}

impl<R: BufRead> Decoder<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            sum: Sha256::new(),
            lines: 0,
            left: None,
            at: None,
            done: false,
        }
    }

    pub(super) fn malformed(&self, reason: impl Into<String>) -> MoveError {
        MoveError::Malformed {
            line: self.lines,
            reason: reason.into(),
        }
    }

    /// The next record but for the sum, which it checks; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, MoveError> {
        if self.done {
            return Ok(None);
        }
        self.line.clear();
        let mut limited = (&mut self.input).take(MAX_LINE);
        limited.read_until(b'\n', &mut self.line)?;
        let lines = self.lines;
        self.lines += 1;
        if self.line.last() != Some(&b'\n') {
            if self.line.len() as u64 == MAX_LINE {
                return Err(self.malformed("it is too long"));
            }
            return Err(MoveError::Truncated { lines });
        }
        let record: Record = serde_json::from_slice(&self.line).map_err(|error| {
            let reason = match lines {
                0 => "it is no file of `wash nats export`".to_owned(),
                _ => error.to_string(),
            };
            self.malformed(reason)
        })?;
        if let Record::Sum {
            sha256,
            lines: told,
        } = &record
        {
            let found = HEXLOWER.encode(&self.sum.clone().finalize());
            if *sha256 != found || *told != lines {
                return Err(MoveError::Corrupt);
            }
            if self.at.is_some() || self.left.as_ref().is_none_or(|it| !it.is_empty()) {
                return Err(self.malformed("streams are missing"));
            }
            if !self.input.fill_buf()?.is_empty() {
                return Err(self.malformed("something follows the sum"));
            }
            self.done = true;
            return Ok(None);
        }
        self.sum.update(&self.line);
        self.admit(&record)?;
        Ok(Some(record))
    }

    /// Whether a record may stand here.
    fn admit(&mut self, record: &Record) -> Result<(), MoveError> {
        let reason = match (record, &mut self.left, &mut self.at) {
            (Record::Header { version, .. }, None, _) if *version != VERSION => {
                format!("the file is of version {version}, and only {VERSION} is known")
            }
            (Record::Header { streams, .. }, None, _) => {
                let mut sorted: Vec<&String> = streams.iter().collect();
                sorted.sort();
                sorted.dedup();
                if sorted.len() == streams.len() && streams.len() <= MAX_STREAMS {
                    self.left = Some(streams.iter().rev().cloned().collect());
                    return Ok(());
                }
                "a stream is named twice, or there are too many".to_owned()
            }
            (
                Record::Stream {
                    config,
                    first_seq,
                    last_seq,
                },
                Some(left),
                None,
            ) => {
                let name = name_of(config);
                if name.is_none() || name != left.pop().as_deref() {
                    "it is another stream than the first line names".to_owned()
                } else if *first_seq == 0 || *first_seq > last_seq.saturating_add(1) {
                    "its sequences make no sense".to_owned()
                } else {
                    self.at = Some(At {
                        name: name.unwrap_or_default().to_owned(),
                        subjects: subjects_of(config),
                        next: *first_seq,
                        last: *last_seq,
                        messages: 0,
                    });
                    return Ok(());
                }
            }
            (Record::Consumer { .. }, _, Some(at)) if at.messages == 0 => return Ok(()),
            (Record::Message(message), _, Some(at)) => {
                if message.seq < at.next || message.seq > at.last {
                    "its sequence is out of order".to_owned()
                } else if !at.subjects.iter().any(|it| selects(it, &message.subject)) {
                    "its subject is not of its stream".to_owned()
                } else {
                    at.next = message.seq + 1;
                    at.messages += 1;
                    return Ok(());
                }
            }
            (Record::End { stream, messages }, _, Some(at)) => {
                if *stream == at.name && *messages == at.messages {
                    self.at = None;
                    return Ok(());
                }
                format!("{} has {} messages here", at.name, at.messages)
            }
            _ => "it is out of place".to_owned(),
        };
        Err(self.malformed(reason))
    }
}

/// The name of a stream or consumer, if it is one that can stand in a subject.
pub(super) fn name_of(config: &Value) -> Option<&str> {
    let name = ["name", "durable_name"]
        .iter()
        .find_map(|it| config.get(it)?.as_str())?;
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !".*>/\\".contains(c);
    (!name.is_empty() && name.len() <= 255 && name.chars().all(fits)).then_some(name)
}

/// A stream without subjects listens on its name.
pub(super) fn subjects_of(config: &Value) -> Vec<String> {
    let listed = config.get("subjects").and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    let mut subjects: Vec<String> = listed.map(str::to_owned).collect();
    if subjects.is_empty() {
        subjects.extend(name_of(config).map(str::to_owned));
    }
    subjects
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(seq: u64) -> Record {
        Record::Message(Message {
            seq,
            subject: "a.b".to_owned(),
            time: "2024-01-01T00:00:00Z".to_owned(),
            headers: vec![("A".to_owned(), "b".to_owned())],
            data: "eA==".to_owned(),
        })
    }

    fn stream(first_seq: u64, last_seq: u64) -> Record {
        let config = json!({"name": "S", "subjects": ["a.*"]});
        Record::Stream {
            config,
            first_seq,
            last_seq,
        }
    }

    fn end(messages: u64) -> Record {
        let stream = "S".to_owned();
        Record::End { stream, messages }
    }

    fn file(records: &[Record]) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.header("2.9.10", "now".to_owned(), &["S".to_owned()]);
        for record in records {
            encoder.push(record);
        }
        encoder.finish();
        encoder.pending
    }

    fn read(bytes: &[u8]) -> Result<Vec<Record>, MoveError> {
        let mut decoder = Decoder::new(bytes);
        let mut records = Vec::new();
        while let Some(it) = decoder.next()? {
            records.push(it);
        }
        Ok(records)
    }

    #[test]
    fn what_was_written_is_read() {
        let records = [stream(3, 9), message(3), message(7), end(2)];
        assert_eq!(&read(&file(&records)).unwrap()[1..], records);
        let empty = [stream(5, 4), end(0)];
        assert_eq!(&read(&file(&empty)).unwrap()[1..], empty);
    }

    #[test]
    fn every_cut_and_every_changed_bit_is_noticed() {
        let whole = file(&[stream(1, 2), message(1), message(2), end(2)]);
        for cut in 0..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "{cut}");
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(read(&changed).is_err(), "{at}");
        }
        // A line that is missing, or there twice.
        let text = String::from_utf8(whole.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            let (mut less, mut more) = (lines.clone(), lines.clone());
            less.remove(at);
            more.insert(at, lines[at]);
            for lines in [less, more] {
                assert!(read((lines.join("\n") + "\n").as_bytes()).is_err(), "{at}");
            }
        }
        assert!(read(&[&whole[..], b"\n"].concat()).is_err());
    }

    #[test]
    fn records_out_of_place_are_refused() {
        for records in [
            &[message(1)][..],
            &[stream(0, 2), end(0)],
            &[stream(4, 2), end(0)],
            &[stream(1, 2), message(3), end(1)],
            &[stream(1, 2), message(2), message(1), end(2)],
            &[stream(1, 2), message(1), end(2)],
            &[stream(1, 2), message(1)],
            &[stream(1, 2), end(0), stream(1, 2), end(0)],
            &[],
        ] {
            assert!(read(&file(records)).is_err(), "{records:?}");
        }
        let other = Record::Stream {
            config: json!({"name": "S", "subjects": ["b"]}),
            first_seq: 1,
            last_seq: 1,
        };
        assert!(read(&file(&[other, message(1), end(1)])).is_err());
    }

    #[test]
    fn names_that_are_more_than_names_are_none() {
        for name in ["", "a.b", "a b", "*", ">", "a\n", "a/b", "\\"] {
            assert_eq!(name_of(&json!({"name": name})), None, "{name}");
        }
        assert_eq!(name_of(&json!({"name": "KV_a-b_1"})), Some("KV_a-b_1"));
        assert_eq!(name_of(&json!({"durable_name": "d"})), Some("d"));
    }
}
