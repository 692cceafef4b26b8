//! Messages: requests, groups, headers, ends of subscriptions.

use async_nats::{ConnectOptions, Event, HeaderMap, RequestErrorKind};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

use super::{config, connect, settle, soon, start, until, url};

#[tokio::test]
async fn a_request_is_answered() {
    let server = start(config());
    let (asks, answers) = (connect(&server).await, connect(&server).await);
    let mut calls = answers.subscribe("service.*").await.unwrap();
    settle(&answers).await;
    let answering = tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let reply = call.reply.unwrap();
            answers.publish(reply, call.payload).await.unwrap();
        }
    });
    for size in [0, 1, 127, 4096, 16 * 1024, 100_000, 1024 * 1024] {
        let body = Bytes::from(vec![b'x'; size]);
        let answer = soon(asks.request("service.echo", body.clone())).await;
        assert_eq!(answer.unwrap().payload, body, "{size}");
    }
    answering.abort();
}

#[tokio::test]
async fn nobody_there_is_said_at_once() {
    let server = start(config());
    let client = connect(&server).await;
    let failed = soon(client.request("nobody", "".into())).await.unwrap_err();
    assert_eq!(failed.kind(), RequestErrorKind::NoResponders);
}

#[tokio::test]
async fn one_of_a_group_gets_a_message_and_all_have_their_share() {
    let server = start(config());
    let client = connect(&server).await;
    let (sender, mut received) = mpsc::unbounded_channel();
    for member in 0..4 {
        let other = connect(&server).await;
        let mut subscription = other.queue_subscribe("work", "group".into()).await.unwrap();
        settle(&other).await;
        let sender = sender.clone();
        tokio::spawn(async move {
            let _held = other;
            while subscription.next().await.is_some() {
                sender.send(member).unwrap();
            }
        });
    }
    let mut watcher = client.subscribe("work").await.unwrap();
    for _ in 0..400 {
        client.publish("work", "".into()).await.unwrap();
    }
    settle(&client).await;
    let mut shares = [0; 4];
    for _ in 0..400 {
        shares[soon(received.recv()).await.unwrap()] += 1;
        assert!(soon(watcher.next()).await.is_some());
    }
    assert!(shares.iter().all(|it| *it > 40), "{shares:?}");
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn headers_arrive_as_they_were_sent() {
    let server = start(config());
    let client = connect(&server).await;
    let mut subscription = client.subscribe("a.>").await.unwrap();
    let mut headers = HeaderMap::new();
    headers.append("Kind", "one");
    headers.append("Kind", "two");
    client
        .publish_with_headers("a.b.c", headers.clone(), "body".into())
        .await
        .unwrap();
    let message = soon(subscription.next()).await.unwrap();
    assert_eq!(message.headers, Some(headers));
    assert_eq!(&message.payload[..], b"body");
    assert_eq!(&*message.subject, "a.b.c");
}

#[tokio::test]
async fn a_subscription_ends_after_its_last_message() {
    let server = start(config());
    let client = connect(&server).await;
    settle(&client).await;
    let before = server.subscriptions();
    let mut subscription = client.subscribe("a").await.unwrap();
    subscription.unsubscribe_after(3).await.unwrap();
    for _ in 0..5 {
        client.publish("a", "".into()).await.unwrap();
    }
    settle(&client).await;
    let count = soon(subscription.by_ref().count()).await;
    assert_eq!(count, 3);
    until("nothing is left", || server.subscriptions() == before).await;
}

#[tokio::test]
async fn what_was_sent_before_a_drain_arrives() {
    let server = start(config());
    let (sends, drains) = (connect(&server).await, connect(&server).await);
    let subscription = drains.subscribe("a").await.unwrap();
    settle(&drains).await;
    for _ in 0..1000 {
        sends.publish("a", "x".into()).await.unwrap();
    }
    settle(&sends).await;
    drains.drain().await.unwrap();
    assert_eq!(soon(subscription.count()).await, 1000);
    until("it has left", || server.connections() == 1).await;
    assert!(!server.bus().interest("a"));
}

#[tokio::test]
async fn nothing_comes_back_without_echo() {
    let server = start(config());
    let options = ConnectOptions::new().no_echo();
    let quiet = options.connect(url(server.address())).await.unwrap();
    let other = connect(&server).await;
    let mut subscription = quiet.subscribe("a").await.unwrap();
    quiet.publish("a", "own".into()).await.unwrap();
    settle(&quiet).await;
    other.publish("a", "other".into()).await.unwrap();
    let first = soon(subscription.next()).await.unwrap();
    assert_eq!(&first.payload[..], b"other");
}

#[tokio::test]
async fn messages_of_one_sender_stay_in_order() {
    let server = start(config());
    let (sends, receives) = (connect(&server).await, connect(&server).await);
    let mut subscription = receives.subscribe("n.*").await.unwrap();
    settle(&receives).await;
    let sending = tokio::spawn(async move {
        for number in 0..20_000_u32 {
            // Small ones are copied, large ones shared: neither may overtake.
            let size = if number % 1000 == 7 { 40_000 } else { 8 };
            let mut body = number.to_be_bytes().to_vec();
            body.resize(size, 0);
            let subject = format!("n.{}", number % 3);
            sends.publish(subject, body.into()).await.unwrap();
        }
        settle(&sends).await;
    });
    for number in 0..20_000_u32 {
        let message = soon(subscription.next()).await.unwrap();
        assert_eq!(message.payload[..4], number.to_be_bytes(), "{number}");
    }
    sending.await.unwrap();
}

#[tokio::test]
async fn clients_are_told_before_the_server_ends() {
    let server = start(config());
    let (sender, mut events) = mpsc::unbounded_channel();
    let options = ConnectOptions::new().event_callback(move |it| {
        let sender = sender.clone();
        async move {
            let _ = sender.send(it);
        }
    });
    let client = options.connect(url(server.address())).await.unwrap();
    settle(&client).await;
    let ending = tokio::spawn(server.shutdown(super::PATIENCE));
    loop {
        match soon(events.recv()).await.unwrap() {
            Event::LameDuckMode => break,
            Event::Connected => {}
            other => panic!("{other}"),
        }
    }
    client.drain().await.unwrap();
    soon(ending).await.unwrap();
}

#[tokio::test]
async fn the_inside_door_speaks_with_clients() {
    let server = start(config());
    let client = connect(&server).await;
    let bus = server.bus();
    let mut inside = bus.subscribe("service.>", None);
    let answering = tokio::spawn(async move {
        while let Some(call) = inside.next().await {
            let reply = call.reply.unwrap();
            let headers = call.headers.as_ref();
            assert_eq!(bus.publish(&reply, None, headers, &call.payload), 1);
        }
    });
    let answer = soon(client.request("service.x", "hello".into()))
        .await
        .unwrap();
    assert_eq!(&answer.payload[..], b"hello");
    let mut headers = HeaderMap::new();
    headers.insert("A", "b");
    let answer = client.request_with_headers("service.x", headers.clone(), "x".into());
    assert_eq!(soon(answer).await.unwrap().headers, Some(headers));
    let bus = server.bus();
    assert!(bus.interest("service.x") && !bus.interest("service"));
    answering.abort();
    until("it no longer listens", || !bus.interest("service.x")).await;
}
