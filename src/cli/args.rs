//! Flags that many commands share.

use std::path::PathBuf;

use clap::ArgAction;

use crate::config::definition::Key;
use crate::config::layer::{Layer, Source};

use super::output::{ColorChoice, Format};
use super::trace::LogFormat;

/// Flags of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Output format
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        env = "WASH_OUTPUT"
    )]
    pub(crate) output: Format,

    /// Say only what was asked for, and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Say more; twice for much more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Never ask; fail and name the flag instead
    #[arg(long, global = true, alias = "non-interactive")]
    pub(crate) no_input: bool,

    /// When to colour output
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_short_help = true
    )]
    pub(crate) color: ColorChoice,

    /// What to log to stderr: off, error, warn, info, debug, trace, or a filter as in RUST_LOG
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "WASH_LOG_LEVEL",
        hide_short_help = true
    )]
    pub(crate) log_level: Option<String>,

    /// How log lines are written
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        env = "WASH_LOG_FORMAT",
        hide_short_help = true
    )]
    pub(crate) log_format: Option<LogFormat>,
}

/// Flags of every command that talks to a lattice.
///
/// Their variables are read by `config::connection`, below the flags and above the context, and are repeated
/// here for people; a test compares the two.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection options")]
pub(crate) struct ConnectionArgs {
    /// NATS addresses, comma-separated [env: WASH_NATS_URL, NATS_URL] [default: 127.0.0.1:4222]
    #[arg(
        short,
        long,
        value_name = "URL",
        alias = "nats-url",
        conflicts_with_all = ["ctl_host", "ctl_port"]
    )]
    pub(crate) server: Option<String>,

    /// NATS host, as older versions name it [env: WASMCLOUD_CTL_HOST, WASMCLOUD_RPC_HOST]
    #[arg(
        short = 'r',
        long,
        value_name = "HOST",
        alias = "rpc-host",
        hide_short_help = true
    )]
    pub(crate) ctl_host: Option<String>,

    /// NATS port, as older versions name it [env: WASMCLOUD_CTL_PORT, WASMCLOUD_RPC_PORT]
    #[arg(
        short = 'p',
        long,
        value_name = "PORT",
        alias = "rpc-port",
        hide_short_help = true
    )]
    pub(crate) ctl_port: Option<u16>,

    /// Name of the lattice [env: WASMCLOUD_LATTICE, WASMCLOUD_LATTICE_PREFIX] [default: default]
    #[arg(short = 'x', long, value_name = "NAME", alias = "lattice-prefix")]
    pub(crate) lattice: Option<String>,

    /// Context to take settings from, by name or file [env: WASH_CONTEXT, NATS_CONTEXT]
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// How long the whole command may take: 30s, 2m, bare numbers are seconds, 0 is forever
    /// [env: WASH_TIMEOUT] [default: 30s]
    #[arg(short, long, value_name = "TIME")]
    pub(crate) timeout: Option<String>,

    /// Return when the request is accepted, before its effect is seen
    #[arg(long, alias = "skip-wait")]
    pub(crate) no_wait: bool,

    /// NATS credentials file
    /// [env: WASMCLOUD_CTL_CREDSFILE, WASH_CTL_CREDS, NATS_CREDS, WASH_RPC_CREDS]
    #[arg(
        long,
        value_name = "FILE",
        aliases = ["ctl-credsfile", "rpc-credsfile"],
        hide_short_help = true
    )]
    pub(crate) creds: Option<PathBuf>,

    /// NATS user JWT, or a file with one; needs a seed [env: WASMCLOUD_CTL_JWT, WASMCLOUD_RPC_JWT]
    #[arg(long, value_name = "JWT", alias = "rpc-jwt", hide_short_help = true)]
    pub(crate) ctl_jwt: Option<String>,

    /// NATS user seed, or a file with one [env: WASMCLOUD_CTL_SEED, WASMCLOUD_RPC_SEED]
    #[arg(long, value_name = "SEED", alias = "rpc-seed", hide_short_help = true)]
    pub(crate) ctl_seed: Option<String>,

    /// NATS nkey seed, or a file with one [env: NATS_NKEY]
    #[arg(long, value_name = "SEED", hide_short_help = true)]
    pub(crate) nkey: Option<String>,

    /// NATS user name [env: NATS_USER]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) user: Option<String>,

    /// NATS password [env: NATS_PASSWORD]
    #[arg(long, value_name = "PASSWORD", hide_short_help = true)]
    pub(crate) password: Option<String>,

    /// NATS token [env: NATS_TOKEN]
    #[arg(long, value_name = "TOKEN", hide_short_help = true)]
    pub(crate) token: Option<String>,

    /// Certificate authority to trust, PEM [env: NATS_CA]
    #[arg(
        long,
        value_name = "FILE",
        aliases = ["tlsca", "ctl-tls-ca-file"],
        hide_short_help = true
    )]
    pub(crate) tls_ca: Option<PathBuf>,

    /// Client certificate, PEM [env: NATS_CERT]
    #[arg(long, value_name = "FILE", alias = "tlscert", hide_short_help = true)]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Key of the client certificate, PEM [env: NATS_KEY]
    #[arg(long, value_name = "FILE", alias = "tlskey", hide_short_help = true)]
    pub(crate) tls_key: Option<PathBuf>,

    /// Begin TLS before the server speaks [env: NATS_TLS_FIRST]
    #[arg(long, aliases = ["tlsfirst", "ctl-tls-first"], hide_short_help = true)]
    pub(crate) tls_first: bool,

    /// JetStream domain of the lattice's state [env: WASMCLOUD_JS_DOMAIN]
    #[arg(long, value_name = "DOMAIN", hide_short_help = true)]
    pub(crate) js_domain: Option<String>,

    /// First part of control subjects [env: WASMCLOUD_CTL_TOPIC_PREFIX] [default: wasmbus.ctl]
    #[arg(
        long,
        value_name = "PREFIX",
        alias = "ctl-topic-prefix",
        hide_short_help = true
    )]
    pub(crate) ctl_prefix: Option<String>,

    /// Older spellings of `--timeout`, added up [env: WASMCLOUD_CTL_TIMEOUT_MS, WASMCLOUD_RPC_TIMEOUT_MS]
    #[arg(
        long,
        value_name = "MS",
        aliases = ["ack-timeout-ms", "auction-timeout-ms", "rpc-timeout-ms"],
        hide = true
    )]
    pub(crate) timeout_ms: Vec<u64>,
}

