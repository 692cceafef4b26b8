//! The verdicts, each from facts alone, in the order in which one depends on another.

mod lattice;
mod link;
mod local;

use std::fmt::Display;

use super::facts::Facts;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Warning,
    Failure,
    /// It could not be looked at.
    Skipped,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }

    /// As terminals number colours.
    pub(super) fn color(self) -> Option<&'static str> {
        match self {
            Self::Ok => Some("32"),
            Self::Warning => Some("33"),
            Self::Failure => Some("1;31"),
            Self::Skipped => None,
        }
    }
}

/// One line of the diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) status: Status,
    pub(super) detail: String,
    /// The command, or else the deed, that mends it.
    pub(super) fix: Option<String>,
}

/// What one check says.
#[derive(Clone, Debug)]
struct Verdict {
    status: Status,
    detail: String,
    fix: Option<String>,
}

impl Verdict {
    fn ok(detail: impl Display) -> Self {
        Self::new(Status::Ok, detail, None)
    }

    fn warning(detail: impl Display, fix: impl Display) -> Self {
        Self::new(Status::Warning, detail, Some(fix.to_string()))
    }

    fn failure(detail: impl Display, fix: impl Display) -> Self {
        Self::new(Status::Failure, detail, Some(fix.to_string()))
    }

    fn skipped(detail: impl Display) -> Self {
        Self::new(Status::Skipped, detail, None)
    }

    fn new(status: Status, detail: impl Display, fix: Option<String>) -> Self {
        Self {
            status,
            detail: detail.to_string(),
            fix,
        }
    }
}

/// A check, those that must have gone well before, and its verdict.
type Definition = (&'static str, &'static [&'static str], fn(&Facts) -> Verdict);

const CHECKS: &[Definition] = &[
    ("settings", &[], local::settings),
    ("state", &[], local::state),
    ("secrets", &[], local::secrets),
    ("nats-server", &[], local::nats_server),
    ("ports", &[], local::ports),
    ("address", &["settings"], link::address),
    ("tls", &["address"], link::tls),
    ("credentials", &["settings"], link::credentials),
    ("nats", &["address", "tls", "credentials"], link::nats),
    ("leaf", &["nats"], lattice::leaf),
    ("jetstream", &["nats"], lattice::jetstream),
    ("lattice", &["nats"], lattice::hosts_answer),
    ("hosts", &["lattice"], lattice::hosts),
    ("clock", &["nats"], lattice::clock),
];

/// Every verdict. What depends on a failure is skipped, and so is what depends on that.
pub(super) fn judge(facts: &Facts) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for (name, after, verdict) in CHECKS {
        let lost = checks.iter().find(|it| {
            let bad = matches!(it.status, Status::Failure | Status::Skipped);
            bad && after.contains(&it.name)
        });
        let Verdict {
            status,
            detail,
            fix,
        } = match lost {
            Some(it) => Verdict::skipped(format!("needs '{}'", it.name)),
            None => verdict(facts),
        };
        checks.push(Check {
            name,
            status,
            detail,
            fix,
        });
    }
    checks
}

const NO_TIME: &str = "there was no time to look";

/// A path as a shell takes it.
fn quoted(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let safe = |it: char| it.is_alphanumeric() || "/._-+@".contains(it);
    if text.chars().all(safe) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
