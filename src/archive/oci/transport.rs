//! One request to a registry: with what it takes to be let in, sent again when it failed for a passing reason,
//! along redirects, in bounded time. Knows paths and headers, not what they mean.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use tokio::time::{Instant, sleep, timeout_at};

use super::super::http::{self, backoff, is_busy, retry_after};
use super::challenge::challenges;
use super::credential::{Credential, Keyring};
use super::error::{ErrorKind, OciError};
use super::failure;
use super::reference::{Reference, address};
use super::settings::{Limits, Settings};
use super::upload::Upload;

/// A blob may lie behind a few.
const MAX_REDIRECTS: u32 = 5;

/// What an error's body may have; more is not read.
const MAX_ERROR: u64 = 64 << 10;

/// A connection to registries; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) client: reqwest::Client,
    pub(super) keyring: Keyring,
    pub(super) limits: Limits,
    insecure: Arc<[String]>,
    logins: Arc<Mutex<HashMap<(String, String), Login>>>,
}

/// What opened a registry's door lately.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) header: HeaderValue,
    pub(super) until: Instant,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(…)")
    }
}

/// What is to be done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Only whether credentials are right.
    Login,
    Pull,
    Push,
}

/// A request.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    /// Whom, and about what.
    pub(super) reference: &'a Reference,
    pub(super) access: Access,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Body<'a>,
    pub(super) deadline: Instant,
}

#[derive(Debug)]
pub(super) enum Body<'a> {
    Empty,
    Bytes(Bytes),
    File(&'a Upload),
}

impl Transport {
    pub(super) fn new(settings: &Settings, keyring: Keyring) -> Result<Self, OciError> {
        let client = http::client(settings.limits.connect, &settings.ca_files)
            .map_err(|error| failure::setup(&error))?;
        let insecure = settings.insecure.iter();
        Ok(Self {
            client,
            keyring,
            limits: settings.limits.clone(),
            insecure: insecure
                .map(|it| super::reference::registry_host(it).unwrap_or_else(|| it.clone()))
                .collect(),
            logins: Arc::default(),
        })
    }

    /// `{scheme}://{registry}/v2/{path}`.
    ///
    /// # Errors
    /// The parts make no URL.
    pub(super) fn url(&self, reference: &Reference, path: &str) -> Result<Url, OciError> {
        let host = reference.address();
        let scheme = if self.is_insecure(host) || self.is_insecure(reference.registry()) {
            "http"
        } else {
            "https"
        };
        Url::parse(&format!("{scheme}://{host}/v2/{path}"))
            .map_err(|error| OciError::new(ErrorKind::Reference, format!("{reference}: {error}")))
    }

    pub(super) fn is_insecure(&self, host: &str) -> bool {
        self.insecure.iter().any(|it| it == host)
    }

    /// Credentials have changed; what they opened is asked for again.
    pub(super) fn forget_logins(&self) {
        self.logins().clear();
    }

