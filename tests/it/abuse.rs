//! A host that is abused: the real binary on a real nats-server, with a `hello` behind HTTP that has to keep
//! answering whatever happens to the rest.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use wash::claims::{ActorMetadata, HostId, KeyKind, Seed, Token, module};
use wash::lattice::LatticeName;
use wash::lattice::event::{self, Event};
use wash::lattice::invocation::Identity;
use wash::lattice::rpc::{Call, Retry, Rpc, RpcError};
use wash::lattice::wire::Entity;

use crate::abuse_up::Up;
use crate::env::TestEnv;
use crate::nats::NatsServer;
pub(crate) use crate::up::{PATIENCE, eventually};

pub(crate) const HTTP: &str = "wasmcloud:httpserver";
pub(crate) const SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";
pub(crate) const HELLO: &str = "MB46ZQTNXEDVJP4TMWTBRAV57H6SNAHORBZYWNNTMEC7Y5LLSFG4EC6N";

/// The `--max-depth` and `--max-time` of an [`Arena`].
pub(crate) const DEPTH: u32 = 8;
const LIMITS: [&str; 6] = [
    "--max-depth",
    "8",
    "--max-time",
    "1s",
    "--max-memory",
    "16MiB",
];

/// A host with a `hello` that answers HTTP. Field order is drop order: the host goes before its NATS.
pub(crate) struct Arena {
    pub(crate) up: Mutex<Up>,
    pub(crate) env: TestEnv,
    pub(crate) nats: Mutex<NatsServer>,
    pub(crate) host: String,
    /// The signer of the host's cluster.
    pub(crate) cluster: Seed,
    /// Where `hello` answers.
    pub(crate) port: u16,
    url: String,
}

impl Arena {
    /// An arena of one's own, to break what others need.
    pub(crate) async fn new() -> Self {
        let nats = NatsServer::start();
        let cluster = Seed::generate(KeyKind::Cluster);
        let mut env = TestEnv::new();
        env.set("WASH_NATS_URL", nats.url());
        env.set("WASMCLOUD_CLUSTER_SEED", cluster.reveal());
        let port = nats.port().to_owned();
        let mut args = vec!["--nats-port", &port, "--nats-connect-only"];
        args.extend(["--rpc-timeout-ms", "20000"]);
        args.extend(LIMITS);
        let up = Up::start(&env, &args);
        let arena = Self {
            host: up.text("host_id").to_owned(),
            up: Mutex::new(up),
            env,
            url: nats.url().to_owned(),
            nats: Mutex::new(nats),
            cluster,
            port: free_port(),
        };
        let lattice = arena.enter().await;
        let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.wasm");
        let started = lattice.start(&file_reference(&hello)).await;
        assert_eq!(started, Ok(HELLO.to_owned()));
        let body = json!({"provider_ref": "builtin:httpserver", "link_name": "default"});
        lattice.accepted("cmd.HOST.lp", &body).await;
        lattice.link(HELLO, arena.port).await;
        arena.serves();
        arena
    }

    /// The arena that the tests of a file use together; `shared` is that file's.
    pub(crate) async fn shared(shared: &Shared) -> Arc<Self> {
        let mut shared = shared.0.lock().await;
        if let Some(arena) = shared.upgrade() {
            return arena;
        }
        let arena = Arc::new(Self::new().await);
        *shared = Arc::downgrade(&arena);
        arena
    }

    /// A client of the arena's lattice.
    pub(crate) async fn enter(&self) -> Lattice<'_> {
        let client = async_nats::connect(&self.url).await.unwrap();
        Lattice {
            arena: self,
            client,
        }
    }

    /// Panics unless the host lives and `hello` answers.
    #[track_caller]
    pub(crate) fn serves(&self) {
        let answer = eventually("hello is there", || {
            let answer = http(
                self.port,
                "GET /still/there HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n",
            );
            // Only the listener's first moments are waited for: from then on every request counts.
            answer.filter(|it| !it.is_empty())
        });
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("/still/there"), "{answer}");
        self.up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .alive();
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        file_reference(&self.env.write(name, bytes))
    }
}

/// Keeps an arena for as long as any test uses it. A static that owned one would never be dropped.
pub(crate) struct Shared(tokio::sync::Mutex<Weak<Arena>>);

impl Shared {
    pub(crate) const fn new() -> Self {
        Self(tokio::sync::Mutex::const_new(Weak::new()))
    }
}

/// A connection to an arena.
pub(crate) struct Lattice<'a> {
    pub(crate) arena: &'a Arena,
    pub(crate) client: async_nats::Client,
}

