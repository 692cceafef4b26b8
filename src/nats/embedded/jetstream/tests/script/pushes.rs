//! Consumers that send messages.

use std::time::{Duration, Instant};

use async_nats::Client;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, push};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::timeout;

use super::{PATIENCE, Seen, ask, config, face, make, next};

pub(super) async fn pushes(js: &Context, client: &Client, seen: &mut Seen) {
    let stream = make(js, config("Q", "q.>")).await;
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

/// A client that does not confirm what it got is waited for; a group shares what comes.
pub(super) async fn flow(js: &Context, client: &Client, seen: &mut Seen) {
    make(js, config("F", "f.>")).await;
    let body = Bytes::from("x".repeat(100_000));
    for _ in 0..200 {
        js.publish("f.1", body.clone())
            .await
            .unwrap()
            .await
            .unwrap();
    }
    let mut inbox = client.subscribe("f-in").await.unwrap();
    let consumer = json!({ "stream_name": "F", "config": {
        "durable_name": "f", "deliver_subject": "f-in", "ack_policy": "none", "flow_control": true,
        "idle_heartbeat": 200_000_000, "deliver_policy": "all", "headers_only": false,
    } });
    ask(client, "CONSUMER.CREATE.F.f", &consumer.to_string()).await;
    let (mut got, mut asked) = (0, None);
    // Until it says by which request it is held up.
    let late = Instant::now() + PATIENCE;
    let stalled = loop {
        assert!(Instant::now() < late, "{got} came, {asked:?}");
        let it = next(&mut inbox).await;
        match &it.headers {
            Some(lines) if it.status.is_some() => {
                if let Some(by) = lines.get("Nats-Consumer-Stalled") {
                    break by.to_string();
                }
            }
            _ => {}
        }
        match it.status {
            Some(_) if it.reply.is_some() => asked = it.reply.map(|it| it.to_string()),
            Some(_) => {}
            None => got += 1,
        }
    };
    seen.add(
        "stalled",
        (got > 0, got < 200, asked.as_deref() == Some(&*stalled)),
    );
    client.publish(stalled, "".into()).await.unwrap();
    while got < 200 {
        let it = next(&mut inbox).await;
        match (it.status, it.reply) {
            (Some(_), Some(reply)) => client.publish(reply, "".into()).await.unwrap(),
            (Some(_), None) => {}
            (None, _) => got += 1,
        }
    }
    seen.add("flowed", got);
    let it = client
        .request("$JS.API.CONSUMER.MSG.NEXT.F.f", "1".into())
        .await;
    seen.outcome("pull of push", it.map(|it| face(&it)));
    let group = json!({ "stream_name": "F", "config": {
        "durable_name": "g", "deliver_subject": "g-in", "deliver_group": "g", "ack_policy": "explicit",
        "deliver_policy": "all", "headers_only": true, "description": "of many",
    } });
    let made = ask(client, "CONSUMER.CREATE.F.g", &group.to_string()).await;
    let shown = [
        "deliver_group",
        "description",
        "headers_only",
        "ack_wait",
        "max_ack_pending",
    ];
    seen.add("group", shown.map(|it| &made["config"][it]));
    let one = client
        .queue_subscribe("g-in", "g".to_owned())
        .await
        .unwrap();
    let other = client
        .queue_subscribe("g-in", "g".to_owned())
        .await
        .unwrap();
    let mut both = futures_util::stream::select(one, other);
    let mut seqs = std::collections::BTreeSet::new();
    while seqs.len() < 200 {
        let it = timeout(PATIENCE, both.next()).await.unwrap().unwrap();
        let reply = it.reply.clone().unwrap();
        client.publish(reply.clone(), "".into()).await.unwrap();
        seqs.insert(reply.split('.').nth(5).unwrap().parse::<u64>().unwrap());
        assert!(it.payload.is_empty());
    }
    seen.add("shared", seqs.len());
    js.delete_stream("F").await.unwrap();
}
