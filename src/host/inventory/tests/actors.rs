//! Actors: what is started, counted, updated and stopped, and in which order.

use super::*;

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
    assert_eq!(bench.loaded(other, &actor), [refused.as_str()]);
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
