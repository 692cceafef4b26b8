//! `wash nats install`, against an HTTPS server of the test's own, and what `wash up` makes of it.
#![cfg(unix)]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::env::{Output, TestEnv};
use crate::nats::binary;
use crate::up::{Up, mode};

/// Accepts connections, each on a thread, until it is dropped.
struct Listening {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let serve = Arc::new(serve);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (serve, Ok(stream)) = (Arc::clone(&serve), stream) else {
                    continue;
                };
                std::thread::spawn(move || serve(stream));
            }
        });
        Self {
            port,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().unwrap().join();
    }
}

/// What a path is answered with.
#[derive(Clone)]
enum Reply {
    Whole(Vec<u8>),
    /// Promises all of it, and closes after so many bytes, whenever it is asked.
    Cut(Vec<u8>, usize),
    /// Leads elsewhere.
    Moved(String),
}

/// A copy of the releases, over HTTPS with a certificate of an authority of its own.
struct Mirror {
    server: Listening,
    ca: PathBuf,
    files: Arc<Mutex<HashMap<String, Reply>>>,
    asked: Arc<Mutex<Vec<String>>>,
    _dir: tempfile::TempDir,
}

impl Mirror {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let (authority, config) = tls();
        let ca = dir.path().join("ca.pem");
        std::fs::write(&ca, authority).unwrap();
        let files: Arc<Mutex<HashMap<String, Reply>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (found, heard) = (Arc::clone(&files), Arc::clone(&asked));
        let server = Listening::start(move |mut stream| {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let Some(head) = head(&mut tls) else { return };
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            heard.lock().unwrap().push(path.clone());
            let reply = found.lock().unwrap().get(&path).cloned();
            let ok = |length| {
                format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
            };
            let bytes = match reply {
                Some(Reply::Whole(body)) => [ok(body.len()).into_bytes(), body].concat(),
                Some(Reply::Cut(body, at)) => [ok(body.len()).as_bytes(), &body[..at]].concat(),
                Some(Reply::Moved(to)) => {
                    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
                        .into_bytes()
                }
                None => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
            };
            let _ = tls.write_all(&bytes);
            tls.conn.send_close_notify();
            let _ = tls.flush();
        });
        Self {
            server,
            ca,
            files,
            asked,
            _dir: dir,
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/nats", self.server.port)
    }

    fn put(&self, path: &str, reply: Reply) {
        self.files
            .lock()
            .unwrap()
            .insert(format!("/nats/{path}"), reply);
    }

    /// Everything a release has, right.
    fn publish(&self, version: &str, archive: &[u8]) {
        let name = archive_name(version);
        let sums = format!("{}  {name}\n", sum(archive));
        self.put(&format!("v{version}/SHA256SUMS"), Reply::Whole(sums.into()));
        self.put(
            &format!("v{version}/{name}"),
            Reply::Whole(archive.to_vec()),
        );
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// A home that uses it, where the server from elsewhere is not named.
    fn home(&self) -> TestEnv {
        let mut env = TestEnv::new();
        env.set("WASH_NATS_SERVER", "");
        env.set("WASH_NATS_MIRROR", self.url());
        env.set("WASH_OCI_CA_FILE", &self.ca);
        env
    }
}

/// The lines before a body.
fn head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 1 << 16 || stream.read_exact(&mut byte).is_err() {
            return None;
        }
        head.extend(byte);
    }
    String::from_utf8(head).ok()
}

/// An authority in PEM, and a server whose certificate it signed.
fn tls() -> (String, Arc<rustls::ServerConfig>) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let names = ["releases.example", "localhost"].map(str::to_owned);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (authority.pem(), Arc::new(config))
}

fn folder(version: &str) -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        it => it,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        it => it,
    };
    format!("nats-server-v{version}-{os}-{arch}")
}

fn archive_name(version: &str) -> String {
    format!("{}.tar.gz", folder(version))
}

