//! Archives as they should be, as older tools wrote them, and as nobody should.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::EntryType;

use super::*;
use crate::claims::{
    ActorMetadata, KeyKind, ProviderClaims, ProviderMetadata, Seed, Token, Trust, jwt,
};

const NOW: u64 = 1_700_000_000;
const LINUX: &str = "x86_64-linux";
const MAC: &str = "aarch64-macos";

/// Kind, name and content.
type Entry<'a> = (EntryType, &'a str, &'a [u8]);

fn target(name: &str) -> Target {
    name.parse().unwrap()
}

fn library(content: &[u8]) -> Library {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    Library::read(file).unwrap()
}

/// Bytes that do not compress, the same every time.
fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

struct Keys {
    account: Seed,
    service: String,
}

impl Keys {
    fn new() -> Self {
        Self {
            account: Seed::generate(KeyKind::Account),
            service: Seed::generate(KeyKind::Service).public(),
        }
    }

    fn token(&self) -> Token<ProviderMetadata> {
        let metadata = ProviderMetadata {
            name: Some("keyvalue".into()),
            capid: "wasmcloud:keyvalue".into(),
            vendor: "acme".into(),
            rev: Some(3),
            ver: Some("0.3.0".into()),
            config_schema: Some(serde_json::json!({ "type": "object" })),
            ..ProviderMetadata::default()
        };
        Token::new(&self.account, self.service.clone(), metadata, NOW)
    }

    /// Claims for these programs.
    fn jwt(&self, libraries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut token = self.token();
        let hashes = libraries
            .iter()
            .map(|(target, content)| ((*target).to_owned(), Hash::of(content).to_string()));
        token.metadata.as_mut().unwrap().target_hashes = hashes.collect();
        jwt::encode(&token, &self.account).unwrap().into_bytes()
    }
}

fn packed(
    token: Token<ProviderMetadata>,
    keys: &Keys,
    libraries: &[(&str, &[u8])],
    gzip: bool,
) -> Vec<u8> {
    let mut libraries: BTreeMap<_, _> = libraries
        .iter()
        .map(|(name, content)| (target(name), library(content)))
        .collect();
    let mut out = Vec::new();
    write(&mut out, token, &keys.account, &mut libraries, gzip).unwrap();
    out
}

fn open(bytes: &[u8]) -> Result<Archive<Cursor<&[u8]>>, ParError> {
    Archive::open(Cursor::new(bytes))
}

/// A tar of any entries.
fn tar(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let mut header = tar::Header::new_gnu();
        // Not by the library's setter, which refuses the names that matter here.
        let field = &mut header.as_old_mut().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_is_written_is_read_and_the_same_every_time() {
    let keys = Keys::new();
    let (token, big) = (keys.token(), noise(300_000, 7));
    let libraries: [(&str, &[u8]); 2] = [(LINUX, &big), (MAC, b"mac")];
    for compress in [false, true] {
        let bytes = packed(token.clone(), &keys, &libraries, compress);
        let reversed = [libraries[1], libraries[0]];
        let mut again = token.clone();
        again.id = "another".into();
        assert_eq!(bytes, packed(again, &keys, &reversed, compress));
        assert!(looks_like_archive(&bytes[..HEAD]));

        let mut archive = open(&bytes).unwrap();
        assert_eq!(archive.is_compressed(), compress);
        assert_eq!(archive.targets(), [target(MAC), target(LINUX)]);
        archive.claims().check(NOW, Trust::Strict).unwrap();
        let metadata = archive.claims().metadata();
        assert_eq!((metadata.rev, metadata.vendor.as_str()), (Some(3), "acme"));
        assert_eq!(archive.claims().token.id.len(), 22);
        let survey = archive.survey().unwrap();
        assert!(archive.problems(&survey).is_empty());
        assert_eq!(survey.libraries[&target(LINUX)].size, 300_000);
        let mut out = Vec::new();
        archive.copy(&target(LINUX), &mut out).unwrap();
        assert_eq!(out, big);

        let scratch = tempfile::tempdir().unwrap();
        let mut again = archive.unpack(scratch.path()).unwrap();
        again.insert(target("arm-linux"), library(b"arm"));
        let mut out = Vec::new();
        write(&mut out, token.clone(), &keys.account, &mut again, compress).unwrap();
        assert_eq!(open(&out).unwrap().survey().unwrap().libraries.len(), 3);
        assert!(files(scratch.path()).is_empty());
    }
}

#[test]
fn claims_stand_first_and_headers_tell_nothing_of_their_writer() {
    let keys = Keys::new();
    let bytes = packed(keys.token(), &keys, &[(LINUX, b"l"), (MAC, b"m")], false);
    let mut tar = tar::Archive::new(&bytes[..]);
    let mut names = Vec::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(
            (
                header.mtime().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap()
            ),
            (0, 0, 0)
        );
        let mut content = String::new();
        names.push(entry.path().unwrap().to_str().unwrap().to_owned());
        entry.read_to_string(&mut content).unwrap();
        if names.len() == 1 {
            // Older readers decode all of it.
            assert_eq!(content.trim(), content);
        }
    }
    assert_eq!(
        names,
        ["claims.jwt", "aarch64-macos.bin", "x86_64-linux.bin"]
    );
    let gz = packed(keys.token(), &keys, &[(LINUX, b"l")], true);
    assert_eq!(gz[3..8], [0; 5], "neither flags nor a time");
}

