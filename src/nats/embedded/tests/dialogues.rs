//! What clients may say, byte by byte, and what nats-server 2.9 answered; it is answered the same here.
//!
//! One dialogue a line: its name, how the server is guarded, what is said piece by piece, what comes back with each
//! INFO left empty, and whether the server closes. A character stands for a byte.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::{Auth, Config, Credential, Running};
use super::{PATIENCE, config, start};

const DIALOGUES: &str = include_str!("dialogues.jsonl");

/// What the recorded servers accepted.
const NKEY: &str = "UCNGL4W5QX66CFX6A6DCBVDH5VOHMI7B2UZZU7TXAUQQSI2JPHULCKBR";

#[derive(Deserialize)]
struct Dialogue {
    name: String,
    auth: String,
    say: Vec<String>,
    answer: String,
    closed: bool,
}

fn guarded(by: &str) -> Running {
    let accepted = match by {
        "token" => vec![Credential::Token("s3cr3t".into())],
        "user" => vec![Credential::User {
            name: "u".into(),
            password: "p".into(),
        }],
        "nkey" => vec![Credential::Nkey(NKEY.into())],
        _ => Vec::new(),
    };
    start(Config {
        auth: Auth::new(accepted).unwrap(),
        ..config()
    })
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|it| u8::try_from(it).unwrap()).collect()
}

/// Leaves out what INFO says.
fn plain(text: &[u8]) -> String {
    let text: String = text.iter().map(|it| char::from(*it)).collect();
    let lines = text.split_inclusive("\r\n");
    let short = |it: &str| match it.starts_with("INFO {") && it.ends_with("\r\n") {
        true => "INFO\r\n".to_owned(),
        false => it.to_owned(),
    };
    lines.map(short).collect()
}

/// Says its part, and reads until the server closes or has said all that is expected.
async fn talk(address: SocketAddr, it: &Dialogue) -> (String, bool) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    for piece in &it.say {
        // The server may have closed already.
        let _ = socket.write_all(&bytes(piece)).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut heard = Vec::new();
    let closed = loop {
        let done = !it.closed && plain(&heard).len() >= it.answer.len();
        // Some time for what should not come.
        let limit = if done {
            Duration::from_millis(100)
        } else {
            PATIENCE
        };
        match tokio::time::timeout(limit, socket.read_buf(&mut heard)).await {
            Err(_) => break false,
            Ok(Ok(0) | Err(_)) => break true,
            Ok(Ok(_)) => {}
        }
    };
    (plain(&heard), closed)
}

#[tokio::test]
async fn every_dialogue_goes_as_on_nats_server() {
    let mut tasks = tokio::task::JoinSet::new();
    for line in DIALOGUES.lines() {
        let it: Dialogue = serde_json::from_str(line).unwrap();
        tasks.spawn(async move {
            // One each: they must not hear one another.
            let server = guarded(&it.auth);
            let heard = talk(server.address(), &it).await;
            (it, heard)
        });
    }
    let mut count = 0;
    while let Some(done) = tasks.join_next().await {
        let (it, heard) = done.unwrap();
        assert_eq!(heard, (it.answer, it.closed), "{}", it.name);
        count += 1;
    }
    assert_eq!(count, DIALOGUES.lines().count());
}
