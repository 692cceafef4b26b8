//! The provider kit by its example: the real process, a real Redis, and a host that is played or ours.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;
use wash::claims::{HostId, KeyKind, Seed};
use wash::lattice::LatticeName;
use wash::lattice::invocation::Identity;
use wash::lattice::rpc::{Call, Retry, Rpc};
use wash::lattice::subject;
use wash::lattice::wire::{Entity, Health, LinkDefinition, decode, encode};
use wash::provider::HostData;

use crate::env::TestEnv;
use crate::nats::NatsServer;

/// Far above what a loaded machine takes.
const PATIENCE: Duration = Duration::from_secs(60);
const CONTRACT: &str = "wasmcloud:keyvalue";
/// `examples/keys/provider-keyvalue-redis_service.nk`.
const PROVIDER: &str = "VDI3E3ANAEFGMCWGCJ2YOR2MRX2LN4FLWEIOO5RGV6KXIVFAXXWFUUGV";
const COUNTER: &str = "MCNMTANAGEDEJBAA7M2AUJAATVC73DKAJCEJWUMNVPBNLYYNR323TY36";

fn provider_binary() -> PathBuf {
    example("provider-keyvalue-redis")
}

/// An example, built with the features that the binary has, so that nothing is compiled for it but itself.
pub(crate) fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<&Path> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let ours = Path::new(env!("CARGO_BIN_EXE_wash"));
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "--workspace", "--bins"]);
        if ours.parent().unwrap().ends_with("release") {
            cargo.arg("--release");
        }
        // What Cargo tells a test of its package would be news to build scripts.
        for (name, _) in std::env::vars_os() {
            let name = name.to_str().unwrap_or_default();
            if [
                "CARGO_PKG_",
                "CARGO_MANIFEST_",
                "CARGO_BIN_",
                "CARGO_CRATE_",
            ]
            .iter()
            .any(|it| name.starts_with(it))
            {
                cargo.env_remove(name);
            }
        }
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(cargo.status().unwrap().success());
        ours
    });
    built.with_file_name(name)
}

/// Redis on a socket in a directory of its own, gone when dropped.
struct Redis {
    dir: TempDir,
    child: Option<Child>,
}

impl Redis {
    fn stopped() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            child: None,
        }
    }

    fn start(&mut self) {
        let child = Command::new("redis-server")
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "no",
                "--unixsocket",
            ])
            .arg(self.socket())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("no redis-server: apt-get install redis-server");
        self.child = Some(child);
        let give_up = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < give_up, "redis-server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("redis.sock")
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a host has: a lattice, its keys, and what it says to the provider.
struct Host {
    nats: NatsServer,
    rpc: Rpc,
    data: HostData,
}

impl Host {
    async fn new(links: &[(&str, &str)]) -> Self {
        let nats = NatsServer::start();
        let signer = Seed::generate(KeyKind::Cluster);
        let host = Seed::generate(KeyKind::Server).public();
        let data = HostData {
            host_id: host.clone(),
            lattice_rpc_prefix: "default".into(),
            link_name: "default".into(),
            lattice_rpc_url: format!("127.0.0.1:{}", nats.port()),
            provider_key: PROVIDER.into(),
            cluster_issuers: vec![signer.public()],
            invocation_seed: signer.reveal(),
            link_definitions: links.iter().map(|(actor, url)| link(actor, url)).collect(),
            ..HostData::default()
        };
        let identity = Identity {
            host: HostId::parse(&host).unwrap(),
            issuers: vec![signer.public()],
            signer,
        };
        let client = async_nats::connect(nats.url()).await.unwrap();
        let rpc = Rpc::new(client, LatticeName::default(), identity, None);
        Self { nats, rpc, data }
    }

    async fn call(&self, actor: &str, operation: &str, input: Value) -> Result<Value, String> {
        call(&self.rpc, actor, operation, input).await
    }

    fn subject(&self, of: fn(&LatticeName, &str, &str) -> String) -> String {
        of(self.rpc.lattice(), PROVIDER, "default")
    }

    async fn tell(&self, of: fn(&LatticeName, &str, &str) -> String, link: &LinkDefinition) {
        let body = encode(link).unwrap();
        let client = self.rpc.client();
        client.publish(self.subject(of), body).await.unwrap();
    }

    /// None while nobody answers.
    async fn health(&self) -> Option<Health> {
        let subject = self.subject(subject::rpc::health);
        let answer = self.rpc.client().request(subject, "".into()).await;
        answer.ok().map(|it| decode(&it.payload).unwrap())
    }

