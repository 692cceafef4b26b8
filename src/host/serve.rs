//! An actor's side of a call: who may call it, and in which code the call runs (protocol §4.5).

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tracing::Instrument;

use super::actor::Code;
use super::event::Module;
use super::import::{Caps, Import};
use super::instance::Pool;
use crate::lattice::rpc::{Handler, Incoming, Rpc};
use crate::lattice::state::State;
use crate::lattice::wire::Entity;

/// Answers the calls of one actor.
#[derive(Debug)]
pub(super) struct Actor {
    pool: Pool,
    /// Its way out, with its present claims.
    import: RwLock<Arc<Import>>,
}

/// What every actor of a host needs to call out.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) rpc: Rpc,
    pub(super) state: State,
}

impl Actor {
    pub(super) fn new(module: Module<Code>, limit: u32, reach: &Reach) -> Self {
        let import = reach.import(&module);
        Self {
            pool: Pool::new(module.code, limit),
            import: RwLock::new(import),
        }
    }

    pub(super) fn set_limit(&self, limit: u32) {
        self.pool.set_limit(limit);
    }

    /// Calls from now on run this module, under its claims.
    pub(super) fn replace(&self, module: Module<Code>, reach: &Reach) {
        let import = reach.import(&module);
        *self.import.write().unwrap_or_else(PoisonError::into_inner) = import;
        self.pool.replace(module.code);
    }

    async fn answer(&self, call: Incoming) -> Result<Bytes, String> {
        let import = Arc::clone(&self.import.read().unwrap_or_else(PoisonError::into_inner));
        authorize(&call.origin, &import.caps)?;
        self.pool
            .invoke(
                &call.operation,
                call.payload,
                call.deadline,
                call.depth,
                import,
            )
            .await
            .map_err(|error| error.to_string())
    }
}

impl Handler for Actor {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        let span = tracing::debug_span!(
            "call",
            actor = call.target.public_key,
            origin = call.origin.public_key,
            operation = call.operation,
        );
        Box::pin(self.answer(call).instrument(span))
    }
}

impl Reach {
    fn import(&self, module: &Module<Code>) -> Arc<Import> {
        Arc::new(Import {
            actor: module.facts.key.clone(),
            caps: module.facts.caps(),
            rpc: self.rpc.clone(),
            state: self.state.clone(),
            lattice: self.rpc.lattice().clone(),
        })
    }
}

/// A provider may call only actors that state its contract; other actors may always.
fn authorize(origin: &Entity, caps: &Caps) -> Result<(), String> {
    if origin.is_actor() || caps.allow(&origin.contract_id) {
        return Ok(());
    }
    Err(format!(
        "Invocation source does not have the required capability claim {}",
        origin.contract_id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_needs_the_claim_for_its_contract() {
        let caps = Caps::Listed(["wasmcloud:httpserver".to_owned()].into());
        let server = Entity::provider("VP", "wasmcloud:httpserver", "default");
        let other = Entity::provider("VP", "wasmcloud:messaging", "default");
        let odd = Entity::provider("VP", "", "default");
        assert_eq!(authorize(&server, &caps), Ok(()));
        assert_eq!(authorize(&Entity::actor("MA"), &caps), Ok(()));
        assert_eq!(authorize(&Entity::actor("__WASH__"), &caps), Ok(()));
        assert_eq!(
            authorize(&other, &caps),
            Err(
                "Invocation source does not have the required capability claim wasmcloud:messaging"
                    .into()
            )
        );
        assert!(authorize(&odd, &caps).is_err());
        assert_eq!(authorize(&other, &Caps::All), Ok(()));
    }
}