    /// Sends a request and returns the answer, whatever its status, unless that is about credentials, about
    /// being busy, or a redirect: those are dealt with.
    ///
    /// # Errors
    /// No answer came in time or at all, or the registry lets nobody in.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Response, OciError> {
        let own = origin(&self.url(ask.reference, "")?);
        let mut url = ask.url.clone();
        let mut redirects = 0;
        let mut refused = false;
        loop {
            let at_home = origin(&url) == own;
            let login = if at_home { self.login_of(ask) } else { None };
            let response = self
                .persist(ask, || {
                    let mut request = self
                        .client
                        .request(ask.method.clone(), url.clone())
                        .headers(ask.headers.clone());
                    if let Some(login) = &login {
                        request = request.header(AUTHORIZATION, login.header.clone());
                    }
                    request
                })
                .await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && at_home {
                let found = challenges(response.headers());
                if refused {
                    self.logins().remove(&key(ask));
                    let known = self.keyring.find(ask.reference.registry()).await?.is_some();
                    return Err(unauthorized(ask, known));
                }
                refused = true;
                // What let us in before has run out, or was never enough.
                self.logins().remove(&key(ask));
                let login = self.log_in(ask, &found).await?;
                self.logins().insert(key(ask), login);
                continue;
            }
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                redirects += 1;
                url = self.follow(ask, &response, &url, redirects)?;
                continue;
            }
            return Ok(response);
        }
    }

    /// Where a redirect leads. Credentials stay behind, since they are sent to the first place only.
    fn follow(
        &self,
        ask: &Ask<'_>,
        response: &Response,
        from: &Url,
        count: u32,
    ) -> Result<Url, OciError> {
        let reference = ask.reference;
        let wrong = |reason: String| {
            let message = format!("{reference}: the registry redirects {reason}");
            OciError::new(ErrorKind::Protocol, message)
        };
        if count > MAX_REDIRECTS {
            return Err(wrong(format!("more than {MAX_REDIRECTS} times")));
        }
        if ask.method != Method::GET && ask.method != Method::HEAD {
            return Err(wrong("an upload, which is not followed".to_owned()));
        }
        let target = response
            .headers()
            .get(LOCATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| from.join(it).ok())
            .ok_or_else(|| wrong("to nowhere".to_owned()))?;
        let host = authority(&target);
        match target.scheme() {
            "https" => Ok(target),
            // One that is reached without TLS anyway may have a neighbour that is as well.
            "http" if self.is_insecure(&host) || from.scheme() == "http" => Ok(target),
            "http" => Err(wrong(format!("to {host} without TLS"))
                .hint(format!("if that is meant: --allowed-insecure {host}"))),
            scheme => Err(wrong(format!("to a {scheme} URL"))),
        }
    }

    /// Sends until there is an answer that is not about being busy.
    pub(super) async fn persist(
        &self,
        ask: &Ask<'_>,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Response, OciError> {
        let subject = ask.reference.to_string();
        let mut tries = 0;
        loop {
            let sent = self.once(ask, request()).await;
            let (error, pause) = match sent {
                Ok(response) if is_busy(response.status()) => {
                    let wanted = retry_after(response.headers());
                    let status = response.status();
                    drop(response);
                    if wanted.is_some_and(|it| it > self.limits.patience) {
                        return Err(failure::busy(&subject, status, wanted));
                    }
                    (failure::busy(&subject, status, wanted), wanted)
                }
                Ok(response) => return Ok(response),
                Err(Lost::Passing(error)) => (error, None),
                Err(Lost::Final(error)) => return Err(error),
            };
            // An upload starts anew, at another place.
            let most = match ask.body {
                Body::File(_) => 0,
                _ => self.limits.retries,
            };
            if tries >= most {
                return Err(error);
            }
            let pause = pause.unwrap_or_else(|| backoff(self.limits.pause, tries));
            tries += 1;
            if Instant::now() + pause >= ask.deadline {
                return Err(error);
            }
            tracing::debug!("{error}; trying again in {pause:?}");
            sleep(pause).await;
        }
    }

    async fn once(&self, ask: &Ask<'_>, request: RequestBuilder) -> Result<Response, Lost> {
        let subject = ask.reference.to_string();
        let limit = (Instant::now() + self.limits.idle).min(ask.deadline);
        let late = || OciError::timeout(&subject, self.limits.idle);
        let result = match &ask.body {
            Body::File(upload) => {
                let sending = upload.send(request, self.limits.idle, ask.deadline);
                match sending.await.map_err(Lost::Final)? {
                    Some(result) => result,
                    None => return Err(Lost::Passing(late())),
                }
            }
            body => {
                let request = match body {
                    Body::Bytes(bytes) => request.body(bytes.clone()),
                    _ => request,
                };
                match timeout_at(limit, request.send()).await {
                    Ok(result) => result,
                    Err(_) => return Err(Lost::Passing(late())),
                }
            }
        };
        result.map_err(|error| {
            let host = ask.reference.registry();
            let (error, passing) = failure::of(&subject, host, &error);
            if passing {
                Lost::Passing(error)
            } else {
                Lost::Final(error)
            }
        })
    }

    /// The body of an answer, if it has no more than `limit` bytes.
    ///
    /// # Errors
    /// It is larger, or does not come.
    pub(super) async fn body(
        &self,
        ask: &Ask<'_>,
        mut response: Response,
        limit: u64,
    ) -> Result<Bytes, OciError> {
        let subject = ask.reference.to_string();
        let too_large = || OciError::too_large(&format!("{subject}: the registry's answer"), limit);
        if response.content_length().is_some_and(|it| it > limit) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        loop {
            let by = (Instant::now() + self.limits.idle).min(ask.deadline);
            let chunk = timeout_at(by, response.chunk())
                .await
                .map_err(|_| OciError::timeout(&subject, self.limits.idle))?
                .map_err(|error| failure::of(&subject, ask.reference.registry(), &error).0)?;
            let Some(chunk) = chunk else {
                return Ok(body.freeze());
            };
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
    }

    /// Turns an answer that is no success into an error, with the registry's own words.
    pub(super) async fn refusal(&self, ask: &Ask<'_>, response: Response) -> OciError {
        let status = response.status();
        let said = match self.body(ask, response, MAX_ERROR).await {
            Ok(body) => failure::words(&body),
            Err(_) => None,
        };
        failure::status(ask.reference, ask.access, status, said)
    }

    /// Whether credentials were needed.
    pub(super) fn has_login(&self, ask: &Ask<'_>) -> bool {
        self.login_of(ask).is_some()
    }

    fn login_of(&self, ask: &Ask<'_>) -> Option<Login> {
        let logins = self.logins();
        let login = logins.get(&key(ask))?;
        (login.until > Instant::now()).then(|| login.clone())
    }

    fn logins(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Login>> {
        self.logins.lock().unwrap_or_else(|it| it.into_inner())
    }
}

/// Why there is no answer.
enum Lost {
    /// The next try may have more luck.
    Passing(OciError),
    Final(OciError),
}

/// A login is good for one registry and one purpose.
fn key(ask: &Ask<'_>) -> (String, String) {
    (address(ask.reference.registry()).to_owned(), scope(ask))
}

/// What a token is asked for.
pub(super) fn scope(ask: &Ask<'_>) -> String {
    let repository = ask.reference.repository();
    match ask.access {
        Access::Login => String::new(),
        Access::Pull => format!("repository:{repository}:pull"),
        Access::Push => format!("repository:{repository}:pull,push"),
    }
}

pub(super) fn unauthorized(ask: &Ask<'_>, known: bool) -> OciError {
    let registry = ask.reference.registry();
    OciError::unauthorized(registry, &ask.reference.to_string(), known)
}

pub(super) fn basic(credential: &Credential) -> Option<HeaderValue> {
    let Credential::Password { user, password } = credential else {
        return None;
    };
    let pair = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
    sensitive(&format!("Basic {pair}"))
}

pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Scheme, host and port.
fn origin(url: &Url) -> (String, String, Option<u16>) {
    let host = url.host_str().unwrap_or_default().to_owned();
    (url.scheme().to_owned(), host, url.port_or_known_default())
}

/// `host[:port]`.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
