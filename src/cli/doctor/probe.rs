//! Looking around: every fact, each within a limit of its own.

mod files;

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::facts::{Address, Clock, Facts, Login, Port, Program, Server, Settings, Trouble};
use super::{DoctorArgs, leafs};
use crate::cli::args::ConnectionArgs;
use crate::cli::local;
use crate::cli::nats::find_server;
use crate::cli::report::CommandError;
use crate::cli::session::{Session, options};
use crate::config::auth::Auth;
use crate::config::connection::{Connection, without_secrets};
use crate::lattice::connect::{ConnectOptions, connect, user_jwt};
use crate::lattice::control::Control;
use crate::lattice::event::{self, Event};
use crate::lattice::state::survey::{self, Census};
use crate::lattice::{ConnectError, LatticeName};
use crate::nats::{GreetingError, greet};

/// A server greets at once; one far away may take a moment.
const GREETING_LIMIT: Duration = Duration::from_secs(3);

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// For one answer of JetStream.
const JETSTREAM_LIMIT: Duration = Duration::from_secs(3);

const USUAL: &str = "127.0.0.1:4222";

/// Looks at everything, for at most `limit`; what was not reached by then stays unknown.
pub(super) async fn all(session: &Session, args: &DoctorArgs, limit: Duration) -> Facts {
    let decided = decide(session, &args.connection);
    let connection = decided.as_ref().ok();
    let state = session.dirs.as_ref().map(|it| it.state.clone());
    let (binary, usual_port) = tokio::join!(find_binary(session), knock(USUAL));
    let mut facts = Facts {
        now: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs(),
        state: files::writable(state.as_deref()),
        exposed: files::exposed(session, connection.map(|it| &it.0)),
        local: state
            .and_then(|it| local::alive(&it).ok())
            .unwrap_or_default(),
        settings: decided
            .as_ref()
            .map(|it| describe(&it.0))
            .map_err(Clone::clone),
        binary,
        usual_port,
        addresses: Vec::new(),
        jwt: None,
        unreadable: None,
        server: None,
        jetstream: None,
        leafs: None,
        census: None,
        hosts: None,
        clocks: Vec::new(),
    };
    if let Some((settings, lattice)) = connection {
        // What was found until then counts.
        let looking = remote(&mut facts, session, args, settings, lattice);
        let _ = tokio::time::timeout(limit, looking).await;
    }
    facts
}

/// The settings, and the lattice's name.
fn decide(session: &Session, args: &ConnectionArgs) -> Result<(Connection, LatticeName), Trouble> {
    let decided = Connection::decide(args.layer(), &session.env, session.dirs.as_ref());
    let settings = decided.map_err(|error| {
        let error = CommandError::from(error);
        Trouble {
            what: error.message,
            fix: (!error.hints.is_empty()).then(|| error.hints.join("; ")),
        }
    })?;
    let lattice = settings.lattice.value.parse().map_err(|error| Trouble {
        what: format!("the lattice of {}: {error}", settings.lattice.source),
        fix: Some("name another one with --lattice".to_owned()),
    })?;
    Ok((settings, lattice))
}

fn describe(it: &Connection) -> Settings {
    let urls: Vec<_> = it.urls.value.iter().map(|it| without_secrets(it)).collect();
    Settings {
        context: it.context.as_ref().map(|it| it.value.clone()),
        server: urls.join(", "),
        server_from: it.urls.source.to_string(),
        lattice: it.lattice.value.clone(),
        lattice_from: it.lattice.source.to_string(),
        js_domain: it.js_domain.as_ref().map(|it| it.value.clone()),
        credentials: it.auth.value.describe(),
        credentials_from: it.auth.source.to_string(),
        login: match it.auth.value {
            Auth::Anonymous => Login::Anonymous,
            Auth::Jwt { .. } | Auth::Nkey(_) | Auth::Creds(_) => Login::Signed,
            Auth::UserPassword { .. } | Auth::Token(_) => Login::Secret,
        },
    }
}

async fn find_binary(session: &Session) -> Result<Program, String> {
    let env = &session.env;
    let embedded = |name| env.get(name) == Some("embedded");
    if embedded("WASH_NATS") || embedded("WASH_NATS_SERVER") {
        return Ok(Program::Embedded);
    }
    let wanted = env.get("WASH_NATS_SERVER").map(Path::new);
    find_server(wanted, env, session.dirs.as_ref())
        .await
        .map(|it| Program::NatsServer {
            path: it.path,
            version: it.version,
        })
        .map_err(|it| it.to_string())
}