#[test]
fn extraction_is_by_content_private_and_repeatable() {
    let keys = Keys::new();
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("a/providers");
    let (one, two) = (
        packed(keys.token(), &keys, &[(LINUX, b"one")], true),
        packed(keys.token(), &keys, &[(LINUX, b"two")], false),
    );
    // The same provider, revision and name, but other bytes.
    let first = open(&one).unwrap().extract(&target(LINUX), &cache).unwrap();
    let second = open(&two).unwrap().extract(&target(LINUX), &cache).unwrap();
    assert_ne!(first.path(), second.path());
    assert_eq!(fs::read(first.path()).unwrap(), b"one");
    assert_eq!(fs::read(second.path()).unwrap(), b"two");
    assert_eq!(first.hash(), Hash::of(b"one"));
    assert_eq!(files(&cache).len(), 2);

    let written = fs::metadata(first.path()).unwrap().modified().unwrap();
    let again = open(&one).unwrap().extract(&target(LINUX), &cache).unwrap();
    assert_eq!(again, first);
    assert_eq!(
        fs::metadata(first.path()).unwrap().modified().unwrap(),
        written
    );

    fs::write(first.path(), b"evil").unwrap();
    assert!(matches!(first.verify(), Err(ParError::Replaced(path)) if path == first.path()));
    open(&one).unwrap().extract(&target(LINUX), &cache).unwrap();
    first.verify().unwrap();
    assert_eq!(fs::read(first.path()).unwrap(), b"one");
    fs::remove_file(first.path()).unwrap();
    assert!(first.verify().is_err());
    assert_eq!(files(&cache).len(), 1);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_write_where_programs_are() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let chmod =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let keys = Keys::new();
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("providers");
    let bytes = packed(
        keys.token(),
        &keys,
        &[(LINUX, b"#!/bin/sh\nexit 7\n")],
        true,
    );
    let extract = || open(&bytes).unwrap().extract(&target(LINUX), &cache);
    let program = extract().unwrap();
    let directory = program.path().parent().unwrap();
    assert_eq!(
        (mode(&cache), mode(directory), mode(program.path())),
        (0o700, 0o700, 0o755)
    );
    let status = std::process::Command::new(program.path()).status().unwrap();
    assert_eq!(status.code(), Some(7));

    // The right content that others may change, or that leads elsewhere, is not right.
    chmod(program.path(), 0o777);
    assert!(program.verify().is_err());
    extract().unwrap();
    assert_eq!(mode(program.path()), 0o755);
    let elsewhere = home.path().join("elsewhere");
    fs::rename(program.path(), &elsewhere).unwrap();
    symlink(&elsewhere, program.path()).unwrap();
    assert!(program.verify().is_err());
    extract().unwrap();
    assert!(!fs::symlink_metadata(program.path()).unwrap().is_symlink());

    chmod(&cache, 0o755);
    extract().unwrap();
    assert_eq!(mode(&cache), 0o700);
    chmod(directory, 0o777);
    assert!(matches!(extract(), Err(ParError::UnsafeDirectory { .. })));
}

