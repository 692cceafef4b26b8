//! What commands are told about a registry, and what that makes of settings.

use std::io::Read as _;
use std::path::PathBuf;

use crate::archive::oci::{
    Credential, DockerConfig, Reference, Registries, Settings, registry_host,
};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::dirs::Dirs;

/// Bytes of a password.
const MAX_PASSWORD: u64 = 64 << 10;

/// How to reach a registry, and as whom.
#[derive(Clone, Default, clap::Args)]
#[command(next_help_heading = "Registry options")]
pub(super) struct RegistryArgs {
    /// Registry of references that name none [env: WASH_REG_URL]
    #[arg(short, long, value_name = "HOST")]
    pub(super) registry: Option<String>,

    /// User at the registry [env: WASH_REG_USER]
    #[arg(short, long, value_name = "NAME")]
    pub(super) user: Option<String>,

    /// Password at the registry; others see it in the list of processes [env: WASH_REG_PASSWORD]
    #[arg(short, long, value_name = "PASSWORD")]
    pub(super) password: Option<String>,

    /// Read the password from stdin
    #[arg(long, conflicts_with = "password")]
    pub(super) password_stdin: bool,

    /// Reach the registry over plain HTTP
    #[arg(long)]
    pub(super) insecure: bool,

    /// Certificate authority to trust besides the platform's, PEM [env: WASH_OCI_CA_FILE]
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Vec<PathBuf>,
}

/// One of them is a password.
impl std::fmt::Debug for RegistryArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistryArgs")
            .field("registry", &self.registry)
            .field("user", &self.user)
            .field("insecure", &self.insecure)
            .finish_non_exhaustive()
    }
}

impl RegistryArgs {
    /// Settings for `reference`, which may be a registry alone.
    ///
    /// # Errors
    /// [`Kind::Usage`] for half of a login.
    pub(super) fn settings(
        &self,
        session: &Session,
        reference: &str,
    ) -> Result<Settings, CommandError> {
        Ok(Settings {
            credential: self.credential(session)?,
            logins: Dirs::logins(&session.env)
                .into_iter()
                .map(DockerConfig::new)
                .collect(),
            ..self.reach(session, reference)
        })
    }

    /// How to get there, without any login.
    pub(super) fn reach(&self, session: &Session, reference: &str) -> Settings {
        let env = &session.env;
        let default = self
            .registry
            .clone()
            .or_else(|| env.get("WASH_REG_URL").map(str::to_owned));
        let list = |names: &[&str]| -> Vec<String> {
            let text = names.iter().find_map(|it| env.get(it)).unwrap_or_default();
            let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            items.map(str::to_owned).collect()
        };
        let mut insecure = list(&["WASMCLOUD_OCI_ALLOWED_INSECURE", "OCI_ALLOWED_INSECURE"]);
        if self.insecure {
            let host = match Reference::parse(reference, default.as_deref()) {
                Ok(it) => Some(it.registry().to_owned()),
                Err(_) => registry_host(reference),
            };
            insecure.extend(host);
            // A registry alone reads as a repository of the default one.
            insecure.extend(registry_host(reference));
        }
        let mut ca_files = self.ca_file.clone();
        ca_files.extend(list(&["WASH_OCI_CA_FILE"]).into_iter().map(PathBuf::from));
        Settings {
            cache: session.dirs.as_ref().map(Dirs::pulled),
            insecure,
            default_registry: default,
            ca_files,
            ..Settings::default()
        }
    }

