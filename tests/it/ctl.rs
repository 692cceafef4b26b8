//! The control commands against hosts that only pretend: refusals, lost events, slow starts, several hosts.

use std::time::Duration;

use serde_json::{Value, json};
use wash::claims::jwt::Token;
use wash::claims::{ActorMetadata, KeyKind, Seed, module};

use crate::env::{Output, TestEnv};
use crate::fake_host::{FakeHost, Manners, key_of};
use crate::nats::NatsServer;

/// A server with hosts, and the binary pointed at it.
struct Lattice {
    env: TestEnv,
    hosts: Vec<FakeHost>,
    server: NatsServer,
}

fn lattice(hosts: impl IntoIterator<Item = Manners>) -> Lattice {
    let server = NatsServer::start();
    let mut env = TestEnv::new();
    env.set("WASH_NATS_URL", server.url());
    Lattice {
        env,
        hosts: (hosts.into_iter())
            .map(|it| FakeHost::start(server.url(), it))
            .collect(),
        server,
    }
}

fn one(manners: Manners) -> Lattice {
    lattice([manners])
}

impl Lattice {
    fn host(&self) -> &FakeHost {
        &self.hosts[0]
    }

    fn run(&self, line: &str) -> Output {
        self.env.run(&line.split(' ').collect::<Vec<_>>())
    }

    /// The document of a command that must succeed.
    #[track_caller]
    fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} -o json")).success();
        let document = output.json();
        assert_eq!(document["success"], true, "{output}");
        document
    }

    /// The document of a command that must fail with this code.
    #[track_caller]
    fn error(&self, line: &str, code: i32) -> Value {
        let output = self.run(&format!("{line} -o json")).failure(code);
        let document = output.json();
        assert_eq!(document["success"], false, "{output}");
        document
    }
}

const ECHO: &str = "reg.io/echo:1";

#[test]
fn an_empty_lattice_is_no_error_to_look_at() {
    let lattice = lattice([]);
    for (line, key) in [
        ("get hosts", "hosts"),
        ("get inventory", "inventories"),
        ("get claims", "claims"),
        ("link query", "links"),
        ("ctl get hosts", "hosts"),
    ] {
        let output = lattice.run(&format!("{line} -o json")).success();
        assert_eq!(output.json()[key], json!([]), "{output}");
        assert!(
            output
                .stderr
                .contains("no host answers in lattice 'default'")
        );
    }
    for line in [
        "start actor reg.io/echo:1",
        "start provider builtin:httpserver",
        "stop actor Echo",
        "scale actor Echo --count 2",
        "link put Echo builtin:httpserver wasmcloud:httpserver",
    ] {
        lattice.error(line, 6);
    }
}

#[test]
fn an_actor_starts_scales_updates_and_stops() {
    let lattice = one(Manners::default());
    let host = lattice.host().id.clone();
    let key = key_of(ECHO, KeyKind::Module);

    let started = lattice.json(&format!("start actor {ECHO}"));
    assert_eq!(started["actor_id"], key);
    assert_eq!(started["actor_ref"], ECHO);
    assert_eq!(started["host_id"], host);
    assert_eq!(started["count"], 1);
    assert_eq!(started["changed"], true);
    assert!(started["elapsed_ms"].is_u64() && started["result"].is_string());
    assert_eq!(
        lattice.json(&format!("ctl start actor {ECHO}"))["changed"],
        false
    );
    assert_eq!(lattice.host().asked("scale").len(), 1);

    let scaled = lattice.json("scale actor echo -c 5");
    assert_eq!(
        (&scaled["changed"], &scaled["count"]),
        (&json!(true), &json!(5))
    );
    assert_eq!(lattice.json("scale actor echo --count 5")["changed"], false);
    assert_eq!(lattice.json(&format!("start actor {ECHO}"))["count"], 5);
    let started = lattice.json(&format!("start actor {ECHO} --count 7"));
    assert_eq!(
        (&started["changed"], &started["count"]),
        (&json!(true), &json!(7))
    );

    let updated = lattice.json(&format!("update actor {} reg.io/echo:2", &key[..6]));
    assert_eq!(updated["changed"], true);
    assert_eq!(
        lattice.json("update actor Echo reg.io/echo:2")["changed"],
        false
    );

    let inventory = lattice.json("get inventory")["inventory"].clone();
    assert_eq!(inventory["actors"][0]["image_ref"], "reg.io/echo:2");
    let names = lattice.run("get inventory -o name").success();
    assert_eq!(names.stdout, format!("{key}\n"));
    let text = lattice.run(&format!("get inventory {host}")).success();
    assert!(text.stdout.contains(&key) && text.stdout.contains("Echo"));

    let stopped = lattice.json(&format!("ctl stop actor {host} {key}"));
    assert_eq!(
        (&stopped["changed"], &stopped["host_id"]),
        (&json!(true), &json!(host))
    );
    let again = lattice.json(&format!("stop actor {key}"));
    assert_eq!(again["changed"], false);
}

