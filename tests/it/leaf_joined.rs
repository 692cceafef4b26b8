//! A server that is to be a leaf, what is said of it, and what hubs need: for tests of broken set-ups.
#![cfg(unix)]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::env::{Output, TestEnv};
use crate::hub::Server;
use crate::leaf::private;

/// An authority, and what it signed for 127.0.0.1 (`leaf.pem`), for another name (`other.pem`) and until long ago
/// (`old.pem`), each with its key.
pub(crate) fn certificates(env: &TestEnv, folder: &str) -> PathBuf {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let write = |name: &str, text: String| {
        let path = env.write(&format!("{folder}/{name}"), text);
        private(&path);
    };
    write("ca.pem", authority.pem());
    for (name, host, until) in [
        ("leaf", "127.0.0.1", 4000),
        ("other", "hub.example", 4000),
        ("old", "127.0.0.1", 2020),
    ] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &authority).unwrap();
        write(&format!("{name}.pem"), certificate.pem());
        write(&format!("{name}.key"), key.serialize_pem());
    }
    env.home().join(folder)
}

/// A listener that greets with this, and then says nothing.
pub(crate) fn greeter(text: &'static [u8]) -> String {
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

/// A server that is to be a leaf, as its owner would run it.
pub(crate) struct Leaf {
    server: Server,
    config: PathBuf,
}

impl Leaf {
    /// With a configuration of `wash leaf config`.
    pub(crate) fn start(env: &TestEnv, domain: &str, hub: &[&str]) -> Self {
        let file = format!("{domain}.cfg");
        let args = [
            "leaf",
            "config",
            "--domain",
            domain,
            "--port",
            "0",
            "--http-port",
            "0",
            "--force",
            "-o",
            &file,
            "--remote",
        ];
        let _ = env.run(&[&args[..], hub].concat()).success();
        Self::with(env, &env.home().join(file))
    }

    /// With a configuration of its owner's.
    pub(crate) fn with(env: &TestEnv, config: &Path) -> Self {
        Self {
            server: Server::with(env, config),
            config: config.to_owned(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.server.port())
    }

    fn run(&self, env: &TestEnv, command: &[&str], more: &[&str]) -> Output {
        let url = self.url();
        let own = [
            "--config",
            self.config.to_str().unwrap(),
            "--server",
            &url,
            "--monitor",
            self.server.monitor(),
            "-o",
            "json",
        ];
        env.run(&[command, &own, more].concat())
    }

    pub(crate) fn check(&self, env: &TestEnv, more: &[&str]) -> Output {
        self.run(env, &["leaf", "check"], more)
    }

    pub(crate) fn doctor(&self, env: &TestEnv, more: &[&str]) -> Output {
        self.run(env, &["doctor"], more)
    }
}

/// Panics unless a line of a check or a diagnosis with this status says all this.
#[track_caller]
pub(crate) fn assert_said(output: &Output, name: &str, status: &str, said: &[&str]) {
    let document = output.json();
    let line = |it: &&Value| (it["check"] == name || it["name"] == name) && it["status"] == status;
    let lines: Vec<&Value> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(line)
        .collect();
    let text = format!("{lines:?}");
    for it in said {
        assert!(text.contains(it), "no '{it}' in {name}: {output}");
    }
    for secret in [PASSWORD, "-----BEGIN"] {
        assert!(!output.to_string().contains(secret), "{output}");
    }
}

/// Of every login that is right, or almost.
pub(crate) const PASSWORD: &str = "s3same-street";
