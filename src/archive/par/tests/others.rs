//! What other tools and libraries of the generation write and read.

use super::*;

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

/// Made by `wash par create --compress` and `par insert` of those versions.
#[test]
fn archives_of_real_tools_are_read_and_written_again() {
    let made = [
        (&include_bytes!("../fixtures/wash-0.11.par.gz")[..], None),
        (
            include_bytes!("../fixtures/wash-0.26.par.gz"),
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
