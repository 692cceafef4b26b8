//! Whether the links to the hubs are up and stay so, and if not, what is between.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::hubs::{Finding, Status};
use crate::cli::report::Kind;
use crate::nats::monitor::{Link, Monitor};
use crate::nats::server_complaints;

/// A server counts a round trip about a second after a link comes up.
const LINK_LIMIT: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);

/// Newer servers count it at once; a link that another server takes over is lost again within a second.
const STEADY: Duration = Duration::from_millis(1300);

/// The links of a server to its hubs, looked at for a while.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Those that are proven.
    pub(crate) up: Vec<Link>,
    /// One of them was lost meanwhile.
    pub(crate) unsteady: bool,
}

impl Seen {
    /// Looks until so many links are up and stay up, for a few seconds at most; only once if a hub refuses us.
    pub(crate) async fn at(monitor: &Monitor, wanted: usize, hubs: &[Finding]) -> Self {
        let refused = hubs.iter().any(Finding::is_failure);
        let limit = if refused { Duration::ZERO } else { LINK_LIMIT };
        let started = Instant::now();
        let mut changed = started;
        let mut before: Vec<Link> = Vec::new();
        loop {
            let mut links = monitor.links().await.unwrap_or_default();
            links.retain(|it| it.is_spoke != Some(false));
            let is_new = links.iter().any(|it| it.is_spoke.is_some());
            let stays = |it: &Link| links.iter().any(|now| now.is_same(it));
            let unsteady = !before.iter().all(stays);
            if links.len() != before.len() {
                changed = Instant::now();
            }
            before.clone_from(&links);
            let up: Vec<Link> = links.into_iter().filter(Link::is_proven).collect();
            let waited = started.elapsed();
            let steady = !is_new || refused || changed.elapsed() >= STEADY;
            let enough = up.len() >= wanted;
            if unsteady || enough && steady || !enough && waited >= limit {
                return Self { up, unsteady };
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What to say besides what the hubs do, if not all is well. `log` is that of the server, if it is known.
    pub(crate) fn trouble(
        &self,
        wanted: usize,
        hubs: &[Finding],
        log: Option<&Path>,
    ) -> Option<Finding> {
        let up = self.up.len();
        if up >= wanted && !self.unsteady {
            return None;
        }
        let complaints = log.map(server_complaints).unwrap_or_default();
        let said = |text: &str| complaints.iter().any(|it| it.contains(text));
        let refused = hubs.iter().any(Finding::is_failure);
        let lost = hubs.iter().any(|it| it.status == Status::Warning);
        let of = format!("{up} of {wanted} up");
        if said("Duplicate Remote LeafNode") || self.unsteady && !refused {
            let detail =
                "the link comes and goes: another server with the same name is joined to the hub";
            return Some(Finding::new(Status::Failed(Kind::Refused), detail).hint(
                "give each server a name of its own: server_name in its configuration, \
                 or wash leaf config --server-name NAME",
            ));
        }
        if said("Loop detected") {
            let detail = format!("{of}: there are two ways to the same hub, which makes a loop");
            return Some(
                Finding::new(Status::Failed(Kind::Refused), detail)
                    .hint("leave one of the remotes out"),
            );
        }
        Some(match (refused, lost) {
            (true, _) => Finding::new(Status::Failed(Kind::Connect), of)
                .hint("mend what the line about the hub says"),
            (false, true) if up > 0 => {
                Finding::new(Status::Warning, of).hint("mend what the line about the hub says")
            }
            (false, _) => {
                let reached = hubs.iter().any(|it| it.status == Status::Ok);
                let detail = match reached {
                    true => format!("{of}, although the hubs take us"),
                    false => of,
                };
                Finding::new(Status::Failed(Kind::Connect), detail)
                    .hint("see the server's log; a server with another configuration may run there")
            }
        })
    }
}
