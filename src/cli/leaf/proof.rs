//! What a check found, line by line.

use serde_json::{Map, Value, json};

use super::hubs::{self, Finding};
use crate::cli::output::{Answer, Page};
use crate::cli::report::{CommandError, Kind};
use crate::cli::table::{KEEP, Table};

/// The lines of a check, in the order in which they were looked at.
#[derive(Debug, Default)]
pub(super) struct Proof {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    check: &'static str,
    status: Status,
    detail: String,
    /// What mends it.
    hint: Option<String>,
    causes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    Warning,
    Failed(Kind),
    Skipped,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed(_) => "failure",
            Self::Skipped => "skipped",
        }
    }
}

impl Proof {
    pub(super) fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, Status::Ok, detail.into(), None);
    }

    pub(super) fn warn(&mut self, check: &'static str, detail: impl Into<String>, hint: &str) {
        self.add(check, Status::Warning, detail.into(), Some(hint.to_owned()));
    }

    pub(super) fn skip(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, Status::Skipped, detail.into(), None);
    }

    pub(super) fn fail(
        &mut self,
        check: &'static str,
        kind: Kind,
        detail: impl Into<String>,
        hint: &str,
    ) {
        self.add(
            check,
            Status::Failed(kind),
            detail.into(),
            Some(hint.to_owned()),
        );
    }

    pub(super) fn finding(&mut self, check: &'static str, finding: Finding) {
        let status = match finding.status {
            hubs::Status::Ok => Status::Ok,
            hubs::Status::Unknown => Status::Skipped,
            hubs::Status::Warning => Status::Warning,
            hubs::Status::Failed(kind) => Status::Failed(kind),
        };
        self.add(check, status, finding.detail, finding.hint);
    }

    pub(super) fn error(&mut self, check: &'static str, error: CommandError) {
        let mut detail = error.message;
        for cause in &error.causes {
            detail.push_str(": ");
            detail.push_str(cause.trim());
        }
        self.lines.push(Line {
            check,
            status: Status::Failed(error.kind),
            detail,
            hint: (!error.hints.is_empty()).then(|| error.hints.join("; ")),
            causes: error.causes,
        });
    }

    fn add(&mut self, check: &'static str, status: Status, detail: String, hint: Option<String>) {
        self.lines.push(Line {
            check,
            status,
            detail,
            hint,
            causes: Vec::new(),
        });
    }

    /// An answer if nothing failed, otherwise the first failure with the lines before it.
    pub(super) fn result(self) -> Result<Box<dyn Answer>, CommandError> {
        let failed = self.lines.iter().find_map(|it| match it.status {
            Status::Failed(kind) => Some((kind, it)),
            _ => None,
        });
        let Some((kind, line)) = failed else {
            return Ok(Box::new(self));
        };
        let mut error = CommandError::new(kind, format!("{}: {}", line.check, line.detail));
        error.causes.clone_from(&line.causes);
        if let Some(hint) = &line.hint {
            error = error.hint(hint.clone());
        }
        Err(error.after(self))
    }
}

impl Answer for Proof {
    fn fields(&self) -> Map<String, Value> {
        let line = |it: &Line| {
            json!({
                "check": it.check,
                "status": it.status.name(),
                "detail": it.detail,
                "hint": it.hint,
            })
        };
        let lines: Vec<Value> = self.lines.iter().map(line).collect();
        Map::from_iter([("checks".to_owned(), lines.into())])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([("CHECK", KEEP), ("RESULT", KEEP), ("DETAIL", KEEP)]);
        for line in &self.lines {
            let detail = match &line.hint {
                Some(hint) => format!("{}; {hint}", line.detail),
                None => line.detail.clone(),
            };
            table.row([line.check, line.status.name(), &detail]);
        }
        table.render(page)
    }

    fn names(&self) -> Vec<String> {
        let bad = |it: &&Line| matches!(it.status, Status::Failed(_));
        let names = self.lines.iter().filter(bad);
        names.map(|it| it.check.to_owned()).collect()
    }
}
