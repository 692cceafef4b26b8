//! An inventory for people: a table of actors and one of providers for each host.

use std::collections::BTreeSet;

use indicatif::HumanBytes;
use serde_json::{Map as Fields, Value, json};

use super::pairs;
use crate::cli::output::{Answer, Page};
use crate::cli::table::{KEEP, Table, one_line};
use crate::lattice::wire::{HostInventory, Map, ProviderLimits};

/// What runs on some hosts.
pub(super) struct Inventories(pub(super) Vec<HostInventory>);

impl Answer for Inventories {
    fn fields(&self) -> Fields<String, Value> {
        let mut fields = Fields::from_iter([("inventories".to_owned(), json!(self.0))]);
        if let [only] = self.0.as_slice() {
            fields.insert("inventory".to_owned(), json!(only));
        }
        fields
    }

    fn text(&self, page: &Page) -> String {
        let hosts: Vec<_> = self.0.iter().map(|it| inventory(it, page)).collect();
        hosts.join("\n\n")
    }

    fn names(&self) -> Vec<String> {
        let actors = self.0.iter().flat_map(|it| &it.actors).map(|it| &it.id);
        let providers = (self.0.iter().flat_map(|it| &it.providers)).map(|it| &it.id);
        let mut names: Vec<_> = actors.chain(providers).cloned().collect();
        let mut seen = BTreeSet::new();
        names.retain(|it| seen.insert(it.clone()));
        names
    }
}

fn inventory(host: &HostInventory, page: &Page) -> String {
    let mut head = format!("host {}", one_line(&host.host_id));
    if !host.friendly_name.is_empty() {
        head.push_str(&format!(" ({})", one_line(&host.friendly_name)));
    }
    if !host.version.is_empty() {
        head.push_str(&format!(", version {}", one_line(&host.version)));
    }
    let mut parts = vec![head];
    if !host.labels.is_empty() {
        parts.push(format!("labels: {}", one_line(&pairs(&host.labels))));
    }
    if let Some(reason) = &host.cut_off {
        let reason = one_line(reason);
        parts.push(format!(
            "cut off from the lattice's state ({reason}): serves from what it last knew"
        ));
    }
    if let Some(limits) = &host.provider_limits {
        parts.push(format!("limits of a provider: {}", limit_words(limits)));
    }
    parts.push(String::new());
    parts.push(actors(host, page));
    parts.push(String::new());
    parts.push(providers(host, page));
    parts.join("\n")
}

fn limit_words(limits: &ProviderLimits) -> String {
    let size = |it: u64, what: &str| format!("{} {what}", HumanBytes(it));
    let all = [
        limits.cpus.map(|it| format!("{it} CPUs")),
        limits.memory.map(|it| size(it, "of memory")),
        limits.address_space.map(|it| size(it, "of address space")),
        limits.tasks.map(|it| format!("{it} processes and threads")),
        limits.files.map(|it| format!("{it} open files")),
    ];
    let all: Vec<_> = all.into_iter().flatten().collect();
    all.join(", ")
}

fn actors(host: &HostInventory, page: &Page) -> String {
    let mut table = Table::new([
        ("ACTOR", KEEP),
        ("NAME", 6),
        ("COUNT", 5),
        ("REV", 4),
        ("REFERENCE", 3),
        ("SIGNED", 1),
        ("ANNOTATIONS", 2),
    ]);
    let mut seen = BTreeSet::new();
    for actor in &host.actors {
        // The oldest hosts list an actor once for each instance, every copy with all of them.
        if !seen.insert(&actor.id) {
            continue;
        }
        let mut groups: Vec<(Map, i32, u32)> = Vec::new();
        for instance in &actor.instances {
            let count = instance.max_instances.unwrap_or(1);
            let same = groups
                .iter_mut()
                .find(|it| it.0 == instance.annotations && it.1 == instance.revision);
            match same {
                Some(group) => group.2 = group.2.saturating_add(count),
                None => groups.push((instance.annotations.clone(), instance.revision, count)),
            }
        }
        if groups.is_empty() {
            groups.push((Map::new(), 0, 0));
        }
        let instances = actor.instances.iter();
        let reference = actor
            .image_ref
            .clone()
            .or_else(|| instances.filter_map(|it| it.image_ref.clone()).next());
        for (annotations, revision, count) in groups {
            table.row([
                actor.id.clone(),
                actor.name.clone().unwrap_or_default(),
                count.to_string(),
                revision.to_string(),
                reference.clone().unwrap_or_default(),
                match actor.signed {
                    Some(false) => "NO".to_owned(),
                    Some(true) => "yes".to_owned(),
                    None => String::new(),
                },
                pairs(&annotations),
            ]);
        }
    }
    if table.is_empty() {
        return "no actors".to_owned();
    }
    table.render(page)
}

fn providers(host: &HostInventory, page: &Page) -> String {
    let mut table = Table::new([
        ("PROVIDER", KEEP),
        ("NAME", 6),
        ("LINK", 4),
        ("CONTRACT", 3),
        ("HEALTH", 5),
        ("REFERENCE", 2),
        ("ANNOTATIONS", 1),
    ]);
    for provider in &host.providers {
        let health = match &provider.health {
            None => String::new(),
            Some(health) if health.healthy => "ok".to_owned(),
            Some(health) => match &health.message {
                Some(message) => format!("unhealthy: {message}"),
                None => "unhealthy".to_owned(),
            },
        };
        let reference = provider.image_ref.clone().unwrap_or_default();
        let reference = match &provider.builtin {
            Some(builtin) if *builtin != reference && !reference.is_empty() => {
                format!("{reference} (is {builtin})")
            }
            Some(builtin) => builtin.clone(),
            None => reference,
        };
        table.row([
            provider.id.clone(),
            provider.name.clone().unwrap_or_default(),
            provider.link_name.clone(),
            provider.contract_id.clone(),
            health,
            reference,
            pairs(&provider.annotations),
        ]);
    }
    if table.is_empty() {
        return "no providers".to_owned();
    }
    table.render(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Format;

    const PAGE: Page = Page {
        width: None,
        color: false,
        format: Format::Text,
    };

    #[test]
    fn an_inventory_says_what_runs() {
        let host: HostInventory = serde_json::from_value(json!({
            "host_id": "N1", "friendly_name": "old-owl-1", "labels": {"a": "b"},
            "actors": [
                {"id": "M1", "name": "Echo", "image_ref": "r", "instances": [{"revision": 1}, {"revision": 1}]},
                {"id": "M1", "name": "Echo", "image_ref": "r", "instances": [{"revision": 1}, {"revision": 1}]},
                {"id": "M2", "signed": false, "instances": [{"max_instances": 7, "image_ref": "file:///x"}]}],
            "providers": [{"id": "V1", "image_ref": "reg/httpserver:1", "builtin": "builtin:httpserver",
                "link_name": "default", "contract_id": "c",
                "health": {"healthy": false, "message": "port in use"}}]}))
        .unwrap();
        let all = Inventories(vec![host]);
        let text = all.text(&PAGE);
        assert!(text.starts_with("host N1 (old-owl-1)\nlabels: a=b\n"));
        assert_eq!(text.matches("M1").count(), 1, "{text}");
        for part in [
            "NO",
            "file:///x",
            "unhealthy: port in use",
            "(is builtin:httpserver)",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(all.names(), ["M1", "M2", "V1"]);
        assert_eq!(all.fields()["inventory"]["host_id"], "N1");
    }
}
