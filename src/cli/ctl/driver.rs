//! One command's work on a lattice: what is there, what became of a request, one deadline for all of it.
//!
//! [`Driver`] is what commands share; who is meant is in [`super::lookup`], its verbs stand in the files of their
//! commands. Requests and answers are [`crate::lattice::control`]'s business.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::wait;
use crate::cli::output::Output;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::{Lattice, Session};
use crate::cli::spinner::Spinner;
use crate::lattice::artifact::Artifacts;
use crate::lattice::control::{Control, ControlError};
use crate::lattice::event;
use crate::lattice::wire::{Ack, HostInventory, HostSummary, Map};

/// A host that has answered a ping and is not heard from by then is passed over.
const INVENTORY_LIMIT: Duration = Duration::from_secs(3);
/// Hosts acknowledge at once, but for the oldest ones' updates.
pub(super) const ACK_LIMIT: Duration = Duration::from_secs(8);
/// How many hosts are asked at a time.
const ASK_AT_ONCE: usize = 64;

/// Does on one lattice what a command asks. Answers of the lattice are kept for the length of the command.
#[derive(Debug)]
pub(in crate::cli) struct Driver<'a> {
    control: Control,
    /// Artifact stores by JetStream domain.
    pub(super) stores: Arc<Mutex<BTreeMap<Option<String>, Artifacts>>>,
    /// For people to read.
    server: String,
    pub(super) output: &'a Output,
    /// For all of the work.
    pub(super) timeout: Duration,
    /// Wait for the effect of a request, not only for its acknowledgement.
    pub(super) wait: bool,
    /// Shows that it waits.
    spins: bool,
    /// Taken for granted where no host is named.
    pub(super) home: Option<String>,
    begun: Instant,
    hosts: OnceCell<Vec<HostSummary>>,
    inventories: OnceCell<Vec<HostInventory>>,
    claims: OnceCell<Vec<Map>>,
}

/// What came back for a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Acknowledged {
    Yes,
    /// Nothing in time; what was asked may happen all the same.
    Silent,
}

impl<'a> Driver<'a> {
    pub(in crate::cli) fn new(session: &'a Session, lattice: &Lattice) -> Self {
        Self {
            wait: lattice.wait,
            ..Self::over(
                lattice.control.clone(),
                lattice.server(),
                lattice.timeout,
                &session.output,
            )
        }
    }

    /// Waits for what it does; `server` is for people to read.
    pub(in crate::cli) fn over(
        control: Control,
        server: String,
        timeout: Duration,
        output: &'a Output,
    ) -> Self {
        Self {
            control,
            stores: Arc::default(),
            server,
            output,
            timeout,
            wait: true,
            spins: true,
            home: None,
            begun: Instant::now(),
            hosts: OnceCell::new(),
            inventories: OnceCell::new(),
            claims: OnceCell::new(),
        }
    }

    /// Uses `host` wherever no host is named.
    pub(in crate::cli) fn at_home(mut self, host: impl Into<String>) -> Self {
        self.home = Some(host.into());
        self
    }

    /// The same work with nothing kept of what the lattice said so far.
    pub(super) fn renewed(&self) -> Self {
        Self {
            control: self.control.clone(),
            stores: Arc::clone(&self.stores),
            server: self.server.clone(),
            output: self.output,
            timeout: self.timeout,
            wait: self.wait,
            spins: self.spins,
            home: self.home.clone(),
            begun: self.begun,
            hosts: OnceCell::new(),
            inventories: OnceCell::new(),
            claims: OnceCell::new(),
        }
    }

    /// The same without a sign of life, for a part of something larger that gives one.
    pub(super) fn silent(&self) -> Self {
        Self {
            spins: false,
            ..self.renewed()
        }
    }

    pub(super) fn control(&self) -> &Control {
        &self.control
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.begun + self.timeout
    }

    pub(super) fn explain(&self, error: ControlError) -> CommandError {
        match error {
            ControlError::NoResponders { subject, .. } => {
                let mut error = self.nobody();
                error.causes.push(format!("no responders on {subject}"));
                error
            }
            error => error.into(),
        }
    }

