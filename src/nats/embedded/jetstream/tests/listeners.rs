//! Clients that have a consumer made first and listen then, as those that watch a bucket do.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::json;

use super::{Ours, Sync};

/// Each would wait about so long for the next look of the stream.
const CLIENTS: u32 = 60;
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn who_comes_after_its_consumer_is_served_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Ours::start(dir.path().to_owned(), Sync::default());
    let client = async_nats::connect(server.url()).await.unwrap();
    let ask = async |subject: String, body: serde_json::Value| {
        let answer = client.request(subject, body.to_string().into()).await;
        let answer: serde_json::Value = serde_json::from_slice(&answer.unwrap().payload).unwrap();
        assert_eq!(answer.get("error"), None, "{answer}");
    };
    let stream = json!({ "name": "S", "subjects": ["s"] });
    ask("$JS.API.STREAM.CREATE.S".to_owned(), stream).await;
    let stored = client.request("s", "here".into()).await.unwrap();
    assert!(stored.payload.starts_with(b"{\"stream\""));
    let began = Instant::now();
    for it in 0..CLIENTS {
        let to = format!("to.{it}");
        let config = json!({ "deliver_subject": to, "ack_policy": "none", "mem_storage": true });
        let body = json!({ "stream_name": "S", "config": config });
        ask("$JS.API.CONSUMER.CREATE.S".to_owned(), body).await;
        let mut listening = client.subscribe(to).await.unwrap();
        let got = tokio::time::timeout(LIMIT, listening.next()).await;
        assert_eq!(got.unwrap().unwrap().payload, "here");
    }
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    server.stop().await;
}
