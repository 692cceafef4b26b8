//! Everything a person sees; the only code that prints. It decides, calls and prints, and does not know how
//! anything works.

mod args;
mod call;
mod claims;
mod completions;
mod config_service;
mod ctl;
mod ctx;
mod doctor;
mod down;
mod drain;
mod guard;
mod help;
mod hub;
mod keys;
mod leaf;
mod local;
mod man;
mod nats;
mod output;
mod par;
mod policy;
mod reg;
mod report;
mod rule_file;
mod session;
mod signals;
mod spinner;
mod status;
mod table;
mod trace;
mod up;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::dirs::Dirs;
use crate::config::env::Env;

use output::{Answer, Format, Output};
use report::{CommandError, Kind};
use session::Session;
use trace::Logging;

/// What a command returns; [`output::Output`] prints it.
type CommandResult = Result<Box<dyn Answer>, CommandError>;

/// A whole wasmCloud lattice in one binary
#[derive(Debug, Parser)]
#[command(
    name = "wash",
    version,
    propagate_version = false,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "More: wash help COMMAND, wash help exit-codes, wash help environment, wash help formats"
)]
struct Cli {
    #[command(flatten)]
    global: args::Global,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(Box<up::UpArgs>),
    Down(down::DownArgs),
    Status(status::StatusArgs),
    /// Control a lattice; each verb also works without `ctl`
    #[command(subcommand)]
    Ctl(ctl::CtlCommand),
    #[command(flatten)]
    Verb(ctl::CtlCommand),
    Call(call::CallArgs),
    /// Name lattices and how to reach them
    #[command(subcommand)]
    Ctx(ctx::CtxCommand),
    Doctor(doctor::DoctorArgs),
    #[command(subcommand)]
    Leaf(leaf::LeafCommand),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(subcommand)]
    Claims(claims::ClaimsCommand),
    #[command(subcommand)]
    Par(par::ParCommand),
    #[command(subcommand)]
    Reg(reg::RegCommand),
    #[command(flatten)]
    Transfer(reg::TransferCommand),
    Inspect(claims::InspectArgs),
    Drain(drain::DrainArgs),
    #[command(subcommand)]
    Nats(nats::NatsCommand),
    #[command(subcommand)]
    Hub(hub::HubCommand),
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    #[command(subcommand)]
    ConfigService(config_service::ConfigServiceCommand),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Man(man::ManArgs),
    #[command(hide = true, name = guard::NAME)]
    Guard(guard::GuardArgs),
    Help(help::HelpArgs),
}

/// Runs one command line and returns its exit code (`wash help exit-codes`).
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = claims::expand_old_shorts(args.into_iter().collect());
    let args = leaf::expand_output(args);
    let env = Env::from_process();
    let parsed = command()
        .try_get_matches_from(&args)
        .and_then(|it| Cli::from_arg_matches(&it));
    ExitCode::from(match parsed {
        Ok(cli) => execute(cli, env),
        Err(error) => usage::tell(&error, &args, &env),
    })
}

/// The command tree. Help never shows values of variables: some are secrets.
fn command() -> clap::Command {
    fn hide_values(command: clap::Command) -> clap::Command {
        command
            .mut_args(|it| it.hide_env_values(true))
            .mut_subcommands(hide_values)
    }
    hide_values(Cli::command())
}

fn execute(cli: Cli, env: Env) -> u8 {
    let Cli { global, command } = cli;
    let output = Output::new(&global, &env);
    let session = Session {
        dirs: Dirs::find(&env),
        interactive: !global.no_input && output.can_ask() && env.get("CI").is_none(),
        logging: Logging::new(&global, &env, output.stderr_color),
        output,
        env,
    };
    let result = match refuse(&command, global.output) {
        Some(error) => Err(error),
        None => dispatch(command, &session),
    };
    session.output.result(result)
}

/// `-o name` of a command that names nothing is refused before it does anything.
fn refuse(command: &Command, format: Format) -> Option<CommandError> {
    let nameless = match command {
        Command::Completions(_) => "completions",
        Command::Man(_) => "man",
        Command::Help(_) => "help",
        _ => return None,
    };
    (format == Format::Name).then(|| {
        CommandError::new(
            Kind::Usage,
            format!("`wash {nameless}` has no names to print"),
        )
        .hint("use -o text or -o json")
    })
}

/// The commands that need no connection run without a runtime, so that they start no thread.
fn dispatch(command: Command, session: &Session) -> CommandResult {
    match command {
        Command::Ctx(it) => it.run(session),
        Command::Keys(it) => it.run(session),
        Command::Claims(it) => it.run(session),
        Command::Par(it) => it.run(session),
        Command::Reg(it) => it.run(session),
        Command::Transfer(it) => it.run(session),
        Command::Inspect(it) => it.run(session),
        Command::Drain(it) => it.run(session),
        Command::Nats(it) => it.run(session),
        Command::Hub(it) => it.run(session),
        Command::Policy(it) => it.run(session),
        Command::ConfigService(it) => it.run(session),
        Command::Completions(it) => it.run(session),
        Command::Man(it) => it.run(session),
        Command::Guard(it) => it.run(),
        Command::Help(it) => it.run(session),
        Command::Up(it) => it.run(session),
        Command::Leaf(it) => it.run(session),
        Command::Down(it) => session.run(it.run(session)),
        Command::Status(it) => session.run(it.run(session)),
        Command::Ctl(it) | Command::Verb(it) => session.run(it.run(session)),
        Command::Call(it) => session.run(it.run(session)),
        Command::Doctor(it) => session.run(it.run(session)),
    }
}
