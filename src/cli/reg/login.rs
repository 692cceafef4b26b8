//! `wash reg login` and `logout`: credentials of registries, kept where docker and other tools keep theirs.

use serde_json::json;

use crate::archive::oci::{Credential, DockerConfig, Registries, Stored, registry_host};
use crate::cli::CommandResult;
use crate::cli::output::Sentence;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::args::{RegistryArgs, docker, read_password};

/// Log in to a registry, for later commands and hosts
///
/// The login is tried, then kept in docker's configuration, which other tools share: by the credential helper
/// that it names, or in a file that only you can read. Logins of podman (auth.json) are used where docker's
/// configuration has none.
#[derive(Debug, clap::Args)]
pub(crate) struct LoginArgs {
    /// The registry: HOST or HOST:PORT
    #[arg(value_name = "REGISTRY")]
    host: String,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// Forget a registry's login
#[derive(Debug, clap::Args)]
pub(crate) struct LogoutArgs {
    /// The registry: HOST or HOST:PORT
    #[arg(value_name = "REGISTRY")]
    host: String,
}

impl LoginArgs {
    pub(super) fn run(mut self, session: &Session) -> CommandResult {
        let host = host(&self.host)?;
        let docker = needed(docker(session))?;
        let user = self.registry.user.take();
        let user = user.or_else(|| session.env.get("WASH_REG_USER").map(str::to_owned));
        let user = match user {
            Some(user) => user,
            None if session.interactive => session
                .output
                .ask(&format!("User at {host}:"))
                .map_err(|error| unread("user", error))?,
            None => return Err(missing("user", "--user NAME")),
        };
        let password = self.registry.password.take();
        let password = password.or_else(|| session.env.get("WASH_REG_PASSWORD").map(str::to_owned));
        let password = match password {
            _ if self.registry.password_stdin => read_password()?,
            Some(password) => password,
            None if session.interactive => ask_password(&host)?,
            None => return Err(missing("password", "--password-stdin")),
        };
        if user.is_empty() || password.is_empty() {
            return Err(CommandError::new(
                Kind::Usage,
                "user and password must not be empty",
            ));
        }
        session.run(self.log_in(session, host, docker, user, password))
    }

    async fn log_in(
        self,
        session: &Session,
        host: String,
        docker: DockerConfig,
        user: String,
        password: String,
    ) -> CommandResult {
        let mut settings = self.registry.reach(session, &host);
        let credential = Credential::password(user.clone(), password.clone());
        settings.credential = Some((None, credential));
        settings.logins.clear();
        let wanted = Registries::new(settings)?.login(&host).await?;
        if !wanted {
            session.output.warn(&format!(
                "{host} asks for no login, so user and password were not tried"
            ));
        }
        let stored = docker.store(&host, &user, &password).await?;
        let place = match &stored {
            Stored::File(path) => path.display().to_string(),
            Stored::Helper(name) => format!("docker-credential-{name}"),
        };
        let text = format!("logged in to {host} as {user}; kept in {place}");
        let fields = json!({
            "registry": host,
            "user": user,
            "kept_in": place,
            "tried": wanted,
        });
        Ok(Box::new(Sentence::new(text, fields).named(host)))
    }
}

impl LogoutArgs {
    pub(super) async fn run(self, session: &Session) -> CommandResult {
        let host = host(&self.host)?;
        let changed = needed(docker(session))?.erase(&host).await?;
        let text = match changed {
            true => format!("logged out of {host}"),
            false => format!("there was no login for {host}"),
        };
        let fields = json!({ "registry": host, "changed": changed });
        Ok(Box::new(Sentence::new(text, fields).named(host)))
    }
}

fn host(text: &str) -> Result<String, CommandError> {
    registry_host(text).ok_or_else(|| {
        CommandError::new(Kind::Usage, format!("'{text}' is not a registry"))
            .hint("name it as HOST or HOST:PORT")
    })
}

fn needed(docker: Option<DockerConfig>) -> Result<DockerConfig, CommandError> {
    docker.ok_or_else(|| {
        CommandError::new(
            Kind::General,
            "there is no home directory to keep logins in",
        )
        .hint("set DOCKER_CONFIG to a directory")
    })
}

fn missing(what: &str, flag: &str) -> CommandError {
    CommandError::new(
        Kind::Usage,
        format!("there is no {what}, and nobody can be asked"),
    )
    .hint(format!("give it with {flag}"))
}

fn unread(what: &str, error: std::io::Error) -> CommandError {
    CommandError::new(Kind::General, format!("cannot read the {what}")).because(error)
}

fn ask_password(host: &str) -> Result<String, CommandError> {
    let terminal = console::Term::stderr();
    terminal
        .write_str(&format!("Password at {host}: "))
        .and_then(|()| terminal.read_secure_line())
        .map_err(|error| unread("password", error))
}
