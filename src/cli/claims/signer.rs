//! The keys that sign and are signed for: from a flag, a variable, standard input, or the directory of keys.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::claims::keyfile::{self, KeyFileError};
use crate::claims::{KeyError, KeyKind, Seed, keys};
use crate::cli::keys::{KeyDirs, key_file_error};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::now;

const SECONDS_PER_DAY: u64 = 86_400;
/// More than any seed has.
const MAX_STDIN_BYTES: u64 = 4096;

/// Flags of everything that makes a token.
#[derive(Debug, Default, clap::Args)]
pub(super) struct CommonArgs {
    /// Directory of keys [env: WASH_KEYS]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,

    /// The token expires this many days from now [default: never]
    #[arg(short = 'x', long, value_name = "DAYS")]
    expires: Option<u64>,

    /// The token cannot be used before this many days from now [default: at once]
    #[arg(short = 'b', long = "nbf", value_name = "DAYS", alias = "not-before")]
    nbf: Option<u64>,

    /// Fail rather than generate a key that is missing
    #[arg(long, conflicts_with = "keygen")]
    disable_keygen: bool,

    /// Generate keys that are missing without a terminal, too
    #[arg(long)]
    keygen: bool,
}

/// When a token begins and ends, in seconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Dates {
    pub(in crate::cli) now: u64,
    pub(in crate::cli) expires: Option<u64>,
    pub(in crate::cli) not_before: Option<u64>,
}

impl CommonArgs {
    pub(super) fn dates(&self) -> Result<Dates, CommandError> {
        self.dates_at(now())
    }

    fn dates_at(&self, now: u64) -> Result<Dates, CommandError> {
        Dates::from_days(now, self.expires, self.nbf)
    }
}

impl Dates {
    /// Days from now, as --expires and --nbf give them.
    pub(in crate::cli) fn from_days(
        now: u64,
        expires: Option<u64>,
        nbf: Option<u64>,
    ) -> Result<Self, CommandError> {
        let date = |flag: &str, days: Option<u64>| {
            let Some(days) = days else { return Ok(None) };
            let at = days
                .checked_mul(SECONDS_PER_DAY)
                .and_then(|it| it.checked_add(now))
                // Readers of some generations compute with signed numbers.
                .filter(|it| *it <= i64::MAX as u64);
            at.map(Some).ok_or_else(|| {
                CommandError::new(Kind::Usage, format!("{flag} {days} days is too far away"))
            })
        };
        let dates = Dates {
            now,
            expires: date("--expires", expires)?,
            not_before: date("--nbf", nbf)?,
        };
        match (dates.not_before, dates.expires) {
            (Some(start), Some(end)) if start >= end => {
                let message = "the token would expire before it can be used";
                Err(CommandError::new(Kind::Usage, message)
                    .hint("--nbf must be less than --expires"))
            }
            _ => Ok(dates),
        }
    }
}

/// A key as it was given: a path, a seed, `@file` or `-`. May be a secret, so it is never shown.
#[derive(Clone)]
pub(in crate::cli) struct KeyInput(String);

impl From<String> for KeyInput {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for KeyInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyInput(…)")
    }
}

impl KeyInput {
    fn seed(&self, flag: &str, kind: KeyKind) -> Result<Seed, CommandError> {
        let text = self.0.trim();
        if text == "-" {
            let mut bytes = Vec::new();
            let mut stdin = std::io::stdin().lock().take(MAX_STDIN_BYTES);
            stdin.read_to_end(&mut bytes).map_err(|error| {
                CommandError::new(Kind::General, "cannot read standard input").because(error)
            })?;
            let text = String::from_utf8_lossy(&bytes);
            return Seed::parse_kind(&text, kind)
                .map_err(|error| bad(flag, "what standard input gave", &error));
        }
        if let Some(path) = text.strip_prefix('@') {
            return from_file(Path::new(path), kind);
        }
        match Seed::parse_kind(text, kind) {
            Err(KeyError::BadSeed(_)) if Path::new(text).is_file() => {
                from_file(Path::new(text), kind)
            }
            // A seed has neither; what is named like a key file was meant as one, and can be shown.
            Err(KeyError::BadSeed(_)) if text.ends_with(".nk") => {
                let error = KeyFileError::NotFound(text.into());
                Err(key_file_error(error))
            }
            Err(KeyError::BadSeed(_)) => {
                let message = format!("{flag} is neither a valid {kind} seed nor a key file");
                Err(CommandError::new(Kind::Usage, message).hint(format!(
                    "{flag} takes the path of a key file, a seed, @FILE or -"
                )))
            }
            other => other.map_err(|error| bad(flag, "the seed", &error)),
        }
    }

    /// The public key, which may also be given as such.
    pub(in crate::cli) fn public(&self, flag: &str, kind: KeyKind) -> Result<String, CommandError> {
        let text = self.0.trim();
        match keys::check_public(kind, text) {
            Ok(()) => Ok(text.to_owned()),
            Err(_) => self.seed(flag, kind).map(|it| it.public()),
        }
    }
}

