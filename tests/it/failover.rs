//! Hosts that die, hang or are full while requests are under way: real processes, real servers, and a provider in
//! the test that counts what runs.
#![cfg(unix)]

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wash::claims::{HostId, KeyKind, Seed};
use wash::lattice::LatticeName;
use wash::lattice::event;
use wash::lattice::invocation::Identity;
use wash::lattice::rpc::{Handler, Incoming, Rpc, Serving};
use wash::lattice::wire::Entity;

use crate::abuse::{self, HTTP, PATIENCE, eventually, free_port, guest, http, signed, text};
use crate::abuse_up::Up;
use crate::env::TestEnv;
use crate::hub;
use crate::leaf::start_hub;
use crate::nats::NatsServer;

/// The contract that the guest uses.
const CALLEE: &str = "test:callee";

#[derive(Deserialize)]
struct Request {
    path: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status_code: u16,
    header: HashMap<String, Vec<String>>,
    body: String,
}

/// What actors end at: counts how often each request was run, and by how many hosts.
struct Counter {
    work: Duration,
    runs: Mutex<HashMap<String, u32>>,
    now: Mutex<(u32, u32)>,
}

impl Counter {
    fn runs(&self, path: &str) -> u32 {
        self.runs.lock().unwrap().get(path).copied().unwrap_or(0)
    }

    /// The most that ran at once since it was asked last.
    fn most_at_once(&self) -> u32 {
        std::mem::take(&mut self.now.lock().unwrap().1)
    }
}

impl Handler for Counter {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(async move {
            let request: Request = rmp_serde::from_slice(&call.payload).unwrap();
            *self
                .runs
                .lock()
                .unwrap()
                .entry(request.path.clone())
                .or_default() += 1;
            {
                let mut now = self.now.lock().unwrap();
                now.0 += 1;
                now.1 = now.1.max(now.0);
            }
            tokio::time::sleep(self.work).await;
            self.now.lock().unwrap().0 -= 1;
            let response = Response {
                status_code: 200,
                header: HashMap::new(),
                body: request.path,
            };
            Ok(rmp_serde::to_vec_named(&response).unwrap().into())
        })
    }
}

struct Machine {
    up: Up,
    env: TestEnv,
    id: String,
    args: Vec<String>,
}

impl Machine {
    fn new(nats: &str, cluster: &Seed, domain: Option<&str>) -> Self {
        let mut env = TestEnv::new();
        env.set("WASMCLOUD_CLUSTER_SEED", cluster.reveal());
        let key = Seed::generate(KeyKind::Server);
        env.set("WASMCLOUD_HOST_SEED", key.reveal());
        let port = nats.rsplit_once(':').unwrap().1;
        let mut args = vec!["--nats-port", port, "--nats-connect-only"];
        args.extend(["--rpc-timeout-ms", "4000", "--allow-file-load"]);
        if let Some(domain) = domain {
            args.extend(["--js-domain", domain]);
        }
        let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        let up = Self::launch(&env, &args);
        let id = up.text("host_id").to_owned();
        assert_eq!(id, key.public());
        Self { up, env, id, args }
    }

    fn launch(env: &TestEnv, args: &[String]) -> Up {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Up::start(env, &args)
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.up.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Dies at once and comes back under its id.
    fn restart(&mut self) {
        self.signal(Signal::KILL);
        self.up.end();
        self.up = Self::launch(&self.env, &self.args);
        assert_eq!(self.up.text("host_id"), self.id);
    }
}

/// Whoever watches the lattice from the first machine, with the provider that counts.
struct World {
    client: async_nats::Client,
    counter: Arc<Counter>,
    actor: String,
    module: Vec<u8>,
    port: u16,
    _serving: Serving,
}

impl World {
    async fn new(url: &str, cluster: &Seed, work: Duration) -> Self {
        let client = async_nats::connect(url).await.unwrap();
        let identity = Identity {
            host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
            signer: cluster.clone(),
            issuers: vec![cluster.public()],
        };
        let rpc = Rpc::new(client.clone(), LatticeName::default(), identity, None);
        let counter = Arc::new(Counter {
            work,
            runs: Mutex::default(),
            now: Mutex::default(),
        });
        let callee = Seed::generate(KeyKind::Service).public();
        let entity = Entity::provider(&*callee, CALLEE, "default");
        let serving = rpc.serve(entity, counter.clone()).await.unwrap();
        let key = Seed::generate(KeyKind::Module);
        let module = signed(&guest("caller"), &key, |token| {
            let caps = [HTTP, CALLEE].map(str::to_owned);
            token.metadata.as_mut().unwrap().caps = Some(caps.into());
        });
        let world = Self {
            client,
            counter,
            actor: key.public(),
            module,
            port: free_port(),
            _serving: serving,
        };
        let link = json!({
            "actor_id": world.actor, "provider_id": callee, "link_name": "default",
            "contract_id": CALLEE, "values": {},
        });
        world.accepted("linkdefs.put", &link).await;
        let link = abuse::link(&world.actor, world.port);
        world.accepted("linkdefs.put", &link).await;
        world
    }

