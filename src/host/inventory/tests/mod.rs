//! Tables of what happens and what is done. Code is `()`.

mod actors;
mod providers;

use std::sync::Arc;

use super::*;
use crate::archive::par::{Executable, Hash};
use crate::claims::{ActorId, ActorMetadata, KeyKind, ProviderId, Seed, Token};
use crate::host::event::{
    Amount, Archived, Job, Module, ProviderKey, Run, StartProvider, Stop, StopProvider, Update,
};
use crate::host::facts::{ActorFacts, Dates, ProviderFacts};
use crate::lattice::event::data::HealthCheck;
use crate::lattice::wire::Health;

const ECHO: &str = "file:///echo.wasm";

/// An inventory, with every effect as a short line.
struct Bench {
    inventory: Inventory,
    asked: u64,
}

impl Bench {
    fn new() -> Self {
        Self {
            inventory: Inventory::new(Map::new(), "CISSUER".to_owned(), true),
            asked: 0,
        }
    }

    fn event(&mut self, event: Event<()>) -> Vec<String> {
        self.inventory.handle(event).iter().map(line).collect()
    }

    fn ask(&mut self, command: Command) -> Vec<String> {
        self.asked += 1;
        let request = RequestId(self.asked);
        self.event(Event::Asked { request, command })
    }

    fn run(&mut self, reference: &str, amount: Amount) -> Vec<String> {
        self.ask(Command::RunActor(run(reference, amount)))
    }

    fn stop(&mut self, actor: &ActorId, count: Option<u32>) -> Vec<String> {
        self.ask(Command::StopActor(Stop {
            actor: actor.clone(),
            count,
            annotations: Map::new(),
        }))
    }

    fn update(&mut self, actor: &ActorId, reference: &str) -> Vec<String> {
        self.ask(Command::UpdateActor(Update {
            actor: actor.clone(),
            reference: reference.to_owned(),
        }))
    }

    fn loaded(&mut self, reference: &str, actor: &ActorId) -> Vec<String> {
        self.event(Event::Loaded {
            job: Job::Start(reference.to_owned()),
            result: Ok(module(actor, 1)),
        })
    }

    fn served(&mut self, actor: &ActorId) -> Vec<String> {
        self.event(Event::Served {
            actor: actor.clone(),
            result: Ok(()),
        })
    }

    /// An actor that runs already.
    fn running(&mut self, reference: &str, count: u32) -> ActorId {
        let actor = actor_id();
        self.run(reference, Amount::Exactly(count));
        self.loaded(reference, &actor);
        assert_eq!(self.served(&actor), [format!("started {count} of {count}")]);
        actor
    }

    /// References, and counts by annotation set.
    fn actors(&self) -> Vec<(String, Vec<u32>)> {
        let all = self.inventory.actors().into_iter();
        all.map(|it| {
            let counts = it.instances.iter().filter_map(|it| it.max_instances);
            (it.image_ref.unwrap_or_default(), counts.collect())
        })
        .collect()
    }

    fn lp(&mut self, reference: &str) -> Vec<String> {
        self.ask(Command::StartProvider(StartProvider {
            reference: reference.to_owned(),
            link_name: "default".to_owned(),
            configuration: None,
            annotations: annotations(&[("app", "a")]),
            instance_id: "I".to_owned(),
        }))
    }

    fn provider_started(&mut self, result: Result<(), String>) -> Vec<String> {
        self.event(Event::ProviderStarted {
            provider: server(),
            result,
        })
    }

    /// An archive of the same provider with this content.
    fn provider_loaded(&mut self, reference: &str, content: u8) -> Vec<String> {
        self.event(Event::ProviderLoaded {
            reference: reference.to_owned(),
            result: Ok(archived(content)),
        })
    }

    fn sp(&mut self, annotations: Map) -> Vec<String> {
        self.ask(Command::StopProvider(StopProvider {
            provider: server(),
            annotations,
        }))
    }

    fn health(&mut self, healthy: bool, periodic: bool) -> Vec<String> {
        self.event(Event::Health {
            provider: server(),
            health: Health {
                healthy,
                message: None,
            },
            periodic,
        })
    }
}

fn line(effect: &Effect<()>) -> String {
    match effect {
        Effect::Acknowledge { result: Ok(()), .. } => "ok".to_owned(),
        Effect::Acknowledge {
            result: Err(text), ..
        } => format!("refused: {text}"),
        Effect::Publish(news) => match news {
            News::ActorStarted { scale, count, .. } => {
                format!("started {count} of {}", scale.max_instances)
            }
            News::ActorScaled(scale) => format!("scaled {}", scale.max_instances),
            News::ActorStopped {
                scale,
                count,
                remaining,
                ..
            } => format!("stopped {count} to {} of {remaining}", scale.max_instances),
            News::ActorStartFailed {
                reference, error, ..
            } => format!("failed {reference}: {error}"),
            News::ActorUpdated {
                reference,
                revision,
                ..
            } => format!("updated {reference} {revision}"),
            News::ActorUpdateFailed { reason, .. } => format!("not updated: {reason}"),
            News::ProviderStarted(it) => format!("provider started {}", it.reference),
            News::ProviderStartFailed {
                reference, error, ..
            } => format!("provider failed {reference}: {error}"),
            News::ProviderStopped { reason, .. } => format!("provider stopped: {reason}"),
            News::Health { check, .. } => match check {
                HealthCheck::Passed => "passed",
                HealthCheck::Failed => "failed",
                HealthCheck::Unchanged => "status",
            }
            .to_owned(),
            News::LinkSet(link) => format!("link set {}", link.actor_id),
            News::LinkDeleted(link) => format!("link deleted {}", link.actor_id),
        },
        Effect::Load { job, reference } => match job {
            Job::Start(_) => format!("load {reference}"),
            Job::Update(_) => format!("load update {reference}"),
        },
        Effect::Serve {
            reference, limit, ..
        } => format!("serve {reference} {limit}"),
        Effect::Limit { limit, .. } => format!("limit {limit}"),
        Effect::Replace { reference, .. } => format!("replace {reference}"),
        Effect::StopActor(_) => "stop".to_owned(),
        Effect::LoadProvider { reference } => format!("load provider {reference}"),
        Effect::StartProvider(order) => format!("start {}", order.reference),
        Effect::StopProvider(_) => "stop provider".to_owned(),
        Effect::SyncLinks => "sync links".to_owned(),
        Effect::StopHost { grace } => format!("stop host {grace:?}"),
    }
}

