//! Flags and keys of everything that signs an archive.

use std::path::PathBuf;

use crate::claims::{KeyKind, Seed};
use crate::cli::claims::now;
use crate::cli::claims::signer::{Dates, ISSUER, KeyInput, Keyring, SUBJECT};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

/// By which builds that repeat say when they take place.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

#[derive(Debug, Default, clap::Args)]
pub(super) struct SigningArgs {
    /// Account that signs: a key file, a seed, @FILE or - [env: WASH_ISSUER_KEY] [default: the user's account key]
    #[arg(short, long, value_name = "KEY")]
    issuer: Option<KeyInput>,

    /// Key of the provider, in the same forms [env: WASH_SUBJECT_KEY] [default: the service key kept for the
    /// binary's name; when inserting, the archive's own]
    #[arg(short, long, value_name = "KEY")]
    subject: Option<KeyInput>,

    /// Directory of keys [env: WASH_KEYS]
    #[arg(short, long, value_name = "DIR")]
    directory: Option<PathBuf>,

    /// The claims expire this many days from now [default: never]
    #[arg(short = 'x', long, value_name = "DAYS")]
    expires: Option<u64>,

    /// The claims cannot be used before this many days from now [default: at once]
    #[arg(long = "nbf", value_name = "DAYS", alias = "not-before")]
    nbf: Option<u64>,

    /// Fail rather than generate a key that is missing
    #[arg(long, conflicts_with = "keygen")]
    disable_keygen: bool,

    /// Generate keys that are missing without a terminal, too
    #[arg(long)]
    keygen: bool,
}

impl SigningArgs {
    pub(super) fn keyring<'a>(&self, session: &'a Session) -> Result<Keyring<'a>, CommandError> {
        let keygen = (!self.disable_keygen).then_some(self.keygen);
        Keyring::find(session, self.directory.as_deref(), keygen)
    }

    pub(super) fn issuer(
        &self,
        keyring: &mut Keyring<'_>,
        name: &str,
    ) -> Result<Seed, CommandError> {
        keyring.key(ISSUER, self.issuer.as_ref(), KeyKind::Account, name)
    }

    /// The provider's public key; its seed signs nothing.
    pub(super) fn subject(
        &self,
        keyring: &mut Keyring<'_>,
        name: &str,
    ) -> Result<String, CommandError> {
        match self.given_subject()? {
            Some(public) => Ok(public),
            None => keyring
                .key(SUBJECT, None, KeyKind::Service, name)
                .map(|it| it.public()),
        }
    }

    /// The provider's key as the flag has it, which may also be the public one.
    pub(super) fn given_subject(&self) -> Result<Option<String>, CommandError> {
        let given = self.subject.as_ref();
        given
            .map(|it| it.public("--subject", KeyKind::Service))
            .transpose()
    }

    pub(super) fn has_dates(&self) -> bool {
        self.expires.is_some() || self.nbf.is_some()
    }

    /// When the claims are issued, begin and end.
    pub(super) fn dates(&self, session: &Session) -> Result<Dates, CommandError> {
        let issued = match session.env.get(EPOCH) {
            None => now(),
            Some(text) => text.trim().parse().map_err(|_| {
                let message = format!("{EPOCH} is not a number of seconds");
                CommandError::new(Kind::Usage, message)
            })?,
        };
        Dates::from_days(issued, self.expires, self.nbf)
    }
}
