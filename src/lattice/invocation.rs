//! Making, signing and checking invocations (protocol §4.4, §4.5). Pure: time comes in as a value.

use bytes::Bytes;

use super::wire::{Entity, Invocation};
use crate::claims::{HostId, Seed};

/// Who we are towards the lattice: the key we sign with and the issuers we accept.
#[derive(Clone, Debug)]
pub struct Identity {
    pub host: HostId,
    /// The cluster seed.
    pub signer: Seed,
    /// Public cluster keys whose invocations we accept; holds our own.
    pub issuers: Vec<String>,
}

/// Why an invocation was refused; the texts are those of the generation (protocol §4.5).
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("Failed to deserialize invocation")]
    Undecodable,
    #[error("Invocation claims token expired")]
    Expired,
    #[error("Invocation claims signature invalid")]
    BadSignature,
    #[error("Attempt to use invocation before claims token allows")]
    NotYet,
    #[error("No wascap metadata found on claims")]
    NoMetadata,
    #[error("Invocation hash does not match signed claims hash ({computed} / {signed})")]
    HashMismatch { computed: String, signed: String },
    #[error("Invalid host ID on invocation: '{0}'")]
    BadHost(String),
    #[error("Issuer of this invocation is not among the list of valid issuers")]
    UnknownIssuer,
    #[error("Invocation claims and invocation target URL do not match")]
    TargetMismatch,
    #[error("Invocation claims and invocation origin URL do not match")]
    OriginMismatch,
}

/// A signed invocation with its whole payload in `msg`.
pub fn make(
    identity: &Identity,
    origin: Entity,
    target: Entity,
    operation: &str,
    payload: Bytes,
    now: u64,
) -> Invocation {
    let _ = (identity, origin, target, operation, payload, now);
    todo!()
}

/// Checks an invocation whose payload has been fetched if it was chunked.
///
/// # Errors
/// The first check that fails, in the order of protocol §4.5.
pub fn check(invocation: &Invocation, issuers: &[String], now: u64) -> Result<(), Refusal> {
    let _ = (invocation, issuers, now);
    todo!()
}
