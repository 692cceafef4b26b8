//! Secrets that people give as text or as a file. None is ever quoted.

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::claims::Seed;

use super::layer::{Setting, Source};
use super::{ConfigError, bad};

/// Text that must not be shown: passwords, tokens, JWTs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the few places that must use it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The password or token that a file holds, without the newline at its end.
///
/// # Errors
/// [`ConfigError::Unreadable`], and [`ConfigError::Exposed`] if others may read the file.
pub fn read_one(path: &Path) -> Result<Secret, ConfigError> {
    let mut exposed = Vec::new();
    let text = read_secret("file", path, &mut exposed)?;
    match exposed.pop() {
        Some(path) => Err(ConfigError::Exposed { path }),
        None => Ok(Secret::new(text.trim_end_matches(['\r', '\n']))),
    }
}

/// A seed as text, or the file that holds it.
pub(super) fn read_seed(
    setting: &Setting<String>,
    exposed: &mut Vec<PathBuf>,
) -> Result<Seed, ConfigError> {
    let text = setting.value.trim();
    if let Ok(seed) = Seed::parse(text) {
        return Ok(seed);
    }
    let path = Path::new(text);
    if !path.exists() && !looks_like_path(text) {
        // It may be a mistyped seed, so it is not quoted.
        return Err(bad(
            &setting.source,
            "it is neither a seed nor a file that exists",
        ));
    }
    let content = read_secret("seed file", path, exposed)?;
    Seed::parse(&content).map_err(|error| {
        bad(
            &setting.source,
            &format!("{} holds no seed: {error}", path.display()),
        )
    })
}

pub(super) fn read_jwt(
    text: &str,
    source: &Source,
    exposed: &mut Vec<PathBuf>,
) -> Result<Secret, ConfigError> {
    let text = text.trim();
    let is_jwt = |it: &str| it.starts_with("eyJ") && it.matches('.').count() == 2;
    if is_jwt(text) {
        return Ok(Secret::new(text));
    }
    let path = Path::new(text);
    if !path.exists() && !looks_like_path(text) {
        return Err(bad(source, "it is neither a JWT nor a file that exists"));
    }
    let content = read_secret("JWT file", path, exposed)?;
    let content = content.trim();
    if !is_jwt(content) {
        return Err(bad(source, &format!("{} holds no JWT", path.display())));
    }
    Ok(Secret::new(content))
}

fn looks_like_path(text: &str) -> bool {
    text.contains(['/', '\\']) && !text.starts_with("eyJ")
}

/// A seed, JWT or credentials file is far smaller; this keeps a wrong path from filling memory.
const MAX_SECRET: u64 = 64 * 1024;

fn read_secret(
    what: &'static str,
    path: &Path,
    exposed: &mut Vec<PathBuf>,
) -> Result<String, ConfigError> {
    let unreadable = |reason| ConfigError::Unreadable {
        what,
        path: path.to_owned(),
        reason,
    };
    note_exposed(path, exposed);
    read_small(path, MAX_SECRET).map_err(unreadable)
}

#[cfg(unix)]
pub(super) fn note_exposed(path: &Path, exposed: &mut Vec<PathBuf>) {
    use std::os::unix::fs::PermissionsExt as _;
    let open = |it: std::fs::Metadata| it.is_file() && it.permissions().mode() & 0o077 != 0;
    if path.metadata().is_ok_and(open) {
        exposed.push(path.to_owned());
    }
}

#[cfg(not(unix))]
pub(super) fn note_exposed(_: &Path, _: &mut Vec<PathBuf>) {}

/// Reads a text file of at most `limit` bytes.
pub(super) fn read_small(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(limit + 1).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        let reason = format!("it is larger than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(text)
}
