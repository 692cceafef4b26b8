//! What arbitrary bytes must not do to JetStream: requests, header blocks, and files in the store's folder.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::Bus;
use super::super::hub::Hub;
use super::store::Store;
use super::{Config, JetStream, header, subject};

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Requests of one run.
const REQUESTS: usize = 48;

/// Streams and consumers agree with the server on what a filter selects.
pub(in super::super) fn filters(filter: &[u8], literal: &[u8], selected: bool) {
    let (Ok(filter), Ok(literal)) = (std::str::from_utf8(filter), std::str::from_utf8(literal))
    else {
        return;
    };
    if !subject::is_valid(filter) || !subject::is_valid(literal) || !subject::is_literal(literal) {
        return;
    }
    assert_eq!(subject::matches(filter, literal), selected);
    assert_eq!(subject::overlaps(filter, literal), selected);
    assert_eq!(subject::overlaps(literal, filter), selected);
    assert_eq!(subject::Filter::new([filter]).matches(literal), selected);
}

/// A block of headers is read without its faults, and nothing is lost when lines are added.
pub fn headers(bytes: &[u8]) {
    let block = Bytes::copy_from_slice(bytes);
    let before: Vec<(&str, &str)> = header::lines(&block).collect();
    for (name, _) in &before {
        assert!(header::get(&block, name).is_some());
    }
    if block.is_empty() || block.ends_with(b"\r\n\r\n") {
        let longer = header::extended(Some(&block), &[("Added", "1"), ("More", "2")]);
        let after: Vec<(&str, &str)> = header::lines(&longer).collect();
        let expected = [before.as_slice(), &[("Added", "1"), ("More", "2")]].concat();
        assert_eq!(after, expected);
        assert!(longer.ends_with(b"\r\n\r\n"));
    }
}

/// One or two files of a log, parted by `||||`, whose checksums are put right where entries are whole: the store opens,
/// says of itself what is so, and takes more.
pub fn log(bytes: &[u8]) {
    let dir = tempfile::tempdir().expect("a folder for temporary files");
    let parted = bytes.windows(4).position(|it| it == b"||||");
    let (first, second) = match parted {
        Some(at) => (&bytes[..at], Some(&bytes[at + 4..])),
        None => (bytes, None),
    };
    for (id, part) in (1..).zip([first].into_iter().chain(second)) {
        let path = dir.path().join(format!("{id:016x}.log"));
        std::fs::write(path, mended(part)).expect("room for a file");
    }
    let open = || Store::open(Some(dir.path()), |_| {}).expect("whatever there is, it opens");
    let mut store = open();
    let before = contents(&mut store);
    let payload = Bytes::from_static(b"more");
    let Ok(seq) = store.append(&Arc::from("a.b"), None, &payload, 1, Vec::new()) else {
        return;
    };
    store.flush().expect("room for an entry");
    let after = contents(&mut store);
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after.last().map(|it| it.0), Some(seq));
    drop(store);
    assert_eq!(contents(&mut open()), after, "nothing written is lost");
}

type Contents = Vec<(u64, String, Bytes)>;

fn contents(store: &mut Store) -> Contents {
    let seqs: Vec<u64> = store.sequences().collect();
    assert_eq!(store.messages(), seqs.len() as u64);
    assert!(seqs.last().is_none_or(|it| *it <= store.last()));
    let read = |seq| {
        let it = store.get(seq).expect("readable").expect("there");
        (seq, it.subject.to_string(), it.payload)
    };
    seqs.into_iter().map(read).collect()
}

/// Puts the checksums of entries right.
fn mended(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut rest = bytes.as_mut_slice();
    while let Some((frame, after)) = std::mem::take(&mut rest).split_at_mut_checked(8) {
        let len = u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
        let Some((body, after)) = after.split_at_mut_checked(len.wrapping_sub(8)) else {
            break;
        };
        let mut crc = flate2::Crc::new();
        crc.update(body);
        frame[4..].copy_from_slice(&crc.sum().to_le_bytes());
        rest = after;
    }
    bytes
}

/// Lines of a subject, a blank and a body; a body that begins with `NATS/1.0` has headers up to the first `~~`, with `~`
/// for the ends of lines. All that is asked of the API is answered, also after a restart with what was made of it.
pub fn api(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder for temporary files");
    runtime.block_on(async {
        for bytes in [bytes, b""] {
            let bus = Bus::new(Arc::new(Hub::new()));
            let config = Config {
                domain: Some("core".to_owned()),
                max_memory: 64 * 1024,
                max_storage: Some(64 * 1024),
                ..Config::new(dir.path())
            };
            let server = JetStream::start(bus.clone(), config).expect("it starts");
            talk(&bus, bytes).await;
            server.shutdown().await;
        }
    });
}

async fn talk(bus: &Bus, bytes: &[u8]) {
    let mut answers = bus.subscribe("answer.*", None);
    for line in bytes.split(|it| *it == b'\n').take(REQUESTS) {
        let at = line.iter().position(|it| *it == b' ').unwrap_or(line.len());
        let (to, body) = line.split_at(at);
        let Ok(to) = std::str::from_utf8(to) else {
            continue;
        };
        let body = body.get(1..).unwrap_or_default();
        let end = body.windows(2).position(|it| it == b"~~");
        let (headers, body) = match end {
            Some(end) if body.starts_with(b"NATS/1.0") => {
                let lines: Vec<&[u8]> = body[..end].split(|it| *it == b'~').collect();
                let block = [lines.join(&b"\r\n"[..]), b"\r\n\r\n".to_vec()].concat();
                (Some(Bytes::from(block)), &body[end + 2..])
            }
            _ => (None, body),
        };
        let body = Bytes::copy_from_slice(body);
        let asked = to.strip_prefix("$JS.API.").unwrap_or_default();
        bus.publish(to, Some("answer.1"), headers.as_ref(), &body);
        // Pulls, direct gets and acknowledgements need no answer.
        let of = |it: &&str| asked.starts_with(*it);
        if subject::is_valid(to)
            && (asked == "INFO" || ["STREAM.", "CONSUMER.INFO."].iter().any(of))
        {
            // It may be that of an earlier one; there are as many in the end.
            let it = tokio::time::timeout(PATIENCE, answers.next()).await;
            it.unwrap_or_else(|_| panic!("an answer to {to}"));
        }
        while answers.try_next().is_some() {}
    }
    bus.publish("$JS.API.INFO", Some("answer.last"), None, &Bytes::new());
    loop {
        let it = tokio::time::timeout(PATIENCE, answers.next()).await;
        let it = it.expect("it still answers").expect("a message");
        if &*it.subject == "answer.last" {
            return;
        }
    }
}
