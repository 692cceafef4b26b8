//! Key files: one seed a file, `{name}_{kind}.nk`, in a directory of their own (protocol §2.2).
//!
//! The only part of [`super`] that touches the disk. It is told paths; which directory is the right one is for
//! others to know. Reading and listing never create or change anything.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::keys::{KeyError, KeyKind, Seed};

/// The extension of key files.
pub const EXTENSION: &str = "nk";

/// A seed has 58 bytes; more than this is another file by mistake.
const MAX_BYTES: u64 = 4096;

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("there is no key file {}", .0.display())]
    NotFound(PathBuf),
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    /// The permission bits follow the path.
    #[error("{} holds a secret that others can read (mode {mode:03o}); mend it with: chmod 600 {}", path.display(), quoted(path))]
    Exposed { path: PathBuf, mode: u32 },
    #[error("{} is not a key file: {source}", path.display())]
    Invalid { path: PathBuf, source: KeyError },
    #[error("'{0}' cannot name a key file")]
    BadName(String),
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// `{name}_{kind}.nk`; a name that ends so already, with or without the extension, is taken as it is.
///
/// # Errors
/// [`KeyFileError::BadName`] for a name that is empty, hidden or leads to another directory.
pub fn file_name(name: &str, kind: KeyKind) -> Result<String, KeyFileError> {
    let stem = plain(name)?;
    let suffix = format!("_{kind}");
    Ok(if stem.ends_with(&suffix) {
        format!("{stem}.{EXTENSION}")
    } else {
        format!("{stem}{suffix}.{EXTENSION}")
    })
}

/// The first of `directories` that has a key file of this name, given with or without extension.
///
/// # Errors
/// [`KeyFileError::BadName`], and [`KeyFileError::NotFound`] with the path in the first directory.
pub fn find(directories: &[PathBuf], name: &str) -> Result<PathBuf, KeyFileError> {
    let file = format!("{}.{EXTENSION}", plain(name)?);
    let mut paths = directories.iter().map(|it| it.join(&file));
    match paths.clone().find(|it| it.exists()) {
        Some(path) => Ok(path),
        None => Err(KeyFileError::NotFound(
            paths.next().unwrap_or_else(|| file.into()),
        )),
    }
}

/// Key files of a directory, sorted by name; none if there is no such directory.
///
/// # Errors
/// [`KeyFileError::Io`].
pub fn list(directory: &Path) -> Result<Vec<PathBuf>, KeyFileError> {
    let failed = |source| KeyFileError::Io {
        action: "list",
        path: directory.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension() == Some(OsStr::new(EXTENSION)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a seed, unless others can read it too.
///
/// # Errors
/// Every variant of [`KeyFileError`] but [`KeyFileError::Exists`]; none of them quotes the content.
pub fn read(path: &Path) -> Result<Seed, KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::NotFound(path.to_owned()),
        _ => KeyFileError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        },
    };
    let file = File::open(path).map_err(failed)?;
    // Asked of the open file, so that what is checked is what is read.
    if let Some(mode) = exposed(&file).map_err(failed)? {
        return Err(KeyFileError::Exposed {
            path: path.to_owned(),
            mode,
        });
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let parsed = match std::str::from_utf8(&bytes) {
        Ok(text) => Seed::parse(text),
        Err(_) => Err(KeyError::BadSeed("it is not text")),
    };
    parsed.map_err(|source| KeyFileError::Invalid {
        path: path.to_owned(),
        source,
    })
}

/// Writes a seed to a new file that only its owner can read, from the first moment and as a whole. A directory
/// that is missing is made, for its owner alone; one that exists is left as it is.
///
/// # Errors
/// [`KeyFileError::Exists`] and [`KeyFileError::Io`].
pub fn write(path: &Path, seed: &Seed) -> Result<(), KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.to_owned()),
        _ => KeyFileError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        },
    };
    let directory = match path.parent() {
        Some(it) if it != Path::new("") => it,
        _ => Path::new("."),
    };
    create_private(directory).map_err(|source| KeyFileError::Io {
        action: "create",
        path: directory.to_owned(),
        source,
    })?;
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(seed.reveal().as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path)
        .map_err(|error| failed(error.error))?;
    Ok(())
}

