//! Addresses of NATS servers as people write them. Credentials in a URL are taken out at once, so that
//! nothing that shows an address can show them.

use async_nats::ServerAddr;

use super::connect::ConnectError;

/// One server, without credentials.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) server: ServerAddr,
    /// From `user:password@` in the URL.
    pub(super) login: Option<Login>,
}

/// Credentials of a URL. No `Debug`: it would show them.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    User { user: String, password: String },
    Token(String),
}

impl Address {
    /// Every address in `text`, which may be a list with commas.
    ///
    /// # Errors
    /// [`ConnectError::BadUrl`], which does not show credentials.
    pub(super) fn parse_list(text: &str) -> Result<Vec<Self>, ConnectError> {
        text.split(',').map(|it| Self::parse(it.trim())).collect()
    }

    fn parse(text: &str) -> Result<Self, ConnectError> {
        let (bare, login) = bare(text);
        let bad = || ConnectError::BadUrl(bare.clone());
        let server: ServerAddr = bare.parse().map_err(|_| bad())?;
        if server.host().is_empty() || server.host().contains(char::is_whitespace) {
            return Err(bad());
        }
        Ok(Self {
            server,
            login: login.and_then(Login::parse),
        })
    }

    /// Scheme, host and port.
    pub(super) fn shown(&self) -> String {
        let (host, port) = (self.server.host(), self.server.port());
        let scheme = self.server.scheme();
        if host.contains(':') {
            format!("{scheme}://[{host}]:{port}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }
}

/// An address or a list of them as it may be shown, whether it can be read or not.
pub fn without_login(text: &str) -> String {
    let parts: Vec<_> = text.split(',').map(|it| bare(it.trim()).0).collect();
    parts.join(",")
}

/// An address without its login, and the login.
fn bare(text: &str) -> (String, Option<&str>) {
    let (scheme, rest) = match text.find("://") {
        Some(at) => text.split_at(at + "://".len()),
        None => ("", text),
    };
    match rest.rsplit_once('@') {
        Some((login, place)) => (format!("{scheme}{place}"), Some(login)),
        None => (text.to_owned(), None),
    }
}

impl Login {
    /// `user:password`, or a token where there is no colon.
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        Some(match text.split_once(':') {
            Some((user, password)) => Self::User {
                user: percent_decoded(user),
                password: percent_decoded(password),
            },
            None => Self::Token(percent_decoded(text)),
        })
    }
}

/// `%2C` and the like as what they stand for; a `%` that starts no such triple stays.
fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let byte = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| {
                rest = tail;
                high * 16 + low
            }),
            _ => None,
        };
        decoded.push(byte.unwrap_or(*first));
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Address {
        Address::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        for (text, shown) in [
            ("nats://h:4333", "nats://h:4333"),
            ("nats://h", "nats://h:4222"),
            ("tls://h", "tls://h:4222"),
            ("ws://h:8080", "ws://h:8080"),
            ("wss://h", "wss://h:443"),
            ("127.0.0.1:4333", "nats://127.0.0.1:4333"),
            ("localhost", "nats://localhost:4222"),
            ("nats://[::1]:4333", "nats://[::1]:4333"),
            ("[::1]:4333", "nats://[::1]:4333"),
            ("u:p@h", "nats://h:4222"),
        ] {
            assert_eq!(parse(text).shown(), shown, "{text}");
        }
        let list = Address::parse_list("nats://a, b:1").unwrap_or_else(|error| panic!("{error}"));
        let shown: Vec<_> = list.iter().map(Address::shown).collect();
        assert_eq!(shown, ["nats://a:4222", "nats://b:1"]);
    }

    #[test]
    fn credentials_are_taken_out_and_never_shown() {
        let user = |user: &str, password: &str| {
            Some(Login::User {
                user: user.to_owned(),
                password: password.to_owned(),
            })
        };
        let token = |token: &str| Some(Login::Token(token.to_owned()));
        for (text, login) in [
            ("nats://me:secret@h", user("me", "secret")),
            ("me:secret@h:1", user("me", "secret")),
            ("tls://me:a%2Cb%zz%@h", user("me", "a,b%zz%")),
            ("nats://me:p@ss@h", user("me", "p@ss")),
            ("nats://secret@h", token("secret")),
            ("nats://@h", None),
        ] {
            let address = parse(text);
            assert!(address.login == login, "{text}");
            assert!(!address.server.as_url_str().contains('@'), "{text}");
        }
        for text in [
            "nats://me:secret@",
            "http://me:secret@h",
            "nats://me:secret@h:x",
            "me:secret@h o",
        ] {
            let error = Address::parse(text).err().map(|it| it.to_string());
            let error = error.unwrap_or_else(|| panic!("{text} was read"));
            assert!(!error.contains("secret"), "{error}");
            assert!(!without_login(text).contains("secret"), "{text}");
        }
        assert_eq!(without_login("nats://me:secret@a,t@b:1"), "nats://a,b:1");
        for text in ["", "nats://", ":4222", "http://h", "nats://h:99999"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
