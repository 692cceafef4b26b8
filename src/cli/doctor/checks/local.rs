//! Settings, files, programs and ports of this machine.

use super::{Verdict, quoted};
use crate::cli::doctor::facts::{Facts, Port, Program};
use crate::nats::embedded;

pub(super) fn settings(facts: &Facts) -> Verdict {
    match &facts.settings {
        Ok(it) => {
            let context = match &it.context {
                Some(name) => format!("context '{name}'"),
                None => "no context".to_owned(),
            };
            let (server, lattice) = (&it.server, &it.lattice);
            let (from, lattice_from) = (&it.server_from, &it.lattice_from);
            Verdict::ok(if from == lattice_from {
                format!("{context}; {server} and lattice '{lattice}' from {from}")
            } else {
                format!("{context}; {server} from {from}, lattice '{lattice}' from {lattice_from}")
            })
        }
        Err(it) => Verdict::failure(&it.what, it.fix.as_deref().unwrap_or("see `wash ctx list`")),
    }
}

pub(super) fn state(facts: &Facts) -> Verdict {
    match &facts.state {
        Ok(path) => Verdict::ok(format!("{} can be written", path.display())),
        Err(it) => Verdict::failure(&it.what, it.fix.as_deref().unwrap_or("set WASH_HOME")),
    }
}

pub(super) fn secrets(facts: &Facts) -> Verdict {
    if facts.exposed.is_empty() {
        return Verdict::ok("no key or credentials of ours can be read by others");
    }
    let list: Vec<_> = facts
        .exposed
        .iter()
        .map(|it| format!("{} (mode {:03o})", it.path.display(), it.mode))
        .collect();
    let detail = format!("others may read {}", list.join(", "));
    let paths: Vec<_> = facts.exposed.iter().map(|it| quoted(&it.path)).collect();
    let fix = format!("chmod 600 {}", paths.join(" "));
    if facts.exposed.iter().any(|it| it.refused) {
        Verdict::failure(detail, fix)
    } else {
        Verdict::warning(detail, fix)
    }
}

pub(super) fn nats_server(facts: &Facts) -> Verdict {
    match &facts.binary {
        Ok(Program::NatsServer { path, version }) => {
            Verdict::ok(format!("{} is {version}", path.display()))
        }
        Ok(Program::Embedded) => Verdict::ok(
            "none is wanted: WASH_NATS or WASH_NATS_SERVER asks for the one in wash, for this machine alone",
        ),
        Err(reason) => Verdict::warning(
            format!("{reason}; `wash up` serves NATS itself, for this machine alone"),
            "wash nats install, or apt-get install nats-server, or set WASH_NATS_SERVER",
        ),
    }
}

/// The port that `wash up` takes unless told otherwise.
pub(super) fn ports(facts: &Facts) -> Verdict {
    const USUAL: &str = "127.0.0.1:4222";
    match &facts.usual_port {
        Port::Nats(version) => {
            let owner = facts
                .local
                .iter()
                .find(|it| it.nats.url.ends_with(":4222") && it.nats_pid().is_some());
            let whose = match owner {
                Some(it) if it.nats.embedded => {
                    format!("a single node embedded in host {}", it.name)
                }
                Some(it) => format!("started by `wash up` for host {}", it.name),
                None if embedded::is_version(version) => {
                    "a single node embedded in another wash, which `wash up` uses".to_owned()
                }
                None => "not started by `wash up`, which uses it all the same".to_owned(),
            };
            Verdict::ok(format!("{USUAL} is NATS {version}, {whose}"))
        }
        Port::Free | Port::Unasked => Verdict::ok(format!("{USUAL} is free for `wash up`")),
        Port::Other => Verdict::warning(
            format!("{USUAL} is taken by something that does not speak NATS"),
            "wash up --nats-port 0",
        ),
        Port::Unreachable(reason) => Verdict::warning(
            format!("{USUAL} cannot be reached: {reason}"),
            "check the firewall of this machine",
        ),
    }
}
