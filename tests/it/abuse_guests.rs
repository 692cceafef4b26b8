//! Actors that misbehave: each call ends with its reason, and nobody else notices.

use std::time::Duration;

use serde_json::{Value, json};
use wash::claims::{KeyKind, Seed};

use crate::abuse::{Arena, DEPTH, Shared, free_port, guest, http, signed};

static SHARED: Shared = Shared::new();

#[tokio::test]
async fn what_a_guest_does_wrong_ends_its_call_and_nothing_else() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    for (name, operation, words) in [
        ("unreachable", "", "actor trapped: "),
        ("loop", "", "exceeded its time limit of 1s"),
        ("init-loop", "", "exceeded its time limit of 1s"),
        ("bomb", "", "exceeded its memory limit of 16777216 bytes"),
        ("overflow", "", "actor trapped: call stack exhausted"),
        ("error", "Its.Own", "Its.Own"),
        ("error", "", "gave no reason"),
        ("relay", "", ""),
        ("outside", "q", "outside"),
        ("outside", "r", "outside"),
        ("outside", "e", "outside"),
        ("outside", "l", "outside"),
        ("outside", "c", "outside"),
        ("outside", "x", "outside"),
    ] {
        let actor = lattice.guest(name, 1).await;
        let error = lattice.call(&actor, operation, "payload").await;
        let error = error.expect_err(name);
        assert!(error.contains(words), "{name} {operation}: {error}");
        assert!(!error.contains("panicked"), "{name} {operation}: {error}");
        arena.serves();
        // The actor itself is as it was: its next call gets the same.
        let again = lattice.call(&actor, operation, "payload").await;
        assert_eq!(again.unwrap_err(), error);
        let body = json!({"actor_ref": actor, "host_id": arena.host, "count": 0});
        lattice.accepted("cmd.HOST.sa", &body).await;
    }
}

#[tokio::test]
async fn calls_of_an_actor_that_loops_leave_room_for_others() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let looping = lattice.guest("loop", 50).await;
    let calls = (0..50).map(|_| lattice.call(&looping, "Loop.For", "ever"));
    let calls = futures_util::future::join_all(calls);
    let meanwhile = tokio::task::spawn_blocking({
        let arena = std::sync::Arc::clone(&arena);
        move || (0..10).for_each(|_| arena.serves())
    });
    let (answers, served) = tokio::join!(calls, meanwhile);
    served.unwrap();
    for answer in answers {
        assert!(answer.unwrap_err().contains("time limit"));
    }
}

#[tokio::test]
async fn actors_that_call_each_other_for_ever_are_stopped_at_the_depth_limit() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let depth = format!("actor calls nest deeper than {DEPTH}");
    let (one, two) = (
        lattice.guest("recurse", 20).await,
        lattice.guest("recurse", 20).await,
    );
    for payload in [one.clone(), format!("{one}{two}"), format!("{two}{one}")] {
        let error = lattice.call(&one, "Call.Again", payload).await.unwrap_err();
        assert_eq!(error, depth);
        arena.serves();
    }
    // Room for one call, which waits for itself: until the time is up, no longer.
    let alone = lattice.guest("recurse", 1).await;
    let error = lattice
        .call(&alone, "Call.Again", alone.clone())
        .await
        .unwrap_err();
    assert!(error.contains("limit"), "{error}");
    arena.serves();
    // Nobody by that name.
    let nobody = Seed::generate(KeyKind::Module).public();
    let error = lattice
        .call(&one, "Call.Again", nobody.clone())
        .await
        .unwrap_err();
    assert!(
        error.contains("limit") || error.contains(&nobody),
        "{error}"
    );
    arena.serves();
}

#[tokio::test]
async fn calls_that_multiply_end_with_the_first_ones_time() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let forking = lattice.guest("fork", 10).await;
    let call = lattice.call(&forking, "Fork.Again", forking.clone());
    let meanwhile = tokio::task::spawn_blocking({
        let arena = std::sync::Arc::clone(&arena);
        move || (0..5).for_each(|_| arena.serves())
    });
    let (answer, served) = tokio::join!(call, meanwhile);
    served.unwrap();
    assert!(answer.unwrap_err().contains("time limit"));
    arena.serves();
}

/// A request whose answer is made of these bytes.
fn asking_for(method: &str, answer: &[u8]) -> Vec<u8> {
    let length = u32::try_from(answer.len()).unwrap();
    asking(method, answer, length)
}

