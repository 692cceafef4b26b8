//! `wash ctx edit`: a context in an editor. What cannot work never replaces what did.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::{Place, name_or_ask, new, ours, path_of, unknown, unwritten};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::context::Context;
use crate::config::context::store::{self, Replace};

/// Edit a context
///
/// The editor works on a copy, which replaces the context once it can be read and makes sense.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The context
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// The editor, with its arguments if need be [env: VISUAL, EDITOR]
    #[arg(short, long, value_name = "COMMAND")]
    editor: Option<String>,

    #[command(flatten)]
    place: Place,
}

impl EditArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dirs = self.place.dirs(session)?;
        let name = name_or_ask(session, &dirs, self.name, "wash ctx edit NAME")?;
        let path = path_of(&dirs, &name)?;
        ours(session, &dirs, &name)?.ok_or_else(|| unknown(session, &dirs, &name))?;
        let env = &session.env;
        let editor = self
            .editor
            .as_deref()
            .or_else(|| env.get("VISUAL"))
            .or_else(|| env.get("EDITOR"))
            .ok_or_else(|| {
                CommandError::new(Kind::Usage, "no editor is known")
                    .hint("set VISUAL or EDITOR, or name one with --editor")
            })?;
        let before = std::fs::read_to_string(&path).map_err(|error| {
            CommandError::new(Kind::General, format!("cannot read {}", path.display()))
                .because(error)
        })?;
        let copy = copy(&name, &before)?;
        open(session, editor, copy.path())?;
        let after = std::fs::read_to_string(copy.path()).map_err(|error| {
            CommandError::new(Kind::General, "cannot read what the editor wrote").because(error)
        })?;
        let changed = after != before;
        if changed {
            let checked = Context::read(&name, copy.path(), env)
                .map_err(CommandError::from)
                .and_then(|it| new::check(&it).map(|()| it));
            match checked {
                Ok(it) => warn_of_unknown(session, &it),
                Err(error) => return Err(refused(error, &name, copy)),
            }
            store::write(&path, &after, Replace::Yes).map_err(|it| unwritten(&path, it))?;
        }
        let text = match changed {
            true => format!("context '{name}' is changed"),
            false => format!("context '{name}' is as it was"),
        };
        let fields = json!({"context": name, "path": path, "changed": changed, "result": text});
        Ok(Box::new(Sentence::new(text, fields).named(name)))
    }
}

/// A copy that only its owner can read.
fn copy(name: &str, text: &str) -> Result<tempfile::NamedTempFile, CommandError> {
    let create = || {
        let mut file = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .suffix(".json")
            .tempfile()?;
        file.write_all(text.as_bytes())?;
        file.flush()?;
        Ok(file)
    };
    create().map_err(|error: std::io::Error| {
        CommandError::new(Kind::General, "cannot make a copy to edit").because(error)
    })
}

/// Runs the editor as a shell does, since people set it with arguments.
fn open(session: &Session, editor: &str, path: &Path) -> Result<(), CommandError> {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.arg("/C").arg(editor).arg(path);
        command
    } else {
        let mut command = Command::new("sh");
        let line = format!("{editor} \"$1\"");
        command.args(["-c", &line, "sh"]).arg(path);
        command
    };
    if session.output.page.format.is_document() {
        // stdout is for the document.
        command.stdout(Stdio::from(std::io::stderr()));
    }
    let status = command.status().map_err(|error| {
        CommandError::new(Kind::General, "cannot start the editor").because(error)
    })?;
    if status.success() {
        return Ok(());
    }
    let message = format!("the editor ended with {status}; the context is as it was");
    Err(CommandError::new(Kind::General, message).hint(format!("it was: {editor}")))
}

fn warn_of_unknown(session: &Session, context: &Context) {
    let unknown = context.unknown_fields();
    if !unknown.is_empty() {
        session.output.warn(&format!(
            "wash does not use these fields: {}",
            unknown.join(", ")
        ));
    }
}

fn refused(error: CommandError, name: &str, copy: tempfile::NamedTempFile) -> CommandError {
    let message = format!("context '{name}' is as it was: {}", error.message);
    let mut refused = CommandError::new(Kind::Refused, message);
    refused.causes = error.causes;
    refused.hints = error.hints;
    match copy.keep() {
        Ok((_, path)) => refused.hint(format!("what you wrote is kept in {}", path.display())),
        Err(_) => refused,
    }
}
