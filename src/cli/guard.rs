//! The part of a host that outlives it: ends the processes of providers after a host that was killed. Started by the
//! host, not by people.

use std::path::PathBuf;

use serde_json::json;

use super::CommandResult;
use super::output::Sentence;

pub(crate) const NAME: &str = "provider-guard";

/// Wait for the end of stdin, then end what the host of a folder left behind
#[derive(Debug, clap::Args)]
pub(crate) struct GuardArgs {
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

impl GuardArgs {
    pub(crate) fn run(self) -> CommandResult {
        crate::host::guard(&self.dir);
        Ok(Box::new(Sentence::new("done", json!({}))))
    }
}
