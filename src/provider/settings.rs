//! What the host said, as what connecting, signing and checking need.

use std::time::Duration;

use super::HostData;
use crate::claims::{HostId, KeyError, KeyKind, ProviderId, Seed};
use crate::lattice::connect::{ConnectError, ConnectOptions, Credentials, TlsOptions};
use crate::lattice::invocation::Identity;
use crate::lattice::rpc::{self, RpcError};
use crate::lattice::subject::{LatticeName, is_token};

/// Where a provider connects when its host does not say (protocol §5.2).
const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// For one attempt to connect; there are more.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Why a provider process cannot run. Holds no secrets.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use what the host said about {field}: {reason}")]
    BadHostData { field: &'static str, reason: String },
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Lattice(#[from] RpcError),
    /// The provider's own error.
    #[error("cannot start: {0}")]
    Provider(String),
}

/// [`HostData`] once it is checked.
pub(super) struct Settings {
    pub(super) lattice: LatticeName,
    pub(super) identity: Identity,
    pub(super) connect: ConnectOptions,
    /// How long calls may take, unless the caller says.
    pub(super) timeout: Duration,
}

impl Settings {
    pub(super) fn new(data: &HostData) -> Result<Self, StartError> {
        let key = |field| move |error: KeyError| bad(field, error);
        ProviderId::parse(&data.provider_key).map_err(key("provider_key"))?;
        if !is_token(&data.link_name) {
            return Err(bad("link_name", "it cannot be part of a NATS subject"));
        }
        let signer = Seed::parse_kind(&data.invocation_seed, KeyKind::Cluster);
        let signer = signer.map_err(key("invocation_seed"))?;
        let mut issuers = data.cluster_issuers.clone();
        if !issuers.contains(&signer.public()) {
            issuers.push(signer.public());
        }
        let timeout = data.default_rpc_timeout_ms.filter(|it| *it > 0);
        let name = &data.lattice_rpc_prefix;
        Ok(Self {
            lattice: name
                .parse()
                .map_err(|error| bad("lattice_rpc_prefix", error))?,
            identity: Identity {
                host: HostId::parse(&data.host_id).map_err(key("host_id"))?,
                signer,
                issuers,
            },
            connect: connect(data)?,
            timeout: timeout.map_or(rpc::DEFAULT_TIMEOUT, Duration::from_millis),
        })
    }
}

fn connect(data: &HostData) -> Result<ConnectOptions, StartError> {
    let url = match data.lattice_rpc_url.trim() {
        "" => DEFAULT_URL,
        url => url,
    };
    let (jwt, seed) = (
        data.lattice_rpc_user_jwt.trim(),
        data.lattice_rpc_user_seed.trim(),
    );
    let parsed = || Seed::parse(seed).map_err(|error| bad("lattice_rpc_user_seed", error));
    let credentials = match (jwt.is_empty(), seed.is_empty()) {
        (true, true) => Credentials::Anonymous,
        (true, false) => Credentials::Nkey(parsed()?),
        (false, _) => Credentials::Jwt {
            jwt: jwt.to_owned(),
            seed: parsed()?,
        },
    };
    Ok(ConnectOptions {
        urls: vec![url.to_owned()],
        credentials,
        tls: TlsOptions {
            required: data.lattice_rpc_tls == 1,
            ..TlsOptions::default()
        },
        name: format!("provider {} {}", data.provider_key, data.link_name),
        timeout: CONNECT_LIMIT,
    })
}

fn bad(field: &'static str, reason: impl std::fmt::Display) -> StartError {
    StartError::BadHostData {
        field,
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> HostData {
        HostData {
            host_id: Seed::generate(KeyKind::Server).public(),
            lattice_rpc_prefix: "default".into(),
            link_name: "default".into(),
            provider_key: Seed::generate(KeyKind::Service).public(),
            invocation_seed: Seed::generate(KeyKind::Cluster).reveal(),
            ..HostData::default()
        }
    }

    #[test]
    fn the_least_is_enough() {
        let settings = Settings::new(&data()).unwrap();
        assert_eq!(settings.connect.urls, [DEFAULT_URL]);
        assert!(matches!(
            settings.connect.credentials,
            Credentials::Anonymous
        ));
        assert_eq!(settings.timeout, Duration::from_secs(2));
        let own = settings.identity.signer.public();
        assert_eq!(settings.identity.issuers, [own]);
    }

    #[test]
    fn every_way_to_authenticate_is_taken() {
        let seed = Seed::generate(KeyKind::User).reveal();
        let with = |jwt: &str, seed: &str| {
            let mut data = data();
            data.lattice_rpc_user_jwt = jwt.into();
            data.lattice_rpc_user_seed = seed.into();
            Settings::new(&data).map(|it| it.connect.credentials)
        };
        assert!(matches!(with("", &seed), Ok(Credentials::Nkey(_))));
        assert!(matches!(with("a.b.c", &seed), Ok(Credentials::Jwt { .. })));
        // Never an anonymous connection in place of one with half of its credentials.
        assert!(with("a.b.c", "").is_err());
        let error = with("", "SUSECRET").unwrap_err().to_string();
        assert!(!error.contains("SUSECRET"), "{error}");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        type Change = fn(&mut HostData);
        let broken: [(&str, Change); 5] = [
            ("host_id", |it| it.host_id = "_TEST_".into()),
            ("provider_key", |it| it.provider_key = "V".into()),
            ("link_name", |it| it.link_name = "a.>".into()),
            ("lattice_rpc_prefix", |it| it.lattice_rpc_prefix = "".into()),
            ("invocation_seed", |it| it.invocation_seed = "SC".into()),
        ];
        for (field, change) in broken {
            let mut data = data();
            change(&mut data);
            let error = Settings::new(&data).err().map(|it| it.to_string());
            assert!(error.unwrap().contains(field));
        }
    }
}
