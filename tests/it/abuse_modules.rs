//! Modules that must not run: each is refused with its reason, by the host and by the command before it sends.

use futures_util::StreamExt as _;
use wash::claims::{KeyKind, Seed};

use crate::abuse::{Arena, Shared, file_reference, guest, now, path_of, signed, timeout};

static SHARED: Shared = Shared::new();

const DAY: u64 = 24 * 60 * 60;

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn sign(wasm: &[u8]) -> Vec<u8> {
    signed(wasm, &Seed::generate(KeyKind::Module), |_| {})
}

/// A module with a token section of this content.
fn with_token(token: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"wasmcloud_jwt";
    let mut wasm = guest("echo");
    let size = 1 + NAME.len() + token.len();
    assert!(size < 128, "one byte says it");
    wasm.extend([
        0,
        u8::try_from(size).unwrap(),
        u8::try_from(NAME.len()).unwrap(),
    ]);
    wasm.extend(NAME);
    wasm.extend(token);
    wasm
}

/// Name, content, and what its refusal says.
fn bad_modules() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let key = Seed::generate(KeyKind::Module);
    let echo = guest("echo");
    let mut tampered = sign(&echo);
    tampered.extend([0, 3, 1, b'x', 0]);
    let mut flipped = sign(&echo);
    flipped[40] ^= 1;
    let whole = sign(&echo);
    vec![
        ("empty", Vec::new(), "not a WebAssembly module"),
        (
            "text",
            b"#!/bin/sh\nrm -rf /\n".to_vec(),
            "not a WebAssembly module",
        ),
        ("magic", b"\0asm".to_vec(), "not a WebAssembly module"),
        (
            "version",
            b"\0asm\x63\0\0\0".to_vec(),
            "not a WebAssembly module",
        ),
        ("cut", whole[..whole.len() / 2].to_vec(), ""),
        ("unsigned", echo.clone(), "not signed"),
        ("tampered", tampered, "changed after it was signed"),
        ("flipped", flipped, ""),
        (
            "expired",
            signed(&echo, &key, |it| it.expires = Some(now() - DAY)),
            "expired",
        ),
        (
            "early",
            signed(&echo, &key, |it| it.not_before = Some(now() + DAY)),
            "cannot be used yet",
        ),
        ("no-token", with_token(b""), "token"),
        ("bad-token", with_token(b"a.b.c"), "token"),
        ("binary-token", with_token(b"\xff\xfe.\0"), "token"),
        (
            "provider",
            signed(&echo, &key, |it| {
                it.subject = Seed::generate(KeyKind::Service).public();
            }),
            "key",
        ),
    ]
}

/// Signed as it should be, but no host can run it.
fn odd_modules() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![
        ("component", sign(&wat("(component)")), "component"),
        ("bare", sign(&wat("(module)")), "not an actor"),
        (
            "wrong-type",
            sign(&wat("(module (func (export \"__guest_call\")))")),
            "not an actor",
        ),
        (
            "no-function",
            sign(&wat("(module (memory (export \"__guest_call\") 1))")),
            "not an actor",
        ),
        (
            "import",
            sign(&wat(
                "(module (import \"env\" \"system\" (func)) (func (export \"__guest_call\") (param i32 i32) (result i32) (i32.const 1)))",
            )),
            "env",
        ),
        (
            "import-type",
            sign(&wat(
                "(module (import \"wapc\" \"__guest_response\" (func (param i64))) (func (export \"__guest_call\") (param i32 i32) (result i32) (i32.const 1)))",
            )),
            "",
        ),
        (
            "memory",
            sign(&sized("(memory (export \"memory\") 65536)")),
            "memory",
        ),
        ("memories", sign(&sized(&"(memory 1)".repeat(500))), ""),
        ("table", sign(&sized("(table 100000000 funcref)")), "table"),
    ]
}

fn sized(item: &str) -> Vec<u8> {
    wat(&format!(
        "(module {item} (func (export \"__guest_call\") (param i32 i32) (result i32) (i32.const 1)))"
    ))
}

