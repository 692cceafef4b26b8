//! Everything a person sees; the only code that prints. It decides, calls and prints, and does not know how
//! anything works.

mod args;
mod call;
mod claims;
mod completions;
mod ctl;
mod down;
mod help;
mod keys;
mod man;
mod output;
mod report;
mod session;
mod status;
mod trace;
mod up;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::Answer;
use report::CommandError;
use session::Session;

/// What a command returns; [`output::Output`] prints it.
type CommandResult = Result<Box<dyn Answer>, CommandError>;

/// A whole wasmCloud lattice in one binary
#[derive(Debug, Parser)]
#[command(
    name = "wash",
    version,
    propagate_version = false,
    disable_help_subcommand = true
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
    #[command(subcommand)]
    Ctl(ctl::CtlCommand),
    #[command(flatten)]
    Verb(ctl::CtlCommand),
    Call(call::CallArgs),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(subcommand)]
    Claims(claims::ClaimsCommand),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Man(man::ManArgs),
    Help(help::HelpArgs),
}

/// Runs one command line and returns its exit code (`wash help exit-codes`).
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = args;
    todo!()
}

/// The commands that need no connection run without a runtime, so that they start no thread.
fn dispatch(command: Command, session: &Session) -> CommandResult {
    match command {
        Command::Keys(it) => it.run(session),
        Command::Claims(it) => it.run(session),
        Command::Completions(it) => it.run(session),
        Command::Man(it) => it.run(session),
        Command::Help(it) => it.run(session),
        Command::Up(it) => it.run(session),
        Command::Down(it) => session.run(it.run(session)),
        Command::Status(it) => session.run(it.run(session)),
        Command::Ctl(it) | Command::Verb(it) => session.run(it.run(session)),
        Command::Call(it) => session.run(it.run(session)),
    }
}
