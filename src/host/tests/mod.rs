//! A whole host on a real NATS server, spoken to as clients of every generation do.

mod actors;
mod artifacts;
mod calls;
mod captured;
mod policy;
mod processes;
mod providers;
mod requests;
mod startup;
mod stopping;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::claims::{ActorId, ActorMetadata, KeyKind, Token, module};
use crate::host::testing::guest;
use crate::lattice::control::Control;
use crate::lattice::event::{self, Event};
use crate::lattice::rpc::{Call, Retry, RpcError};
use crate::lattice::testing::{NatsServer, eventually};
use crate::lattice::wire::Entity;

const ACCEPTED: &str = r#"{"accepted":true,"error":""}"#;
const HTTP: &str = "wasmcloud:httpserver";
const SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";

/// One host, and a client and a peer in its lattice.
struct Bench {
    host: Host,
    control: Control,
    client: async_nats::Client,
    /// A peer with the same cluster key and another host's.
    rpc: Rpc,
    cluster: Seed,
    events: Arc<Mutex<Vec<Event>>>,
    files: tempfile::TempDir,
    _following: AbortOnDropHandle<()>,
    nats: NatsServer,
}

/// An actor in a file.
struct Guest {
    id: ActorId,
    reference: String,
}

fn config(cluster: &Seed) -> Config {
    Config {
        key: Seed::generate(KeyKind::Server),
        lattice: LatticeName::default(),
        ctl_prefix: None,
        cluster: cluster.clone(),
        issuers: Vec::new(),
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        name: None,
        js_domain: None,
        state_copy: None,
        state_may_wait: false,
        rpc_timeout: Duration::from_secs(20),
        provider_delay: Duration::from_millis(300),
        allow_file_load: true,
        allow_unsigned: false,
        builtin_aliases: true,
        policy: None,
        config_service: false,
        limits: engine::Limits::default(),
        cache: None,
        registries: oci::Settings::default(),
        artifacts: None,
        processes: Processes::new(&PathBuf::from("/nonexistent"), String::new()),
        ctl_url: "nats://127.0.0.1:4222".to_owned(),
        rpc_url: "nats://127.0.0.1:4222".to_owned(),
    }
}

impl Bench {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::prepared(async |_: &async_nats::Client| {}, change).await
    }

    /// With something in the lattice before the host.
    async fn prepared(
        prepare: impl AsyncFnOnce(&async_nats::Client),
        change: impl FnOnce(&mut Config),
    ) -> Self {
        // As the binary does at its start.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nats = NatsServer::start().await;
        let client = nats.client().await;
        let lattice = LatticeName::default();
        let mut following = event::follow(&client, &lattice).await.unwrap();
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let seen = Arc::clone(&events);
        let following = tokio::spawn(async move {
            while let Some(event) = following.next().await {
                seen.lock().unwrap().push(event);
            }
        });

        let cluster = Seed::generate(KeyKind::Cluster);
        let files = tempfile::tempdir().unwrap();
        let mut config = config(&cluster);
        config.processes = Processes::new(files.path(), nats.url().to_owned());
        change(&mut config);
        prepare(&client).await;
        let host = Host::start(config, nats.client().await, nats.client().await)
            .await
            .unwrap();
        let identity = Identity {
            host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
            signer: cluster.clone(),
            issuers: vec![cluster.public()],
        };
        Self {
            host,
            control: Control::new(
                client.clone(),
                lattice.clone(),
                None,
                Duration::from_secs(20),
            ),
            rpc: Rpc::new(nats.client().await, lattice, identity, None),
            client,
            cluster,
            events,
            files,
            _following: AbortOnDropHandle::new(following),
            nats,
        }
    }

    fn id(&self) -> &str {
        self.host.id().as_str()
    }

    /// A request in raw JSON to `wasmbus.ctl.default.{rest}`, with `HOST` for this host.
    async fn ask(&self, rest: &str, body: impl Into<Bytes>) -> String {
        let subject = format!("wasmbus.ctl.default.{}", rest.replace("HOST", self.id()));
        let request = self.client.request(subject, body.into());
        let answer = timeout(request).await.unwrap();
        String::from_utf8(answer.payload.to_vec()).unwrap()
    }

    async fn command(&self, operation: &str, body: Value) -> String {
        self.ask(&format!("cmd.HOST.{operation}"), body.to_string())
            .await
    }

    /// The first event of this name not taken yet; waits for it. Older events of other names stay.
    async fn event(&self, name: &str) -> Value {
        let mut found = None;
        eventually(&format!("event {name}"), async || {
            let mut events = self.events.lock().unwrap();
            if let Some(index) = events.iter().position(|it| it.name() == name) {
                let event = events.remove(index);
                assert_eq!(event.source, self.id());
                found = Some(event.data);
            }
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    fn has_event(&self, name: &str) -> bool {
        let events = self.events.lock().unwrap();
        events.iter().any(|it| it.name() == name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path: PathBuf = self.files.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        format!("file://{}", path.display())
    }

    fn guest(&self, name: &str, caps: &[&str]) -> Guest {
        let key = Seed::generate(KeyKind::Module);
        let reference = self.file(
            &format!("{}.wasm", key.public()),
            &signed(&guest(name), &key, |token| {
                let metadata = token.metadata.as_mut().unwrap();
                metadata.name = Some(name.to_owned());
                metadata.caps = Some(caps.iter().map(|&it| it.to_owned()).collect());
            }),
        );
        Guest {
            id: ActorId::parse(&key.public()).unwrap(),
            reference,
        }
    }

    /// Starts an actor as clients of 2022 do, and waits until it runs.
    async fn start(&self, name: &str, caps: &[&str]) -> Guest {
        let guest = self.guest(name, caps);
        let body = json!({"actor_ref": guest.reference, "count": 1, "host_id": self.id()});
        assert_eq!(self.command("la", body).await, ACCEPTED);
        let started = self.event("actor_scaled").await;
        assert_eq!(started["public_key"], guest.id.as_str());
        guest
    }

    async fn call(
        &self,
        origin: Entity,
        actor: &ActorId,
        payload: &[u8],
    ) -> Result<Bytes, RpcError> {
        let call = Call {
            origin,
            target: Entity::actor(actor.as_str()),
            operation: "Test.Call".to_owned(),
            payload: Bytes::copy_from_slice(payload),
            deadline: Instant::now() + Duration::from_secs(20),
            depth: 0,
            retry: Retry::Never,
        };
        self.rpc.invoke(call).await
    }

    /// The counts of an actor's annotation sets, as the inventory tells them.
    async fn counts(&self, actor: &ActorId) -> Vec<u32> {
        let inventory = self.control.inventory(self.id()).await.unwrap();
        let found = inventory
            .actors
            .into_iter()
            .find(|it| it.id == actor.as_str());
        let instances = found.into_iter().flat_map(|it| it.instances);
        instances.filter_map(|it| it.max_instances).collect()
    }
}

fn client_origin() -> Entity {
    Entity::actor("__WASH__")
}

fn signed(wasm: &[u8], key: &Seed, change: impl FnOnce(&mut Token<ActorMetadata>)) -> Vec<u8> {
    let account = Seed::generate(KeyKind::Account);
    let metadata = ActorMetadata {
        rev: Some(1),
        ver: Some("0.1.0".to_owned()),
        ..ActorMetadata::default()
    };
    let mut token = Token::new(&account, key.public(), metadata, now());
    change(&mut token);
    module::sign(wasm, token, &account).unwrap()
}

fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs()
}

/// Nothing in a test takes longer.
async fn timeout<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .expect("it takes too long")
}
