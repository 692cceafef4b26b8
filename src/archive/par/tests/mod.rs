//! Archives as they should be, as others write them ([`others`]), and as nobody should ([`broken`]); programs out of
//! them ([`extraction`]).

mod broken;
mod extraction;
mod others;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::EntryType;

use super::*;
use crate::archive::oci::Kind;
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
        assert_eq!(Kind::sniff(&bytes), Some(Kind::Archive));

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
