//! Three machines that know only the hub: the walkthrough over them, bad weather, and a cut.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::world::faults::{Arrangement, Fault, Row, Times, Trial};
use crate::world::load::{Door, Load, Pace};
use crate::world::{Kind, Machine, Weather, World, eventually, with_namespaces};

#[test]
fn the_story_in_namespaces() {
    with_namespaces("machines::the_story_in_namespaces", || {
        story(Kind::Namespaces);
    });
}

#[test]
fn the_story_on_loopback() {
    story(Kind::Loopback);
}

#[test]
fn faults_in_namespaces() {
    with_namespaces("machines::faults_in_namespaces", || {
        faults(Kind::Namespaces, Arrangement::Far, &Fault::ALL);
    });
}

#[test]
fn faults_on_loopback() {
    let some = [
        Fault::ActorStops,
        Fault::LinkCut,
        Fault::HubRestarts,
        Fault::MachineFreezes,
    ];
    faults(Kind::Loopback, Arrangement::Near, &some);
}

/// As `scripts/faults` measures, in short and without looking at times, which are those of a busy machine: calls
/// may take long enough for every fault to pass.
#[allow(clippy::print_stdout, reason = "shown beside a failure")]
fn faults(kind: Kind, arrangement: Arrangement, faults: &[Fault]) {
    let times = Times {
        fault: Duration::from_secs(1),
        after: Duration::from_secs(1),
    };
    let deadline = Some(Duration::from_secs(12));
    let rows = Trial::new(kind, arrangement, deadline).run(faults, times);
    println!("{}\n{}", arrangement.title(), Row::HEAD);
    for row in rows {
        println!("{row}");
        assert!(row.gets > 100, "{row}");
        assert_eq!((row.posts_twice, row.posts_untrue), (0, 0), "{row}");
        assert_eq!((row.lost, row.failed), (0, 0), "{row}");
        // A POST that is under way on a machine or a hub that ends goes with it.
        let ends = [Fault::HostKilled, Fault::MachineDies, Fault::HubRestarts];
        if arrangement == Arrangement::Near || !ends.contains(&row.fault) {
            assert_eq!(row.posts_failed, 0, "{row}");
        }
    }
}

const HELLO: &str = "MB46ZQTNXEDVJP4TMWTBRAV57H6SNAHORBZYWNNTMEC7Y5LLSFG4EC6N";
const DOGS_AND_CATS: &str = "MCI7BHPJMRIJJFFHQ67XFD76SLHSCVSBAYSWXMZXLQLGJVAGJMEKXFFK";

fn example(name: &str) -> PathBuf {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    examples.join(name).join(format!("{name}.wasm"))
}

