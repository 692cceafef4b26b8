//! Getting in: what a registry asks for becomes a header, by a token service where it has one.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use tokio::time::Instant;

use super::challenge::{Challenge, may_see_credentials};
use super::credential::Credential;
use super::error::{ErrorKind, OciError};
use super::transport::{
    Access, Ask, Body, Login, Transport, authority, basic, scope, sensitive, unauthorized,
};

/// Bytes of a token service's answer.
const MAX_TOKEN: u64 = 1 << 20;

/// What a token is good for if its service does not say; so says the specification.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);

/// Longest; a clock may jump.
const MAX_LIFE: Duration = Duration::from_secs(3600);

/// A token that ends while it travels is no use.
const MARGIN: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Transport {
    /// Answers a registry's challenges.
    ///
    /// # Errors
    /// None of them can be met, or the token service says no.
    pub(super) async fn log_in(
        &self,
        ask: &Ask<'_>,
        challenges: &[Challenge],
    ) -> Result<Login, OciError> {
        let registry = ask.reference.registry();
        let credential = self.keyring.find(registry).await?;
        if let Some(Credential::Bearer(token)) = &credential {
            let header = sensitive(&format!("Bearer {token}"));
            return forever(header.ok_or_else(|| unauthorized(ask, true))?);
        }
        let bearer = challenges.iter().find_map(|it| match it {
            Challenge::Bearer { realm, service } => Some((realm, service.as_deref())),
            _ => None,
        });
        if let Some((realm, service)) = bearer {
            return self.token(ask, realm, service, credential.as_ref()).await;
        }
        if challenges.contains(&Challenge::Basic) {
            let header = credential.as_ref().and_then(basic);
            return forever(header.ok_or_else(|| unauthorized(ask, credential.is_some()))?);
        }
        let offered: Vec<_> = challenges
            .iter()
            .filter_map(|it| match it {
                Challenge::Other(scheme) => Some(scheme.as_str()),
                _ => None,
            })
            .collect();
        let message = match offered.as_slice() {
            [] => format!(
                "{}: {registry} refuses, and does not say how to log in",
                ask.reference
            ),
            some => format!(
                "{}: {registry} wants a login of a kind that is not known: {}",
                ask.reference,
                some.join(", ")
            ),
        };
        Err(OciError::new(ErrorKind::Unauthorized, message))
    }

    async fn token(
        &self,
        ask: &Ask<'_>,
        realm: &str,
        service: Option<&str>,
        credential: Option<&Credential>,
    ) -> Result<Login, OciError> {
        let registry = ask.reference.registry();
        let broken = |reason: String| {
            let message = format!("{}: {registry}'s token service {reason}", ask.reference);
            OciError::new(ErrorKind::Protocol, message)
        };
        let url = ask
            .url
            .join(realm)
            .map_err(|_| broken(format!("is at '{realm:.200}', which is no URL")))?;
        let host = authority(&url);
        // Where the registry itself is reached without TLS, so may be what stands beside it.
        let may_be_plain = self.is_insecure(&host)
            || (ask.url.scheme() == "http" && url.host_str() == ask.url.host_str());
        if url.scheme() != "https" && !(url.scheme() == "http" && may_be_plain) {
            let error = broken(format!("is at {host} without TLS"));
            return Err(error.hint(format!("if that is meant: --allowed-insecure {host}")));
        }
        let trusted = may_see_credentials(ask.reference.address(), &url);
        let shown = credential.filter(|_| trusted);
        let exchange = Ask {
            reference: ask.reference,
            access: ask.access,
            method: Method::GET,
            url: with_query(&url, service, &scope(ask), ask.access),
            headers: HeaderMap::new(),
            body: Body::Empty,
            deadline: ask.deadline,
        };
        let response = self
            .persist(&exchange, || match shown {
                Some(Credential::Identity(token)) => self
                    .client
                    .post(url.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(refresh_form(service, &scope(ask), token)),
                shown => {
                    let request = self.client.get(exchange.url.clone());
                    match shown.and_then(basic) {
                        Some(header) => request.header(AUTHORIZATION, header),
                        None => request,
                    }
                }
            })
            .await?;
        let status = response.status();
        if matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST
        ) {
            if credential.is_some() && !trusted {
                let message = format!(
                    "{}: {registry} wants a login at {host}, which does not belong to it; \
                     credentials were not sent there",
                    ask.reference
                );
                return Err(OciError::new(ErrorKind::Unauthorized, message));
            }
            return Err(unauthorized(ask, credential.is_some()));
        }
        if !status.is_success() {
            return Err(broken(format!("at {host} answers {status}")));
        }
        let body = self.body(&exchange, response, MAX_TOKEN).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| broken(format!("at {host} does not answer with a token")))?;
        let token = answer.token.or(answer.access_token);
        let header = token
            .filter(|it| !it.is_empty())
            .and_then(|it| sensitive(&format!("Bearer {it}")))
            .ok_or_else(|| broken(format!("at {host} does not answer with a token")))?;
        let life = answer.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs);
        Ok(Login {
            header,
            until: Instant::now() + life.min(MAX_LIFE).saturating_sub(MARGIN),
        })
    }
}

fn forever(header: reqwest::header::HeaderValue) -> Result<Login, OciError> {
    Ok(Login {
        header,
        until: Instant::now() + MAX_LIFE,
    })
}

fn with_query(url: &Url, service: Option<&str>, scope: &str, access: Access) -> Url {
    let mut url = url.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        if access != Access::Login {
            query.append_pair("scope", scope);
        }
    }
    url
}

/// The grant that trades an identity token.
fn refresh_form(service: Option<&str>, scope: &str, token: &str) -> String {
    let mut form = Url::parse("http://form/").map(|mut url| {
        url.query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "wash")
            .append_pair("service", service.unwrap_or_default())
            .append_pair("scope", scope)
            .append_pair("refresh_token", token);
        url
    });
    form.as_mut()
        .ok()
        .and_then(|it| it.query().map(str::to_owned))
        .unwrap_or_default()
}
