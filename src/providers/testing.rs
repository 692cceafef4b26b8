//! A lattice with fake actors, for tests of providers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};

use super::Context;
use crate::claims::{HostId, KeyKind, Seed};
use crate::lattice::LatticeName;
use crate::lattice::invocation::Identity;
use crate::lattice::rpc::{Handler, Incoming, Rpc, Serving};
use crate::lattice::testing::NatsServer;
use crate::lattice::wire::Entity;

/// A NATS server and one process' RPC on it.
pub(super) struct Stage {
    pub(super) rpc: Rpc,
    _nats: NatsServer,
}

struct Answer<F>(F);

impl<F> Handler for Answer<F>
where
    F: Fn(Incoming) -> BoxFuture<'static, Result<Bytes, String>> + Send + Sync + 'static,
{
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        (self.0)(call)
    }
}

impl Stage {
    pub(super) async fn set() -> Self {
        // Clients that tests make need one, as those of the HTTP client provider do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nats = NatsServer::start().await;
        let signer = Seed::generate(KeyKind::Cluster);
        let identity = Identity {
            host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
            issuers: vec![signer.public()],
            signer,
        };
        let rpc = Rpc::new(nats.client().await, LatticeName::default(), identity, None);
        Self { rpc, _nats: nats }
    }

    pub(super) fn context(&self, entity: Entity, configuration: Option<&str>) -> Context {
        Context {
            rpc: self.rpc.clone(),
            entity,
            configuration: configuration.map(str::to_owned),
            rpc_timeout: Duration::from_secs(20),
        }
    }

    /// An actor that answers as `answer` does; it is gone when the handle is dropped.
    pub(super) async fn actor<F, A>(&self, key: &str, answer: F) -> Serving
    where
        F: Fn(Incoming) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Bytes, String>> + Send + 'static,
    {
        let handler = Answer(move |call| answer(call).boxed());
        self.rpc
            .serve(Entity::actor(key), Arc::new(handler))
            .await
            .unwrap()
    }
}
