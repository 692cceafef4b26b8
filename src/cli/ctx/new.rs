//! `wash ctx new`: a context from flags, from another context, or from answers.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Place, path_of, unasked, unwritten};
use crate::claims::Seed;
use crate::cli::CommandResult;
use crate::cli::args::ConnectionArgs;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::connection::Connection;
use crate::config::context::store::{self, Replace};
use crate::config::context::{Context, shelf};
use crate::config::definition::{DEFINITIONS, Key};
use crate::config::dirs::Dirs;
use crate::config::layer::{Layer, Source};
use crate::lattice::LatticeName;

/// Make a context of the connection options given
///
/// --context NAME starts from another one. Files with credentials are kept as their paths; a seed, token or
/// password given as text is kept in the context's file, which only its owner can read.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// Its name
    #[arg(value_name = "NAME", required_unless_present = "interactive")]
    name: Option<String>,

    /// Ask for what is not given
    #[arg(short, long)]
    interactive: bool,

    /// Replace a context of this name
    #[arg(short, long)]
    force: bool,

    /// Make it the default at once
    #[arg(long = "use")]
    make_default: bool,

    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// Seed that signs calls, or a file with one
    #[arg(long, value_name = "SEED", hide_short_help = true)]
    cluster_seed: Option<String>,

    /// As older versions name it; flags count in any case
    #[arg(long, hide = true)]
    from_flags: bool,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl NewArgs {
    pub(super) fn run(mut self, session: &Session) -> CommandResult {
        let dirs = self.place.dirs(session)?;
        if self.interactive {
            self.ask(session)?;
        }
        let name = self.name.clone().unwrap_or_default();
        let path = path_of(&dirs, &name)?;
        let settings = self.settings(session, &dirs)?;
        let mut fields = store::fields(&settings);
        if let Some(it) = &self.description {
            fields.insert("description".to_owned(), it.clone().into());
        }
        check(&Context::new(&name, &path, fields.clone()))?;
        let text = store::text(&fields);
        let changed = std::fs::read_to_string(&path).ok().as_ref() != Some(&text);
        let replace = match self.force {
            true => Replace::Yes,
            false => Replace::Never,
        };
        if changed {
            store::write(&path, &text, replace).map_err(|error| match error.kind() {
                std::io::ErrorKind::AlreadyExists => exists(&name),
                _ => unwritten(&path, error),
            })?;
        }
        if self.make_default {
            store::set_default(&dirs, Some(&name)).map_err(|it| unwritten(&path, it))?;
        } else {
            session
                .output
                .note(&format!("make it the default with: wash ctx use {name}"));
        }
        let text = match changed {
            true => format!("context '{name}' is kept in {}", path.display()),
            false => format!("context '{name}' is so already"),
        };
        let fields = json!({
            "context": name,
            "path": path,
            "changed": changed,
            "default": self.make_default,
            "result": text,
        });
        Ok(Box::new(Sentence::new(text, fields).named(name)))
    }

    fn ask(&mut self, session: &Session) -> Result<(), CommandError> {
        if !session.interactive {
            let error = CommandError::new(Kind::Usage, "there is nobody to ask");
            return Err(
                error.hint("leave out --interactive, as in: wash ctx new NAME --server URL")
            );
        }
        let ask = |question: &str, field: &mut Option<String>| -> Result<(), CommandError> {
            if field.is_none() {
                let answer = session.output.ask(question).map_err(unasked)?;
                *field = Some(answer).filter(|it| !it.is_empty());
            }
            Ok(())
        };
        ask("Name:", &mut self.name)?;
        let it = &mut self.connection;
        if it.ctl_host.is_none() && it.ctl_port.is_none() {
            ask("NATS address [127.0.0.1:4222]:", &mut it.server)?;
        }
        ask("Lattice [default]:", &mut it.lattice)?;
        let mut creds = it.creds.take().map(|it| it.to_string_lossy().into_owned());
        ask("Credentials file [none]:", &mut creds)?;
        it.creds = creds.map(PathBuf::from);
        ask("JetStream domain [none]:", &mut it.js_domain)
    }

    /// What was typed, over the context that it starts from.
    fn settings(&self, session: &Session, dirs: &Dirs) -> Result<Layer<Key>, CommandError> {
        let flags = self.connection.layer();
        let base = match flags.get(Key::Context) {
            Some(wanted) => shelf::find(Some(wanted), Some(dirs), &session.env)?,
            None => None,
        };
        let base = base.map(|it| it.0.layer()).unwrap_or_default();
        let mut all = Layer::default();
        for definition in DEFINITIONS {
            let key = definition.key;
            // A way to authenticate replaces another one, and so does an address.
            let group = GROUPS.iter().find(|it| it.contains(&key));
            let stronger = group.is_some_and(|it| flags.has(it));
            let value = match flags.get(key) {
                Some(it) => Some(it),
                None if stronger => None,
                None => base.get(key),
            };
            if let Some(it) = value.filter(|_| key != Key::Context) {
                all.set(key, kept(key, &it.value), it.source.clone());
            }
        }
        if let Some(it) = &self.cluster_seed {
            let source = Source::Flag("cluster-seed");
            all.set(Key::ClusterSeed, kept(Key::ClusterSeed, it), source);
        }
        Ok(all)
    }
}

/// Settings of which one replaces the others.
const GROUPS: &[&[Key]] = &[
    &[Key::Server, Key::Host, Key::Port],
    &[
        Key::Creds,
        Key::Jwt,
        Key::Seed,
        Key::Nkey,
        Key::User,
        Key::Password,
        Key::Token,
    ],
    &[Key::Timeout, Key::TimeoutMs],
];

/// A value as it counts from every directory.
fn kept(key: Key, value: &str) -> String {
    let is_file = match key {
        Key::Creds | Key::TlsCa | Key::TlsCert | Key::TlsKey => true,
        Key::Jwt | Key::Seed | Key::Nkey | Key::ClusterSeed => {
            Seed::parse(value.trim()).is_err() && Path::new(value).is_file()
        }
        _ => false,
    };
    let absolute = is_file.then(|| std::path::absolute(value).ok()).flatten();
    absolute.map_or_else(|| value.to_owned(), |it| it.to_string_lossy().into_owned())
}

/// Whether a context can work, as far as its own words tell.
pub(super) fn check(context: &Context) -> Result<(), CommandError> {
    let settings = Connection::of_context(context)?;
    let lattice: Result<LatticeName, _> = settings.lattice.value.parse();
    lattice.map(drop).map_err(|error| {
        CommandError::new(Kind::Usage, "the lattice's name is not valid").because(error)
    })
}

fn exists(name: &str) -> CommandError {
    CommandError::new(
        Kind::Refused,
        format!("there is a context '{name}' already"),
    )
    .hint(format!(
        "change it with `wash ctx edit {name}`, or replace it with --force"
    ))
}
