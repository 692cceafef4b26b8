//! `wash up`, `wash down` and `wash status`, with the real binary and a real nats-server.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use wash::lattice::LatticeName;
use wash::lattice::control::Control;
use wash::lattice::wire::HostSummary;

use crate::env::TestEnv;
use crate::nats::{Login, NatsServer, Setup};

/// Far above what a loaded machine takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until there is a value.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A `wash up` in the foreground that has said that it is ready; killed on drop.
pub(crate) struct Up {
    child: Child,
    pub(crate) ready: Value,
    stderr: Option<JoinHandle<String>>,
    /// What is written to stdout after the document.
    rest: Option<JoinHandle<String>>,
}

impl Up {
    #[track_caller]
    pub(crate) fn start(env: &TestEnv, args: &[&str]) -> Self {
        let mut command = env.command(&["up", "-o", "json"]);
        Self::spawn(command.args(args))
    }

    #[track_caller]
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = collect(child.stderr.take().unwrap());
        let (send, document) = mpsc::channel();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let rest = std::thread::spawn(move || {
            let mut text = String::new();
            while !text.ends_with("\n}\n") && stdout.read_line(&mut text).unwrap() > 0 {}
            let _ = send.send(text);
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).unwrap();
            rest
        });
        let text = document.recv_timeout(PATIENCE).unwrap();
        let ready: Value = serde_json::from_str(&text).unwrap_or_default();
        if ready["success"] != true {
            let _ = child.kill();
            panic!("not ready: {text}\n{}", stderr.join().unwrap());
        }
        Self {
            child,
            ready,
            stderr: Some(stderr),
            rest: Some(rest),
        }
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.ready[field].as_str().unwrap_or_default()
    }

    fn nats_pid(&self) -> i32 {
        pid(&self.ready["nats_pid"])
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(i32::try_from(self.child.id()).unwrap(), signal);
    }

    /// Waits for the end; returns exit status, and stderr. Nothing may follow the document on stdout.
    #[track_caller]
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let child = &mut self.child;
        let status = eventually("`wash up` ends", || child.try_wait().unwrap());
        let stderr = self.stderr.take().unwrap().join().unwrap();
        assert_eq!(self.rest.take().unwrap().join().unwrap(), "");
        (status, stderr)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a detached host leaves running, killed on drop.
pub(crate) struct Detached<'a>(pub(crate) &'a TestEnv);

impl Drop for Detached<'_> {
    fn drop(&mut self) {
        let _ = self
            .0
            .run(&["down", "--all", "--force", "--timeout", "20s"]);
    }
}

fn collect(mut pipe: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn pid(value: &Value) -> i32 {
    i32::try_from(value.as_i64().unwrap()).unwrap()
}

fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[track_caller]
fn assert_gone(pid: i32) {
    let process = Pid::from_raw(pid).unwrap();
    eventually("the process is gone", || test_kill_process(process).err());
}

pub(crate) fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// Asks the lattice, as any client does.
pub(crate) fn on_lattice<T, F: Future<Output = T>>(
    url: &str,
    lattice: &str,
    ask: impl FnOnce(Control) -> F,
) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = async_nats::connect(url).await.unwrap();
        let lattice: LatticeName = lattice.parse().unwrap();
        ask(Control::new(client, lattice, None, PATIENCE)).await
    })
}

fn hosts(url: &str, lattice: &str) -> Vec<HostSummary> {
    on_lattice(url, lattice, async |control| {
        control.hosts(control.patience(PATIENCE)).await.unwrap()
    })
}

