//! From a directory to a page that people look at: pushed with a login, started by reference on a machine behind a
//! hub, and its provider replaced while requests come.
#![cfg(target_os = "linux")]

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::abuse::http;
use crate::env::TestEnv;
use crate::kit::example;
use crate::leaf::{assert_established, free_port, port, start_hub};
use crate::outside::Outside;
use crate::reg::discreet;
use crate::registry::{PASSWORD, Registry, USER, Wants};
use crate::up::{Up, eventually};

const ACTOR: &str = "MCI7BHPJMRIJJFFHQ67XFD76SLHSCVSBAYSWXMZXLQLGJVAGJMEKXFFK";
const SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";
const CLIENT: &str = "VCCVLH4XWGI3SGARFNYKYT2A32SUYA2KVAIV2U2Q34DQA7WWJPFRKIKM";

/// Who asks for the page at the same time, so how many requests one replacement may meet.
const VISITORS: usize = 4;

/// Where there is a login for the registry.
fn log_in(env: &TestEnv, registry: &Registry) {
    #[rustfmt::skip]
    let args = ["reg", "login", &registry.host, "-u", USER, "--password-stdin"];
    let output = env.run_with_stdin(&args, &format!("{PASSWORD}\n"));
    let _ = discreet(output.success());
}

/// The actor, and the example's HTTP client with the key of the built-in: their references.
fn push(env: &TestEnv, registry: &Registry) -> (String, String) {
    // Without what only debuggers read, which is most of it.
    let program = env.home().join("client");
    let mut strip = Command::new("strip");
    strip
        .arg("-o")
        .arg(&program)
        .arg(example("provider-httpclient"));
    assert!(strip.status().unwrap().success());
    let program = program.to_str().unwrap();
    #[rustfmt::skip]
    let create = ["par", "create", "--keygen", "--binary", program, "--capid", "wasmcloud:httpclient", "--vendor",
        "tests", "--name", "Client", "--revision", "1", "--subject", CLIENT, "--destination", "client.par.gz"];
    let _ = env.run(&create).success();
    let actor = registry.reference("pets/dogs-and-cats:0.1");
    let client = registry.reference("pets/client:0.1");
    let module = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/dogs-and-cats/dogs-and-cats.wasm"
    );
    // Not everybody may.
    let refused = env.run(&["push", &actor, module]).failure(4);
    assert!(refused.stderr.contains("wash reg login"), "{refused}");
    log_in(env, registry);
    for (reference, file, kind) in [
        (&actor, module, "actor"),
        (&client, "client.par.gz", "provider"),
    ] {
        let output = discreet(env.run(&["push", reference, file, "-o", "json"]).success());
        assert_eq!(output.json()["kind"], kind);
    }
    (actor, client)
}

/// When a visitor came and went, and what was seen: the picture, or what came in place of it.
struct Visit {
    came: Instant,
    went: Instant,
    seen: Result<String, String>,
}

fn visit(address: SocketAddr) -> Visit {
    let came = Instant::now();
    let seen = look(address);
    let went = Instant::now();
    Visit { came, went, seen }
}

fn look(address: SocketAddr) -> Result<String, String> {
    let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = http(address.port(), request).unwrap_or_default();
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(answer),
    }
}

/// Visitors go also when a check fails, which would wait for them for ever.
struct Close<'a>(&'a AtomicBool);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Does something while visitors come, and tells what they saw.
fn under_load(address: SocketAddr, work: impl FnOnce(&Mutex<Vec<Visit>>)) -> Vec<Visit> {
    let (visits, closed) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let _close = Close(&closed);
        for _ in 0..VISITORS {
            scope.spawn(|| {
                while !closed.load(Ordering::SeqCst) {
                    let visit = visit(address);
                    visits.lock().unwrap().push(visit);
                    // A load, and no flood.
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        }
        work(&visits);
    });
    visits.into_inner().unwrap()
}

/// Waits until some who come from now on have seen it.
#[track_caller]
fn await_visits(visits: &Mutex<Vec<Visit>>, what: &str, is: impl Fn(&str) -> bool) {
    let from = visits.lock().unwrap().len() + VISITORS;
    eventually(what, || {
        let visits = visits.lock().unwrap();
        let good = |it: &&Visit| it.seen.as_deref().is_ok_and(&is);
        (visits.iter().skip(from).filter(good).count() >= 10).then_some(())
    });
}

fn is_picture(body: &str) -> bool {
    body == "a dog" || body == "a cat"
}

/// How long nobody saw anything around a replacement, from the first failure to the end of the last; none if nobody
/// failed.
fn window(visits: &[Visit], from: Instant, to: Instant) -> Option<Duration> {
    let failed = |it: &&Visit| it.seen.is_err() && it.went >= from && it.went < to;
    let first = visits.iter().filter(failed).map(|it| it.came).min()?;
    let last = visits.iter().filter(failed).map(|it| it.went).max()?;
    Some(last - first)
}

/// The longest visit of these.
fn longest(visits: &[Visit], from: Instant, to: Instant) -> Duration {
    let met = visits.iter().filter(|it| it.went >= from && it.came < to);
    met.map(|it| it.went - it.came).max().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "a figure for whoever runs it alone")]
fn tell(visits: &[Visit], failed: usize, [away, back, end]: [Instant; 3]) {
    println!("{failed} of {} visits failed", visits.len());
    for (way, from, to) in [("to the process", away, back), ("back", back, end)] {
        let (window, longest) = (window(visits, from, to), longest(visits, from, to));
        println!("{way}: errors for {window:?}, the longest visit took {longest:?}");
    }
}

