//! One try of a call that leaves the process: signed, chunked if large, asked, its answer read.
//!
//! `retry` decides how often.

use std::time::Duration;

use async_nats::{HeaderMap, Message, Request, RequestErrorKind, Subject};
use bytes::Bytes;
use tokio::time::Instant;

use super::life::{SIGNS_HEADER, Signs};
use super::{
    Call, DEPTH_HEADER, ENDED, Inner, NOT_RUN, OUTCOME_HEADER, RpcError, TIMEOUT_HEADER, now,
};
use crate::lattice::chunk::{ChunkError, Stored};
use crate::lattice::invocation;
use crate::lattice::wire::{self, Entity, InvocationResponse};

/// How one try ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With an answer, or with an error that another try would meet again.
    Done(Result<Bytes, RpcError>),
    /// Nothing ran.
    NotRun(RpcError),
    /// It may have run, and its answer will not come.
    Lost(RpcError),
}

/// A call in the form in which it travels.
pub(super) struct Prepared {
    id: String,
    body: Bytes,
    /// The payload, where it is too large for the body.
    stored: Option<Stored>,
}

impl Prepared {
    /// Sets the stored payload free: its reader has it.
    fn was_read(&mut self) {
        if let Some(stored) = self.stored.take() {
            stored.leave();
        }
    }
}

impl Inner {
    /// # Errors
    /// [`RpcError::Transport`] when a large payload cannot be stored.
    pub(super) async fn prepare(&self, call: &Call) -> Result<Prepared, RpcError> {
        let mut invocation = invocation::make(
            &self.identity,
            call.origin.clone(),
            call.target.clone(),
            &call.operation,
            call.payload.clone(),
            now(),
        );
        let mut stored = None;
        if invocation.msg.len() > self.inline_limit() {
            let payload = std::mem::take(&mut invocation.msg);
            stored = Some(self.chunks.put(&invocation.id, &payload).await?);
        }
        let body =
            wire::encode(&invocation).map_err(|error| RpcError::Transport(error.to_string()))?;
        Ok(Prepared {
            id: invocation.id,
            body,
            stored,
        })
    }

    /// Asks once. The deadline is for the caller to keep; with `signs`, whoever works on it is asked to show it.
    pub(super) async fn attempt(
        &self,
        call: &Call,
        subject: Subject,
        prepared: &mut Prepared,
        signs: Option<&Signs>,
    ) -> Outcome {
        let mut headers = HeaderMap::new();
        let left = call.deadline.saturating_duration_since(Instant::now());
        headers.insert(TIMEOUT_HEADER, left.as_millis().max(1).to_string());
        headers.insert(DEPTH_HEADER, call.depth.to_string());
        if let Some(signs) = signs {
            headers.insert(SIGNS_HEADER, signs.every().as_millis().to_string());
        }
        let request = Request::new()
            .payload(prepared.body.clone())
            .headers(headers)
            .timeout(None);
        let mut answer = match self.client.send_request(subject, request).await {
            Ok(answer) => answer,
            Err(error) => return self.unsent(&call.target, &error),
        };
        while let Some(next) = signs.and_then(|it| it.read(&answer)) {
            let request = Request::new().timeout(None);
            answer = match self.client.send_request(next, request).await {
                Ok(answer) => answer,
                Err(error) => return Outcome::Lost(RpcError::Transport(error.to_string())),
            };
        }
        let outcome = self.read_answer(call, &prepared.id, &answer).await;
        if let Outcome::Done(Ok(_)) = &outcome {
            prepared.was_read();
        }
        outcome
    }

    fn unsent(&self, target: &Entity, error: &async_nats::RequestError) -> Outcome {
        let transport = RpcError::Transport(error.to_string());
        match error.kind() {
            RequestErrorKind::NoResponders => Outcome::NotRun(self.no_responders(target)),
            RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                Outcome::Done(Err(transport))
            }
            _ => Outcome::Lost(transport),
        }
    }

    async fn read_answer(&self, call: &Call, id: &str, answer: &Message) -> Outcome {
        let bad = |reason: String| RpcError::BadAnswer {
            target: call.target.to_string(),
            reason,
        };
        let response: InvocationResponse = match wire::decode(&answer.payload) {
            Ok(response) => response,
            Err(error) => return Outcome::Done(Err(bad(error.to_string()))),
        };
        if let Some(error) = response.error.filter(|text| !text.is_empty()) {
            let error = RpcError::Remote(error);
            let headers = answer.headers.as_ref();
            let outcome = headers.and_then(|it| it.get(OUTCOME_HEADER));
            return match outcome.map(async_nats::HeaderValue::as_str) {
                Some(NOT_RUN) => Outcome::NotRun(error),
                Some(ENDED) => Outcome::Lost(error),
                _ => Outcome::Done(Err(error)),
            };
        }
        // Old hosts leave it out.
        if !response.invocation_id.is_empty() && response.invocation_id != id {
            return Outcome::Done(Err(bad(format!(
                "it answers invocation '{}', not '{id}'",
                response.invocation_id
            ))));
        }
        match response.content_length {
            Some(size) if size > response.msg.len() as u64 => {
                match self.chunks.take(&format!("{id}-r"), size).await {
                    Ok(payload) => Outcome::Done(Ok(payload)),
                    Err(error) => Outcome::Lost(bad(error.to_string())),
                }
            }
            _ => Outcome::Done(Ok(response.msg)),
        }
    }

    pub(super) fn no_responders(&self, target: &Entity) -> RpcError {
        RpcError::NoResponders {
            lattice: self.lattice.clone(),
            target: target.to_string(),
        }
    }
}

impl RpcError {
    pub(super) fn timeout(target: &Entity, started: Instant) -> Self {
        // Nobody reads microseconds.
        let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self::Timeout {
            target: target.to_string(),
            elapsed: Duration::from_millis(elapsed),
        }
    }
}

impl From<ChunkError> for RpcError {
    fn from(error: ChunkError) -> Self {
        Self::Transport(error.to_string())
    }
}
