//! The messages of one stream: what is there, by sequence and by subject, in a file or in memory.
//!
//! Below `stream.rs`, which decides what comes and goes. Every removal is written down, so that what is read back after
//! a crash is what was there, whatever the limits were. Knows nothing of consumers, acknowledgements or the bus.

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
use self::log::{Log, Place, Seen, Sizes};
use self::record::{Draft, Record};
use super::subject::Filter;

/// Bytes that one step of cleaning looks at.
const SWEEP: u64 = 256 * 1024;

/// A stored message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) seq: u64,
    /// Nanoseconds since 1970.
    pub(super) time: i64,
    pub(super) subject: Arc<str>,
    /// The raw block.
    pub(super) headers: Option<Bytes>,
    pub(super) payload: Bytes,
}

/// What is there, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) messages: u64,
    /// As nats-server counts them.
    pub(super) bytes: u64,
    pub(super) first: u64,
    pub(super) first_time: Option<i64>,
    pub(super) last: u64,
    pub(super) last_time: Option<i64>,
    pub(super) subjects: u64,
}

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

#[derive(Debug)]
pub(super) struct Store {
    messages: BTreeMap<u64, Entry>,
    subjects: HashMap<Arc<str>, VecDeque<u64>>,
    last: u64,
    last_time: Option<i64>,
    bytes: u64,
    log: Option<Log>,
}

impl Store {
    /// A store that ends with the process.
    pub(super) fn memory() -> Self {
        Self::new(None)
    }

