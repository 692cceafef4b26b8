//! Streams: made, changed, asked and emptied.

use async_nats::Client;
use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{Config, StorageType};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use super::{Seen, ask, config, face, make, put};

pub(super) async fn streams(js: &Context, seen: &mut Seen) {
    let mut stream = make(js, config("S", "s.>")).await;
    let info = stream.cached_info();
    seen.add(
        "created",
        (
            &info.config.subjects,
            &info.config.max_messages,
            info.config.duplicate_window,
        ),
    );
    seen.outcome(
        "created again",
        js.create_stream(config("S", "s.>"))
            .await
            .map(|it| it.cached_info().state.messages),
    );
    seen.outcome(
        "created otherwise",
        js.create_stream(config("S", "t.>")).await.map(|_| ()),
    );
    seen.outcome(
        "overlap",
        js.create_stream(config("T", "s.x")).await.map(|_| ()),
    );
    seen.outcome("no such stream", js.get_stream("T").await.map(|_| ()));
    for i in 0..10 {
        seen.outcome(
            "publish",
            put(js, &format!("s.{}", i % 3), &[], &i.to_string()).await,
        );
    }
    seen.outcome("id", put(js, "s.id", &[("Nats-Msg-Id", "a")], "1").await);
    seen.outcome(
        "same id",
        put(js, "s.id", &[("Nats-Msg-Id", "a")], "1").await,
    );
    for (name, value) in [
        ("Nats-Expected-Stream", "S"),
        ("Nats-Expected-Stream", "T"),
        ("Nats-Expected-Last-Sequence", "12"),
        ("Nats-Expected-Last-Sequence", "1"),
        ("Nats-Expected-Last-Subject-Sequence", "0"),
        ("Nats-Expected-Last-Subject-Sequence", "5"),
        ("Nats-Expected-Last-Msg-Id", "b"),
        ("Nats-Rollup", "sub"),
    ] {
        seen.outcome(
            &format!("{name} {value}"),
            put(js, &format!("s.e.{value}"), &[(name, value)], "x").await,
        );
    }
    for seq in [1, 5, 99] {
        let it = stream.get_raw_message(seq).await;
        seen.outcome(
            "get",
            it.map(|it| (it.subject, it.sequence, it.payload, it.headers)),
        );
    }
    let it = stream.get_last_raw_message_by_subject("s.*").await;
    seen.outcome("get last", it.map(|it| (it.subject, it.sequence)));
    let it = stream.get_first_raw_message_by_subject("s.1", 3).await;
    seen.outcome("get next", it.map(|it| (it.subject, it.sequence)));
    seen.outcome("delete", stream.delete_message(5).await);
    seen.outcome("delete again", stream.delete_message(5).await);
    seen.outcome("delete none", stream.delete_message(500).await);
    let state = &stream.info().await.unwrap().state;
    seen.add(
        "state",
        (
            state.messages,
            state.bytes,
            state.first_sequence,
            state.last_sequence,
            state.subjects_count,
            state.deleted_count,
        ),
    );
    let mut subjects: Vec<_> = stream
        .info_with_subjects("s.*")
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    subjects.sort();
    seen.add("subjects", subjects);
    seen.outcome(
        "purge subject",
        stream.purge().filter("s.1").await.map(|it| it.purged),
    );
    seen.outcome(
        "purge keep",
        stream.purge().keep(4).await.map(|it| it.purged),
    );
    seen.outcome(
        "purge to",
        stream.purge().sequence(11).await.map(|it| it.purged),
    );
    seen.outcome("purge", stream.purge().await.map(|it| it.purged));
    let state = &stream.info().await.unwrap().state;
    seen.add(
        "purged",
        (
            state.messages,
            state.bytes,
            state.first_sequence,
            state.last_sequence,
        ),
    );
    let names: Vec<_> = js.stream_names().try_collect().await.unwrap();
    seen.add("names", names);
    let mut changed = config("S", "s.>");
    changed.storage = StorageType::Memory;
    seen.outcome(
        "update storage",
        js.update_stream(changed).await.map(|_| ()),
    );
    seen.outcome(
        "update",
        js.update_stream(config("S", "u.>"))
            .await
            .map(|it| it.config.subjects),
    );
    seen.outcome("old subject", put(js, "s.1", &[], "x").await);
    seen.outcome("deleted", js.delete_stream("S").await.map(|it| it.success));
    seen.outcome(
        "deleted again",
        js.delete_stream("S").await.map(|it| it.success),
    );
}

