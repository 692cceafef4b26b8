//! Where library errors meet their audience: kind, message, causes, hints and exit code.

use std::fmt;
use std::fmt::Write as _;

use crate::config::ConfigError;
use crate::config::connection::without_secrets;
use crate::config::layer::Source;
use crate::lattice::ConnectError;
use crate::lattice::control::ControlError;

use super::output::Answer;

/// What went wrong, as scripts tell it apart; the number is the exit code (`wash help exit-codes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    General = 1,
    Usage = 2,
    NotFound = 3,
    Auth = 4,
    Connect = 5,
    /// Nobody listens, or no host fits.
    NoResponders = 6,
    /// The outcome is unknown.
    Timeout = 7,
    /// Refused by a host, or invalid.
    Refused = 8,
    Ambiguous = 9,
    /// Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl Kind {
    /// Every kind, by exit code.
    pub(crate) const ALL: [Self; 11] = [
        Self::General,
        Self::Usage,
        Self::NotFound,
        Self::Auth,
        Self::Connect,
        Self::NoResponders,
        Self::Timeout,
        Self::Refused,
        Self::Ambiguous,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The exit code.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The name in documents.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Auth => "auth",
            Self::Connect => "connect",
            Self::NoResponders => "no_responders",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Ambiguous => "ambiguous",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// What it means, for `wash help exit-codes`.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::General => "it failed, and no other code fits",
            Self::Usage => "the command line is wrong",
            Self::NotFound => "a thing that was named does not exist",
            Self::Auth => "credentials are missing, wrong or not enough",
            Self::Connect => "NATS or a registry cannot be reached",
            Self::NoResponders => "nobody listens, or no host fits",
            Self::Timeout => "time ran out, and the outcome is unknown",
            Self::Refused => "refused by the other side, or not valid",
            Self::Ambiguous => "a name fits several things, or conflicts with one",
            Self::Interrupted => "ended by Ctrl-C",
            Self::Terminated => "ended by SIGTERM",
        }
    }
}

/// A failure on its way to the user.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    /// What failed, on what; no full stop.
    pub(crate) message: String,
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hints: Vec<String>,
    partial: Option<Partial>,
}

/// What was done before the failure.
struct Partial(Box<dyn Answer>);

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Partial").field(&self.0.fields()).finish()
    }
}

impl CommandError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            partial: None,
        }
    }

    /// Adds what a command of many steps did before it failed: its text is printed above the error, its fields
    /// join the document.
    pub(crate) fn after(mut self, answer: impl Answer + 'static) -> Self {
        self.partial = Some(Partial(Box::new(answer)));
        self
    }

    pub(crate) fn answer(&self) -> Option<&dyn Answer> {
        self.partial.as_ref().map(|it| it.0.as_ref())
    }

    /// For people: message, numbered causes, hints.
    pub(super) fn text(&self, color: bool) -> String {
        let paint = |code: &str, text: &str| {
            if color {
                format!("\x1b[{code}m{text}\x1b[0m")
            } else {
                text.to_owned()
            }
        };
        let message = printable(&self.message);
        let mut text = format!("{} {message}", paint("1;31", "error:"));
        for (number, cause) in self.causes.iter().enumerate() {
            let _ = write!(text, "\n  {}: {}", number + 1, printable(cause));
        }
        for hint in &self.hints {
            let _ = write!(text, "\n{} {}", paint("36", "hint:"), printable(hint));
        }
        text
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A one-shot command that a signal ended.
    pub(crate) fn interrupted(kind: Kind) -> Self {
        let signal = if kind == Kind::Terminated {
            "SIGTERM"
        } else {
            "Ctrl-C"
        };
        Self::new(
            kind,
            format!("ended by {signal}; what was asked may still happen"),
        )
    }

    /// Adds an error and everything beneath it as causes.
    pub(crate) fn because(mut self, error: impl std::error::Error) -> Self {
        self.causes.push(error.to_string());
        let mut source = error.source();
        while let Some(it) = source {
            self.causes.push(it.to_string());
            source = it.source();
        }
        self
    }
}

