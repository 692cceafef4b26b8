//! `wash nats export` and `import`: from the server in `wash` to a real one and back, with nothing lost.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::{self, consumer, kv, object_store, stream};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use rustix::process::Signal;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::runtime::Runtime;
use wash::nats::embedded;

use crate::env::TestEnv;
use crate::nats::NatsServer;
use crate::up::{Up, eventually};

/// The real server that takes over.
fn real_one() -> NatsServer {
    NatsServer::start_real("jetstream {}")
}

/// The server in `wash`, in this process.
struct Embedded {
    server: Option<embedded::Running>,
    _dir: tempfile::TempDir,
}

impl Embedded {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = embedded::Config::new("127.0.0.1:0".parse().unwrap());
        config.jetstream = Some(embedded::jetstream::Config::new(dir.path()));
        Self {
            server: Some(embedded::Server::start(config).unwrap()),
            _dir: dir,
        }
    }

    fn url(&self) -> String {
        format!("nats://{}", self.server.as_ref().unwrap().address())
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

async fn connect(url: &str) -> jetstream::Context {
    jetstream::new(async_nats::connect(url).await.unwrap())
}

/// A message, with its headers sorted: clients do not keep their order.
type Message = (u64, String, Vec<(String, String)>, Vec<u8>);

/// What a stream is, as far as it is to stay the same.
#[derive(Debug, PartialEq)]
struct Seen {
    config: Value,
    last: u64,
    messages: Vec<Message>,
}

async fn look(context: &jetstream::Context) -> BTreeMap<String, Seen> {
    let names: Vec<String> = context.stream_names().try_collect().await.unwrap();
    let mut seen = BTreeMap::new();
    for name in names {
        let stream = context.get_stream(&name).await.unwrap();
        let info = stream.get_info().await.unwrap();
        let config = &info.config;
        let config = serde_json::json!({
            "subjects": config.subjects, "max_messages": config.max_messages,
            "per_subject": config.max_messages_per_subject, "bytes": config.max_bytes,
            "age": config.max_age.as_secs(), "discard": format!("{:?}", config.discard),
            "window": config.duplicate_window.as_secs(), "storage": format!("{:?}", config.storage),
            "rollup": config.allow_rollup, "deny_delete": config.deny_delete,
            "direct": config.allow_direct, "description": config.description,
        });
        let mut messages = Vec::new();
        for seq in 1..=info.state.last_sequence {
            let Ok(message) = stream.get_raw_message(seq).await else {
                continue;
            };
            let mut headers: Vec<(String, String)> = message
                .headers
                .iter()
                .flat_map(|(name, values)| {
                    values.iter().map(|it| (name.to_string(), it.to_string()))
                })
                .filter(|(name, _)| !name.starts_with("Nats-Expected-"))
                .collect();
            headers.sort();
            let payload = message.payload.to_vec();
            messages.push((seq, message.subject.to_string(), headers, payload));
        }
        let last = info.state.last_sequence;
        assert_eq!(info.state.messages, messages.len() as u64, "{name}");
        seen.insert(
            name,
            Seen {
                config,
                last,
                messages,
            },
        );
    }
    seen
}

const OBJECT: usize = 300_000;

/// One of everything.
async fn furnish(context: &jetstream::Context) {
    let keys = kv::Config {
        bucket: "keys".to_owned(),
        description: "of all kinds".to_owned(),
        history: 3,
        ..kv::Config::default()
    };
    let keys = context.create_key_value(keys).await.unwrap();
    for round in 0..5 {
        for key in ["a", "b.c", "d"] {
            let value = format!("{key} {round}");
            keys.put(key, value.into()).await.unwrap();
        }
    }
    let entry = keys.entry("a").await.unwrap().unwrap();
    let at = keys.update("a", "checked".into(), entry.revision).await;
    at.unwrap();
    keys.delete("b.c").await.unwrap();
    keys.purge("d").await.unwrap();
    keys.create("d", "again".into()).await.unwrap();

    let objects = object_store::Config {
        bucket: "objects".to_owned(),
        ..object_store::Config::default()
    };
    let objects = context.create_object_store(objects).await.unwrap();
    let bytes: Vec<u8> = (0..OBJECT).map(|it| (it % 251) as u8).collect();
    objects.put("gone", &mut &bytes[..]).await.unwrap();
    objects.put("large", &mut &bytes[..]).await.unwrap();
    objects.put("empty", &mut &b""[..]).await.unwrap();
    objects.delete("gone").await.unwrap();

    let plain = stream::Config {
        name: "PLAIN".to_owned(),
        subjects: vec!["plain.>".to_owned()],
        max_messages: 2000,
        max_age: Duration::from_secs(3600),
        deny_delete: false,
        discard: stream::DiscardPolicy::New,
        ..stream::Config::default()
    };
    let plain = context.create_stream(plain).await.unwrap();
    for n in 0..1200u32 {
        let mut headers = async_nats::HeaderMap::new();
        headers.append("N", n.to_string());
        headers.append("N", "twice");
        headers.insert("Nats-Msg-Id", format!("id-{n}"));
        let subject = format!("plain.{}", n % 3);
        let payload = Bytes::from(vec![n as u8; (n % 100) as usize]);
        let ack = context
            .publish_with_headers(subject, headers, payload)
            .await;
        ack.unwrap().await.unwrap();
    }
    // Gaps before, within, wide, and behind.
    for seq in (1..=40)
        .chain([100, 101, 150])
        .chain(300..=1000)
        .chain(1195..=1200)
    {
        plain.delete_message(seq).await.unwrap();
    }
    let durable = consumer::pull::Config {
        durable_name: Some("worker".to_owned()),
        filter_subject: "plain.1".to_owned(),
        ..consumer::pull::Config::default()
    };
    let durable = plain.create_consumer(durable).await.unwrap();
    let mut batch = durable.fetch().max_messages(10).messages().await.unwrap();
    while let Some(message) = batch.next().await {
        message.unwrap().double_ack().await.unwrap();
    }
    // Emptied, never used, and in memory.
    for (name, storage) in [
        ("EMPTIED", stream::StorageType::File),
        ("UNUSED", stream::StorageType::Memory),
    ] {
        let config = stream::Config {
            name: name.to_owned(),
            subjects: vec![name.to_lowercase()],
            storage,
            deny_delete: true,
            ..stream::Config::default()
        };
        context.create_stream(config).await.unwrap();
    }
    for _ in 0..7 {
        let ack = context.publish("emptied", "x".into()).await.unwrap();
        ack.await.unwrap();
    }
    let emptied = context.get_stream("EMPTIED").await.unwrap();
    emptied.purge().await.unwrap();
}

/// What readers of buckets and stores find, and that writers go on.
async fn read(context: &jetstream::Context) -> Vec<String> {
    let keys = context.get_key_value("keys").await.unwrap();
    let mut found = Vec::new();
    for key in ["a", "b.c", "d"] {
        let mut history = keys.history(key).await.unwrap();
        while let Some(entry) = history.next().await {
            let it = entry.unwrap();
            let value = String::from_utf8(it.value.to_vec()).unwrap();
            found.push(format!("{key} {} {:?} {value}", it.revision, it.operation));
        }
    }
    let mut names: Vec<String> = keys.keys().await.unwrap().try_collect().await.unwrap();
    names.sort();
    found.push(names.join(" "));
    let objects = context.get_object_store("objects").await.unwrap();
    for name in ["large", "empty"] {
        let mut object = objects.get(name).await.unwrap();
        let mut bytes = Vec::new();
        object.read_to_end(&mut bytes).await.unwrap();
        let whole = (0..bytes.len()).all(|it| bytes[it] == (it % 251) as u8);
        found.push(format!(
            "{name} {} {whole} {:?}",
            bytes.len(),
            object.info().digest
        ));
    }
    assert!(objects.get("gone").await.is_err());
    let plain = context.get_stream("PLAIN").await.unwrap();
    let worker: consumer::PullConsumer = plain.get_consumer("worker").await.unwrap();
    let mut next = worker.fetch().max_messages(1).messages().await.unwrap();
    let next = next.next().await.unwrap().unwrap();
    found.push(format!("next {}", next.info().unwrap().stream_sequence));
    found
}

#[test]
fn everything_is_the_same_on_the_other_server_and_back_again() {
    let env = TestEnv::new();
    let runtime = runtime();
    let (first, real, last) = (Embedded::start(), real_one(), Embedded::start());
    let (before, expected) = runtime.block_on(async {
        let context = connect(&first.url()).await;
        furnish(&context).await;
        (look(&context).await, read(&context).await)
    });
    assert_eq!(before.len(), 5);
    assert!(before["PLAIN"].messages.len() < 500);

    let path = env.home().join("streams.jsonl");
    let file = path.to_str().unwrap();
    let first_url = first.url();
    let out = env.run(&["nats", "export", file, "-s", &first_url, "-o", "json"]);
    let out = out.success().json();
    assert_eq!(out["streams"].as_array().unwrap().len(), 5, "{out}");
    assert_eq!(crate::up::mode(&path), 0o600);
    let moved = env.run(&["nats", "import", file, "-s", real.url(), "-o", "json"]);
    let moved = moved.success().json();
    assert_eq!(moved["messages"], out["messages"], "{moved}");
    assert_eq!(moved["consumers"], 1, "{moved}");
    let after = runtime.block_on(async {
        let context = connect(real.url()).await;
        (look(&context).await, read(&context).await)
    });
    assert_same(&after.0, &before);
    assert_eq!(after.1, expected);

    // By a pipe this time.
    let out = env
        .run(&["nats", "export", "-", "-s", real.url()])
        .success();
    assert!(out.stderr.contains("exported 5 streams"), "{out}");
    let args = ["nats", "import", "-", "-s", &last.url()];
    env.run_with_stdin(&args, &out.stdout).success();
    runtime.block_on(async {
        let context = connect(&last.url()).await;
        assert_same(&look(&context).await, &before);
        let found = read(&context).await;
        assert_eq!(found[..found.len() - 1], expected[..expected.len() - 1]);
        // A revision that was read before the move still counts.
        let keys = context.get_key_value("keys").await.unwrap();
        let entry = keys.entry("a").await.unwrap().unwrap();
        assert!(
            keys.update("a", "x".into(), entry.revision - 1)
                .await
                .is_err()
        );
        let next = keys.update("a", "x".into(), entry.revision).await.unwrap();
        assert_eq!(next, before["KV_keys"].last + 1);
        let ack = context.publish("emptied", "x".into()).await.unwrap();
        assert_eq!(ack.await.unwrap().sequence, 8);
    });
}

#[track_caller]
fn assert_same(found: &BTreeMap<String, Seen>, expected: &BTreeMap<String, Seen>) {
    assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
    for (name, seen) in found {
        let wanted = &expected[name];
        assert_eq!(seen.config, wanted.config, "{name}");
        assert_eq!(seen.last, wanted.last, "{name}");
        for (a, b) in seen.messages.iter().zip(&wanted.messages) {
            assert_eq!(a, b, "{name}");
        }
        assert_eq!(seen.messages.len(), wanted.messages.len(), "{name}");
    }
}

#[test]
fn a_file_that_is_not_whole_is_refused_before_anything_is_made() {
    let env = TestEnv::new();
    let runtime = runtime();
    let (from, to) = (Embedded::start(), real_one());
    runtime.block_on(async {
        let context = connect(&from.url()).await;
        for name in ["A", "B"] {
            context.create_stream(name).await.unwrap();
            let ack = context.publish(name, "hello".into()).await.unwrap();
            ack.await.unwrap();
        }
    });
    let names = || {
        runtime.block_on(async {
            let context = connect(to.url()).await;
            let mut names: Vec<String> = context.stream_names().try_collect().await.unwrap();
            names.sort();
            names
        })
    };
    let path = env.home().join("it");
    let file = path.to_str().unwrap();
    let from_url = from.url();
    env.run(&["nats", "export", file, "-s", &from_url])
        .success();
    let whole = std::fs::read_to_string(&path).unwrap();
    let import = |text: &str, more: &[&str]| {
        std::fs::write(&path, text).unwrap();
        env.run(&[&["nats", "import", file, "-s", to.url()], more].concat())
    };
    let cut = &whole[..whole.len() * 2 / 3];
    let lines = whole.lines().count();
    let short: Vec<&str> = whole.lines().take(lines - 1).collect();
    let hello = data_encoding::BASE64.encode(b"hello");
    for (text, said) in [
        (cut, ""),
        (&(short.join("\n") + "\n"), "ends too early"),
        (&whole.replace(&hello, "aGFsbG8="), "it was changed"),
        (
            &whole.replace("\"subject\":\"A\"", "\"subject\":\"wasmbus.ctl\""),
            "subject",
        ),
        ("", "ends too early"),
        ("{\"hello\":1}\n", "no file of"),
    ] {
        let refused = import(text, &[]).failure(8);
        assert!(refused.stderr.contains(said), "{said}: {refused}");
        assert!(refused.stderr.contains("nothing was imported"), "{refused}");
    }
    assert_eq!(names(), Vec::<String>::new());

    // One of them, all, and over what is there.
    let unknown = import(&whole, &["--stream", "C"]).failure(3);
    assert!(unknown.stderr.contains("stream C"), "{unknown}");
    import(&whole, &["--stream", "B"]).success();
    assert_eq!(names(), ["B"]);
    let exists = import(&whole, &[]).failure(9);
    assert!(exists.stderr.contains("exist already: B"), "{exists}");
    assert_eq!(names(), ["B"]);
    let again = import(&whole, &["--replace", "-o", "json"])
        .success()
        .json();
    assert_eq!(again["replaced"], serde_json::json!(["B"]), "{again}");
    assert_eq!(names(), ["A", "B"]);
    std::fs::remove_file(&path).unwrap();
    env.run(&["nats", "import", file, "-s", to.url()])
        .failure(3);
    let none = env.run(&["nats", "export", file, "--stream", "C", "-s", &from_url]);
    none.failure(3);
    assert!(!path.exists());
}

#[test]
fn what_an_import_left_that_did_not_end_is_no_stream() {
    let env = TestEnv::new();
    let runtime = runtime();
    let (from, to) = (Embedded::start(), real_one());
    runtime.block_on(async {
        let context = connect(&from.url()).await;
        context.create_stream("S").await.unwrap();
        let ack = context.publish("S", "whole".into()).await.unwrap();
        ack.await.unwrap();
        let half = stream::Config {
            name: "S".to_owned(),
            subjects: vec!["S".to_owned(), "_WASH.gap.x".to_owned()],
            ..stream::Config::default()
        };
        connect(to.url()).await.create_stream(half).await.unwrap();
    });
    let left = env.run(&["nats", "export", "-", "-s", to.url()]).success();
    assert!(left.stderr.contains("S is left out"), "{left}");
    let named = ["nats", "export", "-", "-s", to.url(), "--stream", "S"];
    let refused = env.run(&named).failure(8);
    assert!(refused.stderr.contains("not whole"), "{refused}");
    let out = env
        .run(&["nats", "export", "-", "-s", &from.url()])
        .success();
    let args = ["nats", "import", "-", "-s", to.url()];
    env.run_with_stdin(&args, &out.stdout).success();
    let seen = runtime.block_on(async { look(&connect(to.url()).await).await });
    assert_eq!(seen["S"].messages.len(), 1);
}

#[test]
fn what_the_server_in_wash_lacks_is_refused_and_the_others_keep() {
    let env = TestEnv::new();
    let runtime = runtime();
    let (from, to, small) = (real_one(), real_one(), Embedded::start());
    let fields = |context: jetstream::Context| async move {
        let info = context.request("STREAM.INFO.S", "").await;
        let info: Value = info.unwrap();
        info["config"].clone()
    };
    let config = runtime.block_on(async {
        let context = connect(from.url()).await;
        let body = serde_json::json!({
            "name": "S", "retention": "workqueue", "allow_msg_ttl": true, "num_replicas": 1,
        });
        let _: Value = context.request("STREAM.CREATE.S", &body).await.unwrap();
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Nats-TTL", "1h");
        let sent = context.publish_with_headers("S", headers, "x".into());
        sent.await.unwrap().await.unwrap();
        fields(context).await
    });
    let out = env
        .run(&["nats", "export", "-", "-s", from.url()])
        .success();
    let import = |url: &str| env.run_with_stdin(&["nats", "import", "-", "-s", url], &out.stdout);
    let refused = import(&small.url()).failure(8);
    assert!(refused.stderr.contains("nats-server"), "{refused}");
    assert!(
        runtime
            .block_on(async { look(&connect(&small.url()).await).await })
            .is_empty()
    );
    import(to.url()).success();
    runtime.block_on(async {
        let context = connect(to.url()).await;
        let message = context
            .get_stream("S")
            .await
            .unwrap()
            .get_raw_message(1)
            .await;
        let headers = message.unwrap().headers;
        assert_eq!(headers.get("Nats-TTL").unwrap().as_str(), "1h");
        let found = fields(context).await;
        for field in ["retention", "allow_msg_ttl", "max_msgs", "discard"] {
            assert_eq!(found[field], config[field], "{field}");
        }
    });
}

#[test]
fn what_is_kept_for_consumers_is_kept_for_them() {
    let env = TestEnv::new();
    let runtime = runtime();
    let (from, to) = (real_one(), real_one());
    let before = runtime.block_on(async {
        let context = connect(from.url()).await;
        for retention in ["interest", "workqueue"] {
            let body = serde_json::json!({"name": retention, "retention": retention});
            let subject = format!("STREAM.CREATE.{retention}");
            let _: Value = context.request(subject, &body).await.unwrap();
            let stream = context.get_stream(retention).await.unwrap();
            let durable = consumer::pull::Config {
                durable_name: Some("d".to_owned()),
                ..consumer::pull::Config::default()
            };
            let durable = stream.create_consumer(durable).await.unwrap();
            for n in 1..=4 {
                let payload = n.to_string();
                let ack = context.publish(retention, payload.into()).await.unwrap();
                ack.await.unwrap();
            }
            let mut batch = durable.fetch().max_messages(3).messages().await.unwrap();
            while let Some(message) = batch.next().await {
                let message = message.unwrap();
                if message.info().unwrap().stream_sequence != 2 {
                    message.double_ack().await.unwrap();
                }
            }
        }
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            // Who acknowledged may be told before the message goes.
            let seen = look(&context).await;
            if seen.values().all(|it| it.messages.len() == 2) {
                return seen;
            }
            assert!(tokio::time::Instant::now() < deadline, "{seen:?}");
        }
    });
    assert_eq!(before.len(), 2);
    let out = env
        .run(&["nats", "export", "-", "-s", from.url()])
        .success();
    let args = ["nats", "import", "-", "-s", to.url()];
    env.run_with_stdin(&args, &out.stdout).success();
    runtime.block_on(async {
        let context = connect(to.url()).await;
        assert_same(&look(&context).await, &before);
        for name in ["interest", "workqueue"] {
            let stream = context.get_stream(name).await.unwrap();
            let durable: consumer::PullConsumer = stream.get_consumer("d").await.unwrap();
            let batch = durable.fetch().max_messages(2).messages().await.unwrap();
            let sequences: Vec<u64> = batch
                .map(|it| it.unwrap().info().unwrap().stream_sequence)
                .collect()
                .await;
            assert_eq!(sequences, [2, 4], "{name}");
        }
    });
}

