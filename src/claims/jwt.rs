//! Signed tokens (protocol §2.2): `b64url(header).b64url(claims).b64url(signature)` by an Ed25519 key.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::keys::{self, KeyError, Seed};

/// What current signers write as `wascap_revision`.
pub const REVISION: u32 = 3;

const TYPE: &str = "jwt";
const ALGORITHM: &str = "Ed25519";

/// A decoded token; `T` is its `wascap` object.
#[derive(Clone, Debug, PartialEq)]
pub struct Token<T> {
    /// `exp`, seconds since the epoch; none is never.
    pub expires: Option<u64>,
    /// `jti`, 22 characters.
    pub id: String,
    /// `iat`, seconds since the epoch.
    pub issued_at: u64,
    /// `iss`, the signer's public key.
    pub issuer: String,
    /// `sub`, whom the token is about.
    pub subject: String,
    /// `nbf`, seconds since the epoch; none is at once.
    pub not_before: Option<u64>,
    /// `wascap`; none where a token carries no metadata.
    pub metadata: Option<T>,
    /// `wascap_revision`; absent up to wascap 0.8.
    pub revision: Option<u32>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    #[error("malformed token: {0}")]
    Malformed(String),
    #[error("token expired {0}")]
    Expired(String),
    #[error("token cannot be used yet (valid {0})")]
    NotYet(String),
    #[error("token signature is invalid")]
    BadSignature,
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl<T> Token<T> {
    /// A token about `subject`, issued at `now` (seconds since the epoch) by `issuer`, with a fresh id.
    pub fn new(issuer: &Seed, subject: impl Into<String>, metadata: T, now: u64) -> Self {
        Self {
            expires: None,
            id: nuid::next().to_string(),
            issued_at: now,
            issuer: issuer.public(),
            subject: subject.into(),
            not_before: None,
            metadata: Some(metadata),
            revision: None,
        }
    }

    /// The revision hosts compare: `rev` if above 0, else `iat` truncated to 32 bits.
    pub fn effective_revision(&self, rev: Option<i32>) -> i32 {
        match rev {
            Some(rev) if rev > 0 => rev,
            // Truncation is what every host of the generation does.
            _ => self.issued_at as i32,
        }
    }

    /// Expiry as people read it: `never`, `in …` or `… ago`.
    pub fn expires_human(&self, now: u64) -> String {
        self.expires
            .map_or_else(|| "never".to_owned(), |at| relative(at, now))
    }

    /// Not-before as people read it: `immediately`, `in …` or `… ago`.
    pub fn not_before_human(&self, now: u64) -> String {
        self.not_before
            .map_or_else(|| "immediately".to_owned(), |at| relative(at, now))
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    typ: String,
    alg: String,
}

/// The payload as it is written; the order is that of the generation's signers.
#[derive(Serialize, Deserialize)]
struct Payload<T> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(default)]
    jti: String,
    #[serde(default)]
    iat: u64,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wascap: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wascap_revision: Option<u32>,
}

/// Signs a token. `signer` must be the key named in `issuer`.
///
/// # Errors
/// [`TokenError::Malformed`] when the metadata cannot be written as JSON.
pub fn encode<T: Serialize>(token: &Token<T>, signer: &Seed) -> Result<String, TokenError> {
    let payload = Payload {
        exp: token.expires,
        jti: token.id.clone(),
        iat: token.issued_at,
        iss: token.issuer.clone(),
        sub: token.subject.clone(),
        nbf: token.not_before,
        wascap: token.metadata.as_ref(),
        wascap_revision: token.revision,
    };
    let header = Header {
        typ: TYPE.to_owned(),
        alg: ALGORITHM.to_owned(),
    };
    let mut text = part(&header)?;
    text.push('.');
    text.push_str(&part(&payload)?);
    let signature = signer.sign(text.as_bytes());
    text.push('.');
    BASE64URL_NOPAD.encode_append(&signature, &mut text);
    Ok(text)
}

/// Reads a token without checking signature or dates.
///
/// # Errors
/// [`TokenError::Malformed`].
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<Token<T>, TokenError> {
    let (signed, _signature) = text
        .trim()
        .rsplit_once('.')
        .ok_or_else(|| malformed("it has no signature"))?;
    let (header, payload) = signed
        .split_once('.')
        .ok_or_else(|| malformed("it has fewer than three parts"))?;
    let header: Header = unpart("header", header)?;
    if header.typ != TYPE || header.alg != ALGORITHM {
        return Err(malformed("its header is not that of a lattice token"));
    }
    let payload: Payload<T> = unpart("claims", payload)?;
    if payload.iss.is_empty() {
        return Err(malformed("it names no issuer"));
    }
    if payload.sub.is_empty() {
        return Err(malformed("it names no subject"));
    }
    Ok(Token {
        expires: payload.exp,
        id: payload.jti,
        issued_at: payload.iat,
        issuer: payload.iss,
        subject: payload.sub,
        not_before: payload.nbf,
        metadata: payload.wascap,
        revision: payload.wascap_revision,
    })
}

/// Reads a token and checks header, signature, expiry and not-before at `now` (seconds since the epoch).
///
/// # Errors
/// Every variant of [`TokenError`].
pub fn verify<T: DeserializeOwned>(text: &str, now: u64) -> Result<Token<T>, TokenError> {
    let text = text.trim();
    let token = decode(text)?;
    if token.expires.is_some_and(|at| at < now) {
        return Err(TokenError::Expired(token.expires_human(now)));
    }
    verify_signature(text, &token.issuer)?;
    if token.not_before.is_some_and(|at| at > now) {
        return Err(TokenError::NotYet(token.not_before_human(now)));
    }
    Ok(token)
}

