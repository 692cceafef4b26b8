//! The walkthrough of 2022 on a second machine, as its readers follow it: files written by hand, and a hub that is
//! reached over TLS with credentials alone. No machine is told an address of the other.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::hub::{self, Server};
use crate::leaf::private;
use crate::nats::binary;
use crate::up::{Up, eventually};

/// The stand-in for NGS: a server in operator mode, whose accounts are found by a resolver.
struct Hub {
    server: Server,
    creds: PathBuf,
    authority: PathBuf,
}

impl Hub {
    fn start(env: &TestEnv) -> Self {
        let dir = hub::init(env, "ngs", &["--self-signed", "127.0.0.1"]);
        let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
        // The accounts leave the configuration for the directory of a full resolver, as if they had been pushed.
        let accounts = dir.join("accounts");
        std::fs::create_dir(&accounts).unwrap();
        for line in read("accounts.conf").lines() {
            if let Some((account, jwt)) = line.trim().split_once(": \"") {
                let file = accounts.join(format!("{account}.jwt"));
                std::fs::write(file, jwt.trim_end_matches('"')).unwrap();
            }
        }
        let resolver = format!(
            "resolver: {{ type: full, dir: {accounts:?}, allow_delete: false, interval: \"2m\" }}"
        );
        let text = read("nats.conf")
            .replace("resolver: MEMORY", &resolver)
            .replace("include \"accounts.conf\"", "");
        assert!(text.contains("type: full"), "{text}");
        std::fs::write(dir.join("nats.conf"), text).unwrap();
        Self {
            server: Server::start(env, &dir),
            creds: dir.join("creds/default.creds"),
            authority: dir.join("tls/ca.pem"),
        }
    }

    fn url(&self) -> String {
        format!("tls://127.0.0.1:{}", self.server.leaf_port)
    }

    /// A machine that trusts the hub's authority as it trusts that of NGS, with the credentials of the reader.
    fn machine(&self) -> TestEnv {
        let mut env = TestEnv::new().with_nats_server();
        env.set("SSL_CERT_FILE", &self.authority);
        private(&env.write("default.creds", std::fs::read(&self.creds).unwrap()));
        env
    }
}

/// The configuration as the article prints it, with the hub's address, and ports that are free here.
fn by_hand(env: &TestEnv, name: &str, domain: &str, hub: &Hub, port: u16) -> PathBuf {
    let creds = env.home().join("default.creds");
    let store = env.home().join("store");
    let text = format!(
        "port: {port}\nlisten: \"127.0.0.1:{port}\"\n\
         leafnodes {{\n    remotes = [\n        {{\n          url: \"{}\"\n          credentials: {creds:?}\n        \
         }}\n    ]\n}}\n\njetstream {{\n    domain={domain}\n    store_dir={store:?}\n}}\n",
        hub.url()
    );
    env.write(name, text)
}

/// `nats-server -c FILE`, started by hand; killed on drop.
struct ByHand(Child);

impl ByHand {
    fn start(env: &TestEnv, hub: &Hub, config: &Path) -> Self {
        let child = Command::new(binary())
            .arg("-c")
            .arg(config)
            .current_dir(env.home())
            .env("SSL_CERT_FILE", &hub.authority)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// The answer to a GET, once there is one.
fn page(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .write_all(b"GET /article HTTP/1.0\r\nHost: x\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.contains(" 200 ").then(|| body.to_owned())
}

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hello/hello.wasm");
const HTTP_SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";

/// A person at one machine, whose NATS is at this port.
struct Person<'a> {
    env: &'a TestEnv,
    server: String,
}

impl Person<'_> {
    #[track_caller]
    fn types(&self, line: &str) -> Value {
        let args: Vec<&str> = line.split_whitespace().skip(1).collect();
        let more = ["-s", &self.server, "-o", "json"];
        self.env.run(&[&args[..], &more].concat()).success().json()
    }

    fn hosts(&self) -> usize {
        self.types("wash ctl get hosts")["hosts"]
            .as_array()
            .unwrap()
            .len()
    }
}

/// A home, the port of its NATS, and its host.
type Machine<'a> = (&'a TestEnv, u16, &'a Up);

/// From two machines that are up to a page that the second alone serves.
fn everything_goes_to_the_second<'a>(here: Machine<'a>, there: Machine<'a>) {
    let person = |(env, port, _): Machine<'a>| Person {
        env,
        server: format!("127.0.0.1:{port}"),
    };
    let (first, second) = (here.2.text("host_id"), there.2.text("host_id"));
    let (here, there) = (&person(here), &person(there));
    for person in [here, there] {
        eventually("both hosts are seen", || {
            (person.hosts() == 2).then_some(())
        });
    }
    let actor = here.types(&format!(
        "wash ctl start actor file://{HELLO} --host-id {first}"
    ));
    let id = actor["actor_id"].as_str().map(str::to_owned);
    let id =
        id.unwrap_or_else(|| "MB46ZQTNXEDVJP4TMWTBRAV57H6SNAHORBZYWNNTMEC7Y5LLSFG4EC6N".to_owned());
    let address = free();
    here.types(&format!(
        "wash ctl link put {id} {HTTP_SERVER} wasmcloud:httpserver ADDRESS={address}"
    ));
    // The page is served on the second machine; its actor still is on the first.
    here.types("wash ctl start provider wasmcloud.azurecr.io/httpserver:0.15.0 --constraint machine=second");
    let body = eventually("the page comes from the actor here", || page(address));
    assert!(body.contains("/article"), "{body}");
    here.types(&format!(
        "wash ctl start actor file://{HELLO} --constraint machine=second"
    ));
    here.types(&format!("wash ctl stop actor {first} {id}"));
    eventually("the page comes from the actor there", || page(address));
    let inventory = here.types(&format!("wash ctl get inventory {first}"));
    assert_eq!(
        inventory["inventory"]["actors"]
            .as_array()
            .map_or(0, Vec::len),
        0,
        "{inventory}"
    );
    let inventory = there
        .types(&format!("wash ctl get inventory {second}"))
        .to_string();
    assert!(
        inventory.contains(&id) && inventory.contains(HTTP_SERVER),
        "{inventory}"
    );
    let links = there.types("wash ctl get links");
    assert_eq!(links["links"].as_array().unwrap().len(), 1, "{links}");
}

