//! What the doctor knows: plain values, so that verdicts can be tested without a broken machine.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::leaf::hubs::Finding;
use crate::config::running::Record;
use crate::lattice::ConnectError;
use crate::lattice::connect::UserJwt;
use crate::lattice::state::survey::{Census, Survey, SurveyError};
use crate::lattice::wire::HostSummary;
use crate::nats::monitor::Link;

/// Everything that was found. None is what could not be looked at, because of what failed before or for want of
/// time.
#[derive(Debug)]
pub(super) struct Facts {
    /// Seconds since the epoch, by our clock.
    pub(super) now: u64,
    pub(super) settings: Result<Settings, Trouble>,
    /// The state directory, and why it cannot be written.
    pub(super) state: Result<PathBuf, Trouble>,
    pub(super) exposed: Vec<Exposed>,
    /// What `wash up` starts, or what is wrong with it.
    pub(super) binary: Result<Program, String>,
    pub(super) addresses: Vec<Address>,
    /// What is on the port that `wash up` takes unless told otherwise.
    pub(super) usual_port: Port,
    /// Hosts that `wash up` runs here.
    pub(super) local: Vec<Record>,
    /// Of the credentials in use; none if they have no JWT.
    pub(super) jwt: Option<UserJwt>,
    /// Credentials that cannot be read.
    pub(super) unreadable: Option<String>,
    pub(super) server: Option<Result<Server, ConnectError>>,
    pub(super) jetstream: Option<Result<Survey, SurveyError>>,
    /// None where no domain is known.
    pub(super) census: Option<Census>,
    pub(super) leafs: Option<Leafs>,
    pub(super) hosts: Option<Result<Vec<HostSummary>, String>>,
    pub(super) clocks: Vec<Clock>,
}

/// What serves NATS where nobody does.
#[derive(Clone, Debug)]
pub(super) enum Program {
    NatsServer {
        path: PathBuf,
        version: String,
    },
    /// The settings ask for the one in wash.
    Embedded,
}

/// Something that went wrong, and what mends it.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) fix: Option<String>,
}

/// What was decided, for people to read.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) context: Option<String>,
    pub(super) server: String,
    pub(super) server_from: String,
    pub(super) lattice: String,
    pub(super) lattice_from: String,
    pub(super) js_domain: Option<String>,
    pub(super) credentials: String,
    pub(super) credentials_from: String,
    pub(super) login: Login,
}

/// What kind of credentials there are, as far as their risks differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Login {
    #[default]
    Anonymous,
    /// Proves itself by a signature.
    Signed,
    /// Sends its secret to the server.
    Secret,
}

/// A file with a secret that others may read.
#[derive(Clone, Debug)]
pub(super) struct Exposed {
    pub(super) path: PathBuf,
    /// Permission bits.
    pub(super) mode: u32,
    /// Commands refuse to use it so.
    pub(super) refused: bool,
}

/// One address of NATS.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// Without secrets.
    pub(super) url: String,
    /// Only this machine reaches it.
    pub(super) loopback: bool,
    pub(super) port: Port,
}

/// What is behind a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// A NATS server of this version.
    Nats(String),
    /// Nobody.
    Free,
    /// Something else.
    Other,
    Unreachable(String),
    /// It cannot be told without connecting: a websocket, or TLS from the first byte.
    Unasked,
}

/// The server that took our connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    /// Without secrets.
    pub(super) version: String,
    pub(super) domain: Option<String>,
    pub(super) tls: bool,
    pub(super) round_trip: Duration,
    /// Bytes.
    pub(super) max_payload: usize,
    /// It is about to stop.
    pub(super) leaving: bool,
}

/// Leaf links, as the server's monitoring tells them, and its hubs, tried by hand.
#[derive(Clone, Debug, Default)]
pub(super) struct Leafs {
    pub(super) monitor: String,
    /// Links that are up.
    pub(super) links: Vec<Link>,
    pub(super) hubs: Vec<Finding>,
    /// What is wrong with the links besides.
    pub(super) trouble: Option<Finding>,
    /// Why the hubs' credentials cannot be used.
    pub(super) unusable: Option<Trouble>,
}

impl Leafs {
    pub(super) fn is_broken(&self) -> bool {
        let mut findings = self.hubs.iter().chain(&self.trouble);
        self.unusable.is_some() || findings.any(Finding::is_failure)
    }
}

/// Another clock beside ours.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    pub(super) of: String,
    /// Milliseconds by which it is ahead of ours.
    pub(super) ahead: i64,
    /// Milliseconds that this may be wrong by.
    pub(super) uncertain: i64,
}
