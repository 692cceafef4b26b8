//! Calls that nobody genuine made: none reaches an actor, each sender learns why, and the host goes on.

use async_nats::HeaderMap;
use bytes::Bytes;
use serde_json::json;
use wash::claims::{InvocationMetadata, KeyKind, Seed, Token, jwt};
use wash::lattice::LatticeName;
use wash::lattice::invocation;
use wash::lattice::subject;
use wash::lattice::wire::{Entity, Invocation, InvocationResponse, decode, encode};

use crate::abuse::{Arena, HELLO, HTTP, Lattice, SERVER, Shared, now, timeout};

static SHARED: Shared = Shared::new();

fn to_actor(actor: &str) -> String {
    subject::rpc::actor(&LatticeName::default(), actor)
}

impl Lattice<'_> {
    fn invocation(&self, payload: &'static [u8]) -> Invocation {
        let origin = Entity::actor("__WASH__");
        let payload = Bytes::from_static(payload);
        invocation::make(
            &self.identity(),
            origin,
            Entity::actor(HELLO),
            "Test.Call",
            payload,
            now(),
        )
    }

    async fn send(&self, actor: &str, body: impl Into<Bytes>) -> InvocationResponse {
        let answer = timeout(self.client.request(to_actor(actor), body.into())).await;
        decode(&answer.unwrap().payload).unwrap()
    }

    /// The error that an invocation gets.
    async fn refusal(&self, invocation: &Invocation) -> String {
        let answer = self.send(HELLO, encode(invocation).unwrap()).await;
        assert!(answer.msg.is_empty());
        answer.error.unwrap_or_default()
    }
}

/// The claims of an invocation after `change`, signed by `signer`.
fn resign(
    invocation: &mut Invocation,
    signer: &Seed,
    change: impl FnOnce(&mut Token<InvocationMetadata>),
) {
    let mut token = jwt::decode(&invocation.encoded_claims).unwrap();
    token.issuer = signer.public();
    change(&mut token);
    invocation.encoded_claims = jwt::encode(&token, signer).unwrap();
}

/// What `hello` itself says to a call that reached it.
const REACHED: &str = "hello does not know the operation Test.Call";

#[tokio::test]
async fn forged_calls_are_refused_with_their_reason() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let cluster = &arena.cluster;
    assert_eq!(lattice.refusal(&lattice.invocation(b"x")).await, REACHED);

    let mut calls: Vec<(Invocation, &str)> = Vec::new();
    let mut case = |words, change: &dyn Fn(&mut Invocation)| {
        let mut invocation = lattice.invocation(b"payload");
        change(&mut invocation);
        calls.push((invocation, words));
    };
    case("signature invalid", &|it| {
        let at = it.encoded_claims.len() - 8;
        it.encoded_claims.replace_range(at.., "AAAAAAAA");
    });
    case("signature invalid", &|it| it.encoded_claims = String::new());
    case("signature invalid", &|it| {
        it.encoded_claims = "a.b.c".into();
    });
    case("signature invalid", &|it| {
        it.encoded_claims = ".".repeat(100_000);
    });
    // Signed by one key in the name of another.
    case("signature invalid", &|it| {
        let mut token: Token<InvocationMetadata> = jwt::decode(&it.encoded_claims).unwrap();
        token.issuer = cluster.public();
        it.encoded_claims =
            jwt::encode(&token, &Seed::generate(KeyKind::Cluster)).unwrap_or_default();
    });
    case("not among the list of valid issuers", &|it| {
        resign(it, &Seed::generate(KeyKind::Cluster), |_| {});
    });
    case("token expired", &|it| {
        resign(it, cluster, |it| it.expires = Some(now() - 5));
    });
    case("before claims token allows", &|it| {
        resign(it, cluster, |it| it.not_before = Some(now() + 500));
    });
    case("No wascap metadata", &|it| {
        resign(it, cluster, |it| it.metadata = None);
    });
    case("does not match signed claims hash", &|it| {
        it.msg = Bytes::from_static(b"another");
    });
    // As if it were in the object store.
    case("holds no payload", &|it| it.msg = Bytes::new());
    case("", &|it| it.operation = "Other.Call".into());
    case("", &|it| {
        it.origin = Entity::provider(SERVER, HTTP, "default");
    });
    case("ID do not match", &|it| it.id = "another".into());
    case("Invalid host ID", &|it| it.host_id = "*".into());
    case("does not match signed claims hash", &|it| {
        it.target = Entity::actor(Seed::generate(KeyKind::Module).public());
    });
    for (invocation, words) in calls {
        let error = lattice.refusal(&invocation).await;
        assert!(
            error.contains(words) && !error.is_empty(),
            "{words}: {error}"
        );
        assert_ne!(error, REACHED, "{words}");
        arena.serves();
    }

    // Genuine, but meant for somebody else.
    let other = Seed::generate(KeyKind::Module).public();
    let identity = lattice.identity();
    let call = |origin, target| {
        invocation::make(&identity, origin, target, "Test.Call", Bytes::new(), now())
    };
    let retargeted = call(Entity::actor("__WASH__"), Entity::actor(other));
    let error = lattice.refusal(&retargeted).await;
    assert!(error.contains("target key mismatch"), "{error}");
    // A provider whose contract the actor does not state.
    let provider = Entity::provider(SERVER, "wasmcloud:messaging", "default");
    let error = lattice.refusal(&call(provider, Entity::actor(HELLO))).await;
    assert!(error.contains("capability claim"), "{error}");
    // An actor that is not linked to the provider.
    let server = Entity::provider(SERVER, HTTP, "default");
    let unlinked = call(
        Entity::actor(Seed::generate(KeyKind::Module).public()),
        server,
    );
    let subject = subject::rpc::provider(&LatticeName::default(), SERVER, "default");
    let answer = timeout(lattice.client.request(subject, encode(&unlinked).unwrap()))
        .await
        .unwrap();
    let answer: InvocationResponse = decode(&answer.payload).unwrap();
    assert!(answer.error.unwrap().contains("unlinked actor"));
    arena.serves();
}

