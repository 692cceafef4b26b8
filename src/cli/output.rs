//! Values to text, JSON and YAML; colour, width and closed pipes in one place.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};

use crate::config::env::Env;

use super::CommandResult;
use super::args::Global;
use super::report::CommandError;
use super::spinner::Spinner;

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
    /// On terminals, unless NO_COLOR or TERM=dumb objects.
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
    pub(crate) stderr_color: bool,
    /// The one document has been written.
    answered: AtomicBool,
}

impl Output {
    pub(super) fn new(global: &Global, env: &Env) -> Self {
        Self {
            quiet: global.quiet,
            ..Self::early(global.output, global.color, env)
        }
    }

    /// Before the arguments are known to be right.
    pub(super) fn early(format: Format, choice: ColorChoice, env: &Env) -> Self {
        let stdout = io::stdout().is_terminal();
        let fits = stdout && format != Format::Wide;
        Self {
            page: Page {
                width: if fits { terminal_width(env) } else { None },
                color: wants_color(choice, env, stdout) && !format.is_document(),
                format,
            },
            quiet: false,
            stderr_color: wants_color(choice, env, io::stderr().is_terminal()),
            answered: AtomicBool::new(false),
        }
    }

    /// Prints what a command returned, and returns its exit code.
    pub(super) fn result(&self, result: CommandResult) -> u8 {
        match result {
            Ok(_) if self.has_answered() => 0,
            Ok(answer) => match self.answer(answer.as_ref()) {
                Ok(()) => 0,
                Err(error) => {
                    self.line(&format!("error: cannot write the answer: {error}"));
                    1
                }
            },
            Err(error) => self.failure(&error),
        }
    }

    /// Writes the answer of a command that goes on; what it returns later is not written any more.
    pub(crate) fn answer_now(&self, answer: &dyn Answer) {
        self.answered.store(true, Ordering::Relaxed);
        // That nobody reads it is no reason to stop.
        let _ = self.answer(answer);
    }

    /// Like [`Output::answer_now`], for a failure after which the command goes on.
    pub(crate) fn failure_now(&self, error: &CommandError) {
        self.failure(error);
        self.answered.store(true, Ordering::Relaxed);
    }

    fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Writes an answer in the chosen format. A closed pipe ends quietly.
    pub(crate) fn answer(&self, answer: &dyn Answer) -> io::Result<()> {
        let text = match self.page.format {
            Format::Name => answer.names().join("\n"),
            Format::Json | Format::Yaml => {
                let mut fields = answer.fields();
                fields.insert("success".to_owned(), Value::Bool(true));
                self.document(fields)
            }
            Format::Text | Format::Table | Format::Wide => answer.text(&self.page),
        };
        print(&text)
    }

    /// Writes an error: a document on stdout where one is asked for, words on stderr always.
    pub(crate) fn failure(&self, error: &CommandError) -> u8 {
        if let Some(answer) = error.answer()
            && !self.page.format.is_document()
        {
            let _ = self.answer(answer);
        }
        self.refusal(error, &error.text(self.stderr_color))
    }

    /// Like [`Output::failure`], with words of its own.
    pub(super) fn refusal(&self, error: &CommandError, words: &str) -> u8 {
        if self.page.format.is_document() && !self.has_answered() {
            let mut fields = error.answer().map(Answer::fields).unwrap_or_default();
            fields.insert("success".to_owned(), Value::Bool(false));
            fields.insert(
                "error".to_owned(),
                json!({
                    "code": error.kind.code(),
                    "kind": error.kind.name(),
                    "message": error.message,
                    "hints": error.hints,
                    "causes": error.causes,
                }),
            );
            // Nobody is left to tell if this fails.
            let _ = print(&self.document(fields));
        }
        self.line(words);
        error.kind.code()
    }

    /// Keys come sorted, since the map sorts them.
    fn document(&self, fields: Map<String, Value>) -> String {
        let value = Value::Object(fields);
        if self.page.format == Format::Yaml {
            serde_saphyr::to_string(&value).unwrap_or_else(|_| value.to_string())
        } else {
            format!("{value:#}")
        }
    }

    /// A line for people on stderr; nothing under `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// A warning on stderr.
    pub(crate) fn warn(&self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    /// Asks on stderr and reads a line from stdin; what is not answered is empty. Only where
    /// [`super::session::Session::interactive`] allows it.
    pub(crate) fn ask(&self, question: &str) -> io::Result<String> {
        let mut stderr = io::stderr().lock();
        write!(stderr, "{question} ")?;
        stderr.flush()?;
        let mut line = String::new();
        io::stdin().lock().take(MAX_ANSWER).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Shows on stderr that something takes long, until it is dropped; only people at a terminal see it.
    pub(crate) fn spinner(&self, message: impl Into<String>) -> Spinner {
        Spinner::new(self.shows_progress(), message.into())
    }

    /// Whether somebody at a terminal would watch something move on stderr.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && !self.page.format.is_document() && io::stderr().is_terminal()
    }

    /// Whether somebody could answer a question.
    pub(super) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn line(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// Writes text and a newline to stdout at once. That nobody reads it any more is no error.
fn print(text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(format!("{text}{newline}").as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Bytes of one answer.
const MAX_ANSWER: u64 = 64 * 1024;

fn terminal_width(env: &Env) -> Option<usize> {
    let columns = env.get("COLUMNS").and_then(|it| it.parse().ok());
    let detected = || comfy_table::Table::new().width().map(usize::from);
    columns.or_else(detected).filter(|it| *it > 0)
}

/// <https://no-color.org> and <https://bixense.com/clicolors>; a flag decides over both.
fn wants_color(choice: ColorChoice, env: &Env, terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let forced = env.get("CLICOLOR_FORCE").is_some_and(|it| it != "0");
            let refused = env.get("NO_COLOR").is_some();
            let plain = env.get("TERM") == Some("dumb") || env.get("CLICOLOR") == Some("0");
            !refused && (forced || (terminal && !plain))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colored(variables: &[(&str, &str)], terminal: bool) -> bool {
        let env = Env::from_iter(variables.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        wants_color(ColorChoice::Auto, &env, terminal)
    }

    #[test]
    fn colour_follows_terminal_and_environment() {
        assert!(colored(&[], true));
        assert!(!colored(&[], false));
        assert!(!colored(&[("NO_COLOR", "1")], true));
        assert!(colored(&[("NO_COLOR", "")], true));
        assert!(!colored(&[("TERM", "dumb")], true));
        assert!(colored(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!colored(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!colored(
            &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
            true
        ));
        assert!(wants_color(ColorChoice::Always, &Env::default(), false));
        assert!(!wants_color(ColorChoice::Never, &Env::default(), true));
    }

    #[test]
    fn documents_have_sorted_keys_and_parse_back() {
        let env = Env::default();
        let fields = json!({ "b": 1, "a": ["x: y", null, "1"], "c": { "z": true, "y": "no" } });
        let Value::Object(map) = fields.clone() else {
            unreachable!()
        };
        let document =
            |format| Output::early(format, ColorChoice::Never, &env).document(map.clone());
        let json = document(Format::Json);
        assert!(json.find("\"a\"") < json.find("\"b\""));
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), fields);
        let yaml = document(Format::Yaml);
        assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), fields);
    }
}
