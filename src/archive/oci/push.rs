//! An artifact into a registry: layer, configuration, manifest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use tokio::time::{Instant, sleep};

use super::super::http::backoff;
use super::digest::Digest;
use super::error::{ErrorKind, OciError};
use super::manifest::{Descriptor, OCI_MANIFEST, Written};
use super::reference::Reference;
use super::transport::{Access, Ask, Body, Transport, authority};
use super::upload::Upload;
use super::{Registries, Watch};

/// The annotation by which general tools name a file that they pull.
const TITLE: &str = "org.opencontainers.image.title";

/// What is pushed.
#[derive(Clone, Debug)]
pub struct Package {
    pub file: PathBuf,
    pub layer_type: String,
    pub config: Bytes,
    pub config_type: String,
    /// Of the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// What is in the registry now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub reference: Reference,
    /// Of the manifest.
    pub digest: Digest,
    /// Bytes of the layer.
    pub size: u64,
    /// The registry had the layer already.
    pub known: bool,
}

impl Registries {
    /// Pushes an artifact.
    ///
    /// # Errors
    /// The reference has a digest or a tag that is not allowed; the file cannot be read; the registry refuses.
    pub async fn push(
        &self,
        reference: &str,
        package: &Package,
        watch: &Watch,
    ) -> Result<Pushed, OciError> {
        let reference = self.parse(reference)?;
        if reference.digest().is_some() {
            let message = format!("{reference}: a digest follows from what is pushed");
            return Err(OciError::new(ErrorKind::Reference, message).hint("name a tag instead"));
        }
        let deadline = Instant::now() + self.settings.limits.overall;
        let limit = self.settings.limits.size;
        let upload = Upload::of(&package.file, limit, watch.clone()).await?;
        let known = self.push_layer(&reference, &upload, deadline).await?;
        let config = Digest::of(&package.config);
        self.push_bytes(&reference, &config, &package.config, deadline)
            .await?;
        let name = package.file.file_name().and_then(|it| it.to_str());
        let title = name.map(|it| (TITLE.to_owned(), it.to_owned()));
        let manifest = Written {
            schema_version: 2,
            media_type: OCI_MANIFEST,
            config: Descriptor {
                media_type: package.config_type.clone(),
                digest: config.to_string(),
                size: package.config.len() as u64,
                annotations: BTreeMap::new(),
            },
            layers: vec![Descriptor {
                media_type: package.layer_type.clone(),
                digest: upload.digest.to_string(),
                size: upload.size,
                annotations: title.into_iter().collect(),
            }],
            annotations: package.annotations.clone(),
        };
        let manifest = serde_json::to_vec(&manifest)
            .map_err(|error| OciError::new(ErrorKind::Local, error.to_string()))?;
        let digest = self
            .push_manifest(&reference, manifest.into(), deadline)
            .await?;
        Ok(Pushed {
            reference,
            digest,
            size: upload.size,
            known,
        })
    }

    /// Whether the registry had it.
    async fn push_layer(
        &self,
        reference: &Reference,
        upload: &Upload,
        deadline: Instant,
    ) -> Result<bool, OciError> {
        if self.has(reference, &upload.digest, deadline).await? {
            return Ok(true);
        }
        let limits = &self.settings.limits;
        let mut tries = 0;
        loop {
            let body = Body::File(upload);
            let error = match self
                .put_blob(reference, &upload.digest, body, deadline)
                .await
            {
                Ok(()) => return Ok(false),
                Err(error) => error,
            };
            let pause = backoff(limits.pause, tries);
            if !error.is_absence() || tries >= limits.retries || Instant::now() + pause >= deadline
            {
                return Err(error);
            }
            tracing::debug!("{error}; pushing again");
            tries += 1;
            sleep(pause).await;
        }
    }

    async fn push_bytes(
        &self,
        reference: &Reference,
        digest: &Digest,
        bytes: &Bytes,
        deadline: Instant,
    ) -> Result<(), OciError> {
        if self.has(reference, digest, deadline).await? {
            return Ok(());
        }
        let body = Body::Bytes(bytes.clone());
        self.put_blob(reference, digest, body, deadline).await
    }

