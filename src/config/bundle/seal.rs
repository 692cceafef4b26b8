//! Encrypting a bundle: a key from a passphrase (Argon2id), and an authenticated cipher (ChaCha20-Poly1305).

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value, json};
use zeroize::Zeroize as _;

use super::BundleError;
use crate::config::secret::Secret;

/// What a person remembers; does not debug-print.
#[derive(Clone, Debug)]
pub struct Passphrase(pub(super) Secret);

/// What a guess costs: KiB of memory, and passes over it.
const MEMORY: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// The most that a file may ask for, so that a forged one cannot eat the machine.
const MAX_MEMORY: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;

const SALT: usize = 16;
const FIELD: &str = "sealed";

struct Header {
    memory: u32,
    passes: u32,
    salt: Vec<u8>,
    nonce: [u8; NONCE_LEN],
}

pub(super) fn is_sealed(fields: &Map<String, Value>) -> bool {
    fields.contains_key(FIELD)
}

pub(super) fn seal(text: &str, passphrase: &Passphrase) -> Result<Map<String, Value>, BundleError> {
    let random = SystemRandom::new();
    let mut header = Header {
        memory: MEMORY,
        passes: PASSES,
        salt: vec![0; SALT],
        nonce: [0; NONCE_LEN],
    };
    let no_random = |_| BundleError::Seal("the system gives no random numbers");
    random.fill(&mut header.salt).map_err(no_random)?;
    random.fill(&mut header.nonce).map_err(no_random)?;
    let failed = BundleError::Seal("the cipher failed");
    let Some(key) = header.key(passphrase) else {
        return Err(failed);
    };
    let mut bytes = text.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key(header.nonce);
    if key
        .seal_in_place_append_tag(nonce, Aad::from(header.bound()), &mut bytes)
        .is_err()
    {
        return Err(failed);
    }
    let sealed = json!({
        "key": "argon2id",
        "memory_kib": header.memory,
        "passes": header.passes,
        "salt": BASE64.encode(&header.salt),
        "cipher": "chacha20-poly1305",
        "nonce": BASE64.encode(&header.nonce),
        "text": BASE64.encode(&bytes),
    });
    Ok(Map::from_iter([(FIELD.to_owned(), sealed)]))
}

/// None if it is not in this form; none within if the passphrase is wrong or a byte was changed.
pub(super) fn open(fields: &Map<String, Value>, passphrase: &Passphrase) -> Option<Option<String>> {
    let sealed = fields.get(FIELD)?;
    let text = |name: &str| sealed.get(name)?.as_str();
    let number = |name: &str, max: u32| {
        let number = u32::try_from(sealed.get(name)?.as_u64()?).ok()?;
        (1..=max).contains(&number).then_some(number)
    };
    let bytes = |name: &str| BASE64.decode(text(name)?.as_bytes()).ok();
    if text("key") != Some("argon2id") || text("cipher") != Some("chacha20-poly1305") {
        return None;
    }
    let header = Header {
        memory: number("memory_kib", MAX_MEMORY)?,
        passes: number("passes", MAX_PASSES)?,
        salt: bytes("salt").filter(|it| (8..=64).contains(&it.len()))?,
        nonce: bytes("nonce")?.try_into().ok()?,
    };
    let mut content = bytes("text")?;
    let key = header.key(passphrase)?;
    let nonce = Nonce::assume_unique_for_key(header.nonce);
    let opened = key.open_in_place(nonce, Aad::from(header.bound()), &mut content);
    Some(
        opened
            .ok()
            .and_then(|it| String::from_utf8(it.to_vec()).ok()),
    )
}

impl Header {
    /// What is not encrypted but cannot be changed either.
    fn bound(&self) -> Vec<u8> {
        let mut bound = b"wash bundle 1".to_vec();
        bound.extend(self.memory.to_le_bytes());
        bound.extend(self.passes.to_le_bytes());
        bound.extend(&self.salt);
        bound
    }

    fn key(&self, passphrase: &Passphrase) -> Option<LessSafeKey> {
        let params = Params::new(self.memory, self.passes, 1, None).ok()?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut key = [0; 32];
        let made = argon.hash_password_into(passphrase.0.reveal().as_bytes(), &self.salt, &mut key);
        let sealing = UnboundKey::new(&CHACHA20_POLY1305, &key).ok();
        key.zeroize();
        made.ok()?;
        sealing.map(LessSafeKey::new)
    }
}
