//! `wash ctx` with the real binary: names, layers, secrets, imports, and the hosts that `wash up` runs.
#![cfg(unix)]

use serde_json::{Value, json};
use wash::claims::{KeyKind, Seed};

use crate::env::{Output, TestEnv};
use crate::up::mode;

const OURS: &str = ".config/wash/contexts";

const LEGACY: &str = r#"{"name": "old", "ctl_host": "h.example", "ctl_port": 4333, "ctl_jwt": "",
    "ctl_seed": "", "ctl_credsfile": null, "ctl_timeout": 2000, "ctl_lattice_prefix": "prod",
    "cluster_seed": "", "rpc_host": "127.0.0.1", "rpc_port": 4222, "rpc_timeout": 2000}"#;

const NATS: &str = r#"{"description": "demo", "url": "nats://demo:4222", "token": "", "user": "ann",
    "password": "hunter2", "creds": "", "nkey": "", "nsc": "", "jetstream_domain": "hub",
    "socks_proxy": "", "color_scheme": ""}"#;

fn json(env: &TestEnv, args: &[&str]) -> Value {
    env.run(&[args, &["-o", "json"]].concat()).success().json()
}

/// One setting of `ctx show`: value and layer.
fn setting(document: &Value, name: &str) -> (Value, Value) {
    let settings = document["settings"].as_array().unwrap();
    let found = settings.iter().find(|it| it["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {document}"));
    (found["value"].clone(), found["layer"].clone())
}

fn list(env: &TestEnv) -> (Vec<String>, Value) {
    let document = json(env, &["ctx", "list"]);
    let names = document["contexts"].as_array().unwrap();
    let names = names.iter().map(|it| it.as_str().unwrap().to_owned());
    (names.collect(), document["default"].clone())
}

#[test]
fn a_context_is_made_shown_used_and_deleted() {
    let env = TestEnv::new();
    let empty = env.run(&["ctx", "list"]).success();
    assert!(empty.stdout.contains("wash ctx new"), "{empty}");
    env.write("ann.creds", "x");
    let new = [
        "ctx",
        "new",
        "prod",
        "--server",
        "tls://h:7422",
        "-x",
        "prod",
    ];
    let made = json(&env, &[&new[..], &["--creds", "ann.creds"]].concat());
    assert_eq!(
        (&made["changed"], &made["context"]),
        (&json!(true), &json!("prod"))
    );
    let path = env.home().join(OURS).join("prod.json");
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));

    let shown = json(&env, &["ctx", "show", "prod"]);
    assert_eq!(
        setting(&shown, "server"),
        (json!("tls://h:7422"), json!("context"))
    );
    let creds = env.home().join("ann.creds");
    assert_eq!(setting(&shown, "creds").0, creds.to_str().unwrap());

    // The same again is no change; another of the name is refused, unless forced.
    let again = json(&env, &[&new[..], &["--creds", "ann.creds"]].concat());
    assert_eq!(again["changed"], false);
    let refused = env
        .run(&["ctx", "new", "prod", "--server", "other"])
        .failure(8);
    assert!(refused.stderr.contains("--force"), "{refused}");
    assert_eq!(json(&env, &["ctx", "show", "prod"]), shown);
    let copy = [
        "ctx",
        "new",
        "copy",
        "--context",
        "prod",
        "-x",
        "test",
        "--force",
    ];
    let _ = json(&env, &copy);
    let copied = json(&env, &["ctx", "show", "copy"]);
    assert_eq!(setting(&copied, "lattice").0, "test");
    assert_eq!(setting(&copied, "server").0, "tls://h:7422");

    assert_eq!(
        list(&env),
        (vec!["copy".to_owned(), "prod".to_owned()], Value::Null)
    );
    assert_eq!(json(&env, &["ctx", "default", "prod"])["changed"], true);
    assert_eq!(json(&env, &["ctx", "use", "prod"])["changed"], false);
    assert_eq!(list(&env).1, "prod");
    let resolved = json(&env, &["ctx", "show", "--resolved", "--timeout", "5s"]);
    assert_eq!(
        setting(&resolved, "lattice"),
        (json!("prod"), json!("context"))
    );
    assert_eq!(setting(&resolved, "timeout"), (json!("5s"), json!("flag")));
    assert_eq!(setting(&resolved, "tls_first").1, "default");

    let gone = json(&env, &["ctx", "del", "prod", "never"]);
    assert_eq!(
        (&gone["deleted"], &gone["default_cleared"]),
        (&json!(["prod"]), &json!(true))
    );
    assert_eq!(json(&env, &["ctx", "del", "prod"])["changed"], false);
    assert_eq!(list(&env), (vec!["copy".to_owned()], Value::Null));
}

