//! What ten thousand links and a thousand claims cost: a host that joins, those who ask for them, one request,
//! and a hundred changes a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use wash::claims::{ActorId, HostId, KeyKind, Seed};
use wash::host::Gate;
use wash::host::actor::{HostCall, Outbound as _};
use wash::host::import::{Caps, Import};
use wash::lattice::LatticeName;
use wash::lattice::invocation::Identity;
use wash::lattice::rpc::{Handler, Incoming, Rpc};
use wash::lattice::state::{Change, State};
use wash::lattice::wire::{Entity, LinkDefinition, Map};

use super::Effort;
use super::mesh::Traffic;
use super::report::{Report, kib, mib, text};
use super::stage::{Home, Nats, PATIENCE, Up};

const LINKS: usize = 10_000;
const CLAIMS: usize = 1000;
const CONTRACT: &str = "wasmcloud:keyvalue";
const PROVIDER: &str = "VAZVC4RX54J2NVCMCW7BPCAHGGG5XZXDBXFUMDUXGESTMQEJLC3YVZWB";

/// Followers of the state besides the real host.
const FOLLOWERS: usize = 20;

/// Of each kind of look-up; the fastest counts.
const TURNS: u32 = 8;

/// Between two changes.
const PACE: Duration = Duration::from_millis(10);

/// The value of a link that says when it was put.
const STAMP: &str = "stamp";

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let nats = Nats::start();
    let (none, full) = ("none", "default");
    let mut rows = vec![vec![
        "with 10,000 links and 1,000 claims".to_owned(),
        "cost".to_owned(),
        "with none".to_owned(),
    ]];
    let mut row = |what: &str, full: String, none: String| rows.push(vec![what.into(), full, none]);

    let actors = actors();
    let (state, put) = runtime.block_on(async {
        let state = open(&nats.url, full).await;
        let begin = Instant::now();
        fill(&state, &actors).await;
        (state, begin.elapsed())
    });
    let rate = (LINKS + CLAIMS) as f64 / put.as_secs_f64();
    row(
        "putting them, 64 at a time",
        format!("{rate:.0} /s"),
        String::new(),
    );

    let home = Home::new();
    let joined = [none, full].map(|lattice| {
        let before = Traffic::of_clients(&nats);
        let up = Up::with(
            &home,
            &[
                "--ephemeral",
                "--nats-connect-only",
                "--nats-port",
                nats.port(),
                "--lattice",
                lattice,
            ],
        );
        let traffic = Traffic::of_clients(&nats).since(before);
        (up, traffic)
    });
    let of = |each: &dyn Fn(&(Up, Traffic)) -> String| [each(&joined[1]), each(&joined[0])];
    let [a, b] = of(&|(up, _)| text(up.ready_after));
    row("`wash up` to ready", a, b);
    let [a, b] = of(&|(up, _)| mib(up.process.memory().resident));
    row("resident memory of the host", a, b);
    let [a, b] = of(&|(_, traffic)| kib(traffic.bytes));
    row("bytes of all clients while it joins", a, b);
    let ready = joined[1].0.ready_after;
    let limit = Duration::from_secs(1);
    let what = "`wash up` to ready with 10,000 links and 1,000 claims";
    report.budget(what, text(ready), "< 1.00 s", ready < limit);

    for (what, count) in [("links", LINKS), ("claims", CLAIMS)] {
        let [full, none] = [(full, count), (none, 0)].map(|(lattice, count)| {
            let args = ["ctl", "get", what, "--lattice", lattice];
            let (answer, time) = home.ask(&nats.url, &args);
            assert_eq!(answer[what].as_array().unwrap().len(), count, "{what}");
            text(time)
        });
        row(&format!("`wash ctl get {what}`"), full, none);
    }
    let [(mut empty, _), (mut host, _)] = joined;
    empty.process.stop();

    let rates = runtime.block_on(lookups(&nats.url, &state, &actors, effort));
    row(
        "calls/s by link",
        format!("{:.0}", rates[1]),
        format!("{:.0}", rates[0]),
    );
    row(
        "calls/s by call alias",
        format!("{:.0}", rates[3]),
        format!("{:.0}", rates[2]),
    );
    let ratio = rates[0] / rates[1];
    let what = "time of a call by link, with 10,000 links : with one";
    report.budget(what, format!("{ratio:.2}"), "≤ 2", ratio <= 2.0);
    let ratio = rates[2] / rates[3];
    let what = "time of a call by alias, with 1,000 claims : with one";
    report.budget(what, format!("{ratio:.2}"), "≤ 2", ratio <= 2.0);
    report.table("Ten thousand links", &rows);

    home.ask(
        &nats.url,
        &["ctl", "start", "provider", "builtin:httpserver"],
    );
    let time = effort.time * 3;
    let followers = runtime.block_on(followers(&nats.url));
    let (before, cpu, server) = (
        Traffic::of_clients(&nats),
        host.process.cpu(),
        nats.process.cpu(),
    );
    let lags = runtime.block_on(changes(followers, &state, &actors, time));
    let traffic = Traffic::of_clients(&nats).since(before);
    let share = |cpu: Duration| format!("{:.0} %", 100.0 * cpu.as_secs_f64() / time.as_secs_f64());
    let at = |share: usize| lags[(lags.len() - 1) * share / 100];
    let puts = lags.len() / FOLLOWERS;
    let rows = [
        ["100 link changes a second".to_owned(), "cost".to_owned()],
        [
            format!("from put to each of {FOLLOWERS} followers, p50, p99, most"),
            format!("{}, {}, {}", text(at(50)), text(at(99)), text(at(100))),
        ],
        ["changes seen by each".to_owned(), puts.to_string()],
        [
            "CPU of a host with a provider".to_owned(),
            share(host.process.cpu() - cpu),
        ],
        [
            "CPU of the server".to_owned(),
            share(nats.process.cpu() - server),
        ],
        [
            "bytes of all clients for a change".to_owned(),
            kib(traffic.bytes / u64::try_from(puts).unwrap()),
        ],
    ];
    report.table("A hundred changes a second", &rows.map(Vec::from));
    let limit = Duration::from_secs(1);
    let what = "a link change is with every follower, p99";
    report.budget(what, text(at(99)), "< 1.00 s", at(99) < limit);
    host.process.stop();
}

