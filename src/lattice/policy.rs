//! What hosts and a policy service say to each other (protocol §9.5).
//!
//! Written so that services of both generations can read it: every text is a string, empty where nothing is
//! known, since some readers take no null. Read leniently: hosts write nulls, and one wrote lists as text.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::wire::{Map, null_default};

/// What a host wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    PerformInvocation,
    StartActor,
    StartProvider,
}

impl Action {
    pub const ALL: [Self; 3] = [
        Self::PerformInvocation,
        Self::StartActor,
        Self::StartProvider,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerformInvocation => "perform_invocation",
            Self::StartActor => "start_actor",
            Self::StartProvider => "start_provider",
        }
    }
}

/// A question of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    #[serde(default, deserialize_with = "null_default")]
    pub request_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub source: Source,
    #[serde(default, deserialize_with = "null_default")]
    pub target: Target,
    pub action: Action,
    #[serde(default, deserialize_with = "null_default")]
    pub host: Host,
}

/// Who calls; blank where something is to be started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    #[serde(deserialize_with = "null_default")]
    pub public_key: String,
    /// Empty for actors; so is the link name.
    #[serde(deserialize_with = "null_default")]
    pub contract_id: String,
    #[serde(deserialize_with = "null_default")]
    pub link_name: String,
    /// Of an actor.
    #[serde(deserialize_with = "list")]
    pub capabilities: Vec<String>,
    #[serde(deserialize_with = "null_default")]
    pub issuer: String,
    /// Seconds since the epoch, as text; empty if unknown.
    #[serde(deserialize_with = "text")]
    pub issued_on: String,
    /// Seconds since the epoch.
    #[serde(deserialize_with = "number")]
    pub expires_at: Option<u64>,
    #[serde(deserialize_with = "null_default")]
    pub expired: bool,
}

/// What is called or started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Target {
    #[serde(deserialize_with = "null_default")]
    pub public_key: String,
    #[serde(deserialize_with = "null_default")]
    pub issuer: String,
    /// Empty for actors; so is the link name.
    #[serde(deserialize_with = "null_default")]
    pub contract_id: String,
    #[serde(deserialize_with = "null_default")]
    pub link_name: String,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Host {
    #[serde(deserialize_with = "null_default")]
    pub public_key: String,
    /// Its cluster key. The newest hosts do not say it.
    #[serde(deserialize_with = "null_default")]
    pub issuer: String,
    #[serde(deserialize_with = "null_default")]
    pub lattice_id: String,
    #[serde(deserialize_with = "null_default")]
    pub labels: Map,
    #[serde(deserialize_with = "list")]
    pub cluster_issuers: Vec<String>,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    #[serde(default, deserialize_with = "null_default")]
    pub request_id: String,
    pub permitted: bool,
    /// Why, for people.
    #[serde(default, deserialize_with = "null_default")]
    pub message: String,
}

/// Takes back a decision. Written with the id under both of its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Of the request that was decided.
    pub request_id: String,
    #[serde(rename = "requestId")]
    request_id_again: String,
    pub permitted: bool,
    pub message: String,
}

impl Revision {
    pub fn new(request_id: String, permitted: bool, message: String) -> Self {
        Self {
            request_id_again: request_id.clone(),
            request_id,
            permitted,
            message,
        }
    }

    /// None where it cannot be understood.
    pub fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Raw {
            request_id: Option<String>,
            #[serde(rename = "requestId")]
            other: Option<String>,
            permitted: bool,
            #[serde(default, deserialize_with = "null_default")]
            message: String,
        }
        let raw: Raw = object(body)?;
        let id = raw.request_id.or(raw.other).filter(|it| !it.is_empty())?;
        Some(Self::new(id, raw.permitted, raw.message))
    }
}

/// The answer to a [`Revision`] from those that wait for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub success: bool,
}

/// A JSON object; structs would also be read from arrays, which nobody means.
pub fn object<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Option<T> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value
        .is_object()
        .then(|| serde_json::from_value(value).ok())?
}

/// A list, or its members in one text.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        List(Vec<String>),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Form::List(it)) => it,
        Some(Form::Text(it)) => {
            let parts = it.split(',').map(str::trim);
            parts
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect()
        }
    })
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => String::new(),
        Value::String(it) => it,
        other => other.to_string(),
    })
}

