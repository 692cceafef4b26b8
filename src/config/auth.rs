//! Which credentials a connection uses, where several are set.

use std::path::PathBuf;

use crate::claims::Seed;

use super::definition::Key;
use super::layer::{Layers, Setting};
use super::secret::{self, Secret};
use super::{ConfigError, half};

/// A way to authenticate. Secrets do not debug-print.
#[derive(Clone, Debug)]
pub enum Auth {
    Anonymous,
    Jwt { jwt: Secret, seed: Seed },
    Nkey(Seed),
    Creds(PathBuf),
    UserPassword { user: String, password: Secret },
    Token(Secret),
}

impl Auth {
    /// In words, without secrets.
    pub fn describe(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Jwt { seed, .. } => format!("JWT of {}", seed.public()),
            Self::Nkey(seed) => format!("nkey {}", seed.public()),
            Self::Creds(path) => format!("credentials file {}", path.display()),
            Self::UserPassword { user, .. } => format!("user '{user}'"),
            Self::Token(_) => "token".to_owned(),
        }
    }
}

const AUTH: &[Key] = &[
    Key::Jwt,
    Key::Seed,
    Key::Nkey,
    Key::Creds,
    Key::User,
    Key::Password,
    Key::Token,
];

/// The strongest layer that says anything about authentication chooses the way; only the other half of a pair
/// may come from a weaker one, so that a flag never loses to a context's token.
pub(super) fn decide(
    layers: &Layers<Key>,
    exposed: &mut Vec<PathBuf>,
) -> Result<Setting<Auth>, ConfigError> {
    let Some(layer) = layers.first_with(AUTH) else {
        return Ok(Setting::default(Auth::Anonymous));
    };
    if layer.has(&[Key::Jwt, Key::Seed]) {
        let seed = layers.get(Key::Seed);
        let jwt = layers.get(Key::Jwt);
        return match (jwt, seed) {
            (Some(jwt), Some(seed)) => {
                let seed = secret::read_seed(&seed, exposed)?;
                jwt.try_map(|text, source| {
                    Ok(Auth::Jwt {
                        jwt: secret::read_jwt(&text, source, exposed)?,
                        seed,
                    })
                })
            }
            (Some(jwt), None) => Err(half("user JWT", "seed", jwt.source, "ctl-seed")),
            (None, Some(seed)) => {
                let key = secret::read_seed(&seed, exposed)?;
                Ok(seed.map(|_| Auth::Nkey(key)))
            }
            (None, None) => Ok(Setting::default(Auth::Anonymous)),
        };
    }
    if let Some(nkey) = layer.get(Key::Nkey) {
        let seed = secret::read_seed(nkey, exposed)?;
        return Ok(nkey.clone().map(|_| Auth::Nkey(seed)));
    }
    if let Some(creds) = layer.get(Key::Creds) {
        let path = PathBuf::from(&creds.value);
        secret::note_exposed(&path, exposed);
        return Ok(creds.clone().map(|_| Auth::Creds(path)));
    }
    if layer.has(&[Key::User, Key::Password]) {
        return match (layers.get(Key::User), layers.get(Key::Password)) {
            (Some(user), Some(password)) => Ok(user.map(|user| Auth::UserPassword {
                user,
                password: Secret::new(password.value),
            })),
            (Some(user), None) => Err(half("user", "password", user.source, "password")),
            (_, Some(password)) => Err(half("password", "user", password.source, "user")),
            (None, None) => Ok(Setting::default(Auth::Anonymous)),
        };
    }
    let token = layer.get(Key::Token).cloned();
    Ok(token.map_or_else(
        || Setting::default(Auth::Anonymous),
        |it| it.map(|token| Auth::Token(Secret::new(token))),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::KeyKind;
    use crate::config::layer::{Layer, Source};

    const JWT: &str = "eyJh.eyJi.c2ln";

    fn layer(values: &[(Key, &str)], source: &Source) -> Layer<Key> {
        let mut layer = Layer::default();
        for (key, value) in values {
            layer.set(*key, *value, source.clone());
        }
        layer
    }

    fn check(
        flags: &[(Key, &str)],
        environment: &[(Key, &str)],
        context: &[(Key, &str)],
    ) -> Result<String, ConfigError> {
        let layers = Layers::new(
            layer(flags, &Source::Flag("flag")),
            layer(environment, &Source::Variable("VARIABLE".into())),
            layer(context, &Source::Variable("context".into())),
        );
        decide(&layers, &mut Vec::new()).map(|it| it.value.describe())
    }

    #[test]
    fn stronger_ways_win_within_a_layer_and_stronger_layers_over_all() {
        let seed = Seed::generate(KeyKind::User);
        let (public, seed) = (seed.public(), seed.reveal());
        let all = [
            (Key::Jwt, JWT),
            (Key::Seed, &seed),
            (Key::Creds, "a.creds"),
            (Key::User, "ann"),
            (Key::Password, "x"),
            (Key::Token, "t"),
        ];
        let expected = [
            format!("JWT of {public}"),
            format!("nkey {public}"),
            "credentials file a.creds".to_owned(),
            "user 'ann'".to_owned(),
        ];
        for (skip, expected) in expected.iter().enumerate() {
            assert_eq!(check(&all[skip..], &[], &[]).unwrap(), *expected);
        }
        assert_eq!(check(&all[5..], &[], &[]).unwrap(), "token");
        assert_eq!(check(&[], &[], &[]).unwrap(), "anonymous");
        assert_eq!(check(&all[5..], &all[..2], &all).unwrap(), "token");
        assert_eq!(
            check(&[], &all[2..3], &all[..2]).unwrap(),
            "credentials file a.creds"
        );
    }

    #[test]
    fn the_other_half_may_come_from_a_weaker_layer() {
        let seed = Seed::generate(KeyKind::User);
        let (public, seed) = (seed.public(), seed.reveal());
        let jwt = format!("JWT of {public}");
        assert_eq!(
            check(&[(Key::Seed, &seed)], &[(Key::Jwt, JWT)], &[]).unwrap(),
            jwt
        );
        assert_eq!(
            check(&[(Key::Jwt, JWT)], &[], &[(Key::Seed, &seed)]).unwrap(),
            jwt
        );
        let user = check(&[(Key::Password, "x")], &[], &[(Key::User, "ann")]);
        assert_eq!(user.unwrap(), "user 'ann'");
    }

    #[test]
    fn half_a_pair_is_refused() {
        for (key, value, missing) in [
            (Key::Jwt, JWT, "seed"),
            (Key::User, "ann", "password"),
            (Key::Password, "x", "user"),
        ] {
            match check(&[(key, value)], &[], &[]) {
                Err(ConfigError::Half { missing: it, .. }) => assert_eq!(it, missing),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn mistyped_secrets_are_never_quoted() {
        let seed = Seed::generate(KeyKind::User).reveal();
        let short = &seed[..57];
        let token = "eyJhbGciOiJ.broken";
        for (key, text) in [(Key::Seed, short), (Key::Nkey, short), (Key::Jwt, token)] {
            let error = check(&[(key, text), (Key::Seed, text)], &[], &[]).unwrap_err();
            let texts = format!("{error} {error:?}");
            assert!(!texts.contains(text), "{texts}");
            assert!(matches!(error, ConfigError::BadValue { .. }));
        }
    }

    #[test]
    fn secrets_may_be_files_and_those_that_others_read_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let seed = Seed::generate(KeyKind::User);
        let path = dir.path().join("user.nk");
        std::fs::write(&path, format!("{}\n", seed.reveal())).unwrap();
        let jwt = dir.path().join("user.jwt");
        std::fs::write(&jwt, JWT).unwrap();
        let flags = layer(
            &[
                (Key::Seed, path.to_str().unwrap()),
                (Key::Jwt, jwt.to_str().unwrap()),
            ],
            &Source::Flag("flag"),
        );
        let layers = Layers::new(flags, Layer::default(), Layer::default());
        let mut exposed = Vec::new();
        let auth = decide(&layers, &mut exposed).unwrap();
        assert_eq!(auth.value.describe(), format!("JWT of {}", seed.public()));
        assert!(!format!("{auth:?}").contains(&seed.reveal()));
        assert_eq!(
            exposed,
            if cfg!(unix) {
                vec![path, jwt]
            } else {
                Vec::new()
            }
        );
        let gone = dir.path().join("gone.nk");
        let error = check(&[(Key::Seed, gone.to_str().unwrap())], &[], &[]).unwrap_err();
        assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
    }
}