    async fn shut_down(&self, host: &str) -> Option<String> {
        let body = json!({ "host_id": host }).to_string();
        let subject = self.subject(subject::rpc::shutdown);
        let asked = self.rpc.client().request(subject, body.into());
        let answer = tokio::time::timeout(Duration::from_secs(2), asked).await;
        let answer = answer.ok()?.ok()?;
        Some(String::from_utf8(answer.payload.to_vec()).unwrap())
    }
}

async fn call(rpc: &Rpc, actor: &str, operation: &str, input: Value) -> Result<Value, String> {
    let call = Call {
        origin: Entity::actor(actor),
        target: Entity::provider(PROVIDER, CONTRACT, "default"),
        operation: format!("KeyValue.{operation}"),
        payload: encode(&input).unwrap(),
        deadline: Instant::now() + PATIENCE,
        depth: 0,
        retry: Retry::NoResponders,
    };
    match rpc.invoke(call).await {
        Ok(nothing) if nothing.is_empty() => Ok(Value::Null),
        Ok(answer) => Ok(decode(&answer).unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

fn link(actor: &str, url: &str) -> LinkDefinition {
    LinkDefinition {
        actor_id: actor.to_owned(),
        provider_id: PROVIDER.to_owned(),
        link_name: "default".to_owned(),
        contract_id: CONTRACT.to_owned(),
        values: [("URL".to_owned(), url.to_owned())].into(),
        ..LinkDefinition::default()
    }
}

/// The provider's process; its log is shown when the test fails.
struct Process {
    child: Child,
    dir: TempDir,
}

impl Process {
    /// Started as hosts in Elixir do: stdin stays open.
    fn start(data: &HostData) -> Self {
        let mut process = Self::spawn();
        let stdin = process.child.stdin.as_mut().unwrap();
        stdin.write_all(data.to_line().as_bytes()).unwrap();
        process
    }

    /// As the newest hosts do: nothing in the environment, and stdin is closed.
    fn start_and_close(data: &HostData) -> Self {
        let process = Self::spawn();
        process.say(&data.to_line().replace('\n', "\r\n"))
    }

    fn spawn() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = File::create(dir.path().join("log")).unwrap();
        let child = Command::new(provider_binary())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, dir }
    }

    /// Says the last on stdin.
    fn say(mut self, line: &str) -> Self {
        let mut stdin = self.child.stdin.take().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
        self
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    async fn end(&mut self) -> ExitStatus {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < give_up, "the provider does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    #[expect(clippy::print_stdout, reason = "shown with the failure")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the provider's log:\n{}", self.log());
        }
    }
}

