//! The client against registries that misbehave; those that behave are in `tests/it/reg.rs`.

mod access;
mod fake;
mod keeping;
mod transfers;

use std::path::Path;
use std::time::Duration;

use self::fake::Fake;
use super::*;

/// Nothing in a test takes longer, unless it says so.
fn limits() -> Limits {
    Limits {
        idle: Duration::from_secs(20),
        overall: Duration::from_secs(50),
        retries: 2,
        pause: Duration::from_millis(5),
        patience: Duration::from_secs(5),
        ..Limits::default()
    }
}

/// A client that may reach these registries.
fn client(cache: &Path, fakes: &[&Fake]) -> Registries {
    client_with(cache, fakes, |_| {})
}

fn client_with(cache: &Path, fakes: &[&Fake], change: impl FnOnce(&mut Settings)) -> Registries {
    let mut settings = Settings {
        cache: Some(cache.to_owned()),
        insecure: fakes.iter().map(|it| it.host()).collect(),
        limits: limits(),
        ..Settings::default()
    };
    change(&mut settings);
    Registries::new(settings).unwrap()
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// One that keeps nothing beyond itself.
fn forgetful(fakes: &[&Fake], change: impl FnOnce(&mut Settings)) -> Registries {
    client_with(Path::new("unused"), fakes, |it| {
        it.cache = None;
        change(it);
    })
}

/// Files in a part of the cache.
fn kept(cache: &Path, part: &str) -> usize {
    cache.join(part).read_dir().map_or(0, Iterator::count)
}

/// Not all zeros, so that a part in the wrong place shows.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|it| (it * 7 % 251) as u8).collect()
}
