//! What becomes of configurations on the way: while a stream is filled, when it is whole, and those of its
//! consumers. Pure.

use serde_json::{Map, Value, json};

use super::record::subjects_of;

/// The shortest window of duplicates that servers allow, in nanoseconds.
const WINDOW: u64 = 100_000_000;

/// Begins the subject of what stands where messages are missing; a stream that has one is not whole.
const GAP: &str = "_WASH.gap.";

/// A subject for the gaps of one import.
pub(super) fn gap() -> String {
    format!("{GAP}{}", nuid::next())
}

/// Whether an import of this stream did not end.
pub(super) fn is_partial(config: &Value) -> bool {
    subjects_of(config).iter().any(|it| it.starts_with(GAP))
}

/// Why a stream cannot be made of its messages, if it cannot.
pub(super) fn unmovable(config: &Value) -> Option<&'static str> {
    let is = |field: &str| match config.get(field) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    if is_partial(config) {
        Some("it is not whole, since its import did not end; import it again")
    } else if is("mirror") || is("sources") {
        Some("it is filled from another stream; make it anew where that is")
    } else if is("subject_transform") {
        Some("it changes the subjects of messages as they come")
    } else if is("allow_msg_counter") {
        Some("its messages are counters")
    } else if is("allow_msg_schedules") {
        Some("its messages are schedules")
    } else {
        None
    }
}

/// A stream that takes what it is given: no limits, no age, nothing that may not be removed; also `gap`, for what
/// stands where messages are missing.
pub(super) fn loading(config: &Value, first_seq: u64, gap: &str) -> Value {
    let mut loading = settled(config, first_seq);
    let mut subjects = subjects_of(config);
    subjects.push(gap.to_owned());
    let changes = json!({
        "subjects": subjects,
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "max_msgs_per_subject": -1,
        "max_msg_size": -1,
        "discard": "old",
        "duplicate_window": WINDOW,
        "allow_rollup_hdrs": true,
        "deny_delete": false,
        "deny_purge": false,
        "sealed": false,
        "no_ack": false,
    });
    if let (Some(loading), Value::Object(changes)) = (loading.as_object_mut(), changes) {
        loading.extend(changes);
        for field in [
            "republish",
            "discard_new_per_subject",
            "subject_delete_marker_ttl",
        ] {
            loading.remove(field);
        }
    }
    loading
}

/// A stream as it was, with the first sequence that it really has.
pub(super) fn settled(config: &Value, first_seq: u64) -> Value {
    let mut settled = config.clone();
    if let Some(settled) = settled.as_object_mut() {
        drop_notes(settled);
        settled.remove("first_seq");
        if first_seq > 1 {
            settled.insert("first_seq".to_owned(), first_seq.into());
        }
    }
    settled
}

/// A consumer that goes on where it was. Where everything in the stream is to be delivered, it stays as it is.
pub(super) fn consumer(config: &Value, ack_floor: u64, retention: &str) -> Value {
    let mut consumer = config.clone();
    let Some(fields) = consumer.as_object_mut() else {
        return consumer;
    };
    drop_notes(fields);
    let all = config
        .get("deliver_policy")
        .is_none_or(|it| it.as_str() == Some("all"));
    if retention == "limits" && (!all || ack_floor > 0) {
        fields.insert("deliver_policy".to_owned(), "by_start_sequence".into());
        fields.insert("opt_start_seq".to_owned(), (ack_floor + 1).into());
        fields.remove("opt_start_time");
    }
    consumer
}

/// `limits`, `interest` or `workqueue`.
pub(super) fn retention(config: &Value) -> &str {
    let retention = config.get("retention").and_then(Value::as_str);
    retention.unwrap_or("limits")
}

/// What a server wrote into the metadata for itself.
fn drop_notes(config: &mut Map<String, Value>) {
    let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut) else {
        return;
    };
    metadata.retain(|key, _| !key.starts_with("_nats."));
    if metadata.is_empty() {
        config.remove("metadata");
    }
}

/// Whether a header speaks to the server about the moment of publishing, and not to readers.
pub(super) fn is_momentary(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    header.starts_with("nats-expected-") || header.starts_with("nats-batch-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_open_while_it_is_filled_and_as_it_was_then() {
        let config = json!({
            "name": "S", "subjects": ["a"], "max_msgs": 5, "deny_delete": true, "sealed": true,
            "first_seq": 3, "unknown": {"x": 1}, "metadata": {"_nats.ver": "2.15.0", "mine": "1"},
        });
        let open = loading(&config, 7, "gap");
        assert_eq!(open["subjects"], json!(["a", "gap"]));
        assert_eq!(
            (&open["max_msgs"], &open["sealed"]),
            (&json!(-1), &json!(false))
        );
        assert_eq!(open["first_seq"], 7);
        let after = settled(&config, 1);
        assert_eq!(after["max_msgs"], 5);
        assert_eq!(after["metadata"], json!({"mine": "1"}));
        assert_eq!(after["unknown"], config["unknown"]);
        assert!(after.get("first_seq").is_none());
        // Without subjects, a stream listens on its name.
        assert_eq!(
            loading(&json!({"name": "S"}), 1, "gap")["subjects"],
            json!(["S", "gap"])
        );
    }

    #[test]
    fn a_consumer_goes_on_where_it_was() {
        let all = json!({"durable_name": "d", "deliver_policy": "all"});
        assert_eq!(consumer(&all, 0, "limits"), all);
        assert_eq!(consumer(&all, 9, "workqueue"), all);
        let on = consumer(&all, 9, "limits");
        assert_eq!(
            (&on["deliver_policy"], &on["opt_start_seq"]),
            (&json!("by_start_sequence"), &json!(10))
        );
        let new = json!({"durable_name": "d", "deliver_policy": "new"});
        assert_eq!(consumer(&new, 0, "limits")["opt_start_seq"], 1);
    }

    #[test]
    fn what_its_messages_do_not_make_is_left_where_it_is() {
        assert_eq!(
            unmovable(&json!({"name": "S", "sources": [], "mirror": null})),
            None
        );
        for field in ["mirror", "subject_transform"] {
            assert!(
                unmovable(&json!({field: {"name": "T"}})).is_some(),
                "{field}"
            );
        }
        assert!(unmovable(&json!({"sources": [{}]})).is_some());
        assert!(unmovable(&json!({"allow_msg_counter": true})).is_some());
    }

    #[test]
    fn expectations_are_of_their_moment() {
        assert!(is_momentary("Nats-Expected-Last-Subject-Sequence"));
        assert!(is_momentary("nats-batch-id"));
        for kept in ["Nats-Msg-Id", "Nats-Rollup", "Nats-TTL", "KV-Operation"] {
            assert!(!is_momentary(kept), "{kept}");
        }
    }
}
