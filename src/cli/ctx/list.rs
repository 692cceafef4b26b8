//! `wash ctx list`: every context, and which is the default.

use serde_json::{Map, Value, json};

use super::Place;
use crate::cli::CommandResult;
use crate::cli::output::{Answer, Page};
use crate::cli::session::Session;
use crate::cli::table::{KEEP, Table};
use crate::config::connection::{Connection, without_secrets};
use crate::config::context::running;
use crate::config::context::shelf::{self, Entry};

/// List contexts
///
/// Those of wash itself, of wash 0.11 (~/.wash/contexts), of the nats command line, and the hosts that `wash up`
/// runs on this machine.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Place,
}

impl ListArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dirs = self.place.dirs(session)?;
        let dirs = Some(&dirs);
        let named = shelf::default_name(dirs)?.map(|it| it.value);
        let default = named.or_else(|| running::first(dirs).map(|it| it.name));
        let look = |entry: Entry| {
            let context = entry.read(dirs, &session.env);
            let description = context.as_ref().ok().and_then(|it| it.description());
            Row {
                description: description.map(str::to_owned),
                settings: context
                    .and_then(|it| Connection::of_context(&it))
                    .map_err(|it| it.to_string()),
                entry,
            }
        };
        let rows: Vec<_> = shelf::list(dirs, &session.env)
            .into_iter()
            .map(look)
            .collect();
        if let Some(name) = default
            .as_ref()
            .filter(|it| !rows.iter().any(|row| row.entry.name == **it))
        {
            session.output.warn(&format!(
                "the default context '{name}' is gone; choose another with `wash ctx use NAME`, or none: --none"
            ));
        }
        Ok(Box::new(Contexts { rows, default }))
    }
}

struct Row {
    entry: Entry,
    description: Option<String>,
    settings: Result<Connection, String>,
}

impl Row {
    fn server(&self) -> Option<String> {
        let settings = self.settings.as_ref().ok()?;
        let urls = settings.urls.value.iter().map(|it| without_secrets(it));
        Some(urls.collect::<Vec<_>>().join(", "))
    }
}

struct Contexts {
    rows: Vec<Row>,
    default: Option<String>,
}

impl Contexts {
    fn is_default(&self, row: &Row) -> bool {
        self.default.as_ref() == Some(&row.entry.name)
    }
}

impl Answer for Contexts {
    fn fields(&self) -> Map<String, Value> {
        let detail = |row: &Row| {
            let settings = row.settings.as_ref();
            json!({
                "name": row.entry.name,
                "default": self.is_default(row),
                "origin": row.entry.origin.name(),
                "path": row.entry.path,
                "description": row.description,
                "server": row.server(),
                "lattice": settings.ok().map(|it| &it.lattice.value),
                "credentials": settings.ok().map(|it| it.auth.value.describe()),
                "problem": settings.err(),
            })
        };
        let details: Vec<Value> = self.rows.iter().map(detail).collect();
        Map::from_iter([
            ("contexts".to_owned(), self.names().into()),
            ("default".to_owned(), self.default.clone().into()),
            ("details".to_owned(), details.into()),
        ])
    }

    fn text(&self, page: &Page) -> String {
        if self.rows.is_empty() {
            return "no contexts; make one with `wash ctx new NAME --server URL`".to_owned();
        }
        let mut table = Table::new([
            ("NAME", KEEP),
            ("DEFAULT", 6),
            ("SERVER", 5),
            ("LATTICE", 4),
            ("CREDENTIALS", 2),
            ("OF", 3),
            ("FILE", 1),
        ]);
        for row in &self.rows {
            let (server, lattice, credentials) = match &row.settings {
                Ok(it) => (
                    row.server().unwrap_or_default(),
                    it.lattice.value.clone(),
                    it.auth.value.describe(),
                ),
                Err(problem) => (format!("({problem})"), String::new(), String::new()),
            };
            table.row([
                row.entry.name.clone(),
                if self.is_default(row) { "yes" } else { "" }.to_owned(),
                server,
                lattice,
                credentials,
                row.entry.origin.name().to_owned(),
                row.entry.path.display().to_string(),
            ]);
        }
        table.render(page)
    }

    fn names(&self) -> Vec<String> {
        self.rows.iter().map(|it| it.entry.name.clone()).collect()
    }
}
