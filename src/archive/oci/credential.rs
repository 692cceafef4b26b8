//! How to log in to registries: what is known from whom, and who wins. Does no I/O but for the files of docker and
//! podman, which [`super::docker`] reads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use super::docker::DockerConfig;
use super::error::OciError;
use super::reference::{address, registry_host};

/// A way to log in. Does not debug-print its secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    Password {
        user: String,
        password: String,
    },
    /// Traded for tokens at the registry's token service.
    Identity(String),
    /// Shown to the registry as it is.
    Bearer(String),
}

impl Credential {
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Password {
            user: user.into(),
            password: password.into(),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(…)",
            Self::Identity(_) => "Identity(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

/// Credentials by registry, from the strongest source to the weakest: put while running, given for one registry
/// by settings, docker's configuration and what is like it, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Keyring {
    put: Arc<RwLock<BTreeMap<String, Credential>>>,
    given: Option<(Option<String>, Credential)>,
    files: Vec<DockerConfig>,
}

impl Keyring {
    /// `given` is for the registry it names, or for every registry.
    pub(super) fn new(
        given: Option<(Option<String>, Credential)>,
        files: Vec<DockerConfig>,
    ) -> Self {
        let normal = |name: Option<String>| name.map(|it| registry_host(&it).unwrap_or(it));
        Self {
            put: Arc::default(),
            given: given.map(|(name, credential)| (normal(name), credential)),
            files,
        }
    }

    /// Adds credentials, for every clone. How many registries are known then.
    pub(super) fn put(&self, registry: &str, credential: Credential) -> usize {
        let Some(host) = registry_host(registry) else {
            return self.len();
        };
        let mut put = self.put.write().unwrap_or_else(|it| it.into_inner());
        put.insert(host, credential);
        put.len()
    }

    pub(super) fn len(&self) -> usize {
        self.put.read().unwrap_or_else(|it| it.into_inner()).len()
    }

    /// What to log in with.
    ///
    /// # Errors
    /// A file cannot be read, or its helper fails.
    pub(super) async fn find(&self, registry: &str) -> Result<Option<Credential>, OciError> {
        let same = |other: &str| address(other) == address(registry);
        {
            let put = self.put.read().unwrap_or_else(|it| it.into_inner());
            if let Some((_, credential)) = put.iter().find(|(name, _)| same(name)) {
                return Ok(Some(credential.clone()));
            }
        }
        if let Some((name, credential)) = &self.given
            && name.as_deref().is_none_or(same)
        {
            return Ok(Some(credential.clone()));
        }
        for file in &self.files {
            if let Some(credential) = file.find(registry).await? {
                return Ok(Some(credential));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_strongest_source_wins_and_each_registry_has_its_own() {
        let (a, b) = (
            Credential::password("a", "1"),
            Credential::password("b", "2"),
        );
        let keyring = Keyring::new(
            Some((Some("oci://R.io/path".to_owned()), a.clone())),
            Vec::new(),
        );
        assert_eq!(keyring.find("r.io").await.unwrap(), Some(a));
        assert_eq!(keyring.find("r.io:5000").await.unwrap(), None);
        assert_eq!(keyring.find("evil-r.io").await.unwrap(), None);
        assert_eq!(keyring.clone().put("https://r.io", b.clone()), 1);
        assert_eq!(keyring.find("r.io").await.unwrap(), Some(b.clone()));
        keyring.put("index.docker.io", b.clone());
        assert_eq!(keyring.find("docker.io").await.unwrap(), Some(b));
        assert_eq!(keyring.put("not a host", Credential::Bearer("x".into())), 2);
    }

    #[tokio::test]
    async fn files_are_asked_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            DockerConfig::new(path)
        };
        // `ann:1` and `bob:2`; the last is for a part of the registry.
        let podman = r#"{"auths":{
            "a.io":{"auth":"Ym9iOjI="}, "b.io":{"auth":"Ym9iOjI="}, "b.io/me":{"auth":"YW5uOjE="}}}"#;
        let files = vec![
            DockerConfig::new(dir.path().join("missing")),
            file("docker", r#"{"auths":{"a.io":{"auth":"YW5uOjE="}}}"#),
            file("podman", podman),
        ];
        let keyring = Keyring::new(None, files);
        let ann = Some(Credential::password("ann", "1"));
        let bob = Some(Credential::password("bob", "2"));
        for (registry, expected) in [("a.io", ann), ("b.io", bob), ("c.io", None)] {
            assert_eq!(
                keyring.find(registry).await.unwrap(),
                expected,
                "{registry}"
            );
        }
        let keyring = Keyring::new(None, vec![file("broken", "{")]);
        assert!(keyring.find("a.io").await.is_err());
    }

    #[test]
    fn secrets_are_not_shown() {
        for credential in [
            Credential::password("ann", "hunter2"),
            Credential::Identity("hunter2".into()),
            Credential::Bearer("hunter2".into()),
        ] {
            assert!(!format!("{credential:?}").contains("hunter2"));
        }
    }
}
