//! Two machines, one lattice, and a hub between them: `wash leaf` and `wash up` as a leaf, with real servers.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::env::TestEnv;
use crate::hub::{self, Server};
use crate::nats::binary;
use crate::up::{Detached, Up, eventually, mode};

const PASSWORD: &str = "correct-horse \"battery\" $taple/#@:";

/// A hub with this in its `leafnodes` block.
pub(crate) fn start_hub(env: &TestEnv, name: &str, leafnodes: &str) -> Server {
    let text = format!(
        "server_name: {name}\nhost: 127.0.0.1\nport: -1\nhttp: \"127.0.0.1:-1\"\n\
         leafnodes {{ host: 127.0.0.1, port: -1, {leafnodes} }}\n"
    );
    let conf = env.write(&format!("{name}/nats.conf"), text);
    Server::start(env, conf.parent().unwrap())
}

/// Whether the nats-server of these tests is as new as some ways to log in need it.
pub(crate) fn is_new() -> bool {
    let output = Command::new(binary()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let version = text.trim().rsplit_once('v').unwrap().1;
    let mut numbers = version.split('.').map(|it| it.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap(), numbers.next().unwrap()) >= (2, 10)
}

/// The answer to a GET, once there is one.
fn get(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .write_all(b"GET /far HTTP/1.0\r\nHost: x\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| body.to_owned())
}

pub(crate) fn free_port() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

/// The port of a host's NATS.
pub(crate) fn port(up: &Up) -> String {
    up.text("nats_url").rsplit_once(':').unwrap().1.to_owned()
}

#[track_caller]
pub(crate) fn assert_established(up: &Up) {
    assert_eq!(up.ready["leaf"]["established"], true, "{}", up.ready);
    assert!(up.ready["leaf"]["round_trip_ms"].as_f64().unwrap() > 0.0);
}

/// Everything that any file of a machine says, but for those that are there for secrets.
fn logs(env: &TestEnv) -> String {
    let mut text = String::new();
    let mut open = vec![env.home().to_owned()];
    while let Some(dir) = open.pop() {
        for entry in dir.read_dir().unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "log") {
                text.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
            }
        }
    }
    text
}

#[test]
fn a_second_machine_needs_one_file() {
    let (mut here, mut there) = (
        TestEnv::new().with_nats_server(),
        TestEnv::new().with_nats_server(),
    );
    let quoted = PASSWORD.replace('"', "\\\"");
    let login = format!("authorization {{ user: ann, password: \"{quoted}\" }}");
    let hub = start_hub(&here, "hub", &login);
    let url = format!("nats-leaf://127.0.0.1:{}", hub.leaf_port);

    here.set("WASH_LEAF_PASSWORD", PASSWORD);
    let args = [
        "--nats-port",
        "0",
        "--js-domain",
        "core",
        "--leaf-remote",
        &url,
        "--user",
        "ann",
    ];
    let first = Up::start(&here, &args);
    assert_established(&first);
    let check = here.run(&["leaf", "check", "-o", "json"]).success();
    let lines = check.json()["checks"].as_array().unwrap().clone();
    for name in ["config", "nats", "server", "link", "jetstream", "domain"] {
        let line = lines.iter().find(|it| it["check"] == name);
        assert_eq!(line.unwrap()["status"], "ok", "{name}: {check}");
    }

    here.set("PASSPHRASE", "open sesame");
    let bundle = there.home().join("second.bundle");
    let file = bundle.to_str().unwrap();
    let args = [
        "leaf",
        "bundle",
        "--domain",
        "extender",
        "--label",
        "machine=second",
        "-o",
        file,
    ];
    let made = here.run(&[&args[..], &["--passphrase-env", "PASSPHRASE"]].concat());
    let made = made.success();
    assert_eq!(mode(&bundle), 0o600);
    let _ = here.run(&args).failure(9);

    let args = ["up", "--nats-port", "0", "--bundle", "second.bundle"];
    let closed = there.run(&args).failure(4);
    assert!(closed.stderr.contains("--passphrase-file"), "{closed}");
    there.set("PASSPHRASE", "guess");
    let args = [&args[..], &["--passphrase-env", "PASSPHRASE"]].concat();
    let wrong = there.run(&args).failure(4);
    assert!(wrong.stderr.contains("passphrase"), "{wrong}");
    there.set("PASSPHRASE", "open sesame");
    let more = ["-o", "json"];
    let mut command = there.command(&[&args[..], &more].concat());
    let second = Up::spawn(&mut command);
    assert_established(&second);
    assert_eq!(
        second.ready["cluster_signer"],
        first.ready["cluster_signer"]
    );
    // Who asks the hub about domains is a leaf, too, for a moment.
    eventually("the hub has two leaves", || {
        (hub.leaves() == 2).then_some(())
    });

    // Each sees both, wherever it asks.
    let ports = [port(&first), port(&second)];
    for (env, port) in [(&here, &ports[0]), (&there, &ports[1])] {
        let server = format!("127.0.0.1:{port}");
        let hosts = eventually("both hosts are seen", || {
            let hosts = env
                .run(&["get", "hosts", "-o", "json", "-s", &server])
                .success()
                .json();
            (hosts["hosts"].as_array()?.len() == 2).then_some(hosts)
        });
        assert!(hosts.to_string().contains("second"), "{hosts}");
    }

    // The actor runs there from a file that is here, HTTP comes in here.
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.wasm");
    let server = format!("127.0.0.1:{}", ports[0]);
    let address = free_port();
    let run = |args: &[&str]| here.run(&[args, &["-s", &server]].concat()).success();
    let actor = [
        "start",
        "actor",
        example.to_str().unwrap(),
        "--constraint",
        "machine=second",
    ];
    let started = run(&actor);
    assert!(started.stdout.contains("started"), "{started}");
    let listen = format!("ADDRESS={address}");
    run(&[
        "link",
        "put",
        "hello",
        "builtin:httpserver",
        "wasmcloud:httpserver",
        &listen,
    ]);
    run(&[
        "start",
        "provider",
        "builtin:httpserver",
        "--host",
        first.text("host_id"),
    ]);
    let body = eventually("the actor on the other machine answers", || get(address));
    assert!(body.contains("/far"), "{body}");

    // Links and claims are in one place, and seen from both.
    let server = format!("127.0.0.1:{}", ports[1]);
    let seen = there
        .run(&["get", "links", "-o", "json", "-s", &server])
        .success();
    assert_eq!(seen.json()["links"].as_array().unwrap().len(), 1, "{seen}");
    let seen = there
        .run(&["get", "claims", "-o", "json", "-s", &server])
        .success();
    // The actor, and the provider.
    assert_eq!(seen.json()["claims"].as_array().unwrap().len(), 2, "{seen}");
    let check = there.run(&["leaf", "check"]).success();
    assert!(check.stdout.contains("'core' answers"), "{check}");

    first.signal(Signal::INT);
    second.signal(Signal::INT);
    let said = [first.end().1, second.end().1, logs(&here), logs(&there)].concat();
    let said = format!("{said}{made}{check}{closed}{wrong}");
    let config = here.home().join(".config/wash/host_config.json");
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(config).unwrap()).unwrap();
    assert!(!said.contains("correct-horse"), "{said}");
    assert!(
        !said.contains(config["cluster_seed"].as_str().unwrap()),
        "{said}"
    );
    assert!(!said.contains("sesame"), "{said}");
}

