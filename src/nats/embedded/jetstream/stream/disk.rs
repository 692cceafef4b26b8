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
use super::super::consumer::Consumer;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) config: StreamConfig,
    /// Nanoseconds since 1970.
    pub(crate) created: i64,
}

/// The folder of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Makes a folder for a stream. Names that differ only in case may be the same to the file system, so ours never are.
    pub(crate) fn create(root: &Path, meta: &Meta) -> io::Result<Self> {
        let stem: String = meta.config.name.chars().take(60).collect();
        let it = Self(root.join(format!("{stem}.{}", nuid::next())));
        fs::create_dir_all(it.messages())?;
        fs::create_dir(it.0.join("consumers"))?;
        it.save(meta)?;
        Ok(it)
    }

    /// All streams below a folder. What is no stream, or was on its way out, is removed or left alone.
    pub(crate) fn find(root: &Path) -> io::Result<Vec<(Self, Meta)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root)? {
            let dir = entry?.path();
            if !dir.is_dir() {
                continue;
            }
            if dir.extension().is_some_and(|it| it == "gone") {
                fs::remove_dir_all(&dir)?;
                continue;
            }
            match read::<Meta>(&dir.join("meta.json")) {
                Ok(meta) => found.push((Self(dir), meta)),
                // Made by a creation that was never answered, or not ours.
                Err(error) => {
                    tracing::error!(dir = %dir.display(), %error, "a folder without a stream");
                }
            }
        }
        Ok(found)
    }

    pub(crate) fn messages(&self) -> PathBuf {
        self.0.join("messages")
    }

    pub(crate) fn save(&self, meta: &Meta) -> io::Result<()> {
        write(&self.0.join("meta.json"), meta, true)
    }

    pub(super) fn save_consumer(&self, it: &Consumer, sync: bool) -> io::Result<()> {
        write(&self.consumer(it), it, sync)
    }

    pub(super) fn remove_consumer(&self, it: &Consumer) {
        let _ = fs::remove_file(self.consumer(it));
    }

    pub(super) fn consumers(&self) -> io::Result<Vec<Consumer>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.0.join("consumers"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == "json")
                && let Some(file) = path.file_stem().and_then(|it| it.to_str())
            {
                match read::<Consumer>(&path) {
                    Ok(mut it) => {
                        file.clone_into(&mut it.file);
                        found.push(it);
                    }
                    // Saved in haste before a loss of power; the stream is worth more.
                    Err(error) => tracing::error!(%error, file, "can not read a consumer"),
                }
            }
        }
        Ok(found)
    }

    /// Removes everything, in one step as seen after a crash.
    pub(super) fn destroy(&self) -> io::Result<()> {
        let gone = self.0.with_file_name(format!("{}.gone", nuid::next()));
        fs::rename(&self.0, &gone)?;
        fs::remove_dir_all(&gone)
    }

    fn consumer(&self, it: &Consumer) -> PathBuf {
        self.0.join("consumers").join(format!("{}.json", it.file))
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
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
