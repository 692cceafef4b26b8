//! What is kept, when it is believed, and who fetches it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::fake::{Reply, manifest, stored};
use super::*;

#[tokio::test]
async fn what_is_kept_is_asked_about_and_not_fetched_again() {
    let fake = Fake::start(b"x", |_| None).await;
    let cache = dir();
    for _ in 0..3 {
        // Another client, as another process would be.
        let artifact = client(cache.path(), &[&fake])
            .file(&fake.reference(), &None)
            .await;
        let artifact = artifact.unwrap();
        assert_eq!(std::fs::read(&artifact.path).unwrap(), b"x");
        assert_eq!(artifact.cached, fake.count("HEAD", "/manifests/1") > 0);
    }
    assert_eq!(fake.count("GET", "/manifests/"), 1);
    assert_eq!(fake.count("HEAD", "/manifests/"), 2);
    assert_eq!(fake.count("GET", "/blobs/"), 1);
    // A digest cannot change, so nobody is asked.
    let digest = client(cache.path(), &[&fake])
        .file(&fake.reference(), &None)
        .await
        .unwrap()
        .digest;
    let before = fake.seen().len();
    let pinned = format!("{}/a@{digest}", fake.host());
    assert_eq!(
        client(cache.path(), &[&fake]).bytes(&pinned).await.unwrap(),
        "x"
    );
    assert_eq!(fake.seen().len(), before);
}

#[tokio::test]
async fn a_tag_that_moves_is_noticed() {
    let moved = Arc::new(AtomicBool::new(false));
    let (flag, new) = (
        Arc::clone(&moved),
        manifest(&[("application/wasm", b"new")]),
    );
    let store = (new.to_string(), vec![b"new".to_vec()]);
    let fake = Fake::start(b"old", move |it| {
        flag.load(Ordering::Relaxed).then(|| stored(it, &store))
    })
    .await;
    let cache = dir();
    let registries = client(cache.path(), &[&fake]);
    assert_eq!(registries.bytes(&fake.reference()).await.unwrap(), "old");
    moved.store(true, Ordering::Relaxed);
    assert_eq!(registries.bytes(&fake.reference()).await.unwrap(), "new");
}

#[tokio::test]
async fn a_registry_that_is_gone_leaves_what_it_said_last() {
    let cache = dir();
    let state = Arc::new(std::sync::Mutex::new(None::<u16>));
    let status = Arc::clone(&state);
    let fake = Fake::start(b"x", move |_| {
        status.lock().unwrap().map(|it| Reply::new(it, ""))
    })
    .await;
    let registries = client(cache.path(), &[&fake]);
    registries.bytes(&fake.reference()).await.unwrap();
    for (status, fine) in [
        (503, true),
        (429, true),
        (401, false),
        (403, false),
        (404, false),
    ] {
        *state.lock().unwrap() = Some(status);
        match registries.file(&fake.reference(), &None).await {
            Ok(artifact) => assert!(fine && artifact.unverified.is_some(), "{status}"),
            Err(error) => assert!(!fine, "{status}: {error}"),
        }
    }
    let reference = fake.reference();
    drop(fake);
    let artifact = registries.file(&reference, &None).await.unwrap();
    assert!(artifact.unverified.unwrap().contains("nothing listens"));
    assert_eq!(
        registries.ping(&reference).await.unwrap_err().kind,
        ErrorKind::Unreachable
    );
}

#[tokio::test]
async fn damage_on_the_disk_is_mended() {
    let fake = Fake::start(b"intact", |_| None).await;
    let cache = dir();
    let registries = client(cache.path(), &[&fake]);
    for damaged in [&b"intacT"[..], b"inta", b""] {
        let path = registries
            .file(&fake.reference(), &None)
            .await
            .unwrap()
            .path;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(registries.bytes(&fake.reference()).await.unwrap(), "intact");
        std::fs::write(&path, damaged).unwrap();
        let path = registries
            .file(&fake.reference(), &None)
            .await
            .unwrap()
            .path;
        assert_eq!(std::fs::read(path).unwrap(), b"intact");
    }
}

#[tokio::test]
async fn one_fetches_for_all_who_want_the_same() {
    let whole = content(200_000);
    let fake = Fake::start(&whole, |_| None).await;
    let cache = dir();
    // Each with a client of its own, as processes have.
    let fetches = (0..8).map(|_| {
        let registries = client(cache.path(), &[&fake]);
        let reference = fake.reference();
        async move { registries.bytes(&reference).await }
    });
    for bytes in futures_util::future::join_all(fetches).await {
        assert_eq!(bytes.unwrap(), whole);
    }
    assert_eq!(fake.count("GET", "/blobs/"), 1);
}

#[tokio::test]
async fn what_is_missing_is_told_with_what_is_there() {
    let fake = Fake::start(b"x", |it| {
        it.path
            .ends_with("/tags/list")
            .then(|| Reply::new(200, r#"{"name":"a","tags":["0.1","0.2","<bad>"]}"#))
    })
    .await;
    let cache = dir();
    let registries = client(cache.path(), &[&fake]);
    let error = registries
        .bytes(&format!("{}/a:9", fake.host()))
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error.whole().ends_with("its tags are 0.1, 0.2"),
        "{}",
        error.whole()
    );
    for latest in ["a", "a:latest"] {
        let reference = format!("{}/{latest}", fake.host());
        let before = fake.seen().len();
        let error = registries.bytes(&reference).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Latest);
        assert_eq!(fake.seen().len(), before);
    }
}

#[tokio::test]
async fn tags_in_capitals_are_found_as_older_tools_pushed_them() {
    let manifest = manifest(&[("application/wasm", b"x")]).to_string();
    let fake = Fake::holding(manifest.clone(), vec![b"x".to_vec()], move |it| {
        it.path
            .ends_with("/manifests/rc1")
            .then(|| Reply::new(200, manifest.as_bytes()))
    })
    .await;
    let cache = dir();
    let reference = format!("{}/A:RC1", fake.host());
    assert_eq!(
        client(cache.path(), &[&fake])
            .bytes(&reference)
            .await
            .unwrap(),
        "x"
    );
    assert_eq!(fake.seen()[0].path, "/v2/a/manifests/RC1");
}

#[cfg(unix)]
#[tokio::test]
async fn a_cache_that_cannot_be_written_says_so() {
    let fake = Fake::start(b"x", |_| None).await;
    let cache = dir();
    let file = cache.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = client(&file.join("below"), &[&fake])
        .bytes(&fake.reference())
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Local);
    assert!(
        error.whole().contains("wash drain oci"),
        "{}",
        error.whole()
    );
}
