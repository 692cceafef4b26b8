//! Waiting for the links to the hubs: asked of the server, and explained where they do not come up.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::cli::leaf::mend::mend;
use crate::cli::report::{CommandError, Kind};
use crate::nats::Server;
use crate::nats::leaf::{Fault, Remote, probe};
use crate::nats::monitor::{Link, Monitor};

use super::domain::Claim;

/// The links of a host that is ready.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Links {
    /// The addresses of each hub, without logins.
    pub(super) hubs: Vec<String>,
    pub(super) up: usize,
    /// Milliseconds, of the slowest.
    pub(super) round_trip: Option<f64>,
}

impl Links {
    fn new(remotes: &[Remote], links: &[Link]) -> Self {
        let slowest = links.iter().filter_map(Link::round_trip).max();
        Self {
            hubs: remotes.iter().map(Remote::shown).collect(),
            up: links.len().min(remotes.len()),
            round_trip: slowest.map(|it| it.as_secs_f64() * 1000.0),
        }
    }

    pub(super) fn fields(&self) -> Value {
        if self.hubs.is_empty() {
            return Value::Null;
        }
        json!({
            "remotes": self.hubs,
            "up": self.up,
            "established": self.up == self.hubs.len(),
            "round_trip_ms": self.round_trip,
        })
    }

    pub(super) fn text(&self) -> Option<String> {
        let hubs = self.hubs.join(" and ");
        match (self.hubs.len(), self.round_trip) {
            (0, _) => None,
            (all, _) if self.up < all => Some(format!("{hubs} ({} of {all} links up)", self.up)),
            (_, Some(millis)) => Some(format!("{hubs} (up, round trip {millis:.1} ms)")),
            (_, None) => Some(format!("{hubs} (up)")),
        }
    }
}

/// How often the server is asked while a start waits.
const POLL: Duration = Duration::from_millis(20);

/// Without a complaint of the server, a link gets this long before we try the hub by hand.
const QUIET: Duration = Duration::from_secs(2);

/// One attempt by hand, and the pause until the next.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
const PROBE_PAUSE: Duration = Duration::from_secs(1);

/// How long a start waits for a link that it can do without.
const OPTIONAL_LIMIT: Duration = Duration::from_secs(3);

/// What is left of the time to say why.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Waits until every link is established; for a link that may come later, only a little.
///
/// # Errors
/// What keeps it from being established; at once if waiting does not mend it.
pub(super) async fn wait(
    server: &Server,
    remotes: &[Remote],
    optional: bool,
    give_up: Instant,
) -> Result<Links, CommandError> {
    let Some(monitor) = server.monitor() else {
        return Err(CommandError::new(
            Kind::General,
            "the NATS server has no monitoring to tell whether the leaf link is up",
        ));
    };
    let started = Instant::now();
    let give_up = match optional {
        true => give_up.min(started + OPTIONAL_LIMIT),
        false => give_up.checked_sub(LAST_WORDS).unwrap_or(give_up),
    };
    let latest = Mutex::new(Tried::No);
    let outcome = tokio::select! {
        links = established(monitor, remotes.len()) => return Ok(Links::new(remotes, &links)),
        fault = explain(server, remotes, &latest) => Some(fault),
        () = tokio::time::sleep_until(give_up) => None,
    };
    let links = proven(monitor).await;
    if links.len() >= remotes.len() {
        return Ok(Links::new(remotes, &links));
    }
    let tried = outcome.map_or_else(|| latest.into_inner().unwrap_or_default(), Tried::Fault);
    let error = down(server, remotes, tried, started.elapsed());
    if !optional {
        return Err(error);
    }
    let causes = error.causes.join("; ");
    tracing::warn!(
        "{}: {causes}; starting without it, it is tried again",
        error.message
    );
    Ok(Links::new(remotes, &links))
}