    /// Opens what is in `dir`; `seen` is shown every message that is still there, oldest first.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub(super) fn open(dir: &Path, seen: impl FnMut(u64, i64, Option<&Bytes>)) -> io::Result<Self> {
        Self::open_with(dir, Sizes::default(), seen)
    }

    fn open_with(
        dir: &Path,
        sizes: Sizes,
        mut seen: impl FnMut(u64, i64, Option<&Bytes>),
    ) -> io::Result<Self> {
        let mut store = Self::new(None);
        let log = Log::open(dir, sizes, |log, it| match it {
            Seen::Head { seq, time } => store.reached(seq, time),
            Seen::Entry(record, place) => {
                if record.message {
                    seen(record.seq, record.time, record.headers.as_ref());
                }
                store.replay(log, record, place);
            }
        })?;
        store.log = Some(log);
        Ok(store)
    }

    fn new(log: Option<Log>) -> Self {
        Self {
            messages: BTreeMap::new(),
            subjects: HashMap::new(),
            last: 0,
            last_time: None,
            bytes: 0,
            log,
        }
    }

    fn reached(&mut self, seq: u64, time: i64) {
        if seq > self.last {
            self.last = seq;
            self.last_time = (time != 0).then_some(time);
        }
    }

    fn replay(&mut self, log: &mut Log, record: Record, place: Place) {
        let dead: Vec<u64> = self
            .messages
            .range(..record.floor)
            .map(|it| *it.0)
            .collect();
        for seq in dead.iter().chain(&record.kills) {
            if let Some(Entry {
                at: At::Disk(place),
                ..
            }) = self.forget(*seq)
            {
                log.died(place);
            }
        }
        if !record.message {
            self.last = self.last.max(record.seq);
            return;
        }
        self.reached(record.seq, record.time);
        log.born(place);
        if let Some(Entry {
            at: At::Disk(old), ..
        }) = self.forget(record.seq)
        {
            log.died(old);
        }
        let size = self.size(
            &record.subject,
            record.headers.as_deref(),
            &record.payload,
            true,
        );
        let entry = Entry {
            subject: self.intern(&Arc::from(record.subject)),
            time: record.time,
            size,
            at: At::Disk(place),
        };
        self.remember(record.seq, entry);
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
        kills: &[u64],
    ) -> io::Result<u64> {
        let seq = self.last + 1;
        let at = match &mut self.log {
            Some(log) => {
                let place = log.append(
                    &Draft {
                        message: true,
                        seq,
                        time,
                        floor: 0,
                        kills,
                        subject,
                        headers: headers.map(|it| &it[..]),
                        payload,
                    },
                    (self.last, self.last_time.unwrap_or(0)),
                )?;
                log.born(place);
                At::Disk(place)
            }
            // Copies, since the bytes may belong to a much larger buffer.
            None => At::Memory(Box::new((
                headers.map(|it| Bytes::copy_from_slice(it)),
                Bytes::copy_from_slice(payload),
            ))),
        };
        self.drop_all(kills.iter().copied());
        let entry = Entry {
            subject: self.intern(subject),
            time,
            size: self.size(
                subject,
                headers.map(|it| &it[..]),
                payload,
                self.log.is_some(),
            ),
            at,
        };
        self.last = seq;
        self.last_time = Some(time);
        self.remember(seq, entry);
        Ok(seq)
    }

    /// Removes messages; with a floor, also everything below it.
    ///
    /// # Errors
    ///
    /// As [`Store::append`].
    pub(super) fn remove(&mut self, seqs: &[u64], floor: u64) -> io::Result<()> {
        if let Some(log) = &mut self.log {
            let draft = Draft {
                message: false,
                seq: self.last,
                time: self.last_time.unwrap_or(0),
                floor,
                kills: seqs,
                subject: "",
                headers: None,
                payload: b"",
            };
            log.append(&draft, (self.last, self.last_time.unwrap_or(0)))?;
        }
        let below: Vec<u64> = self.messages.range(..floor).map(|it| *it.0).collect();
        self.drop_all(below.into_iter().chain(seqs.iter().copied()));
        Ok(())
    }

    /// Starts counting behind this sequence, in a store that is empty.
    pub(super) fn start_at(&mut self, last: u64) -> io::Result<()> {
        self.last = last;
        self.remove(&[], 0)
    }

    fn drop_all(&mut self, seqs: impl Iterator<Item = u64>) {
        for seq in seqs {
            if let Some(Entry {
                at: At::Disk(place),
                ..
            }) = self.forget(seq)
                && let Some(log) = &mut self.log
            {
                log.died(place);
            }
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
        let state = (self.last, self.last_time.unwrap_or(0));
        let Some(log) = self.log.as_mut().filter(|it| it.dirty()) else {
            return Ok(false);
        };
        for (record, place) in log.sweep(SWEEP)? {
            let Some(entry) = self.messages.get_mut(&record.seq) else {
                continue;
            };
            if !record.message || !matches!(entry.at, At::Disk(at) if at == place) {
                continue;
            }
            let moved = log.append(
                &Draft {
                    message: true,
                    seq: record.seq,
                    time: record.time,
                    floor: 0,
                    kills: &[],
                    subject: &record.subject,
                    headers: record.headers.as_deref(),
                    payload: &record.payload,
                },
                state,
            )?;
            log.born(moved);
            log.died(place);
            entry.at = At::Disk(moved);
        }
        log.flush()?;
        log.drop_swept();
        Ok(log.dirty())
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// What the file system says, or that the message is damaged.
    pub(super) fn get(&mut self, seq: u64) -> io::Result<Option<Message>> {
        let Some(entry) = self.messages.get(&seq) else {
            return Ok(None);
        };
        let (headers, payload) = match &entry.at {
            At::Memory(it) => (it.0.clone(), it.1.clone()),
            At::Disk(place) => {
                let log = self.log.as_mut().expect("what lies on the disk has a log");
                let record = log.read(*place)?;
                (record.headers, record.payload)
            }
        };
        Ok(Some(Message {
            seq,
            time: entry.time,
            subject: entry.subject.clone(),
            headers,
            payload,
        }))
    }

    pub(super) fn subject_of(&self, seq: u64) -> Option<&Arc<str>> {
        self.messages.get(&seq).map(|it| &it.subject)
    }

    pub(super) fn time_of(&self, seq: u64) -> Option<i64> {
        self.messages.get(&seq).map(|it| it.time)
    }

    pub(super) fn size_of(&self, seq: u64) -> u64 {
        self.messages.get(&seq).map_or(0, |it| it.size.into())
    }

    /// The first message at or behind `from` that is selected; gives up after looking at `budget`, and then says where.
    pub(super) fn next(
        &self,
        from: u64,
        filter: &Filter,
        budget: usize,
    ) -> Result<Option<u64>, u64> {
        if let Some(subject) = filter.literal() {
            let found = self
                .subjects
                .get(subject)
                .and_then(|seqs| seqs.get(seqs.partition_point(|it| *it < from)).copied());
            return Ok(found);
        }
        for (looked, (seq, entry)) in self.messages.range(from..).enumerate() {
            if filter.matches(&entry.subject) {
                return Ok(Some(*seq));
            }
            if looked >= budget {
                return Err(seq + 1);
            }
        }
        Ok(None)
    }

    /// The last message that is selected.
    pub(super) fn last_of(&self, filter: &Filter) -> Option<u64> {
        if filter.is_all() {
            return self.messages.last_key_value().map(|it| *it.0);
        }
        self.selected(filter)
            .filter_map(|(_, seqs)| seqs.back())
            .max()
            .copied()
    }

    /// How many messages at or behind `from` are selected.
    pub(super) fn count(&self, from: u64, filter: &Filter) -> u64 {
        if filter.is_all()
            && self
                .messages
                .first_key_value()
                .is_none_or(|it| *it.0 >= from)
        {
            return self.messages.len() as u64;
        }
        self.selected(filter)
            .map(|(_, seqs)| (seqs.len() - seqs.partition_point(|it| *it < from)) as u64)
            .sum()
    }

    /// The messages of each subject that is selected, oldest first.
    pub(super) fn selected<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> Box<dyn Iterator<Item = (&'a Arc<str>, &'a VecDeque<u64>)> + 'a> {
        match filter.literal() {
            Some(subject) => Box::new(self.subjects.get_key_value(subject).into_iter()),
            None => Box::new(self.subjects.iter().filter(|it| filter.matches(it.0))),
        }
    }

    /// The messages of one subject, oldest first.
    pub(super) fn of_subject(&self, subject: &str) -> Option<&VecDeque<u64>> {
        self.subjects.get(subject)
    }

    pub(super) fn sequences(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.messages.keys().copied()
    }

    /// The first message of this time or later.
    pub(super) fn at_time(&self, time: i64) -> Option<u64> {
        // Times never fall as sequences rise, so this could be a search; it is asked for once per consumer.
        self.messages
            .iter()
            .find(|(_, it)| it.time >= time)
            .map(|it| *it.0)
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn totals(&self) -> Totals {
        let first = self.messages.first_key_value();
        Totals {
            messages: self.messages.len() as u64,
            bytes: self.bytes,
            first: match first {
                Some((seq, _)) => *seq,
                None if self.last == 0 => 0,
                None => self.last + 1,
            },
            first_time: first.map(|(_, it)| it.time),
            last: self.last,
            last_time: self.last_time,
            subjects: self.subjects.len() as u64,
        }
    }

    /// Bytes a message will count for.
    pub(super) fn size(
        &self,
        subject: &str,
        headers: Option<&[u8]>,
        payload: &[u8],
        file: bool,
    ) -> u32 {
        let fixed = if file { 30 } else { 16 };
        let headers = headers.map_or(0, |it| it.len() + if file { 4 } else { 0 });
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

    fn intern(&self, subject: &Arc<str>) -> Arc<str> {
        self.subjects
            .get_key_value(subject)
            .map_or_else(|| subject.clone(), |it| it.0.clone())
    }

    fn remember(&mut self, seq: u64, entry: Entry) {
        self.bytes += u64::from(entry.size);
        let seqs = self.subjects.entry(entry.subject.clone()).or_default();
        let at = seqs.partition_point(|it| *it < seq);
        seqs.insert(at, seq);
        self.messages.insert(seq, entry);
    }

    fn forget(&mut self, seq: u64) -> Option<Entry> {
        let entry = self.messages.remove(&seq)?;
        self.bytes -= u64::from(entry.size);
        if let Some(seqs) = self.subjects.get_mut(&entry.subject) {
            let at = seqs.partition_point(|it| *it < seq);
            if seqs.get(at) == Some(&seq) {
                seqs.remove(at);
            }
            if seqs.is_empty() {
                self.subjects.remove(&entry.subject);
            }
        }
        Some(entry)
    }
}
