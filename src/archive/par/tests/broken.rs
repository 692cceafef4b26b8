//! Archives that are no good: what they are refused for, and that nothing wrong ever comes out.

use super::*;

#[test]
fn what_is_no_good_archive_is_refused() {
    use EntryType::{Block, Fifo, GNULongName, GNUSparse, Link, Regular, Symlink, XHeader};

    let keys = Keys::new();
    let claims = keys.jwt(&[(LINUX, b"l")]);
    let claims = (Regular, "claims.jwt", &claims[..]);
    let linux = (Regular, "x86_64-linux.bin", &b"l"[..]);
    let module = Seed::generate(KeyKind::Module).public();
    let actor = Token::new(&keys.account, module.clone(), ActorMetadata::default(), NOW);
    let actor = jwt::encode(&actor, &keys.account).unwrap();
    let mut odd = keys.token();
    let odd_hashes = &mut odd.metadata.as_mut().unwrap().target_hashes;
    odd_hashes.insert(LINUX.to_owned(), "ABC".to_owned());
    let odd = jwt::encode(&odd, &keys.account).unwrap();
    let huge = vec![b'x'; (1 << 20) + 1];
    let cases: &[(&[Entry<'_>], &str)] = &[
        (&[], "no provider archive"),
        (&[linux], "no claims.jwt"),
        (&[(Regular, "dir/claims.jwt", b"x"), linux], "no claims.jwt"),
        (&[(Regular, "claims.jwt", b""), linux], "malformed token"),
        (&[(Regular, "claims.jwt", b"\xff\xfe"), linux], "not text"),
        (
            &[(Regular, "claims.jwt", &huge), linux],
            "larger than 1048576 bytes",
        ),
        (&[(Regular, "claims.jwt", actor.as_bytes()), linux], &module),
        (
            &[(Regular, "claims.jwt", odd.as_bytes()), linux],
            "no SHA-256",
        ),
        (&[claims, linux, linux], "more than one x86_64-linux.bin"),
        (
            &[claims, linux, (Regular, "./claims.jwt", b"x")],
            "more than one claims.jwt",
        ),
        (
            &[claims, (Regular, "x86_64-linux.bin", b"evil")],
            "not the one that was signed",
        ),
        (&[claims], "it is not there"),
        (
            &[claims, linux, (Regular, "arm-linux.bin", b"x")],
            "does not stand in its claims",
        ),
        (
            &[claims, (Regular, "../x86_64-linux.bin", b"l")],
            "leads outside",
        ),
        (
            &[claims, (Regular, "/etc/passwd", b"l"), linux],
            "leads outside",
        ),
        (
            &[claims, (Regular, "a/../../b", b"l"), linux],
            "leads outside",
        ),
        (
            &[claims, (Regular, "..\\b.bin", b"l"), linux],
            "leads outside",
        ),
        (
            &[claims, (Symlink, "x86_64-linux.bin", b"")],
            "a link, a device",
        ),
        (&[(Link, "claims.jwt", b""), linux], "a link, a device"),
        (&[claims, (Fifo, "pipe", b""), linux], "a link, a device"),
        (&[claims, (Block, "disk", b""), linux], "a link, a device"),
        (
            &[claims, (GNUSparse, "x86_64-linux.bin", b"l")],
            "a link, a device",
        ),
        (
            &[claims, (GNULongName, "long", b"name"), linux],
            "a link, a device",
        ),
        (
            &[claims, (XHeader, "pax", b"19 path=claims.jwt\n"), linux],
            "a link, a device",
        ),
    ];
    for (entries, expected) in cases {
        let plain = tar(entries);
        for bytes in [gzip(&plain), plain] {
            let scratch = tempfile::tempdir().unwrap();
            let error = open(&bytes).and_then(|mut it| it.unpack(scratch.path()));
            let error = error.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}, not {expected}");
        }
    }
    for bytes in [
        &b""[..],
        b"\x1f",
        b"\x1f\x8b",
        b"\x1f\x8bgarbage",
        b"text",
        &[0; 2000],
        &noise(4096, 1),
    ] {
        assert!(
            matches!(open(bytes), Err(ParError::NotArchive)),
            "{bytes:?}"
        );
    }
}

#[test]
fn bombs_and_crowds_end_at_the_limits() {
    let keys = Keys::new();
    let limits = Limits {
        entries: 4,
        claims: 4096,
        program: 1 << 20,
        unpacked: 2 << 20,
    };
    let zeros = vec![0; 3 << 20];
    let claims = keys.jwt(&[(LINUX, &zeros)]);
    let claims = (EntryType::Regular, "claims.jwt", &claims[..]);
    let survey = |entries: &[Entry<'_>]| {
        let bytes = gzip(&tar(entries));
        assert!(bytes.len() < 64 << 10);
        let input = Cursor::new(&bytes[..]);
        Archive::open_within(input, limits).and_then(|mut it| it.survey())
    };
    let error = survey(&[claims, (EntryType::Regular, "x86_64-linux.bin", &zeros)]);
    assert!(matches!(
        error,
        Err(ParError::TooLarge {
            what: "program",
            limit: 1_048_576
        })
    ));
    // Not even what is passed over is passed over for ever.
    let error = survey(&[claims, (EntryType::Regular, "notes", &zeros), claims]);
    assert!(matches!(
        error,
        Err(ParError::TooLarge {
            what: "content",
            limit: 2_097_152
        })
    ));
    let error = survey(&[(EntryType::XHeader, "pax", &zeros), claims]);
    assert!(matches!(
        error,
        Err(ParError::TooLarge {
            what: "extension header",
            ..
        })
    ));
    let dot = (EntryType::Directory, "./", &b""[..]);
    let error = survey(&[claims, dot, dot, dot, dot]);
    assert!(matches!(error, Err(ParError::TooMany(4))));

    // A header that promises more than there could be.
    let mut header = tar::Header::new_gnu();
    header.set_path("x86_64-linux.bin").unwrap();
    for size in [u64::MAX, u64::MAX - 511, 1 << 62] {
        header.set_size(size);
        header.set_cksum();
        assert!(open(header.as_bytes()).is_err());
    }
}

#[test]
fn an_archive_cut_anywhere_gives_no_wrong_program() {
    let keys = Keys::new();
    let content = noise(1500, 11);
    let plain = packed(
        keys.token(),
        &keys,
        &[(LINUX, &content), (MAC, b"m")],
        false,
    );
    for bytes in [gzip(&plain), plain] {
        let mut whole = 0;
        for end in 0..bytes.len() {
            whole += usize::from(yields_only(&bytes[..end], &content));
        }
        // The end of tar and of gzip hold nothing that is needed.
        assert!((1..1600).contains(&whole), "{whole}");
    }
}

#[test]
fn flipped_bits_give_no_wrong_program() {
    let keys = Keys::new();
    let content = noise(1500, 13);
    let plain = packed(
        keys.token(),
        &keys,
        &[(LINUX, &content), (MAC, b"m")],
        false,
    );
    let mut dice = noise(8 * 3000, 17);
    for (round, throw) in dice.chunks_exact_mut(8).enumerate() {
        let mut broken = if round % 3 == 0 {
            gzip(&plain)
        } else {
            plain.clone()
        };
        for flip in throw[..6].chunks_exact(3).take(1 + round % 2) {
            let at = usize::from(u16::from_le_bytes([flip[0], flip[1]])) % broken.len();
            broken[at] ^= 1 << (flip[2] & 7);
        }
        if round % 3 == 2 {
            // Where headers are, with a checksum that fits: names, sizes, kinds.
            let at = [0, 1536, 2048, 4096][usize::from(throw[0] & 3)];
            let field = [0, 1, 124, 130, 156, 257, 345][usize::from(throw[1]) % 7];
            broken[at + field + usize::from(throw[2] & 3)] = throw[3];
            rehead(&mut broken[at..at + 512]);
        }
        yields_only(&broken, &content);
    }
}

/// Makes a header's checksum right.
fn rehead(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|it| u32::from(*it)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// Whether an archive that may be broken gives its program. It never panics, and never gives another under claims
/// that hold.
fn yields_only(bytes: &[u8], content: &[u8]) -> bool {
    let Ok(mut archive) = open(bytes) else {
        return false;
    };
    let _ = archive.survey();
    let cache = tempfile::tempdir().unwrap();
    let trusted = archive.claims().check(NOW, Trust::Lenient).is_ok();
    let Ok(program) = archive.extract(&target(LINUX), cache.path()) else {
        let left: Vec<_> = files(cache.path());
        assert!(left.is_empty(), "half a file: {left:?}");
        return false;
    };
    if trusted {
        assert_eq!(fs::read(program.path()).unwrap(), content);
    }
    trusted
}
