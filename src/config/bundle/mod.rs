//! A bundle: one file with everything that a second machine needs to join a lattice.

mod seal;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::host::Key;
use super::layer::{Layer, Source};
use super::secret::{Secret, read_small};

pub use seal::Passphrase;

/// What a bundle says. Holds secrets, so it does not debug-print.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bundle {
    pub lattice: String,
    pub ctl_topic_prefix: Option<String>,
    /// JetStream domain of the second machine's own server.
    pub domain: Option<String>,
    /// JetStream domain of the lattice's state.
    pub js_domain: Option<String>,
    pub cluster_seed: String,
    pub cluster_issuers: Vec<String>,
    pub labels: BTreeMap<String, String>,
    pub leaf: Leaf,
}

/// The way to the hubs, files by their content.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leaf {
    /// For each hub its addresses.
    pub remotes: Vec<Vec<String>>,
    pub creds: Option<String>,
    pub nkey: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
    pub token: Option<String>,
    pub ca: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
    pub tls_first: bool,
    pub account: Option<String>,
}

impl std::fmt::Debug for Leaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Leaf(…)")
    }
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bundle(lattice {})", self.lattice)
    }
}

/// Why a bundle cannot be used. Never quotes its content.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("cannot read the bundle {path}: {reason}")]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{path} is not a bundle, or only a part of one")]
    NotBundle { path: PathBuf },
    #[error(
        "the bundle {path} is of version {version}, and this wash knows versions up to {VERSION}"
    )]
    Newer { path: PathBuf, version: u64 },
    #[error("the bundle {path} is encrypted")]
    Encrypted { path: PathBuf },
    #[error("the passphrase does not open {path}, or the bundle was damaged")]
    WrongPassphrase { path: PathBuf },
    #[error("others may read {path}, which holds secrets")]
    Exposed { path: PathBuf },
    #[error("cannot encrypt the bundle: {0}")]
    Seal(&'static str),
}

/// Of the file's form.
const VERSION: u64 = 1;

/// Bytes; far more than credentials and certificates are.
const MAX_FILE: u64 = 1 << 20;

const MARK: &str = "wash_bundle";

impl Bundle {
    /// The text of the file.
    ///
    /// # Errors
    /// [`BundleError::Seal`].
    pub fn text(&self, passphrase: Option<&Passphrase>) -> Result<String, BundleError> {
        let content = serde_json::to_value(self).unwrap_or_default();
        let mut fields = match (passphrase, content) {
            (None, Value::Object(fields)) => fields,
            (Some(passphrase), content) => seal::seal(&content.to_string(), passphrase)?,
            _ => Map::new(),
        };
        fields.insert(MARK.to_owned(), VERSION.into());
        Ok(format!("{:#}\n", Value::Object(fields)))
    }

    /// Reads a bundle. `ask` is asked for the passphrase of an encrypted one.
    ///
    /// # Errors
    /// Every variant of [`BundleError`] but [`BundleError::Seal`].
    pub fn read(
        path: &Path,
        ask: impl FnOnce() -> Option<Passphrase>,
    ) -> Result<Self, BundleError> {
        let not_bundle = || BundleError::NotBundle {
            path: path.to_owned(),
        };
        let text = match read_small(path, MAX_FILE) {
            Ok(it) => it,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(not_bundle()),
            Err(reason) => {
                return Err(BundleError::Unreadable {
                    path: path.to_owned(),
                    reason,
                });
            }
        };
        let fields: Map<String, Value> = serde_json::from_str(&text).map_err(|_| not_bundle())?;
        let version = fields.get(MARK).and_then(Value::as_u64);
        match version.ok_or_else(not_bundle)? {
            VERSION => {}
            0 => return Err(not_bundle()),
            version => {
                return Err(BundleError::Newer {
                    path: path.to_owned(),
                    version,
                });
            }
        }
        let content = if seal::is_sealed(&fields) {
            let passphrase = ask().ok_or_else(|| BundleError::Encrypted {
                path: path.to_owned(),
            })?;
            let opened = seal::open(&fields, &passphrase).ok_or_else(not_bundle)?;
            let text = opened.ok_or_else(|| BundleError::WrongPassphrase {
                path: path.to_owned(),
            })?;
            serde_json::from_str(&text).map_err(|_| not_bundle())?
        } else {
            let mut exposed = Vec::new();
            super::secret::note_exposed(path, &mut exposed);
            if let Some(path) = exposed.pop() {
                return Err(BundleError::Exposed { path });
            }
            Value::Object(fields)
        };
        let bundle: Self = serde_json::from_value(content).map_err(|_| not_bundle())?;
        if bundle.lattice.is_empty() || bundle.cluster_seed.is_empty() {
            return Err(not_bundle());
        }
        Ok(bundle)
    }

