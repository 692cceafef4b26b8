//! Tables of what happens and what is done. Code is `()`.

use super::*;
use crate::claims::{ActorId, ActorMetadata, KeyKind, ProviderId, Seed, Token};
use crate::host::event::{
    Amount, Job, Module, ProviderKey, Run, StartProvider, Stop, StopProvider, Update,
};
use crate::host::facts::ActorFacts;
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
    Module { facts, code: () }
}

#[test]
fn an_actor_is_acknowledged_loaded_served_and_told_in_this_order() {
    let mut bench = Bench::new();
    let actor = actor_id();
    assert_eq!(
        bench.run(ECHO, Amount::More(2)),
        ["ok", "load file:///echo.wasm"]
    );
    assert_eq!(bench.loaded(ECHO, &actor), ["serve file:///echo.wasm 2"]);
    assert!(bench.actors().is_empty());
    assert_eq!(bench.served(&actor), ["started 2 of 2"]);
    assert_eq!(bench.actors(), [(ECHO.to_owned(), vec![2])]);
}

#[test]
fn starts_that_meet_while_loading_share_one_module() {
    let mut bench = Bench::new();
    let actor = actor_id();
    bench.run(ECHO, Amount::More(1));
    assert_eq!(bench.run(ECHO, Amount::More(2)), ["ok"]);
    assert_eq!(bench.run(ECHO, Amount::Exactly(7)), ["ok"]);
    assert_eq!(bench.loaded(ECHO, &actor), ["serve file:///echo.wasm 1"]);
    // One that comes while it is served waits too.
    assert_eq!(bench.run(ECHO, Amount::More(1)), ["ok"]);
    assert_eq!(
        bench.served(&actor),
        [
            "started 1 of 1",
            "limit 3",
            "started 2 of 3",
            "limit 7",
            "started 4 of 7",
            "limit 8",
            "started 1 of 8",
        ]
    );
}

#[test]
fn a_stop_waits_for_the_start_before_it() {
    let mut bench = Bench::new();
    let actor = actor_id();
    bench.run(ECHO, Amount::More(1));
    bench.loaded(ECHO, &actor);
    assert_eq!(bench.stop(&actor, None), ["ok"]);
    // And a start after the stop starts anew.
    assert_eq!(bench.run(ECHO, Amount::More(1)), ["ok"]);
    assert_eq!(
        bench.served(&actor),
        [
            "started 1 of 1",
            "stop",
            "stopped 1 to 0 of 0",
            "load file:///echo.wasm"
        ]
    );
    assert!(bench.actors().is_empty());
}

#[test]
fn a_module_that_does_not_load_fails_everyone_who_waits() {
    let mut bench = Bench::new();
    bench.run(ECHO, Amount::More(1));
    bench.run(ECHO, Amount::Exactly(3));
    let event = Event::Loaded {
        job: Job::Start(ECHO.to_owned()),
        result: Err("no".to_owned()),
    };
    let failed = "failed file:///echo.wasm: no";
    assert_eq!(bench.event(event), [failed, failed]);
    // Nothing is left behind.
    assert_eq!(
        bench.run(ECHO, Amount::More(1)),
        ["ok", "load file:///echo.wasm"]
    );
}

#[test]
fn an_actor_that_cannot_be_served_is_forgotten() {
    let mut bench = Bench::new();
    let actor = actor_id();
    bench.run(ECHO, Amount::More(1));
    bench.loaded(ECHO, &actor);
    bench.stop(&actor, None);
    bench.update(&actor, "file:///new.wasm");
    let event = Event::Served {
        actor: actor.clone(),
        result: Err("no JetStream".to_owned()),
    };
    assert_eq!(
        bench.event(event),
        [
            "failed file:///echo.wasm: no JetStream",
            "refused: Unable to perform live update: no JetStream"
        ]
    );
    assert!(bench.actors().is_empty());
}

