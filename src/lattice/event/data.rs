//! What each event says: one function per event, pure, the union of what readers of every generation look
//! for (protocol §8). Names live here too, so that name and data cannot part.

use serde_json::{Value, json};

use crate::claims::{ActorMetadata, ProviderMetadata, Token};
use crate::lattice::wire::{Entity, HostInventory, LinkDefinition, Map};

/// An event's name and its data, for [`super::publish`].
pub type Named = (&'static str, Value);

/// What the events of an actor tell about it.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    pub host: &'a str,
    pub public_key: &'a str,
    pub image_ref: &'a str,
    pub annotations: &'a Map,
    /// Made by [`actor_claims`].
    pub claims: &'a Value,
}

/// What the events of a provider tell about it.
#[derive(Clone, Copy, Debug)]
pub struct Provider<'a> {
    pub host: &'a str,
    pub public_key: &'a str,
    pub image_ref: &'a str,
    pub link_name: &'a str,
    pub contract_id: &'a str,
    pub instance_id: &'a str,
    pub annotations: &'a Map,
}

/// The `claims` object of an actor's events; of an unsigned one, the same shape with nothing in it. `now` is
/// in seconds since the epoch.
pub fn actor_claims(token: Option<&Token<ActorMetadata>>, now: u64) -> Value {
    let metadata = token.and_then(|it| it.metadata.as_ref());
    let list = |items: Option<&Option<Vec<String>>>| items.cloned().flatten().unwrap_or_default();
    json!({
        "call_alias": metadata.and_then(|it| it.call_alias.clone()),
        "caps": list(metadata.map(|it| &it.caps)),
        "expires_human": token.map(|it| it.expires_human(now)).unwrap_or_default(),
        "issuer": token.map(|it| it.issuer.as_str()).unwrap_or_default(),
        "name": metadata.and_then(|it| it.name.as_deref()).unwrap_or("N/A"),
        "not_before_human": token.map(|it| it.not_before_human(now)).unwrap_or_default(),
        "revision": metadata.and_then(|it| it.rev).unwrap_or_default(),
        "tags": list(metadata.map(|it| &it.tags)),
        "version": metadata.and_then(|it| it.ver.clone()).unwrap_or_default(),
    })
}

/// The `claims` object of `provider_started`. `now` is in seconds since the epoch.
pub fn provider_claims(token: &Token<ProviderMetadata>, now: u64) -> Value {
    let metadata = token.metadata.as_ref();
    json!({
        "expires_human": token.expires_human(now),
        "issuer": token.issuer,
        "name": metadata.and_then(|it| it.name.as_deref()).unwrap_or("N/A"),
        "not_before_human": token.not_before_human(now),
        "tags": null,
        "version": metadata.and_then(|it| it.ver.clone()).unwrap_or_default(),
    })
}

pub fn host_started(
    labels: &Map,
    friendly_name: &str,
    version: &str,
    uptime_seconds: u64,
) -> Named {
    let data = json!({
        "labels": labels, "friendly_name": friendly_name, "version": version, "uptime_seconds": uptime_seconds,
    });
    ("host_started", data)
}

pub fn host_stopped(labels: &Map) -> Named {
    ("host_stopped", json!({"labels": labels}))
}

/// The inventory, as hosts of 0.82 send it.
pub fn host_heartbeat(inventory: &HostInventory) -> Named {
    ("host_heartbeat", json!(inventory))
}

/// One per instance.
pub fn actor_started(actor: &Actor<'_>, instance_id: &str) -> Named {
    let data = json!({
        "public_key": actor.public_key,
        "image_ref": actor.image_ref,
        "api_version": "n/a",
        "instance_id": instance_id,
        "annotations": actor.annotations,
        "claims": actor.claims,
    });
    ("actor_started", data)
}

pub fn actors_started(actor: &Actor<'_>, count: u32) -> Named {
    let data = json!({
        "public_key": actor.public_key,
        "image_ref": actor.image_ref,
        "annotations": actor.annotations,
        "host_id": actor.host,
        "claims": actor.claims,
        "count": count,
    });
    ("actors_started", data)
}

pub fn actor_scaled(actor: &Actor<'_>, max_instances: u32) -> Named {
    let data = json!({
        "public_key": actor.public_key,
        "image_ref": actor.image_ref,
        "annotations": actor.annotations,
        "host_id": actor.host,
        "claims": actor.claims,
        "max_instances": max_instances,
    });
    ("actor_scaled", data)
}

/// The three failures of a start: clients look for the one of their generation, by either name of the
/// reference. `public_key` is none where the module could not be read.
pub fn actor_start_failures(
    host: &str,
    public_key: Option<&str>,
    reference: &str,
    annotations: &Map,
    max_instances: u32,
    error: &str,
) -> [Named; 3] {
    let mut data = json!({
        "public_key": public_key.unwrap_or("N/A"),
        "actor_ref": reference,
        "image_ref": reference,
        "annotations": annotations,
        "host_id": host,
        "error": error,
    });
    let (single, plural) = (data.clone(), data.clone());
    data["max_instances"] = max_instances.into();
    [
        ("actor_start_failed", single),
        ("actors_start_failed", plural),
        ("actor_scale_failed", data),
    ]
}