/// Single messages, and purges, by all that selects them.
pub(super) async fn gets(js: &Context, client: &Client, seen: &mut Seen) {
    let config = Config {
        allow_direct: true,
        ..config("G", "g.>")
    };
    make(js, config).await;
    for i in 0..12 {
        let lines: &[_] = if i % 2 == 0 { &[] } else { &[("A", "b")] };
        put(js, &format!("g.{}", i % 4), lines, &i.to_string())
            .await
            .unwrap();
    }
    for body in [
        r#"{"seq":3}"#,
        r#"{"seq":300}"#,
        r#"{"last_by_subj":"g.1"}"#,
        r#"{"last_by_subj":"g.*"}"#,
        r#"{"last_by_subj":"h"}"#,
        r#"{"next_by_subj":"g.2"}"#,
        r#"{"seq":4,"next_by_subj":"g.2"}"#,
        r#"{"seq":12,"next_by_subj":"g.2"}"#,
        r#"{"seq":4,"next_by_subj":">"}"#,
        r#"{"seq":4,"last_by_subj":"g.2"}"#,
        "{}",
        "{",
        "",
    ] {
        let direct = client.request("$JS.API.DIRECT.GET.G", body.into()).await;
        seen.outcome(&format!("direct {body}"), direct.map(|it| face(&it)));
        let it = ask(client, "STREAM.MSG.GET.G", body).await;
        let (message, error) = (&it["message"], &it["error"]);
        let shown = ["seq", "subject", "data", "hdrs"].map(|it| &message[it]);
        seen.add(
            &format!("get {body}"),
            (shown, &error["code"], &error["err_code"]),
        );
    }
    for subject in ["g.1", "g.9", "g.>"] {
        let direct = client
            .request(format!("$JS.API.DIRECT.GET.G.{subject}"), "".into())
            .await;
        seen.outcome(&format!("direct {subject}"), direct.map(|it| face(&it)));
    }
    let direct = client.request("$JS.API.DIRECT.GET.H", "{}".into()).await;
    seen.outcome("direct of none", direct.map(|it| face(&it)));
    for body in [
        r#"{"filter":"g.1","keep":2}"#,
        r#"{"filter":"g.2","seq":7}"#,
        r#"{"filter":"h"}"#,
        r#"{"seq":3,"keep":1}"#,
        r#"{"seq":3}"#,
        r#"{"keep":100}"#,
        r#"{"keep":3}"#,
        r#"{"seq":1000}"#,
    ] {
        let it = ask(client, "STREAM.PURGE.G", body).await;
        let state = ask(client, "STREAM.INFO.G", r#"{"subjects_filter":"g.*"}"#).await;
        let (state, error) = (&state["state"], &it["error"]["err_code"]);
        let state = ["messages", "first_seq", "last_seq", "subjects"].map(|it| &state[it]);
        seen.add(
            &format!("purge {body}"),
            (it["purged"].as_u64().unwrap_or(0), error, state),
        );
    }
    js.delete_stream("G").await.unwrap();

    let body = r#"{"name":"F","subjects":["f.>"],"first_seq":100}"#;
    let made = ask(client, "STREAM.CREATE.F", body).await;
    let state = ["first_seq", "last_seq"].map(|it| &made["state"][it]);
    let put = put(js, "f.a", &[], "x").await.map_err(|it| it.kind());
    seen.add("first sequence", (&made["config"]["first_seq"], state, put));
    js.delete_stream("F").await.unwrap();
}

/// Streams and consumers, listed.
pub(super) async fn lists(js: &Context, client: &Client, seen: &mut Seen) {
    for (name, subject) in [("LA", "la.>"), ("LB", "lb.*"), ("LC", "lc")] {
        make(js, config(name, subject)).await;
    }
    put(js, "la.1", &[], "x").await.unwrap();
    put(js, "la.2", &[], "x").await.unwrap();
    let field = |it: &Value, name: &str| it[name].clone();
    for body in [
        "",
        "null",
        r#"{"subject":"lb.x"}"#,
        r#"{"subject":"*"}"#,
        r#"{"subject":"no"}"#,
        r#"{"offset":1}"#,
        r#"{"offset":9}"#,
    ] {
        let it = ask(client, "STREAM.NAMES", body).await;
        seen.add(
            &format!("names {body}"),
            ["streams", "total", "offset", "limit"].map(|name| field(&it, name)),
        );
        let it = ask(client, "STREAM.LIST", body).await;
        let names = it["streams"].as_array().into_iter().flatten();
        let names: Vec<_> = names.map(|it| &it["config"]["name"]).collect();
        seen.add(&format!("list {body}"), (names, &it["total"], &it["limit"]));
    }
    for body in [
        r#"{"subjects_filter":">"}"#,
        r#"{"subjects_filter":"la.2"}"#,
        r#"{"subjects_filter":"no"}"#,
        "{}",
    ] {
        let it = ask(client, "STREAM.INFO.LA", body).await;
        seen.add(
            &format!("info {body}"),
            (&it["state"]["subjects"], &it["total"]),
        );
    }
    for name in ["a", "b", "c"] {
        let config = json!({ "stream_name": "LA", "config": { "durable_name": name, "ack_policy": "explicit" } });
        let it = ask(
            client,
            &format!("CONSUMER.DURABLE.CREATE.LA.{name}"),
            &config.to_string(),
        )
        .await;
        seen.add(
            "durable",
            (
                &it["name"],
                &it["config"]["ack_wait"],
                &it["config"]["max_waiting"],
            ),
        );
    }
    for body in ["", r#"{"offset":1}"#, r#"{"offset":9}"#] {
        let it = ask(client, "CONSUMER.NAMES.LA", body).await;
        seen.add(
            &format!("consumers {body}"),
            ["consumers", "total", "offset", "limit"].map(|name| field(&it, name)),
        );
        let it = ask(client, "CONSUMER.LIST.LA", body).await;
        let names = it["consumers"].as_array().into_iter().flatten();
        let names: Vec<_> = names.map(|it| (&it["name"], &it["num_pending"])).collect();
        seen.add(
            &format!("consumer list {body}"),
            (names, &it["total"], &it["limit"]),
        );
    }
    let account = ask(client, "INFO", "").await;
    seen.add(
        "account",
        ["streams", "consumers", "memory", "storage", "domain"].map(|name| field(&account, name)),
    );
    for name in ["LA", "LB", "LC"] {
        js.delete_stream(name).await.unwrap();
    }
}