#[test]
fn old_hosts_are_asked_in_their_words() {
    let lattice = one(Manners {
        version: "0.62.1",
        ..Manners::default()
    });
    lattice.json(&format!(
        "start actor {ECHO} --host-id {}",
        lattice.host().id
    ));
    assert_eq!(lattice.host().asked("la").len(), 1);
    assert!(lattice.host().asked("scale").is_empty());
}

#[test]
fn a_provider_starts_and_stops() {
    let lattice = one(Manners::default());
    let host = lattice.host().id.clone();
    let key = key_of("reg.io/kv:1", KeyKind::Service);
    lattice.env.write("config.json", "{\"a\": 1}");
    let started = lattice.json("start provider reg.io/kv:1 -l cache --config-json config.json");
    assert_eq!(started["provider_id"], key);
    assert_eq!(started["link_name"], "cache");
    let sent = &lattice.host().asked("lp")[0];
    assert_eq!(sent["configuration"], "{\"a\": 1}");
    let again = lattice.json("start provider reg.io/kv:1 --link-name cache");
    assert_eq!(again["changed"], false);

    let stopped = lattice.json(&format!(
        "ctl stop provider {host} {key} cache test:contract"
    ));
    assert_eq!(stopped["changed"], true);
    let sent = &lattice.host().asked("sp")[0];
    assert_eq!(sent["contract_id"], "test:contract");
    assert_eq!(
        lattice.json(&format!("stop provider {key}"))["changed"],
        false
    );
    lattice.json("start provider reg.io/kv:1");
    let stopped = lattice.json("stop provider Kv");
    assert_eq!(
        (&stopped["changed"], &stopped["provider_id"]),
        (&json!(true), &json!(key))
    );
}

#[test]
fn refusals_and_failures_carry_the_hosts_reason() {
    let refusing = one(Manners {
        refuse: Some("not today"),
        ..Manners::default()
    });
    let failing = one(Manners {
        fail: Some("image not found"),
        ..Manners::default()
    });
    for (lattice, reason) in [(&refusing, "not today"), (&failing, "image not found")] {
        for line in ["start actor reg.io/echo:1", "start provider reg.io/kv:1"] {
            let error = lattice.error(line, 8)["error"].clone();
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(reason), "{error}");
            assert!(message.contains(&lattice.host().id), "{error}");
        }
    }
    let key = key_of(ECHO, KeyKind::Module);
    refusing.error(&format!("link put {key} builtin:httpserver c"), 8);
}

#[test]
fn a_lost_event_or_acknowledgement_is_no_failure() {
    let deaf = one(Manners {
        events: false,
        delay: Some(Duration::from_millis(300)),
        ..Manners::default()
    });
    assert_eq!(deaf.json(&format!("start actor {ECHO}"))["changed"], true);
    assert_eq!(deaf.json("stop actor Echo")["changed"], true);
    assert_eq!(deaf.json("start provider reg.io/kv:1")["changed"], true);
    let mute = one(Manners {
        acks: false,
        events: false,
        ..Manners::default()
    });
    let line = format!("start actor {ECHO} --timeout 2s");
    assert_eq!(mute.json(&line)["changed"], true);
}

#[test]
fn a_slow_start_is_waited_for_or_told_as_unknown() {
    let slow = one(Manners {
        delay: Some(Duration::from_secs(3)),
        ..Manners::default()
    });
    let error = slow.error(&format!("start actor {ECHO} --timeout 1s"), 7);
    let hint = error["error"]["hints"].to_string() + &error["error"]["hint"].to_string();
    assert!(hint.contains("wash get inventory"), "{error}");
    let never = one(Manners {
        delay: None,
        ..Manners::default()
    });
    let accepted = never.json(&format!("start actor {ECHO} --skip-wait"));
    assert!(accepted["result"].as_str().unwrap().contains("accepted"));
    let output = one(Manners {
        delay: Some(Duration::from_secs(3)),
        ..Manners::default()
    });
    assert_eq!(output.json(&format!("start actor {ECHO}"))["changed"], true);
}

