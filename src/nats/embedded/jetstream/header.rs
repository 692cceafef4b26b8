//! Raw header blocks: read where they lie, written in one go. Pure.

use std::fmt::Write as _;

use bytes::{BufMut, Bytes, BytesMut};

/// The lines of a block, without its first; what is not `name: value` is left out.
pub(super) fn lines(block: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    block.split(|it| *it == b'\n').skip(1).filter_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let (name, value) = line.strip_suffix('\r').unwrap_or(line).split_once(':')?;
        Some((name, value.trim()))
    })
}

/// The first value under this name.
pub(super) fn get<'a>(block: &'a [u8], name: &str) -> Option<&'a str> {
    lines(block)
        .find(|(it, _)| *it == name)
        .map(|(_, value)| value)
}

/// A block with these lines behind those that are there.
pub(super) fn extended(block: Option<&Bytes>, added: &[(&str, &str)]) -> Bytes {
    // Some clients send a block without a byte.
    let block = block.filter(|it| !it.is_empty());
    let old = block.map_or(&b"NATS/1.0\r\n"[..], |it| {
        it.strip_suffix(b"\r\n").unwrap_or(it)
    });
    let more: usize = added.iter().map(|(n, v)| n.len() + v.len() + 4).sum();
    let mut new = BytesMut::with_capacity(old.len() + more + 2);
    new.put_slice(old);
    for (name, value) in added {
        new.put_slice(name.as_bytes());
        new.put_slice(b": ");
        new.put_slice(value.as_bytes());
        new.put_slice(b"\r\n");
    }
    new.put_slice(b"\r\n");
    new.freeze()
}

/// A block that is a status, such as `404 No Messages`.
pub(super) fn status(status: &str, lines: &[(&str, &dyn std::fmt::Display)]) -> Bytes {
    let mut block = format!("NATS/1.0 {status}\r\n");
    for (name, value) in lines {
        let _ = write!(block, "{name}: {value}\r\n");
    }
    block.push_str("\r\n");
    block.into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{extended, get, status};

    #[test]
    fn blocks_are_read_and_written() {
        let block = extended(None, &[("A", "1"), ("B", "x: y")]);
        assert_eq!(block, "NATS/1.0\r\nA: 1\r\nB: x: y\r\n\r\n");
        assert_eq!(
            extended(Some(&Bytes::new()), &[("A", "1"), ("B", "x: y")]),
            block
        );
        let block = extended(Some(&block), &[("C", "2")]);
        assert_eq!(get(&block, "B"), Some("x: y"));
        assert_eq!(get(&block, "C"), Some("2"));
        assert_eq!(get(&block, "c"), None);
        assert_eq!(
            status("408 Request Timeout", &[("N", &5)]),
            "NATS/1.0 408 Request Timeout\r\nN: 5\r\n\r\n"
        );
        for odd in [
            &b""[..],
            b"\r\n",
            b"NATS/1.0",
            b"NATS/1.0\r\nnothing\r\n\xff: 1\r\n",
        ] {
            assert_eq!(get(odd, "A"), None);
        }
    }
}
