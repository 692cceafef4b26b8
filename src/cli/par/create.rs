//! `wash par create`: a new archive with one program.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::archive::par::{self, Library, Target};
use crate::claims::{ProviderMetadata, Token, Trust};
use crate::cli::CommandResult;
use crate::cli::claims::now;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::binary::BinaryArgs;
use super::signing::SigningArgs;
use super::{replace, source};

/// Claims with a larger schema are read by nobody.
const MAX_SCHEMA: u64 = 512 << 10;

/// Make a provider archive
///
/// It states what the provider is and holds its program for one target; `wash par insert` adds more. Made twice
/// from the same things it stays as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    binary: BinaryArgs,

    /// Contract that the provider serves, as wasmcloud:keyvalue
    #[arg(short, long, value_name = "CONTRACT")]
    capid: String,

    /// Who makes it; -v means this here, not --verbose
    #[arg(long)]
    vendor: String,

    /// Name for people [default: the binary's name]
    #[arg(short, long)]
    name: Option<String>,

    /// Revision, a number that grows
    #[arg(short, long, alias = "rev", value_name = "NUMBER")]
    revision: Option<i32>,

    /// Version for people
    #[arg(long, alias = "ver", value_name = "TEXT")]
    version: Option<String>,

    /// File with a JSON schema of the values that links to the provider have
    #[arg(short = 'j', long, value_name = "FILE", env = "WASH_JSON_SCHEMA")]
    schema: Option<PathBuf>,

    /// Where the archive goes [default: {binary}.par or {binary}.par.gz in the current directory]
    #[arg(long, value_name = "FILE")]
    destination: Option<PathBuf>,

    /// Compress it; adds .gz to the destination, where it may also be asked for
    #[arg(long)]
    compress: bool,

    #[command(flatten)]
    signing: SigningArgs,
}

impl CreateArgs {
    pub(super) fn run(self, session: &Session) -> CommandResult {
        // All that can be wrong before keys are made for it.
        if self.capid.is_empty() {
            return Err(CommandError::new(Kind::Usage, "--capid names no contract"));
        }
        let dates = self.signing.dates(session)?;
        let schema = self.schema.as_deref().map(schema).transpose()?;
        let (target, library) = self.binary.load(session)?;
        let stem = self.binary.stem();
        let (destination, compress) = destination(self.destination, &stem, self.compress);

        let mut keyring = self.signing.keyring(session)?;
        let issuer = self.signing.issuer(&mut keyring, &stem)?;
        let subject = self.signing.subject(&mut keyring, &stem)?;
        let generated = keyring.into_generated();
        if self.revision.is_none() {
            let note = "no --revision: hosts take the time of signing for the revision";
            session.output.note(note);
        }
        let hashes = [(target.to_string(), library.hash().to_string())];
        let metadata = ProviderMetadata {
            name: Some(self.name.unwrap_or(stem)),
            capid: self.capid,
            vendor: self.vendor,
            rev: self.revision,
            ver: self.version,
            target_hashes: BTreeMap::from(hashes),
            config_schema: schema,
        };
        let mut token = Token::new(&issuer, subject, metadata, dates.now);
        token.expires = dates.expires;
        token.not_before = dates.not_before;

        let changed = !is_made(&destination, &token, compress);
        let answer = answer(&destination, &token, &target, &library, changed, generated);
        if changed {
            let mut libraries = BTreeMap::from([(target, library)]);
            replace(&destination, 0o666, &destination, |out| {
                par::write(out, token, &issuer, &mut libraries, compress)
            })?;
        }
        Ok(Box::new(answer))
    }
}

/// Whether there is a good archive already that states the same, without dates that move.
fn is_made(path: &Path, token: &Token<ProviderMetadata>, compress: bool) -> bool {
    let Ok(mut archive) = source::open_path(path, path) else {
        return false;
    };
    let theirs = &archive.claims().token;
    let same = theirs.metadata == token.metadata
        && (&theirs.issuer, &theirs.subject) == (&token.issuer, &token.subject)
        && [theirs.expires, theirs.not_before] == [None; 2]
        && [token.expires, token.not_before] == [None; 2]
        && archive.is_compressed() == compress
        && archive.claims().check(now(), Trust::Strict).is_ok();
    let Some(survey) = same.then(|| archive.survey().ok()).flatten() else {
        return false;
    };
    survey.others.is_empty() && archive.problems(&survey).is_empty()
}

fn answer(
    path: &Path,
    token: &Token<ProviderMetadata>,
    target: &Target,
    library: &Library,
    changed: bool,
    generated: Value,
) -> Sentence {
    let hash = library.hash().to_string();
    let fields = json!({
        "file": path,
        "issuer": token.issuer,
        "service": token.subject,
        "targets": [target.as_str()],
        "hashes": { target.as_str(): hash },
        "changed": changed,
        "generated": generated,
    });
    let verb = if changed { "created" } else { "unchanged:" };
    let text = format!("{verb} {}, {}, for {target}", path.display(), token.subject);
    Sentence::new(text, fields).named(token.subject.clone())
}

/// Where the archive goes, and whether in gzip.
fn destination(given: Option<PathBuf>, stem: &str, compress: bool) -> (PathBuf, bool) {
    let path = given.unwrap_or_else(|| format!("{stem}.par").into());
    if path.extension().is_some_and(|it| it == "gz") {
        return (path, true);
    }
    if !compress {
        return (path, false);
    }
    let mut name = path.into_os_string();
    name.push(".gz");
    (name.into(), true)
}

fn schema(path: &Path) -> Result<Value, CommandError> {
    let (mut bytes, shown) = (Vec::new(), path.display());
    let read = File::open(path).and_then(|it| it.take(MAX_SCHEMA + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            _ => Kind::General,
        };
        CommandError::new(kind, format!("cannot read {shown}")).because(error)
    })?;
    if bytes.len() as u64 > MAX_SCHEMA {
        let message = format!("{shown} is larger than {MAX_SCHEMA} bytes");
        return Err(CommandError::new(Kind::Refused, message));
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        CommandError::new(Kind::Refused, format!("{shown} is not JSON")).because(error)
    })
}
