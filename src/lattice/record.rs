//! Claims as the lattice stores and tells them (protocol §6.2, §7.2): flat strings under short names.
//!
//! The shape we write is the one that every reader of the generation takes: short names only, all values
//! strings, and no `tags` for providers, since that is how hosts of 0.82 tell actors from providers.

use serde_json::Value;

use super::wire::Map;
use crate::claims::{ActorMetadata, KeyKind, ProviderMetadata, Token};

/// Long names of the newest hosts, and ours.
const ALIASES: [(&str, &str); 4] = [
    ("capabilities", "caps"),
    ("issuer", "iss"),
    ("revision", "rev"),
    ("subject", "sub"),
];

/// What the lattice keeps of an actor's token.
pub fn actor_claims_record(token: &Token<ActorMetadata>) -> Map {
    let metadata = token.metadata.as_ref();
    let text = |field: fn(&ActorMetadata) -> &Option<String>| {
        metadata
            .and_then(|it| field(it).clone())
            .unwrap_or_default()
    };
    let list = |field: fn(&ActorMetadata) -> &Option<Vec<String>>| {
        metadata
            .and_then(|it| field(it).as_ref())
            .map(|it| joined(it))
            .unwrap_or_default()
    };
    record([
        ("call_alias", text(|it| &it.call_alias)),
        ("caps", list(|it| &it.caps)),
        ("contract_id", String::new()),
        ("iss", token.issuer.clone()),
        ("name", text(|it| &it.name)),
        ("rev", revision(metadata.and_then(|it| it.rev))),
        ("sub", token.subject.clone()),
        ("tags", list(|it| &it.tags)),
        ("version", text(|it| &it.ver)),
    ])
}

/// What the lattice keeps of a provider's token.
pub fn provider_claims_record(token: &Token<ProviderMetadata>) -> Map {
    let metadata = token.metadata.as_ref();
    let text = |field: fn(&ProviderMetadata) -> &Option<String>| {
        metadata
            .and_then(|it| field(it).clone())
            .unwrap_or_default()
    };
    let mut record = record([
        ("call_alias", String::new()),
        ("caps", String::new()),
        (
            "contract_id",
            metadata.map(|it| it.capid.clone()).unwrap_or_default(),
        ),
        ("iss", token.issuer.clone()),
        ("name", text(|it| &it.name)),
        ("rev", revision(metadata.and_then(|it| it.rev))),
        ("sub", token.subject.clone()),
        ("version", text(|it| &it.ver)),
    ]);
    if let Some(schema) = metadata.and_then(|it| it.config_schema.as_ref()) {
        record.insert("config_schema".to_owned(), schema.to_string());
    }
    record
}

/// Values as strings: lists joined by commas, null left out, anything else in its JSON text.
pub fn flat(object: serde_json::Map<String, Value>) -> Map {
    object
        .into_iter()
        .filter_map(|(name, value)| Some((name, flat_value(value)?)))
        .collect()
}

/// A stored record of any generation, about `public_key`, under short names. Where a record has both names,
/// the short one counts.
pub fn normalized(public_key: &str, object: serde_json::Map<String, Value>) -> Map {
    let mut record = flat(object);
    for (long, short) in ALIASES {
        if let Some(value) = record.remove(long) {
            record.entry(short.to_owned()).or_insert(value);
        }
    }
    record
        .entry("sub".to_owned())
        .or_insert_with(|| public_key.to_owned());
    record
}

/// A record of the oldest hosts, under short names, with what later readers insist on.
pub fn completed(public_key: &str, mut record: Map) -> Map {
    for name in [
        "call_alias",
        "caps",
        "contract_id",
        "iss",
        "name",
        "version",
    ] {
        record.entry(name.to_owned()).or_default();
    }
    if record.get("rev").is_none_or(String::is_empty) {
        record.insert("rev".to_owned(), revision(None));
    }
    if public_key.starts_with(KeyKind::Service.letter()) {
        record.remove("tags");
    } else {
        record.entry("tags".to_owned()).or_default();
    }
    record
}

