//! Which messages go: for want of room, with age, or because they are named.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;

use super::super::api::error::ApiError;
use super::super::api::stream::Discard;
use super::super::subject::Filter;
use super::super::time::nanos;
use super::Owner;

impl Owner {
    /// The messages that the limits leave no room for, also when one of this subject and size is coming.
    ///
    /// # Errors
    ///
    /// When it is the new one that may not come.
    pub(super) fn surplus(&self, coming: Option<(&str, u64)>) -> Result<BTreeSet<u64>, ApiError> {
        let (config, store) = (&self.config, &self.store);
        let limit = |it: i64| u64::try_from(it).unwrap_or(u64::MAX);
        let mut kills = BTreeSet::new();
        if let Ok(most) = usize::try_from(config.max_msgs_per_subject) {
            let mut cut = |seqs: &VecDeque<u64>, more: usize| {
                kills.extend(seqs.iter().take((seqs.len() + more).saturating_sub(most)));
            };
            match coming {
                Some((subject, _)) => store
                    .of_subject(subject)
                    .into_iter()
                    .for_each(|it| cut(it, 1)),
                None => store
                    .selected(&Filter::default())
                    .for_each(|it| cut(it.1, 0)),
            }
        }
        let freed: u64 = kills.iter().map(|it| store.size_of(*it)).sum();
        let more = coming.map_or((0, 0), |it| (1, it.1));
        let mut left = store.messages() - kills.len() as u64 + more.0;
        let mut bytes = store.bytes() - freed + more.1;
        let (max_msgs, max_bytes) = (limit(config.max_msgs), limit(config.max_bytes));
        if coming.is_some() && config.discard == Discard::New {
            if left > max_msgs {
                return Err(ApiError::store("maximum messages exceeded"));
            }
            if bytes > max_bytes {
                return Err(ApiError::store("maximum bytes exceeded"));
            }
            return Ok(kills);
        }
        let oldest = match nanos(config.max_age) {
            0 => i64::MIN,
            age => self.wall.saturating_sub(age),
        };
        for seq in store.sequences() {
            let aged = store.time_of(seq).is_some_and(|it| it <= oldest);
            if !aged && left <= max_msgs && bytes <= max_bytes {
                break;
            }
            if kills.insert(seq) {
                left -= 1;
                bytes -= store.size_of(seq);
            }
        }
        Ok(kills)
    }

    /// When the oldest message is too old, in nanoseconds since 1970.
    pub(super) fn oldest_due(&self) -> Option<i64> {
        let age = nanos(self.config.max_age);
        let first = self.store.time_of(self.store.first()).filter(|_| age > 0)?;
        Some(first.saturating_add(age))
    }

    /// Removes messages, with a floor everything below it, and tells the consumers.
    pub(super) fn remove(&mut self, kills: BTreeSet<u64>, floor: u64) -> io::Result<()> {
        if kills.is_empty() && floor == 0 {
            return Ok(());
        }
        let below = self.store.sequences().take_while(|it| *it < floor);
        let gone = self.named(below.chain(kills.iter().copied()));
        self.store.remove(kills.into_iter().collect(), floor)?;
        self.tell_gone(gone);
        Ok(())
    }

    /// These messages by their subjects, as far as a consumer is there to be told.
    pub(super) fn named(&self, seqs: impl Iterator<Item = u64>) -> Vec<(u64, Arc<str>)> {
        if self.consumers.is_empty() {
            return Vec::new();
        }
        seqs.filter_map(|seq| Some((seq, self.store.subject_of(seq)?.clone())))
            .collect()
    }

    pub(super) fn tell_gone(&mut self, gone: Vec<(u64, Arc<str>)>) {
        for (seq, subject) in &gone {
            for consumer in self.consumers.values_mut() {
                consumer.removed(*seq, subject);
            }
        }
    }
}