#[test]
fn every_layer_is_told() {
    let mut env = TestEnv::new();
    env.set("NATS_TOKEN", "tok3n")
        .set("WASMCLOUD_LATTICE", "mine");
    let new = [
        "ctx", "new", "a", "--server", "h:1", "-x", "theirs", "--use",
    ];
    env.run(&new).success();
    let output = env
        .run(&["ctx", "show", "--resolved", "--js-domain", "core"])
        .success();
    for (setting, from) in [
        ("server", "context 'a' ("),
        ("lattice", "WASMCLOUD_LATTICE"),
        ("credentials", "NATS_TOKEN"),
        ("js_domain", "--js-domain"),
        ("timeout", "the default"),
    ] {
        let line = output.stdout.lines().find(|it| it.starts_with(setting));
        assert!(
            line.is_some_and(|it| it.contains(from)),
            "{setting}: {output}"
        );
    }
    assert!(!output.stdout.contains("tok3n"), "{output}");
}

#[test]
fn secrets_are_kept_private_and_never_shown() {
    let env = TestEnv::new();
    let seed = Seed::generate(KeyKind::User);
    let cluster = Seed::generate(KeyKind::Cluster);
    let (seed, cluster) = (seed.reveal(), cluster.reveal());
    let secrets = [seed.as_str(), cluster.as_str(), "hunter2", "tok3n"];
    let check = |output: Output| {
        let output = output.success();
        for text in [&output.stdout, &output.stderr] {
            assert!(!secrets.iter().any(|it| text.contains(it)), "{text}");
        }
    };
    for (name, flags) in [
        ("a", vec!["--nkey", &seed, "--cluster-seed", &cluster]),
        ("b", vec!["--user", "ann", "--password", "hunter2"]),
        ("c", vec!["--token", "tok3n"]),
        ("d", vec!["--server", "nats://ann:hunter2@h:1"]),
    ] {
        check(env.run(&[&["ctx", "new", name], &flags[..]].concat()));
        assert_eq!(
            mode(&env.home().join(OURS).join(format!("{name}.json"))),
            0o600
        );
        for format in ["text", "json", "yaml"] {
            check(env.run(&["ctx", "show", name, "-o", format]));
            check(env.run(&["ctx", "show", name, "--resolved", "-o", format]));
        }
    }
    check(env.run(&["ctx", "list", "-o", "json"]));
    check(env.run(&["ctx", "list"]));
    // They are kept all the same.
    let kept = std::fs::read_to_string(env.home().join(OURS).join("a.json")).unwrap();
    assert!(kept.contains(&seed) && kept.contains(&cluster));
}

#[test]
fn unknown_and_impossible_contexts_are_errors() {
    let env = TestEnv::new();
    env.run(&["ctx", "new", "prod", "--server", "h:1"])
        .success();
    for args in [
        &["ctx", "show", "prd"][..],
        &["ctx", "use", "prd"],
        &["ctx", "edit", "prd"],
        &["get", "hosts", "--context", "prd"],
    ] {
        let output = env.run(args).failure(3);
        assert!(output.stderr.contains("prod"), "{output}");
    }
    for name in ["a/b", "..", ".a", "index", "default", "a b", "x.json", ""] {
        let output = env.run(&["ctx", "new", name, "--server", "h:1"]).failure(2);
        assert!(output.stdout.is_empty(), "{output}");
    }
    for flags in [
        &["--user", "ann"][..],
        &["--lattice", "a.b"],
        &["--timeout", "soon"],
        &["--nkey", "SUnothing"],
    ] {
        let output = env
            .run(&[&["ctx", "new", "bad"], flags].concat())
            .failure(2);
        assert!(!output.stderr.contains("SUnothing"), "{output}");
    }
    assert_eq!(list(&env).0, ["prod"]);
    // A default that is gone is told, never passed over.
    env.run(&["ctx", "use", "prod"]).success();
    std::fs::remove_file(env.home().join(OURS).join("prod.json")).unwrap();
    let lost = env.run(&["get", "hosts"]).failure(3);
    assert!(lost.stderr.contains("wash ctx use"), "{lost}");
    env.run(&["ctx", "use", "--none"]).success();
    assert_eq!(list(&env), (Vec::new(), Value::Null));
}

