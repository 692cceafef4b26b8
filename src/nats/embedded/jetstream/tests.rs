//! One script of what clients do, through the official client, here and on nats-server: what they see is the same.

mod crash;
#[cfg(target_os = "linux")]
mod full;
mod listeners;
mod script;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::super::{Config as Core, Running, Server};
use super::{Config, Sync};

const DOMAIN: &str = "core";

/// Waits for answers as long as a busy machine may need.
fn patient(client: async_nats::Client) -> async_nats::jetstream::Context {
    let mut context = async_nats::jetstream::new(client);
    context.set_timeout(Duration::from_secs(60));
    context
}

/// A server of ours.
pub(super) struct Ours(Running);

impl Ours {
    pub(super) fn start(store: PathBuf, sync: Sync) -> Self {
        let mut jetstream = Config::new(store);
        jetstream.domain = Some(DOMAIN.to_owned());
        jetstream.sync = sync;
        let mut config = Core::new(([127, 0, 0, 1], 0).into());
        config.jetstream = Some(jetstream);
        Self(Server::start(config).unwrap())
    }

    pub(super) fn url(&self) -> String {
        self.0.address().to_string()
    }

    pub(super) async fn stop(self) {
        self.0.shutdown(Duration::from_millis(100)).await;
    }
}

/// A real server, on a port of its own.
struct Theirs {
    child: Child,
    _dir: TempDir,
    url: String,
}

impl Theirs {
    async fn start() -> Option<Self> {
        let program = std::env::var_os("WASH_NATS_SERVER")
            .filter(|it| it != "embedded")
            .map(PathBuf::from)
            .or_else(|| {
                let path = std::env::var_os("PATH")?;
                std::env::split_paths(&path)
                    .chain([PathBuf::from("/usr/sbin")])
                    .map(|it| it.join("nats-server"))
                    .find(|it| it.is_file())
            })?;
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "host: 127.0.0.1\nport: -1\nports_file_dir: {0:?}\njetstream {{ store_dir: {0:?}, domain: {DOMAIN} }}\n",
            dir.path()
        );
        let conf = dir.path().join("nats.conf");
        std::fs::write(&conf, text).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(conf)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = dir.path().join(format!("nats-server_{}.ports", child.id()));
        let mut it = Self {
            child,
            _dir: dir,
            url: String::new(),
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            let ports = std::fs::read(&ports).unwrap_or_default();
            if let Ok(ports) = serde_json::from_slice::<serde_json::Value>(&ports)
                && let Some(url) = ports["nats"][0].as_str()
            {
                it.url = url.to_owned();
                return Some(it);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nats-server is not ready");
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_see_what_they_see_on_nats_server() {
    let theirs = Theirs::start().await;
    let there = match &theirs {
        Some(it) => Some(async_nats::connect(&it.url).await.unwrap()),
        None => None,
    };
    let older = there
        .as_ref()
        .is_some_and(|it| !it.is_server_compatible(2, 12, 0));
    let dir = tempfile::tempdir().unwrap();
    let ours = Ours::start(dir.path().to_owned(), Sync::default());
    let here = script::run(async_nats::connect(ours.url()).await.unwrap(), older).await;
    ours.stop().await;
    let Some(there) = there else {
        return;
    };
    let there = script::run(there, older).await;
    let newer = script::NEWER.iter().filter(|_| older);
    let known: Vec<_> = script::DIFFERENT
        .iter()
        .chain(newer)
        .map(|it| it.0)
        .collect();
    let differ = |it: &(&String, &String)| {
        it.0 != it.1 && !known.iter().any(|known| it.0.starts_with(known))
    };
    let odd: Vec<_> = here
        .iter()
        .zip(&there)
        .filter(differ)
        .map(|it| format!("here:  {}\nthere: {}", it.0, it.1))
        .collect();
    assert!(odd.is_empty(), "{}", odd.join("\n\n"));
    assert_eq!(here.len(), there.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_core_is_understood_where_none_is_set() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Ours::start(dir.path().to_owned(), Sync::default());
    let client = async_nats::connect(ours.url()).await.unwrap();
    let named = async_nats::jetstream::with_domain(client.clone(), "core");
    let config = async_nats::jetstream::kv::Config {
        bucket: "b".to_owned(),
        ..Default::default()
    };
    let bucket = named.create_key_value(config).await.unwrap();
    bucket.put("k", "v".into()).await.unwrap();
    let plain = async_nats::jetstream::new(client);
    let same = plain.get_key_value("b").await.unwrap();
    assert_eq!(same.get("k").await.unwrap().unwrap(), "v");
    drop((plain, named, same, bucket));
    ours.stop().await;
}

/// Theirs fails to read an answer without `cluster`, though nobody is in one.
#[tokio::test(flavor = "multi_thread")]
async fn clients_of_2022_can_read_what_is_said_of_a_consumer() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Ours::start(dir.path().to_owned(), Sync::default());
    let client = async_nats::connect(ours.url()).await.unwrap();
    let ask = async |subject: &'static str, body: &'static str| -> serde_json::Value {
        let answer = client.request(subject, body.into()).await.unwrap();
        serde_json::from_slice(&answer.payload).unwrap()
    };
    let stream = r#"{"name":"OBJ_x","subjects":["$O.x.>"],"storage":"file"}"#;
    let made = ask("$JS.API.STREAM.CREATE.OBJ_x", stream).await;
    assert_eq!(made["error"], serde_json::Value::Null);
    // As wasmbus-rpc 0.10 asks for one.
    let consumer = r#"{"stream_name":"OBJ_x","config":{"deliver_subject":"_INBOX.there","deliver_policy":"all",
        "ack_policy":"none","replay_policy":"instant","filter_subject":"$O.x.C.n","flow_control":true,
        "idle_heartbeat":5000000000,"max_deliver":1}}"#;
    let made = ask("$JS.API.CONSUMER.CREATE.OBJ_x", consumer).await;
    assert!(made["cluster"]["leader"].is_string(), "{made}");
    for field in [
        "num_ack_pending",
        "num_redelivered",
        "num_waiting",
        "num_pending",
    ] {
        assert!(made[field].is_u64(), "{field}");
    }
    drop(client);
    ours.stop().await;
}
