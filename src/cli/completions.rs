//! `wash completions`: scripts for shells.

use std::path::PathBuf;

use clap_complete::Shell;
use serde_json::json;

use super::CommandResult;
use super::output::Sentence;
use super::report::{CommandError, Kind};
use super::session::Session;

/// Print a completion script for a shell
///
/// Load it from the shell's start file, as in `source <(wash completions bash)`, or save it where the shell
/// looks for completions.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    #[arg(value_enum)]
    shell: ShellName,

    /// Write the script into this directory, under the name that the shell expects
    #[arg(short, long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum ShellName {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "power-shell", alias = "pwsh")]
    PowerShell,
    Elvish,
}

impl From<ShellName> for Shell {
    fn from(name: ShellName) -> Self {
        match name {
            ShellName::Bash => Self::Bash,
            ShellName::Zsh => Self::Zsh,
            ShellName::Fish => Self::Fish,
            ShellName::PowerShell => Self::PowerShell,
            ShellName::Elvish => Self::Elvish,
        }
    }
}

impl CompletionsArgs {
    pub(crate) fn run(self, _session: &Session) -> CommandResult {
        let shell = Shell::from(self.shell);
        let script = script(shell);
        let Some(dir) = self.dir else {
            let fields = json!({ "shell": shell.to_string(), "script": script });
            return Ok(Box::new(Sentence::new(script, fields)));
        };
        let name = clap_complete::Generator::file_name(&shell, "wash");
        let path = dir.join(name);
        std::fs::create_dir_all(&dir)
            .and_then(|()| std::fs::write(&path, script))
            .map_err(|error| {
                let message = format!("cannot write {}", path.display());
                CommandError::new(Kind::General, message).because(error)
            })?;
        let fields = json!({ "shell": shell.to_string(), "path": path });
        let text = format!("wrote {}", path.display());
        Ok(Box::new(Sentence::new(text, fields)))
    }
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "wash", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
