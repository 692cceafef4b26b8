//! What is known of the bucket, key by key, and the snapshot made of it. Pure.
//!
//! News come from three sides, in any order: the watch, this process's own writes, and whole scans after the
//! watch was interrupted. Revisions decide what is older, except in a scan, whose stream may be a new one
//! that counts from 1 again.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::{Entry, Value};
use super::{Change, LinkKey, Snapshot};

#[derive(Default)]
pub(super) struct Table {
    /// Deleted keys stay, so that a put which comes late is known to be older.
    slots: HashMap<String, Slot>,
    snapshot: Arc<Snapshot>,
    /// Counts scans.
    scan: u64,
}

struct Slot {
    revision: u64,
    entry: Option<Entry>,
    /// The scan that was the last to begin when this came in.
    since: u64,
}

impl Table {
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.clone()
    }

    pub(super) fn view(&self) -> &Snapshot {
        &self.snapshot
    }

    pub(super) fn holds(&self, key: &str, entry: &Entry) -> bool {
        self.slots.get(key).and_then(|it| it.entry.as_ref()) == Some(entry)
    }

    /// Whether the bucket, not only this process, has this.
    pub(super) fn is_stored(&self, key: &str, entry: &Entry) -> bool {
        let slot = self.slots.get(key);
        slot.is_some_and(|it| it.revision > 0 && it.entry.as_ref() == Some(entry))
    }

    /// Whether anything was ever said of the key, also that it is deleted.
    pub(super) fn knows(&self, key: &str) -> bool {
        self.slots.contains_key(key)
    }

    /// What the bucket holds.
    pub(super) fn entries(&self) -> Vec<(String, u64, Entry)> {
        let entry = |(key, slot): (&String, &Slot)| {
            let entry = slot.entry.clone()?;
            (slot.revision > 0).then(|| (key.clone(), slot.revision, entry))
        };
        self.slots.iter().filter_map(entry).collect()
    }

    /// What was known when the present scan began, deletions too.
    pub(super) fn before_scan(&self) -> Vec<(String, u64, Value)> {
        let old = self.slots.iter().filter(|(_, it)| it.since != self.scan);
        let value = |entry: &Option<Entry>| entry.clone().map_or(Value::Deleted, Value::Put);
        old.map(|(key, it)| (key.clone(), it.revision, value(&it.entry)))
            .collect()
    }

    /// One message of the stream, or the acknowledgement of a write. Revision 0 is what only this process knows
    /// as yet.
    pub(super) fn apply(&mut self, key: &str, revision: u64, value: Value) -> Option<Change> {
        let entry = match value {
            Value::Put(entry) => Some(entry),
            Value::Deleted => None,
            Value::Unreadable => return None,
        };
        if self
            .slots
            .get(key)
            .is_some_and(|it| it.revision >= revision)
        {
            return None;
        }
        let slot = Slot {
            revision,
            entry,
            since: self.scan,
        };
        let put_again = matches!(slot.entry, Some(Entry::Link(_)));
        self.replace(key, slot, put_again)
    }

    /// From here to [`Self::finish_scan`], what comes in by [`Self::apply`] may be newer than the scan.
    pub(super) fn begin_scan(&mut self) {
        self.scan += 1;
    }

    /// All that the bucket holds; what it does not hold is gone. Returns what changed.
    pub(super) fn finish_scan(&mut self, found: HashMap<String, (u64, Value)>) -> Vec<Change> {
        let scan = self.scan;
        let gone: Vec<String> = self
            .slots
            .iter()
            .filter(|(key, slot)| slot.since != scan && !found.contains_key(*key))
            .map(|(key, _)| key.clone())
            .collect();
        let mut changes: Vec<_> = gone
            .iter()
            .filter_map(|key| {
                let old = self.slots.remove(key)?;
                self.show(old.entry, None, 0, false)
            })
            .collect();
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable_by_key(|(_, (revision, _))| *revision);
        for (key, (revision, value)) in found {
            let entry = match value {
                Value::Put(entry) => Some(entry),
                Value::Deleted => None,
                Value::Unreadable => continue,
            };
            let newer = |it: &Slot| it.since == scan && it.revision >= revision;
            if self.slots.get(&key).is_some_and(newer) {
                continue;
            }
            let slot = Slot {
                revision,
                entry,
                since: scan,
            };
            changes.extend(self.replace(&key, slot, false));
        }
        changes
    }

    fn replace(&mut self, key: &str, slot: Slot, put_again: bool) -> Option<Change> {
        let (new, revision) = (slot.entry.clone(), slot.revision);
        let old = self.slots.insert(key.to_owned(), slot);
        self.show(old.and_then(|it| it.entry), new, revision, put_again)
    }

    /// Brings the snapshot from `old` to `new`. With `put_again`, an equal link is a change too.
    fn show(
        &mut self,
        old: Option<Entry>,
        new: Option<Entry>,
        revision: u64,
        put_again: bool,
    ) -> Option<Change> {
        let snapshot = Arc::make_mut(&mut self.snapshot);
        let same = old == new;
        let Some(new) = new else {
            return match old? {
                Entry::Link(link) => {
                    snapshot.links.remove(&LinkKey::of(&link));
                    Some(Change::LinkDeleted(link))
                }
                Entry::Claims { public_key, .. } => {
                    snapshot.remove_claims(&public_key);
                    None
                }
                Entry::Reference { reference, .. } => {
                    snapshot.references.remove(&reference);
                    None
                }
            };
        };
        match new {
            Entry::Link(link) => {
                snapshot.links.insert(LinkKey::of(&link), link.clone());
                (!same || put_again).then_some(Change::LinkPut(link))
            }
            Entry::Claims { public_key, claims } => {
                snapshot.put_claims(public_key.clone(), claims, age(revision));
                (!same).then_some(Change::ClaimsPut(public_key))
            }
            Entry::Reference {
                reference,
                public_key,
            } => {
                snapshot.references.insert(reference, public_key);
                None
            }
        }
    }
}

