//! A provider of the kit in this process, under a host that is played with messages.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;
use crate::claims::{HostId, KeyKind, Seed};
use crate::lattice::LatticeName;
use crate::lattice::invocation::{self, Identity};
use crate::lattice::rpc::{Handler, Incoming, RpcError};
use crate::lattice::subject;
use crate::lattice::testing::{NatsServer, eventually};
use crate::lattice::wire::{self, InvocationResponse};

const PATIENCE: Duration = Duration::from_secs(20);
const CONTRACT: &str = "wash:testing";
const LARGE: usize = 3 * 1024 * 1024;

/// What happened to the provider of this test, by its configuration's name.
#[derive(Default)]
struct Seen {
    deleted: AtomicUsize,
    ended: AtomicUsize,
    go_on: Notify,
    /// Why links fail for now.
    broken: Mutex<Option<String>>,
}

struct Testing {
    lattice: Lattice,
    seen: Arc<Seen>,
}

/// [`Provider::start`] has no other way to what a test holds.
static STAGES: Mutex<Vec<(String, Arc<Seen>)>> = Mutex::new(Vec::new());

impl Provider for Testing {
    const CONTRACT: &'static str = CONTRACT;
    type Link = String;

    async fn start(lattice: Lattice) -> Result<Self, Error> {
        let stages = STAGES.lock().unwrap();
        let stage = stages.iter().find(|(it, _)| it == lattice.configuration());
        let seen = Arc::clone(&stage.ok_or("configuration: it cannot be used")?.1);
        Ok(Self { lattice, seen })
    }

    async fn put_link(&self, link: LinkDefinition) -> Result<String, Error> {
        if let Some(reason) = &*self.seen.broken.lock().unwrap() {
            return Err(reason.clone().into());
        }
        assert_ne!(link.actor_id, "MPANIC");
        Ok(link.values.get("GREETING").cloned().unwrap_or_default())
    }

    async fn call(&self, link: &String, call: Call) -> Result<Vec<u8>, Error> {
        match call.operation.as_str() {
            "Link" => answer(link),
            "Echo" => answer(&call.input::<serde_bytes_like::Blob>()?),
            "Back" => {
                let text: String = call.input()?;
                let back: String = self.lattice.call_actor(&call.actor, "Hear", &text).await?;
                answer(&back)
            }
            "Wait" => {
                self.seen.go_on.notified().await;
                answer("waited")
            }
            _ => Err(call.unknown()),
        }
    }

    async fn delete_link(&self, _: Arc<String>) {
        self.seen.deleted.fetch_add(1, Ordering::SeqCst);
    }