fn sum(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

/// A release's archive with this program, and what comes before it.
fn archive(version: &str, program: &[u8], before: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let program_path = format!("{}/nats-server", folder(version));
    let licence = format!("{}/LICENSE", folder(version));
    let entries = before
        .iter()
        .copied()
        .chain([(licence.as_str(), &b"free"[..]), (&program_path, program)]);
    for (path, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// What says that it is this version, for what is never run as a server.
fn script(version: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho 'nats-server: v{version}'\n").into_bytes()
}

fn place(env: &TestEnv) -> PathBuf {
    env.home().join(".local/share/wash/nats-server")
}

/// Everything below a directory that is a file.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in dir.read_dir().into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

/// A failure that says this, and leaves nothing.
#[track_caller]
fn refused(env: &TestEnv, output: Output, code: i32, said: &str) {
    let output = output.failure(code);
    assert!(output.stderr.contains(said), "{said}: {output}");
    assert!(output.stderr.contains("hint: "), "{output}");
    assert_eq!(files(&place(env)), Vec::<PathBuf>::new(), "{output}");
}

#[test]
fn what_was_installed_is_what_up_starts() {
    let program = std::fs::read(binary()).unwrap();
    let version = std::process::Command::new(binary())
        .arg("--version")
        .output()
        .unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let version = version.trim().rsplit_once('v').unwrap().1;
    let mirror = Mirror::start();
    mirror.publish(version, &archive(version, &program, &[]));
    let env = mirror.home();

    let first = env.run(&["nats", "install", version, "-o", "json"]);
    let first = first.success().json();
    let path = place(&env).join(version).join("nats-server");
    assert_eq!(first["changed"], true, "{first}");
    assert_eq!(first["path"].as_str(), path.to_str(), "{first}");
    assert_eq!(first["version"], version);
    assert_eq!(mode(&path), 0o755);
    assert_eq!(std::fs::read(&path).unwrap(), program);
    let left = files(&place(&env));
    assert_eq!(left.len(), 2, "{left:?}");

    // Asked again, nobody is asked.
    let asked = mirror.asked();
    let again = env.run(&["nats", "install", &format!("v{version}"), "-o", "json"]);
    let again = again.success().json();
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(mirror.asked(), asked);
    let forced = env.run(&["nats", "install", version, "--force", "-o", "name"]);
    assert_eq!(forced.success().stdout.trim(), path.to_str().unwrap());
    assert_eq!(mirror.asked(), asked + 2);

    // It wins over what is on the PATH, and a running server is of that file.
    let up = Up::start(&env, &["--nats-port", "0", "--ephemeral"]);
    let pid: Value = up.ready["nats_pid"].clone();
    assert_eq!(up.ready["nats_started"], true, "{}", up.ready);
    let exe = std::fs::read_link(format!("/proc/{pid}/exe"));
    if cfg!(target_os = "linux") {
        assert_eq!(exe.unwrap(), path.canonicalize().unwrap());
    }
}

#[test]
fn the_version_named_last_counts() {
    let mirror = Mirror::start();
    for version in ["2.10.1", "2.12.0-RC.1"] {
        mirror.publish(version, &archive(version, &script(version), &[]));
    }
    let env = mirror.home();
    let found = || {
        let doctor = env.run(&["doctor", "-o", "json"]);
        doctor.stdout.contains("2.12.0-RC.1")
    };
    env.run(&["nats", "install", "2.10.1"]).success();
    assert!(!found());
    env.run(&["nats", "install", "2.12.0-RC.1"]).success();
    assert!(found());
    let back = env.run(&["nats", "install", "2.10.1"]).success();
    assert!(back.stdout.contains("installed already"), "{back}");
    assert!(!found());
}

#[test]
fn what_is_not_what_was_published_is_not_installed() {
    let mirror = Mirror::start();
    let env = mirror.home();
    let install = || env.run(&["nats", "install", "2.10.1"]);
    let good = archive("2.10.1", &script("2.10.1"), &[]);
    let at = format!("v2.10.1/{}", archive_name("2.10.1"));
    let sums = |text: &str| mirror.put("v2.10.1/SHA256SUMS", Reply::Whole(text.into()));

    refused(&env, install(), 3, "SHA256SUMS");
    sums(&format!("{}  other.tar.gz\n", sum(&good)));
    mirror.put(&at, Reply::Whole(good.clone()));
    refused(&env, install(), 8, "no sum");
    mirror.publish("2.10.1", &good);
    sums(&format!("{}  {}\n", sum(b"other"), archive_name("2.10.1")));
    refused(&env, install(), 8, "not what was promised");
    mirror.publish("2.10.1", &good);
    mirror.put(&at, Reply::Cut(good.clone(), good.len() / 2));
    refused(&env, install(), 5, "broke");
    // With the right sum, but no release.
    mirror.publish("2.10.1", &archive("2.10.1", &script("2.10.2"), &[]));
    refused(&env, install(), 8, "version 2.10.2, not 2.10.1");
    let evil = archive("2.10.1", &script("2.10.1"), &[("../../../evil", b"x")]);
    mirror.publish("2.10.1", &evil);
    refused(&env, install(), 8, "../../../evil");
    assert!(!env.home().join(".local/evil").exists() && !env.home().join("evil").exists());
    mirror.publish("2.10.1", b"no archive at all");
    refused(&env, install(), 8, "damaged");

    // A sum that is known counts more than what the mirror says.
    mirror.publish("2.10.1", &evil);
    let known = sum(&good);
    let pinned = || env.run(&["nats", "install", "2.10.1", "--sha256", &known]);
    refused(&env, pinned(), 8, "not what was promised");
    mirror.put(&at, Reply::Whole(good));
    pinned().success();
    // What fails later leaves it alone.
    mirror.publish("2.10.1", b"");
    let failed = env.run(&["nats", "install", "2.10.1", "--force"]);
    assert_eq!(failed.code, 8, "{failed}");
    let kept = std::fs::read(place(&env).join("2.10.1/nats-server")).unwrap();
    assert_eq!(kept, script("2.10.1"));
}

#[test]
fn versions_that_are_paths_are_refused_before_anything_is_asked() {
    let mirror = Mirror::start();
    let env = mirror.home();
    for version in [
        "../../etc",
        "2.10",
        "2.10.1/../..",
        "2.10.1-%2e%2e",
        "latest",
    ] {
        let output = env.run(&["nats", "install", version]).failure(2);
        assert!(output.stderr.contains("is not a version"), "{output}");
    }
    env.run(&["nats", "install", "--sha256", "abc"]).failure(2);
    env.run(&["nats", "install", "--timeout", "soon"])
        .failure(2);
    assert_eq!(mirror.asked(), 0);
    assert!(!place(&env).exists());
}

#[test]
fn without_a_network_it_says_so() {
    let mirror = Mirror::start();
    let mut env = mirror.home();
    // Nobody listens on the port of a service that is long gone.
    env.set("WASH_NATS_MIRROR", "https://127.0.0.1:1/nats");
    let output = env.run(&["nats", "install", "-o", "json"]);
    let document = output.json();
    assert_eq!(document["error"]["kind"], "connect", "{document}");
    assert!(document.to_string().contains("127.0.0.1:1"), "{document}");
    refused(&env, output, 5, "nothing listens");
    // A certificate that nobody vouches for.
    env.set("WASH_NATS_MIRROR", mirror.url());
    env.set("WASH_OCI_CA_FILE", "");
    refused(&env, env.run(&["nats", "install"]), 5, "not trusted");
    // No TLS, where none is allowed.
    env.set("WASH_NATS_MIRROR", "http://ann:hunter2@127.0.0.1:1/nats");
    let plain = env.run(&["nats", "install"]);
    assert!(!plain.to_string().contains("hunter2"), "{plain}");
    refused(&env, plain, 2, "without TLS");
    let plain = env.run(&["nats", "install", "--insecure"]);
    assert!(!plain.to_string().contains("hunter2"), "{plain}");
    refused(&env, plain, 5, "nothing listens");
}

#[test]
fn it_goes_through_a_proxy_and_along_redirects() {
    let mirror = Mirror::start();
    let good = archive("2.10.1", &script("2.10.1"), &[]);
    mirror.publish("2.10.1", &good);
    // As the makers' site does.
    let at = format!("v2.10.1/{}", archive_name("2.10.1"));
    mirror.put(&at, Reply::Moved("/nats/elsewhere?sig=x".to_owned()));
    mirror.put("elsewhere?sig=x", Reply::Whole(good));
    let tunnels = Arc::new(AtomicUsize::new(0));
    let (count, target) = (Arc::clone(&tunnels), mirror.server.port);
    let proxy = Listening::start(move |mut client| {
        let Some(head) = head(&mut client) else {
            return;
        };
        // Names that only the proxy knows.
        let known = ["releases.example", "pretender.example"];
        if !known
            .map(|it| format!("CONNECT {it}:443 "))
            .iter()
            .any(|it| head.starts_with(it))
        {
            return;
        }
        count.fetch_add(1, Ordering::Relaxed);
        let mut server = TcpStream::connect(("127.0.0.1", target)).unwrap();
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
        let _ = std::io::copy(&mut server, &mut client);
        let _ = client.shutdown(std::net::Shutdown::Both);
    });
    let mut env = mirror.home();
    let through = format!("http://127.0.0.1:{}", proxy.port);
    env.set("HTTPS_PROXY", &through);
    // A proxy cannot pretend to be anybody.
    env.set("WASH_NATS_MIRROR", "https://pretender.example/nats");
    refused(
        &env,
        env.run(&["nats", "install", "2.10.1"]),
        5,
        "not trusted",
    );
    let before = tunnels.load(Ordering::Relaxed);
    assert!(before > 0);
    env.set("WASH_NATS_MIRROR", "https://releases.example/nats");
    env.run(&["nats", "install", "2.10.1"]).success();
    assert!(tunnels.load(Ordering::Relaxed) > before);
    // Not for what is said to be near.
    let before = tunnels.load(Ordering::Relaxed);
    env.set("WASH_NATS_MIRROR", mirror.url());
    env.set("NO_PROXY", "localhost");
    env.run(&["nats", "install", "2.10.1", "--force"]).success();
    assert_eq!(tunnels.load(Ordering::Relaxed), before);
}
