//! A copy of the bucket on this machine's disk, for a start when the bucket cannot be reached.
//!
//! It only serves: nothing is ever put into a bucket because of it, since nobody knows how old it is. Values of
//! links may be secrets, so it is for the eyes of its owner only.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::entry::Entry;
use super::origin::Birth;
use super::shared::Shared;
use crate::lattice::subject::LatticeName;

/// Bytes of a copy, which many thousands of links need. A larger one is neither written nor read.
const MAX_SIZE: u64 = 64 << 20;

/// Changes that come within this time are written together.
const PAUSE: Duration = Duration::from_secs(1);

/// Writing takes at most this part of the time.
const SHARE: u32 = 20;

/// Told of every file, so that nothing else is taken for one.
const FORMAT: &str = "wash lattice state 1";

/// What was in a bucket at some time.
pub(super) struct Copy {
    /// The stream it is of.
    pub(super) stream: Birth,
    pub(super) saved: SystemTime,
    /// Key, revision and value.
    pub(super) entries: Vec<(String, u64, Entry)>,
}

/// Where the copy of one lattice's state is, in one JetStream domain.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) lattice: LatticeName,
    pub(super) domain: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    lattice: String,
    domain: Option<String>,
    stream: String,
    /// Seconds since 1970.
    saved: u64,
    entries: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    revision: u64,
    value: Json,
}

impl Place {
    /// What was kept here. None if there is nothing, or nothing that can be used, which is logged.
    pub(super) fn read(&self) -> Option<Copy> {
        let path = self.path.display();
        match self.try_read() {
            Ok(copy) => Some(copy),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%path, "passing over the copy of the lattice's state: {error}");
                None
            }
        }
    }

    fn try_read(&self) -> io::Result<Copy> {
        let file = File::open(&self.path)?;
        let mut text = Vec::new();
        file.take(MAX_SIZE + 1).read_to_end(&mut text)?;
        if text.len() as u64 > MAX_SIZE {
            return Err(bad("it is too large"));
        }
        // Where, not what: it may hold secrets.
        let document: Document = serde_json::from_slice(&text)
            .map_err(|error| bad(format!("line {}: it cannot be read", error.line())))?;
        if document.format != FORMAT {
            return Err(bad("it is of another format"));
        }
        if document.lattice != self.lattice.as_str() || document.domain != self.domain {
            return Err(bad("it is of another lattice or domain"));
        }
        let stream = Birth::parse(&document.stream).ok_or_else(|| bad("it has no date"))?;
        let entries = document.entries.into_iter().filter_map(|it| {
            let value = serde_json::to_vec(&it.value).ok()?;
            Some((it.revision.max(1), Entry::decode(&it.key, &value)?, it.key))
        });
        let saved = UNIX_EPOCH.checked_add(Duration::from_secs(document.saved));
        Ok(Copy {
            stream,
            saved: saved.unwrap_or(UNIX_EPOCH),
            entries: entries
                .map(|(revision, entry, key)| (key, revision, entry))
                .collect(),
        })
    }

    /// Replaces the file as a whole, or leaves it as it was.
    fn write(&self, copy: &Copy) -> io::Result<()> {
        let lines = copy.entries.iter().map(|(key, revision, entry)| {
            let value = entry.encode().map_err(io::Error::from)?;
            Ok(Line {
                key: key.clone(),
                revision: *revision,
                value: serde_json::from_slice(&value)?,
            })
        });
        let saved = copy.saved.duration_since(UNIX_EPOCH).unwrap_or_default();
        let document = Document {
            format: FORMAT.to_owned(),
            lattice: self.lattice.to_string(),
            domain: self.domain.clone(),
            stream: copy.stream.text(),
            saved: saved.as_secs(),
            entries: lines.collect::<io::Result<_>>()?,
        };
        let text = serde_json::to_vec(&document)?;
        if text.len() as u64 > MAX_SIZE {
            return Err(bad("it would be too large"));
        }
        let dir = self.path.parent().unwrap_or(Path::new("."));
        private_dir(dir)?;
        // Temporary files are 0600 from the start.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// Keeps the copy of another stream, which may be all that is left of it, beside the one to come.
    fn set_aside(&self, stream: Birth) {
        let Some(old) = self.try_read().ok().filter(|it| it.stream != stream) else {
            return;
        };
        let is_link = |it: &&(String, u64, Entry)| matches!(it.2, Entry::Link(_));
        let links = old.entries.iter().filter(is_link).count();
        if links == 0 {
            return;
        }
        let seconds = old.saved.duration_since(UNIX_EPOCH).unwrap_or_default();
        let aside = self
            .path
            .with_extension(format!("before-{}.json", seconds.as_secs()));
        match fs::rename(&self.path, &aside) {
            Ok(()) => tracing::warn!(
                links,
                "the copy of the state before is kept in {}",
                aside.display()
            ),
            Err(error) => tracing::warn!("cannot keep the copy of the state before: {error}"),
        }
    }
}

