//! `wash push`, `pull`, `inspect`, `reg` and hosts, with a real registry: plain, with TLS, and with logins.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::Value;
use wash::claims::{KeyKind, Seed};
use wash::lattice::command::{RegistryCredential, RegistryCredentials};

use crate::abuse::{guest, signed};
use crate::env::{Output, TestEnv};
use crate::registry::{PASSWORD, Registry, USER, Wants};
use crate::up::{Up, eventually, on_lattice};

/// No secret of ours may show anywhere.
#[track_caller]
pub(crate) fn discreet(output: Output) -> Output {
    let shown = format!("{}{}", output.stdout, output.stderr);
    assert!(!shown.contains(PASSWORD), "{output}");
    output
}

/// A signed actor in the home, and its key.
fn actor(env: &TestEnv) -> (Vec<u8>, String) {
    let key = Seed::generate(KeyKind::Module);
    let wasm = signed(&guest("echo"), &key, |it| {
        it.metadata.as_mut().unwrap().name = Some("echo".to_owned());
    });
    env.write("echo.wasm", &wasm);
    (wasm, key.public())
}

/// A document of a plain registry, as any tool would fetch it.
fn fetch(host: &str, path: &str) -> Value {
    let mut stream = TcpStream::connect(host).unwrap();
    let accept = "application/vnd.oci.image.manifest.v1+json";
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nAccept: {accept}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 ") && head.contains(accept), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn an_actor_goes_there_and_back() {
    let registry = Registry::start(Wants::default());
    let env = TestEnv::new();
    let (wasm, key) = actor(&env);
    let reference = registry.reference("me/echo:0.1");
    let push = [
        "push",
        &reference,
        "echo.wasm",
        "--insecure",
        "-a",
        "k=v",
        "-o",
        "json",
    ];
    let pushed = env.run(&push).success().json();
    assert_eq!(pushed["url"], reference.as_str());
    assert_eq!(pushed["kind"], "actor");
    assert_eq!(pushed["changed"], true);
    let digest = pushed["digest"].as_str().unwrap();

    // As the image specification has it.
    let manifest = fetch(&registry.host, "/v2/me/echo/manifests/0.1");
    assert_eq!(manifest["schemaVersion"], 2);
    let config = "application/vnd.wasmcloud.actor.archive.config";
    assert_eq!(manifest["config"]["mediaType"], config);
    assert_eq!(manifest["config"]["size"], 2);
    let [layer] = manifest["layers"].as_array().unwrap().as_slice() else {
        panic!("{manifest}");
    };
    let module = "application/vnd.module.wasm.content.layer.v1+wasm";
    assert_eq!(layer["mediaType"], module);
    assert_eq!(layer["size"], wasm.len());
    let title = "org.opencontainers.image.title";
    assert_eq!(layer["annotations"][title], "echo.wasm");
    assert_eq!(manifest["annotations"][title], "echo");
    assert_eq!(manifest["annotations"]["k"], "v");

    // The same again changes nothing, not even the digest.
    let again = env.run(&push).success().json();
    assert_eq!(
        (&again["digest"], &again["changed"]),
        (&pushed["digest"], &false.into())
    );

    for (reference, cached) in [
        (reference.clone(), false),
        (format!("oci://{reference}"), true),
        (registry.reference(&format!("me/echo@{digest}")), true),
    ] {
        let args = [
            "reg",
            "pull",
            &reference,
            "--insecure",
            "--destination",
            "got.wasm",
        ];
        let pulled = env.run(&[&args[..], &["-d", digest, "-o", "json"]].concat());
        let pulled = pulled.success().json();
        assert_eq!(pulled["file"], "got.wasm");
        assert_eq!(pulled["cached"], cached, "{reference}");
        assert_eq!(std::fs::read(env.home().join("got.wasm")).unwrap(), wasm);
    }
    let named = [
        "pull",
        "me/echo:0.1",
        "-r",
        &registry.host,
        "--insecure",
        "-o",
        "name",
    ];
    assert_eq!(env.run(&named).success().stdout, "echo.wasm\n");

    for words in [&["inspect"][..], &["claims", "inspect"]] {
        let args = [words, &[&reference, "--insecure", "-o", "json"]].concat();
        let shown = env.run(&args).success().json();
        assert_eq!(
            (&shown["module"], &shown["valid"]),
            (&key.as_str().into(), &true.into())
        );
    }
    for target in [&reference, &registry.host] {
        let args = ["reg", "ping", target, "--insecure", "-o", "json"];
        assert_eq!(env.run(&args).success().json()["result"], "Pong!");
    }
    let wrong = format!("sha256:{}", "0".repeat(64));
    let args = [
        "pull",
        &reference,
        "--insecure",
        "-d",
        &wrong,
        "--destination",
        "x",
    ];
    let _ = env.run(&args).failure(8);
    assert!(!env.home().join("x").exists());
}

