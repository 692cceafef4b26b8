//! Built-in capabilities; each stands alone.
//!
//! A provider never calls the host: it is told of links, answers calls, and invokes actors through the
//! [`Rpc`] it was given. It does not know the host, actors' code, the other providers or clap.

mod headers;
mod httpclient;
mod httpserver;
#[cfg(test)]
mod testing;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::lattice::rpc::{Incoming, Rpc};
use crate::lattice::wire::{Entity, Health, LinkDefinition};

/// A running capability. Methods are called concurrently.
pub trait Provider: Send + Sync + 'static {
    /// Takes a link, or new values for a link it has. Returns when the link is in effect (a listener is bound).
    fn put_link(&self, link: LinkDefinition) -> BoxFuture<'_, Result<(), ProviderError>>;

    /// Forgets a link; one that is not there is no error.
    fn delete_link(&self, link: LinkDefinition) -> BoxFuture<'_, ()>;

    /// Answers a call of a linked actor; the caller has been authorized.
    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>>;

    /// Unhealthy while any link is not in effect, with the reason.
    fn health(&self) -> Health;

    /// Takes no new work, and waits at most `grace` for what runs.
    fn shutdown(&self, grace: Duration) -> BoxFuture<'_, ()>;
}

#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// A link value or the start configuration cannot be used.
    #[error("{key}: {reason}")]
    BadValue { key: String, reason: String },
    #[error("cannot listen on {address}: {reason}")]
    Bind { address: String, reason: String },
    #[error("{0}")]
    Other(String),
}

/// What a provider is given at its start.
#[derive(Clone, Debug)]
pub struct Context {
    pub rpc: Rpc,
    /// The provider itself, as origin of its calls.
    pub entity: Entity,
    /// The `configuration` of the start command (protocol §6.4).
    pub configuration: Option<String>,
    /// How long an actor may take to answer.
    pub rpc_timeout: Duration,
}

/// A capability that every host has. It answers to `builtin:NAME` and carries the key and contract of the
/// first-party provider it stands for, so that existing link commands work unchanged (decisions §4).
#[derive(Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub title: &'static str,
    pub key: &'static str,
    pub contract: &'static str,
    /// Image references without tag that mean this built-in.
    pub aliases: &'static [&'static str],
    pub start: fn(Context) -> Result<Arc<dyn Provider>, ProviderError>,
}

/// Every built-in capability.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "httpserver",
        title: "HTTP Server",
        key: "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M",
        contract: "wasmcloud:httpserver",
        aliases: &["wasmcloud.azurecr.io/httpserver"],
        start: httpserver::start,
    },
    Builtin {
        name: "httpclient",
        title: "HTTP Client",
        key: "VCCVLH4XWGI3SGARFNYKYT2A32SUYA2KVAIV2U2Q34DQA7WWJPFRKIKM",
        contract: "wasmcloud:httpclient",
        aliases: &["wasmcloud.azurecr.io/httpclient"],
        start: httpclient::start,
    },
];

/// The built-in that `reference` names: `builtin:NAME`, or, unless `aliases` is false, a first-party image of
/// any version.
pub fn builtin(reference: &str, aliases: bool) -> Option<&'static Builtin> {
    if let Some(name) = reference.strip_prefix("builtin:") {
        return BUILTINS.iter().find(|it| it.name == name);
    }
    let image = reference
        .rsplit_once(':')
        .map_or(reference, |(image, _tag)| image);
    BUILTINS
        .iter()
        .find(|it| aliases && it.aliases.contains(&image))
}