#[tokio::test]
async fn a_host_refuses_what_it_cannot_trust_or_run() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let before = lattice.inventory().await["actors"].clone();
    for (name, wasm, words) in bad_modules().into_iter().chain(odd_modules()) {
        let reference = arena.write(&format!("host/{name}.wasm"), &wasm);
        let error = lattice.start(&reference).await.expect_err(name);
        assert!(
            error.contains(&reference) && error.contains(words),
            "{name}: {error}"
        );
        assert!(error.len() < 1000, "{name}: {error}");
        arena.serves();
    }
    let unsigned = arena.write("host/plain.wasm", &guest("echo"));
    let error = lattice.start(&unsigned).await.unwrap_err();
    assert!(error.contains("wash claims sign"), "{error}");
    assert_eq!(lattice.inventory().await["actors"], before);
}

#[tokio::test]
async fn a_host_refuses_what_is_no_file() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let huge = arena.write("host/huge.wasm", b"\0asm\x01\0\0\0");
    let file = std::fs::File::options()
        .write(true)
        .open(path_of(&huge))
        .unwrap();
    // Sparse: it takes no room.
    file.set_len(3 << 30).unwrap();
    for (reference, words) in [
        (huge.as_str(), "larger than"),
        (&file_reference(arena.env.home()), "directory"),
        (
            &file_reference(&arena.env.home().join("nothing.wasm")),
            "no such file",
        ),
        ("file:///dev/zero", "not a regular file"),
        ("file://", "not a reference"),
        ("file://\0", ""),
        ("127.0.0.1:1/hello:1", "nothing listens"),
        ("http://127.0.0.1:1/x.wasm", ""),
        ("builtin:httpserver", "not a reference"),
        ("*", "not a reference"),
        (&"x".repeat(4000), ""),
    ] {
        let error = lattice.start(reference).await.expect_err(reference);
        assert!(error.contains(words), "{reference:.80}: {error:.300}");
        arena.serves();
    }
}

#[tokio::test]
async fn commands_refuse_files_before_anything_is_sent() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let mut spy = lattice
        .client
        .subscribe("wasmbus.ctl.*.cmd.>")
        .await
        .unwrap();
    lattice.client.flush().await.unwrap();
    let mut cases: Vec<(String, i32)> = Vec::new();
    for (name, wasm, _) in bad_modules() {
        // Some hosts take unsigned modules, so they are asked.
        if name == "unsigned" {
            continue;
        }
        let path = arena.env.write(&format!("cli/{name}.wasm"), &wasm);
        cases.push((path.to_str().unwrap().to_owned(), 8));
    }
    let dir = arena.env.home().join("cli");
    cases.push((dir.to_str().unwrap().to_owned(), 3));
    cases.push((dir.join("nothing.wasm").to_str().unwrap().to_owned(), 3));
    cases.push(("/dev/zero".to_owned(), 3));
    let huge = arena.env.write("cli/huge.wasm", b"");
    std::fs::File::options()
        .write(true)
        .open(&huge)
        .unwrap()
        .set_len(3 << 30)
        .unwrap();
    cases.push((huge.to_str().unwrap().to_owned(), 8));
    for (path, code) in cases {
        let output = arena.env.run(&["start", "actor", &path, "-o", "json"]);
        assert!(!output.stderr.contains("panicked"), "{output}");
        let output = output.failure(code);
        let error = &output.json()["error"];
        assert!(
            error["message"].as_str().is_some_and(|it| it.len() > 10),
            "{output}"
        );
        let way_out = error["hints"].to_string() + &error["message"].to_string();
        assert!(
            way_out.contains("wash") || error["hints"].get(0).is_some(),
            "{output}"
        );
    }
    // Other tests send what they like.
    let end = "end of what was sent";
    let subject = "wasmbus.ctl.x.cmd.end";
    lattice.client.publish(subject, end.into()).await.unwrap();
    loop {
        let message = timeout(spy.next()).await.unwrap();
        let body = String::from_utf8_lossy(&message.payload);
        assert!(!body.contains("/cli/"), "nothing was sent: {body}");
        if body == end {
            break;
        }
    }
    arena.serves();
}
