//! What arbitrary bytes must not do to the server: bodies of the targets in `fuzz/`, which unit tests run over the seeds.
//!
//! Each takes bytes, panics when a promise is broken, and leaves nothing behind. JetStream's are its own
//! (`jetstream/fuzzing.rs`).

use std::net::Ipv4Addr;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};

use bytes::BytesMut;
use tokio_util::sync::CancellationToken;

use super::Config;
use super::client::Client;
use super::hub::Hub;
use super::info::Info;
use super::outbound::Outbound;
use super::parser::{Bounds, Operation, Parsed, parse};
use super::serving::Serving;
use super::session::Session;
use super::trie::{self, Trie};

const BOUNDS: Bounds = Bounds {
    control_line: 256,
    payload: 512,
};

/// Bytes that wait for a client until it is cut off.
const PENDING: usize = 16 * 1024;

/// Operations are found or refused, never beyond what there is, and the same when less is there at first.
pub fn parser(bytes: &[u8]) {
    let mut rest = bytes;
    loop {
        match parse(rest, &BOUNDS) {
            Ok(Parsed::Operation(it, taken)) => {
                assert!(taken > 0 && taken <= rest.len(), "takes what there is");
                let (whole, after) = rest.split_at(taken);
                assert_eq!(parse(whole, &BOUNDS), Ok(Parsed::Operation(it, taken)));
                if let Operation::Publish(it) = it {
                    assert!(it.body.len() <= BOUNDS.payload);
                    assert!(it.headers.is_none_or(|headers| headers <= it.body.len()));
                }
                // Whatever of it comes first, the rest is waited for.
                let most = whole.len() - 1;
                for part in [most, most / 2].map(|it| whole.get(..it).unwrap_or_default()) {
                    match parse(part, &BOUNDS) {
                        Ok(Parsed::Need(more)) => assert!(more > part.len() && more <= taken),
                        other => panic!("{other:?} of a part"),
                    }
                }
                rest = after;
            }
            Ok(Parsed::Need(more)) => {
                let most = BOUNDS.control_line + BOUNDS.payload + 32;
                assert!(more > rest.len() && more <= rest.len() + most);
                return;
            }
            Err(_) => return,
        }
    }
}

/// Two clients say what they like, in turns that end with a zero byte. What each hears is well formed, the same however
/// its own words were cut, and nothing of them is left when they are gone.
pub fn session(bytes: &[u8]) {
    let whole = dialogue(bytes, usize::MAX);
    let pieces = dialogue(bytes, 1);
    // Who of a queue gets a message is left to chance, and what is still done for a client that is being cut off.
    let queues = bytes.split(|it| matches!(it, b'\n' | 0)).any(in_a_queue);
    if let (Some(whole), Some(pieces)) = (whole, pieces)
        && !queues
    {
        assert_eq!(pieces, whole, "byte by byte");
    }
}

fn in_a_queue(line: &[u8]) -> bool {
    let blank = |it: &u8| it.is_ascii_whitespace();
    let words = line.split(blank).filter(|it| !it.is_empty());
    line.get(..3)
        .is_some_and(|it| it.eq_ignore_ascii_case(b"sub"))
        && words.count() > 3
}

/// What the two clients hear when their words come in pieces of so many bytes, if neither is cut off.
fn dialogue(bytes: &[u8], piece: usize) -> Option<[Vec<Vec<u8>>; 2]> {
    let serving = Arc::new(serving());
    let mut sides = [1, 2].map(|id| {
        let client = Arc::new(Client::new(id, Outbound::new(Weak::new(), PENDING)));
        let info = serving.info(id, (Ipv4Addr::LOCALHOST, 1).into());
        let session = Session::new(client.clone(), serving.clone(), info);
        (client, Some(session), BytesMut::new())
    });
    for (turn, words) in bytes.split(|it| *it == 0).enumerate() {
        let (client, session, buffer) = &mut sides[turn % 2];
        for piece in words.chunks(piece) {
            buffer.extend_from_slice(piece);
            let Some(open) = session else { break };
            let ended = open.input(buffer).is_err() || client.out.cut().is_cancelled();
            open.flush();
            if ended {
                client.leave(&serving.hub);
                *session = None;
            }
            let most = BOUNDS.control_line + BOUNDS.payload + 64;
            assert!(ended || buffer.len() < most, "only a beginning is kept");
        }
    }
    let cut = sides.iter().any(|it| it.0.out.cut().is_cancelled());
    let heard = sides.map(|(client, _, _)| {
        client.leave(&serving.hub);
        let heard = client.out.waiting();
        assert!(heard.len() <= PENDING, "no more waits than may");
        well_formed(&heard)
    });
    assert_eq!(serving.hub.len(), 0, "no subscription is left");
    (!cut).then_some(heard)
}

