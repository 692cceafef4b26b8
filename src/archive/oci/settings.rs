//! What a client of registries is told.

use std::path::PathBuf;
use std::time::Duration;

use super::credential::Credential;
use super::docker::DockerConfig;

/// How registries are used; the default is strict and keeps nothing.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Directory of what was fetched; none keeps it only while the client lives.
    pub cache: Option<PathBuf>,
    /// The tag `latest`, said or implied, may be used.
    pub allow_latest: bool,
    /// `host[:port]` of registries that are reached without TLS.
    pub insecure: Vec<String>,
    /// For references that name no registry.
    pub default_registry: Option<String>,
    /// A login, for one registry or for all.
    pub credential: Option<(Option<String>, Credential)>,
    /// Where logins are kept; the first that has one counts.
    pub logins: Vec<DockerConfig>,
    /// PEM files with certificates to trust besides the platform's.
    pub ca_files: Vec<PathBuf>,
    pub limits: Limits,
}

/// Bounds of one fetch or push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a registry has accepted a connection.
    pub connect: Duration,
    /// Without a single byte.
    pub idle: Duration,
    /// For all of it.
    pub overall: Duration,
    /// Bytes of all layers together.
    pub size: u64,
    /// How often a request is sent again that failed for a passing reason.
    pub retries: u32,
    /// Before the first of those; it doubles each time.
    pub pause: Duration,
    /// The longest that a registry may ask us to wait.
    pub patience: Duration,
    /// Bytes that the cache keeps at most.
    pub cache: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            // Below what a host waits for an artifact.
            overall: Duration::from_secs(280),
            size: crate::archive::MAX_ARTIFACT,
            retries: 4,
            pause: Duration::from_millis(250),
            patience: Duration::from_secs(60),
            cache: 4 << 30,
        }
    }
}
