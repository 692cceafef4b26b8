//! One JetStream domain on one machine, for hosts on several: who may own it, and what happens without it.
#![cfg(unix)]

use std::net::TcpListener;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::abuse::HELLO;
use crate::env::TestEnv;
use crate::hub::Server;
use crate::leaf::start_hub;
use crate::up::{Detached, Up, eventually};

const ACTOR: &str = "MB2ZQB6ROOMAYBO4ZCTFYWN7YIVBWA3MTKZYAQKJMTIHE2ELLRW2E3ZW";

fn url(hub: &Server) -> String {
    format!("nats-leaf://127.0.0.1:{}", hub.leaf_port)
}

/// `wash up` as a leaf of the hub, with these words more.
fn up(env: &TestEnv, hub: &str, more: &[&str]) -> Up {
    Up::start(env, &leaf(hub, more))
}

fn leaf<'a>(hub: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec![
        "--nats-port",
        "0",
        "--leaf-remote",
        hub,
        "--allow-file-load",
    ];
    args.extend(more);
    args
}

/// Answers of a command at the NATS of a host.
fn ask(env: &TestEnv, host: &Up, args: &[&str]) -> Value {
    let mut all = args.to_vec();
    all.extend(["-o", "json", "-s", host.text("nats_url")]);
    env.run(&all).success().json()
}

fn links(env: &TestEnv, host: &Up) -> Vec<String> {
    let answer = ask(env, host, &["get", "links"]);
    let links = answer["links"].as_array().unwrap().iter();
    let mut values: Vec<_> = links
        .map(|it| it["values"]["K"].as_str().unwrap().to_owned())
        .collect();
    values.sort();
    values
}

fn put_link<'a>(name: &'a str, value: &'a str) -> Vec<&'a str> {
    let words = [
        "link",
        "put",
        ACTOR,
        "builtin:httpserver",
        "wasmcloud:httpserver",
        value,
        "--link-name",
        name,
        "--timeout",
        "60s",
    ];
    words.to_vec()
}

fn stop(host: Up) -> String {
    host.signal(Signal::INT);
    let (status, said) = host.end();
    assert!(status.success(), "{said}");
    said
}

#[test]
fn the_same_command_on_two_machines_does_not_make_two_states() {
    let (here, there) = (
        TestEnv::new().with_nats_server(),
        TestEnv::new().with_nats_server(),
    );
    let hub = start_hub(&here, "hub", "");
    let url = url(&hub);
    let first = up(&here, &url, &["--js-domain", "core"]);
    ask(&here, &first, &put_link("default", "K=1"));

    let args = [&["up"][..], &leaf(&url, &["--js-domain", "core"])].concat();
    let refused = there.run(&args).failure(8);
    for said in [
        "domain 'core' is another machine's already",
        "two states",
        "--nats-js-domain NAME",
        "wash leaf bundle --domain",
    ] {
        assert!(refused.stderr.contains(said), "{said}: {refused}");
    }
    let args = leaf(&url, &["--js-domain", "x", "--nats-js-domain", "core"]);
    let refused = there.run(&[&["up"][..], &args].concat()).failure(8);
    assert!(
        refused.stderr.contains("another --nats-js-domain"),
        "{refused}"
    );
    there.write("own.cfg", {
        let store = there.home().join("store");
        format!(
            "listen: \"127.0.0.1:-1\"\njetstream {{ domain: core, store_dir: \"{}\" }}\nhttp: \"127.0.0.1:-1\"\n\
             leafnodes {{ remotes: [ {{ url: \"{url}\" }} ] }}\n",
            store.display()
        )
    });
    let refused = there.run(&["up", "--nats-config", "own.cfg"]).failure(8);
    assert!(refused.stderr.contains("jetstream block"), "{refused}");

    // As it is meant, by flag and by the files of the time.
    let domains = ["--js-domain", "core", "--nats-js-domain", "extender"];
    let second = up(&there, &url, &domains);
    assert_eq!(links(&there, &second), ["1"]);
    assert_eq!(
        second.ready["state"]["up_to_date"], true,
        "{}",
        second.ready
    );
    let third = TestEnv::new().with_nats_server();
    let config = ["leaf", "config", "--domain", "third", "--remote", &url];
    let config = third.run(
        &[
            &config[..],
            &["--port", "0", "--http-port", "0", "-o", "third.cfg"],
        ]
        .concat(),
    );
    let _ = config.success();
    third.write("host_config.json", "{\"js_domain\": \"core\"}");
    let other = Up::start(&third, &["--nats-config", "third.cfg"]);
    assert_eq!(links(&third, &other), ["1"]);
    drop(other);

    // The owner may come back.
    assert!(!stop(first).contains("another server"));
    let first = up(&here, &url, &["--js-domain", "core"]);
    assert_eq!(links(&here, &first), ["1"]);
    ask(&there, &second, &put_link("two", "K=2"));
    eventually("both see both", || {
        let (near, far) = (links(&here, &first), links(&there, &second));
        (near == ["1", "2"] && near == far).then_some(())
    });
}

