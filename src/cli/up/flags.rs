//! A flag for each setting of a host, made from the table of `config::host`.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::host::{DEFINITIONS, Definition, Form, Heading, Key};
use crate::config::layer::{Layer, Source};

/// What was typed. Variables and file are read elsewhere, so that each value is known by its source.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostFlags(pub(crate) Layer<Key>);

impl clap::Args for HostFlags {
    fn augment_args(command: Command) -> Command {
        command.args(DEFINITIONS.iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for HostFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(layer(matches, DEFINITIONS.iter())))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What was typed for these settings.
pub(crate) fn layer(
    matches: &ArgMatches,
    definitions: impl Iterator<Item = &'static Definition>,
) -> Layer<Key> {
    let mut layer = Layer::default();
    for definition in definitions {
        let values = matches.get_many::<String>(definition.flag);
        let values: Vec<&str> = values.into_iter().flatten().map(String::as_str).collect();
        // A comma separates the addresses of one hub.
        let separator = match definition.key {
            Key::LeafRemotes => " ",
            _ => ",",
        };
        if !values.is_empty() {
            let text = values.join(separator);
            layer.set(definition.key, text, Source::Flag(definition.flag));
        }
    }
    layer
}

/// The flag of a setting.
pub(crate) fn flag(definition: &'static Definition) -> Arg {
    let help = match definition.variables {
        [] => definition.about.to_owned(),
        names => format!("{} [env: {}]", definition.about, names.join(", ")),
    };
    let arg = Arg::new(definition.flag)
        .long(definition.flag)
        .help(help)
        .help_heading(heading(definition.heading))
        .hide_short_help(!is_common(definition.key));
    let arg = match definition.form {
        Form::Bool => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("BOOL"),
        Form::List => arg.action(ArgAction::Append).value_name(definition.value),
        Form::Text | Form::Number => arg.action(ArgAction::Set).value_name(definition.value),
    };
    match definition.key {
        Key::NatsKind => arg.value_parser([
            PossibleValue::new("auto"),
            PossibleValue::new("embedded"),
            PossibleValue::new("server").alias("nats-server"),
            PossibleValue::new("external"),
        ]),
        Key::Lattice => arg.short('x').alias("lattice-prefix"),
        Key::JsDomain => arg.alias("wasmcloud-js-domain"),
        Key::CtlTopicPrefix => arg.alias("ctl-prefix"),
        Key::LeafRemotes => arg.alias("nats-remote-url"),
        Key::LeafCreds => arg.aliases(["nats-credsfile", "leaf-creds"]),
        _ => arg,
    }
}

fn heading(heading: Heading) -> &'static str {
    match heading {
        Heading::Host => "Host options",
        Heading::Nats => "NATS options",
        Heading::Leaf => "Leaf node options",
        Heading::Connections => "Connection options",
        Heading::Policy => "Policy options",
        Heading::Limits => "Limits of actors",
    }
}

/// Those that `-h` shows; `--help` shows all.
fn is_common(key: Key) -> bool {
    matches!(
        key,
        Key::Lattice
            | Key::Name
            | Key::ClusterSeed
            | Key::AllowFileLoad
            | Key::AllowUnsigned
            | Key::NatsHost
            | Key::NatsPort
            | Key::NatsKind
            | Key::NatsConnectOnly
            | Key::NatsServer
            | Key::CtlCreds
            | Key::LeafRemotes
            | Key::LeafCreds
    )
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn parse(args: &[&str]) -> HostFlags {
        let command = HostFlags::augment_args(Command::new("up"));
        let args = std::iter::once("up").chain(args.iter().copied());
        let matches = command.try_get_matches_from(args).unwrap();
        HostFlags::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn flags_become_a_layer_that_knows_them() {
        let flags = parse(&[
            "-x",
            "mine",
            "--allow-latest",
            "--rpc-tls=false",
            "--cluster-issuers",
            "a,b",
        ]);
        let get = |key| flags.0.get(key).map(|it| it.value.as_str());
        assert_eq!(get(Key::Lattice), Some("mine"));
        assert_eq!(get(Key::AllowLatest), Some("true"));
        assert_eq!(get(Key::RpcTls), Some("false"));
        assert_eq!(get(Key::ClusterIssuers), Some("a,b"));
        assert_eq!(get(Key::Name), None);
        let source = flags.0.get(Key::Lattice).map(|it| it.source.clone());
        assert_eq!(source, Some(Source::Flag("lattice")));
    }

    #[test]
    fn repeated_lists_add_up() {
        let flags = parse(&["--allowed-insecure", "a", "--allowed-insecure", "b"]);
        let list = flags
            .0
            .get(Key::AllowedInsecure)
            .map(|it| it.value.as_str());
        assert_eq!(list, Some("a,b"));
    }
}
