//! Faults under load, one after the other, and what those who asked saw of each.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use wash::claims::jwt::Token;
use wash::claims::{ActorMetadata, KeyKind, Seed, module};

use super::counter::Counter;
use super::load::{Ask, Door, Load, Pace, Sample, Work};
use super::{Kind, Machine, World, eventually};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: what the others are compared with.
    None,
    ActorStops,
    /// `kill -9` of `wash`; its nats-server lives on.
    HostKilled,
    /// The wire is cut, and all processes end at once.
    MachineDies,
    LinkCut,
    HubRestarts,
    /// SIGSTOP of `wash`, SIGCONT later.
    HostFreezes,
    /// Of its nats-server, too.
    MachineFreezes,
}

impl Fault {
    pub(crate) const ALL: [Self; 8] = [
        Self::None,
        Self::ActorStops,
        Self::HostKilled,
        Self::MachineDies,
        Self::LinkCut,
        Self::HubRestarts,
        Self::HostFreezes,
        Self::MachineFreezes,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ActorStops => "an actor is stopped",
            Self::HostKilled => "a host is killed (`kill -9`)",
            Self::MachineDies => "a machine dies",
            Self::LinkCut => "a leaf link is cut and healed",
            Self::HubRestarts => "the hub restarts",
            Self::HostFreezes => "a host freezes and thaws",
            Self::MachineFreezes => "a machine freezes and thaws",
        }
    }
}

/// Where the actor runs. HTTP comes in at the first two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// Three machines, and the actor on each.
    Near,
    /// Four machines, and the actor on the two at which nothing comes in: every request crosses the lattice.
    Far,
}

impl Arrangement {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Near => "The actor on all of three machines",
            Self::Far => "The actor on two other machines: every request crosses the lattice",
        }
    }

    fn machines(self) -> &'static [&'static str] {
        match self {
            Self::Near => &["first", "second", "third"],
            Self::Far => &["first", "second", "third", "fourth"],
        }
    }

    fn workers(self) -> std::ops::Range<usize> {
        match self {
            Self::Near => 0..3,
            Self::Far => 2..4,
        }
    }

    /// The one to which the fault happens: an entry point where that can do without, another where it cannot.
    fn victim(self, fault: Fault) -> usize {
        match (self, fault) {
            (Self::Near, Fault::ActorStops | Fault::LinkCut) => 1,
            _ => 2,
        }
    }
}

/// How long each fault lasts, and how long one watches after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) fault: Duration,
    pub(crate) after: Duration,
}

const GETS: Duration = Duration::from_millis(20);
const POSTS: Duration = Duration::from_millis(250);

/// From the first request that counts to the fault.
const LEAD: Duration = Duration::from_millis(500);

const ENTRIES: usize = 2;

/// What was seen of one fault.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) fault: Fault,
    pub(crate) gets: usize,
    /// No answer.
    pub(crate) lost: usize,
    /// An answer other than 200.
    pub(crate) failed: usize,
    pub(crate) slowest: Duration,
    /// Longest time without a success at an entry point.
    pub(crate) gap: Duration,
    pub(crate) posts: usize,
    /// Not answered with 200. Whether they ran is open, as it must be.
    pub(crate) posts_failed: usize,
    /// Ran twice or more.
    pub(crate) posts_twice: usize,
    /// Answered with 200 without having run.
    pub(crate) posts_untrue: usize,
    /// How many GETs got which other status than 200.
    pub(crate) statuses: BTreeMap<u16, usize>,
}

impl Row {
    pub(crate) const HEAD: &'static str = "\
| fault | GETs | lost | failed | slowest | longest gap | POSTs | failed | run twice |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |";
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<String> = self
            .statuses
            .iter()
            .map(|(status, count)| format!("{count} × {status}"))
            .collect();
        let failed = match self.failed {
            0 => "0".to_owned(),
            failed => format!("{failed} ({})", statuses.join(", ")),
        };
        write!(
            f,
            "| {} | {} | {} | {failed} | {:.0} ms | {:.0} ms | {} | {} | {} |",
            self.fault.name(),
            self.gets,
            self.lost,
            self.slowest.as_secs_f64() * 1e3,
            self.gap.as_secs_f64() * 1e3,
            self.posts,
            self.posts_failed,
            self.posts_twice + self.posts_untrue,
        )
    }
}

