//! `wash nats serve`: the embedded server by itself, who may use it, and how it ends.
#![cfg(unix)]

use std::fs::{File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;

use async_nats::{Client, ConnectOptions, Event};
use rustix::process::Signal;

use crate::env::TestEnv;
use crate::up::{Up, eventually};

/// Shown nowhere.
const SECRET: &str = "hunter2";

/// A `wash nats serve` that has said that it is ready; killed on drop.
#[track_caller]
pub(crate) fn serve(env: &TestEnv, args: &[&str]) -> Up {
    let mut command = env.command(&["nats", "serve", "-o", "json"]);
    for (flag, value) in [("--port", "0"), ("--lame-duck", "10ms")] {
        if !args.contains(&flag) {
            command.args([flag, value]);
        }
    }
    Up::spawn(command.args(args))
}

/// A file that its owner alone may read.
fn private(env: &TestEnv, name: &str, text: &str) -> PathBuf {
    let path = env.write(name, text);
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

async fn connect(options: ConnectOptions, url: &str) -> Option<Client> {
    let client = options.connect(url).await.ok()?;
    client.flush().await.ok()?;
    Some(client)
}

/// Ends it as it should end, and sees that nothing secret was said.
#[track_caller]
pub(crate) fn end(server: Up) -> String {
    let document = server.ready.to_string();
    server.signal(Signal::TERM);
    let (status, log) = server.end();
    assert!(status.success(), "{status}: {log}");
    assert!(!log.contains(SECRET) && !document.contains(SECRET), "{log}");
    log
}

#[test]
fn anybody_on_this_machine_is_served_unless_told_otherwise() {
    let env = TestEnv::new();
    let server = serve(&env, &["--js-domain", "core", "--server-name", "mine"]);
    let ready = &server.ready;
    assert_eq!(ready["kind"], "embedded", "{ready}");
    assert_eq!(ready["single_node"], true, "{ready}");
    assert_eq!(ready["auth"], serde_json::json!([]), "{ready}");
    let dir = Path::new(server.text("dir"));
    assert!(dir.starts_with(env.home()) && dir.is_dir(), "{ready}");
    block_on(async {
        let client = connect(ConnectOptions::new(), server.text("url")).await;
        let info = client.unwrap().server_info();
        assert_eq!((&*info.server_name, &*info.host), ("mine", "127.0.0.1"));
        assert_eq!(info.domain.as_deref(), Some("core"));
    });
    // Commands say that nobody is there, not that there is no server.
    let hosts = env.run(&["get", "hosts", "--server", server.text("url")]);
    assert!(hosts.to_string().contains("no host"), "{hosts}");
    let log = end(server);
    assert!(log.contains("a single node"), "{log}");

    let plain = serve(&env, &["--no-jetstream", "--max-payload", "64KiB"]);
    assert_eq!(plain.ready["dir"], serde_json::Value::Null);
    block_on(async {
        let client = connect(ConnectOptions::new(), plain.text("url")).await;
        let info = client.unwrap().server_info();
        assert_eq!((info.jetstream, info.max_payload), (false, 64 << 10));
    });
    end(plain);

    let brief = serve(&env, &["--ephemeral"]);
    let dir = PathBuf::from(brief.text("dir"));
    assert!(dir.is_dir() && !dir.starts_with(env.home()), "{dir:?}");
    end(brief);
    assert!(!dir.exists(), "{dir:?}");
}

/// Whether the way in is open, as a client and as a command see it.
#[track_caller]
fn check_access(env: &TestEnv, server: &Up, options: ConnectOptions, flags: &[&str], open: bool) {
    let url = server.text("url");
    assert_eq!(block_on(connect(options, url)).is_some(), open);
    let args = [&["get", "hosts", "--server", url][..], flags].concat();
    let hosts = env.run(&args);
    assert_eq!(hosts.code == 4, !open, "{hosts}");
    assert_eq!(hosts.to_string().contains("no host"), open, "{hosts}");
    assert!(!hosts.stderr.contains(SECRET), "{hosts}");
}

#[test]
fn each_kind_of_login_lets_its_owner_in_and_nobody_else() {
    let env = TestEnv::new();
    let file = private(&env, "secret", &format!("{SECRET}\n"));
    let file = file.to_str().unwrap();
    let new = ConnectOptions::new;

    let user = serve(&env, &["--user", "ada", "--password-file", file]);
    assert_eq!(user.ready["auth"], serde_json::json!(["user"]));
    let login = ["--user", "ada", "--password", SECRET];
    let right = new().user_and_password("ada".into(), SECRET.into());
    check_access(&env, &user, right, &login, true);
    let wrong = new().user_and_password("ada".into(), "x".into());
    check_access(
        &env,
        &user,
        wrong,
        &["--user", "ada", "--password", "x"],
        false,
    );
    check_access(&env, &user, new(), &[], false);
    end(user);

    let mut command = env.command(&["nats", "serve", "--port", "0", "--token-stdin"]);
    command.args(["-o", "json", "--lame-duck", "0"]);
    command.stdin(Stdio::from(File::open(file).unwrap()));
    let token = Up::spawn(&mut command);
    let right = new().token(SECRET.into());
    check_access(&env, &token, right, &["--token", SECRET], true);
    check_access(&env, &token, new(), &[], false);
    end(token);

    let mut with = TestEnv::new();
    with.set("WASH_NATS_SERVE_TOKEN", SECRET);
    let token = serve(&with, &[]);
    let right = new().token(SECRET.into());
    check_access(&env, &token, right, &["--token", SECRET], true);
    check_access(&env, &token, new(), &[], false);
    end(token);

    let (key, other) = (nkeys::KeyPair::new_user(), nkeys::KeyPair::new_user());
    let nkey = serve(&env, &["--nkey", &key.public_key()]);
    let seed = |name: &str, key: &nkeys::KeyPair| {
        let path = private(&env, name, &key.seed().unwrap());
        path.to_str().unwrap().to_owned()
    };
    let (mine, others) = (seed("mine.nk", &key), seed("others.nk", &other));
    let right = ConnectOptions::with_nkey(key.seed().unwrap());
    check_access(&env, &nkey, right, &["--nkey", &mine], true);
    let wrong = ConnectOptions::with_nkey(other.seed().unwrap());
    check_access(&env, &nkey, wrong, &["--nkey", &others], false);

    // A host gets in with the same key, and so do those who look at it.
    let port = nkey.ready["port"].to_string();
    let args = ["--nats", "external", "--nats-port", &port];
    let keys = ["--ctl-seed", &*mine, "--rpc-seed", &*mine];
    let up = Up::start(&env, &[&args[..], &keys].concat());
    assert_eq!(up.ready["nats_kind"], "external", "{}", up.ready);
    assert_eq!(up.ready["nats_started"], false, "{}", up.ready);
    let hosts = ["get", "hosts", "--nkey", &mine, "-o", "name"];
    let hosts = env.run(&hosts).success();
    assert_eq!(hosts.stdout.trim(), up.text("host_id"), "{hosts}");
    up.signal(Signal::TERM);
    assert!(up.end().0.success());
    end(nkey);
}

#[test]
fn tls_is_for_those_who_trust_and_are_trusted() {
    let env = TestEnv::new();
    let made = |name: &str| {
        let it = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        env.write(&format!("{name}.pem"), it.cert.pem());
        private(
            &env,
            &format!("{name}.key"),
            &it.signing_key.serialize_pem(),
        );
    };
    made("server");
    made("client");
    let own = ["--tls-cert", "server.pem", "--tls-key", "server.key"];
    let server = serve(&env, &own);
    assert_eq!(server.ready["tls"], true, "{}", server.ready);
    assert!(server.text("url").starts_with("tls://"), "{}", server.ready);
    let hosts = |server: &Up, flags: &[&str]| {
        env.run(&[&["get", "hosts", "--server", server.text("url")][..], flags].concat())
    };
    let ca = ["--tls-ca", "server.pem"];
    let trusting = hosts(&server, &ca);
    assert!(trusting.to_string().contains("no host"), "{trusting}");
    let distrusting = hosts(&server, &[]);
    assert_eq!(distrusting.code, 5, "{distrusting}");
    end(server);

    let server = serve(&env, &[&own[..], &["--tls-ca", "client.pem"]].concat());
    let known = ["--tls-cert", "client.pem", "--tls-key", "client.key"];
    let known = hosts(&server, &[&ca[..], &known].concat());
    assert!(known.to_string().contains("no host"), "{known}");
    let stranger = hosts(&server, &ca);
    assert_ne!(stranger.code, 0, "{stranger}");
    assert!(!stranger.to_string().contains("no host"), "{stranger}");
    end(server);
}

#[test]
fn other_machines_are_served_only_with_a_login() {
    let env = TestEnv::new();
    let open = env.run(&["nats", "serve", "--host", "0.0.0.0", "--port", "0"]);
    assert_eq!(open.code, 2, "{open}");
    for flag in ["--nkey", "--token-file", "--password-file"] {
        assert!(open.stderr.contains(flag), "{open}");
    }
    let up = ["up", "--nats", "embedded", "--nats-host", "0.0.0.0"];
    let up = env.run(&[&up[..], &["--nats-port", "0"]].concat());
    assert_eq!(up.code, 2, "{up}");
    assert!(up.stderr.contains("wash nats serve"), "{up}");

    let token = private(&env, "token", SECRET);
    let token = ["--token-file", token.to_str().unwrap()];
    let server = serve(&env, &[&token[..], &["--host", "0.0.0.0"]].concat());
    assert!(server.text("url").contains("127.0.0.1"), "{}", server.ready);
    let right = ConnectOptions::new().token(SECRET.into());
    assert!(block_on(connect(right, server.text("url"))).is_some());
    let log = end(server);
    assert!(log.contains("in the clear"), "{log}");
}

#[test]
fn clients_are_told_before_it_ends_and_a_second_signal_hurries() {
    let env = TestEnv::new();
    let server = serve(&env, &["--lame-duck", "1h"]);
    let (tell, told) = mpsc::channel();
    let options = ConnectOptions::new().event_callback(move |event| {
        let tell = tell.clone();
        async move {
            let _ = tell.send(event);
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let client = runtime.block_on(connect(options, server.text("url")));
    assert!(client.is_some());
    server.signal(Signal::TERM);
    eventually("the client is told", || {
        let event = told.try_recv().ok()?;
        matches!(event, Event::LameDuckMode).then_some(())
    });
    // Nobody else comes in meanwhile.
    let late = env.run(&["get", "hosts", "--server", server.text("url")]);
    assert_eq!(late.code, 5, "{late}");
    server.signal(Signal::TERM);
    let (status, log) = server.end();
    assert!(status.success(), "{status}");
    assert!(log.contains("not waiting"), "{log}");
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let env = TestEnv::new();
    let dir = env.home().join("streams");
    let args = ["--dir", dir.to_str().unwrap(), "--sync", "always"];
    let bucket = "kept".to_owned();
    let mut server = serve(&env, &args);
    for round in 0..3 {
        block_on(async {
            let client = connect(ConnectOptions::new(), server.text("url")).await;
            let streams = async_nats::jetstream::new(client.unwrap());
            let config = async_nats::jetstream::kv::Config {
                bucket: bucket.clone(),
                ..Default::default()
            };
            let store = streams.create_key_value(config).await.unwrap();
            for before in 0..round {
                let found = store.get(format!("key-{before}")).await.unwrap();
                assert_eq!(found.unwrap(), format!("{before}"));
            }
            let value = format!("{round}").into();
            store.put(format!("key-{round}"), value).await.unwrap();
        });
        server.signal(Signal::KILL);
        let (status, _) = server.end();
        assert!(!status.success(), "{status}");
        server = serve(&env, &args);
    }
    end(server);
}

#[test]
fn one_server_for_a_port_and_one_for_a_directory() {
    let env = TestEnv::new();
    let first = serve(&env, &[]);
    let port = first.ready["port"].to_string();
    let again = ["nats", "serve", "--port", &port, "-o", "json"];
    let taken = env.run(&[&again[..], &["--ephemeral"]].concat());
    assert_eq!(taken.code, 5, "{taken}");
    assert!(taken.stderr.contains(&port) && taken.stderr.contains("--port 0"));
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let other = other.local_addr().unwrap().port().to_string();
    let taken = env.run(&["nats", "serve", "--ephemeral", "--port", &other]);
    assert_eq!(taken.code, 5, "{taken}");

    let locked = ["nats", "serve", "--port", "0", "--dir", first.text("dir")];
    let locked = env.run(&locked);
    assert_eq!(locked.code, 9, "{locked}");
    assert!(locked.stderr.contains("--dir"), "{locked}");
    // Each on any free port has its own.
    let second = serve(&env, &[]);
    assert_ne!(first.ready["dir"], second.ready["dir"]);
    end(first);
    end(second);
}

#[test]
fn what_the_server_lacks_names_nats_server() {
    let env = TestEnv::new();
    for flag in [
        "--config",
        "-c",
        "--leafnodes",
        "--cluster",
        "--routes",
        "--gateway",
        "--operator",
        "--websocket",
        "--mqtt",
        "--http_port",
        "nats.conf",
    ] {
        let refused = env.run(&["nats", "serve", flag, "x", "-o", "json"]);
        assert_eq!(refused.code, 2, "{refused}");
        let error = refused.json()["error"].clone();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(flag) && message.contains("embedded"));
        let hints = error["hints"].to_string();
        assert!(hints.contains("nats-server"), "{refused}");
    }
}

#[test]
fn wrong_settings_are_refused_before_anything_listens() {
    let env = TestEnv::new();
    let readable = env.write("readable", SECRET);
    let readable = readable.to_str().unwrap();
    let empty = private(&env, "empty", "\n");
    let (empty, seed) = (empty.to_str().unwrap(), nkeys::KeyPair::new_user());
    let seed = seed.seed().unwrap();
    for (args, code) in [
        (&["--user", "ada"][..], 2),
        (&["--password", SECRET], 2),
        (&["--token-file", readable], 4),
        (&["--token-file", "missing"], 3),
        (&["--token-file", empty], 2),
        (&["--token", SECRET, "--token-file", readable], 2),
        (&["--password-stdin", "--user", "ada"], 2),
        (&["--nkey", &seed], 2),
        (&["--tls-cert", "missing.pem"], 2),
        (&["--tls-cert", "missing", "--tls-key", "missing"], 3),
        (&["--host", "nowhere.invalid"], 2),
        (&["--max-payload", "1GiB"], 2),
        (&["--max-payload", "lots"], 2),
        (&["--max-connections", "0"], 2),
        (&["--sync", "never"], 2),
        (&["--js-domain", "a.b"], 2),
        (&["--server-name", "two words"], 2),
        (&["--no-jetstream", "--dir", "x"], 2),
        (&["--ephemeral", "--dir", "x"], 2),
        (&["--dir", "/proc/nothing"], 1),
    ] {
        let line = [&["nats", "serve", "--port", "0", "-o", "json"][..], args].concat();
        let refused = env.run(&line);
        assert_eq!(refused.code, code, "{args:?}: {refused}");
        assert_eq!(refused.json()["success"], false, "{args:?}: {refused}");
        let said = [&*refused.stdout, &*refused.stderr].concat();
        assert!(!said.contains(SECRET) && !said.contains(&seed), "{args:?}");
    }
}
