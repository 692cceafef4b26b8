//! Actors: start, scale, update, stop.

use super::calls::Slow;
use super::*;

#[tokio::test]
async fn an_actor_starts_answers_scales_and_stops() {
    let bench = Bench::new().await;
    let echo = bench.guest("echo", &[HTTP]);
    let body = json!({"actor_ref": echo.reference, "count": 1, "host_id": bench.id()});
    assert_eq!(bench.command("la", body).await, ACCEPTED);
    let started = bench.event("actor_started").await;
    assert_eq!(started["image_ref"], echo.reference.as_str());
    assert_eq!(started["claims"]["caps"], json!([HTTP]));
    assert_eq!(started["claims"]["name"], "echo");
    assert_eq!(bench.event("actors_started").await["count"], 1);
    assert_eq!(bench.event("actor_scaled").await["max_instances"], 1);

    let answer = bench.call(client_origin(), &echo.id, b"ping").await;
    assert_eq!(answer.unwrap(), "ping");

    // As clients of 0.78 scale, and those of 0.82.
    let scale = json!({"actor_id": echo.id, "actor_ref": echo.reference, "annotations": {}, "count": 5,
        "host_id": bench.id()});
    assert_eq!(bench.command("scale", scale).await, ACCEPTED);
    assert_eq!(bench.event("actors_started").await["count"], 4);
    let scale = json!({"actor_ref": echo.reference, "count": 3, "host_id": bench.id()});
    assert_eq!(bench.command("scale", scale).await, ACCEPTED);
    let stopped = bench.event("actors_stopped").await;
    assert_eq!(
        (&stopped["count"], &stopped["remaining"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(bench.counts(&echo.id).await, [3]);

    let stop = json!({"actor_ref": echo.id, "count": 2, "host_id": bench.id()});
    assert_eq!(bench.command("sa", stop).await, ACCEPTED);
    assert_eq!(bench.event("actors_stopped").await["remaining"], 1);
    let stop =
        json!({"actor_ref": echo.id, "count": 0, "annotations": null, "host_id": bench.id()});
    assert_eq!(bench.command("sa", stop.clone()).await, ACCEPTED);
    assert_eq!(bench.event("actors_stopped").await["remaining"], 0);
    assert!(bench.counts(&echo.id).await.is_empty());
    eventually("nobody answers", async || {
        let answer = bench.call(client_origin(), &echo.id, b"").await;
        matches!(answer, Err(RpcError::NoResponders { .. }))
    })
    .await;
    // What is gone already is no error.
    assert_eq!(bench.command("sa", stop).await, ACCEPTED);
}

#[tokio::test]
async fn claims_are_told_under_every_name() {
    let bench = Bench::new().await;
    let echo = bench.start("echo", &[HTTP, "wasmcloud:keyvalue"]).await;
    let answer: Value = serde_json::from_str(&bench.ask("get.claims", "").await).unwrap();
    let claims = &answer["claims"][0];
    for (key, value) in [
        ("sub", echo.id.as_str()),
        ("subject", echo.id.as_str()),
        ("caps", "wasmcloud:httpserver,wasmcloud:keyvalue"),
        ("capabilities", "wasmcloud:httpserver,wasmcloud:keyvalue"),
        ("rev", "1"),
        ("revision", "1"),
        ("name", "echo"),
        ("version", "0.1.0"),
        ("call_alias", ""),
    ] {
        assert_eq!(claims[key], value, "{key}: {claims}");
    }
    assert_eq!(claims["iss"], claims["issuer"]);
}

#[tokio::test]
async fn many_starts_at_once_compile_once_and_add_up() {
    let bench = Bench::new().await;
    let echo = bench.guest("echo", &[]);
    let body = json!({"actor_ref": echo.reference, "count": 1, "host_id": bench.id()});
    let asks = (0..20).map(|_| bench.command("la", body.clone()));
    for ack in futures_util::future::join_all(asks).await {
        assert_eq!(ack, ACCEPTED);
    }
    eventually("all run", async || bench.counts(&echo.id).await == [20]).await;
    assert!(!bench.has_event("actor_start_failed"));
}

#[tokio::test]
async fn annotations_make_sets_of_their_own() {
    let bench = Bench::new().await;
    let echo = bench.start("echo", &[]).await;
    let scale = json!({"actor_ref": echo.reference, "count": 4, "annotations": {"app": "a"}});
    assert_eq!(bench.command("scale", scale).await, ACCEPTED);
    assert_eq!(
        bench.event("actor_scaled").await["annotations"],
        json!({"app": "a"})
    );
    assert_eq!(bench.counts(&echo.id).await, [1, 4]);
    let stop = json!({"actor_ref": echo.id, "annotations": {"app": "a"}});
    assert_eq!(bench.command("sa", stop).await, ACCEPTED);
    assert_eq!(bench.event("actors_stopped").await["remaining"], 1);
    assert_eq!(bench.counts(&echo.id).await, [1]);
}

#[tokio::test]
async fn what_is_no_good_actor_says_so_and_harms_nobody() {
    let bench = Bench::new().await;
    let echo = bench.start("echo", &[]).await;
    let key = Seed::generate(KeyKind::Module);
    let wasm = guest("echo");
    let good = signed(&wasm, &key, |_| {});
    let mut tampered = good.clone();
    let at = wasm.windows(4).position(|it| it == b"wapc").unwrap();
    tampered[at + 3] = b'd';
    let not_wasm = bench.file("garbage.wasm", b"not wasm at all");
    let table = [
        (
            "file:///no/such/file.wasm".to_owned(),
            "there is no such file",
        ),
        (not_wasm, "not a WebAssembly module"),
        (bench.file("empty.wasm", b""), "not a WebAssembly module"),
        (bench.file("cut.wasm", &good[..good.len() / 2]), "wasm"),
        (bench.file("unsigned.wasm", &wasm), "--allow-unsigned"),
        (
            bench.file("tampered.wasm", &tampered),
            "changed after it was signed",
        ),
        (
            bench.file(
                "expired.wasm",
                &signed(&wasm, &key, |it| it.expires = Some(5)),
            ),
            "expired",
        ),
        (
            bench.file(
                "early.wasm",
                &signed(&wasm, &key, |it| it.not_before = Some(now() + 3600)),
            ),
            "cannot be used yet",
        ),
        (
            bench.file(
                "host.wasm",
                &signed(&wasm, &Seed::generate(KeyKind::Server), |_| {}),
            ),
            "not an actor",
        ),
        (
            bench.file("call.wasm", &signed(b"\0asm\x01\0\0\0", &key, |_| {})),
            "not an actor",
        ),
        (
            bench.files.path().display().to_string(),
            "is not a reference",
        ),
        (
            format!("file://{}", bench.files.path().display()),
            "directory",
        ),
        ("127.0.0.1:1/me/hello:0.1".to_owned(), "nothing listens"),
    ];
    for (reference, words) in table {
        let body = json!({"actor_ref": reference, "host_id": bench.id()});
        assert_eq!(bench.command("la", body).await, ACCEPTED);
        for name in [
            "actor_start_failed",
            "actors_start_failed",
            "actor_scale_failed",
        ] {
            let failed = bench.event(name).await;
            assert_eq!(failed["actor_ref"], reference.as_str());
            assert_eq!(failed["image_ref"], reference.as_str());
            let error = failed["error"].as_str().unwrap();
            assert!(error.contains(words), "{reference}: {error}");
        }
    }
    let answer = bench.call(client_origin(), &echo.id, b"still here").await;
    assert_eq!(answer.unwrap(), "still here");
}

#[tokio::test]
async fn files_are_read_only_where_they_may_be() {
    let bench = Bench::with(|it| it.allow_file_load = false).await;
    let echo = bench.guest("echo", &[]);
    bench
        .command("la", json!({"actor_ref": echo.reference}))
        .await;
    let failed = bench.event("actor_start_failed").await;
    let error = failed["error"].as_str().unwrap();
    assert!(
        error.starts_with("actor file loading is disabled"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unsigned_module_runs_where_it_may() {
    let bench = Bench::with(|it| it.allow_unsigned = true).await;
    let reference = bench.file("dev.wasm", &guest("echo"));
    bench.command("la", json!({"actor_ref": reference})).await;
    let started = bench.event("actor_scaled").await;
    let id = ActorId::parse(started["public_key"].as_str().unwrap()).unwrap();
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    assert_eq!(inventory.actors[0].signed, Some(false));
    assert_eq!(inventory.actors[0].name.as_deref(), Some("dev"));
    // It states no contracts, so it may use all.
    let origin = Entity::provider(SERVER, HTTP, "default");
    assert_eq!(bench.call(origin, &id, b"x").await.unwrap(), "x");
}

#[tokio::test]
async fn a_live_update_replaces_code_and_claims() {
    let bench = Bench::new().await;
    let key = Seed::generate(KeyKind::Module);
    let id = ActorId::parse(&key.public()).unwrap();
    let version = |name: &str, rev: i32, ver: &str| {
        let wasm = signed(&guest(name), &key, |token| {
            let metadata = token.metadata.as_mut().unwrap();
            metadata.rev = Some(rev);
            metadata.ver = Some(ver.to_owned());
        });
        bench.file(&format!("{name}-{rev}.wasm"), &wasm)
    };
    let (first, second) = (version("echo", 1, "1.0"), version("operation", 2, "2.0"));
    bench
        .command("la", json!({"actor_ref": first, "count": 2}))
        .await;
    bench.event("actor_scaled").await;

    let update = |reference: &str| json!({"actor_id": id, "new_actor_ref": reference, "host_id": bench.id()});
    let ack = bench.command("upd", update(&first)).await;
    assert!(
        ack.contains("Unable to perform live update: its revision 1"),
        "{ack}"
    );
    assert_eq!(bench.event("actor_update_failed").await["revision"], 1);
    let other = bench.guest("echo", &[]);
    let ack = bench.command("upd", update(&other.reference)).await;
    assert!(ack.contains(other.id.as_str()), "{ack}");
    bench.event("actor_update_failed").await;

    assert_eq!(bench.command("upd", update(&second)).await, ACCEPTED);
    assert_eq!(bench.event("actor_updated").await["revision"], 2);
    let answer = bench.call(client_origin(), &id, b"x").await;
    assert_eq!(answer.unwrap(), "Test.Call");
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    let actor = &inventory.actors[0];
    assert_eq!(actor.image_ref.as_deref(), Some(second.as_str()));
    assert_eq!(actor.instances[0].revision, 2);
    assert_eq!(actor.instances[0].max_instances, Some(2));
    let claims = bench.control.claims().await.unwrap();
    assert_eq!(claims[0]["version"], "2.0");

    let absent = json!({"actor_id": other.id, "new_actor_ref": second});
    let ack = bench.command("upd", absent).await;
    assert!(ack.contains("does not run on this host"), "{ack}");
}

#[tokio::test]
async fn an_actor_starts_again_while_its_last_call_ends() {
    let bench = Bench::new().await;
    let caller = bench.start("caller", &["test:callee"]).await;
    let (slow, _serving) = Slow::serve(&bench, &caller.id).await;
    bench.event("actors_started").await;
    let call = bench.call(client_origin(), &caller.id, b"late");
    let restart = async {
        slow.called.notified().await;
        let stop = json!({"actor_ref": caller.id, "count": 0});
        assert_eq!(bench.command("sa", stop).await, ACCEPTED);
        bench.event("actors_stopped").await;
        let start = json!({"actor_ref": caller.reference, "count": 1});
        assert_eq!(bench.command("la", start).await, ACCEPTED);
        bench.event("actors_started").await;
        slow.release.add_permits(2);
    };
    let (answer, ()) = timeout(async { tokio::join!(call, restart) }).await;
    assert_eq!(answer.unwrap(), "late");
    let answer = bench.call(client_origin(), &caller.id, b"new").await;
    assert_eq!(answer.unwrap(), "new");
}
