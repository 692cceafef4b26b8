//! The file store's segments: appended to at the end, cleaned from the front.
//!
//! Entries are gathered and written in one go by [`Log::flush`], before anything is acknowledged. A message's death is
//! an entry too, and always lies behind the message. Since only the first segment is ever cleaned (what lives in it is
//! copied to the end, then the file goes), no death is forgotten before what died. Knows nothing of subjects or limits.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::record::{self, Draft, Record, checksum};

const MAGIC: &[u8; 8] = b"washlog1";

/// Magic, last sequence, last time, checksum.
const HEAD: u64 = 8 + 8 + 8 + 4;

/// Files held open for reading, at most.
const OPEN: usize = 32;

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
        Self {
            segment: 8 << 20,
            slack: 16 << 20,
        }
    }
}

/// Where a message lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: u64,
    pub(super) offset: u32,
    pub(super) len: u32,
}

#[derive(Debug)]
struct Segment {
    id: u64,
    path: PathBuf,
    file: Option<Arc<File>>,
    len: u64,
    live: u64,
    used: u64,
}

#[derive(Debug)]
pub(super) struct Log {
    dir: PathBuf,
    sizes: Sizes,
    segments: VecDeque<Segment>,
    /// Entries of the last segment that are not written yet.
    buffer: Vec<u8>,
    total: u64,
    live: u64,
    clock: u64,
    /// Where cleaning of the first segment has come to.
    cursor: u64,
    /// Written, but perhaps not on the disk.
    unsynced: Vec<Arc<File>>,
    /// Cleaned; these go when their copies are on the disk.
    doomed: Vec<PathBuf>,
}

/// What replaying tells about each whole entry.
pub(super) enum Seen {
    /// The state a segment began with.
    Head {
        seq: u64,
        time: i64,
    },
    Entry(Record, Place),
}

