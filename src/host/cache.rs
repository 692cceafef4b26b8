//! Compiled code on disk, so that a restart does not compile again.
//!
//! A file is the engine's serialized module, then its SHA-256. It is mapped into memory rather than read, so that
//! an actor takes only those pages that run, and hosts of one machine share them. What does not verify is compiled
//! anew and replaced; a directory that cannot be written is a warning. Knows nothing of actors.

use std::fs::{self, DirBuilder, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Seek, Write};
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
        let file = match open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!("compiling anew, {} is unusable: {error}", path.display());
                return None;
            }
        };
        // Last use decides what is dropped; a file that cannot be touched is only dropped earlier.
        let _ = file.set_modified(SystemTime::now());
        #[expect(
            unsafe_code,
            reason = "the engine offers no checked way to read compiled code"
        )]
        // SAFETY: deserializing is sound for bytes that this engine's version and settings serialized. The
        // name holds a digest of both, the checksum excludes damage, and `create_private` made sure that
        // nobody but this user and root can have put the file there. It stays as it is while it is mapped:
        // `write` puts another file in its place, and a dropped one lives on until the last map is gone.
        let module = unsafe { Module::deserialize_open_file(engine, file) };
        match module {
            Ok(module) => Some(module),
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
        file.write_all(code)?;
        file.write_all(&Sha256::digest(code))?;
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

/// A file whose checksum is right.
fn open(path: &Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > MAX_FILE {
        return Err(io::Error::other("it is too large"));
    }
    let damaged = || io::Error::other("its checksum is wrong");
    let code = size.checked_sub(CHECKSUM as u64).ok_or_else(damaged)?;
    let mut digest = Sha256::new();
    io::copy(&mut Read::by_ref(&mut file).take(code), &mut digest)?;
    let mut checksum = [0; CHECKSUM];
    file.read_exact(&mut checksum)?;
    if digest.finalize()[..] != checksum {
        return Err(damaged());
    }
    file.rewind()?;
    Ok(file)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wasm(number: u32) -> Vec<u8> {
        wat::parse_str(format!("(module (func (result i32) (i32.const {number})))")).unwrap()
    }

    fn open() -> (tempfile::TempDir, Engine, Cache) {
        let (dir, engine) = (tempfile::tempdir().unwrap(), Engine::default());
        let cache = Cache::open(&dir.path().join("a/b"), &engine).unwrap();
        (dir, engine, cache)
    }

    #[test]
    fn gives_back_what_was_put_to_the_same_engine_only() {
        let (_dir, engine, cache) = open();
        let key = cache.key(&wasm(1));
        assert!(cache.get(&key, &engine).is_none());
        cache.put(&key, &Module::new(&engine, wasm(1)).unwrap());
        assert!(cache.get(&key, &engine).is_some());
        assert_ne!(cache.key(&wasm(2)).0, key.0);

        let mut config = wasmtime::Config::new();
        let other = Engine::new(config.epoch_interruption(true)).unwrap();
        let theirs = Cache::open(&cache.dir, &other).unwrap();
        assert_ne!(theirs.key(&wasm(1)).0, key.0);
        // Should the name ever lie, the engine still refuses.
        assert!(theirs.get(&key, &other).is_none());
    }

    #[test]
    fn damage_is_a_miss() {
        let (_dir, engine, cache) = open();
        let key = cache.key(&wasm(1));
        cache.put(&key, &Module::new(&engine, wasm(1)).unwrap());
        let path = cache.path(&key);
        let intact = fs::read(&path).unwrap();
        for position in [0, CHECKSUM, intact.len() - 1] {
            let mut damaged = intact.clone();
            damaged[position] ^= 0x80;
            fs::write(&path, damaged).unwrap();
            assert!(cache.get(&key, &engine).is_none(), "byte {position}");
        }
        for length in [0, CHECKSUM - 1, CHECKSUM, intact.len() - 1] {
            fs::write(&path, &intact[..length]).unwrap();
            assert!(cache.get(&key, &engine).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn drops_what_was_not_used_for_longest() {
        let (_dir, engine, mut cache) = open();
        let module = |number| Module::new(&engine, wasm(number)).unwrap();
        let keys: Vec<Key> = (0..3).map(|it| cache.key(&wasm(it))).collect();
        for (number, key) in keys.iter().enumerate().take(2) {
            cache.put(key, &module(number as u32));
            let age = Duration::from_secs(100 - number as u64);
            let file = File::open(cache.path(key)).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        // Using the older one makes the other the oldest.
        assert!(cache.get(&keys[0], &engine).is_some());
        let one = fs::metadata(cache.path(&keys[0])).unwrap().len();
        cache.max_size = one * 5 / 2;
        cache.put(&keys[2], &module(2));
        let kept: Vec<bool> = keys.iter().map(|it| cache.path(it).exists()).collect();
        assert_eq!(kept, [true, false, true]);
    }

    #[test]
    fn a_module_that_cannot_be_stored_is_no_error() {
        let (dir, engine, cache) = open();
        drop(dir);
        let key = cache.key(&wasm(1));
        cache.put(&key, &Module::new(&engine, wasm(1)).unwrap());
        assert!(cache.get(&key, &engine).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_has_access() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (_dir, engine, cache) = open();
        let key = cache.key(&wasm(1));
        cache.put(&key, &Module::new(&engine, wasm(1)).unwrap());
        assert_eq!(mode(&cache.dir), 0o700);
        assert_eq!(mode(&cache.path(&key)), 0o600);

        fs::set_permissions(&cache.dir, fs::Permissions::from_mode(0o755)).unwrap();
        Cache::open(&cache.dir, &engine).unwrap();
        assert_eq!(mode(&cache.dir), 0o700);
        fs::set_permissions(&cache.dir, fs::Permissions::from_mode(0o777)).unwrap();
        Cache::open(&cache.dir, &engine).unwrap_err();
    }
}