/// Checks a token's signature by `issuer`, and nothing else.
///
/// # Errors
/// [`TokenError::BadSignature`].
pub fn verify_signature(text: &str, issuer: &str) -> Result<(), TokenError> {
    let (signed, signature) = text
        .trim()
        .rsplit_once('.')
        .ok_or(TokenError::BadSignature)?;
    let signature = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .map_err(|_| TokenError::BadSignature)?;
    keys::verify(issuer, signed.as_bytes(), &signature).map_err(|_| TokenError::BadSignature)
}

fn malformed(reason: &str) -> TokenError {
    TokenError::Malformed(reason.to_owned())
}

fn part(value: &impl Serialize) -> Result<String, TokenError> {
    let json =
        serde_json::to_vec(value).map_err(|error| TokenError::Malformed(error.to_string()))?;
    Ok(BASE64URL_NOPAD.encode(&json))
}

fn unpart<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, TokenError> {
    let json = BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| malformed(&format!("its {what} is not base64url")))?;
    // Only the place is told: the text around it may be secret.
    serde_json::from_slice(&json).map_err(|error| {
        malformed(&format!(
            "its {what} cannot be read (column {})",
            error.column()
        ))
    })
}

/// `in 3days 2h` or `5m ago`, at most two units.
fn relative(at: u64, now: u64) -> String {
    let span = humantime::format_duration(Duration::from_secs(at.abs_diff(now))).to_string();
    let short = span.split(' ').take(2).collect::<Vec<_>>().join(" ");
    if at > now {
        format!("in {short}")
    } else {
        format!("{short} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{ActorMetadata, InvocationMetadata, KeyKind};

    const NOW: u64 = 1_700_000_000;

    fn token(seed: &Seed) -> Token<InvocationMetadata> {
        let metadata = InvocationMetadata {
            target_url: "t".into(),
            origin_url: "o".into(),
            hash: "H".into(),
        };
        Token::new(seed, "subject", metadata, NOW)
    }

    #[test]
    fn a_token_survives_its_text_form() {
        let seed = Seed::generate(KeyKind::Cluster);
        let mut token = token(&seed);
        token.expires = Some(NOW + 10);
        token.not_before = Some(NOW);
        token.revision = Some(REVISION);
        assert_eq!(token.id.len(), 22);
        let text = encode(&token, &seed).unwrap();
        assert_eq!(verify(&text, NOW), Ok(token));
        let header = text.split('.').next().unwrap();
        let header = BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
        assert_eq!(header, br#"{"typ":"jwt","alg":"Ed25519"}"#);
    }

    #[test]
    fn dates_and_signature_are_checked() {
        let seed = Seed::generate(KeyKind::Cluster);
        let mut expired = token(&seed);
        expired.expires = Some(NOW - 60);
        let error =
            verify::<InvocationMetadata>(&encode(&expired, &seed).unwrap(), NOW).unwrap_err();
        assert_eq!(error, TokenError::Expired("1m ago".into()));

        let mut early = token(&seed);
        early.not_before = Some(NOW + 86_400);
        let error = verify::<InvocationMetadata>(&encode(&early, &seed).unwrap(), NOW).unwrap_err();
        assert_eq!(error, TokenError::NotYet("in 1day".into()));

        let text = encode(&token(&seed), &Seed::generate(KeyKind::Cluster)).unwrap();
        assert_eq!(
            verify::<InvocationMetadata>(&text, NOW),
            Err(TokenError::BadSignature)
        );
        assert!(decode::<InvocationMetadata>(&text).is_ok());
    }

    #[test]
    fn garbage_is_malformed() {
        let seed = Seed::generate(KeyKind::Cluster);
        let good = encode(&token(&seed), &seed).unwrap();
        let payload = good.split('.').nth(1).unwrap();
        let other_header = BASE64URL_NOPAD.encode(br#"{"typ":"jwt","alg":"none"}"#);
        for bad in [
            "",
            ".",
            "..",
            "a.b.c",
            "ä.ö.ü",
            &good.replace('.', ""),
            &format!("{other_header}.{payload}.x"),
        ] {
            assert!(
                matches!(
                    decode::<InvocationMetadata>(bad),
                    Err(TokenError::Malformed(_))
                ),
                "{bad}"
            );
        }
        let mut anonymous = token(&seed);
        anonymous.issuer = String::new();
        assert!(decode::<InvocationMetadata>(&encode(&anonymous, &seed).unwrap()).is_err());
    }

    #[test]
    fn revision_falls_back_to_the_issue_date() {
        let token = token(&Seed::generate(KeyKind::Cluster));
        assert_eq!(token.effective_revision(Some(4)), 4);
        assert_eq!(token.effective_revision(Some(0)), 1_700_000_000);
        assert_eq!(token.effective_revision(None), 1_700_000_000);
        assert_eq!(
            (token.expires_human(NOW), token.not_before_human(NOW)),
            ("never".into(), "immediately".into())
        );
    }

    #[test]
    fn tokens_of_other_tools_are_read() {
        let made = [
            (include_str!("fixtures/actor-wash-0.11.jwt"), None),
            (include_str!("fixtures/actor-wash-0.26.jwt"), Some(3)),
        ];
        for (text, revision) in made {
            let token = verify::<ActorMetadata>(text.trim(), NOW).unwrap();
            assert_eq!(token.revision, revision);
            assert!(token.issuer.starts_with('A') && token.subject.starts_with('M'));
            let metadata = token.metadata.unwrap();
            assert_eq!(metadata.name.as_deref(), Some("tok"));
            assert_eq!(metadata.caps, Some(vec!["wasmcloud:keyvalue".to_owned()]));
            assert_eq!(
                (metadata.rev, metadata.ver.as_deref()),
                (Some(1), Some("0.1.0"))
            );
        }
    }
}