/// What a key is wanted for.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Role {
    flag: &'static str,
    variable: &'static str,
}

pub(in crate::cli) const ISSUER: Role = Role {
    flag: "--issuer",
    variable: "WASH_ISSUER_KEY",
};
pub(in crate::cli) const SUBJECT: Role = Role {
    flag: "--subject",
    variable: "WASH_SUBJECT_KEY",
};

/// Finds keys, and makes those that are missing where that is allowed.
#[derive(Debug)]
pub(in crate::cli) struct Keyring<'a> {
    session: &'a Session,
    dirs: KeyDirs,
    keygen: bool,
    generated: Vec<Value>,
}

impl<'a> Keyring<'a> {
    pub(super) fn open(session: &'a Session, common: &CommonArgs) -> Result<Self, CommandError> {
        let keygen = (!common.disable_keygen).then_some(common.keygen);
        Self::find(session, common.directory.as_deref(), keygen)
    }

    /// Keys in `directory`, or where they are kept. `keygen` is none where it is forbidden, and whether it was
    /// asked for otherwise.
    pub(in crate::cli) fn find(
        session: &'a Session,
        directory: Option<&Path>,
        keygen: Option<bool>,
    ) -> Result<Self, CommandError> {
        Ok(Self {
            session,
            dirs: KeyDirs::find(session, directory)?,
            // A script that finds no key more likely looks in the wrong place than wants a new identity.
            keygen: keygen.is_some_and(|asked| asked || session.interactive),
            generated: Vec::new(),
        })
    }

    /// The key given by the role's flag or variable, or else the one kept for `name`; account keys are kept for
    /// the user instead.
    pub(in crate::cli) fn key(
        &mut self,
        role: Role,
        given: Option<&KeyInput>,
        kind: KeyKind,
        name: &str,
    ) -> Result<Seed, CommandError> {
        let Role { flag, variable } = role;
        if let Some(given) = given {
            return given.seed(flag, kind);
        }
        if let Some(text) = self.session.env.get(variable) {
            return KeyInput(text.to_owned()).seed(variable, kind);
        }
        let owner = match kind {
            KeyKind::Account => self.user(),
            _ => name.replace(['/', '\\'], "_"),
        };
        let file = keyfile::file_name(&owner, kind).map_err(|error| {
            key_file_error(error).hint(format!("give the {kind} key with {flag}"))
        })?;
        match keyfile::find(&self.dirs.all, &file) {
            Ok(path) => {
                let role = flag.trim_start_matches('-');
                let note = format!("{role}: the {kind} key in {}", path.display());
                self.session.output.note(&note);
                from_file(&path, kind)
            }
            Err(KeyFileError::NotFound(_)) if self.keygen => self.generate(kind, &file),
            Err(KeyFileError::NotFound(path)) => {
                let message = format!("no {kind} key: {} does not exist", path.display());
                let make = format!(
                    "make it: wash keys gen {kind} --store '{owner}'{}",
                    self.dirs.flag()
                );
                Err(CommandError::new(Kind::NotFound, message)
                    .hint(make)
                    .hint(format!(
                        "or give another with {flag}, or let it be made with --keygen"
                    )))
            }
            Err(error) => Err(key_file_error(error)),
        }
    }

    /// `generated` of the answer.
    pub(in crate::cli) fn into_generated(self) -> Value {
        self.generated.into()
    }

    fn generate(&mut self, kind: KeyKind, file: &str) -> Result<Seed, CommandError> {
        let seed = Seed::generate(kind);
        let (path, public) = (self.dirs.home.join(file), seed.public());
        keyfile::write(&path, &seed).map_err(key_file_error)?;
        let note = format!("generated {kind} key {public} in {}", path.display());
        self.session.output.note(&note);
        self.generated.push(json!({
            "kind": kind.to_string(),
            "path": path,
            "public_key": public,
        }));
        Ok(seed)
    }

    fn user(&self) -> String {
        let env = &self.session.env;
        let user = env.get("USER").or_else(|| env.get("USERNAME"));
        user.unwrap_or("user").replace(['/', '\\'], "_")
    }
}

fn from_file(path: &Path, kind: KeyKind) -> Result<Seed, CommandError> {
    let seed = keyfile::read(path).map_err(key_file_error)?;
    match seed.kind() {
        found if found == kind => Ok(seed),
        found => {
            let message = format!("{} holds a key of type {found}, not {kind}", path.display());
            Err(CommandError::new(Kind::Refused, message))
        }
    }
}

