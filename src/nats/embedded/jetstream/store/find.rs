//! What is in a store, found by sequence, subject or time. Reads nothing from the disk.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::subject::Filter;
use super::Store;

impl Store {
    pub(crate) fn subject_of(&self, seq: u64) -> Option<&Arc<str>> {
        self.messages.get(&seq).map(|it| &it.subject)
    }

    pub(crate) fn time_of(&self, seq: u64) -> Option<i64> {
        self.messages.get(&seq).map(|it| it.time)
    }

    pub(crate) fn size_of(&self, seq: u64) -> u64 {
        self.messages.get(&seq).map_or(0, |it| it.size.into())
    }

    /// The first message at or behind `from` that is selected; gives up after looking at `budget`, and then says where.
    pub(crate) fn next(
        &self,
        from: u64,
        filter: &Filter,
        budget: usize,
    ) -> Result<Option<u64>, u64> {
        if let Some(subject) = filter.literal() {
            let seqs = self.subjects.get(subject);
            return Ok(seqs.and_then(|it| it.get(it.partition_point(|it| *it < from)).copied()));
        }
        for (looked, (seq, entry)) in self.messages.range(from..).enumerate() {
            if filter.matches(&entry.subject) {
                return Ok(Some(*seq));
            }
            if looked >= budget {
                return Err(seq.saturating_add(1));
            }
        }
        Ok(None)
    }

    /// The last message that is selected.
    pub(crate) fn last_of(&self, filter: &Filter) -> Option<u64> {
        if filter.is_all() {
            return self.messages.last_key_value().map(|it| *it.0);
        }
        let lasts = self.selected(filter).filter_map(|(_, seqs)| seqs.back());
        lasts.max().copied()
    }

    /// How many messages at or behind `from` are selected.
    pub(crate) fn count(&self, from: u64, filter: &Filter) -> u64 {
        if filter.is_all() && from <= self.first() {
            return self.messages.len() as u64;
        }
        self.selected(filter)
            .map(|(_, seqs)| (seqs.len() - seqs.partition_point(|it| *it < from)) as u64)
            .sum()
    }

    /// The messages of each subject that is selected, oldest first.
    pub(crate) fn selected<'a>(
        &'a self,
        filter: &'a Filter,
    ) -> Box<dyn Iterator<Item = (&'a Arc<str>, &'a VecDeque<u64>)> + 'a> {
        match filter.literal() {
            Some(subject) => Box::new(self.subjects.get_key_value(subject).into_iter()),
            None => Box::new(self.subjects.iter().filter(|it| filter.matches(it.0))),
        }
    }

    /// The messages of one subject, oldest first.
    pub(crate) fn of_subject(&self, subject: &str) -> Option<&VecDeque<u64>> {
        self.subjects.get(subject)
    }

    pub(crate) fn sequences(&self) -> impl Iterator<Item = u64> {
        self.messages.keys().copied()
    }

    /// The first message of this time or later.
    pub(crate) fn at_time(&self, time: i64) -> Option<u64> {
        // Times never fall as sequences rise, so this could be a search; it is asked for once per consumer.
        let mut messages = self.messages.iter();
        messages.find(|(_, it)| it.time >= time).map(|it| *it.0)
    }

    /// The first message, or where the next will be; 0 when there never was one.
    pub(crate) fn first(&self) -> u64 {
        match self.messages.first_key_value() {
            Some((seq, _)) => *seq,
            None if self.last == 0 => 0,
            None => self.last.saturating_add(1),
        }
    }

    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn last_time(&self) -> i64 {
        self.last_time
    }

    pub(crate) fn messages(&self) -> u64 {
        self.messages.len() as u64
    }

    pub(crate) fn subjects(&self) -> usize {
        self.subjects.len()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}
