//! `wash keys`: making, showing and listing keys. How keys are kept is [`keyfile`]'s business.

mod dirs;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Map, Value, json};

use crate::claims::keyfile::{self, KeyFileError};
use crate::claims::{KeyKind, Seed};

use super::CommandResult;
use super::output::{Answer, Page, Sentence};
use super::report::{CommandError, Kind};
use super::session::Session;
pub(super) use dirs::{KeyDirs, key_file_error};

/// Make, show and list keys
#[derive(Debug, clap::Subcommand)]
pub(crate) enum KeysCommand {
    Gen(GenArgs),
    Get(GetArgs),
    #[command(visible_alias = "ls")]
    List(ListArgs),
}

impl KeysCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Gen(it) => it.run(session),
            Self::Get(it) => it.run(session),
            Self::List(it) => it.run(session),
        }
    }
}

/// Generate a key
///
/// The seed is printed and kept nowhere, unless --out or --store names a file for it; then only the public key
/// is printed.
#[derive(Debug, clap::Args)]
pub(crate) struct GenArgs {
    /// What the key is for
    #[arg(value_parser = kinds(), ignore_case = true)]
    kind: KeyKind,

    /// Print shell commands that set it in the environment (cluster and server keys)
    #[arg(long, conflicts_with_all = ["seed_only", "public_only"])]
    env: bool,

    /// Write the seed to this new file, readable by its owner only
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    out: Option<PathBuf>,

    /// Write the seed to NAME_KIND.nk in the directory of keys
    #[arg(long, value_name = "NAME")]
    store: Option<String>,

    /// Directory of keys for --store [env: WASH_KEYS]
    #[arg(short, long, value_name = "DIR", requires = "store")]
    directory: Option<PathBuf>,

    /// Print the seed alone
    #[arg(long, conflicts_with = "public_only")]
    seed_only: bool,

    /// Print the public key alone
    #[arg(long)]
    public_only: bool,
}

impl GenArgs {
    fn run(self, session: &Session) -> CommandResult {
        let seed = Seed::generate(self.kind);
        let public = seed.public();
        // Before anything is written: a refused flag must leave no file behind.
        let exports = if self.env {
            exports(&seed)?
        } else {
            Vec::new()
        };
        let path = self.path(session)?;
        if let Some(path) = &path {
            keyfile::write(path, &seed).map_err(key_file_error)?;
        }
        let mut fields = Map::new();
        let text = if self.env {
            let env: Map<String, Value> = exports
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            fields.insert("env".to_owned(), env.into());
            lines(
                exports
                    .iter()
                    .map(|(name, value)| format!("export {name}={value}")),
            )
        } else if self.seed_only {
            seed.reveal()
        } else if self.public_only {
            public.clone()
        } else if let Some(path) = &path {
            format!("Public Key: {public}\nFile: {}", path.display())
        } else {
            session
                .output
                .note("Remember that the seed is private, treat it as a secret.");
            format!("Public Key: {public}\nSeed: {}", seed.reveal())
        };
        fields.insert("public_key".to_owned(), json!(public));
        if self.seed_only || (path.is_none() && !self.public_only) {
            fields.insert("seed".to_owned(), json!(seed.reveal()));
        }
        if let Some(path) = path {
            fields.insert("path".to_owned(), json!(path));
        }
        Ok(Box::new(Sentence::new(text, fields.into()).named(public)))
    }

    fn path(&self, session: &Session) -> Result<Option<PathBuf>, CommandError> {
        let Some(name) = &self.store else {
            return Ok(self.out.clone());
        };
        let file = keyfile::file_name(name, self.kind).map_err(key_file_error)?;
        let dirs = KeyDirs::find(session, self.directory.as_deref())?;
        Ok(Some(dirs.home.join(file)))
    }
}

/// Show the seed of a stored key
#[derive(Debug, clap::Args)]
pub(crate) struct GetArgs {
    /// Name of the key file, with or without .nk
    name: String,

    /// Directory of keys [env: WASH_KEYS]
    #[arg(short, long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl GetArgs {
    fn run(self, session: &Session) -> CommandResult {
        let dirs = KeyDirs::find(session, self.directory.as_deref())?;
        let path = keyfile::find(&dirs.all, &self.name).map_err(|error| {
            key_file_error(error).hint(format!("list them: wash keys list{}", dirs.flag()))
        })?;
        let seed = keyfile::read(&path).map_err(key_file_error)?;
        let fields = json!({
            "seed": seed.reveal(),
            "public_key": seed.public(),
            "path": path,
        });
        let answer = Sentence::new(seed.reveal(), fields).named(seed.public());
        Ok(Box::new(answer))
    }
}

