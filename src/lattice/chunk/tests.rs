use async_nats::jetstream;
use tokio::io::AsyncReadExt;

use super::*;
use crate::lattice::testing::{NatsServer, Setup, eventually};

async fn store(server: &NatsServer) -> Arc<ChunkStore> {
    ChunkStore::new(server.client().await, &LatticeName::default(), None)
}

fn noise(size: usize) -> Bytes {
    (0..size).map(|i| (i * 31 / 7) as u8).collect()
}

async fn messages(store: &ChunkStore, filter: &str) -> u64 {
    let request = json!({ "subjects_filter": filter });
    let answer = store.api("STREAM.INFO", &request, 0).await.unwrap();
    let answer = answer.unwrap_or_else(|error| panic!("{}", error.description));
    let subjects = answer.pointer("/state/subjects").and_then(Value::as_object);
    subjects.map_or(0, |it| it.values().filter_map(Value::as_u64).sum())
}

#[tokio::test]
async fn an_object_is_read_once() {
    let server = NatsServer::start().await;
    let (writer, reader) = (store(&server).await, store(&server).await);
    for size in [1, CHUNK, 3 * 1024 * 1024 + 5, 40 * CHUNK] {
        let data = noise(size);
        writer.put("the id", &data).await.unwrap().leave();
        let chunks = messages(&reader, "$O.default.C.>").await;
        assert_eq!(chunks, size.div_ceil(CHUNK) as u64);
        assert_eq!(reader.take("the id", size as u64).await.unwrap(), data);
        assert_eq!(messages(&reader, "$O.default.>").await, 0);
        let again = reader.take("the id", size as u64).await;
        assert!(matches!(again, Err(ChunkError::NotFound { .. })));
    }
}

#[tokio::test]
async fn the_stream_is_that_of_other_hosts() {
    let server = NatsServer::start().await;
    let store = store(&server).await;
    store.put("x", &noise(9)).await.unwrap().leave();
    let answer = store.api("STREAM.INFO", &json!({}), 0).await.unwrap();
    let answer = answer.unwrap_or_else(|error| panic!("{}", error.description));
    let config = answer.get("config").unwrap();
    for (field, value) in [
        ("name", json!("OBJ_default")),
        ("subjects", json!(["$O.default.C.>", "$O.default.M.>"])),
        ("storage", json!("file")),
        ("discard", json!("new")),
        ("allow_rollup_hdrs", json!(true)),
        ("num_replicas", json!(1)),
        ("max_age", json!(0)),
    ] {
        assert_eq!(config.get(field), Some(&value), "{field}");
    }
}

#[tokio::test]
async fn the_official_client_reads_ours_and_we_read_its() {
    let server = NatsServer::start().await;
    let store = store(&server).await;
    let client = server.client().await;
    let context = jetstream::new(client);
    let bucket = jetstream::object_store::Config {
        bucket: "default".into(),
        ..Default::default()
    };
    // Its settings differ from ours in the details, which must not matter.
    let bucket = context.create_object_store(bucket).await.unwrap();

    let data = noise(400_000);
    store.put("ours", &data).await.unwrap().leave();
    let mut read = Vec::new();
    let mut object = bucket.get("ours").await.unwrap();
    object.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, data);

    bucket.put("theirs", &mut &data[..]).await.unwrap();
    assert_eq!(store.take("theirs", 400_000).await.unwrap(), data);
    assert!(bucket.get("theirs").await.is_err());
}

#[tokio::test]
async fn the_oldest_writers_are_read() {
    let server = NatsServer::start().await;
    let store = store(&server).await;
    store.create_stream(0).await.unwrap();
    let meta = |nuid: &str, digest: &str, size: u64| {
        json!({
            "name": "a.b", "description": null, "link": null, "bucket": "default", "nuid": nuid,
            "size": size, "chunks": 2, "modified": "2022-07-11T10:00:00Z", "digest": digest,
            "deleted": false,
        })
        .to_string()
    };
    let publish = async |subject: &str, text: String| {
        let ack = store.context().publish(subject.to_owned(), text.into());
        ack.await.unwrap().await.unwrap();
    };
    publish("$O.default.C.n1", "hello ".into()).await;
    publish("$O.default.C.n1", "world".into()).await;

    publish("$O.default.M.a_b", meta("n1", "SHA-256=x", 11)).await;
    let wrong = store.take("a.b", 11).await.unwrap_err().to_string();
    assert!(wrong.contains("digest"), "{wrong}");

    publish("$O.default.M.a_b", meta("n1", "", 12)).await;
    let wrong = store.take("a.b", 12).await.unwrap_err().to_string();
    assert!(wrong.contains("add up"), "{wrong}");
    let wrong = store.take("a.b", 11).await.unwrap_err().to_string();
    assert!(wrong.contains("announced"), "{wrong}");

    publish("$O.default.M.a_b", meta("none", "", 11)).await;
    let wrong = store.take("a.b", 11).await.unwrap_err().to_string();
    assert!(wrong.contains("missing"), "{wrong}");

    publish("$O.default.M.a_b", meta("n1", "", 11)).await;
    assert_eq!(store.take("a.b", 11).await.unwrap(), "hello world");
}

