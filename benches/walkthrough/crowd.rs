//! A thousand hosts, each on a connection of its own with a host's subscriptions: they answer pings, auctions and
//! questions for their inventory, and tell that they live. What a real host and the command line cost among them.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use async_nats::{Client, Message};
use futures_util::StreamExt as _;
use futures_util::stream::{self, SelectAll};
use tokio::sync::oneshot;
use tokio::time::{interval_at, timeout};
use wash::claims::{KeyKind, Seed};
use wash::lattice::LatticeName;
use wash::lattice::command::{ActorBid, AuctionActor};
use wash::lattice::control::{Control, Gather};
use wash::lattice::event;
use wash::lattice::subject::{Ctl, Request};
use wash::lattice::wire::{HostInventory, HostSummary, Map};

use super::Effort;
use super::mesh::Traffic;
use super::report::{Report, kib, mib, spread, text};
use super::stage::{Home, Nats, PATIENCE, Up, block_on};

const HOSTS: usize = 1000;
const HEARTBEAT: Duration = Duration::from_secs(30);

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let mut rows = vec![vec!["with 1000 hosts".to_owned(), "cost".to_owned()]];
    let mut row = |what: &str, cost: String| rows.push(vec![what.to_owned(), cost]);
    let (home, nats) = (Home::new(), Nats::start());
    let crowd = Crowd::start(&nats.url);
    row(
        "their connections, in the server",
        mib(nats.process.memory().resident),
    );

    let existing = ["--nats-connect-only", "--nats-port", nats.port()];
    let label = ["--label", "machine=second", "--allow-file-load"];
    let before = Traffic::of_clients(&nats);
    let up = Up::with(&home, &[&existing[..], &label].concat());
    let traffic = Traffic::of_clients(&nats).since(before);
    row(
        "`wash up` to ready, one more host",
        format!("{}, {}", text(up.ready_after), kib(traffic.bytes)),
    );

    let before = Traffic::of_clients(&nats);
    let mut times = Vec::new();
    let mut least = HOSTS + 1;
    for _ in 0..effort.runs {
        let (answer, time) = home.ask(&nats.url, &["ctl", "get", "hosts"]);
        times.push(time);
        least = least.min(answer["hosts"].as_array().unwrap().len());
    }
    let traffic = Traffic::of_clients(&nats).since(before);
    let each = traffic.bytes / times.len() as u64;
    let what = "`wash ctl get hosts`, 1000 simulated hosts on 1000 connections";
    report.time(what, &times, Duration::from_secs(1));
    let complete = least == HOSTS + 1;
    report.budget("hosts it lists", least.to_string(), "1001", complete);
    row("`get hosts`, bytes of all clients", kib(each));

    let (module, _) = home.new_hello("hello");
    let module = module.display().to_string();
    let args = [
        "ctl",
        "start",
        "actor",
        &module,
        "--constraint",
        "machine=second",
    ];
    let before = Traffic::of_clients(&nats);
    let (_, time) = home.ask(&nats.url, &args);
    let traffic = Traffic::of_clients(&nats).since(before);
    row(
        "`start actor --constraint`, one fits",
        format!("{}, {}", text(time), kib(traffic.bytes)),
    );

    let before = Traffic::of_clients(&nats);
    let (_, time) = home.ask(&nats.url, &["ctl", "get", "inventory"]);
    let traffic = Traffic::of_clients(&nats).since(before);
    row(
        "`get inventory` of all",
        format!("{}, {}", text(time), kib(traffic.bytes)),
    );

    let (times, bids) = block_on(auctions(&nats.url, effort.runs));
    row(
        "auction that all answer",
        format!("{}, {bids} bids", spread(&times)),
    );

    let cpu = up.process.cpu();
    let time = effort.time * 3;
    let (events, bytes) = block_on(heartbeats(&nats.url, time));
    let per_second = |sum: f64| sum / time.as_secs_f64();
    row(
        "heartbeats as one follower gets them, twice each",
        format!(
            "{:.0} events/s, {}/s",
            per_second(events as f64),
            kib(per_second(bytes as f64) as u64)
        ),
    );
    let cpu = up.process.cpu().saturating_sub(cpu).as_secs_f64();
    row(
        "CPU of a host meanwhile",
        format!("{:.1} %", 100.0 * cpu / time.as_secs_f64()),
    );
    report.table("A thousand hosts", &rows);
    crowd.stop();
}

/// How long until every host has bid, and how many did in the worst case.
async fn auctions(url: &str, runs: usize) -> (Vec<Duration>, usize) {
    let client = async_nats::connect(url).await.unwrap();
    let control = Control::new(client, LatticeName::default(), None, PATIENCE);
    let anywhere = Map::new();
    let (mut times, mut bids) = (Vec::new(), usize::MAX);
    for _ in 0..runs {
        let gather = Gather {
            expect: Some(HOSTS + 1),
            ..control.patience(PATIENCE)
        };
        let begin = Instant::now();
        let found = control.auction_actor("file:///any", &anywhere, gather);
        bids = bids.min(found.await.unwrap().len());
        times.push(begin.elapsed());
    }
    (times, bids)
}

