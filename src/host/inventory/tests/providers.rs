//! Providers: one per link name, and how they are.

use super::*;

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
fn what_is_not_built_in_fails_with_the_way_out() {
    let mut bench = Bench::new();
    for (reference, words) in [
        ("builtin:teleport", "this host has builtin:httpserver"),
        ("ghcr.io/me/p:1", "come in a later version"),
        ("file:///p.par", "come in a later version"),
        ("", "come in a later version"),
    ] {
        let effects = bench.lp(reference);
        assert_eq!(effects[0], "ok");
        assert!(effects[1].contains(words), "{effects:?}");
    }
    bench.inventory = Inventory::new(Map::new(), String::new(), false);
    let effects = bench.lp("wasmcloud.azurecr.io/httpserver:0.15.0");
    assert!(effects[1].starts_with("provider failed"), "{effects:?}");
    bench.lp("builtin:httpserver");
    let effects = bench.provider_started(Err("no".to_owned()));
    assert_eq!(effects, ["provider failed builtin:httpserver: no"]);
    assert!(bench.inventory.providers().is_empty());
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
