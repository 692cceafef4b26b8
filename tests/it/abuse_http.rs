//! Peers that do not speak HTTP as they should: they lose their own connection, and others keep theirs.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use serde_json::json;
use wash::claims::{KeyKind, Seed};

use crate::abuse::{Arena, HELLO, PATIENCE, Shared, eventually, free_port, http, link, signed};

static SHARED: Shared = Shared::new();

fn open(arena: &Arena) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", arena.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn read_all(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn idle_and_slow_peers_keep_nobody_waiting() {
    let arena = Arena::shared(&SHARED).await;
    let idle: Vec<_> = (0..200).map(|_| open(&arena)).collect();
    arena.serves();
    let mut slow: Vec<_> = (0..100).map(|_| open(&arena)).collect();
    for piece in ["GET / HT", "TP/1.1\r\nho", "st: h\r\nx-slow: "] {
        for stream in &mut slow {
            stream.write_all(piece.as_bytes()).unwrap();
        }
        arena.serves();
    }
    // Bodies that are announced and do not come.
    for stream in &mut slow[..50] {
        stream
            .write_all(b"y\r\ncontent-length: 1000000\r\n\r\npartial")
            .unwrap();
    }
    arena.serves();
    // Whoever finishes is answered.
    for stream in &mut slow[50..] {
        stream.write_all(b"y\r\nconnection: close\r\n\r\n").unwrap();
    }
    for stream in slow.drain(50..) {
        assert!(read_all(stream).starts_with("HTTP/1.1 200"));
    }
    drop((idle, slow));
    arena.serves();
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let arena = Arena::shared(&SHARED).await;
    let long = "x".repeat(1 << 20);
    let many: String = (0..2000).map(|it| format!("h{it}: v\r\n")).collect();
    let close = "host: h\r\nconnection: close\r\n";
    for (request, status) in [
        (
            format!("GET / HTTP/1.1\r\nhost: h\r\nx: {long}\r\n\r\n"),
            "431",
        ),
        (format!("GET /{long} HTTP/1.1\r\nhost: h\r\n\r\n"), "4"),
        (format!("GET / HTTP/1.1\r\n{many}{close}\r\n"), "431"),
        ("GARBAGE\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), ""),
        ("\0\0\0\0\r\n\r\n".to_owned(), "400"),
        (
            format!("GET / HTTP/1.1\r\nbad header: x\r\n{close}\r\n"),
            "400",
        ),
        (format!("GET / HTTP/1.1\r\nx: a\0b\r\n{close}\r\n"), "400"),
        (
            format!("POST / HTTP/1.1\r\ncontent-length: -1\r\n{close}\r\n"),
            "400",
        ),
        (
            format!("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n{close}\r\nxx"),
            "400",
        ),
        (
            format!("POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n{close}\r\n"),
            "400",
        ),
        (
            format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n{close}\r\nZZ\r\n"),
            "400",
        ),
        (
            format!(
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n{close}\r\nffffffffffffffffff\r\n"
            ),
            "400",
        ),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\0\0\0\0\0\0garbage".to_owned(),
            "",
        ),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned() + &"\0".repeat(10_000),
            "",
        ),
        ("\u{16}\u{3}\u{1}\0\u{5}hello TLS".to_owned(), ""),
    ] {
        let mut stream = open(&arena);
        let _ = stream.write_all(request.as_bytes());
        // Some are cut off, some are waited for; none is answered as if it were fine.
        let _ = stream.shutdown(Shutdown::Write);
        let answer = read_all(stream);
        let told = answer.starts_with(&format!("HTTP/1.1 {status}")) || answer.is_empty();
        assert!(status.is_empty() || told, "{request:.60}: {answer:.200}");
        assert!(!answer.contains(" 200 "), "{request:.60}: {answer:.200}");
        arena.serves();
    }
    // Random bytes, always the same.
    let mut state = 1_u64;
    for _ in 0..50 {
        let bytes: Vec<u8> = (0..400)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect();
        let mut stream = open(&arena);
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        assert!(!read_all(stream).contains(" 200 "));
    }
    arena.serves();
}

