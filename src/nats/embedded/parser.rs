//! The client protocol, one operation at a time, out of what has been read so far.
//!
//! Nothing is copied: an operation points into the bytes it was found in. Bounded by the limits it is given. Does not
//! know who sent it, or what comes of it.

/// What one operation may be long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a line's arguments.
    pub control_line: usize,
    /// Bytes of headers and payload together.
    pub payload: usize,
}

/// One operation of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation<'a> {
    /// Options as JSON.
    Connect(&'a [u8]),
    Publish(Publish<'a>),
    Subscribe {
        subject: &'a [u8],
        queue: Option<&'a [u8]>,
        sid: &'a [u8],
    },
    Unsubscribe {
        sid: &'a [u8],
        /// After so many messages in all; at once without it.
        max: Option<u64>,
    },
    Ping,
    Pong,
    /// Says nothing to a server.
    Nothing,
}

/// A message as a client sends it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Publish<'a> {
    pub subject: &'a [u8],
    pub reply: Option<&'a [u8]>,
    /// Came as a message with headers: so many bytes of the body are theirs.
    pub headers: Option<usize>,
    /// Headers and payload.
    pub body: &'a [u8],
}

/// What was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Parsed<'a> {
    /// An operation, and how many bytes it took.
    Operation(Operation<'a>, usize),
    /// There must be at least so many bytes to find one.
    Need(usize),
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Violation {
    #[error("Unknown Protocol Operation")]
    Unknown,
    #[error("maximum control line exceeded")]
    LongLine,
    #[error("Maximum Payload Violation")]
    LargePayload,
    /// Servers close without a word here.
    #[error("arguments that cannot be read")]
    Arguments,
}

/// Names of operations, each with the bytes that must follow it.
const NAMES: [&[u8]; 10] = [
    b"pub ", b"hpub ", b"sub ", b"unsub ", b"ping", b"pong", b"connect", b"info ", b"+ok", b"-err ",
];

/// Finds the operation that `bytes` begin with.
///
/// # Errors
///
/// When no further bytes can make an operation of them.
pub fn parse<'a>(bytes: &'a [u8], bounds: &Bounds) -> Result<Parsed<'a>, Violation> {
    let Some(end) = bytes.iter().position(|it| *it == b'\n') else {
        // The longest name, and what ends a line.
        if bytes.len() > bounds.control_line + b"connect \r".len() {
            name(bytes)?;
            return Err(Violation::LongLine);
        }
        if !bytes.is_empty() {
            plausible(bytes)?;
        }
        return Ok(Parsed::Need(bytes.len() + 1));
    };
    let (line, rest) = bytes.split_at(end);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let rest = rest.get(1..).unwrap_or_default();
    let (name, given) = name(line)?;
    if given.len() > bounds.control_line {
        return Err(Violation::LongLine);
    }
    let operation = match name {
        b"pub " | b"hpub " => return publish(name == b"hpub ", given, end + 1, rest, bounds),
        b"sub " => subscribe(given)?,
        b"unsub " => unsubscribe(given)?,
        b"ping" => Operation::Ping,
        b"pong" => Operation::Pong,
        b"connect" => Operation::Connect(given.trim_ascii()),
        b"-err " => return Err(Violation::Arguments),
        _ => Operation::Nothing,
    };
    Ok(Parsed::Operation(operation, end + 1))
}

fn publish<'a>(
    with_headers: bool,
    given: &'a [u8],
    line: usize,
    rest: &'a [u8],
    bounds: &Bounds,
) -> Result<Parsed<'a>, Violation> {
    let (subject, reply, headers, size) = match (with_headers, arguments(given)) {
        (false, [Some(subject), Some(size), None, ..]) => (subject, None, None, size),
        (false, [Some(subject), reply, Some(size), None, _]) => (subject, reply, None, size),
        (true, [Some(subject), headers, Some(size), None, _]) => (subject, None, headers, size),
        (true, [Some(subject), reply, headers, Some(size), None]) => {
            (subject, reply, headers, size)
        }
        _ => return Err(Violation::Arguments),
    };
    let size = number(size).ok_or(Violation::Arguments)?;
    let headers = match headers.map(number) {
        None => None,
        Some(Some(it)) if it <= size => Some(it),
        Some(_) => return Err(Violation::Arguments),
    };
    if size > bounds.payload {
        return Err(Violation::LargePayload);
    }
    let Some((body, after)) = rest.split_at_checked(size) else {
        return Ok(Parsed::Need(line + size + 1));
    };
    match after {
        [b'\r', b'\n', ..] => {}
        [] => return Ok(Parsed::Need(line + size + 1)),
        [b'\r'] => return Ok(Parsed::Need(line + size + 2)),
        _ => return Err(Violation::Unknown),
    }
    let it = Publish {
        subject,
        reply,
        headers,
        body,
    };
    Ok(Parsed::Operation(Operation::Publish(it), line + size + 2))
}

