//! Flags that many commands share.

use super::output::Format;

/// Flags of every command.
#[derive(Debug, clap::Args)]
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
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Never ask; fail and name the flag instead
    #[arg(long, global = true, alias = "non-interactive")]
    pub(crate) no_input: bool,
}
