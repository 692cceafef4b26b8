//! `wash ctx del`: contexts that go.

use serde_json::json;

use super::{Place, name_or_ask, ours, path_of, unwritten};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::session::Session;
use crate::config::context::{shelf, store};

/// Delete contexts
///
/// That there is none of this name is no error. Those of other tools are left alone.
#[derive(Debug, clap::Args)]
pub(crate) struct DelArgs {
    /// The contexts
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    place: Place,
}

impl DelArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dirs = self.place.dirs(session)?;
        let names = match self.names.is_empty() {
            true => vec![name_or_ask(session, &dirs, None, "wash ctx del NAME")?],
            false => self.names,
        };
        let mut deleted = Vec::new();
        let mut missing = Vec::new();
        let mut paths = Vec::new();
        for name in names {
            let path = path_of(&dirs, &name)?;
            // Those that are there are checked before any of them goes.
            ours(session, &dirs, &name)?;
            paths.push((name, path));
        }
        for (name, path) in paths {
            let there = store::remove(&path).map_err(|it| unwritten(&path, it))?;
            if there { &mut deleted } else { &mut missing }.push(name);
        }
        let default = shelf::default_name(Some(&dirs)).ok().flatten();
        let lost = default.is_some_and(|it| deleted.contains(&it.value));
        if lost {
            let path = dirs.contexts();
            store::set_default(&dirs, None).map_err(|it| unwritten(&path, it))?;
        }
        let mut lines: Vec<String> = deleted
            .iter()
            .map(|it| format!("deleted context '{it}'"))
            .collect();
        lines.extend(
            missing
                .iter()
                .map(|it| format!("there is no context '{it}'")),
        );
        if lost {
            lines.push("it was the default; now there is none".to_owned());
        }
        let text = lines.join("\n");
        let fields = json!({
            "changed": !deleted.is_empty(),
            "deleted": deleted,
            "default_cleared": lost,
            "result": text,
        });
        let mut sentence = Sentence::new(text, fields);
        sentence.names = deleted;
        Ok(Box::new(sentence))
    }
}
