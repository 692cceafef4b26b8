//! `wash nats serve`: the embedded server by itself, until a signal comes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::cli::CommandResult;
use crate::cli::output::{Answer, Page, Sentence};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::cli::signals::Signals;
use crate::config::connection::parse_duration;
use crate::config::running::Lock;
use crate::nats::embedded::{self, Running, Server, StartError, VERSION, jetstream};

use super::access::{AccessArgs, TlsArgs};
use super::limits::{LimitArgs, StreamArgs};
use super::{dir, failure};

/// Serve NATS on this machine, without a nats-server
///
/// The server in wash, which `wash up` runs where no nats-server is found, by itself: core NATS, and JetStream with
/// what key-value buckets, object stores and ordinary consumers need. It is a single node. It has no clusters, leaf
/// nodes, gateways, operators and accounts, websockets, MQTT or monitoring, and takes no configuration file; who
/// needs one of these puts nats-server in its place.
///
/// Without authentication it serves this machine alone. Ctrl-C or SIGTERM tells clients to go elsewhere, and ends
/// it a moment later.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Address to listen on; others than this machine's own need authentication
    #[arg(short = 'a', long, value_name = "HOST", default_value = "127.0.0.1", aliases = ["addr", "net"])]
    host: String,

    /// Port to listen on; 0 is any free one
    #[arg(short, long, value_name = "PORT", default_value_t = 4222)]
    port: u16,

    /// Directory of streams [default: the one that `wash up` has for this port]
    #[arg(short, long, value_name = "DIR", aliases = ["store-dir", "store_dir"])]
    dir: Option<PathBuf>,

    /// Keep nothing: streams are gone when the server ends
    #[arg(long, conflicts_with = "dir")]
    ephemeral: bool,

    /// Serve no streams, only messages
    #[arg(
        long,
        conflicts_with_all = ["dir", "ephemeral", "js_domain", "sync", "max_memory_store", "max_file_store"]
    )]
    no_jetstream: bool,

    /// Name of the server, for clients to show
    #[arg(long, value_name = "NAME", default_value = "wash", aliases = ["name", "server_name"])]
    server_name: String,

    /// How long clients may take to leave when the server is asked to stop
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = patience)]
    lame_duck: Duration,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    tls: TlsArgs,

    #[command(flatten)]
    streams: StreamArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

impl ServeArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        session.logging.start("info")?;
        session.block_on(self.serve(session))
    }

    async fn serve(self, session: &Session) -> CommandResult {
        let mut signals = Signals::install().map_err(|error| {
            CommandError::new(Kind::General, "cannot watch for signals").because(error)
        })?;
        if self.server_name.is_empty() || self.server_name.contains(char::is_whitespace) {
            let message = "--server-name must be a word, without spaces";
            return Err(CommandError::new(Kind::Usage, message));
        }
        let access = self.access.read(session)?;
        let listen = SocketAddr::new(address(&self.host).await?, self.port);
        let mut config = embedded::Config::new(listen);
        config.server_name.clone_from(&self.server_name);
        config.auth = access.auth.clone();
        config.tls = self.tls.tls();
        self.limits.apply(&mut config)?;
        let store = self.store(session)?;
        if let Some(it) = &store {
            let mut streams = jetstream::Config::new(&it.dir);
            self.streams.apply(&mut streams);
            config.jetstream = Some(streams);
        }
        let encrypted = config.tls.is_some();
        if !listen.ip().is_loopback() && access.sends_secrets() && !encrypted {
            session.output.warn(
                "passwords and tokens cross the network in the clear; encrypt them with --tls-cert and \
                 --tls-key, or let clients sign with --nkey",
            );
        }
        let ready = |server: &Running| Ready {
            url: url(server.address(), encrypted),
            address: server.address(),
            server_name: self.server_name.clone(),
            dir: store.as_ref().map(|it| it.dir.clone()),
            kept: !self.ephemeral,
            js_domain: self.streams.js_domain.clone(),
            auth: access.kinds.clone(),
            tls: encrypted,
            max_payload: config.max_payload,
        };
        let server = Server::start(config.clone()).map_err(|error| unstarted(error, listen))?;
        session.output.answer_now(&ready(&server));
        let signal = signals.next().await;
        tracing::info!("{signal}: stopping; once more to hurry");
        tokio::select! {
            () = server.shutdown(self.lame_duck) => {}
            signal = signals.next() => tracing::warn!("{signal}: not waiting any longer"),
        }
        Ok(Box::new(Sentence::new("stopped", json!({"stopped": true}))))
    }

    /// Where streams are kept, if there are any.
    fn store(&self, session: &Session) -> Result<Option<Store>, CommandError> {
        if self.no_jetstream {
            return Ok(None);
        }
        if let Some(dir) = &self.dir {
            let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
            return Ok(Some(Store::of(dir)));
        }
        if self.ephemeral {
            let scratch = tempfile::Builder::new().prefix("wash-nats-").tempdir();
            let scratch = scratch.map_err(|error| {
                let message = "cannot create a temporary directory";
                CommandError::new(Kind::General, message).because(error)
            })?;
            return Ok(Some(Store {
                dir: scratch.path().to_owned(),
                _lock: None,
                _scratch: Some(scratch),
            }));
        }
        let Some(dirs) = &session.dirs else {
            let message = "there is no home directory to keep streams in";
            return Err(CommandError::new(Kind::General, message)
                .hint("name one with --dir, set HOME or WASH_HOME, or keep nothing: --ephemeral"));
        };
        let Some((dir, lock)) = dir::take(&dirs.state.join("nats"), self.port)? else {
            let message = format!("another server keeps the streams of port {}", self.port);
            return Err(CommandError::new(Kind::Ambiguous, message)
                .hint("see `wash status`, or name another directory with --dir"));
        };
        Ok(Some(Store {
            dir: dir::embedded(&dir),
            _lock: Some(lock),
            _scratch: None,
        }))
    }
}

