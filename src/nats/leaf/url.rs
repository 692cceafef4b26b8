//! The address of a hub's leaf listener.

use std::fmt;

/// An address that a server takes as it is. Debug shows no login.
#[derive(Clone, PartialEq, Eq)]
pub struct LeafUrl {
    text: String,
    scheme: Scheme,
    /// Where the login ends, the `@` included; none if there is none.
    login: Option<std::ops::Range<usize>>,
    host: String,
    port: Option<u16>,
    /// Of websockets only; without the first slash.
    path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Plain,
    Tls,
    Websocket,
    SecureWebsocket,
}

/// Never quotes the address, which may hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error(
        "the address of a hub needs a scheme: nats-leaf://HOST:7422, tls://HOST:7422, ws:// or wss://"
    )]
    NoScheme,
    #[error("a hub is not reached by {0}://; write nats-leaf://, tls://, ws:// or wss://")]
    Scheme(String),
    #[error("the address of a hub has no host")]
    NoHost,
    #[error("'{0}' is not host:port")]
    Port(String),
    #[error("the address of a hub has a path, a space or a control character")]
    Path,
}

/// Where hubs listen for leaf nodes unless told otherwise.
const DEFAULT_PORT: u16 = 7422;

impl LeafUrl {
    /// # Errors
    /// Every variant of [`UrlError`].
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NoScheme)?;
        let scheme_kind = match scheme.to_ascii_lowercase().as_str() {
            "nats-leaf" | "nats" => Scheme::Plain,
            "tls" => Scheme::Tls,
            "ws" => Scheme::Websocket,
            "wss" => Scheme::SecureWebsocket,
            other
                if other
                    .chars()
                    .all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it)) =>
            {
                return Err(UrlError::Scheme(other.to_owned()));
            }
            _ => return Err(UrlError::NoScheme),
        };
        if text.chars().any(|it| it.is_whitespace() || it.is_control()) {
            return Err(UrlError::Path);
        }
        let start = scheme.len() + 3;
        let at = rest.rfind('@');
        let login = at.map(|at| start..start + at + 1);
        let place = at.map_or(rest, |at| rest.get(at + 1..).unwrap_or_default());
        let (place, path) = match place.split_once('/') {
            Some((place, path)) => (place, path),
            None => (place, ""),
        };
        let websocket = matches!(scheme_kind, Scheme::Websocket | Scheme::SecureWebsocket);
        if !path.is_empty() && !websocket || place.contains(['?', '#']) {
            return Err(UrlError::Path);
        }
        let (host, port) = split(place)?;
        Ok(Self {
            text: text.to_owned(),
            scheme: scheme_kind,
            login,
            host,
            port,
            path: path.to_owned(),
        })
    }

    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Without the login it may carry.
    pub fn shown(&self) -> String {
        let mut text = self.text.clone();
        if let Some(login) = &self.login {
            text.replace_range(login.clone(), "");
        }
        text
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// The one that is used, given or not.
    pub fn port(&self) -> u16 {
        let default = match self.scheme {
            Scheme::Plain | Scheme::Tls => DEFAULT_PORT,
            Scheme::Websocket => 80,
            Scheme::SecureWebsocket => 443,
        };
        self.port.unwrap_or(default)
    }

    /// With a slash before it, or empty.
    pub(super) fn path(&self) -> String {
        match self.path.as_str() {
            "" => String::new(),
            path => format!("/{path}"),
        }
    }

    pub fn needs_tls(&self) -> bool {
        matches!(self.scheme, Scheme::Tls | Scheme::SecureWebsocket)
    }

    pub fn is_websocket(&self) -> bool {
        matches!(self.scheme, Scheme::Websocket | Scheme::SecureWebsocket)
    }

    pub fn has_login(&self) -> bool {
        self.login.is_some()
    }

    /// User and password, or a token alone, decoded.
    pub(super) fn login(&self) -> Option<(String, Option<String>)> {
        let login = self.text.get(self.login.clone()?)?.strip_suffix('@')?;
        Some(match login.split_once(':') {
            Some((user, password)) => (decode(user), Some(decode(password))),
            None => (decode(login), None),
        })
    }

    /// The address with a login, unless it carries its own.
    pub(super) fn with_login(&self, user: &str, password: Option<&str>) -> String {
        if self.has_login() {
            return self.text.clone();
        }
        let Some((scheme, rest)) = self.text.split_once("://") else {
            return self.text.clone();
        };
        let user = encode(user);
        match password {
            Some(password) => format!("{scheme}://{user}:{}@{rest}", encode(password)),
            None => format!("{scheme}://{user}@{rest}"),
        }
    }
}

impl fmt::Debug for LeafUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeafUrl({})", self.shown())
    }
}

fn split(place: &str) -> Result<(String, Option<u16>), UrlError> {
    let wrong = || UrlError::Port(place.to_owned());
    let parse = |port: &str| {
        let digits = port.bytes().all(|it| it.is_ascii_digit());
        let port = port.parse().ok().filter(|it| digits && *it != 0);
        port.map(Some).ok_or_else(wrong)
    };
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
        host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
        let port = match rest.strip_prefix(':') {
            Some(port) => parse(port)?,
            None if rest.is_empty() => None,
            None => return Err(wrong()),
        };
        return Ok((host.to_owned(), port));
    }
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, parse(port)?),
        None => (place, None),
    };
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    Ok((host.to_owned(), port))
}

/// What has a meaning in an address is written as `%XX`.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = hex.and_then(|it| u8::from_str_radix(it, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_kept_as_they_are() {
        for (text, host, port) in [
            ("tls://connect.ngs.global", "connect.ngs.global", 7422),
            ("tls://hub:7422", "hub", 7422),
            ("nats-leaf://u:p@[::1]:1", "::1", 1),
            ("nats://127.0.0.1:9", "127.0.0.1", 9),
            ("wss://hub/leafnode", "hub", 443),
        ] {
            let url = LeafUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.port(), url.text()), (host, port, text));
        }
        let url = LeafUrl::parse("tls://a%40b:p%3Aw@hub:1").unwrap();
        assert_eq!(url.shown(), "tls://hub:1");
        assert_eq!(
            url.login(),
            Some(("a@b".to_owned(), Some("p:w".to_owned())))
        );
        assert!(!format!("{url:?}").contains("w@"));
        assert_eq!(url.with_login("x", None), url.text());
        assert_eq!(decode("100%"), "100%");
    }

    #[test]
    fn what_a_server_would_only_log_is_refused_here() {
        for text in [
            "hub:7422",
            "hub",
            "http://hub",
            "tls://",
            "tls://hub:7422:4222",
            "tls://hub:0",
            "tls://hub:65536",
            "tls://hub:x",
            "tls://hub/path",
            "tls://[::1",
            "tls://a b",
            "tls://u:secret@hub:1:2",
        ] {
            let error = LeafUrl::parse(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
