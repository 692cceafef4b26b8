//! Links that are up, or almost, and still no lattice: rights, sizes, loops, namesakes, domains, accounts, and
//! configurations that are not what they seem. Each is named by `wash leaf check` and `wash doctor`.
#![cfg(unix)]

use std::path::Path;

use crate::env::TestEnv;
use crate::hub::Server;
use crate::leaf::start_hub;
use crate::leaf_joined::{Leaf, assert_said};
use crate::nats::{NatsServer, binary};

/// A hub with this besides its addresses.
fn hub_with(env: &TestEnv, name: &str, more: &str) -> Server {
    let text = format!(
        "server_name: {name}\nlisten: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\n\
         leafnodes {{ listen: \"127.0.0.1:-1\" }}\n{more}\n"
    );
    Server::with(env, &env.write(&format!("{name}.conf"), text))
}

fn url(hub: &Server) -> String {
    format!("nats-leaf://127.0.0.1:{}", hub.leaf_port)
}

/// A leaf with a configuration that its owner wrote.
fn leaf_with(env: &TestEnv, name: &str, more: &str) -> Leaf {
    let store = env.home().join("stores").join(name);
    let text = format!(
        "listen: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\n\
         jetstream {{ domain: {name}, store_dir: {store:?} }}\n{more}\n"
    );
    Leaf::with(env, &env.write(&format!("{name}-own.cfg"), text))
}

