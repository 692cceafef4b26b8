//! `wash par insert`: a program for one more target, or a newer one.

use serde_json::json;

use crate::archive::par::{self, ParError, Target};
use crate::claims::Trust;
use crate::cli::CommandResult;
use crate::cli::claims::now;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::binary::BinaryArgs;
use super::signing::SigningArgs;
use super::{beside, par_error, replace, source};

/// Add a program for another target to an archive, in place
///
/// Replaces the one there is for the same target. The provider keeps its key and what it states; the account signs
/// anew.
#[derive(Debug, clap::Args)]
pub(crate) struct InsertArgs {
    /// Archive: a path or file:// URL
    archive: String,

    #[command(flatten)]
    binary: BinaryArgs,

    #[command(flatten)]
    signing: SigningArgs,
}

impl InsertArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        let dates = self.signing.dates(session)?;
        let (path, mut archive) = source::open(&self.archive)?;
        // The file itself, not a link to it, is replaced.
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let failed = |error: ParError| par_error(&path, error);
        let claims = archive.claims().clone();
        // Whoever signs again vouches for what stands there.
        let checked = claims.check(now(), Trust::Lenient);
        checked.map_err(|error| failed(error.into()))?;
        self.check_subject(&claims.token.subject)?;
        let (target, library) = self.binary.load(session)?;

        let mut libraries = archive.unpack(beside(&real)).map_err(failed)?;
        let changed = libraries.get(&target).map(par::Library::hash) != Some(library.hash())
            || self.signing.has_dates();
        let hash = library.hash();
        libraries.insert(target.clone(), library);
        let mut targets: Vec<_> = libraries.keys().map(Target::to_string).collect();
        let mut token = claims.token;
        let mut generated = json!([]);
        if changed {
            let mut keyring = self.signing.keyring(session)?;
            let issuer = self.signing.issuer(&mut keyring, &self.binary.stem())?;
            generated = keyring.into_generated();
            if issuer.public() != token.issuer {
                let (ours, theirs) = (issuer.public(), &token.issuer);
                let note = format!("now signed by {ours}; it was signed by {theirs}");
                session.output.note(&note);
            }
            token.issuer = issuer.public();
            token.issued_at = dates.now;
            if self.signing.has_dates() {
                (token.expires, token.not_before) = (dates.expires, dates.not_before);
            }
            let (token, compress) = (token.clone(), archive.is_compressed());
            replace(&real, 0o666, &path, |out| {
                par::write(out, token, &issuer, &mut libraries, compress)
            })?;
        }
        targets.sort();
        let fields = json!({
            "file": path,
            "issuer": token.issuer,
            "service": token.subject,
            "target": target.as_str(),
            "hash": hash.to_string(),
            "targets": targets,
            "changed": changed,
            "generated": generated,
        });
        let (shown, binary) = (path.display(), self.binary.path().display());
        let text = if changed {
            format!("inserted {binary} into {shown} for {target}")
        } else {
            format!("unchanged: {shown} has {binary} for {target}")
        };
        Ok(Box::new(Sentence::new(text, fields).named(token.subject)))
    }

    fn check_subject(&self, theirs: &str) -> Result<(), CommandError> {
        match self.signing.given_subject()? {
            Some(given) if given != theirs => {
                let message = format!("--subject is not the archive's provider, {theirs}");
                let hint = "leave it out; for another provider make a new archive: wash par create";
                Err(CommandError::new(Kind::Refused, message).hint(hint))
            }
            _ => Ok(()),
        }
    }
}
