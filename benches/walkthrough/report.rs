//! Figures, their budgets, and how they are written down.

use std::fmt;
use std::time::Duration;

/// Everything measured in one run. Sections and rows stand in the order in which they were added.
#[derive(Debug)]
pub(crate) struct Report {
    machine: String,
    sections: Vec<String>,
    budgets: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    budget: String,
    held: bool,
}

impl Report {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default().to_owned();
        Self {
            machine: format!("{cores} cores, shared; load average at the start: {load}"),
            sections: Vec::new(),
            budgets: Vec::new(),
        }
    }

    /// A figure that has a budget.
    pub(crate) fn budget(&mut self, what: &str, measured: String, budget: &str, held: bool) {
        // Seen at once, for those who wait for the report.
        eprintln!("{what}: {measured} ({budget})");
        self.budgets.push(Row {
            what: what.to_owned(),
            measured,
            budget: budget.to_owned(),
            held,
        });
    }

    /// A time that has an upper limit.
    pub(crate) fn time(&mut self, what: &str, times: &[Duration], limit: Duration) {
        let median = median(times);
        let budget = format!("< {}", text(limit));
        self.budget(what, spread(times), &budget, median < limit);
    }

    /// A table with a heading; the first row names the columns.
    pub(crate) fn table(&mut self, heading: &str, rows: &[Vec<String>]) {
        let mut section = format!("## {heading}\n\n");
        for (index, row) in rows.iter().enumerate() {
            section += &format!("| {} |\n", row.join(" | "));
            if index == 0 {
                section += &format!("|{}\n", " --- |".repeat(row.len()));
            }
        }
        eprintln!("{section}");
        self.sections.push(section);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Machine: {}.\n", self.machine)?;
        writeln!(f, "## Budgets\n\n| what | measured | budget | held |")?;
        writeln!(f, "| --- | --- | --- | --- |")?;
        for it in &self.budgets {
            let held = if it.held { "yes" } else { "**no**" };
            let Row {
                what,
                measured,
                budget,
                ..
            } = it;
            writeln!(f, "| {what} | {measured} | {budget} | {held} |")?;
        }
        for section in &self.sections {
            write!(f, "\n{section}")?;
        }
        Ok(())
    }
}

pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

/// The median, and the range it comes from.
pub(crate) fn spread(times: &[Duration]) -> String {
    let (Some(least), Some(most)) = (times.iter().min(), times.iter().max()) else {
        return "not measured".to_owned();
    };
    format!(
        "{} ({} to {}, n = {})",
        text(median(times)),
        text(*least),
        text(*most),
        times.len()
    )
}

/// Three digits.
pub(crate) fn text(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    match millis {
        ..1.0 => format!("{:.0} µs", millis * 1e3),
        ..10.0 => format!("{millis:.2} ms"),
        ..100.0 => format!("{millis:.1} ms"),
        _ => format!("{millis:.0} ms"),
    }
}

pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

pub(crate) fn kib(bytes: u64) -> String {
    format!("{:.0} KiB", bytes as f64 / 1024.0)
}
