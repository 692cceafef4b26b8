//! `wash leaf`: joining NATS servers, and with them lattices, over hubs.

mod bundle;
mod check;
mod config;
mod domain;
pub(crate) mod hubs;
pub(crate) mod links;
pub(crate) mod mend;
pub(crate) mod own;
pub(crate) mod passphrase;
mod proof;
pub(crate) mod remote;

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgMatches, Command, ValueEnum as _};

use super::CommandResult;
use super::output::Format;
use super::report::{CommandError, Kind};
use super::session::Session;
use super::up::flags::{flag, layer};
use crate::config::host::{DEFINITIONS, Definition, Heading, Key};
use crate::config::layer::Layer;

/// Join this machine to others over a hub: configuration, proof, and a bundle for the next machine
#[derive(Debug, clap::Subcommand)]
pub(crate) enum LeafCommand {
    Config(config::ConfigArgs),
    Check(Box<check::CheckArgs>),
    Bundle(bundle::BundleArgs),
}

impl LeafCommand {
    pub(crate) fn run(self, session: &Session) -> CommandResult {
        match self {
            Self::Config(it) => session.run(it.run(session)),
            Self::Check(it) => session.run(it.run(session)),
            Self::Bundle(it) => session.run(it.run(session)),
        }
    }
}

/// What was typed about hubs: the same settings as those of `wash up`.
#[derive(Clone, Debug, Default)]
pub(crate) struct HubFlags(pub(crate) Layer<Key>);

fn definitions() -> impl Iterator<Item = &'static Definition> {
    DEFINITIONS
        .iter()
        .filter(|it| it.heading == Heading::Leaf && it.key != Key::LeafOptional)
}

impl clap::Args for HubFlags {
    fn augment_args(command: Command) -> Command {
        command.args(definitions().map(|definition| {
            let arg = flag(definition).help_heading("Hub options");
            match definition.key {
                Key::LeafRemotes => arg.long("remote").alias("leaf-remote"),
                _ => arg,
            }
            .hide_short_help(false)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for HubFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(layer(matches, definitions())))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// `-o` is the format of the answer everywhere; where a file is written, it also names the file, unless it names a
/// format. To be applied to the whole command line before it is parsed.
pub(super) fn expand_output(args: Vec<OsString>) -> Vec<OsString> {
    let writes = args.windows(2).position(|it| {
        it.first().is_some_and(|it| it == "leaf")
            && it.get(1).is_some_and(|it| it == "config" || it == "bundle")
    });
    // Only flags and their values may come before it; otherwise it is another command.
    let is_value = |at: usize| {
        at > 0
            && args
                .get(at)
                .is_some_and(|it| it.as_encoded_bytes().starts_with(b"-"))
    };
    let plain = |at: &usize| !is_value(*at) && !is_value(*at - 1);
    let Some(first) = writes.filter(|it| !(1..*it).any(|at| plain(&at))) else {
        return args;
    };
    let is_format = |it: &str| Format::from_str(it, false).is_ok();
    let mut output = Vec::with_capacity(args.len());
    let mut args = args.into_iter().enumerate().peekable();
    while let Some((at, arg)) = args.next() {
        let text = arg.to_str().filter(|_| at > first);
        match text.and_then(|it| it.strip_prefix("-o")) {
            Some("") => {
                let is_file = |it: &OsString| !it.to_str().is_some_and(is_format);
                let file = args.next_if(|(_, it)| is_file(it));
                output.push(if file.is_some() { "--out".into() } else { arg });
                output.extend(file.map(|(_, it)| it));
            }
            Some(value) if !is_format(value.trim_start_matches('=')) => {
                output.push("--out".into());
                output.push(value.trim_start_matches('=').into());
            }
            _ => output.push(arg),
        }
    }
    output
}

/// Writes a file of the user's; one that is there is replaced only if that was asked for.
fn write(path: &Path, text: &str, secret: bool, force: bool) -> Result<(), CommandError> {
    use std::io::Write as _;
    let failed = |error: std::io::Error| {
        let message = format!("cannot write {}", path.display());
        CommandError::new(Kind::General, message).because(error)
    };
    if !force && path.exists() {
        let message = format!("{} is there already", path.display());
        return Err(CommandError::new(Kind::Ambiguous, message).hint("replace it with --force"));
    }
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    // Temporary files are 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    #[cfg(unix)]
    if !secret {
        use std::os::unix::fs::PermissionsExt as _;
        let open = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(open).map_err(failed)?;
    }
    let _ = secret;
    file.persist(path).map_err(|it| failed(it.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_o_names_a_file_unless_it_names_a_format() {
        for (line, expected) in [
            (
                "wash leaf bundle -o a.bundle",
                "wash leaf bundle --out a.bundle",
            ),
            (
                "wash leaf bundle -o json -o=b",
                "wash leaf bundle -o json --out b",
            ),
            (
                "wash -q leaf config -ocore.cfg -ojson",
                "wash -q leaf config --out core.cfg -ojson",
            ),
            (
                "wash -o json leaf config -o x",
                "wash -o json leaf config --out x",
            ),
            ("wash leaf check -o x", "wash leaf check -o x"),
            ("wash call leaf config -o x", "wash call leaf config -o x"),
        ] {
            let args = line.split(' ').map(OsString::from).collect();
            let output = expand_output(args);
            let output: Vec<_> = output.iter().map(|it| it.to_str().unwrap()).collect();
            assert_eq!(output.join(" "), expected);
        }
    }
}
