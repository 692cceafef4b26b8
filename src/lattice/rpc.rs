//! Calls between entities: one way out, [`Rpc::invoke`], and one way in, [`Rpc::serve`].
//!
//! A target that is served in this process is called directly: nothing is serialized or signed, since nothing
//! crosses a trust boundary. Everything else is signed and goes over NATS. The handler authorizes in either
//! case, so both paths obey the same rules.

mod incoming;
mod life;
mod local;
mod outgoing;
mod overflow;
mod pace;
mod retry;
mod spare;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use async_nats::connection::State;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::chunk::{CHUNK_ABOVE, ChunkStore};
use super::invocation::Identity;
use super::subject::{self, LatticeName, is_token};
use super::wire::Entity;
pub use incoming::Serving;
use local::Endpoint;
use retry::Chase;

/// Default time a call may take (protocol §4.7).
pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(2000);

/// Milliseconds that a call may still take, and how many calls led to it. Other hosts neither send nor read
/// these headers.
const TIMEOUT_HEADER: &str = "Wash-Timeout-Ms";
const DEPTH_HEADER: &str = "Wash-Depth";

/// How a call ended, beside the error in its answer: hosts that do not know the header see a usual error.
const OUTCOME_HEADER: &str = "Wash-Outcome";
/// Nothing ran and nothing will: the call can be made again.
const NOT_RUN: &str = "not-run";
/// It ran and was ended from outside: a safe call can be made again.
const ENDED: &str = "ended";

/// What an envelope (claims, names, headers) may need beside its payload in one message.
const ENVELOPE: usize = 16 * 1024;

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
    /// Nobody listened, or whoever did says that nothing ran: try again until the deadline.
    NoResponders,
    /// Running twice does no harm: while no answer comes the call is made again beside the first, and the first
    /// answer counts.
    Safe,
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

impl From<Call> for Incoming {
    fn from(call: Call) -> Self {
        Self {
            origin: call.origin,
            target: call.target,
            operation: call.operation,
            payload: call.payload,
            deadline: call.deadline,
            depth: call.depth,
        }
    }
}

/// Whoever answers calls to one target. The error text reaches the caller as it is.
pub trait Handler: Send + Sync + 'static {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>>;

    /// As [`Self::handle`], but gives the call back where it could not begin at once.
    ///
    /// # Errors
    /// The call.
    fn try_handle(
        &self,
        call: Incoming,
    ) -> Result<BoxFuture<'_, Result<Bytes, String>>, Box<Incoming>> {
        Ok(self.handle(call))
    }

    /// What bounds how many calls run at once. Calls beyond it go to other hosts that have room.
    fn places(&self) -> Option<&dyn Places> {
        None
    }
}

/// A handler's places, each for one running call.
pub trait Places: Send + Sync {
    /// A place that is free now.
    fn try_take(&self) -> Option<Place<'_>>;

    /// The next place that gets free; those who wait are served in order.
    ///
    /// # Errors
    /// Why there was none until `deadline`.
    fn take(&self, deadline: Instant) -> BoxFuture<'_, Result<Place<'_>, String>>;
}

/// Runs the one call that it is for; dropping it gives it back.
pub type Place<'a> = Box<dyn FnOnce(Incoming) -> BoxFuture<'a, Result<Bytes, String>> + Send + 'a>;

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
    timeout: Duration,
}

struct Inner {
    client: async_nats::Client,
    lattice: LatticeName,
    identity: Identity,
    chunks: Arc<ChunkStore>,
    /// Targets served by this process. A lock of the standard library: it is held for one look-up.
    local: RwLock<HashMap<Entity, Arc<Endpoint>>>,
    chase: Chase,
}

impl std::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rpc")
            .field("lattice", &self.inner.lattice)
            .field("host", &self.inner.identity.host)
            .finish_non_exhaustive()
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
        let chunks = ChunkStore::new(client.clone(), &lattice, js_domain);
        Self {
            inner: Arc::new(Inner {
                client,
                lattice,
                identity,
                chunks,
                local: RwLock::default(),
                chase: Chase::default(),
            }),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// The time that calls of other hosts may take, which do not say how long they wait.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes a call and waits for its answer. Dropping the future cancels a call within this process.
    ///
    /// # Errors
    /// Every variant of [`RpcError`].
    pub async fn invoke(&self, call: Call) -> Result<Bytes, RpcError> {
        match self.inner.endpoint(&call.target) {
            Some(endpoint) => endpoint.invoke(&self.inner, call).await,
            None => self.inner.invoke_remote(&call).await,
        }
    }

    /// Answers calls to `target`, from this process at once and from NATS once this returns. Calls run
    /// concurrently; the handler limits itself. A later handler of the same target takes its place.
    ///
    /// # Errors
    /// [`RpcError::Transport`] when the subscription cannot be made.
    pub async fn serve(
        &self,
        target: Entity,
        handler: Arc<dyn Handler>,
    ) -> Result<Serving, RpcError> {
        incoming::serve(self, target, handler).await
    }

    /// Whether calls to this target stay in the process.
    pub fn is_local(&self, target: &Entity) -> bool {
        self.inner.endpoint(target).is_some()
    }

    pub fn client(&self) -> &async_nats::Client {
        &self.inner.client
    }

    pub fn lattice(&self) -> &LatticeName {
        &self.inner.lattice
    }

    pub fn identity(&self) -> &Identity {
        &self.inner.identity
    }
}

impl Inner {
    fn endpoint(&self, target: &Entity) -> Option<Arc<Endpoint>> {
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        local.get(target).cloned()
    }

    fn register(&self, endpoint: &Arc<Endpoint>) {
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        local.insert(endpoint.target.clone(), Arc::clone(endpoint));
    }

    /// Leaves a later registration of the same target alone.
    fn unregister(&self, endpoint: &Arc<Endpoint>) {
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        if local
            .get(&endpoint.target)
            .is_some_and(|it| Arc::ptr_eq(it, endpoint))
        {
            local.remove(&endpoint.target);
        }
    }

    /// Where calls to `target` go; none when its key or link name cannot be part of a subject.
    fn subject(&self, target: &Entity) -> Option<String> {
        let key = is_token(&target.public_key).then_some(&target.public_key)?;
        if target.is_actor() {
            return Some(subject::rpc::actor(&self.lattice, key));
        }
        let link = is_token(&target.link_name).then_some(&target.link_name)?;
        Some(subject::rpc::provider(&self.lattice, key, link))
    }

    fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The largest payload that goes into a message: less than usual only on a server with a lower limit.
    fn inline_limit(&self) -> usize {
        CHUNK_ABOVE.min(self.client.max_payload().saturating_sub(ENVELOPE))
    }
}

/// Seconds since the epoch, for claims.
fn now() -> u64 {
    SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
