//! Classic actors: the waPC calls between guest and host (protocol §1). A fresh store per invocation, so no
//! instance ever sees another request's memory.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

/// A guest's call out, on its way to [`Outbound`].
#[derive(Clone, Debug)]
pub struct HostCall {
    pub binding: String,
    pub namespace: String,
    pub operation: String,
    pub payload: Bytes,
    pub deadline: Instant,
    pub depth: u32,
}

/// Where a guest's calls go. The error text is what the guest reads.
pub trait Outbound: Send + Sync + 'static {
    fn call(&self, call: HostCall) -> BoxFuture<'_, Result<Bytes, String>>;
}

/// Why an invocation of an actor failed; the text reaches the caller.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvokeError {
    /// The guest's own error.
    #[error("{0}")]
    Guest(String),
    #[error("actor trapped: {0}")]
    Trap(String),
    #[error("actor exceeded its time limit of {0:?}")]
    Time(std::time::Duration),
    #[error("actor exceeded its memory limit of {0} bytes")]
    Memory(usize),
    #[error("actor calls nest deeper than {0}")]
    Depth(u32),
    #[error("host has no free instance (limit {0})")]
    Instances(u32),
}

/// Compiled, pre-instantiated code of one actor; shared by all its invocations.
#[derive(Clone, Debug)]
pub struct Code {}

impl Code {
    /// `__wasmbus_rpc_version`, 0 if absent.
    pub fn api_version(&self) -> i32 {
        todo!()
    }

    /// Runs one operation in a fresh instance.
    ///
    /// # Errors
    /// Every variant of [`InvokeError`].
    pub async fn invoke(
        &self,
        operation: &str,
        payload: Bytes,
        deadline: Instant,
        depth: u32,
        outbound: Arc<dyn Outbound>,
    ) -> Result<Bytes, InvokeError> {
        let _ = (operation, payload, deadline, depth, outbound);
        todo!()
    }
}
