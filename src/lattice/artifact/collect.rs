//! What nothing refers to any more goes.
//!
//! A use is a running actor or provider, shared state's last word on one, or a put or start within [`GRACE`]. Who
//! collects must have asked every host. Nothing is removed that was used since it was looked at: the store removes
//! only what is still the message that was judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::meta::Meta;
use super::reference::{Digest, Reference};
use super::store::{ArtifactError, Artifacts, Found, Stored};

/// How long an artifact stays that was put, or asked for by a start, and does not run.
pub const GRACE: Duration = Duration::from_secs(3600);

/// The object whose date says when a host collected last. Whoever replaces it is the one to collect.
const LEASE: &str = "collected";

/// Who refers to artifacts.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    running: BTreeSet<Digest>,
    /// Reference and public key, as shared state has them.
    known: Vec<(Digest, String)>,
}

impl Uses {
    /// Something runs from `reference`, of whatever kind that is.
    pub fn runs(&mut self, reference: &str) {
        if let Some(reference) = Reference::parse(reference) {
            self.running.insert(reference.digest());
        }
    }

    /// Shared state says that `reference` is, or was, the thing with this key.
    pub fn is_known(&mut self, reference: &str, key: &str) {
        if let Some(reference) = Reference::parse(reference) {
            self.known.push((reference.digest(), key.to_owned()));
        }
    }

    /// What of `all` may go. Of each key the version that was used last stays, for whoever starts it again.
    fn superfluous<'a>(
        &self,
        all: &'a [Stored],
        now: OffsetDateTime,
        grace: Duration,
    ) -> Vec<&'a Stored> {
        let used: BTreeMap<Digest, OffsetDateTime> = (all.iter())
            .filter_map(|it| Some((it.digest()?, it.time)))
            .collect();
        let mut last: BTreeMap<&str, (OffsetDateTime, Digest)> = BTreeMap::new();
        for (digest, key) in &self.known {
            if let Some(time) = used.get(digest) {
                let newest = last.entry(key).or_insert((*time, *digest));
                *newest = (*newest).max((*time, *digest));
            }
        }
        let last: BTreeSet<Digest> = last.into_values().map(|(_, digest)| digest).collect();
        let superfluous = |it: &&Stored| {
            it.digest().is_some_and(|digest| {
                now - it.time > grace && !self.running.contains(&digest) && !last.contains(&digest)
            })
        };
        all.iter().filter(superfluous).collect()
    }
}

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub artifacts: usize,
    /// Of whole artifacts.
    pub bytes: u64,
    /// Uploads that were never finished.
    pub fragments: usize,
}

impl Artifacts {
    /// Whether it is time to collect, by the last time that any host did, and this caller is the one to do it.
    /// The server's time, if so.
    ///
    /// # Errors
    /// [`ArtifactError::Unreachable`] or [`ArtifactError::Failed`]; so below.
    pub async fn lease(
        &self,
        holder: &str,
        period: Duration,
    ) -> Result<Option<OffsetDateTime>, ArtifactError> {
        let place = match self.find(LEASE).await? {
            Found::NoBucket => return Ok(None),
            Found::Nothing(place) => place,
            Found::Object(last) => {
                if (OffsetDateTime::now_utc() - last.time).abs() < period {
                    return Ok(None);
                }
                last.sequence
            }
        };
        let meta = Meta {
            name: LEASE.to_owned(),
            description: format!("the last collection, by {holder}"),
            nuid: nuid::next().to_string(),
            ..Meta::default()
        };
        let empty: [u8; 32] = Sha256::digest([]).into();
        if self.describe(&meta, &empty.into(), place).await?.is_none() {
            return Ok(None);
        }
        Ok(match self.find(LEASE).await? {
            Found::Object(ours) => Some(ours.time),
            Found::NoBucket | Found::Nothing(_) => None,
        })
    }

    /// Removes what is not in use at `now` and was not for `grace`, and what is left of uploads that ended early.
    pub async fn collect(
        &self,
        uses: &Uses,
        now: OffsetDateTime,
        grace: Duration,
    ) -> Result<Collected, ArtifactError> {
        // Before the descriptions, so that what is finished meanwhile has one.
        let chunks = self.subjects(&self.chunks("*")).await?;
        let all = self.list().await?;
        let mut collected = Collected::default();
        for stored in uses.superfluous(&all, now, grace) {
            if self.remove(stored).await? {
                collected.artifacts += 1;
                collected.bytes += stored.size();
            }
        }
        let described: BTreeSet<String> = all.iter().map(|it| self.chunks(&it.meta.nuid)).collect();
        for subject in chunks.keys().filter(|it| !described.contains(*it)) {
            let newest = self.newest(subject).await?;
            if newest.is_some_and(|it| now - it > grace) {
                self.purge(subject).await?;
                collected.fragments += 1;
            }
        }
        Ok(collected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn stored(content: &str, minutes_ago: u64) -> Stored {
        Stored {
            meta: Meta {
                name: Digest::of(content.as_bytes()).to_string(),
                nuid: content.to_owned(),
                ..Meta::default()
            },
            sequence: 1,
            time: NOW - Duration::from_secs(60 * minutes_ago),
        }
    }

    fn reference(content: &str) -> String {
        Reference::new(Digest::of(content.as_bytes()), "x.wasm").to_string()
    }

    fn gone(uses: &Uses, all: &[Stored]) -> Vec<String> {
        let gone = uses.superfluous(all, NOW, GRACE).into_iter();
        gone.map(|it| it.meta.nuid.clone()).collect()
    }

    #[test]
    fn what_runs_is_new_or_is_the_last_of_its_kind_stays() {
        let all = [
            stored("runs", 9999),
            stored("new", 59),
            stored("old", 61),
            stored("v1", 9999),
            stored("v2", 999),
            stored("v3", 99),
            Stored {
                meta: Meta {
                    name: LEASE.to_owned(),
                    ..Meta::default()
                },
                ..stored("", 9999)
            },
        ];
        let mut uses = Uses::default();
        uses.runs(&reference("runs"));
        uses.runs("file:///srv/x.wasm");
        for version in ["v1", "v2"] {
            uses.is_known(&reference(version), "MA");
        }
        uses.is_known("ghcr.io/x:1", "MA");
        uses.is_known(&reference("never put"), "MB");
        assert_eq!(gone(&uses, &all), ["old", "v1", "v3"]);
        assert_eq!(gone(&Uses::default(), &all[..2]), ["runs"]);
    }
}