#[test]
fn a_hub_with_the_domain_keeps_it() {
    let env = TestEnv::new().with_nats_server();
    let store = env.home().join("hub-store");
    let block = format!(
        "}}\njetstream {{ domain: core, store_dir: \"{}\"",
        store.display()
    );
    let hub = start_hub(&env, "hub", &block);
    let url = url(&hub);
    let args = leaf(&url, &["--js-domain", "core"]);
    let refused = env.run(&[&["up"][..], &args].concat()).failure(8);
    assert!(
        refused.stderr.contains("'core' is the hub's own"),
        "{refused}"
    );
    let host = up(
        &env,
        &url,
        &["--js-domain", "core", "--nats-js-domain", "leaf"],
    );
    ask(&env, &host, &put_link("default", "K=1"));
    assert_eq!(links(&env, &host), ["1"]);
}

#[test]
fn two_owners_are_told_once_a_hub_joins_them() {
    let (here, there) = (
        TestEnv::new().with_nats_server(),
        TestEnv::new().with_nats_server(),
    );
    let _cleanup = (Detached(&here), Detached(&there));
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let url = format!("nats-leaf://{address}");
    let args = leaf(&url, &["--js-domain", "core", "--leaf-optional"]);
    let args = [&["up", "-d", "-o", "json"][..], &args].concat();
    let ready = [&here, &there].map(|env| env.run(&args).success().json());
    let said = |words: &str| {
        let log = |it: &Value| std::fs::read_to_string(it["log"].as_str().unwrap()).unwrap();
        ready.iter().all(|it| log(it).contains(words))
    };
    assert!(!said("another server has"));
    let conf = format!(
        "server_name: late\nhost: 127.0.0.1\nport: -1\nhttp: \"127.0.0.1:-1\"\nleafnodes {{ listen: \"{address}\" }}\n"
    );
    let conf = here.write("late/nats.conf", conf);
    let _hub = Server::start(&here, conf.parent().unwrap());
    eventually("both say it", || {
        said("another server has JetStream domain 'core' as well").then_some(())
    });
}

#[test]
fn a_host_starts_and_serves_while_the_owner_is_off() {
    let (here, there) = (
        TestEnv::new().with_nats_server(),
        TestEnv::new().with_nats_server(),
    );
    let hub = start_hub(&here, "hub", "");
    let url = url(&hub);
    let domains = ["--js-domain", "core", "--nats-js-domain", "extender"];
    let first = up(&here, &url, &["--js-domain", "core"]);
    let second = up(&there, &url, &domains);
    ask(&here, &first, &put_link("default", "K=1"));
    let copy = there
        .home()
        .join(".local/state/wash/lattices/default/core.json");
    eventually("the copy has the link", || {
        let text = std::fs::read_to_string(&copy).ok()?;
        text.contains("LINKDEF_").then_some(())
    });
    assert_eq!(crate::up::mode(&copy), 0o600);
    drop(second);
    drop(first);

    // A name that nobody knows is a mistake, unless somebody says that it is not.
    let args = leaf(
        &url,
        &["--js-domain", "cor", "--nats-js-domain", "extender"],
    );
    let unknown = there.run(&[&["up"][..], &args].concat()).failure(3);
    for said in ["domain 'cor'", "'extender'", "--leaf-optional"] {
        assert!(unknown.stderr.contains(said), "{said}: {unknown}");
    }

    let second = up(&there, &url, &domains);
    let state = &second.ready["state"];
    assert_eq!(state["up_to_date"], false, "{}", second.ready);
    assert!(
        state["known_at"].is_string() && state["cut_off"].is_string(),
        "{state}"
    );
    assert_eq!(links(&there, &second), ["1"]);
    let inventory = ask(
        &there,
        &second,
        &["get", "inventory", second.text("host_id")],
    );
    assert_eq!(
        inventory["inventory"]["cut_off"], "nobody answers",
        "{inventory}"
    );
    let doctor = there.run(&["doctor", "-s", second.text("nats_url")]);
    assert!(
        doctor.stdout.contains("cut off from the lattice's state"),
        "{doctor}"
    );

    // What cannot be kept is refused.
    let server = ["-s", second.text("nats_url")];
    let refused = there.run(&[put_link("two", "K=2"), server.to_vec()].concat());
    let refused = refused.failure(8);
    assert!(refused.stderr.contains("domain 'core'"), "{refused}");
    assert!(refused.stderr.contains("nothing was changed"), "{refused}");
    assert_eq!(links(&there, &second), ["1"]);

    // What runs is told later.
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.wasm");
    let start = [
        "start",
        "actor",
        example.to_str().unwrap(),
        "--timeout",
        "60s",
    ];
    ask(&there, &second, &start);
    // A third knows the domain from the second.
    let third = TestEnv::new().with_nats_server();
    let domains = ["--js-domain", "core", "--nats-js-domain", "third"];
    let third_host = up(&third, &url, &domains);
    assert_eq!(third_host.ready["state"]["up_to_date"], false);

    let first = up(&here, &url, &["--js-domain", "core"]);
    let claims = || ask(&here, &first, &["get", "claims"]).to_string();
    eventually("the actor's claims have arrived", || {
        claims().contains(HELLO).then_some(())
    });
    for (env, host) in [(&here, &first), (&there, &second), (&third, &third_host)] {
        eventually("all see the same", || {
            let inventory = ask(env, host, &["get", "inventory", host.text("host_id")]);
            (links(env, host) == ["1"] && inventory["inventory"]["cut_off"].is_null()).then_some(())
        });
    }
    let said = stop(second);
    assert!(
        said.contains("cut off from the shared state (nobody answers)"),
        "{said}"
    );
    assert!(
        said.contains("the shared state is up to date again"),
        "{said}"
    );
}
