//! Whether the links to the hubs are up, and if not, what the hubs say.

use std::time::Duration;

use tokio::time::Instant;

use super::proof::Proof;
use super::remote::mend;
use crate::cli::report::Kind;
use crate::nats::leaf::{Fault, Remote, probe};
use crate::nats::monitor::{Link, Monitor};

/// One attempt at a hub.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// A server counts a round trip about a second after a link comes up.
const LINK_LIMIT: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);

/// Counts the links of a server that is to have so many, and tries the hubs if some are missing. Without `logins`
/// it is not known how to log in.
pub(super) async fn link(
    proof: &mut Proof,
    monitor: &Monitor,
    remotes: &[Remote],
    wanted: usize,
    logins: bool,
) {
    let give_up = Instant::now() + LINK_LIMIT;
    let mut links = proven(monitor).await;
    while links.len() < wanted && Instant::now() < give_up {
        tokio::time::sleep(POLL).await;
        links = proven(monitor).await;
    }
    for link in &links {
        let name = match link.name.as_str() {
            "" => format!("{}:{}", link.ip, link.port),
            name => format!("'{name}' at {}:{}", link.ip, link.port),
        };
        let millis = link.round_trip().unwrap_or_default().as_secs_f64() * 1000.0;
        proof.ok("link", format!("up to {name}, round trip {millis:.1} ms"));
    }
    if links.len() >= wanted {
        return;
    }
    proof.fail(
        "link",
        Kind::Connect,
        format!("{} of {wanted} up", links.len()),
        "see the line about the hub, and the server's log",
    );
    hubs(proof, remotes, logins).await;
}

async fn proven(monitor: &Monitor) -> Vec<Link> {
    let mut links = monitor.links().await.unwrap_or_default();
    links.retain(|it| it.is_proven() && it.is_spoke != Some(false));
    links
}

/// Tries every address of every hub by hand.
pub(super) async fn hubs(proof: &mut Proof, remotes: &[Remote], logins: bool) {
    for remote in remotes {
        for url in &remote.urls {
            let shown = url.shown();
            match probe(url, remote, PROBE_LIMIT).await {
                Ok(it) if it.logged_in => proof.ok("hub", format!("{shown} takes us as a leaf")),
                Ok(_) => proof.ok("hub", format!("{shown} listens")),
                Err(Fault::Authentication { .. } | Fault::NoCertificate(_)) if !logins => proof
                    .skip(
                        "hub",
                        format!(
                            "{shown} listens and wants a login, which is only known with --config"
                        ),
                    ),
                Err(fault) => {
                    let (kind, hint) = mend(&fault);
                    proof.fail("hub", kind, fault.to_string(), hint);
                }
            }
        }
    }
}
