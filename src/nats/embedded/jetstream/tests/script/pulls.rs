//! Consumers that are asked for messages.

use std::time::{Duration, Instant};

use async_nats::Client;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, Context};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use tokio::time::timeout;

use super::{PATIENCE, Seen, ask, config, face, next, put, show, told};

pub(super) async fn pulls(js: &Context, seen: &mut Seen) {
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

/// Where consumers begin.
pub(super) async fn policies(js: &Context, seen: &mut Seen) {
    let stream = js.create_stream(config("P", "p.>")).await.unwrap();
    for i in 0..20 {
        put(js, &format!("p.{}", i % 4), &[], &i.to_string())
            .await
            .unwrap();
    }
    let seventh = stream.get_raw_message(7).await.unwrap();
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
        (
            "start time",
            DeliverPolicy::ByStartTime {
                start_time: seventh.time,
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
    js.delete_stream("P").await.unwrap();
}

/// Raw requests, and what ends them.
pub(super) async fn requests(js: &Context, client: &Client, seen: &mut Seen) {
    js.create_stream(config("R", "r.>")).await.unwrap();
    let consumer = json!({ "stream_name": "R", "config": {
        "durable_name": "c", "ack_policy": "explicit", "max_waiting": 1, "max_deliver": 2,
        "ack_wait": 300_000_000, "deliver_policy": "all",
    } });
    ask(client, "CONSUMER.CREATE.R.c", &consumer.to_string()).await;
    let mut inbox = client.subscribe("r-in.*").await.unwrap();
    let pull = async |body: &str| {
        let to = "$JS.API.CONSUMER.MSG.NEXT.R.c";
        client
            .publish_with_reply(to, "r-in.1", body.to_owned().into())
            .await
            .unwrap();
    };
    for body in [
        r#"{"no_wait":true}"#,
        r#"{"batch":2,"no_wait":true,"expires":200000000}"#,
        r#"{"batch":3,"expires":500000000,"idle_heartbeat":200000000}"#,
        r#"{"batch":1,"expires":100000000,"idle_heartbeat":90000000}"#,
        r#"{"batch":"#,
    ] {
        pull(body).await;
        let mut heard = Vec::new();
        let mut ended = false;
        while !ended {
            // Silence is an answer, too.
            let Ok(it) = timeout(Duration::from_secs(2), inbox.next()).await else {
                break;
            };
            let it = it.unwrap();
            ended = it.status.is_some_and(|it| it.as_u16() != 100);
            // How JSON is wrong is told in everybody's own words.
            let face = face(&it);
            let end = face.find("Bad Request -").unwrap_or(face.len());
            heard.push(face.get(..end).unwrap_or_default().to_owned());
        }
        heard.dedup();
        seen.add(&format!("pull {body}"), heard);
    }
    pull(r#"{"batch":1,"expires":600000000}"#).await;
    pull(r#"{"batch":1,"expires":600000000}"#).await;
    for _ in 0..2 {
        seen.add("max waiting", face(&next(&mut inbox).await));
    }
    for i in 0..5 {
        put(js, "r.1", &[], &format!("{i}{}", "x".repeat(100)))
            .await
            .unwrap();
    }
    pull(r#"{"batch":1,"max_bytes":20,"expires":1000000000}"#).await;
    seen.add("max bytes", face(&next(&mut inbox).await));
    pull(r#"{"batch":5,"max_bytes":400,"expires":400000000}"#).await;
    let mut given = Vec::new();
    let ended = loop {
        let it = next(&mut inbox).await;
        match it.status {
            Some(_) => break face(&it),
            None => given.push(it),
        }
    };
    seen.add("within bytes", (given.len(), ended));
    // Nobody answers: each comes twice.
    let late = Instant::now() + PATIENCE;
    let mut counts = std::collections::BTreeMap::new();
    for it in &given {
        *counts.entry(it.payload.slice(..1)).or_insert(0) += 1;
    }
    while Instant::now() < late && (counts.len() < 5 || counts.values().any(|it| *it < 2)) {
        pull(r#"{"batch":50,"no_wait":true,"expires":200000000}"#).await;
        loop {
            let it = next(&mut inbox).await;
            if it.status.is_some() {
                break;
            }
            *counts.entry(it.payload.slice(..1)).or_insert(0) += 1;
        }
    }
    seen.add("max deliver", counts);
    pull(r#"{"batch":5,"expires":60000000000}"#).await;
    let waiting = || ask(client, "CONSUMER.INFO.R.c", "");
    while waiting().await["num_waiting"] != 1 && Instant::now() < late {}
    ask(client, "CONSUMER.DELETE.R.c", "").await;
    seen.add("deleted below", face(&next(&mut inbox).await));
    let asked = client
        .request("$JS.API.CONSUMER.MSG.NEXT.R.c", "1".into())
        .await;
    seen.outcome("pull of none", asked.map(|it| face(&it)));

    // Acknowledged by work in progress, far longer than the wait; and one that goes when nobody asks.
    let brief = json!({ "stream_name": "R", "config": {
        "name": "e", "ack_policy": "explicit", "inactive_threshold": 400_000_000, "ack_wait": 500_000_000,
        "deliver_policy": "last",
    } });
    let made = ask(client, "CONSUMER.CREATE.R.e", &brief.to_string()).await;
    assert!(made["error"].is_null(), "{made}");
    let to = "$JS.API.CONSUMER.MSG.NEXT.R.e";
    let mut inbox = client.subscribe("r-other").await.unwrap();
    client
        .publish_with_reply(to, "r-other", "1".into())
        .await
        .unwrap();
    let it = next(&mut inbox).await;
    assert!(it.status.is_none(), "{it:?}");
    for _ in 0..10 {
        let ack = it.reply.clone().unwrap();
        let asked = client.request(ack, "+WPI".into()).await;
        asked.unwrap_or_else(|error| panic!("{error} {it:?} {:?}", client.server_info().version));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let info = ask(client, "CONSUMER.INFO.R.e", "").await;
    seen.add(
        "in progress",
        [
            &info["num_redelivered"],
            &info["num_ack_pending"],
            &info["delivered"]["consumer_seq"],
        ],
    );
    let ack = it.reply.clone().unwrap();
    client.request(ack, "+ACK".into()).await.unwrap();
    let (mut info, late) = (info, Instant::now() + PATIENCE);
    while info["error"].is_null() && Instant::now() < late {
        info = ask(client, "CONSUMER.INFO.R.e", "").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    seen.add(
        "inactive",
        (&info["error"]["code"], &info["error"]["err_code"]),
    );
    js.delete_stream("R").await.unwrap();
}