#[test]
fn what_cannot_be_had_says_why_and_what_to_do() {
    let registry = Registry::start(Wants::default());
    let env = TestEnv::new();
    actor(&env);
    let reference = registry.reference("echo:0.1");
    let _ = env
        .run(&["push", &reference, "echo.wasm", "--insecure"])
        .success();
    env.write("notes.txt", "not an artifact");
    let (other, latest) = (
        registry.reference("echo:0.2"),
        registry.reference("echo:latest"),
    );
    let (missing, bare) = (registry.reference("nothing:1"), registry.reference("echo"));
    let login = format!("wash reg login {}", registry.host);
    for (args, code, said) in [
        (&["pull", &other, "--insecure"][..], 3, "its tags are 0.1"),
        (&["pull", &missing, "--insecure"], 3, "no repository"),
        (&["pull", &latest, "--insecure"], 8, "--allow-latest"),
        (&["pull", &bare, "--insecure"], 8, "--allow-latest"),
        (
            &["push", &latest, "echo.wasm", "--insecure"],
            8,
            "--allow-latest",
        ),
        (&["pull", &reference], 5, "--insecure"),
        (
            &["pull", "127.0.0.1:1/a:1", "--insecure"],
            5,
            "nothing listens",
        ),
        (&["pull", "a b"], 2, "not an image reference"),
        (
            &["push", &reference, "notes.txt", "--insecure"],
            8,
            "neither",
        ),
        (
            &["push", &reference, "gone.wasm", "--insecure"],
            3,
            "gone.wasm",
        ),
        (
            &["pull", &reference, "--insecure", "-u", "ann"],
            2,
            "--password-stdin",
        ),
        (
            &["reg", "login", &registry.host, "-u", "ann"],
            2,
            "--password-stdin",
        ),
    ] {
        let output = env.run(args).failure(code);
        assert!(output.stderr.contains(said), "{output}");
        assert!(!output.stderr.contains(&login), "{output}");
    }
    let allowed = ["push", &latest, "echo.wasm", "--insecure", "--allow-latest"];
    let _ = env.run(&allowed).success();
    let allowed = ["pull", &bare, "--insecure", "--allow-latest"];
    let _ = env.run(&allowed).success();
}

#[test]
fn logins_over_tls_are_tried_kept_and_forgotten() {
    let registry = Registry::start(Wants {
        tls: true,
        login: true,
    });
    let mut env = TestEnv::new();
    let (wasm, _) = actor(&env);
    let reference = registry.reference("echo:0.1");
    let push = ["push", &reference, "echo.wasm"];
    let output = env.run(&push).failure(5);
    assert!(output.stderr.contains("--ca-file"), "{output}");

    let ca = registry.ca();
    env.set("WASH_OCI_CA_FILE", &ca);
    let output = env.run(&push).failure(4);
    let hint = format!("wash reg login {}", registry.host);
    assert!(output.stderr.contains(&hint), "{output}");
    let login = [
        "reg",
        "login",
        &registry.host,
        "-u",
        USER,
        "--password-stdin",
    ];
    let _ = discreet(env.run_with_stdin(&login, "wrong\n").failure(4));
    let config = env.home().join(".docker/config.json");
    assert!(!config.exists());
    let _ = discreet(
        env.run_with_stdin(&login, &format!("{PASSWORD}\n"))
            .success(),
    );
    let mode = config.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let _ = discreet(env.run(&push).success());
    let pull = ["pull", &reference, "--destination", "got.wasm"];
    let _ = discreet(env.run(&pull).success());
    assert_eq!(std::fs::read(env.home().join("got.wasm")).unwrap(), wasm);

    let logout = ["reg", "logout", &registry.host, "-o", "json"];
    assert_eq!(env.run(&logout).success().json()["changed"], true);
    assert_eq!(env.run(&logout).success().json()["changed"], false);
    let _ = env.run(&pull).failure(4);
    let flags = ["-u", USER, "-p", PASSWORD];
    let _ = discreet(env.run(&[&pull[..], &flags].concat()).success());
    env.set("OCI_REGISTRY", &registry.host)
        .set("OCI_REGISTRY_USER", USER)
        .set("OCI_REGISTRY_PASSWORD", PASSWORD);
    let _ = discreet(env.run(&pull).success());
}

#[test]
fn commands_that_fetch_the_same_at_once_all_have_it() {
    let registry = Registry::start(Wants::default());
    let env = TestEnv::new();
    // Large enough that they meet.
    let mut archive = vec![0x1f, 0x8b, 8];
    archive.extend((0..8u32 << 20).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8));
    env.write("big.par.gz", &archive);
    let reference = registry.reference("big:1");
    let pushed = env.run(&["push", &reference, "big.par.gz", "--insecure", "-o", "json"]);
    assert_eq!(pushed.success().json()["kind"], "provider");
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (env, reference, archive) = (&env, &reference, &archive);
            scope.spawn(move || {
                let file = format!("got-{number}");
                let args = ["pull", reference, "--insecure", "--destination", &file];
                let _ = env.run(&args).success();
                assert!(std::fs::read(env.home().join(file)).unwrap() == *archive);
            });
        }
    });
    let drained = env.run(&["drain", "oci", "-o", "json"]).success().json();
    assert!(drained["freed"].as_u64().unwrap() >= 8 << 20, "{drained}");
}

