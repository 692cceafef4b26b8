//! A running server: start, readiness, death, stop.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::binary::Binary;
use super::conf::Conf;
use super::greeting::{Greeting, greet};
use super::process::{ProcessId, Signal};

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    pub binary: Binary,
    /// Address to listen on, without the port.
    pub host: String,
    /// 0 lets the kernel choose.
    pub port: u16,
    /// Holds configuration, log and JetStream store; one server at a time.
    pub dir: PathBuf,
    /// JetStream domain.
    pub domain: Option<String>,
    pub server_name: String,
    /// How long it may take until it accepts connections. A large store takes a while to recover.
    pub ready_timeout: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("{address} is in use by another program")]
    PortTaken { address: String },
    #[error("cannot listen on {address}: {reason}")]
    Listen { address: String, reason: String },
    #[error("cannot write {path}: {reason}")]
    File { path: PathBuf, reason: io::Error },
    #[error("cannot run {path}: {reason}")]
    Spawn { path: PathBuf, reason: io::Error },
    #[error("nats-server ended while starting ({status}){}", quoted(.log))]
    Ended { status: String, log: Vec<String> },
    #[error("nats-server was not ready within {limit:?}{}", quoted(.log))]
    NotReady { limit: Duration, log: Vec<String> },
    #[error("nats-server runs without JetStream{}", quoted(.log))]
    NoJetStream { log: Vec<String> },
}

/// A server ended although nobody asked it to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nats-server ended ({status}){}", quoted(.log))]
pub struct Death {
    pub status: String,
    /// The last lines of its log.
    pub log: Vec<String>,
}

/// A nats-server that is our child and answers. Dropping it kills it.
#[must_use = "dropping it ends the server"]
#[derive(Debug)]
pub struct Server {
    address: String,
    greeting: Greeting,
    process: ProcessId,
    log: PathBuf,
    stop: CancellationToken,
    death: watch::Receiver<Option<Death>>,
    keeper: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server and returns once it accepts connections and has JetStream.
    ///
    /// Call it on a thread that outlives the server: where the system offers it, the server is told to end when
    /// that thread does, so that it does not survive us.
    ///
    /// # Errors
    /// Every variant of [`StartError`].
    pub async fn start(config: Config) -> Result<Self, StartError> {
        check_address(&config).await?;
        let files = Files::create(&config)?;
        let log_before = fs::metadata(&files.log).map_or(0, |it| it.len());
        let mut child = spawn(&config, &files)?;
        let pid = child.id().unwrap_or_default();
        let ready = Ready {
            config: &config,
            files: &files,
            log_before,
            pid,
        };
        let (address, greeting) = match ready.wait(&mut child).await {
            Ok(it) => it,
            Err(error) => {
                let _ = child.kill().await;
                return Err(error);
            }
        };
        let process = ProcessId::of(pid).unwrap_or(ProcessId { pid, started: 0 });
        let stop = CancellationToken::new();
        let (tell, death) = watch::channel(None);
        let keeper = Keeper {
            child,
            process,
            log: files.log.clone(),
            log_before,
            stop: stop.clone(),
            tell,
        };
        Ok(Self {
            address,
            greeting,
            process,
            log: files.log,
            stop,
            death,
            keeper: Some(tokio::spawn(keeper.run())),
        })
    }

    /// `host:port`, as really bound.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    pub fn process(&self) -> ProcessId {
        self.process
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until the server has ended although nobody asked it to.
    pub async fn died(&self) -> Death {
        let mut death = self.death.clone();
        let told = death.wait_for(Option::is_some).await;
        match told.ok().and_then(|it| it.clone()) {
            Some(it) => it,
            // Stopped on request: it will never die.
            None => std::future::pending().await,
        }
    }