fn flat_value(value: Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) => text,
        Value::Array(items) => {
            joined(&items.into_iter().filter_map(flat_value).collect::<Vec<_>>())
        }
        other => other.to_string(),
    })
}

/// Real tokens carry lists with one empty string; that is an empty list.
fn joined(items: &[String]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(String::as_str)
        .filter(|it| !it.is_empty())
        .collect();
    items.join(",")
}

fn revision(rev: Option<i32>) -> String {
    rev.unwrap_or_default().to_string()
}

fn record<const N: usize>(fields: [(&str, String); N]) -> Map {
    fields.map(|(name, value)| (name.to_owned(), value)).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> serde_json::Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn map(value: Value) -> Map {
        serde_json::from_value(value).unwrap()
    }

    fn token<T>(metadata: Option<T>) -> Token<T> {
        Token {
            expires: None,
            id: "J".to_owned(),
            issued_at: 1,
            issuer: "AI".to_owned(),
            subject: "S".to_owned(),
            not_before: None,
            metadata,
            revision: None,
        }
    }

    #[test]
    fn an_actor_is_written_as_hosts_of_0_78_do() {
        let echo = token(Some(ActorMetadata {
            name: Some("Echo".to_owned()),
            caps: Some(vec![
                "wasmcloud:httpserver".to_owned(),
                "wasmcloud:logging".to_owned(),
            ]),
            tags: Some(Vec::new()),
            rev: Some(4),
            ver: Some("0.3.4".to_owned()),
            ..ActorMetadata::default()
        }));
        assert_eq!(
            actor_claims_record(&echo),
            map(json!({
                "call_alias": "", "caps": "wasmcloud:httpserver,wasmcloud:logging", "contract_id": "", "iss": "AI",
                "name": "Echo", "rev": "4", "sub": "S", "tags": "", "version": "0.3.4",
            }))
        );
        let bare = actor_claims_record(&token(None));
        assert_eq!((bare["rev"].as_str(), bare["version"].as_str()), ("0", ""));
    }

    #[test]
    fn a_provider_has_no_tags() {
        let provider = token(Some(ProviderMetadata {
            name: Some("HTTP Server".to_owned()),
            capid: "wasmcloud:httpserver".to_owned(),
            rev: Some(1),
            config_schema: Some(json!({"type": "object"})),
            ..ProviderMetadata::default()
        }));
        assert_eq!(
            provider_claims_record(&provider),
            map(json!({
                "call_alias": "", "caps": "", "contract_id": "wasmcloud:httpserver", "iss": "AI", "name": "HTTP Server",
                "rev": "1", "sub": "S", "version": "", "config_schema": "{\"type\":\"object\"}",
            }))
        );
    }

    #[test]
    fn every_generation_reads_alike() {
        let old = json!({
            "call_alias": "a/b", "caps": "x,y", "contract_id": "", "iss": "AI", "name": "n", "rev": "4", "sub": "M",
            "tags": "", "version": "1",
        });
        let new = json!({
            "call_alias": "a/b", "capabilities": ["x", "y"], "issuer": "AI", "name": "n", "revision": 4, "subject": "M",
            "tags": [""], "version": "1", "contract_id": "", "extra": null,
        });
        assert_eq!(normalized("M", object(old.clone())), map(old.clone()));
        assert_eq!(normalized("M", object(new)), map(old));
        let both = json!({"rev": "1", "revision": "2"});
        assert_eq!(
            normalized("V", object(both)),
            map(json!({"rev": "1", "sub": "V"}))
        );
    }

    #[test]
    fn old_records_are_completed() {
        let old = || map(json!({"iss": "AI", "rev": "", "tags": "", "sub": "X"}));
        let actor = json!({
            "call_alias": "", "caps": "", "contract_id": "", "iss": "AI", "name": "", "rev": "0", "sub": "X", "tags": "",
            "version": "",
        });
        let mut provider = actor.clone();
        provider.as_object_mut().unwrap().remove("tags");
        assert_eq!(completed("MX", old()), map(actor));
        assert_eq!(completed("VX", old()), map(provider));
    }
}