#[test]
fn a_host_comes_up_is_seen_and_goes_down() {
    let env = TestEnv::new();
    let up = Up::start(&env, &["--nats-port", "0", "--name", "my-host"]);
    assert_eq!(up.text("lattice"), "default");
    assert_eq!(up.text("name"), "my-host");
    assert_eq!(up.ready["nats_started"], true);
    assert!(up.text("cluster_signer").starts_with('C'));
    let on_lattice = hosts(up.text("nats_url"), "default");
    assert_eq!(on_lattice.len(), 1);
    assert_eq!(on_lattice[0].id, up.text("host_id"));

    let status = env.run(&["status", "-o", "json"]).success().json();
    assert_eq!(status["hosts"][0]["host_id"], up.ready["host_id"]);
    assert_eq!(status["hosts"][0]["answers"], true);
    let table = env.run(&["status"]).success().stdout;
    assert!(table.contains(up.text("host_id")), "{table}");

    let nats = up.nats_pid();
    let down = env.run(&["down", "my-ho", "-o", "json"]).success().json();
    assert_eq!(
        (&down["changed"], &down["stopped"][0]["host_id"]),
        (&true.into(), &up.ready["host_id"])
    );
    assert!(up.end().0.success());
    assert_gone(nats);
    let _ = env.run(&["status"]).failure(3);
}

#[test]
fn a_detached_host_answers_when_the_command_returns() {
    let env = TestEnv::new();
    let _cleanup = Detached(&env);
    let up = env
        .run(&["up", "-d", "--nats-port", "0", "-o", "json"])
        .success();
    let ready = up.json();
    let url = ready["nats_url"].as_str().unwrap();
    assert_eq!(
        hosts(url, "default")[0].id,
        ready["host_id"].as_str().unwrap()
    );
    assert!(Path::new(ready["log"].as_str().unwrap()).is_file());
    assert_eq!(
        ready["kill_cmd"],
        format!("wash down {}", ready["host_id"].as_str().unwrap())
    );
    let _ = env.run(&["status"]).success();

    let _ = env.run(&["down"]).success();
    assert_gone(pid(&ready["pid"]));
    assert_gone(pid(&ready["nats_pid"]));
    let again = env.run(&["down", "-o", "json"]).success().json();
    assert_eq!(again["changed"], false);
    assert_eq!(env.run(&["down"]).success().stdout, "nothing is running\n");
}

#[test]
fn signals_stop_everything_and_are_no_failure() {
    for signal in [Signal::INT, Signal::TERM] {
        let env = TestEnv::new();
        let up = Up::start(&env, &["--nats-port", "0"]);
        let nats = up.nats_pid();
        up.signal(signal);
        let (status, stderr) = up.end();
        assert_eq!(status.code(), Some(0), "{stderr}");
        assert_gone(nats);
        let _ = env.run(&["status"]).failure(3);
    }
}