    /// Asks the server to end, kills it after `grace`, and returns once it is gone.
    pub async fn shutdown(mut self, grace: Duration) {
        self.stop.cancel();
        if let Some(keeper) = &mut self.keeper
            && tokio::time::timeout(grace, &mut *keeper).await.is_err()
        {
            // Its drop kills the child; waiting for that is the kernel's.
            keeper.abort();
            let _ = keeper.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}

/// The task that owns the child.
struct Keeper {
    child: Child,
    process: ProcessId,
    log: PathBuf,
    log_before: u64,
    stop: CancellationToken,
    tell: watch::Sender<Option<Death>>,
}

impl Keeper {
    async fn run(mut self) {
        tokio::select! {
            status = self.child.wait() => {
                let death = Death {
                    status: describe(status),
                    log: last_lines(&self.log, self.log_before),
                };
                self.tell.send_replace(Some(death));
                return;
            }
            () = self.stop.cancelled() => {}
        }
        self.process.signal(Signal::Terminate);
        let _ = self.child.wait().await;
    }
}

/// Waits for the first sign of life that counts: the file with the bound addresses, then a greeting.
struct Ready<'a> {
    config: &'a Config,
    files: &'a Files,
    log_before: u64,
    pid: u32,
}

/// Short, because it is most of the time that a start takes.
const POLL: Duration = Duration::from_millis(5);

/// The greeting of a server on this machine.
const GREETING_LIMIT: Duration = Duration::from_secs(5);

impl Ready<'_> {
    async fn wait(&self, child: &mut Child) -> Result<(String, Greeting), StartError> {
        let limit = self.config.ready_timeout;
        tokio::select! {
            status = child.wait() => Err(self.ended(status)),
            found = self.answer() => {
                if found.1.jetstream {
                    Ok(found)
                } else {
                    Err(StartError::NoJetStream { log: self.log() })
                }
            }
            () = tokio::time::sleep(limit) => Err(StartError::NotReady { limit, log: self.log() }),
        }
    }

