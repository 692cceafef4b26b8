//! A NATS server per test: a port that the kernel picked, its own store, gone when dropped.
//!
//! Which one, `WASH_NATS_SERVER` says: the path of a nats-server, or `embedded` for `wash nats serve`. The tests are
//! the same for all.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// In place of a path in `WASH_NATS_SERVER`: the server in `wash`.
const EMBEDDED: &str = "embedded";

#[derive(Debug)]
pub(crate) struct NatsServer {
    program: Program,
    child: Child,
    dir: TempDir,
    url: String,
}

/// What a server is to have; any kind of server can.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) jetstream: bool,
    pub(crate) domain: Option<&'static str>,
    pub(crate) login: Option<Login>,
    pub(crate) tls: Option<Tls>,
    /// Bytes of one message.
    pub(crate) max_payload: Option<u32>,
}

/// What a client has to show.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    Token(&'static str),
    User(&'static str, &'static str),
}

/// Files in PEM.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Clients show a certificate that this one has signed.
    pub(crate) client_ca: Option<PathBuf>,
}

#[derive(Debug)]
enum Program {
    /// `nats-server`, with a configuration in the server's directory.
    Real,
    /// `wash nats serve`.
    Embedded(Setup),
}

impl NatsServer {
    /// With JetStream.
    pub(crate) fn start() -> Self {
        Self::start_with(&Setup::jetstream())
    }

    /// Without JetStream.
    pub(crate) fn start_bare() -> Self {
        Self::start_with(&Setup::default())
    }

    pub(crate) fn start_with(setup: &Setup) -> Self {
        if is_embedded() {
            let dir = tempfile::tempdir().unwrap();
            Self::launch(Program::Embedded(setup.clone()), dir)
        } else {
            Self::start_real(&setup.text())
        }
    }

