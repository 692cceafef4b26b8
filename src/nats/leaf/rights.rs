//! What a hub lets a leaf send and receive, as it tells each leaf that has logged in.

use serde::Deserialize;

use crate::nats::pattern::selects;

/// The rights of a user at the hub; without any, all is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Rights {
    /// What comes from the hub.
    import: Option<Subjects>,
    /// What goes to the hub.
    export: Option<Subjects>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Subjects {
    /// All, if there is none.
    allow: Option<Vec<String>>,
    deny: Option<Vec<String>>,
}

impl Rights {
    /// Whether messages with this subject, which has no wildcards, go to the hub.
    pub fn may_publish(&self, subject: &str) -> bool {
        self.export.as_ref().is_none_or(|it| it.permit(subject))
    }

    /// Whether messages with this subject, which has no wildcards, come from the hub.
    pub fn may_subscribe(&self, subject: &str) -> bool {
        self.import.as_ref().is_none_or(|it| it.permit(subject))
    }
}

impl Subjects {
    fn permit(&self, subject: &str) -> bool {
        let among = |list: &[String]| list.iter().any(|it| covers(it, subject));
        let allowed = self.allow.as_deref().is_none_or(among);
        allowed && !self.deny.as_deref().is_some_and(among)
    }
}

/// Whether a pattern with `*` and `>` covers a subject.
fn covers(pattern: &str, subject: &str) -> bool {
    // A queue group may follow.
    let pattern = pattern.split_whitespace().next().unwrap_or_default();
    selects(pattern, subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_subjects() {
        for (pattern, subject, expected) in [
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", false),
            ("*.b", "a.b", true),
            ("a.b queue", "a.b", true),
            ("a", "a.b", false),
            (">", "a", true),
            ("", "a", false),
        ] {
            assert_eq!(covers(pattern, subject), expected, "{pattern} {subject}");
        }
    }

    #[test]
    fn what_a_hub_tells_is_understood() {
        let read = |text| serde_json::from_str::<Rights>(text).unwrap();
        let free = read("{\"server_id\":\"x\",\"import\":null}");
        assert!(free.may_publish("a") && free.may_subscribe("a"));
        let some = read(r#"{"import":{"allow":["_INBOX.\u003e"]},"export":{"deny":["a.>"]}}"#);
        assert!(some.may_subscribe("_INBOX.1") && !some.may_subscribe("a.b"));
        assert!(some.may_publish("b") && !some.may_publish("a.b"));
    }
}
