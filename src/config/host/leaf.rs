//! Which hubs a host's NATS server is a leaf of, and how it logs in there.

use std::path::PathBuf;

use super::super::auth::Auth;
use super::super::layer::{Setting, Source};
use super::super::secret::{note_exposed, read_seed};
use super::super::{ConfigError, Secret, bad, half};
use super::keys::Key;
use super::reader::{Reader, refuse_exposed};

/// What was decided about leaf nodes. Credentials and certificates are not read yet.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// For each hub its addresses, as given.
    pub remotes: Vec<Vec<String>>,
    /// For every hub whose address has no login of its own.
    pub auth: Setting<Auth>,
    pub tls: LeafTls,
    pub account: Option<String>,
    /// A hub that cannot be reached keeps nobody from starting.
    pub optional: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeafTls {
    pub ca: Option<PathBuf>,
    /// Client certificate and key.
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub first: bool,
}

const AUTH: &[Key] = &[
    Key::LeafCreds,
    Key::LeafNkey,
    Key::LeafUser,
    Key::LeafPassword,
    Key::LeafToken,
];

const TLS: &[Key] = &[
    Key::LeafTlsCa,
    Key::LeafTlsCert,
    Key::LeafTlsKey,
    Key::LeafTlsFirst,
];

impl Reader<'_> {
    /// Flags about a hub without a hub are refused: credentials that nobody uses are a mistake.
    pub(super) fn leaf(&self) -> Result<Leaf, ConfigError> {
        let remotes: Vec<Vec<String>> = self
            .text(Key::LeafRemotes)
            .unwrap_or_default()
            .split_whitespace()
            .map(|hub| {
                let urls = hub.split(',').filter(|it| !it.is_empty());
                urls.map(str::to_owned).collect()
            })
            .collect();
        if remotes.is_empty() {
            let keys = AUTH.iter().chain(TLS).chain([&Key::LeafAccount]);
            let flag = keys
                .filter_map(|it| self.0.get(*it))
                .find(|it| matches!(it.source, Source::Flag(_)));
            if let Some(flag) = flag {
                let reason = "it is for a hub, but there is none; name it with --leaf-remote";
                return Err(bad(&flag.source, reason));
            }
        }
        let certificate = match (self.text(Key::LeafTlsCert), self.text(Key::LeafTlsKey)) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (Some(_), None) => {
                let source = self.source(Key::LeafTlsCert);
                return Err(half("client certificate", "key", source, "tls-key"));
            }
            (None, Some(_)) => {
                let source = self.source(Key::LeafTlsKey);
                return Err(half("TLS key", "certificate", source, "tls-cert"));
            }
            (None, None) => None,
        };
        Ok(Leaf {
            auth: if remotes.is_empty() {
                Setting::default(Auth::Anonymous)
            } else {
                refuse_exposed(|exposed| self.leaf_auth(exposed))?
            },
            remotes,
            tls: LeafTls {
                ca: self.text(Key::LeafTlsCa).map(PathBuf::from),
                certificate,
                first: self.bool(Key::LeafTlsFirst)?.unwrap_or(false),
            },
            account: self.text(Key::LeafAccount),
            optional: self.bool(Key::LeafOptional)?.unwrap_or(false),
        })
    }

    /// One way, from the strongest layer that says anything about it; two ways in one layer are one too many.
    fn leaf_auth(&self, exposed: &mut Vec<PathBuf>) -> Result<Setting<Auth>, ConfigError> {
        let Some(layer) = self.0.first_with(AUTH) else {
            return Ok(Setting::default(Auth::Anonymous));
        };
        let ways: &[&[Key]] = &[
            &[Key::LeafCreds],
            &[Key::LeafNkey],
            &[Key::LeafUser, Key::LeafPassword],
            &[Key::LeafToken],
        ];
        let mut given = ways.iter().filter(|it| layer.has(it));
        let way = given.next();
        if let Some(other) = given.next() {
            let source = other.iter().find_map(|it| layer.get(*it));
            let source = source.map_or(Source::Default, |it| it.source.clone());
            return Err(bad(
                &source,
                "there is another way to log in at the hub; give one",
            ));
        }
        if let Some(creds) = layer.get(Key::LeafCreds) {
            let path = PathBuf::from(creds.value.trim());
            note_exposed(&path, exposed);
            return Ok(creds.clone().map(|_| Auth::Creds(path)));
        }
        if let Some(nkey) = layer.get(Key::LeafNkey) {
            let seed = read_seed(nkey, exposed)?;
            return Ok(nkey.clone().map(|_| Auth::Nkey(seed)));
        }
        if let Some(token) = layer.get(Key::LeafToken) {
            return Ok(token.clone().map(|it| Auth::Token(Secret::new(it))));
        }
        debug_assert!(way.is_some());
        match (self.0.get(Key::LeafUser), self.0.get(Key::LeafPassword)) {
            (Some(user), Some(password)) => Ok(user.map(|user| Auth::UserPassword {
                user,
                password: Secret::new(password.value),
            })),
            (Some(user), None) => Err(half("user", "password", user.source, "password")),
            (None, Some(password)) => Err(half("password", "user", password.source, "user")),
            (None, None) => Ok(Setting::default(Auth::Anonymous)),
        }
    }

    fn source(&self, key: Key) -> Source {
        self.0.get(key).map_or(Source::Default, |it| it.source)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::layer::{Layer, Layers};
    use super::*;

    fn decide(flags: &[(Key, &str)], variables: &[(Key, &str)]) -> Result<Leaf, ConfigError> {
        let layer = |values: &[(Key, &str)], flag: bool| {
            let mut layer = Layer::default();
            for (key, value) in values {
                let name = key.definition().flag;
                let source = match flag {
                    true => Source::Flag(name),
                    false => Source::Variable(name.to_owned()),
                };
                layer.set(*key, *value, source);
            }
            layer
        };
        let layers = Layers::new(
            layer(flags, true),
            layer(variables, false),
            Layer::default(),
        );
        Reader(&layers).leaf()
    }

    const HUB: (Key, &str) = (Key::LeafRemotes, "tls://a,tls://b nats-leaf://c:1");

    #[test]
    fn hubs_have_addresses_and_one_way_to_log_in() {
        let leaf = decide(&[HUB, (Key::LeafToken, "t")], &[(Key::LeafCreds, "c")]).unwrap();
        assert_eq!(
            leaf.remotes,
            [vec!["tls://a", "tls://b"], vec!["nats-leaf://c:1"]]
        );
        assert_eq!(leaf.auth.value.describe(), "token");
        let two = decide(&[HUB, (Key::LeafToken, "t"), (Key::LeafCreds, "c")], &[]);
        assert!(matches!(two, Err(ConfigError::BadValue { .. })), "{two:?}");
        let half = decide(&[HUB, (Key::LeafUser, "u")], &[]);
        assert!(matches!(half, Err(ConfigError::Half { .. })), "{half:?}");
        let half = decide(&[HUB, (Key::LeafTlsCert, "u")], &[]);
        assert!(matches!(half, Err(ConfigError::Half { .. })), "{half:?}");
    }

    #[test]
    fn flags_about_no_hub_are_a_mistake_and_variables_are_not() {
        for key in [Key::LeafCreds, Key::LeafTlsCa, Key::LeafAccount] {
            let error = decide(&[(key, "x")], &[]).unwrap_err();
            assert!(error.to_string().contains("--leaf-remote"), "{error}");
            assert!(decide(&[], &[(key, "x")]).unwrap().remotes.is_empty());
        }
    }
}