#[test]
fn counts_add_up_or_are_set() {
    let mut bench = Bench::new();
    let actor = bench.running(ECHO, 2);
    for (amount, expected) in [
        (Amount::More(3), vec!["ok", "limit 5", "started 3 of 5"]),
        (Amount::Exactly(5), vec!["ok", "limit 5", "scaled 5"]),
        (
            Amount::Exactly(1),
            vec!["ok", "limit 1", "stopped 4 to 1 of 1"],
        ),
        (
            Amount::Exactly(u32::MAX),
            vec!["ok", "limit 4294967295", "started 4294967294 of 4294967295"],
        ),
        (
            Amount::More(9),
            vec!["ok", "limit 4294967295", "scaled 4294967295"],
        ),
        (
            Amount::Exactly(0),
            vec!["ok", "stop", "stopped 4294967295 to 0 of 0"],
        ),
    ] {
        assert_eq!(bench.run(ECHO, amount), expected, "{amount:?}");
    }
    assert!(bench.actors().is_empty());
    // Neither is there anything to do for what does not run.
    assert_eq!(bench.run(ECHO, Amount::Exactly(0)), ["ok"]);
    assert_eq!(bench.stop(&actor, None), ["ok"]);
}

#[test]
fn annotation_sets_count_apart_and_run_together() {
    let mut bench = Bench::new();
    let actor = bench.running(ECHO, 2);
    let mut annotated = run(ECHO, Amount::Exactly(3));
    annotated.annotations = annotations(&[("app", "a"), ("v", "1")]);
    assert_eq!(
        bench.ask(Command::RunActor(annotated)),
        ["ok", "limit 5", "started 3 of 3"]
    );
    assert_eq!(bench.actors(), [(ECHO.to_owned(), vec![2, 3])]);
    let stop = |annotations, count| {
        Command::StopActor(Stop {
            actor: actor.clone(),
            count,
            annotations,
        })
    };
    let app = annotations(&[("app", "a")]);
    assert_eq!(bench.ask(stop(annotations(&[("app", "b")]), None)), ["ok"]);
    assert_eq!(
        bench.ask(stop(app.clone(), Some(1))),
        ["ok", "limit 4", "stopped 1 to 2 of 4"]
    );
    assert_eq!(
        bench.ask(stop(app, None)),
        ["ok", "limit 2", "stopped 2 to 0 of 2"]
    );
    assert_eq!(bench.actors(), [(ECHO.to_owned(), vec![2])]);
    // More than there are is all.
    assert_eq!(
        bench.ask(stop(Map::new(), Some(9))),
        ["ok", "stop", "stopped 2 to 0 of 0"]
    );
}

#[test]
fn a_key_runs_from_one_reference_only() {
    let mut bench = Bench::new();
    let actor = bench.running(ECHO, 1);
    let other = "file:///other.wasm";
    bench.run(other, Amount::More(1));
    let refused = format!(
        "failed {other}: Cannot start new instance of {actor} from ref '{other}', it is already running with \
         different reference. To upgrade an actor, use live update."
    );
    assert_eq!(bench.loaded(other, &actor), [refused.clone()]);
    // So too when the client names the key, without loading anything.
    let mut named = run(other, Amount::Exactly(2));
    named.actor = Some(actor.clone());
    assert_eq!(
        bench.ask(Command::RunActor(named)),
        ["ok".to_owned(), refused]
    );
    assert_eq!(bench.actors(), [(ECHO.to_owned(), vec![1])]);
}

#[test]
fn a_key_alone_finds_what_runs() {
    let mut bench = Bench::new();
    let actor = bench.running(ECHO, 1);
    let mut named = run("", Amount::Exactly(4));
    named.actor = Some(actor);
    assert_eq!(
        bench.ask(Command::RunActor(named.clone())),
        ["ok", "limit 4", "started 3 of 4"]
    );
    named.actor = Some(actor_id());
    let effects = bench.ask(Command::RunActor(named));
    assert!(effects[1].contains("no reference says"), "{effects:?}");
}

