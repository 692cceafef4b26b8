//! Who may connect: anybody, or whoever shows a token, a password or the signature of a key.
//!
//! Knows credentials and what a client says in CONNECT. Does not know connections. Nothing it holds is ever shown.

use std::fmt;
use std::net::IpAddr;

use data_encoding::BASE64URL_NOPAD;
use nkeys::{KeyPair, KeyPairType};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The credentials that a server accepts; without any, everybody may connect.
#[derive(Clone, Default)]
pub struct Auth {
    accepted: Vec<Credential>,
}

/// One way to be let in.
#[derive(Clone)]
pub enum Credential {
    Token(String),
    User {
        name: String,
        password: String,
    },
    /// The public key of a user, `U…`.
    Nkey(String),
}

/// What a client shows in CONNECT.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    auth_token: String,
    user: String,
    pass: String,
    nkey: String,
    /// Of the server's nonce, in base64url.
    sig: String,
    /// A token that an account has signed, which is never accepted.
    jwt: String,
}

/// Why credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error(
        "cannot listen on {0} without authentication: set a token, a user or an nkey, or listen on 127.0.0.1"
    )]
    Open(IpAddr),
    #[error("a token, user name or password must not be empty")]
    Empty,
    #[error("password hashes are not supported here: give the password, or use nats-server")]
    Hashed,
    #[error("not the public nkey of a user: it must begin with U")]
    Nkey,
    #[error("operator tokens and accounts are not supported here: use nats-server")]
    Operator,
}

impl Auth {
    /// Accepts any of these.
    ///
    /// # Errors
    ///
    /// When one could never be shown, or needs what only nats-server has.
    pub fn new(accepted: Vec<Credential>) -> Result<Self, AuthError> {
        for it in &accepted {
            it.check()?;
        }
        Ok(Self { accepted })
    }

    /// Clients must show something.
    pub(super) fn required(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// Clients may have to sign a nonce.
    pub(super) fn nonce(&self) -> bool {
        let nkey = |it: &Credential| matches!(it, Credential::Nkey(_));
        self.accepted.iter().any(nkey)
    }

    /// Without credentials, only this machine is served.
    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), AuthError> {
        if self.required() || address.is_loopback() {
            return Ok(());
        }
        Err(AuthError::Open(address))
    }

    /// Whether this lets a client in.
    pub(super) fn accepts(&self, shown: &Shown, nonce: &str) -> bool {
        !self.required() || self.accepted.iter().any(|it| it.accepts(shown, nonce))
    }

    /// Why a client was not let in, for the log.
    pub(super) fn hint(&self, shown: &Shown) -> &'static str {
        if !shown.jwt.is_empty() {
            "tokens of an operator and accounts are not supported here, use nats-server"
        } else {
            "it showed nothing that is accepted"
        }
    }
}

impl Credential {
    fn check(&self) -> Result<(), AuthError> {
        match self {
            Self::Token(it) if it.is_empty() => Err(AuthError::Empty),
            Self::User { name, password } if name.is_empty() || password.is_empty() => {
                Err(AuthError::Empty)
            }
            Self::Token(it) | Self::User { password: it, .. } if it.starts_with("$2a$") => {
                Err(AuthError::Hashed)
            }
            Self::Nkey(it) => match KeyPair::from_public_key(it).map(|it| it.key_pair_type()) {
                Ok(KeyPairType::User) => Ok(()),
                Ok(KeyPairType::Operator | KeyPairType::Account) => Err(AuthError::Operator),
                _ => Err(AuthError::Nkey),
            },
            _ => Ok(()),
        }
    }

    fn accepts(&self, shown: &Shown, nonce: &str) -> bool {
        match self {
            Self::Token(token) => same(&shown.auth_token, token),
            Self::User { name, password } => same(&shown.user, name) && same(&shown.pass, password),
            Self::Nkey(key) => shown.nkey == *key && signed(key, nonce, &shown.sig),
        }
    }
}

fn signed(key: &str, nonce: &str, signature: &str) -> bool {
    // Clients write either alphabet.
    let signature = signature.trim_end_matches('=');
    let signature = signature.replace('+', "-").replace('/', "_");
    let Ok(signature) = BASE64URL_NOPAD.decode(signature.as_bytes()) else {
        return false;
    };
    let key = KeyPair::from_public_key(key);
    key.is_ok_and(|it| it.verify(nonce.as_bytes(), &signature).is_ok())
}

/// Compares without telling by its duration where two secrets differ.
fn same(a: &str, b: &str) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Auth").field(&self.accepted).finish()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token",
            Self::User { .. } => "User",
            Self::Nkey(_) => "Nkey",
        })
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL_NOPAD};
    use nkeys::KeyPair;

    use super::{Auth, AuthError, Credential, Shown};

    #[test]
    fn each_kind_lets_its_owner_in_and_nobody_else() {
        let key = KeyPair::new_user();
        let auth = Auth::new(vec![
            Credential::Token("t0ken".into()),
            Credential::User {
                name: "ada".into(),
                password: "pass".into(),
            },
            Credential::Nkey(key.public_key()),
        ])
        .unwrap();
        let sign = |nonce: &str| BASE64URL_NOPAD.encode(&key.sign(nonce.as_bytes()).unwrap());
        let (good, other, public) = (sign("nonce"), sign("other"), key.public_key());
        let shown = |auth_token: &str, user: &str, pass: &str| Shown {
            auth_token: auth_token.into(),
            user: user.into(),
            pass: pass.into(),
            ..Shown::default()
        };
        let nkey = |sig: &str| Shown {
            nkey: public.clone(),
            sig: sig.into(),
            ..Shown::default()
        };
        for it in [
            shown("t0ken", "", ""),
            shown("", "ada", "pass"),
            nkey(&good),
            nkey(&BASE64.encode(&key.sign(b"nonce").unwrap())),
        ] {
            assert!(auth.accepts(&it, "nonce"));
        }
        let refused = [
            Shown::default(),
            shown("token", "", ""),
            shown("", "ada", "word"),
            shown("", "bob", "pass"),
            nkey(""),
            nkey("!"),
            nkey(&other),
        ];
        for it in refused {
            assert!(!auth.accepts(&it, "nonce"));
        }
        assert_eq!(format!("{:?}", shown("t0ken", "ada", "pass")), "Shown");
        assert_eq!(format!("{auth:?}"), "Auth([Token, User, Nkey])");
    }

    #[test]
    fn only_this_machine_is_served_without_credentials() {
        let open = Auth::default();
        assert!(open.check_address([127, 0, 0, 1].into()).is_ok());
        let refused = open.check_address([0, 0, 0, 0].into());
        assert!(matches!(refused, Err(AuthError::Open(_))));
        let token = Auth::new(vec![Credential::Token("t".into())]).unwrap();
        assert!(token.check_address([0, 0, 0, 0].into()).is_ok());
    }

    #[test]
    fn what_only_nats_server_has_is_refused_with_its_name() {
        let hashed = Credential::Token("$2a$11$x".into());
        let operator = Credential::Nkey(KeyPair::new_operator().public_key());
        for it in [hashed, operator] {
            let refused = Auth::new(vec![it]).unwrap_err().to_string();
            assert!(refused.contains("nats-server"), "{refused}");
        }
    }
}
