//! Making, signing and checking invocations (protocol §4.4, §4.5). Pure: time comes in as a value.

use bytes::Bytes;
use data_encoding::HEXUPPER;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::wire::{Entity, Invocation, Map};
use crate::claims::jwt::{self, REVISION};
use crate::claims::{HostId, InvocationMetadata, Seed, Token, TokenError};

/// Who we are towards the lattice: the key we sign with and the issuers we accept.
#[derive(Clone, Debug)]
pub struct Identity {
    pub host: HostId,
    /// The cluster seed.
    pub signer: Seed,
    /// Public cluster keys whose invocations we accept; holds our own.
    pub issuers: Vec<String>,
}

/// Why an invocation was refused; the texts are those of the generation (protocol §4.5).
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("Failed to deserialize invocation")]
    Undecodable,
    #[error("Invocation claims token expired")]
    Expired,
    #[error("Invocation claims signature invalid")]
    BadSignature,
    #[error("Attempt to use invocation before claims token allows")]
    NotYet,
    #[error("No wascap metadata found on claims")]
    NoMetadata,
    #[error("Invocation hash does not match signed claims hash ({computed} / {signed})")]
    HashMismatch { computed: String, signed: String },
    #[error("Invalid host ID on invocation: '{0}'")]
    BadHost(String),
    #[error("Issuer of this invocation is not among the list of valid issuers")]
    UnknownIssuer,
    #[error("Invocation claims and invocation target URL do not match")]
    TargetMismatch,
    #[error("Invocation claims and invocation origin URL do not match")]
    OriginMismatch,
    #[error("Invocation claims and invocation ID do not match")]
    IdMismatch,
}

/// A signed invocation with its whole payload in `msg`. `now` is in seconds since the epoch.
pub fn make(
    identity: &Identity,
    origin: Entity,
    target: Entity,
    operation: &str,
    payload: Bytes,
    now: u64,
) -> Invocation {
    let id = Uuid::new_v4().simple().to_string();
    let origin_url = url(&origin);
    let target_url = target_url(&target, operation);
    let hash = hash(&origin_url, &target_url, operation, &payload);
    let metadata = InvocationMetadata {
        target_url,
        origin_url,
        hash,
    };
    let mut token = Token::new(&identity.signer, &id, metadata, now);
    token.revision = Some(REVISION);
    let encoded_claims =
        jwt::encode(&token, &identity.signer).expect("metadata of strings can be written as JSON");
    Invocation {
        origin,
        target,
        operation: operation.to_owned(),
        content_length: Some(payload.len() as u64),
        msg: payload,
        id,
        encoded_claims,
        host_id: identity.host.to_string(),
        trace_context: Map::new(),
    }
}

/// Checks an invocation whose payload has been fetched if it was chunked. The hash covers the payload even
/// when it is empty, unlike in some old hosts.
///
/// # Errors
/// The first check that fails, in the order of protocol §4.5.
pub fn check(invocation: &Invocation, issuers: &[String], now: u64) -> Result<(), Refusal> {
    let signed = signed_metadata(invocation, now)?;
    let computed = hash(
        &url(&invocation.origin),
        &target_url(&invocation.target, &invocation.operation),
        &invocation.operation,
        &invocation.msg,
    );
    if computed != signed.metadata.hash {
        return Err(Refusal::HashMismatch {
            computed,
            signed: signed.metadata.hash,
        });
    }
    check_parties(invocation, &signed, issuers)
}

/// Everything that [`check`] checks but the hash: whether a payload that lies elsewhere is worth fetching.
///
/// # Errors
/// As [`check`].
pub(super) fn check_envelope(
    invocation: &Invocation,
    issuers: &[String],
    now: u64,
) -> Result<(), Refusal> {
    let signed = signed_metadata(invocation, now)?;
    check_parties(invocation, &signed, issuers)
}

/// What the token of an invocation states, once its signature and dates hold.
struct Signed {
    issuer: String,
    subject: String,
    metadata: InvocationMetadata,
}

fn signed_metadata(invocation: &Invocation, now: u64) -> Result<Signed, Refusal> {
    let token: Token<InvocationMetadata> =
        jwt::verify(&invocation.encoded_claims, now).map_err(|error| match error {
            TokenError::Expired(_) => Refusal::Expired,
            TokenError::NotYet(_) => Refusal::NotYet,
            TokenError::Malformed(_) | TokenError::BadSignature | TokenError::Key(_) => {
                Refusal::BadSignature
            }
        })?;
    Ok(Signed {
        issuer: token.issuer,
        subject: token.subject,
        metadata: token.metadata.ok_or(Refusal::NoMetadata)?,
    })
}

