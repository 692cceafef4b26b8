//! What of a consumer survives a restart.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::super::api::consumer::ConsumerConfig;
use super::super::api::info::Position;
use super::super::store::Store;
use super::{Consumer, Lasts, Unacked};

#[derive(Debug, Serialize, Deserialize)]
pub(in super::super) struct Saved {
    name: String,
    created: i64,
    config: ConsumerConfig,
    next: u64,
    delivered: Position,
    floor: Position,
    /// Sequence, the consumer's own, deliveries.
    unacked: Vec<(u64, u64, u64)>,
    lasts: Option<(BTreeSet<u64>, u64)>,
}

impl Consumer {
    /// Survives a restart.
    pub(in super::super) fn is_kept(&self) -> bool {
        !self.config.mem_storage
    }

    pub(in super::super) fn save(&self) -> Saved {
        Saved {
            name: self.name.clone(),
            created: self.created,
            config: self.config.clone(),
            next: self.next,
            delivered: self.delivered,
            floor: self.floor,
            unacked: self
                .unacked
                .iter()
                .map(|(seq, it)| (*seq, it.consumer_seq, it.deliveries))
                .collect(),
            lasts: self.lasts.as_ref().map(|it| (it.seqs.clone(), it.until)),
        }
    }

    /// Takes up where it was; what was not acknowledged is waited for once more.
    pub(in super::super) fn restore(saved: Saved, store: &Store, now: Instant) -> Self {
        let mut it = Self::new(saved.name, saved.config, store, saved.created, now);
        it.next = saved.next;
        it.delivered = saved.delivered;
        it.floor = saved.floor;
        it.lasts = saved.lasts.map(|(seqs, until)| Lasts {
            seqs: seqs
                .into_iter()
                .filter(|it| store.subject_of(*it).is_some())
                .collect(),
            until,
        });
        it.pending = match &it.lasts {
            Some(lasts) => lasts.seqs.len() as u64 + store.count(lasts.until + 1, &it.filter),
            None => store.count(it.next, &it.filter),
        };
        let due = now + it.config.ack_wait;
        it.unacked = saved
            .unacked
            .into_iter()
            .filter(|(seq, ..)| store.subject_of(*seq).is_some())
            .map(|(seq, consumer_seq, deliveries)| {
                let unacked = Unacked {
                    consumer_seq,
                    deliveries,
                    due: Some(due),
                };
                (seq, unacked)
            })
            .collect::<BTreeMap<_, _>>();
        it.due = (!it.unacked.is_empty()).then_some(due);
        it.changed = false;
        it
    }
}