fn asking(method: &str, answer: &[u8], length: u32) -> Vec<u8> {
    let mut request = format!(
        "{method} / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        answer.len() + 4
    )
    .into_bytes();
    request.extend(answer);
    request.extend(length.to_le_bytes());
    request
}

fn pack(answer: &Value) -> Vec<u8> {
    rmp_serde::to_vec_named(answer).unwrap()
}

#[tokio::test]
async fn garbage_for_http_is_an_error_of_the_server() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let mirror = lattice.guest("mirror", 4).await;
    let port = free_port();
    lattice.link(&mirror, port).await;
    let good = pack(&json!({"statusCode": 201, "header": {"x": ["y"]}, "body": "fine"}));
    let ok = crate::abuse::eventually("the mirror answers", || {
        http(port, asking_for("POST", &good))
    });
    assert!(
        ok.starts_with("HTTP/1.1 201") && ok.ends_with("fine"),
        "{ok}"
    );

    let deep = vec![0x91; 100_000];
    let huge = [0xdd, 0xff, 0xff, 0xff, 0xff];
    let mut garbage: Vec<Vec<u8>> = vec![
        Vec::new(),
        vec![0xc1],
        vec![0xc0],
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        deep,
        huge.to_vec(),
        good[..good.len() - 2].to_vec(),
        pack(&json!([])),
        pack(&json!({})),
    ];
    for status in [
        json!(0),
        json!(99),
        json!(100),
        json!(101),
        json!(1000),
        json!(-1),
        json!("x"),
        json!(1e9),
    ] {
        garbage.push(pack(
            &json!({"statusCode": status, "header": {}, "body": ""}),
        ));
    }
    for header in [json!([1]), json!("x"), json!({"a": {"b": 1}})] {
        garbage.push(pack(
            &json!({"statusCode": 200, "header": header, "body": ""}),
        ));
    }
    for answer in &garbage {
        let answer = http(port, asking_for("POST", answer)).unwrap();
        assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    }
    // An answer that lies outside its memory.
    let answer = http(port, asking("POST", b"x", u32::MAX)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    arena.serves();

    // What can be carried is, and what would break the connection's framing is not.
    for header in [
        json!({"bad name": ["x"], "": ["y"], "ok": ["a\r\ninjected: 1", "b"]}),
        json!({"content-length": ["2"], "transfer-encoding": ["chunked"], "connection": ["upgrade"]}),
        json!({"content-length": ["4000000000"]}),
        json!({"content-length": ["junk", "1"]}),
    ] {
        let answer = pack(&json!({"statusCode": 200, "header": header, "body": "the body"}));
        let answer = http(port, asking_for("POST", &answer)).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nthe body"), "{header}: {answer}");
        assert!(!answer.contains("injected"), "{answer}");
        assert!(answer.contains("content-length: 8"), "{header}: {answer}");
    }
    for status in [204, 304] {
        let answer = pack(&json!({"statusCode": status, "header": {}, "body": "none"}));
        let answer = http(port, asking_for("POST", &answer)).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
    arena.serves();
}

#[tokio::test]
async fn a_slow_actor_is_told_apart_from_one_that_is_gone() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let key = Seed::generate(KeyKind::Module);
    let wasm = signed(&guest("loop"), &key, |_| {});
    let reference = arena.write("slow.wasm", &wasm);
    lattice.start(&reference).await.unwrap();
    let port = free_port();
    lattice.link(&key.public(), port).await;
    let get = "GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let answer = crate::abuse::eventually("it answers", || http(port, get));
    assert!(answer.starts_with("HTTP/1.1 50"), "{answer}");
    let body = json!({"actor_ref": key.public(), "host_id": arena.host, "count": 0});
    lattice.accepted("cmd.HOST.sa", &body).await;
    let mut link = crate::abuse::link(&key.public(), port);
    link["values"]["timeout_ms"] = json!("50");
    lattice.accepted("linkdefs.put", &link).await;
    let deadline = Duration::from_secs(60);
    let answer = tokio::time::timeout(deadline, async {
        loop {
            let answer = http(port, get).unwrap_or_default();
            if answer.starts_with("HTTP/1.1 503") {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(answer.await.unwrap().contains("not running"));
    arena.serves();
}
