//! Each way in which a leaf cannot join its hub is told apart, by `wash leaf check`, `wash doctor` and `wash up`, on
//! real servers; and what they say mends it, does.
#![cfg(unix)]

use std::path::PathBuf;

use crate::abuse::free_port;
use crate::env::TestEnv;
use crate::hub::{self, Server};
use crate::leaf::{is_new, private, start_hub};
use crate::leaf_joined::{Leaf, PASSWORD, assert_said, certificates, greeter};
use crate::nats::NatsServer;

/// A hub that does not take a leaf.
struct Case {
    name: &'static str,
    /// What `wash leaf config --remote` gets.
    args: Vec<String>,
    /// Of `wash leaf check` and `wash up`.
    code: i32,
    said: &'static str,
    hint: &'static str,
    /// The same after the hint was followed; the link comes up.
    mended: Vec<String>,
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|it| (*it).to_owned()).collect()
}

fn case(
    name: &'static str,
    args: &[&str],
    code: i32,
    said: &'static str,
    hint: &'static str,
    mended: &[&str],
) -> Case {
    Case {
        name,
        args: words(args),
        code,
        said,
        hint,
        mended: words(mended),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn what_keeps_a_leaf_out_is_named() {
    let env = TestEnv::new().with_nats_server();
    let home = env.home().display().to_string();
    certificates(&env, "pki");
    certificates(&env, "else");
    let pair = |name: &str| {
        format!("cert_file: \"{home}/pki/{name}.pem\", key_file: \"{home}/pki/{name}.key\"")
    };
    let tls = |name: &str| format!("tls {{ {} }}", pair(name));
    let open = start_hub(&env, "open", "");
    let login = format!("authorization {{ user: ann, password: {PASSWORD} }}");
    let login = start_hub(&env, "login", &login);
    let secure = start_hub(&env, "secure", &tls("leaf"));
    let other_name = start_hub(&env, "other_name", &tls("other"));
    let expired = start_hub(&env, "expired", &tls("old"));
    let mutual = format!(
        "tls {{ {}, ca_file: \"{home}/pki/ca.pem\", verify: true }}",
        pair("leaf")
    );
    let mutual = start_hub(&env, "mutual", &mutual);
    let hub_dir = hub::init(&env, "hub", &["--no-tls"]);
    let operator = Server::start(&env, &hub_dir);
    let hub_dir = hub_dir.to_str().unwrap();
    let copy = |from: PathBuf, to: &str| {
        let path = env.write(to, std::fs::read(from).unwrap());
        private(&path);
        path.to_str().unwrap().to_owned()
    };
    let revoked = copy(hub::creds(&env, hub_dir, "gone"), "gone.creds");
    let _ = env
        .run(&["hub", "revoke", "gone", "--dir", hub_dir])
        .success();
    let good = copy(hub::creds(&env, hub_dir, "good"), "good.creds");
    let elsewhere = hub::init(&env, "elsewhere", &["--no-tls"]);
    let foreign = hub::creds(&env, elsewhere.to_str().unwrap(), "stranger");
    let foreign = copy(foreign, "foreign.creds");
    let leaf = |hub: &Server| format!("nats-leaf://127.0.0.1:{}", hub.leaf_port);
    let secured = |hub: &Server| format!("tls://127.0.0.1:{}", hub.leaf_port);
    let web = |name: &str, more: &str| {
        let port = free_port();
        let text = format!(
            "server_name: {name}\nlisten: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\n\
             leafnodes {{ listen: \"127.0.0.1:-1\" }}\nwebsocket {{ listen: \"127.0.0.1:{port}\", {more} }}\n"
        );
        let server = Server::with(&env, &env.write(&format!("{name}.conf"), text));
        (server, format!("127.0.0.1:{port}"))
    };
    let (web_hub, web_port) = web("web", "no_tls: true");
    let (_safe_hub, safe_port) = web("safe", &tls("leaf"));
    let http = greeter(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let http = format!("nats-leaf://{http}");
    let silent = format!("nats-leaf://{}", greeter(b""));
    let client = format!("nats-leaf://127.0.0.1:{}", open.port());
    let (open, login, operator) = (leaf(&open), leaf(&login), leaf(&operator));
    let open_tls = open.replace("nats-leaf", "tls");
    let (other_name, expired) = (secured(&other_name), secured(&expired));
    let (plain, secure, mutual) = (leaf(&secure), secured(&secure), secured(&mutual));
    let (no_web, yes_web) = (open.replace("nats-leaf", "ws"), format!("ws://{web_port}"));
    let (web_as_leaf, web_as_tls) = (
        format!("nats-leaf://{web_port}"),
        format!("wss://{web_port}"),
    );
    let (safe, unsafe_) = (format!("wss://{safe_port}"), format!("ws://{safe_port}"));
    let ca = ["--tls-ca", "pki/ca.pem"];
    let with_ca = |url: &str, more: &[&str]| words(&[&[url], &ca[..], more].concat());
    let own = ["--tls-cert", "pki/leaf.pem", "--tls-key", "pki/leaf.key"];
    let stranger = ["--tls-cert", "else/leaf.pem", "--tls-key", "else/leaf.key"];
    let as_ann = ["--user", "ann", "--password", PASSWORD];
    let wrong = ["--user", "ann", "--password", "no"];
    let right_login = [&[login.as_str()], &as_ann[..]].concat();
    let wrong_login = [&[login.as_str()], &wrong[..]].concat();
    let creds = |it| vec![operator.as_str(), "--creds", it];
    let mut cases = vec![
        case(
            "dns",
            &["nats-leaf://hub.invalid:7422"],
            5,
            "DNS: there is no host hub.invalid",
            "check the name",
            &[&open],
        ),
        case(
            "refused",
            &["nats-leaf://127.0.0.1:1"],
            5,
            "refused: nothing listens on 127.0.0.1:1",
            "7422",
            &[],
        ),
        case(
            "client",
            &[&client],
            5,
            "is for clients of NATS",
            "leafnodes",
            &[&open],
        ),
        case("http", &[&http], 5, "speaks HTTP", "check the port", &[]),
        case(
            "silence",
            &[&silent],
            5,
            "says nothing",
            "check address",
            &[],
        ),
        case(
            "no-login",
            &[&login],
            4,
            "without a login",
            "--user",
            &right_login,
        ),
        case(
            "wrong-login",
            &wrong_login,
            4,
            "refuses user and password",
            "check --user and --password",
            &right_login,
        ),
        case(
            "no-creds",
            &[&operator],
            4,
            "without a login",
            "--creds",
            &creds(&good),
        ),
        case(
            "revoked",
            &creds(&revoked),
            4,
            "refuses the credentials",
            "wash hub creds",
            &creds(&good),
        ),
        case(
            "foreign",
            &creds(&foreign),
            4,
            "refuses the credentials",
            "wash hub creds",
            &creds(&good),
        ),
        case(
            "untrusted",
            &[&secure],
            5,
            "authority that is not trusted",
            "--tls-ca",
            &[&secure, ca[0], ca[1]],
        ),
        case(
            "other-ca",
            &[&plain, "--tls-ca", "else/ca.pem"],
            5,
            "authority that is not trusted",
            "--tls-ca",
            &[&plain, ca[0], ca[1]],
        ),
        case(
            "other-name",
            &[&other_name, ca[0], ca[1]],
            5,
            "for another name: hub.example",
            "a name in its certificate",
            &[],
        ),
        case(
            "expired",
            &[&expired, ca[0], ca[1]],
            5,
            "its certificate has expired",
            "new certificate",
            &[],
        ),
        case(
            "no-tls",
            &[&open_tls],
            5,
            "offers none",
            "nats-leaf://",
            &[&open],
        ),
        case(
            "no-certificate",
            &[&mutual, ca[0], ca[1]],
            4,
            "wants a client certificate",
            "--tls-cert",
            &[],
        ),
        case(
            "no-websocket",
            &[&no_web],
            5,
            "does not take websockets",
            "nats-leaf://",
            &[&open],
        ),
        case(
            "websocket",
            &[&web_as_leaf],
            5,
            "speaks HTTP",
            "ws://",
            &[&yes_web],
        ),
        case(
            "ws-not-wss",
            &[&web_as_tls],
            5,
            "does not speak TLS",
            "wss://",
            &[&yes_web],
        ),
        case(
            "wss-not-ws",
            &[&unsafe_],
            5,
            "websockets only with it",
            "wss://",
            &[&safe, ca[0], ca[1]],
        ),
    ];
    cases.push(Case {
        name: "other-certificate",
        args: with_ca(&mutual, &stranger),
        code: 4,
        said: "does not take the client certificate",
        hint: "an authority that the hub trusts",
        mended: with_ca(&mutual, &own),
    });
    let mut kept = vec![web_hub];
    if is_new() {
        let first = start_hub(
            &env,
            "first",
            &format!("tls {{ {}, handshake_first: true }}", pair("leaf")),
        );
        let token = format!("authorization {{ token: {PASSWORD} }}");
        let text = format!(
            "server_name: token\nlisten: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\n\
             leafnodes {{ listen: \"127.0.0.1:-1\" }}\n{token}\n"
        );
        let token = Server::with(&env, &env.write("token.conf", text));
        let (at_once, with_token) = (secured(&first), leaf(&token));
        kept.extend([first, token]);
        cases.extend([
            case(
                "tls-first",
                &[&at_once, ca[0], ca[1]],
                5,
                "expects it at once",
                "--tls-first",
                &[&at_once, ca[0], ca[1], "--tls-first"],
            ),
            case(
                "tls-later",
                &[&secure, ca[0], ca[1], "--tls-first"],
                5,
                "speaks first",
                "leave --tls-first out",
                &[&secure, ca[0], ca[1]],
            ),
            case(
                "token",
                &[&with_token, "--token", "no"],
                4,
                "refuses the token",
                "check --token",
                &[&with_token, "--token", PASSWORD],
            ),
        ]);
    }
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(4)) {
            let env = &env;
            scope.spawn(move || part.iter().for_each(|it| named_and_mended(env, it)));
        }
    });
}

