//! Debian's `docker-registry` for tests: its own port, its own store, gone when dropped.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Far above what a loaded machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "s3cret-word";

/// As `htpasswd -nbB` writes it for the two above.
const HTPASSWD: &str = "ann:$2y$05$E6kZk.eQSpcljhVt1N7YlOVu2mFtp87xm79EIdt1Zd7xvvIsIc5P2\n";

/// A running registry on a loopback port that the kernel picked.
pub(crate) struct Registry {
    child: Child,
    dir: tempfile::TempDir,
    pub(crate) host: String,
}

/// What a registry insists on.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wants {
    pub(crate) tls: bool,
    pub(crate) login: bool,
}

impl Registry {
    pub(crate) fn start(wants: Wants) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        let mut config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http:\n  addr: 127.0.0.1:0\n  secret: x\n",
            path("store")
        );
        if wants.tls {
            let (authority, certificate, key) = issue();
            std::fs::write(path("ca.pem"), authority).unwrap();
            std::fs::write(path("cert.pem"), certificate).unwrap();
            std::fs::write(path("key.pem"), key).unwrap();
            let tls = format!(
                "certificate: {}, key: {}",
                path("cert.pem"),
                path("key.pem")
            );
            config += &format!("  tls: {{{tls}}}\n");
        }
        if wants.login {
            std::fs::write(path("htpasswd"), HTPASSWD).unwrap();
            let htpasswd = path("htpasswd");
            config += &format!("auth: {{htpasswd: {{realm: r, path: {htpasswd}}}}}\n");
        }
        std::fs::write(path("config.yml"), config).unwrap();
        let mut child = Command::new("docker-registry")
            .args(["serve", &path("config.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry is installed (scripts/test does)");
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (send, listening) = mpsc::channel();
        // Reads on until the end, so that the registry never waits for its log.
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let end = rest.find([',', '"']).unwrap();
                    let _ = send.send(rest[..end].to_owned());
                }
            }
        });
        let host = listening.recv_timeout(PATIENCE).unwrap();
        Self { child, dir, host }
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    pub(crate) fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.host)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Authority, certificate and key, in PEM.
fn issue() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let server = CertificateParams::new(names).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = server.signed_by(&key, &authority).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}
