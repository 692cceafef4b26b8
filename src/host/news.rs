//! What a host tells the lattice when something happened: one happening, in the words of every generation
//! (protocol §8).

use serde_json::{Value, json};

use super::event::ProviderKey;
use super::facts::{ActorFacts, ProviderFacts};
use crate::claims::{ActorId, HostId};
use crate::lattice::wire::{LinkDefinition, Map};

/// Something that happened on this host.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum News {
    /// An annotation set of an actor has more instances than before.
    ActorStarted {
        scale: Scale,
        instance_id: String,
        count: u32,
    },
    /// An actor was brought to the count that it had.
    ActorScaled(Scale),
    /// An annotation set of an actor has fewer instances than before.
    ActorStopped {
        scale: Scale,
        instance_id: String,
        count: u32,
        /// Of the actor, under all annotations.
        remaining: u32,
    },
    ActorStartFailed {
        actor: Option<ActorId>,
        reference: String,
        annotations: Map,
        count: u32,
        error: String,
    },
    ActorUpdated {
        actor: ActorId,
        reference: String,
        revision: i32,
        instance_id: String,
    },
    ActorUpdateFailed {
        actor: ActorId,
        reference: String,
        revision: i32,
        instance_id: String,
        reason: String,
    },
    ProviderStarted {
        provider: Running,
        facts: ProviderFacts,
        reference: String,
    },
    ProviderStartFailed {
        reference: String,
        link_name: String,
        error: String,
    },
    ProviderStopped {
        provider: Running,
        reason: &'static str,
    },
    Health {
        provider: ProviderKey,
        contract: String,
        outcome: Outcome,
    },
    LinkSet(LinkDefinition),
    LinkDeleted(LinkDefinition),
}

/// One annotation set of an actor, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) facts: ActorFacts,
    pub(super) reference: String,
    pub(super) annotations: Map,
    pub(super) max_instances: u32,
}

/// One provider as events name it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    pub(super) key: ProviderKey,
    pub(super) contract: String,
    pub(super) instance_id: String,
    pub(super) annotations: Map,
}

/// How a health check compares to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed,
    Unchanged,
}

impl News {
    /// For whoever reads the host's log.
    pub(super) fn log(&self) {
        match self {
            Self::ActorStarted { scale, count, .. } => {
                let Scale {
                    facts,
                    reference,
                    max_instances,
                    ..
                } = scale;
                let (name, signed) = (facts.name(), facts.signed);
                tracing::info!(actor = %facts.key, name, reference, count, max_instances, signed, "actor started");
            }
            Self::ActorScaled(Scale {
                facts,
                max_instances,
                ..
            }) => {
                tracing::info!(actor = %facts.key, max_instances, "actor scaled");
            }
            Self::ActorStopped {
                scale,
                count,
                remaining,
                ..
            } => {
                tracing::info!(actor = %scale.facts.key, count, remaining, "actor stopped");
            }
            Self::ActorStartFailed {
                reference, error, ..
            } => {
                tracing::warn!(reference, "cannot start actor: {error}");
            }
            Self::ActorUpdated {
                actor,
                reference,
                revision,
                ..
            } => {
                tracing::info!(%actor, reference, revision, "actor updated");
            }
            Self::ActorUpdateFailed {
                actor,
                reference,
                reason,
                ..
            } => {
                tracing::warn!(%actor, reference, "cannot update actor: {reason}");
            }
            Self::ProviderStarted {
                provider,
                reference,
                ..
            } => {
                tracing::info!(provider = %provider.key, reference, "provider started");
            }
            Self::ProviderStartFailed {
                reference,
                link_name,
                error,
            } => {
                tracing::warn!(reference, link_name, "cannot start provider: {error}");
            }
            Self::ProviderStopped { provider, reason } => {
                tracing::info!(provider = %provider.key, reason, "provider stopped");
            }
            Self::Health {
                provider, outcome, ..
            } => match outcome {
                Outcome::Passed => tracing::info!(%provider, "provider is healthy"),
                Outcome::Failed => tracing::warn!(%provider, "provider is not healthy"),
                Outcome::Unchanged => {}
            },
            // Values may be secret.
            Self::LinkSet(link) => {
                tracing::info!(
                    actor = link.actor_id,
                    provider = link.provider_id,
                    link_name = link.link_name,
                    "link set"
                );
            }
            Self::LinkDeleted(link) => {
                tracing::info!(
                    actor = link.actor_id,
                    provider = link.provider_id,
                    link_name = link.link_name,
                    "link deleted"
                );
            }
        }
    }

