//! Calls between this host's actors and a peer, and who may make them.

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, Semaphore};

use super::*;
use crate::lattice::rpc::{Handler, Incoming, Serving};
use crate::lattice::wire::LinkDefinition;

/// A provider of a peer, which answers when it is told to.
pub(super) struct Slow {
    pub(super) called: Notify,
    pub(super) release: Semaphore,
}

impl Slow {
    /// Serves contract `test:callee` and links `actor` to it.
    pub(super) async fn serve(bench: &Bench, actor: &ActorId) -> (Arc<Self>, Serving) {
        let slow = Arc::new(Self {
            called: Notify::new(),
            release: Semaphore::new(0),
        });
        let key = Seed::generate(KeyKind::Service).public();
        let link = LinkDefinition {
            actor_id: actor.to_string(),
            provider_id: key.clone(),
            link_name: "default".to_owned(),
            contract_id: "test:callee".to_owned(),
            ..LinkDefinition::default()
        };
        let entity = Entity::provider(key, "test:callee", "default");
        let serving = bench.rpc.serve(entity, slow.clone()).await.unwrap();
        assert!(bench.control.put_link(&link).await.unwrap().accepted);
        (slow, serving)
    }
}

impl Handler for Slow {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(async move {
            self.called.notify_one();
            self.release.acquire().await.unwrap().forget();
            Ok(call.payload)
        })
    }
}

#[tokio::test]
async fn an_actor_calls_its_provider_through_the_link() {
    let bench = Bench::new().await;
    let caller = bench.start("caller", &["test:callee"]).await;
    let answer = bench.call(client_origin(), &caller.id, b"x").await.unwrap();
    assert!(
        answer.starts_with(b"EInvocation not authorized: missing link definition"),
        "{answer:?}"
    );
    let (slow, _serving) = Slow::serve(&bench, &caller.id).await;
    slow.release.add_permits(1);
    let answer = bench.call(client_origin(), &caller.id, b"hello").await;
    assert_eq!(answer.unwrap(), "hello");
}

#[tokio::test]
async fn what_an_actor_does_not_claim_it_may_not_use() {
    let bench = Bench::new().await;
    let caller = bench.start("caller", &[]).await;
    let (_slow, _serving) = Slow::serve(&bench, &caller.id).await;
    let answer = bench.call(client_origin(), &caller.id, b"x").await.unwrap();
    assert!(
        answer.starts_with(b"EInvocation not authorized: missing capability claim"),
        "{answer:?}"
    );
    let server = Entity::provider(SERVER, HTTP, "default");
    let error = bench.call(server, &caller.id, b"x").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("Invocation source does not have the required capability claim {HTTP}")
    );
}

#[tokio::test]
async fn a_built_in_provider_answers_linked_actors_only() {
    let bench = Bench::new().await;
    let body = json!({"provider_ref": "builtin:httpclient", "host_id": bench.id()});
    assert_eq!(bench.command("lp", body).await, ACCEPTED);
    let key = bench.event("provider_started").await["public_key"].clone();
    let stranger = Seed::generate(KeyKind::Module).public();
    let call = |actor: &str| Call {
        origin: Entity::actor(actor),
        target: Entity::provider(key.as_str().unwrap(), "wasmcloud:httpclient", "default"),
        operation: "HttpClient.Teleport".to_owned(),
        payload: Bytes::new(),
        deadline: Instant::now() + Duration::from_secs(20),
        depth: 0,
        retry: Retry::Never,
    };
    let error = bench.rpc.invoke(call(&stranger)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("unlinked actor: '{stranger}'"));
    let link = LinkDefinition {
        actor_id: stranger.clone(),
        provider_id: key.as_str().unwrap().to_owned(),
        link_name: "default".to_owned(),
        contract_id: "wasmcloud:httpclient".to_owned(),
        ..LinkDefinition::default()
    };
    assert!(bench.control.put_link(&link).await.unwrap().accepted);
    let error = bench.rpc.invoke(call(&stranger)).await.unwrap_err();
    assert!(error.to_string().contains("Teleport"), "{error}");
}

#[tokio::test]
async fn a_stuck_actor_delays_nobody() {
    let bench = Bench::with(|it| it.limits.time = Duration::from_secs(2)).await;
    let stuck = bench.start("loop", &[]).await;
    let echo = bench.start("echo", &[]).await;
    let first = bench.call(client_origin(), &stuck.id, b"");
    let others = async {
        for _ in 0..20 {
            let answer = bench.call(client_origin(), &echo.id, b"x").await;
            assert_eq!(answer.unwrap(), "x");
            bench.ask("ping.hosts", "").await;
        }
    };
    let (stuck, ()) = tokio::join!(first, others);
    assert!(stuck.unwrap_err().to_string().contains("time limit"));
}
