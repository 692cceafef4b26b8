//! The file store's segments: appended to at the end, cleaned from the front.
//!
//! Entries are gathered and written in one go by [`Log::flush`], before anything is acknowledged. A message's death is
//! an entry too, and always lies behind the message. Since only the first segment is ever cleaned (what lives in it is
//! copied to the end, then the file goes), no death is forgotten before what died. Knows nothing of subjects or limits.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::record::Record;

/// How large things grow, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// A segment.
    pub(super) segment: u64,
    /// What may be dead beyond what lives before cleaning begins.
    pub(super) slack: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        // Tests are to see segments come and go.
        let unit = if cfg!(test) { 64 << 10 } else { 8 << 20 };
        Self {
            segment: unit,
            slack: 2 * unit,
        }
    }
}

/// Where a message lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    segment: u64,
    offset: u32,
    len: u32,
}

#[derive(Debug, Default)]
struct Segment {
    id: u64,
    len: u64,
    live: u64,
}

#[derive(Debug)]
pub(super) struct Log {
    dir: PathBuf,
    sizes: Sizes,
    segments: VecDeque<Segment>,
    /// The last segment, once it is written to.
    tail: Option<Arc<File>>,
    /// Entries of the last segment that are not written yet.
    buffer: Vec<u8>,
    /// The segment that was read last, since whoever reads goes on there.
    reading: Option<(u64, File)>,
    total: u64,
    live: u64,
    /// What is left to look at in the first segment, while it is cleaned.
    sweep: Option<VecDeque<(Record, Place)>>,
    /// Written, but perhaps not on the disk.
    unsynced: Vec<Arc<File>>,
    /// Cleaned; these go when their copies are on the disk.
    doomed: Vec<PathBuf>,
    /// A write failed: memory and disk differ, so nothing more is written.
    failed: bool,
}

