//! Lattice events: publishing, parsing, following (protocol §8).

use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::subject::LatticeName;

/// A CloudEvent 1.0 in structured JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub specversion: String,
    pub id: String,
    /// The host's key, or `n/a` for link events of some hosts.
    pub source: String,
    /// `com.wasmcloud.lattice.{name}`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub datacontenttype: Option<String>,
    /// RFC 3339, UTC.
    #[serde(default)]
    pub time: Option<String>,
    #[serde(default)]
    pub data: serde_json::Value,
}

impl Event {
    /// `actor_started` and the like.
    pub fn name(&self) -> &str {
        self.kind.rsplit('.').next().unwrap_or(&self.kind)
    }
}

/// Publishes `name` with `data` on the common and the per-type subject.
///
/// # Errors
/// When the client is closed.
pub async fn publish(
    client: &async_nats::Client,
    lattice: &LatticeName,
    source: &str,
    name: &str,
    data: serde_json::Value,
) -> Result<(), async_nats::PublishError> {
    let _ = (client, lattice, source, name, data);
    todo!()
}

/// Every event of the lattice once, from the moment this returns. Copies on per-type subjects are not
/// repeated; bodies that are not events are passed over.
///
/// # Errors
/// When the subscription cannot be made.
pub async fn follow(
    client: &async_nats::Client,
    lattice: &LatticeName,
) -> Result<BoxStream<'static, Event>, async_nats::SubscribeError> {
    let _ = (client, lattice);
    todo!()
}
