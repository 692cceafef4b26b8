//! `wash help`: help of commands, and topics that no command has.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::definition::DEFINITIONS;
use crate::config::host;

use super::CommandResult;
use super::output::{Answer, Format, Page, Sentence};
use super::report::{CommandError, Kind};
use super::session::Session;
use super::table::{KEEP, Table};

/// Show help of a command, or a topic: exit-codes, environment, formats
#[derive(Debug, clap::Args)]
pub(crate) struct HelpArgs {
    /// A topic, or the words of a command, as in `wash help start actor`
    #[arg(value_name = "TOPIC|COMMAND")]
    words: Vec<String>,
}

const TOPICS: [&str; 3] = ["exit-codes", "environment", "formats"];

impl HelpArgs {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["exit-codes"] => Ok(Box::new(ExitCodes)),
            ["environment"] => Ok(Box::new(Environment::new())),
            ["formats"] => Ok(Box::new(Formats)),
            words => of_command(words, session.output.page.color),
        }
    }
}

fn of_command(words: &[&str], color: bool) -> CommandResult {
    let mut command = super::command();
    command.build();
    let mut found = &mut command;
    for (at, word) in words.iter().enumerate() {
        found = match found.find_subcommand_mut(word) {
            Some(it) => it,
            None => return Err(unknown(words.get(..=at).unwrap_or(words))),
        };
    }
    let help = if words.is_empty() {
        found.render_help()
    } else {
        found.render_long_help()
    };
    let plain = help.to_string();
    let text = if color {
        help.ansi().to_string()
    } else {
        plain.clone()
    };
    let fields = json!({ "help": plain.trim_end() });
    Ok(Box::new(Sentence::new(text.trim_end(), fields)))
}

fn unknown(words: &[&str]) -> CommandError {
    let message = format!("there is no command or topic '{}'", words.join(" "));
    CommandError::new(Kind::Usage, message)
        .hint(format!("the topics are {}", TOPICS.join(", ")))
        .hint("`wash --help` lists the commands")
}

struct ExitCodes;

impl Answer for ExitCodes {
    fn fields(&self) -> Map<String, Value> {
        let ok = json!({ "code": 0, "kind": "ok", "meaning": OK });
        let others = Kind::ALL
            .iter()
            .map(|it| json!({ "code": it.code(), "kind": it.name(), "meaning": it.meaning() }));
        let codes: Vec<Value> = std::iter::once(ok).chain(others).collect();
        Map::from_iter([("exit_codes".to_owned(), codes.into())])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([("CODE", KEEP), ("KIND", KEEP), ("MEANING", KEEP)]);
        table.row(["0", "ok", OK]);
        for kind in Kind::ALL {
            table.row([&kind.code().to_string(), kind.name(), kind.meaning()]);
        }
        format!(
            "{}\n\nWith -o json the same code and kind are in the document: \
             {{\"success\":false,\"error\":{{\"code\",\"kind\",\"message\",\"hints\",\"causes\"}}}}.\n\
             `wash up` that is ended by Ctrl-C or SIGTERM and stops cleanly exits with 0.",
            table.render(page)
        )
    }
}

const OK: &str = "done, or already so";

struct Environment {
    /// Name, the flag it stands for, what it means.
    rows: Vec<(String, String, String)>,
}

/// Variables that no flag stands for.
const OTHERS: &[(&str, &str)] = &[
    (
        "WASH_HOME",
        "Directory for configuration, keys, state and caches, in place of the XDG ones",
    ),
    (
        "XDG_CONFIG_HOME",
        "Where `wash` keeps configuration, keys and contexts (in `wash/`)",
    ),
    (
        "XDG_STATE_HOME",
        "Where `wash` keeps state, logs and the JetStream store (in `wash/`)",
    ),
    (
        "XDG_CACHE_HOME",
        "Where `wash` keeps artifacts and compiled code (in `wash/`)",
    ),
    (
        "XDG_DATA_HOME",
        "Where `wash nats install` puts nats-server (in `wash/`)",
    ),
    (
        "WASH_NATS_MIRROR",
        "Address of a copy of nats-server's releases, as `nats install --mirror`",
    ),
    (
        "WASH_CONTEXTS, WASH_CONTEXT_DIR",
        "Directory of contexts, as `ctx --directory`",
    ),
    (
        "WASH_REG_URL, WASH_REG_USER, WASH_REG_PASSWORD",
        "Default registry, user and password of push, pull, inspect and reg",
    ),
    (
        "WASH_NATS_SERVE_USER, WASH_NATS_SERVE_PASSWORD, WASH_NATS_SERVE_TOKEN",
        "Who may connect to `wash nats serve`",
    ),
    (
        "OCI_ALLOWED_INSECURE",
        "Registries that push, pull, inspect and reg reach without TLS, comma-separated",
    ),
    (
        "DOCKER_CONFIG",
        "Directory of docker's config.json with logins of registries [default: ~/.docker]",
    ),
    ("VISUAL, EDITOR", "Editor of `wash ctx edit`"),
    (
        "HOST_*",
        "Labels of a host: HOST_ZONE=a is the label zone=a",
    ),
    ("WASMCLOUD_LABEL_*", "The same, with the case of names kept"),
    (
        "WASH_HOST_CONFIG, HOST_CONFIG",
        "Configuration file of `wash up`, as --host-config",
    ),
    (
        "SOURCE_DATE_EPOCH",
        "When archives are issued, in seconds since 1970, for builds that repeat",
    ),
    ("RUST_LOG", "What to log, as a filter; --log-level wins"),
    ("NO_COLOR", "No colour"),
    ("CLICOLOR_FORCE", "Colour, even in a pipe"),
    ("COLUMNS", "Width of the terminal"),
    ("CI", "Never ask, as --no-input"),
    (
        "SSL_CERT_FILE",
        "Certificates that are trusted, PEM, in place of the platform's",
    ),
    (
        "HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
        "Proxies of the HTTP client",
    ),
];

