//! `wash par extract`: a program out of an archive.

use std::path::PathBuf;

use serde_json::json;

use crate::archive::par::Target;
use crate::claims::Trust;
use crate::cli::CommandResult;
use crate::cli::claims::now;
use crate::cli::output::Sentence;
use crate::cli::session::Session;

use super::{par_error, replace, source};

/// Take the program for one target out of an archive
///
/// Only one that is as it was signed, and only if the claims hold; --lenient forgives their dates and an issuer that
/// is no account.
#[derive(Debug, clap::Args)]
pub(crate) struct ExtractArgs {
    /// Archive: a path or file:// URL
    archive: String,

    /// Target, as x86_64-linux [default: that of this machine]
    #[arg(short, long = "target", visible_alias = "arch", value_name = "ARCH-OS")]
    arch: Option<Target>,

    /// Where the program goes [default: the archive's name, in the current directory]
    #[arg(short, long, value_name = "FILE")]
    destination: Option<PathBuf>,

    /// Forgive what older tools wrote wrongly
    #[arg(long)]
    lenient: bool,
}

impl ExtractArgs {
    pub(super) fn run(self, _session: &Session) -> CommandResult {
        let (path, mut archive) = source::open(&self.archive)?;
        let trust = if self.lenient {
            Trust::Lenient
        } else {
            Trust::Strict
        };
        let checked = archive.claims().check(now(), trust);
        checked.map_err(|error| par_error(&path, error.into()))?;
        let target = self.arch.unwrap_or_else(Target::current);
        let hash = archive.hash(&target).map_err(|it| par_error(&path, it))?;
        let destination = self.destination.unwrap_or_else(|| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.strip_suffix(".gz").unwrap_or(&name);
            let stem = name.strip_suffix(".par").unwrap_or(name);
            format!("{stem}{}", target.executable_suffix()).into()
        });
        replace(&destination, 0o777, &path, |out| archive.copy(&target, out))?;
        let text = format!("extracted {} for {target}", destination.display());
        let fields = json!({
            "file": destination,
            "target": target.as_str(),
            "hash": hash.to_string(),
            "service": archive.claims().token.subject,
        });
        let name = destination.display().to_string();
        Ok(Box::new(Sentence::new(text, fields).named(name)))
    }
}