fn serving() -> Serving {
    let config = Config {
        max_control_line: BOUNDS.control_line,
        max_payload: BOUNDS.payload,
        max_subscriptions: 64,
        ..Config::new((Ipv4Addr::LOCALHOST, 0).into())
    };
    Serving {
        hub: Arc::new(Hub::new()),
        tls: None,
        greeting: Info::new(&config, config.listen),
        config,
        open: AtomicUsize::new(2),
        leaving: CancellationToken::new(),
        closing: CancellationToken::new(),
    }
}

/// Reads what a server says as a client does; in an order of its own, since that of subscriptions is left to chance.
fn well_formed(mut heard: &[u8]) -> Vec<Vec<u8>> {
    let mut said = Vec::new();
    while let Some(end) = heard.windows(2).position(|it| it == b"\r\n") {
        let words: Vec<&[u8]> = heard[..end].split(|it| *it == b' ').collect();
        let number = |it: &[u8]| std::str::from_utf8(it).unwrap().parse::<usize>().unwrap();
        let length = match words[0] {
            b"MSG" | b"HMSG" => {
                assert!((4..=6).contains(&words.len()));
                let size = number(words[words.len() - 1]);
                if words[0] == b"HMSG" {
                    assert!(number(words[words.len() - 2]) <= size);
                }
                end + 2 + size
            }
            b"PING" | b"PONG" | b"+OK" | b"-ERR" | b"INFO" => end,
            other => panic!("a server does not say {other:?}"),
        };
        assert_eq!(heard.get(length..length + 2), Some(&b"\r\n"[..]));
        let (one, rest) = heard.split_at(length + 2);
        said.push(one.to_vec());
        heard = rest;
    }
    assert!(heard.is_empty(), "lines end");
    said.sort();
    said
}

/// Lines are filters, taken out again behind `-`; behind `?` stands a subject. The trie finds for it what a plain matcher
/// finds.
pub fn subjects(bytes: &[u8]) {
    let mut trie = Trie::new();
    let mut model: Vec<(&[u8], u64)> = Vec::new();
    for (id, line) in (0..256).zip(bytes.split(|it| *it == b'\n')) {
        let (verb, filter) = line.split_first().unwrap_or((&b'?', b""));
        match verb {
            b'?' => look(&trie, &model, filter),
            b'-' if trie::valid(filter) => {
                let there = model.iter().find(|it| it.0 == filter).copied();
                let value = there.map_or(id, |it| it.1);
                assert_eq!(trie.remove(filter, value), there.is_some());
                model.retain(|it| there != Some(*it));
            }
            _ if trie::valid(filter) => {
                trie.insert(filter, id, id);
                model.push((filter, id));
            }
            _ => {}
        }
        assert_eq!(trie.len(), model.len());
    }
    for (filter, id) in model {
        assert!(trie.remove(filter, id));
    }
    assert_eq!(trie.len(), 0);
}

fn look(trie: &Trie<u64>, model: &[(&[u8], u64)], subject: &[u8]) {
    let mut expected = Vec::new();
    for (filter, id) in model {
        let selected = selects(filter, subject);
        super::jetstream::fuzzing::filters(filter, subject, selected);
        if selected {
            expected.push(*id);
        }
    }
    let mut found = Vec::new();
    let whole = trie.find(subject, |it| {
        found.push(*it);
        ControlFlow::Continue(())
    });
    found.sort_unstable();
    assert!(whole.is_continue() && found == expected);
}

/// The plain matcher.
fn selects(filter: &[u8], subject: &[u8]) -> bool {
    let split = |it: &'_ [u8]| it.split(|it| *it == b'.').map(<[u8]>::to_vec).collect();
    let (filter, subject): (Vec<_>, Vec<_>) = (split(filter), split(subject));
    if subject.iter().any(Vec::is_empty) {
        return false;
    }
    let fits = |(wanted, token): (&Vec<u8>, &Vec<u8>)| wanted == b"*" || wanted == token;
    match filter.split_last() {
        Some((last, before)) if last == b">" => {
            subject.len() > before.len() && before.iter().zip(&subject).all(fits)
        }
        _ => subject.len() == filter.len() && filter.iter().zip(&subject).all(fits),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::jetstream::fuzzing::{api, headers, log};

    /// Runs a target over its seeds, and over each of them in half.
    fn run(target: &str, body: fn(&[u8])) {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let mut count = 0;
        for seed in seeds.join(target).read_dir().unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            body(&bytes);
            body(&bytes[..bytes.len() / 2]);
            count += 1;
        }
        assert!(count > 0, "{target} has seeds");
    }

    #[test]
    fn every_target_holds_over_its_seeds() {
        run("parser", super::parser);
        run("session", super::session);
        run("subjects", super::subjects);
        run("headers", headers);
        run("log", log);
        run("api", api);
    }
}