#[test]
fn rights_that_deny_the_lattice() {
    let env = TestEnv::new().with_nats_server();
    let users = "accounts { APP { users: [
        { user: ann, password: pw, permissions: { publish: { deny: \"wasmbus.rpc.>\" } } }
        { user: bob, password: pw, permissions: { subscribe: { allow: [\"_INBOX.>\", \"wasmbus.ctl.>\"] } } }
        { user: cid, password: pw, permissions: { publish: \">\", subscribe: \">\" } }
    ] } }";
    let hub = hub_with(&env, "rights", users);
    let url = url(&hub);
    let start =
        |user: &'static str| Leaf::start(&env, user, &[&url, "--user", user, "--password", "pw"]);
    for (user, said) in [
        (
            "ann",
            ["may not publish wasmbus.rpc.default", "account 'APP'"],
        ),
        (
            "bob",
            [
                "may not subscribe to wasmbus.rpc.default",
                "wasmbus.evt.default",
            ],
        ),
    ] {
        let leaf = start(user);
        let check = leaf.check(&env, &[]).failure(4);
        assert_said(
            &check,
            "hub",
            "failure",
            &["authorization: ", said[0], said[1], "permit this user"],
        );
        let doctor = leaf.doctor(&env, &[]).failure(1);
        assert_said(
            &doctor,
            "leaf",
            "failure",
            &["authorization: ", said[0], said[1], "permit this user"],
        );
    }
    assert_said(
        &start("cid").check(&env, &[]).success(),
        "hub",
        "ok",
        &["in its account 'APP'"],
    );
}

#[test]
fn messages_that_the_hub_finds_too_long() {
    let env = TestEnv::new().with_nats_server();
    let hub = hub_with(&env, "narrow", "max_payload: 65536");
    let leaf = Leaf::start(&env, "wide", &[&url(&hub)]);
    let check = leaf.check(&env, &[]).success();
    assert_said(
        &check,
        "hub",
        "warning",
        &["65536 bytes only", "max_payload: 1MB"],
    );
    assert_said(
        &leaf.doctor(&env, &[]),
        "leaf",
        "warning",
        &["65536 bytes only"],
    );
}

#[test]
fn one_of_several_hubs_is_lost() {
    let env = TestEnv::new().with_nats_server();
    let hub = start_hub(&env, "hub", "");
    let url = url(&hub);
    let dead = "nats-leaf://127.0.0.1:1";
    // Two addresses of one hub, then two hubs.
    let one = Leaf::start(&env, "one", &[&format!("{dead},{url}")]);
    let two = Leaf::start(&env, "two", &[dead, "--remote", &url]);
    for leaf in [one, two] {
        let check = leaf.check(&env, &[]).success();
        let said = [
            "refused: nothing listens on 127.0.0.1:1",
            "others take us",
            "leave nats-leaf://127.0.0.1:1 out",
        ];
        assert_said(&check, "hub", "warning", &said);
        assert_said(&check, "hub", "ok", &["takes us as a leaf"]);
        assert_said(&check, "link", "ok", &["up to"]);
        assert_said(&leaf.doctor(&env, &[]), "leaf", "warning", &said);
    }
}

#[test]
fn two_ways_to_one_hub() {
    let env = TestEnv::new().with_nats_server();
    let first = start_hub(&env, "first", "");
    let joined = format!("remotes: [ {{ url: \"{}\" }} ]", url(&first));
    let second = start_hub(&env, "second", &joined);
    let log = env.home().join("loop.log");
    let remotes = format!(
        "server_name: looper\nlog_file: {log:?}\nleafnodes {{ remotes: [ {{ url: \"{}\" }}, {{ url: \"{}\" }} ] }}",
        url(&first),
        url(&second)
    );
    let leaf = leaf_with(&env, "looper", &remotes);
    crate::up::eventually("the server says that there is a loop", || {
        let text = std::fs::read_to_string(&log).ok()?;
        text.contains("Loop detected").then_some(())
    });
    let check = leaf.check(&env, &[]).failure(8);
    assert_said(
        &check,
        "link",
        "failure",
        &["makes a loop", "leave one of the remotes out"],
    );
    let doctor = leaf.doctor(&env, &[]).failure(1);
    assert_said(
        &doctor,
        "leaf",
        "failure",
        &["makes a loop", "leave one of the remotes out"],
    );
    drop(leaf);
    let remotes = format!(
        "server_name: looper\nleafnodes {{ remotes: [ {{ url: \"{}\" }} ] }}",
        url(&second)
    );
    let leaf = leaf_with(&env, "looper", &remotes);
    assert_said(&leaf.check(&env, &[]).success(), "link", "ok", &["up to"]);
}

#[test]
fn namesakes_take_turns() {
    let env = TestEnv::new().with_nats_server();
    let hub = start_hub(&env, "hub", "");
    let hub_url = url(&hub);
    let remotes = |name: &str| {
        format!("server_name: {name}\nleafnodes {{ remotes: [ {{ url: \"{hub_url}\" }} ] }}")
    };
    let first = leaf_with(&env, "one", &remotes("same"));
    let second = leaf_with(&env, "two", &remotes("same"));
    for leaf in [&first, &second] {
        let check = leaf.check(&env, &[]).failure(8);
        assert_said(
            &check,
            "link",
            "failure",
            &["comes and goes", "--server-name NAME"],
        );
    }
    let doctor = first.doctor(&env, &[]).failure(1);
    assert_said(
        &doctor,
        "leaf",
        "failure",
        &["comes and goes", "--server-name NAME"],
    );
    drop(second);
    let _second = leaf_with(&env, "two", &remotes("another"));
    // The first tries again by and by.
    crate::up::eventually("both are joined", || (hub.leaves() == 2).then_some(()));
    assert_said(&first.check(&env, &[]).success(), "link", "ok", &["up to"]);
}

#[test]
fn one_domain_on_two_machines() {
    let env = TestEnv::new().with_nats_server();
    let hub = start_hub(&env, "hub", "");
    let remotes = |name: &str| {
        format!(
            "server_name: {name}\nleafnodes {{ remotes: [ {{ url: \"{}\" }} ] }}",
            url(&hub)
        )
    };
    let start = |name: &str, domain: &str| {
        let text = format!(
            "listen: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\njetstream {{ domain: {domain}, store_dir: {:?} }}\n{}",
            env.home().join("stores").join(name),
            remotes(name)
        );
        Leaf::with(&env, &env.write(&format!("{name}.cfg"), text))
    };
    let first = start("here", "core");
    let second = start("there", "core");
    crate::up::eventually("both are joined", || (hub.leaves() == 2).then_some(()));
    let third = start("beyond", "other");
    let args = ["--js-domain", "core"];
    crate::up::eventually("both answer", || {
        let check = third.check(&env, &args);
        (check.code == 9).then_some(())
    });
    let said = [
        "2 servers answer for JetStream domain 'core'",
        "a domain of its own",
    ];
    assert_said(&third.check(&env, &args), "domain", "failure", &said);
    assert_said(
        &third.doctor(&env, &args).failure(1),
        "jetstream",
        "failure",
        &said,
    );
    // An owner hears only itself, so it asks across the hub.
    assert_said(&first.check(&env, &[]), "domain", "failure", &said);
    drop(second);
    let _second = start("there", "extender");
    crate::up::eventually("one answers", || {
        (third.check(&env, &args).code == 0).then_some(())
    });
    assert_said(
        &first.check(&env, &[]).success(),
        "domain",
        "ok",
        &["'core' answers"],
    );
}

#[test]
fn state_that_is_out_of_reach() {
    let env = TestEnv::new().with_nats_server();
    let store = env.home().join("hub-store");
    let accounts = format!(
        "jetstream {{ domain: hub, store_dir: {store:?} }}\naccounts {{
            A {{ users: [ {{ user: a, password: pw }} ], jetstream: enabled }}
            B {{ users: [ {{ user: b, password: pw }} ] }}
            C {{ users: [ {{ user: c, password: pw }} ], jetstream: {{ max_mem: 1M, max_file: 0 }} }}
        }}"
    );
    let hub = hub_with(&env, "accounts", &accounts);
    let url = url(&hub);
    let start = |name: &str, user: &str| {
        Leaf::start(&env, name, &[&url, "--user", user, "--password", "pw"])
    };
    let core = start("core", "a");
    let same = start("same", "a");
    let other = start("other", "b");
    let full = start("full", "c");
    let args = ["--js-domain", "core"];
    crate::up::eventually("the domain is reached", || {
        (same.check(&env, &args).code == 0).then_some(())
    });

    // Machines in different accounts: both links are up, and nobody sees the other.
    let check = other.check(&env, &args).failure(6);
    assert_said(&check, "link", "ok", &["up to"]);
    assert_said(&check, "hub", "ok", &["in its account 'B'"]);
    assert_said(
        &check,
        "domain",
        "failure",
        &[
            "nobody answers for JetStream domain 'core'",
            "same account of the hub",
        ],
    );
    let doctor = other.doctor(&env, &args).failure(1);
    assert_said(
        &doctor,
        "jetstream",
        "failure",
        &["domain 'core'", "domain is 'other'", "leaf link"],
    );

    // A name that is nobody's, and the hub's own where the account has none, or no room.
    let check = same.check(&env, &["--js-domain", "cor"]).failure(6);
    assert_said(
        &check,
        "domain",
        "failure",
        &["nobody answers for JetStream domain 'cor'"],
    );
    let hub_domain = ["--js-domain", "hub"];
    assert_said(
        &same.check(&env, &hub_domain).success(),
        "domain",
        "ok",
        &["'hub' answers"],
    );
    let check = other.check(&env, &hub_domain);
    assert!([4, 6].contains(&check.code), "{check}");
    assert_said(&check, "domain", "failure", &["'hub'", "JetStream"]);
    let check = full.check(&env, &hub_domain).failure(4);
    assert_said(
        &check,
        "domain",
        "failure",
        &["no room for this account's files", "storage"],
    );
    let doctor = full.doctor(&env, &hub_domain).failure(1);
    assert_said(&doctor, "jetstream", "failure", &["no room", "storage"]);
    drop(core);
    let check = same.check(&env, &args).failure(6);
    assert_said(&check, "domain", "failure", &["nobody answers"]);
}

#[test]
fn configurations_that_are_not_what_they_seem() {
    let env = TestEnv::new().with_nats_server();
    let hub = start_hub(&env, "hub", "");
    let check = |file: &str, text: &str, code: i32| {
        env.write(file, text);
        env.run(&["leaf", "check", "--config", file, "-s", "127.0.0.1:1"])
            .failure(code)
    };
    let open = check("open.cfg", "port: 4222\nleafnodes { remotes: [ {\n", 8);
    assert!(open.stderr.contains("open.cfg:"), "{open}");
    let unknown = check(
        "typo.cfg",
        "port: 1\nleafnode { }\nleafnodes { remotes: [ { url: \"nats://h\" } ] }",
        8,
    );
    assert!(unknown.to_string().contains("leafnode"), "{unknown}");
    let none = check("none.cfg", "jetstream { domain: core }\n", 8);
    assert!(
        none.stderr.contains("names no hub") && none.stderr.contains("wash leaf config"),
        "{none}"
    );
    let creds = format!(
        "leafnodes {{ remotes: [ {{ url: \"{}\", credentials: \"gone.creds\" }} ] }}",
        url(&hub)
    );
    let gone = check("gone.cfg", &creds, 4);
    assert!(gone.stderr.contains("gone.creds: no such file"), "{gone}");
    let _ = env
        .run(&["leaf", "check", "--config", "missing.cfg"])
        .failure(3);

    // A server that runs with another file, and one without monitoring.
    let running = leaf_with(&env, "running", "server_name: running");
    let monitored = running.check(&env, &[]).failure(8);
    assert_said(
        &monitored,
        "config",
        "failure",
        &["names no hub", "wash leaf config"],
    );
    let plain = NatsServer::start();
    env.write(
        "core.cfg",
        format!("leafnodes {{ remotes: [ {{ url: \"{}\" }} ] }}", url(&hub)),
    );
    let blind = env
        .run(&["leaf", "check", "--config", "core.cfg", "-s", plain.url()])
        .failure(3);
    assert!(
        blind.stderr.contains("monitoring") && blind.stderr.contains("--monitor"),
        "{blind}"
    );
}

#[test]
fn no_server_that_could_be_a_leaf() {
    let mut env = TestEnv::new().with_nats_server();
    let hub = start_hub(&env, "hub", "");
    let old = env.write("old-server", "#!/bin/sh\necho 'nats-server: v2.8.4'\n");
    executable(&old);
    let hub_url = url(&hub);
    let up = [
        "up",
        "--ephemeral",
        "--nats-port",
        "0",
        "--leaf-remote",
        &hub_url,
        "--nats-server",
    ];
    let too_old = env.run(&[&up[..], &["old-server"]].concat()).failure(5);
    assert!(
        too_old.stderr.contains("2.8.4") && too_old.stderr.contains("2.9"),
        "{too_old}"
    );
    let missing = env.run(&[&up[..], &["no-server"]].concat()).failure(5);
    assert!(
        missing.stderr.contains("no-server") && missing.stderr.contains("apt-get install"),
        "{missing}"
    );
    // Where a server already runs, the doctor warns of what will not start.
    let nats = NatsServer::start();
    for (name, said) in [("old-server", "2.8.4"), ("no-server", "no-server")] {
        env.set("WASH_NATS_SERVER", env.home().join(name));
        let doctor = env.run(&["doctor", "-o", "json", "-s", nats.url()]);
        assert_said(
            &doctor,
            "nats-server",
            "warning",
            &[said, "apt-get install"],
        );
    }
    env.set("WASH_NATS_SERVER", binary());
    let doctor = env.run(&["doctor", "-o", "json", "-s", nats.url()]);
    assert_said(&doctor, "nats-server", "ok", &["nats-server"]);
}

fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
