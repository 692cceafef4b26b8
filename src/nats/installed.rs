//! The nats-servers that we installed: where they lie, which one counts, and how one gets there, whole or not at
//! all. Takes an archive that was verified; does not know where it came from.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use tar::EntryType;
use tempfile::{NamedTempFile, TempPath};

use super::binary::{Binary, FindError, NAME, is_program};
use super::release::{Release, Version};

/// Bytes of a program; one has about 20 million.
const MAX_PROGRAM: u64 = 256 << 20;

/// Bytes of all that is in an archive.
const MAX_UNPACKED: u64 = 512 << 20;

/// A program, its licence, its description, and their directory.
const MAX_ENTRIES: usize = 64;

/// Names the version that counts.
const CURRENT: &str = "current";

/// A directory with a directory for each version.
#[derive(Clone, Debug)]
pub struct Installed {
    root: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// An entry that leads out of the archive, or is not what archives of releases have.
    #[error("the archive has an entry that none should have: {0}")]
    Foreign(String),
    #[error("the archive has no {0}")]
    Missing(String),
    #[error("the program in the archive is larger than {0} bytes")]
    TooLarge(u64),
    #[error("the archive holds version {found}, not {wanted}")]
    OtherVersion { found: String, wanted: Version },
    #[error("the program in the archive does not run here")]
    Broken(#[source] FindError),
    #[error("cannot write below {path}")]
    Write {
        path: PathBuf,
        #[source]
        reason: io::Error,
    },
}

impl Installed {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a version is, or would be.
    pub fn program(&self, version: &Version) -> PathBuf {
        let name = format!("{NAME}{}", std::env::consts::EXE_SUFFIX);
        self.root.join(version.to_string()).join(name)
    }

    pub fn has(&self, version: &Version) -> bool {
        is_program(&self.program(version))
    }

    /// The program that counts: that of the version installed last, or else of the newest.
    pub fn current(&self) -> Option<PathBuf> {
        let version = self.chosen().or_else(|| self.newest())?;
        Some(self.program(&version))
    }

    fn chosen(&self) -> Option<Version> {
        let mut text = String::new();
        let file = File::open(self.root.join(CURRENT)).ok()?;
        file.take(256).read_to_string(&mut text).ok()?;
        let version = text.trim().parse().ok()?;
        self.has(&version).then_some(version)
    }

    fn newest(&self) -> Option<Version> {
        let entries = fs::read_dir(&self.root).ok()?.flatten();
        entries
            .filter_map(|it| it.file_name().to_str()?.parse().ok())
            .filter(|it| self.has(it))
            .max()
    }

    /// Makes a version count. Whether it did not before.
    ///
    /// # Errors
    /// [`InstallError::Write`].
    pub fn choose(&self, version: &Version) -> Result<bool, InstallError> {
        if self.chosen().as_ref() == Some(version) {
            return Ok(false);
        }
        let write = || -> io::Result<()> {
            let mut file = NamedTempFile::new_in(&self.root)?;
            writeln!(file, "{version}")?;
            file.persist(self.root.join(CURRENT))?;
            Ok(())
        };
        write().map_err(|reason| self.unwritten(reason))?;
        Ok(true)
    }

    /// A file for an archive on its way, beside its goal; gone when dropped.
    ///
    /// # Errors
    /// [`InstallError::Write`].
    pub fn temporary(&self) -> Result<NamedTempFile, InstallError> {
        fs::create_dir_all(&self.root)
            .and_then(|()| NamedTempFile::new_in(&self.root))
            .map_err(|reason| self.unwritten(reason))
    }

