//! What a provider states: the token of a provider archive (protocol §2.2, §3), and how far it is believed.

use serde_json::Value;

use super::ProviderMetadata;
use super::jwt::{self, Token, TokenError};
use super::keys::{self, KeyKind};

/// A provider's claims, read from the text of its token. Reading checks neither signature nor dates.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderClaims {
    /// About a service key. Has metadata: a token without is refused when it is read.
    pub token: Token<ProviderMetadata>,
    /// The token as it was written.
    pub jwt: String,
}

/// How claims are held against their reader's clock and rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    #[default]
    Strict,
    /// Forgives what older tools could write because no host of theirs ever looked: dates, and an issuer that is
    /// no account. A signature is never forgiven, or the hashes under it would vouch for nothing.
    Lenient,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProviderError {
    /// A good token, but of something else.
    #[error("these are the claims of {0}, which is no provider")]
    NotProvider(String),
    #[error("they are issued by {0}, which is no account")]
    Issuer(String),
    #[error("they name no contract")]
    NoContract,
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl ProviderError {
    /// Whether [`Trust::Lenient`] looks past it.
    pub fn is_forgivable(&self) -> bool {
        matches!(
            self,
            Self::Issuer(_) | Self::Token(TokenError::Expired(_) | TokenError::NotYet(_))
        )
    }
}

impl ProviderClaims {
    /// Reads a token without checking it.
    ///
    /// # Errors
    /// [`ProviderError::NotProvider`] and [`ProviderError::Token`].
    pub fn read(text: &str) -> Result<Self, ProviderError> {
        let jwt = text.trim();
        // The subject first: an actor's metadata would only be unreadable.
        let token: Token<Value> = jwt::decode(jwt)?;
        if keys::check_public(KeyKind::Service, &token.subject).is_err() {
            return Err(ProviderError::NotProvider(token.subject));
        }
        let token: Token<ProviderMetadata> = jwt::decode(jwt)?;
        if token.metadata.is_none() {
            let reason = "it states nothing about a provider".to_owned();
            return Err(TokenError::Malformed(reason).into());
        }
        Ok(Self {
            token,
            jwt: jwt.to_owned(),
        })
    }

    pub fn metadata(&self) -> &ProviderMetadata {
        static EMPTY: ProviderMetadata = ProviderMetadata {
            name: None,
            capid: String::new(),
            vendor: String::new(),
            rev: None,
            ver: None,
            target_hashes: std::collections::BTreeMap::new(),
            config_schema: None,
        };
        self.token.metadata.as_ref().unwrap_or(&EMPTY)
    }

    /// The revision hosts compare (protocol §2.2).
    pub fn revision(&self) -> i32 {
        self.token.effective_revision(self.metadata().rev)
    }

    /// Everything against the claims at `now` (seconds since the epoch), the unforgivable first.
    pub fn problems(&self, now: u64) -> Vec<ProviderError> {
        let mut found = Vec::new();
        if let Err(error) = jwt::verify_signature(&self.jwt, &self.token.issuer) {
            found.push(error.into());
        }
        if self.metadata().capid.is_empty() {
            found.push(ProviderError::NoContract);
        }
        if keys::check_public(KeyKind::Account, &self.token.issuer).is_err() {
            found.push(ProviderError::Issuer(self.token.issuer.clone()));
        }
        if self.token.expires.is_some_and(|at| at < now) {
            found.push(TokenError::Expired(self.token.expires_human(now)).into());
        }
        if self.token.not_before.is_some_and(|at| at > now) {
            found.push(TokenError::NotYet(self.token.not_before_human(now)).into());
        }
        found
    }

    /// Checks signature, kinds of keys and dates at `now` (seconds since the epoch).
    ///
    /// # Errors
    /// The first of [`ProviderClaims::problems`] that `trust` does not forgive.
    pub fn check(&self, now: u64, trust: Trust) -> Result<(), ProviderError> {
        let forgiven = |it: &ProviderError| trust == Trust::Lenient && it.is_forgivable();
        match self.problems(now).into_iter().find(|it| !forgiven(it)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{ActorMetadata, Seed};

    const NOW: u64 = 1_700_000_000;

    fn claims(
        issuer: &Seed,
        signer: &Seed,
        change: impl FnOnce(&mut Token<ProviderMetadata>),
    ) -> ProviderClaims {
        let metadata = ProviderMetadata {
            capid: "wasmcloud:keyvalue".into(),
            vendor: "acme".into(),
            ..ProviderMetadata::default()
        };
        let subject = Seed::generate(KeyKind::Service).public();
        let mut token = Token::new(issuer, subject, metadata, NOW);
        change(&mut token);
        let text = jwt::encode(&token, signer).unwrap();
        ProviderClaims::read(&format!(" {text}\n")).unwrap()
    }

    #[test]
    fn only_what_old_tools_could_write_is_forgiven() {
        let account = Seed::generate(KeyKind::Account);
        let operator = Seed::generate(KeyKind::Operator);
        let strict = |it: &ProviderClaims| it.check(NOW, Trust::Strict);
        let lenient = |it: &ProviderClaims| it.check(NOW, Trust::Lenient);

        let good = claims(&account, &account, |_| ());
        assert_eq!((strict(&good), good.revision()), (Ok(()), NOW as i32));

        // Dates that were swapped: no moment suits both.
        let swapped = claims(&account, &account, |it| {
            it.expires = Some(NOW - 60);
            it.not_before = Some(NOW + 86_400);
        });
        let problems: Vec<_> = swapped
            .problems(NOW)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            problems,
            [
                "token expired 1m ago",
                "token cannot be used yet (valid in 1day)"
            ]
        );
        assert!(strict(&swapped).is_err());
        assert_eq!(lenient(&swapped), Ok(()));

        let other = claims(&operator, &operator, |_| ());
        assert_eq!(
            strict(&other),
            Err(ProviderError::Issuer(operator.public()))
        );
        assert_eq!(lenient(&other), Ok(()));

        let forged = claims(&account, &operator, |it| it.expires = Some(1));
        let bad = Err(ProviderError::Token(TokenError::BadSignature));
        assert_eq!((strict(&forged), lenient(&forged)), (bad, lenient(&forged)));
        assert!(lenient(&forged).is_err());

        let vague = claims(&account, &account, |it| {
            it.metadata.as_mut().unwrap().capid.clear();
        });
        assert_eq!(lenient(&vague), Err(ProviderError::NoContract));
    }

    #[test]
    fn tokens_of_others_are_not_taken_for_a_providers() {
        let account = Seed::generate(KeyKind::Account);
        let module = Seed::generate(KeyKind::Module).public();
        let actor = Token::new(&account, module.clone(), ActorMetadata::default(), NOW);
        let text = jwt::encode(&actor, &account).unwrap();
        assert_eq!(
            ProviderClaims::read(&text),
            Err(ProviderError::NotProvider(module))
        );
        let service = Seed::generate(KeyKind::Service).public();
        let mut empty = Token::new(&account, service, ProviderMetadata::default(), NOW);
        empty.metadata = None;
        let text = jwt::encode(&empty, &account).unwrap();
        assert!(ProviderClaims::read(&text).is_err());
        assert!(ProviderClaims::read("a.b.c").is_err());
    }
}
