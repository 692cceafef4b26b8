//! What a hub remembers of itself and of those who may use it. Holds no secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The form of the file; another one is not read.
pub(super) const FORMAT: u32 = 1;

/// A hub, as kept in its directory. Times in seconds since 1970.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub(super) format: u32,
    /// Name of the hub, its server and its operator.
    pub name: String,
    /// Public keys.
    pub operator: String,
    pub account: String,
    pub system_account: String,
    pub system_token: String,
    pub jetstream: bool,
    pub tls: bool,
    /// Where clients and leaf nodes reach it, as far as it was told.
    pub client_url: String,
    pub leaf_url: String,
    pub users: Vec<UserRecord>,
}

/// Somebody who may use the hub, or might.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    pub name: String,
    /// Public key.
    pub public_key: String,
    pub created: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<u64>,
}

/// Whether a user is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Valid,
    Expired,
    Revoked,
}

impl UserRecord {
    /// `now` in seconds since 1970.
    pub fn standing(&self, now: u64) -> Standing {
        if self.revoked.is_some() {
            Standing::Revoked
        } else if self.expires.is_some_and(|it| it <= now) {
            Standing::Expired
        } else {
            Standing::Valid
        }
    }
}

impl Record {
    /// The one of this name that is not revoked. Names that differ only in case are the same file on some systems.
    pub(super) fn active(&self, name: &str) -> Option<&UserRecord> {
        let mut users = self.users.iter();
        users.find(|it| it.revoked.is_none() && it.name.eq_ignore_ascii_case(name))
    }

    /// Public keys of the revoked, with the time until which their tokens are void.
    pub(super) fn revocations(&self) -> BTreeMap<String, u64> {
        let revoked = |it: &UserRecord| {
            // A clock that was set back must not leave a token valid.
            let until = it.revoked?.max(it.created);
            Some((it.public_key.clone(), until))
        };
        self.users.iter().filter_map(revoked).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, revoked: Option<u64>, expires: Option<u64>) -> UserRecord {
        UserRecord {
            name: name.to_owned(),
            public_key: format!("U{name}"),
            created: 100,
            expires,
            revoked,
        }
    }

    #[test]
    fn standing_follows_time_and_revocation() {
        assert_eq!(user("a", None, None).standing(500), Standing::Valid);
        assert_eq!(user("a", None, Some(500)).standing(499), Standing::Valid);
        assert_eq!(user("a", None, Some(500)).standing(500), Standing::Expired);
        assert_eq!(user("a", Some(1), Some(500)).standing(0), Standing::Revoked);
    }

    #[test]
    fn revoked_names_can_be_given_again() {
        let record = Record {
            format: FORMAT,
            name: "hub".to_owned(),
            operator: String::new(),
            account: String::new(),
            system_account: String::new(),
            system_token: String::new(),
            jetstream: true,
            tls: false,
            client_url: String::new(),
            leaf_url: String::new(),
            users: vec![user("a", Some(50), None), user("b", None, None)],
        };
        assert!(record.active("a").is_none());
        assert_eq!(record.active("B").unwrap().name, "b");
        // Revoked by a clock before that of its birth.
        assert_eq!(
            record.revocations(),
            BTreeMap::from([("Ua".to_owned(), 100)])
        );
    }
}