fn named_and_mended(env: &TestEnv, case: &Case) {
    let args: Vec<&str> = case.args.iter().map(String::as_str).collect();
    let up = [
        "up",
        "--ephemeral",
        "--nats-port",
        "0",
        "--ready-timeout",
        "10s",
        "--leaf-remote",
    ];
    let up = env.run(&[&up[..], &args].concat());
    assert_eq!(up.code, case.code, "{}: {up}", case.name);
    assert!(up.stderr.contains(case.said), "{}: {up}", case.name);
    assert!(up.stderr.contains("--leaf-optional"), "{}: {up}", case.name);

    let leaf = Leaf::start(env, case.name, &args);
    let check = leaf.check(env, &[]);
    assert_eq!(check.code, case.code, "{}: {check}", case.name);
    assert_said(&check, "hub", "failure", &[case.said, case.hint]);
    let doctor = leaf.doctor(env, &[]).failure(1);
    assert_said(&doctor, "leaf", "failure", &[case.said, case.hint]);
    if case.mended.is_empty() {
        return;
    }
    drop(leaf);
    let args: Vec<&str> = case.mended.iter().map(String::as_str).collect();
    let leaf = Leaf::start(env, case.name, &args);
    let check = leaf.check(env, &[]);
    assert_eq!(check.code, 0, "{}: {check}", case.name);
    assert_said(&check, "hub", "ok", &["takes us as a leaf"]);
    assert_said(&check, "link", "ok", &["up to"]);
    assert_said(&leaf.doctor(env, &[]), "leaf", "ok", &["up: "]);
}