#[test]
fn of_several_hosts_one_must_be_meant() {
    let lattice = lattice([
        Manners {
            name: "red-fox-1",
            labels: &[("zone", "a")],
            ..Manners::default()
        },
        Manners {
            name: "blue-owl-2",
            labels: &[("zone", "b")],
            ..Manners::default()
        },
    ]);
    let (red, blue) = (lattice.hosts[0].id.clone(), lattice.hosts[1].id.clone());
    let hosts = lattice.json("get hosts");
    assert_eq!(hosts["hosts"].as_array().unwrap().len(), 2);
    let mut ids = [red.as_str(), blue.as_str()];
    ids.sort_unstable();
    let names = lattice.run("get hosts -o name").success();
    assert_eq!(names.stdout, format!("{}\n{}\n", ids[0], ids[1]));

    let started = lattice.json(&format!("start actor {ECHO} -c zone=b"));
    assert_eq!(started["host_id"], blue);
    let error = lattice.error(&format!("start actor {ECHO} -c zone=c"), 6);
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("zone=c") && message.contains("a, b"),
        "{message}"
    );
    // It runs on one of them already.
    let again = lattice.json(&format!("start actor {ECHO}"));
    assert_eq!(
        (&again["changed"], &again["host_id"]),
        (&json!(false), &json!(blue))
    );

    lattice.json(&format!("start actor {ECHO} --host red-fox-1"));
    for line in [
        "stop actor Echo",
        "scale actor Echo --count 2",
        "stop host",
        "label a=b",
    ] {
        let error = lattice.error(line, 9);
        let message = error["error"]["message"].as_str().unwrap();
        assert!(
            message.contains(&red) && message.contains("blue-owl-2"),
            "{message}"
        );
    }
    let stopped = lattice.json("stop actor Echo --all");
    assert_eq!(stopped["host_ids"].as_array().unwrap().len(), 2);
    lattice.error("get inventory green-cat-3", 3);
    let nobody = Seed::generate(KeyKind::Server).public();
    lattice.error(&format!("get inventory {nobody}"), 3);
    let one = lattice.json("get inventory RED-FOX");
    assert_eq!(one["inventory"]["host_id"], red);
    assert_eq!(
        lattice.json("get inventory")["inventories"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn links_are_put_once_and_removed_once() {
    let lattice = one(Manners::default());
    lattice.json(&format!("start actor {ECHO}"));
    let key = key_of(ECHO, KeyKind::Module);
    let server = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";
    lattice
        .env
        .write("values.yaml", "PORT: 80\nPASSWORD: hush-hush\n");
    let put = lattice
        .json("link put Echo builtin:httpserver wasmcloud:httpserver PORT=8080 -f values.yaml");
    assert_eq!(put["changed"], true);
    assert_eq!(
        (&put["actor_id"], &put["provider_id"]),
        (&json!(key), &json!(server))
    );
    let again = lattice.run(&format!(
        "ctl link put {key} {server} wasmcloud:httpserver PORT=8080 PASSWORD=hush-hush -o json"
    ));
    assert_eq!(again.json()["changed"], false);
    assert!(
        !format!("{again}{put}")
            .replace(" PASSWORD=hush-hush", "")
            .contains("hush")
    );
    assert_eq!(lattice.host().asked("linkdefs.put").len(), 1);
    let links = lattice.json("ctl link query");
    assert_eq!(links["links"][0]["values"]["PORT"], "8080");
    assert_eq!(links, lattice.json("get links"));

    let gone = lattice.json("link del Echo wasmcloud:httpserver --link-name other");
    assert_eq!(gone["changed"], false);
    assert_eq!(
        lattice.json("link delete Echo wasmcloud:httpserver")["changed"],
        true
    );
    assert_eq!(
        lattice.json("link rm Echo wasmcloud:httpserver")["changed"],
        false
    );
    assert_eq!(lattice.host().asked("linkdefs.del").len(), 1);

    let bad = lattice
        .run("link put Echo builtin:httpserver c PORT")
        .failure(2);
    assert!(
        bad.stderr.contains("PORT") && bad.stderr.contains("KEY=VALUE"),
        "{bad}"
    );
    lattice.error("link put Echo builtin:httpserver c -l a.b", 2);
    lattice.error("link put Nobody builtin:httpserver c", 3);
}

#[test]
fn a_link_that_its_provider_cannot_serve_is_told() {
    let lattice = one(Manners {
        health: Some((false, "address in use")),
        ..Manners::default()
    });
    let started = lattice.run("start provider reg.io/kv:1 -o json").success();
    assert!(started.stderr.contains("address in use"), "{started}");
    let actor = key_of(ECHO, KeyKind::Module);
    let error = lattice.error(&format!("link put {actor} Kv test:contract A=b"), 8);
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("address in use") && message.contains("stored"));
    assert_eq!(
        lattice.json("link ls")["links"].as_array().unwrap().len(),
        1
    );
}

/// As when a monitor listens to everything while the provider does not yet: no server says so.
#[test]
fn a_provider_that_does_not_listen_yet_is_asked_again() {
    let lattice = one(Manners {
        health: Some((false, "address in use")),
        deaf: 1,
        ..Manners::default()
    });
    let started = lattice.run("start provider reg.io/kv:1 -o json").success();
    assert!(started.stderr.contains("address in use"), "{started}");
}

#[test]
fn labels_are_set_and_removed() {
    let lattice = one(Manners {
        labels: &[("old", "1")],
        ..Manners::default()
    });
    let labelled = lattice.json("label fake-owl zone=a --delete old");
    assert_eq!(labelled["labels"], json!({"zone": "a"}));
    assert_eq!(lattice.json("label zone=a")["changed"], false);
    assert_eq!(
        lattice.json("get hosts")["hosts"][0]["labels"],
        json!({"zone": "a"})
    );
    lattice.error("label", 2);
    lattice.error("label fake-owl zone", 2);
}

/// Some hosts fall silent instead of refusing it, so it is refused here.
#[test]
fn an_actor_that_runs_from_another_reference_is_not_started() {
    let lattice = one(Manners::default());
    let (wasm, key) = signed_module("Echo", |_| {});
    for path in ["one.wasm", "two.wasm"] {
        lattice.env.write(path, &wasm);
    }
    lattice.json("start actor ./one.wasm");
    let error = lattice.error("start actor ./two.wasm", 8);
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("runs there already from file://"),
        "{message}"
    );
    let hint = error["error"]["hints"][0].as_str().unwrap();
    assert!(
        hint.contains(&format!("wash update actor {key} file://")),
        "{hint}"
    );
    assert_eq!(
        lattice.host().asked("scale").len(),
        1,
        "nothing more is sent"
    );
}

