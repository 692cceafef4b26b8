//! Calls between entities: one way out, [`Rpc::invoke`], and one way in, [`Rpc::serve`].
//!
//! A target that is served in this process is called directly: nothing is serialized or signed, since nothing
//! crosses a trust boundary. Everything else is signed and goes over NATS. The handler authorizes in either
//! case, so both paths obey the same rules.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::invocation::Identity;
use super::subject::LatticeName;
use super::wire::Entity;

/// Default time a call may take (protocol §4.7).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(2000);

/// A call to make.
#[derive(Clone, Debug)]
pub struct Call {
    pub origin: Entity,
    pub target: Entity,
    /// `Service.Operation`.
    pub operation: String,
    pub payload: Bytes,
    /// Travels with the call: a callee stops when its caller has given up.
    pub deadline: Instant,
    /// How many calls led to this one; actor-to-actor recursion ends at the host's limit.
    pub depth: u32,
    /// What may be tried again before the deadline.
    pub retry: Retry,
}

/// What may be tried again (decisions §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Report everything at once.
    Never,
    /// Nobody listened, so nothing can have run: try again until the deadline.
    NoResponders,
}

/// A call that arrived: from NATS with its signature checked, or from this process.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub origin: Entity,
    pub target: Entity,
    pub operation: String,
    pub payload: Bytes,
    pub deadline: Instant,
    pub depth: u32,
}

/// Whoever answers calls to one target. The error text reaches the caller as it is.
pub trait Handler: Send + Sync + 'static {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>>;
}

#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    #[error("nobody in lattice '{lattice}' answers for {target}")]
    NoResponders {
        lattice: LatticeName,
        target: String,
    },
    #[error("no answer from {target} within {elapsed:?}")]
    Timeout { target: String, elapsed: Duration },
    /// The callee's own error, verbatim.
    #[error("{0}")]
    Remote(String),
    #[error("cannot read the answer of {target}: {reason}")]
    BadAnswer { target: String, reason: String },
    #[error("cannot reach the lattice: {0}")]
    Transport(String),
}

/// A cheap handle; clones share one table of local targets.
#[derive(Clone)]
pub struct Rpc {
    inner: Arc<Inner>,
}

struct Inner {
    // P2: fill
}

impl std::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rpc").finish_non_exhaustive()
    }
}

impl Rpc {
    /// `js_domain` names the JetStream domain of the object store for large payloads.
    pub fn new(
        client: async_nats::Client,
        lattice: LatticeName,
        identity: Identity,
        js_domain: Option<String>,
    ) -> Self {
        let _ = (client, lattice, identity, js_domain);
        todo!()
    }

    /// Makes a call and waits for its answer.
    ///
    /// # Errors
    /// Every variant of [`RpcError`].
    pub async fn invoke(&self, call: Call) -> Result<Bytes, RpcError> {
        let _ = (&self.inner, call);
        todo!()
    }

    /// Answers calls to `target`, from this process at once and from NATS once this returns. Calls run
    /// concurrently; the handler limits itself.
    ///
    /// # Errors
    /// [`RpcError::Transport`] when the subscription cannot be made.
    pub async fn serve(
        &self,
        target: Entity,
        handler: Arc<dyn Handler>,
    ) -> Result<Serving, RpcError> {
        let _ = (&self.inner, target, handler);
        todo!()
    }
}

/// A served target. Dropping it stops at once; [`Serving::stop`] lets running calls finish.
#[must_use = "dropping it stops serving"]
#[derive(Debug)]
pub struct Serving {}

impl Serving {
    /// Takes no new calls, and waits at most `grace` for those that run.
    pub async fn stop(self, grace: Duration) {
        let _ = grace;
        todo!()
    }
}
