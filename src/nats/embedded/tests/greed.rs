//! One client must not make the server hold, or do, without end.

use std::time::Duration;

use super::super::Config;
use super::raw::Raw;
use super::{config, connect, settle, soon, start, until};

const QUIET: &[u8] = b"CONNECT {\"verbose\":false}\r\n";

#[tokio::test]
async fn who_sends_and_never_reads_is_cut_off() {
    let limits = Config {
        max_pending: 1024 * 1024,
        write_deadline: Duration::from_secs(5),
        ..config()
    };
    let server = start(limits);
    let other = connect(&server).await;
    let echo = [b"PUB own 8192\r\n".as_slice(), &[b'x'; 8192], b"\r\n"].concat();
    for words in [echo, b"PING\r\n".repeat(1000)] {
        let mut client = Raw::new(server.address()).await;
        client.say(QUIET).await;
        client.say(b"SUB own 1\r\n").await;
        client.insist(&words).await;
        until("it is gone", || server.connections() == 1).await;
        settle(&other).await;
    }
}

#[tokio::test]
async fn a_line_without_end_closes_the_connection() {
    let server = start(config());
    for beginning in ["SUB ", "PUB ", "CONNECT {", "PING"] {
        let mut client = Raw::new(server.address()).await;
        client.say(QUIET).await;
        client.say(beginning.as_bytes()).await;
        client.insist(&[b'a'; 4096]).await;
        until("it is gone", || server.connections() == 0).await;
    }
}

#[tokio::test]
async fn a_million_subscriptions_are_as_many_as_allowed() {
    let limits = Config {
        max_subscriptions: 1000,
        ..config()
    };
    let server = start(limits);
    let mut client = Raw::new(server.address()).await;
    client.say(QUIET).await;
    let lines = (0..1_000_000).map(|it| format!("SUB a.{it} {it}\r\n"));
    let last = std::iter::once("PING\r\n".to_owned());
    client.chant(lines.chain(last), "PONG\r\n").await;
    assert_eq!(server.subscriptions(), 1000);
}

#[tokio::test]
async fn many_subscriptions_to_one_subject_end_soon() {
    let server = start(config());
    let mut client = Raw::new(server.address()).await;
    client.say(QUIET).await;
    let lines = (0..100_000).map(|it| format!("SUB a {it}\r\n"));
    let last = std::iter::once("PING\r\n".to_owned());
    client.chant(lines.chain(last), "PONG\r\n").await;
    assert_eq!(server.subscriptions(), 100_000);
    drop(client);
    until("none is left", || server.subscriptions() == 0).await;
}

#[tokio::test]
async fn who_has_no_more_to_say_is_let_go_though_others_remember() {
    let server = start(config());
    let mut listener = Raw::new(server.address()).await;
    listener.say(QUIET).await;
    listener.say(b"SUB a 1\r\nPING\r\n").await;
    listener.up_to("PONG\r\n").await;
    // This one keeps the way to the other.
    let mut talker = Raw::new(server.address()).await;
    talker.say(QUIET).await;
    talker.say(b"PUB a 2\r\nhi\r\n").await;
    listener.up_to("hi\r\n").await;
    listener.done().await;
    assert_eq!(listener.rest().await, "");
}

#[tokio::test]
async fn who_never_pauses_does_not_hold_up_the_end() {
    let server = start(config());
    let mut client = Raw::new(server.address()).await;
    client.say(QUIET).await;
    let words = b"PUB a 2\r\nhi\r\n".repeat(5000);
    let talking = tokio::spawn(async move { client.insist(&words).await });
    until("it is there", || server.connections() == 1).await;
    soon(server.shutdown(Duration::ZERO)).await;
    soon(talking).await.unwrap();
}
