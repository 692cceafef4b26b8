//! Identity and signatures: keys, tokens, and what a signed actor or provider states about itself.
//!
//! Builds on nothing of ours and does not know NATS, wasmtime, the network or settings. Everything but
//! [`keyfile`] is pure: time comes in as a value.

pub mod jwt;
#[cfg(feature = "host")]
pub mod keyfile;
pub mod keys;
#[cfg(feature = "host")]
pub mod module;
pub mod provider;
#[cfg(feature = "host")]
mod section;

use serde::{Deserialize, Serialize};

pub use jwt::{Token, TokenError};
pub use keys::{ActorId, ClusterId, HostId, KeyError, KeyKind, ProviderId, Seed};
pub use provider::{ProviderClaims, ProviderError, Trust};

/// What the `wascap` object of an actor's token states (protocol §2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorMetadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Upper-case hex SHA-256 of the module without its token sections.
    #[serde(rename = "hash", default)]
    pub module_hash: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Contract ids the actor may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caps: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ver: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_alias: Option<String>,
    /// Always false for actors; kept because every reader of the generation expects it.
    #[serde(default)]
    pub prov: bool,
}

/// What the `wascap` object of a provider's token states (protocol §2.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProviderMetadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The contract it serves; empty in claims of later generations, which have none.
    #[serde(default)]
    pub capid: String,
    #[serde(default)]
    pub vendor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ver: Option<String>,
    /// `{arch}-{os}` to the upper-case hex SHA-256 of that library.
    #[serde(default)]
    pub target_hashes: std::collections::BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_schema: Option<serde_json::Value>,
}

/// What the `wascap` object of an account, operator or cluster token states (protocol §2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerMetadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_signers: Option<Vec<String>>,
}

/// What the `wascap` object of an invocation token states (protocol §4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationMetadata {
    pub target_url: String,
    pub origin_url: String,
    pub hash: String,
}
