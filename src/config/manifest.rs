//! The manifest of `wash apply` and `wash up --apply`: actors, capabilities and links, in YAML or JSON.
//!
//! Pure: text in, manifest or findings out, each with its place in the text. Does not know the lattice, so
//! names stay as they were typed; whoever applies the manifest looks them up.

mod expand;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde_saphyr::Spanned;

use expand::Expansion;

/// The largest manifest that is read, in bytes.
pub const MAX_MANIFEST: u64 = 4 << 20;

/// What should run, and who may talk to whom.
#[derive(Debug, PartialEq)]
pub struct Manifest {
    pub actors: Vec<At<String>>,
    pub capabilities: Vec<Capability>,
    pub links: Vec<Link>,
}

/// A provider to start.
#[derive(Debug, PartialEq)]
pub struct Capability {
    pub image_ref: At<String>,
    pub link_name: At<String>,
}

/// A link to put. `actor` and `provider_id` are keys, names, aliases or references.
#[derive(PartialEq)]
pub struct Link {
    pub actor: At<String>,
    pub contract_id: At<String>,
    pub provider_id: At<String>,
    pub link_name: At<String>,
    pub values: BTreeMap<String, String>,
}

/// Values may hold passwords, so only their keys are shown.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("actor", &self.actor.value)
            .field("contract_id", &self.contract_id.value)
            .field("provider_id", &self.provider_id.value)
            .field("link_name", &self.link_name.value)
            .field("values", &self.values.keys())
            .finish()
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    pub value: T,
    /// `links[2].actor`.
    pub field: String,
    pub position: Option<Position>,
}

impl<T> At<T> {
    /// A finding about this value.
    pub fn finding(&self, problem: impl Into<String>) -> Finding {
        Finding {
            field: self.field.clone(),
            position: self.position,
            problem: problem.into(),
        }
    }
}

/// Line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u64,
    pub column: u64,
}

/// Something wrong in a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// `links[2].actor`; empty when the text could not be read.
    pub field: String,
    pub position: Option<Position>,
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.problem)
    }
}

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    Yaml,
    Json,
}

