//! `wash policy`: a policy service from a file of rules, and a look at what it would decide.

mod serve;
mod test;

use crate::config::rules::policy::{Action, Facts};
use crate::lattice::policy as wire;

use super::CommandResult;
use super::session::Session;

/// Decide what hosts may start and who may call actors
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PolicyCommand {
    Serve(Box<serve::ServeArgs>),
    Test(Box<test::TestArgs>),
}

impl PolicyCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Serve(it) => it.run(session),
            Self::Test(it) => it.run(),
        }
    }
}

/// A question as rules look at it.
fn facts(request: &wire::Request) -> Facts<'_> {
    let wire::Request {
        source,
        target,
        host,
        ..
    } = request;
    let contracts = [source.contract_id.as_str(), target.contract_id.as_str()];
    let capabilities = source.capabilities.iter().map(String::as_str);
    Facts {
        action: match request.action {
            wire::Action::StartActor => Action::StartActor,
            wire::Action::StartProvider => Action::StartProvider,
            wire::Action::PerformInvocation => Action::PerformInvocation,
        },
        target: &target.public_key,
        issuer: &target.issuer,
        source: &source.public_key,
        source_issuer: &source.issuer,
        capabilities: capabilities
            .chain(contracts.into_iter().filter(|it| !it.is_empty()))
            .collect(),
        // An actor has none, so of a call it is the provider's.
        link_name: match target.link_name.as_str() {
            "" => &source.link_name,
            it => it,
        },
        host: &host.public_key,
        labels: &host.labels,
        lattice: &host.lattice_id,
    }
}
