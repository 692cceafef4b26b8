//! One HTTP request to one call of the actor, and the actor's answer to one HTTP response.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, request};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

use super::super::Context;
use super::super::headers::{self, AsWire, WireHeaders};
use super::cors::{self, Verdict};
use super::settings::Settings;
use crate::lattice::rpc::{Call, Retry, RpcError};
use crate::lattice::wire::{self, Entity};

/// A peer that sends nothing more of its body for so long is not waited for.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

const OPERATION: &str = "HttpServer.HandleRequest";

/// What a listener needs to answer requests; replaced as a whole when the link's values change.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) context: Context,
    pub(super) actor: Entity,
    pub(super) settings: Settings,
}

/// `HttpServer.HandleRequest`, borrowed from the request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    method: &'a str,
    path: &'a str,
    query_string: &'a str,
    header: AsWire<'a>,
    #[serde(serialize_with = "wire::payload::serialize")]
    body: &'a Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResponse {
    status_code: u16,
    #[serde(default, deserialize_with = "wire::null_default")]
    header: WireHeaders,
    #[serde(default, deserialize_with = "wire::payload::deserialize")]
    body: Bytes,
}

impl Exchange {
    /// Answers one request; every failure is an answer too.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let extra = match cors::judge(&self.settings.cors, &parts) {
            Verdict::Pass(headers) => headers,
            Verdict::Preflight(headers) => {
                let mut response = plain(StatusCode::NO_CONTENT, "");
                response.headers_mut().extend(headers);
                return response;
            }
            Verdict::Refused => {
                return plain(
                    StatusCode::FORBIDDEN,
                    "this origin, method or header is not allowed\n",
                );
            }
        };
        let mut response = match self.ask_actor(&mut parts, body).await {
            Ok(response) => response,
            Err((status, text)) => plain(status, text),
        };
        self.finish(response.headers_mut(), extra);
        response
    }

    async fn ask_actor(
        &self,
        parts: &mut request::Parts,
        body: Incoming,
    ) -> Result<Response<Full<Bytes>>, (StatusCode, &'static str)> {
        if self.settings.read_only && !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err((
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD are allowed here\n",
            ));
        }
        let body = self.read(body).await?;
        headers::strip_hop_by_hop(&mut parts.headers);
        name_host(parts);
        let request = WireRequest {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query_string: parts.uri.query().unwrap_or(""),
            header: AsWire(&parts.headers),
            body: &body,
        };
        let payload = rmp_serde::to_vec_named(&request).map_err(|error| {
            tracing::error!(%error, "cannot encode a request");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the request could not be passed on\n",
            )
        })?;
        let call = Call {
            origin: self.context.entity.clone(),
            target: self.actor.clone(),
            operation: OPERATION.to_owned(),
            payload: payload.into(),
            deadline: Instant::now() + self.settings.timeout.unwrap_or(self.context.rpc_timeout),
            depth: 0,
            retry: match parts.method {
                Method::GET | Method::HEAD | Method::OPTIONS => Retry::Safe,
                _ => Retry::NoResponders,
            },
        };
        let answer = self
            .context
            .rpc
            .invoke(call)
            .await
            .map_err(|error| self.failed(&error))?;
        self.decode(&answer)
    }

    async fn read(&self, body: Incoming) -> Result<Bytes, (StatusCode, &'static str)> {
        let too_large = (
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request body is too large\n",
        );
        // An announced length needs no reading, and whoever waits for leave to send it gets none.
        if body.size_hint().lower() > self.settings.max_content {
            return Err(too_large);
        }
        let limit = usize::try_from(self.settings.max_content).unwrap_or(usize::MAX);
        let mut body = Limited::new(body, limit);
        let mut pieces = Pieces::default();
        loop {
            match timeout(BODY_PATIENCE, body.frame()).await {
                Ok(None) => return Ok(pieces.join()),
                Ok(Some(Ok(frame))) => pieces.extend(frame.into_data().unwrap_or_default()),
                Ok(Some(Err(error))) if error.is::<LengthLimitError>() => return Err(too_large),
                Ok(Some(Err(_))) => {
                    return Err((
                        StatusCode::BAD_REQUEST,
                        "the request body could not be read\n",
                    ));
                }
                Err(_) => {
                    return Err((
                        StatusCode::REQUEST_TIMEOUT,
                        "the request body does not come\n",
                    ));
                }
            }
        }
    }

    /// Details go to the log; whoever asked learns what kind of failure it was.
    fn failed(&self, error: &RpcError) -> (StatusCode, &'static str) {
        tracing::warn!(actor = %self.actor.public_key, %error, "actor did not answer a request");
        match error {
            RpcError::Timeout { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the actor did not answer in time\n",
            ),
            RpcError::NoResponders { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "the actor is not running\n",
            ),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "the actor failed\n"),
        }
    }

    fn decode(&self, answer: &[u8]) -> Result<Response<Full<Bytes>>, (StatusCode, &'static str)> {
        let bad = |reason: String| {
            tracing::warn!(actor = %self.actor.public_key, reason, "actor answered what HTTP cannot carry");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the actor's answer cannot be read\n",
            )
        };
        let answer: WireResponse =
            rmp_serde::from_slice(answer).map_err(|error| bad(error.to_string()))?;
        let status = StatusCode::from_u16(answer.status_code)
            .ok()
            .filter(|it| !it.is_informational())
            .ok_or_else(|| bad(format!("status {}", answer.status_code)))?;
        let mut response = Response::new(Full::new(answer.body));
        *response.status_mut() = status;
        *response.headers_mut() = headers::from_wire(&answer.header);
        Ok(response)
    }

    /// Adds what the link asks for where the actor did not say otherwise.
    fn finish(&self, headers: &mut HeaderMap, extra: HeaderMap) {
        for (name, value) in &extra {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        if let Some(value) = self
            .settings
            .cache_control
            .as_ref()
            .and_then(|it| it.parse().ok())
        {
            headers.entry(header::CACHE_CONTROL).or_insert(value);
        }
    }
}

/// A body as it comes. Most come in one piece, which is not copied.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    all: BytesMut,
}

impl Pieces {
    fn extend(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
            return;
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&piece);
    }

    fn join(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }
}

/// HTTP/2 names the host outside the headers; actors look for it inside.
fn name_host(parts: &mut request::Parts) {
    if let Some(authority) = parts.uri.authority()
        && let Ok(value) = HeaderValue::from_str(authority.as_str())
    {
        parts.headers.entry(header::HOST).or_insert(value);
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    if !text.is_empty() {
        let value = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
