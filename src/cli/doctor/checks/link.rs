//! The way to NATS: address, TLS, credentials, connection.

use std::time::Duration;

use super::{NO_TIME, Verdict};
use crate::cli::doctor::facts::{Facts, Login, Port, Server, Settings};
use crate::cli::report::CommandError;
use crate::lattice::ConnectError;
use crate::nats::embedded;

/// Seconds before their end in which credentials are warned about.
const SOON: u64 = 7 * 24 * 60 * 60;

/// The first version whose JetStream has what a lattice needs.
const OLDEST: (u64, u64) = (2, 9);

/// Bytes; what calls are chunked for.
const USUAL_PAYLOAD: usize = 1024 * 1024;

/// Above this, every call feels it.
const SLOW: Duration = Duration::from_millis(500);

fn connected(facts: &Facts) -> Option<&Server> {
    facts.server.as_ref()?.as_ref().ok()
}

fn refused(facts: &Facts) -> Option<&ConnectError> {
    facts.server.as_ref()?.as_ref().err()
}

/// Settings that are there, since every check here comes after them.
fn settings(facts: &Facts) -> Settings {
    facts.settings.clone().unwrap_or_default()
}

fn generic(error: &ConnectError) -> String {
    // Hints are for each kind of failure the same as those of every command.
    let copy = match error {
        ConnectError::Tls { url, reason } => ConnectError::Tls {
            url: url.clone(),
            reason: reason.clone(),
        },
        ConnectError::Auth(url) => ConnectError::Auth(url.clone()),
        _ => return "check the address".to_owned(),
    };
    CommandError::from(copy).hints.join("; ")
}

/// Whether NATS is behind the address at all.
pub(super) fn address(facts: &Facts) -> Verdict {
    let it = settings(facts);
    let lost: Vec<_> = facts
        .addresses
        .iter()
        .filter_map(|it| Some((it, trouble(&it.port)?)))
        .collect();
    if connected(facts).is_some() && lost.len() == facts.addresses.len() {
        // It speaks NATS only to those who begin with TLS.
        return Verdict::ok(format!("NATS is at {}", it.server));
    }
    if connected(facts).is_some() || lost.len() < facts.addresses.len() {
        let good: Vec<_> = facts
            .addresses
            .iter()
            .filter(|it| trouble(&it.port).is_none())
            .map(|it| it.url.as_str())
            .collect();
        if let Some(verdict) = refused(facts).and_then(unasked) {
            return verdict;
        }
        return match lost.first() {
            None => Verdict::ok(format!("NATS is at {}", good.join(", "))),
            Some((bad, why)) => Verdict::warning(
                format!("{}: {why}; others answer", bad.url),
                format!("leave it out of {}", it.server_from),
            ),
        };
    }
    let Some((first, why)) = lost.first() else {
        return Verdict::skipped(NO_TIME);
    };
    let detail = format!("{} (from {}): {why}", first.url, it.server_from);
    let elsewhere = facts.local.iter().find(|it| !it.nats.url.is_empty());
    let fix = match (&first.port, elsewhere) {
        (Port::Free, Some(host)) => format!(
            "a host runs here with NATS at {}: leave the address out, or --server {}",
            host.nats.url, host.nats.url
        ),
        (Port::Free, None) if first.loopback => "wash up".to_owned(),
        (Port::Free, None) => "start NATS there, or name another with --server".to_owned(),
        (Port::Other, _) if first.loopback => {
            "wash up --nats-port 0, or --tls-first if it is NATS that expects TLS at once"
                .to_owned()
        }
        (Port::Other, _) => {
            "name another with --server, or --tls-first if it expects TLS at once".to_owned()
        }
        _ => "check the name, the network and firewalls, or name another with --server".to_owned(),
    };
    Verdict::failure(detail, fix)
}

fn trouble(port: &Port) -> Option<String> {
    match port {
        Port::Nats(_) | Port::Unasked => None,
        Port::Free => Some("nothing listens there".to_owned()),
        Port::Other => Some("what listens there does not speak NATS".to_owned()),
        Port::Unreachable(reason) => Some(reason.clone()),
    }
}

/// What is wrong with an address that could only be tried by connecting.
fn unasked(error: &ConnectError) -> Option<Verdict> {
    matches!(
        error,
        ConnectError::Dns(_)
            | ConnectError::Refused(_)
            | ConnectError::Timeout { .. }
            | ConnectError::BadUrl(_)
    )
    .then(|| Verdict::failure(error, "check the address, the network and firewalls"))
}