fn subscribe(given: &[u8]) -> Result<Operation<'_>, Violation> {
    let (subject, queue, sid) = match arguments(given) {
        [Some(subject), Some(sid), None, ..] => (subject, None, sid),
        [Some(subject), queue, Some(sid), None, _] => (subject, queue, sid),
        _ => return Err(Violation::Arguments),
    };
    Ok(Operation::Subscribe {
        subject,
        queue,
        sid,
    })
}

fn unsubscribe(given: &[u8]) -> Result<Operation<'_>, Violation> {
    let [Some(sid), max, None, ..] = arguments(given) else {
        return Err(Violation::Arguments);
    };
    let max = max.and_then(number).map(|it| it as u64);
    Ok(Operation::Unsubscribe {
        sid,
        max: max.filter(|it| *it > 0),
    })
}

/// The arguments of a line: at most four, if there is not one too many.
fn arguments(line: &[u8]) -> [Option<&[u8]>; 5] {
    let blank = |it: &u8| matches!(it, b' ' | b'\t' | b'\r');
    let mut all = line.split(blank).filter(|it| !it.is_empty());
    std::array::from_fn(|_| all.next())
}

/// Splits a line into the operation's name, as in [`NAMES`], and what follows.
fn name(line: &[u8]) -> Result<(&'static [u8], &[u8]), Violation> {
    let found = NAMES.into_iter().find(|it| begins(line, it));
    let found = found.ok_or(Violation::Unknown)?;
    Ok((found, line.get(found.len()..).unwrap_or_default()))
}

/// Whether the beginning of a line may become an operation.
fn plausible(line: &[u8]) -> Result<(), Violation> {
    let fits = |it: &&[u8]| begins(line, it.get(..line.len()).unwrap_or(it));
    NAMES
        .iter()
        .any(fits)
        .then_some(())
        .ok_or(Violation::Unknown)
}

/// `line` begins with `name`, in any case; a tab is as good as a blank.
fn begins(line: &[u8], name: &[u8]) -> bool {
    let same = |(a, b): (&u8, &u8)| a.to_ascii_lowercase() == *b || (*a == b'\t' && *b == b' ');
    line.len() >= name.len() && line.iter().zip(name).all(same)
}