/// A listener to everything takes away the server's word that nobody answers.
#[test]
fn a_missing_host_is_found_missing_behind_a_listener() {
    let lattice = one(Manners::default());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(async_nats::connect(lattice.server.url()));
    let client = client.unwrap();
    let _spy = runtime.block_on(async {
        let spy = client.subscribe("wasmbus.>").await.unwrap();
        client.flush().await.unwrap();
        spy
    });
    let nobody = Seed::generate(KeyKind::Server).public();
    lattice.error(&format!("get inventory {nobody}"), 3);
    assert_eq!(
        lattice.json(&format!("stop host {nobody}"))["changed"],
        false
    );
    assert_eq!(
        lattice.json(&format!("start actor {ECHO}"))["changed"],
        true
    );
}

#[test]
fn a_host_stops() {
    let lattice = one(Manners::default());
    assert_eq!(lattice.json("stop host fake-owl-1")["changed"], true);
    let id = &lattice.host().id;
    assert_eq!(lattice.json(&format!("stop host {id}"))["changed"], false);
}

fn signed_module(name: &str, change: impl FnOnce(&mut Token<ActorMetadata>)) -> (Vec<u8>, String) {
    let (issuer, subject) = (
        Seed::generate(KeyKind::Account),
        Seed::generate(KeyKind::Module),
    );
    let metadata = ActorMetadata {
        name: Some(name.to_owned()),
        rev: Some(1),
        ver: Some("1".to_owned()),
        ..ActorMetadata::default()
    };
    let mut token = Token::new(&issuer, subject.public(), metadata, 1_600_000_000);
    change(&mut token);
    let wasm = wat::parse_str("(module (memory (export \"memory\") 1))").unwrap();
    (
        module::sign(&wasm, token, &issuer).unwrap(),
        subject.public(),
    )
}

#[test]
fn files_are_checked_before_anything_is_sent() {
    let lattice = one(Manners::default());
    lattice.error("start actor ./nothing.wasm", 3);
    lattice.env.write("text.wasm", "no module");
    lattice.error("start actor text.wasm", 8);
    let (expired, _) = signed_module("Old", |it| it.expires = Some(1_600_000_001));
    lattice.env.write("old.wasm", expired);
    lattice.error("start actor old.wasm", 8);
    let (mut tampered, _) = signed_module("Bad", |_| {});
    tampered.extend([0, 3, 1, b'x', 0]);
    lattice.env.write("bad.wasm", tampered);
    lattice.error("start actor ./bad.wasm", 8);
    assert!(lattice.host().requests().is_empty(), "nothing was sent");

    let path = lattice.env.home().canonicalize().unwrap().join("old.wasm");
    let started = lattice.json("start actor old.wasm --no-verify");
    assert_eq!(started["actor_ref"], format!("file://{}", path.display()));
}

