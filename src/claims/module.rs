//! Claims inside a WebAssembly module: embedding, reading, and the three hash rules (protocol §2.3).
//!
//! Signers wrote their tokens into two different sections and hashed three different serialisations. What is
//! written here satisfies all of them; what is read here may come from any of them.

use sha2::{Digest, Sha256};
use wasm_encoder::{CustomSection, Section};

use super::ActorMetadata;
use super::jwt::{self, Token, TokenError};
use super::keys::{ActorId, Seed};
use super::section::{self, Binary, NEW_TOKEN, OLD_TOKEN, TokenSection};

/// A module's claims as read from its token section.
#[derive(Clone, Debug)]
pub struct ModuleClaims {
    /// Has metadata: a token without is refused when it is read.
    pub token: Token<ActorMetadata>,
    /// The token as it stands in the module.
    pub jwt: String,
}

impl ModuleClaims {
    pub fn metadata(&self) -> &ActorMetadata {
        static EMPTY: ActorMetadata = ActorMetadata {
            name: None,
            module_hash: String::new(),
            tags: None,
            caps: None,
            rev: None,
            ver: None,
            call_alias: None,
            prov: false,
        };
        self.token.metadata.as_ref().unwrap_or(&EMPTY)
    }

    /// The revision hosts compare (protocol §2.2).
    pub fn revision(&self) -> i32 {
        self.token.effective_revision(self.metadata().rev)
    }

    /// Contract ids the actor may use, without the empty ones that some signers write.
    pub fn caps(&self) -> impl Iterator<Item = &str> {
        let caps = self.metadata().caps.iter().flatten();
        caps.map(String::as_str).filter(|it| !it.is_empty())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    #[error("not a WebAssembly module: {0}")]
    NotWasm(String),
    #[error("the module is not signed")]
    Unsigned,
    #[error("the module was changed after it was signed")]
    HashMismatch,
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Reads the claims without checking them; none if the module is not signed.
///
/// # Errors
/// [`ModuleError::NotWasm`] or [`ModuleError::Token`].
pub fn read(wasm: &[u8]) -> Result<Option<ModuleClaims>, ModuleError> {
    match parse(wasm)?.tokens().first() {
        Some(section) => Ok(Some(claims(section)?)),
        None => Ok(None),
    }
}

/// Reads the claims and checks signature, dates at `now` (seconds since the epoch) and module hash. If several
/// tokens stand in the module, the first that passes counts.
///
/// # Errors
/// Every variant of [`ModuleError`].
pub fn verify(wasm: &[u8], now: u64) -> Result<ModuleClaims, ModuleError> {
    let binary = parse(wasm)?;
    let mut first = None;
    for section in binary.tokens() {
        match check(&binary, &section, now) {
            Ok(claims) => return Ok(claims),
            Err(error) => first = first.or(Some(error)),
        }
    }
    Err(first.unwrap_or(ModuleError::Unsigned))
}

/// Everything that [`verify`] would hold against the claims that [`read`] finds; empty if they are good.
///
/// # Errors
/// As [`read`], and [`ModuleError::Unsigned`].
pub fn problems(wasm: &[u8], now: u64) -> Result<Vec<ModuleError>, ModuleError> {
    let binary = parse(wasm)?;
    let section = *binary.tokens().first().ok_or(ModuleError::Unsigned)?;
    let claims = claims(&section)?;
    let mut found = Vec::new();
    if !hash_matches(&binary, &section, &claims.metadata().module_hash) {
        found.push(ModuleError::HashMismatch);
    }
    if let Err(error) = jwt::verify::<ActorMetadata>(&claims.jwt, now) {
        found.push(error.into());
    }
    Ok(found)
}

/// Signs a module so that every generation accepts it, replacing earlier claims. The hash in the token's
/// metadata is computed here. Components are signed for those generations that know them.
///
/// # Errors
/// [`ModuleError::NotWasm`] or [`ModuleError::Token`], which is [`TokenError::BadSignature`] if `signer` is not
/// the token's issuer.
pub fn sign(
    wasm: &[u8],
    mut token: Token<ActorMetadata>,
    signer: &Seed,
) -> Result<Vec<u8>, ModuleError> {
    if token.issuer != signer.public() {
        return Err(TokenError::BadSignature.into());
    }
    let binary = parse(wasm)?;
    let mut output = binary.rebuild();
    if !binary.is_component()
        && let Some(minimal) = section::minimal_module(&output)
    {
        output = minimal;
    }
    token.metadata.get_or_insert_default().module_hash = hash(&[&output]);
    // A token that states its revision is held to that revision's hash rule, and to no other.
    token.revision = None;
    let jwt = jwt::encode(&token, signer)?;
    CustomSection {
        name: OLD_TOKEN.into(),
        data: jwt.as_bytes().into(),
    }
    .append_to(&mut output);
    Ok(output)
}

/// A stable key for a module without claims, on hosts that allow those. Anybody can derive its seed, so nothing
/// may be trusted for carrying it.
pub fn unsigned_id(wasm: &[u8]) -> ActorId {
    let digest: [u8; 32] = Sha256::digest(wasm).into();
    let pair = nkeys::KeyPair::new_from_raw(nkeys::KeyPairType::Module, digest)
        .expect("any 32 bytes are a key");
    ActorId::parse(&pair.public_key()).expect("a module's public key")
}

fn parse(wasm: &[u8]) -> Result<Binary<'_>, ModuleError> {
    Binary::parse(wasm).map_err(ModuleError::NotWasm)
}

fn claims(section: &TokenSection<'_>) -> Result<ModuleClaims, ModuleError> {
    let malformed = |reason: &str| TokenError::Malformed(reason.to_owned());
    let jwt = std::str::from_utf8(section.text).map_err(|_| malformed("it is not text"))?;
    let token: Token<ActorMetadata> = jwt::decode(jwt)?;
    if token.metadata.is_none() {
        return Err(malformed("it says nothing about a module").into());
    }
    Ok(ModuleClaims {
        token,
        jwt: jwt.trim().to_owned(),
    })
}

fn check(
    binary: &Binary<'_>,
    section: &TokenSection<'_>,
    now: u64,
) -> Result<ModuleClaims, ModuleError> {
    let claims = claims(section)?;
    jwt::verify::<ActorMetadata>(&claims.jwt, now)?;
    if hash_matches(binary, section, &claims.metadata().module_hash) {
        Ok(claims)
    } else {
        Err(ModuleError::HashMismatch)
    }
}

/// Modules of every generation match one of these; some hosts let a mismatch pass for some revisions, and that
/// is no reason to.
fn hash_matches(binary: &Binary<'_>, section: &TokenSection<'_>, wanted: &str) -> bool {
    let as_it_stands = || hash(&binary.cut_out(&[OLD_TOKEN, NEW_TOKEN])) == wanted;
    // The oldest signer does not know the new section and hashes it with the rest.
    let oldest = || section.name == OLD_TOKEN && hash(&binary.cut_out(&[OLD_TOKEN])) == wanted;
    let rebuilt = || hash(&[&binary.rebuild()]) == wanted;
    as_it_stands() || oldest() || rebuilt()
}

/// Upper-case hex, as tokens have it.
fn hash(pieces: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece);
    }
    data_encoding::HEXUPPER.encode(&hasher.finalize())
}

#[cfg(test)]
mod tests;
