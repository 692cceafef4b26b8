use super::*;
use crate::claims::KeyKind;
use crate::claims::jwt::REVISION;

const NOW: u64 = 1_700_000_000;

/// Uses what signers have tripped over: names, data, tables, start, globals, memory accesses, branches.
const RICH: &str = r#"(module $rich
    (type $t (func (param i32 i64) (result i32)))
    (import "wapc" "__console_log" (func $log (param i32 i32)))
    (memory (export "memory") 1 4)
    (table 3 funcref)
    (global $g (mut i32) (i32.const -129))
    (global f64 (f64.const nan:0x4000000000001))
    (func $f (type $t) (local i32 i32) (local f32)
        (block $out (result i32)
            (loop $again (br_if $again (i32.eqz (local.get 0))))
            (br_table 0 0 (i32.const 5) (local.get 0))))
    (func $main
        (call $log (i32.const 1024) (i32.const 5))
        (i64.store offset=70000 align=4 (i32.const 8) (i64.const -9223372036854775808))
        (drop (call_indirect (type $t) (i32.const 1) (i64.const 2) (i32.const 0)))
        (drop (memory.grow (i32.const 1)))
        (drop (f32.const -0)))
    (start $main)
    (elem (i32.const 0) $f $main $log)
    (data (i32.const 1024) "hello")
    (data (i32.const 2048) "\00\ff\80"))"#;

const TINY: &str =
    r#"(module (func (export "__guest_call") (param i32 i32) (result i32) i32.const 1))"#;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// TINY as a linker writes it: every length and number that may be is five bytes long.
fn padded() -> Vec<u8> {
    fn number(n: usize) -> [u8; 5] {
        [n as u8 | 0x80, 0x80, 0x80, 0x80, 0]
    }
    fn section(id: u8, payload: &[u8]) -> Vec<u8> {
        [&[id][..], &number(payload.len()), payload].concat()
    }
    let body = [
        &[0x00, 0x41][..],
        &number(1),
        &[0x1a, 0x41],
        &number(0),
        &[0x0b],
    ]
    .concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f]),
        section(3, &[1, 0]),
        section(7, b"\x01\x0c__guest_call\x00\x00"),
        section(10, &[&[1][..], &number(body.len()), &body].concat()),
        section(0, b"\x09producersxyz"),
    ]
    .concat()
}

fn samples() -> Vec<Vec<u8>> {
    vec![wasm(TINY), wasm(RICH), wasm("(module)"), padded()]
}

