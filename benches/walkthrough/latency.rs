//! What a call between hosts costs beside a bare NATS request over the same path: leaf node, hub, leaf node and
//! back. The caller is this process, on one leaf; on the other are a host with an actor, and a process that
//! answers bare requests.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, join_all};
use wash::claims::{HostId, KeyKind, Seed};
use wash::lattice::LatticeName;
use wash::lattice::invocation::{self, Identity};
use wash::lattice::rpc::{Call, Handler, Incoming, Retry, Rpc};
use wash::lattice::wire::{self, Entity};

use super::Effort;
use super::mesh::Mesh;
use super::report::{Report, text};
use super::stage::{Home, PATIENCE, Process, Up};

/// Makes this program answer bare requests, in a process of its own; the server's URL and the cluster
/// seed follow.
pub(crate) const ANSWER_BARE: &str = "answer-bare";

const BARE: &str = "bench.bare";
const OPERATION: &str = "Bench.Echo";

/// Of links, in each direction of each of the two: machines of one place, and of one continent.
const DELAYS: [Duration; 2] = [Duration::from_micros(250), Duration::from_millis(5)];

const LIMIT: f64 = 1.3;

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let mut rows = vec![columns()];
    over(&Mesh::near(), "loopback", effort, report, &mut rows);
    for delay in DELAYS {
        let path = format!("links of {}", text(delay));
        over(&Mesh::far(delay), &path, effort, report, &mut rows);
    }
    report.table("Latency of a call beside a bare request", &rows);
    report.table("What a call computes", &shares());
}

fn columns() -> Vec<String> {
    let columns = [
        "path",
        "payload",
        "in flight",
        "what",
        "p50",
        "p99",
        "p50 : bare",
        "p99 : bare",
    ];
    columns.map(str::to_owned).into()
}

fn over(mesh: &Mesh, path: &str, effort: Effort, report: &mut Report, rows: &mut Vec<Vec<String>>) {
    let home = Home::new();
    let signer = Seed::generate(KeyKind::Cluster);
    let up = Up::with(
        &home,
        &[
            "--nats-connect-only",
            "--nats-port",
            mesh.b.port(),
            "--cluster-seed",
            &signer.reveal(),
            "--allow-file-load",
        ],
    );
    let (module, actor) = home.new_actor("echo", &wat::parse_str(ECHO).unwrap());
    let module = module.display().to_string();
    let args = ["ctl", "start", "actor", &module, "--count", "64"];
    home.ask(&up.nats, &args);
    let mut command = Command::new(std::env::current_exe().unwrap());
    let _bare = Process::spawn(command.args([ANSWER_BARE, &mesh.b.url, &signer.reveal()]));

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let caller = runtime.block_on(Caller::new(&mesh.a.url, &signer, actor));
    runtime.block_on(caller.reach());
    for (size, in_flight) in [(256, 1), (256, 16), (16 << 10, 1)] {
        let times = runtime.block_on(caller.compare(size, in_flight, effort));
        let bare = times[0].clone();
        let ratio = |times: &[Duration], share| {
            at(times, share).as_secs_f64() / at(&bare, share).as_secs_f64()
        };
        for (kind, times) in KINDS.into_iter().zip(&times) {
            let row = [
                path.to_owned(),
                format!("{size} B"),
                in_flight.to_string(),
                kind.name().to_owned(),
                text(at(times, 50)),
                text(at(times, 99)),
                format!("{:.2}", ratio(times, 50)),
                format!("{:.2}", ratio(times, 99)),
            ];
            rows.push(row.into());
            if kind == Kind::Actor {
                let what = format!("call : bare request, {path}, {size} B, {in_flight} in flight");
                let ratio = ratio(times, 50);
                let limit = format!("≤ {LIMIT}");
                report.budget(&what, format!("{ratio:.2}"), &limit, ratio <= LIMIT);
            }
        }
    }
}

/// Answers with the payload, at once.
const ECHO: &str = r#"(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (memory (export "memory") 2)
  (func (export "__guest_call") (param $op i32) (param $msg i32) (result i32)
    (call $request (i32.const 1024) (i32.const 65536))
    (call $response (i32.const 65536) (local.get $msg))
    (i32.const 1)))"#;

/// One host's way out, and bare requests on the same connection.
#[derive(Clone)]
struct Caller {
    rpc: Rpc,
    target: Entity,
}

/// How a request is made.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The payload and nothing else.
    Bare,
    /// A bare request with as many bytes and headers as a call has.
    AsLarge,
    /// A call that no guest answers.
    Handler,
    /// A call that an actor answers.
    Actor,
}

const KINDS: [Kind; 4] = [Kind::Bare, Kind::AsLarge, Kind::Handler, Kind::Actor];

/// What an invocation and its answer add to the payload, in bytes.
const ENVELOPE: [usize; 2] = [1145, 130];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::AsLarge => "bare, as large as a call",
            Self::Handler => "call of a handler",
            Self::Actor => "call of an actor",
        }
    }
}

impl Caller {
    async fn new(url: &str, signer: &Seed, actor: String) -> Self {
        let client = async_nats::connect(url).await.unwrap();
        let identity = identity(signer);
        Self {
            rpc: Rpc::new(client, LatticeName::default(), identity, None),
            target: Entity::actor(actor),
        }
    }