#[test]
fn messages_of_one_id_are_both_there() {
    let env = TestEnv::new();
    let runtime = runtime();
    let (from, to) = (real_one(), Embedded::start());
    runtime.block_on(async {
        let context = connect(from.url()).await;
        let config = stream::Config {
            name: "S".to_owned(),
            duplicate_window: Duration::from_millis(100),
            ..stream::Config::default()
        };
        context.create_stream(config).await.unwrap();
        for wanted in 1..=3 {
            let mut headers = async_nats::HeaderMap::new();
            headers.insert("Nats-Msg-Id", "same");
            let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
            loop {
                let sent = context.publish_with_headers("S", headers.clone(), "x".into());
                if sent.await.unwrap().await.unwrap().sequence == wanted {
                    break;
                }
                assert!(tokio::time::Instant::now() < deadline);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    let out = env
        .run(&["nats", "export", "-", "-s", from.url()])
        .success();
    let args = ["nats", "import", "-", "-s", &to.url()];
    env.run_with_stdin(&args, &out.stdout).success();
    let seen = runtime.block_on(async { look(&connect(&to.url()).await).await });
    assert_eq!(seen["S"].messages.len(), 3);
}

const HELLO: &str = "MB46ZQTNXEDVJP4TMWTBRAV57H6SNAHORBZYWNNTMEC7Y5LLSFG4EC6N";
const HTTP_SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";

#[test]
fn a_lattice_survives_the_move() {
    let mut env = TestEnv::new();
    env.set("WASH_NATS_SERVER", "embedded");
    let hello = format!("{}/examples/hello/hello.wasm", env!("CARGO_MANIFEST_DIR"));
    let up = Up::start(&env, &["--nats-port", "0"]);
    env.run(&["start", "actor", &hello]).success();
    for name in ["default", "other"] {
        let contract = "wasmcloud:httpserver";
        let value = format!("NAME={name}");
        env.run(&[
            "link",
            "put",
            HELLO,
            HTTP_SERVER,
            contract,
            "-l",
            name,
            &value,
        ])
        .success();
    }
    let ask = |what: &str, more: &[&str]| {
        let args = [&["get", what, "-o", "json"], more].concat();
        env.run(&args).success().json()
    };
    let (links, claims) = (ask("links", &[]), ask("claims", &[]));
    assert_eq!(links["links"].as_array().unwrap().len(), 2, "{links}");
    let file = env.home().join("lattice.jsonl");
    let file = file.to_str().unwrap();
    env.run(&["nats", "export", file]).success();
    up.signal(Signal::TERM);
    assert!(up.end().0.success());

    let real = real_one();
    env.run(&["nats", "import", file, "-s", real.url()])
        .success();
    let up = Up::start(
        &env,
        &["--nats-host", "127.0.0.1", "--nats-port", real.port()],
    );
    let same = || {
        let now = (
            ask("links", &["-s", real.url()]),
            ask("claims", &["-s", real.url()]),
        );
        (now == (links.clone(), claims.clone())).then_some(())
    };
    eventually("links and claims are as they were", same);
    drop(up);

    // Under a host that is there already, which sees in a moment that its bucket is another one.
    let mut started = env.command(&["up", "-o", "json", "--nats-port", "0"]);
    started.env("WASH_NATS_SERVER", crate::nats::binary());
    let up = Up::spawn(&mut started);
    assert_eq!(ask("links", &[])["links"].as_array().map(Vec::len), Some(0));
    env.run(&["nats", "import", file]).failure(9);
    env.run(&["nats", "import", file, "--replace"]).success();
    let same = || {
        let now = (ask("links", &[]), ask("claims", &[]));
        (now == (links.clone(), claims.clone())).then_some(())
    };
    eventually("links and claims are there again", same);
    up.signal(Signal::TERM);
    let (status, log) = up.end();
    assert!(status.success());
    assert!(log.contains("kept streams in"), "{log}");
}
