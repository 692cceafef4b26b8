//! `wash hub`: what it writes is what a real `nats-server` in operator mode takes.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectOptions};
use futures_util::StreamExt as _;
use serde_json::Value;

use wash::lattice::LatticeName;
use wash::lattice::state::State;

use crate::env::TestEnv;
use crate::nats::{NatsServer, binary};
use crate::up::{PATIENCE, eventually};

const ACTOR: &str = "MB2ZQB6ROOMAYBO4ZCTFYWN7YIVBWA3MTKZYAQKJMTIHE2ELLRW2E3ZW";

/// Ports that the kernel picks.
const ANY_PORT: [&str; 8] = [
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--leaf-port",
    "0",
    "--monitor-port",
    "0",
];

/// A server with the configuration of a hub, as its owner would run it; killed on drop.
pub(crate) struct Server {
    child: Child,
    port: u16,
    pub(crate) leaf_port: u16,
    monitor: String,
}

impl Server {
    pub(crate) fn start(env: &TestEnv, hub: &Path) -> Self {
        Self::with(env, &hub.join("nats.conf"))
    }

    /// With a configuration that has monitoring.
    pub(crate) fn with(env: &TestEnv, config: &Path) -> Self {
        let ports = tempfile::tempdir_in(env.home()).unwrap();
        let child = Command::new(binary())
            .arg("--config")
            .arg(config)
            .arg("--ports_file_dir")
            .arg(ports.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            port: 0,
            leaf_port: 0,
            monitor: String::new(),
        };
        let file = ports
            .path()
            .join(format!("nats-server_{}.ports", server.child.id()));
        let found: Value = eventually("the server starts", || {
            if let Some(status) = server.child.try_wait().unwrap() {
                panic!("nats-server ended with {status}");
            }
            serde_json::from_slice(&std::fs::read(&file).ok()?).ok()
        });
        let address = |name: &str| {
            let url = found[name][0].as_str().unwrap();
            url.rsplit_once('/').unwrap().1.to_owned()
        };
        server.port = address("nats").rsplit_once(':').unwrap().1.parse().unwrap();
        server.monitor = address("monitoring");
        let leaf = &server.monitoring("varz")["leaf"]["port"];
        // A server that is only a leaf has none.
        server.leaf_port = u16::try_from(leaf.as_u64().unwrap_or(0)).unwrap();
        server
    }

