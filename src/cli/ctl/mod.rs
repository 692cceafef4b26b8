//! The control commands, at the top level and, as older versions have them, under `ctl`.

pub(in crate::cli) mod apply;
mod artifact;
mod deliver;
mod driver;
mod get;
mod label;
mod launch;
mod link;
mod lookup;
pub(in crate::cli) mod pairs;
mod place;
mod replace;
mod resolve;
mod running;
mod scale;
mod start;
mod stop;
mod update;
mod wait;

use std::io::{self, Read};
use std::path::Path;

use super::CommandResult;
use super::report::{CommandError, Kind};
use super::session::Session;

pub(in crate::cli) use driver::Driver;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum CtlCommand {
    /// Show hosts, what they run, claims and links
    #[command(subcommand, alias = "query")]
    Get(get::GetCommand),
    /// Start an actor or a provider
    #[command(subcommand)]
    Start(start::StartCommand),
    /// Stop an actor, a provider or a host
    #[command(subcommand)]
    Stop(stop::StopCommand),
    /// Set how many calls of an actor run at once
    #[command(subcommand)]
    Scale(scale::ScaleCommand),
    /// Replace a running actor by a newer revision
    #[command(subcommand)]
    Update(update::UpdateCommand),
    /// Put, remove and list links between actors and providers
    #[command(subcommand, alias = "links")]
    Link(link::LinkCommand),
    Apply(apply::ApplyArgs),
    Label(label::LabelArgs),
}

impl CtlCommand {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Get(it) => it.run(session).await,
            Self::Start(it) => it.run(session).await,
            Self::Stop(it) => it.run(session).await,
            Self::Scale(it) => it.run(session).await,
            Self::Update(it) => it.run(session).await,
            Self::Link(it) => it.run(session).await,
            Self::Apply(it) => it.run(session).await,
            Self::Label(it) => it.run(session).await,
        }
    }
}

/// Link names become subject tokens.
///
/// # Errors
/// [`Kind::Usage`].
fn link_name(name: &str) -> Result<(), CommandError> {
    if crate::lattice::subject::is_token(name) {
        return Ok(());
    }
    Err(CommandError::new(
        Kind::Usage,
        format!("'{name}' is not a link name: it has no dots, spaces, '*' or '>'"),
    ))
}

/// Text from a file, or from stdin for `-`; at most `limit` bytes.
///
/// # Errors
/// [`Kind::NotFound`] or [`Kind::Refused`].
pub(in crate::cli) fn read_text(path: &Path, limit: u64) -> Result<String, CommandError> {
    let shown = if path == Path::new("-") {
        "stdin".into()
    } else {
        path.display().to_string()
    };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().take(limit + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|it| it.take(limit + 1).read_to_end(&mut bytes))
    };
    if let Err(error) = read {
        let message = format!("{shown}: {}", io_reason(&error));
        return Err(CommandError::new(Kind::NotFound, message));
    }
    if bytes.len() as u64 > limit {
        let message = format!("{shown}: larger than {limit} bytes");
        return Err(CommandError::new(Kind::Refused, message));
    }
    String::from_utf8(bytes)
        .map_err(|_| CommandError::new(Kind::Refused, format!("{shown}: not UTF-8 text")))
}

/// Why a file cannot be read, as people say it.
fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}