    /// Its settings, as a layer. Credentials and certificates are written into `dir`, for this user only.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn layer(&self, path: &Path, dir: &Path) -> io::Result<Layer<Key>> {
        let mut layer = Layer::default();
        let mut set = |key: Key, value: Option<String>| {
            let field = key.definition().flag;
            let path = path.to_owned();
            layer.set(
                key,
                value.unwrap_or_default(),
                Source::Bundle { field, path },
            );
        };
        let file = |name: &str, content: &Option<String>| -> io::Result<Option<String>> {
            let Some(content) = content else {
                return Ok(None);
            };
            let path = dir.join(name);
            write_private(&path, content)?;
            Ok(Some(path.to_string_lossy().into_owned()))
        };
        let leaf = &self.leaf;
        let hubs: Vec<String> = leaf.remotes.iter().map(|it| it.join(",")).collect();
        set(Key::Lattice, Some(self.lattice.clone()));
        set(Key::CtlTopicPrefix, self.ctl_topic_prefix.clone());
        set(Key::NatsJsDomain, self.domain.clone());
        set(Key::JsDomain, self.js_domain.clone());
        set(Key::ClusterSeed, Some(self.cluster_seed.clone()));
        set(Key::ClusterIssuers, Some(self.cluster_issuers.join(",")));
        set(Key::LeafRemotes, Some(hubs.join(" ")));
        set(Key::LeafCreds, file("hub.creds", &leaf.creds)?);
        set(Key::LeafNkey, leaf.nkey.clone());
        set(Key::LeafUser, leaf.user.clone());
        set(Key::LeafPassword, leaf.password.clone());
        set(Key::LeafToken, leaf.token.clone());
        set(Key::LeafTlsCa, file("hub-ca.pem", &leaf.ca)?);
        set(Key::LeafTlsCert, file("hub-cert.pem", &leaf.certificate)?);
        set(Key::LeafTlsKey, file("hub-key.pem", &leaf.key)?);
        set(Key::LeafTlsFirst, leaf.tls_first.then(|| "true".to_owned()));
        set(Key::LeafAccount, leaf.account.clone());
        Ok(layer)
    }

    /// What may be shown.
    pub fn shown(&self) -> Value {
        let leaf = &self.leaf;
        let without = |it: &String| super::connection::without_secrets(it);
        let remotes: Vec<Vec<String>> = leaf
            .remotes
            .iter()
            .map(|it| it.iter().map(without).collect())
            .collect();
        json!({
            "lattice": self.lattice,
            "domain": self.domain,
            "js_domain": self.js_domain,
            "cluster_issuers": self.cluster_issuers,
            "labels": self.labels,
            "remotes": remotes,
            "account": leaf.account,
        })
    }
}

impl Passphrase {
    /// Text, without the newline that a file or terminal adds.
    pub fn new(text: &str) -> Self {
        Self(Secret::new(text.trim_end_matches(['\r', '\n'])))
    }
}

/// Writes a file for the eyes of this user only, all or nothing.
///
/// # Errors
/// When the file or its folder cannot be written.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    super::running::create_private_dir(dir)?;
    // Temporary files are 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests;
