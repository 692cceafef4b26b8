//! Hosts that `wash up` runs on this machine, as contexts: what they noted down when they started says how to
//! reach them. Nothing else is written, so none is left behind when a host ends, in whatever way.

use serde_json::{Map, Value};

use super::Context;
use crate::config::dirs::Dirs;
use crate::config::running::{self, Entry, Record};

/// One for each lattice and NATS server of a host that runs, the one that started first first. The first of a
/// lattice is called `up-LATTICE`, a further one on another server `up-LATTICE-HOST`.
pub fn all(dirs: Option<&Dirs>) -> Vec<Context> {
    let Some(dirs) = dirs else { return Vec::new() };
    // Whoever cannot read what runs has no such contexts.
    let mut entries = running::list(&dirs.state).unwrap_or_default();
    entries.retain(|it| it.alive && it.record.ready);
    entries.sort_by(|a, b| order(&a.record).cmp(&order(&b.record)));
    let mut found: Vec<Context> = Vec::new();
    for entry in &entries {
        let values = values(&entry.record);
        if found.iter().all(|it| it.values != values) {
            let name = name(entry, &found);
            found.push(Context {
                name,
                path: entry.path().to_owned(),
                values,
                home: None,
            });
        }
    }
    found
}

/// What commands use where no default is set: the host that has run for longest, so that a second one redirects
/// nobody.
pub fn first(dirs: Option<&Dirs>) -> Option<Context> {
    all(dirs).into_iter().next()
}

/// The context by which a running host is reached.
pub fn of_host(dirs: Option<&Dirs>, record: &Record) -> Option<Context> {
    let values = values(record);
    all(dirs).into_iter().find(|it| it.values == values)
}

fn order(record: &Record) -> (u64, &str) {
    (record.process.started, &record.host_id)
}

fn name(entry: &Entry, taken: &[Context]) -> String {
    let record = &entry.record;
    let short = format!("up-{}", record.lattice);
    if taken.iter().all(|it| it.name != short) {
        return short;
    }
    format!("{short}-{}", record.name)
}

/// The fields that a file of ours would have.
fn values(record: &Record) -> Map<String, Value> {
    let credentials = record.credentials.as_ref();
    let fields = [
        ("server", Some(record.nats.url.clone())),
        ("lattice", Some(record.lattice.clone())),
        ("ctl_prefix", record.ctl_prefix.clone()),
        ("js_domain", record.js_domain.clone()),
        (
            "creds",
            credentials.map(|it| it.to_string_lossy().into_owned()),
        ),
    ];
    fields
        .into_iter()
        .filter_map(|(field, value)| Some((field.to_owned(), value?.into())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::running::{Held, Nats, Process};

    fn record(id: &str, lattice: &str, port: u16, started: u64) -> Record {
        Record {
            host_id: id.to_owned(),
            name: format!("owl-{id}"),
            process: Process { pid: 1, started },
            ready: true,
            lattice: lattice.to_owned(),
            ctl_prefix: None,
            js_domain: None,
            nats: Nats {
                url: format!("nats://127.0.0.1:{port}"),
                process: None,
                log: None,
                monitor: None,
                config: None,
                embedded: false,
                dir: None,
            },
            credentials: None,
            tls: false,
            log: None,
        }
    }

    #[test]
    fn hosts_that_run_are_contexts_and_the_oldest_is_first() {
        let home = tempfile::tempdir().unwrap();
        let dirs = Dirs {
            config: home.path().join("config"),
            state: home.path().join("state"),
            cache: home.path().join("cache"),
            data: home.path().join("data"),
            contexts: None,
            legacy: None,
        };
        let names = || -> Vec<String> { all(Some(&dirs)).into_iter().map(|it| it.name).collect() };
        assert!(names().is_empty() && first(None).is_none());
        let take = |it: &Record| Held::take(&dirs.state, it).unwrap().unwrap();
        let younger = take(&record("N1", "a", 1, 20));
        let mut starting = record("N5", "c", 1, 1);
        starting.ready = false;
        let _starting = take(&starting);
        assert_eq!(names(), ["up-a"]);
        let _same = take(&record("N2", "a", 1, 30));
        let _other = take(&record("N3", "a", 2, 40));
        let oldest = take(&record("N4", "b", 1, 10));
        assert_eq!(names(), ["up-b", "up-a", "up-a-owl-N3"]);
        let of = of_host(Some(&dirs), &record("N2", "a", 1, 30)).unwrap();
        assert_eq!((of.name.as_str(), of.values.len()), ("up-a", 2));
        drop((younger, oldest));
        assert_eq!(names(), ["up-a", "up-a-owl-N3"]);
    }
}
