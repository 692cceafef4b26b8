//! What travels: invocations, links, inventories, control requests and acknowledgements.
//!
//! These types belong to the wire (protocol §4, §6, §11): field names are what peers of 2022–2024 read and
//! write. Everything here reads leniently (missing, null and extra fields) and writes the union of what
//! readers need.

mod codec;
pub(crate) mod payload;

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use codec::{WireError, decode, encode};

/// Labels, annotations, link values.
pub type Map = BTreeMap<String, String>;

/// One end of an invocation. Actors have empty `link_name` and `contract_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entity {
    #[serde(default, deserialize_with = "null_default")]
    pub public_key: String,
    #[serde(default, deserialize_with = "null_default")]
    pub link_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub contract_id: String,
}

impl Entity {
    pub fn actor(public_key: impl Into<String>) -> Self {
        Self {
            public_key: public_key.into(),
            ..Self::default()
        }
    }

    pub fn provider(
        public_key: impl Into<String>,
        contract_id: impl Into<String>,
        link_name: impl Into<String>,
    ) -> Self {
        Self {
            public_key: public_key.into(),
            link_name: link_name.into(),
            contract_id: contract_id.into(),
        }
    }

    /// Actors are named by an `M` key and nothing else.
    pub fn is_actor(&self) -> bool {
        self.link_name.is_empty() && self.contract_id.is_empty()
    }
}

/// As people read it in errors: the key, and of a provider the link name.
impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.public_key)?;
        if self.is_actor() {
            return Ok(());
        }
        write!(f, " (link '{}')", self.link_name)
    }
}

/// A signed call from one entity to another (protocol §4.2). Field order is that of real peers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    pub origin: Entity,
    pub target: Entity,
    pub operation: String,
    #[serde(with = "payload", default)]
    pub msg: Bytes,
    #[serde(default, deserialize_with = "null_default")]
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub encoded_claims: String,
    #[serde(default, deserialize_with = "null_default")]
    pub host_id: String,
    /// Length of the whole payload; above `msg.len()` when it travels through the object store.
    #[serde(default)]
    pub content_length: Option<u64>,
    #[serde(rename = "traceContext", default, deserialize_with = "null_default")]
    pub trace_context: Map,
}

/// The answer to an [`Invocation`] (protocol §4.3).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InvocationResponse {
    #[serde(with = "payload", default)]
    pub msg: Bytes,
    #[serde(default, deserialize_with = "null_default")]
    pub invocation_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default)]
    pub content_length: Option<u64>,
    #[serde(rename = "traceContext", default, deserialize_with = "null_default")]
    pub trace_context: Map,
}

/// A link between an actor and a provider (protocol §6.3, §7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkDefinition {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    pub actor_id: String,
    pub provider_id: String,
    pub link_name: String,
    pub contract_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub values: Map,
}

/// The acknowledgement of every control request (protocol §6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    pub accepted: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub error: String,
}

impl Ack {
    pub fn accepted() -> Self {
        Self {
            accepted: true,
            error: String::new(),
        }
    }

    pub fn refused(error: impl Into<String>) -> Self {
        Self {
            accepted: false,
            error: error.into(),
        }
    }
}

/// A host's answer to `ping.hosts` (protocol §6.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostSummary {
    pub id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub issuer: String,
    #[serde(default, deserialize_with = "null_default")]
    pub labels: Map,
    #[serde(default, deserialize_with = "null_default")]
    pub friendly_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uptime_seconds: u64,
    #[serde(default, deserialize_with = "null_default")]
    pub uptime_human: String,
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    /// Comma-joined.
    #[serde(default, deserialize_with = "null_default")]
    pub cluster_issuers: String,
    #[serde(default)]
    pub js_domain: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub ctl_host: String,
    #[serde(default, deserialize_with = "null_default")]
    pub rpc_host: String,
    #[serde(default, deserialize_with = "null_default")]
    pub prov_rpc_host: String,
    #[serde(default, deserialize_with = "null_default")]
    pub lattice_prefix: String,
    #[serde(default, deserialize_with = "null_default")]
    pub lattice: String,
    /// Ours: why the host serves from an older snapshot of the lattice's state. Other hosts do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<String>,
}

/// What runs on one host (protocol §6.2, the union of every generation).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostInventory {
    pub host_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub labels: Map,
    #[serde(default, deserialize_with = "null_default")]
    pub friendly_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub issuer: String,
    #[serde(default, deserialize_with = "null_default")]
    pub version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub uptime_seconds: u64,
    #[serde(default, deserialize_with = "null_default")]
    pub uptime_human: String,
    #[serde(default, deserialize_with = "null_default")]
    pub actors: Vec<ActorDescription>,
    #[serde(default, deserialize_with = "null_default")]
    pub providers: Vec<ProviderDescription>,
    /// Ours: why the host serves from an older snapshot of the lattice's state. Other hosts do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<String>,
    /// Ours: where the host fetches artifacts that travel through the lattice; other hosts cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<ArtifactSource>,
    /// Ours: what each provider is held to that runs as a process of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_limits: Option<ProviderLimits>,
}

impl HostInventory {
    /// What actors and providers were started from.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        let instances = self.actors.iter().flat_map(|it| &it.instances);
        let instances = instances.map(|it| it.image_ref.as_deref());
        let actors = self.actors.iter().map(|it| it.image_ref.as_deref());
        let providers = self.providers.iter().map(|it| it.image_ref.as_deref());
        actors.chain(instances).chain(providers).flatten()
    }
}

/// Limits in force; none is no limit. But for those of a process, they hold for all that a provider started together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProviderLimits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// Bytes that are really used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Bytes of each process, used or not, where memory cannot be limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_space: Option<u64>,
    /// Processes and threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<u64>,
    /// Files and connections of each process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
}

/// The object store from which a host takes artifacts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactSource {
    /// Its JetStream domain; none is that of the host's own server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActorDescription {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_ref: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub instances: Vec<ActorInstance>,
    /// Ours: false for a module started under `--allow-unsigned`; other hosts do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<bool>,
}

/// One annotation set of an actor. `max_instances` is the most calls that run at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActorInstance {
    #[serde(default, deserialize_with = "null_default")]
    pub annotations: Map,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub revision: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_ref: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        alias = "max_concurrent"
    )]
    pub max_instances: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProviderDescription {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_ref: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub link_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub contract_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "null_default")]
    pub instance_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub annotations: Map,
    #[serde(default, deserialize_with = "null_default")]
    pub revision: i32,
    /// Ours: `builtin:NAME` when the provider is built into the host; other hosts do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builtin: Option<String>,
    /// Ours: the last health answer; other hosts do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// A provider's answer to a health request (protocol §5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    #[serde(default)]
    pub healthy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Reads null as the type's default: peers write null for "none" (protocol §6.4).
pub(crate) fn null_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