/// Waits until this many links are established.
async fn established(monitor: &Monitor, wanted: usize) -> Vec<Link> {
    loop {
        let links = proven(monitor).await;
        if links.len() >= wanted {
            return links;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// The links that we asked for and that were accepted.
async fn proven(monitor: &Monitor) -> Vec<Link> {
    let mut links = monitor.links().await.unwrap_or_default();
    links.retain(|it| it.is_proven() && it.is_spoke != Some(false));
    links
}

/// Tries the hubs by hand until one of them has a fault that waiting does not mend. Keeps the latest of the others.
async fn explain(server: &Server, remotes: &[Remote], latest: &Mutex<Tried>) -> Fault {
    let started = Instant::now();
    while server.complaints().is_empty() && started.elapsed() < QUIET {
        tokio::time::sleep(POLL).await;
    }
    loop {
        for remote in remotes {
            let tried = match fault_of(remote).await {
                Some(fault) if fault.is_lasting() => return fault,
                Some(fault) => Tried::Fault(fault),
                None => Tried::Taken,
            };
            if let Ok(mut latest) = latest.lock() {
                latest.update(tried);
            }
        }
        tokio::time::sleep(PROBE_PAUSE).await;
    }
}

/// What trying the hubs by hand has shown so far.
#[derive(Default)]
enum Tried {
    #[default]
    No,
    Taken,
    Fault(Fault),
}

impl Tried {
    /// A hub that takes us says nothing against the fault of another.
    fn update(&mut self, now: Self) {
        if !matches!((&self, &now), (Self::Fault(_), Self::Taken)) {
            *self = now;
        }
    }
}

/// Why none of the addresses of a hub works.
async fn fault_of(remote: &Remote) -> Option<Fault> {
    let mut fault = None;
    for url in &remote.urls {
        match probe(url, remote, PROBE_LIMIT).await {
            Ok(_) => return None,
            Err(it) => fault = Some(it),
        }
    }
    fault
}

fn down(server: &Server, remotes: &[Remote], tried: Tried, waited: Duration) -> CommandError {
    let hubs: Vec<String> = remotes.iter().map(Remote::shown).collect();
    let hubs = hubs.join(" and ");
    let waited = format!("{:.1}s", waited.as_secs_f64());
    let message = format!("no leaf link to {hubs} after {waited}");
    match tried {
        Tried::Fault(fault) => {
            let (kind, hint) = mend(&fault);
            CommandError::new(kind, message).because(fault).hint(hint)
        }
        Tried::No | Tried::Taken => {
            let mut error = CommandError::new(Kind::Connect, message);
            error.causes = server.complaints();
            if error.causes.is_empty() {
                let cause = match tried {
                    Tried::No => "the hub has not answered so far",
                    _ => "the hub takes our login, but the link does not come up",
                };
                error.causes.push(cause.to_owned());
            }
            error
        }
    }
    .hint("start all the same, and join later: --leaf-optional")
}

/// How often the links of a running host are looked at.
const WATCH: Duration = Duration::from_secs(1);

/// When it is looked, after links have come up, whether another server has our domain. More than once, since the
/// other one may come up in the same moment.
const LOOKS: &[Duration] = &[
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(60),
];

/// Says in the log when links come up and when they are lost, and what is wrong with our domain once they are up.
pub(super) fn watch(
    server: &Server,
    remotes: &[Remote],
    up: usize,
    claim: Option<Claim>,
) -> Option<AbortOnDropHandle<()>> {
    let monitor = server.monitor()?.clone();
    let hubs: Vec<String> = remotes.iter().map(Remote::shown).collect();
    let hubs = hubs.join(" and ");
    let all = remotes.len();
    let watching = async move {
        let mut known = up;
        let mut since = Instant::now();
        let mut looks = LOOKS.iter().peekable();
        loop {
            if known == all
                && let Some(claim) = &claim
                && looks.next_if(|it| since.elapsed() >= **it).is_some()
            {
                claim.check().await;
            }
            tokio::time::sleep(WATCH).await;
            let Ok(mut links) = monitor.links().await else {
                continue;
            };
            links.retain(|it| it.is_proven() && it.is_spoke != Some(false));
            let now = links.len().min(all);
            if now == all && known < all {
                tracing::info!("the leaf link to {hubs} is up");
                since = Instant::now();
                looks = LOOKS.iter().peekable();
            } else if now < known {
                tracing::warn!(
                    "the leaf link to {hubs} is lost ({now} of {all} up), trying to get it back"
                );
            }
            known = now;
        }
    };
    Some(AbortOnDropHandle::new(tokio::spawn(watching)))
}
