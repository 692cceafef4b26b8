//! Key-value buckets and object stores.

use async_nats::jetstream::{self, Context, kv};
use futures_util::{StreamExt, TryStreamExt};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::{PATIENCE, Seen};

pub(super) async fn values(js: &Context, seen: &mut Seen) {
    let config = kv::Config {
        bucket: "B".to_owned(),
        history: 3,
        ..kv::Config::default()
    };
    let bucket = js.create_key_value(config).await.unwrap();
    seen.outcome("kv get none", bucket.get("a").await);
    seen.outcome("kv create", bucket.create("a", "1".into()).await);
    seen.outcome("kv create again", bucket.create("a", "1".into()).await);
    seen.outcome("kv put", bucket.put("a", "2".into()).await);
    seen.outcome("kv update", bucket.update("a", "3".into(), 2).await);
    seen.outcome("kv update late", bucket.update("a", "3".into(), 2).await);
    seen.outcome("kv get", bucket.get("a").await);
    let it = bucket.entry("a").await;
    seen.outcome(
        "kv entry",
        it.map(|it| it.map(|it| (it.key, it.value, it.revision, it.delta, it.operation))),
    );
    let it = bucket.entry_for_revision("a", 1).await;
    seen.outcome(
        "kv revision",
        it.map(|it| it.map(|it| (it.key, it.value, it.revision))),
    );
    for key in ["b", "c.d", "e/f", "g=h"] {
        seen.outcome("kv put", bucket.put(key, key.to_owned().into()).await);
    }
    seen.outcome("kv delete", bucket.delete("b").await);
    seen.outcome(
        "kv create deleted",
        bucket.create("b", "again".into()).await,
    );
    seen.outcome("kv purge", bucket.purge("c.d").await);
    for step in ["kv keys", "kv keys again"] {
        let mut keys: Vec<_> = bucket.keys().await.unwrap().try_collect().await.unwrap();
        keys.sort();
        seen.add(step, keys);
    }
    let history: Vec<_> = bucket
        .history("a")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let history: Vec<_> = history
        .iter()
        .map(|it| (&it.value, it.revision, it.delta, it.operation))
        .collect();
    seen.add("kv history", history);
    let mut all = bucket.watch_with_history(">").await.unwrap();
    for _ in 0..5 {
        let it = timeout(PATIENCE, all.next())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        seen.add(
            "kv watch",
            (it.key, it.value, it.revision, it.operation, it.seen_current),
        );
    }
    bucket.put("live", "x".into()).await.unwrap();
    let mut new = bucket.watch("w.*").await.unwrap();
    bucket.put("w.1", "x".into()).await.unwrap();
    let it = timeout(PATIENCE, new.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    seen.add("kv watch new", (it.key, it.revision, it.delta));
    drop((all, new));
    let status = bucket.status().await.unwrap();
    seen.add(
        "kv status",
        (status.values(), status.history(), status.info.state.bytes),
    );
    js.delete_key_value("B").await.unwrap();
    seen.outcome("kv gone", js.get_key_value("B").await.map(|_| ()));
}

pub(super) async fn objects(js: &Context, seen: &mut Seen) {
    let config = jetstream::object_store::Config {
        bucket: "O".to_owned(),
        ..Default::default()
    };
    let store = js.create_object_store(config).await.unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).map(|it| (it % 251) as u8).collect();
    for (name, bytes) in [
        ("small", &b"hello"[..]),
        ("large", &large),
        ("small", b"bye"),
    ] {
        let mut bytes = bytes;
        let info = store.put(name, &mut bytes).await;
        seen.outcome(
            "put object",
            info.map(|it| (it.name, it.size, it.chunks, it.digest)),
        );
    }
    for name in ["small", "large"] {
        let mut object = store.get(name).await.unwrap();
        let mut bytes = Vec::new();
        timeout(PATIENCE, object.read_to_end(&mut bytes))
            .await
            .unwrap()
            .unwrap();
        seen.add(
            "get object",
            (name, bytes.len(), name == "large" && bytes == large),
        );
    }
    seen.outcome("no object", store.get("none").await.map(|_| ()));
    let mut names: Vec<_> = store
        .list()
        .await
        .unwrap()
        .map_ok(|it| it.name)
        .try_collect()
        .await
        .unwrap();
    names.sort();
    seen.add("list objects", names);
    seen.outcome("delete object", store.delete("large").await);
    let names: Vec<_> = store
        .list()
        .await
        .unwrap()
        .map_ok(|it| it.name)
        .try_collect()
        .await
        .unwrap();
    seen.add("list objects", names);
    let state = js
        .get_stream("OBJ_O")
        .await
        .unwrap()
        .cached_info()
        .state
        .clone();
    seen.add("objects", (state.messages, state.last_sequence));
    js.delete_object_store("O").await.unwrap();
}
