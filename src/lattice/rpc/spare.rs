//! Room that one target has for calls of other hosts, who are told on a subject of its own while there is some.
//!
//! A host that is full asks there ([`super::overflow`]). A place is kept for whoever asked, who then sends the
//! call to it alone: nothing is sent to a host that cannot take it, or that is gone. Knows nothing of the call.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_nats::{Message, Request, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use super::local::Endpoint;
use super::{Inner, Rpc, incoming, now};
use crate::lattice::invocation;
use crate::lattice::subject;
use crate::lattice::wire::{self, Invocation};

/// The question, signed like a call. No actor sees it.
pub(super) const OFFER: &str = "Wash.Room";

/// How long a place is kept for whoever asked, and an answer to a question is waited for.
pub(super) const HOLD: Duration = Duration::from_secs(3);

/// How long a target that was full stays away; doubled each time it is full again within [`LASTING`].
const SHORTEST_ABSENCE: Duration = Duration::from_millis(50);
const LONGEST_ABSENCE: Duration = Duration::from_secs(1);
const LASTING: Duration = Duration::from_secs(1);

/// So many calls ask for room at a time.
const ASKING: usize = 8;

/// How long nobody asks after there was no room; doubled each time.
const SHORTEST_QUIET: Duration = Duration::from_millis(10);
const LONGEST_QUIET: Duration = Duration::from_secs(1);

/// How long it may take to withdraw.
const WITHDRAW_LIMIT: Duration = Duration::from_secs(1);

/// The give and take of one target.
#[derive(Debug)]
pub(super) struct Spare {
    full: Notify,
    /// Whether others can ask us.
    open: watch::Sender<bool>,
    pub(super) asking: Arc<Semaphore>,
    /// Until when nobody asks, and how long the next such time is.
    quiet: Mutex<(Instant, Duration)>,
    /// What we ask, which is always the same.
    pub(super) question: OnceLock<Bytes>,
}

impl Spare {
    pub(super) fn new() -> Self {
        Self {
            full: Notify::new(),
            open: watch::Sender::new(false),
            asking: Arc::new(Semaphore::new(ASKING)),
            quiet: Mutex::new((Instant::now(), SHORTEST_QUIET)),
            question: OnceLock::new(),
        }
    }

    /// Returns once what we ask does not come back to us.
    pub(super) async fn withdraw(&self) {
        if *self.open.borrow() {
            self.full.notify_one();
            let mut open = self.open.subscribe();
            let _ = timeout(WITHDRAW_LIMIT, open.wait_for(|open| !open)).await;
        }
    }

    pub(super) fn quiet_until(&self) -> Instant {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Takes in whether a question found room.
    pub(super) fn found(&self, room: bool) {
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if room {
            *quiet = (now, SHORTEST_QUIET);
        } else if quiet.0 <= now {
            *quiet = (now + quiet.1, (quiet.1 * 2).min(LONGEST_QUIET));
        }
    }
}

/// Answers other hosts until the target stops.
pub(super) async fn lend(rpc: Rpc, endpoint: Arc<Endpoint>) {
    let Some(spare) = endpoint.spare.as_deref() else {
        return;
    };
    let subject = subject::rpc::spare(&rpc.inner.lattice, &endpoint.target.public_key);
    let mut absence = SHORTEST_ABSENCE;
    loop {
        let client = &rpc.inner.client;
        let questions = client.queue_subscribe(subject.clone(), subject.clone());
        let Ok(mut questions) = questions.await else {
            return;
        };
        // What was said while nobody could ask is old.
        let _ = spare.full.notified().now_or_never();
        spare.open.send_replace(true);
        let opened = Instant::now();
        let is_full = listen(&rpc, &endpoint, spare, &mut questions).await;
        // Its place among the commands to the client counts: questions of ours come after it.
        let _ = questions.drain().await;
        spare.open.send_replace(false);
        if !is_full {
            return;
        }
        absence = match opened.elapsed() < LASTING {
            true => (absence * 2).min(LONGEST_ABSENCE),
            false => SHORTEST_ABSENCE,
        };
        // Questions that were on their way are answered, too.
        let rest = async {
            while let Some(question) = questions.next().await {
                consider(&rpc, &endpoint, question);
            }
            std::future::pending::<()>().await;
        };
        let has_room = async {
            loop {
                sleep(absence).await;
                if endpoint.has_room() {
                    return;
                }
            }
        };
        tokio::select! {
            () = endpoint.stopped.cancelled() => return,
            () = endpoint.draining.cancelled() => return,
            () = rest => {}
            () = has_room => {}
        }
    }
}

enum Event {
    Question(Message),
    Full,
    End,
}

/// Whether it ended since there is no room, rather than since the target stops.
async fn listen(
    rpc: &Rpc,
    endpoint: &Arc<Endpoint>,
    spare: &Spare,
    questions: &mut Subscriber,
) -> bool {
    loop {
        let event = tokio::select! {
            () = endpoint.stopped.cancelled() => Event::End,
            () = endpoint.draining.cancelled() => Event::End,
            () = spare.full.notified() => Event::Full,
            question = questions.next() => question.map_or(Event::End, Event::Question),
        };
        match event {
            Event::Question(question) => consider(rpc, endpoint, question),
            Event::Full => return true,
            Event::End => return false,
        }
    }
}

/// Gives a place to whoever asks for one, if there is one.
fn consider(rpc: &Rpc, endpoint: &Arc<Endpoint>, question: Message) {
    if !is_genuine(&rpc.inner, endpoint, &question) {
        tracing::debug!(callee = %endpoint.target, "ignoring a question for room that is not genuine");
        return;
    }
    if let Some(reply) = question.reply {
        let (rpc, lender) = (rpc.clone(), Arc::clone(endpoint));
        let keeping = async move { keep(&rpc, &lender, reply).await };
        endpoint.running.spawn(keeping);
    }
}

/// Keeps a place until its call comes, and runs it. An answer without a reply address says that there is none.
async fn keep(rpc: &Rpc, endpoint: &Endpoint, reply: Subject) {
    let client = &rpc.inner.client;
    let Some(place) = endpoint.handler.places().and_then(|it| it.try_take()) else {
        if let Some(spare) = &endpoint.spare {
            spare.full.notify_one();
        }
        if let Err(error) = client.publish(reply, Bytes::new()).await {
            tracing::debug!(callee = %endpoint.target, %error, "cannot say that there is no room");
        }
        return;
    };
    // Seen through also while the target stops: what was promised is answered, and be it with "not run".
    let request = Request::new().timeout(Some(HOLD));
    let call = client.send_request(reply, request).await;
    // Otherwise whoever asked is gone, or was served elsewhere.
    if let Ok(call) = call
        && !call.payload.is_empty()
    {
        incoming::answer(rpc, endpoint, call, Instant::now(), Some(place)).await;
    }
}

fn is_genuine(inner: &Inner, endpoint: &Endpoint, question: &Message) -> bool {
    let Ok(question) = wire::decode::<Invocation>(&question.payload) else {
        return false;
    };
    question.operation == OFFER
        && question.target == endpoint.target
        && invocation::check(&question, &inner.identity.issuers, now()).is_ok()
}
