//! `wasmcloud:httpclient`: requests of linked actors to the outside (protocol §11).
//!
//! Certificates are the platform's (`SSL_CERT_FILE` is honoured), proxies those of `HTTP_PROXY`, `HTTPS_PROXY`
//! and `NO_PROXY`.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::{BoxFuture, FutureExt};
use reqwest::redirect;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::headers::{self, AsWire, WireHeaders};
use super::{Context, Provider, ProviderError};
use crate::lattice::rpc::Incoming;
use crate::lattice::wire::{self, Health, LinkDefinition};

const OPERATION: &str = "HttpClient.Request";

/// Redirects followed without a setting.
const MAX_REDIRECTS: usize = 10;

/// The largest answer without a setting; an answer is held in memory and may travel through the lattice.
const MAX_RESPONSE: u64 = 100 << 20;

/// How long the outside may take to accept a connection; the caller's deadline may be sooner.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The `configuration` of the start command, JSON; every field may be missing.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Redirects to follow; 0 hands them to the actor.
    max_redirects: usize,
    /// Bytes of an answer's body.
    max_response_len: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_redirects: MAX_REDIRECTS,
            max_response_len: MAX_RESPONSE,
        }
    }
}

pub(super) fn start(context: Context) -> Result<Arc<dyn Provider>, ProviderError> {
    let settings = match context.configuration.as_deref().map(str::trim) {
        None | Some("") => Settings::default(),
        Some(json) => serde_json::from_str(json).map_err(|error| ProviderError::BadValue {
            key: "configuration".to_owned(),
            reason: error.to_string(),
        })?,
    };
    // Somebody else in this process may have chosen one already; either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let redirects = match settings.max_redirects {
        0 => redirect::Policy::none(),
        most => redirect::Policy::limited(most),
    };
    let client = reqwest::Client::builder()
        .redirect(redirects)
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(|error| {
            ProviderError::Other(format!("cannot set up the HTTP client: {}", chain(&error)))
        })?;
    Ok(Arc::new(HttpClient {
        client,
        max_response: settings.max_response_len,
    }))
}

struct HttpClient {
    client: reqwest::Client,
    max_response: u64,
}

#[derive(Deserialize)]
struct WireRequest {
    method: String,
    url: String,
    #[serde(default, deserialize_with = "wire::null_default")]
    headers: WireHeaders,
    #[serde(default, deserialize_with = "wire::payload::deserialize")]
    body: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireResponse<'a> {
    status_code: u16,
    header: AsWire<'a>,
    #[serde(serialize_with = "wire::payload::serialize")]
    body: &'a Bytes,
}

impl HttpClient {
    async fn request(&self, payload: &[u8], deadline: Instant) -> Result<Bytes, String> {
        let request: WireRequest = rmp_serde::from_slice(payload)
            .map_err(|error| format!("cannot read the request: {error}"))?;
        let method = http::Method::from_bytes(request.method.as_bytes())
            .map_err(|_| format!("'{}' is not an HTTP method", request.method))?;
        let url = reqwest::Url::parse(&request.url)
            .map_err(|error| format!("'{}': {error}", request.url))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!(
                "'{}': only http and https URLs can be fetched",
                request.url
            ));
        }
        let exchange = self.exchange(
            method,
            url,
            headers::from_wire(&request.headers),
            request.body,
        );
        match tokio::time::timeout_at(deadline, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(format!(
                "{} did not answer before the caller's deadline",
                shown(&request.url)
            )),
        }
    }

    async fn exchange(
        &self,
        method: http::Method,
        url: reqwest::Url,
        headers: http::HeaderMap,
        body: Bytes,
    ) -> Result<Bytes, String> {
        let request = self.client.request(method, url).headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| chain(&error))?;
        let limit = self.max_response;
        let too_large = || format!("the answer is larger than {limit} bytes");
        if response.content_length().is_some_and(|it| it > limit) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        headers::strip_hop_by_hop(response.headers_mut());
        let answer = WireResponse {
            status_code: response.status().as_u16(),
            header: AsWire(response.headers()),
            body: &body.freeze(),
        };
        let answer = rmp_serde::to_vec_named(&answer)
            .map_err(|error| format!("cannot write the answer: {error}"))?;
        Ok(answer.into())
    }
}

impl Provider for HttpClient {
    fn put_link(&self, _link: LinkDefinition) -> BoxFuture<'_, Result<(), ProviderError>> {
        // The contract has no link values.
        async { Ok(()) }.boxed()
    }

    fn delete_link(&self, _link: LinkDefinition) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }

    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        async move {
            match call.operation.as_str() {
                OPERATION => self.request(&call.payload, call.deadline).await,
                other => Err(format!("the HTTP client has no operation {other}")),
            }
        }
        .boxed()
    }

    fn health(&self) -> Health {
        Health {
            healthy: true,
            message: None,
        }
    }

    fn shutdown(&self, _grace: Duration) -> BoxFuture<'_, ()> {
        // Requests belong to their calls, which the host waits for.
        async {}.boxed()
    }
}

/// A URL without user, password and query, which may be secret.
fn shown(url: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(url) else {
        return "the server".to_owned();
    };
    url.set_query(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// An error with its causes; the library's first line alone never says what was wrong.
fn chain(error: &reqwest::Error) -> String {
    let mut text = match error.url() {
        Some(url) => format!("cannot fetch {}", shown(url.as_str())),
        None => "cannot fetch".to_owned(),
    };
    let mut source = error.source();
    if source.is_none() {
        text = format!("{text}: {error}");
    }
    while let Some(it) = source {
        text = format!("{text}: {it}");
        source = it.source();
    }
    text
}
