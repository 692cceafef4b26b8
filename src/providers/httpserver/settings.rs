//! What a link says about its listener (protocol §11).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE64;
use serde::Deserialize;

use super::super::ProviderError;
use crate::lattice::wire::Map;

/// Where the listener is without any link value.
const DEFAULT_ADDRESS: &str = "127.0.0.1:8000";

/// The largest request body without a setting; a body is held in memory and may travel through the lattice.
const DEFAULT_MAX_CONTENT: u64 = 100 << 20;

/// One listener's settings, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// `host:port`.
    pub(super) address: String,
    pub(super) tls: Option<Tls>,
    pub(super) cors: Cors,
    /// How long the actor may take; the host's RPC timeout if none.
    pub(super) timeout: Option<Duration>,
    /// Bytes of a request body.
    pub(super) max_content: u64,
    /// `Cache-Control` of answers that have none.
    pub(super) cache_control: Option<String>,
    /// Only GET and HEAD reach the actor.
    pub(super) read_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Tls {
    pub(super) cert_file: PathBuf,
    pub(super) priv_key_file: PathBuf,
}

/// Cross-origin rules; the defaults are those of the first-party provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Cors {
    /// Empty is any.
    pub(super) allowed_origins: Vec<String>,
    pub(super) allowed_headers: Vec<String>,
    pub(super) allowed_methods: Vec<String>,
    pub(super) exposed_headers: Vec<String>,
    pub(super) max_age_secs: u64,
}

impl Default for Cors {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|&it| it.to_owned()).collect();
        Self {
            allowed_origins: Vec::new(),
            allowed_headers: list(&[
                "accept",
                "accept-language",
                "content-type",
                "content-language",
            ]),
            allowed_methods: list(&["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
            exposed_headers: Vec::new(),
            max_age_secs: 300,
        }
    }
}

/// One layer of settings: a configuration file, or the link values themselves.
#[derive(Debug, Default, Deserialize)]
struct Layer {
    address: Option<String>,
    tls: Option<RawTls>,
    cors: Option<Cors>,
    timeout_ms: Option<u64>,
    max_content_len: Option<Size>,
    cache_control: Option<String>,
    readonly_mode: Option<bool>,
}

/// As files have it: empty strings mean none.
#[derive(Debug, Deserialize)]
struct RawTls {
    cert_file: Option<PathBuf>,
    priv_key_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Size {
    Bytes(u64),
    Text(String),
}

impl Settings {
    /// Reads link values; keys in any case, later sources override earlier ones.
    pub(super) fn from_values(values: &Map) -> Result<Self, ProviderError> {
        let values: BTreeMap<String, &str> = values
            .iter()
            .map(|(key, value)| (key.to_ascii_lowercase(), value.as_str()))
            .collect();
        let mut layers = Vec::new();
        if let Some(path) = values.get("config_file") {
            layers.push(read_file(path)?);
        }
        if let Some(text) = values.get("config_b64") {
            let json = BASE64
                .decode(text.as_bytes())
                .map_err(|_| bad("config_b64", "it is not base64"))?;
            layers.push(read_json("config_b64", &json)?);
        }
        if let Some(text) = values.get("config_json") {
            layers.push(read_json("config_json", text.as_bytes())?);
        }
        layers.push(from_plain_values(&values)?);
        Self::merge(layers)
    }

    fn merge(layers: Vec<Layer>) -> Result<Self, ProviderError> {
        let mut settings = Self {
            address: DEFAULT_ADDRESS.to_owned(),
            tls: None,
            cors: Cors::default(),
            timeout: None,
            max_content: DEFAULT_MAX_CONTENT,
            cache_control: None,
            read_only: false,
        };
        for layer in layers {
            if let Some(address) = layer.address {
                settings.address = address;
            }
            if let Some(tls) = layer.tls {
                settings.tls = tls.decide()?;
            }
            if let Some(cors) = layer.cors {
                settings.cors = cors;
            }
            if let Some(timeout) = layer.timeout_ms {
                settings.timeout = Some(Duration::from_millis(timeout)).filter(|it| !it.is_zero());
            }
            if let Some(size) = layer.max_content_len {
                settings.max_content = size.bytes()?;
            }
            if let Some(value) = layer.cache_control {
                value
                    .parse::<http::HeaderValue>()
                    .map_err(|_| bad("cache_control", "it is not a header value"))?;
                settings.cache_control = Some(value);
            }
            if let Some(read_only) = layer.readonly_mode {
                settings.read_only = read_only;
            }
        }
        let port = settings
            .address
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(_))) {
            return Err(bad("address", "it must be host:port, such as 0.0.0.0:8080"));
        }
        Ok(settings)
    }
}

impl RawTls {
    fn decide(self) -> Result<Option<Tls>, ProviderError> {
        let given = |path: Option<PathBuf>| path.filter(|it| !it.as_os_str().is_empty());
        match (given(self.cert_file), given(self.priv_key_file)) {
            (None, None) => Ok(None),
            (Some(cert_file), Some(priv_key_file)) => Ok(Some(Tls {
                cert_file,
                priv_key_file,
            })),
            _ => Err(bad("tls", "it needs both cert_file and priv_key_file")),
        }
    }
}

impl Size {
    /// A number of bytes, or a number with K, M or G.
    fn bytes(self) -> Result<u64, ProviderError> {
        let text = match self {
            Self::Bytes(bytes) => return Ok(bytes),
            Self::Text(text) => text,
        };
        let text = text.trim().to_ascii_uppercase();
        let text = text.strip_suffix('B').unwrap_or(&text);
        let (number, shift) = match text.char_indices().next_back() {
            Some((at, 'K')) => (&text[..at], 10),
            Some((at, 'M')) => (&text[..at], 20),
            Some((at, 'G')) => (&text[..at], 30),
            _ => (text, 0),
        };
        let number: Option<u64> = number.trim().parse().ok();
        number
            .and_then(|it| it.checked_mul(1 << shift))
            .ok_or_else(|| {
                bad(
                    "max_content_len",
                    "it must be a number of bytes, or one with K, M or G",
                )
            })
    }
}