pub(super) fn tls(facts: &Facts) -> Verdict {
    if let Some(error) = refused(facts) {
        match error {
            ConnectError::Tls { .. } => return Verdict::failure(error, generic(error)),
            ConnectError::File { what, .. } if *what != "credentials file" => {
                return Verdict::failure(error, "check the path and who may read it");
            }
            _ => {}
        }
    }
    let Some(server) = connected(facts) else {
        return Verdict::ok("nothing speaks against it");
    };
    let local = facts.addresses.iter().all(|it| it.loopback);
    match (server.tls, settings(facts).login) {
        (true, _) => Verdict::ok("the connection is encrypted"),
        (false, _) if local => Verdict::ok("not used, and not needed on this machine"),
        (false, Login::Secret) => Verdict::warning(
            "password or token cross the network in the clear",
            "use a tls:// address, or credentials that sign (--creds, --nkey)",
        ),
        (false, _) => Verdict::warning(
            "not used: everyone on the way can read and change what is sent",
            "use a tls:// address",
        ),
    }
}

/// What is wrong with the credentials by themselves, then what the server says to them.
pub(super) fn credentials(facts: &Facts) -> Verdict {
    let it = settings(facts);
    let renew =
        "get new ones (wash hub creds NAME, or of whoever runs NATS) and name them with --creds";
    if let Some(reason) = &facts.unreadable {
        return Verdict::failure(
            format!("{reason} (from {})", it.credentials_from),
            "check the path and who may read it, or name another file with --creds",
        );
    }
    let what = format!("{} (from {})", it.credentials, it.credentials_from);
    if let Some(jwt) = &facts.jwt {
        if let Some(end) = jwt.expires.filter(|it| *it <= facts.now) {
            let detail = format!("{what} expired {} ago", human(facts.now - end));
            return Verdict::failure(detail, renew);
        }
        if let Some(start) = jwt.not_before.filter(|it| *it > facts.now) {
            let detail = format!("{what} are valid only in {}", human(start - facts.now));
            return Verdict::failure(detail, "wait, or set the clock of this machine");
        }
        if !jwt.fits_seed {
            let detail = format!("{what}: the seed is not that of the user JWT");
            return Verdict::failure(detail, renew);
        }
    }
    if let Some(error @ ConnectError::Auth(_)) = refused(facts) {
        return match it.login {
            Login::Anonymous => Verdict::failure(
                "the server wants credentials, and there are none",
                generic(error),
            ),
            _ => Verdict::failure(format!("the server refused {what}"), generic(error)),
        };
    }
    let end = facts.jwt.as_ref().and_then(|it| it.expires);
    match end.map(|it| it - facts.now) {
        Some(left) if left < SOON => {
            Verdict::warning(format!("{what} expire in {}", human(left)), renew)
        }
        Some(left) => Verdict::ok(format!("{what}, for another {}", human(left))),
        None if it.login == Login::Anonymous => Verdict::ok("none, and none are needed so far"),
        None => Verdict::ok(what),
    }
}

/// Days and hours are enough.
fn human(seconds: u64) -> String {
    let (unit, name) = match seconds {
        0..120 => (1, "seconds"),
        120..7_200 => (60, "minutes"),
        7_200..172_800 => (3_600, "hours"),
        _ => (86_400, "days"),
    };
    format!("{} {name}", seconds / unit)
}

pub(super) fn nats(facts: &Facts) -> Verdict {
    let server = match &facts.server {
        None => return Verdict::skipped(NO_TIME),
        Some(Err(error)) => return Verdict::failure(error, generic(error)),
        Some(Ok(it)) => it,
    };
    let single = match embedded::is_version(&server.version) {
        true => " (embedded in wash, a single node)",
        false => "",
    };
    let detail = format!(
        "connected; version {}{single}, round trip {:.1} ms",
        server.version,
        server.round_trip.as_secs_f64() * 1000.0
    );
    if server.leaving {
        return Verdict::warning(
            format!("{detail}; it is about to stop"),
            "wait, then look again",
        );
    }
    if version(&server.version).is_some_and(|it| it < OLDEST) {
        return Verdict::failure(
            format!("{detail}; a lattice needs {}.{}", OLDEST.0, OLDEST.1),
            "install a newer nats-server",
        );
    }
    if server.max_payload < USUAL_PAYLOAD {
        return Verdict::warning(
            format!(
                "{detail}; messages may have {} bytes only",
                server.max_payload
            ),
            "set max_payload: 1MB in the server's configuration",
        );
    }
    if server.round_trip > SLOW {
        return Verdict::warning(detail, "use a NATS that is nearer, joined by a leaf link");
    }
    Verdict::ok(detail)
}

fn version(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
