//! Whether the lattice's state can be reached where it is kept, and is kept only there.

use std::time::Duration;

use futures_util::future::join_all;

use super::proof::Proof;
use crate::cli::report::Kind;
use crate::lattice::state::survey::{self, SurveyError};
use crate::nats::leaf::{Remote, owners};

/// JetStream may be at the other end of the world.
const DOMAIN_LIMIT: Duration = Duration::from_secs(5);

/// Asks for the wanted domain, or else that of the server.
pub(super) async fn prove(
    proof: &mut Proof,
    wanted: Option<String>,
    client: async_nats::Client,
    remotes: &[Remote],
) {
    let own = client.server_info().domain;
    let Some(domain) = wanted.or_else(|| own.clone()) else {
        proof.skip("domain", "none is known; --js-domain names it");
        return;
    };
    if domain.contains(|it: char| it.is_whitespace() || it.is_control() || "*>.".contains(it)) {
        let hint = "use letters, digits, '-' and '_'";
        proof.fail("domain", Kind::Usage, "its name is not valid", hint);
        return;
    }
    let mut found = survey::census(&client, &domain, DOMAIN_LIMIT).await;
    // A server that has the domain itself hears only itself.
    if let Ok(census) = &mut found
        && own.as_ref() == Some(&domain)
    {
        census.servers = census.servers.max(across(remotes, &domain).await);
    }
    let who = format!("JetStream domain '{domain}'");
    match found {
        Ok(it) if it.servers > 1 => proof.fail(
            "domain",
            Kind::Ambiguous,
            format!("{} servers answer for {who}, and each keeps state of its own", it.servers),
            "give each machine's server a domain of its own: `wash leaf config --domain NAME`, \
             or --nats-js-domain NAME; --js-domain names the one with the lattice's state",
        ),
        Ok(it) if !it.keeps_files => proof.fail(
            "domain",
            Kind::Auth,
            format!("{who} has no room for this account's files"),
            "ask who runs it for JetStream storage for this account",
        ),
        Ok(it) => {
            let took = it.round_trip.as_secs_f64() * 1000.0;
            proof.ok("domain", format!("'{domain}' answers in {took:.1} ms"));
        }
        Err(SurveyError::Refused(reason)) => proof.fail(
            "domain",
            Kind::Auth,
            format!("{who} refuses: {reason}"),
            "ask who runs it to enable JetStream for this account",
        ),
        Err(_) => proof.fail(
            "domain",
            Kind::NoResponders,
            format!("nobody answers for {who}"),
            "the server with that domain must run, have JetStream, and be joined to the same account of the hub; \
             --js-domain names another",
        ),
    }
}

/// How many servers answer for a domain across the hubs that can be asked.
async fn across(remotes: &[Remote], domain: &str) -> usize {
    let asked = remotes.iter().map(async |remote| {
        for url in &remote.urls {
            if let Ok(it) = owners(url, remote, domain, DOMAIN_LIMIT).await {
                return it.answers;
            }
        }
        0
    });
    join_all(asked).await.into_iter().max().unwrap_or_default()
}
