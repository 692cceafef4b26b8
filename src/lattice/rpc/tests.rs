mod safe;
mod spare;

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::claims::jwt::{self, Token};
use crate::claims::{HostId, InvocationMetadata, KeyKind, Seed};
use crate::lattice::invocation;
use crate::lattice::testing::{NatsServer, Setup, eventually};
use crate::lattice::wire::{self, Invocation, InvocationResponse};

const LARGE: usize = 3 * 1024 * 1024 + 1;

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers by operation, and counts.
#[derive(Default)]
struct Echo {
    seen: AtomicUsize,
    finished: AtomicUsize,
    go_on: Notify,
}

impl Handler for Echo {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let answer = match call.operation.as_str() {
                "echo" => Ok(call.payload),
                "depth" => Ok(call.depth.to_string().into()),
                "left" => {
                    let left = call.deadline - Instant::now();
                    Ok(left.as_secs().to_string().into())
                }
                "origin" => Ok(call.origin.to_string().into()),
                "grow" => Ok(vec![7; LARGE].into()),
                "fail" => Err("it failed: ä".into()),
                "panic" => panic!("on purpose"),
                "hang" => std::future::pending().await,
                "wait" => {
                    self.go_on.notified().await;
                    Ok("waited".into())
                }
                other => Err(format!("unknown operation {other}")),
            };
            self.finished.fetch_add(1, Ordering::SeqCst);
            answer
        })
    }
}

impl Echo {
    async fn seen(&self, count: usize) {
        eventually("the handler was called", async || {
            self.seen.load(Ordering::SeqCst) >= count
        })
        .await;
    }
}

fn identity(signer: &Seed) -> Identity {
    Identity {
        host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
        signer: signer.clone(),
        issuers: vec![signer.public()],
    }
}

async fn rpc(server: &NatsServer, signer: &Seed) -> Rpc {
    let client = server.client().await;
    Rpc::new(client, LatticeName::default(), identity(signer), None)
}

fn provider() -> Entity {
    Entity::provider("VPROVIDER", "wasmcloud:httpserver", "default")
}

fn call(target: &Entity, operation: &str) -> Call {
    Call {
        origin: provider(),
        target: target.clone(),
        operation: operation.into(),
        payload: Bytes::from_static(b"hello"),
        deadline: Instant::now() + PATIENCE,
        depth: 3,
        retry: Retry::Never,
    }
}

/// Whether the actor is gone for other hosts.
async fn gone(caller: &Rpc, actor: &Entity) -> bool {
    let probe = within(call(actor, "echo"), Duration::from_secs(1));
    matches!(
        caller.invoke(probe).await,
        Err(RpcError::NoResponders { .. })
    )
}

fn within(call: Call, timeout: Duration) -> Call {
    Call {
        deadline: Instant::now() + timeout,
        ..call
    }
}

/// Two hosts of one lattice and an actor on the second.
struct Pair {
    server: NatsServer,
    signer: Seed,
    caller: Rpc,
    callee: Rpc,
    actor: Entity,
    echo: Arc<Echo>,
    serving: Serving,
}

impl Pair {
    async fn new() -> Self {
        let server = NatsServer::start().await;
        let signer = Seed::generate(KeyKind::Cluster);
        let (caller, callee) = (rpc(&server, &signer).await, rpc(&server, &signer).await);
        let actor = Entity::actor("MACTOR");
        let echo = Arc::new(Echo::default());
        let serving = callee.serve(actor.clone(), echo.clone()).await.unwrap();
        Self {
            server,
            signer,
            caller,
            callee,
            actor,
            echo,
            serving,
        }
    }

    async fn invoke(&self, operation: &str) -> Result<Bytes, RpcError> {
        self.caller.invoke(call(&self.actor, operation)).await
    }

    /// A genuine message to the actor.
    fn invocation(&self) -> Invocation {
        invocation::make(
            self.caller.identity(),
            provider(),
            self.actor.clone(),
            "echo",
            Bytes::from_static(b"hello"),
            now(),
        )
    }

    /// What the actor answers to these bytes.
    async fn send(&self, body: impl Into<Bytes>) -> InvocationResponse {
        let subject = subject::rpc::actor(self.caller.lattice(), &self.actor.public_key);
        let answer = self.caller.client().request(subject, body.into()).await;
        wire::decode(&answer.unwrap().payload).unwrap()
    }