/// List stored keys
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Directory of keys [env: WASH_KEYS]
    #[arg(short, long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

impl ListArgs {
    fn run(self, session: &Session) -> CommandResult {
        let dirs = KeyDirs::find(session, self.directory.as_deref())?;
        if dirs.given && !dirs.home.is_dir() {
            let message = format!("there is no directory {}", dirs.home.display());
            return Err(CommandError::new(Kind::NotFound, message));
        }
        let mut keys: Vec<StoredKey> = Vec::new();
        for directory in &dirs.all {
            for path in keyfile::list(directory).map_err(key_file_error)? {
                let key = StoredKey::look_at(path);
                // The first directory is the one that is used.
                if keys.iter().all(|it| it.name != key.name) {
                    keys.push(key);
                }
            }
        }
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Box::new(KeyList {
            directory: dirs.home,
            keys,
        }))
    }
}

#[derive(Debug)]
struct StoredKey {
    name: String,
    path: PathBuf,
    /// The public key, or why there is none.
    public: Result<String, KeyFileError>,
}

impl StoredKey {
    fn look_at(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or_default();
        Self {
            name: name.to_string_lossy().into_owned(),
            public: keyfile::read(&path).map(|it| it.public()),
            path,
        }
    }
}

#[derive(Debug)]
struct KeyList {
    directory: PathBuf,
    keys: Vec<StoredKey>,
}

impl Answer for KeyList {
    fn fields(&self) -> Map<String, Value> {
        let names: Vec<_> = self.keys.iter().map(|it| &it.name).collect();
        let file = |it: &StoredKey| {
            json!({
                "name": it.name,
                "path": it.path,
                "public_key": it.public.as_ref().ok(),
                "problem": it.public.as_ref().err().map(ToString::to_string),
            })
        };
        let files: Vec<_> = self.keys.iter().map(file).collect();
        let mut fields = Map::new();
        fields.insert("keys".to_owned(), json!(names));
        fields.insert("files".to_owned(), files.into());
        fields.insert("directory".to_owned(), json!(self.directory));
        fields
    }

    fn text(&self, _page: &Page) -> String {
        if self.keys.is_empty() {
            return format!("no keys in {}", self.directory.display());
        }
        let width = self.keys.iter().map(|it| it.name.chars().count()).max();
        let width = width.unwrap_or_default();
        lines(self.keys.iter().map(|it| match &it.public {
            Ok(public) => format!("{:width$}  {public}", it.name),
            Err(error) => format!("{:width$}  ({error})", it.name),
        }))
    }

    fn names(&self) -> Vec<String> {
        self.keys.iter().map(|it| it.name.clone()).collect()
    }
}

/// The variables by which a host takes a key of this kind.
fn exports(seed: &Seed) -> Result<Vec<(&'static str, String)>, CommandError> {
    match seed.kind() {
        KeyKind::Cluster => Ok(vec![
            ("WASMCLOUD_CLUSTER_SEED", seed.reveal()),
            ("WASMCLOUD_CLUSTER_ISSUERS", seed.public()),
        ]),
        KeyKind::Server => Ok(vec![("WASMCLOUD_HOST_SEED", seed.reveal())]),
        kind => {
            let message = format!("no variable takes a key of type {kind}");
            let error = CommandError::new(Kind::Usage, message);
            Err(error.hint("--env is for cluster and server keys"))
        }
    }
}