/// A number without a sign, as lines have it.
fn number(digits: &[u8]) -> Option<usize> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + usize::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Operation, Parsed, Publish, Violation, parse};

    const BOUNDS: Bounds = Bounds {
        control_line: 64,
        payload: 128,
    };

    fn one(bytes: &[u8]) -> Operation<'_> {
        match parse(bytes, &BOUNDS) {
            Ok(Parsed::Operation(it, taken)) if taken == bytes.len() => it,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn operations_are_found_in_every_spelling() {
        assert_eq!(one(b"PING\r\n"), Operation::Ping);
        assert_eq!(one(b"ping\n"), Operation::Ping);
        assert_eq!(one(b"CONNECT {}\r\n"), Operation::Connect(b"{}"));
        assert_eq!(one(b"+OK\r\n"), Operation::Nothing);
        let sub = one(b"SUB\ta.*  q 7 \r\n");
        let expected = Operation::Subscribe {
            subject: b"a.*",
            queue: Some(b"q"),
            sid: b"7",
        };
        assert_eq!(sub, expected);
        let max = |max| Operation::Unsubscribe { sid: b"7", max };
        assert_eq!(one(b"UNSUB 7\r\n"), max(None));
        assert_eq!(one(b"UNSUB 7 3\r\n"), max(Some(3)));
        assert_eq!(one(b"UNSUB 7 x\r\n"), max(None));
    }

    #[test]
    fn bodies_are_told_from_headers() {
        let expected = Publish {
            subject: b"a",
            reply: Some(b"r"),
            headers: Some(12),
            body: b"NATS/1.0\r\n\r\nhi",
        };
        let found = one(b"HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
        assert_eq!(found, Operation::Publish(expected));
        let expected = Publish {
            subject: b"a",
            reply: None,
            headers: None,
            body: b"\r\n",
        };
        assert_eq!(one(b"PUB a 2\r\n\r\n\r\n"), Operation::Publish(expected));
    }

    #[test]
    fn no_split_changes_what_is_found() {
        let bytes = b"HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n";
        for end in 0..bytes.len() {
            match parse(&bytes[..end], &BOUNDS) {
                Ok(Parsed::Need(more)) => assert!(more > end && more <= bytes.len(), "{end}"),
                other => panic!("{end}: {other:?}"),
            }
        }
        let waiting = parse(b"PUB a 2\r\nhi", &BOUNDS);
        assert_eq!(waiting, Ok(Parsed::Need(12)), "the next byte may be wrong");
        assert_eq!(parse(b"PUB a 2\r\nhix", &BOUNDS), Err(Violation::Unknown));
    }

    #[test]
    fn what_cannot_be_read_ends_as_other_servers_end_it() {
        let long = [b"SUB ".as_slice(), &[b'a'; 80]].concat();
        let cases: [(&[u8], Violation); 16] = [
            (b"FOO\r\n", Violation::Unknown),
            (b"G", Violation::Unknown),
            (b"\r\n", Violation::Unknown),
            (b"PUB\r\n", Violation::Unknown),
            (b"UNSUB\r\n", Violation::Unknown),
            (b"PUB a 2\r\nhixx", Violation::Unknown),
            (b"PUB a\r\n", Violation::Arguments),
            (b"PUB a -1\r\n", Violation::Arguments),
            (b"PUB a b c 1\r\n", Violation::Arguments),
            (b"PUB a 99999999999999999999\r\n", Violation::Arguments),
            (b"HPUB a 3 2\r\n", Violation::Arguments),
            (b"SUB a b c d e\r\n", Violation::Arguments),
            (b"UNSUB 1 2 3\r\n", Violation::Arguments),
            (b"-ERR 'x'\r\n", Violation::Arguments),
            (b"PUB a 129\r\n", Violation::LargePayload),
            (&long, Violation::LongLine),
        ];
        for (bytes, expected) in cases {
            assert_eq!(parse(bytes, &BOUNDS), Err(expected), "{bytes:?}");
        }
    }

    #[test]
    fn nothing_makes_it_take_more_than_there_is() {
        use rand::rngs::StdRng;
        use rand::{RngExt as _, SeedableRng as _};

        const WORDS: [&[u8]; 16] = [
            b"PUB",
            b"HPUB",
            b"SUB",
            b"UNSUB",
            b"PING",
            b"CONNECT",
            b"+OK",
            b" ",
            b"\t",
            b"\r\n",
            b"\n",
            b"a.b",
            b"2",
            b"-1",
            b"99999999999999999999",
            b"\0\xff",
        ];
        let runs = std::env::var("PARSER_RUNS").map_or(200_000, |it| it.parse().unwrap());
        let mut random = StdRng::seed_from_u64(1);
        let mut bytes = Vec::new();
        for _ in 0..runs {
            bytes.clear();
            for _ in 0..random.random_range(0..14) {
                match random.random_bool(0.05) {
                    true => bytes.push(random.random()),
                    false => bytes.extend_from_slice(WORDS[random.random_range(0..WORDS.len())]),
                }
            }
            let mut rest = &bytes[..];
            loop {
                match parse(rest, &BOUNDS) {
                    Ok(Parsed::Operation(_, taken)) => {
                        assert!(taken > 0, "{bytes:?}");
                        rest = rest.get(taken..).expect("it takes what there is");
                    }
                    Ok(Parsed::Need(more)) => {
                        let most = BOUNDS.control_line + BOUNDS.payload + 32;
                        assert!(
                            more > rest.len() && more < rest.len().max(1) + most,
                            "{bytes:?}"
                        );
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
    }
}