    async fn refusal(&self, invocation: &Invocation) -> String {
        let response = self.send(wire::encode(invocation).unwrap()).await;
        assert_eq!(response.content_length, Some(0));
        assert!(response.msg.is_empty());
        response.error.unwrap()
    }
}

fn remote(result: Result<Bytes, RpcError>) -> String {
    match result {
        Err(RpcError::Remote(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_crosses_from_host_to_host() {
    let pair = Pair::new().await;
    assert_eq!(pair.invoke("echo").await.unwrap(), "hello");
    assert_eq!(pair.invoke("depth").await.unwrap(), "3");
    assert_eq!(
        pair.invoke("origin").await.unwrap(),
        "VPROVIDER (link 'default')"
    );
    assert_eq!(remote(pair.invoke("fail").await), "it failed: ä");
    let left = pair.invoke("left").await.unwrap();
    let left: u64 = std::str::from_utf8(&left).unwrap().parse().unwrap();
    assert!((5..30).contains(&left), "{left}");
    assert!(!pair.caller.is_local(&pair.actor) && pair.callee.is_local(&pair.actor));
}

#[tokio::test]
async fn a_call_within_the_process_touches_no_nats() {
    let pair = Pair::new().await;
    // A local call works on when there is no server at all.
    drop(pair.server);
    let result = pair.callee.invoke(call(&pair.actor, "echo")).await;
    assert_eq!(result.unwrap(), "hello");
    let result = pair.callee.invoke(call(&pair.actor, "fail")).await;
    assert_eq!(remote(result), "it failed: ä");
    let result = pair.callee.invoke(call(&pair.actor, "panic")).await;
    assert!(remote(result).contains("panicked"));
    let hang = within(call(&pair.actor, "hang"), Duration::from_millis(50));
    let error = pair.callee.invoke(hang).await.unwrap_err();
    assert!(matches!(error, RpcError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn providers_answer_under_their_link() {
    let pair = Pair::new().await;
    let serving = pair.callee.serve(provider(), Arc::new(Echo::default()));
    let _serving = serving.await.unwrap();
    let result = pair.caller.invoke(call(&provider(), "echo")).await;
    assert_eq!(result.unwrap(), "hello");

    let other_link = Entity::provider("VPROVIDER", "wasmcloud:httpserver", "other");
    let error = pair.caller.invoke(call(&other_link, "echo")).await;
    assert!(matches!(error, Err(RpcError::NoResponders { .. })));
}

#[tokio::test]
async fn large_payloads_travel_both_ways() {
    let pair = Pair::new().await;
    let mut large = call(&pair.actor, "echo");
    large.payload = (0..LARGE).map(|i| (i / 3) as u8).collect();
    let expected = large.payload.clone();
    assert_eq!(pair.caller.invoke(large).await.unwrap(), expected);
    assert_eq!(pair.invoke("grow").await.unwrap(), vec![7; LARGE]);
}

#[tokio::test]
async fn a_server_with_a_low_limit_gets_chunks() {
    let setup = Setup {
        max_payload: Some(40_000),
        ..Setup::jetstream()
    };
    let server = NatsServer::start_with(setup).await;
    let signer = Seed::generate(KeyKind::Cluster);
    let (caller, callee) = (rpc(&server, &signer).await, rpc(&server, &signer).await);
    let actor = Entity::actor("MACTOR");
    let _serving = callee.serve(actor.clone(), Arc::new(Echo::default()));
    let _serving = _serving.await.unwrap();
    let mut small = call(&actor, "echo");
    small.payload = vec![1; 20_000].into();
    assert_eq!(caller.invoke(small).await.unwrap(), vec![1; 20_000]);
}

#[tokio::test]
async fn large_payloads_without_jetstream_are_an_error() {
    let server = NatsServer::start_bare().await;
    let signer = Seed::generate(KeyKind::Cluster);
    let (caller, callee) = (rpc(&server, &signer).await, rpc(&server, &signer).await);
    let actor = Entity::actor("MACTOR");
    let serving = callee.serve(actor.clone(), Arc::new(Echo::default()));
    let _serving = serving.await.unwrap();
    let mut large = call(&actor, "echo");
    large.payload = vec![1; LARGE].into();
    let error = caller.invoke(large).await.unwrap_err();
    assert!(matches!(error, RpcError::Transport(_)));
    let text = error.to_string();
    assert!(
        text.contains("JetStream") && text.contains("3145729"),
        "{text}"
    );
    let text = remote(caller.invoke(call(&actor, "grow")).await);
    assert!(text.contains("JetStream"), "{text}");
}

#[tokio::test]
async fn forged_messages_are_refused() {
    let pair = Pair::new().await;
    let genuine = pair.send(wire::encode(&pair.invocation()).unwrap()).await;
    assert_eq!((genuine.error, &genuine.msg[..]), (None, &b"hello"[..]));
    let seen = pair.echo.seen.load(Ordering::SeqCst);

    let mut changed = pair.invocation();
    changed.msg = Bytes::from_static(b"HELLO");
    let hash = "Invocation hash does not match signed claims hash (";
    assert!(pair.refusal(&changed).await.starts_with(hash));

    let mut redirected = pair.invocation();
    redirected.origin = Entity::actor("MOTHER");
    assert!(pair.refusal(&redirected).await.starts_with(hash));

    let mut forged = pair.invocation();
    let last = forged.encoded_claims.rfind('.').unwrap();
    forged.encoded_claims.truncate(last + 1);
    forged.encoded_claims.push_str(&"A".repeat(86));
    let text = pair.refusal(&forged).await;
    assert_eq!(text, "Invocation claims signature invalid");

    let mut expired = pair.invocation();
    let mut token: Token<InvocationMetadata> = jwt::decode(&expired.encoded_claims).unwrap();
    token.expires = Some(1);
    expired.encoded_claims = jwt::encode(&token, &pair.signer).unwrap();
    let text = pair.refusal(&expired).await;
    assert_eq!(text, "Invocation claims token expired");

    let stranger = identity(&Seed::generate(KeyKind::Cluster));
    let make = |identity: &Identity, target: Entity| {
        invocation::make(identity, provider(), target, "echo", Bytes::new(), now())
    };
    let text = pair.refusal(&make(&stranger, pair.actor.clone())).await;
    assert_eq!(
        text,
        "Issuer of this invocation is not among the list of valid issuers"
    );

    // genuine, but of another actor
    let elsewhere = make(pair.caller.identity(), Entity::actor("MOTHER"));
    let text = pair.refusal(&elsewhere).await;
    assert!(text.starts_with("target key mismatch"), "{text}");

    // announced in the store, but not there
    let mut absent = pair.invocation();
    absent.content_length = Some(1_000_000);
    let text = pair.refusal(&absent).await;
    assert!(text.contains("JetStream"), "{text}");

    let whole = wire::encode(&pair.invocation()).unwrap();
    for bad in [&b"hello"[..], b"", &whole[..whole.len() / 2], &[0xc1]] {
        let response = pair.send(Bytes::copy_from_slice(bad)).await;
        let text = response.error.unwrap();
        assert_eq!(text, "Failed to deserialize invocation");
        assert_eq!(response.invocation_id, "");
        assert_eq!(response.content_length, Some(0));
    }
    assert_eq!(pair.echo.seen.load(Ordering::SeqCst), seen);
}

#[tokio::test]
async fn a_chunked_payload_of_a_forged_message_is_left_alone() {
    let pair = Pair::new().await;
    let mut large = pair.invocation();
    let payload = Bytes::from(vec![1; LARGE]);
    let stored = pair.caller.inner.chunks.put(&large.id, &payload).await;
    let stored = stored.unwrap();
    large.msg = Bytes::new();
    large.content_length = Some(LARGE as u64);
    large.target = Entity::actor("MOTHER");
    let text = pair.refusal(&large).await;
    assert_eq!(
        text,
        "Invocation claims and invocation target URL do not match"
    );
    large.target = pair.actor.clone();
    // Still there, but not what was signed.
    let text = pair.refusal(&large).await;
    assert!(text.starts_with("Invocation hash does not match"), "{text}");
    stored.leave();
}

#[tokio::test]
async fn nobody_there_is_reported_at_once() {
    let pair = Pair::new().await;
    let nobody = call(&Entity::actor("MNOBODY"), "echo");
    let started = Instant::now();
    let error = pair.caller.invoke(nobody).await.unwrap_err();
    assert!(matches!(error, RpcError::NoResponders { .. }), "{error}");
    assert!(started.elapsed() < PATIENCE / 2);
    assert!(error.to_string().contains("MNOBODY"));
    let odd = call(&Entity::actor("M.>"), "echo");
    let error = pair.caller.invoke(odd).await.unwrap_err();
    assert!(matches!(error, RpcError::NoResponders { .. }), "{error}");
    let odd = pair.callee.serve(Entity::actor("M >"), pair.echo.clone());
    assert!(matches!(odd.await, Err(RpcError::Transport(_))));
}

#[tokio::test]
async fn nobody_there_yet_is_tried_again() {
    let pair = Pair::new().await;
    let late = Entity::actor("MLATE");
    let patient = Call {
        retry: Retry::NoResponders,
        ..call(&late, "echo")
    };
    let calling = tokio::spawn({
        let (caller, patient) = (pair.caller.clone(), patient.clone());
        async move { caller.invoke(patient).await }
    });
    // A second caller on the host where it will start.
    let local = tokio::spawn({
        let callee = pair.callee.clone();
        async move { callee.invoke(patient).await }
    });
    tokio::task::yield_now().await;
    let serving = pair.callee.serve(late.clone(), Arc::new(Echo::default()));
    let _serving = serving.await.unwrap();
    assert_eq!(calling.await.unwrap().unwrap(), "hello");
    assert_eq!(local.await.unwrap().unwrap(), "hello");

    let mut hopeless = call(&Entity::actor("MNEVER"), "echo");
    hopeless.retry = Retry::NoResponders;
    let hopeless = within(hopeless, Duration::from_secs(1));
    let error = pair.caller.invoke(hopeless).await.unwrap_err();
    assert!(matches!(error, RpcError::NoResponders { .. }), "{error}");
}

#[tokio::test]
async fn a_deadline_ends_both_sides() {
    let pair = Pair::new().await;
    let hang = within(call(&pair.actor, "hang"), Duration::from_millis(300));
    let error = pair.caller.invoke(hang).await.unwrap_err();
    assert!(matches!(error, RpcError::Timeout { .. }), "{error}");
    // The callee has stopped, too: nothing is left to wait for.
    let started = Instant::now();
    pair.serving.stop(PATIENCE).await;
    assert!(started.elapsed() < PATIENCE);
}

#[tokio::test]
async fn calls_without_a_deadline_get_the_default() {
    let pair = Pair::new().await;
    let hurried = pair.callee.clone().with_timeout(Duration::from_millis(50));
    let actor = Entity::actor("MHURRIED");
    let serving = hurried.serve(actor.clone(), Arc::new(Echo::default()));
    let _serving = serving.await.unwrap();
    let invocation = invocation::make(
        pair.caller.identity(),
        provider(),
        actor.clone(),
        "hang",
        Bytes::new(),
        now(),
    );
    let subject = subject::rpc::actor(pair.caller.lattice(), "MHURRIED");
    let body = wire::encode(&invocation).unwrap();
    let answer = pair.caller.client().request(subject, body).await.unwrap();
    let response: InvocationResponse = wire::decode(&answer.payload).unwrap();
    assert!(response.error.unwrap().contains("deadline"));
}

#[tokio::test]
async fn a_panic_ends_one_call() {
    let pair = Pair::new().await;
    assert!(remote(pair.invoke("panic").await).contains("panicked"));
    assert_eq!(pair.invoke("echo").await.unwrap(), "hello");
}

#[tokio::test]
async fn a_message_without_reply_is_handled() {
    let pair = Pair::new().await;
    let subject = subject::rpc::actor(pair.caller.lattice(), &pair.actor.public_key);
    let body = wire::encode(&pair.invocation()).unwrap();
    pair.caller.client().publish(subject, body).await.unwrap();
    pair.echo.seen(1).await;
    assert_eq!(pair.invoke("echo").await.unwrap(), "hello");
}

#[tokio::test]
async fn stopping_lets_calls_finish() {
    let pair = Pair::new().await;
    let waiting = tokio::spawn({
        let (caller, call) = (pair.caller.clone(), call(&pair.actor, "wait"));
        async move { caller.invoke(call).await }
    });
    let local = tokio::spawn({
        let (callee, call) = (pair.callee.clone(), call(&pair.actor, "wait"));
        async move { callee.invoke(call).await }
    });
    pair.echo.seen(2).await;
    let stopping = tokio::spawn(pair.serving.stop(PATIENCE));
    // New calls are turned away while the old ones run.
    eventually("the actor is gone", async || {
        gone(&pair.caller, &pair.actor).await
    })
    .await;
    assert!(!pair.callee.is_local(&pair.actor) && !stopping.is_finished());
    pair.echo.go_on.notify_waiters();
    assert_eq!(waiting.await.unwrap().unwrap(), "waited");
    assert_eq!(local.await.unwrap().unwrap(), "waited");
    stopping.await.unwrap();
}

#[tokio::test]
async fn stopping_ends_calls_after_the_grace() {
    let pair = Pair::new().await;
    let calls = [&pair.caller, &pair.callee].map(|rpc| {
        let (rpc, call) = (rpc.clone(), call(&pair.actor, "hang"));
        tokio::spawn(async move { rpc.invoke(call).await })
    });
    pair.echo.seen(2).await;
    pair.serving.stop(Duration::from_millis(20)).await;
    for call in calls {
        assert!(remote(call.await.unwrap()).contains("was stopped"));
    }
    assert_eq!(pair.echo.finished.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn dropping_stops_at_once() {
    let pair = Pair::new().await;
    let hanging = tokio::spawn({
        let (caller, call) = (pair.caller.clone(), call(&pair.actor, "hang"));
        async move { caller.invoke(call).await }
    });
    pair.echo.seen(1).await;
    drop(pair.serving);
    assert!(!pair.callee.is_local(&pair.actor));
    assert!(remote(hanging.await.unwrap()).contains("was stopped"));
    eventually("the actor is gone", async || {
        gone(&pair.caller, &pair.actor).await
    })
    .await;
}

#[tokio::test]
async fn the_later_handler_stays_when_the_earlier_goes() {
    let pair = Pair::new().await;
    let second = Arc::new(Echo::default());
    let serving = pair.callee.serve(pair.actor.clone(), second.clone());
    let _serving = serving.await.unwrap();
    drop(pair.serving);
    assert!(pair.callee.is_local(&pair.actor));
    let result = pair.callee.invoke(call(&pair.actor, "echo")).await;
    assert_eq!(result.unwrap(), "hello");
    assert_eq!(second.seen.load(Ordering::SeqCst), 1);
    eventually("only the second answers", async || {
        let before = second.seen.load(Ordering::SeqCst);
        let probe = within(call(&pair.actor, "echo"), Duration::from_secs(1));
        pair.caller.invoke(probe).await.is_ok() && second.seen.load(Ordering::SeqCst) > before
    })
    .await;
}

#[tokio::test]
async fn answers_of_other_hosts_are_read() {
    let pair = Pair::new().await;
    let client = pair.server.client().await;
    let subject = subject::rpc::actor(pair.caller.lattice(), "MOLD");
    let mut calls = client.subscribe(subject).await.unwrap();
    // The server has the subscription once it has turned down a request that came after it.
    let nobody = client.new_inbox();
    client.request(nobody, Bytes::new()).await.unwrap_err();
    let old = Entity::actor("MOLD");
    // Without id, length and context; with another id; not msgpack; and an error with nil for a message.
    let answer = |fields: &[(&str, rmpv::Value)]| {
        let fields = fields
            .iter()
            .map(|(key, value)| ((*key).into(), value.clone()));
        wire::encode(&rmpv::Value::Map(fields.collect())).unwrap()
    };
    let ok = ("msg", rmpv::Value::from("hi"));
    let answers = [
        answer(std::slice::from_ref(&ok)),
        answer(&[ok, ("invocation_id", "other".into())]),
        Bytes::from_static(b"garbage"),
        answer(&[
            ("msg", rmpv::Value::Nil),
            ("invocation_id", "".into()),
            ("error", "boom".into()),
        ]),
    ];
    let replying = tokio::spawn(async move {
        for answer in answers {
            let message = futures_util::StreamExt::next(&mut calls).await.unwrap();
            client
                .publish(message.reply.unwrap(), answer)
                .await
                .unwrap();
        }
        client.flush().await.unwrap();
    });
    let invoke = || pair.caller.invoke(call(&old, "echo"));
    assert_eq!(invoke().await.unwrap(), "hi");
    assert!(matches!(invoke().await, Err(RpcError::BadAnswer { .. })));
    assert!(matches!(invoke().await, Err(RpcError::BadAnswer { .. })));
    assert_eq!(remote(invoke().await), "boom");
    replying.await.unwrap();
}