#[test]
fn ctrl_c_while_nats_starts_leaves_nothing_behind() {
    let env = TestEnv::new();
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'nats-server: v2.9.0' && exit\n\
                  echo $$ >\"$HOME/pid\"\nexec tail -f /dev/null\n";
    let server = env.write("slow", script);
    std::fs::set_permissions(&server, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = server.to_str().unwrap();
    let args = ["up", "--nats-port", "0", "--nats-server", server];
    let mut child = env.command(&args).spawn().unwrap();
    let nats = eventually("NATS starts", || {
        let text = std::fs::read_to_string(env.home().join("pid")).ok()?;
        text.trim().parse().ok()
    });
    let table = env.run(&["status"]).failure(1).stdout;
    assert!(table.contains("starting"), "{table}");
    send(i32::try_from(child.id()).unwrap(), Signal::INT);
    let status = eventually("`wash up` ends", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert_gone(nats);

    let late = env.run(&[
        "up",
        "--nats-port",
        "0",
        "--nats-server",
        server,
        "--ready-timeout",
        "1s",
    ]);
    assert!(late.failure(7).stderr.contains("--ready-timeout"));
}

#[test]
fn a_second_host_uses_the_nats_of_the_first() {
    let env = TestEnv::new();
    let first = Up::start(&env, &["--nats-port", "0"]);
    let port = first
        .text("nats_url")
        .rsplit_once(':')
        .unwrap()
        .1
        .to_owned();
    let second = Up::start(&env, &["--nats-port", &port]);
    assert_eq!(second.ready["nats_started"], false);
    // The cluster's seed was kept by the first.
    assert_eq!(
        second.ready["cluster_signer"],
        first.ready["cluster_signer"]
    );
    assert_eq!(hosts(first.text("nats_url"), "default").len(), 2);

    let which = env.run(&["down"]).failure(9);
    assert!(which.stderr.contains(first.text("host_id")), "{which}");
    let _ = env.run(&["down", "nobody"]).failure(3);
    let down = env.run(&["down", "--all", "-o", "json"]).success().json();
    assert_eq!(down["stopped"].as_array().unwrap().len(), 2);
    assert!(first.end().0.success() && second.end().0.success());
}

#[test]
fn two_that_start_at_once_share_nats_and_cluster() {
    let env = TestEnv::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let (one, two) = std::thread::scope(|scope| {
        let start = || Up::start(&env, &["--nats-port", &port]);
        let one = scope.spawn(start);
        let two = scope.spawn(start);
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_eq!(one.ready["cluster_signer"], two.ready["cluster_signer"]);
    assert_ne!(one.ready["nats_started"], two.ready["nats_started"]);
    assert_eq!(hosts(one.text("nats_url"), "default").len(), 2);
    let _ = env.run(&["down", "--all"]).success();
}

#[test]
fn one_host_seed_is_one_host() {
    let env = TestEnv::new();
    let seed = wash::claims::Seed::generate(wash::claims::KeyKind::Server);
    let mut command = env.command(&["up", "-o", "json", "--nats-port", "0"]);
    let up = Up::spawn(command.env("WASMCLOUD_HOST_SEED", seed.reveal()));
    assert_eq!(up.text("host_id"), seed.public());
    let file = env.write("host.nk", seed.reveal());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let again = env
        .run(&["up", "--nats-port", "0", "--host-seed", "host.nk"])
        .failure(9);
    assert!(again.stderr.contains("runs already"), "{again}");
    assert!(!again.stderr.contains(&seed.reveal()));
}

#[test]
fn an_existing_nats_is_used_and_left_alone() {
    let mut nats = NatsServer::start();
    let env = TestEnv::new();
    let up = Up::start(&env, &["--nats-port", nats.port()]);
    assert_eq!(up.ready["nats_pid"], Value::Null);
    up.signal(Signal::INT);
    assert!(up.end().0.success());
    assert!(nats.is_running());
}

#[test]
fn a_port_of_another_program_is_explained() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for stream in other.incoming().flatten() {
            let _ = (&stream).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let env = TestEnv::new();
    for detached in [&[][..], &["-d"]] {
        let args = [&["up", "--nats-port", &port], detached].concat();
        let up = env.run(&args).failure(5);
        assert!(up.stderr.contains("does not speak NATS"), "{up}");
        assert!(up.stderr.contains("--nats-port 0"), "{up}");
    }
    let _ = env.run(&["status"]).failure(3);
}

#[test]
fn no_nats_and_none_to_start_says_how_to_get_one() {
    let env = TestEnv::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let up = env.run(&[
        "up",
        "--nats-port",
        &port,
        "--nats-server",
        "/nonexistent",
        "-o",
        "json",
    ]);
    let up = up.failure(5);
    assert_eq!(up.json()["error"]["kind"], "connect");
    assert!(up.stderr.contains("apt-get install nats-server"), "{up}");
    let only = env
        .run(&["up", "--nats-port", &port, "--nats-connect-only"])
        .failure(5);
    assert!(only.stderr.contains(&port), "{only}");
}

#[test]
fn nats_without_jetstream_is_refused() {
    let mut nats = NatsServer::start_bare();
    let env = TestEnv::new();
    let up = env.run(&["up", "--nats-port", nats.port()]).failure(8);
    assert!(
        up.stderr.contains("JetStream") && up.stderr.contains("-js"),
        "{up}"
    );
    assert!(nats.is_running());
}

#[test]
fn credentials_are_needed_readable_and_private() {
    let nats = NatsServer::start_with(&Setup::login(Login::User("u", "p")));
    let port = nats.port().to_owned();
    let env = TestEnv::new();
    let anonymous = env.run(&["up", "--nats-port", &port]).failure(4);
    assert!(anonymous.stderr.contains("credentials"), "{anonymous}");
    let missing = env
        .run(&["up", "--nats-port", &port, "--ctl-credsfile", "no.creds"])
        .failure(3);
    assert!(missing.stderr.contains("no.creds"), "{missing}");
    let open = env.write("open.creds", "x");
    std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = env
        .run(&["up", "--nats-port", &port, "--ctl-credsfile", "open.creds"])
        .failure(4);
    assert!(exposed.stderr.contains("chmod 600"), "{exposed}");
}

#[test]
fn the_death_of_nats_is_told() {
    let env = TestEnv::new().with_nats_server();
    let up = Up::start(&env, &["--nats-port", "0", "--grace", "1s"]);
    send(up.nats_pid(), Signal::KILL);
    let (status, stderr) = up.end();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("NATS server ended by itself"), "{stderr}");
    let _ = env.run(&["status"]).failure(3);
}

#[test]
fn a_killed_host_leaves_nothing_that_down_does_not_clean() {
    let env = TestEnv::new();
    let up = Up::start(&env, &["--nats-port", "0"]);
    let nats = up.nats_pid();
    up.signal(Signal::KILL);
    assert!(!up.end().0.success());
    let _ = env.run(&["status"]).failure(3);
    let _ = env.run(&["down"]).success();
    assert_gone(nats);
    let running = env.home().join(".local/state/wash/running");
    assert_eq!(running.read_dir().unwrap().count(), 0);
}

#[test]
fn settings_come_from_dotenv_variables_and_flags() {
    let mut env = TestEnv::new();
    env.write(
        ".env",
        "WASMCLOUD_LATTICE=from-dotenv\nHOST_ZONE=attic\nHOST_RACK=1\n",
    );
    env.set("HOST_RACK", "2")
        .set("HOST_CONFIG", ".config/own.json");
    let up = Up::start(&env, &["--nats-port", "0", "--label", "extra=a=b"]);
    assert_eq!(up.text("lattice"), "from-dotenv");
    let labels = &hosts(up.text("nats_url"), "from-dotenv")[0].labels;
    let get = |key: &str| labels.get(key).map(String::as_str);
    assert_eq!(
        (get("zone"), get("rack"), get("extra")),
        (Some("attic"), Some("2"), Some("a=b"))
    );
    assert_eq!(get("config"), None);
    assert!(up.text("host_config").ends_with("own.json"), "{}", up.ready);
}

#[test]
fn the_clusters_seed_is_kept_for_one_users_eyes() {
    let env = TestEnv::new();
    let up = Up::start(&env, &["--nats-port", "0"]);
    let signer = up.text("cluster_signer").to_owned();
    let path = Path::new(up.text("host_config")).to_owned();
    up.signal(Signal::INT);
    let (_, stderr) = up.end();
    assert!(stderr.contains("ad hoc generated cluster seed"), "{stderr}");
    assert!(
        stderr.contains(&signer) && stderr.contains(path.to_str().unwrap()),
        "{stderr}"
    );
    let text = std::fs::read_to_string(&path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let seed = file["cluster_seed"].as_str().unwrap();
    assert!(!stderr.contains(seed));
    assert_eq!(file["cluster_issuers"][0], signer);
    for field in [
        "lattice_prefix",
        "rpc_host",
        "prov_rpc_port",
        "ctl_tls",
        "policy_timeout_ms",
    ] {
        assert!(file.get(field).is_some(), "{field}");
    }
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));

    // What is in the file counts, and what others added to it stays.
    let mut changed = file.clone();
    changed["lattice_prefix"] = "kept".into();
    changed["extra"] = 1.into();
    std::fs::write(&path, changed.to_string()).unwrap();
    let again = Up::start(&env, &["--nats-port", "0"]);
    assert_eq!(
        (again.text("cluster_signer"), again.text("lattice")),
        (signer.as_str(), "kept")
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), changed);

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = env.run(&["up", "--nats-port", "0"]).failure(4);
    assert!(refused.stderr.contains("chmod 600"), "{refused}");
    assert!(!refused.stderr.contains(seed));
}

#[test]
fn stopping_the_host_on_the_lattice_ends_the_command() {
    let env = TestEnv::new();
    let up = Up::start(&env, &["--nats-port", "0"]);
    let nats = up.nats_pid();
    let ack = on_lattice(up.text("nats_url"), "default", async |control| {
        let grace = Duration::from_secs(1);
        control.stop_host(up.text("host_id"), grace).await.unwrap()
    });
    assert!(ack.accepted);
    assert!(up.end().0.success());
    assert_gone(nats);
}

#[test]
fn an_ephemeral_host_keeps_nothing() {
    let env = TestEnv::new();
    let up = Up::start(&env, &["--nats-port", "0", "--ephemeral"]);
    assert_eq!(up.ready["host_config"], Value::Null);
    let nats = Path::new(up.text("nats_dir")).to_owned();
    assert!(nats.is_dir());
    up.signal(Signal::INT);
    assert!(up.end().0.success());
    assert!(!nats.exists());
    assert!(!env.home().join(".config").exists());
    assert!(!env.home().join(".cache").exists());
}

#[test]
fn wrong_settings_stop_before_anything_starts() {
    let env = TestEnv::new();
    for args in [
        &["--rpc-timeout-ms", "soon"][..],
        &["--lattice", "a.b"],
        &["--label", "nothing"],
        &["--ctl-jwt", "eyJ.x.y"],
        &["--nats-port", "0", "--nats-connect-only"],
        &["--cluster-seed", "SCAAAAAA"],
    ] {
        let up = env.run(&[&["up"], args].concat()).failure(2);
        assert!(!up.stderr.contains("SCAAAAAA"), "{up}");
    }
    env.write("host_config.json", "{ \"rpc_port\": [] }");
    let _ = env.run(&["up", "--nats-port", "0"]).failure(2);
    env.write("host_config.json", "not json");
    let _ = env.run(&["up", "--nats-port", "0"]).failure(8);
    env.write(".env", "a line");
    let _ = env.run(&["up", "--nats-port", "0"]).failure(8);
    assert!(!env.home().join(".local/state/wash/nats").exists());
    assert!(!env.home().join(".config").exists());
}

#[test]
fn a_manifest_runs_when_the_command_says_so() {
    let env = TestEnv::new();
    let _cleanup = Detached(&env);
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let manifest = std::fs::read_to_string(hello.join("lattice.yaml")).unwrap();
    let manifest = manifest
        .replace("./hello.wasm", hello.join("hello.wasm").to_str().unwrap())
        .replace("127.0.0.1:8081", "${ADDRESS}");
    env.write("lattice.yaml", &manifest);
    env.write(".env", format!("ADDRESS={address}"));
    let args = [
        "up",
        "-d",
        "--nats-port",
        "0",
        "-o",
        "json",
        "--expand-env",
        "--apply",
    ];
    let up = env.run(&[&args[..], &["lattice.yaml"]].concat()).success();
    assert_eq!(up.json()["applied"]["changed"], true);
    let mut http = std::net::TcpStream::connect(&address).unwrap();
    http.write_all(b"GET /there HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    http.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"/there\""), "{answer}");
    let _ = env.run(&["down"]).success();

    // A host whose manifest is refused runs on, and the failure is told.
    env.write(
        "lattice.yaml",
        manifest.replace("wasmcloud.azurecr.io", "nobody.example"),
    );
    let up = env.run(&[&args[..], &["lattice.yaml"]].concat()).failure(8);
    let up = up.json();
    assert_eq!(
        (&up["success"], &up["applied"]["results"][1]["ok"]),
        (&false.into(), &false.into())
    );
    let _ = env.run(&["status"]).success();

    // One with mistakes is refused before anything starts.
    env.write("lattice.yaml", "actors: [./none.wasm]");
    let _ = env.run(&[&args[..], &["lattice.yaml"]].concat()).failure(8);
    let status = env.run(&["status", "-o", "json"]).success().json();
    assert_eq!(status["hosts"].as_array().unwrap().len(), 1);
}