/// Keeps the copy as fresh as the state, for as long as it runs.
pub(super) async fn keep(place: Place, shared: Arc<Shared>) {
    let mut versions = shared.versions();
    let mut is_first = true;
    let mut failed = false;
    loop {
        let Some(copy) = shared.copy() else {
            if versions.changed().await.is_err() {
                return;
            }
            continue;
        };
        let began = Instant::now();
        let there = place.clone();
        let first = std::mem::take(&mut is_first);
        let written = tokio::task::spawn_blocking(move || {
            if first {
                there.set_aside(copy.stream);
            }
            there.write(&copy)
        });
        match written.await {
            Ok(Ok(())) => failed = false,
            Ok(Err(error)) if !failed => {
                failed = true;
                let path = place.path.display();
                tracing::warn!("cannot keep a copy of the lattice's state in {path}: {error}");
            }
            Ok(Err(_)) | Err(_) => {}
        }
        if versions.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE.max(began.elapsed() * SHARE)).await;
        versions.mark_unchanged();
    }
}

fn private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

fn bad(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::wire::{LinkDefinition, Map};

    fn link() -> Entry {
        Entry::Link(LinkDefinition {
            id: super::super::entry::link_hash("M", "c", "default"),
            actor_id: "M".to_owned(),
            provider_id: "V".to_owned(),
            link_name: "default".to_owned(),
            contract_id: "c".to_owned(),
            values: Map::from([("PASSWORD".to_owned(), "hunter2".to_owned())]),
        })
    }

    fn place(dir: &Path) -> Place {
        Place {
            path: dir.join("lattices/default/core.json"),
            lattice: LatticeName::default(),
            domain: Some("core".to_owned()),
        }
    }

    fn copy(stream: &str) -> Copy {
        Copy {
            stream: Birth::parse(stream).unwrap(),
            saved: UNIX_EPOCH + Duration::from_secs(1_660_000_000),
            entries: vec![(link().key(), 7, link())],
        }
    }

    const DAY: &str = "2022-09-01T12:00:00.5Z";

    #[test]
    fn a_copy_comes_back_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        assert!(place.read().is_none());
        place.write(&copy(DAY)).unwrap();
        let read = place.read().unwrap();
        assert!(read.entries == copy(DAY).entries);
        assert_eq!(
            (read.stream, read.saved),
            (copy(DAY).stream, copy(DAY).saved)
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&place.path), 0o600);
            assert_eq!(mode(place.path.parent().unwrap()), 0o700);
        }
        let left: Vec<_> = place.path.parent().unwrap().read_dir().unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn what_is_not_ours_or_broken_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let here = place(dir.path());
        here.write(&copy(DAY)).unwrap();
        let text = fs::read_to_string(&here.path).unwrap();
        for broken in [
            "",
            "{}",
            "[]",
            "\u{0}",
            &"[".repeat(200_000),
            text.get(..text.len() / 2).unwrap(),
            &text.replace("state 1", "state 2"),
            &text.replace("\"core\"", "\"other\""),
            &text.replace("\"default\",\"domain\"", "\"elsewhere\",\"domain\""),
            &text.replace("2022-", "soon-"),
        ] {
            fs::write(&here.path, broken).unwrap();
            assert!(here.read().is_none(), "{broken:.80}");
        }
        // One bad value costs only itself.
        fs::write(&here.path, text.replace("LINKDEF_", "ODD_")).unwrap();
        assert!(here.read().unwrap().entries.is_empty());
        fs::write(
            &here.path,
            text.replace("1660000000", "18446744073709551615"),
        )
        .unwrap();
        assert!(here.read().is_some());
        fs::remove_file(&here.path).unwrap();
        fs::create_dir(&here.path).unwrap();
        assert!(here.read().is_none());
        assert!(here.write(&copy(DAY)).is_err());
    }

    #[test]
    fn the_copy_of_a_lost_stream_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let place = place(dir.path());
        place.write(&copy(DAY)).unwrap();
        place.set_aside(copy(DAY).stream);
        assert!(place.path.exists());
        place.set_aside(copy("2022-09-02T12:00:00Z").stream);
        assert!(!place.path.exists());
        let aside = place.path.with_file_name("core.before-1660000000.json");
        assert!(fs::read_to_string(aside).unwrap().contains("LINKDEF_"));
    }
}