impl ConnectionArgs {
    /// What was typed, as the strongest layer of settings.
    pub(crate) fn layer(&self) -> Layer<Key> {
        let mut layer = Layer::default();
        let path = |it: &Option<PathBuf>| it.as_ref().map(|it| it.to_string_lossy().into_owned());
        // Waits came one after the other in older versions; now they share one deadline.
        let sum = self
            .timeout_ms
            .iter()
            .fold(0u64, |sum, it| sum.saturating_add(*it));
        let sum = (!self.timeout_ms.is_empty()).then(|| sum.to_string());
        let values = [
            (Key::Server, "server", self.server.clone()),
            (Key::Host, "ctl-host", self.ctl_host.clone()),
            (
                Key::Port,
                "ctl-port",
                self.ctl_port.map(|it| it.to_string()),
            ),
            (Key::Lattice, "lattice", self.lattice.clone()),
            (Key::Context, "context", self.context.clone()),
            (Key::Timeout, "timeout", self.timeout.clone()),
            (Key::TimeoutMs, "timeout-ms", sum),
            (Key::Creds, "creds", path(&self.creds)),
            (Key::Jwt, "ctl-jwt", self.ctl_jwt.clone()),
            (Key::Seed, "ctl-seed", self.ctl_seed.clone()),
            (Key::Nkey, "nkey", self.nkey.clone()),
            (Key::User, "user", self.user.clone()),
            (Key::Password, "password", self.password.clone()),
            (Key::Token, "token", self.token.clone()),
            (Key::TlsCa, "tls-ca", path(&self.tls_ca)),
            (Key::TlsCert, "tls-cert", path(&self.tls_cert)),
            (Key::TlsKey, "tls-key", path(&self.tls_key)),
            (
                Key::TlsFirst,
                "tls-first",
                self.tls_first.then(|| "true".to_owned()),
            ),
            (Key::JsDomain, "js-domain", self.js_domain.clone()),
            (Key::CtlPrefix, "ctl-prefix", self.ctl_prefix.clone()),
        ];
        for (key, flag, value) in values {
            if let Some(value) = value {
                layer.set(key, value, Source::Flag(flag));
            }
        }
        layer
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, CommandFactory as _};

    use super::*;
    use crate::config::definition::DEFINITIONS;

    #[test]
    fn help_names_every_variable_of_a_flag() {
        let command = ConnectionArgs::augment_args(clap::Command::new("x"));
        for definition in DEFINITIONS {
            let arg = command
                .get_arguments()
                .find(|it| it.get_long() == Some(definition.flag));
            let Some(arg) = arg else {
                assert_eq!(definition.key, Key::ClusterSeed);
                continue;
            };
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let listed = format!("[env: {}]", definition.variables.join(", "));
            assert!(help.contains(&listed), "{}: {help}", definition.flag);
        }
    }

    #[test]
    fn every_command_is_well_formed() {
        super::super::Cli::command().debug_assert();
    }
}