impl Lattice<'_> {
    /// The answer to a request on `wasmbus.ctl.default.{rest}`, with `HOST` for the host.
    pub(crate) async fn ask(&self, rest: &str, body: impl Into<Bytes>) -> Value {
        let subject = format!(
            "wasmbus.ctl.default.{}",
            rest.replace("HOST", &self.arena.host)
        );
        let answer = timeout(self.client.request(subject, body.into())).await;
        serde_json::from_slice(&answer.unwrap().payload).unwrap()
    }

    /// Panics unless the request is accepted.
    pub(crate) async fn accepted(&self, rest: &str, body: &Value) {
        let ack = self.ask(rest, body.to_string()).await;
        assert_eq!(ack["accepted"], true, "{rest} {body}: {ack}");
    }

    /// Starts an actor; its key, or why it does not start.
    pub(crate) async fn start(&self, reference: &str) -> Result<String, String> {
        self.start_many(reference, 1).await
    }

    /// As [`Self::start`], for so many calls at once.
    pub(crate) async fn start_many(&self, reference: &str, count: u32) -> Result<String, String> {
        let mut events = event::follow(&self.client, &LatticeName::default())
            .await
            .unwrap();
        let body = json!({"actor_ref": reference, "count": count, "host_id": self.arena.host});
        self.accepted("cmd.HOST.la", &body).await;
        timeout(async {
            loop {
                let Event { kind, data, .. } = events.next().await.unwrap();
                if data["image_ref"] != reference && data["actor_ref"] != reference {
                    continue;
                }
                match kind.rsplit('.').next() {
                    Some("actor_scaled") => return Ok(text(&data["public_key"])),
                    Some("actor_start_failed") => return Err(text(&data["error"])),
                    _ => {}
                }
            }
        })
        .await
    }

    /// Starts a guest that may use HTTP; its key.
    pub(crate) async fn guest(&self, name: &str, count: u32) -> String {
        let key = Seed::generate(KeyKind::Module);
        let wasm = signed(&guest(name), &key, |_| {});
        let reference = self.arena.write(&format!("{}.wasm", key.public()), &wasm);
        let started = self.start_many(&reference, count).await;
        assert_eq!(started, Ok(key.public()));
        key.public()
    }

    /// Links an actor to the HTTP server.
    pub(crate) async fn link(&self, actor: &str, port: u16) {
        self.accepted("linkdefs.put", &link(actor, port)).await;
    }

    pub(crate) async fn links(&self) -> Vec<Value> {
        let links = self.ask("get.links", "").await;
        links["links"].as_array().unwrap().clone()
    }

    pub(crate) async fn unlink(&self, link: &Value) {
        let body = json!({
            "actor_id": link["actor_id"], "contract_id": link["contract_id"], "link_name": link["link_name"],
        });
        self.accepted("linkdefs.del", &body).await;
    }

    /// Removes every link of an actor that does not run: those that do belong to other tests.
    pub(crate) async fn clean_up(&self) {
        let inventory = self.inventory().await;
        let actors = inventory["actors"].as_array().unwrap();
        for link in self.links().await {
            if actors.iter().all(|it| it["id"] != link["actor_id"]) {
                self.unlink(&link).await;
            }
        }
    }

    /// Somebody in the cluster, who signs as the host does.
    pub(crate) fn peer(&self) -> Rpc {
        Rpc::new(
            self.client.clone(),
            LatticeName::default(),
            self.identity(),
            None,
        )
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
            signer: self.arena.cluster.clone(),
            issuers: vec![self.arena.cluster.public()],
        }
    }

    /// Calls an actor as a peer does.
    pub(crate) async fn call(
        &self,
        actor: &str,
        operation: &str,
        payload: impl Into<Bytes>,
    ) -> Result<Bytes, String> {
        let call = Call {
            origin: Entity::actor("__WASH__"),
            target: Entity::actor(actor),
            operation: operation.to_owned(),
            payload: payload.into(),
            deadline: tokio::time::Instant::now() + PATIENCE,
            depth: 0,
            retry: Retry::Never,
        };
        let answer = self.peer().invoke(call).await;
        answer.map_err(|error: RpcError| error.to_string())
    }

    pub(crate) async fn inventory(&self) -> Value {
        self.ask("get.HOST.inv", "").await
    }
}

pub(crate) fn link(actor: &str, port: u16) -> Value {
    json!({
        "actor_id": actor, "provider_id": SERVER, "link_name": "default", "contract_id": HTTP,
        "values": {"address": format!("127.0.0.1:{port}")},
    })
}

/// A guest of these tests, or one that the unit tests use too.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let ours = tests.join("it/guests").join(name).with_extension("wat");
    let shared = tests.join("guests").join(name).with_extension("wat");
    wat::parse_file(if ours.exists() { ours } else { shared }).unwrap()
}

/// Signed by a fresh account, as a module that may use HTTP.
pub(crate) fn signed(
    wasm: &[u8],
    key: &Seed,
    change: impl FnOnce(&mut Token<ActorMetadata>),
) -> Vec<u8> {
    let account = Seed::generate(KeyKind::Account);
    let metadata = ActorMetadata {
        name: Some("abuser".to_owned()),
        caps: Some(vec![HTTP.to_owned()]),
        rev: Some(1),
        ver: Some("0.1.0".to_owned()),
        ..ActorMetadata::default()
    };
    let mut token = Token::new(&account, key.public(), metadata, now());
    change(&mut token);
    module::sign(wasm, token, &account).unwrap()
}

pub(crate) fn now() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.unwrap().as_secs()
}

pub(crate) fn file_reference(path: &Path) -> String {
    format!("file://{}", path.display())
}

pub(crate) fn path_of(reference: &str) -> PathBuf {
    reference.strip_prefix("file://").unwrap().into()
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// What comes back for raw bytes until the peer closes; none if nobody listens.
pub(crate) fn http(port: u16, request: impl AsRef<[u8]>) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // It may be refused before all of it is sent.
    let _ = stream.write_all(request.as_ref());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Nothing in a test takes longer.
pub(crate) async fn timeout<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