    /// Every host that answers.
    pub(super) async fn hosts(&self) -> Result<&[HostSummary], CommandError> {
        let hosts = self.hosts.get_or_try_init(|| async {
            let control = self.control();
            control.hosts(control.patience(self.timeout)).await
        });
        hosts
            .await
            .map(Vec::as_slice)
            .map_err(|it| self.explain(it))
    }

    /// Every host that answers; none at all is an error.
    pub(super) async fn some_hosts(&self) -> Result<&[HostSummary], CommandError> {
        let hosts = self.hosts().await?;
        if hosts.is_empty() {
            return Err(self.nobody());
        }
        Ok(hosts)
    }

    fn nobody(&self) -> CommandError {
        let (server, lattice) = (&self.server, self.control.lattice());
        CommandError::new(
            Kind::NoResponders,
            format!("no host answers in lattice '{lattice}' at {server}"),
        )
        .hint("start a host with `wash up`, or choose another lattice with --lattice")
    }

    /// What runs on every host that answers.
    pub(super) async fn inventories(&self) -> Result<&[HostInventory], CommandError> {
        let inventories = self.inventories.get_or_try_init(|| async {
            let ids = self.hosts().await?.iter().map(|it| it.id.clone());
            Ok(self.ask_inventories(ids.collect()).await)
        });
        inventories.await.map(Vec::as_slice)
    }

    /// The inventories of these hosts, in the same order. One that does not answer is warned of and left out.
    pub(super) async fn ask_inventories(&self, ids: Vec<String>) -> Vec<HostInventory> {
        let answers: Vec<_> = stream::iter(ids)
            .map(|id| async move {
                let answer = self.glance(&id).await;
                (id, answer)
            })
            .buffered(ASK_AT_ONCE)
            .collect()
            .await;
        let mut inventories = Vec::new();
        for (id, answer) in answers {
            match answer {
                Ok(inventory) => inventories.push(inventory),
                Err(error) => self
                    .output
                    .warn(&format!("host {id} did not give its inventory: {error}")),
            }
        }
        inventories
    }

    /// One host's inventory, asked for a short while only.
    pub(super) async fn glance(&self, host: &str) -> Result<HostInventory, ControlError> {
        let limit = INVENTORY_LIMIT.min(self.timeout);
        match tokio::time::timeout(limit, self.control().inventory(host)).await {
            Ok(answer) => answer,
            Err(_) => Err(ControlError::Timeout {
                subject: format!("the inventory of {host}"),
                timeout: limit,
            }),
        }
    }

    /// The inventory of a host that must be there.
    ///
    /// # Errors
    /// [`Kind::NotFound`] when nobody has this id.
    pub(super) async fn inventory(&self, host: &str) -> Result<HostInventory, CommandError> {
        match self.glance(host).await {
            Ok(inventory) => Ok(inventory),
            // Somebody who listens to everything hides that nobody answers.
            Err(ControlError::Timeout { .. })
                if !self.hosts().await?.iter().any(|it| it.id == host) =>
            {
                Err(self.no_such_host(host))
            }
            Err(error) => Err(self.host_error(host, error)),
        }
    }

    fn no_such_host(&self, host: &str) -> CommandError {
        CommandError::new(
            Kind::NotFound,
            format!("host {host} is not in lattice '{}'", self.control.lattice()),
        )
        .hint("`wash get hosts` lists those that are")
    }

    /// A failed request to one host: nobody on its subjects means that it is not there.
    pub(super) fn host_error(&self, host: &str, error: ControlError) -> CommandError {
        match error {
            ControlError::NoResponders { .. } => self.no_such_host(host),
            error => self.explain(error),
        }
    }

    /// Claims of everything that ever ran; empty where nobody can be asked.
    pub(super) async fn claims(&self) -> &[Map] {
        let claims = self.claims.get_or_init(|| async {
            let limit = INVENTORY_LIMIT.min(self.timeout);
            let answer = tokio::time::timeout(limit, self.control().claims()).await;
            answer.ok().and_then(Result::ok).unwrap_or_default()
        });
        claims.await
    }

