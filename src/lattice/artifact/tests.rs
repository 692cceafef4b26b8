use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream;
use futures_util::future::join_all;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::AsyncReadExt;

use super::put::CHUNK;
use super::*;
use crate::lattice::LatticeName;
use crate::lattice::testing::{NatsServer, Setup, eventually};

const LIMIT: u64 = 64 << 20;

async fn store(server: &NatsServer) -> Artifacts {
    Artifacts::new(server.client().await, LatticeName::default(), None)
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &[u8]) -> (Reference, PathBuf) {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        (Reference::of_file(&path).unwrap(), path)
    }
}

fn noise(size: usize, seed: usize) -> Vec<u8> {
    (0..size)
        .map(|i| (i * 31 / 7 + seed * (i / 1000 + 1)) as u8)
        .collect()
}

async fn get(store: &Artifacts, reference: &Reference) -> Result<Vec<u8>, ArtifactError> {
    let mut bytes = Vec::new();
    store.get(reference, LIMIT, &mut bytes).await.map(|_| bytes)
}

/// A request of the JetStream API by hand.
async fn api(server: &NatsServer, verb: &str, request: Value) -> Value {
    let subject = format!("$JS.API.{verb}.OBJ_ARTIFACTS_default");
    let client = server.client().await;
    let answer = client
        .request(subject, request.to_string().into())
        .await
        .unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert!(answer.get("error").is_none(), "{answer}");
    answer
}

async fn messages(server: &NatsServer) -> u64 {
    let info = api(server, "STREAM.INFO", json!({})).await;
    info["state"]["messages"].as_u64().unwrap()
}

/// Chunks in the store, by upload.
async fn chunks(store: &Artifacts) -> Vec<u64> {
    let found = store.subjects(&store.chunks("*")).await.unwrap();
    found.into_values().collect()
}

#[tokio::test]
async fn a_file_is_sent_once_and_read_by_all() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let here = store(&server).await;
    for (at, size) in [0, 1, CHUNK, CHUNK + 1, 6 * 1024 * 1024 + 5]
        .into_iter()
        .enumerate()
    {
        let content = noise(size, at);
        let (reference, path) = files.write("a.wasm", &content);
        assert!(here.put(&reference, &path).await.unwrap());
        let before = messages(&server).await;
        assert!(!here.put(&reference, &path).await.unwrap());
        let (other, path) = files.write("b.wasm", &content);
        assert!(!here.put(&other, &path).await.unwrap());
        assert_eq!(messages(&server).await, before);

        let readers = join_all((0..3).map(|_| store(&server))).await;
        let read = join_all(readers.iter().map(|it| get(it, &reference))).await;
        assert!(read.into_iter().all(|it| it.unwrap() == content), "{size}");
    }
    let names: BTreeSet<_> = (here.list().await.unwrap().iter())
        .map(|it| it.file_name().to_owned())
        .collect();
    assert_eq!(names, ["a.wasm".to_owned()].into());
    assert_eq!(here.list().await.unwrap().len(), 5);
}

#[tokio::test]
async fn the_official_client_reads_ours() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let content = noise(400_000, 1);
    let (reference, path) = files.write("a.wasm", &content);
    store(&server).await.put(&reference, &path).await.unwrap();

    let context = jetstream::new(server.client().await);
    let bucket = context.get_object_store("ARTIFACTS_default").await.unwrap();
    let name = reference.digest().to_string();
    let info = bucket.info(&name).await.unwrap();
    assert_eq!(info.size, content.len());
    assert_eq!(info.description.as_deref(), Some("a.wasm"));
    let mut read = Vec::new();
    // Checks the digest as it reads.
    let mut object = bucket.get(&name).await.unwrap();
    object.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, content);

    // What it deletes is gone for us, and can be sent again.
    bucket.delete(&name).await.unwrap();
    let gone = get(&store(&server).await, &reference).await;
    assert!(
        matches!(gone, Err(ArtifactError::NotFound { .. })),
        "{gone:?}"
    );
    assert!(store(&server).await.put(&reference, &path).await.unwrap());
    assert!(get(&store(&server).await, &reference).await.is_ok());
}

