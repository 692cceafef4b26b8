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
