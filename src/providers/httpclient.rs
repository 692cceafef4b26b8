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
    Ok(Arc::new(HttpClient::new(&settings)?))
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
    fn new(settings: &Settings) -> Result<Self, ProviderError> {
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
        Ok(Self {
            client,
            max_response: settings.max_response_len,
        })
    }

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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Seen {
        status_code: u16,
        header: WireHeaders,
        #[serde(deserialize_with = "wire::payload::deserialize")]
        body: Bytes,
    }

    #[derive(Serialize)]
    struct Ask<'a> {
        method: &'a str,
        url: &'a str,
        headers: WireHeaders,
        #[serde(serialize_with = "wire::payload::serialize")]
        body: Bytes,
    }

    fn client(max_redirects: usize, max_response_len: u64) -> HttpClient {
        HttpClient::new(&Settings {
            max_redirects,
            max_response_len,
        })
        .unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    /// Answers one connection after the other with the next text and hands out what it was asked.
    async fn outside(
        answers: Vec<String>,
    ) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let (tell, told) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = socket.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let mut len = 0;
                while !String::from_utf8_lossy(&request[..len]).contains("\r\n\r\n") {
                    len += stream.read(&mut request[len..]).await.unwrap();
                }
                let _ = tell.send(String::from_utf8_lossy(&request[..len]).into_owned());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (url, told)
    }

    async fn ask(
        client: &HttpClient,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
    ) -> Result<Seen, String> {
        let headers = headers
            .iter()
            .map(|(key, value)| ((*key).into(), vec![(*value).into()]))
            .collect();
        let ask = Ask {
            method,
            url,
            headers,
            body: Bytes::new(),
        };
        let answer = client
            .request(&rmp_serde::to_vec_named(&ask).unwrap(), soon())
            .await?;
        Ok(rmp_serde::from_slice(&answer).unwrap())
    }

    #[tokio::test]
    async fn requests_and_answers_pass_whole() {
        let answer = "HTTP/1.1 299 Odd\r\nset-cookie: a\r\nset-cookie: b\r\nx-name: Å\r\nconnection: close\r\n\r\nbody";
        let (url, mut told) = outside(vec![answer.to_owned()]).await;
        let headers = [("x-mine", "1"), ("Connection", "x-hop"), ("x-hop", "1")];
        let seen = ask(
            &client(10, 100),
            "BREW",
            &format!("{url}/p%20q?r=1"),
            &headers,
        )
        .await
        .unwrap();
        assert_eq!((seen.status_code, &seen.body[..]), (299, &b"body"[..]));
        assert_eq!(seen.header["set-cookie"], ["a", "b"]);
        assert_eq!(seen.header["x-name"], ["Å"]);
        assert!(!seen.header.contains_key("connection"));
        let asked = told.recv().await.unwrap();
        assert!(asked.starts_with("BREW /p%20q?r=1 HTTP/1.1\r\n"), "{asked}");
        assert!(
            asked.contains("x-mine: 1\r\n") && !asked.contains("x-hop"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn redirects_are_followed_up_to_the_limit() {
        let redirect =
            "HTTP/1.1 302 Found\r\nlocation: /next\r\nconnection: close\r\n\r\n".to_owned();
        let done = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".to_owned();
        let (url, _told) = outside(vec![redirect.clone(), done]).await;
        assert_eq!(
            ask(&client(10, 100), "GET", &url, &[]).await.unwrap().body,
            "ok"
        );
        let (url, _told) = outside(vec![redirect.clone()]).await;
        assert_eq!(
            ask(&client(0, 100), "GET", &url, &[])
                .await
                .unwrap()
                .status_code,
            302
        );
        let (url, _told) = outside(vec![redirect; 3]).await;
        assert!(
            ask(&client(1, 100), "GET", &url, &[])
                .await
                .unwrap_err()
                .contains("redirect")
        );
    }

    #[tokio::test]
    async fn answers_are_bounded_whether_or_not_they_say_their_size() {
        let announced = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{}",
            "x".repeat(11)
        );
        let unannounced = format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}",
            "x".repeat(11)
        );
        let (url, _told) = outside(vec![announced, unannounced]).await;
        for _ in 0..2 {
            assert_eq!(
                ask(&client(0, 10), "GET", &url, &[]).await.unwrap_err(),
                "the answer is larger than 10 bytes"
            );
        }
    }

    #[tokio::test]
    async fn bad_requests_and_silent_servers_are_errors() {
        let client = client(0, 10);
        assert!(
            client
                .request(b"garbage", soon())
                .await
                .unwrap_err()
                .contains("cannot read the request")
        );
        for (method, url) in [
            ("GET", "file:///etc/passwd"),
            ("GET", "nonsense"),
            ("B AD", "http://127.0.0.1"),
        ] {
            assert!(
                ask(&client, method, url, &[]).await.is_err(),
                "{method} {url}"
            );
        }
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://user:secret@{}/?token=secret",
            silent.local_addr().unwrap()
        );
        let request = Ask {
            method: "GET",
            url: &url,
            headers: WireHeaders::new(),
            body: Bytes::new(),
        };
        let payload = rmp_serde::to_vec_named(&request).unwrap();
        let error = client
            .request(&payload, Instant::now() + Duration::from_millis(200))
            .await
            .unwrap_err();
        assert!(
            error.contains("did not answer") && !error.contains("secret"),
            "{error}"
        );
        // Another port: connections that queue at a closing one may be reset instead.
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://user:secret@{}/", closed.local_addr().unwrap());
        drop(closed);
        let error = ask(&client, "GET", &url, &[]).await.unwrap_err();
        assert!(
            error.contains("refused") && !error.contains("secret"),
            "{error}"
        );
    }
}