async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < give_up, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn every_operation_of_the_contract() {
    let mut redis = Redis::stopped();
    redis.start();
    let host = Host::new(&[("MA", &redis.url())]).await;
    let mut process = Process::start_and_close(&host.data);
    let set = |key: &str, value: &str, expires: u32| json!({"key": key, "value": value, "expires": expires});
    let item = |list: &str, value: &str| json!({"listName": list, "value": value});
    let member = |set: &str, value: &str| json!({"setName": set, "value": value});
    let range = |start: i32, stop: i32| json!({"listName": "l", "start": start, "stop": stop});
    let none = json!({"value": "", "exists": false});
    for (operation, input, answer) in [
        ("Get", json!("k"), none.clone()),
        ("Set", set("k", "Grüße", 0), json!(null)),
        ("Get", json!("k"), json!({"value": "Grüße", "exists": true})),
        ("Contains", json!("k"), json!(true)),
        ("Del", json!("k"), json!(true)),
        ("Del", json!("k"), json!(false)),
        ("Contains", json!("k"), json!(false)),
        ("Set", set("e", "", 1000), json!(null)),
        ("Get", json!("e"), json!({"value": "", "exists": true})),
        ("Increment", json!({"key": "n", "value": 5}), json!(5)),
        ("Increment", json!({"key": "n", "value": -7}), json!(-2)),
        ("ListAdd", item("l", "a"), json!(1)),
        ("ListAdd", item("l", "b"), json!(2)),
        ("ListAdd", item("l", "c"), json!(3)),
        ("ListRange", range(0, 1), json!(["a", "b"])),
        ("ListRange", range(0, -1), json!(["a", "b", "c"])),
        ("ListDel", item("l", "b"), json!(true)),
        ("ListDel", item("l", "b"), json!(false)),
        ("ListRange", range(0, 9), json!(["a", "c"])),
        ("ListClear", json!("l"), json!(true)),
        ("ListClear", json!("l"), json!(false)),
        ("SetAdd", member("s", "x"), json!(1)),
        ("SetAdd", member("s", "x"), json!(0)),
        ("SetAdd", member("t", "y"), json!(1)),
        ("SetQuery", json!("s"), json!(["x"])),
        ("SetIntersection", json!(["s", "t"]), json!([])),
        ("SetAdd", member("t", "x"), json!(1)),
        ("SetIntersection", json!(["s", "t"]), json!(["x"])),
        ("SetUnion", json!(["s"]), json!(["x"])),
        ("SetDel", member("s", "x"), json!(1)),
        ("SetDel", member("s", "x"), json!(0)),
        ("SetClear", json!("t"), json!(true)),
    ] {
        let got = host.call("MA", operation, input.clone()).await;
        assert_eq!(got, Ok(answer), "{operation} {input}");
    }
    let wrong = host.call("MA", "Get", json!(["k"])).await.unwrap_err();
    assert!(
        wrong.starts_with("KeyValue.Get: the payload is not"),
        "{wrong}"
    );
    let wrong = host.call("MA", "ListAdd", item("n", "x")).await;
    assert!(wrong.unwrap_err().contains("WRONGTYPE"));
    let unknown = host.call("MA", "Nothing", json!(null)).await.unwrap_err();
    assert!(
        unknown.contains("no operation 'KeyValue.Nothing'"),
        "{unknown}"
    );
    let unlinked = host.call("MB", "Get", json!("k")).await;
    assert_eq!(unlinked.unwrap_err(), "unlinked actor: 'MB'");

    // Signed by whoever has no part in this lattice.
    let stranger = Seed::generate(KeyKind::Cluster);
    let identity = Identity {
        signer: stranger,
        ..host.rpc.identity().clone()
    };
    let client = host.rpc.client().clone();
    let forger = Rpc::new(client, LatticeName::default(), identity, None);
    let refused = call(&forger, "MA", "Get", json!("k")).await.unwrap_err();
    assert!(
        refused.contains("not among the list of valid issuers"),
        "{refused}"
    );

    // Large ones travel through the object store.
    let large = "x".repeat(2_000_000);
    let stored = host.call("MA", "Set", set("large", &large, 0)).await;
    assert_eq!(stored, Ok(json!(null)));
    let got = host.call("MA", "Get", json!("large")).await.unwrap();
    assert_eq!(got["value"], large);

    let other = Seed::generate(KeyKind::Server).public();
    assert_eq!(host.shut_down(&other).await, None);
    assert!(host.health().await.unwrap().healthy);
    let acknowledged = host.shut_down(&host.data.host_id).await;
    assert_eq!(acknowledged.as_deref(), Some("shutting down"));
    assert!(process.end().await.success());
    let log = process.log();
    assert!(!log.contains(&host.data.invocation_seed), "{log}");
}

#[tokio::test]
async fn redis_comes_late_goes_and_comes_back() {
    let mut redis = Redis::stopped();
    let host = Host::new(&[("MA", &redis.url())]).await;
    let mut process = Process::start(&host.data);
    eventually("the provider answers", async || {
        host.health().await.is_some()
    })
    .await;
    let increment = async || {
        let one = json!({"key": "n", "value": 1});
        host.call("MA", "Increment", one).await
    };
    let error = increment().await.unwrap_err();
    assert!(error.contains("is not in effect"), "{error}");
    let health = host.health().await.unwrap();
    assert!(!health.healthy && health.message.unwrap().contains("MA"));
    redis.start();
    eventually("it is linked", async || {
        host.health().await.unwrap().healthy
    })
    .await;
    assert_eq!(increment().await, Ok(json!(1)));

    redis.stop();
    let started = Instant::now();
    let error = increment().await.unwrap_err();
    assert!(error.starts_with("Redis: "), "{error}");
    assert!(started.elapsed() < PATIENCE / 2);
    redis.start();
    eventually("it counts again", async || {
        increment().await.is_ok_and(|it| it == json!(1))
    })
    .await;

    // Other values: the link moves to another Redis.
    let mut second = Redis::stopped();
    second.start();
    host.tell(subject::rpc::link_put, &link("MA", &second.url()))
        .await;
    redis.stop();
    eventually("it counts there", async || {
        increment().await == Ok(json!(1))
    })
    .await;
    host.tell(subject::rpc::link_del, &link("MA", "")).await;
    eventually("it is unlinked", async || {
        increment().await == Err("unlinked actor: 'MA'".to_owned())
    })
    .await;
    let bad = link("MB", "http://me:secret@x");
    host.tell(subject::rpc::link_put, &bad).await;
    eventually("the bad link is told", async || {
        let message = host.health().await.unwrap().message.unwrap_or_default();
        assert!(!message.contains("secret"), "{message}");
        message.contains("URL: ")
    })
    .await;
    let acknowledged = host.shut_down("").await;
    assert_eq!(acknowledged.as_deref(), Some("shutting down"));
    assert!(process.end().await.success());
    assert!(!process.log().contains("secret"));
}