#[test]
fn a_page_goes_from_a_registry_to_another_machine_and_outlives_its_client() {
    let registry = Registry::start(Wants {
        tls: true,
        login: true,
    });
    let outside = Outside::start();
    let [mut here, mut there] = [(); 2].map(|()| TestEnv::new().with_nats_server());
    for env in [&mut here, &mut there] {
        // Nothing of this machine is to be believed.
        let home = env.home().to_owned();
        env.set("TMPDIR", &home);
        env.set("WASH_OCI_CA_FILE", registry.ca());
    }
    // Only that machine gets out, and it has no login yet.
    let certificates = there.write("ca.pem", outside.certificate());
    there.set("SSL_CERT_FILE", certificates);
    there.set("HTTPS_PROXY", outside.proxy());
    there.set("NO_PROXY", "127.0.0.1");
    let (actor, client) = push(&here, &registry);

    let hub = start_hub(&here, "hub", "");
    let url = format!("nats-leaf://127.0.0.1:{}", hub.leaf_port);
    #[rustfmt::skip]
    let first = ["--nats-port", "0", "--js-domain", "core", "--leaf-remote", &url];
    let first = Up::start(&here, &first);
    assert_established(&first);
    let bundle = there.home().join("second.bundle");
    #[rustfmt::skip]
    let args = ["leaf", "bundle", "--domain", "extender", "--label", "machine=second", "-o", bundle.to_str().unwrap()];
    let _ = here.run(&args).success();
    // The process has the way out that the host has.
    #[rustfmt::skip]
    let join = ["--nats-port", "0", "--bundle", "second.bundle", "--provider-env",
        "HTTPS_PROXY,NO_PROXY,SSL_CERT_FILE"];
    let second = Up::start(&there, &join);
    assert_established(&second);

    // Everything is asked for here, and happens where it is to.
    let server = format!("127.0.0.1:{}", port(&first));
    let run = |args: &[&str]| discreet(here.run(&[args, &["-o", "json", "-s", &server]].concat()));
    eventually("both hosts are seen", || {
        let hosts = run(&["get", "hosts"]).success().json();
        (hosts["hosts"].as_array()?.len() == 2).then_some(())
    });
    #[rustfmt::skip]
    let start = ["start", "actor", &actor, "--constraint", "machine=second", "--count", "4"];
    let refused = run(&start).failure(8);
    assert!(refused.stdout.contains("wants credentials"), "{refused}");
    log_in(&there, &registry);
    let _ = run(&start).success();

    let address = free_port();
    let listen = format!("ADDRESS={address}");
    #[rustfmt::skip]
    let _ = run(&["link", "put", ACTOR, SERVER, "wasmcloud:httpserver", &listen]).success();
    let _ = run(&["link", "put", ACTOR, CLIENT, "wasmcloud:httpclient"]).success();
    #[rustfmt::skip]
    let _ = run(&["start", "provider", "builtin:httpserver", "--host", first.text("host_id")]).success();
    #[rustfmt::skip]
    let _ = run(&["start", "provider", "builtin:httpclient", "--constraint", "machine=second"]).success();
    eventually("the page answers", || look(address).ok());

    let inventory = |up: &Up| -> Value {
        let output = run(&["get", "inventory", up.text("host_id")]).success();
        output.json()["inventory"].clone()
    };
    // All but the one that is replaced, down to the ids of instances.
    let rest = || {
        let (first, second) = (inventory(&first), inventory(&second));
        let links = run(&["get", "links"]).success().json();
        json!([
            first["actors"],
            first["providers"],
            second["actors"],
            links["links"]
        ])
    };
    let before = rest();
    assert_eq!(before[2][0]["image_ref"], actor.as_str(), "{before}");
    assert_eq!(before[3].as_array().unwrap().len(), 2, "{before}");
    let replace = |reference: &str| {
        let output = run(&["update", "provider", CLIENT, reference]).success();
        assert_eq!(output.json()["changed"], true, "{output}");
        let there = inventory(&second)["providers"].clone();
        let found: Vec<_> = there.as_array().unwrap().iter().collect();
        let [found] = found.as_slice() else {
            panic!("{there}")
        };
        let id = (&found["id"], &found["image_ref"]);
        assert_eq!(id, (&CLIENT.into(), &reference.into()));
        assert_eq!(rest(), before);
    };
    let mut moments = Vec::new();
    let visits = under_load(address, |visits| {
        await_visits(visits, "pictures before", is_picture);
        assert_eq!(
            outside.named(),
            0,
            "the built-in client does not say who it is"
        );
        moments.push(Instant::now());
        replace(&client);
        eventually("the process asks", || (outside.named() >= 10).then_some(()));
        await_visits(visits, "pictures by the process", is_picture);
        moments.push(Instant::now());
        replace("builtin:httpclient");
        let last = outside.named();
        await_visits(visits, "pictures after", is_picture);
        assert_eq!(outside.named(), last, "the process is gone");
    });
    let failed: Vec<_> = visits.iter().filter(|it| it.seen.is_err()).collect();
    let (away, back) = (moments[0], moments[1]);
    tell(&visits, failed.len(), [away, back, Instant::now()]);
    let told: Vec<_> = failed.iter().map(|it| &it.seen).collect();
    assert!(failed.len() <= 2 * VISITORS, "{told:?}");
    assert!(failed.iter().all(|it| it.went >= away), "{told:?}");
    for visit in &visits {
        // Whose site was named in one request and whose picture was not had in the next has any dog, or any cat.
        let known = |it: &str| is_picture(it) || ["any dog", "any cat"].contains(&it);
        if let Ok(body) = &visit.seen {
            assert!(known(body), "{body:?}");
        }
    }

    for up in [second, first] {
        up.signal(Signal::INT);
        let (status, stderr) = up.end();
        assert!(status.success(), "{stderr}");
        assert!(!stderr.contains(PASSWORD), "{stderr}");
    }
}
