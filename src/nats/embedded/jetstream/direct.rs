//! Single messages by sequence or subject: direct gets, and those through the API.

use bytes::Bytes;
use serde::Serialize;

use super::super::{Bus, Delivered};
use super::api::error::ApiError;
use super::api::info::GetRequest;
use super::header::{extended, status};
use super::store::{Message, Store};
use super::subject::Filter;
use super::time::{Stamp, text};

/// Answers `$JS.API.DIRECT.GET.{stream}`, with or without `.{subject}` behind it.
pub(super) fn answer(
    bus: &Bus,
    store: &mut Store,
    stream: &str,
    subject: Option<&str>,
    request: &Delivered,
) {
    let Some(reply) = &request.reply else {
        return;
    };
    let found = match subject {
        Some(subject) => Ok(store.last_of(&Filter::new([subject]))),
        None => parse(&request.payload).map(|it| find(store, &it)),
    };
    let message = found.and_then(|seq| {
        let message = seq.and_then(|seq| {
            store.get(seq).unwrap_or_else(|error| {
                tracing::error!(stream, seq, %error, "can not read a message");
                None
            })
        });
        message.ok_or("404 Message Not Found")
    });
    match message {
        Ok(it) => {
            let headers = described(&it, stream);
            bus.publish(reply, None, Some(&headers), &it.payload);
        }
        Err(text) => {
            bus.publish(reply, None, Some(&status(text, &[])), &Bytes::new());
        }
    }
}

fn parse(body: &[u8]) -> Result<GetRequest, &'static str> {
    if body.is_empty() {
        return Err("408 Empty Request");
    }
    let request: GetRequest = serde_json::from_slice(body).map_err(|_| "408 Malformed Request")?;
    if request.batch > 0 || !request.multi_last.is_empty() || request.start_time.is_some() {
        return Err(
            "408 Batched gets are not supported by the embedded server: run nats-server for that",
        );
    }
    if request.seq == 0 && request.last_by_subj.is_empty() && request.next_by_subj.is_empty() {
        return Err("408 Empty Request");
    }
    if request.seq > 0 && !request.last_by_subj.is_empty()
        || !request.last_by_subj.is_empty() && !request.next_by_subj.is_empty()
    {
        return Err("408 Bad Request");
    }
    Ok(request)
}

/// The sequence a request means.
fn find(store: &Store, request: &GetRequest) -> Option<u64> {
    if !request.last_by_subj.is_empty() {
        return store.last_of(&Filter::new([&*request.last_by_subj]));
    }
    if !request.next_by_subj.is_empty() {
        let filter = Filter::new([&*request.next_by_subj]);
        return store.next(request.seq, &filter, usize::MAX).ok().flatten();
    }
    Some(request.seq)
}

fn described(message: &Message, stream: &str) -> Bytes {
    extended(
        message.headers.as_ref(),
        &[
            ("Nats-Stream", stream),
            ("Nats-Subject", &message.subject),
            ("Nats-Sequence", &message.seq.to_string()),
            ("Nats-Time-Stamp", &text(message.time)),
        ],
    )
}

/// A message as the API shows it.
#[derive(Serialize)]
pub(super) struct Shown {
    subject: String,
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hdrs: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    data: String,
    time: Stamp,
}

/// Answers `$JS.API.STREAM.MSG.GET.{stream}`.
pub(super) fn get(store: &mut Store, request: &GetRequest) -> Result<Shown, ApiError> {
    let message = match find(store, request) {
        Some(seq) => store
            .get(seq)
            .map_err(|it| ApiError::store(it.to_string()))?,
        None => None,
    };
    let message = message.ok_or(ApiError::NO_MESSAGE)?;
    let base64 = data_encoding::BASE64;
    Ok(Shown {
        subject: message.subject.to_string(),
        seq: message.seq,
        hdrs: message.headers.map(|it| base64.encode(&it)),
        data: base64.encode(&message.payload),
        time: Stamp(message.time),
    })
}