fn kinds() -> impl TypedValueParser<Value = KeyKind> {
    // Spelt out for help and completions; an unknown word is an error, never a module key.
    PossibleValuesParser::new([
        "account", "cluster", "module", "operator", "server", "service", "user",
    ])
    .try_map(|it| it.parse::<KeyKind>())
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::cli::claims::testing::{Home, page};

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(subcommand)]
        command: KeysCommand,
    }

    fn run(home: &Home, args: &[&str]) -> Result<Box<dyn Answer>, CommandError> {
        let cli = Cli::try_parse_from([&["keys"][..], args].concat()).unwrap();
        cli.command.run(&home.session())
    }

    fn parse_error(args: &[&str]) -> String {
        let args = [&["keys"][..], args].concat();
        Cli::try_parse_from(args).unwrap_err().to_string()
    }

    #[test]
    fn every_kind_is_generated_in_any_case() {
        let home = Home::new();
        for (kind, letter) in [
            ("Account", "A"),
            ("CLUSTER", "C"),
            ("module", "M"),
            ("operator", "O"),
            ("server", "N"),
            ("service", "V"),
            ("user", "U"),
        ] {
            let answer = run(&home, &["gen", kind]).unwrap();
            let fields = answer.fields();
            let public = fields["public_key"].as_str().unwrap();
            let seed = Seed::parse(fields["seed"].as_str().unwrap()).unwrap();
            assert!(public.starts_with(letter) && seed.public() == public);
            let text = answer.text(&page());
            assert_eq!(
                text,
                format!("Public Key: {public}\nSeed: {}", seed.reveal())
            );
        }
        assert!(home.is_empty());
    }

    #[test]
    fn an_unknown_kind_is_a_usage_error_that_lists_them() {
        let error = parse_error(&["gen", "clustr"]);
        assert!(error.contains("account, cluster, module, operator, server, service, user"));
    }

    #[test]
    fn env_prints_lines_to_source() {
        let home = Home::new();
        let answer = run(&home, &["gen", "cluster", "--env"]).unwrap();
        let (text, fields) = (answer.text(&page()), answer.fields());
        let lines: Vec<_> = text.lines().collect();
        let [seed, issuers] = lines[..] else {
            panic!("{text}")
        };
        let seed = seed.strip_prefix("export WASMCLOUD_CLUSTER_SEED=").unwrap();
        let issuers = issuers
            .strip_prefix("export WASMCLOUD_CLUSTER_ISSUERS=")
            .unwrap();
        assert_eq!(Seed::parse(seed).unwrap().public(), issuers);
        assert_eq!(fields["env"]["WASMCLOUD_CLUSTER_SEED"], seed);

        let server = run(&home, &["gen", "server", "--env"])
            .unwrap()
            .text(&page());
        assert!(server.starts_with("export WASMCLOUD_HOST_SEED=SN") && server.lines().count() == 1);

        let error = run(&home, &["gen", "user", "--env", "--store", "x"])
            .err()
            .unwrap();
        assert_eq!(error.kind, Kind::Usage);
        assert!(home.is_empty());
    }

    #[test]
    fn a_stored_key_is_listed_got_and_never_overwritten() {
        let home = Home::new();
        let stored = run(&home, &["gen", "module", "--store", "hello"]).unwrap();
        assert!(!stored.fields().contains_key("seed"));
        let seed = run(&home, &["get", "hello_module"]).unwrap().text(&page());
        assert!(!stored.text(&page()).contains(seed.trim()));
        let public = stored.fields()["public_key"].clone();
        for name in ["hello_module", "hello_module.nk"] {
            let got = run(&home, &["get", name]).unwrap();
            assert_eq!(got.fields()["public_key"], public);
            assert!(got.text(&page()).starts_with("SM"));
        }
        let again = run(&home, &["gen", "module", "--store", "hello"])
            .err()
            .unwrap();
        assert_eq!(again.kind, Kind::Refused);
        let list = run(&home, &["list"]).unwrap();
        assert_eq!(list.fields()["keys"], json!(["hello_module.nk"]));
        assert_eq!(list.fields()["files"][0]["public_key"], public);
        assert_eq!(list.names(), ["hello_module.nk"]);
        let missing = run(&home, &["get", "nobody"]).err().unwrap();
        assert_eq!((missing.kind, missing.hints.len()), (Kind::NotFound, 1));
    }

    #[test]
    fn seed_or_public_key_can_stand_alone() {
        let home = Home::new();
        let file = home.path().join("key.nk");
        let file = file.to_str().unwrap();
        let public = run(&home, &["gen", "user", "--public-only", "--out", file]).unwrap();
        let public = public.text(&page());
        assert_eq!(keyfile::read(Path::new(file)).unwrap().public(), public);
        let seed = run(&home, &["gen", "user", "--seed-only"]).unwrap();
        assert!(Seed::parse(&seed.text(&page())).is_ok());
        assert!(parse_error(&["gen", "user", "--seed-only", "--public-only"]).contains("cannot"));
    }

    #[test]
    fn listing_creates_nothing_and_reads_the_old_place() {
        let home = Home::new();
        let empty = run(&home, &["list"]).unwrap();
        assert_eq!(empty.fields()["keys"], json!([]));
        assert!(home.is_empty());
        let gone = home.path().join("gone");
        let error = run(&home, &["list", "-d", gone.to_str().unwrap()])
            .err()
            .unwrap();
        assert_eq!(error.kind, Kind::NotFound);
        let old = home.path().join(".wash").join("keys").join("me_account.nk");
        keyfile::write(&old, &Seed::generate(KeyKind::Account)).unwrap();
        assert_eq!(run(&home, &["list"]).unwrap().names(), ["me_account.nk"]);
        assert!(run(&home, &["get", "me_account"]).is_ok());
    }
}
