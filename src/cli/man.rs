//! `wash man`: manual pages of every command, from the definitions that parse them.

use std::io;
use std::path::{Path, PathBuf};

use clap_mangen::Man;
use serde_json::json;

use super::CommandResult;
use super::output::Sentence;
use super::report::{CommandError, Kind};
use super::session::Session;

/// Print the manual page, or write those of every command into a directory
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    dir: Option<PathBuf>,
}

impl ManArgs {
    pub(crate) fn run(self, _session: &Session) -> CommandResult {
        let mut command = super::command();
        command.build();
        let Some(dir) = self.dir else {
            let page = render(command).map_err(|it| unwritten(Path::new("-"), it))?;
            let fields = json!({ "page": page });
            return Ok(Box::new(Sentence::new(page, fields)));
        };
        let mut pages = Vec::new();
        write(command, &dir, &mut pages).map_err(|it| unwritten(&dir, it))?;
        pages.sort();
        let text = format!("wrote {} pages to {}", pages.len(), dir.display());
        let fields = json!({ "dir": dir, "pages": pages });
        Ok(Box::new(Sentence::new(text, fields)))
    }
}

fn write(command: clap::Command, dir: &Path, pages: &mut Vec<String>) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let visible = command.get_subcommands().filter(|it| !it.is_hide_set());
    for subcommand in visible.cloned().collect::<Vec<_>>() {
        write(subcommand, dir, pages)?;
    }
    let name = Man::new(command.clone()).get_filename();
    std::fs::write(dir.join(&name), render(command)?)?;
    pages.push(name);
    Ok(())
}

fn render(command: clap::Command) -> io::Result<String> {
    let is_root = command.get_name() == "wash";
    let mut page = Vec::new();
    Man::new(command)
        .source("wash")
        .manual("wash manual")
        .render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    if is_root {
        page.push_str(".SH \"EXIT STATUS\"\n.TP\n\\fB0\\fR\ndone, or already so\n");
        for kind in Kind::ALL {
            let (code, meaning) = (kind.code(), kind.meaning());
            page.push_str(&format!(".TP\n\\fB{code}\\fR\n{meaning}\n"));
        }
    }
    Ok(page)
}

fn unwritten(path: &Path, error: io::Error) -> CommandError {
    let message = format!("cannot write manual pages to {}", path.display());
    CommandError::new(Kind::General, message).because(error)
}