#[tokio::test]
async fn what_is_no_invocation_is_told_so() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let whole = encode(&lattice.invocation(b"payload")).unwrap();
    let mut bodies: Vec<Bytes> = [0, 1, 2, 7, 40, 100, whole.len() / 2, whole.len() - 1]
        .into_iter()
        .map(|it| whole.slice(..it))
        .collect();
    let max = lattice.client.max_payload();
    for body in [
        b"not msgpack at all".to_vec(),
        b"{\"origin\": {}}".to_vec(),
        vec![0xc1; 1000],
        vec![0x91; 200_000],
        vec![0xdd, 0xff, 0xff, 0xff, 0xff],
        vec![0xdf, 0xff, 0xff, 0xff, 0xff],
        vec![0xc6, 0xff, 0xff, 0xff, 0xff],
        vec![0xff; max - 1000],
        vec![0x00; max - 1000],
        rmp_serde::to_vec_named(&json!({"origin": 1, "target": [], "operation": null})).unwrap(),
        rmp_serde::to_vec_named(&json!({"msg": {"a": 1}})).unwrap(),
    ] {
        bodies.push(body.into());
    }
    for body in bodies {
        let answer = lattice.send(HELLO, body).await;
        assert_eq!(
            answer.error.as_deref(),
            Some("Failed to deserialize invocation")
        );
    }
    arena.serves();
    // Whoever wants no answer gets none, and one that goes back to the actor does not go in circles.
    let subject = to_actor(HELLO);
    lattice
        .client
        .publish(subject.clone(), "junk".into())
        .await
        .unwrap();
    lattice
        .client
        .publish_with_reply(subject.clone(), subject, "junk".into())
        .await
        .unwrap();
    assert_eq!(lattice.refusal(&lattice.invocation(b"x")).await, REACHED);
    arena.serves();
}

#[tokio::test]
async fn sizes_and_limits_that_lie_are_refused() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    for (size, words) in [
        (8, "JetStream holds no payload"),
        (10 << 30, "too large"),
        (u64::MAX, "too large"),
    ] {
        let mut invocation = lattice.invocation(b"payload");
        invocation.content_length = Some(size);
        invocation.msg = Bytes::new();
        let error = lattice.refusal(&invocation).await;
        assert!(error.contains(words), "{size}: {error}");
    }
    // Shorter than what is there: the payload counts.
    let mut invocation = lattice.invocation(b"payload");
    invocation.content_length = Some(1);
    assert_eq!(lattice.refusal(&invocation).await, REACHED);
    arena.serves();

    for (name, value, words) in [
        ("Wash-Timeout-Ms", "junk", REACHED),
        ("Wash-Timeout-Ms", "18446744073709551615", REACHED),
        ("Wash-Timeout-Ms", "99999999999999999999999", REACHED),
        ("Wash-Depth", "-1", REACHED),
        ("Wash-Depth", "4294967296", "nest deeper"),
        ("Wash-Depth", "7", REACHED),
        ("Wash-Depth", "8", "nest deeper"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value);
        let body = encode(&lattice.invocation(b"x")).unwrap();
        let answer = lattice
            .client
            .request_with_headers(to_actor(HELLO), headers, body);
        let answer: InvocationResponse = decode(&timeout(answer).await.unwrap().payload).unwrap();
        let error = answer.error.unwrap();
        assert!(error.contains(words), "{name}: {value}: {error}");
    }
    arena.serves();
}

#[tokio::test]
async fn large_payloads_travel_and_too_large_ones_do_not() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let echo = lattice.guest("echo", 2).await;
    let payload = Bytes::from(vec![7; 10 << 20]);
    let answer = lattice.call(&echo, "Echo.It", payload.clone()).await;
    assert!(answer == Ok(payload), "what comes back is what was sent");
    // More than an instance may hold.
    let error = lattice
        .call(&echo, "Echo.It", vec![7; 17 << 20])
        .await
        .unwrap_err();
    assert!(error.contains("memory limit"), "{error}");
    let error = lattice
        .call(HELLO, "Test.Call", vec![7; 10 << 20])
        .await
        .unwrap_err();
    assert_eq!(error, REACHED);
    arena.serves();
}

#[tokio::test]
async fn a_flood_of_forged_calls_leaves_room_for_genuine_ones() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let mut forged = lattice.invocation(b"payload");
    forged.msg = Bytes::from(vec![1; 10_000]);
    let forged = encode(&forged).unwrap();
    for _ in 0..2000 {
        lattice
            .client
            .publish(to_actor(HELLO), forged.clone())
            .await
            .unwrap();
    }
    lattice.client.flush().await.unwrap();
    arena.serves();
    assert_eq!(lattice.refusal(&lattice.invocation(b"x")).await, REACHED);
    arena.serves();
}
