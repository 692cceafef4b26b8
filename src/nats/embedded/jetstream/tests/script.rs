//! The script. Each line it returns is a step's name and what a client saw.

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use async_nats::jetstream::consumer::{self, AckPolicy, DeliverPolicy, pull, push};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
use async_nats::jetstream::{self, Context, kv};
use async_nats::{Client, HeaderMap};
use futures_util::{StreamExt, TryStreamExt};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// Steps that deliberately end otherwise, and why.
pub(super) const DIFFERENT: &[(&str, &str)] = &[
    (
        "work queue",
        "only limits decide what is kept; the refusal names nats-server",
    ),
    (
        "mirror",
        "streams do not follow others; the refusal names nats-server",
    ),
    (
        "snapshot",
        "`wash nats export` reads a stream as any client; the refusal names nats-server",
    ),
    (
        "unknown",
        "nats-server does not answer at all; a client learns more from a refusal",
    ),
];

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Seen(Vec<String>);

impl Seen {
    fn add(&mut self, step: &str, what: impl Debug) {
        let mut line = format!("{step}: ");
        let _ = write!(line, "{what:?}");
        self.0.push(line);
    }

    /// A failure is known by its text: code and description.
    fn outcome<T: Debug, E: std::error::Error>(&mut self, step: &str, it: Result<T, E>) {
        match it {
            Ok(it) => self.add(step, it),
            Err(error) => {
                let mut text = error.to_string();
                let mut source = error.source();
                while let Some(it) = source {
                    let _ = write!(text, ": {it}");
                    source = it.source();
                }
                self.add(step, text);
            }
        }
    }
}

pub(super) async fn run(client: Client) -> Vec<String> {
    let mut seen = Seen::default();
    for context in [
        jetstream::new(client.clone()),
        jetstream::with_domain(client.clone(), super::DOMAIN),
    ] {
        streams(&context, &mut seen).await;
        limits(&context, &mut seen).await;
        values(&context, &mut seen).await;
        objects(&context, &mut seen).await;
        pulls(&context, &mut seen).await;
        pushes(&context, &client, &mut seen).await;
        refused(&context, &client, &mut seen).await;
    }
    seen.0
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.insert(*name, *value);
    }
    map
}