    /// Takes the program out of a release's archive, sees that it runs and is of that version, and puts it in
    /// its place, over what is there. Only the program is ever written.
    ///
    /// # Errors
    /// Every variant of [`InstallError`]; what was there before is there still.
    pub async fn put(&self, release: &Release, archive: File) -> Result<PathBuf, InstallError> {
        let target = self.program(release.version());
        let dir = target.parent().unwrap_or(&self.root).to_owned();
        let wanted = release.program();
        let unpack = {
            let root = self.root.clone();
            move || unpack(archive, &wanted, &root)
        };
        let unpacked = tokio::task::spawn_blocking(unpack).await;
        let unpacked = unpacked.map_err(|error| self.unwritten(io::Error::other(error)))??;
        let found = Binary::find(Some(&unpacked), None).await;
        let found = match found {
            Ok(it) => it.version,
            Err(FindError::TooOld { version, .. }) => version,
            Err(error) => return Err(InstallError::Broken(error)),
        };
        if found != release.version().to_string() {
            let wanted = release.version().clone();
            return Err(InstallError::OtherVersion { found, wanted });
        }
        fs::create_dir_all(&dir)
            .and_then(|()| unpacked.persist(&target).map_err(|it| it.error))
            .map_err(|reason| self.unwritten(reason))?;
        Ok(target)
    }

    fn unwritten(&self, reason: io::Error) -> InstallError {
        unwritten(&self.root, reason)
    }
}

fn unwritten(root: &Path, reason: io::Error) -> InstallError {
    InstallError::Write {
        path: root.to_owned(),
        reason,
    }
}

/// The program of this path in an archive, as a file in `root` that can be run. Blocks.
fn unpack(archive: File, wanted: &str, root: &Path) -> Result<TempPath, InstallError> {
    let content = GzDecoder::new(BufReader::new(archive)).take(MAX_UNPACKED);
    let mut archive = tar::Archive::new(content);
    let mut program = None;
    // Raw, since the library would read extension headers of any size into memory.
    for (count, entry) in archive.entries().map_err(damaged)?.raw(true).enumerate() {
        let mut entry = entry.map_err(damaged)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if count >= MAX_ENTRIES || leads_out(&path) {
            return Err(InstallError::Foreign(path));
        }
        match entry.header().entry_type() {
            EntryType::XHeader | EntryType::XGlobalHeader | EntryType::Directory => continue,
            EntryType::Regular if path.trim_start_matches("./") == wanted => {}
            EntryType::Regular => continue,
            _ => return Err(InstallError::Foreign(path)),
        }
        if entry.size() > MAX_PROGRAM {
            return Err(InstallError::TooLarge(MAX_PROGRAM));
        }
        if program.is_some() {
            return Err(InstallError::Foreign(path));
        }
        let size = entry.size();
        let mut file = NamedTempFile::new_in(root).map_err(|it| unwritten(root, it))?;
        let copied = copy(&mut entry, file.as_file_mut(), root)?;
        if copied != size {
            return Err(damaged(io::ErrorKind::UnexpectedEof.into()));
        }
        make_program(file.as_file()).map_err(|it| unwritten(root, it))?;
        // Closed: a file that is open for writing does not run.
        program = Some(file.into_temp_path());
    }
    program.ok_or_else(|| InstallError::Missing(wanted.to_owned()))
}

/// Copies, and tells who is at fault.
fn copy(from: &mut impl Read, to: &mut File, root: &Path) -> Result<u64, InstallError> {
    let mut buffer = vec![0; 1 << 16];
    let mut copied = 0;
    loop {
        let read = from.read(&mut buffer).map_err(damaged)?;
        match buffer.get(..read) {
            None | Some([]) => return Ok(copied),
            Some(part) => to.write_all(part).map_err(|it| unwritten(root, it))?,
        }
        copied += read as u64;
    }
}

fn damaged(error: io::Error) -> InstallError {
    InstallError::Damaged(match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    })
}

fn leads_out(path: &str) -> bool {
    path.starts_with('/')
        || path.contains(['\\', ':', '\0'])
        || path.split('/').any(|it| it == "..")
}

#[cfg(unix)]
fn make_program(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o755))?;
    file.sync_all()
}

