//! Tokens of the decentralized authentication of NATS, version 2: what an operator, an account and a user state,
//! and the credentials file in which a user carries its token and its seed.
//!
//! Pure: keys and the time come in as values. These tokens say who may use a NATS server; those of
//! [`crate::claims`] say what an actor may do, and look different.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha512_256};

use crate::claims::Seed;

/// The header that every token has; other algorithms belong to the version before.
const HEADER: &str = r#"{"typ":"JWT","alg":"ed25519-nkey"}"#;

/// No limit, or all that the server has.
const UNLIMITED: i64 = -1;

/// What an account may use, and who may not use it any more.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// `A…`
    pub public: &'a str,
    pub name: &'a str,
    /// Streams and key-value stores, without a limit but that of the server.
    pub jetstream: bool,
    /// Public keys of users with seconds since 1970: their tokens issued until then are not accepted.
    pub revoked: &'a BTreeMap<String, u64>,
}

/// Who connects.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// `U…`
    pub public: &'a str,
    pub name: &'a str,
    /// Seconds since 1970; none for never.
    pub expires: Option<u64>,
}

/// The token of an operator, signed by itself. `now` in seconds since 1970.
pub fn operator(operator: &Seed, name: &str, system_account: &str, now: u64) -> String {
    let nats = json!({ "system_account": system_account, "type": "operator", "version": 2 });
    let public = operator.public();
    sign(operator, claims(&public, name, None, now), nats)
}

/// The token of an account, signed by its operator. `now` in seconds since 1970.
pub fn account(operator: &Seed, account: Account<'_>, now: u64) -> String {
    let mut limits = Map::new();
    for name in [
        "subs", "data", "payload", "imports", "exports", "conn", "leaf",
    ] {
        limits.insert(name.to_owned(), UNLIMITED.into());
    }
    limits.insert("wildcards".to_owned(), true.into());
    if account.jetstream {
        for name in ["mem_storage", "disk_storage", "streams", "consumer"] {
            limits.insert(name.to_owned(), UNLIMITED.into());
        }
    }
    let mut nats = json!({
        "limits": limits,
        "default_permissions": { "pub": {}, "sub": {} },
        "type": "account",
        "version": 2,
    });
    if !account.revoked.is_empty() {
        nats["revocations"] = json!(account.revoked);
    }
    sign(
        operator,
        claims(account.public, account.name, None, now),
        nats,
    )
}

/// The token of a user who may do all that its account may, signed by the account. `now` in seconds since 1970.
pub fn user(account: &Seed, user: User<'_>, now: u64) -> String {
    let nats = json!({
        "pub": {},
        "sub": {},
        "subs": UNLIMITED,
        "data": UNLIMITED,
        "payload": UNLIMITED,
        "type": "user",
        "version": 2,
    });
    sign(
        account,
        claims(user.public, user.name, user.expires, now),
        nats,
    )
}

/// The content of a credentials file. Its `Debug` form shows nothing.
#[derive(Clone)]
pub struct Creds(String);

impl Creds {
    /// A user's token with the seed that proves it.
    pub fn new(token: &str, seed: &Seed) -> Self {
        Self(format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
             ************************* IMPORTANT *************************\n\
             The seed below proves who you are: keep it secret.\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n\n\
             *************************************************************\n",
            seed.reveal()
        ))
    }

    /// The text, for the few places that must write it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Creds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Creds(…)")
    }
}

/// What tokens of every kind state, in the order in which the id covers it.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    iat: u64,
    iss: String,
    name: &'a str,
    sub: &'a str,
}

#[derive(Debug, Serialize)]
struct Payload<'a> {
    #[serde(flatten)]
    claims: Claims<'a>,
    nats: Value,
}

fn claims<'a>(sub: &'a str, name: &'a str, exp: Option<u64>, now: u64) -> Claims<'a> {
    Claims {
        exp,
        jti: None,
        iat: now,
        iss: String::new(),
        name,
        sub,
    }
}