#[tokio::test]
async fn many_send_the_same_file_at_once() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let content = noise(3 * 1024 * 1024, 1);
    let (reference, path) = files.write("a.wasm", &content);
    // Within a process they may be the first; of several, one was there before.
    let one = store(&server).await;
    let sent = join_all((0..5).map(|_| one.put(&reference, &path))).await;
    let sent: Vec<bool> = sent.into_iter().map(Result::unwrap).collect();
    assert_eq!(sent.iter().filter(|it| **it).count(), 1, "{sent:?}");
    let stored = one.list().await.unwrap().remove(0);
    assert!(one.remove(&stored).await.unwrap());

    let stores = join_all((0..5).map(|_| store(&server))).await;
    let sent = join_all(stores.iter().map(|it| it.put(&reference, &path))).await;
    let sent: Vec<bool> = sent.into_iter().map(Result::unwrap).collect();
    assert_eq!(sent.iter().filter(|it| **it).count(), 1, "{sent:?}");
    assert_eq!(get(&stores[0], &reference).await.unwrap(), content);
    assert_eq!(chunks(&stores[0]).await, [24], "nothing else is left");
}

#[tokio::test]
async fn nothing_is_there_before_the_first() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await;
    let (reference, _) = files.write("a.wasm", b"x");
    let missing = get(&store, &reference).await.unwrap_err();
    assert!(
        matches!(missing, ArtifactError::NotFound { .. }),
        "{missing}"
    );
    assert!(missing.to_string().contains("send the file again"));
    assert_eq!(store.list().await.unwrap(), []);
    let lease = store.lease("N", Duration::ZERO).await.unwrap();
    assert_eq!(lease, None);
    let now = OffsetDateTime::now_utc();
    let collected = store.collect(&Uses::default(), now, GRACE).await.unwrap();
    assert_eq!(collected, Collected::default());
}

