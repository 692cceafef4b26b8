//! Calls that arrive over NATS: checked, run, answered. One task takes them in, one more runs each of them.

use std::sync::Arc;
use std::time::Duration;

use async_nats::{HeaderMap, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::local::{Endpoint, Failure};
use super::{
    DEPTH_HEADER, Handler, Incoming, Inner, OUTCOME_HEADER, Place, Rpc, RpcError, TIMEOUT_HEADER,
    life, now, spare,
};
use crate::lattice::invocation::{self, Refusal};
use crate::lattice::subject;
use crate::lattice::wire::{self, Entity, Invocation, InvocationResponse, Map};

/// Calls to one target that run or are being read at a time; further ones wait in the client.
const MAX_IN_FLIGHT: usize = 1024;

/// What a caller may ask for; without a bound one header could keep a call alive for ever.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// Fetching a large payload takes its time (protocol §4.7).
const CHUNKED_TIMEOUT: Duration = Duration::from_secs(15);

/// An error beyond this is cut: it must fit into a message.
const LONGEST_ERROR: usize = 32 * 1024;

/// How long the server may take to confirm a subscription or to take the last answers.
const CONFIRM_LIMIT: Duration = Duration::from_secs(2);

/// A served target. Dropping it stops at once; [`Serving::stop`] lets running calls finish.
#[must_use = "dropping it stops serving"]
pub struct Serving {
    rpc: Rpc,
    endpoint: Arc<Endpoint>,
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serving")
            .field("target", &self.endpoint.target)
            .finish_non_exhaustive()
    }
}

impl Serving {
    /// Takes no new calls, and waits at most `grace` for those that run. What still runs then is ended with an
    /// error for its caller.
    pub async fn stop(self, grace: Duration) {
        self.rpc.inner.unregister(&self.endpoint);
        self.endpoint.draining.cancel();
        self.endpoint.running.close();
        let _ = timeout(grace, self.endpoint.running.wait()).await;
        self.endpoint.stopped.cancel();
        // Handlers are gone now; what is left hands its answer to the client.
        let inner = &self.rpc.inner;
        let _ = timeout(CONFIRM_LIMIT, async {
            self.endpoint.running.wait().await;
            if inner.is_connected() {
                let _ = inner.client.flush().await;
            }
        })
        .await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.rpc.inner.unregister(&self.endpoint);
        self.endpoint.stopped.cancel();
    }
}

pub(super) async fn serve(
    rpc: &Rpc,
    target: Entity,
    handler: Arc<dyn Handler>,
) -> Result<Serving, RpcError> {
    let inner = &rpc.inner;
    let subject = inner
        .subject(&target)
        .ok_or_else(|| RpcError::Transport(format!("{target} cannot be part of a NATS subject")))?;
    let queue = match target.is_actor() {
        true => subject.clone(),
        false => subject::rpc::PROVIDER_QUEUE.to_owned(),
    };
    let endpoint = Arc::new(Endpoint::new(target, handler));
    inner.register(&endpoint);
    // From here on an early return takes the registration back.
    let serving = Serving {
        rpc: rpc.clone(),
        endpoint: Arc::clone(&endpoint),
    };
    let calls = inner.client.queue_subscribe(subject, queue).await;
    let calls = calls.map_err(|error| RpcError::Transport(error.to_string()))?;
    endpoint
        .running
        .spawn(receive(rpc.clone(), Arc::clone(&endpoint), calls));
    if endpoint.spare.is_some() {
        let lending = spare::lend(rpc.clone(), Arc::clone(&endpoint));
        endpoint.running.spawn(lending);
    }
    inner.confirm().await?;
    Ok(serving)
}

impl Inner {
    /// Waits until the server has seen everything we sent. Flushing would only show that it left: a request
    /// that nobody can answer is turned down by the server itself, in order.
    async fn confirm(&self) -> Result<(), RpcError> {
        let nobody = self.client.new_inbox();
        let answer = self.client.request(nobody, Bytes::new());
        match timeout(CONFIRM_LIMIT, answer).await {
            Err(_) if !self.is_connected() => {
                Err(RpcError::Transport("the connection to NATS is down".into()))
            }
            // Also where permissions keep our question from being answered.
            _ => Ok(()),
        }
    }
}

enum Event {
    Call(Message),
    Drain,
    Stop,
    End,
}

