//! Registries: references to artifacts, fetched, verified and kept; and pushed (protocol §10.1, §6.6).
//!
//! Speaks the distribution protocol over HTTP itself: sizes are bounded before they are read, a registry's wish to
//! be left alone is honoured, and broken transfers go on where they were. Does not know what is in an artifact,
//! nor who is asking; what it is to do comes in as [`Settings`].

mod cache;
mod challenge;
mod credential;
mod digest;
mod docker;
mod download;
mod error;
mod failure;
mod kind;
mod manifest;
mod progress;
mod push;
mod reference;
mod resolve;
mod settings;
#[cfg(test)]
mod tests;
mod token;
mod transport;
mod upload;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::iter;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use self::credential::Keyring;
use self::manifest::Layer;
use self::transport::{Access, Ask, Body, Transport};

pub use self::cache::Cache;
pub use self::credential::Credential;
pub use self::digest::Digest;
pub use self::docker::{DockerConfig, Stored};
pub use self::error::{ErrorKind, OciError};
pub use self::kind::{HEAD, Kind};
pub use self::progress::Progress;
pub use self::push::{Package, Pushed};
pub use self::reference::{BadReference, Reference, registry_host};
pub use self::settings::{Limits, Settings};

/// Who is told how far a transfer is, if anybody.
pub type Watch = Option<Arc<dyn Progress>>;

/// Blobs that are fetched at once.
const AT_ONCE: usize = 8;

/// Layers of one artifact that are.
const LAYERS_AT_ONCE: usize = 4;

/// Fetches artifacts from registries and pushes them there; cheap to clone.
#[derive(Clone, Debug)]
pub struct Registries {
    settings: Arc<Settings>,
    keyring: Keyring,
    cache: Cache,
    /// Made when it is first needed: reading the platform's certificates takes a while.
    transport: Arc<OnceLock<Transport>>,
    downloads: Arc<Semaphore>,
}

/// An artifact on this machine's disk.
#[derive(Clone, Debug)]
pub struct Artifact {
    pub reference: Reference,
    /// Of its manifest.
    pub digest: Digest,
    /// A file of the cache: not to be changed, and to be opened soon, before it is dropped.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    pub media_type: String,
    /// Of its manifest.
    pub annotations: BTreeMap<String, String>,
    /// It was here before.
    pub cached: bool,
    /// The registry could not be asked whether it is still what the reference means.
    pub unverified: Option<String>,
    layers: Vec<Layer>,
    /// All of it was fetched, and so verified, just now.
    fresh: bool,
}

impl Registries {
    /// # Errors
    /// A file of certificates cannot be used.
    pub fn new(settings: Settings) -> Result<Self, OciError> {
        let keyring = Keyring::new(settings.credential.clone(), settings.logins.clone());
        let registries = Self {
            cache: Cache::new(settings.cache.clone(), settings.limits.cache),
            keyring,
            transport: Arc::default(),
            downloads: Arc::new(Semaphore::new(AT_ONCE)),
            settings: Arc::new(settings),
        };
        if !registries.settings.ca_files.is_empty() {
            registries.transport()?;
        }
        Ok(registries)
    }

    /// Adds a login for every clone, over what settings say. How many there are then; a name that is none
    /// changes nothing.
    pub fn put_credential(&self, registry: &str, credential: Credential) -> usize {
        let count = self.keyring.put(registry, credential);
        if let Some(transport) = self.transport.get() {
            transport.forget_logins();
        }
        count
    }

    /// How many logins were put.
    pub fn credentials(&self) -> usize {
        self.keyring.len()
    }

    /// Reads a reference by the rules of the settings.
    ///
    /// # Errors
    /// It is none, or means `latest` where that is not allowed.
    pub fn parse(&self, reference: &str) -> Result<Reference, OciError> {
        let default = self.settings.default_registry.as_deref();
        let parsed = Reference::parse(reference, default)?;
        if parsed.is_latest() && !self.settings.allow_latest {
            return Err(OciError::latest(&parsed));
        }
        Ok(parsed)
    }

