//! Providers: one per link name, and how they are.

use std::time::Duration;

use super::*;
use crate::host::event::Crash;

#[test]
fn a_provider_starts_once_per_link_name() {
    let mut bench = Bench::new();
    let alias = "wasmcloud.azurecr.io/httpserver:0.15.0";
    assert_eq!(bench.lp(alias), ["ok".to_owned(), format!("start {alias}")]);
    let taken = "Provider with that link name is already running on this host";
    for _ in 0..2 {
        assert_eq!(
            bench.lp("builtin:httpserver"),
            [
                "ok".to_owned(),
                format!("provider failed builtin:httpserver: {taken}")
            ]
        );
        // No answer while it starts, the first time round.
        bench.provider_started(Ok(()));
    }
    let all = bench.inventory.providers();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].builtin.as_deref(), Some("builtin:httpserver"));
    assert_eq!(all[0].image_ref.as_deref(), Some(alias));
    for (reference, key, link_name, has) in [
        (alias, None, "default", true),
        ("builtin:httpserver", None, "default", true),
        (server().id.as_str(), None, "default", true),
        (
            "ghcr.io/mine",
            Some(server().id.to_string()),
            "default",
            true,
        ),
        ("ghcr.io/mine", None, "default", false),
        ("builtin:httpclient", None, "default", false),
        (alias, None, "other", false),
    ] {
        let found = bench
            .inventory
            .has_provider(reference, key.as_deref(), link_name);
        assert_eq!(found, has, "{reference} {link_name}");
    }
}

#[test]
fn a_provider_stops_and_may_start_again_meanwhile() {
    let mut bench = Bench::new();
    let builtin = "builtin:httpserver";
    bench.lp(builtin);
    // A stop while it starts waits for that.
    assert_eq!(bench.sp(Map::new()), ["ok"]);
    assert_eq!(
        bench.provider_started(Ok(())),
        ["provider started builtin:httpserver", "stop provider"]
    );
    assert_eq!(bench.lp(builtin), ["ok"]);
    assert_eq!(
        bench.event(Event::ProviderStopped(server())),
        ["provider stopped: stop", "start builtin:httpserver"]
    );
    bench.provider_started(Ok(()));
    assert_eq!(bench.sp(annotations(&[("app", "b")])), ["ok"]);
    assert_eq!(
        bench.sp(annotations(&[("app", "a")])),
        ["ok", "stop provider"]
    );
    // Its own end, or a peer's word, tell so in the event.
    bench.event(Event::ProviderStopped(server()));
    assert_eq!(bench.sp(Map::new()), ["ok"]);
    bench.lp(builtin);
    bench.provider_started(Ok(()));
    assert_eq!(
        bench.event(Event::ProviderDismissed(server())),
        ["stop provider"]
    );
    assert_eq!(
        bench.event(Event::ProviderStopped(server())),
        ["provider stopped: normal"]
    );
}

#[test]
fn a_built_in_that_is_not_there_fails_with_the_way_out() {
    let mut bench = Bench::new();
    let effects = bench.lp("builtin:teleport");
    assert_eq!(effects[0], "ok");
    assert!(effects[1].contains("this host has builtin:httpserver"));
    bench.lp("builtin:httpserver");
    let effects = bench.provider_started(Err("no".to_owned()));
    assert_eq!(effects, ["provider failed builtin:httpserver: no"]);
    assert!(bench.inventory.providers().is_empty());
}

#[test]
fn an_archive_is_loaded_once_and_started() {
    let mut bench = Bench::new();
    let one = "ghcr.io/me/p:1";
    assert_eq!(
        bench.lp(one),
        ["ok".to_owned(), format!("load provider {one}")]
    );
    assert!(bench.inventory.has_provider(one, None, "default"));
    assert!(!bench.inventory.has_provider(one, None, "other"));
    // The second waits for the same.
    assert_eq!(bench.lp(one), ["ok"]);
    let taken = "Provider with that link name is already running on this host";
    assert_eq!(
        bench.provider_loaded(one, 1),
        [
            format!("start {one}"),
            format!("provider failed {one}: {taken}")
        ]
    );
    assert_eq!(
        bench.provider_started(Ok(())),
        [format!("provider started {one}")]
    );
    let all = bench.inventory.providers();
    assert_eq!((all[0].builtin.as_deref(), all[0].revision), (None, 3));
    assert_eq!(all[0].name.as_deref(), Some("mine"));

    bench.lp("file:///gone.par");
    let failed = bench.event(Event::ProviderLoaded {
        reference: "file:///gone.par".to_owned(),
        result: Err("no such file".to_owned()),
    });
    assert_eq!(failed, ["provider failed file:///gone.par: no such file"]);
    assert!(!(bench.inventory).has_provider("file:///gone.par", None, "default"));

    // Without aliases the first-party image is what it says.
    bench.inventory = Inventory::new(Map::new(), String::new(), false);
    let image = "wasmcloud.azurecr.io/httpserver:0.15.0";
    assert_eq!(bench.lp(image)[1], format!("load provider {image}"));
}