#[tokio::test]
async fn no_jetstream_is_told_apart() {
    let server = NatsServer::start_bare().await;
    let store = store(&server).await;
    let files = Files::new();
    let (reference, path) = files.write("a.wasm", b"x");
    let error = store.put(&reference, &path).await.unwrap_err();
    assert!(
        matches!(error, ArtifactError::Unreachable { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn other_bytes_are_never_given() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await;
    let content = noise(3 * CHUNK, 1);
    let (reference, path) = files.write("a.wasm", &content);
    store.put(&reference, &path).await.unwrap();

    // Somebody puts another chunk where the second was.
    let all = store.list().await.unwrap();
    let subject = store.chunks(&all[0].meta.nuid);
    store.purge(&subject).await.unwrap();
    let context = jetstream::new(server.client().await);
    for (at, chunk) in content.chunks(CHUNK).enumerate() {
        let mut chunk = chunk.to_vec();
        chunk[0] ^= u8::from(at == 1);
        let sent = context.publish(subject.clone(), chunk.into()).await;
        sent.unwrap().await.unwrap();
    }
    let error = get(&store, &reference).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("another hash"), "{error}");

    // It went, and the right one can be sent again.
    assert_eq!(store.list().await.unwrap(), []);
    assert!(store.put(&reference, &path).await.unwrap());
    assert_eq!(get(&store, &reference).await.unwrap(), content);
}

#[tokio::test]
async fn a_description_cannot_lie() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await;
    let (reference, path) = files.write("a.wasm", &noise(2 * CHUNK, 1));
    store.put(&reference, &path).await.unwrap();
    let stored = store.list().await.unwrap().remove(0);
    let digest = reference.digest();
    for (size, expected) in [
        (u64::MAX, "the limit is"),
        (LIMIT, "not all there"),
        (CHUNK as u64 + 1, "longer"),
        (CHUNK as u64, "another hash"),
    ] {
        let now = store.list().await.unwrap().remove(0);
        let lie = meta::Meta {
            size,
            ..stored.meta.clone()
        };
        let told = store.describe(&lie, &digest, now.sequence).await.unwrap();
        assert!(told.is_some());
        let error = get(&store, &reference).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_missing_chunk_is_an_error_until_it_is_sent_again() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await;
    let content = noise(4 * CHUNK, 1);
    let (reference, path) = files.write("a.wasm", &content);
    for missing in [1, 2, 4] {
        store.put(&reference, &path).await.unwrap();
        let all = api(&server, "STREAM.INFO", json!({})).await;
        let first = all["state"]["first_seq"].as_u64().unwrap();
        let sequence = first + missing - 1;
        api(&server, "STREAM.MSG.DELETE", json!({ "seq": sequence })).await;
        let error = get(&store, &reference).await.unwrap_err();
        assert!(matches!(error, ArtifactError::Damaged { .. }), "{error}");
        assert!(store.put(&reference, &path).await.unwrap());
        assert_eq!(get(&store, &reference).await.unwrap(), content);
        assert_eq!(chunks(&store).await, [4]);
        let stored = store.list().await.unwrap().remove(0);
        assert!(store.remove(&stored).await.unwrap());
    }
}

/// Stops reading until it is told to go on.
struct Slow(tokio::sync::watch::Receiver<bool>, usize);

impl tokio::io::AsyncWrite for Slow {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        if *self.0.borrow() {
            self.1 += bytes.len();
            return std::task::Poll::Ready(Ok(bytes.len()));
        }
        let waker = context.waker().clone();
        let mut go = self.0.clone();
        tokio::spawn(async move {
            let _ = go.wait_for(|it| *it).await;
            waker.wake();
        });
        std::task::Poll::Pending
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn one_that_is_removed_while_it_is_read_is_missing() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let (reader, other) = (store(&server).await, store(&server).await);
    let (reference, path) = files.write("a.wasm", &noise(40 << 20, 1));
    other.put(&reference, &path).await.unwrap();
    let (go, gate) = tokio::sync::watch::channel(false);
    let reading = tokio::spawn({
        let reference = reference.clone();
        async move {
            let mut sink = Slow(gate, 0);
            reader.get(&reference, LIMIT, &mut sink).await
        }
    });
    let consumers = async || {
        let info = api(&server, "STREAM.INFO", json!({})).await;
        info["state"]["consumer_count"].as_u64().unwrap()
    };
    eventually("it is being read", async || consumers().await == 1).await;
    let stored = other.list().await.unwrap().remove(0);
    assert!(other.remove(&stored).await.unwrap());
    go.send_replace(true);
    // What was on its way already may be all of it, where the server has sent it so fast.
    match reading.await.unwrap() {
        Ok(size) => assert_eq!(size, 40 << 20),
        Err(ArtifactError::NotFound { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    assert_eq!(messages(&server).await, 0);
}

#[tokio::test]
async fn a_file_that_changes_is_not_sent() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await;
    let (reference, path) = files.write("a.wasm", &noise(CHUNK * 2, 1));
    files.write("a.wasm", &noise(CHUNK * 2, 2));
    let error = store.put(&reference, &path).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Changed), "{error}");
    assert_eq!(messages(&server).await, 0, "nothing of it is left");
    std::fs::remove_file(&path).unwrap();
    let error = store.put(&reference, &path).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Io(_)), "{error}");
}