fn check_parties(
    invocation: &Invocation,
    signed: &Signed,
    issuers: &[String],
) -> Result<(), Refusal> {
    let host = &invocation.host_id;
    // Cluster keys and made-up keys are in use (protocol §4.5), so this is no more than a sanity check.
    if !host.starts_with('N') && host.len() != 56 {
        return Err(Refusal::BadHost(host.chars().take(64).collect()));
    }
    if !issuers.contains(&signed.issuer) {
        return Err(Refusal::UnknownIssuer);
    }
    if signed.metadata.target_url != target_url(&invocation.target, &invocation.operation) {
        return Err(Refusal::TargetMismatch);
    }
    if signed.metadata.origin_url != url(&invocation.origin) {
        return Err(Refusal::OriginMismatch);
    }
    if signed.subject != invocation.id {
        return Err(Refusal::IdMismatch);
    }
    Ok(())
}

/// The URL of an entity in claims.
fn url(entity: &Entity) -> String {
    let key = &entity.public_key;
    if key.starts_with(['M', 'm']) {
        return format!("wasmbus://{key}");
    }
    let contract = entity.contract_id.replace(':', "/").replace(' ', "_");
    let link = entity.link_name.replace(' ', "_");
    format!(
        "wasmbus://{}/{}/{key}",
        contract.to_lowercase(),
        link.to_lowercase()
    )
}

fn target_url(target: &Entity, operation: &str) -> String {
    format!("{}/{operation}", url(target))
}

fn hash(origin_url: &str, target_url: &str, operation: &str, payload: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(origin_url)
        .chain_update(target_url)
        .chain_update(operation)
        .chain_update(payload)
        .finalize();
    HEXUPPER.encode(&digest)
}

#[cfg(test)]
mod tests {
    use super::super::wire::decode;
    use super::*;
    use crate::claims::KeyKind;

    const NOW: u64 = 1_700_000_000;

    fn identity() -> Identity {
        let signer = Seed::generate(KeyKind::Cluster);
        Identity {
            host: HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap(),
            issuers: vec![signer.public()],
            signer,
        }
    }

    fn call(identity: &Identity) -> Invocation {
        let origin = Entity::provider("VORIGIN", "wasmcloud:httpserver", "Link 1");
        make(
            identity,
            origin,
            Entity::actor("MTARGET"),
            "Op.Do",
            Bytes::from_static(&[1, 2, 3]),
            NOW,
        )
    }

    /// Claims of `call` after `change`, signed anew.
    fn resign(
        call: &mut Invocation,
        signer: &Seed,
        change: impl FnOnce(&mut Token<InvocationMetadata>),
    ) {
        let mut token = jwt::decode(&call.encoded_claims).unwrap();
        change(&mut token);
        token.issuer = signer.public();
        call.encoded_claims = jwt::encode(&token, signer).unwrap();
    }

    #[test]
    fn urls_and_hash_of_the_check_vector() {
        let origin = Entity::actor("MDUMMYACTOR");
        let target = Entity::provider("VDUMMYPROV", "wasmcloud:messaging", "default");
        let target_url = target_url(&target, "Messaging.Publish");
        assert_eq!(url(&origin), "wasmbus://MDUMMYACTOR");
        assert_eq!(
            target_url,
            "wasmbus://wasmcloud/messaging/default/VDUMMYPROV/Messaging.Publish"
        );
        assert_eq!(
            hash(
                &url(&origin),
                &target_url,
                "Messaging.Publish",
                &[1, 2, 3, 4]
            ),
            "016DAACDCBB21D90B16C080E60E9C28E350720F57551F0CF9E2D217081F384DF"
        );
        assert_eq!(url(&Entity::actor("__WASH__")), "wasmbus:////__WASH__");
        assert_eq!(
            url(&Entity::provider("VX", "Acme:Big Thing", "My Link")),
            "wasmbus://acme/big_thing/my_link/VX"
        );
    }

    #[test]
    fn a_real_call_passes_with_its_issuer() {
        let bytes = include_bytes!("wire/fixtures/invocation-wash-0.11.msgpack");
        let real: Invocation = decode(bytes).unwrap();
        let issuer = "CDQV2R6NAQGCB7ET7ESDRIMRH6KPVXPQOFSQF2EYMUMPWF4PRYYBIDTA".to_owned();
        assert_eq!(check(&real, &[issuer], NOW), Ok(()));
        assert_eq!(check(&real, &[], NOW), Err(Refusal::UnknownIssuer));
    }