#[test]
fn many_hosts_extract_the_same_thing_at_once() {
    let keys = Keys::new();
    let content = noise(200_000, 3);
    let bytes = packed(keys.token(), &keys, &[(LINUX, &content)], true);
    let home = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let cache = home.path().join("providers");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut archive = open(&bytes).unwrap();
                    let program = archive.extract(&target(LINUX), &cache).unwrap();
                    program.verify().unwrap();
                });
            }
        });
        assert_eq!(files(&cache).len(), 1);
        fs::remove_dir_all(&cache).unwrap();
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_no_program() {
    let home = tempfile::tempdir().unwrap();
    let hash = Hash::of(b"x");
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = cache::obtain(home.path(), hash, |file| {
        file.write_all(b"half").unwrap();
        Err(ParError::Write(full()))
    });
    let text = error.unwrap_err().to_string();
    let path = home.path().join(hash.lower());
    assert!(
        text.starts_with(&format!("cannot write {}", path.display())),
        "{text}"
    );
    assert!(text.ends_with(&full().to_string()), "{text}");
    assert!(files(home.path()).is_empty());
}

#[test]
fn what_a_crash_left_is_swept_away() {
    let keys = Keys::new();
    let bytes = packed(keys.token(), &keys, &[(LINUX, b"x")], false);
    let cache = tempfile::tempdir().unwrap();
    let extract = || open(&bytes).unwrap().extract(&target(LINUX), cache.path());
    let program = extract().unwrap();
    let (old, young) = (
        program.path().with_file_name(".new-old"),
        program.path().with_file_name(".new-young"),
    );
    let file = fs::File::create(&old).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(100 * 3600);
    file.set_modified(long_ago).unwrap();
    fs::write(&young, "").unwrap();
    extract().unwrap();
    assert!(!old.exists() && young.exists());
}

#[test]
fn a_missing_target_lists_the_ones_there_are() {
    let keys = Keys::new();
    let bytes = packed(keys.token(), &keys, &[(LINUX, b"l"), (MAC, b"m")], false);
    let cache = tempfile::tempdir().unwrap();
    let mut archive = open(&bytes).unwrap();
    let error = archive
        .extract(&target("arm-linux"), cache.path())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "it has no program for arm-linux; it has: aarch64-macos, x86_64-linux"
    );
    assert!(files(cache.path()).is_empty());
    let claimed = keys.jwt(&[(LINUX, b"l"), (MAC, b"m")]);
    let bytes = tar(&[
        (EntryType::Regular, "claims.jwt", &claimed),
        (EntryType::Regular, "x86_64-linux.bin", b"l"),
    ]);
    let mut archive = open(&bytes).unwrap();
    let error = archive.extract(&target(MAC), cache.path()).unwrap_err();
    assert!(matches!(error, ParError::Missing(it) if it == target(MAC)));
    archive.extract(&target(LINUX), cache.path()).unwrap();
    assert!(matches!(
        archive.unpack(cache.path()),
        Err(ParError::Missing(_))
    ));
}

#[test]
fn archives_of_other_tools_are_read() {
    let keys = Keys::new();
    let claims = keys.jwt(&[(LINUX, b"l")]);
    let with_newline = [&claims[..], b"\n"].concat();
    let files: [Entry<'_>; 3] = [
        (EntryType::Regular, "x86_64-linux.bin", b"l"),
        (EntryType::Regular, "README.md", b"hello"),
        (EntryType::Regular, "claims.jwt", &with_newline),
    ];
    let by_hand: [Entry<'_>; 4] = [
        (
            EntryType::XGlobalHeader,
            "pax_global_header",
            b"13 mtime=0.5\n",
        ),
        (EntryType::Directory, "./", b""),
        (EntryType::Regular, "./claims.jwt", &claims),
        (EntryType::Continuous, "./x86_64-linux.bin", b"l"),
    ];
    for (bytes, others) in [
        (tar(&files), vec!["README.md"]),
        (tar(&by_hand), vec!["./"]),
    ] {
        // Some never wrote the end of the tar, or that of the gzip.
        let unended = &bytes[..bytes.len() - 1024];
        let gz = gzip(&bytes);
        for bytes in [&bytes[..], unended, &gz, &gz[..gz.len() - 8]] {
            let mut archive = open(bytes).unwrap();
            let survey = archive.survey().unwrap();
            assert!(archive.problems(&survey).is_empty());
            assert_eq!(survey.others, others);
            let mut out = Vec::new();
            archive.copy(&target(LINUX), &mut out).unwrap();
            assert_eq!(out, b"l");
        }
    }
}