/// `host_config.json` of the second machine, copied from the first and changed by hand as the article says.
fn copy_host_config(here: &TestEnv, there: &TestEnv, port: u16) {
    let path = here.home().join(".config/wash/host_config.json");
    let mut config: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for it in ["rpc", "ctl", "prov_rpc"] {
        config[format!("{it}_port")] = json!(port);
    }
    config["js_domain"] = json!("core");
    assert!(config["cluster_seed"].as_str().unwrap().starts_with("SC"));
    private(&there.write("host_config.json", config.to_string()));
}

#[test]
fn three_files_on_the_second_machine() {
    let hub_env = TestEnv::new().with_nats_server();
    let hub = Hub::start(&hub_env);
    let (here, mut there) = (hub.machine(), hub.machine());
    there.set("HOST_machine", "second");
    let ports = [free().port(), free().port()];
    let core = by_hand(&here, "core.cfg", "core", &hub, ports[0]);
    by_hand(&there, "extender.cfg", "extender", &hub, ports[1]);

    // nats-server --config core.cfg, and then a host that finds it.
    let _nats = ByHand::start(&here, &hub, &core);
    let port = ports[0].to_string();
    let address = format!("127.0.0.1:{}", ports[0]);
    eventually("NATS is there", || TcpStream::connect(&address).ok());
    let first = Up::start(
        &here,
        &[
            "--nats-port",
            &port,
            "--js-domain",
            "core",
            "--allow-file-load",
        ],
    );
    assert_eq!(first.ready["nats_started"], false, "{}", first.ready);
    copy_host_config(&here, &there, ports[1]);
    let second = Up::start(
        &there,
        &["--nats-config", "extender.cfg", "--allow-file-load"],
    );
    assert_eq!(
        second.ready["leaf"]["established"], true,
        "{}",
        second.ready
    );
    assert_eq!(
        first.ready["cluster_signer"],
        second.ready["cluster_signer"]
    );
    everything_goes_to_the_second((&here, ports[0], &first), (&there, ports[1], &second));
    // The files prove themselves.
    let check = there.run(&["leaf", "check"]).success();
    assert!(
        check.stdout.contains("takes us as a leaf") && check.stdout.contains("'core' answers"),
        "{check}"
    );
    let doctor = there.run(&["doctor", "-s", second.text("nats_url")]);
    assert!(doctor.stdout.contains("ok       leaf"), "{doctor}");
}

#[test]
fn servers_that_were_started_by_hand_on_both() {
    let hub_env = TestEnv::new().with_nats_server();
    let hub = Hub::start(&hub_env);
    let (here, mut there) = (hub.machine(), hub.machine());
    there.set("HOST_machine", "second");
    let ports = [free().port(), free().port()];
    let core = by_hand(&here, "core.cfg", "core", &hub, ports[0]);
    let extender = by_hand(&there, "extender.cfg", "extender", &hub, ports[1]);
    let _servers = [
        ByHand::start(&here, &hub, &core),
        ByHand::start(&there, &hub, &extender),
    ];
    for port in ports {
        eventually("NATS is there", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
    }
    let port = ports[0].to_string();
    let first = Up::start(
        &here,
        &[
            "--nats-port",
            &port,
            "--js-domain",
            "core",
            "--allow-file-load",
        ],
    );
    copy_host_config(&here, &there, ports[1]);
    // Nothing but HOST_machine=second wash up: the rest is in host_config.json.
    let second = Up::start(&there, &["--allow-file-load"]);
    assert_eq!(second.ready["nats_started"], false, "{}", second.ready);
    assert!(
        second.text("nats_url").ends_with(&ports[1].to_string()),
        "{}",
        second.ready
    );
    everything_goes_to_the_second((&here, ports[0], &first), (&there, ports[1], &second));
}