/// A lattice under load.
#[derive(Debug)]
pub(crate) struct Trial {
    world: World,
    arrangement: Arrangement,
    counter: Counter,
    doors: Vec<Door>,
    /// The file and the key of the actor.
    actor: (String, String),
}

impl Trial {
    /// Starts everything, and waits until it answers.
    /// Calls may take so long; by default what they may on any host.
    pub(crate) fn new(kind: Kind, arrangement: Arrangement, deadline: Option<Duration>) -> Self {
        let mut world = World::new(kind, arrangement.machines());
        if let Some(deadline) = deadline {
            let millis = deadline.as_millis().to_string();
            for machine in &mut world.machines {
                machine.env.set("WASMCLOUD_RPC_TIMEOUT_MS", &millis);
            }
        }
        world.populate();
        let first = &world.machines[0];
        let (wasm, key) = recorder();
        let path = first.env.write("recorder.wasm", wasm);
        let actor = (path.to_str().unwrap().to_owned(), key);
        let counter = Counter::start(world.machines.iter().map(|it| &it.space));
        let link = |values: &[&str]| {
            first.ask(&[&["link", "put", &actor.1], values].concat());
        };
        link(&["builtin:httpclient", "wasmcloud:httpclient"]);
        let mut doors = Vec::new();
        for machine in &world.machines[..ENTRIES] {
            let address = machine.space.free_address();
            let values = format!("ADDRESS={address}");
            let provider = ["builtin:httpserver", "wasmcloud:httpserver", &values];
            link(&[&provider[..], &["--link-name", &machine.name]].concat());
            let provider = ["start", "provider", "builtin:httpserver"];
            let place = ["--host", machine.host_id(), "--link-name", &machine.name];
            first.ask(&[&provider[..], &place].concat());
            doors.push(Door {
                space: machine.space.clone(),
                address,
            });
        }
        let trial = Self {
            world,
            arrangement,
            counter,
            doors,
            actor,
        };
        for worker in arrangement.workers() {
            trial.employ(&trial.world.machines[worker]);
        }
        trial.settle();
        trial
    }

    /// Starts there what a worker needs.
    fn employ(&self, machine: &Machine) {
        let (path, _) = &self.actor;
        let place = ["--host", machine.host_id()];
        let first = &self.world.machines[0];
        first.ask(&[&["start", "provider", "builtin:httpclient"][..], &place].concat());
        first.ask(&[&["start", "actor", path, "--count", "100"][..], &place].concat());
    }

    /// Waits until every entry point answers, and all hosts see each other.
    fn settle(&self) {
        for (machine, door) in self.world.machines.iter().zip(&self.doors) {
            eventually("an entry point answers", || machine.get(door.address));
        }
        let count = self.world.machines.len();
        for machine in &self.world.machines {
            eventually("every host sees all", || {
                (machine.hosts() == count).then_some(())
            });
        }
    }

    /// Lets these faults happen in turn, while requests come on. What was asked while the last one was mended
    /// belongs to none.
    pub(crate) fn run(&mut self, faults: &[Fault], times: Times) -> Vec<Row> {
        let pace = Pace {
            gets: GETS,
            work: Some(Work {
                counter: self.counter.address,
                posts: POSTS,
            }),
        };
        let mut phases = Vec::new();
        let load = Load::start(&self.doors, pace);
        for &fault in faults {
            let begin = Instant::now();
            // What is under way when it happens counts.
            std::thread::sleep(LEAD);
            self.apply(fault);
            std::thread::sleep(times.fault);
            self.mend(fault);
            std::thread::sleep(times.after);
            phases.push((fault, begin, Instant::now()));
            self.settle();
        }
        let samples = load.finish();
        let row = |(fault, begin, end)| self.row(fault, &samples, begin, end);
        phases.into_iter().map(row).collect()
    }