fn bad(flag: &str, what: &str, error: &KeyError) -> CommandError {
    CommandError::new(Kind::Usage, format!("{flag}: {what} is no use: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::claims::testing::Home;

    fn find(
        home: &Home,
        common: &CommonArgs,
        given: Option<&str>,
        kind: KeyKind,
    ) -> Result<(Seed, Value), CommandError> {
        let session = home.session();
        let mut keyring = Keyring::open(&session, common)?;
        let given = given.map(|it| KeyInput(it.to_owned()));
        let seed = keyring.key(ISSUER, given.as_ref(), kind, "hello")?;
        Ok((seed, keyring.into_generated()))
    }

    #[test]
    fn a_key_is_given_as_seed_path_or_file() {
        let (home, common) = (Home::new(), CommonArgs::default());
        let seed = Seed::generate(KeyKind::Account);
        let path = home.path().join("mine.nk");
        keyfile::write(&path, &seed).unwrap();
        let path = path.to_str().unwrap();
        for given in [seed.reveal(), path.to_owned(), format!("@{path}")] {
            let (found, generated) = find(&home, &common, Some(&given), KeyKind::Account).unwrap();
            assert_eq!((found.public(), generated), (seed.public(), json!([])));
            let wrong = find(&home, &common, Some(&given), KeyKind::Module).unwrap_err();
            assert!(!format!("{wrong:?}").contains(&seed.reveal()));
        }
        let public = KeyInput(seed.public())
            .public("-a", KeyKind::Account)
            .unwrap();
        assert_eq!(public, seed.public());
    }

    #[test]
    fn a_variable_gives_a_key_and_a_flag_goes_before_it() {
        let home = Home::new();
        let (one, two) = (
            Seed::generate(KeyKind::Account),
            Seed::generate(KeyKind::Account),
        );
        let mut session = home.session();
        session.env = [("WASH_ISSUER_KEY".to_owned(), one.reveal())]
            .into_iter()
            .collect();
        let mut keyring = Keyring::open(&session, &CommonArgs::default()).unwrap();
        let flag = KeyInput(two.reveal());
        for (given, expected) in [(None, &one), (Some(&flag), &two)] {
            let found = keyring.key(ISSUER, given, KeyKind::Account, "x").unwrap();
            assert_eq!(found.public(), expected.public());
        }
        let error = keyring
            .key(ISSUER, None, KeyKind::Operator, "x")
            .unwrap_err();
        assert!(error.message.starts_with("WASH_ISSUER_KEY"), "{error}");
        assert!(keyring.key(SUBJECT, None, KeyKind::Module, "x").is_err());
    }

    #[test]
    fn a_bad_literal_is_never_echoed() {
        let (home, common) = (Home::new(), CommonArgs::default());
        let seed = Seed::generate(KeyKind::Account).reveal();
        for bad in [&seed[..57], "hunter2", &format!("{seed}X")] {
            let error = find(&home, &common, Some(bad), KeyKind::Account).unwrap_err();
            assert_eq!(error.kind, Kind::Usage);
            assert!(!format!("{error:?}").contains(bad), "{error:?}");
            assert!(!format!("{:?}", KeyInput(bad.to_owned())).contains(bad));
        }
        let error = find(&home, &common, Some("gone.nk"), KeyKind::Account).unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
    }

    #[test]
    fn a_missing_key_is_made_only_when_asked() {
        let (home, mut common) = (Home::new(), CommonArgs::default());
        let error = find(&home, &common, None, KeyKind::Module).unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
        assert!(error.message.contains("hello_module.nk"), "{error}");
        assert!(error.hints[0].contains("wash keys gen module --store 'hello'"));
        assert!(home.is_empty());

        common.keygen = true;
        let (made, generated) = find(&home, &common, None, KeyKind::Module).unwrap();
        assert_eq!(generated[0]["public_key"], made.public());
        let (again, generated) = find(&home, &common, None, KeyKind::Module).unwrap();
        assert_eq!((again.public(), generated), (made.public(), json!([])));
        let (account, generated) = find(&home, &common, None, KeyKind::Account).unwrap();
        assert_eq!(account.kind(), KeyKind::Account);
        let path = generated[0]["path"].as_str().unwrap();
        assert!(path.ends_with("tester_account.nk"), "{path}");
    }

    #[test]
    fn a_terminal_allows_generation_unless_it_is_disabled() {
        let home = Home::new();
        let mut session = home.session();
        session.interactive = true;
        let mut common = CommonArgs::default();
        let made = |common: &CommonArgs| {
            let mut keyring = Keyring::open(&session, common).unwrap();
            keyring.key(ISSUER, None, KeyKind::Operator, "op").is_ok()
        };
        common.disable_keygen = true;
        assert!(!made(&common));
        common.disable_keygen = false;
        assert!(made(&common));
    }

    #[test]
    fn days_become_dates() {
        let common = CommonArgs {
            expires: Some(30),
            nbf: Some(2),
            ..CommonArgs::default()
        };
        let dates = common.dates_at(1000).unwrap();
        assert_eq!(dates.expires, Some(1000 + 30 * 86_400));
        assert_eq!(dates.not_before, Some(1000 + 2 * 86_400));
        for (expires, nbf) in [
            (Some(u64::MAX), None),
            (Some(1), Some(2)),
            (None, Some(u64::MAX / 86_400)),
        ] {
            let common = CommonArgs {
                expires,
                nbf,
                ..CommonArgs::default()
            };
            assert_eq!(common.dates_at(1000).unwrap_err().kind, Kind::Usage);
        }
    }
}
