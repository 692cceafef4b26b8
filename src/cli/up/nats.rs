//! The NATS that a host uses: one that answers already, else a child of ours, else the server in this program.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::nats::{dir, failure, find_server};
use crate::cli::report::{CommandError, Kind};
use crate::config::host::NatsKind;
use crate::config::running::Lock;
use crate::nats::{
    Config, FindError, Greeting, GreetingError, Own, Server, StartError, embedded, greet,
};

use super::domain;
use super::left;
use super::plan::{Plan, join};

/// Where NATS is, and whose.
#[derive(Debug)]
pub(super) struct Nats {
    /// `host:port`, or a URL if that was given.
    pub(super) address: String,
    /// None if it was there already.
    pub(super) child: Option<Child>,
    /// Where the server that was started keeps its streams.
    pub(super) dir: Option<PathBuf>,
    /// The server in this process, and the lock on its directory.
    embedded: Option<(embedded::Running, Lock)>,
}

/// Our server, and the lock on its directory.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) server: Server,
    _lock: Lock,
}

impl Child {
    pub(super) fn log_hint(&self) -> String {
        format!("the log of NATS is {}", self.server.log().display())
    }
}

/// A server on this machine greets at once; one far away may take a moment.
const GREETING_LIMIT: Duration = Duration::from_secs(3);

/// In place of a path: the server in this program, even where there is another.
const EMBEDDED: &str = "embedded";

/// How long clients of the embedded server may take to leave.
const FAREWELL: Duration = Duration::from_millis(500);

/// How often somebody else's start is looked at.
const POLL: Duration = Duration::from_millis(50);

impl Nats {
    /// Uses what answers, else starts a server. Waits for another `wash up` that is about to start one.
    pub(super) async fn find_or_start(plan: &Plan, limit: Duration) -> Result<Self, CommandError> {
        let nats = &plan.settings.nats;
        let (host, port) = (&nats.host.value, nats.port.value);
        let address = join(reachable(host), port);
        let host = reachable(host);
        // Only a plain host is a place where a server can be started; a port of its own or a scheme is a URL.
        let plain = address
            .rsplit_once(':')
            .is_some_and(|(it, _)| it.trim_matches(['[', ']']) == host);
        let needs_own = !plan.remotes.is_empty() || plan.own.is_some();
        if needs_own && !plain {
            let message = format!("a server cannot be started at {address}, and a leaf needs one");
            return Err(CommandError::new(Kind::Usage, message)
                .hint("give --nats-host as a plain address of this machine"));
        }
        if needs_own && nats.kind == NatsKind::Embedded {
            return Err(no_leaf());
        }
        if nats.connect_only || !plain {
            return Ok(Self::there(address));
        }
        let turn = tokio::time::timeout(limit, Turn::wait(plan, &address)).await;
        match turn {
            Ok(Ok(Turn::There(_))) if needs_own => Err(no_room(&address)),
            Ok(Ok(Turn::There(greeting))) => match unfit(nats.kind, greeting.as_ref(), &address) {
                None => Ok(Self::there(address)),
                Some(error) => Err(error),
            },
            Ok(Ok(Turn::Ours(dir, lock))) => start(plan, dir, lock, limit).await,
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let message = format!(
                    "another `wash up`, or `wash nats serve`, has not made NATS at {address} ready"
                );
                Err(CommandError::new(Kind::Timeout, message).hint("see `wash status`"))
            }
        }
    }

    /// Somebody else's.
    fn there(address: String) -> Self {
        Self {
            address,
            child: None,
            dir: None,
            embedded: None,
        }
    }

    /// Whether this process is the server.
    pub(super) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Stops the server if it is ours.
    pub(super) async fn stop(self, grace: Duration) {
        if let Some(child) = self.child {
            child.server.shutdown(grace).await;
        }
        if let Some((server, _lock)) = self.embedded {
            server.shutdown(FAREWELL.min(grace)).await;
        }
    }
}

/// What is to be done about NATS.
enum Turn {
    /// A server that has said this, unless it waits for TLS first.
    There(Option<Greeting>),
    /// Start one in this directory.
    Ours(PathBuf, Lock),
}