    /// A real nats-server in any case, for what no other has: leaf nodes, accounts, permissions. With this
    /// configuration, besides address, port and store.
    pub(crate) fn start_real(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("nats.conf"), config).unwrap();
        Self::launch(Program::Real, dir)
    }

    fn launch(program: Program, dir: TempDir) -> Self {
        let child = program.spawn(dir.path(), None);
        let mut server = Self {
            program,
            child,
            dir,
            url: String::new(),
        };
        server.url = server.started();
        server
    }

    /// Ends the server at once; its store stays.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(self.program.told(self.dir.path(), &self.child));
    }

    /// Starts the server again after [`Self::stop`]: same port, same store.
    pub(crate) fn start_again(&mut self) {
        let port = self.port().to_owned();
        self.child = self.program.spawn(self.dir.path(), Some(&port));
        self.url = self.started();
    }

    /// The server's address, as soon as it listens.
    fn started(&mut self) -> String {
        let told = self.program.told(self.dir.path(), &self.child);
        let give_up = Instant::now() + Duration::from_secs(30);
        loop {
            // The file can be there before all of it is written.
            let found = std::fs::read(&told)
                .ok()
                .and_then(|text| serde_json::from_slice::<Value>(&text).ok())
                .and_then(|it| self.program.url(&it));
            if let Some(url) = found {
                return url;
            }
            assert!(Instant::now() < give_up, "NATS does not start");
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("NATS ended with {status}: {}", self.complaint());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn complaint(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("stderr")).unwrap_or_default()
    }

    /// `nats://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit_once(':').unwrap().1
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Program {
    fn spawn(&self, dir: &Path, port: Option<&str>) -> Child {
        let mut command = match self {
            Self::Real => {
                let mut command = Command::new(binary());
                command
                    .args(["-a", "127.0.0.1", "-p", port.unwrap_or("-1"), "-c"])
                    .arg(dir.join("nats.conf"))
                    .arg("--ports_file_dir")
                    .arg(dir)
                    .arg("-sd")
                    .arg(dir.join("store"))
                    .stdout(Stdio::null());
                command
            }
            Self::Embedded(setup) => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_wash"));
                command
                    .args(["nats", "serve", "-o", "json", "--port", port.unwrap_or("0")])
                    .args(setup.args(&dir.join("store")))
                    .env_clear()
                    .env("WASH_HOME", dir)
                    .stdout(File::create(dir.join("stdout")).unwrap());
                command
            }
        };
        let complaints = File::create(dir.join("stderr")).unwrap();
        command.stdin(Stdio::null()).stderr(complaints);
        command.spawn().unwrap()
    }

    /// Where the server writes what it listens on.
    fn told(&self, dir: &Path, child: &Child) -> PathBuf {
        match self {
            Self::Real => dir.join(format!("nats-server_{}.ports", child.id())),
            Self::Embedded(_) => dir.join("stdout"),
        }
    }

    fn url(&self, told: &Value) -> Option<String> {
        let url = match self {
            Self::Real => told.get("nats")?.get(0)?.as_str()?,
            // As nats-server writes it, also with TLS.
            Self::Embedded(_) => return Some(format!("nats://127.0.0.1:{}", told.get("port")?)),
        };
        Some(url.to_owned())
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Setup {
    /// With JetStream, and nothing else.
    pub(crate) fn jetstream() -> Self {
        Self {
            jetstream: true,
            ..Self::default()
        }
    }

    /// With JetStream, for who shows this.
    pub(crate) fn login(login: Login) -> Self {
        Self {
            login: Some(login),
            ..Self::jetstream()
        }
    }

    /// With JetStream, encrypted.
    pub(crate) fn tls(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> Self {
        Self {
            tls: Some(Tls {
                certificate: certificate.to_owned(),
                key: key.to_owned(),
                client_ca: client_ca.map(Path::to_owned),
            }),
            ..Self::jetstream()
        }
    }

    /// As nats-server reads it.
    fn text(&self) -> String {
        let mut lines = Vec::new();
        if self.jetstream {
            let domain = self.domain.map(|it| format!("domain: {it}"));
            lines.push(format!("jetstream {{ {} }}", domain.unwrap_or_default()));
        }
        lines.extend(self.login.as_ref().map(|it| match it {
            Login::Token(it) => format!("authorization {{ token: {it:?} }}"),
            Login::User(name, password) => {
                format!("authorization {{ user: {name:?}, password: {password:?} }}")
            }
        }));
        lines.extend(self.tls.as_ref().map(|it| {
            let ca = it.client_ca.as_ref();
            let ca = ca.map(|it| format!(", ca_file: {it:?}, verify: true"));
            let (certificate, key) = (&it.certificate, &it.key);
            let ca = ca.unwrap_or_default();
            format!("tls {{ cert_file: {certificate:?}, key_file: {key:?}{ca} }}")
        }));
        lines.extend(self.max_payload.map(|it| format!("max_payload: {it}")));
        lines.join("\n")
    }

    /// As `wash nats serve` takes it.
    fn args(&self, store: &Path) -> Vec<String> {
        let mut args = Vec::new();
        let mut flag = |name: &str, value: &str| args.extend([name.to_owned(), value.to_owned()]);
        if self.jetstream {
            flag("--dir", store.to_str().unwrap());
        }
        if let Some(it) = self.domain {
            flag("--js-domain", it);
        }
        match self.login {
            Some(Login::Token(it)) => flag("--token", it),
            Some(Login::User(name, password)) => {
                flag("--user", name);
                flag("--password", password);
            }
            None => {}
        }
        if let Some(it) = &self.tls {
            flag("--tls-cert", it.certificate.to_str().unwrap());
            flag("--tls-key", it.key.to_str().unwrap());
            if let Some(ca) = &it.client_ca {
                flag("--tls-ca", ca.to_str().unwrap());
            }
        }
        if let Some(it) = self.max_payload {
            flag("--max-payload", &it.to_string());
        }
        if !self.jetstream {
            args.push("--no-jetstream".to_owned());
        }
        args
    }
}

/// The tests run on the server in `wash`.
pub(crate) fn is_embedded() -> bool {
    std::env::var_os("WASH_NATS_SERVER").is_some_and(|it| it == EMBEDDED)
}

/// The nats-server at `WASH_NATS_SERVER`, else the first on `PATH`, else where Debian keeps it.
pub(crate) fn binary() -> PathBuf {
    let given = std::env::var_os("WASH_NATS_SERVER");
    if let Some(path) = given.filter(|it| it != EMBEDDED) {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/bin".into()])
        .map(|dir| dir.join("nats-server"))
        .find(|path| path.is_file())
        .expect("no nats-server: install one or set WASH_NATS_SERVER")
}