/// What is not stored yet is younger than all that is.
fn age(revision: u64) -> u64 {
    match revision {
        0 => u64::MAX,
        revision => revision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::state::entry;
    use crate::lattice::wire::{LinkDefinition, Map};

    fn link(provider: &str) -> LinkDefinition {
        LinkDefinition {
            id: entry::link_hash("M", "c", "default"),
            actor_id: "M".to_owned(),
            provider_id: provider.to_owned(),
            link_name: "default".to_owned(),
            contract_id: "c".to_owned(),
            values: Map::new(),
        }
    }

    fn put(provider: &str) -> Value {
        Value::Put(Entry::Link(link(provider)))
    }

    fn claims(key: &str, alias: &str) -> Value {
        Value::Put(Entry::Claims {
            public_key: key.to_owned(),
            claims: Map::from([("call_alias".to_owned(), alias.to_owned())]),
        })
    }

    fn found<const N: usize>(items: [(&str, u64, Value); N]) -> HashMap<String, (u64, Value)> {
        items
            .map(|(key, revision, value)| (key.to_owned(), (revision, value)))
            .into()
    }

    #[test]
    fn what_is_older_or_known_changes_nothing() {
        let mut table = Table::default();
        assert_eq!(
            table.apply("L", 5, put("V1")),
            Some(Change::LinkPut(link("V1")))
        );
        assert_eq!(
            table.apply("L", 5, put("V1")),
            None,
            "the watch repeats our own write"
        );
        assert_eq!(table.apply("L", 4, Value::Deleted), None);
        assert_eq!(
            table.apply("L", 7, Value::Deleted),
            Some(Change::LinkDeleted(link("V1")))
        );
        assert_eq!(
            table.apply("L", 6, put("V2")),
            None,
            "came after its deletion"
        );
        assert!(table.snapshot().links.is_empty());
        assert_eq!(
            table.apply("L", 8, put("V1")),
            Some(Change::LinkPut(link("V1")))
        );
        assert_eq!(
            table.apply("L", 9, put("V1")),
            Some(Change::LinkPut(link("V1"))),
            "put again"
        );
        assert_eq!(table.apply("L", 10, Value::Unreadable), None);
        assert_eq!(table.snapshot().links.len(), 1);
    }

    #[test]
    fn a_scan_reports_the_differences_only() {
        let mut table = Table::default();
        table.begin_scan();
        let first = found([
            ("L", 1, put("V1")),
            ("C", 2, claims("M", "a")),
            ("X", 3, Value::Unreadable),
        ]);
        table.finish_scan(first);
        table.begin_scan();
        let second = found([("L", 1, put("V1")), ("C", 2, claims("M", "a"))]);
        assert_eq!(table.finish_scan(second), []);

        // A new stream, which counts from 1 again.
        table.begin_scan();
        let third = found([("L", 1, put("V2"))]);
        assert_eq!(table.finish_scan(third), [Change::LinkPut(link("V2"))]);
        assert!(table.snapshot().claims.is_empty());
        table.begin_scan();
        assert_eq!(
            table.finish_scan(found([])),
            [Change::LinkDeleted(link("V2"))]
        );
    }

    #[test]
    fn a_write_during_a_scan_outlives_it() {
        let mut table = Table::default();
        table.begin_scan();
        table.apply("L", 7, put("V1"));
        assert_eq!(table.finish_scan(found([])), []);
        assert_eq!(table.snapshot().links.len(), 1);

        table.begin_scan();
        table.apply("L", 9, Value::Deleted);
        assert_eq!(table.finish_scan(found([("L", 7, put("V1"))])), []);
        assert!(table.snapshot().links.is_empty());
    }

    #[test]
    fn an_unreadable_value_keeps_what_was_known() {
        let mut table = Table::default();
        table.apply("L", 1, put("V1"));
        table.begin_scan();
        assert_eq!(table.finish_scan(found([("L", 2, Value::Unreadable)])), []);
        assert_eq!(table.snapshot().links.len(), 1);
    }

    #[test]
    fn the_eldest_claims_have_the_alias() {
        let mut table = Table::default();
        table.apply("C2", 2, claims("MB", "a/b"));
        table.apply("C1", 3, claims("MA", "a/b"));
        table.apply("C3", 1, claims("MC", ""));
        let snapshot = table.snapshot();
        assert_eq!(snapshot.alias("a/b"), Some("MB"));
        assert_eq!(snapshot.alias(""), None);
        assert_eq!(snapshot.alias("x"), None);
        table.apply("C2", 4, Value::Deleted);
        assert_eq!(table.snapshot().alias("a/b"), Some("MA"));
        assert_eq!(
            snapshot.alias("a/b"),
            Some("MB"),
            "a snapshot does not change"
        );
    }

    #[test]
    fn an_alias_is_the_oldest_ones_and_passes_on() {
        let mut table = Table::default();
        for (revision, key) in [(5, "MB"), (7, "MA"), (6, "MC")] {
            table.apply(&format!("CLAIMS_{key}"), revision, claims(key, "cart"));
        }
        assert_eq!(table.snapshot().alias("cart"), Some("MB"));
        // The oldest goes by another name, the next one goes.
        table.apply("CLAIMS_MB", 8, claims("MB", "till"));
        assert_eq!(table.snapshot().alias("cart"), Some("MC"));
        assert_eq!(table.snapshot().alias("till"), Some("MB"));
        table.apply("CLAIMS_MC", 9, Value::Deleted);
        assert_eq!(table.snapshot().alias("cart"), Some("MA"));
        table.apply("CLAIMS_MA", 10, claims("MA", ""));
        assert_eq!(table.snapshot().alias("cart"), None);
        assert_eq!(table.snapshot().alias(""), None);
    }
}
