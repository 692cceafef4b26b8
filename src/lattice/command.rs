//! Bodies of control requests (protocol §6.3–6.7), as [`super::control`] sends them and a host reads them.
//!
//! Read leniently: null or missing annotations are none, and what only some generations send has a default.
//! Written so that every generation can read them. A host checks `host_id` itself; empty means not given.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::wire::{Map, null_default};

/// `count` of a [`ScaleActor`] that does not limit how many calls run at once.
pub const UNBOUNDED: u32 = u32::MAX;

/// `la`: starts an actor by its reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartActor {
    pub actor_ref: String,
    #[serde(default = "one", deserialize_with = "null_is_one")]
    pub count: u32,
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub annotations: Map,
}

/// `sa`: stops an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopActor {
    /// The public key, in spite of its name.
    pub actor_ref: String,
    /// How many instances; 0, or not given, is all.
    #[serde(default, deserialize_with = "null_default")]
    pub count: u32,
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub annotations: Map,
}

/// `scale`: brings an actor to a count, starting or stopping it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleActor {
    /// Public key; empty where the sender knows only the reference.
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub actor_id: String,
    /// Empty where the actor already runs.
    #[serde(default, deserialize_with = "null_default")]
    pub actor_ref: String,
    /// 0 stops; null reads as [`UNBOUNDED`].
    #[serde(default, deserialize_with = "null_is_unbounded")]
    pub count: u32,
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub annotations: Map,
}

/// `upd`: replaces a running actor by a newer revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateActor {
    pub actor_id: String,
    pub new_actor_ref: String,
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub annotations: Map,
}

/// `lp`: starts a provider by its reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartProvider {
    pub provider_ref: String,
    #[serde(
        default = "default_link_name",
        deserialize_with = "null_is_default_link_name"
    )]
    pub link_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    /// Handed to the provider as it is; JSON by custom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<String>,
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub annotations: Map,
}

/// `sp`: stops a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopProvider {
    /// The public key, in spite of its name.
    pub provider_ref: String,
    #[serde(
        default = "default_link_name",
        deserialize_with = "null_is_default_link_name"
    )]
    pub link_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub contract_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    #[serde(
        default,
        deserialize_with = "null_default",
        skip_serializing_if = "Map::is_empty"
    )]
    pub annotations: Map,
}

/// `stop`: stops a host and all that runs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopHost {
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    /// Grace in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
}

/// `linkdefs.del`; the body of a put is a [`super::wire::LinkDefinition`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkDelete {
    pub actor_id: String,
    pub contract_id: String,
    #[serde(
        default = "default_link_name",
        deserialize_with = "null_is_default_link_name"
    )]
    pub link_name: String,
}

/// The body of `get.links` and `get.claims` from those who take a long list in parts. Ours: other hosts read no
/// body, and their lists end where one message does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The key of the last entry that is known; empty at the beginning.
    pub after: Vec<String>,
}

/// `auction.actor`: who could run this actor?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionActor {
    pub actor_ref: String,
    /// Labels a bidder must have; written even when empty, since old hosts need the key.
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Map,
}

/// The answer to [`AuctionActor`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorBid {
    #[serde(default, deserialize_with = "null_default")]
    pub actor_ref: String,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Map,
    pub host_id: String,
}

/// `auction.provider`: who could run this provider under this link name?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionProvider {
    pub provider_ref: String,
    #[serde(
        default = "default_link_name",
        deserialize_with = "null_is_default_link_name"
    )]
    pub link_name: String,
    /// Labels a bidder must have; written even when empty, since old hosts need the key.
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Map,
}

/// The answer to [`AuctionProvider`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderBid {
    #[serde(default, deserialize_with = "null_default")]
    pub provider_ref: String,
    #[serde(default, deserialize_with = "null_default")]
    pub link_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub constraints: Map,
    pub host_id: String,
}

/// `labels.{host}.put` and `.del`; a deletion may leave out the value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub key: String,
    #[serde(default, deserialize_with = "null_default")]
    pub value: String,
}

/// `registries.put`: by registry, in the spelling of whoever sent it (protocol §6.6).
pub type RegistryCredentials = BTreeMap<String, RegistryCredential>;

