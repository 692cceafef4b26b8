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
mod tests {
    use futures_util::stream;
    use serde_json::json;

    use super::*;

    const HOST: &str = "NHOST";

    fn event(name: &str, source: &str, data: Value) -> Event {
        Event {
            specversion: "1.0".to_owned(),
            id: String::new(),
            source: source.to_owned(),
            kind: format!("com.wasmcloud.lattice.{name}"),
            datacontenttype: None,
            time: None,
            data,
        }
    }

    fn actor_runs(count: u32) -> Goal {
        Goal::ActorRuns {
            reference: "ref:1".to_owned(),
            actor: None,
            count,
        }
    }

    #[test]
    fn events_of_every_generation() {
        let actor = || "MA".to_owned();
        let failed = |it: &str| Some(Verdict::Failed(it.to_owned()));
        let image = json!({"image_ref": "ref:1", "public_key": "MA"});
        let provider = Goal::ProviderRuns {
            reference: "ref:1".to_owned(),
            link_name: "default".to_owned(),
        };
        let provider_stopped = Goal::ProviderStopped {
            provider: "VA".to_owned(),
            link_name: "default".to_owned(),
        };
        let stopped = Goal::ActorStopped { actor: actor() };
        let updated = Goal::ActorUpdated { actor: actor() };
        let (done, progress) = (Some(Verdict::Done), Some(Verdict::Progress));
        let cases = [
            (actor_runs(1), "actor_started", image.clone(), done.clone()),
            (
                actor_runs(3),
                "actor_started",
                image.clone(),
                progress.clone(),
            ),
            (actor_runs(3), "actors_started", image.clone(), done.clone()),
            (actor_runs(1), "actor_scaled", image.clone(), done.clone()),
            (
                actor_runs(1),
                "actor_start_failed",
                json!({"actor_ref": "ref:1", "error": "no"}),
                failed("no"),
            ),
            (
                actor_runs(1),
                "actors_start_failed",
                json!({"image_ref": "ref:1", "error": "no"}),
                failed("no"),
            ),
            (
                actor_runs(1),
                "actor_scale_failed",
                json!({"image_ref": "ref:1", "max_instances": 1, "error": "no"}),
                failed("no"),
            ),
            // Another client asked for nine.
            (
                actor_runs(1),
                "actor_scale_failed",
                json!({"image_ref": "ref:1", "max_instances": 9, "error": "no"}),
                None,
            ),
            (actor_runs(1), "actor_started", json!({}), None),
            (actor_runs(1), "actor_started", json!(null), None),
            (actor_runs(1), "host_heartbeat", image.clone(), None),
            (
                provider.clone(),
                "provider_started",
                json!({"image_ref": "ref:1", "link_name": "default"}),
                done.clone(),
            ),
            (
                provider.clone(),
                "provider_started",
                json!({"image_ref": "ref:1", "link_name": "other"}),
                None,
            ),
            (
                provider,
                "provider_start_failed",
                json!({"provider_ref": "ref:1", "link_name": "default"}),
                failed("the host gave no reason"),
            ),
            (
                provider_stopped,
                "provider_stopped",
                json!({"public_key": "VA", "link_name": "default"}),
                done.clone(),
            ),
            (
                stopped.clone(),
                "actor_stopped",
                image.clone(),
                progress.clone(),
            ),
            (stopped, "actors_stopped", image.clone(), done.clone()),
            (
                updated.clone(),
                "actor_updated",
                image.clone(),
                done.clone(),
            ),
            (
                updated,
                "actor_update_failed",
                json!({"public_key": "MA", "reason": "older"}),
                failed("older"),
            ),
            (Goal::HostStopped, "host_stopped", json!({}), done),
        ];
        for (goal, name, data, verdict) in cases {
            let ours = event(name, HOST, data.clone());
            assert_eq!(goal.judge(HOST, &ours), verdict, "{goal:?} {name} {data}");
            let other = event(name, "NOTHER", data);
            assert_eq!(goal.judge(HOST, &other), None, "of another host");
        }
    }

    /// Runs a wait of one second over `events`, with `looks` at the state; the last one repeats.
    async fn wait(events: Vec<Event>, looks: &[Look<u8>]) -> Outcome<u8> {
        let mut looks = looks.iter().peekable();
        let goal = actor_runs(1);
        // Kept open after the last event, as a subscription is.
        let events = stream::iter(events).chain(stream::pending());
        until(
            events,
            |it| goal.judge(HOST, it),
            Some(Instant::now() + Duration::from_secs(1)),
            || {
                let look = match looks.next() {
                    Some(Look::Reached(it)) => Look::Reached(*it),
                    Some(Look::Blind) => Look::Blind,
                    Some(Look::NotYet) | None => Look::NotYet,
                };
                std::future::ready(look)
            },
        )
        .await
    }

    fn started() -> Event {
        event("actor_started", HOST, json!({"image_ref": "ref:1"}))
    }

    #[tokio::test]
    async fn an_event_ends_the_wait() {
        let failed = event(
            "actor_start_failed",
            HOST,
            json!({"actor_ref": "ref:1", "error": "no"}),
        );
        let noise = event("actor_started", HOST, json!({"image_ref": "other:1"}));
        let outcome = wait(vec![noise.clone(), started()], &[Look::Reached(7)]).await;
        assert_eq!(outcome, Outcome::Reached(7));
        let outcome = wait(vec![noise, failed], &[Look::NotYet]).await;
        assert_eq!(outcome, Outcome::Failed("no".to_owned()));
    }

    #[tokio::test]
    async fn an_inventory_that_lags_is_asked_again() {
        let looks = [Look::NotYet, Look::NotYet, Look::Reached(1)];
        assert_eq!(wait(vec![started()], &looks).await, Outcome::Reached(1));
        assert_eq!(wait(vec![started()], &[Look::Blind]).await, Outcome::Told);
    }

    #[tokio::test]
    async fn a_lost_event_is_made_up_for_by_a_look() {
        let looks = [Look::Blind, Look::Reached(3)];
        assert_eq!(wait(vec![], &looks).await, Outcome::Reached(3));
    }

    #[tokio::test]
    async fn anothers_failure_does_not_hide_our_success() {
        let failed = event(
            "actor_start_failed",
            HOST,
            json!({"actor_ref": "ref:1", "error": "no"}),
        );
        let outcome = wait(vec![failed], &[Look::Reached(1)]).await;
        assert_eq!(outcome, Outcome::Reached(1));
    }

    #[tokio::test]
    async fn the_deadline_leaves_the_outcome_open() {
        assert_eq!(wait(vec![], &[]).await, Outcome::Unknown);
    }

    #[tokio::test]
    async fn a_closed_stream_is_no_end() {
        let goal = actor_runs(1);
        let outcome = until(
            stream::empty(),
            |it| goal.judge(HOST, it),
            None,
            || std::future::ready(Look::Reached(())),
        )
        .await;
        assert_eq!(outcome, Outcome::Reached(()));
    }
}