impl Turn {
    /// Waits for as long as another `wash up` is about to start one.
    async fn wait(plan: &Plan, address: &str) -> Result<Self, CommandError> {
        let port = plan.settings.nats.port.value;
        loop {
            if port != 0
                && let Some(greeting) = answers(plan, address).await?
            {
                return Ok(Self::There(greeting));
            }
            if let Some((dir, lock)) = dir::take(&plan.nats_dir, port)? {
                return Ok(Self::Ours(dir, lock));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Where a server that listens on every address is asked whether it is there.
fn reachable(host: &str) -> &str {
    match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        host => host,
    }
}

fn no_room(address: &str) -> CommandError {
    let message =
        format!("a NATS server runs at {address} already, and a leaf needs one of its own");
    CommandError::new(Kind::Ambiguous, message)
        .hint("start one on any free port: --nats-port 0")
        .hint("if that server is the leaf already, leave --leaf-remote and --bundle out")
}

/// Why the server that is there is not the one that was asked for.
fn unfit(kind: NatsKind, greeting: Option<&Greeting>, address: &str) -> Option<CommandError> {
    let version = greeting.map(|it| it.version.as_str());
    let is_embedded = version.is_some_and(embedded::is_version);
    let message = match kind {
        NatsKind::Embedded if !is_embedded => format!(
            "nats-server {} answers at {address}, and --nats embedded asks for the server in wash",
            version.unwrap_or_default()
        ),
        NatsKind::Server if is_embedded => format!(
            "the server in wash answers at {address}, and --nats server asks for nats-server"
        ),
        _ => return None,
    };
    Some(
        CommandError::new(Kind::Ambiguous, message)
            .hint("start one on any free port: --nats-port 0")
            .hint("or use the one that is there: --nats auto"),
    )
}

fn no_leaf() -> CommandError {
    let message = "the embedded NATS server is no leaf and takes no configuration";
    CommandError::new(Kind::Refused, message)
        .hint("install nats-server (`wash nats install`), or name one with --nats-server PATH")
}

/// What NATS says that is there. Something else that listens is an error, unless the connection may need TLS first.
async fn answers(plan: &Plan, address: &str) -> Result<Option<Option<Greeting>>, CommandError> {
    match greet(address, GREETING_LIMIT).await {
        Ok(it) => Ok(Some(Some(it))),
        Err(GreetingError::Refused(_)) => Ok(None),
        Err(GreetingError::NotNats(_)) if plan.settings.ctl.tls => Ok(Some(None)),
        Err(error @ GreetingError::NotNats(_)) => Err(taken(error)),
        Err(error @ GreetingError::Unreachable { .. }) => {
            Err(CommandError::new(Kind::Connect, "cannot reach NATS")
                .because(error)
                .hint("check --nats-host and --nats-port"))
        }
    }
}

fn taken(error: impl std::error::Error) -> CommandError {
    CommandError::new(Kind::Connect, error.to_string())
        .hint("choose another port with --nats-port PORT, or any free one with --nats-port 0")
}

async fn start(
    plan: &Plan,
    dir: PathBuf,
    lock: Lock,
    limit: Duration,
) -> Result<Nats, CommandError> {
    let nats = &plan.settings.nats;
    let address = join(&nats.host.value, nats.port.value);
    if nats.kind == NatsKind::Embedded || nats.server.as_deref() == Some(Path::new(EMBEDDED)) {
        return embed(plan, &dir, lock);
    }
    let binary = find_server(nats.server.as_deref(), &plan.env, Some(&plan.dirs)).await;
    let binary = match binary {
        Err(FindError::Missing)
            if nats.kind == NatsKind::Any && plan.remotes.is_empty() && plan.own.is_none() =>
        {
            tracing::info!("no nats-server was found: NATS is served by this program");
            return embed(plan, &dir, lock);
        }
        other => other.map_err(|error| missing(error, &address))?,
    };
    tracing::debug!(path = %binary.path.display(), version = binary.version, "starting NATS");
    for remote in &plan.remotes {
        if let Some(lacking) = remote.unsupported(&binary.version) {
            let path = binary.path.display();
            let message = format!(
                "{path} is version {}, which cannot {lacking}",
                binary.version
            );
            return Err(CommandError::new(Kind::Refused, message)
                .hint("use nats-server 2.10 or newer: --nats-server PATH"));
        }
    }
    domain::unclaimed(plan).await?;
    left::warn_of_streams(&dir);
    let id = plan.key.public();
    let own = plan.own.as_ref().map(|it| Own {
        path: it.path.clone(),
        log: it.log.clone(),
        monitored: it.monitored,
    });
    let config = Config {
        remotes: plan.remotes.clone(),
        own,
        binary,
        host: nats.host.value.clone(),
        port: nats.port.value,
        dir: dir.clone(),
        domain: plan.nats_domain(),
        server_name: format!("wash-{}", id.get(..12).unwrap_or(&id)),
        ready_timeout: limit,
    };
    let server = Server::start(config).await.map_err(|error| match error {
        StartError::PortTaken { .. } => taken(error),
        StartError::Listen { .. } => CommandError::new(Kind::Connect, error.to_string())
            .hint("nothing answers there, and no server can be started there: check --nats-host"),
        StartError::NotReady { .. } => CommandError::new(Kind::Timeout, error.to_string())
            .hint("allow more with --ready-timeout")
            .hint(format!("its files are in {}", dir.display())),
        error => CommandError::new(Kind::General, "cannot start NATS")
            .because(error)
            .hint(format!("its files are in {}", dir.display())),
    })?;
    Ok(Nats {
        address: server.address().to_owned(),
        child: Some(Child {
            server,
            _lock: lock,
        }),
        dir: Some(dir),
        embedded: None,
    })
}

/// Serves NATS in this process, for this machine alone.
fn embed(plan: &Plan, dir: &Path, lock: Lock) -> Result<Nats, CommandError> {
    if !plan.remotes.is_empty() || plan.own.is_some() {
        return Err(no_leaf());
    }
    let nats = &plan.settings.nats;
    let host = match nats.host.value.trim_matches(['[', ']']) {
        "localhost" => "127.0.0.1",
        it => it,
    };
    let address = join(host, nats.port.value);
    let host: IpAddr = host.parse().map_err(|_| elsewhere(&address))?;
    let id = plan.key.public();
    let dir = dir::embedded(dir);
    let mut streams = embedded::jetstream::Config::new(&dir);
    streams.domain = plan.nats_domain();
    let mut config = embedded::Config::new((host, nats.port.value).into());
    config.server_name = format!("wash-{}", id.get(..12).unwrap_or(&id));
    config.jetstream = Some(streams);
    let server = embedded::Server::start(config).map_err(unserved)?;
    Ok(Nats {
        address: server.address().to_string(),
        child: None,
        dir: Some(dir),
        embedded: Some((server, lock)),
    })
}

fn elsewhere(address: &str) -> CommandError {
    let message =
        format!("no NATS answers at {address}, and the server in wash serves this machine alone");
    CommandError::new(Kind::Connect, message)
        .hint("check --nats-host and --nats-port, or leave --nats-host out")
}

fn unserved(error: embedded::StartError) -> CommandError {
    let open = matches!(error, embedded::StartError::Auth(_));
    let error = failure::unstarted(error);
    match open {
        true => error.hint(
            "beside a host it serves this machine alone: leave --nats-host out; alone it takes logins: \
             `wash nats serve --nkey KEY`, then `wash up --nats external` with --ctl-seed and --rpc-seed",
        ),
        false => error.hint("choose another port with --nats-port, or any free one with --nats-port 0"),
    }
}

fn missing(error: FindError, address: &str) -> CommandError {
    let message = match error {
        FindError::Missing => format!("no NATS answers at {address}, and there is none to start"),
        _ => format!("no NATS answers at {address}, and none can be started"),
    };
    CommandError::new(Kind::Connect, message)
        .because(error)
        .hint("install one: wash nats install, or apt-get install nats-server, or brew install nats-server")
        .hint("or name one with --nats-server PATH, or one that runs with --nats-host and --nats-port")
}

/// Whether only this machine reaches a server that listens on `host`.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_loopback() {
        for host in ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "example.com", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
