//! A guest's call out: resolve link, key or alias, check the claim, invoke (protocol §1.6, §1.7).
//!
//! Knows nothing of wasm. What it decides is a pure function of the call and the lattice's shared state.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::actor::{HostCall, Outbound};
use super::builtin::Builtin;
use super::policy::Gate;
use crate::claims::ActorId;
use crate::lattice::LatticeName;
use crate::lattice::rpc::{Call, Retry, Rpc, RpcError};
use crate::lattice::state::{LinkKey, State};
use crate::lattice::wire::{Entity, LinkDefinition};

/// The calls out of one actor.
#[derive(Debug)]
pub struct Import {
    pub actor: ActorId,
    pub caps: Caps,
    pub rpc: Rpc,
    pub state: State,
    pub lattice: LatticeName,
    /// Who may call the actor.
    pub gate: Gate,
}

/// Which contracts an actor may use.
#[derive(Clone, Debug)]
pub enum Caps {
    /// Every contract: an unsigned actor states none.
    All,
    /// Contract ids of its claims.
    Listed(Arc<[String]>),
}

impl Caps {
    pub fn allow(&self, contract: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(_) => self.list(contract),
        }
    }

    /// Stated by name.
    fn list(&self, contract: &str) -> bool {
        match self {
            Self::All => false,
            Self::Listed(contracts) => contracts.iter().any(|it| it == contract),
        }
    }
}

/// Who answers a call.
#[derive(Debug, PartialEq)]
enum Target {
    Builtin(Builtin),
    Entity(Entity),
}

impl Outbound for Import {
    fn call(&self, call: HostCall) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(self.send(call))
    }
}

impl Import {
    async fn send(&self, call: HostCall) -> Result<Bytes, String> {
        let target = self.state.look(|snapshot| {
            let route = Route {
                actor: &self.actor,
                caps: &self.caps,
                lattice: &self.lattice,
                links: &snapshot.links,
            };
            route.resolve(&call, |alias| snapshot.alias(alias))
        })?;
        match target {
            Target::Builtin(builtin) => builtin.call(&self.actor, &call.operation, &call.payload),
            Target::Entity(target) => {
                let retry = retry(&target, &call.operation);
                let call = Call {
                    origin: Entity::actor(self.actor.as_str()),
                    target,
                    operation: call.operation,
                    payload: call.payload,
                    deadline: call.deadline,
                    depth: call.depth.saturating_add(1),
                    retry,
                };
                self.rpc.invoke(call).await.map_err(error_text)
            }
        }
    }
}

/// What decides where a call goes.
struct Route<'a> {
    actor: &'a ActorId,
    caps: &'a Caps,
    lattice: &'a LatticeName,
    links: &'a BTreeMap<LinkKey, LinkDefinition>,
}

impl Route<'_> {
    /// Built-in, link, key, alias, in this order. A contract needs its claim, another actor does not.
    fn resolve<'s>(
        &self,
        call: &HostCall,
        alias: impl FnOnce(&str) -> Option<&'s str>,
    ) -> Result<Target, String> {
        let HostCall {
            binding, namespace, ..
        } = call;
        if let Some(builtin) = Builtin::from_contract(namespace) {
            self.authorize(namespace)?;
            return Ok(Target::Builtin(builtin));
        }
        let key = LinkKey {
            actor: self.actor.as_str().into(),
            contract: namespace.clone(),
            link_name: binding.clone(),
        };
        if let Some(link) = self.links.get(&key) {
            self.authorize(namespace)?;
            return Ok(Target::Entity(Entity::provider(
                &*link.provider_id,
                &*link.contract_id,
                &*link.link_name,
            )));
        }
        // The key ends up in a subject, so it is checked whole.
        if let Ok(actor) = ActorId::parse(namespace) {
            return Ok(Target::Entity(Entity::actor(actor.as_str())));
        }
        if let Some(actor) = alias(namespace) {
            return Ok(Target::Entity(Entity::actor(actor)));
        }
        if may_be_alias(namespace) && !self.caps.list(namespace) {
            return Err(format!(
                "Call alias not found: {namespace} on {}",
                self.lattice
            ));
        }
        self.authorize(namespace)?;
        Err(format!(
            "Invocation not authorized: missing link definition for {namespace} on {}",
            self.lattice
        ))
    }

    fn authorize(&self, contract: &str) -> Result<(), String> {
        if self.caps.allow(contract) {
            return Ok(());
        }
        Err(format!(
            "Invocation not authorized: missing capability claim for {contract}"
        ))
    }
}

/// Reads of a key-value store may run twice (protocol §11).
fn retry(target: &Entity, operation: &str) -> Retry {
    const READS: [&str; 6] = [
        "KeyValue.Get",
        "KeyValue.Contains",
        "KeyValue.ListRange",
        "KeyValue.SetQuery",
        "KeyValue.SetUnion",
        "KeyValue.SetIntersection",
    ];
    match target.contract_id == "wasmcloud:keyvalue" && READS.contains(&operation) {
        true => Retry::Safe,
        false => Retry::NoResponders,
    }
}

/// Signing tools accept no other aliases (protocol §2.2); contract ids have a colon.
fn may_be_alias(text: &str) -> bool {
    text.bytes()
        .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'_' | b'/'))
}

