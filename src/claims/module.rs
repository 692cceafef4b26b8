//! Claims inside a WebAssembly module: embedding, reading, and the three hash rules (protocol §2.3).

use super::ActorMetadata;
use super::jwt::{Token, TokenError};
use super::keys::Seed;

/// A module's claims as read from its token section.
#[derive(Clone, Debug)]
pub struct ModuleClaims {
    pub token: Token<ActorMetadata>,
    /// The token as it stands in the module.
    pub jwt: String,
}

impl ModuleClaims {
    pub fn metadata(&self) -> &ActorMetadata {
        todo!()
    }

    /// The revision hosts compare (protocol §2.2).
    pub fn revision(&self) -> i32 {
        todo!()
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
    let _ = wasm;
    todo!()
}

/// Reads the claims and checks signature, dates at `now` (seconds since the epoch) and module hash.
///
/// # Errors
/// Every variant of [`ModuleError`].
pub fn verify(wasm: &[u8], now: u64) -> Result<ModuleClaims, ModuleError> {
    let _ = (wasm, now);
    todo!()
}

/// Signs a module so that every generation accepts it, replacing earlier claims. The hash in the token's
/// metadata is computed here.
///
/// # Errors
/// [`ModuleError::NotWasm`] or [`ModuleError::Token`].
pub fn sign(
    wasm: &[u8],
    token: Token<ActorMetadata>,
    signer: &Seed,
) -> Result<Vec<u8>, ModuleError> {
    let _ = (wasm, token, signer);
    todo!()
}