#[test]
fn what_is_no_good_archive_is_refused() {
    use EntryType::{Block, Fifo, GNULongName, GNUSparse, Link, Regular, Symlink};

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
        library: 1 << 20,
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
            what: "content",
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

/// Made by `wash par create --compress` and `par insert` of those versions.
#[test]
fn archives_of_real_tools_are_read_and_written_again() {
    let made = [
        (&include_bytes!("fixtures/wash-0.11.par.gz")[..], None),
        (
            include_bytes!("fixtures/wash-0.26.par.gz"),
            Some(serde_json::json!({ "type": "object" })),
        ),
    ];
    let keys = Keys::new();
    for (bytes, schema) in made {
        let mut archive = open(bytes).unwrap();
        archive.claims().check(NOW, Trust::Strict).unwrap();
        let metadata = archive.claims().metadata().clone();
        assert_eq!(
            (metadata.capid.as_str(), metadata.name.as_deref()),
            ("wasmcloud:keyvalue", Some("KV"))
        );
        assert_eq!(
            (metadata.rev, metadata.ver.as_deref()),
            (Some(2), Some("0.2.0"))
        );
        assert_eq!(metadata.config_schema, schema);
        let survey = archive.survey().unwrap();
        assert!(archive.problems(&survey).is_empty() && survey.others.is_empty());
        let cache = tempfile::tempdir().unwrap();
        let program = archive.extract(&target(LINUX), cache.path()).unwrap();
        assert_eq!(
            fs::read(program.path()).unwrap(),
            b"#!/bin/sh\necho provider\n"
        );
        let mut out = Vec::new();
        archive.copy(&target(MAC), &mut out).unwrap();
        assert_eq!(out, b"mac");

        let mut libraries = archive.unpack(cache.path()).unwrap();
        let mut token = archive.claims().token.clone();
        token.issuer = keys.account.public();
        let mut out = Vec::new();
        write(&mut out, token, &keys.account, &mut libraries, false).unwrap();
        assert_eq!(open(&out).unwrap().claims().metadata(), &metadata);
    }
}

#[test]
fn claims_are_those_of_other_signers_and_readers() {
    let keys = Keys::new();
    let bytes = packed(keys.token(), &keys, &[(LINUX, b"l")], false);
    let ours = open(&bytes).unwrap().claims().clone();
    let hashes = [(LINUX.to_owned(), Hash::of(b"l").to_string())];
    {
        use wascap_0_8::jwt::{CapabilityProvider, Claims, validate_token};
        use wascap_0_8::prelude::KeyPair;
        let verdict = validate_token::<CapabilityProvider>(&ours.jwt).unwrap();
        assert!(verdict.signature_valid && !verdict.expired && !verdict.cannot_use_yet);
        let read = Claims::<CapabilityProvider>::decode(&ours.jwt).unwrap();
        assert_eq!(
            (&read.issuer, &read.subject),
            (&ours.token.issuer, &ours.token.subject)
        );
        let metadata = read.metadata.unwrap();
        assert_eq!(
            (metadata.capid.as_str(), metadata.vendor.as_str()),
            ("wasmcloud:keyvalue", "acme")
        );
        assert_eq!(
            (metadata.rev, metadata.target_hashes),
            (Some(3), hashes.clone().into())
        );

        let (account, service) = (KeyPair::new_account(), KeyPair::new_service());
        let theirs = Claims::<CapabilityProvider>::new(
            "kv".into(),
            account.public_key(),
            service.public_key(),
            "a:b".into(),
            "acme".into(),
            Some(1),
            Some("1".into()),
            hashes.clone().into(),
        );
        let theirs = ProviderClaims::read(&theirs.encode(&account).unwrap()).unwrap();
        theirs.check(theirs.token.issued_at, Trust::Strict).unwrap();
        assert_eq!(
            (theirs.revision(), theirs.metadata().capid.as_str()),
            (1, "a:b")
        );
    }
    {
        use wascap_0_15::jwt::{CapabilityProvider, Claims, validate_token};
        use wascap_0_15::prelude::KeyPair;
        let verdict = validate_token::<CapabilityProvider>(&ours.jwt).unwrap();
        assert!(verdict.signature_valid && !verdict.expired && !verdict.cannot_use_yet);
        let read = Claims::<CapabilityProvider>::decode(&ours.jwt).unwrap();
        assert_eq!(read.metadata.unwrap().target_hashes, hashes.clone().into());

        // By then providers had no contract, so that no host of ours could link them.
        let (account, service) = (KeyPair::new_account(), KeyPair::new_service());
        let theirs = Claims::<CapabilityProvider>::new(
            "kv".into(),
            account.public_key(),
            service.public_key(),
            "acme".into(),
            None,
            None,
            hashes.into(),
        );
        let theirs = ProviderClaims::read(&theirs.encode(&account).unwrap()).unwrap();
        assert_eq!(
            theirs.check(theirs.token.issued_at, Trust::Strict),
            Err(ProviderError::NoContract)
        );
    }
}
