//! The entries of an archive, one after the other and within limits. Knows names and kinds, not what is in them.

use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek, Write};

use flate2::bufread::GzDecoder;
use tar::EntryType;

use super::hash::{self, CopyError};
use super::{Hash, ParError, Target};

pub(super) const CLAIMS: &str = "claims.jwt";
pub(super) const LIBRARY_SUFFIX: &str = ".bin";
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Far more than owners and times need, in bytes.
const MAX_EXTENSION: u64 = 64 << 10;

/// What an archive may cost its reader, in bytes unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A count. An archive has as many as there are targets, and one.
    pub entries: usize,
    /// Claims may carry a JSON schema.
    pub claims: u64,
    /// One program.
    pub program: u64,
    /// All of it, out of its gzip. Without it a small file could keep its reader busy for hours.
    pub unpacked: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 128,
            claims: 1 << 20,
            program: 1 << 30,
            unpacked: 4 << 30,
        }
    }
}

/// What an entry is by its name.
#[derive(Debug)]
pub(super) enum Item {
    Claims,
    Library(Target),
    /// Nothing that archives have, but harmless.
    Other(String),
}

/// The content of an entry.
pub(super) struct Body<'a> {
    content: &'a mut dyn Read,
    pub(super) size: u64,
    fault: &'a dyn Fn(io::Error) -> ParError,
}

impl Body<'_> {
    /// Copies all of it.
    pub(super) fn copy(&mut self, to: &mut dyn Write) -> Result<Hash, ParError> {
        let (size, hash) = hash::copy(self.content, to).map_err(|error| match error {
            CopyError::Read(error) => (self.fault)(error),
            CopyError::Write(error) => ParError::Write(error),
        })?;
        if size != self.size {
            return Err((self.fault)(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(hash)
    }
}

/// Shows every entry to `visit` until it answers with something. Gzip is told by its magic, not by a name.
pub(super) fn walk<T>(
    input: &mut (impl Read + Seek),
    limits: &Limits,
    mut visit: impl FnMut(Item, &mut Body<'_>) -> Result<Option<T>, ParError>,
) -> Result<Option<T>, ParError> {
    let compressed = is_gzip(input).map_err(ParError::Read)?;
    input.rewind().map_err(ParError::Read)?;
    let buffered = BufReader::new(input);
    let unpacked: Box<dyn Read + '_> = if compressed {
        Box::new(GzDecoder::new(buffered))
    } else {
        Box::new(buffered)
    };
    let exceeded = Cell::new(false);
    let fault = |error| reading(error, exceeded.get(), limits);
    let mut archive = tar::Archive::new(Limited {
        inner: unpacked,
        left: limits.unpacked,
        exceeded: &exceeded,
    });
    let (mut seen, mut names) = (0, Vec::new());
    // Raw, since the library would read extension headers of any size into memory.
    for entry in archive.entries().map_err(fault)?.raw(true) {
        let mut entry = match entry {
            Ok(it) => it,
            Err(error) if seen == 0 && !exceeded.get() && error.raw_os_error().is_none() => {
                return Err(ParError::NotArchive);
            }
            Err(error) => return Err(fault(error)),
        };
        seen += 1;
        if seen > limits.entries {
            return Err(ParError::TooMany(limits.entries));
        }
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::XHeader | EntryType::XGlobalHeader) {
            harmless(&mut entry, &fault)?;
            continue;
        }
        let item = classify(kind, &entry.path_bytes())?;
        let (name, limit) = match &item {
            Item::Claims => (CLAIMS.to_owned(), limits.claims),
            Item::Library(target) => (format!("{target}{LIBRARY_SUFFIX}"), limits.program),
            Item::Other(_) => (String::new(), u64::MAX),
        };
        if !name.is_empty() {
            if names.contains(&name) {
                return Err(ParError::Duplicate(name));
            }
            names.push(name);
        }
        let size = entry.size();
        if size > limit {
            let what = match item {
                Item::Claims => CLAIMS,
                _ => "program",
            };
            return Err(ParError::TooLarge { what, limit });
        }
        let mut body = Body {
            content: &mut entry,
            size,
            fault: &fault,
        };
        if let Some(answer) = visit(item, &mut body)? {
            return Ok(Some(answer));
        }
    }
    if seen == 0 {
        return Err(ParError::NotArchive);
    }
    Ok(None)
}

/// Passes over owners and times of careful tools. An extension that changes what the next entry is would make
/// different readers see different archives.
fn harmless(
    entry: &mut tar::Entry<'_, impl Read>,
    fault: &dyn Fn(io::Error) -> ParError,
) -> Result<(), ParError> {
    let (size, name) = (entry.size(), entry.path_bytes().into_owned());
    if size > MAX_EXTENSION {
        let (what, limit) = ("extension header", MAX_EXTENSION);
        return Err(ParError::TooLarge { what, limit });
    }
    let mut text = Vec::new();
    let content = entry;
    Body {
        content,
        size,
        fault,
    }
    .copy(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    if ["path=", "size=", "GNU.sparse"]
        .iter()
        .any(|it| text.contains(it))
    {
        let name = String::from_utf8_lossy(&name).into_owned();
        return Err(ParError::Kind(name));
    }
    Ok(())
}

/// Whether the input is in gzip; leaves it anywhere.
pub(super) fn is_gzip(input: &mut (impl Read + Seek)) -> io::Result<bool> {
    input.rewind()?;
    let mut magic = Vec::new();
    input.take(2).read_to_end(&mut magic)?;
    Ok(magic == GZIP_MAGIC)
}

fn classify(kind: EntryType, name: &[u8]) -> Result<Item, ParError> {
    let text = String::from_utf8_lossy(name);
    let file = match kind {
        EntryType::Regular | EntryType::Continuous => true,
        EntryType::Directory => false,
        _ => return Err(ParError::Kind(text.into_owned())),
    };
    let mut plain = text.as_ref();
    while let Some(rest) = plain.strip_prefix("./") {
        plain = rest;
    }
    let leads_out = plain.starts_with('/') || plain.contains(['\\', ':', '\0']);
    if leads_out || plain.split('/').any(|it| it == "..") {
        return Err(ParError::Escapes(text.into_owned()));
    }
    let target = plain
        .strip_suffix(LIBRARY_SUFFIX)
        .and_then(|it| it.parse().ok());
    Ok(match target {
        _ if file && plain == CLAIMS => Item::Claims,
        Some(target) if file => Item::Library(target),
        _ => Item::Other(text.into_owned()),
    })
}

fn reading(error: io::Error, exceeded: bool, limits: &Limits) -> ParError {
    if exceeded {
        let (what, limit) = ("content", limits.unpacked);
        return ParError::TooLarge { what, limit };
    }
    match error.kind() {
        _ if error.raw_os_error().is_some() => ParError::Read(error),
        io::ErrorKind::UnexpectedEof => ParError::Damaged("it ends too early".to_owned()),
        _ => ParError::Damaged(error.to_string()),
    }
}

/// Fails once more is read than is allowed.
struct Limited<'a, R> {
    inner: R,
    left: u64,
    exceeded: &'a Cell<bool>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.exceeded.set(true);
                return Err(io::Error::other("too much content"));
            }
        }
        Ok(read)
    }
}
