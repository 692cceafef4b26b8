//! What is behind NATS: JetStream, leaf links, hosts, clocks.

use std::collections::BTreeSet;

use super::{NO_TIME, Verdict};
use crate::cli::doctor::facts::{Clock, Facts, Leafs};
use crate::cli::leaf::hubs::{Finding, Status};
use crate::lattice::state::survey::SurveyError;
use crate::nats::embedded;

/// Milliseconds; clocks without a time server drift by this much in weeks.
const NOTEWORTHY: i64 = 2_000;

/// Milliseconds; tokens that were just signed are not valid yet, or not any more.
const HARMFUL: i64 = 30_000;

/// The domain that was asked for, and the server's own.
fn domains(facts: &Facts) -> (Option<&str>, Option<&str>) {
    let wanted = facts.settings.as_ref().ok();
    let wanted = wanted.and_then(|it| it.js_domain.as_deref());
    let own = match &facts.server {
        Some(Ok(it)) => it.domain.as_deref(),
        _ => None,
    };
    (wanted, own)
}

fn lattice(facts: &Facts) -> &str {
    facts.settings.as_ref().map_or("", |it| &it.lattice)
}

pub(super) fn jetstream(facts: &Facts) -> Verdict {
    let (wanted, own) = domains(facts);
    let survey = match &facts.jetstream {
        None => return Verdict::skipped(NO_TIME),
        Some(Ok(it)) => it,
        Some(Err(error)) => {
            let broken = facts.leafs.as_ref().is_some_and(Leafs::is_broken);
            return match (wanted, own) {
                (Some(wanted), _) if broken => Verdict::failure(
                    format!("{error} of domain '{wanted}'"),
                    "mend the leaf link first",
                ),
                (Some(wanted), Some(own)) if wanted != own => Verdict::failure(
                    format!("{error} of domain '{wanted}'; the server's own domain is '{own}'"),
                    format!("--js-domain {own}, or mend the leaf link to '{wanted}'"),
                ),
                (Some(wanted), _) => Verdict::failure(
                    format!("{error} of domain '{wanted}'"),
                    "name the right domain with --js-domain, or mend the leaf link to it",
                ),
                (None, _) if matches!(error, SurveyError::Nobody) => Verdict::failure(
                    "the server has no JetStream for us",
                    "start it with JetStream: nats-server -js; or name its domain with --js-domain",
                ),
                (None, _) => Verdict::failure(
                    error,
                    "give the account JetStream in the server's configuration, or use other credentials",
                ),
            };
        }
    };
    if let Some(census) = &facts.census {
        let domain = wanted.or(own).unwrap_or_default();
        if census.servers > 1 {
            return Verdict::failure(
                format!(
                    "{} servers answer for JetStream domain '{domain}', and each keeps state of its own",
                    census.servers
                ),
                "give each machine's server a domain of its own: wash leaf config --domain NAME, or --nats-js-domain NAME",
            );
        }
        if !census.keeps_files {
            return Verdict::failure(
                format!("JetStream domain '{domain}' has no room for this account's files"),
                "ask who runs it for JetStream storage for this account",
            );
        }
    }
    let domain = match &survey.domain {
        Some(it) => format!("domain '{it}'"),
        None => "no domain".to_owned(),
    };
    let has_state = survey.lattices.iter().any(|it| it == lattice(facts));
    let state = if has_state {
        "state of the lattice is there"
    } else {
        "no state of the lattice yet"
    };
    Verdict::ok(format!("{domain}, {} streams, {state}", survey.streams))
}

pub(super) fn leaf(facts: &Facts) -> Verdict {
    let server = facts.server.as_ref().and_then(|it| it.as_ref().ok());
    let is_embedded = server.is_some_and(|it| embedded::is_version(&it.version));
    if facts.leafs.is_none() && is_embedded {
        return Verdict::ok("none: the server in wash is a single node, and no leaf");
    }
    let Some(leafs) = &facts.leafs else {
        return Verdict::skipped(
            "the server's monitoring is not known; --monitor HOST:8222 names it, or --config FILE the server's configuration",
        );
    };
    if let Some(it) = &leafs.unusable {
        return Verdict::failure(&it.what, it.fix.as_deref().unwrap_or("wash leaf check"));
    }
    // What a hub says explains the rest.
    let besides = leafs
        .trouble
        .iter()
        .filter(|_| !leafs.hubs.iter().any(Finding::is_failure));
    let findings = leafs.hubs.iter().chain(besides);
    let all = |bad: fn(&Finding) -> bool| -> Option<(String, String)> {
        let found: Vec<&Finding> = findings.clone().filter(|it| bad(it)).collect();
        let details: Vec<&str> = found.iter().map(|it| it.detail.as_str()).collect();
        let mut fixes: Vec<&str> = found.iter().filter_map(|it| it.hint.as_deref()).collect();
        fixes.dedup();
        (!found.is_empty()).then(|| (details.join("; "), fixes.join("; ")))
    };
    if let Some((details, fixes)) = all(Finding::is_failure) {
        return Verdict::failure(details, format!("{fixes}; wash leaf check tells more"));
    }
    if let Some((details, fixes)) = all(|it| it.status == Status::Warning) {
        return Verdict::warning(details, fixes);
    }
    let up: Vec<_> = leafs
        .links
        .iter()
        .map(|it| match it.rtt.as_str() {
            "" => it.peer(),
            time => format!("{} ({time})", it.peer()),
        })
        .collect();
    if up.is_empty() {
        return Verdict::ok(format!("none, and none is configured ({})", leafs.monitor));
    }
    Verdict::ok(format!("up: {}", up.join(", ")))
}