fn component() -> Vec<u8> {
    wasm(r#"(component (core module (func (export "f"))) (component (core module)) (core module))"#)
}

struct Keys {
    account: Seed,
    module: Seed,
}

fn keys() -> Keys {
    Keys {
        account: Seed::generate(KeyKind::Account),
        module: Seed::generate(KeyKind::Module),
    }
}

fn token(keys: &Keys) -> Token<ActorMetadata> {
    let metadata = ActorMetadata {
        name: Some("sample".into()),
        caps: Some(vec!["wasmcloud:httpserver".into(), String::new()]),
        tags: Some(vec![]),
        rev: Some(2),
        ver: Some("0.2.0".into()),
        ..ActorMetadata::default()
    };
    Token::new(&keys.account, keys.module.public(), metadata, NOW)
}

fn ours(wasm: &[u8]) -> Vec<u8> {
    let keys = keys();
    sign(wasm, token(&keys), &keys.account).unwrap()
}

fn by_0_8(wasm: &[u8]) -> Vec<u8> {
    use wascap_0_8::prelude::KeyPair;
    let (module, account) = (KeyPair::new_module(), KeyPair::new_account());
    let caps = vec!["wasmcloud:httpserver".to_owned()];
    wascap_0_8::wasm::sign_buffer_with_claims(
        "old".to_owned(),
        wasm,
        module,
        account,
        None,
        None,
        caps,
        vec![],
        false,
        Some(1),
        Some("0.1.0".to_owned()),
        None,
    )
    .unwrap()
}

fn by_0_15(wasm: &[u8]) -> Vec<u8> {
    use wascap_0_15::prelude::KeyPair;
    let (module, account) = (KeyPair::new_module(), KeyPair::new_account());
    wascap_0_15::wasm::sign_buffer_with_claims(
        "new".to_owned(),
        wasm,
        &module,
        &account,
        None,
        None,
        vec![],
        false,
        Some(1),
        Some("0.1.0".to_owned()),
        None,
    )
    .unwrap()
}

/// The subject, if a host with wascap 0.8 accepts the module.
fn accepted_by_0_8(wasm: &[u8]) -> Result<String, String> {
    use wascap_0_8::jwt::{Actor, validate_token};
    let token = wascap_0_8::wasm::extract_claims(wasm)
        .map_err(|error| error.to_string())?
        .ok_or("unsigned")?;
    let verdict = validate_token::<Actor>(&token.jwt).map_err(|error| error.to_string())?;
    if verdict.signature_valid && !verdict.expired && !verdict.cannot_use_yet {
        Ok(token.claims.subject)
    } else {
        Err("invalid token".to_owned())
    }
}

/// The subject, if a host with wascap 0.15 accepts the module.
fn accepted_by_0_15(wasm: &[u8]) -> Result<String, String> {
    use wascap_0_15::jwt::{Component, validate_token};
    let token = wascap_0_15::wasm::extract_claims(wasm)
        .map_err(|error| error.to_string())?
        .ok_or("unsigned")?;
    let verdict = validate_token::<Component>(&token.jwt).map_err(|error| error.to_string())?;
    if verdict.signature_valid && !verdict.expired && !verdict.cannot_use_yet {
        Ok(token.claims.subject)
    } else {
        Err("invalid token".to_owned())
    }
}

/// Now, by the clock that the peers read.
fn today() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

#[test]
fn every_generation_accepts_what_we_sign() {
    for wasm in samples() {
        let keys = keys();
        let signed = sign(&wasm, token(&keys), &keys.account).unwrap();
        let subject = keys.module.public();
        assert_eq!(verify(&signed, NOW).unwrap().token.subject, subject);
        assert_eq!(accepted_by_0_8(&signed).as_ref(), Ok(&subject));
        assert_eq!(accepted_by_0_15(&signed).as_ref(), Ok(&subject));
        // The newest reader only compares hashes of tokens that state a revision; ours would pass even so.
        let claims = read(&signed).unwrap().unwrap();
        assert_eq!(claims.token.revision, None);
        let rebuilt = parse(&signed).unwrap().rebuild();
        assert_eq!(hash(&[&rebuilt]), claims.metadata().module_hash);
    }
}

#[test]
fn we_accept_what_every_generation_signs() {
    for wasm in samples() {
        for signed in [
            by_0_8(&wasm),
            by_0_15(&wasm),
            by_0_15(&by_0_8(&wasm)),
            by_0_8(&by_0_15(&wasm)),
            by_0_8(&ours(&wasm)),
            by_0_15(&ours(&wasm)),
            ours(&by_0_8(&wasm)),
            ours(&by_0_15(&wasm)),
        ] {
            let claims = verify(&signed, today()).unwrap();
            assert_eq!(claims.metadata().rev.map(|it| it > 0), Some(true));
        }
        for again in [ours(&by_0_8(&wasm)), ours(&by_0_15(&wasm))] {
            assert_eq!(parse(&again).unwrap().tokens().len(), 1);
            assert_eq!(accepted_by_0_8(&again), accepted_by_0_15(&again));
        }
    }
}

#[test]
fn a_module_with_padded_section_lengths_is_read_as_it_stands() {
    // As signers of the 0.9 line left it: padding kept, token appended, revision 2.
    let keys = keys();
    let mut signed = padded();
    let mut token = token(&keys);
    token.revision = Some(2);
    token.metadata.as_mut().unwrap().module_hash = hash(&[&signed]);
    let jwt = jwt::encode(&token, &keys.account).unwrap();
    CustomSection {
        name: NEW_TOKEN.into(),
        data: jwt.as_bytes().into(),
    }
    .append_to(&mut signed);
    assert_eq!(verify(&signed, NOW).unwrap().token.revision, Some(2));
}

#[test]
fn components_are_signed_and_read() {
    let component = component();
    assert_eq!(verify(&by_0_15(&component), today()).unwrap().revision(), 1);
    let keys = keys();
    let signed = sign(&component, token(&keys), &keys.account).unwrap();
    assert_eq!(verify(&signed, NOW).unwrap().revision(), 2);
    assert_eq!(accepted_by_0_15(&signed), Ok(keys.module.public()));
    // A signed module inside does not sign what is around it.
    let inner = ours(&wasm(TINY));
    let mut outer = wasm_encoder::Component::new();
    outer.section(&wasm_encoder::RawSection {
        id: 1,
        data: &inner,
    });
    assert!(matches!(
        verify(&outer.finish(), NOW),
        Err(ModuleError::HashMismatch)
    ));
}

#[test]
fn no_changed_bit_goes_unnoticed() {
    for signed in [
        ours(&wasm(TINY)),
        ours(&padded()),
        by_0_8(&wasm(TINY)),
        by_0_15(&wasm(TINY)),
    ] {
        let now = today();
        assert!(verify(&signed, now).is_ok());
        for at in 0..signed.len() {
            for bit in 0..8 {
                let mut changed = signed.clone();
                changed[at] ^= 1 << bit;
                assert!(verify(&changed, now).is_err(), "bit {bit} of byte {at}");
            }
        }
    }
}

#[test]
fn cut_and_random_bytes_are_refused_calmly() {
    for signed in [ours(&wasm(RICH)), by_0_15(&component())] {
        for length in 0..signed.len() {
            assert!(verify(&signed[..length], NOW).is_err(), "{length}");
            // What is left may be a whole module still, so only calm is asked of these.
            let keys = keys();
            let _ = (read(&signed[..length]), problems(&signed[..length], NOW));
            let _ = sign(&signed[..length], token(&keys), &keys.account);
        }
    }
    for garbage in [
        &b""[..],
        b"\0asm",
        b"hello",
        b"\0asm\x02\0\0\0",
        &[0xff; 64],
    ] {
        assert!(matches!(read(garbage), Err(ModuleError::NotWasm(_))));
    }
    assert!(matches!(
        verify(&wasm(TINY), NOW),
        Err(ModuleError::Unsigned)
    ));
}

#[test]
fn dates_and_malformed_tokens_are_named() {
    let keys = keys();
    let mut expired = token(&keys);
    expired.expires = Some(NOW - 120);
    let expired = sign(&wasm(TINY), expired, &keys.account).unwrap();
    let mut early = token(&keys);
    early.not_before = Some(NOW + 3600);
    let early = sign(&wasm(TINY), early, &keys.account).unwrap();
    let mut empty = wasm(TINY);
    let mut bare = token(&keys);
    bare.metadata = None;
    let text = jwt::encode(&bare, &keys.account).unwrap();
    CustomSection {
        name: OLD_TOKEN.into(),
        data: text.as_bytes().into(),
    }
    .append_to(&mut empty);
    let mut garbled = wasm(TINY);
    CustomSection {
        name: NEW_TOKEN.into(),
        data: b"\xff.\xfe.\xfd"[..].into(),
    }
    .append_to(&mut garbled);
    for (signed, expected) in [
        (expired, "token expired 2m ago"),
        (early, "token cannot be used yet (valid in 1h)"),
        (empty, "malformed token: it says nothing about a module"),
        (garbled, "malformed token: it is not text"),
    ] {
        assert_eq!(verify(&signed, NOW).unwrap_err().to_string(), expected);
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let keys = keys();
    let mut expired = token(&keys);
    expired.expires = Some(NOW - 120);
    let mut signed = sign(&wasm(TINY), expired, &keys.account).unwrap();
    signed.extend(b"\x00\x03\x01ab");
    let found = problems(&signed, NOW).unwrap();
    assert!(
        matches!(
            found[..],
            [
                ModuleError::HashMismatch,
                ModuleError::Token(TokenError::Expired(_))
            ]
        ),
        "{found:?}"
    );
    assert!(problems(&ours(&wasm(TINY)), NOW).unwrap().is_empty());
}

#[test]
fn claims_are_read_as_hosts_read_them() {
    let keys = keys();
    let mut token = token(&keys);
    token.revision = Some(REVISION);
    let signed = sign(&wasm(TINY), token.clone(), &keys.account).unwrap();
    let claims = read(&signed).unwrap().unwrap();
    assert_eq!(claims.caps().collect::<Vec<_>>(), ["wasmcloud:httpserver"]);
    assert_eq!(claims.revision(), 2);
    token.metadata.as_mut().unwrap().rev = None;
    let signed = sign(&wasm(TINY), token.clone(), &keys.account).unwrap();
    assert_eq!(read(&signed).unwrap().unwrap().revision(), NOW as i32);
    assert!(read(&wasm(TINY)).unwrap().is_none());
    let stranger = Seed::generate(KeyKind::Account);
    assert!(sign(&wasm(TINY), token, &stranger).is_err());
}

#[test]
fn an_unsigned_module_has_a_stable_key() {
    let (one, two) = (unsigned_id(&wasm(TINY)), unsigned_id(&wasm(RICH)));
    assert_eq!(one, unsigned_id(&wasm(TINY)));
    assert_ne!(one, two);
}
