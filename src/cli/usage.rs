//! Command lines that end before a command runs: help, version, and what clap refuses.

use std::ffi::OsString;

use clap::ValueEnum as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde_json::json;

use crate::config::env::Env;

use super::nats::lacks;
use super::output::{ColorChoice, Format, Output, Sentence};
use super::report::{CommandError, Kind};

/// Says what clap has to say, in the format that was asked for; returns the exit code.
pub(super) fn tell(error: &clap::Error, args: &[OsString], env: &Env) -> u8 {
    let output = Output::early(format(args, env), color(args), env);
    let rendered = error.render();
    let plain = rendered.to_string();
    match error.kind() {
        ErrorKind::DisplayHelp => {
            let text = if output.page.color {
                rendered.ansi().to_string()
            } else {
                plain.clone()
            };
            let fields = json!({ "help": plain.trim_end() });
            output.result(Ok(Box::new(Sentence::new(text.trim_end(), fields))))
        }
        ErrorKind::DisplayVersion => {
            let fields = json!({ "name": "wash", "version": env!("CARGO_PKG_VERSION") });
            output.result(Ok(Box::new(Sentence::new(plain.trim_end(), fields))))
        }
        kind => {
            if let Some(error) = lacking(error, args) {
                return output.refusal(&error, &error.text(output.stderr_color));
            }
            let text = if output.stderr_color {
                rendered.ansi().to_string()
            } else {
                plain.clone()
            };
            output.refusal(&explain(kind, &plain), text.trim_end())
        }
    }
}

/// A refusal as an error of ours: its first paragraph is the message, the tips are hints.
fn explain(kind: ErrorKind, plain: &str) -> CommandError {
    if kind == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return CommandError::new(Kind::Usage, "a command is missing").hint("see `wash --help`");
    }
    let mut paragraphs = plain.split("\n\n").map(str::trim);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = words(paragraphs.next().unwrap_or_default());
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let mut error = CommandError::new(Kind::Usage, message);
    for paragraph in paragraphs {
        for tip in paragraph.split("tip: ").skip(1) {
            error = error.hint(words(tip));
        }
    }
    error.hint("see `wash --help`")
}

/// A flag of nats-server where the embedded server was asked for.
fn lacking(error: &clap::Error, args: &[OsString]) -> Option<CommandError> {
    let mut words = args.iter().skip(1).filter_map(|it| it.to_str());
    let serves = words.any(|it| it == "nats") && words.next() == Some("serve");
    if !serves || error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(it) => lacks::refusal(it),
        _ => None,
    }
}

/// The format that the arguments ask for, though they do not parse.
fn format(args: &[OsString], env: &Env) -> Format {
    let given = value_of(args, "-o", "--output");
    given
        .as_deref()
        .or_else(|| env.get("WASH_OUTPUT"))
        .and_then(|it| Format::from_str(it, false).ok())
        .unwrap_or_default()
}

fn color(args: &[OsString]) -> ColorChoice {
    value_of(args, "--color", "--color")
        .and_then(|it| ColorChoice::from_str(&it, false).ok())
        .unwrap_or_default()
}

/// The value of a flag, as `-o x`, `-ox`, `-o=x`, `--output x` or `--output=x`; the last one counts.
fn value_of(args: &[OsString], short: &str, long: &str) -> Option<String> {
    let mut found = None;
    let mut args = args
        .iter()
        .skip(1)
        .map(|it| it.to_string_lossy())
        .take_while(|it| it != "--");
    while let Some(arg) = args.next() {
        if arg == short || arg == long {
            found = args.next().map(|it| it.into_owned());
        } else if let Some(rest) = arg.strip_prefix(long).and_then(|it| it.strip_prefix('=')) {
            found = Some(rest.to_owned());
        } else if let Some(rest) = arg.strip_prefix(short).filter(|_| !arg.starts_with("--")) {
            found = Some(rest.trim_start_matches('=').to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &str, expected: Format) {
        let args: Vec<OsString> = args.split(' ').map(OsString::from).collect();
        assert_eq!(format(&args, &Env::default()), expected, "{args:?}");
    }

    #[test]
    fn the_format_is_found_in_lines_that_do_not_parse() {
        check("wash", Format::Text);
        check("wash nonsense -o json", Format::Json);
        check("wash -ojson nonsense", Format::Json);
        check("wash -o=yaml nonsense", Format::Yaml);
        check("wash --output=json --bad", Format::Json);
        check("wash --output yaml --output json", Format::Json);
        check("wash -- -o json", Format::Text);
        check("wash -o", Format::Text);
        check("wash -o nonsense", Format::Text);
    }

    #[test]
    fn the_variable_gives_way_to_the_flag() {
        let env = Env::from_iter([("WASH_OUTPUT".to_owned(), "json".to_owned())]);
        let args = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(format(&args("wash x"), &env), Format::Json);
        assert_eq!(format(&args("wash -o yaml x"), &env), Format::Yaml);
    }

    #[test]
    fn refusals_become_message_and_hints() {
        let error = explain(
            ErrorKind::UnknownArgument,
            "error: unexpected argument '--foo' found\n\n  tip: a similar one exists: '--for'\n\n\
             Usage: wash x\n\nFor more information, try '--help'.\n",
        );
        assert_eq!(error.message, "unexpected argument '--foo' found");
        assert_eq!(
            error.hints,
            ["a similar one exists: '--for'", "see `wash --help`"]
        );
    }
}
