//! `wash ctx use`: which context is the default.

use serde_json::json;

use super::{Place, name_or_ask, unknown, unwritten};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::session::Session;
use crate::config::context::{running, shelf, store};

/// Make a context the default
#[derive(Debug, clap::Args)]
pub(crate) struct UseArgs {
    /// The context
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// No default: the host that `wash up` runs on this machine, else 127.0.0.1:4222
    #[arg(long, conflicts_with = "name")]
    none: bool,

    #[command(flatten)]
    place: Place,
}

impl UseArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dirs = self.place.dirs(session)?;
        // One that cannot be read is mended by what follows.
        let before = shelf::default_name(Some(&dirs));
        let set = |name: Option<&str>| {
            let path = dirs.contexts();
            store::set_default(&dirs, name).map_err(|it| unwritten(&path, it))
        };
        if self.none {
            let changed = !matches!(before, Ok(None));
            if changed {
                set(None)?;
            }
            let instead = match running::first(Some(&dirs)) {
                Some(it) => format!("'{}' is used, which runs here", it.name),
                None => "127.0.0.1:4222 is used".to_owned(),
            };
            let text = format!("no context is the default; {instead}");
            let fields = json!({"default": null, "changed": changed, "result": text});
            return Ok(Box::new(Sentence::new(text, fields)));
        }
        let name = name_or_ask(session, &dirs, self.name, "wash ctx use NAME")?;
        let entry = shelf::list(Some(&dirs), &session.env)
            .into_iter()
            .find(|it| it.name == name)
            .ok_or_else(|| unknown(session, &dirs, &name))?;
        entry.read(Some(&dirs), &session.env)?;
        let changed = !matches!(before, Ok(Some(it)) if it.value == name);
        if changed {
            set(Some(&name))?;
        }
        let text = format!("'{name}' is the default context");
        let fields = json!({"default": name, "changed": changed, "result": text});
        Ok(Box::new(Sentence::new(text, fields).named(name)))
    }
}
