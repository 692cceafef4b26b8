//! `wash leaf check`: whether this machine's NATS server is really joined to its hubs, asked of those who know.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use tokio::time::Instant;

use super::domain;
use super::hubs::{examine, needs};
use super::links::Seen;
use super::own::OwnConfig;
use super::proof::Proof;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::local;
use crate::cli::nats::find_server;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::{Session, options};
use crate::config::Connection;
use crate::config::connection::without_secrets;
use crate::config::host::{Key, remembered};
use crate::config::layer::Source;
use crate::config::running::Record;
use crate::lattice::LatticeName;
use crate::lattice::connect::{ConnectError, connect, round_trip};
use crate::lattice::subject::BadLatticeName;
use crate::nats::leaf::{Login, Remote, Tls};
use crate::nats::monitor::Monitor;

/// Prove that this machine's NATS server is joined to its hub
///
/// Looks at the configuration, its files, the running server, the link, the hub if there is no link, JetStream and
/// the domain of the lattice's state, and says what mends each failure. Without --config and --server it looks at
/// the server that `wash up` started here.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Configuration of the NATS server
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Where the server's monitoring is [default: what the configuration says, else port 8222]
    #[arg(long, value_name = "HOST:PORT")]
    monitor: Option<String>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Credentials that end sooner are worth a warning.
const SOON: u64 = 7 * 24 * 60 * 60;

/// What is looked at.
struct Target {
    own: Option<OwnConfig>,
    url: String,
    monitor: Option<Monitor>,
    settings: Connection,
    /// JetStream domain of the lattice's state, as far as it was told.
    js_domain: Option<String>,
    lattice: LatticeName,
    /// That of the server.
    log: Option<PathBuf>,
}

impl Target {
    /// What is to go over the links.
    fn needs(&self) -> Vec<String> {
        let prefix = self.settings.ctl_prefix.as_ref();
        let prefix = prefix.map(|it| it.value.as_str());
        needs(&self.lattice, prefix, self.js_domain.as_deref())
    }
}

impl CheckArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let target = self.target(session)?;
        let mut proof = Proof::default();
        let mut remotes = None;
        if let Some(own) = &target.own {
            config(&mut proof, own, session).await;
            match own.remotes().await {
                Ok(it) => {
                    files(&mut proof, &it);
                    remotes = Some(it);
                }
                Err(error) => proof.error("files", error),
            }
        }
        let client = nats(&mut proof, &target).await;
        if client.is_some() {
            server(&mut proof, &target, remotes.as_deref()).await;
        } else if let Some(remotes) = &remotes {
            for finding in examine(remotes, true, &target.needs()).await {
                proof.finding("hub", finding);
            }
            proof.skip("link", "the server does not answer");
        }
        if let Some(client) = client {
            let own = target.own.as_ref().and_then(|it| it.domain.clone());
            let wanted = target.js_domain.clone().or(own);
            let remotes = remotes.unwrap_or_default();
            domain::prove(&mut proof, wanted, client, &remotes).await;
        }
        proof.result()
    }

    fn target(&self, session: &Session) -> Result<Target, CommandError> {
        let settings = session.settings(&self.connection)?;
        let given = settings.urls.source != Source::Default;
        let mut url = settings.urls.value.first().cloned().unwrap_or_default();
        let mut own = self
            .config
            .as_deref()
            .map(|it| OwnConfig::read(it, &session.env))
            .transpose()?;
        let mut monitor = self.monitor.clone();
        let mut log = own.as_ref().and_then(|it| it.log.clone());
        let mut lattice = settings.lattice.value.clone();
        if let Some(own) = &own {
            monitor = monitor.or_else(|| own.monitor.clone());
            if !given {
                url = own.client_url();
            }
        } else if let Some(record) = record(session, given.then_some(url.as_str())) {
            url = record.nats.url;
            log = record.nats.log;
            if settings.lattice.source == Source::Default {
                lattice = record.lattice;
            }
            monitor = monitor.or(record.nats.monitor);
            if let Some(path) = record.nats.config {
                own = Some(OwnConfig::read(&path, &session.env)?);
            }
        } else if monitor.is_none() {
            let host = without_secrets(&url);
            let host = host.split_once("://").map_or(host.as_str(), |(_, it)| it);
            let host = host.rsplit_once(':').map_or(host, |(it, _)| it);
            monitor = Some(format!("{host}:8222"));
        }
        let lattice = lattice
            .parse()
            .map_err(|error: BadLatticeName| CommandError::new(Kind::Usage, error.to_string()))?;
        let dirs = session.dirs.as_ref();
        let known = dirs.and_then(|it| remembered::read(&remembered::path(&it.config)).ok());
        let known = known.and_then(|it| Some(it.get(Key::JsDomain)?.value.clone()));
        let js_domain = settings.js_domain.as_ref().map(|it| it.value.clone());
        Ok(Target {
            own,
            url,
            monitor: monitor.map(|it| Monitor::new(&it)),
            js_domain: js_domain.or(known.filter(|_| self.config.is_none())),
            lattice,
            log,
            settings,
        })
    }
}

