//! Messages without streams.

use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use futures_util::StreamExt;

use super::{Seen, face, headers, next, soon};

pub(super) async fn core(client: &Client, seen: &mut Seen) {
    let mut plain = client.subscribe("c.*.x").await.unwrap();
    let mut rest = client.subscribe("c.>").await.unwrap();
    client.publish("c.a.x", "1".into()).await.unwrap();
    client.publish("c.a.y", "2".into()).await.unwrap();
    let lines = headers(&[("A", "b"), ("C", "d: e")]);
    client
        .publish_with_headers("c.b.x", lines, "3".into())
        .await
        .unwrap();
    for _ in 0..2 {
        seen.add("wildcard", face(&next(&mut plain).await));
    }
    for _ in 0..3 {
        let it = next(&mut rest).await;
        seen.add("rest", (&it.subject, face(&it)));
    }

    let asked = client.request("c.nobody", "".into()).await;
    seen.add("somebody", asked.is_err());
    drop((plain, rest));
    let asked = client.request("nobody", "".into()).await;
    seen.outcome("no responders", asked.map(|it| face(&it)));
    let mut service = client.subscribe("service").await.unwrap();
    let answering = async {
        let it = next(&mut service).await;
        let lines = headers(&[("Seen", "yes")]);
        let reply = it.reply.clone().unwrap();
        client
            .publish_with_headers(reply, lines, it.payload)
            .await
            .unwrap();
    };
    let (asked, ()) = tokio::join!(client.request("service", "hi".into()), answering);
    seen.outcome("request", asked.map(|it| face(&it)));

    // A group shares its messages, whoever gets which; others get all.
    let mut members = Vec::new();
    for _ in 0..3 {
        members.push(
            client
                .queue_subscribe("g.>", "group".to_owned())
                .await
                .unwrap(),
        );
    }
    let mut other = client
        .queue_subscribe("g.*", "other".to_owned())
        .await
        .unwrap();
    for i in 0..60 {
        client.publish(format!("g.{i}"), "".into()).await.unwrap();
    }
    client.flush().await.unwrap();
    let mut shares = Vec::new();
    let mut group =
        futures_util::stream::select_all(members.into_iter().map(|it| it.map(|it| it.subject)));
    for _ in 0..60 {
        shares.push(soon(group.next()).await.unwrap().to_string());
        next(&mut other).await;
    }
    shares.sort();
    shares.dedup();
    seen.add("group", shares.len());

    let mut few = client.subscribe("few").await.unwrap();
    few.unsubscribe_after(2).await.unwrap();
    for i in 0..4 {
        client.publish("few", i.to_string().into()).await.unwrap();
    }
    let mut got = Vec::new();
    while let Some(it) = soon(few.next()).await {
        got.push(it.payload);
    }
    seen.add("unsubscribe after", got);

    let mut drained = client.subscribe("drained").await.unwrap();
    for i in 0..100 {
        client
            .publish("drained", i.to_string().into())
            .await
            .unwrap();
    }
    drained.drain().await.unwrap();
    while soon(drained.next()).await.is_some() {}
    seen.add("drain", "ended");

    let url = format!("nats://{}", client.server_info().host);
    let address = format!("{url}:{}", client.server_info().port);
    let quiet = ConnectOptions::new()
        .no_echo()
        .connect(&address)
        .await
        .unwrap();
    let mut own = quiet.subscribe("quiet").await.unwrap();
    quiet.publish("quiet", "own".into()).await.unwrap();
    until_heard(&quiet).await;
    client.publish("quiet", "other".into()).await.unwrap();
    seen.add("no echo", face(&next(&mut own).await));
    let leaving = ConnectOptions::new().connect(&address).await.unwrap();
    let mut left = leaving.subscribe("left").await.unwrap();
    until_heard(&leaving).await;
    client.publish("left", "1".into()).await.unwrap();
    client.flush().await.unwrap();
    seen.add("before", face(&next(&mut left).await));
    leaving.drain().await.unwrap();
    let mut ended = false;
    while !ended {
        ended = soon(left.next()).await.is_none();
    }
    let late = tokio::time::timeout(Duration::from_secs(5), async {
        // Once the server has seen it go, nobody is there.
        while client.request("left", "".into()).await.is_ok() {}
    });
    seen.add("client drained", late.await.is_ok());

    let most = client.server_info().max_payload;
    let large = vec![b'x'; most];
    let mut big = client.subscribe("big").await.unwrap();
    client.publish("big", large.clone().into()).await.unwrap();
    seen.add("largest", next(&mut big).await.payload.len());
    let info = client.server_info();
    seen.add(
        "info",
        (
            info.max_payload,
            info.headers,
            info.proto,
            info.auth_required,
        ),
    );
    let refused = client
        .publish("big", [large, vec![b'x']].concat().into())
        .await;
    seen.add("too large", refused.is_err());
}

/// Waits until the server has seen all that a client said before: what others say has no order with it.
async fn until_heard(client: &Client) {
    let _ = soon(client.request("nobody.is.there", "".into())).await;
}