    /// Until all targets answer.
    async fn reach(&self) {
        let give_up = Instant::now() + PATIENCE;
        for kind in KINDS {
            while let Err(error) = self.request(kind, &Bytes::from_static(b"?")).await {
                assert!(Instant::now() < give_up, "nobody answers: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Times of each kind, sorted. They take turns, so that whatever else happens on the machine meets all.
    async fn compare(&self, size: usize, in_flight: usize, effort: Effort) -> [Vec<Duration>; 4] {
        let payload = Bytes::from(vec![b'x'; size]);
        let mut times = [const { Vec::new() }; 4];
        let turn = effort.time / TURNS;
        // The first turns warm up.
        for index in 0..TURNS + 2 {
            for (kind, times) in KINDS.into_iter().zip(&mut times) {
                let end = Instant::now() + turn;
                let workers = (0..in_flight).map(|_| {
                    let (caller, payload) = (self.clone(), payload.clone());
                    tokio::spawn(async move { caller.ask_until(kind, &payload, end).await })
                });
                for found in join_all(workers).await {
                    let found = found.unwrap();
                    if index >= 2 {
                        times.extend(found);
                    }
                }
            }
        }
        times.each_mut().map(|it| {
            it.sort();
            std::mem::take(it)
        })
    }

    async fn ask_until(&self, kind: Kind, payload: &Bytes, end: Instant) -> Vec<Duration> {
        let mut times = Vec::new();
        while Instant::now() < end {
            let begin = Instant::now();
            let answer = self.request(kind, payload).await.unwrap();
            times.push(begin.elapsed());
            assert!(answer.len() >= payload.len());
        }
        times
    }

    async fn request(&self, kind: Kind, payload: &Bytes) -> Result<Bytes, String> {
        let client = self.rpc.client();
        let target = match kind {
            Kind::Bare => {
                let answer = client.request(BARE, payload.clone()).await;
                return answer.map(|it| it.payload).map_err(|it| it.to_string());
            }
            Kind::AsLarge => {
                let mut headers = HeaderMap::new();
                headers.insert("Wash-Timeout-Ms", "60000");
                headers.insert("Wash-Depth", "0");
                let large = vec![b'x'; payload.len() + ENVELOPE[0]];
                let answer = client.request_with_headers(BARE, headers, large.into());
                let answer = answer.await;
                return answer.map(|it| it.payload).map_err(|it| it.to_string());
            }
            Kind::Handler => handler(),
            Kind::Actor => self.target.clone(),
        };
        let call = Call {
            origin: origin(),
            target,
            operation: OPERATION.to_owned(),
            payload: payload.clone(),
            deadline: tokio::time::Instant::now() + PATIENCE,
            depth: 0,
            retry: Retry::Never,
        };
        self.rpc.invoke(call).await.map_err(|it| it.to_string())
    }
}

/// Turns of each kind in one measurement.
const TURNS: u32 = 24;

fn at(sorted: &[Duration], share: usize) -> Duration {
    sorted[(sorted.len() - 1) * share / 100]
}

fn origin() -> Entity {
    let key = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";
    Entity::provider(key, "wasmcloud:httpserver", "default")
}

fn identity(signer: &Seed) -> Identity {
    Identity {
        host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
        signer: signer.clone(),
        issuers: vec![signer.public()],
    }
}

/// Answers bare requests with their payload, those with headers with as much as the answer of a call has; and
/// calls of a handler.
pub(crate) fn answer_bare(url: &str, signer: &str) {
    let signer = Seed::parse(signer).unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let client = async_nats::connect(url).await.unwrap();
        let identity = identity(&signer);
        let rpc = Rpc::new(client.clone(), LatticeName::default(), identity, None);
        let _serving = rpc.serve(handler(), Arc::new(Echo)).await.unwrap();
        let mut requests = client.subscribe(BARE).await.unwrap();
        while let Some(request) = requests.next().await {
            let Some(reply) = request.reply else { continue };
            let mut answer = request.payload;
            if request.headers.is_some() {
                answer.truncate(answer.len() - ENVELOPE[0] + ENVELOPE[1]);
            }
            client.publish(reply, answer).await.unwrap();
        }
    });
}

struct Echo;

impl Handler for Echo {
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(std::future::ready(Ok(call.payload)))
    }
}

fn handler() -> Entity {
    Entity::provider("VBENCH", "wasmcloud:bench", "default")
}

/// The computing of one call, part by part.
fn shares() -> Vec<Vec<String>> {
    let signer = Seed::generate(KeyKind::Cluster);
    let identity = identity(&signer);
    let target = Entity::actor(Seed::generate(KeyKind::Module).public());
    let payload = Bytes::from(vec![b'x'; 256]);
    let make = || {
        let payload = payload.clone();
        invocation::make(&identity, origin(), target.clone(), OPERATION, payload, 0)
    };
    let made = make();
    let body = wire::encode(&made).unwrap();
    let mut rows = vec![vec!["part".to_owned(), "median".to_owned()]];
    let mut row = |what: &str, each: &dyn Fn()| {
        let times: Vec<_> = (0..2000).map(|_| time(each)).collect();
        rows.push(vec![what.to_owned(), text(super::report::median(&times))]);
    };
    row("make and sign an invocation", &|| drop(black_box(make())));
    row("write it as msgpack", &|| {
        drop(black_box(wire::encode(&made)));
    });
    row("read it", &|| {
        drop(black_box(wire::decode::<wire::Invocation>(&body)));
    });
    row("check it", &|| {
        invocation::check(black_box(&made), &identity.issuers, 0).unwrap();
    });
    row("of both, one Ed25519 signature", &|| {
        drop(black_box(signer.sign(&body[..400])));
    });
    let signature = signer.sign(&body[..400]);
    let public = signer.public();
    row("and its verification", &|| {
        wash::claims::keys::verify(&public, &body[..400], black_box(&signature)).unwrap();
    });
    rows.push(vec![
        "bytes of the message, 256 of them payload".to_owned(),
        body.len().to_string(),
    ]);
    rows
}

fn time(each: &dyn Fn()) -> Duration {
    let begin = Instant::now();
    each();
    begin.elapsed()
}
