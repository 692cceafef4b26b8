//! What a host tells the lattice when something happened: one happening, in the words of every generation
//! (protocol §8).

use std::sync::Arc;

use super::event::ProviderKey;
use super::facts::{ActorFacts, ProviderFacts};
use crate::claims::{ActorId, HostId};
use crate::lattice::event::data::{self, HealthCheck, Named};
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
    ProviderStarted(Running),
    ProviderStartFailed {
        reference: String,
        link_name: String,
        error: String,
    },
    ProviderStopped {
        provider: Running,
        reason: String,
    },
    Health {
        provider: Running,
        check: HealthCheck,
    },
    LinkSet(LinkDefinition),
    LinkDeleted(LinkDefinition),
}

/// One annotation set of an actor, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) facts: Arc<ActorFacts>,
    pub(super) reference: String,
    pub(super) annotations: Map,
    pub(super) max_instances: u32,
}

/// One provider as events name it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    pub(super) key: ProviderKey,
    pub(super) facts: ProviderFacts,
    pub(super) reference: String,
    pub(super) instance_id: String,
    pub(super) annotations: Map,
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
            Self::ProviderStarted(provider) => {
                tracing::info!(provider = %provider.key, reference = provider.reference, "provider started");
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
            Self::Health { provider, check } => match check {
                HealthCheck::Passed => {
                    tracing::info!(provider = %provider.key, "provider is healthy");
                }
                HealthCheck::Failed => {
                    tracing::warn!(provider = %provider.key, "provider is not healthy");
                }
                HealthCheck::Unchanged => {}
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

    /// The events that tell it.
    pub(super) fn events(&self, host: &HostId) -> Vec<Named> {
        let host = host.as_str();
        match self {
            Self::ActorStarted {
                scale,
                instance_id,
                count,
            } => scale.tell(host, |actor| {
                vec![
                    data::actor_started(actor, instance_id),
                    data::actors_started(actor, *count),
                    data::actor_scaled(actor, scale.max_instances),
                ]
            }),
            Self::ActorScaled(scale) => scale.tell(host, |actor| {
                vec![data::actor_scaled(actor, scale.max_instances)]
            }),
            Self::ActorStopped {
                scale,
                instance_id,
                count,
                remaining,
            } => scale.tell(host, |actor| {
                vec![
                    data::actor_stopped(actor, instance_id),
                    data::actors_stopped(actor, *count, *remaining),
                    data::actor_scaled(actor, scale.max_instances),
                ]
            }),
            Self::ActorStartFailed {
                actor,
                reference,
                annotations,
                count,
                error,
            } => {
                let key = actor.as_ref().map(ActorId::as_str);
                data::actor_start_failures(host, key, reference, annotations, *count, error).into()
            }
            Self::ActorUpdated {
                actor,
                revision,
                instance_id,
                ..
            } => vec![data::actor_updated(actor.as_str(), *revision, instance_id)],
            Self::ActorUpdateFailed {
                actor,
                revision,
                instance_id,
                reason,
                ..
            } => vec![data::actor_update_failed(
                actor.as_str(),
                *revision,
                instance_id,
                reason,
            )],
            Self::ProviderStarted(provider) => {
                let claims = provider.facts.claims();
                vec![data::provider_started(&provider.named(host), &claims)]
            }
            Self::ProviderStartFailed {
                reference,
                link_name,
                error,
            } => vec![data::provider_start_failed(
                host, reference, link_name, error,
            )],
            Self::ProviderStopped { provider, reason } => {
                vec![data::provider_stopped(&provider.named(host), reason)]
            }
            Self::Health { provider, check } => {
                vec![data::health_check(*check, &provider.named(host))]
            }
            Self::LinkSet(link) => vec![data::linkdef_set(link)],
            Self::LinkDeleted(link) => vec![data::linkdef_deleted(link)],
        }
    }
}

impl Scale {
    fn tell<T>(&self, host: &str, tell: impl FnOnce(&data::Actor<'_>) -> T) -> T {
        tell(&data::Actor {
            host,
            public_key: self.facts.key.as_str(),
            image_ref: &self.reference,
            annotations: &self.annotations,
            claims: &self.facts.claims,
        })
    }
}

impl Running {
    fn named<'a>(&'a self, host: &'a str) -> data::Provider<'a> {
        data::Provider {
            host,
            public_key: self.key.id.as_str(),
            image_ref: &self.reference,
            link_name: &self.key.link_name,
            contract_id: &self.facts.contract,
            instance_id: &self.instance_id,
            annotations: &self.annotations,
        }
    }
}
