//! What a host says of itself: the answer to a ping, its inventory, its heartbeat (protocol §6.2, §8).

use std::time::Duration;

use super::inventory::Inventory;
use crate::claims::HostId;
use crate::lattice::LatticeName;
use crate::lattice::wire::{ArtifactSource, HostInventory, HostSummary, ProviderLimits};

/// The version that peers read. They choose shapes by it, so it is that of the newest host whose shapes we
/// speak, not ours.
pub(super) const COMPATIBLE_VERSION: &str = "0.82.0";

/// What does not change while a host runs.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) id: HostId,
    pub(super) name: String,
    pub(super) lattice: LatticeName,
    /// The public cluster key that signs our invocations.
    pub(super) issuer: String,
    /// Whose invocations we accept; holds our own.
    pub(super) issuers: Vec<String>,
    pub(super) js_domain: Option<String>,
    pub(super) ctl_url: String,
    pub(super) rpc_url: String,
    /// For providers that are not built in.
    pub(super) provider_url: String,
    pub(super) provider_limits: Option<ProviderLimits>,
}

impl About {
    pub(super) fn summary(&self, inventory: &Inventory, uptime: Duration) -> HostSummary {
        HostSummary {
            id: self.id.to_string(),
            issuer: self.issuer.clone(),
            labels: inventory.labels().all().clone(),
            friendly_name: self.name.clone(),
            uptime_seconds: uptime.as_secs(),
            uptime_human: human(uptime),
            version: COMPATIBLE_VERSION.to_owned(),
            cluster_issuers: self.issuers.join(","),
            js_domain: self.js_domain.clone(),
            ctl_host: self.ctl_url.clone(),
            rpc_host: self.rpc_url.clone(),
            prov_rpc_host: self.provider_url.clone(),
            lattice_prefix: self.lattice.to_string(),
            lattice: self.lattice.to_string(),
            cut_off: None,
        }
    }

    /// Also the data of a heartbeat.
    pub(super) fn inventory(&self, inventory: &Inventory, uptime: Duration) -> HostInventory {
        HostInventory {
            host_id: self.id.to_string(),
            labels: inventory.labels().all().clone(),
            friendly_name: self.name.clone(),
            issuer: self.issuer.clone(),
            version: COMPATIBLE_VERSION.to_owned(),
            uptime_seconds: uptime.as_secs(),
            uptime_human: human(uptime),
            actors: inventory.actors(),
            providers: inventory.providers(),
            cut_off: None,
            artifacts: Some(ArtifactSource {
                domain: self.js_domain.clone(),
            }),
            provider_limits: self.provider_limits.clone(),
        }
    }
}

/// `17m 4s`; at most the two largest units that are not zero.
fn human(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let parts: Vec<_> = units
        .into_iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if parts.is_empty() {
        "0s".to_owned()
    } else {
        parts.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_reads_well() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (17 * 60 + 4, "17m 4s"),
            (3600, "1h 0m"),
            (90_061, "1d 1h"),
        ] {
            assert_eq!(human(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn the_version_is_semver() {
        let numbers: Vec<u64> = COMPATIBLE_VERSION
            .split('.')
            .map(|it| it.parse().unwrap())
            .collect();
        assert_eq!(numbers.len(), 3);
    }
}