    async fn has(
        &self,
        reference: &Reference,
        digest: &Digest,
        deadline: Instant,
    ) -> Result<bool, OciError> {
        let transport = self.transport()?;
        let path = format!("{}/blobs/{digest}", reference.repository());
        let url = transport.url(reference, &path)?;
        let ask = ask(reference, Method::HEAD, url, Body::Empty, deadline);
        let response = transport.send(&ask).await?;
        match response.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(false),
            _ => Err(transport.refusal(&ask, response).await),
        }
    }

    /// One upload: a place is asked for, and filled.
    async fn put_blob(
        &self,
        reference: &Reference,
        digest: &Digest,
        body: Body<'_>,
        deadline: Instant,
    ) -> Result<(), OciError> {
        let transport = self.transport()?;
        let path = format!("{}/blobs/uploads/", reference.repository());
        let url = transport.url(reference, &path)?;
        let begin = ask(reference, Method::POST, url, Body::Empty, deadline);
        let response = transport.send(&begin).await?;
        if response.status() != StatusCode::ACCEPTED {
            return Err(transport.refusal(&begin, response).await);
        }
        let mut place = place(transport, reference, &begin.url, &response)?;
        place
            .query_pairs_mut()
            .append_pair("digest", &digest.to_string());
        let mut put = ask(reference, Method::PUT, place, body, deadline);
        let octets = HeaderValue::from_static("application/octet-stream");
        put.headers.insert(CONTENT_TYPE, octets);
        let response = transport.send(&put).await?;
        if response.status() == StatusCode::CREATED {
            return Ok(());
        }
        Err(transport.refusal(&put, response).await)
    }

    async fn push_manifest(
        &self,
        reference: &Reference,
        manifest: Bytes,
        deadline: Instant,
    ) -> Result<Digest, OciError> {
        let transport = self.transport()?;
        let digest = Digest::of(&manifest);
        let put = Ask {
            access: Access::Push,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(OCI_MANIFEST))]),
            body: Body::Bytes(manifest),
            ..self.manifest_ask(reference, Method::PUT, deadline)?
        };
        let response = transport.send(&put).await?;
        if response.status() != StatusCode::CREATED {
            return Err(transport.refusal(&put, response).await);
        }
        let header = response.headers().get("docker-content-digest");
        let said = header.and_then(|it| Digest::parse(it.to_str().ok()?));
        match said {
            Some(said) if said != digest => {
                let message =
                    format!("{reference}: the registry made {said} of the manifest {digest}");
                Err(OciError::new(ErrorKind::Corrupt, message))
            }
            _ => Ok(digest),
        }
    }
}

fn ask<'a>(
    reference: &'a Reference,
    method: Method,
    url: Url,
    body: Body<'a>,
    deadline: Instant,
) -> Ask<'a> {
    Ask {
        reference,
        access: Access::Push,
        method,
        url,
        headers: HeaderMap::new(),
        body,
        deadline,
    }
}

/// Where a registry wants an upload.
fn place(
    transport: &Transport,
    reference: &Reference,
    base: &Url,
    response: &Response,
) -> Result<Url, OciError> {
    let wrong = |reason: String| {
        let message = format!("{reference}: the registry wants the upload {reason}");
        OciError::new(ErrorKind::Protocol, message)
    };
    let place = response
        .headers()
        .get(LOCATION)
        .and_then(|it| it.to_str().ok())
        .and_then(|it| base.join(it).ok())
        .ok_or_else(|| wrong("nowhere".to_owned()))?;
    let host = authority(&place);
    match place.scheme() {
        "https" => Ok(place),
        "http" if base.scheme() == "http" || transport.is_insecure(&host) => Ok(place),
        "http" => Err(wrong(format!("at {host} without TLS"))
            .hint("its configuration has to name its own https address")),
        scheme => Err(wrong(format!("at a {scheme} URL"))),
    }
}
