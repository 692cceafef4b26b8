//! Files of rules, in YAML, TOML or JSON: what `wash policy serve` allows, and what `wash config-service serve`
//! has hosts start.
//!
//! Pure but for [`read`]: text in, rules or a finding with its place out. Does not know who asks, nor how.

pub mod policy;
pub mod startup;
#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{DeserializeOwned, SeqAccess, Visitor, value};
use serde::{Deserialize, Deserializer};

use super::ConfigError;
use super::secret::{note_exposed, read_small};

/// The largest file of rules that is read, in bytes.
pub const MAX_FILE: u64 = 1 << 20;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    Yaml,
    Toml,
    Json,
}

impl Syntax {
    /// By the extension; what is neither `.toml` nor `.json` is YAML.
    pub fn of(path: &Path) -> Self {
        let is = |wanted| {
            path.extension()
                .is_some_and(|it| it.eq_ignore_ascii_case(wanted))
        };
        match (is("toml"), is("json")) {
            (true, _) => Self::Toml,
            (_, true) => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// What is wrong, and where; line and column from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub line: usize,
    pub column: usize,
    pub problem: String,
}

impl Finding {
    fn in_file(self, path: &Path) -> ConfigError {
        ConfigError::Malformed {
            path: path.to_owned(),
            line: self.line,
            column: self.column,
            reason: self.problem,
        }
    }
}

/// Rules of one kind.
pub trait Rules: DeserializeOwned {
    /// Whether they hold passwords, so that nobody else may read their file.
    fn are_secret(&self) -> bool {
        false
    }
}

/// Reads a file of rules.
///
/// # Errors
/// [`ConfigError::Unreadable`], [`ConfigError::Malformed`], and [`ConfigError::Exposed`] for passwords that others
/// may read.
pub fn read<R: Rules>(path: &Path) -> Result<R, ConfigError> {
    let text = read_small(path, MAX_FILE).map_err(|reason| ConfigError::Unreadable {
        what: "rules",
        path: path.to_owned(),
        reason,
    })?;
    let rules: R = parse(&text, Syntax::of(path)).map_err(|it| it.in_file(path))?;
    let mut exposed = Vec::new();
    if rules.are_secret() {
        note_exposed(path, &mut exposed);
    }
    match exposed.pop() {
        Some(path) => Err(ConfigError::Exposed { path }),
        None => Ok(rules),
    }
}

/// Reads rules from text.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse<R: Rules>(text: &str, syntax: Syntax) -> Result<R, Finding> {
    match syntax {
        Syntax::Toml => toml::from_str(text).map_err(|it| toml_finding(text, &it)),
        Syntax::Json => serde_json::from_str(text).map_err(|it| json_finding(&it)),
        // A file of comments is one without rules.
        Syntax::Yaml
            if text
                .lines()
                .all(|it| it.trim().is_empty() || it.trim().starts_with('#')) =>
        {
            serde_json::from_str("{}").map_err(|it| json_finding(&it))
        }
        Syntax::Yaml => serde_saphyr::from_str(text).map_err(|it| yaml_finding(&it)),
    }
}

fn toml_finding(text: &str, error: &toml::de::Error) -> Finding {
    let at = error.span().map_or(0, |it| it.start);
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |it| it + 1);
    Finding {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        problem: error.message().trim().replace('\n', "; "),
    }
}

fn json_finding(error: &serde_json::Error) -> Finding {
    let text = error.to_string();
    let problem = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |it| it.0);
    Finding {
        line: error.line(),
        column: error.column(),
        problem: problem.to_owned(),
    }
}

/// Without the reader's own position, and without the text around it, which might hold secrets.
fn yaml_finding(error: &serde_saphyr::Error) -> Finding {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let problem = line
        .split_once(": line ")
        .or_else(|| line.split_once(" at line "))
        .map_or(line, |it| it.0);
    let number = |it: u64| usize::try_from(it).unwrap_or(usize::MAX);
    let (line, column) = error
        .location()
        .map_or((1, 1), |it| (number(it.line()), number(it.column())));
    Finding {
        line,
        column,
        problem: problem
            .strip_prefix("error: ")
            .unwrap_or(problem)
            .to_owned(),
    }
}

/// One or several, any of which will do. Empty where nothing is said, which fits everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Any<T>(Vec<T>);

impl<T> Default for Any<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Any<T> {
    /// Whether one of them fits, or nothing is said.
    fn fits(&self, fits: impl FnMut(&T) -> bool) -> bool {
        self.0.is_empty() || self.0.iter().any(fits)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Any<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<T>, E> {
                let one = T::deserialize(value::StrDeserializer::<E>::new(text))?;
                Ok(vec![one])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Vec<T>, A::Error> {
                let mut found = Vec::new();
                while let Some(it) = all.next_element()? {
                    found.push(it);
                }
                if found.is_empty() {
                    let nothing = "an empty list fits nothing; leave it out to fit everything";
                    return Err(serde::de::Error::custom(nothing));
                }
                Ok(found)
            }
        }

        let found = deserializer.deserialize_any(OneOrMany(PhantomData))?;
        Ok(Self(found))
    }
}

/// A text in which `*` stands for any characters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.is_empty() {
            true => Err("an empty text fits nothing; leave it out to fit everything"),
            false => Ok(Self(text)),
        }
    }
}

impl Pattern {
    /// Whether it fits all of `text`. An unknown text, which is empty, fits only `*`.
    pub fn fits(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Labels that all must be there, each with a value that fits.
pub(super) type Labels = std::collections::BTreeMap<String, Any<Pattern>>;

fn labels_fit(wanted: &Labels, labels: &std::collections::BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, values)| {
        let value = labels.get(key);
        value.is_some_and(|value| values.fits(|it| it.fits(value)))
    })
}
