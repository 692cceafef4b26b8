//! What a host tells a provider process on its stdin, one line of base64 around JSON (protocol §5.1, §5.2).

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::{LinkDefinition, Map, null_default};

/// Read leniently (what a generation leaves out or writes as null is empty), written with all that any
/// generation needs. Secrets do not debug-print.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HostData {
    pub host_id: String,
    pub lattice_rpc_prefix: String,
    pub link_name: String,
    /// Empty for none, as the seed.
    #[serde(deserialize_with = "null_default")]
    pub lattice_rpc_user_jwt: String,
    #[serde(deserialize_with = "null_default")]
    pub lattice_rpc_user_seed: String,
    /// `host:port`, a URL, or empty for the default address.
    #[serde(deserialize_with = "null_default")]
    pub lattice_rpc_url: String,
    /// 1 where the host's own connection insists on TLS.
    #[serde(deserialize_with = "null_default")]
    pub lattice_rpc_tls: u8,
    #[serde(deserialize_with = "null_default")]
    pub env_values: Map,
    #[serde(deserialize_with = "null_default")]
    pub instance_id: String,
    pub provider_key: String,
    #[serde(deserialize_with = "null_default")]
    pub link_definitions: Vec<LinkDefinition>,
    /// The `configuration` of the start command; empty for none.
    #[serde(deserialize_with = "null_default")]
    pub config_json: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_rpc_timeout_ms: Option<u64>,
    #[serde(deserialize_with = "null_default")]
    pub cluster_issuers: Vec<String>,
    /// The cluster seed, by which a provider signs its calls to actors.
    #[serde(deserialize_with = "null_default")]
    pub invocation_seed: String,
    /// The older of two names; either asks for JSON.
    #[serde(deserialize_with = "null_default")]
    pub enable_structured_logging: bool,
    #[serde(deserialize_with = "null_default")]
    pub structured_logging: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub js_domain: Option<String>,
    /// An object; the newest SDK insists on it.
    #[serde(deserialize_with = "null_default")]
    pub otel_config: serde_json::Map<String, Value>,
}

/// Never quotes what was read, which holds seeds.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadHostData {
    #[error("it is not base64")]
    Base64,
    #[error("it is not the JSON of a host, at line {line} column {column}")]
    Json { line: usize, column: usize },
}

impl HostData {
    /// Reads a line; white space around it does not matter.
    ///
    /// # Errors
    /// Every variant of [`BadHostData`].
    pub fn read(line: &[u8]) -> Result<Self, BadHostData> {
        let json = BASE64
            .decode(line.trim_ascii())
            .map_err(|_| BadHostData::Base64)?;
        serde_json::from_slice(&json).map_err(|error| BadHostData::Json {
            line: error.line(),
            column: error.column(),
        })
    }

    /// The line, with the `\n` that every generation of providers waits for.
    pub fn to_line(&self) -> String {
        let json = serde_json::to_vec(self).expect("plain fields can be written as JSON");
        BASE64.encode(&json) + "\n"
    }
}

impl fmt::Debug for HostData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostData")
            .field("host_id", &self.host_id)
            .field("lattice", &self.lattice_rpc_prefix)
            .field("provider", &self.provider_key)
            .field("link_name", &self.link_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> HostData {
        HostData::read(format!(" {}\r\n", BASE64.encode(value.to_string().as_bytes())).as_bytes())
            .unwrap()
    }

    #[test]
    fn every_generation_is_read() {
        let elixir = read(&json!({
            "host_id": "NHOST", "lattice_rpc_prefix": "default", "link_name": "default",
            "lattice_rpc_user_jwt": "", "lattice_rpc_user_seed": "", "lattice_rpc_url": "127.0.0.1:4222",
            "lattice_rpc_tls": 0, "env_values": {}, "instance_id": "x", "provider_key": "VKEY",
            "link_definitions": [{"actor_id": "MA", "provider_id": "VKEY", "link_name": "default",
                "contract_id": "c", "values": {"A": "1"}, "id": "1", "deleted": false}],
            "config_json": "{}", "default_rpc_timeout_ms": 2000, "cluster_issuers": ["C"],
            "invocation_seed": "SC", "enable_structured_logging": true, "js_domain": null, "log_level": null,
        }));
        assert_eq!(elixir.link_definitions[0].values["A"], "1");
        assert!(elixir.enable_structured_logging);
        assert_eq!((elixir.js_domain, elixir.log_level), (None, None));
        let rust = read(&json!({
            "host_id": "NHOST", "lattice_rpc_prefix": "default", "link_name": "default",
            "lattice_rpc_user_jwt": null, "lattice_rpc_user_seed": null,
            "lattice_rpc_url": "nats://127.0.0.1:4222", "env_values": {}, "instance_id": "x",
            "provider_key": "VKEY", "link_definitions": [], "config_json": null,
            "default_rpc_timeout_ms": null, "cluster_issuers": [], "invocation_seed": "SC",
            "structured_logging": false, "otel_config": {"traces_exporter": null},
        }));
        assert_eq!(rust.config_json, "");
        assert_eq!(rust.default_rpc_timeout_ms, None);
    }

    #[test]
    fn what_is_written_has_what_every_reader_needs() {
        let data = HostData {
            host_id: "NHOST".into(),
            invocation_seed: "SECRET".into(),
            ..HostData::default()
        };
        let line = data.to_line();
        assert!(line.ends_with('\n') && !line.trim_end().contains('\n'));
        let json: Value =
            serde_json::from_slice(&BASE64.decode(line.trim().as_bytes()).unwrap()).unwrap();
        for needed in [
            "env_values",
            "link_definitions",
            "cluster_issuers",
            "otel_config",
        ] {
            assert!(json.get(needed).is_some_and(|it| !it.is_null()), "{needed}");
        }
        assert!(json.get("log_level").is_none());
        assert_eq!(HostData::read(line.as_bytes()).unwrap().host_id, "NHOST");
        assert!(!format!("{data:?}").contains("SECRET"));
    }

    #[test]
    fn bad_lines_are_refused_and_never_quoted() {
        assert_eq!(HostData::read(b"%%").unwrap_err(), BadHostData::Base64);
        for bad in [
            "",
            "[]x",
            "{\"host_id\": 7}",
            "{\"invocation_seed\": [\"SECRET\"]}",
        ] {
            let error = HostData::read(BASE64.encode(bad.as_bytes()).as_bytes()).unwrap_err();
            assert!(matches!(error, BadHostData::Json { .. }), "{bad}");
            assert!(!error.to_string().contains("SECRET"));
        }
    }
}
