//! An empty home for tests of commands that touch keys and files.

use std::path::Path;

use tempfile::TempDir;

use crate::cli::output::{Format, Page};
use crate::cli::session::Session;
use crate::config::dirs::Dirs;
use crate::config::env::Env;

#[derive(Debug)]
pub(in crate::cli) struct Home {
    directory: TempDir,
}

impl Home {
    pub(in crate::cli) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(in crate::cli) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.path().read_dir().unwrap().next().is_none()
    }

    /// A script's session: quiet, not interactive, with this home and user `tester`.
    pub(in crate::cli) fn session(&self) -> Session {
        let root = self.path();
        let env: Env = [("USER".to_owned(), "tester".to_owned())]
            .into_iter()
            .collect();
        let dirs = Dirs {
            config: root.join("config"),
            state: root.join("state"),
            cache: root.join("cache"),
            data: root.join("data"),
            contexts: None,
            legacy: Some(root.join(".wash")),
        };
        Session::sealed(env, Some(dirs))
    }
}

pub(in crate::cli) fn page() -> Page {
    Page {
        width: None,
        color: false,
        format: Format::Text,
    }
}
