//! Each way in which a leaf cannot join its hub is told apart, by `wash up` and by `wash leaf check`.
#![cfg(unix)]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::env::TestEnv;
use crate::hub::{self, Server};
use crate::leaf::{private, start_hub};
use crate::nats::NatsServer;

/// An authority, and what it signed for 127.0.0.1: `ca.pem`, `leaf.pem`, `leaf.key`.
fn certificates(env: &TestEnv, folder: &str) -> PathBuf {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let write = |name: &str, text: String| {
        let path = env.write(&format!("{folder}/{name}"), text);
        private(&path);
    };
    write("ca.pem", authority.pem());
    write("leaf.pem", certificate.pem());
    write("leaf.key", key.serialize_pem());
    env.home().join(folder)
}

/// A listener that greets with this, and then says nothing.
fn greeter(text: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(text);
            kept.push(stream);
        }
    });
    address
}

struct Case {
    name: &'static str,
    args: Vec<String>,
    code: i32,
    said: &'static str,
}

fn case(name: &'static str, args: &[&str], code: i32, said: &'static str) -> Case {
    let args = args.iter().map(|it| (*it).to_owned()).collect();
    Case {
        name,
        args,
        code,
        said,
    }
}

#[test]
fn what_keeps_a_leaf_out_is_named() {
    let env = TestEnv::new();
    certificates(&env, "pki");
    certificates(&env, "other");
    let tls = "tls { cert_file: \"pki/leaf.pem\", key_file: \"pki/leaf.key\"";
    let tls = tls.replace("pki/", &format!("{}/pki/", env.home().display()));
    let ca = format!("{}/pki/ca.pem", env.home().display());
    let open = start_hub(&env, "open", "");
    let login = start_hub(&env, "login", "authorization { user: ann, password: pw }");
    let secure = start_hub(&env, "secure", &format!("{tls} }}"));
    let mutual = start_hub(
        &env,
        "mutual",
        &format!("{tls}, ca_file: \"{ca}\", verify: true }}"),
    );
    let hub_dir = hub::init(&env, "hub", &["--no-tls"]);
    let operator = Server::start(&env, &hub_dir);
    let creds = hub::creds(&env, hub_dir.to_str().unwrap(), "gone");
    let revoked = env.write("gone.creds", std::fs::read(creds).unwrap());
    private(&revoked);
    let args = ["hub", "revoke", "gone", "--dir", hub_dir.to_str().unwrap()];
    let _ = env.run(&args).success();
    let revoked = revoked.to_str().unwrap();
    let leaf = |hub: &Server| format!("nats-leaf://127.0.0.1:{}", hub.leaf_port);
    let tls = |hub: &Server| format!("tls://127.0.0.1:{}", hub.leaf_port);
    let http = format!(
        "nats-leaf://{}",
        greeter(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    );
    let silent = format!("nats-leaf://{}", greeter(b""));
    let client = format!("nats-leaf://127.0.0.1:{}", open.port());
    let cases = [
        case(
            "dns",
            &["nats-leaf://hub.invalid:7422"],
            5,
            "DNS: there is no host hub.invalid",
        ),
        case(
            "refused",
            &["nats-leaf://127.0.0.1:1"],
            5,
            "refused: nothing listens on 127.0.0.1:1",
        ),
        case("client port", &[&client], 5, "wrong port"),
        case("not NATS", &[&http], 5, "does not speak NATS"),
        case("silence", &[&silent], 5, "says nothing"),
        case("no login", &[&leaf(&login)], 4, "authentication"),
        case(
            "wrong login",
            &[&leaf(&login), "--user", "ann", "--password", "no"],
            4,
            "authentication",
        ),
        case(
            "revoked",
            &[&leaf(&operator), "--creds", revoked],
            4,
            "authentication",
        ),
        case("no creds", &[&leaf(&operator)], 4, "authentication"),
        case(
            "untrusted",
            &[&tls(&secure)],
            5,
            "authority that is not trusted",
        ),
        case(
            "other CA",
            &[&leaf(&secure), "--tls-ca", "other/ca.pem"],
            5,
            "not trusted",
        ),
        case("no TLS there", &[&tls(&open)], 5, "offers none"),
        case(
            "no certificate",
            &[&tls(&mutual), "--tls-ca", "pki/ca.pem"],
            4,
            "wants a client certificate",
        ),
        case(
            "other certificate",
            &[
                &tls(&mutual),
                "--tls-ca",
                "pki/ca.pem",
                "--tls-cert",
                "other/leaf.pem",
                "--tls-key",
                "other/leaf.key",
            ],
            5,
            "TLS",
        ),
    ];
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(2)) {
            let env = &env;
            scope.spawn(move || {
                for case in part {
                    up_and_check(env, case);
                }
            });
        }
    });
}

fn up_and_check(env: &TestEnv, case: &Case) {
    let args: Vec<&str> = case.args.iter().map(String::as_str).collect();
    let up = [
        "up",
        "--ephemeral",
        "--nats-port",
        "0",
        "--ready-timeout",
        "8s",
        "--leaf-remote",
    ];
    let up = env.run(&[&up[..], &args].concat());
    assert_eq!(up.code, case.code, "{}: {up}", case.name);
    assert!(up.stderr.contains(case.said), "{}: {up}", case.name);
    assert!(up.stderr.contains("--leaf-optional"), "{}: {up}", case.name);

    let file = format!("{}.cfg", case.name);
    let config = [
        "leaf", "config", "--domain", "d", "--port", "1", "-o", &file, "--remote",
    ];
    let _ = env.run(&[&config[..], &args].concat()).success();
    let check = env.run(&["leaf", "check", "--config", &file, "-o", "json"]);
    let check = check.failure(5);
    assert!(check.stdout.contains(case.said), "{}: {check}", case.name);
}

#[test]
fn what_cannot_work_is_refused_before_anything_starts() {
    let env = TestEnv::new();
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
    let env = TestEnv::new();
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
