//! Now and then one host of a lattice removes the artifacts that nothing refers to.
//!
//! Every host looks whether it is time; the store's lease lets one of them do it. It asks every host what it runs,
//! and collects nothing if one that is there does not say.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use rand::RngExt as _;
use tokio::time::sleep;

use crate::claims::HostId;
use crate::lattice::artifact::{ArtifactError, Artifacts, Collected, GRACE, Uses};
use crate::lattice::control::{Control, ControlError};
use crate::lattice::state::State;

/// The time between two collections of a lattice.
const PERIOD: Duration = Duration::from_secs(15 * 60);

/// Hosts that are asked at a time.
const ASK_AT_ONCE: usize = 32;

/// For the answers to a ping: hosts may be far away, and none is to be missed.
const PING_LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Collector {
    pub(super) host: HostId,
    pub(super) store: Artifacts,
    pub(super) control: Control,
    pub(super) state: State,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum CollectError {
    #[error(transparent)]
    Store(#[from] ArtifactError),
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl Collector {
    /// Never ends by itself.
    pub(super) async fn run(self) {
        loop {
            // Apart from the other hosts, and never right after a start.
            let seconds = PERIOD.as_secs();
            let pause = rand::rng().random_range(seconds / 2..seconds * 3 / 2);
            sleep(Duration::from_secs(pause)).await;
            match self.collect(PERIOD, GRACE).await {
                Ok(Some(it)) if it != Collected::default() => tracing::info!(
                    "removed {} artifacts ({} bytes) and {} unfinished uploads from the lattice",
                    it.artifacts,
                    it.bytes,
                    it.fragments
                ),
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "cannot collect artifacts"),
            }
        }
    }

    /// None if it is not for this host to do, or not time.
    pub(super) async fn collect(
        &self,
        period: Duration,
        grace: Duration,
    ) -> Result<Option<Collected>, CollectError> {
        let Some(now) = self.store.lease(self.host.as_str(), period).await? else {
            return Ok(None);
        };
        let mut uses = Uses::default();
        let gather = self.control.patience(PING_LIMIT);
        let hosts = self.control.hosts(gather).await?;
        let mut inventories = stream::iter(hosts)
            .map(|it| async move { self.control.inventory(&it.id).await })
            .buffer_unordered(ASK_AT_ONCE);
        while let Some(inventory) = inventories.next().await {
            inventory?.references().for_each(|it| uses.runs(it));
        }
        self.state.look(|it| {
            for (reference, key) in &it.references {
                uses.is_known(reference, key);
            }
        });
        Ok(Some(self.store.collect(&uses, now, grace).await?))
    }
}
