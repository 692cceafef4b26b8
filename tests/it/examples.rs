//! The examples as their manifests start them, with the real binary and a real nats-server.

use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::outside::Outside;

/// Far above what a loaded machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn hello_tells_what_it_saw() {
    let example = Example::start("hello", "127.0.0.1:8081", TestEnv::new());
    let answer = example.get("/any/path?you=like");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut seen: Value = serde_json::from_slice(&answer.body).unwrap();
    let host = seen["headers"]["host"].take();
    assert_eq!(host, json!([example.address.to_string()]));
    assert_eq!(seen["method"], "GET");
    assert_eq!(seen["path"], "/any/path");
    assert_eq!(seen["query"], "you=like");
    assert_eq!(seen["body"], "");

    let posted = example.request("POST", "/", b"Gr\xc3\xbc\xc3\x9fe");
    let seen: Value = serde_json::from_slice(&posted.body).unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["body"], "Grüße");
}

#[test]
fn dogs_and_cats_shows_both() {
    let outside = Outside::start();
    let mut env = TestEnv::new();
    env.set("HTTPS_PROXY", outside.proxy());
    let certificates = env.write("ca.pem", outside.certificate());
    env.set("SSL_CERT_FILE", certificates);
    let example = Example::start("dogs-and-cats", "127.0.0.1:8082", env);

    assert_eq!(
        example.pictures(2),
        [
            ("image/jpeg".to_owned(), b"a dog".to_vec()),
            ("image/png".to_owned(), b"a cat".to_vec())
        ]
        .into()
    );

    outside.hide_pictures();
    assert_eq!(
        example.pictures(2),
        [
            ("image/webp".to_owned(), b"any dog".to_vec()),
            ("image/gif".to_owned(), b"any cat".to_vec())
        ]
        .into()
    );
}

/// An example that runs as its manifest says, but on another port; stopped on drop.
struct Example {
    env: TestEnv,
    address: SocketAddr,
}

impl Example {
    #[track_caller]
    fn start(name: &str, address: &str, env: TestEnv) -> Self {
        let free = free_address();
        let directory = examples().join(name);
        let manifest = std::fs::read_to_string(directory.join("lattice.yaml")).unwrap();
        assert!(manifest.contains(&format!("ADDRESS: {address}")));
        env.write("lattice.yaml", manifest.replace(address, &free.to_string()));
        let module = format!("{name}.wasm");
        std::fs::copy(directory.join(&module), env.home().join(&module)).unwrap();
        let example = Self { env, address: free };
        let up = ["up", "--detached", "--nats-port", "0", "-o", "json"];
        let up = [&up[..], &["--apply", "lattice.yaml"]].concat();
        let ready = example.env.run(&up).success().json();
        assert_eq!(ready["success"], true, "{ready}");
        for result in ready["applied"]["results"].as_array().unwrap() {
            assert_eq!(result["ok"], true, "{result}");
        }
        example
    }

    #[track_caller]
    fn get(&self, target: &str) -> Answer {
        self.request("GET", target, b"")
    }

    #[track_caller]
    fn request(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }

    /// Asks until this many different pictures have come; each with its content type.
    #[track_caller]
    fn pictures(&self, different: usize) -> HashSet<(String, Vec<u8>)> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = HashSet::new();
        while seen.len() < different {
            assert!(Instant::now() < deadline, "only {seen:?}");
            let answer = self.get("/");
            assert_eq!(answer.status, 200, "{answer:?}");
            let content_type = answer.header("content-type").unwrap().to_owned();
            seen.insert((content_type, answer.body));
        }
        seen
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self
            .env
            .run(&["down", "--all", "--force", "--timeout", "20s"]);
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|it| it.split_once(": "));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A port that the kernel picked and nobody uses.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
