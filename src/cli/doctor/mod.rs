//! `wash doctor`: looks at everything between this command and a running lattice, and names what is wrong.
//!
//! [`probe`] finds facts, [`checks`] judges them without looking at anything, [`report`] shows the judgement.

mod checks;
mod facts;
mod leafs;
mod probe;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use super::CommandResult;
use super::args::ConnectionArgs;
use super::report::{CommandError, Kind};
use super::session::Session;

use report::Diagnosis;

/// Find out what is wrong between here and a lattice
///
/// Looks at settings, files and their permissions, nats-server, the address, TLS, credentials and their expiry,
/// JetStream, leaf links, hosts and clocks. Each line is ok, a warning or a failure with what mends it; what cannot
/// be known because of a failure is skipped. Exits with 1 if anything has failed. Changes nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Monitoring address of the NATS server, for its leaf links [default: port 8222 of a server on this machine]
    #[arg(long, value_name = "URL")]
    monitor: Option<String>,

    /// Configuration of that server, for its hubs [default: that of the server which `wash up` started here]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// For everything together, whatever hangs.
const LIMIT: Duration = Duration::from_secs(20);

impl DoctorArgs {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let spinner = session.output.spinner("looking around");
        let facts = probe::all(session, &self, LIMIT).await;
        drop(spinner);
        let diagnosis = Diagnosis(checks::judge(&facts));
        let failures = diagnosis.failures();
        if failures.is_empty() {
            return Ok(Box::new(diagnosis));
        }
        let message = format!("not healthy: {}", failures.join(", "));
        Err(CommandError::new(Kind::General, message).after(diagnosis))
    }
}
