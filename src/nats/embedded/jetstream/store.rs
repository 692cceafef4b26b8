//! The messages of one stream: what is there, by sequence and by subject, in a file or in memory.
//!
//! Below `stream.rs`, which decides what comes and goes. Every removal is written down, so that what is read back after
//! a crash is what was there, whatever the limits were. Knows nothing of consumers, acknowledgements or the bus.

mod find;
mod log;
mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

pub(super) use self::log::Pending;
use self::log::{Log, Place, Sizes};
pub(super) use self::record::Record;

/// Bytes that one step of cleaning looks at.
const SWEEP: u64 = 256 * 1024;

#[derive(Debug)]
struct Entry {
    subject: Arc<str>,
    time: i64,
    /// As nats-server counts bytes.
    size: u32,
    at: At,
}

#[derive(Debug)]
enum At {
    Disk(Place),
    Memory(Box<(Option<Bytes>, Bytes)>),
}

#[derive(Debug, Default)]
pub(super) struct Store {
    messages: BTreeMap<u64, Entry>,
    subjects: HashMap<Arc<str>, VecDeque<u64>>,
    last: u64,
    /// Nanoseconds since 1970; 0 when there never was a message.
    last_time: i64,
    bytes: u64,
    log: Option<Log>,
}

impl Store {
    /// Opens what is in `dir`, or a store that ends with the process; `seen` is shown every message, also those gone.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub(super) fn open(dir: Option<&Path>, seen: impl FnMut(&Record)) -> io::Result<Self> {
        match dir {
            Some(dir) => Self::open_with(dir, Sizes::default(), seen),
            None => Ok(Self::default()),
        }
    }

    fn open_with(dir: &Path, sizes: Sizes, mut seen: impl FnMut(&Record)) -> io::Result<Self> {
        let mut store = Self {
            log: Some(Log::open(dir, sizes)?),
            ..Self::default()
        };
        let mut at = 0;
        while let Some(entries) = store
            .log
            .as_mut()
            .map(|it| it.replay(at))
            .transpose()?
            .flatten()
        {
            for (record, place) in entries {
                if !record.subject.is_empty() {
                    seen(&record);
                }
                store.apply(record, Some(place));
            }
            at += 1;
        }
        Ok(store)
    }

    /// Adds a message, and removes those that it displaces, as one.
    ///
    /// # Errors
    ///
    /// What the file system says; the store must then be opened anew.
    pub(super) fn append(
        &mut self,
        subject: &Arc<str>,
        headers: Option<&Bytes>,
        payload: &Bytes,
        time: i64,
        kills: Vec<u64>,
    ) -> io::Result<u64> {
        let spent = || io::Error::other("no sequence is left");
        let seq = self.last.checked_add(1).ok_or_else(spent)?;
        self.commit(Record {
            seq,
            time,
            floor: 0,
            kills,
            subject: subject.clone(),
            headers: headers.cloned(),
            payload: payload.clone(),
        })?;
        Ok(seq)
    }

    /// Removes messages; with a floor, also everything below it, and what comes gets no lower sequence.
    ///
    /// # Errors
    ///
    /// As [`Store::append`].
    pub(super) fn remove(&mut self, kills: Vec<u64>, floor: u64) -> io::Result<()> {
        let mark = self.mark();
        self.commit(Record {
            seq: mark.seq.max(floor.saturating_sub(1)),
            floor,
            kills,
            ..mark
        })
    }

    /// An entry that tells the last sequence, and nothing else.
    fn mark(&self) -> Record {
        Record {
            seq: self.last,
            time: self.last_time,
            ..Record::default()
        }
    }

    fn commit(&mut self, record: Record) -> io::Result<()> {
        let place = self.log.as_mut().map(|it| it.append(&record));
        self.apply(record, place.transpose()?);
        Ok(())
    }

    /// Does what an entry says, which now lies there.
    fn apply(&mut self, record: Record, place: Option<Place>) {
        let below: Vec<u64> = self
            .messages
            .range(..record.floor)
            .map(|it| *it.0)
            .collect();
        for seq in below.iter().chain(&record.kills) {
            self.forget(*seq);
        }
        if record.seq >= self.last {
            (self.last, self.last_time) = (record.seq, record.time);
        }
        if record.subject.is_empty() {
            return;
        }
        // Cleaning may have copied it and then not come to its end.
        self.forget(record.seq);
        let size = self.size(&record.subject, record.headers.as_ref(), &record.payload);
        self.bytes += u64::from(size);
        let subject = match self.subjects.get_key_value(&record.subject) {
            Some((it, _)) => it.clone(),
            None => record.subject,
        };
        let seqs = self.subjects.entry(subject.clone()).or_default();
        seqs.insert(seqs.partition_point(|it| *it < record.seq), record.seq);
        let at = match place {
            Some(place) => At::Disk(place),
            // Copies, since the bytes may belong to a much larger buffer.
            None => At::Memory(Box::new((
                record.headers.map(|it| Bytes::copy_from_slice(&it)),
                Bytes::copy_from_slice(&record.payload),
            ))),
        };
        if let (Some(log), Some(place)) = (&mut self.log, place) {
            log.count(place, true);
        }
        let entry = Entry {
            subject,
            time: record.time,
            size,
            at,
        };
        self.messages.insert(record.seq, entry);
    }

    fn forget(&mut self, seq: u64) {
        let Some(entry) = self.messages.remove(&seq) else {
            return;
        };
        self.bytes -= u64::from(entry.size);
        if let Some(seqs) = self.subjects.get_mut(&entry.subject) {
            if let Ok(at) = seqs.binary_search(&seq) {
                seqs.remove(at);
            }
            if seqs.is_empty() {
                self.subjects.remove(&entry.subject);
            }
        }
        if let (Some(log), At::Disk(place)) = (&mut self.log, entry.at) {
            log.count(place, false);
        }
    }

    /// Hands everything to the system, so that it outlives the process.
    ///
    /// # Errors
    ///
    /// As [`Store::append`].
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.log.as_mut().map_or(Ok(()), Log::flush)
    }

    /// What has to be brought to the disk, after a flush.
    pub(super) fn pending(&mut self) -> io::Result<Option<Pending>> {
        self.flush()?;
        Ok(self.log.as_mut().and_then(Log::unsynced))
    }

    pub(super) fn needs_sync(&self) -> bool {
        self.log.as_ref().is_some_and(Log::needs_sync)
    }

    /// Cleans a little; true while there is more to clean.
    ///
    /// # Errors
    ///
    /// As [`Store::append`].
    pub(super) fn clean(&mut self) -> io::Result<bool> {
        let mark = self.mark();
        let Some(log) = self.log.as_mut().filter(|it| it.dirty()) else {
            return Ok(false);
        };
        let Some(entries) = log.sweep(SWEEP)? else {
            // Without room on the disk, what is dead can still go.
            if !self.messages.contains_key(&self.last) {
                log.append(&mark)?;
            }
            log.flush()?;
            log.drop_swept();
            return Ok(log.dirty());
        };
        for (mut record, place) in entries {
            if let Some(Entry {
                at: At::Disk(at), ..
            }) = self.messages.get_mut(&record.seq)
                && *at == place
            {
                (record.floor, record.kills) = (0, Vec::new());
                *at = log.append(&record)?;
                log.count(*at, true);
                log.count(place, false);
            }
        }
        Ok(true)
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// What the file system says, or that the message is damaged.
    pub(super) fn get(&mut self, seq: u64) -> io::Result<Option<Record>> {
        let Some(entry) = self.messages.get(&seq) else {
            return Ok(None);
        };
        let mut record = Record {
            seq,
            time: entry.time,
            subject: entry.subject.clone(),
            ..Record::default()
        };
        match (&entry.at, &mut self.log) {
            (At::Disk(place), Some(log)) => {
                let read = log.read(*place)?;
                (record.headers, record.payload) = (read.headers, read.payload);
            }
            (At::Memory(it), _) => (record.headers, record.payload) = (**it).clone(),
            (At::Disk(_), None) => return Ok(None),
        }
        Ok(Some(record))
    }

    /// Bytes a message will count for, as on nats-server.
    pub(super) fn size(&self, subject: &str, headers: Option<&Bytes>, payload: &Bytes) -> u32 {
        let (fixed, more) = if self.on_disk() { (30, 4) } else { (16, 0) };
        let headers = headers.map_or(0, |it| it.len() + more);
        u32::try_from(fixed + subject.len() + headers + payload.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn on_disk(&self) -> bool {
        self.log.is_some()
    }

    /// Bytes that the files take.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> u64 {
        self.log.as_ref().map_or(0, Log::total)
    }
}