#[test]
fn an_edit_that_cannot_work_changes_nothing() {
    let mut env = TestEnv::new();
    env.run(&["ctx", "new", "prod", "--server", "h:1"])
        .success();
    let path = env.home().join(OURS).join("prod.json");
    let before = std::fs::read_to_string(&path).unwrap();
    let none = env.run(&["ctx", "edit", "prod"]).failure(2);
    assert!(none.stderr.contains("EDITOR"), "{none}");
    let edit = |env: &TestEnv, script: &str| {
        env.run(&["ctx", "edit", "prod", "-o", "json", "--editor", script])
    };
    for script in [
        "sed -i s/{/[/",
        "sed -i 's/\"h:1\"/\"h:1\",\"timeout\":\"soon\"/'",
        "sed -i 's/\"h:1\"/\"h:1\",\"user\":\"ann\"/'",
        "sed -i 's/\"h:1\"/\"h:1\",\"lattice\":\"a.b\"/'",
    ] {
        let output = edit(&env, script).failure(8);
        assert!(output.stderr.contains("as it was"), "{output}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
        let hints = output.json()["error"]["hints"].to_string();
        let kept = hints.rsplit_once("kept in ").unwrap().1;
        let kept = kept.split('"').next().unwrap();
        std::fs::remove_file(kept).unwrap();
    }
    let _ = edit(&env, "false").failure(1);
    assert_eq!(edit(&env, "true").success().json()["changed"], false);
    let odd = edit(&env, "sed -i 's/\"h:1\"/\"h:2\",\"sever\":\"x\"/'").success();
    assert!(odd.stderr.contains("sever"), "{odd}");
    env.set("EDITOR", "false")
        .set("VISUAL", "sed -i s/h:2/h:3/");
    assert_eq!(json(&env, &["ctx", "edit", "prod"])["changed"], true);
    let shown = json(&env, &["ctx", "show", "prod"]);
    assert_eq!(setting(&shown, "server").0, "h:3");
    assert_eq!(shown["unused_fields"], json!(["sever"]));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn contexts_of_other_tools_are_read_and_imported() {
    let env = TestEnv::new();
    env.write(".wash/contexts/old.json", LEGACY);
    env.write(".wash/contexts/index.json", r#"{"name":"old"}"#);
    env.write(".config/nats/context/demo.json", NATS);
    env.write(".config/nats/context/old.json", NATS);
    env.write(".config/nats/context/broken.json", "{");
    let (names, default) = list(&env);
    assert_eq!(
        (names.as_slice(), default),
        (
            &["broken", "demo", "old"].map(str::to_owned)[..],
            json!("old")
        )
    );
    for args in [
        &["ctx", "edit", "old", "-e", "true"][..],
        &["ctx", "del", "demo"],
    ] {
        let output = env.run(args).failure(8);
        assert!(output.stderr.contains("wash ctx import"), "{output}");
    }

    let all = env.run(&["ctx", "import", "-o", "json"]).failure(8).json();
    let status = |document: &Value, at: usize| {
        let row = &document["contexts"][at];
        (row["name"].clone(), row["status"].clone())
    };
    assert_eq!(status(&all, 0), (json!("old"), json!("imported")));
    assert_eq!(status(&all, 1), (json!("broken"), json!("failed")));
    assert_eq!(status(&all, 2), (json!("demo"), json!("imported")));
    assert_eq!(status(&all, 3), (json!("old"), json!("failed")));
    let old = json(&env, &["ctx", "show", "old"]);
    assert_eq!(setting(&old, "server").0, "h.example:4333");
    assert_eq!(setting(&old, "lattice").0, "prod");
    assert!(old["path"].as_str().unwrap().contains(OURS));
    let demo = env.home().join(OURS).join("demo.json");
    assert!(std::fs::read_to_string(&demo).unwrap().contains("hunter2"));
    assert_eq!(mode(&demo), 0o600);
    assert_eq!(json(&env, &["ctx", "show", "demo"])["description"], "demo");

    let again = json(&env, &["ctx", "import", "demo"]);
    assert_eq!(
        (status(&again, 0).1, &again["changed"]),
        (json!("unchanged"), &json!(false))
    );
    let file = ".config/nats/context/old.json";
    assert_eq!(status(&json(&env, &["ctx", "import", file]), 0).1, "exists");
    let renamed = json(&env, &["ctx", "import", file, "--as", "nats-old"]);
    assert_eq!(status(&renamed, 0), (json!("nats-old"), json!("imported")));
    let _ = env.run(&["ctx", "import", "nobody"]).failure(3);
    // The default of older tools gives way to none.
    env.run(&["ctx", "use", "--none"]).success();
    assert_eq!(list(&env).1, Value::Null);
    assert!(env.home().join(".wash/contexts/index.json").exists());
}

#[test]
fn a_directory_of_ones_own() {
    let mut env = TestEnv::new();
    let new = ["ctx", "new", "a", "--server", "h:1", "--directory", "mine"];
    env.run(&new).success();
    assert!(list(&env).0.is_empty());
    env.set("WASH_CONTEXTS", env.home().join("mine"));
    assert_eq!(list(&env).0, ["a"]);
    let resolved = json(&env, &["ctx", "show", "--resolved", "--context", "a"]);
    assert_eq!(setting(&resolved, "server").0, "h:1");
}

/// Ends what `wash up -d` has started.
struct Running<'a>(&'a TestEnv);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self
            .0
            .run(&["down", "--all", "--force", "--timeout", "20s"]);
    }
}