impl Log {
    /// Opens the log in `dir`, shows every whole entry in order and cuts a torn tail off.
    ///
    /// `seen` returns what happened to live bytes; use [`Log::born`] and [`Log::died`] on the result instead.
    pub(super) fn open(
        dir: &Path,
        sizes: Sizes,
        mut seen: impl FnMut(&mut Self, Seen),
    ) -> io::Result<Self> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            if let Some(id) = name.to_str().and_then(|it| it.strip_suffix(".log"))
                && let Ok(id) = u64::from_str_radix(id, 16)
            {
                ids.push(id);
            }
        }
        ids.sort_unstable();
        let mut log = Self {
            dir: dir.to_owned(),
            sizes,
            segments: VecDeque::new(),
            buffer: Vec::new(),
            total: 0,
            live: 0,
            clock: 0,
            cursor: HEAD,
            unsynced: Vec::new(),
            doomed: Vec::new(),
        };
        let last = ids.last().copied();
        for id in ids {
            if log.segments.back().is_some_and(|it| it.id + 1 != id) {
                tracing::warn!(dir = %dir.display(), id, "a segment before this one is missing");
            }
            log.replay(id, Some(id) == last, &mut seen)?;
        }
        Ok(log)
    }

    fn replay(
        &mut self,
        id: u64,
        last: bool,
        seen: &mut impl FnMut(&mut Self, Seen),
    ) -> io::Result<()> {
        let path = self.path(id);
        let bytes = Bytes::from(fs::read(&path)?);
        let Some((seq, time)) = head(&bytes) else {
            // Only a crash in the very making of the file leaves it so; nothing was acknowledged from it.
            tracing::warn!(file = %path.display(), "dropped a segment without a head");
            if last {
                fs::remove_file(&path)?;
            }
            return Ok(());
        };
        self.segments.push_back(Segment {
            id,
            path,
            file: None,
            len: bytes.len() as u64,
            live: 0,
            used: 0,
        });
        self.total += bytes.len() as u64;
        seen(self, Seen::Head { seq, time });
        let mut at = HEAD as usize;
        while at < bytes.len() {
            let entry = record::length(&bytes[at..])
                .filter(|len| bytes.len() - at >= *len)
                .map(|len| bytes.slice(at..at + len));
            let Some((record, len)) = entry.and_then(|it| Some((record::read(&it)?, it.len())))
            else {
                break;
            };
            let place = Place {
                segment: id,
                offset: at as u32,
                len: len as u32,
            };
            seen(self, Seen::Entry(record, place));
            at += len;
        }
        if at < bytes.len() {
            let torn = bytes.len() - at;
            if last {
                tracing::info!(segment = id, torn, "cut a torn tail off");
                let file = OpenOptions::new().write(true).open(self.path(id))?;
                file.set_len(at as u64)?;
                file.sync_data()?;
                if let Some(segment) = self.segments.back_mut() {
                    segment.len = at as u64;
                    self.total -= torn as u64;
                }
            } else {
                tracing::error!(
                    segment = id,
                    at,
                    torn,
                    "a segment is damaged; its rest is lost"
                );
            }
        }
        Ok(())
    }

    /// Gathers an entry. `state` is the stream's last sequence and time, for the head of a new segment.
    pub(super) fn append(&mut self, draft: &Draft<'_>, state: (u64, i64)) -> io::Result<Place> {
        let len = draft.len() as u64;
        let full = self
            .segments
            .back()
            .is_none_or(|it| it.len > HEAD && it.len + len > self.sizes.segment);
        if full {
            self.roll(state)?;
        }
        let segment = self
            .segments
            .back_mut()
            .ok_or_else(|| io::Error::other("no segment"))?;
        let (offset, len32) = (u32::try_from(segment.len), u32::try_from(len));
        let (Ok(offset), Ok(len32)) = (offset, len32) else {
            return Err(io::Error::other("an entry is too large"));
        };
        draft.write(&mut self.buffer);
        segment.len += len;
        self.total += len;
        Ok(Place {
            segment: segment.id,
            offset,
            len: len32,
        })
    }

    /// Hands everything that was gathered to the system: from here on it survives the process.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let Some(segment) = self.segments.back_mut() else {
            return Ok(());
        };
        let file = open(segment, &mut self.clock)?;
        (&*file).write_all(&self.buffer)?;
        self.buffer.clear();
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        if !self.unsynced.iter().any(|it| Arc::ptr_eq(it, &file)) {
            self.unsynced.push(file);
        }
        Ok(())
    }

    fn roll(&mut self, (seq, time): (u64, i64)) -> io::Result<()> {
        self.flush()?;
        let id = self.segments.back().map_or(1, |it| it.id + 1);
        let path = self.path(id);
        let mut file = options().create_new(true).open(&path)?;
        let mut bytes = Vec::with_capacity(HEAD as usize);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&seq.to_le_bytes());
        bytes.extend_from_slice(&time.to_le_bytes());
        bytes.extend_from_slice(&checksum(&bytes).to_le_bytes());
        file.write_all(&bytes)?;
        self.total += HEAD;
        self.clock += 1;
        self.segments.push_back(Segment {
            id,
            path,
            file: Some(Arc::new(file)),
            len: HEAD,
            live: 0,
            used: self.clock,
        });
        self.close_some();
        Ok(())
    }

    /// Reads the entry at a place.
    pub(super) fn read(&mut self, place: Place) -> io::Result<Record> {
        let end = u64::from(place.offset) + u64::from(place.len);
        let spoiled = || io::Error::new(io::ErrorKind::InvalidData, "an entry is damaged");
        let buffered = self.buffer.len() as u64;
        let segment = self.segment(place.segment).ok_or_else(spoiled)?;
        if end > segment.len {
            return Err(spoiled());
        }
        if buffered > 0 && end > segment.len - buffered.min(segment.len) {
            self.flush()?;
        }
        let mut bytes = vec![0; place.len as usize];
        let mut clock = self.clock;
        let segment = self.segment(place.segment).ok_or_else(spoiled)?;
        let was_open = segment.file.is_some();
        let file = open(segment, &mut clock)?;
        self.clock = clock;
        read_at(&file, &mut bytes, u64::from(place.offset))?;
        if !was_open {
            self.close_some();
        }
        record::read(&bytes.into()).ok_or_else(spoiled)
    }

    /// The message at this place counts.
    pub(super) fn born(&mut self, place: Place) {
        self.live += u64::from(place.len);
        if let Some(segment) = self.segment(place.segment) {
            segment.live += u64::from(place.len);
        }
    }

    /// The message at this place no longer counts.
    pub(super) fn died(&mut self, place: Place) {
        self.live -= u64::from(place.len).min(self.live);
        if let Some(segment) = self.segment(place.segment) {
            segment.live -= u64::from(place.len).min(segment.live);
        }
    }

    /// There is something to clean.
    pub(super) fn dirty(&self) -> bool {
        match self.segments.front() {
            Some(head) if self.segments.len() > 1 => {
                head.live == 0 || self.total > 2 * self.live + self.sizes.slack
            }
            _ => false,
        }
    }

    /// The next places in the first segment, `budget` bytes of them; none when the segment is through and dropped.
    pub(super) fn sweep(&mut self, budget: u64) -> io::Result<Vec<(Record, Place)>> {
        let mut found = Vec::new();
        let Some(head) = self.segments.front() else {
            return Ok(found);
        };
        let (id, len, live) = (head.id, head.len, head.live);
        let until = self.cursor.saturating_add(budget).min(len);
        while live > 0 && self.cursor < until {
            let mut place = Place {
                segment: id,
                offset: self.cursor as u32,
                len: record::FRAME as u32,
            };
            let mut frame = [0; record::FRAME];
            let segment = self.segments.front_mut().expect("there is a first segment");
            let file = open(segment, &mut self.clock)?;
            read_at(&file, &mut frame, self.cursor)?;
            let Some(size) = record::length(&frame).filter(|it| self.cursor + *it as u64 <= len)
            else {
                self.cursor = len;
                break;
            };
            place.len = size as u32;
            match self.read(place) {
                Ok(record) => found.push((record, place)),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    self.cursor = len;
                    break;
                }
                Err(error) => return Err(error),
            }
            self.cursor += size as u64;
        }
        Ok(found)
    }

    /// Drops the first segment when all that lived in it is elsewhere.
    pub(super) fn drop_swept(&mut self) -> bool {
        let swept = self.segments.len() > 1
            && self
                .segments
                .front()
                .is_some_and(|it| it.live == 0 || self.cursor >= it.len);
        if swept && let Some(segment) = self.segments.pop_front() {
            self.total -= segment.len.min(self.total);
            self.live -= segment.live.min(self.live);
            self.doomed.push(segment.path);
            self.cursor = HEAD;
        }
        swept
    }

    /// Files to bring to the disk now, and those that may go after that.
    pub(super) fn unsynced(&mut self) -> Option<Pending> {
        if self.unsynced.is_empty() && self.doomed.is_empty() {
            return None;
        }
        Some(Pending {
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

    fn segment(&mut self, id: u64) -> Option<&mut Segment> {
        let first = self.segments.front()?.id;
        let at = usize::try_from(id.checked_sub(first)?).ok()?;
        match self.segments.get(at) {
            Some(it) if it.id == id => self.segments.get_mut(at),
            _ => self.segments.iter_mut().find(|it| it.id == id),
        }
    }

    fn close_some(&mut self) {
        let count = self.segments.len();
        let open = self.segments.iter().filter(|it| it.file.is_some()).count();
        if open > OPEN
            && let Some(oldest) = self
                .segments
                .iter_mut()
                .take(count - 1)
                .filter(|it| it.file.is_some())
                .min_by_key(|it| it.used)
        {
            oldest.file = None;
        }
    }
}

/// Work for a thread that may block.
#[derive(Debug)]
pub(in super::super) struct Pending {
    files: Vec<Arc<File>>,
    doomed: Vec<PathBuf>,
}

impl Pending {
    /// Brings the files to the disk, then removes what they replace.
    pub(in super::super) fn run(self) -> io::Result<()> {
        for file in &self.files {
            file.sync_data()?;
        }
        for path in &self.doomed {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    options
}

fn open(segment: &mut Segment, clock: &mut u64) -> io::Result<Arc<File>> {
    *clock += 1;
    segment.used = *clock;
    if let Some(file) = &segment.file {
        return Ok(file.clone());
    }
    let file = Arc::new(options().open(&segment.path)?);
    segment.file = Some(file.clone());
    Ok(file)
}

fn head(bytes: &[u8]) -> Option<(u64, i64)> {
    let bytes = bytes.get(..HEAD as usize)?;
    let sum = u32::from_le_bytes(bytes[24..].try_into().ok()?);
    (bytes.starts_with(MAGIC) && checksum(&bytes[..24]) == sum).then_some((
        u64::from_le_bytes(bytes[8..16].try_into().ok()?),
        i64::from_le_bytes(bytes[16..24].try_into().ok()?),
    ))
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                at += read as u64;
            }
        }
    }
    Ok(())
}