    async fn answer(&self) -> (String, Greeting) {
        loop {
            if let Some(port) = bound_port(&self.files.ports, self.pid) {
                let address = join(reachable(&self.config.host), port);
                if let Ok(greeting) = greet(&address, GREETING_LIMIT).await {
                    return (address, greeting);
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn ended(&self, status: io::Result<ExitStatus>) -> StartError {
        let log = self.log();
        if log.iter().any(|it| it.contains("address already in use")) {
            return StartError::PortTaken {
                address: join(&self.config.host, self.config.port),
            };
        }
        StartError::Ended {
            status: describe(status),
            log,
        }
    }

    fn log(&self) -> Vec<String> {
        last_lines(&self.files.log, self.log_before)
    }
}

/// The server's files in its directory.
struct Files {
    conf: PathBuf,
    log: PathBuf,
    ports: PathBuf,
}

/// A log above this is set aside at the next start. Bytes.
const LOG_LIMIT: u64 = 10 << 20;

impl Files {
    fn create(config: &Config) -> Result<Self, StartError> {
        let dir = &config.dir;
        let files = Self {
            conf: dir.join("nats.conf"),
            log: dir.join("nats.log"),
            ports: dir.join("ports"),
        };
        // A server that was killed leaves its file behind.
        if let Err(error) = fs::remove_dir_all(&files.ports)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(file_error(&files.ports)(error));
        }
        let store = dir.join("jetstream");
        for folder in [dir, &files.ports, &store] {
            create_private_dir(folder).map_err(file_error(folder))?;
        }
        if fs::metadata(&files.log).is_ok_and(|it| it.len() > LOG_LIMIT) {
            let old = dir.join("nats.log.old");
            fs::rename(&files.log, &old).map_err(file_error(&old))?;
        }
        let text = Conf {
            host: &config.host,
            port: config.port,
            server_name: &config.server_name,
            store: &store,
            domain: config.domain.as_deref(),
            log: &files.log,
            ports: &files.ports,
        }
        .text();
        write_private(&files.conf, &text).map_err(file_error(&files.conf))?;
        Ok(files)
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> StartError {
    let path = path.to_owned();
    |reason| StartError::File { path, reason }
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // Temporary files are 0600 from the start.
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// The server reports a taken port only in its log; asking first names the reason.
async fn check_address(config: &Config) -> Result<(), StartError> {
    let address = join(&config.host, config.port);
    match tokio::net::TcpListener::bind(&address).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Err(StartError::PortTaken { address })
        }
        Err(error) => Err(StartError::Listen {
            address,
            reason: error.to_string(),
        }),
    }
}

fn spawn(config: &Config, files: &Files) -> Result<Child, StartError> {
    let path = &config.binary.path;
    // What goes wrong before the server opens its log ends up there as well.
    let log = File::options().create(true).append(true).open(&files.log);
    let log = log.map_err(file_error(&files.log))?;
    let errors = log.try_clone().map_err(file_error(&files.log))?;
    let mut command = Command::new(path);
    command
        .arg("--config")
        .arg(&files.conf)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .kill_on_drop(true);
    // Its own group: Ctrl-C in the terminal is ours to handle, and the server ends last.
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(target_os = "linux")]
    end_with_us(&mut command);
    command.spawn().map_err(|reason| StartError::Spawn {
        path: path.clone(),
        reason,
    })
}

/// Has the kernel end the child when we die, however we die.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the one way to run code between fork and exec")]
fn end_with_us(command: &mut Command) {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    let parent = i32::try_from(std::process::id()).ok();
    let hook = move || {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        // We may have died before that took effect.
        if getppid().map(rustix::process::Pid::as_raw_pid) != parent {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(())
    };
    // SAFETY: the hook makes two system calls; it neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(hook);
    }
}

/// The port in the file that a ready server writes, `{program}_{pid}.ports`.
fn bound_port(dir: &Path, pid: u32) -> Option<u16> {
    #[derive(serde::Deserialize)]
    struct Ports {
        nats: Vec<String>,
    }
    let suffix = format!("_{pid}.ports");
    let file = fs::read_dir(dir)
        .ok()?
        .flatten()
        .find(|it| it.file_name().to_string_lossy().ends_with(&suffix))?;
    let ports: Ports = serde_json::from_slice(&fs::read(file.path()).ok()?).ok()?;
    ports.nats.first()?.rsplit_once(':')?.1.parse().ok()
}

/// Where a server that listens on every address is reached from here.
fn reachable(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}

/// `host:port`, with brackets around IPv6.
fn join(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn describe(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(it) => it.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Enough to see what happened, little enough to read.
const LAST_LINES: usize = 5;

/// Bytes of a log that are looked at.
const LOG_TAIL: u64 = 64 * 1024;

/// The last lines that were written after `from`; complaints only, if there are any.
fn last_lines(path: &Path, from: u64) -> Vec<String> {
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(
            from.max(end.saturating_sub(LOG_TAIL)).min(end),
        ))?;
        let mut bytes = Vec::new();
        file.take(LOG_TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let bad = |it: &&str| it.contains("[FTL]") || it.contains("[ERR]") || !it.starts_with('[');
    let mut lines: Vec<&str> = text.lines().filter(bad).collect();
    if lines.is_empty() {
        lines = text.lines().collect();
    }
    let skip = lines.len().saturating_sub(LAST_LINES);
    lines
        .into_iter()
        .skip(skip)
        .map(|it| it.trim().to_owned())
        .collect()
}

/// Lines of a log at the end of a message.
fn quoted(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    async fn config(dir: &Path) -> Config {
        let wanted = std::env::var_os("WASH_NATS_SERVER").map(PathBuf::from);
        let path = std::env::var_os("PATH");
        Config {
            binary: Binary::find(wanted.as_deref(), path.as_deref())
                .await
                .unwrap(),
            host: "127.0.0.1".to_owned(),
            port: 0,
            dir: dir.to_owned(),
            domain: None,
            server_name: "wash \"test\" \\ $x".to_owned(),
            ready_timeout: LIMIT,
        }
    }

    #[tokio::test]
    async fn a_server_starts_answers_keeps_its_store_and_stops() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a \"quoted\" dir # $HOME");
        let mut config = config(&dir).await;
        config.domain = Some("core".to_owned());
        let server = Server::start(config.clone()).await.unwrap();
        assert_eq!(server.greeting().server_name, config.server_name);
        assert_eq!(server.greeting().domain.as_deref(), Some("core"));
        assert!(server.process().is_running());
        assert!(dir.join("jetstream").join("jetstream").is_dir());
        let (process, address) = (server.process(), server.address().to_owned());
        server.shutdown(LIMIT).await;
        assert!(!process.is_running());
        assert!(greet(&address, LIMIT).await.is_err());
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.join("nats.conf")), 0o600);
        assert_eq!(mode(&dir), 0o700);
    }

    #[tokio::test]
    async fn a_death_is_noticed_and_told() {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(config(dir.path()).await).await.unwrap();
        assert!(server.process().signal(Signal::Kill));
        let death = tokio::time::timeout(LIMIT, server.died()).await.unwrap();
        assert!(death.status.contains('9'), "{death}");
        assert!(!death.log.is_empty());
        server.shutdown(LIMIT).await;
    }

    #[tokio::test]
    async fn dropping_a_server_kills_it() {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(config(dir.path()).await).await.unwrap();
        let process = server.process();
        drop(server);
        assert!(process.gone_within(LIMIT).await);
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path()).await;
        config.port = taken.local_addr().unwrap().port();
        match Server::start(config.clone()).await {
            Err(StartError::PortTaken { address }) => {
                assert_eq!(address, format!("127.0.0.1:{}", config.port));
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_used_is_told_in_the_servers_words() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("jetstream")).unwrap();
        fs::write(dir.path().join("jetstream").join("jetstream"), "a file").unwrap();
        match Server::start(config(dir.path()).await).await {
            Err(error @ StartError::Ended { .. }) => {
                assert!(error.to_string().contains("JetStream"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}