/// The stem of a bare file name.
fn plain(name: &str) -> Result<&str, KeyFileError> {
    let stem = name.strip_suffix(".nk").unwrap_or(name);
    if stem.is_empty() || stem.starts_with('.') || stem.contains(['/', '\\', '\0']) {
        return Err(KeyFileError::BadName(name.to_owned()));
    }
    Ok(stem)
}

/// Ready to be pasted into a shell.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let safe = |it: char| it.is_alphanumeric() || "/._-+@".contains(it);
    if text.chars().all(safe) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The permission bits, if any of them are for others.
#[cfg(unix)]
fn exposed(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;

    let mode = file.metadata()?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

#[cfg(not(unix))]
fn exposed(_file: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

fn create_private(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_name_and_kind() {
        for (name, expected) in [
            ("hello", "hello_module.nk"),
            ("hello.nk", "hello_module.nk"),
            ("hello_module", "hello_module.nk"),
            ("hello_module.nk", "hello_module.nk"),
            ("Hello World", "Hello World_module.nk"),
        ] {
            assert_eq!(file_name(name, KeyKind::Module).unwrap(), expected);
        }
        for bad in ["", ".nk", "../up", "a/b", ".hidden", "a\\b"] {
            assert!(file_name(bad, KeyKind::Module).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_survives_its_file_and_is_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let keys = home.path().join("deep").join("keys");
        let path = keys.join("a_account.nk");
        let seed = Seed::generate(KeyKind::Account);
        write(&path, &seed).unwrap();
        assert_eq!(read(&path).unwrap().public(), seed.public());
        let other = Seed::generate(KeyKind::Account);
        assert!(matches!(write(&path, &other), Err(KeyFileError::Exists(_))));
        assert_eq!(read(&path).unwrap().public(), seed.public());
        // Nothing is left of the attempt.
        assert_eq!(std::fs::read_dir(&keys).unwrap().count(), 1);
        assert_eq!(
            find(&[home.path().into(), keys], "a_account").unwrap(),
            path
        );
    }

    #[test]
    fn listing_and_finding_create_nothing() {
        let home = tempfile::tempdir().unwrap();
        let keys = home.path().join("keys");
        assert!(list(&keys).unwrap().is_empty());
        let error = find(std::slice::from_ref(&keys), "gone").unwrap_err();
        assert!(matches!(error, KeyFileError::NotFound(path) if path == keys.join("gone.nk")));
        assert!(!keys.exists());
        for name in ["b.nk", "a.nk", "notes.txt"] {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        let names: Vec<_> = list(home.path()).unwrap();
        assert_eq!(names, [home.path().join("a.nk"), home.path().join("b.nk")]);
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_private_from_the_start_and_loose_ones_refused() {
        use std::fs::{Permissions, metadata, set_permissions};
        use std::os::unix::fs::PermissionsExt;

        let home = tempfile::tempdir().unwrap();
        let mode = |path: &Path| metadata(path).unwrap().permissions().mode() & 0o777;
        let path = home.path().join("keys").join("k.nk");
        write(&path, &Seed::generate(KeyKind::User)).unwrap();
        assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));

        set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
        write(&home.path().join("k.nk"), &Seed::generate(KeyKind::User)).unwrap();
        list(home.path()).unwrap();
        assert_eq!(mode(home.path()), 0o755);

        set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.contains(&format!("chmod 600 {}", path.display())),
            "{error}"
        );
        assert!(error.contains("mode 640"), "{error}");
        assert_eq!(quoted(Path::new("/a b/c's.nk")), r"'/a b/c'\''s.nk'");
    }

    #[test]
    fn what_is_no_seed_is_refused_and_not_quoted() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("k.nk");
        for content in [&b""[..], b"password123", b"\xff\xfe", &[b'S'; 10_000]] {
            std::fs::write(&path, content).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let private = std::fs::Permissions::from_mode(0o600);
                std::fs::set_permissions(&path, private).unwrap();
            }
            let error = read(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Invalid { .. }), "{error}");
            assert!(!error.to_string().contains("password123"));
        }
        assert!(matches!(
            read(home.path()),
            Err(KeyFileError::Io { .. } | KeyFileError::Exposed { .. })
        ));
    }
}
