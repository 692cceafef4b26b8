//! `wash ctx import`: contexts of wash 0.11 and of the nats command line become ours.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Place, new, path_of};
use crate::cli::CommandResult;
use crate::cli::output::{Answer, Page};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::context::Context;
use crate::config::context::shelf::{self, Entry, Origin};
use crate::config::context::store::{self, Replace};
use crate::config::dirs::Dirs;

/// Copy contexts of the nats command line and of wash 0.11
///
/// All that are found, or those named. Each is told: imported, there already, or why not. The originals stay.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// Names of contexts, or files; every context that is found if left out
    #[arg(value_name = "NAME|FILE")]
    sources: Vec<String>,

    /// Replace contexts of the same name
    #[arg(short, long)]
    force: bool,

    /// What a single one is called here
    #[arg(long = "as", value_name = "NAME")]
    rename: Option<String>,

    #[command(flatten)]
    place: Place,
}

impl ImportArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dirs = self.place.dirs(session)?;
        if self.rename.is_some() && self.sources.len() != 1 {
            return Err(CommandError::new(
                Kind::Usage,
                "--as names one context, so name one to import",
            ));
        }
        let mut rows: Vec<Row> = Vec::new();
        for mut entry in self.entries(session, &dirs)? {
            let source = entry.path.clone();
            if let Some(name) = &self.rename {
                entry.name.clone_from(name);
            }
            let twin = rows.iter().find(|it| it.name == entry.name);
            let outcome = match twin {
                Some(twin) => Outcome::Failed(format!(
                    "{} has the same name; import this one with --as",
                    twin.source.display()
                )),
                None => self.import(session, &dirs, &entry),
            };
            rows.push(Row {
                name: entry.name,
                source,
                outcome,
            });
        }
        let failed = rows.iter().filter(|it| it.outcome.is_failure()).count();
        let imported = Imported { rows };
        if failed == 0 {
            return Ok(Box::new(imported));
        }
        let message = format!("{failed} of {} contexts not imported", imported.rows.len());
        Err(CommandError::new(Kind::Refused, message).after(imported))
    }

    fn entries(&self, session: &Session, dirs: &Dirs) -> Result<Vec<Entry>, CommandError> {
        let found = shelf::foreign(Some(dirs), &session.env);
        if self.sources.is_empty() {
            return Ok(found);
        }
        let mut wanted = Vec::new();
        for source in &self.sources {
            let path = Path::new(source);
            if source.contains(['/', '\\']) || path.is_file() {
                let stem = path.file_stem().unwrap_or_default();
                wanted.push(Entry {
                    name: stem.to_string_lossy().into_owned(),
                    path: path.to_owned(),
                    origin: Origin::Legacy,
                });
                continue;
            }
            match found.iter().find(|it| it.name == *source) {
                Some(it) => wanted.push(it.clone()),
                None => {
                    let names: Vec<_> = found.iter().map(|it| it.name.as_str()).collect();
                    let message = format!("no other tool has a context '{source}'");
                    return Err(CommandError::new(Kind::NotFound, message)
                        .hint(format!("found: {}", names.join(", ")))
                        .hint("or name a file by its path"));
                }
            }
        }
        Ok(wanted)
    }

    fn import(&self, session: &Session, dirs: &Dirs, entry: &Entry) -> Outcome {
        match self.try_import(session, dirs, entry) {
            Ok(it) => it,
            Err(error) => {
                let causes = error.causes.iter().map(|it| format!(": {it}"));
                Outcome::Failed(format!("{}{}", error.message, causes.collect::<String>()))
            }
        }
    }

    fn try_import(
        &self,
        session: &Session,
        dirs: &Dirs,
        entry: &Entry,
    ) -> Result<Outcome, CommandError> {
        let path = path_of(dirs, &entry.name)?;
        let context = Context::read(&entry.name, &entry.path, &session.env)?;
        new::check(&context)?;
        let mut fields = store::fields(&context.layer());
        if let Some(it) = context.description() {
            fields.insert("description".to_owned(), it.into());
        }
        let text = store::text(&fields);
        if std::fs::read_to_string(&path).is_ok_and(|it| it == text) {
            return Ok(Outcome::Same);
        }
        let replace = match self.force {
            true => Replace::Yes,
            false => Replace::Never,
        };
        match store::write(&path, &text, replace) {
            Ok(()) => Ok(Outcome::Imported),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(Outcome::Kept),
            Err(error) => Err(super::unwritten(&path, error)),
        }
    }
}

enum Outcome {
    Imported,
    Same,
    /// A different one of this name is there.
    Kept,
    Failed(String),
}

impl Outcome {
    fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::Same => "unchanged",
            Self::Kept => "exists",
            Self::Failed(_) => "failed",
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Imported => "imported".to_owned(),
            Self::Same => "there already".to_owned(),
            Self::Kept => {
                "not imported: there is another one of this name (--force replaces it, --as NAME \
                 calls this one something else)"
                    .to_owned()
            }
            Self::Failed(reason) => format!("not imported: {reason}"),
        }
    }
}

struct Row {
    name: String,
    source: PathBuf,
    outcome: Outcome,
}

struct Imported {
    rows: Vec<Row>,
}

impl Answer for Imported {
    fn fields(&self) -> Map<String, Value> {
        let row = |it: &Row| {
            let reason = match &it.outcome {
                Outcome::Failed(reason) => Some(reason),
                _ => None,
            };
            json!({
                "name": it.name,
                "source": it.source,
                "status": it.outcome.name(),
                "reason": reason,
            })
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        let changed = !self.names().is_empty();
        Map::from_iter([
            ("contexts".to_owned(), rows.into()),
            ("changed".to_owned(), changed.into()),
        ])
    }

    fn text(&self, _: &Page) -> String {
        if self.rows.is_empty() {
            return "no contexts of other tools were found".to_owned();
        }
        let line = |it: &Row| {
            let source = it.source.display();
            format!("{} ({source}): {}", it.name, it.outcome.words())
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn names(&self) -> Vec<String> {
        let imported = self
            .rows
            .iter()
            .filter(|it| matches!(it.outcome, Outcome::Imported));
        imported.map(|it| it.name.clone()).collect()
    }
}
