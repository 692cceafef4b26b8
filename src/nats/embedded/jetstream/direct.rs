//! Single messages by sequence or subject: direct gets, and those through the API.

use std::io;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Bus, Delivered};
use super::api::error::ApiError;
use super::api::json::parse;
use super::header::{extended, status};
use super::store::{Record, Store};
use super::subject::Filter;
use super::time::text;

#[derive(Default, PartialEq, Deserialize)]
#[serde(default)]
struct Request {
    seq: u64,
    last_by_subj: String,
    next_by_subj: String,
    batch: u64,
    multi_last: Vec<String>,
    start_time: String,
}

impl Request {
    /// The message it means; `None` when it means nothing, or several things at once.
    fn find(&self, store: &mut Store) -> Option<io::Result<Option<Record>>> {
        let seq = match (self.seq, &*self.last_by_subj, &*self.next_by_subj) {
            (0, "", "") => return None,
            (seq, "", "") => Some(seq),
            (from, "", next) => {
                let found = store.next(from, &Filter::new([next]), usize::MAX);
                found.ok().flatten()
            }
            (0, last, "") => store.last_of(&Filter::new([last])),
            _ => return None,
        };
        Some(seq.map_or(Ok(None), |it| store.get(it)))
    }

    fn is_batch(&self) -> bool {
        self.batch > 0 || !self.multi_last.is_empty() || !self.start_time.is_empty()
    }
}

/// Answers `$JS.API.STREAM.MSG.GET.{stream}`.
pub(super) fn get(store: &mut Store, body: &[u8]) -> Result<Value, ApiError> {
    let request: Request = parse(body)?;
    let found = request.find(store).ok_or(ApiError::BAD_REQUEST)?;
    let message = found
        .map_err(ApiError::store)?
        .ok_or(ApiError::NO_MESSAGE)?;
    let base64 = data_encoding::BASE64;
    let mut shown = json!({
        "subject": &*message.subject,
        "seq": message.seq,
        "data": base64.encode(&message.payload),
        "time": text(message.time),
    });
    if let Some(it) = &message.headers {
        shown["hdrs"] = base64.encode(it).into();
    }
    Ok(json!({ "message": shown }))
}

/// Answers `$JS.API.DIRECT.GET.{stream}`, with or without `.{subject}` behind it.
pub(super) fn answer(
    bus: &Bus,
    store: &mut Store,
    stream: &str,
    subject: Option<&str>,
    asked: &Delivered,
) {
    let Some(reply) = &asked.reply else {
        return;
    };
    let found = match subject {
        Some(subject) => {
            let seq = store.last_of(&Filter::new([subject]));
            Ok(seq.map_or(Ok(None), |it| store.get(it)))
        }
        None if asked.payload.is_empty() => Err("408 Empty Request"),
        None => match parse::<Request>(&asked.payload) {
            Err(_) => Err("408 Malformed Request"),
            Ok(it) if it.is_batch() => Err(
                "408 Batched gets are not supported by the embedded server: run nats-server for that",
            ),
            Ok(it) if it == Request::default() => Err("408 Empty Request"),
            Ok(it) => it.find(store).ok_or("408 Bad Request"),
        },
    };
    let found = found.and_then(|it| match it {
        Ok(it) => it.ok_or("404 Message Not Found"),
        Err(error) => {
            tracing::error!(stream, %error, "can not read a message");
            Err("500 Message Not Readable")
        }
    });
    let (headers, payload) = match found {
        Err(text) => (status(text, &[]), Default::default()),
        Ok(it) => {
            let (seq, time) = (it.seq.to_string(), text(it.time));
            let lines = [
                ("Nats-Stream", stream),
                ("Nats-Subject", &it.subject),
                ("Nats-Sequence", &seq),
                ("Nats-Time-Stamp", &time),
            ];
            (extended(it.headers.as_ref(), &lines), it.payload)
        }
    };
    bus.publish(reply, None, Some(&headers), &payload);
}
