//! Which host is to start something: the one that was named, or one whose labels fit and that bids.

use super::driver::Driver;
use crate::cli::report::{CommandError, Kind};
use crate::lattice::control::{ControlError, Gather};
use crate::lattice::wire::{HostInventory, HostSummary, Map};

/// Hosts on which something may be started, with what they run.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) fitting: Vec<HostInventory>,
}

impl Driver<'_> {
    /// The named host, or every host whose labels meet `constraints`.
    ///
    /// # Errors
    /// [`Kind::NoResponders`] when there is no host, or none fits; says which constraint nobody meets.
    pub(super) async fn places(
        &self,
        host: Option<&str>,
        constraints: &Map,
    ) -> Result<Places, CommandError> {
        if host.is_some() || self.home.is_some() {
            let id = self.host(host).await?;
            let inventory = self.inventory(&id).await?;
            let labels = [(inventory.host_id.as_str(), &inventory.labels)];
            if let Some(problem) = misfit(&labels, constraints) {
                return Err(CommandError::new(Kind::NoResponders, problem));
            }
            return Ok(Places {
                fitting: vec![inventory],
            });
        }
        let hosts = self.some_hosts().await?;
        let labels: Vec<_> = hosts
            .iter()
            .map(|it| (it.id.as_str(), &it.labels))
            .collect();
        if let Some(problem) = misfit(&labels, constraints) {
            return Err(CommandError::new(Kind::NoResponders, problem)
                .hint("`wash get hosts` shows every host's labels"));
        }
        let fitting = hosts
            .iter()
            .filter(|it| fits(&it.labels, constraints))
            .map(|it| it.id.clone())
            .collect();
        let mut fitting = self.ask_inventories(fitting).await;
        for inventory in &mut fitting {
            // Old hosts tell their version only in the answer to a ping.
            if let Some(host) = hosts.iter().find(|it| it.id == inventory.host_id) {
                inventory.version.clone_from(&host.version);
                inventory.friendly_name.clone_from(&host.friendly_name);
            }
        }
        if fitting.is_empty() {
            let message = "the hosts that fit do not tell what they run";
            return Err(CommandError::new(Kind::NoResponders, message)
                .hint("try again, or name a host with --host"));
        }
        Ok(Places { fitting })
    }

    /// Of several fitting hosts one that bids, the one with the least to do.
    ///
    /// # Errors
    /// [`Kind::NoResponders`] when none bids.
    pub(super) async fn elect<'a>(
        &self,
        places: &'a Places,
        what: &str,
        bids: impl Future<Output = Result<Vec<String>, ControlError>>,
    ) -> Result<&'a HostInventory, CommandError> {
        if let [only] = places.fitting.as_slice() {
            return Ok(only);
        }
        let bids = bids.await.map_err(|it| self.explain(it))?;
        let bidders = places
            .fitting
            .iter()
            .filter(|it| bids.contains(&it.host_id));
        bidders
            .min_by_key(|it| it.actors.len() + it.providers.len())
            .ok_or_else(|| {
                CommandError::new(
                    Kind::NoResponders,
                    format!("none of {} hosts takes {what}", places.fitting.len()),
                )
                .hint("name a host with --host to see its reason")
            })
    }

    /// How long an auction is open: until every fitting host has bid.
    pub(super) fn auction(&self, places: &Places) -> Gather {
        Gather {
            expect: Some(places.fitting.len()),
            ..self.control().patience(self.timeout)
        }
    }

    /// What the control interface wants to know about a host before it starts an actor there.
    pub(super) async fn summary(
        &self,
        inventory: &HostInventory,
    ) -> Result<HostSummary, CommandError> {
        if inventory.version.is_empty() {
            let hosts = self.hosts().await?;
            if let Some(host) = hosts.iter().find(|it| it.id == inventory.host_id) {
                return Ok(host.clone());
            }
        }
        Ok(HostSummary {
            id: inventory.host_id.clone(),
            labels: inventory.labels.clone(),
            friendly_name: inventory.friendly_name.clone(),
            version: inventory.version.clone(),
            ..HostSummary::default()
        })
    }
}

fn fits(labels: &Map, constraints: &Map) -> bool {
    constraints
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}

/// Why no host fits, if none does: the constraints that nobody meets, or that nobody meets all of them.
fn misfit(hosts: &[(&str, &Map)], constraints: &Map) -> Option<String> {
    if hosts.iter().any(|(_, labels)| fits(labels, constraints)) {
        return None;
    }
    let unmet: Vec<_> = constraints
        .iter()
        .filter(|(key, value)| !hosts.iter().any(|(_, it)| it.get(*key) == Some(*value)))
        .map(|(key, value)| {
            let mut others: Vec<_> = (hosts.iter())
                .filter_map(|(_, it)| it.get(key).map(String::as_str))
                .collect();
            others.sort_unstable();
            others.dedup();
            match others.as_slice() {
                [] => format!("{key}={value} (no host has this label)"),
                some => format!("{key}={value} (there is {})", some.join(", ")),
            }
        })
        .collect();
    Some(match (hosts, unmet.as_slice()) {
        ([(id, _)], unmet) if !unmet.is_empty() => {
            format!("host {id} does not meet {}", unmet.join(", "))
        }
        (_, []) => {
            let pairs = constraints.iter();
            let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
            format!(
                "no host meets {} together, though each of them is met by one of {} hosts",
                pairs.join(" and "),
                hosts.len()
            )
        }
        (_, unmet) => format!("no host meets {}", unmet.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Map {
        let own = |it: &(&str, &str)| (it.0.to_owned(), it.1.to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn says_which_constraint_nobody_meets() {
        let one = labels(&[("os", "linux"), ("zone", "a")]);
        let two = labels(&[("os", "macos"), ("zone", "b")]);
        let hosts = [("N1", &one), ("N2", &two)];
        let cases = [
            (&[][..], None),
            (&[("os", "linux")], None),
            (&[("os", "linux"), ("zone", "a")], None),
            (
                &[("os", "linux"), ("zone", "b")],
                Some(
                    "no host meets os=linux and zone=b together, though each of them is met by one of 2 hosts",
                ),
            ),
            (
                &[("os", "linux"), ("zone", "c")],
                Some("no host meets zone=c (there is a, b)"),
            ),
            (
                &[("gpu", "yes"), ("os", "linux"), ("zone", "c")],
                Some("no host meets gpu=yes (no host has this label), zone=c (there is a, b)"),
            ),
            (
                &[("gpu", "yes")],
                Some("no host meets gpu=yes (no host has this label)"),
            ),
        ];
        for (constraints, expected) in cases {
            let found = misfit(&hosts, &labels(constraints));
            assert_eq!(found.as_deref(), expected, "{constraints:?}");
        }
        let found = misfit(&hosts[..1], &labels(&[("zone", "c")]));
        assert_eq!(
            found.as_deref(),
            Some("host N1 does not meet zone=c (there is a)")
        );
    }
}