/// What is no number counts as unknown.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let seconds = value.as_f64().filter(|it| *it >= 0.0);
    // Beyond 2^53 it is no time anyway.
    Ok(value.as_u64().or_else(|| seconds.map(|it| it as u64)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_has_no_null_texts_and_every_field() {
        let request = Request {
            request_id: "id".to_owned(),
            source: Source::default(),
            target: Target::default(),
            action: Action::StartActor,
            host: Host::default(),
        };
        assert_eq!(
            serde_json::to_value(&request).unwrap(),
            json!({
                "requestId": "id",
                "source": {
                    "publicKey": "", "contractId": "", "linkName": "", "capabilities": [],
                    "issuer": "", "issuedOn": "", "expiresAt": null, "expired": false,
                },
                "target": {"publicKey": "", "issuer": "", "contractId": "", "linkName": ""},
                "action": "start_actor",
                "host": {
                    "publicKey": "", "issuer": "", "latticeId": "", "labels": {}, "clusterIssuers": [],
                },
            })
        );
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
        }
    }

    #[test]
    fn requests_of_both_generations_read() {
        let newest = json!({
            "requestId": "r", "action": "perform_invocation",
            "source": {
                "publicKey": "VP", "contractId": "c", "linkName": null, "capabilities": [],
                "issuer": null, "issuedOn": "17", "expiresAt": null, "expired": false,
            },
            "target": {"publicKey": "MA", "issuer": "AB", "contractId": null, "linkName": null},
            "host": {"publicKey": "N", "latticeId": "l", "labels": {"a": "b"}, "clusterIssuers": ["C"]},
        });
        let read: Request = object(newest.to_string().as_bytes()).unwrap();
        assert_eq!(
            (read.source.issued_on.as_str(), read.source.issuer.as_str()),
            ("17", "")
        );
        assert_eq!(read.host.cluster_issuers, ["C"]);
        let older = json!({
            "requestId": "r", "action": "perform_invocation",
            "source": {"publicKey": "MA", "capabilities": "a:b, c:d", "issuedOn": 17, "expiresAt": 18.0},
            "target": {"publicKey": "MB"}, "host": {},
        });
        let read: Request = object(older.to_string().as_bytes()).unwrap();
        assert_eq!(read.source.capabilities, ["a:b", "c:d"]);
        assert_eq!(
            (read.source.issued_on.as_str(), read.source.expires_at),
            ("17", Some(18))
        );
        for bad in ["", "[]", "{}", r#"{"action":"dance"}"#, r#"{"action":7}"#] {
            assert_eq!(object::<Request>(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_revision_is_read_under_either_name_and_written_under_both() {
        let written = serde_json::to_vec(&Revision::new("r".into(), false, "no".into())).unwrap();
        let value: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(
            value,
            json!({"request_id": "r", "requestId": "r", "permitted": false, "message": "no"})
        );
        for body in [
            r#"{"request_id":"r","permitted":false,"message":"no"}"#,
            r#"{"requestId":"r","permitted":false,"message":"no"}"#,
            std::str::from_utf8(&written).unwrap(),
        ] {
            let read = Revision::read(body.as_bytes()).unwrap();
            assert_eq!(read, Revision::new("r".into(), false, "no".into()));
        }
        assert!(Revision::read(br#"{"requestId":"r","permitted":true,"message":null}"#).is_some());
        for bad in [
            "",
            "[]",
            r#"{"requestId":"r"}"#,
            r#"{"permitted":true}"#,
            r#"{"requestId":"r","permitted":"yes"}"#,
        ] {
            assert_eq!(Revision::read(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_decision_needs_its_verdict() {
        let read = |body: &str| object::<Decision>(body.as_bytes());
        assert!(read(r#"{"permitted":true}"#).is_some_and(|it| it.permitted));
        assert!(read(r#"{"permitted":false,"message":null,"requestId":"x"}"#).is_some());
        for bad in [
            r#"{}"#,
            r#"{"permitted":1}"#,
            r#"{"permitted":"true"}"#,
            "[true]",
            "true",
            "{",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
