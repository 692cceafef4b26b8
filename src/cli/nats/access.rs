//! Who may connect to the embedded server, and how: what was typed, made into what the server takes.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use crate::cli::reg::read_password;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;
use crate::config::Secret;
use crate::config::secret::read_one;
use crate::nats::embedded::{Auth, Credential, Tls};

/// Variables, below the flags.
const USER: &str = "WASH_NATS_SERVE_USER";
const PASSWORD: &str = "WASH_NATS_SERVE_PASSWORD";
const TOKEN: &str = "WASH_NATS_SERVE_TOKEN";

/// Who may connect. Without any of these everybody on this machine may, and nobody else.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Access options")]
pub(super) struct AccessArgs {
    /// User that may connect, with a password [env: WASH_NATS_SERVE_USER]
    #[arg(short, long, value_name = "NAME")]
    user: Option<String>,

    /// Password; others see it in the list of processes [env: WASH_NATS_SERVE_PASSWORD]
    #[arg(
        long,
        alias = "pass",
        value_name = "PASSWORD",
        value_parser = secret,
        conflicts_with_all = ["password_file", "password_stdin"]
    )]
    password: Option<Secret>,

    /// File with the password, which only you may read
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    password_file: Option<PathBuf>,

    /// Read the password from stdin
    #[arg(long)]
    password_stdin: bool,

    /// Token that clients may show; others see it in the list of processes
    /// [env: WASH_NATS_SERVE_TOKEN]
    #[arg(
        long,
        alias = "auth",
        value_name = "TOKEN",
        value_parser = secret,
        conflicts_with_all = ["token_file", "token_stdin"]
    )]
    token: Option<Secret>,

    /// File with the token, which only you may read
    #[arg(long, value_name = "FILE", conflicts_with = "token_stdin")]
    token_file: Option<PathBuf>,

    /// Read the token from stdin
    #[arg(long, conflicts_with = "password_stdin")]
    token_stdin: bool,

    /// Public nkey of a user that may connect, U…; may be repeated
    #[arg(long = "nkey", value_name = "KEY", value_parser = secret)]
    nkeys: Vec<Secret>,
}

/// How connections are encrypted.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "TLS options")]
pub(super) struct TlsArgs {
    /// Certificate of the server and what it was signed with, PEM; then every client needs TLS
    #[arg(long, value_name = "FILE", alias = "tlscert", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// Key of the certificate, PEM
    #[arg(long, value_name = "FILE", alias = "tlskey", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Clients must show a certificate that one of these authorities has signed, PEM
    #[arg(long, value_name = "FILE", alias = "tlscacert", requires = "tls_cert")]
    tls_ca: Option<PathBuf>,
}

/// Clap shows what it has parsed in no error of a secret.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// Who may connect, and what to say of it.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) auth: Auth,
    /// `user`, `token`, `nkey`: the kinds that are accepted.
    pub(super) kinds: Vec<&'static str>,
}

impl Access {
    /// Clients send a secret, which others on the way could read.
    pub(super) fn sends_secrets(&self) -> bool {
        self.kinds.iter().any(|it| matches!(*it, "user" | "token"))
    }
}

impl AccessArgs {
    /// Reads files and stdin.
    pub(super) fn read(&self, session: &Session) -> Result<Access, CommandError> {
        let variable = |name: &str| session.env.get(name).map(Secret::new);
        let given = |typed: &Option<Secret>, file: &Option<PathBuf>, stdin: bool, name: &str| {
            Ok::<_, CommandError>(match (typed, file) {
                (Some(it), _) => Some(it.clone()),
                (None, Some(path)) => Some(of_file(path)?),
                (None, None) if stdin => Some(Secret::new(read_password()?)),
                (None, None) => variable(name),
            })
        };
        let password = given(
            &self.password,
            &self.password_file,
            self.password_stdin,
            PASSWORD,
        )?;
        let token = given(&self.token, &self.token_file, self.token_stdin, TOKEN)?;
        let user = self.user.clone();
        let user = user.or_else(|| session.env.get(USER).map(str::to_owned));
        let mut accepted = Vec::new();
        let mut kinds = Vec::new();
        match (user, password) {
            (Some(name), Some(password)) => {
                let password = password.reveal().to_owned();
                accepted.push(Credential::User { name, password });
                kinds.push("user");
            }
            (Some(_), None) => {
                let message = "there is a user without a password";
                return Err(CommandError::new(Kind::Usage, message).hint(format!(
                    "add --password-file FILE, --password-stdin or {PASSWORD}"
                )));
            }
            (None, Some(_)) => {
                let message = "there is a password without a user";
                return Err(CommandError::new(Kind::Usage, message).hint("add --user NAME"));
            }
            (None, None) => {}
        }
        if let Some(token) = token {
            accepted.push(Credential::Token(token.reveal().to_owned()));
            kinds.push("token");
        }
        for key in &self.nkeys {
            accepted.push(Credential::Nkey(key.reveal().to_owned()));
        }
        if !self.nkeys.is_empty() {
            kinds.push("nkey");
        }
        let auth = Auth::new(accepted).map_err(|error| {
            let error = CommandError::new(Kind::Usage, error.to_string());
            match self.nkeys.is_empty() {
                true => error,
                false => {
                    error.hint("make a key with `wash keys gen user`, and name its public part")
                }
            }
        })?;
        Ok(Access { auth, kinds })
    }
}

impl TlsArgs {
    /// The files, if there are any.
    pub(super) fn tls(&self) -> Option<Tls> {
        Some(Tls {
            certificate: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
            client_ca: self.tls_ca.clone(),
        })
    }
}

fn of_file(path: &Path) -> Result<Secret, CommandError> {
    let secret = read_one(path)?;
    if secret.reveal().is_empty() {
        let message = format!("{} is empty", path.display());
        return Err(CommandError::new(Kind::Usage, message));
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::env::Env;

    fn read(args: AccessArgs, env: &[(&str, &str)]) -> Result<Access, CommandError> {
        let env = Env::from_iter(env.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        args.read(&Session::sealed(env, None))
    }

    #[test]
    fn nothing_is_shown_and_halves_are_refused() {
        let args = AccessArgs {
            user: Some("ada".into()),
            password: Some(Secret::new("hunter2")),
            ..AccessArgs::default()
        };
        assert!(!format!("{args:?}").contains("hunter2"));
        let access = read(args, &[(TOKEN, "t0ken")]).unwrap();
        assert_eq!(access.kinds, ["user", "token"]);
        assert!(access.sends_secrets());
        let half = AccessArgs {
            user: Some("ada".into()),
            ..AccessArgs::default()
        };
        assert_eq!(read(half.clone(), &[]).unwrap_err().kind, Kind::Usage);
        assert!(read(half, &[(PASSWORD, "p")]).is_ok());
        let lone = read(AccessArgs::default(), &[(PASSWORD, "p")]).unwrap_err();
        assert_eq!(lone.kind, Kind::Usage);
    }

    #[test]
    fn a_seed_in_place_of_a_key_is_not_quoted() {
        let seed = nkeys::KeyPair::new_user().seed().unwrap();
        let args = AccessArgs {
            nkeys: vec![Secret::new(seed.clone())],
            ..AccessArgs::default()
        };
        let error = read(args, &[]).unwrap_err();
        assert!(!format!("{error:?}").contains(&seed), "{error:?}");
        assert!(error.hints.iter().any(|it| it.contains("wash keys gen")));
    }
}
