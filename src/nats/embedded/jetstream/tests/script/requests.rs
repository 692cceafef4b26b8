//! Raw requests to a consumer, and what ends them.

use std::time::{Duration, Instant};

use async_nats::Client;
use async_nats::jetstream::Context;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::timeout;

use super::{PATIENCE, Seen, ask, config, face, make, next, put};

/// Raw requests, and what ends them.
pub(super) async fn requests(js: &Context, client: &Client, seen: &mut Seen) {
    make(js, config("R", "r.>")).await;
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