#[test]
fn a_reference_must_be_the_actor_that_was_meant() {
    let mut bench = Bench::new();
    let (meant, found) = (actor_id(), actor_id());
    let mut named = run(ECHO, Amount::More(1));
    named.actor = Some(meant.clone());
    bench.ask(Command::RunActor(named));
    bench.run(ECHO, Amount::More(1));
    assert_eq!(
        bench.loaded(ECHO, &found),
        [
            format!("failed {ECHO}: '{ECHO}' is actor {found}, not {meant}"),
            format!("serve {ECHO} 1")
        ]
    );
}

#[test]
fn an_update_needs_the_same_key_and_a_greater_revision() {
    let new = "file:///new.wasm";
    for (key, revision, problem) in [
        (None, 1, Some("its revision 1 is not greater than 1")),
        (None, 0, Some("its revision 0 is not greater than 1")),
        (Some(actor_id()), 2, Some("is actor M")),
        (None, 2, None),
    ] {
        let mut bench = Bench::new();
        let actor = bench.running(ECHO, 1);
        assert_eq!(bench.update(&actor, new), ["load update file:///new.wasm"]);
        // What comes meanwhile waits.
        assert_eq!(bench.run(ECHO, Amount::More(1)), ["ok"]);
        let key = key.unwrap_or_else(|| actor.clone());
        let effects = bench.event(Event::Loaded {
            job: Job::Update(actor.clone()),
            result: Ok(module(&key, revision)),
        });
        if let Some(problem) = problem {
            assert!(effects[0].starts_with("refused: Unable to perform live update: "));
            assert!(effects[0].contains(problem), "{effects:?}");
            assert!(effects[1].starts_with("not updated: "));
            assert_eq!(effects[2..], ["limit 2", "started 1 of 2"]);
            continue;
        }
        assert_eq!(effects, ["replace file:///new.wasm"]);
        let effects = bench.event(Event::Replaced {
            actor: actor.clone(),
            result: Ok(()),
        });
        assert_eq!(effects[..2], ["updated file:///new.wasm 2", "ok"]);
        // The old reference runs no more: who asked for it meanwhile starts with it anew.
        assert_eq!(effects[2..], ["load file:///echo.wasm"]);
        assert_eq!(bench.actors(), [(new.to_owned(), vec![1])]);
    }
}

#[test]
fn an_update_that_fails_late_keeps_the_old_code() {
    let mut bench = Bench::new();
    let actor = bench.running(ECHO, 1);
    assert_eq!(
        bench.update(&actor_id(), ECHO).len(),
        1,
        "refused at once when it does not run"
    );
    bench.update(&actor, "file:///new.wasm");
    bench.event(Event::Loaded {
        job: Job::Update(actor.clone()),
        result: Ok(module(&actor, 2)),
    });
    let effects = bench.event(Event::Replaced {
        actor: actor.clone(),
        result: Err("storage is gone".to_owned()),
    });
    assert_eq!(
        effects,
        [
            "refused: Unable to perform live update: storage is gone",
            "not updated: storage is gone"
        ]
    );
    assert_eq!(bench.inventory.actors()[0].instances[0].revision, 1);
    bench.update(&actor, "file:///new.wasm");
    let effects = bench.event(Event::Loaded {
        job: Job::Update(actor),
        result: Err("no such file".to_owned()),
    });
    assert_eq!(effects[1], "not updated: no such file");
    assert_eq!(bench.actors(), [(ECHO.to_owned(), vec![1])]);
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
fn a_provider_starts_once_per_link_name() {
    let mut bench = Bench::new();
    let alias = "wasmcloud.azurecr.io/httpserver:0.15.0";
    assert_eq!(bench.lp(alias), ["ok".to_owned(), format!("start {alias}")]);
    let taken = "Provider with that link name is already running on this host";
    for _ in 0..2 {
        assert_eq!(
            bench.lp("builtin:httpserver"),
            [
                "ok".to_owned(),
                format!("provider failed builtin:httpserver: {taken}")
            ]
        );
        // No answer while it starts, the first time round.
        bench.provider_started(Ok(()));
    }
    let all = bench.inventory.providers();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].builtin.as_deref(), Some("builtin:httpserver"));
    assert_eq!(all[0].image_ref.as_deref(), Some(alias));
    for (reference, key, link_name, has) in [
        (alias, None, "default", true),
        ("builtin:httpserver", None, "default", true),
        (server().id.as_str(), None, "default", true),
        (
            "ghcr.io/mine",
            Some(server().id.to_string()),
            "default",
            true,
        ),
        ("ghcr.io/mine", None, "default", false),
        ("builtin:httpclient", None, "default", false),
        (alias, None, "other", false),
    ] {
        let found = bench
            .inventory
            .has_provider(reference, key.as_deref(), link_name);
        assert_eq!(found, has, "{reference} {link_name}");
    }
}