/// Takes calls in until the subscription ends.
async fn receive(rpc: Rpc, endpoint: Arc<Endpoint>, mut calls: Subscriber) {
    let slots = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    let start = |message, arrived, slot: Option<OwnedSemaphorePermit>| {
        let (rpc, runner) = (rpc.clone(), Arc::clone(&endpoint));
        endpoint.running.spawn(async move {
            answer(&rpc, &runner, message, arrived, None).await;
            drop(slot);
        });
    };
    let mut draining = None;
    loop {
        // A server that is gone confirms nothing, and then nothing comes any more.
        let drained = async {
            match draining {
                Some(since) => sleep_until(since + CONFIRM_LIMIT).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            () = endpoint.stopped.cancelled() => Event::Stop,
            () = endpoint.draining.cancelled(), if draining.is_none() => Event::Drain,
            () = drained => Event::End,
            call = calls.next() => call.map_or(Event::End, Event::Call),
        };
        match event {
            Event::Call(message) => {
                let arrived = Instant::now();
                let slot = Arc::clone(&slots).acquire_owned();
                let slot = endpoint.stopped.run_until_cancelled(slot).await;
                start(message, arrived, slot.and_then(Result::ok));
            }
            Event::Drain => {
                draining = Some(Instant::now());
                // Calls that the server has sent already still come.
                if !rpc.inner.is_connected() || calls.drain().await.is_err() {
                    return;
                }
            }
            Event::Stop => break,
            Event::End => return,
        }
    }
    // Calls that were on their way are told so, rather than left to time out.
    if calls.drain().await.is_ok() {
        while let Ok(Some(message)) = timeout(CONFIRM_LIMIT, calls.next()).await {
            start(message, Instant::now(), None);
        }
    }
}

/// Runs one call, in a place that was kept for it or in its turn, and sends its answer, if anyone waits for it.
pub(super) async fn answer(
    rpc: &Rpc,
    endpoint: &Endpoint,
    message: Message,
    arrived: Instant,
    place: Option<Place<'_>>,
) {
    let mut reply = message.reply.clone();
    let signs = life::wanted(message.headers.as_ref());
    let work = run(rpc, endpoint, message, arrived, place);
    let (id, outcome) = match signs {
        None => work.await,
        Some(every) => rpc.inner.show_life(every, &mut reply, work).await,
    };
    match &outcome {
        Some(Err(failure)) => {
            tracing::debug!(callee = %endpoint.target, id, ?failure, "call failed");
        }
        None => tracing::debug!(callee = %endpoint.target, id, "the caller has given up"),
        Some(Ok(_)) => {}
    }
    let (Some(reply), Some(outcome)) = (reply, outcome) else {
        return;
    };
    let mut headers = None;
    let outcome = outcome.map_err(|failure| {
        headers = failure.outcome().map(|outcome| {
            let mut headers = HeaderMap::new();
            headers.insert(OUTCOME_HEADER, outcome);
            headers
        });
        endpoint.explain(failure)
    });
    let inner = &rpc.inner;
    let mut stored = None;
    let outcome = match outcome {
        Ok(payload) if payload.len() > inner.inline_limit() => {
            match inner.chunks.put(&format!("{id}-r"), &payload).await {
                Ok(object) => {
                    stored = Some(object);
                    Ok((Bytes::new(), payload.len()))
                }
                Err(error) => Err(error.to_string()),
            }
        }
        Ok(payload) => Ok((payload.clone(), payload.len())),
        Err(error) => Err(error),
    };
    let response = response(id, outcome);
    let sent = match wire::encode(&response) {
        Ok(body) => {
            let published = match headers {
                None => inner.client.publish(reply, body).await,
                Some(headers) => {
                    let client = &inner.client;
                    client.publish_with_headers(reply, headers, body).await
                }
            };
            published.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match (sent, stored) {
        (Ok(()), Some(object)) => object.leave(),
        (Ok(()), None) => {}
        (Err(error), _) => {
            let id = &response.invocation_id;
            tracing::debug!(callee = %endpoint.target, id, error, "cannot send the answer");
        }
    }
}

fn response(id: String, outcome: Result<(Bytes, usize), String>) -> InvocationResponse {
    let (msg, length, error) = match outcome {
        Ok((msg, length)) => (msg, length, None),
        Err(mut error) => {
            error.truncate(error.floor_char_boundary(LONGEST_ERROR));
            (Bytes::new(), 0, Some(error))
        }
    };
    InvocationResponse {
        msg,
        invocation_id: id,
        error,
        content_length: Some(length as u64),
        trace_context: Map::new(),
    }
}

/// The id of the invocation, empty when it has none, and its answer; none when the caller's own deadline has
/// passed, since an answer would only race with the caller's timer.
async fn run(
    rpc: &Rpc,
    endpoint: &Endpoint,
    message: Message,
    arrived: Instant,
    place: Option<Place<'_>>,
) -> (String, Option<Result<Bytes, Failure>>) {
    let Ok(invocation) = wire::decode::<Invocation>(&message.payload) else {
        let refused = Failure::Refused(Refusal::Undecodable.to_string());
        return (String::new(), Some(Err(refused)));
    };
    let id = invocation.id.clone();
    let limits = Limits::read(message.headers.as_ref(), &invocation, arrived, rpc.timeout);
    let admitted = admit(rpc, invocation, endpoint, limits.deadline);
    let admitted = endpoint.stopped.run_until_cancelled(admitted).await;
    let answer = match admitted.unwrap_or(Err(Failure::NotRun)) {
        Ok(invocation) => {
            let call = Incoming {
                origin: invocation.origin,
                target: invocation.target,
                operation: invocation.operation,
                payload: invocation.msg,
                deadline: limits.deadline,
                depth: limits.depth,
            };
            match place {
                Some(place) => endpoint.run_in(place, call).await,
                None => endpoint.run(&rpc.inner, call, false).await,
            }
        }
        Err(failure) => Err(failure),
    };
    let answer = match answer {
        Err(Failure::TimedOut) if limits.of_caller => None,
        answer => Some(answer),
    };
    (id, answer)
}

/// Checks an invocation and fetches its payload where it lies elsewhere. A payload is fetched, which deletes
/// it, only for an invocation that is genuine in everything else.
async fn admit(
    rpc: &Rpc,
    mut invocation: Invocation,
    endpoint: &Endpoint,
    deadline: Instant,
) -> Result<Invocation, Failure> {
    let issuers = &rpc.inner.identity.issuers;
    let refused = |reason: &dyn std::fmt::Display| Failure::Refused(reason.to_string());
    if let Some(size) = chunked(&invocation) {
        invocation::check_envelope(&invocation, issuers, now()).map_err(|it| refused(&it))?;
        check_target(endpoint, &invocation.target)?;
        let payload = rpc.inner.chunks.take(&invocation.id, size);
        invocation.msg = timeout_at(deadline, payload)
            .await
            .map_err(|_| Failure::TimedOut)?
            .map_err(|error| refused(&error))?;
    }
    invocation::check(&invocation, issuers, now()).map_err(|it| refused(&it))?;
    check_target(endpoint, &invocation.target)?;
    Ok(invocation)
}

/// The size of a payload that travels through the object store.
fn chunked(invocation: &Invocation) -> Option<u64> {
    let size = invocation.content_length?;
    (size > invocation.msg.len() as u64).then_some(size)
}

/// A genuine invocation of another target must not be run by this one.
fn check_target(endpoint: &Endpoint, named: &Entity) -> Result<(), Failure> {
    let own = &endpoint.target;
    let same_link = own.is_actor() || named.link_name == own.link_name;
    if named.public_key == own.public_key && same_link {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "target key mismatch: {named} is not {own}"
    )))
}

/// What travels beside an invocation.
struct Limits {
    deadline: Instant,
    /// Whether the caller said it.
    of_caller: bool,
    depth: u32,
}

impl Limits {
    fn read(
        headers: Option<&HeaderMap>,
        invocation: &Invocation,
        arrived: Instant,
        default: Duration,
    ) -> Self {
        let number = |name| -> Option<u64> { headers?.get(name)?.as_str().parse().ok() };
        let default = match chunked(invocation) {
            Some(_) => default.max(CHUNKED_TIMEOUT),
            None => default,
        };
        let asked = number(TIMEOUT_HEADER).map(Duration::from_millis);
        let timeout = asked.unwrap_or(default);
        Self {
            of_caller: asked.is_some(),
            deadline: arrived + timeout.min(LONGEST_TIMEOUT),
            depth: number(DEPTH_HEADER).map_or(0, |depth| u32::try_from(depth).unwrap_or(u32::MAX)),
        }
    }
}
