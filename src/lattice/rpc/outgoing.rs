//! Calls that leave the process: signed, chunked if large, and tried again where nobody can have run them.

use std::time::Duration;

use async_nats::{HeaderMap, Message, Request, RequestErrorKind};
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Call, DEPTH_HEADER, Inner, Retry, RpcError, TIMEOUT_HEADER, now};
use crate::lattice::chunk::{ChunkError, Stored};
use crate::lattice::invocation;
use crate::lattice::wire::{self, Entity, InvocationResponse};

/// Pauses between attempts while nobody listens.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// A call in the form in which it travels.
struct Prepared {
    subject: String,
    id: String,
    body: Bytes,
    /// The payload, where it is too large for the body.
    stored: Option<Stored>,
}

impl Inner {
    pub(super) async fn invoke_remote(&self, call: &Call) -> Result<Bytes, RpcError> {
        let started = Instant::now();
        let attempts = self.attempts(call);
        match timeout_at(call.deadline, attempts).await {
            Ok(result) => result,
            Err(_) if !self.is_connected() => {
                Err(RpcError::Transport("the connection to NATS is down".into()))
            }
            Err(_) => Err(RpcError::timeout(&call.target, started)),
        }
    }

    async fn attempts(&self, call: &Call) -> Result<Bytes, RpcError> {
        let prepared = self.prepare(call).await?;
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = match self.request(call, &prepared).await {
                Ok(message) => message,
                Err(RpcError::NoResponders { .. })
                    if call.retry == Retry::NoResponders
                        && Instant::now() + pause < call.deadline =>
                {
                    sleep(pause).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                    // It may have started here meanwhile.
                    if let Some(endpoint) = self.endpoint(&call.target) {
                        return endpoint.invoke(call.clone()).await;
                    }
                    continue;
                }
                Err(error) => return Err(error),
            };
            let answer = self.read_answer(call, &prepared.id, &answer).await;
            if let (Ok(_), Some(stored)) = (&answer, prepared.stored) {
                stored.leave();
            }
            return answer;
        }
    }

    async fn prepare(&self, call: &Call) -> Result<Prepared, RpcError> {
        let subject = self
            .subject(&call.target)
            .ok_or_else(|| self.no_responders(&call.target))?;
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
            subject,
            id: invocation.id,
            body,
            stored,
        })
    }

    async fn request(&self, call: &Call, prepared: &Prepared) -> Result<Message, RpcError> {
        let left = call.deadline.saturating_duration_since(Instant::now());
        let mut headers = HeaderMap::new();
        headers.insert(TIMEOUT_HEADER, left.as_millis().max(1).to_string());
        headers.insert(DEPTH_HEADER, call.depth.to_string());
        let request = Request::new()
            .payload(prepared.body.clone())
            .headers(headers)
            // The deadline bounds it.
            .timeout(None);
        let answer = self.client.send_request(prepared.subject.clone(), request);
        answer.await.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => self.no_responders(&call.target),
            _ => RpcError::Transport(error.to_string()),
        })
    }

    async fn read_answer(
        &self,
        call: &Call,
        id: &str,
        answer: &Message,
    ) -> Result<Bytes, RpcError> {
        let bad = |reason: String| RpcError::BadAnswer {
            target: call.target.to_string(),
            reason,
        };
        let response: InvocationResponse =
            wire::decode(&answer.payload).map_err(|error| bad(error.to_string()))?;
        if let Some(error) = response.error.filter(|text| !text.is_empty()) {
            return Err(RpcError::Remote(error));
        }
        // Old hosts leave it out.
        if !response.invocation_id.is_empty() && response.invocation_id != id {
            return Err(bad(format!(
                "it answers invocation '{}', not '{id}'",
                response.invocation_id
            )));
        }
        match response.content_length {
            Some(size) if size > response.msg.len() as u64 => self
                .chunks
                .take(&format!("{id}-r"), size)
                .await
                .map_err(|error| bad(error.to_string())),
            _ => Ok(response.msg),
        }
    }

    fn no_responders(&self, target: &Entity) -> RpcError {
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
