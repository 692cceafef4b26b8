//! What server and client say of themselves: INFO and CONNECT.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Config;
use super::auth::Shown;

/// The version of nats-server whose protocol this speaks. Clients decide by it what they may ask for.
pub const VERSION: &str = concat!("2.10.29-wash.", env!("CARGO_PKG_VERSION"));

/// Whether a server that tells this version is one of ours.
pub fn is_version(version: &str) -> bool {
    version.contains("-wash.")
}

/// What the server says to each client.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Info {
    pub(super) server_id: String,
    pub(super) server_name: String,
    pub(super) version: &'static str,
    pub(super) proto: u8,
    pub(super) go: &'static str,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) headers: bool,
    pub(super) max_payload: usize,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) jetstream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) domain: Option<String>,
    /// There is no cluster, and there will be none.
    pub(super) single_node: bool,
    pub(super) client_id: u64,
    pub(super) client_ip: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) auth_required: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) tls_required: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) tls_verify: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) nonce: String,
    /// The server is about to end.
    #[serde(skip_serializing_if = "is_false")]
    pub(super) ldm: bool,
}

/// What a client says first.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Connect {
    #[serde(default = "yes")]
    pub(super) verbose: bool,
    #[serde(default = "yes")]
    pub(super) pedantic: bool,
    #[serde(default = "yes")]
    pub(super) echo: bool,
    #[serde(default)]
    pub(super) headers: bool,
    #[serde(default)]
    pub(super) no_responders: bool,
    #[serde(default)]
    pub(super) protocol: i64,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) lang: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    account: String,
    #[serde(flatten)]
    pub(super) shown: Shown,
}

impl Info {
    /// What is the same for each client of a server that listens on this address.
    pub(super) fn new(config: &Config, address: SocketAddr) -> Self {
        Self {
            server_id: format!("N{}", nuid::next()),
            server_name: config.server_name.clone(),
            version: VERSION,
            proto: 1,
            go: "",
            host: address.ip().to_string(),
            port: address.port(),
            headers: true,
            max_payload: config.max_payload,
            jetstream: config.jetstream.is_some(),
            domain: config.jetstream.as_ref().and_then(|it| it.domain.clone()),
            single_node: true,
            client_id: 0,
            client_ip: String::new(),
            auth_required: config.auth.required(),
            tls_required: config.tls.is_some(),
            tls_verify: config.tls.as_ref().is_some_and(|it| it.client_ca.is_some()),
            nonce: String::new(),
            ldm: false,
        }
    }

    /// The line to send.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = b"INFO ".to_vec();
        // A struct of texts, numbers and flags always becomes JSON.
        let _ = serde_json::to_writer(&mut line, self);
        line.extend_from_slice(b" \r\n");
        line
    }
}

impl Connect {
    /// Reads a client's options; some clients write `null` for what they leave out.
    pub(super) fn read(json: &[u8]) -> serde_json::Result<Self> {
        let mut fields: serde_json::Map<String, Value> = serde_json::from_slice(json)?;
        fields.retain(|_, it| !it.is_null());
        serde_json::from_value(Value::Object(fields))
    }

    /// It asks for an account, and there is but the one.
    pub(super) fn elsewhere(&self) -> bool {
        !matches!(&*self.account, "" | "$G")
    }
}

fn yes() -> bool {
    true
}

fn is_false(it: &bool) -> bool {
    !it
}