/// Events and bytes that come to one who follows everything.
async fn heartbeats(url: &str, time: Duration) -> (u64, u64) {
    let client = async_nats::connect(url).await.unwrap();
    let mut all = client.subscribe("wasmbus.evt.>").await.unwrap();
    let end = tokio::time::Instant::now() + time;
    let (mut events, mut bytes) = (0, 0);
    while let Ok(Some(message)) = tokio::time::timeout_at(end, all.next()).await {
        events += 1;
        bytes += message.length as u64;
    }
    (events, bytes)
}

/// The thread on which they live.
struct Crowd {
    stop: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Crowd {
    fn start(url: &str) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let url = url.to_owned();
        let thread = std::thread::spawn(move || {
            block_on(async {
                let hosts: Vec<_> = stream::iter(0..HOSTS)
                    .map(|index| Host::join(&url, index))
                    .buffer_unordered(16)
                    .collect()
                    .await;
                let mut tasks = tokio::task::JoinSet::new();
                for (index, host) in hosts.into_iter().enumerate() {
                    tasks.spawn(host.live(index));
                }
                ready.send(()).unwrap();
                let _ = stopped.await;
                tasks.shutdown().await;
            });
        });
        is_ready.recv().unwrap();
        Self { stop, thread }
    }

    fn stop(self) {
        drop(self.stop);
        self.thread.join().unwrap();
    }
}

struct Host {
    client: Client,
    requests: SelectAll<async_nats::Subscriber>,
    subjects: Ctl,
    lattice: LatticeName,
    summary: HostSummary,
    inventory: HostInventory,
}

impl Host {
    async fn join(url: &str, index: usize) -> Self {
        let client = async_nats::connect(url).await.unwrap();
        let lattice = LatticeName::default();
        let subjects = Ctl::new(None, &lattice);
        let id = Seed::generate(KeyKind::Server).public();
        let mut requests = SelectAll::new();
        for (subject, group) in subjects.subscriptions(&id) {
            // Those of a group are for the one real host, which knows the answers.
            if group.is_none() {
                requests.push(client.subscribe(subject).await.unwrap());
            }
        }
        client.flush().await.unwrap();
        Self {
            client,
            requests,
            subjects,
            lattice,
            summary: summary(&id, index),
            inventory: HostInventory {
                host_id: id,
                labels: labels(),
                friendly_name: format!("simulated-host-{index}"),
                version: "0.82.0".to_owned(),
                uptime_human: "1 hour".to_owned(),
                ..HostInventory::default()
            },
        }
    }

    async fn live(mut self, index: usize) {
        let phase = HEARTBEAT * u32::try_from(index).unwrap() / u32::try_from(HOSTS).unwrap();
        let mut heartbeat = interval_at(tokio::time::Instant::now() + phase, HEARTBEAT);
        loop {
            tokio::select! {
                _ = heartbeat.tick() => self.tell().await,
                Some(message) = self.requests.next() => self.answer(message).await,
            }
        }
    }

    async fn answer(&self, message: Message) {
        let Some(reply) = message.reply else { return };
        let body = match self.subjects.parse(&message.subject) {
            Some(Request::PingHosts) => serde_json::to_vec(&self.summary),
            Some(Request::Inventory(_)) => serde_json::to_vec(&self.inventory),
            Some(Request::AuctionActor) => {
                let auction: AuctionActor = serde_json::from_slice(&message.payload).unwrap();
                let has = |(key, value)| self.summary.labels.get(key) == Some(value);
                if !auction.constraints.iter().all(has) {
                    return;
                }
                serde_json::to_vec(&ActorBid {
                    actor_ref: auction.actor_ref,
                    constraints: auction.constraints,
                    host_id: self.summary.id.clone(),
                })
            }
            _ => return,
        };
        let body = body.unwrap().into();
        self.client.publish(reply, body).await.unwrap();
        if message.subject.ends_with("ping.hosts") {
            self.tell().await;
        }
    }

    async fn tell(&self) {
        let (name, data) = event::data::host_heartbeat(&self.inventory);
        let id = &self.summary.id;
        let told = event::publish(&self.client, &self.lattice, id, name, data);
        timeout(PATIENCE, told).await.unwrap().unwrap();
    }
}

fn summary(id: &str, index: usize) -> HostSummary {
    HostSummary {
        id: id.to_owned(),
        friendly_name: format!("simulated-host-{index}"),
        labels: labels(),
        uptime_seconds: 3600,
        uptime_human: "1 hour".to_owned(),
        version: "0.82.0".to_owned(),
        lattice: "default".to_owned(),
        ..HostSummary::default()
    }
}

fn labels() -> Map {
    [
        ("hostcore.os", "linux"),
        ("hostcore.arch", "x86_64"),
        ("hostcore.osfamily", "unix"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}