fn sign(issuer: &Seed, mut claims: Claims<'_>, nats: Value) -> String {
    claims.iss = issuer.public();
    claims.jti = Some(id(&claims));
    let payload = text(&Payload { claims, nats });
    let signed = format!(
        "{}.{}",
        BASE64URL_NOPAD.encode(HEADER.as_bytes()),
        BASE64URL_NOPAD.encode(payload.as_bytes())
    );
    let signature = BASE64URL_NOPAD.encode(&issuer.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The hash of all claims but itself and those below `nats`.
fn id(claims: &Claims<'_>) -> String {
    BASE32_NOPAD.encode(&Sha512_256::digest(text(claims)))
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers have a JSON form")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::KeyKind;
    use crate::claims::keys::verify;

    const NOW: u64 = 1_700_000_000;

    /// Checks header, signature and id, and returns the payload.
    #[track_caller]
    fn open(token: &str, issuer: &Seed) -> Value {
        let decode = |it: &str| BASE64URL_NOPAD.decode(it.as_bytes()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = signed.split_once('.').unwrap();
        let header: Value = serde_json::from_slice(&decode(header)).unwrap();
        assert_eq!(header, json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
        verify(&issuer.public(), signed.as_bytes(), &decode(signature)).unwrap();
        let payload: Value = serde_json::from_slice(&decode(payload)).unwrap();
        assert_eq!(payload["iss"], issuer.public());
        assert_eq!(payload["iat"], NOW);
        assert_eq!(payload["jti"].as_str().unwrap().len(), 52);
        assert_eq!(payload["nats"]["version"], 2);
        payload
    }

    #[test]
    fn an_operator_signs_itself_and_names_the_system_account() {
        let key = Seed::generate(KeyKind::Operator);
        let system = Seed::generate(KeyKind::Account).public();
        let payload = open(&operator(&key, "hub", &system, NOW), &key);
        assert_eq!(payload["sub"], key.public());
        assert_eq!(payload["name"], "hub");
        assert_eq!(
            payload["nats"],
            json!({ "system_account": system, "type": "operator", "version": 2 })
        );
    }

    #[test]
    fn an_account_is_unlimited_and_lists_who_is_revoked() {
        let key = Seed::generate(KeyKind::Operator);
        let public = Seed::generate(KeyKind::Account).public();
        let token = |jetstream, revoked: &BTreeMap<String, u64>| {
            let it = Account {
                public: &public,
                name: "lattice",
                jetstream,
                revoked,
            };
            open(&account(&key, it, NOW), &key)
        };
        let payload = token(true, &BTreeMap::new());
        assert_eq!(payload["sub"], public);
        let nats = &payload["nats"];
        assert_eq!(nats["type"], "account");
        assert_eq!(nats["limits"]["leaf"], -1);
        assert_eq!(nats["limits"]["disk_storage"], -1);
        assert_eq!(nats["limits"]["wildcards"], true);
        assert!(nats.get("revocations").is_none());

        let revoked = BTreeMap::from([("UA".to_owned(), NOW)]);
        let payload = token(false, &revoked);
        assert_eq!(payload["nats"]["revocations"], json!({ "UA": NOW }));
        assert!(payload["nats"]["limits"].get("disk_storage").is_none());
    }

    #[test]
    fn a_user_is_signed_by_its_account_and_may_expire() {
        let key = Seed::generate(KeyKind::Account);
        let public = Seed::generate(KeyKind::User).public();
        for expires in [None, Some(NOW + 60)] {
            let it = User {
                public: &public,
                name: "second",
                expires,
            };
            let payload = open(&user(&key, it, NOW), &key);
            assert_eq!(payload["sub"], public);
            assert_eq!(payload.get("exp").and_then(Value::as_u64), expires);
            assert_eq!(payload["nats"]["type"], "user");
            assert_eq!(payload["nats"]["payload"], -1);
        }
    }

    /// The expected id was made by other means.
    #[test]
    fn the_id_is_the_hash_of_the_claims() {
        let mut claims = claims("UX", "ann", Some(2), 1);
        claims.iss = "AX".to_owned();
        assert_eq!(
            id(&claims),
            "3HLCXXJFW3E3WIMRK6PUSIJGBE6SG2D6GFKS3EY2B7ACTALYAKPQ"
        );
    }

    #[test]
    fn credentials_are_read_by_the_client_and_never_shown() {
        let account = Seed::generate(KeyKind::Account);
        let seed = Seed::generate(KeyKind::User);
        let public = seed.public();
        let it = User {
            public: &public,
            name: "ann",
            expires: None,
        };
        let creds = Creds::new(&user(&account, it, NOW), &seed);
        assert!(async_nats::ConnectOptions::with_credentials(creds.reveal()).is_ok());
        assert_eq!(format!("{creds:?}"), "Creds(…)");
    }
}
