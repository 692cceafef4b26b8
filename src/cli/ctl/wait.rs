//! Waiting for what a host was asked to do.
//!
//! Success is the state itself, as the host's inventory shows it; events only say when to look, and what
//! failed. So a lost event, an acknowledgement that never came and another client's events cannot mislead.

use std::future::Future;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde_json::Value;
use tokio::time::Instant;

use crate::lattice::event::Event;

/// How long after the start, and after a look that saw nothing, the next look comes without an event.
const FIRST_LOOK: Duration = Duration::from_millis(400);
const LAST_LOOK: Duration = Duration::from_secs(3);
/// How soon the next look comes once an event has told of success: inventories may lag behind events.
const TOLD_LOOK: Duration = Duration::from_millis(15);
/// After this, an event of success is believed against an inventory that does not show it.
const BELIEVE: Duration = Duration::from_secs(3);

/// What was asked of a host, as its events tell of it (protocol §8).
#[derive(Clone, Debug)]
pub(in crate::cli) enum Goal {
    ActorRuns {
        reference: String,
        /// The key, where it is known.
        actor: Option<String>,
        /// What was asked for, to tell our failure from another client's.
        count: u32,
    },
    ActorStopped {
        actor: String,
    },
    ActorUpdated {
        actor: String,
    },
    ProviderRuns {
        reference: String,
        link_name: String,
    },
    ProviderStopped {
        provider: String,
        link_name: String,
    },
    HostStopped,
}

/// What an event says about a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Verdict {
    /// Reached.
    Done,
    /// A part of it, such as one instance of several.
    Progress,
    Failed(String),
}

impl Goal {
    /// What `event` says about this goal on `host`; none if it is about something else.
    pub(in crate::cli) fn judge(&self, host: &str, event: &Event) -> Option<Verdict> {
        if event.source != host {
            return None;
        }
        let data = &event.data;
        let says = |field: &str, wanted: &str| text(data, field) == Some(wanted);
        let any = |fields: &[&str], wanted: &str| fields.iter().any(|it| says(it, wanted));
        match (self, event.name()) {
            (
                Self::ActorRuns {
                    reference,
                    actor,
                    count,
                },
                name,
            ) => {
                let key = actor.as_deref().is_some_and(|it| says("public_key", it));
                let ours = key || any(&["image_ref", "actor_ref"], reference);
                match name {
                    _ if !ours => None,
                    "actors_started" | "actor_scaled" => Some(Verdict::Done),
                    "actor_started" if *count <= 1 => Some(Verdict::Done),
                    "actor_started" | "actor_stopped" | "actors_stopped" => Some(Verdict::Progress),
                    "actor_start_failed" | "actors_start_failed" | "actor_scale_failed" => {
                        let other = data.get("max_instances").and_then(Value::as_u64);
                        let ours = other.is_none_or(|it| it == u64::from(*count));
                        ours.then(|| failure(data))
                    }
                    _ => None,
                }
            }
            (Self::ActorStopped { actor }, name) => match name {
                _ if !says("public_key", actor) => None,
                "actors_stopped" => Some(Verdict::Done),
                "actor_stopped" | "actor_scaled" => Some(Verdict::Progress),
                "actor_stop_failed" | "actor_scale_failed" => Some(failure(data)),
                _ => None,
            },
            (Self::ActorUpdated { actor }, name) => match name {
                _ if !says("public_key", actor) => None,
                "actor_updated" => Some(Verdict::Done),
                "actor_update_failed" => Some(failure(data)),
                "actor_scaled" => Some(Verdict::Progress),
                _ => None,
            },
            (
                Self::ProviderRuns {
                    reference,
                    link_name,
                },
                name,
            ) => match name {
                _ if text(data, "link_name").is_some_and(|it| it != link_name) => None,
                _ if !any(&["image_ref", "provider_ref"], reference) => None,
                "provider_started" => Some(Verdict::Done),
                "provider_start_failed" => Some(failure(data)),
                _ => None,
            },
            (
                Self::ProviderStopped {
                    provider,
                    link_name,
                },
                name,
            ) => match name {
                _ if !says("public_key", provider) || !says("link_name", link_name) => None,
                "provider_stopped" => Some(Verdict::Done),
                "provider_stop_failed" => Some(failure(data)),
                _ => None,
            },
            (Self::HostStopped, "host_stopped") => Some(Verdict::Done),
            (Self::HostStopped, _) => None,
        }
    }
}