    /// An artifact's bytes, verified.
    ///
    /// # Errors
    /// Every [`ErrorKind`].
    pub async fn bytes(&self, reference: &str) -> Result<Bytes, OciError> {
        for last in [false, true] {
            let artifact = self.locate(reference, &None).await?;
            let (path, layers) = (artifact.path.clone(), artifact.layers.clone());
            let read = spawn_blocking(move || cache::read_intact(&path, &layers)).await;
            match read.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
                Ok(Some(bytes)) => return Ok(bytes),
                Err(error) if last => return Err(OciError::local("read", &artifact.path, &error)),
                _ => self.drop_damaged(&artifact),
            }
        }
        Err(damaged(reference))
    }

    /// An artifact as a file of the cache, verified.
    ///
    /// # Errors
    /// Every [`ErrorKind`].
    pub async fn file(&self, reference: &str, watch: &Watch) -> Result<Artifact, OciError> {
        for last in [false, true] {
            let artifact = self.locate(reference, watch).await?;
            if artifact.fresh {
                return Ok(artifact);
            }
            let (path, layers) = (artifact.path.clone(), artifact.layers.clone());
            let intact = spawn_blocking(move || cache::is_intact(&path, &layers)).await;
            match intact.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
                Ok(true) => return Ok(artifact),
                Err(error) if last => return Err(OciError::local("read", &artifact.path, &error)),
                _ => self.drop_damaged(&artifact),
            }
        }
        Err(damaged(reference))
    }

    /// Whether the registry has what a reference names, or answers at all if only a registry is named. The
    /// digest, if there is one.
    ///
    /// # Errors
    /// It does not, or cannot be asked.
    pub async fn ping(&self, reference: &str) -> Result<Option<Digest>, OciError> {
        let deadline = Instant::now() + self.settings.limits.overall;
        let bare = reference.trim().trim_end_matches('/');
        let host = registry_host(bare).filter(|it| {
            let path = bare.split("://").last().unwrap_or(bare);
            !path.contains('/') && (it.contains(['.', ':']) || it == "localhost")
        });
        if let Some(host) = host {
            self.greet(&host, deadline).await?;
            return Ok(None);
        }
        let default = self.settings.default_registry.as_deref();
        let reference = Reference::parse(reference, default)?;
        let resolved = self.resolve(&reference, deadline).await?;
        match resolved.unverified {
            Some(error) => Err(error),
            None => Ok(Some(resolved.digest)),
        }
    }

    /// Asks a registry whether it is one, and lets in whoever is known for it. Whether it wanted a login.
    ///
    /// # Errors
    /// It is none, or refuses.
    pub async fn login(&self, registry: &str) -> Result<bool, OciError> {
        let deadline = Instant::now() + self.settings.limits.overall;
        self.greet(registry, deadline).await
    }

    async fn greet(&self, registry: &str, deadline: Instant) -> Result<bool, OciError> {
        let host = registry_host(registry).ok_or_else(|| {
            let message = format!("'{registry:.200}' is not a registry");
            OciError::new(ErrorKind::Reference, message).hint("name it as HOST or HOST:PORT")
        })?;
        let reference = Reference::of_registry(host);
        let transport = self.transport()?;
        let ask = Ask {
            reference: &reference,
            access: Access::Login,
            method: Method::GET,
            url: transport.url(&reference, "")?,
            headers: HeaderMap::new(),
            body: Body::Empty,
            deadline,
        };
        let response = transport.send(&ask).await?;
        let version = response
            .headers()
            .contains_key("docker-distribution-api-version");
        match response.status() {
            StatusCode::OK => Ok(transport.has_login(&ask)),
            StatusCode::NOT_FOUND if !version => {
                let message = format!("{reference} is not a registry: it does not know /v2/");
                Err(OciError::new(ErrorKind::Protocol, message))
            }
            _ => Err(transport.refusal(&ask, response).await),
        }
    }

    /// Makes sure that an artifact is in the cache; what was there is not verified yet.
    async fn locate(&self, text: &str, watch: &Watch) -> Result<Artifact, OciError> {
        let reference = self.parse(text)?;
        let limit = self.settings.limits.overall;
        let deadline = Instant::now() + limit;
        timeout_at(deadline, self.locate_by(&reference, watch, deadline))
            .await
            .unwrap_or_else(|_| Err(OciError::timeout(&reference.to_string(), limit)))
    }

    async fn locate_by(
        &self,
        reference: &Reference,
        watch: &Watch,
        deadline: Instant,
    ) -> Result<Artifact, OciError> {
        let resolved = self.resolve(reference, deadline).await?;
        if let Some(error) = &resolved.unverified {
            tracing::warn!("using {reference} as it was last seen: {error}");
        }
        let layers = resolved.image.layers;
        let limit = self.settings.limits.size;
        let sizes = layers.iter().map(|it| it.size);
        let size = sizes.fold(0u64, u64::saturating_add);
        if size > limit {
            return Err(OciError::too_large(&reference.to_string(), limit));
        }
        let fetch =
            |layer: Layer| async move { self.layer(reference, &layer, watch, deadline).await };
        let mut fetches =
            iter(layers.clone().into_iter().map(fetch)).buffer_unordered(LAYERS_AT_ONCE);
        let mut fetched = 0;
        while let Some(result) = fetches.next().await {
            fetched += usize::from(result?);
        }
        drop(fetches);
        let cached = fetched == 0;
        let path = self.whole(&resolved.inner, &layers, cached).await?;
        let media_type = layers.first().map(|it| it.media_type.clone());
        Ok(Artifact {
            reference: reference.clone(),
            digest: resolved.digest,
            path,
            size,
            media_type: media_type.unwrap_or_default(),
            annotations: resolved.image.annotations,
            cached,
            unverified: resolved.unverified.map(|it| it.to_string()),
            fresh: fetched == layers.len(),
            layers,
        })
    }

    /// The one file with all layers; one that was here before is taken by its length.
    async fn whole(
        &self,
        manifest: &Digest,
        layers: &[Layer],
        cached: bool,
    ) -> Result<PathBuf, OciError> {
        if let [only] = layers {
            return self.cache.blob(&only.digest);
        }
        let target = self.cache.joined(manifest)?;
        let parts: Result<Vec<_>, _> = layers
            .iter()
            .map(|it| self.cache.blob(&it.digest))
            .collect();
        let (parts, to) = (parts?, target.clone());
        let size = layers.iter().map(|it| it.size).sum::<u64>();
        if cached && target.metadata().is_ok_and(|it| it.len() == size) {
            return Ok(target);
        }
        let joined = spawn_blocking(move || download::join(&parts, &to));
        joined
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
            .map_err(|error| OciError::local("write", &target, &error))?;
        Ok(target)
    }

    /// Removes an artifact from the cache that is not what it should be.
    fn drop_damaged(&self, artifact: &Artifact) {
        tracing::warn!("{} is damaged, fetching it again", artifact.path.display());
        let blobs = artifact
            .layers
            .iter()
            .filter_map(|it| self.cache.blob(&it.digest).ok());
        for path in blobs.chain([artifact.path.clone()]) {
            let _ = std::fs::remove_file(path);
        }
    }

    fn transport(&self) -> Result<&Transport, OciError> {
        if self.transport.get().is_none() {
            let transport = Transport::new(&self.settings, self.keyring.clone())?;
            let _ = self.transport.set(transport);
        }
        let made = || OciError::new(ErrorKind::Local, "HTTP is not set up");
        self.transport.get().ok_or_else(made)
    }
}

fn damaged(reference: &str) -> OciError {
    let message = format!("{reference}: what was fetched does not stay intact on this disk");
    OciError::new(ErrorKind::Corrupt, message)
        .hint("check the disk; `wash drain oci` clears what is kept")
}

/// What a file holds, by its first bytes. Blocks.
///
/// # Errors
/// It cannot be read.
pub fn sniff(path: &Path) -> std::io::Result<Option<Kind>> {
    use std::io::Read as _;
    let mut head = Vec::new();
    std::fs::File::open(path)?
        .take(HEAD as u64)
        .read_to_end(&mut head)?;
    Ok(Kind::sniff(&head))
}
