//! Environment variables in a manifest, replaced after parsing.
//!
//! Each `${…}` becomes characters that mean nothing to YAML or JSON and take the same room, so that a value
//! can hold any text without changing the document, and positions stay right. Variables in comments are never
//! looked at.

use super::{Finding, Lookup, Position};

/// The n-th variable is this character plus n (a private-use plane), followed by padding.
const FIRST: u32 = 0xF_0000;
const LAST: u32 = 0xF_FFFD;
const PAD: char = '\u{E000}';

/// A text with its variables put aside.
#[derive(Debug)]
pub(super) struct Expansion {
    pub(super) text: String,
    values: Vec<Value>,
    active: bool,
}

#[derive(Debug)]
enum Value {
    Text(String),
    Unset(String),
}

impl Expansion {
    /// A text whose `${…}` are just text.
    pub(super) fn none(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
            active: false,
        }
    }

    pub(super) fn of(text: &str, lookup: Lookup<'_>) -> Result<Self, Finding> {
        if let Some(at) = text.find(is_ours) {
            return Err(finding(text, at, "private-use characters cannot be read"));
        }
        let mut out = String::with_capacity(text.len());
        let mut values = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("${") {
            let start = at + found;
            let escaped = text[at..start].ends_with('$');
            let (begin, end, value) = if escaped {
                (start - 1, start + 2, Value::Text("${".to_owned()))
            } else {
                let length = text[start..]
                    .find(['}', '\n'])
                    .filter(|it| text[start + it..].starts_with('}'))
                    .ok_or_else(|| finding(text, start, "'${' without '}'"))?;
                let end = start + length + 1;
                let value = variable(&text[start + 2..end - 1], lookup)
                    .map_err(|problem| finding(text, start, &problem))?;
                (start, end, value)
            };
            let mark = u32::try_from(values.len())
                .ok()
                .and_then(|it| FIRST.checked_add(it))
                .filter(|it| *it <= LAST)
                .and_then(char::from_u32)
                .ok_or_else(|| finding(text, start, "too many variables"))?;
            out.push_str(&text[at..begin]);
            out.push(mark);
            out.extend(std::iter::repeat_n(
                PAD,
                text[begin..end].chars().count() - 1,
            ));
            values.push(value);
            at = end;
        }
        out.push_str(&text[at..]);
        Ok(Self {
            text: out,
            values,
            active: true,
        })
    }

    /// A parsed string with its variables in place, or the names of those that are not set.
    pub(super) fn apply(&self, parsed: &str) -> Result<String, Vec<String>> {
        if !self.active {
            return Ok(parsed.to_owned());
        }
        let mut out = String::with_capacity(parsed.len());
        let mut unset = Vec::new();
        for c in parsed.chars() {
            if c == PAD {
                continue;
            }
            let index = u32::from(c).checked_sub(FIRST).map(|it| it as usize);
            match index.and_then(|it| self.values.get(it)) {
                None => out.push(c),
                Some(Value::Text(text)) => out.push_str(text),
                Some(Value::Unset(name)) => unset.push(name.clone()),
            }
        }
        if unset.is_empty() {
            Ok(out)
        } else {
            Err(unset)
        }
    }
}

/// What stands between the braces: a name, perhaps with a default.
fn variable(inside: &str, lookup: Lookup<'_>) -> Result<Value, String> {
    let (name, default) = match inside.split_once(':') {
        Some((name, default)) => (name, Some(default.strip_prefix('-').unwrap_or(default))),
        None => (inside, None),
    };
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.starts_with(starts) || !name.chars().all(goes_on) {
        return Err(format!("'{name}' is not the name of a variable"));
    }
    Ok(match (lookup(name), default) {
        (Some(value), _) => Value::Text(value),
        (None, Some(default)) => Value::Text(default.to_owned()),
        (None, None) => Value::Unset(name.to_owned()),
    })
}

fn is_ours(c: char) -> bool {
    c == PAD || (FIRST..=LAST).contains(&u32::from(c))
}

fn finding(text: &str, at: usize, problem: &str) -> Finding {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |it| it + 1);
    Finding {
        field: String::new(),
        position: Some(Position {
            line: before.matches('\n').count() as u64 + 1,
            column: before[line_start..].chars().count() as u64 + 1,
        }),
        problem: problem.to_owned(),
    }
}