#[test]
fn a_host_on_any_port_is_found_until_it_ends() {
    let env = TestEnv::new();
    let running = Running(&env);
    let up = |lattice: &str| {
        let args = [
            "up",
            "-d",
            "--nats-port",
            "0",
            "-x",
            lattice,
            "--ready-timeout",
            "50s",
        ];
        json(&env, &args)
    };
    let first = up("mine");
    assert_eq!(
        (&first["context"], &first["default_context"]),
        (&json!("up-mine"), &json!("up-mine"))
    );
    let hosts = json(&env, &["ctl", "get", "hosts"]);
    assert_eq!(hosts["hosts"][0]["id"], first["host_id"]);
    assert_eq!(list(&env), (vec!["up-mine".to_owned()], json!("up-mine")));
    let resolved = json(&env, &["ctx", "show", "--resolved"]);
    assert_eq!(
        setting(&resolved, "server"),
        (first["nats_url"].clone(), json!("context"))
    );

    // Another one redirects nobody, and is found by its name.
    let second = up("other");
    assert_eq!(second["context"], "up-other");
    let default = second["default_context"].as_str().unwrap().to_owned();
    assert!(["up-mine", "up-other"].contains(&default.as_str()));
    let other = json(&env, &["get", "hosts", "--context", "up-other"]);
    assert_eq!(other["hosts"][0]["id"], second["host_id"]);

    // Where an address is named, no host that runs here is meant.
    let elsewhere = json(&env, &["ctx", "show", "--resolved", "--server", "h:1"]);
    assert_eq!(
        setting(&elsewhere, "lattice"),
        (json!("default"), json!("default"))
    );
    // What the user has chosen stays chosen.
    env.run(&["ctx", "new", "prod", "--server", "127.0.0.1:1", "--use"])
        .success();
    assert_eq!(list(&env).1, "prod");
    let _ = env.run(&["get", "hosts"]).failure(5);
    env.run(&["ctx", "use", "--none"]).success();
    let kept = env.run(&["ctx", "del", "up-mine"]).failure(8);
    assert!(kept.stderr.contains("wash down"), "{kept}");

    env.run(&["down", "--all"]).success();
    assert_eq!(list(&env), (vec!["prod".to_owned()], Value::Null));
    drop(running);
}