    /// Names and data of the events that tell it.
    pub(super) fn events(self, host: &HostId) -> Vec<(&'static str, Value)> {
        match self {
            Self::ActorStarted {
                scale,
                instance_id,
                count,
            } => vec![
                (
                    "actor_started",
                    json!({
                        "public_key": scale.facts.key,
                        "image_ref": scale.reference,
                        "api_version": scale.facts.api_version,
                        "instance_id": instance_id,
                        "annotations": scale.annotations,
                        "claims": scale.facts.claims(),
                        "host_id": host,
                    }),
                ),
                (
                    "actors_started",
                    json!({
                        "public_key": scale.facts.key,
                        "image_ref": scale.reference,
                        "annotations": scale.annotations,
                        "host_id": host,
                        "claims": scale.facts.claims(),
                        "count": count,
                    }),
                ),
                scaled(&scale, host),
            ],
            Self::ActorScaled(scale) => vec![scaled(&scale, host)],
            Self::ActorStopped {
                scale,
                instance_id,
                count,
                remaining,
            } => vec![
                (
                    "actor_stopped",
                    json!({
                        "public_key": scale.facts.key,
                        "instance_id": instance_id,
                        "annotations": scale.annotations,
                        "host_id": host,
                    }),
                ),
                (
                    "actors_stopped",
                    json!({
                        "host_id": host,
                        "public_key": scale.facts.key,
                        "count": count,
                        "remaining": remaining,
                        "annotations": scale.annotations,
                        "image_ref": scale.reference,
                    }),
                ),
                scaled(&scale, host),
            ],
            Self::ActorStartFailed {
                actor,
                reference,
                annotations,
                count,
                error,
            } => {
                // Readers differ in which of the two references they look at (protocol §13.14).
                let data = json!({
                    "public_key": actor.map_or_else(|| "N/A".to_owned(), String::from),
                    "actor_ref": reference,
                    "image_ref": reference,
                    "annotations": annotations,
                    "host_id": host,
                    "error": error,
                });
                let mut scale = data.clone();
                scale["max_instances"] = count.into();
                vec![
                    ("actor_start_failed", data.clone()),
                    ("actors_start_failed", data),
                    ("actor_scale_failed", scale),
                ]
            }
            Self::ActorUpdated {
                actor,
                reference,
                revision,
                instance_id,
            } => vec![(
                "actor_updated",
                json!({
                    "public_key": actor,
                    "image_ref": reference,
                    "revision": revision,
                    "instance_id": instance_id,
                    "host_id": host,
                }),
            )],
            Self::ActorUpdateFailed {
                actor,
                reference,
                revision,
                instance_id,
                reason,
            } => vec![(
                "actor_update_failed",
                json!({
                    "public_key": actor,
                    "image_ref": reference,
                    "revision": revision,
                    "instance_id": instance_id,
                    "host_id": host,
                    "reason": reason,
                }),
            )],
            Self::ProviderStarted {
                provider,
                facts,
                reference,
            } => {
                let mut data = provider.data(host);
                data["image_ref"] = reference.into();
                data["claims"] = facts.claims();
                vec![("provider_started", data)]
            }
            Self::ProviderStartFailed {
                reference,
                link_name,
                error,
            } => vec![(
                "provider_start_failed",
                json!({
                    "provider_ref": reference,
                    "link_name": link_name,
                    "error": error,
                    "host_id": host,
                }),
            )],
            Self::ProviderStopped { provider, reason } => {
                let mut data = provider.data(host);
                data["reason"] = reason.into();
                // Some readers know only this spelling.
                data["annotaions"] = data["annotations"].clone();
                vec![("provider_stopped", data)]
            }
            Self::Health {
                provider,
                contract,
                outcome,
            } => {
                let name = match outcome {
                    Outcome::Passed => "health_check_passed",
                    Outcome::Failed => "health_check_failed",
                    Outcome::Unchanged => "health_check_status",
                };
                let data = json!({
                    "public_key": provider.id,
                    "link_name": provider.link_name,
                    "contract_id": contract,
                    "host_id": host,
                });
                vec![(name, data)]
            }
            Self::LinkSet(link) => vec![("linkdef_set", link_data(&link))],
            Self::LinkDeleted(link) => vec![("linkdef_deleted", link_data(&link))],
        }
    }
}

impl Running {
    fn data(&self, host: &HostId) -> Value {
        json!({
            "public_key": self.key.id,
            "link_name": self.key.link_name,
            "contract_id": self.contract,
            "instance_id": self.instance_id,
            "annotations": self.annotations,
            "host_id": host,
        })
    }
}

fn scaled(scale: &Scale, host: &HostId) -> (&'static str, Value) {
    let data = json!({
        "public_key": scale.facts.key,
        "claims": scale.facts.claims(),
        "annotations": scale.annotations,
        "host_id": host,
        "image_ref": scale.reference,
        "max_instances": scale.max_instances,
    });
    ("actor_scaled", data)
}

fn link_data(link: &LinkDefinition) -> Value {
    json!({
        "id": link.id,
        "actor_id": link.actor_id,
        "provider_id": link.provider_id,
        "link_name": link.link_name,
        "contract_id": link.contract_id,
        "values": link.values,
    })
}
