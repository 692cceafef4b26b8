//! What a registry's 401 asks for, and whether a token service may see credentials. Pure.

use reqwest::Url;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// One way to log in that a registry offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer {
        realm: String,
        service: Option<String>,
    },
    /// Negotiate, Digest, ….
    Other(String),
}

/// Every challenge of an answer, in its order.
pub(super) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    values
        .filter_map(|it| it.to_str().ok())
        .flat_map(parse)
        .collect()
}

fn parse(text: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for part in parts(text) {
        // A part is `scheme`, `scheme key=value` or `key=value`.
        let (head, value) = match part.split_once('=') {
            Some((head, value)) => (head.trim(), Some(unquoted(value))),
            None => (part.trim(), None),
        };
        let (scheme, key) = match (head.split_once(char::is_whitespace), value.is_some()) {
            (Some((scheme, key)), true) => (Some(scheme), Some(key.trim())),
            (None, true) => (None, Some(head)),
            (_, false) => (Some(head), None),
        };
        if let Some(scheme) = scheme {
            found.push((scheme.to_ascii_lowercase(), Vec::new()));
        }
        if let (Some(key), Some(value), Some((_, params))) = (key, value, found.last_mut()) {
            params.push((key.to_ascii_lowercase(), value));
        }
    }
    found.into_iter().map(challenge).collect()
}

fn challenge((scheme, params): (String, Vec<(String, String)>)) -> Challenge {
    let get = |key: &str| {
        let found = params.iter().find(|(it, _)| it == key);
        found.map(|(_, value)| value.clone())
    };
    match (scheme.as_str(), get("realm")) {
        ("basic", _) => Challenge::Basic,
        ("bearer", Some(realm)) => Challenge::Bearer {
            realm,
            service: get("service"),
        },
        _ => Challenge::Other(scheme),
    }
}

/// Splits at commas outside of quotes.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            ',' if !quoted => parts.push(String::new()),
            c => {
                if c == '"' && !escaped {
                    quoted = !quoted;
                }
                escaped = c == '\\' && !escaped;
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    parts.retain(|it| !it.trim().is_empty());
    parts
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    match value.strip_prefix('"') {
        Some(inner) => {
            let inner = inner.strip_suffix('"').unwrap_or(inner);
            inner.replace("\\\"", "\"").replace("\\\\", "\\")
        }
        None => value.to_owned(),
    }
}

/// Whether credentials for `registry` (`host[:port]`) may be sent to a token service: on the same host, or on
/// one that whoever owns the registry's name owns too.
pub(super) fn may_see_credentials(registry: &str, realm: &Url) -> bool {
    let registry = registry.strip_prefix('[').map_or_else(
        || registry.split(':').next().unwrap_or(registry),
        |it| it.split(']').next().unwrap_or(it),
    );
    let Some(realm) = realm.host_str() else {
        return false;
    };
    let realm = realm.trim_matches(['[', ']']).to_ascii_lowercase();
    if realm == registry {
        return true;
    }
    let is_address = |it: &str| it.parse::<std::net::IpAddr>().is_ok();
    if is_address(&realm) || is_address(registry) {
        return false;
    }
    let labels = |it: &str| it.split('.').rev().map(str::to_owned).collect::<Vec<_>>();
    let (ours, theirs) = (labels(registry), labels(&realm));
    let shared = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    // Two shared labels are a domain, unless they are a suffix under which anyone can register, as in co.uk.
    let suffix =
        ours.get(1).is_some_and(|it| it.len() <= 3) && ours.first().is_some_and(|it| it.len() == 2);
    shared >= if suffix { 3 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_in_every_spelling() {
        let bearer = |realm: &str, service: Option<&str>| Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
        };
        for (text, expected) in [
            ("Basic realm=\"x, y\"", vec![Challenge::Basic]),
            ("basic", vec![Challenge::Basic]),
            (
                "Bearer realm=\"https://a.io/token\",service=\"a.io\",scope=\"repository:x:pull,push\"",
                vec![bearer("https://a.io/token", Some("a.io"))],
            ),
            (
                "BEARER realm=https://a.io/t",
                vec![bearer("https://a.io/t", None)],
            ),
            (
                "Negotiate, Basic realm=\"x\", Bearer realm=\"r\", service=s",
                vec![
                    Challenge::Other("negotiate".to_owned()),
                    Challenge::Basic,
                    bearer("r", Some("s")),
                ],
            ),
            (
                "Bearer service=x",
                vec![Challenge::Other("bearer".to_owned())],
            ),
            ("", vec![]),
            (",,=\",", vec![]),
            ("Bearer realm=\"unclosed", vec![bearer("unclosed", None)]),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn credentials_go_to_token_services_of_the_same_owner_only() {
        for (registry, realm, may) in [
            ("r.io", "https://r.io/token", true),
            ("r.io:5000", "https://r.io:5001/token", true),
            ("registry-1.docker.io", "https://auth.docker.io/token", true),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            ("registry.example.com", "https://login.example.com/", true),
            ("r.io", "https://evil.io/token", false),
            ("r.io", "https://r.io.evil.com/", false),
            ("good.co.uk", "https://evil.co.uk/", false),
            ("r.good.co.uk", "https://auth.good.co.uk/", true),
            ("127.0.0.1:5000", "http://127.0.0.1:6000/", true),
            ("127.0.0.1:5000", "http://127.0.0.2:5000/", false),
            ("localhost:5000", "http://127.0.0.1:5000/", false),
            ("[::1]:5000", "http://[::1]:6000/", true),
            ("10.0.0.1", "https://9.0.0.1/", false),
        ] {
            let realm = Url::parse(realm).unwrap();
            assert_eq!(
                may_see_credentials(registry, &realm),
                may,
                "{registry} {realm}"
            );
        }
    }
}