#[tokio::test]
async fn a_full_bucket_is_told_and_left_clean() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await.with_max_bytes(5 << 20);
    let (first, path) = files.write("a.wasm", &noise(3 << 20, 1));
    store.put(&first, &path).await.unwrap();
    let (second, path) = files.write("b.wasm", &noise(3 << 20, 2));
    let error = store.put(&second, &path).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Full { .. }), "{error}");
    assert_eq!(chunks(&store).await, [24]);

    let now = OffsetDateTime::now_utc() + GRACE + GRACE;
    let collected = store.collect(&Uses::default(), now, GRACE).await.unwrap();
    assert_eq!((collected.artifacts, collected.bytes), (1, 3 << 20));
    assert!(store.put(&second, &path).await.unwrap());
}

#[tokio::test]
async fn a_server_with_little_room_gets_a_smaller_bucket() {
    let server = NatsServer::start_with(Setup::max_storage(300 << 20)).await;
    let store = store(&server).await;
    let files = Files::new();
    let (reference, path) = files.write("a.wasm", b"x");
    assert!(store.put(&reference, &path).await.unwrap());
    assert!(!store.put(&reference, &path).await.unwrap());
    let info = api(&server, "STREAM.INFO", json!({})).await;
    assert_eq!(info["config"]["max_bytes"], 256 << 20);

    let server = NatsServer::start_with(Setup::max_storage(9 << 20)).await;
    let store = self::store(&server).await;
    assert!(store.put(&reference, &path).await.unwrap());
    let (large, path) = files.write("b.wasm", &noise(10 << 20, 1));
    let error = store.put(&large, &path).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Full { .. }), "{error}");
}

#[tokio::test]
async fn a_collection_takes_what_nothing_refers_to() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await;
    let mut references = Vec::new();
    for (at, name) in ["runs", "v1", "v2", "unused"].into_iter().enumerate() {
        let (reference, path) = files.write(name, &noise(CHUNK + 7, at));
        store.put(&reference, &path).await.unwrap();
        references.push(reference.to_string());
    }
    // An upload that ended early.
    let context = jetstream::new(server.client().await);
    let sent = context.publish(store.chunks("half"), "chunk".into()).await;
    sent.unwrap().await.unwrap();

    let mut uses = Uses::default();
    uses.runs(&references[0]);
    uses.is_known(&references[1], "MA");
    uses.is_known(&references[2], "MA");
    let now = store.lease("N1", Duration::from_secs(60)).await.unwrap();
    let now = now.unwrap();
    let nothing = store.collect(&uses, now, GRACE).await.unwrap();
    assert_eq!(nothing, Collected::default());

    let collected = store.collect(&uses, now + GRACE * 2, GRACE).await.unwrap();
    assert_eq!((collected.artifacts, collected.fragments), (2, 1));
    let mut left: Vec<_> = (store.list().await.unwrap().iter())
        .map(|it| it.file_name().to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["runs", "the last collection, by N1", "v2"]);
    assert_eq!(chunks(&store).await, [2, 2]);
}

#[tokio::test]
async fn one_host_at_a_time_collects() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let (reference, path) = files.write("a", b"x");
    let stores = join_all((0..6).map(|_| store(&server))).await;
    stores[0].put(&reference, &path).await.unwrap();
    let minute = Duration::from_secs(60);
    for _ in 0..2 {
        let leases = join_all(stores.iter().map(|it| it.lease("N", minute))).await;
        let held = leases.into_iter().filter_map(Result::unwrap).count();
        assert!(held <= 1, "{held}");
    }
    assert!(stores[0].lease("N", minute).await.unwrap().is_none());
    assert!(
        stores[0]
            .lease("N", Duration::ZERO)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn what_was_used_since_is_not_removed() {
    let (server, files) = (NatsServer::start().await, Files::new());
    let store = store(&server).await;
    let (reference, path) = files.write("a.wasm", b"content");
    store.put(&reference, &path).await.unwrap();
    let before = store.list().await.unwrap().remove(0);
    let digest = reference.digest();
    let marked = store.describe(&before.meta, &digest, before.sequence);
    assert!(marked.await.unwrap().is_some());
    assert!(!store.remove(&before).await.unwrap());
    assert_eq!(get(&store, &reference).await.unwrap(), b"content");
}