/// What the guest reads (protocol §1.6).
fn error_text(error: RpcError) -> String {
    match error {
        RpcError::Timeout { .. } => "Failed to perform RPC call: request timeout".into(),
        RpcError::Remote(text) => text,
        other => format!("Failed to perform RPC call: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{KeyKind, Seed};
    use std::time::Duration;
    use tokio::time::Instant;

    const KEYVALUE: &str = "wasmcloud:keyvalue";
    const NUMBERGEN: &str = "wasmcloud:builtin:numbergen";

    struct World {
        actor: ActorId,
        callee: String,
        lattice: LatticeName,
        links: BTreeMap<LinkKey, LinkDefinition>,
    }

    fn world() -> World {
        let actor = ActorId::parse(&Seed::generate(KeyKind::Module).public()).unwrap();
        let link = LinkDefinition {
            actor_id: actor.as_str().into(),
            provider_id: "VPROVIDER".into(),
            link_name: "cache".into(),
            contract_id: KEYVALUE.into(),
            ..LinkDefinition::default()
        };
        let key = LinkKey {
            actor: link.actor_id.clone(),
            contract: link.contract_id.clone(),
            link_name: link.link_name.clone(),
        };
        World {
            actor,
            callee: Seed::generate(KeyKind::Module).public(),
            lattice: "default".parse().unwrap(),
            links: [(key, link)].into(),
        }
    }

    impl World {
        fn resolve(&self, caps: &Caps, binding: &str, namespace: &str) -> Result<Target, String> {
            let call = HostCall {
                binding: binding.into(),
                namespace: namespace.into(),
                operation: "Any.Thing".into(),
                payload: Bytes::new(),
                deadline: Instant::now() + Duration::from_secs(1),
                depth: 0,
            };
            let route = Route {
                actor: &self.actor,
                caps,
                lattice: &self.lattice,
                links: &self.links,
            };
            route.resolve(&call, |alias| {
                (alias == "shop/cart").then_some(self.callee.as_str())
            })
        }
    }

    fn caps(contracts: &[&str]) -> Caps {
        Caps::Listed(contracts.iter().map(|&it| it.into()).collect())
    }

    #[test]
    fn a_link_leads_to_its_provider_if_the_claim_is_there() {
        let world = world();
        let provider = Target::Entity(Entity::provider("VPROVIDER", KEYVALUE, "cache"));
        for allowed in [caps(&[KEYVALUE]), Caps::All] {
            let target = world.resolve(&allowed, "cache", KEYVALUE).unwrap();
            assert_eq!(target, provider);
        }
        assert_eq!(
            world.resolve(&caps(&[""]), "cache", KEYVALUE).unwrap_err(),
            "Invocation not authorized: missing capability claim for wasmcloud:keyvalue"
        );
    }

    #[test]
    fn a_missing_claim_is_told_before_a_missing_link() {
        let world = world();
        assert_eq!(
            world.resolve(&caps(&[]), "default", KEYVALUE).unwrap_err(),
            "Invocation not authorized: missing capability claim for wasmcloud:keyvalue"
        );
        assert_eq!(
            world
                .resolve(&caps(&[KEYVALUE]), "default", KEYVALUE)
                .unwrap_err(),
            "Invocation not authorized: missing link definition for wasmcloud:keyvalue on default"
        );
        assert_eq!(
            world
                .resolve(&caps(&["plain"]), "default", "plain")
                .unwrap_err(),
            "Invocation not authorized: missing link definition for plain on default"
        );
    }

    #[test]
    fn actors_are_called_by_key_or_alias_without_a_claim() {
        let world = world();
        let callee = || Target::Entity(Entity::actor(&world.callee));
        assert_eq!(world.resolve(&caps(&[]), "", &world.callee), Ok(callee()));
        assert_eq!(world.resolve(&caps(&[]), "", "shop/cart"), Ok(callee()));
        for unknown in [&caps(&[]), &Caps::All] {
            assert_eq!(
                world.resolve(unknown, "", "shop/till").unwrap_err(),
                "Call alias not found: shop/till on default"
            );
        }
    }

    #[test]
    fn a_key_with_a_wrong_checksum_or_wildcards_is_no_key() {
        let world = world();
        let wild = format!("M.>{}", &world.callee[3..]);
        assert_eq!(wild.len(), 56);
        assert!(world.resolve(&caps(&[]), "", &wild).is_err());
    }

    #[test]
    fn builtins_need_the_claim_and_no_link() {
        let world = world();
        assert_eq!(
            world.resolve(&caps(&[NUMBERGEN]), "default", NUMBERGEN),
            Ok(Target::Builtin(Builtin::Numbergen))
        );
        assert_eq!(
            world.resolve(&caps(&[]), "default", NUMBERGEN).unwrap_err(),
            "Invocation not authorized: missing capability claim for wasmcloud:builtin:numbergen"
        );
    }

    #[test]
    fn only_reads_of_a_store_may_run_twice() {
        let store = Entity::provider("VP", KEYVALUE, "default");
        let other = Entity::provider("VP", "acme:keyvalue", "default");
        for read in [
            "Get",
            "Contains",
            "ListRange",
            "SetQuery",
            "SetUnion",
            "SetIntersection",
        ] {
            let read = format!("KeyValue.{read}");
            assert_eq!(retry(&store, &read), Retry::Safe);
            assert_eq!(retry(&other, &read), Retry::NoResponders);
            assert_eq!(retry(&Entity::actor("MA"), &read), Retry::NoResponders);
        }
        for write in [
            "Set",
            "Del",
            "Increment",
            "ListAdd",
            "ListDel",
            "ListClear",
            "SetAdd",
            "SetDel",
            "SetClear",
            "Getter",
            "",
        ] {
            let write = format!("KeyValue.{write}");
            assert_eq!(retry(&store, &write), Retry::NoResponders, "{write}");
        }
    }

    #[test]
    fn guests_read_the_error_texts_of_the_generation() {
        let timeout = RpcError::Timeout {
            target: "V".into(),
            elapsed: Duration::from_secs(2),
        };
        assert_eq!(
            error_text(timeout),
            "Failed to perform RPC call: request timeout"
        );
        assert_eq!(
            error_text(RpcError::Remote("no such key".into())),
            "no such key"
        );
    }
}