fn text<'a>(data: &'a Value, field: &str) -> Option<&'a str> {
    data.get(field).and_then(Value::as_str)
}

fn failure(data: &Value) -> Verdict {
    let reason = text(data, "error").or_else(|| text(data, "reason"));
    Verdict::Failed(reason.unwrap_or("the host gave no reason").to_owned())
}

/// How a wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Outcome<T> {
    /// The state is as asked.
    Reached(T),
    /// Events say so, and the state cannot be seen.
    Told,
    Failed(String),
    /// The deadline came first.
    Unknown,
}

/// What one look at the state gave.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Look<T> {
    Reached(T),
    NotYet,
    /// The host did not answer.
    Blind,
}

/// Waits until a `look` sees the state, an event tells of failure, or `deadline` (none: for ever).
///
/// `events` must have been followed since before the request.
pub(in crate::cli) async fn until<T, F, Fut>(
    events: impl Stream<Item = Event>,
    judge: impl Fn(&Event) -> Option<Verdict>,
    deadline: Option<Instant>,
    mut look: F,
) -> Outcome<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Look<T>>,
{
    let mut events = std::pin::pin!(events.fuse());
    let mut pause = FIRST_LOOK;
    let mut next_look = Instant::now() + pause;
    let mut told: Option<Instant> = None;
    loop {
        let failed = match next(&mut events, next_look, deadline).await {
            Step::Look => None,
            Step::Event(event) => match judge(&event) {
                None => continue,
                Some(Verdict::Progress) => None,
                Some(Verdict::Done) => {
                    told.get_or_insert_with(Instant::now);
                    pause = TOLD_LOOK;
                    None
                }
                Some(Verdict::Failed(reason)) => Some(reason),
            },
        };
        let seen = match deadline {
            Some(deadline) => {
                // One last look is worth a moment even when time is up.
                let limit = deadline.max(Instant::now() + FIRST_LOOK);
                let looked = tokio::time::timeout_at(limit, look()).await;
                looked.unwrap_or(Look::Blind)
            }
            None => look().await,
        };
        match seen {
            Look::Reached(state) => return Outcome::Reached(state),
            Look::Blind if told.is_some() && failed.is_none() => return Outcome::Told,
            Look::Blind | Look::NotYet => {}
        }
        if let Some(reason) = failed {
            return Outcome::Failed(reason);
        }
        let now = Instant::now();
        if told.is_some_and(|it| now >= it + BELIEVE) {
            return Outcome::Told;
        }
        if deadline.is_some_and(|it| now >= it) {
            return if told.is_some() {
                Outcome::Told
            } else {
                Outcome::Unknown
            };
        }
        next_look = now + pause;
        pause = (pause * 2).min(LAST_LOOK);
    }
}

enum Step {
    Event(Box<Event>),
    Look,
}

async fn next(
    events: &mut (impl Stream<Item = Event> + Unpin),
    look: Instant,
    deadline: Option<Instant>,
) -> Step {
    let event = async {
        match events.next().await {
            Some(event) => Step::Event(Box::new(event)),
            // The connection is gone; only the clock is left.
            None => std::future::pending().await,
        }
    };
    let wake = deadline.map_or(look, |it| it.min(look));
    tokio::select! {
        step = event => step,
        () = tokio::time::sleep_until(wake) => Step::Look,
    }
}

#[cfg(test)]
mod tests;
