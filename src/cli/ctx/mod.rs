//! `wash ctx`: contexts by name. What they are and where they lie is `config::context`'s business.

mod del;
mod edit;
mod import;
mod list;
mod new;
mod select;
mod show;

use std::io;
use std::path::{Path, PathBuf};

use crate::config::context::shelf::{self, Entry, Origin};
use crate::config::context::store::{self, BadName};
use crate::config::dirs::Dirs;

use super::CommandResult;
use super::report::{CommandError, Kind};
use super::session::Session;

/// Name lattices and how to reach them
///
/// A context is a name for an address, credentials, a lattice and whatever else a connection needs. Commands take
/// one with --context NAME, or else the default one; flags and variables win over it. Where no default is set, a
/// host that `wash up` runs on this machine is one.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum CtxCommand {
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    New(Box<new::NewArgs>),
    #[command(alias = "get", alias = "explain")]
    Show(Box<show::ShowArgs>),
    #[command(alias = "default", alias = "select")]
    Use(select::UseArgs),
    Edit(edit::EditArgs),
    #[command(alias = "delete", alias = "rm")]
    Del(del::DelArgs),
    Import(import::ImportArgs),
}

impl CtxCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::List(it) => it.run(session),
            Self::New(it) => it.run(session),
            Self::Show(it) => it.run(session),
            Self::Use(it) => it.run(session),
            Self::Edit(it) => it.run(session),
            Self::Del(it) => it.run(session),
            Self::Import(it) => it.run(session),
        }
    }
}

/// Where contexts are kept.
#[derive(Clone, Debug, Default, clap::Args)]
struct Place {
    /// Directory of contexts [env: WASH_CONTEXTS, WASH_CONTEXT_DIR]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    directory: Option<PathBuf>,
}

impl Place {
    fn dirs(&self, session: &Session) -> Result<Dirs, CommandError> {
        let mut dirs = session.dirs.clone().ok_or_else(|| {
            CommandError::new(
                Kind::General,
                "there is no home directory to keep contexts in",
            )
            .hint("set HOME or WASH_HOME")
        })?;
        if let Some(it) = &self.directory {
            dirs.contexts = Some(it.clone());
        }
        Ok(dirs)
    }
}

/// The context of this name that may be changed; none if there is none of any kind.
fn ours(session: &Session, dirs: &Dirs, name: &str) -> Result<Option<Entry>, CommandError> {
    let found = shelf::list(Some(dirs), &session.env)
        .into_iter()
        .find(|it| it.name == name);
    match found {
        Some(it) if it.origin != Origin::Ours => Err(not_ours(&it)),
        found => Ok(found),
    }
}

fn not_ours(entry: &Entry) -> CommandError {
    let name = &entry.name;
    match entry.origin {
        Origin::Running => {
            let message = format!("context '{name}' is a host that runs here, and has no file");
            CommandError::new(Kind::Refused, message)
                .hint("it goes when its host does: wash down")
                .hint(format!("keep a copy: wash ctx new NAME --context {name}"))
        }
        _ => {
            let path = entry.path.display();
            let message = format!("context '{name}' belongs to another tool ({path})");
            CommandError::new(Kind::Refused, message)
                .hint(format!("make a copy of your own: wash ctx import {name}"))
        }
    }
}

fn unknown(session: &Session, dirs: &Dirs, name: &str) -> CommandError {
    let known = shelf::list(Some(dirs), &session.env);
    let names: Vec<_> = known.into_iter().map(|it| it.name).collect();
    let error = CommandError::new(Kind::NotFound, format!("there is no context '{name}'"));
    if names.is_empty() {
        error.hint("make one: wash ctx new NAME --server URL")
    } else {
        error.hint(format!("known contexts: {}", names.join(", ")))
    }
}

fn path_of(dirs: &Dirs, name: &str) -> Result<PathBuf, CommandError> {
    store::path_of(dirs, name).map_err(|error: BadName| {
        CommandError::new(Kind::Usage, error.to_string())
            .hint("give a name without slashes and spaces, not a path")
    })
}

fn unwritten(path: &Path, error: io::Error) -> CommandError {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => Kind::Auth,
        _ => Kind::General,
    };
    CommandError::new(kind, format!("cannot write {}", path.display()))
        .because(error)
        .hint("choose another place with WASH_CONTEXTS or WASH_HOME")
}

/// The name that was given, else an answer to a question, else a refusal that says what to type.
fn name_or_ask(
    session: &Session,
    dirs: &Dirs,
    given: Option<String>,
    usage: &str,
) -> Result<String, CommandError> {
    if let Some(name) = given {
        return Ok(name);
    }
    let names: Vec<_> = shelf::list(Some(dirs), &session.env)
        .into_iter()
        .map(|it| it.name)
        .collect();
    if !session.interactive {
        let error =
            CommandError::new(Kind::Usage, "name a context").hint(format!("as in: {usage}"));
        return Err(error.hint(format!("known contexts: {}", names.join(", "))));
    }
    let question = format!("Context ({}):", names.join(", "));
    let name = session.output.ask(&question).map_err(unasked)?;
    if name.is_empty() {
        return Err(CommandError::new(Kind::Usage, "no context was named"));
    }
    Ok(name)
}

fn unasked(error: io::Error) -> CommandError {
    CommandError::new(Kind::General, "cannot ask").because(error)
}
