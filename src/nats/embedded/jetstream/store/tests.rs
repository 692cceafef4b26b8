use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use tempfile::tempdir;

use super::super::subject::Filter;
use super::Store;
use super::log::Sizes;

const SMALL: Sizes = Sizes {
    segment: 4096,
    slack: 8192,
};

fn put(store: &mut Store, subject: &str, payload: &str) -> u64 {
    let subject: Arc<str> = subject.into();
    let kills: Vec<u64> = store
        .of_subject(&subject)
        .into_iter()
        .flatten()
        .copied()
        .collect();
    store
        .append(
            &subject,
            None,
            &Bytes::copy_from_slice(payload.as_bytes()),
            1,
            kills,
        )
        .unwrap()
}

fn contents(store: &mut Store) -> BTreeMap<u64, (String, Bytes)> {
    let seqs: Vec<u64> = store.sequences().collect();
    seqs.into_iter()
        .map(|seq| {
            let it = store.get(seq).unwrap().unwrap();
            (seq, (it.subject.to_string(), it.payload))
        })
        .collect()
}

fn totals(store: &Store) -> [u64; 5] {
    let (first, last) = (store.first(), store.last());
    [
        store.messages(),
        store.bytes(),
        first,
        last,
        store.last_time() as u64,
    ]
}

#[test]
fn what_was_flushed_is_there_after_reopening() {
    let dir = tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
    for i in 0..500 {
        put(&mut store, &format!("k.{}", i % 7), &format!("value {i}"));
    }
    store.remove(vec![495], 0).unwrap();
    store.flush().unwrap();
    let before = (contents(&mut store), totals(&store));
    let mut again = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
    assert_eq!((contents(&mut again), totals(&again)), before);
    again.remove(Vec::new(), again.last() + 1).unwrap();
    again.flush().unwrap();
    let empty = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
    assert_eq!(
        (empty.messages(), empty.first(), empty.last()),
        (0, 501, 500)
    );
}

#[test]
fn churn_does_not_grow_and_loses_nothing() {
    let dir = tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
    for cold in 0..20 {
        put(&mut store, &format!("cold.{cold}"), &"c".repeat(100));
    }
    let mut random = 12345_u64;
    for i in 0..6000_u64 {
        random = random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let key = random >> 60;
        put(&mut store, &format!("hot.{key}"), &format!("{i:050}"));
        if random >> 20 & 63 == 0
            && let Some(seq) = store
                .of_subject(&format!("hot.{key}"))
                .and_then(|it| it.back().copied())
        {
            store.remove(vec![seq], 0).unwrap();
        }
        while store.clean().unwrap() {}
        if i % 100 == 99
            && let Some(pending) = store.pending().unwrap()
        {
            pending.run().unwrap();
        }
        if i % 500 == 499 {
            let before = (contents(&mut store), totals(&store));
            assert_eq!(
                before
                    .0
                    .values()
                    .filter(|it| it.0.starts_with("cold"))
                    .count(),
                20
            );
            let mut again = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
            assert_eq!((contents(&mut again), totals(&again)), before);
        }
    }
    let size: u64 = fs::read_dir(dir.path())
        .unwrap()
        .map(|it| it.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(size, store.footprint());
    assert!(size < 32 * 1024, "{size} bytes are left on the disk");
}

#[test]
fn a_tail_cut_anywhere_leaves_a_prefix() {
    let dir = tempdir().unwrap();
    let mut store = Store::open(Some(dir.path()), |_| {}).unwrap();
    for i in 0..6 {
        put(&mut store, &format!("k.{}", i % 4), &format!("{i}"));
    }
    store.flush().unwrap();
    let file = fs::read_dir(dir.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&file).unwrap();
    let mut lasts = Vec::new();
    for cut in (0..=whole.len()).rev() {
        let dir = tempdir().unwrap();
        let mut torn = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(dir.path().join(file.file_name().unwrap()))
            .unwrap();
        torn.write_all(&whole[..cut]).unwrap();
        torn.write_all(&[0xa5; 9]).unwrap();
        let mut store = Store::open(Some(dir.path()), |_| {}).unwrap();
        lasts.push(store.last());
        let held = contents(&mut store);
        assert!(held.values().all(|it| it.0.starts_with("k.")));
        let next = put(&mut store, "new", "x");
        store.flush().unwrap();
        let mut again = Store::open(Some(dir.path()), |_| {}).unwrap();
        assert_eq!(again.last(), next);
        assert_eq!(contents(&mut again).len(), held.len() + 1);
    }
    assert!(
        lasts.is_sorted_by(|a, b| a >= b) && lasts.first() == Some(&6) && lasts.last() == Some(&0)
    );
}

#[test]
fn sequences_are_found_by_subject() {
    let mut store = Store::default();
    for (i, subject) in ["a.1", "a.2", "b.1", "a.1", "a.1"].iter().enumerate() {
        store
            .append(
                &Arc::from(*subject),
                None,
                &Bytes::new(),
                i as i64,
                Vec::new(),
            )
            .unwrap();
    }
    let all = |from, it: &[&str]| {
        store
            .next(from, &Filter::new(it.iter().copied()), 9)
            .unwrap()
    };
    assert_eq!(
        (all(2, &["a.1"]), all(2, &["a.*"]), all(6, &[])),
        (Some(4), Some(2), None)
    );
    assert_eq!(store.next(1, &Filter::new(["z.*"]), 2), Err(4));
    assert_eq!(store.count(2, &Filter::new(["a.>"])), 3);
    assert_eq!(store.last_of(&Filter::new(["*.2", "b.*"])), Some(3));
    assert_eq!(store.at_time(3), Some(4));
}

#[test]
fn what_comes_after_two_torn_segments_is_kept() {
    let dir = tempdir().unwrap();
    let mut store = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
    put(&mut store, "a", "1");
    put(&mut store, "b", "2");
    store.flush().unwrap();
    // A loss of power: of the first file the end never came to the disk, of the next not even that much.
    let first = dir.path().join("0000000000000001.log");
    let len = fs::metadata(&first).unwrap().len();
    let file = OpenOptions::new().write(true).open(&first).unwrap();
    file.set_len(len - 1).unwrap();
    fs::write(dir.path().join("0000000000000002.log"), b"wash").unwrap();
    let mut store = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
    put(&mut store, "c", "3");
    store.flush().unwrap();
    let before = contents(&mut store);
    assert_eq!(before.len(), 2);
    let mut again = Store::open_with(dir.path(), SMALL, |_| {}).unwrap();
    assert_eq!(contents(&mut again), before);
}
