//! Consumers that are asked for messages.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, Context};
use futures_util::{StreamExt, TryStreamExt};
use tokio::time::timeout;

use super::{PATIENCE, Seen, config, make, put, show, told};

pub(super) async fn pulls(js: &Context, seen: &mut Seen) {
    let stream = make(js, config("P", "p.>")).await;
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
    let stream = make(js, config("P", "p.>")).await;
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
