//! The passphrase of a bundle: from a file, a variable, or a person at a terminal.

use std::io::Read as _;
use std::path::PathBuf;

use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::bundle::{BundleError, Passphrase};

/// Where a passphrase comes from.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PassphraseArgs {
    /// File with the bundle's passphrase
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "passphrase_env",
        hide_short_help = true
    )]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// Environment variable with the bundle's passphrase
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) passphrase_env: Option<String>,
}

/// Bytes of a passphrase.
const MAX: u64 = 4096;

impl PassphraseArgs {
    /// What file or variable say; none if neither was named.
    pub(crate) fn read(&self, session: &Session) -> Result<Option<Passphrase>, CommandError> {
        let text = if let Some(path) = &self.passphrase_file {
            let mut text = String::new();
            let read =
                std::fs::File::open(path).and_then(|it| it.take(MAX).read_to_string(&mut text));
            read.map_err(|error| {
                let message = format!("cannot read the passphrase from {}", path.display());
                CommandError::new(Kind::Auth, message).because(error)
            })?;
            text
        } else if let Some(name) = &self.passphrase_env {
            let text = session.env.get(name).ok_or_else(|| {
                CommandError::new(Kind::Auth, format!("the variable {name} is not set"))
                    .hint("it is to hold the bundle's passphrase")
            })?;
            text.to_owned()
        } else {
            return Ok(None);
        };
        not_empty(text).map(Some)
    }

    /// Asks for a new passphrase, twice.
    pub(crate) fn ask_new(session: &Session) -> Result<Passphrase, CommandError> {
        if !session.interactive {
            return Err(unasked("--encrypt asks for a passphrase"));
        }
        let first = ask("Passphrase for the bundle: ")?;
        if ask("The same once more: ")? != first {
            return Err(CommandError::new(Kind::Usage, "the two passphrases differ"));
        }
        not_empty(first)
    }

    /// Asks for the passphrase of a bundle that is there.
    pub(crate) fn ask(session: &Session) -> Result<Passphrase, CommandError> {
        if !session.interactive {
            return Err(unasked("the bundle is encrypted"));
        }
        not_empty(ask("Passphrase of the bundle: ")?)
    }
}

fn not_empty(text: String) -> Result<Passphrase, CommandError> {
    if text.trim().is_empty() {
        return Err(CommandError::new(Kind::Usage, "the passphrase is empty"));
    }
    Ok(Passphrase::new(&text))
}

fn unasked(message: &str) -> CommandError {
    CommandError::new(Kind::Auth, format!("{message}, and nobody can be asked"))
        .hint("give it with --passphrase-file FILE or --passphrase-env NAME")
}

fn ask(prompt: &str) -> Result<String, CommandError> {
    let terminal = console::Term::stderr();
    terminal
        .write_str(prompt)
        .and_then(|()| terminal.read_secure_line())
        .map_err(|error| {
            CommandError::new(Kind::General, "cannot read the passphrase").because(error)
        })
}

impl From<BundleError> for CommandError {
    fn from(error: BundleError) -> Self {
        let (kind, hint) = match &error {
            BundleError::Unreadable { reason, .. } => {
                let kind = match reason.kind() {
                    std::io::ErrorKind::NotFound => Kind::NotFound,
                    _ => Kind::General,
                };
                return Self::new(kind, error.to_string());
            }
            BundleError::NotBundle { .. } => (
                Kind::Refused,
                "copy it again, or make a new one with `wash leaf bundle`".to_owned(),
            ),
            BundleError::Newer { .. } => {
                (Kind::Refused, "use a newer wash on this machine".to_owned())
            }
            BundleError::Encrypted { .. } => (
                Kind::Auth,
                "give the passphrase with --passphrase-file FILE or --passphrase-env NAME"
                    .to_owned(),
            ),
            BundleError::WrongPassphrase { .. } => (
                Kind::Auth,
                "check the passphrase, or copy the bundle again".to_owned(),
            ),
            BundleError::Exposed { path } => (
                Kind::Auth,
                format!("keep it to yourself: chmod 600 '{}'", path.display()),
            ),
            BundleError::Seal(_) => return Self::new(Kind::General, error.to_string()),
        };
        Self::new(kind, error.to_string()).hint(hint)
    }
}
