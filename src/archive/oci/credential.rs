//! How to log in to registries: what is known from whom, and who wins. Does no I/O but for docker's
//! configuration, which [`super::docker`] reads.

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
/// by settings, docker's configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Keyring {
    put: Arc<RwLock<BTreeMap<String, Credential>>>,
    given: Option<(Option<String>, Credential)>,
    docker: Option<DockerConfig>,
}

impl Keyring {
    /// `given` is for the registry it names, or for every registry.
    pub(super) fn new(
        given: Option<(Option<String>, Credential)>,
        docker: Option<DockerConfig>,
    ) -> Self {
        let normal = |name: Option<String>| name.map(|it| registry_host(&it).unwrap_or(it));
        Self {
            put: Arc::default(),
            given: given.map(|(name, credential)| (normal(name), credential)),
            docker,
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
    /// Docker's configuration cannot be read, or its helper fails.
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
        match &self.docker {
            Some(docker) => docker.find(registry).await,
            None => Ok(None),
        }
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
        let keyring = Keyring::new(Some((Some("oci://R.io/path".to_owned()), a.clone())), None);
        assert_eq!(keyring.find("r.io").await.unwrap(), Some(a));
        assert_eq!(keyring.find("r.io:5000").await.unwrap(), None);
        assert_eq!(keyring.find("evil-r.io").await.unwrap(), None);
        assert_eq!(keyring.clone().put("https://r.io", b.clone()), 1);
        assert_eq!(keyring.find("r.io").await.unwrap(), Some(b.clone()));
        keyring.put("index.docker.io", b.clone());
        assert_eq!(keyring.find("docker.io").await.unwrap(), Some(b));
        assert_eq!(keyring.put("not a host", Credential::Bearer("x".into())), 2);
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