/// Everything beyond this machine's files, each step as far as the one before allows.
async fn remote(
    facts: &mut Facts,
    session: &Session,
    args: &DoctorArgs,
    settings: &Connection,
    lattice: &LatticeName,
) {
    let mut options = options(settings);
    options.timeout = CONNECT_LIMIT;
    let knocks = options.urls.iter().map(|it| look_at(it, options.tls.first));
    facts.addresses = join_all(knocks).await;
    match user_jwt(&options.credentials).await {
        Ok(it) => facts.jwt = it,
        Err(error) => facts.unreadable = Some(error.to_string()),
    }
    let client = match join(&options).await {
        Ok((client, server)) => {
            facts.server = Some(Ok(server));
            client
        }
        Err(error) => {
            facts.server = Some(Err(error));
            return;
        }
    };
    let domain = settings.js_domain.as_ref().map(|it| it.value.as_str());
    let prefix = settings.ctl_prefix.as_ref().map(|it| it.value.clone());
    let control = Control::new(client.clone(), lattice.clone(), prefix, CONNECT_LIMIT);
    let heard = event::follow(&client, lattice).await.ok();
    let search = leafs::Search {
        session,
        args,
        settings,
        lattice,
        addresses: &facts.addresses,
        local: &facts.local,
    };
    let id = client.server_info().server_id;
    let (jetstream, hosts, leafs, census) = tokio::join!(
        survey::survey(&client, domain, JETSTREAM_LIMIT),
        control.hosts(control.patience(CONNECT_LIMIT)),
        search.leafs(&id),
        count(&client, domain),
    );
    facts.hosts = Some(hosts.map_err(|it| it.to_string()));
    facts.leafs = leafs;
    facts.census = census;
    let has_state = |it: &survey::Survey| it.lattices.iter().any(|it| it == lattice.as_str());
    let ask_time = jetstream.as_ref().is_ok_and(has_state);
    facts.jetstream = Some(jetstream);
    if ask_time {
        facts
            .clocks
            .extend(server_clock(&client, domain, lattice).await);
    }
    // Only what has come by itself: the next sign of life may be half a minute away.
    if let Some(mut heard) = heard {
        while let Some(Some(event)) = futures_util::FutureExt::now_or_never(heard.next()) {
            facts.clocks.extend(host_clock(&event));
        }
    }
}

async fn join(options: &ConnectOptions) -> Result<(async_nats::Client, Server), ConnectError> {
    let client = connect(options).await?;
    let info = client.server_info();
    let started = tokio::time::Instant::now();
    crate::lattice::connect::round_trip(&client).await;
    let tls_url = |it: &String| it.starts_with("tls://") || it.starts_with("wss://");
    let server = Server {
        version: info.version,
        domain: info.domain.filter(|it| !it.is_empty()),
        tls: info.tls_required || options.tls.required || options.urls.iter().all(tls_url),
        round_trip: started.elapsed(),
        max_payload: info.max_payload,
        leaving: info.lame_duck_mode,
    };
    Ok((client, server))
}

async fn look_at(url: &str, tls_first: bool) -> Address {
    let shown = without_secrets(url);
    let (scheme, place) = shown.split_once("://").unwrap_or(("nats", &shown));
    let place = place.trim_end_matches('/');
    let (host, place) = match place.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && !host.ends_with(':') => {
            (host, place.to_owned())
        }
        _ => (place, format!("{place}:4222")),
    };
    let port = if scheme.starts_with("ws") || tls_first {
        Port::Unasked
    } else {
        knock(&place).await
    };
    Address {
        loopback: is_loopback(host),
        url: shown,
        port,
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

async fn knock(address: &str) -> Port {
    match greet(address, GREETING_LIMIT).await {
        Ok(it) => Port::Nats(it.version),
        Err(GreetingError::Refused(_)) => Port::Free,
        Err(GreetingError::NotNats(_)) => Port::Other,
        Err(GreetingError::Unreachable { reason, .. }) => Port::Unreachable(reason),
    }
}

/// Who answers for the domain, if one is known.
async fn count(client: &async_nats::Client, domain: Option<&str>) -> Option<Census> {
    let own = client.server_info().domain.filter(|it| !it.is_empty());
    let domain = domain.map(str::to_owned).or(own)?;
    survey::census(client, &domain, JETSTREAM_LIMIT).await.ok()
}

async fn server_clock(
    client: &async_nats::Client,
    domain: Option<&str>,
    lattice: &LatticeName,
) -> Option<Clock> {
    let before = OffsetDateTime::now_utc();
    let theirs = survey::server_time(client, domain, lattice, JETSTREAM_LIMIT).await?;
    let after = OffsetDateTime::now_utc();
    let width = after - before;
    let ahead = theirs - (before + width / 2);
    Some(Clock {
        of: "the NATS server".to_owned(),
        ahead: millis(ahead),
        uncertain: millis(width / 2),
    })
}

fn host_clock(event: &Event) -> Option<Clock> {
    let theirs = OffsetDateTime::parse(event.time.as_deref()?, &Rfc3339).ok()?;
    Some(Clock {
        of: format!("host {}", event.source),
        ahead: millis(theirs - OffsetDateTime::now_utc()),
        // It may have waited for us to look.
        uncertain: 4000,
    })
}

fn millis(it: time::Duration) -> i64 {
    i64::try_from(it.whole_milliseconds()).unwrap_or(i64::MAX)
}