    async fn shutdown(&self) {
        self.seen.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// Bytes as contracts have them.
mod serde_bytes_like {
    use crate::lattice::wire::payload;

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Blob(#[serde(with = "payload")] pub(super) bytes::Bytes);
}
use serde_bytes_like::Blob;

/// A running provider and its host's side.
struct Stage {
    nats: NatsServer,
    /// Calls as an actor of the host.
    rpc: Rpc,
    data: HostData,
    seen: Arc<Seen>,
    life: JoinHandle<Result<(), StartError>>,
}

impl Stage {
    async fn set(links: &[(&str, &str)]) -> Self {
        Self::set_with(links, None).await
    }

    async fn set_with(links: &[(&str, &str)], broken: Option<&str>) -> Self {
        let nats = NatsServer::start().await;
        let signer = Seed::generate(KeyKind::Cluster);
        let host = Seed::generate(KeyKind::Server).public();
        let seen = Arc::new(Seen::default());
        *seen.broken.lock().unwrap() = broken.map(str::to_owned);
        let name = host.clone();
        STAGES.lock().unwrap().push((name.clone(), seen.clone()));
        let mut data = HostData {
            host_id: host.clone(),
            lattice_rpc_prefix: "default".into(),
            link_name: "default".into(),
            // Without a scheme, as hosts in Elixir write it.
            lattice_rpc_url: nats.url().trim_start_matches("nats://").to_owned(),
            provider_key: Seed::generate(KeyKind::Service).public(),
            cluster_issuers: vec![signer.public()],
            invocation_seed: signer.reveal(),
            config_json: name,
            default_rpc_timeout_ms: Some(10_000),
            ..HostData::default()
        };
        data.link_definitions = links.iter().map(|it| link(&data, it.0, it.1)).collect();
        let identity = Identity {
            host: HostId::parse(&host).unwrap(),
            issuers: vec![signer.public()],
            signer,
        };
        let rpc = Rpc::new(nats.client().await, LatticeName::default(), identity, None);
        let read = HostData::read(data.to_line().as_bytes()).unwrap();
        let life = tokio::spawn(serve::<Testing>(read, std::future::pending()));
        Self {
            nats,
            rpc,
            data,
            seen,
            life,
        }
    }

    fn provider(&self) -> Entity {
        Entity::provider(&self.data.provider_key, CONTRACT, "default")
    }

    async fn call<I: Serialize, O: DeserializeOwned>(
        &self,
        actor: &str,
        operation: &str,
        input: &I,
    ) -> Result<O, String> {
        let call = rpc::Call {
            origin: Entity::actor(actor),
            target: self.provider(),
            operation: operation.to_owned(),
            payload: answer(input).unwrap().into(),
            deadline: Instant::now() + PATIENCE,
            depth: 0,
            retry: Retry::NoResponders,
        };
        let answer = self.rpc.invoke(call).await;
        answer
            .map(|it| wire::decode(&it).unwrap())
            .map_err(|error| error.to_string())
    }

    async fn link(&self, actor: &str) -> Result<String, String> {
        self.call(actor, "Link", &()).await
    }

    async fn tell(&self, subject: fn(&LatticeName, &str, &str) -> String, body: bytes::Bytes) {
        let subject = self.subject(subject);
        self.rpc.client().publish(subject, body).await.unwrap();
    }

    async fn put(&self, actor: &str, greeting: &str) {
        let link = wire::encode(&link(&self.data, actor, greeting)).unwrap();
        self.tell(subject::rpc::link_put, link).await;
    }

    async fn del(&self, actor: &str) {
        let link = wire::encode(&link(&self.data, actor, "")).unwrap();
        self.tell(subject::rpc::link_del, link).await;
    }

    async fn ask(
        &self,
        subject: fn(&LatticeName, &str, &str) -> String,
        body: &str,
    ) -> Option<bytes::Bytes> {
        let subject = self.subject(subject);
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        let answer = self.rpc.client().request(subject, body).await;
        answer.ok().map(|it| it.payload)
    }

    async fn health(&self) -> Health {
        let answer = self.ask(subject::rpc::health, "").await;
        wire::decode(&answer.unwrap()).unwrap()
    }

    fn subject(&self, of: fn(&LatticeName, &str, &str) -> String) -> String {
        of(self.rpc.lattice(), &self.data.provider_key, "default")
    }

    async fn shut_down(self) -> Arc<Seen> {
        let body = format!("{{\"host_id\":\"{}\"}}", self.data.host_id);
        let acknowledged = self.ask(subject::rpc::shutdown, &body).await;
        assert_eq!(acknowledged.unwrap(), "shutting down");
        self.life.await.unwrap().unwrap();
        assert_eq!(self.seen.ended.load(Ordering::SeqCst), 1);
        self.seen
    }
}

fn link(data: &HostData, actor: &str, greeting: &str) -> LinkDefinition {
    LinkDefinition {
        id: String::new(),
        actor_id: actor.to_owned(),
        provider_id: data.provider_key.clone(),
        link_name: "default".to_owned(),
        contract_id: CONTRACT.to_owned(),
        values: [("GREETING".to_owned(), greeting.to_owned())].into(),
    }
}

#[tokio::test]
async fn links_decide_who_may_call() {
    let stage = Stage::set(&[("MFIRST", "hello")]).await;
    assert_eq!(stage.link("MFIRST").await.unwrap(), "hello");
    let error = stage.link("MSECOND").await.unwrap_err();
    assert_eq!(error, "unlinked actor: 'MSECOND'");
    stage.put("MSECOND", "two").await;
    eventually("the link is there", async || {
        stage.link("MSECOND").await == Ok("two".to_owned())
    })
    .await;
    stage.del("MFIRST").await;
    eventually("the link is gone", async || {
        stage.link("MFIRST").await == Err("unlinked actor: 'MFIRST'".to_owned())
    })
    .await;
    let error = stage.call::<_, ()>("MSECOND", "Nothing", &()).await;
    assert!(error.unwrap_err().contains("no operation 'Nothing'"));
    assert!(stage.health().await.healthy);
    let seen = stage.shut_down().await;
    assert_eq!(seen.deleted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn changed_values_replace_a_link_and_repeated_ones_do_not() {
    let stage = Stage::set(&[("MACTOR", "1")]).await;
    assert_eq!(stage.link("MACTOR").await.unwrap(), "1");
    for round in 2..30 {
        // As hosts change values; whichever comes last counts.
        let value = round.to_string();
        stage.del("MACTOR").await;
        stage.put("MACTOR", &value).await;
    }
    eventually("the last one counts", async || {
        stage.link("MACTOR").await == Ok("29".to_owned())
    })
    .await;
    let deleted = stage.seen.deleted.load(Ordering::SeqCst);
    assert_eq!(deleted, 28);
    stage.put("MACTOR", "29").await;
    stage.put("MACTOR", "30").await;
    eventually("without a deletion", async || {
        stage.link("MACTOR").await == Ok("30".to_owned())
    })
    .await;
    assert_eq!(stage.seen.deleted.load(Ordering::SeqCst), deleted + 1);
    // Neither another provider's link nor garbage counts.
    let mut foreign = link(&stage.data, "MACTOR", "31");
    foreign.provider_id = "VOTHER".into();
    let foreign = wire::encode(&foreign).unwrap();
    stage.tell(subject::rpc::link_put, foreign).await;
    for garbage in ["", "garbage", "\u{1}"] {
        stage.tell(subject::rpc::link_put, garbage.into()).await;
        stage.tell(subject::rpc::link_del, garbage.into()).await;
    }
    stage.put("MLAST", "").await;
    eventually("all are read", async || stage.link("MLAST").await.is_ok()).await;
    assert_eq!(stage.link("MACTOR").await.unwrap(), "30");
    stage.shut_down().await;
}

#[tokio::test]
async fn a_link_that_fails_is_told_and_tried_again() {
    let stage = Stage::set_with(&[("MACTOR", "1"), ("MPANIC", "")], Some("no database")).await;
    let error = stage.link("MACTOR").await.unwrap_err();
    assert!(error.ends_with("not in effect: no database"), "{error}");
    let health = stage.health().await;
    assert!(!health.healthy);
    assert!(health.message.unwrap().contains("no database"));
    *stage.seen.broken.lock().unwrap() = None;
    eventually("it is linked", async || stage.link("MACTOR").await.is_ok()).await;
    let error = stage.link("MPANIC").await.unwrap_err();
    assert!(error.contains("panicked"), "{error}");
    stage.del("MPANIC").await;
    eventually("it is healthy", async || stage.health().await.healthy).await;
    stage.shut_down().await;
}

#[tokio::test]
async fn large_payloads_and_calls_back() {
    struct Ears;
    impl Handler for Ears {
        fn handle(
            &self,
            call: Incoming,
        ) -> futures_util::future::BoxFuture<'_, Result<bytes::Bytes, String>> {
            assert_eq!(call.origin.contract_id, CONTRACT);
            assert_eq!(call.operation, "Hear");
            Box::pin(std::future::ready(Ok(call.payload)))
        }
    }
    let stage = Stage::set(&[("MACTOR", "")]).await;
    let large = Blob((0..LARGE).map(|it| (it / 3) as u8).collect());
    let echo: Blob = stage.call("MACTOR", "Echo", &large).await.unwrap();
    assert_eq!(echo.0, large.0);
    let hearing = stage.rpc.serve(Entity::actor("MACTOR"), Arc::new(Ears));
    let _hearing = hearing.await.unwrap();
    let back: String = stage.call("MACTOR", "Back", &"ä").await.unwrap();
    assert_eq!(back, "ä");
    stage.shut_down().await;
}

#[tokio::test]
async fn only_genuine_calls_run() {
    let stage = Stage::set(&[("MACTOR", "")]).await;
    stage.link("MACTOR").await.unwrap();
    let send = async |invocation: &wire::Invocation| {
        let subject = stage.subject(subject::rpc::provider);
        let body = wire::encode(invocation).unwrap();
        let answer = stage.rpc.client().request(subject, body).await.unwrap();
        let answer: InvocationResponse = wire::decode(&answer.payload).unwrap();
        answer.error.unwrap_or_default()
    };
    let make = |identity: &Identity, target| {
        let origin = Entity::actor("MACTOR");
        // Long ago, which signatures allow.
        invocation::make(identity, origin, target, "Link", bytes::Bytes::new(), 1)
    };
    let genuine = make(stage.rpc.identity(), stage.provider());
    assert_eq!(send(&genuine).await, "");
    let mut changed = genuine.clone();
    changed.operation = "Wait".into();
    assert!(
        send(&changed)
            .await
            .contains("does not match signed claims hash")
    );
    let mut stranger = stage.rpc.identity().clone();
    stranger.signer = Seed::generate(KeyKind::Cluster);
    let forged = make(&stranger, stage.provider());
    assert!(
        send(&forged)
            .await
            .contains("not among the list of valid issuers")
    );
    let elsewhere = Entity::provider("VOTHER", CONTRACT, "default");
    let elsewhere = make(stage.rpc.identity(), elsewhere);
    assert!(send(&elsewhere).await.starts_with("target key mismatch"));
    stage.shut_down().await;
}

#[tokio::test]
async fn it_stops_for_its_own_host_only_and_lets_calls_finish() {
    let stage = Stage::set(&[("MACTOR", "")]).await;
    stage.link("MACTOR").await.unwrap();
    let no_reply = async |body: &str| {
        let subject = stage.subject(subject::rpc::shutdown);
        let client = stage.rpc.client();
        let reply = client.new_inbox();
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        client
            .publish_with_reply(subject, reply, body)
            .await
            .unwrap();
    };
    no_reply("{\"host_id\":\"NOTHER\"}").await;
    no_reply("garbage").await;
    // Without anybody to tell.
    stage
        .tell(subject::rpc::shutdown, bytes::Bytes::new())
        .await;
    assert!(stage.health().await.healthy);
    assert!(!stage.life.is_finished());

    let mut waiting = Box::pin(stage.call::<_, String>("MACTOR", "Wait", &()));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    // It runs once a later call has been answered.
    let first = tokio::select! {
        it = &mut waiting => Some(it),
        _ = stage.link("MACTOR") => None,
    };
    assert_eq!(first, None);
    // As the oldest hosts do it.
    let acknowledged = stage.ask(subject::rpc::shutdown, "").await;
    assert_eq!(acknowledged.unwrap(), "shutting down");
    assert!(!stage.life.is_finished());
    stage.seen.go_on.notify_one();
    assert_eq!(waiting.await.unwrap(), "waited");
    stage.life.await.unwrap().unwrap();
}

#[tokio::test]
async fn it_outlives_the_server_but_not_its_host() {
    let mut stage = Stage::set(&[("MACTOR", "1")]).await;
    stage.link("MACTOR").await.unwrap();
    stage.nats.restart().await;
    eventually("it answers again", async || {
        stage.link("MACTOR").await == Ok("1".to_owned())
    })
    .await;
    stage.put("MACTOR", "2").await;
    eventually("it hears of links again", async || {
        stage.link("MACTOR").await == Ok("2".to_owned())
    })
    .await;
    let data = HostData::read(stage.data.to_line().as_bytes()).unwrap();
    stage.shut_down().await;

    let (end, gone) = tokio::sync::oneshot::channel::<()>();
    let nowhere = HostData {
        lattice_rpc_url: "127.0.0.1:1".into(),
        ..data
    };
    let life = tokio::spawn(serve::<Testing>(nowhere, async {
        let _ = gone.await;
    }));
    // Still trying to connect.
    drop(end);
    life.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let stage = Stage::set(&[]).await;
    eventually("the provider listens", async || {
        stage.ask(subject::rpc::health, "").await.is_some()
    })
    .await;
    let mut data = HostData::read(stage.data.to_line().as_bytes()).unwrap();
    data.config_json = "unknown".into();
    let error = serve::<Testing>(data, std::future::pending()).await;
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "cannot start: configuration: it cannot be used");
    let mut data = HostData::read(stage.data.to_line().as_bytes()).unwrap();
    data.lattice_rpc_url = "http://x".into();
    let error = serve::<Testing>(data, std::future::pending()).await;
    assert!(matches!(error, Err(StartError::Connect(_))), "{error:?}");
    let error: RpcError = RpcError::Transport("x".into());
    assert!(matches!(StartError::from(error), StartError::Lattice(_)));
    stage.shut_down().await;
}