#[cfg(not(unix))]
fn make_program(file: &File) -> io::Result<()> {
    file.sync_all()
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Seek as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn release() -> Release {
        Release::here("2.10.1".parse().unwrap()).unwrap()
    }

    /// What says that it is this version.
    fn script(version: &str) -> Vec<u8> {
        format!("#!/bin/sh\necho 'nats-server: v{version}'\n").into_bytes()
    }

    /// An archive of entries, each with a raw path, as no careful library would write them.
    fn archive(entries: &[(&str, EntryType, &[u8])]) -> File {
        let file = tempfile::tempfile().unwrap();
        let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        for (path, kind, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o4777);
            header.set_cksum();
            tar.append(&header, *content).unwrap();
        }
        let mut file = tar.into_inner().unwrap().finish().unwrap();
        file.rewind().unwrap();
        file
    }

    fn good(version: &str) -> File {
        let program = script(version);
        let folder = release().program();
        let folder = folder.trim_end_matches(NAME);
        archive(&[
            (folder, EntryType::Directory, b""),
            (&format!("{folder}LICENSE"), EntryType::Regular, b"free"),
            (&release().program(), EntryType::Regular, &program),
        ])
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|it| it.unwrap().file_name().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_program_is_put_in_its_place_and_nothing_else() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let installed = Installed::new(dir.path().to_owned());
        let release = release();
        assert_eq!(installed.current(), None);
        let path = installed.put(&release, good("2.10.1")).await.unwrap();
        assert_eq!(path, dir.path().join("2.10.1").join(NAME));
        assert_eq!(names(dir.path()), ["2.10.1"]);
        assert_eq!(names(&dir.path().join("2.10.1")), [NAME]);
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o7777,
            0o755
        );
        assert_eq!(installed.current(), Some(path.clone()));
        // Over itself, while it may run.
        assert_eq!(installed.put(&release, good("2.10.1")).await.unwrap(), path);
    }

    #[tokio::test]
    async fn the_chosen_one_counts_and_else_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let installed = Installed::new(dir.path().to_owned());
        let versions = ["2.9.25", "2.10.1", "2.10.0"].map(|it| it.parse::<Version>().unwrap());
        for version in &versions {
            let path = installed.program(version);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, script(&version.to_string())).unwrap();
            make_program(&File::open(&path).unwrap()).unwrap();
        }
        fs::create_dir(dir.path().join("9.9.9")).unwrap();
        let [oldest, newest, _] = &versions;
        assert_eq!(installed.current(), Some(installed.program(newest)));
        assert!(installed.choose(oldest).unwrap() && !installed.choose(oldest).unwrap());
        assert_eq!(installed.current(), Some(installed.program(oldest)));
        fs::remove_file(installed.program(oldest)).unwrap();
        assert_eq!(installed.current(), Some(installed.program(newest)));
        fs::write(dir.path().join(CURRENT), "../../bin").unwrap();
        assert_eq!(installed.current(), Some(installed.program(newest)));
    }

    #[tokio::test]
    async fn archives_that_are_none_of_a_release_leave_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let installed = Installed::new(dir.path().join("root"));
        installed.temporary().unwrap();
        let (release, program) = (release(), script("2.10.1"));
        let path = release.program();
        let path = path.as_str();
        let whole = |mut file: File| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            bytes
        };
        let file = |bytes: &[u8]| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            file.rewind().unwrap();
            file
        };
        let bytes = whole(good("2.10.1"));
        let regular = EntryType::Regular;
        for (bad, said) in [
            (
                archive(&[("../evil", regular, b"x"), (path, regular, &program)]),
                "../evil",
            ),
            (
                archive(&[(path, regular, &program), ("a/../../b", regular, b"x")]),
                "a/../../b",
            ),
            (archive(&[("/tmp/evil", regular, b"x")]), "/tmp/evil"),
            (archive(&[(path, EntryType::Symlink, b"")]), path),
            (archive(&[(path, EntryType::Link, b"")]), path),
            (
                archive(&[(path, regular, &program), (path, regular, &program)]),
                path,
            ),
            (
                archive(&[("other/nats-server", regular, &program)]),
                "no nats-server-v",
            ),
            (archive(&[]), "no nats-server-v"),
            (good("2.10.2"), "holds version 2.10.2, not 2.10.1"),
            (
                archive(&[(path, regular, b"#!/bin/sh\nexit 1\n")]),
                "does not run",
            ),
            (file(&bytes[..bytes.len() / 2]), "damaged"),
            (file(b"no archive"), "damaged"),
            (file(b""), ""),
        ] {
            let error = installed.put(&release, bad).await.unwrap_err();
            assert!(error.to_string().contains(said), "{said}: {error}");
            assert!(names(&dir.path().join("root")).is_empty(), "{said}");
            assert_eq!(names(dir.path()), ["root"]);
        }
    }
}