fn actor_id() -> ActorId {
    ActorId::parse(&Seed::generate(KeyKind::Module).public()).unwrap()
}

fn server() -> ProviderKey {
    ProviderKey {
        id: ProviderId::parse("VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M").unwrap(),
        link_name: "default".to_owned(),
    }
}

fn archived(content: u8) -> Archived {
    let id = server().id;
    let hash = Hash::parse(&format!("{content:02X}").repeat(32)).unwrap();
    Archived {
        facts: ProviderFacts {
            key: id.to_string(),
            name: "mine".to_owned(),
            contract: "wasmcloud:httpserver".to_owned(),
            issuer: "AI".to_owned(),
            revision: 3,
            version: "0.3.0".to_owned(),
            dates: Dates::default(),
        },
        id,
        program: Executable::new("/program".into(), hash),
    }
}

fn run(reference: &str, amount: Amount) -> Run {
    Run {
        reference: reference.to_owned(),
        actor: None,
        amount,
        annotations: Map::new(),
        instance_id: "I".to_owned(),
    }
}

fn annotations(entries: &[(&str, &str)]) -> Map {
    entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn module(actor: &ActorId, revision: i32) -> Module<()> {
    let facts = ActorFacts {
        key: actor.clone(),
        token: Token {
            expires: None,
            id: String::new(),
            issued_at: 0,
            issuer: "AI".to_owned(),
            subject: actor.to_string(),
            not_before: None,
            metadata: Some(ActorMetadata::default()),
            revision: None,
        },
        revision,
        signed: true,
        claims: serde_json::Value::Null,
    };
    Module {
        facts: Arc::new(facts),
        code: (),
    }
}

#[test]
fn events_of_what_is_gone_mean_nothing() {
    let mut bench = Bench::new();
    let actor = actor_id();
    for event in [
        Event::Loaded {
            job: Job::Update(actor.clone()),
            result: Ok(module(&actor, 1)),
        },
        Event::Loaded {
            job: Job::Start(ECHO.to_owned()),
            result: Ok(module(&actor, 1)),
        },
        Event::Served {
            actor: actor.clone(),
            result: Ok(()),
        },
        Event::Replaced {
            actor,
            result: Ok(()),
        },
        Event::ProviderStarted {
            provider: server(),
            result: Ok(()),
        },
        Event::ProviderStopped(server()),
        Event::ProviderDismissed(server()),
        Event::Health {
            provider: server(),
            health: Health::default(),
            periodic: true,
        },
    ] {
        let shown = format!("{event:?}");
        assert!(bench.event(event).is_empty(), "{shown}");
    }
}

#[test]
fn a_stopping_host_takes_no_orders() {
    let mut bench = Bench::new();
    bench.running(ECHO, 2);
    bench.lp("builtin:httpserver");
    bench.provider_started(Ok(()));
    let stop = Command::StopHost { grace: None };
    assert_eq!(bench.ask(stop), ["ok", "stop host None"]);
    assert_eq!(
        bench.run(ECHO, Amount::More(1)),
        ["refused: this host is stopping"]
    );
    let news: Vec<_> = bench
        .inventory
        .stop_all()
        .into_iter()
        .map(|it| line(&Effect::Publish(it)))
        .collect();
    assert_eq!(news, ["stopped 2 to 0 of 0", "provider stopped: stop"]);
    assert!(bench.inventory.stop_all().is_empty());
}

#[test]
fn requests_that_wait_are_bounded() {
    let mut bench = Bench::new();
    for _ in 0..MAX_WAITING {
        bench.run(ECHO, Amount::More(1));
    }
    assert_eq!(
        bench.run(ECHO, Amount::More(1)),
        ["refused: too many requests are waiting on this host"]
    );
    let actor = actor_id();
    bench.loaded(ECHO, &actor);
    assert_eq!(bench.served(&actor).len(), 2 * MAX_WAITING - 1);
    assert_eq!(bench.run(ECHO, Amount::More(1))[0], "ok");
}

#[test]
fn labels_change_by_request() {
    let mut bench = Bench::new();
    let put = |key: &str| Command::PutLabel {
        key: key.to_owned(),
        value: "v".to_owned(),
    };
    assert_eq!(bench.ask(put("zone")), ["ok"]);
    assert_eq!(bench.inventory.labels().all()["zone"], "v");
    assert!(bench.ask(put("hostcore.os"))[0].starts_with("refused: label 'hostcore.os'"));
    let delete = Command::DeleteLabel {
        key: "zone".to_owned(),
    };
    assert_eq!(bench.ask(delete), ["ok"]);
    assert!(!bench.inventory.labels().all().contains_key("zone"));
}
