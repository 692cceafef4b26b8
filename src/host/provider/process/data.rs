//! What a provider's process is told at its start: one line on its stdin (protocol §5.1, §5.2).

use std::fmt;

use data_encoding::BASE64;
use serde::Serialize;
use serde_json::json;

use crate::lattice::wire::{LinkDefinition, Map};

/// The union of what every generation reads; what one does not know it ignores.
#[derive(Clone, Serialize)]
pub(super) struct HostData {
    pub(super) host_id: String,
    pub(super) lattice_rpc_prefix: String,
    pub(super) link_name: String,
    pub(super) lattice_rpc_user_jwt: String,
    pub(super) lattice_rpc_user_seed: String,
    pub(super) lattice_rpc_url: String,
    pub(super) lattice_rpc_tls: u8,
    pub(super) env_values: Map,
    pub(super) instance_id: String,
    pub(super) provider_key: String,
    pub(super) link_definitions: Vec<LinkDefinition>,
    pub(super) config_json: String,
    pub(super) default_rpc_timeout_ms: u64,
    pub(super) cluster_issuers: Vec<String>,
    pub(super) invocation_seed: String,
    /// The name before 0.61.
    pub(super) enable_structured_logging: bool,
    pub(super) structured_logging: bool,
    /// Left out unless it is set, since it wins over `RUST_LOG`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_level: Option<String>,
    pub(super) js_domain: Option<String>,
    /// Providers of 0.82 insist on it.
    pub(super) otel_config: serde_json::Value,
}

impl HostData {
    /// Nothing that depends on the provider.
    pub(super) fn otel(exporter: Option<&str>, endpoint: Option<&str>) -> serde_json::Value {
        let mut config = json!({});
        if let Some(fields) = config.as_object_mut() {
            let given = [
                ("traces_exporter", exporter),
                ("exporter_otlp_endpoint", endpoint),
            ];
            for (name, value) in given {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value.into());
                }
            }
        }
        config
    }

    /// One line: standard base64 with padding.
    pub(super) fn line(&self) -> Vec<u8> {
        // Plain fields: they encode.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let mut line = BASE64.encode(&text).into_bytes();
        line.push(b'\n');
        line
    }
}

/// It holds the cluster's seed.
impl fmt::Debug for HostData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostData")
            .field("provider_key", &self.provider_key)
            .field("link_name", &self.link_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> HostData {
        HostData {
            host_id: "NH".to_owned(),
            lattice_rpc_prefix: "default".to_owned(),
            link_name: "default".to_owned(),
            lattice_rpc_user_jwt: String::new(),
            lattice_rpc_user_seed: "SUSECRET".to_owned(),
            lattice_rpc_url: "nats://127.0.0.1:4222".to_owned(),
            lattice_rpc_tls: 0,
            env_values: Map::new(),
            instance_id: "i".to_owned(),
            provider_key: "VP".to_owned(),
            link_definitions: Vec::new(),
            config_json: String::new(),
            default_rpc_timeout_ms: 2000,
            cluster_issuers: vec!["CC".to_owned()],
            invocation_seed: "SCSECRET".to_owned(),
            enable_structured_logging: false,
            structured_logging: false,
            log_level: None,
            js_domain: None,
            otel_config: HostData::otel(None, Some("http://o")),
        }
    }

    #[test]
    fn every_generation_finds_what_it_insists_on() {
        let line = data().line();
        let (last, text) = line.split_last().unwrap();
        assert_eq!(*last, b'\n');
        assert!(!text.contains(&b'\n'));
        let json: serde_json::Value =
            serde_json::from_slice(&BASE64.decode(text).unwrap()).unwrap();
        for field in [
            "host_id",
            "lattice_rpc_prefix",
            "link_name",
            "lattice_rpc_user_jwt",
            "lattice_rpc_user_seed",
            "lattice_rpc_url",
            "env_values",
            "instance_id",
            "provider_key",
            "link_definitions",
            "cluster_issuers",
            "invocation_seed",
            "structured_logging",
            "otel_config",
        ] {
            assert!(json.get(field).is_some_and(|it| !it.is_null()), "{field}");
        }
        assert_eq!(json["env_values"], json!({}));
        assert_eq!(json["lattice_rpc_tls"], 0);
        assert_eq!(
            json["otel_config"],
            json!({"exporter_otlp_endpoint": "http://o"})
        );
        // It would hide RUST_LOG.
        assert!(json.get("log_level").is_none());
    }

    #[test]
    fn seeds_do_not_debug_print() {
        assert!(!format!("{:?}", data()).contains("SECRET"));
    }
}