/// As the synchronous client of 2022 does, which providers on wasmbus-rpc 0.8 to 0.10 have.
#[tokio::test]
async fn the_oldest_readers_find_ours() {
    let server = NatsServer::start().await;
    let store = store(&server).await;
    let data = noise(300_000);
    store.put("1f.2-r", &data).await.unwrap().leave();
    let request = json!({ "last_by_subj": "$O.default.M.1f_2-r" });
    let answer = store.api("STREAM.MSG.GET", &request, 0).await.unwrap();
    let answer = answer.unwrap_or_else(|error| panic!("{}", error.description));
    let text = answer["message"]["data"].as_str().unwrap();
    let json = data_encoding::BASE64.decode(text.as_bytes()).unwrap();
    let info: Value = serde_json::from_slice(&json).unwrap();
    // What it cannot do without.
    for field in [
        "name", "bucket", "nuid", "size", "chunks", "modified", "digest", "deleted",
    ] {
        assert!(!info[field].is_null(), "{field}");
    }
    let chunks = format!("$O.default.C.{}", info["nuid"].as_str().unwrap());
    assert_eq!(messages(&store, &chunks).await, 3);
    // It marks what it has read as deleted, under its name.
    let gone = json!({ "nuid": info["nuid"], "deleted": true }).to_string();
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Rollup", "sub");
    let ack = store
        .context()
        .publish_with_headers("$O.default.M.1f_2-r", headers, gone.into());
    ack.await.unwrap().await.unwrap();
    store.purge(chunks, 0).await.unwrap();
    let again = store.take("1f.2-r", 300_000).await.unwrap_err();
    assert!(matches!(again, ChunkError::Damaged { .. }), "{again}");
}

#[tokio::test]
async fn a_name_cannot_mean_other_objects() {
    let server = NatsServer::start().await;
    let store = store(&server).await;
    let data = noise(10);
    store.put("x", &data).await.unwrap().leave();
    for name in ["*", ">"] {
        let nothing = store.take(name, 10).await;
        assert!(matches!(nothing, Err(ChunkError::NotFound { .. })));
        drop(store.put(name, &data).await.unwrap());
    }
    eventually("only one is there", async || {
        messages(&store, "$O.default.C.>").await == 1
    })
    .await;
    assert_eq!(store.take("x", 10).await.unwrap(), data);
}

#[tokio::test]
async fn what_nobody_will_read_is_removed() {
    let server = NatsServer::start().await;
    let store = store(&server).await;
    drop(store.put("x", &noise(200_000)).await.unwrap());
    eventually("all of it is gone", async || {
        messages(&store, "$O.default.>").await == 0
    })
    .await;
    let gone = store.take("x", 200_000).await;
    assert!(matches!(gone, Err(ChunkError::NotFound { .. })));
}

#[tokio::test]
async fn a_stream_that_vanished_is_made_again() {
    let server = NatsServer::start().await;
    let store = store(&server).await;
    store.put("x", &noise(10)).await.unwrap().leave();
    let deleted = store.api("STREAM.DELETE", &json!({}), 0).await.unwrap();
    assert!(deleted.is_ok());
    store.put("y", &noise(10)).await.unwrap().leave();
    assert_eq!(store.take("y", 10).await.unwrap(), noise(10));
}

#[tokio::test]
async fn without_jetstream_the_error_says_so() {
    let server = NatsServer::start_bare().await;
    let store = store(&server).await;
    for error in [
        store.put("x", &noise(1_000_000)).await.err().unwrap(),
        store.take("x", 1_000_000).await.err().unwrap(),
    ] {
        let text = error.to_string();
        assert!(
            text.contains("JetStream") && text.contains("1000000"),
            "{text}"
        );
    }
    let error = store.take("x", MAX_OBJECT + 1).await.unwrap_err();
    assert!(matches!(error, ChunkError::TooLarge { .. }));
}

#[tokio::test]
async fn a_domain_has_its_own_api() {
    let server = NatsServer::start_with(Setup::domain("hub")).await;
    let client = server.client().await;
    let lattice = LatticeName::default();
    let store = ChunkStore::new(client.clone(), &lattice, Some("hub".into()));
    store.put("x", &noise(10)).await.unwrap().leave();
    assert_eq!(store.take("x", 10).await.unwrap(), noise(10));
    let elsewhere = ChunkStore::new(client, &lattice, Some("leaf".into()));
    let error = elsewhere.put("x", &noise(10)).await.err().unwrap();
    assert!(matches!(error, ChunkError::NoJetStream { .. }));
}
