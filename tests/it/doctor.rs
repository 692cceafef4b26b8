//! `wash doctor` on set-ups that are broken in one way each, with the real binary.
#![cfg(unix)]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use wash::claims::{KeyKind, Seed};

use crate::env::TestEnv;
use crate::fake_host::{FakeHost, Manners};
use crate::nats::{Login, NatsServer, Setup};

/// What the doctor says of one check: status, detail and fix.
struct Diagnosis(Value);

impl Diagnosis {
    #[track_caller]
    fn of(env: &TestEnv, args: &[&str]) -> Self {
        let output = env.run(&[&["doctor", "-o", "json"], args].concat());
        let document = output.json();
        let failed = document["checks"].as_array().unwrap().iter();
        let failed = failed.filter(|it| it["status"] == "failure").count();
        assert_eq!(document["healthy"], failed == 0, "{output}");
        assert_eq!(output.code, i32::from(failed > 0), "{output}");
        Self(document)
    }

    #[track_caller]
    fn check(&self, name: &str) -> &Value {
        let checks = self.0["checks"].as_array().unwrap();
        let found = checks.iter().find(|it| it["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    #[track_caller]
    fn status(&self, name: &str) -> &str {
        self.check(name)["status"].as_str().unwrap()
    }

    fn failures(&self) -> Vec<&str> {
        let checks = self.0["checks"].as_array().unwrap();
        let failed = checks.iter().filter(|it| it["status"] == "failure");
        failed.map(|it| it["name"].as_str().unwrap()).collect()
    }

    /// Panics unless this has failed and nothing else, with this fix.
    #[track_caller]
    fn only(&self, name: &str, fix: &str) {
        assert_eq!(self.failures(), [name], "{:#}", self.0);
        let said = self.check(name)["fix"].as_str().unwrap();
        assert!(said.contains(fix), "{:#}", self.0);
    }
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// A NATS credentials file of a user, with an expiry.
fn creds(expires: u64) -> String {
    let account = Seed::generate(KeyKind::Account);
    let user = Seed::generate(KeyKind::User);
    let part = |it: Value| BASE64URL_NOPAD.encode(it.to_string().as_bytes());
    let header = part(json!({"typ": "JWT", "alg": "ed25519-nkey"}));
    let claims = part(json!({
        "jti": "X", "iat": now() - 86_400, "exp": expires, "iss": account.public(),
        "sub": user.public(), "name": "ann",
        "nats": {"pub": {}, "sub": {}, "type": "user", "version": 2},
    }));
    let signed = format!("{header}.{claims}");
    let signature = BASE64URL_NOPAD.encode(&account.sign(signed.as_bytes()));
    format!(
        "-----BEGIN NATS USER JWT-----\n{signed}.{signature}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
        user.reveal()
    )
}

fn private(env: &TestEnv, name: &str, content: &str, mode: u32) {
    let path = env.write(name, content);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_host_that_runs_here_is_healthy() {
    let env = TestEnv::new();
    struct Down<'a>(&'a TestEnv);
    impl Drop for Down<'_> {
        fn drop(&mut self) {
            let _ = self
                .0
                .run(&["down", "--all", "--force", "--timeout", "20s"]);
        }
    }
    let _down = Down(&env);
    let up = ["up", "-d", "--nats-port", "0", "--ready-timeout", "50s"];
    env.run(&up).success();
    let diagnosis = Diagnosis::of(&env, &[]);
    assert!(diagnosis.failures().is_empty(), "{:#}", diagnosis.0);
    for name in [
        "settings",
        "state",
        "secrets",
        "address",
        "tls",
        "credentials",
        "nats",
        "jetstream",
        "lattice",
        "hosts",
        "clock",
    ] {
        assert_eq!(diagnosis.status(name), "ok", "{:#}", diagnosis.0);
    }
    let text = env.run(&["doctor"]).success();
    assert!(
        text.stdout
            .lines()
            .any(|it| it.starts_with("ok       hosts")),
        "{text}"
    );

    let elsewhere = Diagnosis::of(&env, &["--lattice", "nobody-here"]);
    elsewhere.only("lattice", "--lattice default");
    assert_eq!(elsewhere.status("hosts"), "skipped");
}

#[test]
fn no_nats() {
    let env = TestEnv::new();
    let diagnosis = Diagnosis::of(&env, &["--server", "127.0.0.1:1"]);
    diagnosis.only("address", "wash up");
    for name in ["tls", "nats", "jetstream", "lattice", "hosts", "clock"] {
        assert_eq!(diagnosis.status(name), "skipped", "{:#}", diagnosis.0);
    }
    let text = env.run(&["doctor", "--server", "127.0.0.1:1"]).failure(1);
    assert!(text.stdout.contains("fix: wash up"), "{text}");
    assert!(text.stderr.contains("not healthy: address"), "{text}");
    // A name that cannot exist.
    let dns = Diagnosis::of(&env, &["--server", "nats.invalid:4222"]);
    dns.only("address", "--server");
}

#[test]
fn something_else_on_the_port() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in other.incoming().flatten() {
            let _ = (&stream).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let diagnosis = Diagnosis::of(&TestEnv::new(), &["--server", &address]);
    diagnosis.only("address", "--nats-port 0");
}

#[test]
fn no_jetstream_and_a_wrong_domain() {
    let env = TestEnv::new();
    let bare = NatsServer::start_bare();
    let _host = FakeHost::start(bare.url(), Manners::default());
    let diagnosis = Diagnosis::of(&env, &["--server", bare.url()]);
    diagnosis.only("jetstream", "-js");
    assert_eq!(diagnosis.status("lattice"), "ok");

    let domain = NatsServer::start_with(&Setup {
        domain: Some("core"),
        ..Setup::jetstream()
    });
    let _host = FakeHost::start(domain.url(), Manners::default());
    let args = ["--server", domain.url(), "--js-domain", "cor"];
    Diagnosis::of(&env, &args).only("jetstream", "--js-domain core");
    let args = ["--server", domain.url(), "--js-domain", "core"];
    assert!(Diagnosis::of(&env, &args).failures().is_empty());
}

#[test]
fn wrong_missing_and_expired_credentials() {
    let env = TestEnv::new();
    let nats = NatsServer::start_with(&Setup::login(Login::User("ann", "right")));
    let server = ["--server", nats.url()];
    let with = |flags: &[&str]| Diagnosis::of(&env, &[&server, flags].concat());
    with(&[]).only("credentials", "--creds");
    let wrong = with(&["--user", "ann", "--password", "wr0ng"]);
    wrong.only("credentials", "--creds");
    assert!(!wrong.0.to_string().contains("wr0ng"), "{}", wrong.0);
    with(&["--creds", "gone.creds"]).only("credentials", "--creds");

    private(&env, "old.creds", &creds(now() - 7200), 0o600);
    let expired = with(&["--creds", "old.creds"]);
    expired.only("credentials", "--creds");
    let detail = expired.check("credentials")["detail"].to_string();
    assert!(detail.contains("expired 2 hours ago"), "{detail}");

    // A server that does not ask takes anyone, but they will not last.
    let open = NatsServer::start();
    let _host = FakeHost::start(open.url(), Manners::default());
    private(&env, "soon.creds", &creds(now() + 7300), 0o644);
    let soon = Diagnosis::of(&env, &["--server", open.url(), "--creds", "soon.creds"]);
    assert!(soon.failures().is_empty(), "{:#}", soon.0);
    assert_eq!(soon.status("credentials"), "warning");
    let secrets = soon.check("secrets");
    assert_eq!(secrets["status"], "warning", "{secrets}");
    let fix = secrets["fix"].as_str().unwrap();
    assert!(
        fix.starts_with("chmod 600 ") && fix.ends_with("soon.creds"),
        "{fix}"
    );
}

#[test]
fn loose_keys() {
    let env = TestEnv::new();
    let nats = NatsServer::start();
    let _host = FakeHost::start(nats.url(), Manners::default());
    let seed = Seed::generate(KeyKind::Module).reveal();
    private(&env, ".config/wash/keys/hello_module.nk", &seed, 0o644);
    let args = ["--server", nats.url()];
    let diagnosis = Diagnosis::of(&env, &args);
    diagnosis.only("secrets", "hello_module.nk");
    assert!(!diagnosis.0.to_string().contains(&seed));
    // The fix mends it.
    let fix = diagnosis.check("secrets")["fix"].as_str().unwrap();
    let mended = std::process::Command::new("sh").args(["-c", fix]).status();
    assert!(mended.unwrap().success());
    assert!(Diagnosis::of(&env, &args).failures().is_empty());
}

#[test]
fn nobody_in_the_lattice() {
    let env = TestEnv::new();
    let nats = NatsServer::start();
    Diagnosis::of(&env, &["--server", nats.url()]).only("lattice", "wash up");
    let _host = FakeHost::start(nats.url(), Manners::default());
    Diagnosis::of(&env, &["--server", nats.url(), "-x", "other"]).only("lattice", "wash up");
}

#[test]
fn settings_that_cannot_be_read() {
    let env = TestEnv::new();
    env.write(".config/wash/contexts/bad.json", "{\n \"lattice\": }");
    let bad = Diagnosis::of(&env, &["--context", "bad"]);
    assert_eq!(bad.failures(), ["settings"]);
    let detail = bad.check("settings")["detail"].as_str().unwrap();
    assert!(detail.contains("bad.json:2:"), "{detail}");
    assert_eq!(bad.status("address"), "skipped");
    Diagnosis::of(&env, &["--context", "gone"]).only("settings", "bad");
    Diagnosis::of(&env, &["--lattice", "a.b"]).only("settings", "--lattice");
}

#[test]
fn state_that_cannot_be_written() {
    let mut env = TestEnv::new();
    let nats = NatsServer::start();
    let _host = FakeHost::start(nats.url(), Manners::default());
    env.set("XDG_STATE_HOME", env.write("a-file", ""));
    Diagnosis::of(&env, &["--server", nats.url()]).only("state", "WASH_HOME");
}

#[test]
fn a_server_that_expects_tls() {
    let env = TestEnv::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let cert = env.write("cert.pem", made.cert.pem());
    let key = env.write("key.pem", made.signing_key.serialize_pem());
    let nats = NatsServer::start_with(&Setup::tls(&cert, &key, None));
    let server = format!("tls://localhost:{}", nats.port());
    Diagnosis::of(&env, &["--server", &server]).only("tls", "--tls-ca");
    let gone = ["--server", &server, "--tls-ca", "gone.pem"];
    Diagnosis::of(&env, &gone).only("tls", "path");
    let trusted = ["--server", &server, "--tls-ca", "cert.pem"];
    let trusted = Diagnosis::of(&env, &trusted);
    assert_eq!(trusted.status("tls"), "ok", "{:#}", trusted.0);
    assert_eq!(trusted.failures(), ["lattice"], "{:#}", trusted.0);
}

#[test]
fn servers_that_want_more_or_give_less() {
    let env = TestEnv::new();
    // A token, and none or the wrong one.
    let token = NatsServer::start_with(&Setup::login(Login::Token("s3same")));
    let server = ["--server", token.url()];
    let with = |more: &[&str]| Diagnosis::of(&env, &[&server, more].concat());
    with(&[]).only("credentials", "--token");
    with(&["--token", "no"]).only("credentials", "--token");
    let right = with(&["--token", "s3same"]);
    assert_eq!(right.failures(), ["lattice"], "{:#}", right.0);
    assert!(!right.0.to_string().contains("s3same"), "{:#}", right.0);

    // An account without JetStream.
    let accounts = "jetstream {}\naccounts { A { users: [ { user: a, password: pw } ] }, \
                    B { users: [ { user: b, password: pw } ], jetstream: enabled } }";
    let nats = NatsServer::start_real(accounts);
    let as_user = |user| {
        let args = ["--server", nats.url(), "--user", user, "--password", "pw"];
        Diagnosis::of(&env, &args)
    };
    assert_eq!(as_user("a").failures(), ["jetstream", "lattice"]);
    assert_eq!(as_user("b").failures(), ["lattice"]);

    // Messages that are too long for it.
    let narrow = NatsServer::start_with(&Setup {
        max_payload: Some(65_536),
        ..Setup::jetstream()
    });
    let _host = FakeHost::start(narrow.url(), Manners::default());
    let diagnosis = Diagnosis::of(&env, &["--server", narrow.url()]);
    assert_eq!(diagnosis.status("nats"), "warning", "{:#}", diagnosis.0);
    let said = diagnosis.check("nats").to_string();
    assert!(
        said.contains("65536 bytes only") && said.contains("max_payload: 1MB"),
        "{said}"
    );

    // It takes the connection and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    Diagnosis::of(&env, &["--server", &address]).only("address", "--nats-port 0");
}

#[test]
fn a_server_that_wants_a_client_certificate() {
    let env = TestEnv::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let cert = env.write("cert.pem", made.cert.pem());
    private(&env, "key.pem", &made.signing_key.serialize_pem(), 0o600);
    let key = env.home().join("key.pem");
    let nats = NatsServer::start_with(&Setup::tls(&cert, &key, Some(&cert)));
    let server = format!("tls://localhost:{}", nats.port());
    let args = ["--server", &server, "--tls-ca", "cert.pem"];
    Diagnosis::of(&env, &args).only("tls", "--tls-cert");
    let own = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let with = Diagnosis::of(&env, &[&args[..], &own].concat());
    assert_eq!(with.failures(), ["lattice"], "{:#}", with.0);
}

#[test]
fn a_host_whose_clock_is_wrong() {
    let env = TestEnv::new();
    let nats = NatsServer::start();
    let _host = FakeHost::start(nats.url(), Manners::default());
    let url = nats.url().to_owned();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let telling = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async_nats::connect(url)).unwrap();
        // Until the doctor has heard it.
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            let time = time::OffsetDateTime::now_utc() + time::Duration::minutes(2);
            let format = &time::format_description::well_known::Rfc3339;
            let event = json!({
                "specversion": "1.0", "id": "1", "source": "NLATE", "datacontenttype": "application/json",
                "type": "com.wasmcloud.lattice.host_heartbeat", "time": time.format(format).unwrap(),
                "data": {"friendly_name": "late", "uptime_seconds": 1},
            });
            runtime.block_on(async {
                let body = event.to_string().into();
                client.publish("wasmbus.evt.default", body).await.unwrap();
                client.flush().await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            });
        }
    });
    let diagnosis = Diagnosis::of(&env, &["--server", nats.url()]);
    drop(stop);
    telling.join().unwrap();
    diagnosis.only("clock", "time server");
    let said = diagnosis.check("clock").to_string();
    assert!(
        said.contains("host NLATE") && said.contains("ahead of us"),
        "{said}"
    );
}

#[test]
fn a_leaf_link_that_is_down() {
    let env = TestEnv::new();
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let config = format!(
        "jetstream {{ domain: core }}\nhttp: \"127.0.0.1:{port}\"\n\
         leafnodes {{ remotes [ {{ url: \"nats://127.0.0.1:1\" }} ] }}"
    );
    let nats = NatsServer::start_real(&config);
    let _host = FakeHost::start(nats.url(), Manners::default());
    let monitor = format!("http://127.0.0.1:{port}");
    let args = ["--server", nats.url(), "--monitor", &monitor];
    let diagnosis = Diagnosis::of(&env, &args);
    diagnosis.only("leaf", "7422");
    let said = diagnosis.check("leaf").to_string();
    assert!(
        said.contains("refused: nothing listens on 127.0.0.1:1"),
        "{said}"
    );
    // The monitoring of another server says nothing about this one.
    let other = NatsServer::start_real("jetstream {}");
    let _host = FakeHost::start(other.url(), Manners::default());
    let args = ["--server", other.url(), "--monitor", &monitor];
    assert_eq!(Diagnosis::of(&env, &args).status("leaf"), "skipped");
}