impl Syntax {
    /// By the extension: `.json` is JSON, everything else YAML.
    pub fn of(path: &std::path::Path) -> Self {
        match path.extension() {
            Some(it) if it.eq_ignore_ascii_case("json") => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// Looks up an environment variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Manifest {
    /// Reads a manifest. With `variables`, `${NAME}`, `${NAME:default}` and `${NAME:-default}` inside values
    /// are replaced, and `$${` stands for `${`; a value can never change the structure of the document.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the text; if it cannot be parsed, just that.
    pub fn parse(
        text: &str,
        syntax: Syntax,
        variables: Option<Lookup<'_>>,
    ) -> Result<Self, Vec<Finding>> {
        let expansion = match variables {
            Some(lookup) => Expansion::of(text, lookup).map_err(|it| vec![it])?,
            None => Expansion::none(text),
        };
        if syntax == Syntax::Json {
            serde_json::from_str::<serde::de::IgnoredAny>(&expansion.text)
                .map_err(|it| vec![json_finding(&it)])?;
        }
        // JSON is YAML, and this reader keeps the positions.
        let raw: Option<RawManifest> =
            serde_saphyr::from_str(&expansion.text).map_err(|it| vec![yaml_finding(&it)])?;
        let mut reader = Reader {
            expansion: &expansion,
            findings: Vec::new(),
        };
        let manifest = reader.manifest(raw.unwrap_or_default());
        if reader.findings.is_empty() {
            Ok(manifest)
        } else {
            reader.findings.sort_by_key(|it| it.position);
            Err(reader.findings)
        }
    }
}

fn json_finding(error: &serde_json::Error) -> Finding {
    let text = error.to_string();
    let problem = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |it| it.0);
    Finding {
        field: String::new(),
        position: Some(Position {
            line: error.line() as u64,
            column: error.column() as u64,
        }),
        problem: format!("not valid JSON: {problem}"),
    }
}

/// The first line of the reader's message without its own position; snippets of the text might hold secrets.
fn yaml_finding(error: &serde_saphyr::Error) -> Finding {
    let location = error.location();
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or_default();
    let problem = line
        .split_once(": line ")
        .or_else(|| line.split_once(" at line "))
        .map_or(line, |it| it.0);
    let problem = problem.strip_prefix("error: ").unwrap_or(problem);
    Finding {
        field: String::new(),
        position: location.map(|it| Position {
            line: it.line(),
            column: it.column(),
        }),
        problem: problem.to_owned(),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    actors: Option<Vec<Spanned<String>>>,
    capabilities: Option<Vec<Spanned<RawCapability>>>,
    links: Option<Vec<Spanned<RawLink>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCapability {
    image_ref: Option<Spanned<String>>,
    link_name: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLink {
    #[serde(alias = "actor_id")]
    actor: Option<Spanned<String>>,
    contract_id: Option<Spanned<String>>,
    #[serde(alias = "provider")]
    provider_id: Option<Spanned<String>>,
    link_name: Option<Spanned<String>>,
    values: Option<BTreeMap<String, Spanned<String>>>,
}

/// Turns what was parsed into a manifest, and collects everything that is wrong on the way.
struct Reader<'a> {
    expansion: &'a Expansion,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn manifest(&mut self, raw: RawManifest) -> Manifest {
        let actors = (raw.actors.unwrap_or_default().into_iter().enumerate())
            .map(|(index, it)| self.required(Some(it), &format!("actors[{index}]"), None))
            .collect();
        let capabilities = (raw.capabilities.unwrap_or_default().into_iter().enumerate())
            .map(|(index, it)| self.capability(it, &format!("capabilities[{index}]")))
            .collect();
        let links = (raw.links.unwrap_or_default().into_iter().enumerate())
            .map(|(index, it)| self.link(it, &format!("links[{index}]")))
            .collect();
        let manifest = Manifest {
            actors,
            capabilities,
            links,
        };
        self.no_twins(&manifest);
        manifest
    }

    fn capability(&mut self, raw: Spanned<RawCapability>, field: &str) -> Capability {
        let here = position(&raw);
        Capability {
            image_ref: self.required(raw.value.image_ref, &format!("{field}.image_ref"), here),
            link_name: self.link_name(raw.value.link_name, field, here),
        }
    }

    fn link(&mut self, raw: Spanned<RawLink>, field: &str) -> Link {
        let here = position(&raw);
        let raw = raw.value;
        let mut values = BTreeMap::new();
        for (key, value) in raw.values.unwrap_or_default() {
            let field = format!("{field}.values.{key}");
            let value_here = position(&value);
            let key = self.text(&key, &field, value_here);
            let value = self.text(&value.value, &field, value_here);
            if key.is_empty() {
                self.find(&field, value_here, "a value needs a name");
            }
            values.insert(key, value);
        }
        Link {
            actor: self.required(raw.actor, &format!("{field}.actor"), here),
            contract_id: self.required(raw.contract_id, &format!("{field}.contract_id"), here),
            provider_id: self.required(raw.provider_id, &format!("{field}.provider_id"), here),
            link_name: self.link_name(raw.link_name, field, here),
            values,
        }
    }

    fn link_name(
        &mut self,
        raw: Option<Spanned<String>>,
        field: &str,
        here: Option<Position>,
    ) -> At<String> {
        let field = format!("{field}.link_name");
        match raw {
            Some(raw) => self.required(Some(raw), &field, here),
            None => At {
                value: "default".to_owned(),
                field,
                position: here,
            },
        }
    }

    fn required(
        &mut self,
        raw: Option<Spanned<String>>,
        field: &str,
        here: Option<Position>,
    ) -> At<String> {
        let (text, position) = match raw {
            Some(raw) => {
                let position = position(&raw);
                let before = self.findings.len();
                let text = self.text(&raw.value, field, position);
                if text.trim().is_empty() && self.findings.len() == before {
                    self.find(field, position, "is empty");
                }
                (text.trim().to_owned(), position)
            }
            None => {
                self.find(field, here, "is missing");
                (String::new(), here)
            }
        };
        At {
            value: text,
            field: field.to_owned(),
            position,
        }
    }

    fn text(&mut self, raw: &str, field: &str, position: Option<Position>) -> String {
        match self.expansion.apply(raw) {
            Ok(text) => text,
            Err(unset) => {
                for name in unset {
                    let problem = format!("environment variable {name} is not set");
                    self.find(field, position, &problem);
                }
                String::new()
            }
        }
    }

    /// One capability and link name is started once, and one actor, contract and link name has one link.
    fn no_twins(&mut self, manifest: &Manifest) {
        let mut seen = BTreeSet::new();
        for it in &manifest.actors {
            if !it.value.is_empty() && !seen.insert(&it.value) {
                self.findings
                    .push(it.finding(format!("'{}' is listed twice", it.value)));
            }
        }
        let mut seen = BTreeSet::new();
        for it in &manifest.capabilities {
            let key = (&it.image_ref.value, &it.link_name.value);
            if !key.0.is_empty() && !seen.insert(key) {
                let problem = format!("'{}' with link name '{}' is listed twice", key.0, key.1);
                self.findings.push(it.image_ref.finding(problem));
            }
        }
        let mut seen = BTreeSet::new();
        for it in &manifest.links {
            let key = (&it.actor.value, &it.contract_id.value, &it.link_name.value);
            if !key.0.is_empty() && !key.1.is_empty() && !seen.insert(key) {
                let problem = format!(
                    "'{}' has two links for {} with link name '{}'",
                    key.0, key.1, key.2
                );
                self.findings.push(it.actor.finding(problem));
            }
        }
    }

    fn find(&mut self, field: &str, position: Option<Position>, problem: &str) {
        self.findings.push(Finding {
            field: field.to_owned(),
            position,
            problem: problem.to_owned(),
        });
    }
}

fn position<T>(spanned: &Spanned<T>) -> Option<Position> {
    let (line, column) = (spanned.referenced.line(), spanned.referenced.column());
    (line > 0).then_some(Position { line, column })
}

#[cfg(test)]
mod tests;
