//! What is too much, too long or too slow.

use std::time::Duration;

use futures_util::StreamExt as _;

use super::super::{AuthError, Config, Server, StartError};
use super::raw::Raw;
use super::{config, connect, settle, soon, start, until};

#[tokio::test]
async fn a_slow_consumer_is_cut_off_and_others_get_everything() {
    let limits = Config {
        max_pending: 1024 * 1024,
        ..config()
    };
    let server = start(limits);
    let mut slow = Raw::new(server.address()).await;
    slow.say(b"CONNECT {\"verbose\":false}\r\nSUB flood 1\r\nPING\r\n")
        .await;
    slow.up_to("PONG\r\n").await;
    let (sends, receives) = (connect(&server).await, connect(&server).await);
    let mut subscription = receives.subscribe("flood").await.unwrap();
    settle(&receives).await;
    for burst in 0..200 {
        for _ in 0..16 {
            sends.publish("flood", vec![0; 8192].into()).await.unwrap();
        }
        for _ in 0..16 {
            assert!(soon(subscription.next()).await.is_some(), "{burst}");
        }
    }
    until("the slow one is gone", || server.connections() == 2).await;
}

#[tokio::test]
async fn who_takes_nothing_for_too_long_is_cut_off() {
    let limits = Config {
        write_deadline: Duration::from_millis(200),
        ..config()
    };
    let server = start(limits);
    let mut stuck = Raw::new(server.address()).await;
    stuck
        .say(b"CONNECT {\"verbose\":false}\r\nSUB flood 1\r\nPING\r\n")
        .await;
    stuck.up_to("PONG\r\n").await;
    let sends = connect(&server).await;
    // More than the sockets of both sides hold, less than the server would keep.
    for _ in 0..40 {
        sends
            .publish("flood", vec![0; 1024 * 1024].into())
            .await
            .unwrap();
    }
    settle(&sends).await;
    until("the stuck one is gone", || server.connections() == 1).await;
}

#[tokio::test]
async fn too_many_connections_are_told_so() {
    let limits = Config {
        max_connections: 1,
        ..config()
    };
    let server = start(limits);
    let first = connect(&server).await;
    let mut second = Raw::new(server.address()).await;
    let said = second.rest().await;
    assert_eq!(said, "-ERR 'maximum connections exceeded'\r\n");
    settle(&first).await;
    drop(first);
    until("there is room again", || server.connections() == 0).await;
    settle(&connect(&server).await).await;
}

#[tokio::test]
async fn too_many_subscriptions_are_told_so() {
    let limits = Config {
        max_subscriptions: 2,
        ..config()
    };
    let server = start(limits);
    let mut client = Raw::new(server.address()).await;
    client
        .say(b"CONNECT {\"verbose\":false}\r\nSUB a 1\r\nSUB b 2\r\nSUB c 3\r\nPING\r\n")
        .await;
    let said = client.up_to("PONG\r\n").await;
    assert!(
        said.ends_with("\r\n-ERR 'maximum subscriptions exceeded'\r\nPONG\r\n"),
        "{said}"
    );
    assert_eq!(server.subscriptions(), 2);
}

#[tokio::test]
async fn a_payload_that_is_too_large_ends_the_connection() {
    let limits = Config {
        max_payload: 100,
        ..config()
    };
    let server = start(limits);
    let mut client = Raw::new(server.address()).await;
    client.say(b"PUB a 101\r\n").await;
    let said = client.rest().await;
    assert!(said.contains("\"max_payload\":100,"), "{said}");
    assert!(
        said.ends_with("-ERR 'Maximum Payload Violation'\r\n"),
        "{said}"
    );
}

#[tokio::test]
async fn silent_clients_are_asked_and_dropped() {
    let limits = Config {
        ping_interval: Duration::from_millis(50),
        ..config()
    };
    let server = start(limits);
    let mut client = Raw::new(server.address()).await;
    let said = client.rest().await;
    assert!(
        said.ends_with("\r\nPING\r\nPING\r\n-ERR 'Stale Connection'\r\n"),
        "{said}"
    );
    let alive = connect(&server).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(server.connections(), 1, "who answers stays");
    drop(alive);
}

#[tokio::test]
async fn open_to_the_network_is_refused() {
    let open = Config {
        listen: ([0, 0, 0, 0], 0).into(),
        ..config()
    };
    let refused = Server::start(open).unwrap_err();
    assert!(
        matches!(refused, StartError::Auth(AuthError::Open(_))),
        "{refused}"
    );
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let server = start(config());
    let again = Config::new(server.address());
    let refused = Server::start(again).unwrap_err();
    assert!(matches!(refused, StartError::Listen { .. }), "{refused}");
}

#[tokio::test]
async fn it_says_that_it_is_alone() {
    let server = start(config());
    let mut client = Raw::new(server.address()).await;
    let info = client.up_to("\r\n").await;
    assert!(
        info.starts_with("INFO {") && info.contains("\"single_node\":true"),
        "{info}"
    );
}
