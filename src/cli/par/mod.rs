//! `wash par`: provider archives. How they are read and written is [`crate::archive::par`]'s business.

mod binary;
mod create;
mod extract;
mod insert;
pub(in crate::cli) mod inspect;
mod signing;
pub(in crate::cli) mod source;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::archive::par::ParError;

use super::CommandResult;
use super::report::{CommandError, Kind};
use super::session::Session;

/// Make, read and unpack provider archives
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ParCommand {
    Create(Box<create::CreateArgs>),
    Inspect(inspect::InspectArgs),
    Insert(insert::InsertArgs),
    Extract(extract::ExtractArgs),
}

impl ParCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Create(it) => it.run(session),
            Self::Inspect(it) => it.run(session),
            Self::Insert(it) => it.run(session),
            Self::Extract(it) => it.run(session),
        }
    }
}

/// What is wrong with the archive at `path`.
fn par_error(path: &Path, error: ParError) -> CommandError {
    let kind = match &error {
        ParError::NoTarget(..) => Kind::NotFound,
        ParError::Read(_) | ParError::Write(_) | ParError::Io { .. } => Kind::General,
        _ => Kind::Refused,
    };
    CommandError::new(kind, format!("{}: {error}", path.display()))
}

/// Writes a file as a whole or not at all, with this mode less what the user's mask takes away. What fails but
/// writing is laid to `archive`.
fn replace<T>(
    path: &Path,
    mode: u32,
    archive: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<T, ParError>,
) -> Result<T, CommandError> {
    let failed = |error: std::io::Error| {
        let message = format!("cannot write {}", path.display());
        CommandError::new(Kind::General, message).because(error)
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wash-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = builder.tempfile_in(beside(path)).map_err(failed)?;
    let filled = {
        let mut out = BufWriter::new(file.as_file_mut());
        fill(&mut out).and_then(|it| out.flush().map(|()| it).map_err(ParError::Write))
    };
    let value = filled.map_err(|error| match error {
        ParError::Write(error) => failed(error),
        other => par_error(archive, other),
    })?;
    file.persist(path).map_err(|it| failed(it.error))?;
    Ok(value)
}

/// The directory of a file.
fn beside(path: &Path) -> &Path {
    match path.parent() {
        Some(it) if it != Path::new("") => it,
        _ => Path::new("."),
    }
}

fn open_file(path: &Path) -> Result<File, CommandError> {
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::General,
        };
        CommandError::new(kind, format!("cannot read {}", path.display())).because(error)
    };
    // Asked before opening: opening a pipe waits for its writer.
    if !path.metadata().map_err(failed)?.is_file() {
        let message = format!("{} is not a regular file", path.display());
        return Err(CommandError::new(Kind::Refused, message));
    }
    File::open(path).map_err(failed)
}