#[test]
fn credentials_travel_with_the_bundle_and_stay_private() {
    let (here, there) = (
        TestEnv::new().with_nats_server(),
        TestEnv::new().with_nats_server(),
    );
    let hub_dir = hub::init(&here, "hub", &["--self-signed", "127.0.0.1"]);
    let hub = Server::start(&here, &hub_dir);
    let creds = hub_dir.join("creds/default.creds");
    let ca = find(&hub_dir, "ca.pem");
    let url = format!("tls://127.0.0.1:{}", hub.leaf_port);
    let (creds, ca) = (creds.to_str().unwrap(), ca.to_str().unwrap());
    // As older tools spell it.
    let args = [
        "--nats-port",
        "0",
        "--js-domain",
        "core",
        "--nats-remote-url",
        &url,
        "--nats-credsfile",
        creds,
        "--tls-ca",
        ca,
    ];
    let first = Up::start(&here, &args);
    assert_established(&first);
    let bundle = there.home().join("second.bundle");
    let args = [
        "leaf",
        "bundle",
        "--domain",
        "extender",
        "--out",
        bundle.to_str().unwrap(),
    ];
    let _ = here.run(&args).success();
    // What the first machine has is gone: the second needs none of it.
    let moved = |it: &str| std::fs::rename(it, format!("{it}.moved")).unwrap();
    moved(creds);
    moved(ca);
    let second = Up::start(&there, &["--nats-port", "0", "--bundle", "second.bundle"]);
    assert_established(&second);
    assert_eq!(second.ready["lattice"], "default");
    let kept = find(&there.home().join(".local/state/wash/bundles"), "hub.creds");
    assert_eq!((mode(&kept), mode(kept.parent().unwrap())), (0o600, 0o700));
    let server = format!("127.0.0.1:{}", port(&second));
    eventually("both hosts are seen", || {
        let hosts = there
            .run(&["get", "hosts", "-o", "json", "-s", &server])
            .success()
            .json();
        (hosts["hosts"].as_array()?.len() == 2).then_some(())
    });
}

fn find(dir: &Path, name: &str) -> PathBuf {
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in dir.read_dir().unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().unwrap() == name {
                return path;
            }
        }
    }
    panic!("no {name} in {}", dir.display())
}