fn from_plain_values(values: &BTreeMap<String, &str>) -> Result<Layer, ProviderError> {
    let mut layer = Layer {
        address: values.get("address").map(|&it| it.to_owned()),
        ..Layer::default()
    };
    if let Some(port) = values.get("port") {
        let port: u16 = port
            .parse()
            .map_err(|_| bad("port", "it must be a number from 0 to 65535"))?;
        layer.address = Some(format!("127.0.0.1:{port}"));
    }
    if let Some(timeout) = values.get("timeout_ms") {
        layer.timeout_ms = Some(
            timeout
                .parse()
                .map_err(|_| bad("timeout_ms", "it must be a number"))?,
        );
    }
    if let Some(read_only) = values.get("readonly_mode") {
        layer.readonly_mode = Some(
            read_only
                .parse()
                .map_err(|_| bad("readonly_mode", "it must be true or false"))?,
        );
    }
    layer.max_content_len = values
        .get("max_content_len")
        .map(|&it| Size::Text(it.to_owned()));
    layer.cache_control = values.get("cache_control").map(|&it| it.to_owned());
    Ok(layer)
}

fn read_file(path: &str) -> Result<Layer, ProviderError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| bad("config_file", format!("{path}: {error}")))?;
    if path.ends_with(".toml") {
        return toml::from_str(&text)
            .map_err(|error| bad("config_file", format!("{path}: {}", error.message())));
    }
    read_json("config_file", text.as_bytes())
}

fn read_json(key: &str, json: &[u8]) -> Result<Layer, ProviderError> {
    serde_json::from_slice(json).map_err(|error| bad(key, error.to_string()))
}

fn bad(key: &str, reason: impl Into<String>) -> ProviderError {
    ProviderError::BadValue {
        key: key.to_owned(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[(&str, &str)]) -> Result<Settings, ProviderError> {
        Settings::from_values(
            &values
                .iter()
                .map(|(key, value)| ((*key).into(), (*value).into()))
                .collect(),
        )
    }

    #[test]
    fn without_values_the_defaults_hold() {
        let settings = check(&[]).unwrap();
        assert_eq!(settings.address, "127.0.0.1:8000");
        assert_eq!(settings.max_content, 100 * 1024 * 1024);
        assert_eq!(settings.cors.max_age_secs, 300);
        assert!(settings.tls.is_none() && settings.timeout.is_none() && !settings.read_only);
    }

    #[test]
    fn keys_in_any_case_and_later_sources_win() {
        assert_eq!(
            check(&[("ADDRESS", "0.0.0.0:8080")]).unwrap().address,
            "0.0.0.0:8080"
        );
        assert_eq!(
            check(&[("Port", "9000"), ("address", "0.0.0.0:1")])
                .unwrap()
                .address,
            "127.0.0.1:9000"
        );
        let base64 =
            BASE64.encode(br#"{"address":"1.1.1.1:1","timeout_ms":70,"max_content_len":"2K"}"#);
        let settings = check(&[
            ("config_b64", &base64),
            (
                "config_json",
                r#"{"address":"2.2.2.2:2","cors":{"allowed_origins":["http://a"]}}"#,
            ),
        ])
        .unwrap();
        assert_eq!(settings.address, "2.2.2.2:2");
        assert_eq!(settings.timeout, Some(Duration::from_millis(70)));
        assert_eq!(settings.max_content, 2048);
        assert_eq!(settings.cors.allowed_origins, ["http://a"]);
        assert_eq!(settings.cors.allowed_methods.len(), 6);
    }

    #[test]
    fn files_in_toml_and_json() {
        let dir = tempfile::tempdir().unwrap();
        let toml = dir.path().join("a.toml");
        std::fs::write(
            &toml,
            "address = \"[::1]:3000\"\n[tls]\ncert_file = \"c\"\npriv_key_file = \"k\"\n",
        )
        .unwrap();
        let settings = check(&[("config_file", toml.to_str().unwrap())]).unwrap();
        assert_eq!(settings.address, "[::1]:3000");
        assert_eq!(settings.tls.unwrap().cert_file.to_str(), Some("c"));
        let json = dir.path().join("a.json");
        std::fs::write(
            &json,
            r#"{"tls":{"cert_file":"","priv_key_file":""},"readonly_mode":true}"#,
        )
        .unwrap();
        let settings = check(&[("config_file", json.to_str().unwrap())]).unwrap();
        assert!(settings.tls.is_none() && settings.read_only);
    }

    #[test]
    fn bad_values_name_their_key() {
        for (key, value) in [
            ("port", "70000"),
            ("address", "8080"),
            ("address", "host:"),
            ("timeout_ms", "soon"),
            ("config_json", "{"),
            ("config_json", r#"{"tls":{"cert_file":"only"}}"#),
            ("config_b64", "!!"),
            ("config_file", "/does/not/exist.json"),
            ("max_content_len", "much"),
            ("max_content_len", "99999999999999999999G"),
            ("max_content_len", "1Ä"),
            ("readonly_mode", "maybe"),
            ("cache_control", "a\nb"),
        ] {
            let error = check(&[(key, value)]).unwrap_err().to_string();
            assert!(
                error.starts_with(key) || error.starts_with("tls"),
                "{key}: {error}"
            );
        }
    }
}
