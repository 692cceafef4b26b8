//! One served target, and how every call to it runs, wherever it came from.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::spare::Spare;
use super::{Call, ENDED, Handler, Incoming, Inner, NOT_RUN, Place, Retry, RpcError};
use crate::lattice::wire::Entity;

pub(super) struct Endpoint {
    pub(super) target: Entity,
    pub(super) handler: Arc<dyn Handler>,
    /// Present where the handler bounds how many calls run at once, and others may run the same target.
    pub(super) spare: Option<Box<Spare>>,
    /// Everything that runs on behalf of this target.
    pub(super) running: TaskTracker,
    /// Take no new calls.
    pub(super) draining: CancellationToken,
    /// End at once.
    pub(super) stopped: CancellationToken,
}

/// Why a call has no answer of its handler.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The handler's own words.
    Handler(String),
    /// The call did not get as far as the handler.
    Refused(String),
    TimedOut,
    Panicked,
    /// Before the handler saw it.
    NotRun,
    /// It was ended, or the host that took it was.
    Ended(Option<String>),
}

impl Failure {
    /// What a caller may conclude, for [`super::OUTCOME_HEADER`].
    pub(super) fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::NotRun => Some(NOT_RUN),
            Self::Ended(_) => Some(ENDED),
            Self::Handler(_) | Self::Refused(_) | Self::TimedOut | Self::Panicked => None,
        }
    }
}

impl From<RpcError> for Failure {
    /// What came back from the host that took the call.
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Remote(text) => Self::Handler(text),
            other => Self::Ended(Some(other.to_string())),
        }
    }
}

impl Endpoint {
    pub(super) fn new(target: Entity, handler: Arc<dyn Handler>) -> Self {
        let is_bounded = target.is_actor() && handler.places().is_some();
        Self {
            target,
            handler,
            spare: is_bounded.then(|| Box::new(Spare::new())),
            running: TaskTracker::new(),
            draining: CancellationToken::new(),
            stopped: CancellationToken::new(),
        }
    }

    /// A call from this process.
    pub(super) async fn invoke(&self, inner: &Inner, call: Call) -> Result<Bytes, RpcError> {
        let started = Instant::now();
        let safe = call.retry == Retry::Safe;
        let outcome = self.run(inner, call.into(), safe).await;
        outcome.map_err(|failure| match failure {
            Failure::TimedOut => RpcError::timeout(&self.target, started),
            other => RpcError::Remote(self.explain(other)),
        })
    }

    /// Runs a call until it ends, its deadline passes, or this target is stopped. One that cannot begin at once
    /// may run elsewhere.
    pub(super) async fn run(
        &self,
        inner: &Inner,
        call: Incoming,
        safe: bool,
    ) -> Result<Bytes, Failure> {
        let deadline = call.deadline;
        let handled = async {
            match self.handler.try_handle(call) {
                Ok(answer) => answer.await.map_err(Failure::Handler),
                // On the heap: it is large, and calls that have a place should not carry it.
                Err(call) => Box::pin(self.overflow(inner, *call, safe)).await,
            }
        };
        self.bound(deadline, handled).await
    }

    /// Runs a call that has its place.
    pub(super) async fn run_in(&self, place: Place<'_>, call: Incoming) -> Result<Bytes, Failure> {
        let deadline = call.deadline;
        let handled = async { place(call).await.map_err(Failure::Handler) };
        self.bound(deadline, handled).await
    }

    /// Whether a call could begin at once.
    pub(super) fn has_room(&self) -> bool {
        let places = self.handler.places();
        places.is_none_or(|it| it.try_take().is_some())
    }

    async fn bound(
        &self,
        deadline: Instant,
        handled: impl Future<Output = Result<Bytes, Failure>>,
    ) -> Result<Bytes, Failure> {
        let _running = self.running.token();
        // It may have waited for its turn longer than its caller does.
        if deadline <= Instant::now() {
            return Err(Failure::TimedOut);
        }
        let caught = AssertUnwindSafe(handled).catch_unwind();
        let bounded = tokio::time::timeout_at(deadline, caught);
        match self.stopped.run_until_cancelled(bounded).await {
            None => Err(Failure::Ended(None)),
            Some(Err(_)) => Err(Failure::TimedOut),
            Some(Ok(Err(_))) => Err(Failure::Panicked),
            Some(Ok(Ok(answer))) => answer,
        }
    }

    /// A failure as the caller reads it.
    pub(super) fn explain(&self, failure: Failure) -> String {
        let target = &self.target;
        match failure {
            Failure::Handler(text) | Failure::Refused(text) | Failure::Ended(Some(text)) => text,
            Failure::TimedOut => format!("{target} did not finish before the call's deadline"),
            Failure::Panicked => format!("{target} failed unexpectedly (its handler panicked)"),
            Failure::NotRun | Failure::Ended(None) => {
                format!("{target} was stopped before it answered")
            }
        }
    }
}