    /// # Errors
    /// As [`Self::settings`], and a file of certificates that cannot be used.
    pub(super) fn registries(
        &self,
        session: &Session,
        reference: &str,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Registries, CommandError> {
        let mut settings = self.settings(session, reference)?;
        change(&mut settings);
        Ok(Registries::new(settings)?)
    }

    /// The login that was given: for any registry by flags, for its own by the host's variables.
    fn credential(
        &self,
        session: &Session,
    ) -> Result<Option<(Option<String>, Credential)>, CommandError> {
        let env = &session.env;
        let typed = |flag: &Option<String>, name: &str| {
            flag.clone().or_else(|| env.get(name).map(str::to_owned))
        };
        let user = typed(&self.user, "WASH_REG_USER");
        let password = match self.password_stdin {
            true => Some(read_password()?),
            false => typed(&self.password, "WASH_REG_PASSWORD"),
        };
        match (user, password) {
            (Some(user), Some(password)) => {
                return Ok(Some((None, Credential::password(user, password))));
            }
            (Some(_), None) => {
                return Err(
                    CommandError::new(Kind::Usage, "there is a user without a password")
                        .hint("add --password-stdin, or log in once: wash reg login HOST"),
                );
            }
            (None, Some(_)) => {
                return Err(
                    CommandError::new(Kind::Usage, "there is a password without a user")
                        .hint("add --user NAME"),
                );
            }
            (None, None) => {}
        }
        let first = |names: [&str; 2]| names.into_iter().find_map(|it| env.get(it));
        let registry = first(["OCI_REGISTRY", "WASMCLOUD_OCI_REGISTRY"]);
        let user = first(["OCI_REGISTRY_USER", "WASMCLOUD_OCI_REGISTRY_USER"]);
        let password = first(["OCI_REGISTRY_PASSWORD", "WASMCLOUD_OCI_REGISTRY_PASSWORD"]);
        Ok(match (registry, user, password) {
            (Some(registry), Some(user), Some(password)) => Some((
                Some(registry.to_owned()),
                Credential::password(user, password),
            )),
            _ => None,
        })
    }
}

/// Docker's configuration of this user.
pub(super) fn docker(session: &Session) -> Option<DockerConfig> {
    Dirs::docker_config(&session.env).map(DockerConfig::new)
}

/// All of stdin, but for the newline at its end.
pub(in crate::cli) fn read_password() -> Result<String, CommandError> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(MAX_PASSWORD)
        .read_to_string(&mut text)
        .map_err(|error| {
            CommandError::new(Kind::General, "cannot read the password from stdin").because(error)
        })?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(CommandError::new(
            Kind::Usage,
            "the password on stdin is empty",
        ));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;

    fn settings(args: &RegistryArgs, reference: &str, env: &[(&str, &str)]) -> Settings {
        let env = Env::from_iter(env.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        let session = Session::sealed(env, None);
        args.settings(&session, reference).unwrap()
    }

    #[test]
    fn plain_http_is_for_the_registry_that_was_named() {
        let args = RegistryArgs {
            insecure: true,
            ..RegistryArgs::default()
        };
        let found = settings(&args, "localhost:5000/a:1", &[]).insecure;
        assert!(found.iter().all(|it| it == "localhost:5000"), "{found:?}");
        let found = settings(&args, "a:1", &[("WASH_REG_URL", "r.io:5000")]).insecure;
        assert!(found.contains(&"r.io:5000".to_owned()), "{found:?}");
        let env = [("OCI_ALLOWED_INSECURE", "a:1, b")];
        let found = settings(&RegistryArgs::default(), "x.io/a:1", &env).insecure;
        assert_eq!(found, ["a:1", "b"]);
    }

    #[test]
    fn flags_win_over_variables_and_each_is_for_its_registry() {
        let args = RegistryArgs {
            user: Some("flag".into()),
            password: Some("hunter2".into()),
            ..RegistryArgs::default()
        };
        assert!(!format!("{args:?}").contains("hunter2"));
        let host = [
            ("OCI_REGISTRY", "r.io"),
            ("OCI_REGISTRY_USER", "env"),
            ("OCI_REGISTRY_PASSWORD", "p"),
        ];
        let typed = Some((None, Credential::password("flag", "hunter2")));
        assert_eq!(settings(&args, "r.io/a:1", &host).credential, typed);
        let named = Some((Some("r.io".into()), Credential::password("env", "p")));
        let none = RegistryArgs::default();
        assert_eq!(settings(&none, "r.io/a:1", &host).credential, named);
        assert_eq!(settings(&none, "r.io/a:1", &host[1..]).credential, None);
        let session = Session::sealed(Env::default(), None);
        let half = RegistryArgs {
            user: Some("u".into()),
            ..RegistryArgs::default()
        };
        let error = half.settings(&session, "r.io/a:1").unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
    }
}