/// The server that `wash up` started here, or that at an address.
fn record(session: &Session, url: Option<&str>) -> Option<Record> {
    let records = local::alive(local::state(session).ok()?).ok()?;
    let address = |it: &str| without_secrets(it).rsplit("://").next().map(str::to_owned);
    records.into_iter().find(|it| {
        let ours = it.nats.monitor.is_some();
        ours && url.is_none_or(|url| address(url) == address(&it.nats.url))
    })
}

/// What we read, and what the server itself says about the file.
async fn config(proof: &mut Proof, own: &OwnConfig, session: &Session) {
    let path = own.path.display();
    if own.hubs.is_empty() {
        let hint = "add one: `wash leaf config --remote URL` writes such a file";
        proof.fail(
            "config",
            Kind::Refused,
            format!("{path} names no hub"),
            hint,
        );
        return;
    }
    let wanted = session.env.get("WASH_NATS_SERVER");
    let wanted = wanted.filter(|it| *it != "embedded").map(PathBuf::from);
    let found = find_server(wanted.as_deref(), &session.env, session.dirs.as_ref()).await;
    let Ok(binary) = found else {
        proof.ok(
            "config",
            format!("{path} can be read; no nats-server to try it with"),
        );
        return;
    };
    match binary.test(&own.path).await {
        Ok(()) => proof.ok(
            "config",
            format!("{path} is valid for nats-server {}", binary.version),
        ),
        Err(reason) => proof.fail(
            "config",
            Kind::Refused,
            reason,
            "mend the file, or let `wash leaf config` write it",
        ),
    }
}

/// They were read; what is left is whether they still hold.
fn files(proof: &mut Proof, remotes: &[Remote]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |it| it.as_secs());
    for remote in remotes {
        let Login::Creds { path, jwt, .. } = &remote.login else {
            continue;
        };
        let path = path.display();
        match expiry(jwt) {
            Some(end) if end <= now => proof.fail(
                "credentials",
                Kind::Auth,
                format!("{path} has expired"),
                "get new ones from who runs the hub",
            ),
            Some(end) if end - now < SOON => proof.warn(
                "credentials",
                format!("{path} expires in {} hours", (end - now) / 3600),
                "get new ones from who runs the hub",
            ),
            _ => proof.ok("credentials", format!("{path} holds a user and its key")),
        }
    }
    if remotes.iter().any(|it| it.tls != Tls::default()) {
        proof.ok("certificates", "they can be read and used");
    }
}

/// When a JWT ends, in seconds since 1970.
fn expiry(jwt: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: Option<u64>,
    }
    let body = jwt.split('.').nth(1)?;
    let body = data_encoding::BASE64URL_NOPAD
        .decode(body.as_bytes())
        .ok()?;
    let claims: Claims = serde_json::from_slice(&body).ok()?;
    claims.exp.filter(|it| *it > 0)
}

