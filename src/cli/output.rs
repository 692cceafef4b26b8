//! Values to text, tables and JSON; colour, width and closed pipes in one place.

use std::io::{self, Write};

use serde_json::{Map, Value};

/// How answers are written to stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Sentences and tables that fit the terminal.
    #[default]
    Text,
    /// As text, but always a table.
    Table,
    /// A table with every column, however wide.
    Wide,
    /// One JSON document, errors included.
    Json,
    /// One YAML document, errors included.
    Yaml,
    /// Only the ids, one a line, ready to be arguments.
    Name,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On terminals, unless the environment objects.
    #[default]
    Auto,
    Always,
    Never,
}

impl Format {
    /// A program reads it: one document, errors included.
    pub(crate) fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}

/// What a command has to say. Returned by commands, printed by [`Output`].
pub(crate) trait Answer {
    /// The fields of the document; `success` is added.
    fn fields(&self) -> Map<String, Value>;

    /// Text for people: no trailing newline, no leading blank line.
    fn text(&self, page: &Page) -> String;

    /// For `-o name`.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a text may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Columns of the terminal; none for a pipe or `-o wide`: nothing is dropped.
    pub(crate) width: Option<usize>,
    pub(crate) color: bool,
    pub(crate) format: Format,
}

/// A sentence for people with fields for programs; most commands need no more.
#[derive(Debug)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) fields: Map<String, Value>,
    pub(crate) names: Vec<String>,
}

impl Sentence {
    /// `fields` must be a JSON object.
    pub(crate) fn new(text: impl Into<String>, fields: Value) -> Self {
        let fields = match fields {
            Value::Object(it) => it,
            _ => Map::new(),
        };
        Self {
            text: text.into(),
            fields,
            names: Vec::new(),
        }
    }

    pub(crate) fn named(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }
}

impl Answer for Sentence {
    fn fields(&self) -> Map<String, Value> {
        self.fields.clone()
    }

    fn text(&self, _page: &Page) -> String {
        self.text.clone()
    }

    fn names(&self) -> Vec<String> {
        self.names.clone()
    }
}

/// The one writer of stdout and stderr.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) page: Page,
    pub(crate) quiet: bool,
}

impl Output {
    /// Writes an answer in the chosen format. A closed pipe ends quietly.
    pub(crate) fn answer(&self, answer: &dyn Answer) -> io::Result<()> {
        let _ = answer;
        todo!()
    }

    /// A line for people on stderr; nothing under `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// A warning on stderr.
    pub(crate) fn warn(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "warning: {text}");
    }
}
