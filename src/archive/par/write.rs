//! A new archive. The same token and programs always give the same bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use crate::claims::{ProviderClaims, ProviderMetadata, Seed, Token, jwt};

use super::hash::{self, CopyError};
use super::walk::{CLAIMS, LIBRARY_SUFFIX, Limits};
use super::{Hash, ParError, Target};

/// The system field of gzip's header; none in particular.
const UNKNOWN_SYSTEM: u8 = 255;

/// A program for one target, on disk.
pub struct Library {
    file: File,
    size: u64,
    hash: Hash,
}

impl Library {
    pub(super) fn new(file: File, size: u64, hash: Hash) -> Self {
        Self { file, size, hash }
    }

    /// Takes a file for a program, and reads it once for its hash.
    ///
    /// # Errors
    /// [`ParError::TooLarge`] for what no reader would take, and [`ParError::Read`].
    pub fn read(mut file: File) -> Result<Self, ParError> {
        let limit = Limits::default().program;
        let mut content = Read::by_ref(&mut file).take(limit + 1);
        let read = hash::copy(&mut content, &mut io::sink());
        let (size, hash) = read.map_err(|it| match it {
            CopyError::Read(error) | CopyError::Write(error) => ParError::Read(error),
        })?;
        if size > limit {
            let what = "program";
            return Err(ParError::TooLarge { what, limit });
        }
        Ok(Self::new(file, size, hash))
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Library({} bytes, {})", self.size, self.hash)
    }
}

/// Writes an archive, in gzip if `compress` says so, and returns the claims it carries: those of `token`, with the
/// hashes of `libraries` and an id made of its content, signed by `issuer`.
///
/// # Errors
/// [`ParError::TooLarge`] for what no reader would take, and [`ParError::Changed`], [`ParError::Read`] and
/// [`ParError::Write`], after which what was written is worthless.
pub fn write(
    out: &mut dyn Write,
    mut token: Token<ProviderMetadata>,
    issuer: &Seed,
    libraries: &mut BTreeMap<Target, Library>,
    compress: bool,
) -> Result<ProviderClaims, ParError> {
    let (what, limit) = ("content", Limits::default().unpacked);
    if libraries.values().map(|it| it.size).sum::<u64>() > limit - limit / 64 {
        return Err(ParError::TooLarge { what, limit });
    }
    let metadata = token.metadata.get_or_insert_default();
    let hashes = libraries
        .iter()
        .map(|(target, it)| (target.to_string(), it.hash.to_string()));
    metadata.target_hashes = hashes.collect();
    // A random one would make two archives of the same things differ.
    token.id.clear();
    let content = jwt::encode(&token, issuer).map_err(|it| ParError::Claims(it.into()))?;
    token.id = id(&content);
    let jwt = jwt::encode(&token, issuer).map_err(|it| ParError::Claims(it.into()))?;
    let claims = ProviderClaims::read(&jwt)?;
    if compress {
        let mut gzip = GzBuilder::new()
            .mtime(0)
            .operating_system(UNKNOWN_SYSTEM)
            .write(out, Compression::best());
        pack(&mut gzip, &jwt, libraries)?;
        gzip.finish().map_err(ParError::Write)?;
    } else {
        pack(out, &jwt, libraries)?;
    }
    Ok(claims)
}

/// As long as any id and of the same characters.
fn id(content: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digest = Sha256::digest(content);
    let digits = digest.iter().take(22);
    digits
        .map(|it| char::from(DIGITS[usize::from(*it) % DIGITS.len()]))
        .collect()
}

fn pack(
    out: &mut dyn Write,
    jwt: &str,
    libraries: &mut BTreeMap<Target, Library>,
) -> Result<(), ParError> {
    let mut tar = tar::Builder::new(out);
    let mut header = header(jwt.len() as u64, 0o644);
    tar.append_data(&mut header, CLAIMS, jwt.as_bytes())
        .map_err(ParError::Write)?;
    for (target, library) in libraries {
        library.file.rewind().map_err(ParError::Read)?;
        let mut content = Checked {
            inner: Read::by_ref(&mut library.file).take(library.size),
            digest: Sha256::new(),
            failed: false,
        };
        let mut header = self::header(library.size, 0o755);
        let appended = tar.append_data(
            &mut header,
            format!("{target}{LIBRARY_SUFFIX}"),
            &mut content,
        );
        appended.map_err(|error| match content.failed {
            true => ParError::Read(error),
            false => ParError::Write(error),
        })?;
        if Hash::from(content.digest) != library.hash {
            return Err(ParError::Changed(target.clone()));
        }
    }
    tar.finish().map_err(ParError::Write)
}

fn header(size: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Tells what really went by: a file can change between its hash and its packing.
struct Checked<R> {
    inner: R,
    digest: Sha256,
    failed: bool,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self
            .inner
            .read(buffer)
            .inspect_err(|_| self.failed = true)?;
        self.digest.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
