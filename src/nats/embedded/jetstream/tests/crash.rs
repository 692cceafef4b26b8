//! Ends that come without warning: a child that stores is killed, and what it was told is stored is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::kv::Store;
use async_nats::jetstream::stream::Config;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use super::super::Sync;
use super::Ours;

/// Names the store to the test below, when it runs as the child.
const STORE: &str = "WASH_TEST_CRASH_STORE";

/// How often a child is killed, unless the environment says otherwise.
const ROUNDS: &str = "WASH_TEST_CRASH_ROUNDS";

/// Serves until it is killed.
#[test]
#[ignore = "the child of the test below"]
#[allow(clippy::print_stdout, reason = "the parent reads it")]
fn serves_until_it_is_killed() {
    let Some(store) = std::env::var_os(STORE) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let ours = Ours::start(store.into(), Sync::Every(Duration::from_millis(20)));
        // A line of its own, whatever the test harness has begun to write.
        println!("\nserving {}", ours.url());
        std::future::pending::<()>().await;
    });
}

/// A server that may be killed at any time.
pub(super) struct Victim {
    pub(super) child: Child,
    pub(super) url: String,
}

impl Victim {
    pub(super) fn start(store: &Path) -> Self {
        // Files that may not grow are an error, not the end.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["serves_until_it_is_killed", "--ignored", "--nocapture"])
            .env(STORE, store)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|it| it.strip_prefix("serving ").map(str::to_owned))
            .unwrap();
        Self { child, url }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a stream must hold, as far as it was acknowledged.
#[derive(Default)]
struct Known {
    /// The log stream: sequence to payload.
    log: BTreeMap<u64, String>,
    /// What was removed from it.
    gone: BTreeSet<u64>,
    /// The bucket: key to revision and value, if there is one.
    values: BTreeMap<String, (u64, Option<String>)>,
}

async fn write(url: String, round: u64, known: &Mutex<Known>) {
    let Ok(client) = async_nats::connect(&url).await else {
        return;
    };
    let js = jetstream::new(client);
    let log = Config {
        name: "LOG".to_owned(),
        subjects: vec!["log.>".to_owned()],
        ..Config::default()
    };
    if js.get_or_create_stream(log).await.is_err() {
        return;
    }
    let config = jetstream::kv::Config {
        bucket: "B".to_owned(),
        ..Default::default()
    };
    let Ok(bucket) = js.create_or_update_key_value(config).await else {
        return;
    };
    for n in 0_u64.. {
        let logs = (0..8).map(|i| {
            let text = format!("{round}.{n}.{i}.{}", "x".repeat((n * 37 % 3000) as usize));
            let js = &js;
            async move {
                let ack = js
                    .publish(format!("log.{i}"), text.clone().into())
                    .await
                    .ok()?;
                let seq = ack.await.ok()?.sequence;
                known.lock().unwrap().log.insert(seq, text);
                Some(())
            }
        });
        let puts = (0..4).map(|i| {
            let key = format!("k{}", (n * 4 + i) % 23);
            let value = format!("{round}.{n}.{}", "v".repeat((n * 13 % 5000) as usize));
            let bucket = &bucket;
            async move {
                let revision = bucket.put(&key, value.clone().into()).await.ok()?;
                let mut known = known.lock().unwrap();
                let held = known.values.entry(key).or_default();
                if held.0 < revision {
                    *held = (revision, Some(value));
                }
                Some(())
            }
        });
        let (logs, puts) = tokio::join!(join_all(logs), join_all(puts));
        let whole = logs.iter().all(Option::is_some) && puts.iter().all(Option::is_some);
        if !whole || remove(&js, &bucket, n, known).await.is_none() {
            return;
        }
    }
}

/// Deletes a message, purges a subject, deletes a key, each now and then; `None` when that is not answered.
async fn remove(
    js: &jetstream::Context,
    bucket: &Store,
    n: u64,
    known: &Mutex<Known>,
) -> Option<()> {
    let stream = js.get_stream("LOG").await.ok()?;
    // Until it is answered, a message may be there or not.
    let take = |wanted: &dyn Fn(u64, &str) -> bool| {
        let log = &mut known.lock().unwrap().log;
        let taken = log.extract_if(.., |seq, text| wanted(*seq, text));
        taken.map(|it| it.0).collect::<Vec<_>>()
    };
    if n % 3 == 1 {
        let seq = *known.lock().unwrap().log.last_key_value()?.0 - n % 8;
        let taken = take(&|it, _| it == seq);
        if !taken.is_empty() {
            stream.delete_message(seq).await.ok()?;
            known.lock().unwrap().gone.extend(taken);
        }
    }
    if n % 17 == 5 {
        let i = n % 8;
        // Its place in the burst is its subject.
        let taken = take(&|_, text| text.split('.').nth(2) == Some(&*i.to_string()));
        stream.purge().filter(format!("log.{i}")).await.ok()?;
        known.lock().unwrap().gone.extend(taken);
    }
    if n % 5 == 2 {
        let key = format!("k{}", n % 23);
        known.lock().unwrap().values.remove(&key);
        bucket.delete(&key).await.ok()?;
        let revision = bucket.entry(&key).await.ok()??.revision;
        known.lock().unwrap().values.insert(key, (revision, None));
    }
    Some(())
}

async fn check(url: &str, known: &Known, since: u64) {
    let js = super::patient(async_nats::connect(url).await.unwrap());
    if let Some((last, _)) = known.log.last_key_value() {
        let stream = js.get_stream("LOG").await.unwrap();
        assert!(stream.cached_info().state.last_sequence >= *last);
        let mut held = stream::iter(known.log.range(since..))
            .map(|(seq, text)| {
                let stream = &stream;
                async move { (seq, text, stream.get_raw_message(*seq).await.unwrap()) }
            })
            .buffered(64);
        while let Some((seq, text, it)) = held.next().await {
            assert_eq!(it.payload, text.as_bytes(), "sequence {seq}");
        }
    }
    if !known.gone.is_empty() {
        let stream = js.get_stream("LOG").await.unwrap();
        for seq in known.gone.range(since..) {
            assert!(
                stream.get_raw_message(*seq).await.is_err(),
                "sequence {seq}"
            );
        }
    }
    if known.values.is_empty() {
        return;
    }
    let bucket = js.get_key_value("B").await.unwrap();
    for (key, (revision, value)) in &known.values {
        let it = bucket.entry(key).await.unwrap().unwrap();
        // A newer value may have been stored, and its acknowledgement lost.
        assert!(it.revision >= *revision, "{key}");
        if it.revision == *revision {
            let value = value.as_deref().unwrap_or_default();
            assert_eq!(it.value, value.as_bytes(), "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[allow(
    clippy::await_holding_lock,
    reason = "nobody else writes while it is read"
)]
async fn nothing_acknowledged_is_lost_to_a_kill() {
    let begun = std::time::Instant::now();
    let rounds = std::env::var(ROUNDS)
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(8);
    let dir = tempfile::tempdir().unwrap();
    let known = Mutex::new(Known::default());
    for round in 0..rounds {
        let last = known
            .lock()
            .unwrap()
            .log
            .last_key_value()
            .map_or(0, |it| *it.0);
        let since = last.saturating_sub(500);
        let mut victim = Victim::start(dir.path());
        let url = victim.url.clone();
        let delay = Duration::from_micros(u64::from(rand::random::<u16>()) * 6);
        let writing = write(url, round, &known);
        let killing = async {
            tokio::time::sleep(delay).await;
            victim.child.kill().unwrap();
            victim.child.wait().unwrap();
            // What was on its way back still arrives.
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        tokio::select! {
            () = writing => {}
            () = killing => {}
        }
        drop(victim);
        let again = Victim::start(dir.path());
        check(&again.url, &known.lock().unwrap(), since).await;
    }
    let again = Victim::start(dir.path());
    let known = known.into_inner().unwrap();
    check(&again.url, &known, 0).await;
    assert!(
        known.log.len() > 100,
        "only {} messages were stored",
        known.log.len()
    );
    tracing::info!(rounds, log = known.log.len(), gone = known.gone.len(), took = ?begun.elapsed());
}

/// Bytes of all files below a folder.
fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.map(|it| match it.metadata() {
        Ok(kind) if kind.is_dir() => size(&it.path()),
        // It may be gone by now.
        other => other.map_or(0, |it| it.len()),
    });
    sizes.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn churn_does_not_fill_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Ours::start(dir.path().to_owned(), Sync::default());
    let js = super::patient(async_nats::connect(ours.url()).await.unwrap());
    let config = jetstream::kv::Config {
        bucket: "B".to_owned(),
        ..Default::default()
    };
    let bucket = js.create_key_value(config).await.unwrap();
    bucket.put("cold", "old".into()).await.unwrap();
    for round in 0..200 {
        let puts = (0..20).map(|i| bucket.put(format!("k{i}"), vec![b'x'; 1000].into()));
        for put in join_all(puts).await {
            put.unwrap();
        }
        if round % 7 == 0 {
            bucket.delete("k3").await.unwrap();
        }
    }
    // Four megabytes were written. Tests have small segments; those that are through go when their copies are safe.
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while size(dir.path()) > 400_000 {
        assert!(
            std::time::Instant::now() < deadline,
            "{} bytes",
            size(dir.path())
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(bucket.get("cold").await.unwrap().unwrap(), "old");
    ours.stop().await;
    let ours = Ours::start(dir.path().to_owned(), Sync::default());
    let js = super::patient(async_nats::connect(ours.url()).await.unwrap());
    let bucket = js.get_key_value("B").await.unwrap();
    assert_eq!(bucket.get("cold").await.unwrap().unwrap(), "old");
    assert_eq!(bucket.get("k1").await.unwrap().unwrap().len(), 1000);
    ours.stop().await;
}
