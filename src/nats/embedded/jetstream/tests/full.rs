//! A disk that is full: what fails is told, what was acknowledged stays, and it goes on when there is room.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_nats::jetstream::{Context, stream::Config};
use futures_util::future::join_all;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::crash::Victim;

const PATIENCE: Duration = Duration::from_secs(60);

/// How large a file may become.
fn limit(victim: &Victim, bytes: Option<u64>) {
    let new = Rlimit {
        current: bytes,
        maximum: None,
    };
    let pid = Pid::from_raw(victim.child.id().try_into().unwrap());
    prlimit(pid, Resource::Fsize, new).unwrap();
}

/// Stores some messages; true when each was acknowledged.
async fn burst(js: &Context, acked: &mut BTreeMap<u64, String>, round: usize) -> bool {
    let texts = (0..8).map(|i| format!("{round}.{i}.{}", "x".repeat(1000)));
    let puts = texts.map(|text| async move {
        let sent = js.publish("full.a", text.clone().into()).await.unwrap();
        (sent.await.map(|it| it.sequence), text)
    });
    let mut all = true;
    for (outcome, text) in join_all(puts).await {
        match outcome {
            Ok(seq) => assert_eq!(acked.insert(seq, text), None),
            Err(error) => {
                // An answer, not silence.
                assert!(error.to_string().contains("10077"), "{error}");
                all = false;
            }
        }
    }
    all
}

async fn check(js: &Context, acked: &BTreeMap<u64, String>) {
    let stream = js.get_stream("FULL").await.unwrap();
    assert_eq!(stream.cached_info().state.messages, acked.len() as u64);
    for (seq, text) in acked {
        let it = stream.get_raw_message(*seq).await.unwrap();
        assert_eq!(it.payload, text.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_told_and_nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let victim = Victim::start(dir.path());
    let js = super::patient(async_nats::connect(&victim.url).await.unwrap());
    let config = Config {
        name: "FULL".to_owned(),
        subjects: vec!["full.>".to_owned()],
        ..Config::default()
    };
    js.create_stream(config).await.unwrap();
    let mut acked = BTreeMap::new();
    for round in 0..3 {
        // Somewhere within an entry, and again after there was room.
        limit(&victim, Some(30_123 + 1_001 * round));
        let deadline = Instant::now() + PATIENCE;
        let mut failures = 0;
        while failures < 3 && Instant::now() < deadline {
            failures += usize::from(!burst(&js, &mut acked, failures).await);
        }
        assert_eq!(failures, 3);
        check(&js, &acked).await;
        limit(&victim, None);
        while !burst(&js, &mut acked, 100).await {
            assert!(Instant::now() < deadline);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        check(&js, &acked).await;
    }
    assert!(
        acked.len() > 20,
        "only {} messages were stored",
        acked.len()
    );
    drop(victim);
    let again = Victim::start(dir.path());
    let js = super::patient(async_nats::connect(&again.url).await.unwrap());
    check(&js, &acked).await;
}
