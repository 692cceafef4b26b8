//! Files that are typed at the command line run on any host of the lattice.
#![cfg(unix)]

use std::path::Path;

use serde_json::{Value, json};
use wash::claims::{KeyKind, Seed};

use crate::abuse::{guest, signed};
use crate::env::TestEnv;
use crate::leaf::start_hub;
use crate::nats::NatsServer;
use crate::up::{Up, eventually};

/// A host with a home of its own, which may not read files.
fn host(nats: &NatsServer) -> (TestEnv, Up) {
    let mut env = TestEnv::new();
    env.set("WASH_NATS_URL", nats.url());
    env.set("WASMCLOUD_ALLOW_FILE_LOAD", "false");
    let args = ["--nats-port", nats.port(), "--nats-connect-only"];
    let up = Up::start(&env, &args);
    (env, up)
}

struct Lattice {
    nats: NatsServer,
    /// Where the files are, and no host.
    desk: TestEnv,
    hosts: Vec<(TestEnv, Up)>,
}

impl Lattice {
    fn new(hosts: usize) -> Self {
        let nats = NatsServer::start();
        let mut desk = TestEnv::new();
        desk.set("WASH_NATS_URL", nats.url());
        Self {
            hosts: (0..hosts).map(|_| host(&nats)).collect(),
            desk,
            nats,
        }
    }

    fn host(&self, at: usize) -> &str {
        self.hosts[at].1.text("host_id")
    }

    #[track_caller]
    fn run(&self, line: &str) -> Value {
        let args: Vec<_> = line.split(' ').chain(["-o", "json"]).collect();
        self.desk.run(&args).success().json()
    }

    #[track_caller]
    fn fail(&self, line: &str, code: i32) -> String {
        let args: Vec<_> = line.split(' ').chain(["-o", "json"]).collect();
        self.desk.run(&args).failure(code).json().to_string()
    }

    fn store(&self, verb: &str) -> Value {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let client = async_nats::connect(self.nats.url()).await.unwrap();
            let subject = format!("$JS.API.STREAM.{verb}.OBJ_ARTIFACTS_default");
            let answer = client.request(subject, "".into()).await.unwrap();
            serde_json::from_slice(&answer.payload).unwrap()
        })
    }
}