    /// Waits a while for the acknowledgement of `what`, such as "start x on host y". Old hosts give some only
    /// when the work is done, and what happens shows without it.
    ///
    /// # Errors
    /// [`Kind::Refused`] with the host's reason, or [`Kind::NotFound`] when the host is not there.
    pub(super) async fn acknowledged(
        &self,
        host: &str,
        what: &str,
        request: impl Future<Output = Result<Ack, ControlError>>,
    ) -> Result<Acknowledged, CommandError> {
        let limit = ACK_LIMIT.min(self.timeout);
        match tokio::time::timeout(limit, request).await {
            Ok(Ok(ack)) => accepted(what, ack).map(|()| Acknowledged::Yes),
            Err(_) | Ok(Err(ControlError::Timeout { .. })) => Ok(Acknowledged::Silent),
            Ok(Err(error)) => Err(self.host_error(host, error)),
        }
    }

    /// Follows the lattice's events; begun before a request, so that none is missed.
    pub(super) async fn follow(
        &self,
    ) -> Result<stream::BoxStream<'static, event::Event>, CommandError> {
        event::follow(self.control.client(), self.control.lattice())
            .await
            .map_err(|error| {
                CommandError::new(Kind::Connect, "cannot follow the lattice's events")
                    .because(error)
            })
    }

    /// A sign of life, unless something larger gives one.
    pub(super) fn spinner(&self, text: String) -> Option<Spinner> {
        self.spins.then(|| self.output.spinner(text))
    }

    /// Waits for `goal` on `host`; `look` reads it from the host's inventory. None if only events tell of it.
    ///
    /// # Errors
    /// [`Kind::Refused`] with the reason of a failure, or [`Kind::Timeout`].
    pub(super) async fn reach<T>(
        &self,
        host: &str,
        what: &str,
        goal: &wait::Goal,
        events: stream::BoxStream<'static, event::Event>,
        look: impl Fn(&HostInventory) -> Option<T>,
    ) -> Result<Option<T>, CommandError> {
        let _spinner = self.spinner(format!("waiting to {what}"));
        let look = &look;
        let gone_is_reached = matches!(goal, wait::Goal::HostStopped);
        let outcome = wait::until(
            events,
            |event| goal.judge(host, event),
            Some(self.deadline()),
            || async move {
                match self.glance(host).await {
                    Ok(inventory) => match look(&inventory) {
                        Some(state) => wait::Look::Reached(Some(state)),
                        None => wait::Look::NotYet,
                    },
                    Err(ControlError::NoResponders { .. }) if gone_is_reached => {
                        wait::Look::Reached(None)
                    }
                    Err(_) => wait::Look::Blind,
                }
            },
        )
        .await;
        match outcome {
            wait::Outcome::Reached(state) => Ok(state),
            wait::Outcome::Told => Ok(None),
            wait::Outcome::Failed(reason) => Err(failed(what, &reason)),
            wait::Outcome::Unknown => Err(CommandError::new(
                Kind::Timeout,
                format!(
                    "no news within {}: the outcome of '{what}' is unknown",
                    humane(self.timeout)
                ),
            )
            .hint(format!(
                "look with `wash get inventory {host}`; allow more time with --timeout"
            ))),
        }
    }
}

/// A refusal or a failure that a host reported.
pub(super) fn failed(what: &str, reason: &str) -> CommandError {
    let mut error = CommandError::new(Kind::Refused, format!("could not {what}: {reason}"));
    if reason.is_empty() {
        error.message = format!("could not {what}: the host gave no reason");
    }
    error
}

/// # Errors
/// [`Kind::Refused`].
pub(super) fn accepted(what: &str, ack: Ack) -> Result<(), CommandError> {
    if ack.accepted {
        Ok(())
    } else {
        Err(failed(what, &ack.error))
    }
}

/// Seconds as people write them.
pub(super) fn humane(time: Duration) -> String {
    humantime::format_duration(Duration::from_millis(
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
    ))
    .to_string()
}