#[test]
fn a_manifest_is_applied_and_told_step_by_step() {
    let lattice = one(Manners::default());
    let (wasm, key) = signed_module("Hello", |_| {});
    lattice.env.write("app/hello.wasm", wasm);
    let manifest = "\
actors: [./hello.wasm, reg.io/echo:1]
capabilities:
  - image_ref: builtin:httpserver
  - {image_ref: 'reg.io/kv:1', link_name: cache}
links:
  - {actor: Hello, contract_id: wasmcloud:httpserver, provider_id: builtin:httpserver,
     values: {ADDRESS: '127.0.0.1:${PORT:8081}'}}
  - {actor: reg.io/echo:1, contract_id: test:contract, provider_id: reg.io/kv:1, link_name: cache}
";
    lattice.env.write("app/lattice.yaml", manifest);
    let line = "apply app/lattice.yaml --expand-env";
    let applied = lattice.json(line);
    let results = applied["results"].as_array().unwrap();
    assert_eq!(results.len(), 6, "{applied}");
    assert!(
        results
            .iter()
            .all(|it| it["ok"] == true && it["changed"] == true)
    );
    assert_eq!(results[0]["id"], key);
    let links = lattice.json("link query")["links"].clone();
    let link_of = |actor: &str| {
        let mut links = links.as_array().unwrap().iter();
        links.find(|it| it["actor_id"] == actor).unwrap()
    };
    assert_eq!(link_of(&key)["values"]["ADDRESS"], "127.0.0.1:8081");
    let other = link_of(&key_of(ECHO, KeyKind::Module));
    let provider = key_of("reg.io/kv:1", KeyKind::Service);
    assert_eq!(other["provider_id"], provider);
    let again = lattice.json(&format!("ctl {line}"));
    assert_eq!(again["changed"], false, "{again}");

    let stdin = lattice
        .env
        .run_with_stdin(&["apply", &lattice.host().id, "-"], "actors: []");
    stdin.success();
}

#[test]
fn a_manifest_with_mistakes_sends_nothing() {
    let lattice = one(Manners::default());
    lattice.env.write(
        "bad.yaml",
        "actors:\n  - ./nothing.wasm\nlinks:\n  - {actor: M, contract_id: c, provider_id: p, link_name: a.b}\n",
    );
    let error = lattice.error("apply bad.yaml", 8);
    let causes = error["error"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 2, "{error}");
    assert!(
        causes[0]
            .as_str()
            .unwrap()
            .contains("bad.yaml:2:5: actors[0]"),
        "{error}"
    );
    lattice.env.write(
        "names.yaml",
        "links:\n  - {actor: Nobody, contract_id: c, provider_id: Nothing}\n",
    );
    let error = lattice.error("apply names.yaml", 8);
    assert_eq!(
        error["error"]["causes"].as_array().unwrap().len(),
        2,
        "{error}"
    );
    lattice.error("apply missing.yaml", 3);
    assert!(lattice.host().requests().is_empty());
}

#[test]
fn a_manifest_that_fails_in_part_says_so() {
    let lattice = one(Manners {
        fail: Some("no such image"),
        ..Manners::default()
    });
    let key = key_of(ECHO, KeyKind::Module);
    let manifest = format!(
        "{{\"actors\": [\"reg.io/x:1\"], \"links\": [{{\"actor\": \"{key}\", \"contract_id\": \"c\", \
         \"provider_id\": \"builtin:httpserver\"}}]}}"
    );
    lattice.env.write("part.json", manifest);
    let error = lattice.error("apply part.json", 8);
    let results = error["results"].as_array().unwrap();
    assert_eq!(results[0]["ok"], false);
    assert!(
        results[0]["error"]
            .as_str()
            .unwrap()
            .contains("no such image")
    );
    assert_eq!(
        (&results[1]["ok"], &results[1]["changed"]),
        (&json!(true), &json!(true))
    );
    let text = lattice.run("apply part.json").failure(8);
    assert!(
        text.stdout.contains("FAILED") && text.stdout.contains("same"),
        "{text}"
    );
}
