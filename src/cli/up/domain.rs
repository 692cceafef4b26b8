//! One JetStream domain, one server.
//!
//! A leaf whose state is in a domain is taken to be the place where that is, unless it is told otherwise. The same
//! command line on a second machine would make a second server of that name, with a state of its own: each hears
//! only itself, and nobody notices. So it is asked who has the domain before a server takes it, and once more when
//! the links are up, since hubs may be away at the start.

use std::time::Duration;

use futures_util::future::join_all;

use crate::cli::report::{CommandError, Kind};
use crate::lattice::control::Control;
use crate::nats::leaf::{Owners, Remote, owners};

use super::plan::Plan;

/// How long a hub may take to say who has a domain. Nobody answering at all is for others to explain.
const LIMIT: Duration = Duration::from_secs(3);

/// The domain that our server has, and the hubs across which others may think the same.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    domain: String,
    remotes: Vec<Remote>,
}

impl Claim {
    /// None if there is nothing to be in conflict with.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let remotes = plan.remotes.clone();
        let domain = plan.nats_domain().filter(|_| !remotes.is_empty())?;
        Some(Self { domain, remotes })
    }

    /// Says in the log if another server has our domain.
    pub(super) async fn check(&self) {
        for (remote, owners) in self.ask().await {
            // Our own answer comes across the hub too.
            if owners.hub || owners.answers > 1 {
                tracing::error!(
                    "another server has JetStream domain '{}' as well, reached by {}: what one keeps, the other does \
                     not know. Stop this host, and start it with a domain of its own: --nats-js-domain NAME",
                    self.domain,
                    remote.shown(),
                );
            }
        }
    }

    /// Who answers across each of the hubs that can be asked.
    async fn ask(&self) -> Vec<(&Remote, Owners)> {
        let asked = self.remotes.iter().map(async |remote| {
            for url in &remote.urls {
                match owners(url, remote, &self.domain, LIMIT).await {
                    Ok(owners) => return Some((remote, owners)),
                    Err(fault) => tracing::debug!(%fault, "cannot ask who has the domain"),
                }
            }
            None
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

/// Before our server is started: nobody has its domain.
///
/// # Errors
/// Where somebody has.
pub(super) async fn unclaimed(plan: &Plan) -> Result<(), CommandError> {
    let Some(claim) = Claim::of(plan) else {
        return Ok(());
    };
    let found = claim.ask().await;
    let Some((remote, owners)) = found.iter().find(|(_, it)| it.hub || it.answers > 0) else {
        return Ok(());
    };
    let domain = &claim.domain;
    let whose = match owners.hub {
        true => "the hub's own",
        false => "another machine's already",
    };
    let mut error = CommandError::new(
        Kind::Refused,
        format!(
            "JetStream domain '{domain}' is {whose}, reached by {}",
            remote.shown()
        ),
    );
    error.causes.push(
        "two servers of one domain would keep two states, and neither would know of the other's"
            .to_owned(),
    );
    if plan.own.is_some() {
        return Err(error.hint("name another domain in the jetstream block of the file"));
    }
    if plan.settings.nats.domain.is_some() {
        return Err(error.hint("choose another --nats-js-domain"));
    }
    let join = format!(
        "to use the state that is there, give this machine's server a domain of its own: \
         --js-domain {domain} --nats-js-domain NAME"
    );
    Err(error.hint(join).hint(
        "or make one file on the first machine, wash leaf bundle --domain NAME, and start here with it: wash up \
         --bundle FILE",
    ))
}

/// The lattice's state is to be in a domain that nobody answers for. That is fine where hosts use it already.
///
/// # Errors
/// Where none does: the name is wrong, or its machine was never there.
pub(super) async fn used(
    plan: &Plan,
    client: &async_nats::Client,
    domain: &str,
) -> Result<(), CommandError> {
    let control = Control::new(
        client.clone(),
        plan.lattice.clone(),
        plan.settings.ctl_topic_prefix.clone(),
        LIMIT,
    );
    let hosts = control.hosts(control.patience(LIMIT)).await;
    let hosts = hosts.unwrap_or_default();
    let mut others: Vec<&str> = hosts
        .iter()
        .filter_map(|it| it.js_domain.as_deref())
        .collect();
    if others.contains(&domain) {
        return Ok(());
    }
    others.sort_unstable();
    others.dedup();
    let mut error = CommandError::new(
        Kind::NotFound,
        format!("no server answers for JetStream domain '{domain}'"),
    );
    let own = client.server_info().domain.filter(|it| !it.is_empty());
    if let Some(own) = own {
        error
            .causes
            .push(format!("the domain of the NATS server here is '{own}'"));
    }
    if let [other, ..] = others.as_slice() {
        error = error.hint(format!(
            "hosts of lattice '{}' keep their state in '{other}': --js-domain {other}",
            plan.lattice
        ));
    }
    Err(error
        .hint("check the name, and that the leaf link of its machine is up: wash leaf check")
        .hint("if that machine is off for now, start all the same and catch up later: --leaf-optional"))
}
