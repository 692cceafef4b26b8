//! The diagnosis for people and programs.

use serde_json::{Map, Value, json};

use super::checks::{Check, Status};
use crate::cli::output::{Answer, Page};
use crate::cli::table::one_line;

/// Every check, in the order of dependency.
#[derive(Debug)]
pub(super) struct Diagnosis(pub(super) Vec<Check>);

impl Diagnosis {
    /// Names of what has failed.
    pub(super) fn failures(&self) -> Vec<&'static str> {
        let failed = self.0.iter().filter(|it| it.status == Status::Failure);
        failed.map(|it| it.name).collect()
    }
}

impl Answer for Diagnosis {
    fn fields(&self) -> Map<String, Value> {
        let check = |it: &Check| {
            json!({
                "name": it.name,
                "status": it.status.name(),
                "detail": it.detail,
                "fix": it.fix,
            })
        };
        let checks: Vec<Value> = self.0.iter().map(check).collect();
        Map::from_iter([
            ("checks".to_owned(), checks.into()),
            ("healthy".to_owned(), self.failures().is_empty().into()),
        ])
    }

    fn text(&self, page: &Page) -> String {
        let width = self.0.iter().map(|it| it.name.len()).max().unwrap_or(0);
        let mut lines = Vec::new();
        for it in &self.0 {
            let status = format!("{:7}", it.status.name());
            let status = match (page.color, it.status.color()) {
                (true, Some(code)) => format!("\x1b[{code}m{status}\x1b[0m"),
                _ => status,
            };
            lines.push(format!(
                "{status}  {:width$}  {}",
                it.name,
                one_line(&it.detail)
            ));
            if let Some(fix) = &it.fix {
                lines.push(format!("{:7}  {:width$}  fix: {}", "", "", one_line(fix)));
            }
        }
        lines.join("\n")
    }

    fn names(&self) -> Vec<String> {
        self.failures().into_iter().map(str::to_owned).collect()
    }
}
