//! What is known of an actor or provider, in the shapes that peers read (protocol §7.2, §8).

use std::sync::Arc;

use serde_json::{Value, json};

use crate::claims::ActorId;
use crate::lattice::wire::Map;

/// What an actor's claims state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ActorFacts {
    pub(super) key: ActorId,
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) revision: i32,
    pub(super) version: String,
    pub(super) alias: String,
    /// Contract ids it may use.
    pub(super) caps: Arc<[String]>,
    pub(super) tags: Vec<String>,
    /// False for a module without claims, run under `allow_unsigned`.
    pub(super) signed: bool,
    /// `__wasmbus_rpc_version` of the module.
    pub(super) api_version: i32,
    pub(super) not_before_human: String,
    pub(super) expires_human: String,
}

impl ActorFacts {
    /// The claims record in shared state.
    pub(super) fn record(&self) -> Map {
        record([
            ("call_alias", self.alias.clone()),
            ("caps", self.caps.join(",")),
            ("iss", self.issuer.clone()),
            ("name", self.name.clone()),
            ("rev", self.revision.to_string()),
            ("sub", self.key.to_string()),
            ("tags", self.tags.join(",")),
            ("version", self.version.clone()),
        ])
    }

    /// `claims` of events.
    pub(super) fn claims(&self) -> Value {
        let alias = Some(&self.alias).filter(|it| !it.is_empty());
        json!({
            "call_alias": alias,
            "caps": *self.caps,
            "issuer": self.issuer,
            "tags": self.tags,
            "name": self.name,
            "version": self.version,
            "revision": self.revision,
            "not_before_human": self.not_before_human,
            "expires_human": self.expires_human,
        })
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
}

impl ProviderFacts {
    /// The claims record in shared state. Without `tags`, which would make it an actor's to some readers.
    pub(super) fn record(&self) -> Map {
        record([
            ("call_alias", String::new()),
            ("caps", String::new()),
            ("contract_id", self.contract.clone()),
            ("iss", self.issuer.clone()),
            ("name", self.name.clone()),
            ("rev", self.revision.to_string()),
            ("sub", self.key.clone()),
            ("version", self.version.clone()),
        ])
    }

    /// `claims` of events.
    pub(super) fn claims(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "tags": null,
            "name": self.name,
            "version": self.version,
            "not_before_human": "immediately",
            "expires_human": "never",
        })
    }
}

fn record<const N: usize>(entries: [(&str, String); N]) -> Map {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// A record of shared state as `get.claims` gives it: every entry under its old and its new name.
pub(super) fn both_spellings(record: &Map) -> Map {
    const NAMES: [(&str, &str); 4] = [
        ("caps", "capabilities"),
        ("iss", "issuer"),
        ("rev", "revision"),
        ("sub", "subject"),
    ];
    let mut all = record.clone();
    for (old, new) in NAMES {
        match (record.get(old), record.get(new)) {
            (Some(value), None) => all.insert(new.to_owned(), value.clone()),
            (None, Some(value)) => all.insert(old.to_owned(), value.clone()),
            _ => None,
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> ProviderFacts {
        ProviderFacts {
            key: "VP".to_owned(),
            name: "HTTP Server".to_owned(),
            contract: "wasmcloud:httpserver".to_owned(),
            issuer: "CC".to_owned(),
            revision: 1,
            version: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn a_provider_record_is_no_actor_record() {
        let record = provider().record();
        assert!(!record.contains_key("tags"));
        assert_eq!(record["call_alias"], "");
        assert_eq!(record["rev"], "1");
    }

    #[test]
    fn queries_see_both_spellings() {
        let all = both_spellings(&provider().record());
        for (key, value) in [
            ("iss", "CC"),
            ("issuer", "CC"),
            ("rev", "1"),
            ("revision", "1"),
            ("sub", "VP"),
            ("subject", "VP"),
            ("caps", ""),
            ("capabilities", ""),
        ] {
            assert_eq!(all[key], value, "{key}");
        }
        let new: Map = [("capabilities".to_owned(), "a,b".to_owned())].into();
        assert_eq!(both_spellings(&new)["caps"], "a,b");
    }
}
