//! From a reference to a manifest: asked of the registry, compared with what is kept, verified.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;

use super::Registries;
use super::cache::MAX_MANIFEST;
use super::digest::Digest;
use super::error::{ErrorKind, OciError};
use super::manifest::{self, Document, Image, for_this_machine};
use super::reference::Reference;
use super::transport::{Access, Ask, Body};

const DIGEST: &str = "docker-content-digest";

/// Bytes of a list of tags.
const MAX_TAGS: u64 = 256 << 10;

/// Tags that an error names.
const SHOWN_TAGS: usize = 8;

/// How long a registry may take to say whether what is kept still holds.
const REVALIDATION: Duration = Duration::from_secs(15);

/// How long may be spent to make an error more helpful.
const COURTESY: Duration = Duration::from_secs(5);

/// An artifact's description.
#[derive(Debug)]
pub(super) struct Resolved {
    /// Of the manifest that the reference names, which may be an index.
    pub(super) digest: Digest,
    /// Of the manifest with the layers.
    pub(super) inner: Digest,
    pub(super) image: Image,
    /// The registry could not be asked; this is what it said last.
    pub(super) unverified: Option<OciError>,
}

/// A manifest's bytes, and what they came as.
struct Fetched {
    digest: Digest,
    bytes: Bytes,
    content_type: String,
}

impl Registries {
    pub(super) async fn resolve(
        &self,
        reference: &Reference,
        deadline: Instant,
    ) -> Result<Resolved, OciError> {
        let (fetched, unverified) = match self.current(reference, deadline).await {
            // Older tools lower-case tags when they push.
            Err(error) if error.kind == ErrorKind::NotFound => {
                let found = match reference.lower_cased() {
                    Some(lower) => self.current(&lower, deadline).await.ok(),
                    None => None,
                };
                match found {
                    Some(found) => found,
                    None => return Err(self.with_tags(reference, error).await),
                }
            }
            result => result?,
        };
        let digest = fetched.digest;
        let read = Document::read(reference, &fetched.bytes, &fetched.content_type)?;
        let (inner, image) = match read {
            Document::Image(image) => (digest.clone(), image),
            Document::Index(entries) => {
                let entry = for_this_machine(reference, &entries)?;
                let pinned = reference.pinned(entry.digest.clone());
                let (fetched, _) = self.current(&pinned, deadline).await?;
                match Document::read(&pinned, &fetched.bytes, &fetched.content_type)? {
                    Document::Image(image) => (fetched.digest, image),
                    Document::Index(_) => {
                        let message = format!("{reference} is an index of indexes");
                        return Err(OciError::new(ErrorKind::NotAnArtifact, message));
                    }
                }
            }
        };
        Ok(Resolved {
            digest,
            inner,
            image,
            unverified,
        })
    }

    /// The manifest that a reference names now, with the reason why that is not sure.
    async fn current(
        &self,
        reference: &Reference,
        deadline: Instant,
    ) -> Result<(Fetched, Option<OciError>), OciError> {
        let kept = |digest: &Digest| {
            let bytes = self.cache.manifest(digest)?;
            Some(Fetched {
                digest: digest.clone(),
                bytes,
                content_type: String::new(),
            })
        };
        if let Some(digest) = reference.digest() {
            // It cannot change.
            return match kept(digest) {
                Some(fetched) => Ok((fetched, None)),
                None => Ok((self.get_manifest(reference, deadline).await?, None)),
            };
        }
        let known = self.cache.tag(reference).and_then(|it| kept(&it));
        let fresh = match &known {
            None => self.get_manifest(reference, deadline).await.map(Some),
            Some(known) => {
                let soon = deadline.min(Instant::now() + REVALIDATION);
                match self.remote_digest(reference, soon).await {
                    Ok(Some(digest)) if digest == known.digest => Ok(None),
                    Ok(_) => self.get_manifest(reference, deadline).await.map(Some),
                    Err(error) => Err(error),
                }
            }
        };
        match (fresh, known) {
            (Ok(Some(fetched)), _) => Ok((fetched, None)),
            (Ok(None), Some(known)) => Ok((known, None)),
            (Err(error), Some(known)) if error.is_absence() => Ok((known, Some(error))),
            (Err(error), _) => Err(error),
            (Ok(None), None) => Err(OciError::new(ErrorKind::NotFound, reference.to_string())),
        }
    }