/// How to log in to a registry. Does not debug-print its secrets.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryCredential {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// `oci` or `bindle`; none is `oci`.
    #[serde(
        rename = "registryType",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub registry_type: Option<String>,
}

impl fmt::Debug for RegistryCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryCredential")
            .field("registry_type", &self.registry_type)
            .finish_non_exhaustive()
    }
}

fn one() -> u32 {
    1
}

fn null_is_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(1))
}

fn null_is_unbounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(UNBOUNDED))
}

fn default_link_name() -> String {
    "default".to_owned()
}

fn null_is_default_link_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(default_link_name))
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    /// `sent` reads, and is written back as `written`.
    fn check<T: DeserializeOwned + Serialize>(sent: Value, written: Value) {
        let value: T = from_value(sent).unwrap();
        assert_eq!(to_value(value).unwrap(), written);
    }

    #[test]
    fn bodies_of_real_clients_read() {
        let start = json!({"actor_ref": "file:///a.wasm", "count": 1, "host_id": "N"});
        check::<StartActor>(start.clone(), start.clone());
        check::<ScaleActor>(start.clone(), start);
        let stop = json!({"actor_ref": "M", "count": 2, "host_id": "N"});
        check::<StopActor>(stop.clone(), stop);
        let scale = json!({"actor_id": "M", "actor_ref": "r", "annotations": {}, "count": 5, "host_id": "N"});
        check::<ScaleActor>(
            scale,
            json!({"actor_id": "M", "actor_ref": "r", "count": 5, "host_id": "N"}),
        );
        let provider = json!({"host_id": "N", "link_name": "default", "provider_ref": "p"});
        check::<StartProvider>(provider.clone(), provider);
        let auction = json!({"actor_ref": "r", "constraints": {}});
        check::<AuctionActor>(auction.clone(), auction);
    }

    #[test]
    fn nulls_and_gaps_have_defaults() {
        let annotated = json!({"actor_ref": "r", "annotations": null, "count": null});
        check::<StartActor>(
            annotated.clone(),
            json!({"actor_ref": "r", "count": 1, "host_id": ""}),
        );
        let scale: ScaleActor = from_value(annotated.clone()).unwrap();
        assert_eq!(scale.count, UNBOUNDED);
        let stop: StopActor = from_value(annotated).unwrap();
        assert_eq!(stop.count, 0);
        let scale: ScaleActor = from_value(json!({"actor_ref": "r"})).unwrap();
        assert_eq!(scale.count, 0);
        check::<StartProvider>(
            json!({"provider_ref": "p", "link_name": null, "configuration": null}),
            json!({"provider_ref": "p", "link_name": "default", "host_id": ""}),
        );
        check::<AuctionProvider>(
            json!({"provider_ref": "p"}),
            json!({"provider_ref": "p", "link_name": "default", "constraints": {}}),
        );
        check::<LinkDelete>(
            json!({"actor_id": "M", "contract_id": "c"}),
            json!({"actor_id": "M", "contract_id": "c", "link_name": "default"}),
        );
    }

    #[test]
    fn counts_that_are_none_are_errors() {
        for count in [
            json!(-1),
            json!("3"),
            json!(1.5),
            json!(u64::MAX),
            json!([]),
        ] {
            let body = json!({"actor_ref": "r", "count": count});
            assert!(from_value::<StartActor>(body.clone()).is_err(), "{body}");
            assert!(from_value::<StopActor>(body.clone()).is_err(), "{body}");
            assert!(from_value::<ScaleActor>(body.clone()).is_err(), "{body}");
        }
        assert!(from_value::<StartActor>(json!({"count": 1})).is_err());
    }

    #[test]
    fn registry_secrets_do_not_debug_print() {
        let body = json!({"ghcr.io": {"username": "me", "password": "s3cret", "token": "t0ken", "registryType": "oci"}});
        let credentials: RegistryCredentials = from_value(body.clone()).unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("ghcr.io") && !shown.contains("s3cret") && !shown.contains("t0ken"));
        assert_eq!(to_value(credentials).unwrap(), body);
    }
}