fn story(kind: Kind) {
    let mut world = World::new(kind, &["first", "second", "third"]);
    world.populate();
    let [first, second, third] = &world.machines[..] else {
        panic!("three machines");
    };

    // Nobody typed an address of another machine, and everybody sees all.
    for machine in &world.machines {
        let hosts = machine.ask(&["get", "hosts"]).to_string();
        for it in &world.machines {
            assert!(hosts.contains(it.host_id()), "{}: {hosts}", machine.name);
        }
    }

    // The actor here, then on machines that are asked for by labels.
    let hello = example("hello");
    let hello = hello.to_str().unwrap();
    let start = ["start", "actor", hello, "--count", "50"];
    first.ask(&[&start[..], &["--host", first.host_id()]].concat());
    let door = Door {
        space: first.space.clone(),
        address: first.space.free_address(),
    };
    let values = format!("ADDRESS={}", door.address);
    let link = ["link", "put", HELLO, "builtin:httpserver"];
    first.ask(&[&link[..], &["wasmcloud:httpserver", &values]].concat());
    let provider = ["start", "provider", "builtin:httpserver", "--host"];
    first.ask(&[&provider[..], &[first.host_id()]].concat());
    eventually("the actor answers", || first.get(door.address));
    let os = format!("hostcore.os={}", std::env::consts::OS);
    for (place, at) in [("machine=second", second), ("machine=third", third)] {
        let started = first.ask(&[&start[..], &["-c", place, "-c", &os]].concat());
        assert!(started.to_string().contains(at.host_id()), "{started}");
    }
    let nowhere = [&start[..], &["-c", "machine=fourth", "-c", &os, "-t", "5s"]].concat();
    let nowhere = first.run(&nowhere).failure(6);
    assert!(nowhere.stderr.contains("machine"), "{nowhere}");

    // What runs here stops, and nobody who asks notices.
    let pace = Pace {
        gets: Duration::from_millis(20),
        work: None,
    };
    let load = Load::start(std::slice::from_ref(&door), pace);
    first.ask(&["stop", "actor", HELLO, "--host", first.host_id()]);
    second.ask(&["stop", "actor", HELLO, "--host", second.host_id()]);
    load.pass(50);
    let samples = load.finish();
    let failed: Vec<_> = samples.iter().filter(|it| !it.is_success()).collect();
    assert!(failed.is_empty(), "of {}: {failed:?}", samples.len());

    // A slow line that loses one packet in twenty still serves.
    let bad = Weather {
        delay: Duration::from_millis(50),
        loss: 0.05,
        cut: false,
    };
    for machine in [first, third] {
        machine.set_weather(bad);
    }
    let load = Load::start(std::slice::from_ref(&door), pace);
    eventually("answers over a bad line", || first.get(door.address));
    load.pass(150);
    let samples = load.finish();
    let served = samples.iter().filter(|it| it.is_success()).count();
    assert!(
        served * 10 >= samples.len() * 9,
        "{served} of {}",
        samples.len()
    );
    let least = samples.iter().map(|it| it.done - it.due).min().unwrap();
    assert!(least >= Duration::from_millis(200), "no delay: {least:?}");
    for machine in [first, third] {
        machine.heal();
    }

    cut_and_heal(&world.machines);
}

/// What is put on either side of a cut, and acknowledged, is everywhere after it.
fn cut_and_heal(machines: &[Machine]) {
    let [first, second, third] = machines else {
        panic!("three machines");
    };
    second.cut();
    let put = |at: &Machine, name: &str| {
        let link = ["link", "put", HELLO, "builtin:httpclient"];
        let name = ["wasmcloud:httpclient", "--link-name", name, "-t", "4s"];
        at.run(&[&link[..], &name].concat()).code == 0
    };
    assert!(put(first, "near"), "where the state is");
    assert!(put(third, "over-the-hub"));
    let mut expected = vec!["default", "near", "over-the-hub"];
    if put(second, "cut-off") {
        expected.push("cut-off");
    }
    let other = example("dogs-and-cats");
    let start = ["start", "actor", other.to_str().unwrap(), "--host"];
    first.ask(&[&start[..], &[third.host_id()]].concat());
    second.heal();

    for machine in machines {
        eventually("the links that were acknowledged are everywhere", || {
            let links = names(&machine.ask(&["get", "links"]), "links", "link_name");
            expected
                .iter()
                .all(|it| links.contains(&(*it).to_owned()))
                .then_some(())
        });
        eventually("the claims of the new actor are everywhere", || {
            let claims = machine.ask(&["get", "claims"]).to_string();
            claims.contains(DOGS_AND_CATS).then_some(())
        });
    }
    // What was not acknowledged may have arrived, but then it did everywhere.
    eventually("all say the same", || {
        let said = |what: &str| machines.iter().map(|it| it.ask(&["get", what])).collect();
        let (links, claims): (Vec<Value>, Vec<Value>) = (said("links"), said("claims"));
        let same = |it: &[Value]| it.windows(2).all(|pair| pair[0] == pair[1]);
        (same(&links) && same(&claims)).then_some(())
    });
}

fn names(document: &Value, list: &str, field: &str) -> Vec<String> {
    let list = document[list].as_array().unwrap();
    let names = list.iter().map(|it| it[field].as_str().unwrap_or_default());
    names.map(str::to_owned).collect()
}