impl Log {
    /// Finds the segments in `dir`; [`Log::replay`] reads them.
    pub(super) fn open(dir: &Path, sizes: Sizes) -> io::Result<Self> {
        let mut segments = VecDeque::new();
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            if let Some(id) = name.to_str().and_then(|it| it.strip_suffix(".log"))
                && let Ok(id) = u64::from_str_radix(id, 16)
            {
                segments.push_back(Segment {
                    id,
                    ..Segment::default()
                });
            }
        }
        segments.make_contiguous().sort_by_key(|it| it.id);
        Ok(Self {
            dir: dir.to_owned(),
            sizes,
            segments,
            tail: None,
            buffer: Vec::new(),
            reading: None,
            total: 0,
            live: 0,
            sweep: None,
            unsynced: Vec::new(),
            doomed: Vec::new(),
            failed: false,
        })
    }

    /// The whole entries of the next segment, and where they lie; `None` behind the last, whose torn tail is cut off.
    pub(super) fn replay(&mut self, at: usize) -> io::Result<Option<Vec<(Record, Place)>>> {
        let Some(id) = self.segments.get(at).map(|it| it.id) else {
            return Ok(None);
        };
        let (entries, mut end, len) = self.entries(id)?;
        if end < len {
            let (file, torn) = (self.path(id), len - end);
            if at + 1 == self.segments.len() {
                tracing::info!(file = %file.display(), torn, "cut a torn tail off");
                let file = OpenOptions::new().write(true).open(&file)?;
                file.set_len(end)?;
                file.sync_data()?;
            } else {
                tracing::error!(file = %file.display(), torn, "a segment is damaged; its rest is lost");
                end = len;
            }
        }
        self.segments[at].len = end;
        self.total += end;
        Ok(Some(entries))
    }

    /// The whole entries of a segment, where they end, and where the file does.
    #[expect(clippy::type_complexity, reason = "said once")]
    fn entries(&self, id: u64) -> io::Result<(Vec<(Record, Place)>, u64, u64)> {
        let mut rest = Bytes::from(fs::read(self.path(id))?);
        let whole = rest.len() as u64;
        let (mut found, mut offset) = (Vec::new(), 0);
        while let Some((record, len)) = Record::read(&rest) {
            let place = Place {
                segment: id,
                offset,
                len,
            };
            found.push((record, place));
            rest = rest.slice(len as usize..);
            offset += len;
        }
        Ok((found, offset.into(), whole))
    }

    /// Gathers an entry.
    pub(super) fn append(&mut self, record: &Record) -> io::Result<Place> {
        let last = self.segments.back();
        if last.is_none_or(|it| it.len >= self.sizes.segment) {
            self.flush()?;
            let id = self.segments.back().map_or(1, |it| it.id + 1);
            self.tail = Some(self.file(id, true)?);
            self.segments.push_back(Segment {
                id,
                ..Segment::default()
            });
        }
        let segment = self.segments.back_mut().ok_or(io::ErrorKind::NotFound)?;
        let offset = u32::try_from(segment.len).map_err(io::Error::other)?;
        let len = record.write(&mut self.buffer)?;
        segment.len += u64::from(len);
        self.total += u64::from(len);
        Ok(Place {
            segment: segment.id,
            offset,
            len,
        })
    }

    /// Hands everything that was gathered to the system: from here on it survives the process.
    ///
    /// When that fails, none of it stays in the file; the log must then be opened anew.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier write failed"));
        }
        let Some(segment) = self.segments.back().filter(|_| !self.buffer.is_empty()) else {
            return Ok(());
        };
        let before = segment.len - self.buffer.len() as u64;
        let file = match &self.tail {
            Some(it) => it.clone(),
            None => self.file(segment.id, false)?,
        };
        if let Err(error) = (&*file).write_all(&self.buffer) {
            self.failed = true;
            // Should this fail too, what is read back is cut at the torn entry.
            let _ = file.set_len(before);
            return Err(error);
        }
        self.buffer.clear();
        self.buffer.shrink_to(1 << 20);
        if !self.unsynced.iter().any(|it| Arc::ptr_eq(it, &file)) {
            self.unsynced.push(file.clone());
        }
        self.tail = Some(file);
        Ok(())
    }

    /// Reads the entry at a place.
    pub(super) fn read(&mut self, place: Place) -> io::Result<Record> {
        let (offset, len) = (u64::from(place.offset), place.len as usize);
        let tail = self.segments.back().filter(|it| it.id == place.segment);
        let written = tail.map_or(u64::MAX, |it| it.len - self.buffer.len() as u64);
        let bytes = if offset >= written {
            let at = (offset - written) as usize;
            self.buffer.get(at..at + len).unwrap_or_default().to_vec()
        } else {
            let mut file = match &self.reading {
                Some((id, file)) if *id == place.segment => file,
                _ => {
                    let file = File::open(self.path(place.segment))?;
                    &self.reading.insert((place.segment, file)).1
                }
            };
            let mut bytes = vec![0; len];
            file.seek(SeekFrom::Start(offset))?;
            file.read_exact(&mut bytes)?;
            bytes
        };
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "an entry is damaged");
        Record::read(&bytes.into())
            .map(|it| it.0)
            .ok_or_else(damaged)
    }

    /// The message at this place counts from now on, or no longer.
    pub(super) fn count(&mut self, place: Place, lives: bool) {
        let len = u64::from(place.len);
        let found = self
            .segments
            .binary_search_by_key(&place.segment, |it| it.id);
        let segment = found.ok().and_then(|at| self.segments.get_mut(at));
        for live in segment
            .map(|it| &mut it.live)
            .into_iter()
            .chain([&mut self.live])
        {
            *live = if lives {
                *live + len
            } else {
                live.saturating_sub(len)
            };
        }
    }

    /// There is something to clean.
    pub(super) fn dirty(&self) -> bool {
        self.segments.len() > 1
            && (self.total > 2 * self.live + self.sizes.slack
                || self.segments.front().is_some_and(|it| it.live == 0))
    }

    /// The next entries of the first segment, about `budget` bytes of them; `None` when it is through.
    pub(super) fn sweep(&mut self, budget: u64) -> io::Result<Option<Vec<(Record, Place)>>> {
        if self.sweep.is_none() {
            let first = self.segments.front().filter(|it| it.live > 0);
            self.sweep = Some(match first.map(|it| it.id) {
                Some(id) => self.entries(id)?.0.into(),
                None => VecDeque::new(),
            });
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        while bytes < budget
            && let Some(it) = self.sweep.as_mut().and_then(VecDeque::pop_front)
        {
            bytes += u64::from(it.1.len);
            found.push(it);
        }
        Ok((!found.is_empty()).then_some(found))
    }

    /// Drops the first segment, from which everything that lives was copied.
    pub(super) fn drop_swept(&mut self) {
        self.sweep = None;
        if let Some(segment) = self.segments.pop_front() {
            self.total = self.total.saturating_sub(segment.len);
            self.live = self.live.saturating_sub(segment.live);
            self.doomed.push(self.path(segment.id));
        }
    }

    /// Files to bring to the disk now, and those that may go after that.
    pub(super) fn unsynced(&mut self) -> Option<Pending> {
        self.needs_sync().then(|| Pending {
            files: std::mem::take(&mut self.unsynced),
            doomed: std::mem::take(&mut self.doomed),
        })
    }

    pub(super) fn needs_sync(&self) -> bool {
        !self.unsynced.is_empty() || !self.doomed.is_empty()
    }

    /// Bytes on the disk, dead ones included.
    #[cfg(test)]
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    fn path(&self, id: u64) -> PathBuf {
        self.dir.join(format!("{id:016x}.log"))
    }

    /// A segment to write to.
    fn file(&mut self, id: u64, new: bool) -> io::Result<Arc<File>> {
        let mut options = OpenOptions::new();
        let file = options.append(true).create_new(new).open(self.path(id))?;
        #[cfg(unix)]
        if new {
            // Its name, too, has to outlive a loss of power.
            self.unsynced.push(Arc::new(File::open(&self.dir)?));
        }
        Ok(Arc::new(file))
    }
}

/// Work for a thread that may block.
#[derive(Debug)]
pub(crate) struct Pending {
    files: Vec<Arc<File>>,
    doomed: Vec<PathBuf>,
}

impl Pending {
    /// Brings the files to the disk, then removes what they replace.
    pub(crate) fn run(self) -> io::Result<()> {
        for file in &self.files {
            file.sync_data()?;
        }
        self.doomed.iter().try_for_each(fs::remove_file)
    }
}