impl Environment {
    fn new() -> Self {
        let mut rows: Vec<(String, String, String)> = Vec::new();
        let mut add = |name: &str, flag: String, about: &str| {
            if !rows.iter().any(|(it, ..)| it == name) {
                rows.push((name.to_owned(), flag, about.to_owned()));
            }
        };
        for it in DEFINITIONS {
            for name in it.variables {
                add(name, format!("--{}", it.flag), it.about);
            }
        }
        for it in host::DEFINITIONS {
            for name in it.variables {
                add(name, format!("up --{}", it.flag), it.about);
            }
        }
        let mut declared = BTreeMap::new();
        collect(&super::command(), &mut declared);
        for (name, (flag, about)) in &declared {
            add(name, flag.clone(), about);
        }
        for (name, about) in OTHERS {
            add(name, String::new(), about);
        }
        Self { rows }
    }
}

/// Every variable that a flag declares, with the flag and its help's first line.
fn collect(command: &clap::Command, found: &mut BTreeMap<String, (String, String)>) {
    for arg in command.get_arguments() {
        let Some(name) = arg.get_env().and_then(|it| it.to_str()) else {
            continue;
        };
        let flag = arg.get_long().map(|it| format!("--{it}"));
        let flag = flag.unwrap_or_default();
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let first = help.lines().next().unwrap_or_default().to_owned();
        found.entry(name.to_owned()).or_insert((flag, first));
    }
    for subcommand in command.get_subcommands() {
        collect(subcommand, found);
    }
}

impl Answer for Environment {
    fn fields(&self) -> Map<String, Value> {
        let row = |(name, flag, about): &(String, String, String)| {
            json!({
                "name": name,
                "flag": (!flag.is_empty()).then_some(flag),
                "about": about,
            })
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        Map::from_iter([("variables".to_owned(), rows.into())])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([("VARIABLE", KEEP), ("FLAG", KEEP), ("MEANING", KEEP)]);
        for (name, flag, about) in &self.rows {
            table.row([name, flag, about]);
        }
        format!(
            "{}\n\nA flag wins over a variable, that over the context, that over the default. Of several\n\
             variables for one flag the first that is set counts; an empty one is not set.",
            table.render(page)
        )
    }
}

struct Formats;

impl Formats {
    fn all() -> impl Iterator<Item = (String, String)> {
        use clap::ValueEnum as _;

        Format::value_variants().iter().filter_map(|it| {
            let value = it.to_possible_value()?;
            let help = value
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            Some((value.get_name().to_owned(), help))
        })
    }
}

impl Answer for Formats {
    fn fields(&self) -> Map<String, Value> {
        let formats: Vec<Value> = Self::all()
            .map(|(name, about)| json!({ "name": name, "about": about }))
            .collect();
        Map::from_iter([("formats".to_owned(), formats.into())])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([("FORMAT", KEEP), ("MEANING", KEEP)]);
        for (name, about) in Self::all() {
            table.row([name, about]);
        }
        format!(
            "{}\n\n\
             Choose one with -o or WASH_OUTPUT. The answer alone goes to stdout; progress, logs, warnings\n\
             and errors go to stderr. A document has \"success\" and the command's own fields, sorted; one of\n\
             a failure has \"error\" (see `wash help exit-codes`). What `-o name` prints can be given back as\n\
             an argument. Tables on a narrow terminal leave out columns; -o wide and pipes show all.",
            table.render(page)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_listed_once() {
        let mut names: Vec<_> = Environment::new().rows.into_iter().map(|it| it.0).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        for name in ["WASH_NATS_URL", "WASH_OUTPUT", "WASH_HOME", "NATS_CREDS"] {
            assert!(names.iter().any(|it| it == name), "{name}");
        }
    }

    #[test]
    fn exit_codes_are_distinct() {
        let codes: std::collections::BTreeSet<u8> = Kind::ALL.iter().map(|it| it.code()).collect();
        assert_eq!(codes.len(), Kind::ALL.len());
    }
}
