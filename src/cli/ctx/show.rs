//! `wash ctx show`: what a context says, or what is used after all, and where each value comes from.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::Place;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::{Answer, Page};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::cli::table::{KEEP, Table};
use crate::config::connection::Connection;
use crate::config::context::{running, shelf};
use crate::config::definition::Key;
use crate::config::explain::{self, Row};
use crate::config::layer::{Setting, Source};

/// Show a context, or with --resolved what a command would use
///
/// Secrets are never shown: files that hold one appear as their path, seeds as their public key.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The context; the default one if left out
    #[arg(value_name = "NAME", conflicts_with = "context")]
    name: Option<String>,

    /// Show every setting as a command would use it: flags, variables, the context and defaults together
    #[arg(long)]
    resolved: bool,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl ShowArgs {
    pub(super) fn run(mut self, session: &Session) -> CommandResult {
        let dirs = self.place.dirs(session)?;
        self.connection.context = self.connection.context.or(self.name.take());
        let flags = self.connection.layer();
        if self.resolved {
            let settings = Connection::decide(flags, &session.env, Some(&dirs))?;
            return Ok(Box::new(Shown {
                context: settings.context.as_ref().map(|it| it.value.clone()),
                path: None,
                description: None,
                resolved: true,
                rows: explain::of_connection(&settings),
                unused: Vec::new(),
            }));
        }
        let wanted = flags.get(Key::Context).cloned().or_else(|| {
            let variable = |name: &str| {
                let value = session.env.get(name)?.to_owned();
                Some(Setting::new(value, Source::Variable(name.to_owned())))
            };
            variable("WASH_CONTEXT").or_else(|| variable("NATS_CONTEXT"))
        });
        let found = shelf::find(wanted.as_ref(), Some(&dirs), &session.env)?;
        let context = found
            .map(|it| it.0)
            .or_else(|| running::first(Some(&dirs)))
            .ok_or_else(|| {
                CommandError::new(Kind::NotFound, "no context is the default")
                    .hint("name one, as in: wash ctx show NAME")
                    .hint("or see what is used without one: wash ctx show --resolved")
            })?;
        Ok(Box::new(Shown {
            description: context.description().map(str::to_owned),
            rows: explain::of_layer(&context.layer()),
            unused: (context.unknown_fields().into_iter())
                .map(str::to_owned)
                .collect(),
            context: Some(context.name),
            path: Some(context.path),
            resolved: false,
        }))
    }
}

struct Shown {
    context: Option<String>,
    /// None where several layers count.
    path: Option<PathBuf>,
    description: Option<String>,
    resolved: bool,
    rows: Vec<Row>,
    /// Fields of the file that mean nothing to us.
    unused: Vec<String>,
}

impl Answer for Shown {
    fn fields(&self) -> Map<String, Value> {
        let setting = |row: &Row| {
            json!({
                "name": row.name,
                "value": row.value,
                "masked": row.masked,
                "layer": explain::layer_name(&row.source),
                "source": row.source.to_string(),
            })
        };
        let settings: Vec<Value> = self.rows.iter().map(setting).collect();
        let fields = json!({
            "context": self.context,
            "path": self.path,
            "description": self.description,
            "resolved": self.resolved,
            "settings": settings,
            "unused_fields": self.unused,
        });
        match fields {
            Value::Object(it) => it,
            _ => Map::new(),
        }
    }

    fn text(&self, page: &Page) -> String {
        let mut lines = Vec::new();
        if let (Some(name), Some(path)) = (&self.context, &self.path) {
            lines.push(format!("Context {name} ({})", path.display()));
        }
        lines.extend(self.description.clone());
        if self.rows.is_empty() {
            lines.push("It sets nothing: everything is as without a context.".to_owned());
        } else {
            let mut table = Table::new([("SETTING", KEEP), ("VALUE", KEEP), ("FROM", 1)]);
            for row in &self.rows {
                let value = row.value.clone().unwrap_or_default();
                table.row([row.name.to_owned(), value, row.source.to_string()]);
            }
            lines.push(table.render(page));
        }
        if !self.unused.is_empty() {
            lines.push(format!("Not used by wash: {}", self.unused.join(", ")));
        }
        lines.join("\n")
    }

    fn names(&self) -> Vec<String> {
        self.context.iter().cloned().collect()
    }
}