    fn monitoring(&self, page: &str) -> Value {
        let mut stream = TcpStream::connect(&self.monitor).unwrap();
        write!(stream, "GET /{page} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// `host:port` of its monitoring.
    pub(crate) fn monitor(&self) -> &str {
        &self.monitor
    }

    /// For clients.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn leaves(&self) -> u64 {
        self.monitoring("leafz")["leafnodes"].as_u64().unwrap()
    }

    async fn connect(
        &self,
        creds: &Path,
        authority: Option<&Path>,
    ) -> Result<Client, ConnectError> {
        let options = ConnectOptions::with_credentials_file(creds).await.unwrap();
        let options = options.connection_timeout(PATIENCE);
        match authority {
            Some(authority) => {
                let options = options.add_root_certificates(authority.to_owned());
                options
                    .connect(format!("tls://127.0.0.1:{}", self.port))
                    .await
            }
            None => options.connect(format!("127.0.0.1:{}", self.port)).await,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn until(what: &str, reached: impl AsyncFn() -> bool) {
    let wait = async {
        while !reached().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, wait).await;
    in_time.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// `wash hub init` with ports of the kernel's choice; the directory of the hub.
pub(crate) fn init(env: &TestEnv, name: &str, args: &[&str]) -> PathBuf {
    let args = [&["hub", "init", name, "-o", "json"], &ANY_PORT[..], args].concat();
    let document = env.run(&args).success().json();
    PathBuf::from(document["directory"].as_str().unwrap())
}

/// `wash hub creds`; the file.
pub(crate) fn creds(env: &TestEnv, hub: &str, name: &str) -> PathBuf {
    let args = ["hub", "creds", name, "--dir", hub, "-o", "json"];
    let document = env.run(&args).success().json();
    PathBuf::from(document["path"].as_str().unwrap())
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A message comes from one client to the other.
async fn check_message(from: &Client, to: &Client) {
    let mut inbox = to.subscribe("it.hub").await.unwrap();
    to.flush().await.unwrap();
    // Interest takes its time to get to the other server.
    let said = async {
        loop {
            from.publish("it.hub", "hello".into()).await.unwrap();
            let next = tokio::time::timeout(Duration::from_millis(200), inbox.next()).await;
            if let Ok(Some(message)) = next {
                return message.payload;
            }
        }
    };
    let said = tokio::time::timeout(PATIENCE, said).await.unwrap();
    assert_eq!(said, "hello");
}

/// What one puts into the lattice's bucket comes to the other.
async fn check_state(one: (&Client, Option<&str>), other: (&Client, Option<&str>)) {
    let lattice: LatticeName = "default".parse().unwrap();
    let open = async |(client, domain): (&Client, Option<&str>)| {
        State::open(client.clone(), &lattice, domain).await.unwrap()
    };
    let (one, other) = (open(one).await, open(other).await);
    one.put_reference("registry.example/hello:1", ACTOR)
        .await
        .unwrap();
    until("the other sees it", async || {
        other.snapshot().references.values().any(|it| it == ACTOR)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_with_credentials_come_in_and_the_revoked_stay_out() {
    let env = TestEnv::new().with_nats_server();
    let hub = init(&env, "hub", &["--self-signed", "127.0.0.1"]);
    let server = Server::start(&env, &hub);
    let ca = hub.join("tls/ca.pem");
    let first_creds = env.home().join("first.creds");
    std::fs::copy(hub.join("creds/default.creds"), &first_creds).unwrap();
    // The running server needs not hear of the second.
    let second_creds = creds(&env, "hub", "second");

    let first = server.connect(&first_creds, Some(&ca)).await.unwrap();
    let second = server.connect(&second_creds, Some(&ca)).await.unwrap();
    check_message(&first, &second).await;

    // Reached in the server's own domain and by its name.
    check_state((&first, None), (&second, Some("hub"))).await;

    // Nobody comes in without credentials, with those of another hub, or without trusting the authority.
    let tls = |options: ConnectOptions| options.add_root_certificates(ca.clone());
    let url = format!("tls://127.0.0.1:{}", server.port);
    assert!(tls(ConnectOptions::new()).connect(&url).await.is_err());
    let other = init(&env, "other", &["--self-signed", "127.0.0.1"]);
    let foreign = other.join("creds/default.creds");
    assert!(server.connect(&foreign, Some(&ca)).await.is_err());
    let wrong = other.join("tls/ca.pem");
    assert!(server.connect(&first_creds, Some(&wrong)).await.is_err());

    let args = ["hub", "revoke", "default", "--dir", "hub", "-o", "json"];
    let document = env.run(&args).success().json();
    assert_eq!(document["reloaded_pid"], server.child.id(), "{document}");
    assert!(!hub.join("creds/default.creds").exists());
    until("the revoked are refused", async || {
        server.connect(&first_creds, Some(&ca)).await.is_err()
    })
    .await;
    until("the revoked are cut off", async || {
        first.connection_state() != async_nats::connection::State::Connected
    })
    .await;
    // The others are not, and new ones come in; also with a name that was given before.
    assert_eq!(
        second
            .statistics()
            .connects
            .load(std::sync::atomic::Ordering::Relaxed),
        1
    );
    let again = creds(&env, "hub", "default");
    let again = server.connect(&again, Some(&ca)).await.unwrap();
    check_message(&second, &again).await;
    assert!(server.connect(&first_creds, Some(&ca)).await.is_err());

    // A hub in use is not set aside.
    let args = ["hub", "init", "hub", "--no-tls", "--force"];
    let refused = env.run(&args).failure(8);
    assert!(
        refused.stderr.contains(&server.child.id().to_string()),
        "{refused}"
    );
    let list = env
        .run(&["hub", "list", "--dir", "hub", "-o", "json"])
        .success()
        .json();
    assert_eq!(list["server_pid"], server.child.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaf_nodes_link_up_until_they_are_revoked() {
    let env = TestEnv::new().with_nats_server();
    let hub = init(&env, "hub", &["--self-signed", "hub.example,127.0.0.1"]);
    let server = Server::start(&env, &hub);
    let machine = creds(&env, "hub", "machine");
    let ca = hub.join("tls/ca.pem");
    let leaf = NatsServer::start_real(&format!(
        "jetstream {{ domain: leaf }}\n\
         leafnodes {{ remotes: [ {{ url: \"tls://127.0.0.1:{}\", credentials: \"{}\", tls: {{ ca_file: \"{}\" }} }} ] }}",
        server.leaf_port,
        machine.display(),
        ca.display(),
    ));
    until("the leaf links up", async || server.leaves() == 1).await;

    let there = async_nats::connect(leaf.url()).await.unwrap();
    let here = hub.join("creds/default.creds");
    let here = server.connect(&here, Some(&ca)).await.unwrap();
    check_message(&there, &here).await;
    check_message(&here, &there).await;
    // State on the hub, reached through the leaf.
    check_state((&there, Some("hub")), (&here, None)).await;

    env.run(&["hub", "revoke", "machine", "--dir", "hub"])
        .success();
    until("the link is cut", async || server.leaves() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_takes_a_certificate_or_none() {
    let env = TestEnv::new().with_nats_server();
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let cert = env.write("given/cert.pem", signed.cert.pem());
    let key = env.write("given/key.pem", signed.signing_key.serialize_pem());
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let given = init(&env, "given-hub", &["--tls-cert", cert, "--tls-key", key]);
    assert!(!given.join("tls").exists());
    let server = Server::start(&env, &given);
    let creds = given.join("creds/default.creds");
    server.connect(&creds, Some(Path::new(cert))).await.unwrap();

    let plain = init(&env, "plain-hub", &["--no-tls", "--no-jetstream"]);
    let server = Server::start(&env, &plain);
    let client = server
        .connect(&plain.join("creds/default.creds"), None)
        .await
        .unwrap();
    check_message(&client, &client).await;
    assert!(!client.server_info().tls_required && !client.server_info().jetstream);

    // What is no pair is refused before anything is written.
    let args = [
        "hub",
        "init",
        "bad-hub",
        "--tls-cert",
        cert,
        "--tls-key",
        cert,
    ];
    env.run(&args).failure(8);
    assert!(!env.home().join("bad-hub").exists());
}

#[test]
fn a_hub_is_never_overwritten() {
    let env = TestEnv::new().with_nats_server();
    let own = env.home().join(".config/wash/hub");
    env.run(&["hub", "list"]).failure(3);
    env.run(&["hub", "init"]).failure(2);
    env.run(&["hub", "init", "--no-tls", "--self-signed", "x"])
        .failure(2);
    assert!(!own.exists());

    let text = env
        .run(&["hub", "init", "--self-signed", "hub.example"])
        .success();
    for said in [
        &format!("nats-server --config {}", own.join("nats.conf").display()),
        "tls://hub.example:7422",
        "creds/default.creds",
        "tls/ca.pem",
    ] {
        assert!(text.stdout.contains(said), "{said}: {text}");
    }
    let before = read(own.join("hub.json"));
    let again = env.run(&["hub", "init", "--no-tls"]).failure(8);
    assert!(again.stderr.contains("--force"), "{again}");
    assert_eq!(read(own.join("hub.json")), before);

    let args = ["hub", "init", "--no-tls", "--force", "-o", "json"];
    let document = env.run(&args).success().json();
    let aside = document["replaced"].as_str().unwrap();
    assert_eq!(read(Path::new(aside).join("hub.json")), before);

    env.write("mine/nats.conf", "mine");
    let args = ["hub", "init", "mine", "--no-tls", "--force"];
    env.run(&args).failure(8);
    assert_eq!(read(env.home().join("mine/nats.conf")), "mine");
}

#[test]
fn credentials_are_written_once_and_for_their_owner_alone() {
    let env = TestEnv::new().with_nats_server();
    init(&env, "hub", &["--no-tls"]);
    let run = |args: &[&str]| env.run(&[&["hub"], args, &["--dir", "hub"]].concat());
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;

    let shown = run(&["creds", "shown", "--out", "-"]).success().stdout;
    assert!(
        shown.starts_with("-----BEGIN NATS USER JWT-----\n"),
        "{shown}"
    );
    let file = env.home().join("kept.creds");
    let said = run(&["creds", "kept", "--out", "kept.creds", "--expires", "1h"]).success();
    assert_eq!(mode(&file), 0o600);
    // Nothing of the secret is said.
    let seed = |text: &str| {
        text.lines()
            .find(|it| it.starts_with("SU"))
            .unwrap()
            .to_owned()
    };
    assert!(!said.stdout.contains(&seed(&read(&file))), "{said}");
    let inside = creds(&env, "hub", "inside");
    assert_eq!(mode(&inside), 0o600);

    run(&["creds", "kept"]).failure(8);
    run(&["creds", "other", "--out", "kept.creds"]).failure(8);
    run(&["creds", "../up"]).failure(2);
    run(&["creds", "x", "--expires", "soon"]).failure(2);
    let unknown = run(&["revoke", "other"]).failure(3);
    assert!(unknown.stderr.contains("shown"), "{unknown}");

    let revoked = run(&["revoke", "kept", "-o", "json"]).success().json();
    assert_eq!(
        (&revoked["already"], &revoked["reloaded_pid"]),
        (&false.into(), &Value::Null)
    );
    let again = run(&["revoke", "kept", "-o", "json"]).success().json();
    assert_eq!(again["already"], true);
    assert_eq!(again["revoked"], revoked["revoked"]);
    let key = revoked["public_key"].as_str().unwrap();
    assert!(account(&env.home().join("hub"))["nats"]["revocations"][key].is_u64());

    let names = run(&["list", "-o", "name"]).success().stdout;
    assert_eq!(names, "default\nshown\ninside\n");
    let list = run(&["list"]).success().stdout;
    let line = list.lines().find(|it| it.starts_with("kept ")).unwrap();
    assert!(line.contains("revoked"), "{list}");
}

#[test]
fn machines_that_are_added_at_once_are_all_known() {
    let env = TestEnv::new().with_nats_server();
    init(&env, "hub", &["--no-tls"]);
    let names: Vec<String> = (0..6).map(|it| format!("machine-{it}")).collect();
    let mut children: Vec<Child> = names
        .iter()
        .map(|it| {
            env.command(&["hub", "creds", it, "--dir", "hub"])
                .spawn()
                .unwrap()
        })
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let listed = env
        .run(&["hub", "list", "--dir", "hub", "-o", "name"])
        .success()
        .stdout;
    for name in names {
        assert!(listed.lines().any(|it| it == name), "{name}: {listed}");
    }
}

/// The claims of the account that everybody is in, as the server will read them.
fn account(hub: &Path) -> Value {
    let text = read(hub.join("accounts.conf"));
    let open = |token: &str| -> Value {
        let payload = token.split('.').nth(1).unwrap();
        let payload = data_encoding::BASE64URL_NOPAD.decode(payload.as_bytes());
        serde_json::from_slice(&payload.unwrap()).unwrap()
    };
    let tokens = text.split('"').filter(|it| it.starts_with("eyJ")).map(open);
    let mut found = tokens.filter(|it| it["name"] == "lattice");
    found.next().unwrap()
}
