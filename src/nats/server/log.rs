//! What a server wrote to its log.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Enough to see what happened, little enough to read.
const LAST_LINES: usize = 5;

/// Bytes of a log that are looked at.
const LOG_TAIL: u64 = 64 * 1024;

/// The last lines that were written after `from`; complaints only, if there are any.
pub(super) fn last_lines(path: &Path, from: u64) -> Vec<String> {
    let text = tail(path, from);
    let bad = |it: &&str| it.contains("[FTL]") || it.contains("[ERR]") || !it.starts_with('[');
    let mut lines: Vec<&str> = text.lines().filter(bad).collect();
    if lines.is_empty() {
        lines = text.lines().collect();
    }
    let skip = lines.len().saturating_sub(LAST_LINES);
    lines
        .into_iter()
        .skip(skip)
        .map(|it| it.trim().to_owned())
        .collect()
}

/// The last errors that were written after `from`, each once, without process, time and connection.
pub(super) fn complaints(path: &Path, from: u64) -> Vec<String> {
    let text = tail(path, from);
    let mut found: Vec<&str> = Vec::new();
    for line in text.lines().rev() {
        let Some((_, said)) = line.split_once("[ERR] ") else {
            continue;
        };
        // `127.0.0.1:7422 - lid:5 - what`
        let said = match said.split_once(" - lid:") {
            Some((_, rest)) => rest.split_once(" - ").map_or(rest, |(_, it)| it),
            None => said,
        };
        if !found.contains(&said) && found.len() < LAST_LINES {
            found.push(said);
        }
    }
    found
        .into_iter()
        .rev()
        .map(|it| it.trim().to_owned())
        .collect()
}

fn tail(path: &Path, from: u64) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(
            from.max(end.saturating_sub(LOG_TAIL)).min(end),
        ))?;
        let mut bytes = Vec::new();
        file.take(LOG_TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

/// Lines of a log at the end of a message.
pub(super) fn quoted(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}
