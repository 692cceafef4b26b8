//! Being a leaf of a hub: where it is, how to log in, and how that is written into a server's configuration.

mod fault;
pub mod probe;
mod rights;
mod tls;
mod url;
mod websocket;

use std::fmt;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::conf::{quote, quote_path};

pub use fault::{Fault, TlsFault, Way};
pub use probe::{Owners, Probe, owners, probe};
pub use rights::Rights;
pub use url::{LeafUrl, UrlError};

/// One hub.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Its addresses, tried in turn.
    pub urls: Vec<LeafUrl>,
    pub login: Login,
    pub tls: Tls,
    /// The local account that is joined to the hub.
    pub account: Option<String>,
}

/// How to log in at a hub. Secrets do not debug-print.
#[derive(Clone, Default)]
pub enum Login {
    /// Nothing but what an address may carry.
    #[default]
    None,
    Creds {
        /// Absolute.
        path: PathBuf,
        jwt: String,
        seed: String,
    },
    Nkey {
        seed: String,
    },
    User {
        user: String,
        password: String,
    },
    Token(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Creds { .. } => "Creds(…)",
            Self::Nkey { .. } => "Nkey(…)",
            Self::User { .. } => "User(…)",
            Self::Token(_) => "Token(…)",
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub ca: Option<PathBuf>,
    /// Client certificate and key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Before the hub's first line.
    pub first: bool,
}

impl Tls {
    fn is_wanted(&self) -> bool {
        *self != Self::default()
    }
}

impl Remote {
    /// A hub of which only the addresses are known, as the server's monitoring tells them; none if none can be.
    pub fn bare(urls: &[String]) -> Option<Self> {
        let parse = |it: &String| match it.contains("://") {
            true => LeafUrl::parse(it).ok(),
            // It leaves the scheme out.
            false => LeafUrl::parse(&format!("nats-leaf://{it}")).ok(),
        };
        let urls: Vec<LeafUrl> = urls.iter().filter_map(parse).collect();
        (!urls.is_empty()).then(|| Self {
            urls,
            login: Login::None,
            tls: Tls::default(),
            account: None,
        })
    }

    /// Nothing is sent before TLS is there. A server with only a `tls://` address would go on without, if the hub
    /// has none.
    pub fn needs_tls(&self) -> bool {
        self.tls.is_wanted() || self.urls.iter().any(LeafUrl::needs_tls)
    }

    /// The configuration holds a password, token or seed.
    pub fn has_secret(&self) -> bool {
        let in_text = !matches!(self.login, Login::None | Login::Creds { .. });
        in_text || self.urls.iter().any(LeafUrl::has_login)
    }

    /// Addresses without secrets, for people.
    pub fn shown(&self) -> String {
        let shown: Vec<String> = self.urls.iter().map(LeafUrl::shown).collect();
        shown.join(", ")
    }

    /// What of this a server of that version cannot do.
    pub fn unsupported(&self, version: &str) -> Option<&'static str> {
        let mut numbers = version.split('.').map(|it| it.parse::<u64>().ok());
        let is_old = match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor)) => (major, minor) < (2, 10),
            _ => false,
        };
        match &self.login {
            _ if !is_old => None,
            Login::Nkey { .. } => Some("log in as a leaf with an nkey"),
            Login::Token(_) => Some("log in as a leaf with a token"),
            _ if self.tls.first => Some("begin TLS first as a leaf"),
            _ => None,
        }
    }

    /// An entry of the list of remotes.
    pub(super) fn write(&self, text: &mut String) {
        let urls: Vec<String> = self.urls.iter().map(|it| quote(&self.url(it))).collect();
        let _ = writeln!(text, "    {{\n      urls: [{}]", urls.join(", "));
        match &self.login {
            Login::Creds { path, .. } => {
                let _ = writeln!(text, "      credentials: {}", quote_path(path));
            }
            Login::Nkey { seed } => {
                let _ = writeln!(text, "      nkey: {}", quote(seed));
            }
            Login::None | Login::User { .. } | Login::Token(_) => {}
        }
        if let Some(account) = &self.account {
            let _ = writeln!(text, "      account: {}", quote(account));
        }
        if self.needs_tls() {
            text.push_str("      tls {\n");
            if let Some(ca) = &self.tls.ca {
                let _ = writeln!(text, "        ca_file: {}", quote_path(ca));
            }
            if let Some((certificate, key)) = &self.tls.certificate {
                let _ = writeln!(text, "        cert_file: {}", quote_path(certificate));
                let _ = writeln!(text, "        key_file: {}", quote_path(key));
            }
            if self.tls.first {
                text.push_str("        handshake_first: true\n");
            }
            text.push_str("      }\n");
        }
        text.push_str("    }\n");
    }

    /// An address as it was given, with the login that servers take nowhere else.
    fn url(&self, url: &LeafUrl) -> String {
        match &self.login {
            Login::User { user, password } => url.with_login(user, Some(password)),
            Login::Token(token) => url.with_login(token, None),
            _ => url.text().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(url: &str, login: Login) -> Remote {
        Remote {
            urls: vec![LeafUrl::parse(url).unwrap()],
            login,
            tls: Tls::default(),
            account: None,
        }
    }

    fn text(remote: &Remote) -> String {
        let mut text = String::new();
        remote.write(&mut text);
        text
    }

    #[test]
    fn addresses_stay_as_they_are_and_logins_are_escaped() {
        let plain = remote("nats-leaf://hub:7422", Login::None);
        assert!(text(&plain).contains(r#"urls: ["nats-leaf://hub:7422"]"#));
        assert!(!text(&plain).contains("tls") && !plain.has_secret());
        let login = Login::User {
            user: "a@b".to_owned(),
            password: "p:/\"w".to_owned(),
        };
        let user = remote("nats-leaf://hub", login);
        assert!(
            text(&user).contains(r#""nats-leaf://a%40b:p%3A%2F%22w@hub""#),
            "{}",
            text(&user)
        );
        assert!(user.has_secret() && !user.shown().contains("w@"));
        let token = remote("tls://hub:1", Login::Token("t k".to_owned()));
        assert!(text(&token).contains(r#""tls://t%20k@hub:1""#));
        // Otherwise the server would go on in the clear where the hub has no TLS.
        assert!(text(&token).contains("tls {"));
        assert!(!format!("{user:?}{token:?}").contains("t k"));
    }

    #[test]
    fn old_servers_are_known_by_what_they_cannot_do() {
        let nkey = remote(
            "nats-leaf://hub",
            Login::Nkey {
                seed: String::new(),
            },
        );
        assert!(nkey.unsupported("2.9.10").is_some());
        assert!(nkey.unsupported("2.10.0").is_none() && nkey.unsupported("3.0.0").is_none());
        assert!(
            remote("tls://hub", Login::None)
                .unsupported("2.9.10")
                .is_none()
        );
    }
}
