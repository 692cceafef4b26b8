//! Where keys are looked for and kept, and what is said when one cannot be had.

use std::path::{Path, PathBuf};

use crate::claims::keyfile::KeyFileError;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

/// Where keys are looked for and kept.
#[derive(Debug)]
pub(in crate::cli) struct KeyDirs {
    /// New keys go here.
    pub(in crate::cli) home: PathBuf,
    /// In the order in which they are searched.
    pub(in crate::cli) all: Vec<PathBuf>,
    /// Chosen by flag or variable.
    pub(in crate::cli) given: bool,
}

impl KeyDirs {
    /// A flag first, then `WASH_KEYS` and `WASH_KEYS_DIR`, then our own directory and that of older tools.
    pub(in crate::cli) fn find(
        session: &Session,
        given: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let variable = || {
            let env = &session.env;
            env.get("WASH_KEYS").or_else(|| env.get("WASH_KEYS_DIR"))
        };
        if let Some(given) = given.or_else(|| variable().map(Path::new)) {
            return Ok(Self {
                home: given.to_owned(),
                all: vec![given.to_owned()],
                given: true,
            });
        }
        let Some(dirs) = &session.dirs else {
            let message = "there is no home directory to keep keys in";
            let error = CommandError::new(Kind::General, message);
            return Err(error.hint("name one with --directory DIR, or set HOME or WASH_HOME"));
        };
        let mut all = vec![dirs.keys()];
        all.extend(dirs.legacy.iter().map(|it| it.join("keys")));
        Ok(Self {
            home: dirs.keys(),
            all,
            given: false,
        })
    }

    /// What to add to a suggested command so that it looks in the same place.
    pub(in crate::cli) fn flag(&self) -> String {
        if self.given {
            format!(" --directory '{}'", self.home.display())
        } else {
            String::new()
        }
    }
}

/// A key file's error as people and scripts see it.
pub(in crate::cli) fn key_file_error(error: KeyFileError) -> CommandError {
    let kind = match &error {
        KeyFileError::NotFound(_) => Kind::NotFound,
        KeyFileError::Exists(_) | KeyFileError::Invalid { .. } => Kind::Refused,
        KeyFileError::Exposed { .. } => Kind::Auth,
        KeyFileError::BadName(_) => Kind::Usage,
        KeyFileError::Io { .. } => Kind::General,
    };
    CommandError::new(kind, error.to_string())
}
