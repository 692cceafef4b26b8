//! What server and client say of themselves: INFO and CONNECT.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Connect {
    pub(super) verbose: bool,
    pub(super) pedantic: bool,
    pub(super) echo: bool,
    pub(super) headers: bool,
    pub(super) no_responders: bool,
    pub(super) protocol: i64,
    pub(super) name: String,
    pub(super) lang: String,
    pub(super) version: String,
    account: String,
    auth_token: Option<Secret>,
    user: Option<Secret>,
    pass: Option<Secret>,
    nkey: Option<Secret>,
    sig: Option<Secret>,
    jwt: Option<Secret>,
}

/// A text that is not shown.
#[derive(Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl Info {
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

    /// What it shows to be let in.
    pub(super) fn shown(&self) -> Shown<'_> {
        fn text(it: Option<&Secret>) -> Option<&str> {
            it.map(|it| it.0.as_str()).filter(|it| !it.is_empty())
        }
        Shown {
            token: text(self.auth_token.as_ref()),
            user: text(self.user.as_ref()),
            password: text(self.pass.as_ref()),
            nkey: text(self.nkey.as_ref()),
            signature: text(self.sig.as_ref()),
            jwt: text(self.jwt.as_ref()).is_some(),
        }
    }

    /// It asks for an account, and there is but the one.
    pub(super) fn elsewhere(&self) -> bool {
        !matches!(&*self.account, "" | "$G")
    }
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            verbose: true,
            pedantic: true,
            echo: true,
            headers: false,
            no_responders: false,
            protocol: 0,
            name: String::new(),
            lang: String::new(),
            version: String::new(),
            account: String::new(),
            auth_token: None,
            user: None,
            pass: None,
            nkey: None,
            sig: None,
            jwt: None,
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

fn is_false(it: &bool) -> bool {
    !it
}
