//! What a full stream does, and ids.

use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};

use super::{PATIENCE, Seen, config, make, put};

pub(super) async fn limits(js: &Context, seen: &mut Seen) {
    for storage in [StorageType::File, StorageType::Memory] {
        let cases = [
            (
                "msgs",
                Config {
                    max_messages: 3,
                    ..Config::default()
                },
            ),
            (
                "msgs new",
                Config {
                    max_messages: 3,
                    discard: DiscardPolicy::New,
                    ..Config::default()
                },
            ),
            (
                "bytes",
                Config {
                    max_bytes: 100,
                    ..Config::default()
                },
            ),
            (
                "bytes new",
                Config {
                    max_bytes: 100,
                    discard: DiscardPolicy::New,
                    ..Config::default()
                },
            ),
            (
                "per subject",
                Config {
                    max_messages_per_subject: 1,
                    ..Config::default()
                },
            ),
            (
                "per subject and new",
                Config {
                    max_messages_per_subject: 1,
                    max_messages: 2,
                    discard: DiscardPolicy::New,
                    ..Config::default()
                },
            ),
            (
                "size",
                Config {
                    max_message_size: 3,
                    ..Config::default()
                },
            ),
            (
                "age",
                Config {
                    max_age: Duration::from_millis(500),
                    ..Config::default()
                },
            ),
            (
                "rollup",
                Config {
                    allow_rollup: true,
                    max_messages_per_subject: 2,
                    ..Config::default()
                },
            ),
            (
                "deny",
                Config {
                    deny_delete: true,
                    deny_purge: true,
                    ..Config::default()
                },
            ),
        ];
        for (at, (step, config)) in cases.into_iter().enumerate() {
            // Names of their own: nats-server may still be clearing away one that was just deleted.
            let name = format!("L{at}{storage:?}");
            let config = Config {
                name: name.clone(),
                subjects: vec!["l.>".to_owned()],
                storage,
                ..config
            };
            let mut stream = make(js, config).await;
            for (subject, payload) in [
                ("l.a", "1"),
                ("l.b", "22"),
                ("l.a", "333"),
                ("l.c", "4444"),
                ("l.a", "5"),
            ] {
                seen.outcome(step, put(js, subject, &[], payload).await);
            }
            if step == "age" {
                let deadline = Instant::now() + PATIENCE;
                while stream.info().await.unwrap().state.messages > 0 && Instant::now() < deadline {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            if step == "rollup" {
                seen.outcome(step, put(js, "l.a", &[("Nats-Rollup", "sub")], "r").await);
                let state = stream.info().await.unwrap().state.clone();
                seen.add(step, (state.messages, state.first_sequence));
                seen.outcome(step, put(js, "l.z", &[("Nats-Rollup", "all")], "r").await);
                seen.outcome(step, put(js, "l.z", &[("Nats-Rollup", "none")], "r").await);
            }
            if step == "deny" {
                seen.outcome(step, stream.delete_message(1).await);
                seen.outcome(step, stream.purge().await.map(|it| it.purged));
            }
            let state = &stream.info().await.unwrap().state;
            seen.add(
                step,
                (
                    state.messages,
                    state.bytes,
                    state.first_sequence,
                    state.last_sequence,
                    state.deleted_count,
                ),
            );
            js.delete_stream(&name).await.unwrap();
        }
    }
}

/// The window within which an id is known.
pub(super) async fn ids(js: &Context, seen: &mut Seen) {
    let config = Config {
        duplicate_window: Duration::from_millis(300),
        ..config("D", "d.>")
    };
    make(js, config).await;
    let id = &[("Nats-Msg-Id", "a")];
    seen.outcome("window", put(js, "d.1", id, "x").await);
    seen.outcome("window", put(js, "d.2", id, "y").await);
    let deadline = Instant::now() + PATIENCE;
    let mut again = put(js, "d.1", id, "z").await.unwrap();
    while again.1 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
        again = put(js, "d.1", id, "z").await.unwrap();
    }
    seen.add("after the window", again);
    let last = [("Nats-Expected-Last-Msg-Id", "a")];
    seen.outcome("last id", put(js, "d.3", &last, "x").await);
    js.delete_stream("D").await.unwrap();
}