/// One per instance.
pub fn actor_stopped(actor: &Actor<'_>, instance_id: &str) -> Named {
    let data = json!({
        "public_key": actor.public_key,
        "instance_id": instance_id,
        "annotations": actor.annotations,
    });
    ("actor_stopped", data)
}

/// `count` instances ended, `remaining` run on.
pub fn actors_stopped(actor: &Actor<'_>, count: u32, remaining: u32) -> Named {
    let data = json!({
        "host_id": actor.host,
        "public_key": actor.public_key,
        "image_ref": actor.image_ref,
        "count": count,
        "remaining": remaining,
        "annotations": actor.annotations,
    });
    ("actors_stopped", data)
}

pub fn actor_stop_failed(host: &str, public_key: &str, error: &str) -> Named {
    let data = json!({"host_id": host, "public_key": public_key, "error": error});
    ("actor_stop_failed", data)
}

pub fn actor_updated(public_key: &str, revision: i32, instance_id: &str) -> Named {
    let data = json!({"public_key": public_key, "revision": revision, "instance_id": instance_id});
    ("actor_updated", data)
}

pub fn actor_update_failed(
    public_key: &str,
    revision: i32,
    instance_id: &str,
    reason: &str,
) -> Named {
    let data = json!({
        "public_key": public_key, "revision": revision, "instance_id": instance_id, "reason": reason,
    });
    ("actor_update_failed", data)
}

/// `claims` are made by [`provider_claims`].
pub fn provider_started(provider: &Provider<'_>, claims: &Value) -> Named {
    let data = json!({
        "public_key": provider.public_key,
        "image_ref": provider.image_ref,
        "link_name": provider.link_name,
        "contract_id": provider.contract_id,
        "instance_id": provider.instance_id,
        "annotations": provider.annotations,
        "host_id": provider.host,
        "claims": claims,
    });
    ("provider_started", data)
}

pub fn provider_start_failed(host: &str, reference: &str, link_name: &str, error: &str) -> Named {
    let data = json!({
        "provider_ref": reference, "link_name": link_name, "host_id": host, "error": error,
    });
    ("provider_start_failed", data)
}

/// `reason` is `normal` for an exit of its own, else what ended it. The second spelling of `annotations` is
/// that of 0.62.1, which its readers look for.
pub fn provider_stopped(provider: &Provider<'_>, reason: &str) -> Named {
    let data = json!({
        "public_key": provider.public_key,
        "link_name": provider.link_name,
        "contract_id": provider.contract_id,
        "instance_id": provider.instance_id,
        "annotations": provider.annotations,
        "annotaions": provider.annotations,
        "host_id": provider.host,
        "reason": reason,
    });
    ("provider_stopped", data)
}

/// How a provider's health is told: its changes, or that it stayed as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthCheck {
    Passed,
    Failed,
    Unchanged,
}

pub fn health_check(check: HealthCheck, provider: &Provider<'_>) -> Named {
    let name = match check {
        HealthCheck::Passed => "health_check_passed",
        HealthCheck::Failed => "health_check_failed",
        HealthCheck::Unchanged => "health_check_status",
    };
    let data = json!({
        "public_key": provider.public_key,
        "link_name": provider.link_name,
        "contract_id": provider.contract_id,
    });
    (name, data)
}

pub fn linkdef_set(link: &LinkDefinition) -> Named {
    ("linkdef_set", json!(link))
}

pub fn linkdef_deleted(link: &LinkDefinition) -> Named {
    ("linkdef_deleted", json!(link))
}

pub fn refmap_set(reference: &str, public_key: &str) -> Named {
    (
        "refmap_set",
        json!({"oci_url": reference, "public_key": public_key}),
    )
}

/// The outcome of a call, for [`super::publish_invocation`]. `bytes` is the size of the payload.
pub fn invocation(
    succeeded: bool,
    source: &Entity,
    dest: &Entity,
    operation: &str,
    bytes: u64,
) -> Named {
    let name = match succeeded {
        true => "invocation_succeeded",
        false => "invocation_failed",
    };
    let entity = |it: &Entity| {
        let given = |text: &str| Some(text.to_owned()).filter(|it| !it.is_empty());
        json!({
            "public_key": it.public_key,
            "contract_id": given(&it.contract_id),
            "link_name": given(&it.link_name),
        })
    };
    let data = json!({
        "source": entity(source), "dest": entity(dest), "operation": operation, "bytes": bytes,
    });
    (name, data)
}

#[cfg(test)]
mod tests;