async fn nats(proof: &mut Proof, target: &Target) -> Option<async_nats::Client> {
    let mut options = options(&target.settings);
    options.urls = vec![target.url.clone()];
    let shown = without_secrets(&target.url);
    match connect(&options).await {
        Ok(client) => {
            let asked = Instant::now();
            round_trip(&client).await;
            let took = asked.elapsed().as_secs_f64() * 1000.0;
            proof.ok("nats", format!("{shown} answers in {took:.1} ms"));
            Some(client)
        }
        Err(error) => {
            let absent = matches!(error, ConnectError::Refused(_));
            match &target.own {
                Some(own) if absent => {
                    let path = own.path.display();
                    let hint = format!(
                        "start it: nats-server --config '{path}', or wash up --nats-config '{path}'"
                    );
                    proof.fail("nats", Kind::Connect, error.to_string(), &hint);
                }
                _ => proof.error("nats", error.into()),
            }
            None
        }
    }
}

/// What the running server says about itself.
async fn server(proof: &mut Proof, target: &Target, remotes: Option<&[Remote]>) {
    const HINT: &str = "the server needs `http: \"127.0.0.1:8222\"` in its configuration, as `wash leaf config` \
                        writes it; --monitor HOST:PORT says where it is";
    let Some(monitor) = &target.monitor else {
        proof.fail(
            "server",
            Kind::NotFound,
            "it is not known where its monitoring is",
            HINT,
        );
        return;
    };
    let about = match monitor.about().await {
        Ok(it) => it,
        Err(error) => {
            proof.fail("server", Kind::Connect, error.to_string(), HINT);
            return;
        }
    };
    let detail = format!("nats-server {} '{}'", about.version, about.server_name);
    proof.ok("server", detail);
    let configured = remotes.map_or(0, <[Remote]>::len);
    let running = about.leaf.remotes.len();
    if let (Some(own), true) = (&target.own, running != configured && remotes.is_some()) {
        proof.warn(
            "server",
            format!(
                "it runs with {running} hubs, and {} names {configured}",
                own.path.display()
            ),
            "start it again with that file",
        );
    }
    if running == 0 && configured == 0 {
        proof.fail(
            "link",
            Kind::NotFound,
            "this server is a leaf of no hub",
            "start one that is: wash up --leaf-remote URL, or nats-server --config with the file of `wash leaf config`",
        );
    } else {
        let known: Vec<Remote>;
        let (remotes, logins) = match remotes {
            Some(it) => (it, true),
            None => {
                known = about
                    .leaf
                    .remotes
                    .iter()
                    .filter_map(|it| Remote::bare(&it.urls))
                    .collect();
                (known.as_slice(), false)
            }
        };
        let wanted = running.max(1);
        let needs = target.needs();
        let hubs = examine(remotes, logins, &needs).await;
        let seen = Seen::at(monitor, wanted, &hubs).await;
        let trouble = seen.trouble(wanted, &hubs, target.log.as_deref());
        let joined = trouble.is_none();
        for finding in hubs {
            proof.finding("hub", finding.joined(joined));
        }
        for link in &seen.up {
            let millis = link.round_trip().unwrap_or_default().as_secs_f64() * 1000.0;
            let peer = link.peer();
            proof.ok("link", format!("up to '{peer}', round trip {millis:.1} ms"));
        }
        if let Some(finding) = trouble {
            proof.finding("link", finding);
        }
    }
    match monitor.jetstream().await {
        Ok(it) if it.disabled => proof.warn(
            "jetstream",
            "this server has none; the lattice's state must be in another domain",
            "name that with --js-domain, or add `jetstream {}` to the configuration",
        ),
        Ok(it) => match it.config.domain {
            Some(domain) => proof.ok("jetstream", format!("on, domain '{domain}'")),
            None => proof.warn(
                "jetstream",
                "on, without a domain: its state and the hub's are mixed up",
                "give it one with --domain",
            ),
        },
        Err(error) => proof.fail(
            "jetstream",
            Kind::Connect,
            error.to_string(),
            "look at its log",
        ),
    }
}