#[test]
fn what_cannot_work_is_refused_before_anything_starts() {
    let env = TestEnv::new().with_nats_server();
    certificates(&env, "pki");
    private(&env.write("bad.creds", "-----BEGIN NATS USER JWT-----\nx\n"));
    private(&env.write("bad.pem", "no certificate"));
    env.write("open.creds", "x");
    let hub = "nats-leaf://127.0.0.1:1";
    for (args, code, said) in [
        (
            &[hub, "--creds", "none.creds"][..],
            4,
            "none.creds: no such file",
        ),
        (&[hub, "--creds", "bad.creds"], 4, "does not hold"),
        (&[hub, "--creds", "open.creds"], 4, "chmod 600"),
        (&[hub, "--tls-ca", "none.pem"], 4, "none.pem"),
        (&[hub, "--tls-ca", "bad.pem"], 4, "no certificate"),
        (&[hub, "--tls-cert", "pki/leaf.pem"], 2, "--tls-key"),
        (
            &[hub, "--tls-cert", "pki/leaf.pem", "--tls-key", "pki/ca.pem"],
            4,
            "private key",
        ),
        (
            &[hub, "--creds", "bad.creds", "--token", "t"],
            2,
            "another way",
        ),
        (&["127.0.0.1:7422"], 2, "nats-leaf://HOST:7422"),
        (&["nats-leaf://h:7422:4222"], 2, "not host:port"),
        (&["http://h"], 2, "http"),
    ] {
        for command in [
            &["up", "--nats-port", "0", "--leaf-remote"][..],
            &["leaf", "config", "--remote"],
        ] {
            let output = env.run(&[command, args].concat());
            assert_eq!(output.code, code, "{output}");
            assert!(output.stderr.contains(said), "{said}: {output}");
        }
    }
    let alone = env.run(&["up", "--creds", "bad.creds"]).failure(2);
    assert!(alone.stderr.contains("--leaf-remote"), "{alone}");
    let _ = env.run(&["status"]).failure(3);
    let empty = env
        .run(&["leaf", "bundle", "--domain", "d", "-o", "x"])
        .failure(3);
    assert!(empty.stderr.contains("--remote"), "{empty}");
    private(&env.write("half.bundle", "{\"wash_bundle\": 1, \"lattice\""));
    let half = env.run(&["up", "--bundle", "half.bundle"]).failure(8);
    assert!(half.stderr.contains("only a part"), "{half}");
}

#[test]
fn a_leaf_never_takes_the_server_of_another() {
    let mut nats = NatsServer::start();
    let env = TestEnv::new().with_nats_server();
    let args = [
        "up",
        "--leaf-remote",
        "nats-leaf://127.0.0.1:1",
        "--nats-port",
        nats.port(),
    ];
    let taken = env.run(&args).failure(9);
    assert!(taken.stderr.contains("--nats-port 0"), "{taken}");
    assert!(nats.is_running());
    let check = env.run(&[
        "leaf",
        "check",
        "-s",
        nats.url(),
        "--monitor",
        "127.0.0.1:1",
    ]);
    assert!(check.failure(5).stderr.contains("monitoring"));
}
