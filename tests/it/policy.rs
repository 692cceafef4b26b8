//! `wash policy` and `wash config-service`, with the real binary on a real nats-server.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use wash::claims::{KeyKind, Seed};

use crate::abuse::{HELLO, eventually};
use crate::abuse_up::Up;
use crate::env::{Output, TestEnv};
use crate::nats::NatsServer;

/// A lattice with nobody in it.
struct Place {
    env: TestEnv,
    nats: NatsServer,
}

impl Place {
    fn new() -> Self {
        let nats = NatsServer::start();
        let mut env = TestEnv::new();
        env.set("WASH_NATS_URL", nats.url());
        let seed = Seed::generate(KeyKind::Cluster);
        env.set("WASMCLOUD_CLUSTER_SEED", seed.reveal());
        Self { env, nats }
    }

    fn serve(&self, args: &[&str]) -> Up {
        let mut command = self.env.command(args);
        Up::spawn(command.args(["-o", "json"]))
    }

    fn host(&self, args: &[&str]) -> Up {
        let mut all = vec!["--nats-port", self.nats.port(), "--nats-connect-only"];
        all.extend(args);
        Up::start(&self.env, &all)
    }

    /// Rules in place of those before, as editors write them.
    fn rules(&self, name: &str, text: &str) {
        let new = self.env.write("new", text);
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::rename(new, self.env.home().join(name)).unwrap();
    }

    fn call(&self) -> Output {
        self.env.run(&["call", HELLO, "Test.Call"]).failure(8)
    }
}

fn hello() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.wasm");
    path.to_str().unwrap().to_owned()
}

