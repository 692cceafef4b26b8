//! What a command works with: decided settings, the output, and a runtime and connection on demand.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::config::auth::Auth;
use crate::config::connection::{Connection, without_secrets};
use crate::config::dirs::Dirs;
use crate::config::env::Env;
use crate::config::layer::Source;
use crate::lattice::connect::{ConnectOptions, Credentials, TlsOptions, connect};
use crate::lattice::control::{Control, ControlError};
use crate::lattice::{ConnectError, LatticeName};

use super::CommandResult;
use super::args::ConnectionArgs;
use super::output::{Answer, Output, Sentence};
use super::report::{CommandError, Kind};
use super::trace::Logging;

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) env: Env,
    /// None without a home directory.
    pub(crate) dirs: Option<Dirs>,
    pub(crate) output: Output,
    /// Prompts are allowed: stdin and stderr are terminals, and neither `--no-input` nor `CI` is set.
    pub(crate) interactive: bool,
    pub(crate) logging: Logging,
}

/// A lattice that a command talks to.
#[derive(Debug)]
pub(crate) struct Lattice {
    pub(crate) control: Control,
    pub(crate) client: async_nats::Client,
    pub(crate) name: LatticeName,
    pub(crate) settings: Connection,
    /// For the whole command, connecting included.
    pub(crate) timeout: Duration,
    /// Wait for the effect of a request, not only for its acknowledgement.
    pub(crate) wait: bool,
}

/// A server that has not answered by then will not; commands may wait far longer for hosts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Session {
    /// Decides where and how to connect, without connecting.
    pub(crate) fn settings(&self, args: &ConnectionArgs) -> Result<Connection, CommandError> {
        let settings = Connection::decide(args.layer(), &self.env, self.dirs.as_ref())?;
        for path in &settings.exposed {
            let path = path.display();
            self.output.warn(&format!(
                "{path} holds a secret and others may read it; mend it with: chmod 600 {path}"
            ));
        }
        Ok(settings)
    }

    /// Connects to the lattice that flags, environment and context name.
    pub(crate) async fn connect(&self, args: &ConnectionArgs) -> Result<Lattice, CommandError> {
        let settings = self.settings(args)?;
        let name: LatticeName = settings.lattice.value.parse().map_err(|error| {
            let source = &settings.lattice.source;
            CommandError::new(Kind::Usage, format!("the lattice of {source} is not valid"))
                .because(error)
        })?;
        let timeout = settings.timeout.value;
        let spinner = self
            .output
            .spinner(format!("connecting to NATS at {}", shown(&settings)));
        let client = connect(&options(&settings)).await;
        drop(spinner);
        let client = client.map_err(|error| unconnected(error, &settings))?;
        let prefix = settings.ctl_prefix.as_ref().map(|it| it.value.clone());
        Ok(Lattice {
            control: Control::new(client.clone(), name.clone(), prefix, timeout),
            client,
            name,
            timeout,
            wait: !args.no_wait,
            settings,
        })
    }

    /// Runs a future on a small runtime of its own.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread().enable_all().build();
        finish(runtime, future)
    }

    /// Runs a future with a thread for each core: for hosts.
    pub(crate) fn block_on_threads<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = Builder::new_multi_thread().enable_all().build();
        finish(runtime, future)
    }

    /// Runs a command that serves until Ctrl-C or SIGTERM, which are no failures, and logs what it does.
    pub(super) fn serve(&self, service: impl Future<Output = CommandResult>) -> CommandResult {
        self.logging.start("info")?;
        self.block_on(async {
            tokio::select! {
                biased;
                _ = interruption() => {
                    let stopped = serde_json::json!({"stopped": true});
                    Ok(Box::new(Sentence::new("stopped", stopped)) as Box<dyn Answer>)
                }
                result = service => result,
            }
        })
    }

    /// Runs a one-shot command, which Ctrl-C and SIGTERM end.
    pub(super) fn run(&self, command: impl Future<Output = CommandResult>) -> CommandResult {
        self.logging.start("warn")?;
        self.block_on(async {
            tokio::select! {
                // Signals first: from the command's first step on, none is missed.
                biased;
                kind = interruption() => Err(CommandError::interrupted(kind)),
                result = command => result,
            }
        })
    }
}

fn finish<T>(runtime: io::Result<Runtime>, future: impl Future<Output = T>) -> T {
    let runtime = runtime.expect("the system lets a process poll and keep time");
    let value = runtime.block_on(future);
    // A read of stdin cannot be cancelled; waiting for it would keep the process alive.
    runtime.shutdown_background();
    value
}

#[cfg(unix)]
async fn interruption() -> Kind {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Kind::Interrupted,
        _ = terminate.recv() => Kind::Terminated,
    }
}

#[cfg(not(unix))]
async fn interruption() -> Kind {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Kind::Interrupted,
        Err(_) => std::future::pending().await,
    }
}

