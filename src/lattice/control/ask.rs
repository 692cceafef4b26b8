//! Asking: one request with one answer, or one question that every host may answer.

use std::collections::HashSet;

use async_nats::{RequestErrorKind, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::{Control, ControlError, Gather, List, PATIENCE};
use crate::lattice::command::Part;
use crate::lattice::subject::{self, Command};
use crate::lattice::wire::Ack;

/// A scatter/gather question stops listening after this many answers: far above any lattice, and a flood
/// of answers ends.
const MOST_ANSWERS: usize = 100_000;

/// A list of links or claims ends here: far above any lattice.
const MOST_ENTRIES: usize = 1_000_000;

/// `{"placeholder": true}` in msgpack: what old hosts send, and every provider reads (protocol §5.4).
pub(super) const HEALTH_REQUEST: &[u8] = b"\x81\xabplaceholder\xc3";

impl Control {
    pub(super) async fn command(
        &self,
        host: &str,
        command: Command,
        body: &impl Serialize,
    ) -> Result<Ack, ControlError> {
        self.send(host, self.ctl.command(host, command), body).await
    }

    pub(super) async fn send(
        &self,
        host: &str,
        subject: String,
        body: &impl Serialize,
    ) -> Result<Ack, ControlError> {
        self.request(host, subject, encode(body)?).await
    }

    /// One request, one answer in JSON. `host` is a part of the subject, empty for questions to any host.
    pub(super) async fn request<T: DeserializeOwned>(
        &self,
        host: &str,
        subject: String,
        body: Bytes,
    ) -> Result<T, ControlError> {
        // Nobody can have such an id, and on a subject it would mean something else.
        if !host.is_empty() && !subject::is_token(host) {
            return Err(self.no_responders(subject));
        }
        let answer = self.ask(subject.clone(), body).await?;
        serde_json::from_slice(&answer).map_err(|error| ControlError::BadAnswer {
            subject,
            reason: error.to_string(),
        })
    }

    /// A list, in as many parts as it takes. Each may come from another host, so parts go by keys.
    pub(super) async fn list<T>(
        &self,
        subject: String,
        entries: fn(List) -> Vec<T>,
    ) -> Result<Vec<T>, ControlError> {
        let bad = |reason: String| ControlError::BadAnswer {
            subject: subject.clone(),
            reason,
        };
        let mut found = Vec::new();
        // At first as every client asks.
        let mut known: Option<Vec<String>> = None;
        loop {
            let body = match known.clone() {
                None => Bytes::new(),
                Some(after) => encode(&Part { after })?,
            };
            let mut answer: List = self.request("", subject.clone(), body).await?;
            match answer.next.take() {
                None => {
                    return match answer.error.take().filter(|it| !it.is_empty()) {
                        Some(error) => Err(bad(error)),
                        None => {
                            found.extend(entries(answer));
                            Ok(found)
                        }
                    };
                }
                Some(next) if known.as_ref().is_some_and(|known| next <= *known) => {
                    return Err(bad("it goes in circles".to_owned()));
                }
                Some(next) => {
                    found.extend(entries(answer));
                    known = Some(next);
                }
            }
            if found.len() > MOST_ENTRIES {
                return Err(bad(format!("it has more than {MOST_ENTRIES} entries")));
            }
        }
    }

    pub(super) async fn ask(&self, subject: String, body: Bytes) -> Result<Bytes, ControlError> {
        let request = async_nats::Request::new()
            .payload(body)
            .timeout(Some(self.timeout));
        match self.client.send_request(subject.clone(), request).await {
            Ok(message) => Ok(message.payload),
            Err(error) => Err(match error.kind() {
                RequestErrorKind::NoResponders => self.no_responders(subject),
                RequestErrorKind::TimedOut => ControlError::Timeout {
                    subject,
                    timeout: self.timeout,
                },
                _ => transport(error),
            }),
        }
    }

    /// One question, the answers of all hosts, each host's first.
    pub(super) async fn gather<T: DeserializeOwned>(
        &self,
        subject: String,
        body: Bytes,
        gather: Gather,
        id: impl Fn(&T) -> &str,
    ) -> Result<Vec<T>, ControlError> {
        let asked = Instant::now();
        let give_up = asked + gather.limit;
        let mut quiet = gather.quiet;
        let inbox = self.client.new_inbox();
        let mut replies = self
            .client
            .subscribe(inbox.clone())
            .await
            .map_err(transport)?;
        self.client
            .publish_with_reply(subject.clone(), inbox, body)
            .await
            .map_err(transport)?;
        let enough = gather.expect.unwrap_or(MOST_ANSWERS).min(MOST_ANSWERS);
        let mut answers: Vec<T> = Vec::new();
        let mut seen = HashSet::new();
        let mut until = give_up;
        while answers.len() < enough {
            let Ok(Some(reply)) = timeout_at(until, replies.next()).await else {
                break;
            };
            if reply.status == Some(StatusCode::NO_RESPONDERS) {
                break;
            }
            if answers.is_empty() {
                quiet = quiet.max(asked.elapsed() * PATIENCE);
            }
            until = give_up.min(Instant::now() + quiet);
            match serde_json::from_slice::<T>(&reply.payload) {
                Ok(answer) => {
                    if seen.insert(id(&answer).to_owned()) {
                        answers.push(answer);
                    }
                }
                Err(error) => tracing::debug!(%subject, %error, "passing over an answer"),
            }
        }
        Ok(answers)
    }

    fn no_responders(&self, subject: String) -> ControlError {
        ControlError::NoResponders {
            lattice: self.lattice.clone(),
            subject,
        }
    }
}

pub(super) fn encode(body: &impl Serialize) -> Result<Bytes, ControlError> {
    serde_json::to_vec(body).map(Bytes::from).map_err(transport)
}

pub(super) fn transport(error: impl std::fmt::Display) -> ControlError {
    ControlError::Transport(error.to_string())
}