#[tokio::test]
async fn two_lengths_do_not_smuggle_a_request() {
    let arena = Arena::shared(&SHARED).await;
    let request = "POST /one HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n\
                   0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let mut stream = open(&arena);
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let answer = read_all(stream);
    // Refused, or the end of what is read: what follows is nobody's request.
    assert!(!answer.contains("/smuggled"), "{answer}");
    arena.serves();
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    let arena = Arena::shared(&SHARED).await;
    let lattice = arena.enter().await;
    let key = Seed::generate(KeyKind::Module);
    let wasm = signed(&crate::abuse::guest("mirror"), &key, |_| {});
    lattice
        .start(&arena.write("small.wasm", &wasm))
        .await
        .unwrap();
    let port = free_port();
    let mut limited = link(&key.public(), port);
    limited["values"]["max_content_len"] = json!("1000");
    lattice.accepted("linkdefs.put", &limited).await;
    let head = "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n";
    eventually("it listens", || {
        http(port, format!("{head}\r\n")).filter(|it| !it.is_empty())
    });
    let body = "x".repeat(5000);
    for request in [
        format!("{head}content-length: 5000\r\n\r\n{body}"),
        format!("{head}transfer-encoding: chunked\r\n\r\n1388\r\n{body}\r\n0\r\n\r\n"),
        format!("{head}content-length: 1000000000000\r\n\r\n{body}"),
        format!("{head}content-length: 5000\r\nexpect: 100-continue\r\n\r\n{body}"),
    ] {
        let answer = http(port, &request).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 413"),
            "{request:.100}: {answer}"
        );
    }
    arena.serves();
}

#[tokio::test]
async fn half_closed_and_pipelined_connections_are_served() {
    let arena = Arena::shared(&SHARED).await;
    let mut half = open(&arena);
    half.write_all(b"GET /half HTTP/1.1\r\nhost: h\r\n\r\n")
        .unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let answer = read_all(half);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("/half"),
        "{answer}"
    );

    let mut pipelined = open(&arena);
    let mut requests = String::new();
    for at in 0..50 {
        let close = if at == 49 {
            "connection: close\r\n"
        } else {
            ""
        };
        requests += &format!("GET /at/{at}/ HTTP/1.1\r\nhost: h\r\n{close}\r\n");
    }
    pipelined.write_all(requests.as_bytes()).unwrap();
    let answer = read_all(pipelined);
    let found: Vec<_> = (0..50)
        .map(|at| answer.find(&format!("/at/{at}/")))
        .collect();
    assert!(
        found.iter().all(Option::is_some) && found.is_sorted(),
        "{answer}"
    );

    // Gone before the answer comes.
    for _ in 0..100 {
        let mut stream = open(&arena);
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
            .unwrap();
        drop(stream);
    }
    arena.serves();
    let links = arena.enter().await.ask("get.links", "").await;
    assert!(links.to_string().contains(HELLO));
}

#[cfg(unix)]
#[tokio::test]
async fn more_connections_than_the_shell_allows_files_are_held() {
    let nats = crate::nats::NatsServer::start();
    let mut env = crate::env::TestEnv::new();
    env.set("WASH_NATS_URL", nats.url());
    let wash = env.command(&[]);
    let mut limited = std::process::Command::new("sh");
    limited.args([
        "-c",
        "ulimit -Sn 100; exec \"$0\" up -o json --nats-connect-only --nats-port \"$1\"",
    ]);
    limited
        .arg(wash.get_program())
        .arg(nats.port())
        .env_clear()
        .current_dir(env.home());
    limited.envs(
        wash.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    limited
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut up = crate::abuse_up::Up::spawn(&mut limited);
    let port = free_port();
    let hello = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hello/hello.wasm");
    let _ = env.run(&["start", "actor", hello]).success();
    let _ = env
        .run(&["start", "provider", "builtin:httpserver"])
        .success();
    let address = format!("address=127.0.0.1:{port}");
    let _ = env
        .run(&[
            "link",
            "put",
            HELLO,
            "builtin:httpserver",
            crate::abuse::HTTP,
            &address,
        ])
        .success();
    let idle: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
        .collect();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .set_read_timeout(Some(std::time::Duration::from_secs(20)))
        .unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
        .unwrap();
    let answer = read_all(stream);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    up.alive();
    drop(idle);
}