fn actors() -> Vec<String> {
    (0..CLAIMS)
        .map(|_| Seed::generate(KeyKind::Module).public())
        .collect()
}

async fn open(url: &str, lattice: &str) -> State {
    let client = async_nats::connect(url).await.unwrap();
    let lattice = lattice.parse().unwrap();
    State::open(client, &lattice, None).await.unwrap()
}

async fn fill(state: &State, actors: &[String]) {
    let links = (0..LINKS).map(|index| link(actors, index, "0"));
    stream::iter(links)
        .map(|link| state.put_link(link))
        .buffer_unordered(64)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
    let claims = actors.iter().enumerate();
    stream::iter(claims)
        .map(|(index, key)| state.put_claims(key, claim(key, index)))
        .buffer_unordered(64)
        .try_collect::<Vec<_>>()
        .await
        .unwrap();
}

fn link(actors: &[String], index: usize, stamp: &str) -> LinkDefinition {
    LinkDefinition {
        actor_id: actors[index % actors.len()].clone(),
        provider_id: PROVIDER.to_owned(),
        link_name: format!("link-{}", index / actors.len()),
        contract_id: CONTRACT.to_owned(),
        values: [
            ("URL", "redis://keyvalue.example.com:6379"),
            ("prefix", "customers"),
            (STAMP, stamp),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
        ..LinkDefinition::default()
    }
}

fn claim(key: &str, index: usize) -> Map {
    [
        ("call_alias", format!("shop/actor_{index}")),
        ("caps", format!("wasmcloud:httpserver,{CONTRACT}")),
        ("contract_id", String::new()),
        (
            "iss",
            "ACOJJN6WUP4ODD75XEBKKTCCUJJCY5ZKQ56XVKYK4BEJWGVAOOQHZMCW".to_owned(),
        ),
        ("name", format!("Actor {index}")),
        ("rev", "1".to_owned()),
        ("sub", key.to_owned()),
        ("tags", String::new()),
        ("version", "0.1.0".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// Calls per second that an actor makes through one link, and through one of many; then by alias.
async fn lookups(url: &str, many: &State, actors: &[String], effort: Effort) -> [f64; 4] {
    let one = open(url, "one").await;
    one.put_link(link(actors, 0, "0")).await.unwrap();
    one.put_claims(&actors[1], claim(&actors[1], 1))
        .await
        .unwrap();
    let client = async_nats::connect(url).await.unwrap();
    let signer = Seed::generate(KeyKind::Cluster);
    let identity = Identity {
        host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
        issuers: vec![signer.public()],
        signer,
    };
    let rpc = Rpc::new(client, "lookups".parse().unwrap(), identity, None);
    let provider = Entity::provider(PROVIDER, CONTRACT, "link-0");
    let _provider = rpc.serve(provider, Arc::new(Nothing)).await.unwrap();
    let _actor = rpc
        .serve(Entity::actor(&actors[1]), Arc::new(Nothing))
        .await
        .unwrap();
    let mut rates = [0.0; 4];
    for _ in 0..TURNS {
        for (index, rate) in rates.iter_mut().enumerate() {
            let import = Import {
                gate: Gate::default(),
                actor: ActorId::parse(&actors[0]).unwrap(),
                caps: Caps::All,
                rpc: rpc.clone(),
                state: if index % 2 == 0 {
                    one.clone()
                } else {
                    many.clone()
                },
                lattice: LatticeName::default(),
            };
            let namespace = if index < 2 { CONTRACT } else { "shop/actor_1" };
            let end = Instant::now() + effort.time / TURNS;
            let (begin, mut calls) = (Instant::now(), 0);
            while Instant::now() < end {
                let call = HostCall {
                    binding: "link-0".to_owned(),
                    namespace: namespace.to_owned(),
                    operation: "Any.Thing".to_owned(),
                    payload: Bytes::new(),
                    deadline: tokio::time::Instant::now() + PATIENCE,
                    depth: 0,
                };
                import.call(call).await.unwrap();
                calls += 1;
            }
            let found = f64::from(calls) / begin.elapsed().as_secs_f64();
            *rate = found.max(*rate);
        }
    }
    rates
}

struct Nothing;

impl Handler for Nothing {
    fn handle(&self, _: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        Box::pin(std::future::ready(Ok(Bytes::new())))
    }
}

/// As many hosts hold it, each on a connection of its own.
async fn followers(url: &str) -> Vec<State> {
    let mut followers = Vec::new();
    for _ in 0..FOLLOWERS {
        followers.push(open(url, "default").await);
    }
    followers
}

/// Changes links at this pace for `time`; how long each took until each follower had it, sorted.
async fn changes(
    joined: Vec<State>,
    state: &State,
    actors: &[String],
    time: Duration,
) -> Vec<Duration> {
    let origin = Instant::now();
    let puts = usize::try_from(time.as_millis() / PACE.as_millis()).unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let mut followers = tokio::task::JoinSet::new();
    for follower in joined {
        let (mut changes, seen) = (follower.changes(), Arc::clone(&seen));
        followers.spawn(async move {
            let mut lags = Vec::new();
            while lags.len() < puts {
                let Ok(Change::LinkPut(link)) = changes.recv().await else {
                    continue;
                };
                let put = Duration::from_nanos(link.values[STAMP].parse().unwrap());
                lags.push(origin.elapsed().saturating_sub(put));
                seen.fetch_add(1, Ordering::Relaxed);
            }
            drop(follower);
            lags
        });
    }
    let mut pace = tokio::time::interval(PACE);
    let mut writes = tokio::task::JoinSet::new();
    for index in 0..puts {
        pace.tick().await;
        let stamp = origin.elapsed().as_nanos().to_string();
        let (state, link) = (state.clone(), link(actors, index * 7 % LINKS, &stamp));
        writes.spawn(async move { state.put_link(link).await.unwrap() });
    }
    writes.join_all().await;
    let all = async {
        let mut lags = Vec::new();
        while let Some(found) = followers.join_next().await {
            lags.extend(found.unwrap());
        }
        lags
    };
    let mut lags = tokio::time::timeout(PATIENCE, all)
        .await
        .unwrap_or_else(|_| {
            panic!(
                "followers saw {} of {}",
                seen.load(Ordering::Relaxed),
                puts * FOLLOWERS
            )
        });
    lags.sort();
    lags
}
