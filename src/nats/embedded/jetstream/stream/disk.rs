//! A stream's folder: its configuration, its messages, its consumers.
//!
//! `meta.json` is the stream, `messages/` the log, `consumers/{file}.json` a consumer each. Whatever is replaced is
//! written beside and moved into place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::api::stream::StreamConfig;

#[derive(Debug, Serialize, Deserialize)]
pub(in super::super) struct Meta {
    pub(in super::super) config: StreamConfig,
    pub(in super::super) created: i64,
}

/// The folder of one stream.
#[derive(Clone, Debug)]
pub(in super::super) struct Disk(PathBuf);

impl Disk {
    /// Makes a folder for a stream. Its name is the stream's where the file system can tell it from the others.
    pub(in super::super) fn create(root: &Path, name: &str) -> io::Result<Self> {
        let stem: String = name.chars().take(60).collect();
        for n in 0..10_000_u32 {
            let name = if n == 0 {
                stem.clone()
            } else {
                format!("{stem}~{n}")
            };
            let dir = root.join(name);
            match fs::create_dir(&dir) {
                Ok(()) => {
                    fs::create_dir(dir.join("messages"))?;
                    fs::create_dir(dir.join("consumers"))?;
                    return Ok(Self(dir));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// All streams below a folder. What is no stream, or was on its way out, is removed or left alone.
    pub(in super::super) fn find(root: &Path) -> io::Result<Vec<(Self, Meta)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            let dir = entry.path();
            if entry.file_name().to_string_lossy().ends_with(".gone") {
                fs::remove_dir_all(&dir)?;
                continue;
            }
            match read::<Meta>(&dir.join("meta.json")) {
                Ok(Some(meta)) => found.push((Self(dir), meta)),
                // Made by a creation that was never answered, or not ours.
                Ok(None) => tracing::warn!(dir = %dir.display(), "a folder without a stream"),
                Err(error) => {
                    tracing::error!(dir = %dir.display(), %error, "can not read a stream's configuration");
                }
            }
        }
        Ok(found)
    }

    pub(in super::super) fn messages(&self) -> PathBuf {
        self.0.join("messages")
    }

    pub(in super::super) fn save(&self, meta: &Meta) -> io::Result<()> {
        write(&self.0.join("meta.json"), meta, true)
    }

    pub(super) fn save_consumer(
        &self,
        file: &str,
        it: &impl Serialize,
        sync: bool,
    ) -> io::Result<()> {
        write(&self.consumer(file), it, sync)
    }

    pub(super) fn remove_consumer(&self, file: &str) {
        let _ = fs::remove_file(self.consumer(file));
    }

    pub(super) fn consumers<T: DeserializeOwned>(&self) -> io::Result<Vec<(String, T)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.0.join("consumers"))? {
            let path = entry?.path();
            let Some(file) = path.file_stem().and_then(|it| it.to_str()) else {
                continue;
            };
            if path.extension().is_some_and(|it| it == "json")
                && let Some(it) = read(&path)?
            {
                found.push((file.to_owned(), it));
            }
        }
        Ok(found)
    }

    /// Removes everything, in one step as seen after a crash.
    pub(super) fn destroy(&self) -> io::Result<()> {
        let mut gone = self.0.clone().into_os_string();
        gone.push(format!(".{}.gone", nuid::next()));
        fs::rename(&self.0, &gone)?;
        fs::remove_dir_all(&gone)
    }

    fn consumer(&self, file: &str) -> PathBuf {
        self.0.join("consumers").join(format!("{file}.json"))
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, it: &impl Serialize, sync: bool) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec(it)?)?;
    if sync {
        file.sync_all()?;
    }
    fs::rename(&beside, path)?;
    #[cfg(unix)]
    if sync && let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}