/// Whether anybody is in the lattice.
pub(super) fn hosts_answer(facts: &Facts) -> Verdict {
    let hosts = match &facts.hosts {
        None => return Verdict::skipped(NO_TIME),
        Some(Err(reason)) => {
            let detail = format!("hosts cannot be asked: {reason}");
            return Verdict::failure(detail, "check what the credentials permit");
        }
        Some(Ok(it)) => it,
    };
    let name = lattice(facts);
    if !hosts.is_empty() {
        let count = hosts.len();
        let s = if count == 1 { "answers" } else { "answer" };
        return Verdict::ok(format!("{count} in '{name}' {s}"));
    }
    let from = facts.settings.as_ref().map_or("", |it| &it.lattice_from);
    let local = facts.local.iter().map(|it| it.lattice.as_str());
    let stored = facts.jetstream.iter().flatten().flat_map(|it| &it.lattices);
    let others: BTreeSet<&str> = local
        .chain(stored.map(String::as_str))
        .filter(|it| *it != name)
        .collect();
    let detail = format!("no host answers in lattice '{name}' (from {from})");
    if others.is_empty() {
        return Verdict::failure(detail, "wash up");
    }
    let others: Vec<_> = others.into_iter().collect();
    Verdict::failure(
        format!("{detail}; known lattices: {}", others.join(", ")),
        format!("--lattice {}", others.first().unwrap_or(&"NAME")),
    )
}

pub(super) fn hosts(facts: &Facts) -> Verdict {
    let Some(Ok(hosts)) = &facts.hosts else {
        return Verdict::skipped(NO_TIME);
    };
    let list: Vec<_> = hosts
        .iter()
        .take(10)
        .map(|it| format!("{} ({})", it.friendly_name, it.version))
        .collect();
    let mut detail = list.join(", ");
    if hosts.len() > list.len() {
        detail = format!("{detail} and {} more", hosts.len() - list.len());
    }
    let silent = facts.local.iter().find(|it| {
        let here = it.ready && it.lattice == lattice(facts);
        here && hosts.iter().all(|host| host.id != it.host_id)
    });
    if let Some(it) = silent {
        return Verdict::warning(
            format!("{detail}; host {} runs here and does not answer", it.name),
            format!("wash status; wash down {}", it.host_id),
        );
    }
    if let Some((it, reason)) = (hosts.iter()).find_map(|it| Some((it, it.cut_off.as_ref()?))) {
        let name = &it.friendly_name;
        return Verdict::warning(
            format!(
                "{detail}; {name} is cut off from the lattice's state ({reason}) and serves from what it last knew"
            ),
            format!(
                "mend its way to the state's domain: on its machine, wash leaf check; wash get inventory {}",
                it.id
            ),
        );
    }
    let versions: BTreeSet<&str> = hosts.iter().map(|it| it.version.as_str()).collect();
    if versions.len() > 1 {
        let versions: Vec<_> = versions.into_iter().collect();
        return Verdict::warning(
            format!("{detail}: {} different versions", versions.len()),
            "that works; bring them to one version when it suits",
        );
    }
    Verdict::ok(detail)
}

/// Claims expire by each host's own clock.
pub(super) fn clock(facts: &Facts) -> Verdict {
    let least = |it: &Clock| (it.ahead.abs() - it.uncertain).max(0);
    let Some(worst) = facts
        .clocks
        .iter()
        .max_by_key(|it| (least(it), -it.uncertain))
    else {
        return Verdict::skipped("there is no other clock to compare with");
    };
    let seconds = format!("{:.1} s", worst.ahead.abs() as f64 / 1000.0);
    let fix = "set the clocks by a time server: timedatectl set-ntp true";
    let side = if worst.ahead > 0 {
        "ahead of"
    } else {
        "behind"
    };
    match least(worst) {
        HARMFUL.. => Verdict::failure(
            format!("{} is {seconds} {side} us; tokens fail by that", worst.of),
            fix,
        ),
        NOTEWORTHY.. => Verdict::warning(format!("{} is {seconds} {side} us", worst.of), fix),
        _ => Verdict::ok(format!(
            "as {}, give or take {} ms",
            worst.of, worst.uncertain
        )),
    }
}
