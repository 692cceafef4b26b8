//! Compiled code on disk, so that a restart does not compile again.
//!
//! A file is the SHA-256 of the rest, then the engine's serialized module. What does not verify is compiled
//! anew and replaced; a directory that cannot be written is a warning. Knows nothing of actors.

use std::fs::{self, DirBuilder, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

/// All files together; beyond it, those not used for longest go.
const MAX_SIZE: u64 = 512 << 20;

/// One file. Compiled code is a few times larger than its module.
const MAX_FILE: u64 = 256 << 20;

const EXTENSION: &str = "cwasm";

const CHECKSUM: usize = 32;

/// A directory that only its owner can write.
#[derive(Debug)]
pub(super) struct Cache {
    dir: PathBuf,
    /// Digest of everything but the module that decides what the compiler makes of it.
    settings: [u8; 32],
    max_size: u64,
}

/// Names the compiled form of one module under one engine.
pub(super) struct Key(String);

impl Cache {
    /// Makes the directory if it is not there.
    pub(super) fn open(dir: &Path, engine: &Engine) -> io::Result<Self> {
        create_private(dir)?;
        let mut digest = Digesting(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut digest);
        Ok(Self {
            dir: dir.to_owned(),
            settings: digest.0.finalize().into(),
            max_size: MAX_SIZE,
        })
    }

    pub(super) fn key(&self, wasm: &[u8]) -> Key {
        let digest = Sha256::new()
            .chain_update(self.settings)
            .chain_update(wasm)
            .finalize();
        Key(HEXLOWER.encode(&digest))
    }

    /// The module, if it is there and intact.
    pub(super) fn get(&self, key: &Key, engine: &Engine) -> Option<Module> {
        let path = self.path(key);
        let serialized = match read(&path) {
            Ok(serialized) => serialized,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!("compiling anew, {} is unusable: {error}", path.display());
                return None;
            }
        };
        let code = serialized.get(CHECKSUM..)?;
        // SAFETY: deserializing is sound for bytes that this engine's version and settings serialized. The
        // name holds a digest of both, the checksum excludes damage, and `create_private` made sure that
        // nobody but this user and root can have put the file there.
        #[expect(
            unsafe_code,
            reason = "the engine offers no checked way to read compiled code"
        )]
        let module = unsafe { Module::deserialize(engine, code) };
        match module {
            Ok(module) => {
                // Last use decides what is dropped; a file that cannot be touched is only dropped earlier.
                let _ = File::open(&path).and_then(|it| it.set_modified(SystemTime::now()));
                Some(module)
            }
            Err(error) => {
                tracing::warn!("compiling anew, {} is unusable: {error:#}", path.display());
                None
            }
        }
    }

    /// Stores a module. Failing to is a warning: the module runs all the same.
    pub(super) fn put(&self, key: &Key, module: &Module) {
        let stored = module
            .serialize()
            .map_err(io::Error::other)
            .and_then(|code| self.write(key, &code));
        if let Err(error) = stored {
            tracing::warn!(
                "cannot keep compiled code in {}: {error}",
                self.dir.display()
            );
        }
    }

    fn write(&self, key: &Key, code: &[u8]) -> io::Result<()> {
        let size = (CHECKSUM + code.len()) as u64;
        if size > MAX_FILE {
            return Err(io::Error::other(format!(
                "{size} bytes are too many for one module"
            )));
        }
        // Made with mode 0600, and named so that a leftover of a crash is dropped like any other file.
        let mut file = tempfile::Builder::new()
            .prefix("new-")
            .suffix(&format!(".{EXTENSION}"))
            .tempfile_in(&self.dir)?;
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        file.persist(self.path(key)).map_err(|it| it.error)?;
        self.shrink()
    }

    fn shrink(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == EXTENSION)
                // Another host may have dropped it meanwhile.
                && let Ok(meta) = path.metadata()
            {
                files.push((meta.modified()?, meta.len(), path));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (_, size, path) in files {
            if total <= self.max_size {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= size;
            }
        }
        Ok(())
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.dir.join(&key.0).with_extension(EXTENSION)
    }
}

/// A whole file, checksum included, whose checksum is right.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > MAX_FILE {
        return Err(io::Error::other("it is too large"));
    }
    let bytes = fs::read(path)?;
    match bytes.split_at_checked(CHECKSUM) {
        Some((checksum, code)) if Sha256::digest(code)[..] == *checksum => Ok(bytes),
        _ => Err(io::Error::other("its checksum is wrong")),
    }
}

/// Compiled code is run as it is, so whoever can write here can run code as this user.
fn create_private(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let meta = fs::metadata(dir)?;
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("the directory belongs to another user"));
        }
        if meta.mode() & 0o077 != 0 {
            if meta.mode() & 0o022 != 0 {
                return Err(io::Error::other(
                    "others may write to the directory; remove it or run chmod 700 on it",
                ));
            }
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// The engine describes itself through [`Hash`]; a digest keeps all of it.
struct Digesting(Sha256);

impl Hasher for Digesting {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
