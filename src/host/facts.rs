//! What is known of an actor or provider, in the shapes that peers read (protocol §7.2, §8).

use std::sync::Arc;

use serde_json::Value;

use super::import::Caps;
use crate::claims::{ActorId, ActorMetadata, ProviderClaims, ProviderMetadata, Token};
use crate::lattice::event::data;
use crate::lattice::record;
use crate::lattice::wire::Map;

/// What is known of an actor once its module is loaded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ActorFacts {
    pub(super) key: ActorId,
    /// Its claims; for a module without any, what stands in for them.
    pub(super) token: Token<ActorMetadata>,
    /// The revision that hosts compare.
    pub(super) revision: i32,
    /// False for a module without claims, run under `allow_unsigned`.
    pub(super) signed: bool,
    /// `claims` of events, as of when the module was loaded.
    pub(super) claims: Value,
}

impl ActorFacts {
    pub(super) fn name(&self) -> String {
        self.metadata(|it| it.name.clone()).unwrap_or_default()
    }

    /// Which contracts the actor may use.
    pub(super) fn caps(&self) -> Caps {
        if self.signed {
            Caps::Listed(Arc::from(self.listed()))
        } else {
            Caps::All
        }
    }

    /// The claims record in shared state.
    pub(super) fn record(&self) -> Map {
        record::actor_claims_record(&self.token)
    }

    /// The contract ids it states, without the empty ones that some signers write.
    fn listed(&self) -> Vec<String> {
        let mut caps = self.metadata(|it| it.caps.clone()).unwrap_or_default();
        caps.retain(|it| !it.is_empty());
        caps
    }

    fn metadata<T>(&self, field: impl FnOnce(&ActorMetadata) -> Option<T>) -> Option<T> {
        self.token.metadata.as_ref().and_then(field)
    }
}

/// What is stated about a provider.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ProviderFacts {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) contract: String,
    pub(super) issuer: String,
    pub(super) revision: i32,
    pub(super) version: String,
    /// What its archive says about dates; nothing for what is built in.
    pub(super) dates: Dates,
}

/// When claims hold, in seconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dates {
    pub(super) not_before: Option<u64>,
    pub(super) expires: Option<u64>,
    /// When they were read.
    pub(super) read_at: u64,
}

impl ProviderFacts {
    /// What an archive states, read at `now`.
    pub(super) fn of(claims: &ProviderClaims, now: u64) -> Self {
        let (token, metadata) = (&claims.token, claims.metadata());
        Self {
            key: token.subject.clone(),
            name: metadata.name.clone().unwrap_or_default(),
            contract: metadata.capid.clone(),
            issuer: token.issuer.clone(),
            revision: claims.revision(),
            version: metadata.ver.clone().unwrap_or_default(),
            dates: Dates {
                not_before: token.not_before,
                expires: token.expires,
                read_at: now,
            },
        }
    }

    /// The claims record in shared state.
    pub(super) fn record(&self) -> Map {
        record::provider_claims_record(&self.token())
    }

    /// `claims` of events.
    pub(super) fn claims(&self) -> Value {
        data::provider_claims(&self.token(), self.dates.read_at)
    }

    /// What a provider archive would state; nobody needs it signed.
    fn token(&self) -> Token<ProviderMetadata> {
        Token {
            expires: self.dates.expires,
            id: String::new(),
            issued_at: 0,
            issuer: self.issuer.clone(),
            subject: self.key.clone(),
            not_before: self.dates.not_before,
            metadata: Some(ProviderMetadata {
                name: Some(self.name.clone()),
                capid: self.contract.clone(),
                rev: Some(self.revision),
                ver: Some(self.version.clone()),
                ..ProviderMetadata::default()
            }),
            revision: None,
        }
    }
}

/// A claims record of shared state as `get.claims` gives it: each name also in the spelling of newer hosts.
pub(super) fn both_spellings(record: &Map) -> Map {
    let mut all = record.clone();
    for (short, long) in [
        ("caps", "capabilities"),
        ("iss", "issuer"),
        ("rev", "revision"),
        ("sub", "subject"),
    ] {
        if let Some(value) = record.get(short) {
            all.insert(long.to_owned(), value.clone());
        }
    }
    // Newer hosts name it for every provider.
    if record.get("contract_id").is_some_and(|it| !it.is_empty()) {
        all.entry("config_schema".to_owned()).or_default();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_has_no_tags_and_both_spellings() {
        let provider = ProviderFacts {
            key: "VP".to_owned(),
            name: "HTTP Server".to_owned(),
            contract: "wasmcloud:httpserver".to_owned(),
            issuer: "CC".to_owned(),
            revision: 1,
            version: "0.1.0".to_owned(),
            dates: Dates::default(),
        };
        let all = both_spellings(&provider.record());
        for (key, value) in [
            ("call_alias", ""),
            ("iss", "CC"),
            ("issuer", "CC"),
            ("rev", "1"),
            ("revision", "1"),
            ("sub", "VP"),
            ("subject", "VP"),
            ("caps", ""),
            ("capabilities", ""),
            ("config_schema", ""),
        ] {
            assert_eq!(all[key], value, "{key}");
        }
        assert!(!all.contains_key("tags"));
    }
}