    fn apply(&mut self, fault: Fault) {
        let (_, key) = &self.actor;
        let [first, ..] = &self.world.machines[..] else {
            return;
        };
        let index = self.arrangement.victim(fault);
        if fault == Fault::ActorStops {
            let victim = self.world.machines[index].host_id();
            first.ask(&["stop", "actor", key, "--host", victim]);
        }
        let victim = &mut self.world.machines[index];
        match fault {
            Fault::None | Fault::ActorStops => {}
            Fault::HostKilled => victim.kill_host(),
            Fault::MachineDies => {
                victim.cut();
                victim.kill();
            }
            Fault::LinkCut => victim.cut(),
            Fault::HubRestarts => self.world.hub.restart(),
            Fault::HostFreezes => victim.signal_host(Signal::STOP),
            Fault::MachineFreezes => victim.signal(Signal::STOP),
        }
    }

    fn mend(&mut self, fault: Fault) {
        let index = self.arrangement.victim(fault);
        let victim = &mut self.world.machines[index];
        match fault {
            Fault::None | Fault::HubRestarts | Fault::ActorStops => {}
            Fault::HostKilled | Fault::MachineDies => {
                victim.heal();
                victim.kill();
                victim.start();
            }
            Fault::LinkCut => victim.heal(),
            Fault::HostFreezes | Fault::MachineFreezes => victim.signal(Signal::CONT),
        }
        if matches!(
            fault,
            Fault::HostKilled | Fault::MachineDies | Fault::ActorStops
        ) {
            self.employ(&self.world.machines[index]);
        }
    }

    fn row(&self, fault: Fault, samples: &[Sample], begin: Instant, end: Instant) -> Row {
        let within = samples.iter().filter(|it| (begin..end).contains(&it.due));
        let mut row = Row {
            fault,
            gets: 0,
            lost: 0,
            failed: 0,
            slowest: Duration::ZERO,
            gap: Duration::ZERO,
            posts: 0,
            posts_failed: 0,
            posts_twice: 0,
            posts_untrue: 0,
            statuses: BTreeMap::new(),
        };
        for sample in within {
            match &sample.ask {
                Ask::Get => {
                    row.gets += 1;
                    row.slowest = row.slowest.max(sample.done - sample.due);
                    match sample.status {
                        None => row.lost += 1,
                        Some(200) => {}
                        Some(status) => {
                            row.failed += 1;
                            *row.statuses.entry(status).or_default() += 1;
                        }
                    }
                }
                Ask::Post(id) => {
                    let ran = self.counter.count(id);
                    row.posts += 1;
                    row.posts_failed += usize::from(!sample.is_success());
                    row.posts_twice += usize::from(ran > 1);
                    row.posts_untrue += usize::from(sample.is_success() && ran == 0);
                }
            }
        }
        row.gap = (0..self.doors.len())
            .map(|door| gap(samples, door, begin, end))
            .max()
            .unwrap_or_default();
        row
    }
}

/// Longest time in which no GET at this door came back with success.
fn gap(samples: &[Sample], door: usize, begin: Instant, end: Instant) -> Duration {
    let gets = samples
        .iter()
        .filter(|it| it.door == door && it.ask == Ask::Get);
    let mut times: Vec<Instant> = gets
        .filter(|it| it.is_success() && (begin..end).contains(&it.done))
        .map(|it| it.done)
        .chain([begin, end])
        .collect();
    times.sort();
    times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap_or_default()
}

/// The guest, signed under a key that nobody has seen; with that key.
fn recorder() -> (Vec<u8>, String) {
    let wasm = wat::parse_str(include_str!("recorder.wat")).unwrap();
    let (account, key) = (
        Seed::generate(KeyKind::Account),
        Seed::generate(KeyKind::Module),
    );
    let caps = ["wasmcloud:httpserver", "wasmcloud:httpclient"];
    let metadata = ActorMetadata {
        name: Some("recorder".to_owned()),
        caps: Some(caps.map(str::to_owned).into()),
        rev: Some(1),
        ..ActorMetadata::default()
    };
    let token = Token::new(&account, key.public(), metadata, 0);
    (
        module::sign(&wasm, token, &account).unwrap(),
        key.public().to_owned(),
    )
}
