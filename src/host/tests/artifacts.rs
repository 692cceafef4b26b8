//! Actors that come through the lattice's own store.

use std::path::Path;

use super::*;
use crate::host::collector::Collector;
use crate::lattice::artifact::{Artifacts, Collected, Reference};

/// A module at some revision, in the lattice.
async fn put(bench: &Bench, key: &Seed, rev: i32, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut wasm = signed(&guest("echo"), key, |token| {
        token.metadata.as_mut().unwrap().rev = Some(rev);
    });
    change(&mut wasm);
    let path = bench.file(&format!("echo-{rev}.wasm"), &wasm);
    let path = Path::new(path.strip_prefix("file://").unwrap());
    let reference = Reference::of_file(path).unwrap();
    store(bench).put(&reference, path).await.unwrap();
    reference.to_string()
}

fn store(bench: &Bench) -> Artifacts {
    Artifacts::new(bench.client.clone(), LatticeName::default(), None)
}

async fn clear(bench: &Bench) {
    for stored in store(bench).list().await.unwrap() {
        store(bench).remove(&stored).await.unwrap();
    }
}

async fn start(bench: &Bench, reference: &str) -> Result<(), String> {
    let body = json!({"actor_ref": reference, "count": 1, "host_id": bench.id()});
    assert_eq!(bench.command("la", body).await, ACCEPTED);
    let mut result = None;
    eventually("it started or failed", async || {
        if bench.has_event("actors_started") {
            bench.event("actors_started").await;
            result = Some(Ok(()));
        } else if bench.has_event("actor_start_failed") {
            let failed = bench.event("actor_start_failed").await;
            result = Some(Err(failed["error"].as_str().unwrap().to_owned()));
        }
        result.is_some()
    })
    .await;
    result.unwrap()
}

#[tokio::test]
async fn a_host_runs_what_the_lattice_has_and_keeps_it() {
    let cache = tempfile::tempdir().unwrap();
    let dir = cache.path().join("artifacts");
    let bench = Bench::with(|it| {
        it.allow_file_load = false;
        it.artifacts = Some(dir.clone());
    })
    .await;
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    assert!(inventory.artifacts.is_some());

    let key = Seed::generate(KeyKind::Module);
    let reference = put(&bench, &key, 1, |_| {}).await;
    start(&bench, &reference).await.unwrap();
    let id = ActorId::parse(&key.public()).unwrap();
    let answer = bench.call(client_origin(), &id, b"ping").await;
    assert_eq!(answer.unwrap(), "ping");

    // From disk, the next time.
    clear(&bench).await;
    let stop = json!({"actor_ref": id, "count": 0, "host_id": bench.id()});
    assert_eq!(bench.command("sa", stop.clone()).await, ACCEPTED);
    bench.event("actors_stopped").await;
    start(&bench, &reference).await.unwrap();
    assert_eq!(bench.command("sa", stop).await, ACCEPTED);
    bench.event("actors_stopped").await;

    // What is on disk is not believed either.
    for entry in std::fs::read_dir(&dir).unwrap() {
        std::fs::write(entry.unwrap().path(), "something else").unwrap();
    }
    let error = start(&bench, &reference).await.unwrap_err();
    assert!(error.contains("send the file again"), "{error}");
    assert!(error.contains(&reference), "{error}");
}

#[tokio::test]
async fn a_reference_is_no_way_around_signatures() {
    let bench = Bench::new().await;
    let key = Seed::generate(KeyKind::Module);
    let damaged = put(&bench, &key, 1, |it| it.extend([0, 3, 1, b'x', 0])).await;
    let error = start(&bench, &damaged).await.unwrap_err();
    assert!(error.contains("changed after it was signed"), "{error}");
    let unsigned = put(&bench, &key, 2, |it| *it = guest("echo")).await;
    let error = start(&bench, &unsigned).await.unwrap_err();
    assert!(error.contains("not signed"), "{error}");
    for bad in [
        "lattice://",
        "lattice://sha256-00/x",
        "lattice://../../etc/passwd",
    ] {
        let error = start(&bench, bad).await.unwrap_err();
        assert!(error.contains("not a reference"), "{bad}: {error}");
    }
}

#[tokio::test]
async fn a_host_collects_what_nothing_refers_to() {
    let bench = Bench::new().await;
    let collector = Collector {
        host: bench.host.id().clone(),
        store: store(&bench),
        control: bench.control.clone(),
        state: State::open(bench.client.clone(), &LatticeName::default(), None)
            .await
            .unwrap(),
    };
    let collect = async || collector.collect(Duration::ZERO, Duration::ZERO).await;
    assert_eq!(collect().await.unwrap(), None, "there is nothing");

    let key = Seed::generate(KeyKind::Module);
    let first = put(&bench, &key, 1, |_| {}).await;
    let unheard = put(&bench, &key, 2, |_| {}).await;
    let third = put(&bench, &Seed::generate(KeyKind::Module), 3, |_| {}).await;
    start(&bench, &first).await.unwrap();
    let names = async || {
        let stored = store(&bench).list().await.unwrap();
        let mut names: Vec<_> = (stored.iter().filter(|it| it.digest().is_some()))
            .map(|it| it.file_name().to_owned())
            .collect();
        names.sort();
        names
    };
    start(&bench, &third).await.unwrap();
    let stop = |key: &str| json!({"actor_ref": key, "count": 0, "host_id": bench.id()});

    // One runs, one ran last of its kind, and of one nobody has heard.
    let collected = collect().await.unwrap().unwrap();
    assert_eq!(collected.artifacts, 1);
    assert_eq!(names().await, ["echo-1.wasm", "echo-3.wasm"]);

    let again = put(&bench, &key, 2, |_| {}).await;
    assert_ne!(again, unheard, "another account signed it");
    let update = json!({"actor_id": key.public(), "new_actor_ref": again, "host_id": bench.id()});
    assert_eq!(bench.command("upd", update).await, ACCEPTED);
    bench.event("actor_updated").await;
    assert_eq!(collect().await.unwrap().unwrap().artifacts, 1);
    assert_eq!(names().await, ["echo-2.wasm", "echo-3.wasm"]);

    assert_eq!(bench.command("sa", stop(&key.public())).await, ACCEPTED);
    bench.event("actors_stopped").await;
    let collected = collect().await.unwrap();
    assert_eq!(collected, Some(Collected::default()));
    assert_eq!(names().await, ["echo-2.wasm", "echo-3.wasm"]);
}