    async fn accepted(&self, rest: &str, body: &Value) {
        let subject = format!("wasmbus.ctl.default.{rest}");
        let request = self.client.request(subject, body.to_string().into());
        let answer = abuse::timeout(request).await.unwrap();
        let ack: Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!(ack["accepted"], true, "{rest} {body}: {ack}");
    }

    /// HTTP comes in here.
    async fn enter(&self, machine: &Machine) {
        let body = json!({"provider_ref": "builtin:httpserver", "link_name": "default"});
        self.accepted(&format!("cmd.{}.lp", machine.id), &body)
            .await;
        eventually("the port is open", || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    async fn run(&self, machine: &Machine, count: u32) {
        let events = event::follow(&self.client, &LatticeName::default()).await;
        let mut events = events.unwrap();
        let path = machine.env.write("actor.wasm", &self.module);
        let body = json!({"actor_ref": abuse::file_reference(&path), "count": count, "host_id": machine.id});
        self.accepted(&format!("cmd.{}.la", machine.id), &body)
            .await;
        abuse::timeout(async {
            loop {
                let event = events.next().await.unwrap();
                if event.kind.ends_with("actor_scaled") && event.source == machine.id {
                    return;
                }
                assert!(
                    !event.kind.ends_with("failed"),
                    "{}",
                    text(&event.data["error"])
                );
            }
        })
        .await;
    }

    fn get(&self, path: &str) -> Outcome {
        Outcome::of(self.port, "GET", path)
    }

    #[track_caller]
    fn assert_gets(&self, path: &str) {
        let Outcome { status, answer, .. } = Outcome::of(self.port, "GET", path);
        assert_eq!(status, 200, "{path}: {answer}");
    }

    /// Requests from several threads while `fault` happens to the lattice.
    fn storm(&self, name: &str, fault: impl FnOnce()) -> Vec<Outcome> {
        let going = std::sync::atomic::AtomicBool::new(true);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|thread| {
                    let going = &going;
                    scope.spawn(move || {
                        let mut outcomes = Vec::new();
                        let mut at = 0;
                        while going.load(std::sync::atomic::Ordering::SeqCst) {
                            let method = if thread % 4 == 0 { "POST" } else { "GET" };
                            let path = format!("/{name}/{thread}/{at}");
                            outcomes.push(Outcome::of(self.port, method, &path));
                            at += 1;
                        }
                        outcomes
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(500));
            fault();
            std::thread::sleep(Duration::from_millis(1500));
            going.store(false, std::sync::atomic::Ordering::SeqCst);
            threads
                .into_iter()
                .flat_map(|it| it.join().unwrap())
                .collect()
        })
    }

    /// Every GET was answered; nothing else ran twice, and what was answered ran.
    #[track_caller]
    fn assert_whole(&self, outcomes: &[Outcome]) {
        assert!(outcomes.len() > 16, "{}", outcomes.len());
        for outcome in outcomes {
            let Outcome {
                method,
                path,
                status,
                took,
                answer,
            } = outcome;
            let runs = self.counter.runs(path);
            match *method {
                "GET" => {
                    assert_eq!(*status, 200, "{path} after {took:?}: {answer}");
                    assert!(runs >= 1, "{path}");
                }
                _ => {
                    assert!(runs <= 1, "{path} ran {runs} times");
                    assert!(*status != 200 || runs == 1, "{path}");
                }
            }
        }
        let posts: BTreeSet<_> = outcomes.iter().filter(|it| it.method == "POST").collect();
        assert!(posts.iter().any(|it| it.status == 200));
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    method: &'static str,
    path: String,
    status: u16,
    took: Duration,
    answer: String,
}

impl Outcome {
    fn of(port: u16, method: &'static str, path: &str) -> Self {
        let began = Instant::now();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let answer = http(port, request).unwrap_or_default();
        Self {
            method,
            path: path.to_owned(),
            status: answer
                .get(9..12)
                .and_then(|it| it.parse().ok())
                .unwrap_or(0),
            took: began.elapsed(),
            answer,
        }
    }
}

/// Like a server of `wash up`, but nobody's child.
fn leaf(hub: &hub::Server, domain: Option<&str>) -> NatsServer {
    let jetstream = domain.map_or_else(String::new, |it| format!("jetstream {{ domain: {it} }}\n"));
    let name = Seed::generate(KeyKind::Server).public();
    NatsServer::start_real(&format!(
        "server_name: {name}\nping_interval: \"2s\"\nping_max: 3\n{jetstream}\
         leafnodes {{ remotes: [ {{ url: \"nats-leaf://127.0.0.1:{}\" }} ] }}",
        hub.leaf_port
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_or_hangs_costs_no_get_and_runs_no_post_twice() {
    let nats = NatsServer::start();
    let cluster = Seed::generate(KeyKind::Cluster);
    let [entry, mut one, two] = [(); 3].map(|()| Machine::new(nats.url(), &cluster, None));
    let world = World::new(nats.url(), &cluster, Duration::from_millis(30)).await;
    world.enter(&entry).await;
    world.run(&one, 20).await;
    world.run(&two, 20).await;
    world.assert_gets("/first");

    let outcomes = world.storm("killed", || one.signal(Signal::KILL));
    world.assert_whole(&outcomes);
    // It comes back under its id, and is used again.
    one.restart();
    world.run(&one, 20).await;
    let outcomes = world.storm("frozen", || two.signal(Signal::STOP));
    world.assert_whole(&outcomes);
    two.signal(Signal::CONT);
    // What was sent to it while it was frozen may run now, and still no more than once.
    let outcomes = [world.storm("thawed", || one.signal(Signal::KILL)), outcomes].concat();
    world.assert_whole(&outcomes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_host_shares_its_requests_with_one_that_has_room() {
    let nats = NatsServer::start();
    let cluster = Seed::generate(KeyKind::Cluster);
    let [entry, other] = [(); 2].map(|()| Machine::new(nats.url(), &cluster, None));
    let world = World::new(nats.url(), &cluster, Duration::from_millis(300)).await;
    world.enter(&entry).await;
    world.run(&entry, 1).await;
    let port = world.port;
    let four = |name: &str| -> Vec<Outcome> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|at| {
                    let path = format!("/{name}/{at}");
                    scope.spawn(move || Outcome::of(port, "POST", &path))
                })
                .collect();
            threads.into_iter().map(|it| it.join().unwrap()).collect()
        })
    };
    let all_ok = |outcomes: &[Outcome]| {
        for outcome in outcomes {
            assert_eq!(
                (outcome.status, world.counter.runs(&outcome.path)),
                (200, 1),
                "{outcome:?}"
            );
        }
    };
    all_ok(&four("alone"));
    assert_eq!(world.counter.most_at_once(), 1);
    world.run(&other, 3).await;
    all_ok(&four("both"));
    assert_eq!(world.counter.most_at_once(), 4);
    other.signal(Signal::STOP);
    all_ok(&four("frozen"));
    other.signal(Signal::KILL);
    all_ok(&four("gone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn across_a_hub_the_actor_may_be_on_either_side() {
    let env = TestEnv::new().with_nats_server();
    let hub = start_hub(&env, "hub", "");
    let (here, there) = (leaf(&hub, Some("core")), leaf(&hub, None));
    eventually("both leaves are linked", || {
        (hub.leaves() == 2).then_some(())
    });
    let cluster = Seed::generate(KeyKind::Cluster);
    let entry = Machine::new(here.url(), &cluster, Some("core"));
    let far = Machine::new(there.url(), &cluster, Some("core"));
    let world = World::new(here.url(), &cluster, Duration::from_millis(20)).await;
    world.enter(&entry).await;
    // The actor there, what it calls here.
    world.run(&far, 10).await;
    let answer = eventually("the far actor answers", || {
        Some(world.get("/far")).filter(|it| it.status == 200)
    });
    assert!(answer.took < PATIENCE);
    world.run(&entry, 10).await;
    let outcomes = world.storm("link", || drop(there));
    world.assert_whole(&outcomes);
    assert!(outcomes.iter().all(|it| it.status == 200));
}
