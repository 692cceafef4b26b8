//! One served target, and how every call to it runs, wherever it came from.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Call, Handler, Incoming, RpcError};
use crate::lattice::wire::Entity;

pub(super) struct Endpoint {
    pub(super) target: Entity,
    handler: Arc<dyn Handler>,
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
    Stopped,
}

impl Endpoint {
    pub(super) fn new(target: Entity, handler: Arc<dyn Handler>) -> Self {
        Self {
            target,
            handler,
            running: TaskTracker::new(),
            draining: CancellationToken::new(),
            stopped: CancellationToken::new(),
        }
    }

    /// A call from this process.
    pub(super) async fn invoke(&self, call: Call) -> Result<Bytes, RpcError> {
        let started = Instant::now();
        let incoming = Incoming {
            origin: call.origin,
            target: call.target,
            operation: call.operation,
            payload: call.payload,
            deadline: call.deadline,
            depth: call.depth,
        };
        self.run(incoming).await.map_err(|failure| match failure {
            Failure::TimedOut => RpcError::timeout(&self.target, started),
            other => RpcError::Remote(self.explain(other)),
        })
    }

    /// Runs a call until it ends, its deadline passes, or this target is stopped.
    pub(super) async fn run(&self, call: Incoming) -> Result<Bytes, Failure> {
        let _running = self.running.token();
        let deadline = call.deadline;
        // It may have waited for its turn longer than its caller does.
        if deadline <= Instant::now() {
            return Err(Failure::TimedOut);
        }
        let handled = async { self.handler.handle(call).await };
        let caught = AssertUnwindSafe(handled).catch_unwind();
        let bounded = tokio::time::timeout_at(deadline, caught);
        match self.stopped.run_until_cancelled(bounded).await {
            None => Err(Failure::Stopped),
            Some(Err(_)) => Err(Failure::TimedOut),
            Some(Ok(Err(_))) => Err(Failure::Panicked),
            Some(Ok(Ok(answer))) => answer.map_err(Failure::Handler),
        }
    }

    /// A failure as the caller reads it.
    pub(super) fn explain(&self, failure: Failure) -> String {
        let target = &self.target;
        match failure {
            Failure::Handler(text) | Failure::Refused(text) => text,
            Failure::TimedOut => format!("{target} did not finish before the call's deadline"),
            Failure::Panicked => format!("{target} failed unexpectedly (its handler panicked)"),
            Failure::Stopped => format!("{target} was stopped before it answered"),
        }
    }
}