/// Peers' texts reach errors; terminal commands in them do nothing here.
fn printable(text: &str) -> String {
    let plain = |it: char| {
        if it.is_control() && it != '\n' {
            ' '
        } else {
            it
        }
    };
    text.trim().chars().map(plain).collect()
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

const START: &str = "start one with `wash up`, or name another with --server or --context";

impl From<ConnectError> for CommandError {
    fn from(error: ConnectError) -> Self {
        let (kind, hint) = match &error {
            ConnectError::BadUrl(_) => (
                Kind::Usage,
                "write nats://host:4222, tls://host:4222, ws://host:port or host:port",
            ),
            ConnectError::File { .. } => (Kind::Auth, "check the path and who may read it"),
            ConnectError::Dns(_) => (Kind::Connect, "check the name with --server or --context"),
            ConnectError::Refused(url) => {
                let url = without_secrets(url);
                return Self::new(Kind::Connect, format!("no NATS server answers at {url}"))
                    .because(error)
                    .hint(START);
            }
            ConnectError::Tls { .. } => (
                Kind::Connect,
                "trust the server's authority with --tls-ca, give a client certificate with \
                 --tls-cert and --tls-key, or use --tls-first if it expects TLS at once",
            ),
            ConnectError::Auth(_) => (
                Kind::Auth,
                "give credentials with --creds, --ctl-jwt and --ctl-seed, --nkey, --user and \
                 --password, --token, or a --context that has them",
            ),
            ConnectError::Timeout { .. } => (
                Kind::Connect,
                "check that it is a NATS address and that no firewall is between",
            ),
            ConnectError::Other { .. } => (Kind::Connect, "check the address"),
        };
        Self::new(kind, "cannot connect to NATS")
            .because(error)
            .hint(hint)
    }
}

impl From<ControlError> for CommandError {
    fn from(error: ControlError) -> Self {
        let (kind, hint) = match &error {
            ControlError::NoResponders { .. } => (
                Kind::NoResponders,
                "start a host with `wash up`, or choose another lattice with --lattice",
            ),
            ControlError::Timeout { .. } => (
                Kind::Timeout,
                "it may still happen; see `wash get inventory`, or allow more with --timeout",
            ),
            ControlError::BadAnswer { .. } => (
                Kind::General,
                "the host may be of a version that wash does not know; see `wash get hosts`",
            ),
            ControlError::Transport(_) => (Kind::Connect, "check that NATS is still there"),
        };
        Self::new(kind, error.to_string()).hint(hint)
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        match &error {
            ConfigError::UnknownContext { known, from, .. } => {
                let hint = if known.is_empty() {
                    "no contexts are known; name a file, or leave it out".to_owned()
                } else {
                    format!("known contexts: {}", known.join(", "))
                };
                let error = Self::new(Kind::NotFound, error.to_string())
                    .hint(hint)
                    .hint(format!("it was named by {from}"));
                if matches!(from, Source::File { .. }) {
                    return error.hint("choose another with `wash ctx use NAME`, or none: --none");
                }
                error
            }
            ConfigError::Malformed { .. } => {
                Self::new(Kind::Refused, error.to_string()).hint("mend the file, or name another")
            }
            ConfigError::Unreadable { reason, .. } => {
                let kind = match reason.kind() {
                    std::io::ErrorKind::NotFound => Kind::NotFound,
                    std::io::ErrorKind::PermissionDenied => Kind::Auth,
                    _ => Kind::General,
                };
                Self::new(kind, error.to_string()).hint("check the path and who may read it")
            }
            ConfigError::Half { missing, flag, .. } => Self::new(Kind::Usage, error.to_string())
                .hint(format!("add the {missing} with --{flag}")),
            ConfigError::BadValue { .. } => Self::new(Kind::Usage, error.to_string()),
            ConfigError::BadLine { .. } => Self::new(Kind::Refused, error.to_string())
                .hint("values with spaces or quotes inside need quotes around them"),
            ConfigError::Exposed { path } => Self::new(Kind::Auth, error.to_string()).hint(
                format!("keep it to yourself: chmod 600 '{}'", path.display()),
            ),
        }
    }
}