/// A directory of streams, and what holds it for us.
struct Store {
    dir: PathBuf,
    _lock: Option<Lock>,
    _scratch: Option<TempDir>,
}

impl Store {
    fn of(dir: PathBuf) -> Self {
        Self {
            dir,
            _lock: None,
            _scratch: None,
        }
    }
}

/// The address that a host has on this machine.
async fn address(host: &str) -> Result<IpAddr, CommandError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(it) = bare.parse() {
        return Ok(it);
    }
    let unusable = || {
        CommandError::new(Kind::Usage, format!("'{host}' is no address to listen on"))
            .hint("give an address of this machine, without a port: --host 127.0.0.1 --port 4222")
    };
    let found = tokio::net::lookup_host((bare, 0)).await;
    let found: Vec<_> = found.map_err(|error| unusable().because(error))?.collect();
    let best = found.iter().find(|it| it.is_ipv4()).or(found.first());
    best.map(SocketAddr::ip).ok_or_else(unusable)
}

/// How clients on this machine reach a server.
fn url(address: SocketAddr, encrypted: bool) -> String {
    let mut reachable = address;
    match address.ip() {
        IpAddr::V4(it) if it.is_unspecified() => reachable.set_ip([127, 0, 0, 1].into()),
        IpAddr::V6(it) if it.is_unspecified() => reachable.set_ip([0, 0, 0, 0, 0, 0, 0, 1].into()),
        _ => {}
    }
    match encrypted {
        true => format!("tls://{reachable}"),
        false => format!("nats://{reachable}"),
    }
}

fn unstarted(error: StartError, listen: SocketAddr) -> CommandError {
    let hint = match &error {
        StartError::Auth(_) => Some(
            "authentication is --nkey KEY, --token-file FILE, or --user NAME --password-file FILE"
                .to_owned(),
        ),
        StartError::Listen { reason, .. } => Some(match reason.kind() {
            io::ErrorKind::AddrInUse => format!(
                "if it is NATS, `wash up --nats-port {}` and other commands use it; else any free port is --port 0",
                listen.port()
            ),
            io::ErrorKind::PermissionDenied => "ports below 1024 are not for everybody".to_owned(),
            _ => "give an address of this machine with --host".to_owned(),
        }),
        StartError::JetStream(jetstream::StartError::Domain(_)) => None,
        StartError::JetStream(_) => Some("name another directory with --dir".to_owned()),
        _ => None,
    };
    let error = failure::unstarted(error);
    match hint {
        Some(it) => error.hint(it),
        None => error,
    }
}

/// Like other times, but that 0 is at once.
fn patience(text: &str) -> Result<Duration, String> {
    match text.trim() {
        "0" | "0s" => Ok(Duration::ZERO),
        text => parse_duration(text),
    }
}

/// A server that listens, for people and programs.
struct Ready {
    url: String,
    address: SocketAddr,
    server_name: String,
    dir: Option<PathBuf>,
    kept: bool,
    js_domain: Option<String>,
    auth: Vec<&'static str>,
    tls: bool,
    max_payload: usize,
}

impl Answer for Ready {
    fn fields(&self) -> Map<String, Value> {
        let fields = json!({
            "url": self.url,
            "host": self.address.ip(),
            "port": self.address.port(),
            "pid": std::process::id(),
            "server_name": self.server_name,
            "version": VERSION,
            "kind": "embedded",
            "single_node": true,
            "jetstream": self.dir.is_some(),
            "js_domain": self.js_domain,
            "dir": self.dir,
            "ephemeral": self.dir.is_some() && !self.kept,
            "auth": self.auth,
            "tls": self.tls,
            "max_payload": self.max_payload,
        });
        match fields {
            Value::Object(it) => it,
            _ => Map::new(),
        }
    }

    fn text(&self, _: &Page) -> String {
        let who = match self.address.ip().is_loopback() {
            true => "for this machine alone".to_owned(),
            false => format!("on {}", self.address),
        };
        let access = match self.auth.as_slice() {
            [] => "anybody on this machine".to_owned(),
            kinds => format!("whoever shows the right {}", kinds.join(" or ")),
        };
        let encrypted = if self.tls { ", over TLS" } else { "" };
        let streams = match &self.dir {
            Some(_) if !self.kept => "kept until the server ends".to_owned(),
            Some(dir) => Path::display(dir).to_string(),
            None => "none".to_owned(),
        };
        [
            format!(
                "NATS     {} (embedded in wash, a single node, {who})",
                self.url
            ),
            format!("Access   {access}{encrypted}"),
            format!("Streams  {streams}"),
            "Stop     Ctrl-C".to_owned(),
        ]
        .join("\n")
    }

    fn names(&self) -> Vec<String> {
        vec![self.url.clone()]
    }
}
