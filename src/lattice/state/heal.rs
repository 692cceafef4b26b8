//! After the bucket was out of reach: putting back what a lost one held, and telling what is ours.
//!
//! A bucket is taken for lost if its stream was created anew, never because it is empty: whoever deletes links
//! or purges the stream means it. What was deleted in the old stream is put back as deleted, and each value says
//! of which stream and revision it is, so that of several hosts that put back, the best informed has the last
//! word. Only what this process has itself read from the old stream is put back; a copy on disk may be of any age.

use std::collections::HashMap;

use futures_util::{FutureExt, StreamExt, stream};

use super::bucket::{Bucket, Only, WriteError};
use super::entry::{Entry, Value};
use super::origin::{Birth, Origin};
use super::shared::Shared;

/// Writes on their way at once.
const AT_ONCE: usize = 64;

/// What a scan found under a key.
pub(super) struct Found {
    pub(super) revision: u64,
    pub(super) value: Value,
    /// It was put back after a loss.
    pub(super) origin: Option<Origin>,
}

/// Something to put back.
struct Lost {
    key: String,
    /// In the stream that was lost.
    revision: u64,
    value: Value,
    only: Only,
}

/// If the stream is not the one that was known, puts back what it lacks, and adds that to what was found.
pub(super) async fn restore(
    bucket: &Bucket,
    shared: &Shared,
    now: Birth,
    found: &mut HashMap<String, Found>,
) -> Result<(), String> {
    let Some(before) = shared.source().filter(|it| it.stream != now) else {
        return Ok(());
    };
    let lost = lost(shared.known(), found, before.stream);
    let is_link = |it: &&Lost| matches!(it.value, Value::Put(Entry::Link(_)));
    let links = lost.iter().filter(is_link).count();
    if !before.live {
        if links > 0 {
            tracing::error!(
                links,
                "the lattice's state is another one than when this host last ran: the links that only its copy \
                 holds are not put back; put those again that are still wanted"
            );
        }
        return Ok(());
    }
    if lost.is_empty() {
        return Ok(());
    }
    tracing::error!(
        links,
        "the lattice's state was lost: its stream is new. Putting back what this host knows of the old one"
    );
    let origin = |revision| Origin {
        stream: before.stream,
        revision,
    };
    let write = |it: Lost| {
        let origin = origin(it.revision);
        async move {
            let written = bucket.write(&it.key, &it.value, it.only, Some(&origin));
            let written = written.await;
            (it, written)
        }
        .boxed()
    };
    let writes: Vec<_> = lost.into_iter().map(write).collect();
    let mut writes = stream::iter(writes).buffered(AT_ONCE);
    let mut put_back = 0_usize;
    while let Some((it, written)) = writes.next().await {
        let revision = match written {
            Ok(revision) => {
                put_back += 1;
                revision
            }
            // What the other one wrote is on its way to us, and newer than this.
            Err(WriteError::Overtaken) => 0,
            Err(WriteError::Refused(reason)) => {
                tracing::error!(key = it.key, %reason, "cannot put back what was lost");
                0
            }
            Err(error) => return Err(error.to_string()),
        };
        let kept = Found {
            revision,
            value: it.value,
            origin: Some(origin(it.revision)),
        };
        found.insert(it.key, kept);
    }
    tracing::warn!("put back {put_back} values of the lattice's state");
    Ok(())
}

/// What was known of the lost stream and is not in the new one, or there only as somebody knew it who had seen
/// less.
fn lost(
    known: Vec<(String, u64, Value)>,
    found: &HashMap<String, Found>,
    before: Birth,
) -> Vec<Lost> {
    let mut lost: Vec<Lost> = known
        .into_iter()
        .filter_map(|(key, revision, value)| {
            let only = match found.get(&key) {
                None => Only::After(0),
                Some(it) => {
                    let origin = it.origin.filter(|it| it.stream == before)?;
                    if origin.revision >= revision || it.value == value {
                        return None;
                    }
                    Only::After(it.revision)
                }
            };
            // Known to this host alone and never stored.
            (revision > 0).then_some(Lost {
                key,
                revision,
                value,
                only,
            })
        })
        .collect();
    // The order tells whose call alias is the elder.
    lost.sort_unstable_by_key(|it| it.revision);
    lost
}

/// Puts what this process runs and the bucket lacks. What fails is tried again later.
pub(super) async fn announce(bucket: &Bucket, shared: &Shared) {
    let write = |(key, entry, unsent): (String, Entry, bool)| {
        let only = match unsent {
            true => Only::Always,
            false => Only::After(0),
        };
        async move {
            let value = Value::Put(entry);
            let written = bucket.write(&key, &value, only, None).await;
            (key, value, written)
        }
        .boxed()
    };
    let writes: Vec<_> = shared.lacking().into_iter().map(write).collect();
    let mut writes = stream::iter(writes).buffered(AT_ONCE);
    while let Some((key, value, written)) = writes.next().await {
        match written {
            Ok(revision) => {
                shared.apply(&key, revision, value);
                shared.settle(&key, true);
            }
            Err(WriteError::Overtaken) => {}
            Err(error) => tracing::warn!(key, %error, "cannot tell the lattice what runs here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::wire::LinkDefinition;

    fn put(provider: &str) -> Value {
        Value::Put(Entry::Link(LinkDefinition {
            provider_id: provider.to_owned(),
            ..LinkDefinition::default()
        }))
    }

    #[test]
    fn only_what_nobody_knows_better_is_put_back() {
        let birth = |day: u8| Birth::parse(&format!("2022-09-0{day}T00:00:00Z")).unwrap();
        let (old, older) = (birth(2), birth(1));
        let found = |value, origin: Option<(Birth, u64)>| Found {
            revision: 9,
            value,
            origin: origin.map(|(stream, revision)| Origin { stream, revision }),
        };
        let found: HashMap<String, Found> = [
            ("new", found(put("N"), None)),
            ("deleted since", found(Value::Deleted, None)),
            ("knew less", found(put("A"), Some((old, 4)))),
            ("knew more", found(put("A"), Some((old, 6)))),
            ("knew the same", found(put("B"), Some((old, 4)))),
            ("of another stream", found(put("A"), Some((older, 1)))),
        ]
        .map(|(key, it)| (key.to_owned(), it))
        .into();
        let mut known: Vec<_> = found.keys().map(|key| (key.clone(), 5, put("B"))).collect();
        known.push(("second".to_owned(), 3, put("B")));
        known.push(("first".to_owned(), 2, Value::Deleted));
        known.push(("never stored".to_owned(), 0, put("B")));
        let lost = lost(known, &found, old);
        let lost: Vec<_> = lost.iter().map(|it| (it.key.as_str(), it.only)).collect();
        assert_eq!(
            lost,
            [
                ("first", Only::After(0)),
                ("second", Only::After(0)),
                ("knew less", Only::After(9))
            ]
        );
    }
}
