//! What a host asks the config service, and what it is told to start (protocol §9.4).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::command::{RegistryCredential, RegistryCredentials};
use super::wire::{Map, null_default};

/// The question of a host that starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    #[serde(default, deserialize_with = "null_default")]
    pub labels: Map,
}

/// The answer. Passwords are not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Supplement {
    pub auto_start_providers: Vec<AutoProvider>,
    /// References.
    pub auto_start_actors: Vec<String>,
    pub registry_credentials: RegistryCredentials,
}

/// A provider to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoProvider {
    pub image_reference: String,
    #[serde(default = "default_link_name")]
    pub link_name: String,
}

/// Something in an answer that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// `autoStartActors[2]`.
    pub part: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not as it should be", self.part)
    }
}

impl Supplement {
    /// What can be used of an answer, and what cannot. None if it is no answer at all.
    pub fn read(body: &[u8]) -> Option<(Self, Vec<Unusable>)> {
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else {
            return None;
        };
        let mut read = Self::default();
        let mut unusable = Vec::new();
        let mut list = |name: &str, unusable: &mut Vec<Unusable>| match fields.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(it)) => it,
            Some(_) => {
                unusable.push(Unusable {
                    part: name.to_owned(),
                });
                Vec::new()
            }
        };
        let providers = list(PROVIDERS, &mut unusable);
        let actors = list(ACTORS, &mut unusable);
        for (index, value) in providers.into_iter().enumerate() {
            match serde_json::from_value(value) {
                Ok(it) => read.auto_start_providers.push(it),
                Err(_) => unusable.push(Unusable {
                    part: format!("{PROVIDERS}[{index}]"),
                }),
            }
        }
        for (index, value) in actors.into_iter().enumerate() {
            match value {
                Value::String(it) => read.auto_start_actors.push(it),
                _ => unusable.push(Unusable {
                    part: format!("{ACTORS}[{index}]"),
                }),
            }
        }
        match fields.remove(CREDENTIALS) {
            None | Some(Value::Null) => {}
            Some(Value::Object(entries)) => {
                for (registry, value) in entries {
                    match serde_json::from_value::<RegistryCredential>(value) {
                        Ok(it) => {
                            read.registry_credentials.insert(registry, it);
                        }
                        // Its name is no secret.
                        Err(_) => unusable.push(Unusable {
                            part: format!("{CREDENTIALS}[{registry}]"),
                        }),
                    }
                }
            }
            Some(_) => unusable.push(Unusable {
                part: CREDENTIALS.to_owned(),
            }),
        }
        Some((read, unusable))
    }
}

const PROVIDERS: &str = "autoStartProviders";
const ACTORS: &str = "autoStartActors";
const CREDENTIALS: &str = "registryCredentials";

fn default_link_name() -> String {
    "default".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let supplement = Supplement {
            auto_start_providers: vec![AutoProvider {
                image_reference: "reg.io/p:1".to_owned(),
                link_name: "front".to_owned(),
            }],
            auto_start_actors: vec!["reg.io/a:1".to_owned()],
            registry_credentials: [(
                "reg.io".to_owned(),
                RegistryCredential {
                    username: Some("ann".to_owned()),
                    password: Some("hunter2".to_owned()),
                    ..RegistryCredential::default()
                },
            )]
            .into(),
        };
        let value = serde_json::to_value(&supplement).unwrap();
        let expected = json!({
            "autoStartProviders": [{"imageReference": "reg.io/p:1", "linkName": "front"}],
            "autoStartActors": ["reg.io/a:1"],
            "registryCredentials": {"reg.io": {"username": "ann", "password": "hunter2"}},
        });
        assert_eq!(value, expected);
        let read = Supplement::read(value.to_string().as_bytes()).unwrap();
        assert_eq!(read, (supplement.clone(), Vec::new()));
        assert!(!format!("{supplement:?}").contains("hunter2"));
    }

    #[test]
    fn a_bad_part_spoils_no_other() {
        let body = json!({
            "autoStartProviders": [{"linkName": "x"}, {"imageReference": "p"}, 7],
            "autoStartActors": [null, "a"],
            "registryCredentials": {"one": 1, "two": {"token": "t"}},
        });
        let (read, unusable) = Supplement::read(body.to_string().as_bytes()).unwrap();
        assert_eq!(read.auto_start_providers.len(), 1);
        assert_eq!(read.auto_start_providers[0].link_name, "default");
        assert_eq!(read.auto_start_actors, ["a"]);
        assert_eq!(read.registry_credentials.len(), 1);
        let parts: Vec<_> = unusable.iter().map(|it| it.part.as_str()).collect();
        assert_eq!(
            parts,
            [
                "autoStartProviders[0]",
                "autoStartProviders[2]",
                "autoStartActors[0]",
                "registryCredentials[one]"
            ]
        );
        let nothing = br#"{"autoStartProviders": null, "autoStartActors": 1}"#;
        let (read, unusable) = Supplement::read(nothing).unwrap();
        assert_eq!((read, unusable.len()), (Supplement::default(), 1));
        for bad in [&b""[..], b"[]", b"null", b"\xff", b"{"] {
            assert_eq!(Supplement::read(bad), None);
        }
    }
}