#[test]
fn a_provider_stops_and_may_start_again_meanwhile() {
    let mut bench = Bench::new();
    let builtin = "builtin:httpserver";
    bench.lp(builtin);
    // A stop while it starts waits for that.
    assert_eq!(bench.sp(Map::new()), ["ok"]);
    assert_eq!(
        bench.provider_started(Ok(())),
        ["provider started builtin:httpserver", "stop provider"]
    );
    assert_eq!(bench.lp(builtin), ["ok"]);
    assert_eq!(
        bench.event(Event::ProviderStopped(server())),
        ["provider stopped: stop", "start builtin:httpserver"]
    );
    bench.provider_started(Ok(()));
    assert_eq!(bench.sp(annotations(&[("app", "b")])), ["ok"]);
    assert_eq!(
        bench.sp(annotations(&[("app", "a")])),
        ["ok", "stop provider"]
    );
    // Its own end, or a peer's word, tell so in the event.
    bench.event(Event::ProviderStopped(server()));
    assert_eq!(bench.sp(Map::new()), ["ok"]);
    bench.lp(builtin);
    bench.provider_started(Ok(()));
    assert_eq!(
        bench.event(Event::ProviderDismissed(server())),
        ["stop provider"]
    );
    assert_eq!(
        bench.event(Event::ProviderStopped(server())),
        ["provider stopped: normal"]
    );
}

#[test]
fn what_is_not_built_in_fails_with_the_way_out() {
    let mut bench = Bench::new();
    for (reference, words) in [
        ("builtin:teleport", "this host has builtin:httpserver"),
        ("ghcr.io/me/p:1", "come in a later version"),
        ("file:///p.par", "come in a later version"),
        ("", "come in a later version"),
    ] {
        let effects = bench.lp(reference);
        assert_eq!(effects[0], "ok");
        assert!(effects[1].contains(words), "{effects:?}");
    }
    bench.inventory = Inventory::new(Map::new(), String::new(), false);
    let effects = bench.lp("wasmcloud.azurecr.io/httpserver:0.15.0");
    assert!(effects[1].starts_with("provider failed"), "{effects:?}");
    bench.lp("builtin:httpserver");
    let effects = bench.provider_started(Err("no".to_owned()));
    assert_eq!(effects, ["provider failed builtin:httpserver: no"]);
    assert!(bench.inventory.providers().is_empty());
}

#[test]
fn health_is_told_when_it_changes_and_when_its_time_comes() {
    let mut bench = Bench::new();
    bench.lp("builtin:httpserver");
    bench.provider_started(Ok(()));
    for (healthy, periodic, told) in [
        (true, false, Some("passed")),
        (true, false, None),
        (true, true, Some("status")),
        (false, false, Some("failed")),
        (false, false, None),
        (false, true, Some("status")),
        (true, true, Some("passed")),
    ] {
        let told: Vec<_> = told.into_iter().collect();
        assert_eq!(bench.health(healthy, periodic), told);
    }
    let health = bench.inventory.providers()[0].health.clone();
    assert!(health.is_some_and(|it| it.healthy));
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