    #[test]
    fn ours_look_like_those_of_the_generation() {
        let identity = identity();
        let call = call(&identity);
        assert_eq!(check(&call, &identity.issuers, NOW), Ok(()));
        assert_eq!(call.content_length, Some(3));
        assert_eq!(call.host_id, identity.host.as_str());
        let token: Token<InvocationMetadata> = jwt::decode(&call.encoded_claims).unwrap();
        assert_eq!(token.revision, Some(3));
        assert_eq!((token.expires, token.not_before), (None, None));
        assert_eq!((token.id.len(), token.issued_at), (22, NOW));
        assert_eq!(token.subject, call.id);
        assert_eq!(token.issuer, identity.signer.public());
        let metadata = token.metadata.unwrap();
        assert_eq!(metadata.target_url, "wasmbus://MTARGET/Op.Do");
        assert_eq!(
            metadata.origin_url,
            "wasmbus://wasmcloud/httpserver/link_1/VORIGIN"
        );
    }

    #[test]
    fn every_change_is_refused() {
        let identity = identity();
        let issuers = &identity.issuers;
        let changed = |change: fn(&mut Invocation)| {
            let mut call = call(&identity);
            change(&mut call);
            check(&call, issuers, NOW).unwrap_err().to_string()
        };
        let hash = "Invocation hash does not match signed claims hash (";
        assert!(changed(|it| it.msg = Bytes::from_static(&[1, 2])).starts_with(hash));
        assert!(changed(|it| it.msg = Bytes::new()).starts_with(hash));
        assert!(changed(|it| it.target.public_key = "MOTHER".into()).starts_with(hash));
        assert!(changed(|it| it.origin.public_key = "VOTHER".into()).starts_with(hash));
        assert!(changed(|it| it.operation = "Op.Undo".into()).starts_with(hash));
        assert_eq!(
            changed(|it| it.host_id = "x".into()),
            "Invalid host ID on invocation: 'x'"
        );
        assert_eq!(
            changed(|it| it.id = "other".into()),
            "Invocation claims and invocation ID do not match"
        );
        for bad in ["", "a.b.c", "ä"] {
            let mut call = call(&identity);
            call.encoded_claims = bad.into();
            assert_eq!(check(&call, issuers, NOW), Err(Refusal::BadSignature));
        }
        let mut forged = call(&identity);
        forged
            .encoded_claims
            .replace_range(forged.encoded_claims.len() - 8.., "AAAAAAAA");
        assert_eq!(check(&forged, issuers, NOW), Err(Refusal::BadSignature));
    }

    #[test]
    fn claims_are_checked_in_order() {
        let identity = identity();
        let signer = &identity.signer;
        let verdict = |change: fn(&mut Token<InvocationMetadata>)| {
            let mut call = call(&identity);
            resign(&mut call, signer, change);
            check(&call, &identity.issuers, NOW).unwrap_err()
        };
        assert_eq!(verdict(|it| it.expires = Some(NOW - 1)), Refusal::Expired);
        assert_eq!(verdict(|it| it.not_before = Some(NOW + 9)), Refusal::NotYet);
        assert_eq!(verdict(|it| it.metadata = None), Refusal::NoMetadata);
        assert_eq!(verdict(|it| it.subject = "x".into()), Refusal::IdMismatch);
        let metadata = |change: fn(&mut InvocationMetadata)| {
            let mut call = call(&identity);
            resign(&mut call, signer, |it| {
                change(it.metadata.as_mut().unwrap());
            });
            check(&call, &identity.issuers, NOW).unwrap_err()
        };
        assert_eq!(
            metadata(|it| it.target_url.push('x')),
            Refusal::TargetMismatch
        );
        assert_eq!(
            metadata(|it| it.origin_url.push('x')),
            Refusal::OriginMismatch
        );

        let mut stranger = call(&identity);
        resign(&mut stranger, &Seed::generate(KeyKind::Cluster), |_| {});
        let verdict = check(&stranger, &identity.issuers, NOW);
        assert_eq!(verdict, Err(Refusal::UnknownIssuer));
    }

    #[test]
    fn hosts_of_every_generation_are_accepted() {
        let identity = identity();
        let mut call = call(&identity);
        for host in [
            identity.signer.public(),
            format!("{:0<56}", "NwashHostCallerId"),
            "N".into(),
        ] {
            call.host_id = host;
            assert_eq!(check(&call, &identity.issuers, NOW), Ok(()));
        }
    }

    #[test]
    fn the_envelope_is_checked_without_the_payload() {
        let identity = identity();
        let mut call = call(&identity);
        call.msg = Bytes::new();
        assert_eq!(check_envelope(&call, &identity.issuers, NOW), Ok(()));
        call.target = Entity::actor("MOTHER");
        assert_eq!(
            check_envelope(&call, &identity.issuers, NOW),
            Err(Refusal::TargetMismatch)
        );
    }
}
