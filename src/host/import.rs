//! A guest's call out: resolve link, key or alias, check the claim, invoke (protocol §1.6, §1.7).

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::actor::{HostCall, Outbound};
use crate::claims::ActorId;
use crate::lattice::rpc::Rpc;
use crate::lattice::state::State;

/// The calls out of one actor.
#[derive(Debug)]
pub struct Import {
    pub actor: ActorId,
    /// Contract ids of its claims.
    pub caps: Arc<[String]>,
    pub rpc: Rpc,
    pub state: State,
    pub lattice: crate::lattice::LatticeName,
}

impl Outbound for Import {
    fn call(&self, call: HostCall) -> BoxFuture<'_, Result<Bytes, String>> {
        let _ = call;
        todo!()
    }
}
