//! Content that is wrong, late, broken off, or not what it should be.

use serde_json::json;

use super::fake::{Reply, manifest};
use super::*;

async fn fails(fake: &Fake, kind: ErrorKind) -> String {
    let cache = dir();
    let error = client(cache.path(), &[fake]).bytes(&fake.reference()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.to_string().contains(&fake.host()), "{error}");
    assert_eq!(kept(cache.path(), "blobs"), 0);
    error.whole()
}

#[tokio::test]
async fn other_content_than_promised_is_refused() {
    let other = Fake::start(b"right", |it| {
        it.path
            .contains("/blobs/")
            .then(|| Reply::new(200, "wrong"))
    });
    let error = fails(&other.await, ErrorKind::Corrupt).await;
    assert!(error.contains(&Digest::of(b"wrong").to_string()), "{error}");
    for body in ["shorter", "much longer than promised"] {
        let length = Fake::start(b"right length", move |it| {
            it.path.contains("/blobs/").then(|| Reply::new(200, body))
        });
        let error = fails(&length.await, ErrorKind::Corrupt).await;
        assert!(error.contains("instead of 12"), "{error}");
    }
    // Without a length that is told before.
    let endless = Fake::start(b"right length", |it| {
        let reply = Reply::new(200, vec![b'x'; 1 << 20]).with("no-length", 1);
        it.path.contains("/blobs/").then_some(reply)
    });
    fails(&endless.await, ErrorKind::Corrupt).await;
    let manifest = Fake::start(b"right", |it| {
        it.path.contains("/manifests/").then(|| {
            Reply::new(200, r#"{"schemaVersion":2,"layers":[]}"#)
                .with("docker-content-digest", Digest::of(b"another"))
        })
    });
    fails(&manifest.await, ErrorKind::Corrupt).await;
}

#[tokio::test]
async fn a_broken_transfer_goes_on_where_it_was() {
    let whole = content(3 << 20);
    let wanted = Digest::of(&whole);
    for honours_ranges in [true, false] {
        let body = whole.clone();
        let fake = Fake::start(&whole, move |it| {
            if !it.path.contains("/blobs/") {
                return None;
            }
            match it.before {
                0 => Some(Reply::new(200, body.clone()).cut(body.len() / 2)),
                _ if honours_ranges => None,
                _ => Some(Reply::new(200, body.clone())),
            }
        })
        .await;
        let cache = dir();
        let bytes = client(cache.path(), &[&fake])
            .bytes(&fake.reference())
            .await;
        assert!(wanted.names(&bytes.unwrap()));
        let seen = fake.seen();
        let last = seen.last().unwrap().header("range").unwrap();
        assert!(last.starts_with("bytes=") && last != "bytes=0-", "{last}");
        assert_eq!(fake.count("GET", "/blobs/"), 2);
        assert_eq!(kept(cache.path(), "partial"), 0);
    }
}

#[tokio::test]
async fn what_an_earlier_process_has_left_is_taken_up_or_thrown_away() {
    let whole = content(100_000);
    let digest = Digest::of(&whole);
    let fake = Fake::start(&whole, |_| None).await;
    let mut wrong = whole[..5000].to_vec();
    wrong[17] ^= 1;
    for (left, requests) in [(&whole[..5000], 1), (&wrong, 2), (&vec![0; 200_000], 1)] {
        let cache = dir();
        std::fs::create_dir(cache.path().join("partial")).unwrap();
        let partial = cache
            .path()
            .join(format!("partial/sha256-{}", digest.hex()));
        std::fs::write(&partial, left).unwrap();
        let before = fake.count("GET", "/blobs/");
        let bytes = client(cache.path(), &[&fake])
            .bytes(&fake.reference())
            .await;
        assert!(digest.names(&bytes.unwrap()));
        assert_eq!(fake.count("GET", "/blobs/") - before, requests);
    }
}

#[tokio::test]
async fn slow_registries_run_out_of_time() {
    let drip = Fake::start(&content(10_000), |it| {
        let reply = Reply::new(200, content(10_000)).drip(Duration::from_millis(100));
        it.path.contains("/blobs/").then_some(reply)
    })
    .await;
    let cache = dir();
    let overall = Duration::from_millis(1500);
    let registries = client_with(cache.path(), &[&drip], |it| it.limits.overall = overall);
    let error = registries.bytes(&drip.reference()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");

    for part in ["/manifests/", "/blobs/"] {
        let silent = Fake::start(b"x", move |it| it.path.contains(part).then(Reply::hang)).await;
        let registries = client_with(cache.path(), &[&silent], |it| {
            it.limits.idle = Duration::from_millis(300);
            it.limits.retries = 1;
        });
        let error = registries.bytes(&silent.reference()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
        assert!(error.whole().contains("slow"), "{}", error.whole());
    }
}

#[tokio::test]
async fn busy_registries_are_left_alone_for_as_long_as_they_wish() {
    let busy = Fake::start(b"x", |it| {
        (it.before == 0).then(|| Reply::new(429, "").with("retry-after", 1))
    })
    .await;
    let cache = dir();
    let begin = Instant::now();
    let bytes = client(cache.path(), &[&busy])
        .bytes(&busy.reference())
        .await;
    assert_eq!(bytes.unwrap(), "x");
    // Once for the manifest, once for the blob.
    assert!(begin.elapsed() >= Duration::from_secs(2));

    let long = Fake::start(b"x", |_| {
        Some(Reply::new(429, "").with("retry-after", 9999))
    })
    .await;
    let error = fails(&long, ErrorKind::Busy).await;
    assert!(error.contains("9999 s"), "{error}");
    assert_eq!(long.seen().len(), 1);

    for status in [500, 502, 503, 504] {
        let ill = Fake::start(b"x", move |_| Some(Reply::new(status, "oops"))).await;
        fails(&ill, ErrorKind::Busy).await;
        assert_eq!(ill.seen().len(), 3, "{status}");
        let recovers = Fake::start(b"x", move |it| {
            (it.before < 2).then(|| Reply::new(status, ""))
        });
        let recovers = recovers.await;
        let registries = forgetful(&[&recovers], |_| {});
        let bytes = registries.bytes(&recovers.reference()).await;
        assert_eq!(bytes.unwrap(), "x");
    }
}

#[tokio::test]
async fn connections_that_break_are_made_again_a_few_times() {
    let breaking = Fake::start(b"x", |_| {
        Some(Reply::new(200, "").with("content-length", 100).cut(0))
    })
    .await;
    fails(&breaking, ErrorKind::Unreachable).await;
    assert!(breaking.seen().len() <= 3);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let registries = forgetful(&[], |it| it.insecure.push(host.clone()));
    let error = registries.bytes(&format!("{host}/a:1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.to_string().contains("nothing listens"), "{error}");
}

#[tokio::test]
async fn what_is_too_large_is_not_read() {
    for says_length in [true, false] {
        let fake = Fake::start(b"x", move |it| {
            let reply = Reply::new(200, vec![b' '; 6 << 20]);
            let reply = match says_length {
                true => reply,
                false => reply.with("no-length", 1),
            };
            it.path.contains("/manifests/").then_some(reply)
        });
        fails(&fake.await, ErrorKind::TooLarge).await;
    }
    let large = Fake::start(&content(2000), |_| None).await;
    let cache = dir();
    let registries = client_with(cache.path(), &[&large], |it| it.limits.size = 1999);
    let error = registries.bytes(&large.reference()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert_eq!(large.count("GET", "/blobs/"), 0);
}

#[tokio::test]
async fn answers_that_no_registry_gives_are_told_as_such() {
    let page = Fake::start(b"x", |_| {
        Some(Reply::new(200, "<html>log in</html>").with("content-type", "text/html"))
    });
    let error = fails(&page.await, ErrorKind::Protocol).await;
    assert!(error.contains("text/html"), "{error}");
    let image = manifest(&[("application/vnd.docker.image.rootfs.diff.tar.gzip", b"x")]);
    let image = Fake::holding(image.to_string(), vec![], |_| None).await;
    let error = fails(&image, ErrorKind::NotAnArtifact).await;
    assert!(error.contains("wash push"), "{error}");
    let teapot = Fake::start(b"x", |_| Some(Reply::new(418, "")));
    let error = fails(&teapot.await, ErrorKind::Protocol).await;
    assert!(error.contains("418"), "{error}");
}

#[tokio::test]
async fn an_index_and_several_layers_make_one_artifact() {
    let image = manifest(&[
        ("application/wasm", b"one, "),
        ("text/plain", b"read me"),
        ("application/wasm", b"two"),
    ]);
    let image = image.to_string();
    let entry = json!({"digest": Digest::of(image.as_bytes()).to_string(), "size": image.len(),
        "platform": {"os": "wasip1", "architecture": "wasm"}});
    let index = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let blobs = vec![b"one, ".to_vec(), b"two".to_vec()];
    let fake = Fake::holding(image, blobs, move |it| {
        it.path
            .ends_with("/manifests/1")
            .then(|| Reply::new(200, index.as_bytes()))
    })
    .await;
    let cache = dir();
    let registries = client(cache.path(), &[&fake]);
    assert_eq!(
        registries.bytes(&fake.reference()).await.unwrap(),
        "one, two"
    );
    let artifact = registries.file(&fake.reference(), &None).await.unwrap();
    assert_eq!(std::fs::read(&artifact.path).unwrap(), b"one, two");
    std::fs::write(&artifact.path, b"one, twO").unwrap();
    assert_eq!(
        registries.bytes(&fake.reference()).await.unwrap(),
        "one, two"
    );
}