/// A decided way to log in as the lattice's connection takes it.
pub(crate) fn credentials(auth: Auth) -> Credentials {
    match auth {
        Auth::Anonymous => Credentials::Anonymous,
        Auth::Creds(path) => Credentials::File(path),
        Auth::Jwt { jwt, seed } => Credentials::Jwt {
            jwt: jwt.reveal().to_owned(),
            seed,
        },
        Auth::Nkey(seed) => Credentials::Nkey(seed),
        Auth::UserPassword { user, password } => Credentials::UserPassword {
            user,
            password: password.reveal().to_owned(),
        },
        Auth::Token(token) => Credentials::Token(token.reveal().to_owned()),
    }
}

/// The settings as the lattice's connection takes them.
pub(crate) fn options(settings: &Connection) -> ConnectOptions {
    let tls = &settings.tls;
    ConnectOptions {
        urls: settings.urls.value.clone(),
        credentials: credentials(settings.auth.value.clone()),
        tls: TlsOptions {
            required: tls.ca.is_some() || tls.certificate.is_some() || tls.first.value,
            first: tls.first.value,
            ca: tls.ca.as_ref().map(|it| it.value.clone()),
            certificate: tls.certificate.as_ref().map(|it| it.value.clone()),
        },
        name: "wash".to_owned(),
        timeout: settings.timeout.value.min(CONNECT_TIMEOUT),
    }
}

/// A failure to connect, with where the address or the credentials came from.
fn unconnected(error: ConnectError, settings: &Connection) -> CommandError {
    let from = match &error {
        ConnectError::Auth(_) => {
            let auth = &settings.auth;
            match auth.source {
                Source::Default => "connected without credentials".to_owned(),
                _ => format!("used: {}, from {}", auth.value.describe(), auth.source),
            }
        }
        ConnectError::File { .. } => String::new(),
        _ => match &settings.urls.source {
            Source::Default => String::new(),
            source => format!("the address comes from {source}"),
        },
    };
    let error = CommandError::from(error);
    if from.is_empty() {
        error
    } else {
        error.hint(from)
    }
}

impl Lattice {
    /// Turns a failure of the control interface into one that names server and lattice.
    pub(crate) fn explain(&self, error: ControlError) -> CommandError {
        match error {
            ControlError::NoResponders { subject, .. } => {
                let server = self.server();
                let message = format!(
                    "connected to NATS at {server}, lattice '{}', but nobody listens",
                    self.name
                );
                let mut error = CommandError::new(Kind::NoResponders, message)
                    .hint("start a host with `wash up`, or choose another lattice with --lattice");
                error.causes.push(format!("no responders on {subject}"));
                error
            }
            error => error.into(),
        }
    }

    /// The server, for people to read.
    pub(crate) fn server(&self) -> String {
        shown(&self.settings)
    }
}

/// The addresses, for people to read.
fn shown(settings: &Connection) -> String {
    let urls = settings.urls.value.iter().map(|it| without_secrets(it));
    urls.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
impl Session {
    /// For tests: quiet, not interactive, text without colour, and only this environment.
    pub(crate) fn sealed(env: Env, dirs: Option<Dirs>) -> Self {
        use clap::Parser as _;

        let line = ["wash", "--quiet", "--no-input", "--color", "never", "help"];
        let global = super::Cli::try_parse_from(line).unwrap().global;
        Self {
            output: Output::new(&global, &env),
            logging: Logging::new(&global, &env, false),
            interactive: false,
            dirs,
            env,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect_to(args: ConnectionArgs) -> CommandError {
        let session = Session::sealed(Env::default(), None);
        session.block_on(session.connect(&args)).unwrap_err()
    }

    /// Nobody listens on the port of a service that is long gone.
    const NOWHERE: &str = "127.0.0.1:1";

    #[test]
    fn no_server_is_told_with_a_way_out() {
        let error = connect_to(ConnectionArgs {
            server: Some(format!("nats://ann:hunter2@{NOWHERE}")),
            ..ConnectionArgs::default()
        });
        assert_eq!(error.kind, Kind::Connect);
        let text = error.text(false);
        assert!(text.contains(NOWHERE) && text.contains("wash up"), "{text}");
        assert!(text.contains("--server"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn what_cannot_work_is_refused_before_connecting() {
        let name = connect_to(ConnectionArgs {
            lattice: Some("a.b".to_owned()),
            ..ConnectionArgs::default()
        });
        assert_eq!(name.kind, Kind::Usage);
        let half = connect_to(ConnectionArgs {
            user: Some("ann".to_owned()),
            ..ConnectionArgs::default()
        });
        assert_eq!(half.kind, Kind::Usage);
        assert!(half.text(false).contains("--password"));
        let context = connect_to(ConnectionArgs {
            context: Some("gone".to_owned()),
            ..ConnectionArgs::default()
        });
        assert_eq!(context.kind, Kind::NotFound);
        let creds = connect_to(ConnectionArgs {
            creds: Some("/nowhere/user.creds".into()),
            ..ConnectionArgs::default()
        });
        assert_eq!(creds.kind, Kind::Auth);
        assert!(creds.text(false).contains("/nowhere/user.creds"));
    }

    #[test]
    fn a_server_that_says_nothing_runs_into_the_deadline() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let error = connect_to(ConnectionArgs {
            server: Some(silent.local_addr().unwrap().to_string()),
            timeout: Some("200ms".to_owned()),
            ..ConnectionArgs::default()
        });
        assert_eq!(error.kind, Kind::Connect, "{error:?}");
    }
}