#[tokio::test]
async fn it_lives_as_long_as_its_host() {
    let host = Host::new(&[]).await;
    let dir = tempfile::tempdir().unwrap();
    let line = dir.path().join("line");
    std::fs::write(&line, host.data.to_line()).unwrap();
    // In place of a host: a shell that waits for the provider it has started.
    let mut shell = Command::new("sh")
        .args(["-c", "\"$0\" < \"$1\" 2> /dev/null & wait"])
        .arg(provider_binary())
        .arg(&line)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the provider answers", async || {
        host.health().await.is_some()
    })
    .await;
    shell.kill().unwrap();
    shell.wait().unwrap();
    eventually("it has ended", async || host.health().await.is_none()).await;
}

#[tokio::test]
async fn it_waits_for_nats_and_ends_when_asked() {
    let mut host = Host::new(&[]).await;
    host.nats.stop();
    let mut process = Process::start(&host.data);
    eventually("it has tried", async || {
        process.log().contains("trying again")
    })
    .await;
    host.nats.start_again();
    eventually("the provider answers", async || {
        host.health().await.is_some()
    })
    .await;
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&process.child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    assert!(process.end().await.success());
}

#[tokio::test]
async fn what_no_host_says_is_refused() {
    let seed = Seed::generate(KeyKind::Cluster).reveal();
    let half = HostData {
        invocation_seed: seed.clone(),
        ..HostData::default()
    };
    for (line, reason) in [
        ("", "cannot read what the host said on stdin"),
        ("garbage!\n", "it is not base64"),
        ("e30=\n", "provider_key"),
        (half.to_line().as_str(), "provider_key"),
    ] {
        let mut process = Process::spawn().say(line);
        assert_eq!(process.end().await.code(), Some(1));
        let log = process.log();
        assert!(log.contains(reason), "{line}: {log}");
        assert!(!log.contains(&seed));
    }
}

/// The story of the example's README, but that the test starts the provider.
#[tokio::test]
async fn the_counter_counts_over_http() {
    let mut redis = Redis::stopped();
    redis.start();
    let mut host = Host::new(&[]).await;
    let address = free_address();
    let mut env = TestEnv::new();
    env.set("WASH_NATS_URL", host.nats.url());
    env.set("WASMCLOUD_CLUSTER_SEED", &host.data.invocation_seed);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/counter/counter.wasm");
    std::fs::copy(example, env.home().join("counter.wasm")).unwrap();
    let port = host.nats.port().to_owned();
    let up = ["up", "--detached", "--nats-port", &port, "-o", "json"];
    let up = env.run(&up).success().json();
    host.data.host_id = up["host_id"].as_str().unwrap().to_owned();
    let _down = Down(&env);

    let _process = Process::start(&host.data);
    let listen = format!("ADDRESS={address}");
    let url = format!("URL={}", redis.url());
    for command in [
        &["start", "actor", "./counter.wasm"][..],
        &["start", "provider", "builtin:httpserver"],
        &["link", "put", COUNTER, PROVIDER, CONTRACT, &url],
        &[
            "link",
            "put",
            COUNTER,
            "builtin:httpserver",
            "wasmcloud:httpserver",
            &listen,
        ],
    ] {
        env.run(&[&["ctl"], command].concat()).success();
    }
    eventually("it counts", async || get(address, "/first").0 == 200).await;
    assert_eq!(get(address, "/a"), (200, "1\n".to_owned()));
    assert_eq!(get(address, "/a?x"), (200, "2\n".to_owned()));
    assert_eq!(get(address, "/b"), (200, "1\n".to_owned()));
    redis.stop();
    let (status, text) = get(address, "/a");
    assert_eq!(status, 502, "{text}");
    assert!(text.starts_with("the store does not count: "), "{text}");
}

struct Down<'a>(&'a TestEnv);

impl Drop for Down<'_> {
    fn drop(&mut self) {
        let _ = self
            .0
            .run(&["down", "--all", "--force", "--timeout", "20s"]);
    }
}

/// Status and body of a GET; 0 while nobody listens.
fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return (0, String::new());
    };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|it| it.1.to_owned());
    (status.unwrap_or(0), body.unwrap_or_default())
}

/// A port that the kernel picked and nobody uses.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