#[test]
fn either_kind_takes_the_place_of_the_other_once_that_is_gone() {
    let mut bench = Bench::new();
    let (builtin, archive) = ("builtin:httpserver", "file:///p.par");
    bench.lp(builtin);
    bench.provider_started(Ok(()));
    bench.lp(archive);
    let refused = bench.provider_loaded(archive, 1).remove(0);
    assert!(
        refused.contains(
            "already running on this host, from builtin:httpserver; `wash update provider VAG3"
        ),
        "{refused}"
    );
    bench.sp(Map::new());
    bench.lp(archive);
    assert!(bench.provider_loaded(archive, 1).is_empty());
    assert_eq!(
        bench.event(Event::ProviderStopped(server())),
        [
            "provider stopped: stop".to_owned(),
            format!("start {archive}")
        ]
    );
    bench.provider_started(Ok(()));
    // The same bytes from elsewhere are the same provider.
    bench.lp("ghcr.io/me/p:1");
    let refused = bench.provider_loaded("ghcr.io/me/p:1", 1).remove(0);
    assert!(refused.ends_with("is already running on this host"));
    bench.sp(Map::new());
    bench.lp(builtin);
    assert_eq!(
        bench.event(Event::ProviderStopped(server()))[1],
        format!("start {builtin}")
    );
}

#[test]
fn an_end_is_told_once_and_shown_until_it_runs_again() {
    let mut bench = Bench::new();
    bench.lp("file:///p.par");
    bench.provider_loaded("file:///p.par", 1);
    bench.provider_started(Ok(()));
    bench.health(true, true);
    let crash = |count| Event::ProviderCrashed {
        provider: server(),
        crash: Crash {
            reason: "exit status 3".to_owned(),
            count,
            pause: Duration::from_secs(2),
        },
    };
    assert_eq!(bench.event(crash(1)), ["provider stopped: exit status 3"]);
    assert!(bench.event(crash(2)).is_empty());
    let shown = bench.inventory.providers()[0].health.clone().unwrap();
    assert_eq!(
        (shown.healthy, shown.message.as_deref()),
        (
            false,
            Some(
                "its process ended (exit status 3) and starts again in 2s; it has ended 2 times in a row"
            )
        )
    );
    assert_eq!(
        bench.event(Event::ProviderRestarted(server())),
        ["provider started file:///p.par"]
    );
    assert_eq!(bench.health(true, true), ["passed"]);
    // It can be stopped while it waits.
    bench.event(crash(1));
    assert_eq!(bench.sp(Map::new()), ["ok", "stop provider"]);
    assert!(bench.event(crash(2)).is_empty());
    assert_eq!(
        bench.event(Event::ProviderStopped(server())),
        ["provider stopped: stop"]
    );
}

#[test]
fn health_is_told_when_it_changes_and_when_its_time_comes() {
    let mut bench = Bench::new();
    bench.lp("builtin:httpserver");
    bench.provider_started(Ok(()));
    for (healthy, periodic, told) in [
        (true, false, Some("passed")),
        (true, false, None),
        (true, true, Some("status")),
        (false, false, Some("failed")),
        (false, false, None),
        (false, true, Some("status")),
        (true, true, Some("passed")),
    ] {
        let told: Vec<_> = told.into_iter().collect();
        assert_eq!(bench.health(healthy, periodic), told);
    }
    let health = bench.inventory.providers()[0].health.clone();
    assert!(health.is_some_and(|it| it.healthy));
}