async fn put(
    js: &Context,
    subject: &str,
    lines: &[(&'static str, &str)],
    payload: &str,
) -> Result<(u64, bool), async_nats::jetstream::context::PublishError> {
    let ack = js
        .publish_with_headers(
            subject.to_owned(),
            headers(lines),
            payload.to_owned().into(),
        )
        .await?
        .await?;
    assert_eq!(ack.domain, super::DOMAIN);
    Ok((ack.sequence, ack.duplicate))
}

fn config(name: &str, subject: &str) -> Config {
    Config {
        name: name.to_owned(),
        subjects: vec![subject.to_owned()],
        ..Config::default()
    }
}

async fn streams(js: &Context, seen: &mut Seen) {
    let mut stream = js.create_stream(config("S", "s.>")).await.unwrap();
    let info = stream.cached_info();
    seen.add(
        "created",
        (
            &info.config.subjects,
            &info.config.max_messages,
            info.config.duplicate_window,
        ),
    );
    seen.outcome(
        "created again",
        js.create_stream(config("S", "s.>"))
            .await
            .map(|it| it.cached_info().state.messages),
    );
    seen.outcome(
        "created otherwise",
        js.create_stream(config("S", "t.>")).await.map(|_| ()),
    );
    seen.outcome(
        "overlap",
        js.create_stream(config("T", "s.x")).await.map(|_| ()),
    );
    seen.outcome("no such stream", js.get_stream("T").await.map(|_| ()));
    for i in 0..10 {
        seen.outcome(
            "publish",
            put(js, &format!("s.{}", i % 3), &[], &i.to_string()).await,
        );
    }
    seen.outcome("id", put(js, "s.id", &[("Nats-Msg-Id", "a")], "1").await);
    seen.outcome(
        "same id",
        put(js, "s.id", &[("Nats-Msg-Id", "a")], "1").await,
    );
    for (name, value) in [
        ("Nats-Expected-Stream", "S"),
        ("Nats-Expected-Stream", "T"),
        ("Nats-Expected-Last-Sequence", "12"),
        ("Nats-Expected-Last-Sequence", "1"),
        ("Nats-Expected-Last-Subject-Sequence", "0"),
        ("Nats-Expected-Last-Subject-Sequence", "5"),
        ("Nats-Expected-Last-Msg-Id", "b"),
        ("Nats-Rollup", "sub"),
    ] {
        seen.outcome(
            &format!("{name} {value}"),
            put(js, &format!("s.e.{value}"), &[(name, value)], "x").await,
        );
    }
    for seq in [1, 5, 99] {
        let it = stream.get_raw_message(seq).await;
        seen.outcome(
            "get",
            it.map(|it| (it.subject, it.sequence, it.payload, it.headers)),
        );
    }
    let it = stream.get_last_raw_message_by_subject("s.*").await;
    seen.outcome("get last", it.map(|it| (it.subject, it.sequence)));
    let it = stream.get_first_raw_message_by_subject("s.1", 3).await;
    seen.outcome("get next", it.map(|it| (it.subject, it.sequence)));
    seen.outcome("delete", stream.delete_message(5).await);
    seen.outcome("delete again", stream.delete_message(5).await);
    seen.outcome("delete none", stream.delete_message(500).await);
    let state = &stream.info().await.unwrap().state;
    seen.add(
        "state",
        (
            state.messages,
            state.bytes,
            state.first_sequence,
            state.last_sequence,
            state.subjects_count,
            state.deleted_count,
        ),
    );
    let mut subjects: Vec<_> = stream
        .info_with_subjects("s.*")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    subjects.sort();
    seen.add("subjects", subjects);
    let it = stream.info_builder().with_deleted(true).fetch().await;
    seen.outcome("deleted", it.map(|it| it.info.state.deleted));
    seen.outcome(
        "purge subject",
        stream.purge().filter("s.1").await.map(|it| it.purged),
    );
    seen.outcome(
        "purge keep",
        stream.purge().keep(4).await.map(|it| it.purged),
    );
    seen.outcome(
        "purge to",
        stream.purge().sequence(11).await.map(|it| it.purged),
    );
    seen.outcome("purge", stream.purge().await.map(|it| it.purged));
    let state = &stream.info().await.unwrap().state;
    seen.add(
        "purged",
        (
            state.messages,
            state.bytes,
            state.first_sequence,
            state.last_sequence,
        ),
    );
    let names: Vec<_> = js.stream_names().try_collect().await.unwrap();
    seen.add("names", names);
    let mut changed = config("S", "s.>");
    changed.storage = StorageType::Memory;
    seen.outcome(
        "update storage",
        js.update_stream(changed).await.map(|_| ()),
    );
    seen.outcome(
        "update",
        js.update_stream(config("S", "u.>"))
            .await
            .map(|it| it.config.subjects),
    );
    seen.outcome("old subject", put(js, "s.1", &[], "x").await);
    seen.outcome("deleted", js.delete_stream("S").await.map(|it| it.success));
    seen.outcome(
        "deleted again",
        js.delete_stream("S").await.map(|it| it.success),
    );
}

async fn limits(js: &Context, seen: &mut Seen) {
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
                "new per subject",
                Config {
                    max_messages_per_subject: 1,
                    discard_new_per_subject: true,
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
            (
                "first",
                Config {
                    first_sequence: Some(100),
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
            let mut stream = js.create_stream(config).await.unwrap();
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
                let deadline = std::time::Instant::now() + PATIENCE;
                while stream.info().await.unwrap().state.messages > 0
                    && std::time::Instant::now() < deadline
                {
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

async fn values(js: &Context, seen: &mut Seen) {
    let config = kv::Config {
        bucket: "B".to_owned(),
        history: 3,
        ..kv::Config::default()
    };
    let bucket = js.create_key_value(config).await.unwrap();
    seen.outcome("kv get none", bucket.get("a").await);
    seen.outcome("kv create", bucket.create("a", "1".into()).await);
    seen.outcome("kv create again", bucket.create("a", "1".into()).await);
    seen.outcome("kv put", bucket.put("a", "2".into()).await);
    seen.outcome("kv update", bucket.update("a", "3".into(), 2).await);
    seen.outcome("kv update late", bucket.update("a", "3".into(), 2).await);
    seen.outcome("kv get", bucket.get("a").await);
    let it = bucket.entry("a").await;
    seen.outcome(
        "kv entry",
        it.map(|it| it.map(|it| (it.key, it.value, it.revision, it.delta, it.operation))),
    );
    let it = bucket.entry_for_revision("a", 1).await;
    seen.outcome(
        "kv revision",
        it.map(|it| it.map(|it| (it.key, it.value, it.revision))),
    );
    for key in ["b", "c.d", "e/f", "g=h"] {
        seen.outcome("kv put", bucket.put(key, key.to_owned().into()).await);
    }
    seen.outcome("kv delete", bucket.delete("b").await);
    seen.outcome(
        "kv create deleted",
        bucket.create("b", "again".into()).await,
    );
    seen.outcome("kv purge", bucket.purge("c.d").await);
    for step in ["kv keys", "kv keys again"] {
        let mut keys: Vec<_> = bucket.keys().await.unwrap().try_collect().await.unwrap();
        keys.sort();
        seen.add(step, keys);
    }
    let history: Vec<_> = bucket
        .history("a")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let history: Vec<_> = history
        .iter()
        .map(|it| (&it.value, it.revision, it.delta, it.operation))
        .collect();
    seen.add("kv history", history);
    let mut all = bucket.watch_with_history(">").await.unwrap();
    for _ in 0..5 {
        let it = timeout(PATIENCE, all.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        seen.add(
            "kv watch",
            (it.key, it.value, it.revision, it.operation, it.seen_current),
        );
    }
    bucket.put("live", "x".into()).await.unwrap();
    let mut new = bucket.watch("w.*").await.unwrap();
    bucket.put("w.1", "x".into()).await.unwrap();
    let it = timeout(PATIENCE, new.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    seen.add("kv watch new", (it.key, it.revision, it.delta));
    drop((all, new));
    let status = bucket.status().await.unwrap();
    seen.add(
        "kv status",
        (status.values(), status.history(), status.info.state.bytes),
    );
    js.delete_key_value("B").await.unwrap();
    seen.outcome("kv gone", js.get_key_value("B").await.map(|_| ()));
}

async fn objects(js: &Context, seen: &mut Seen) {
    let config = jetstream::object_store::Config {
        bucket: "O".to_owned(),
        ..Default::default()
    };
    let store = js.create_object_store(config).await.unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|it| (it % 251) as u8).collect();
    for (name, bytes) in [
        ("small", &b"hello"[..]),
        ("large", &large),
        ("small", b"bye"),
    ] {
        let mut bytes = bytes;
        let info = store.put(name, &mut bytes).await;
        seen.outcome(
            "put object",
            info.map(|it| (it.name, it.size, it.chunks, it.digest)),
        );
    }
    for name in ["small", "large"] {
        let mut object = store.get(name).await.unwrap();
        let mut bytes = Vec::new();
        timeout(PATIENCE, object.read_to_end(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        seen.add(
            "get object",
            (name, bytes.len(), name == "large" && bytes == large),
        );
    }
    seen.outcome("no object", store.get("none").await.map(|_| ()));
    let mut names: Vec<_> = store
        .list()
        .await
        .unwrap()
        .map_ok(|it| it.name)
        .try_collect()
        .await
        .unwrap();
    names.sort();
    seen.add("list objects", names);
    seen.outcome("delete object", store.delete("large").await);
    let names: Vec<_> = store
        .list()
        .await
        .unwrap()
        .map_ok(|it| it.name)
        .try_collect()
        .await
        .unwrap();
    seen.add("list objects", names);
    let state = js
        .get_stream("OBJ_O")
        .await
        .unwrap()
        .cached_info()
        .state
        .clone();
    seen.add("objects", (state.messages, state.last_sequence));
    js.delete_object_store("O").await.unwrap();
}

fn told(message: &jetstream::Message) -> (String, String, u64, u64, i64, u64) {
    let info = message.info().unwrap();
    (
        message.subject.to_string(),
        String::from_utf8_lossy(&message.payload).into_owned(),
        info.stream_sequence,
        info.consumer_sequence,
        info.delivered,
        info.pending,
    )
}

async fn show<C: consumer::IntoConsumerConfig>(
    seen: &mut Seen,
    step: &str,
    it: &consumer::Consumer<C>,
) {
    // What was acknowledged without asking for an answer takes a moment.
    let mut last = String::new();
    let mut same = 0;
    while same < 3 {
        let info = it
            .get_info()
            .await
            .unwrap_or_else(|error| panic!("{step}: {error}"));
        let now = format!(
            "{:?}",
            (
                info.delivered.consumer_sequence,
                info.delivered.stream_sequence,
                info.ack_floor.consumer_sequence,
                info.ack_floor.stream_sequence,
                info.num_ack_pending,
                info.num_pending,
                info.num_waiting,
            )
        );
        same = if now == last { same + 1 } else { 0 };
        last = now;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    seen.add(step, last);
}

async fn pulls(js: &Context, seen: &mut Seen) {
    let stream = js.create_stream(config("P", "p.>")).await.unwrap();
    for i in 0..20 {
        put(js, &format!("p.{}", i % 4), &[], &i.to_string())
            .await
            .unwrap();
    }
    let durable = pull::Config {
        durable_name: Some("d".to_owned()),
        ack_wait: Duration::from_millis(700),
        max_deliver: 3,
        ..pull::Config::default()
    };
    let it = stream.create_consumer(durable.clone()).await.unwrap();
    seen.add(
        "consumer config",
        format!("{:?}", it.cached_info().config)
            .split("metadata")
            .next()
            .unwrap()
            .to_owned(),
    );
    let batch: Vec<_> = it
        .fetch()
        .max_messages(5)
        .messages()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    for (at, message) in batch.iter().enumerate() {
        seen.add("fetch", told(message));
        let kind = match at {
            0 => jetstream::AckKind::Ack,
            1 => jetstream::AckKind::Nak(None),
            2 => jetstream::AckKind::Term,
            3 => jetstream::AckKind::Progress,
            _ => jetstream::AckKind::Nak(Some(Duration::from_millis(100))),
        };
        seen.outcome(
            "double ack",
            message
                .double_ack_with(kind)
                .await
                .map_err(|it| std::io::Error::other(it.to_string())),
        );
    }
    let mut again = Vec::new();
    let mut left = it
        .stream()
        .max_messages_per_batch(1)
        .messages()
        .await
        .unwrap();
    while again
        .iter()
        .filter(|it: &&(_, _, u64, _, i64, _)| it.2 <= 5)
        .count()
        < 5
    {
        let message = timeout(PATIENCE, left.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        again.push(told(&message));
        if told(&message).2 > 5 || told(&message).4 == 3 {
            message.ack().await.unwrap();
        }
    }
    drop(left);
    let mut redelivered: Vec<_> = again
        .iter()
        .filter(|it| it.2 <= 5)
        .map(|it| (it.2, it.4))
        .collect();
    redelivered.sort_unstable();
    seen.add("redelivered", redelivered);
    let filtered = pull::Config {
        filter_subjects: vec!["p.1".to_owned(), "p.3".to_owned()],
        ack_policy: AckPolicy::None,
        ..pull::Config::default()
    };
    let it = stream.create_consumer(filtered).await.unwrap();
    seen.add("filtered", it.cached_info().num_pending);
    let batch: Vec<_> = it
        .fetch()
        .max_messages(100)
        .messages()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    seen.add("filtered", batch.iter().map(told).collect::<Vec<_>>());
    let batch: Vec<_> = it
        .fetch()
        .max_messages(100)
        .messages()
        .await
        .unwrap()
        .map_ok(|it| told(&it))
        .try_collect()
        .await
        .unwrap();
    seen.add("fetch nothing", batch);
    let batch: Vec<_> = it
        .batch()
        .max_messages(2)
        .expires(Duration::from_millis(300))
        .messages()
        .await
        .unwrap()
        .map_ok(|it| told(&it))
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .map(|it| it.map_err(|it| it.to_string()))
        .collect();
    seen.add("batch of nothing", batch);
    show(seen, "filtered info", &it).await;
    for (step, policy) in [
        ("all", DeliverPolicy::All),
        ("new", DeliverPolicy::New),
        ("last", DeliverPolicy::Last),
        (
            "start sequence",
            DeliverPolicy::ByStartSequence { start_sequence: 7 },
        ),
        (
            "start far",
            DeliverPolicy::ByStartSequence {
                start_sequence: 700,
            },
        ),
        ("last per subject", DeliverPolicy::LastPerSubject),
    ] {
        let config = pull::Config {
            deliver_policy: policy,
            filter_subject: "p.*".to_owned(),
            ack_policy: AckPolicy::Explicit,
            max_ack_pending: 6,
            ..pull::Config::default()
        };
        let it = stream.create_consumer(config).await.unwrap();
        let batch: Vec<_> = it
            .fetch()
            .max_messages(8)
            .messages()
            .await
            .unwrap()
            .map_ok(|it| told(&it))
            .try_collect()
            .await
            .unwrap();
        seen.add(step, batch);
        show(seen, step, &it).await;
        let name = it.cached_info().name.clone();
        stream.delete_consumer(&name).await.unwrap();
    }
    seen.outcome(
        "changed",
        stream
            .create_consumer_strict(pull::Config {
                max_deliver: 9,
                ..durable.clone()
            })
            .await
            .map(|_| ()),
    );
    seen.outcome(
        "update",
        stream
            .update_consumer(pull::Config {
                max_deliver: 9,
                ..durable.clone()
            })
            .await
            .map(|it| it.cached_info().config.max_deliver),
    );
    seen.outcome(
        "update none",
        stream
            .update_consumer(pull::Config {
                durable_name: Some("zz".to_owned()),
                ..pull::Config::default()
            })
            .await
            .map(|_| ()),
    );
    seen.outcome(
        "update ack",
        stream
            .update_consumer(pull::Config {
                ack_policy: AckPolicy::None,
                ..durable
            })
            .await
            .map(|_| ()),
    );
    let mut ordered = stream
        .create_consumer(pull::OrderedConfig {
            filter_subject: "p.2".to_owned(),
            ..Default::default()
        })
        .await
        .unwrap()
        .messages()
        .await
        .unwrap();
    for _ in 0..5 {
        seen.add(
            "ordered pull",
            told(
                &timeout(PATIENCE, ordered.next())
                    .await
                    .unwrap()
                    .unwrap()
                    .unwrap(),
            ),
        );
    }
    drop(ordered);
    seen.outcome(
        "no consumer",
        stream
            .get_consumer::<pull::Config>("zz")
            .await
            .map(|_| ())
            .map_err(|it| std::io::Error::other(it.to_string())),
    );
    seen.outcome(
        "delete consumer",
        stream.delete_consumer("d").await.map(|it| it.success),
    );
    seen.outcome(
        "delete consumer again",
        stream.delete_consumer("d").await.map(|it| it.success),
    );
    js.delete_stream("P").await.unwrap();
}

async fn pushes(js: &Context, client: &Client, seen: &mut Seen) {
    let stream = js.create_stream(config("Q", "q.>")).await.unwrap();
    let body = "x".repeat(10_000);
    for i in 0..300 {
        js.publish(format!("q.{}", i % 3), body.clone().into())
            .await
            .unwrap()
            .await
            .unwrap();
    }
    let ordered = push::OrderedConfig {
        deliver_subject: client.new_inbox(),
        filter_subject: "q.1".to_owned(),
        ..Default::default()
    };
    let mut messages = stream
        .create_consumer(ordered)
        .await
        .unwrap()
        .messages()
        .await
        .unwrap();
    let mut total = 0;
    for _ in 0..100 {
        let it = timeout(PATIENCE, messages.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        total += it.payload.len() as u64 + it.info().unwrap().stream_sequence;
    }
    seen.add("ordered push", total);
    drop(messages);
    let acked = push::Config {
        deliver_subject: client.new_inbox(),
        durable_name: Some("a".to_owned()),
        ack_wait: Duration::from_millis(400),
        max_ack_pending: 2,
        headers_only: true,
        filter_subject: "q.2".to_owned(),
        ..Default::default()
    };
    let it = stream.create_consumer(acked).await.unwrap();
    let mut messages = it.messages().await.unwrap();
    let mut told = Vec::new();
    for _ in 0..6 {
        let message = timeout(PATIENCE, messages.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let info = message.info().unwrap();
        told.push((
            info.stream_sequence,
            info.delivered,
            message.payload.len(),
            message.headers.clone(),
        ));
        if info.delivered == 2 {
            message.ack().await.unwrap();
        }
    }
    seen.add("push acked", told);
    drop(messages);
    let heart = push::Config {
        deliver_subject: client.new_inbox(),
        idle_heartbeat: Duration::from_millis(100),
        flow_control: true,
        deliver_policy: DeliverPolicy::New,
        ack_policy: AckPolicy::None,
        ..Default::default()
    };
    let to = heart.deliver_subject.clone();
    let mut raw = client.subscribe(to).await.unwrap();
    let it = stream.create_consumer(heart).await.unwrap();
    for _ in 0..2 {
        let beat = timeout(PATIENCE, raw.next()).await.unwrap().unwrap();
        let mut lines: Vec<_> = beat
            .headers
            .iter()
            .flat_map(|it| it.iter())
            .map(|(n, v)| (n.to_string(), format!("{v:?}")))
            .collect();
        lines.sort();
        seen.add("heartbeat", (beat.status, lines, beat.reply, beat.payload));
    }
    let name = it.cached_info().name.clone();
    seen.outcome(
        "delete push",
        stream.delete_consumer(&name).await.map(|it| it.success),
    );
    for (step, config) in [
        (
            "wildcard",
            push::Config {
                deliver_subject: "a.*".to_owned(),
                ..Default::default()
            },
        ),
        (
            "cycle",
            push::Config {
                deliver_subject: "q.1".to_owned(),
                ..Default::default()
            },
        ),
        (
            "flow alone",
            push::Config {
                deliver_subject: "z".to_owned(),
                flow_control: true,
                ..Default::default()
            },
        ),
        (
            "small beat",
            push::Config {
                deliver_subject: "z".to_owned(),
                idle_heartbeat: Duration::from_millis(1),
                ..Default::default()
            },
        ),
        (
            "backoff",
            push::Config {
                deliver_subject: "z".to_owned(),
                backoff: vec![Duration::from_secs(1); 3],
                max_deliver: 2,
                ..Default::default()
            },
        ),
        (
            "filters",
            push::Config {
                deliver_subject: "z".to_owned(),
                filter_subjects: vec!["q.1".to_owned(), "q.>".to_owned()],
                ..Default::default()
            },
        ),
        (
            "bad name",
            push::Config {
                deliver_subject: "z".to_owned(),
                durable_name: Some("a>b".to_owned()),
                ..Default::default()
            },
        ),
    ] {
        seen.outcome(step, stream.create_consumer(config).await.map(|_| ()));
    }
    js.delete_stream("Q").await.unwrap();
}

async fn refused(js: &Context, client: &Client, seen: &mut Seen) {
    let work = Config {
        retention: jetstream::stream::RetentionPolicy::WorkQueue,
        ..config("W", "w.>")
    };
    seen.outcome("work queue", js.create_stream(work).await.map(|_| ()));
    let _ = js.delete_stream("W").await;
    for (subject, body) in [
        ("STREAM.CREATE.X", "{"),
        ("STREAM.CREATE.X", r#"{"name":"Y"}"#),
        ("STREAM.CREATE.X", r#"{"name":"X","num_replicas":3}"#),
        ("STREAM.CREATE.X", r#"{"name":"X","subjects":["a..b"]}"#),
        ("STREAM.CREATE.X", r#"{"name":"X","subjects":["$JS.>"]}"#),
        ("STREAM.MSG.GET.X", "{}"),
        ("CONSUMER.INFO.X.Y", ""),
        ("CONSUMER.CREATE.X.Y", r#"{"stream_name":"Z","config":{}}"#),
        (
            "CONSUMER.DURABLE.CREATE.X.Y",
            r#"{"stream_name":"X","config":{}}"#,
        ),
    ] {
        let answer = client
            .request(format!("$JS.API.{subject}"), body.into())
            .await
            .unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        seen.add(
            subject,
            (&answer["error"]["code"], &answer["error"]["err_code"]),
        );
    }
    let account = js.query_account().await.unwrap();
    seen.add(
        "account",
        (
            account.streams,
            account.consumers,
            account.domain,
            account.storage,
            account.memory,
        ),
    );
}
