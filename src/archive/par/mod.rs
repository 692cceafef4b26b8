//! Provider archives (protocol §3): a tar, perhaps in gzip, with the provider's claims and a program for each
//! target.
//!
//! Everything streams: neither an archive nor a program is ever in memory as a whole. What is read is taken for
//! hostile; what counts are the hashes in the claims, so an archive whose end was never written is whole if its
//! programs are. Knows nothing of registries or of how a provider is run. All of it blocks: from async code it
//! belongs on a thread for that.
//!
//! ```text
//! target.rs   for which machines      hash.rs     content by its digest
//! walk.rs     entries, within limits  archive.rs  claims and programs out of them
//! cache.rs    a program ready to run  write.rs    a new archive
//! ```

mod archive;
mod cache;
mod hash;
mod target;
#[cfg(test)]
mod tests;
mod walk;
mod write;

use std::io;
use std::path::PathBuf;

use super::way_out;
use crate::claims::ProviderError;

pub use archive::{Archive, Found, Survey};
pub use cache::Executable;
pub use hash::Hash;
pub use target::{BadTarget, Target};
pub use walk::Limits;
pub use write::{Library, write};

#[derive(Debug, thiserror::Error)]
pub enum ParError {
    #[error("it is no provider archive: neither a tar file nor one in gzip")]
    NotArchive,
    #[error("it is damaged or cut short: {0}")]
    Damaged(String),
    #[error("it has no claims.jwt")]
    NoClaims,
    #[error("its claims are no good: {0}")]
    Claims(#[from] ProviderError),
    #[error("its {what} is larger than {limit} bytes")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("it has more than {0} entries")]
    TooMany(usize),
    /// Neither a file nor a directory.
    #[error("its entry {0:?} is a link, a device or of another kind that archives never have")]
    Kind(String),
    #[error("its entry {0:?} leads outside of the archive")]
    Escapes(String),
    #[error("it has more than one {0}")]
    Duplicate(String),
    #[error("the hash that its claims state for {0} is no SHA-256")]
    BadHash(Target),
    /// The second field lists those there are.
    #[error("it has no program for {0}; it has: {list}", list = listed(.1))]
    NoTarget(Target, Vec<Target>),
    #[error("its claims state a program for {0}, but it is not there")]
    Missing(Target),
    #[error("its program for {0} does not stand in its claims")]
    Unclaimed(Target),
    #[error(
        "its program for {target} is not the one that was signed: its hash is {found}, not {stated}"
    )]
    Mismatch {
        target: Target,
        stated: Hash,
        found: Hash,
    },
    /// While an archive was written.
    #[error("the program for {0} changed while it was packed")]
    Changed(Target),
    #[error("cannot use {}: {reason}", path.display())]
    UnsafeDirectory { path: PathBuf, reason: &'static str },
    /// What was extracted is not there any more as it was.
    #[error("{} was changed or removed", .0.display())]
    Replaced(PathBuf),
    #[error("cannot read it: {0}")]
    Read(io::Error),
    #[error("cannot write it: {0}")]
    Write(io::Error),
    #[error("cannot {action} {}: {source}{}", path.display(), way_out(source))]
    Io {
        /// `create`, `write`, …
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

fn listed(targets: &[Target]) -> String {
    if targets.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<_> = targets.iter().map(Target::as_str).collect();
    names.join(", ")
}
