//! What the server in `wash` kept, seen from a nats-server that takes its place.

use std::fs;
use std::path::Path;

use crate::cli::nats::dir;

/// Says, before a nats-server first starts in `dir`, that streams stay behind and how to take them along.
pub(super) fn warn_of_streams(dir: &Path) {
    if is_left(dir) {
        tracing::warn!(
            "the server in wash kept streams in {} that this nats-server begins without. To take them along: \
             wash up --nats embedded, wash nats export FILE, wash down, and then wash up and \
             wash nats import FILE --replace",
            dir::embedded(dir).display()
        );
    }
}

/// There are streams of the one, and nothing of the other yet.
fn is_left(dir: &Path) -> bool {
    let streams = fs::read_dir(dir::embedded(dir)).into_iter().flatten();
    let any = streams.flatten().any(|it| it.path().is_dir());
    any && !dir.join("jetstream").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_left_only_where_there_are_any() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path();
        let make = |it: &str| fs::create_dir_all(dir.join(it)).unwrap();
        assert!(!is_left(dir));
        make("embedded");
        assert!(!is_left(dir));
        make("embedded/KV_x");
        assert!(is_left(dir));
        make("jetstream");
        assert!(!is_left(dir));
    }
}