/// A signed echo with that many bytes that compress to nothing.
pub(crate) fn module(key: &Seed, revision: i32, ballast: usize) -> Vec<u8> {
    let mut wasm = guest("echo");
    if ballast > 0 {
        // A custom section: its size, and an empty name.
        wasm.push(0);
        let mut rest = ballast + 1;
        while rest >= 0x80 {
            wasm.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        wasm.push(rest as u8);
        wasm.push(0);
        let mut state = 1_u32;
        wasm.extend(
            std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .take(ballast),
        );
    }
    signed(&wasm, key, |it| {
        it.metadata.as_mut().unwrap().rev = Some(revision);
    })
}

#[test]
fn a_file_runs_on_hosts_that_do_not_have_it() {
    let lattice = Lattice::new(2);
    let key = Seed::generate(KeyKind::Module);
    let size = 6 << 20;
    lattice.desk.write("big.wasm", module(&key, 1, size));
    let mut reference = String::new();
    for at in [0, 1] {
        let line = format!("start actor ./big.wasm --host {}", lattice.host(at));
        let started = lattice.run(&line);
        reference = started["actor_ref"].as_str().unwrap().to_owned();
        assert!(reference.starts_with("lattice://sha256-"), "{reference}");
        assert!(reference.ends_with("/big.wasm"), "{reference}");
        assert_eq!(started["changed"], true);
        assert_eq!(lattice.run(&line)["changed"], false, "runs already");
    }
    let stored = &lattice.store("INFO")["state"]["bytes"];
    assert!(
        stored.as_u64().unwrap() < (size as u64) * 11 / 10,
        "{stored}"
    );

    // The same content under another name is the same thing.
    lattice
        .desk
        .write("copy.wasm", module_of(&lattice.desk, "big.wasm"));
    let host = lattice.host(0).to_owned();
    let started = lattice.run(&format!("start actor ./copy.wasm --host {host}"));
    assert_eq!(
        (&started["changed"], started["actor_ref"].as_str()),
        (&Value::Bool(false), Some(&*reference))
    );
    // Nobody has to have the file to start it elsewhere, or again.
    lattice.run(&format!("stop actor {} --host {host}", key.public()));
    lattice.run(&format!("start actor {reference} --host {host}"));

    // A newer file of the same name replaces what runs.
    lattice.desk.write("big.wasm", module(&key, 2, 7));
    let other = lattice.fail(&format!("start actor ./big.wasm --host {host}"), 8);
    assert!(other.contains("wash update actor"), "{other}");
    assert!(!other.contains("file://"), "{other}");
    let line = format!("update actor {} ./big.wasm --host {host}", key.public());
    let updated = lattice.run(&line);
    assert_eq!(
        (&updated["changed"], &updated["revision"]),
        (&true.into(), &2.into())
    );
    assert_ne!(updated["actor_ref"], reference.as_str());
    assert_eq!(lattice.run(&line)["changed"], false);

    lattice.desk.write("unsigned.wasm", guest("echo"));
    let refused = lattice.fail(&format!("start actor ./unsigned.wasm --host {host}"), 8);
    assert!(refused.contains("not signed"), "{refused}");
    // A path on the host's own disk still takes its permission.
    let path = lattice.desk.home().join("copy.wasm");
    let refused = lattice.fail(
        &format!("start actor file://{} --host {host}", path.display()),
        8,
    );
    assert!(refused.contains("--allow-file-load"), "{refused}");
}

fn module_of(env: &TestEnv, name: &str) -> Vec<u8> {
    std::fs::read(env.home().join(name)).unwrap()
}

#[test]
fn manifests_and_scaling_send_their_files_too() {
    let lattice = Lattice::new(1);
    let (one, two) = (
        Seed::generate(KeyKind::Module),
        Seed::generate(KeyKind::Module),
    );
    lattice.desk.write("app/one.wasm", module(&one, 1, 0));
    lattice.desk.write("two.wasm", module(&two, 1, 0));
    lattice.desk.write("app/app.yaml", "actors: [./one.wasm]\n");
    let applied = lattice.run("apply app/app.yaml");
    assert_eq!(applied["changed"], true, "{applied}");
    assert_eq!(lattice.run("apply app/app.yaml")["changed"], false);
    let scaled = lattice.run(&format!(
        "scale actor {} ./two.wasm --count 3",
        two.public()
    ));
    assert!(
        scaled["actor_ref"]
            .as_str()
            .unwrap()
            .starts_with("lattice://"),
        "{scaled}"
    );
    let scaled = lattice.run(&format!(
        "scale actor {} ./two.wasm --count 2",
        two.public()
    ));
    assert_eq!(scaled["changed"], true, "{scaled}");
}

#[test]
fn an_artifact_that_is_gone_is_sent_again() {
    let lattice = Lattice::new(2);
    let key = Seed::generate(KeyKind::Module);
    lattice.desk.write("a.wasm", module(&key, 1, 0));
    let (first, second) = (lattice.host(0).to_owned(), lattice.host(1).to_owned());
    let started = lattice.run(&format!("start actor ./a.wasm --host {first}"));
    let reference = started["actor_ref"].as_str().unwrap();
    assert_eq!(lattice.store("DELETE")["success"], true);
    let missing = lattice.fail(&format!("start actor {reference} --host {second}"), 8);
    assert!(missing.contains("send the file again"), "{missing}");
    lattice.run(&format!("start actor ./a.wasm --host {second}"));
}

#[test]
fn who_may_not_use_the_store_falls_back_to_paths() {
    // May do everything but keep artifacts.
    let nats = NatsServer::start_real(
        "jetstream {}\nno_auth_user: host\nauthorization { users: [\n\
         { user: host, password: h }\n\
         { user: desk, password: d, permissions: { publish: { allow: \">\", \
           deny: [\"$JS.API.STREAM.*.OBJ_ARTIFACTS_default\", \"$JS.API.STREAM.MSG.*.OBJ_ARTIFACTS_default\"] } } }\n\
         ] }",
    );
    let mut env = TestEnv::new();
    let url = |login: &str| nats.url().replace("://", &format!("://{login}@"));
    env.set("WASH_NATS_URL", nats.url());
    let args = [
        "--nats-port",
        nats.port(),
        "--nats-connect-only",
        "--allow-file-load",
    ];
    let up = Up::start(&env, &args);
    let key = Seed::generate(KeyKind::Module);
    let path = env.write("a.wasm", module(&key, 1, 0));
    env.set("WASH_NATS_URL", url("desk:d"));
    let output = env
        .run(&["start", "actor", path.to_str().unwrap(), "-o", "json"])
        .success();
    let expected = format!(
        "file://{}",
        Path::new(&path).canonicalize().unwrap().display()
    );
    assert_eq!(output.json()["actor_ref"], expected, "{output}");
    drop(up);
}

/// The state lies in the domain of one leaf; the other's has a bucket of the same name, which stores what comes by.
#[test]
fn artifacts_cross_leaf_nodes_and_domains() {
    let [here, there] = [(); 2].map(|()| TestEnv::new().with_nats_server());
    let hub = start_hub(&here, "hub", "");
    let url = format!("nats-leaf://127.0.0.1:{}", hub.leaf_port);
    let args = ["--nats-port", "0", "--leaf-remote", &url];
    let first = Up::start(&here, &[&args[..], &["--js-domain", "core"]].concat());
    let bundle = there.home().join("second.bundle");
    let bundle = bundle.to_str().unwrap();
    let made = here.run(&["leaf", "bundle", "--domain", "extender", "-o", bundle]);
    let _ = made.success();
    let second = Up::start(&there, &["--nats-port", "0", "--bundle", "second.bundle"]);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ask = |up: &Up, request: &str, body: Value| -> Value {
        runtime.block_on(async {
            let client = async_nats::connect(up.text("nats_url")).await.unwrap();
            let subject = format!("$JS.{request}.OBJ_ARTIFACTS_default");
            let answer = client
                .request(subject, body.to_string().into())
                .await
                .unwrap();
            serde_json::from_slice(&answer.payload).unwrap()
        })
    };
    let start = |env: &TestEnv, from: &Up, to: &Up, seed: usize| {
        let key = Seed::generate(KeyKind::Module);
        env.write("a.wasm", module(&key, 1, (3 << 20) + seed));
        let args = ["start", "actor", "a.wasm", "--host", to.text("host_id")];
        let args = [&args[..], &["-s", from.text("nats_url"), "-o", "json"]].concat();
        eventually("the other host is in the lattice", || {
            let output = env.run(&args);
            (output.code != 3 && output.code != 6).then_some(output)
        })
        .success()
        .json()
    };
    let bytes = |domain: &str| ask(&first, &format!("{domain}.API.STREAM.INFO"), json!({}));
    let started = start(&here, &first, &second, 1);
    assert!(
        started["actor_ref"]
            .as_str()
            .unwrap()
            .starts_with("lattice://"),
        "{started}"
    );
    let started = start(&there, &second, &first, 2);
    assert_eq!(started["changed"], true, "{started}");
    assert!(
        bytes("extender")["error"].is_object(),
        "everything is in one place"
    );
    let stored = bytes("core")["state"]["bytes"].as_u64().unwrap();
    assert!(stored > 6 << 20, "{stored}");

    let bucket = json!({
        "name": "OBJ_ARTIFACTS_default", "storage": "file", "discard": "new", "allow_rollup_hdrs": true,
        "subjects": ["$O.ARTIFACTS_default.C.>", "$O.ARTIFACTS_default.M.>"],
    });
    let made = ask(&second, "extender.API.STREAM.CREATE", bucket);
    assert!(made["error"].is_null(), "{made}");
    for seed in 3..6 {
        start(&there, &second, &first, seed);
        start(&there, &second, &second, seed);
        start(&here, &first, &second, seed + 10);
    }
}
