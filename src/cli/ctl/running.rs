//! Reading an inventory: what runs, how many, under which reference. Every generation counts differently.

use crate::lattice::wire::{ActorDescription, HostInventory, Map, ProviderDescription};
use crate::providers;

/// An actor as one host runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) reference: Option<String>,
    /// Instances, or the most calls that run at once.
    pub(super) count: u32,
    pub(super) revision: i32,
}

/// The actor with this key, counted over the instances with these annotations.
pub(super) fn actor(inventory: &HostInventory, id: &str, annotations: &Map) -> Option<Running> {
    let found = inventory.actors.iter().find(|it| it.id == id)?;
    running(found, annotations)
}

/// The actor with this key, whatever its annotations.
pub(super) fn any_actor(inventory: &HostInventory, id: &str) -> Option<Running> {
    let found = inventory.actors.iter().find(|it| it.id == id)?;
    let annotations = found.instances.first().map(|it| &it.annotations);
    running(found, annotations.unwrap_or(&Map::new()))
}

/// The actor that was started from `reference`.
pub(super) fn actor_from(
    inventory: &HostInventory,
    reference: &str,
    annotations: &Map,
) -> Option<Running> {
    let mut actors = inventory.actors.iter();
    let found = actors.find(|it| references(it).any(|it| it == reference))?;
    running(found, annotations)
}

fn references(actor: &ActorDescription) -> impl Iterator<Item = &String> {
    let instances = actor
        .instances
        .iter()
        .filter_map(|it| it.image_ref.as_ref());
    actor.image_ref.iter().chain(instances)
}

/// None if no instance has these annotations.
fn running(actor: &ActorDescription, annotations: &Map) -> Option<Running> {
    // Hosts that scale keep one entry an annotation set; older ones have one an instance, and look for those
    // that carry at least what was asked for.
    let ours: Vec<_> = (actor.instances.iter())
        .filter(|it| match it.max_instances {
            Some(_) => it.annotations == *annotations,
            None => annotations
                .iter()
                .all(|(key, value)| it.annotations.get(key) == Some(value)),
        })
        .collect();
    let first = ours.first()?;
    Some(Running {
        id: actor.id.clone(),
        name: actor.name.clone().filter(|it| it != "N/A"),
        reference: references(actor).next().cloned(),
        count: ours
            .iter()
            .map(|it| it.max_instances.unwrap_or(1))
            .fold(0, u32::saturating_add),
        revision: first.revision,
    })
}

/// Whether this actor runs at all, whatever its annotations.
pub(super) fn has_actor(inventory: &HostInventory, id: &str) -> bool {
    inventory.actors.iter().any(|it| it.id == id)
}

/// The reference that this actor runs from, if it runs and not from `reference`.
pub(super) fn other_reference<'a>(
    inventory: &'a HostInventory,
    id: &str,
    reference: &str,
) -> Option<&'a str> {
    let actor = inventory.actors.iter().find(|it| it.id == id)?;
    if references(actor).any(|it| it == reference) {
        return None;
    }
    references(actor).next().map(String::as_str)
}

/// Whether the host counts instances instead of limiting concurrency; it can then stop some of them.
pub(super) fn counts_instances(inventory: &HostInventory, id: &str) -> bool {
    let actor = inventory.actors.iter().find(|it| it.id == id);
    actor.is_some_and(|it| it.instances.iter().all(|it| it.max_instances.is_none()))
}

/// The provider that was started from `reference` under this link name.
pub(super) fn provider_from<'a>(
    inventory: &'a HostInventory,
    reference: &str,
    link_name: &str,
) -> Option<&'a ProviderDescription> {
    let builtin = providers::builtin(reference, true).map(|it| format!("builtin:{}", it.name));
    inventory.providers.iter().find(|it| {
        let same = it.image_ref.as_deref() == Some(reference);
        let same = same || (builtin.is_some() && it.builtin == builtin);
        same && it.link_name == link_name
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inventory(actors: serde_json::Value) -> HostInventory {
        serde_json::from_value(json!({"host_id": "N", "actors": actors})).unwrap()
    }

    #[test]
    fn counts_as_each_generation_lists() {
        let none = Map::new();
        let blue = Map::from([("c".to_owned(), "blue".to_owned())]);
        let old = inventory(json!([{"id": "M", "image_ref": "r", "instances": [
            {"instance_id": "1", "revision": 2}, {"instance_id": "2", "revision": 2, "annotations": {"c": "blue"}}]}]));
        let new = inventory(
            json!([{"id": "M", "image_ref": null, "name": "N/A", "instances": [
            {"image_ref": "r", "max_instances": 9, "revision": 2, "annotations": {}},
            {"image_ref": "r", "max_concurrent": 4, "revision": 2, "annotations": {"c": "blue"}}]}]),
        );
        for (inventory, annotations, count) in [
            (&old, &none, 2),
            (&old, &blue, 1),
            (&new, &none, 9),
            (&new, &blue, 4),
        ] {
            let found = actor_from(inventory, "r", annotations).unwrap();
            assert_eq!((found.count, found.revision), (count, 2));
            assert_eq!(actor(inventory, "M", annotations), Some(found));
        }
        assert!(counts_instances(&old, "M") && !counts_instances(&new, "M"));
        assert_eq!(actor_from(&old, "other", &none), None);
        assert_eq!(actor(&old, "MX", &none), None);
        let red = Map::from([("c".to_owned(), "red".to_owned())]);
        assert_eq!(actor(&new, "M", &red), None);
    }

    #[test]
    fn a_built_in_runs_under_each_of_its_names() {
        let inventory: HostInventory = serde_json::from_value(json!({"host_id": "N", "providers": [
            {"id": "V1", "link_name": "default", "image_ref": "builtin:httpserver", "builtin": "builtin:httpserver"},
            {"id": "V2", "link_name": "other", "image_ref": "reg/x:1"}]}))
        .unwrap();
        let cases = [
            ("builtin:httpserver", "default", true),
            ("wasmcloud.azurecr.io/httpserver:0.15.0", "default", true),
            ("builtin:httpserver", "other", false),
            ("reg/x:1", "other", true),
            ("reg/x:1", "default", false),
            ("builtin:httpclient", "default", false),
        ];
        for (reference, link_name, runs) in cases {
            let found = provider_from(&inventory, reference, link_name);
            assert_eq!(found.is_some(), runs, "{reference} {link_name}");
        }
    }
}