#[test]
fn every_way_to_log_in_is_written_so_that_a_server_runs_it() {
    let env = TestEnv::new().with_nats_server();
    let hub_dir = hub::init(&env, "hub", &["--self-signed", "127.0.0.1"]);
    let ca = find(&hub_dir, "ca.pem");
    let creds = hub_dir.join("creds/default.creds");
    let (ca, creds) = (ca.to_str().unwrap(), creds.to_str().unwrap());
    let hub = Server::start(&env, &hub_dir);
    let seed = wash::claims::Seed::generate(wash::claims::KeyKind::User);
    let nkey = env.write("user.nk", seed.reveal());
    private(&nkey);
    let nkey_hub = is_new().then(|| {
        let login = format!("authorization {{ nkey: {} }}", seed.public());
        start_hub(&env, "nkey", &login)
    });
    let open = start_hub(&env, "open", "");
    let user = start_hub(
        &env,
        "user",
        "authorization { user: ann, password: \"p w\" }",
    );
    let url = |hub: &Server| format!("nats-leaf://127.0.0.1:{}", hub.leaf_port);
    let tls = format!("tls://127.0.0.1:{}", hub.leaf_port);
    let mut cases: Vec<(Vec<String>, u32)> = vec![
        (
            vec![
                tls,
                "--creds".into(),
                creds.into(),
                "--tls-ca".into(),
                ca.into(),
            ],
            0o644,
        ),
        (vec![url(&open)], 0o644),
        (vec![url(&open), "--account".into(), "APP".into()], 0o644),
        (
            vec![
                url(&user),
                "--user".into(),
                "ann".into(),
                "--password".into(),
                "p w".into(),
            ],
            0o600,
        ),
        (
            vec![format!(
                "nats-leaf://ann:p%20w@127.0.0.1:{}",
                user.leaf_port
            )],
            0o600,
        ),
    ];
    if let Some(hub) = &nkey_hub {
        cases.push((vec![url(hub), "--nkey".into(), "user.nk".into()], 0o600));
    }
    for (at, (args, expected)) in cases.iter().enumerate() {
        let file = format!("{at}.cfg");
        let domain = format!("d{at}");
        let words = [
            "leaf",
            "config",
            "--domain",
            &domain,
            "--port",
            "0",
            "--http-port",
            "0",
            "-o",
            &file,
            "--remote",
        ];
        let args: Vec<&str> = words
            .into_iter()
            .chain(args.iter().map(String::as_str))
            .collect();
        let _ = env.run(&args).success();
        assert_eq!(mode(&env.home().join(&file)), *expected, "{args:?}");
        let up = Up::start(&env, &["--nats-config", &file, "--ephemeral"]);
        assert_established(&up);
        assert_eq!(up.ready["leaf"]["remotes"].as_array().unwrap().len(), 1);
    }
    let text = env
        .run(&[
            "leaf",
            "config",
            "--remote",
            "tls://u:hunter2@h",
            "--remote",
            "nats://g:1",
            "-o",
            "json",
        ])
        .success();
    let document = text.json();
    assert_eq!(
        document["remotes"],
        serde_json::json!(["tls://h", "nats://g:1"])
    );
    assert!(
        document["config"]
            .as_str()
            .unwrap()
            .contains("tls://u:hunter2@h\""),
        "{text}"
    );
}

pub(crate) fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_leaf_that_may_come_later_says_when_it_does() {
    let env = TestEnv::new().with_nats_server();
    let _cleanup = Detached(&env);
    let address = free_port();
    let url = format!("nats-leaf://{address}");
    let args = [
        "up",
        "-d",
        "--nats-port",
        "0",
        "--leaf-remote",
        &url,
        "--leaf-optional",
        "-o",
        "json",
    ];
    let ready = env.run(&args).success().json();
    assert_eq!(ready["leaf"]["established"], false, "{ready}");
    let log = || std::fs::read_to_string(ready["log"].as_str().unwrap()).unwrap();
    assert!(log().contains("refused: nothing listens"), "{}", log());
    let conf = format!(
        "server_name: late\nhost: 127.0.0.1\nport: -1\nhttp: \"127.0.0.1:-1\"\nleafnodes {{ listen: \"{address}\" }}\n"
    );
    let conf = env.write("late/nats.conf", conf);
    let hub = Server::start(&env, conf.parent().unwrap());
    let up = |log: String| {
        log.lines()
            .any(|it| it.contains("the leaf link to") && it.contains("is up"))
    };
    eventually("the log says that the link is up", || {
        up(log()).then_some(())
    });
    let check = env.run(&["leaf", "check"]).success();
    assert!(check.stdout.contains("up to"), "{check}");
    drop(hub);
    eventually("the log says that the link is lost", || {
        log().contains("is lost").then_some(())
    });
}
