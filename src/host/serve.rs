//! An actor's side of a call: who may call it, and in which code the call runs (protocol §4.5).

use std::future::ready;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use tracing::Instrument;

use super::actor::Code;
use super::event::Module;
use super::import::{Caps, Import};
use super::instance::{Pool, Turn};
use super::policy::Policy;
use crate::lattice::rpc::{Handler, Incoming, Place, Places, Rpc};
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
    pub(super) policy: Policy,
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

    /// Its way out, if `origin` may call it.
    fn admit(&self, origin: &Entity) -> Result<Arc<Import>, String> {
        let import = Arc::clone(&self.import.read().unwrap_or_else(PoisonError::into_inner));
        authorize(origin, &import.caps)?;
        Ok(import)
    }

    /// Runs a call whose turn it is.
    fn run<'a>(
        &'a self,
        turn: Turn<'a>,
        import: Arc<Import>,
        call: Incoming,
    ) -> BoxFuture<'a, Result<Bytes, String>> {
        let span = tracing::debug_span!(
            "call",
            actor = call.target.public_key,
            origin = call.origin.public_key,
            operation = call.operation,
        );
        let running = async move {
            import.gate.admit(&call.origin).await?;
            turn.invoke(
                &call.operation,
                call.payload,
                call.deadline,
                call.depth,
                import,
            )
            .await
            .map_err(|error| error.to_string())
        };
        Box::pin(running.instrument(span))
    }

    fn place<'a>(&'a self, turn: Turn<'a>) -> Place<'a> {
        Box::new(|call| match self.admit(&call.origin) {
            Ok(import) => self.run(turn, import, call),
            Err(refusal) => Box::pin(ready(Err(refusal))),
        })
    }
}

impl Handler for Actor {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(async move {
            let import = self.admit(&call.origin)?;
            let turn = self.pool.turn(call.deadline).await;
            let turn = turn.map_err(|error| error.to_string())?;
            self.run(turn, import, call).await
        })
    }

    fn try_handle(
        &self,
        call: Incoming,
    ) -> Result<BoxFuture<'_, Result<Bytes, String>>, Box<Incoming>> {
        let import = match self.admit(&call.origin) {
            Ok(import) => import,
            Err(refusal) => return Ok(Box::pin(ready(Err(refusal)))),
        };
        match self.pool.try_turn() {
            Some(turn) => Ok(self.run(turn, import, call)),
            None => Err(Box::new(call)),
        }
    }

    fn places(&self) -> Option<&dyn Places> {
        Some(self)
    }
}

impl Places for Actor {
    fn try_take(&self) -> Option<Place<'_>> {
        Some(self.place(self.pool.try_turn()?))
    }

    fn take(&self, deadline: Instant) -> BoxFuture<'_, Result<Place<'_>, String>> {
        Box::pin(async move {
            let turn = self.pool.turn(deadline).await;
            let turn = turn.map_err(|error| error.to_string())?;
            Ok(self.place(turn))
        })
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
            gate: self.policy.gate(&module.facts, &self.state),
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