    /// What a registry says a tag means, if it says so without being asked for all of it.
    async fn remote_digest(
        &self,
        reference: &Reference,
        deadline: Instant,
    ) -> Result<Option<Digest>, OciError> {
        let ask = self.manifest_ask(reference, Method::HEAD, deadline)?;
        let response = self.transport()?.send(&ask).await?;
        match response.status() {
            StatusCode::OK => {
                let header = response.headers().get(DIGEST);
                Ok(header.and_then(|it| Digest::parse(it.to_str().ok()?)))
            }
            StatusCode::METHOD_NOT_ALLOWED => Ok(None),
            _ => Err(self.transport()?.refusal(&ask, response).await),
        }
    }

    async fn get_manifest(
        &self,
        reference: &Reference,
        deadline: Instant,
    ) -> Result<Fetched, OciError> {
        let transport = self.transport()?;
        let ask = self.manifest_ask(reference, Method::GET, deadline)?;
        let response = transport.send(&ask).await?;
        if response.status() != StatusCode::OK {
            return Err(transport.refusal(&ask, response).await);
        }
        let text = |name: &str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let content_type = text(CONTENT_TYPE.as_str()).unwrap_or_default();
        let promised = text(DIGEST).and_then(|it| Digest::parse(&it));
        let bytes = transport.body(&ask, response, MAX_MANIFEST).await?;
        let expected = reference.digest().cloned().or(promised);
        let digest = match expected {
            Some(digest) if digest.names(&bytes) => digest,
            Some(digest) => {
                let message = format!(
                    "{reference}: the manifest is not the one of digest {digest}, but of {}",
                    Digest::of(&bytes)
                );
                return Err(OciError::new(ErrorKind::Corrupt, message).hint(
                    "the registry, or something on the way to it, changes what it gives out",
                ));
            }
            None => Digest::of(&bytes),
        };
        // Only what makes sense is kept.
        Document::read(reference, &bytes, &content_type)?;
        self.cache.put_manifest(&digest, &bytes);
        if reference.digest().is_none() {
            self.cache.put_tag(reference, &digest);
        }
        Ok(Fetched {
            digest,
            bytes,
            content_type,
        })
    }

    pub(super) fn manifest_ask<'a>(
        &self,
        reference: &'a Reference,
        method: Method,
        deadline: Instant,
    ) -> Result<Ask<'a>, OciError> {
        let path = format!(
            "{}/manifests/{}",
            reference.repository(),
            reference.version()
        );
        let headers = [(ACCEPT, HeaderValue::from_static(manifest::ACCEPT))];
        Ok(Ask {
            reference,
            access: Access::Pull,
            method,
            url: self.transport()?.url(reference, &path)?,
            headers: HeaderMap::from_iter(headers),
            body: Body::Empty,
            deadline,
        })
    }

    /// Names tags that exist, if that is quickly found out.
    async fn with_tags(&self, reference: &Reference, error: OciError) -> OciError {
        if reference.digest().is_some() {
            return error;
        }
        let Ok(tags) = self.tags(reference, Instant::now() + COURTESY).await else {
            return error.hint("check the name; the registry knows no repository of this name");
        };
        let shown: Vec<_> = tags.iter().rev().take(SHOWN_TAGS).rev().cloned().collect();
        match shown.as_slice() {
            [] => error.hint("the repository has no tags"),
            some => {
                let more = if tags.len() > some.len() { "…, " } else { "" };
                error.hint(format!("its tags are {more}{}", some.join(", ")))
            }
        }
    }

    async fn tags(
        &self,
        reference: &Reference,
        deadline: Instant,
    ) -> Result<Vec<String>, OciError> {
        #[derive(Deserialize)]
        struct Tags {
            tags: Option<Vec<String>>,
        }
        let transport = self.transport()?;
        let path = format!("{}/tags/list", reference.repository());
        let ask = Ask {
            headers: HeaderMap::new(),
            url: transport.url(reference, &path)?,
            ..self.manifest_ask(reference, Method::GET, deadline)?
        };
        let response = transport.send(&ask).await?;
        if response.status() != StatusCode::OK {
            return Err(transport.refusal(&ask, response).await);
        }
        let body = transport.body(&ask, response, MAX_TAGS).await?;
        let tags: Tags = serde_json::from_slice(&body)
            .map_err(|error| OciError::new(ErrorKind::Protocol, error.to_string()))?;
        let mut tags = tags.tags.unwrap_or_default();
        tags.retain(|it| super::reference::is_tag(it));
        Ok(tags)
    }
}