#[test]
fn a_host_starts_actors_by_reference() {
    let registry = Registry::start(Wants {
        tls: false,
        login: true,
    });
    let mut env = TestEnv::new();
    // Nothing of this machine is to be drained or believed.
    let home = env.home().to_owned();
    env.set("TMPDIR", &home);
    let (_, key) = actor(&env);
    let reference = registry.reference("echo:0.1");
    let push = [
        "push",
        &reference,
        "echo.wasm",
        "--insecure",
        "-u",
        USER,
        "-p",
        PASSWORD,
    ];
    let _ = discreet(env.run(&push).success());

    let up = Up::start(
        &env,
        &["--nats-port", "0", "--allowed-insecure", &registry.host],
    );
    let url = up.text("nats_url").to_owned();
    let start = |reference: &str| {
        let args = ["start", "actor", reference, "--server", &url, "-o", "json"];
        discreet(env.run(&args))
    };
    let output = start(&reference).failure(8);
    let text = output.json().to_string();
    assert!(text.contains("wants credentials"), "{text}");
    let latest = start(&registry.reference("echo:latest")).failure(8);
    assert!(latest.stdout.contains("--allow-latest"), "{latest}");

    let credentials = |password: &str| {
        let entry = RegistryCredential {
            username: Some(USER.to_owned()),
            password: Some(password.to_owned()),
            ..RegistryCredential::default()
        };
        // As the oldest clients name it.
        RegistryCredentials::from([(format!("oci://{}", registry.host), entry)])
    };
    on_lattice(&url, "default", async |control| {
        control
            .put_registries(&credentials(PASSWORD))
            .await
            .unwrap();
    });
    // Puts are not answered, so the host is asked until it has heard.
    let started = eventually("the actor starts", || {
        let output = start(&reference);
        (output.code == 0).then(|| output.json())
    });
    assert!(started.to_string().contains(&key), "{started}");
    let inventory = env.run(&["get", "inventory", "--server", &url, "-o", "json"]);
    let inventory = inventory.success().stdout;
    assert!(inventory.contains(&reference), "{inventory}");

    // What was fetched outlives its registry.
    let stop = ["stop", "actor", &key, "--server", &url];
    let _ = env.run(&stop).success();
    let gone = registry.host.clone();
    drop(registry);
    let _ = start(&format!("{gone}/echo:0.1")).success();
    up.signal(Signal::TERM);
    let (status, stderr) = up.end();
    assert!(status.success(), "{stderr}");
    assert!(stderr.contains("as it was last seen"), "{stderr}");
    assert!(!stderr.contains(PASSWORD), "{stderr}");
}

/// Podman's files count after docker's, and its variable names the only one.
#[test]
fn logins_of_podman_are_used() {
    let registry = Registry::start(Wants {
        login: true,
        ..Wants::default()
    });
    let env = TestEnv::new();
    let _ = actor(&env);
    let reference = registry.reference("me/echo:0.1");
    let auths = |pair: &str| {
        let auth = data_encoding::BASE64.encode(pair.as_bytes());
        format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, registry.host)
    };
    let right = auths(&format!("{USER}:{PASSWORD}"));
    let wrong = auths("ann:no");
    let push = |env: &TestEnv| discreet(env.run(&["push", &reference, "echo.wasm", "--insecure"]));
    let _ = push(&env).failure(4);
    env.write(".config/containers/auth.json", &right);
    let _ = push(&env).success();
    // That of the session comes before that of the user, and docker's before both.
    let mut session = TestEnv::new();
    let _ = actor(&session);
    session.write(".config/containers/auth.json", &wrong);
    let run = session.home().join("run");
    session.set("XDG_RUNTIME_DIR", &run);
    session.write("run/containers/auth.json", &right);
    let _ = push(&session).success();
    session.write(".docker/config.json", &wrong);
    let _ = push(&session).failure(4);
    session.write(".docker/config.json", "{}");
    let _ = push(&session).success();
    let named = session.write("named.json", &wrong);
    session.set("REGISTRY_AUTH_FILE", &named);
    let _ = push(&session).failure(4);
    session.write("named.json", &right);
    let _ = push(&session).success();
    session.write("named.json", "{");
    let failed = push(&session).failure(1);
    assert!(failed.stderr.contains("named.json"), "{failed}");
    assert!(failed.stderr.contains("REGISTRY_AUTH_FILE"), "{failed}");
}