fn send(up: &Up, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(up.pid()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

const POLICED: [&str; 4] = [
    "--policy-topic",
    "wasmcloud.policy",
    "--policy-changes-topic",
    "wasmcloud.policy.changes",
];

#[test]
fn rules_decide_and_their_changes_count_at_once() {
    let place = Place::new();
    let env = &place.env;
    place.rules(
        "policy.yaml",
        "default: allow\nrules:\n- effect: deny\n  name: quiet week\n  action: [start_actor, start_provider]\n",
    );
    let mut service = place.serve(&["policy", "serve", "policy.yaml"]);
    assert_eq!(service.text("topic"), "wasmcloud.policy");
    let _host = place.host(&POLICED);
    let hello = hello();
    for (args, words) in [
        (["start", "actor", hello.as_str()], HELLO),
        (["start", "provider", "builtin:httpclient"], "provider V"),
    ] {
        let output = env.run(&[&args[..], &["-o", "json"]].concat()).failure(8);
        let message = output.json()["error"].to_string();
        assert!(message.contains("Policy denied to start"), "{output}");
        assert!(
            message.contains("denied by rule 1, 'quiet week'"),
            "{output}"
        );
        assert!(message.contains(words), "{output}");
    }
    let inventory = env
        .run(&["get", "inventory", "-o", "json"])
        .success()
        .json();
    let host = &inventory["inventories"][0];
    assert_eq!(
        (&host["actors"], &host["providers"]),
        (&json!([]), &json!([])),
        "{inventory}"
    );

    // A file with a mistake changes nothing.
    place.rules("policy.yaml", "default: allow\nrules:\n- effect: perhaps\n");
    place.rules("policy.yaml", "default: allow");
    eventually("the actor may start", || {
        let output = env.run(&["start", "actor", &hello]);
        (output.code == 0).then_some(())
    });
    let reached = "hello does not know the operation";
    let output = place.call();
    assert!(output.stderr.contains(reached), "{output}");
    place.rules(
        "policy.yaml",
        "default: allow\nrules:\n- {effect: deny, action: perform_invocation, message: closed for today}\n",
    );
    let output = eventually("calls are denied", || {
        let output = place.call();
        (!output.stderr.contains(reached)).then_some(output)
    });
    assert!(
        output
            .stderr
            .contains("Policy denied invocation: closed for today"),
        "{output}"
    );
    place.rules("policy.yaml", "default: allow");
    // Asked to, it looks at once.
    send(&service, Signal::HUP);
    eventually("calls are allowed", || {
        place.call().stderr.contains(reached).then_some(())
    });

    send(&service, Signal::TERM);
    let (status, log) = service.end();
    assert!(status.success(), "{log}");
    assert!(
        log.contains("denied by rule 1, 'quiet week'") && log.contains("start_actor"),
        "{log}"
    );
    // What is decided stays, what is not is denied.
    assert!(place.call().stderr.contains(reached));
    let output = env
        .run(&["start", "provider", "builtin:httpserver"])
        .failure(8);
    assert!(
        output
            .stderr
            .contains("no policy service listens on 'wasmcloud.policy'"),
        "{output}"
    );
}

#[test]
fn a_mistake_in_a_changed_file_is_logged_with_its_line() {
    let place = Place::new();
    place.rules("policy.toml", "default = \"allow\"\n");
    let mut service = place.serve(&["policy", "serve", "policy.toml"]);
    place.rules(
        "policy.toml",
        "default = \"allow\"\n[[rules]]\neffect = \"perhaps\"\n",
    );
    send(&service, Signal::HUP);
    let _host = place.host(&POLICED);
    let _ = place
        .env
        .run(&["start", "provider", "builtin:httpclient"])
        .success();
    send(&service, Signal::TERM);
    let (_, log) = service.end();
    assert!(
        log.contains("policy.toml:3:") && log.contains("stay as they were"),
        "{log}"
    );
}

#[test]
fn hosts_start_what_their_labels_say() {
    let place = Place::new();
    let text = format!(
        "rules:\n- label: {{zone: a}}\n  providers: [{{image_ref: 'builtin:httpclient', link_name: out}}]\n  \
         actors: ['file://{}']\n  registries: {{reg.io: {{username: ann, password: hush-hush}}}}\n",
        hello()
    );
    place.rules("startup.yaml", &text);
    let mut service = place.serve(&["config-service", "serve", "startup.yaml"]);
    let names = ["WASMCLOUD_CONFIG_SERVICE", "--config-service-enabled"];
    let told = place.host(&[
        names[1],
        "--label",
        "zone=a",
        "--name",
        "told",
        "--allow-file-load",
    ]);
    let other = place.host(&[names[1], "--label", "zone=b", "--name", "other"]);
    let inventory = |up: &Up| {
        let args = ["get", "inventory", up.text("host_id"), "-o", "json"];
        place.env.run(&args).success().json()["inventories"][0].clone()
    };
    let found = eventually("all is started", || {
        let found = inventory(&told);
        found["actors"][0].is_object().then_some(found)
    });
    assert_eq!(found["actors"][0]["id"], HELLO, "{found}");
    assert_eq!(found["providers"][0]["link_name"], "out", "{found}");
    assert_eq!(inventory(&other)["providers"], json!([]));
    send(&service, Signal::TERM);
    let (status, log) = service.end();
    assert!(status.success(), "{log}");
    assert!(
        log.contains("told a host what to start") && !log.contains("hush"),
        "{log}"
    );
}

#[test]
fn rules_can_be_tried_and_checked() {
    let env = TestEnv::new();
    let rules = "rules:\n- {effect: allow, name: ours, action: start_actor, issuer: A*, label: {zone: a}}\n";
    env.write("policy.yaml", rules);
    let test = |args: &[&str]| {
        let base = ["policy", "test", "policy.yaml", "-o", "json", "--action"];
        env.run(&[&base[..], args].concat())
    };
    let allowed = test(&["start_actor", "--issuer", "AB", "-l", "zone=a"])
        .success()
        .json();
    let expected = json!({
        "success": true, "permitted": true, "rule": 1, "name": "ours", "message": "allowed by rule 1, 'ours'",
    });
    assert_eq!(allowed, expected);
    let denied = test(&["start_provider", "--issuer", "AB", "-l", "zone=a"])
        .success()
        .json();
    assert_eq!(
        (&denied["permitted"], &denied["rule"]),
        (&json!(false), &json!(null))
    );
    let _ = test(&["call", "--expect", "deny"]).success();
    let other = test(&["call", "--expect", "allow"]).failure(8).json();
    assert_eq!(other["permitted"], false);
    let _ = test(&["dance"]).failure(2);

    let checked = env
        .run(&["policy", "serve", "policy.yaml", "--dry-run"])
        .success();
    assert!(checked.stdout.contains("1 rules"), "{checked}");
    let _ = env
        .run(&["policy", "serve", "gone.yaml", "--dry-run"])
        .failure(3);
    env.write("bad.yaml", "rules:\n- effect: allow\n  who: me\n");
    for args in [
        ["policy", "serve", "bad.yaml"],
        ["config-service", "serve", "bad.yaml"],
    ] {
        let output = env.run(&args).failure(8);
        assert!(output.stderr.contains("bad.yaml:"), "{output}");
    }
    let path = env.write(
        "open.json",
        r#"{"rules": [{"registries": {"r": {"token": "hush-hush"}}}]}"#,
    );
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = env
        .run(&["config-service", "serve", "open.json", "--dry-run"])
        .failure(4);
    assert!(
        output.stderr.contains("chmod 600") && !output.stderr.contains("hush"),
        "{output}"
    );
}
