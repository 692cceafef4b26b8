//! Requests that are refused, and with which code.

use async_nats::Client;
use async_nats::jetstream::Context;

use super::{Seen, ask, config, make};

pub(super) async fn refused(js: &Context, client: &Client, seen: &mut Seen) {
    make(js, config("X", "x.>")).await;
    for (subject, body) in [
        ("STREAM.CREATE.Y", "{"),
        ("STREAM.CREATE.Y", r#"{"name":"Z"}"#),
        ("STREAM.CREATE.Y", r#"{"name":"Y","num_replicas":3}"#),
        ("STREAM.CREATE.Y", r#"{"name":"Y","subjects":["a..b"]}"#),
        ("STREAM.CREATE.Y", r#"{"name":"Y","subjects":["$JS.>"]}"#),
        ("STREAM.CREATE.Y", r#"{"name":"Y","subjects":[">"]}"#),
        ("STREAM.CREATE.Y", r#"{"name":"Y","subjects":["a","a"]}"#),
        ("STREAM.CREATE.Y", r#"{"name":"Y","subjects":["x.y"]}"#),
        ("STREAM.CREATE.Y", r#"{"name":"Y","max_age":1}"#),
        (
            "STREAM.CREATE.Y",
            r#"{"name":"Y","max_age":1000000000,"duplicate_window":2000000000}"#,
        ),
        ("STREAM.CREATE.X", r#"{"name":"X","subjects":["q"]}"#),
        ("STREAM.UPDATE.Y", r#"{"name":"Y"}"#),
        ("STREAM.UPDATE.X", r#"{"name":"Y"}"#),
        ("STREAM.UPDATE.X", r#"{"name":"X","storage":"memory"}"#),
        ("STREAM.INFO.Y", ""),
        ("STREAM.INFO.X", "{"),
        ("STREAM.DELETE.Y", ""),
        ("STREAM.PURGE.Y", ""),
        ("STREAM.PURGE.X", "["),
        ("STREAM.MSG.GET.X", ""),
        ("STREAM.MSG.GET.X", "{}"),
        ("STREAM.MSG.GET.X", r#"{"seq":1}"#),
        ("STREAM.MSG.GET.Y", r#"{"seq":1}"#),
        ("STREAM.MSG.DELETE.X", ""),
        ("STREAM.MSG.DELETE.X", r#"{"seq":1}"#),
        ("STREAM.NAMES", "{"),
        ("STREAM.LIST", "{"),
        ("CONSUMER.INFO.X.Y", ""),
        ("CONSUMER.INFO.Y.Y", ""),
        ("CONSUMER.DELETE.X.Y", ""),
        ("CONSUMER.NAMES.Y", ""),
        ("CONSUMER.LIST.X", "{"),
        ("CONSUMER.CREATE.X", "{"),
        ("CONSUMER.CREATE.X.Y", r#"{"stream_name":"Z","config":{}}"#),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"durable_name":"Z"}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y.x.1",
            r#"{"stream_name":"X","config":{"name":"Y","filter_subject":"x.2"}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","num_replicas":3}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","max_waiting":-1}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","flow_control":true}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","idle_heartbeat":1000000000}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","deliver_policy":"by_start_sequence"}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","deliver_policy":"by_start_time"}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","deliver_policy":"last_per_subject"}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","opt_start_seq":3}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","filter_subject":"a..b"}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","filter_subject":"x.1","filter_subjects":["x.2"]}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y","filter_subjects":["x.2",""]}}"#,
        ),
        (
            "CONSUMER.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"name":"Y"},"action":"update"}"#,
        ),
        (
            "CONSUMER.DURABLE.CREATE.X.Y",
            r#"{"stream_name":"X","config":{}}"#,
        ),
        (
            "CONSUMER.DURABLE.CREATE.X.Y",
            r#"{"stream_name":"X","config":{"durable_name":"Z"}}"#,
        ),
        (
            "CONSUMER.DURABLE.CREATE.Y.Y",
            r#"{"stream_name":"Y","config":{"durable_name":"Y"}}"#,
        ),
    ] {
        let answer = ask(client, subject, body).await;
        if subject == "STREAM.CREATE.Y" {
            // An older server may have taken it.
            let _ = js.delete_stream("Y").await;
        }
        let (kind, error) = (&answer["type"], &answer["error"]);
        seen.add(
            &format!("{subject} {body}"),
            (kind, &error["code"], &error["err_code"]),
        );
    }
    for body in [
        r#"{"retention":"workqueue"}"#,
        r#"{"retention":"interest"}"#,
        r#"{"mirror":{"name":"X"}}"#,
        r#"{"sources":[{"name":"X"}]}"#,
        r#"{"republish":{"src":"a","dest":"b"}}"#,
        r#"{"subject_transform":{"src":"a","dest":"b"}}"#,
        r#"{"max_consumers":3}"#,
        r#"{"no_ack":true}"#,
        r#"{"allow_msg_ttl":true}"#,
        r#"{"consumer_limits":{"max_ack_pending":9}}"#,
        r#"{"discard":"new","max_msgs_per_subject":1,"discard_new_per_subject":true}"#,
    ] {
        let named = body.replacen('{', r#"{"name":"Y","#, 1);
        let answer = ask(client, "STREAM.CREATE.Y", &named).await;
        seen.add(&format!("lacks {body}"), &answer["error"]["err_code"]);
        let _ = js.delete_stream("Y").await;
    }
    for (at, field) in [
        r#""backoff":[1000000000]"#,
        r#""max_batch":9"#,
        r#""max_bytes":9"#,
        r#""max_expires":9000000000"#,
        r#""replay_policy":"original""#,
        r#""rate_limit_bps":99999,"deliver_subject":"z""#,
    ]
    .into_iter()
    .enumerate()
    {
        let body = format!(
            r#"{{"stream_name":"X","config":{{"ack_policy":"explicit","max_deliver":9,{field}}}}}"#
        );
        let answer = ask(client, &format!("CONSUMER.CREATE.X.l{at}"), &body).await;
        seen.add(&format!("lacks {field}"), &answer["error"]["err_code"]);
    }
    let snapshot = ask(client, "STREAM.SNAPSHOT.X", r#"{"deliver_subject":"z"}"#).await;
    seen.add("lacks snapshots", &snapshot["error"]["err_code"]);
    js.delete_stream("X").await.unwrap();
}
