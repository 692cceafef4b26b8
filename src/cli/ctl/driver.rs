//! One command's work on a lattice: what is there, who is meant, and one deadline for all of it.
//!
//! [`Driver`] is what commands share; its verbs stand in the files of their commands. Requests and answers are
//! [`crate::lattice::control`]'s business.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::resolve::{Candidates, Noun, full_key};
use super::{artifact, wait};
use crate::cli::output::Output;
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::{Lattice, Session};
use crate::lattice::control::{Control, ControlError, Gather};
use crate::lattice::event;
use crate::lattice::wire::{Ack, HostInventory, HostSummary, Map};
use crate::providers::BUILTINS;

/// A host that has answered a ping and is not heard from by then is passed over.
const INVENTORY_LIMIT: Duration = Duration::from_secs(3);
/// Hosts acknowledge at once, but for the oldest ones' updates.
pub(super) const ACK_LIMIT: Duration = Duration::from_secs(8);
/// How many hosts are asked at a time.
const ASK_AT_ONCE: usize = 64;

/// Does on one lattice what a command asks. Answers of the lattice are kept for the length of the command.
#[derive(Debug)]
pub(in crate::cli) struct Driver<'a> {
    pub(super) lattice: &'a Lattice,
    pub(super) output: &'a Output,
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
    pub(in crate::cli) fn new(session: &'a Session, lattice: &'a Lattice) -> Self {
        Self {
            lattice,
            output: &session.output,
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
            lattice: self.lattice,
            output: self.output,
            home: self.home.clone(),
            begun: self.begun,
            hosts: OnceCell::new(),
            inventories: OnceCell::new(),
            claims: OnceCell::new(),
        }
    }

    pub(super) fn control(&self) -> &Control {
        &self.lattice.control
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.begun + self.lattice.timeout
    }

    pub(super) fn explain(&self, error: ControlError) -> CommandError {
        self.lattice.explain(error)
    }

    /// Every host that answers.
    pub(super) async fn hosts(&self) -> Result<&[HostSummary], CommandError> {
        let hosts = self.hosts.get_or_try_init(|| async {
            let gather = Gather {
                limit: Gather::default().limit.min(self.lattice.timeout),
                ..Gather::default()
            };
            self.control().hosts(gather).await
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
        let server = self.lattice.server();
        let lattice = &self.lattice.name;
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
        let limit = INVENTORY_LIMIT.min(self.lattice.timeout);
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
            format!("host {host} is not in lattice '{}'", self.lattice.name),
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
    async fn claims(&self) -> &[Map] {
        let claims = self.claims.get_or_init(|| async {
            let limit = INVENTORY_LIMIT.min(self.lattice.timeout);
            let answer = tokio::time::timeout(limit, self.control().claims()).await;
            answer.ok().and_then(Result::ok).unwrap_or_default()
        });
        claims.await
    }

    /// The id of the host that `typed` means; without it the only host there is.
    pub(super) async fn host(&self, typed: Option<&str>) -> Result<String, CommandError> {
        let Some(typed) = typed else {
            if let Some(home) = &self.home {
                return Ok(home.clone());
            }
            return match self.some_hosts().await? {
                [host] => Ok(host.id.clone()),
                several => Err(several_hosts(
                    several
                        .iter()
                        .map(|it| (it.id.as_str(), it.friendly_name.as_str())),
                    "name one with --host",
                )),
            };
        };
        if let Some(id) = full_key(Noun::Host, typed)? {
            return Ok(id);
        }
        self.some_hosts().await?;
        self.host_candidates().await?.find(Noun::Host, typed)
    }

    async fn host_candidates(&self) -> Result<Candidates, CommandError> {
        let mut candidates = Candidates::default();
        for host in self.hosts().await? {
            let entry = candidates.entry(&host.id);
            entry.running = true;
            push(&mut entry.names, &host.friendly_name);
        }
        Ok(candidates)
    }

    /// Takes the host out of positionals that may name one, in the first place or, for what is `turned`, in the
    /// last: the order of older versions.
    pub(super) async fn split_host(
        &self,
        mut typed: Vec<String>,
        least: usize,
        turned: bool,
    ) -> Result<(Option<String>, Vec<String>), CommandError> {
        if typed.len() <= least {
            return Ok((None, typed));
        }
        let last = typed.len() - 1;
        let places = if turned { vec![0, last] } else { vec![0] };
        for at in &places {
            if let Ok(Some(id)) = full_key(Noun::Host, &typed[*at]) {
                typed.remove(*at);
                return Ok((Some(id), typed));
            }
        }
        let candidates = self.host_candidates().await?;
        for at in places {
            if let Ok(id) = candidates.find(Noun::Host, &typed[at]) {
                typed.remove(at);
                return Ok((Some(id), typed));
            }
        }
        Ok((None, typed))
    }

    /// The key of the actor that `typed` means: a key, a local module, a name, an alias or a reference.
    pub(in crate::cli) async fn actor(&self, typed: &str) -> Result<String, CommandError> {
        if let Some(id) = full_key(Noun::Actor, typed)? {
            return Ok(id);
        }
        if let Some(key) = artifact::local_key(typed) {
            return Ok(key);
        }
        let candidates = self.actor_candidates().await?;
        if candidates.is_empty() {
            self.some_hosts().await?;
        }
        candidates.find(Noun::Actor, typed)
    }

    pub(super) async fn actor_candidates(&self) -> Result<Candidates, CommandError> {
        let mut candidates = Candidates::default();
        for actor in self.inventories().await?.iter().flat_map(|it| &it.actors) {
            let entry = candidates.entry(&actor.id);
            entry.running = true;
            entry.names.extend(known(actor.name.as_deref()));
            entry.references.extend(actor.image_ref.clone());
        }
        for claims in self.claims().await {
            let Some(key) = field(claims, ["sub", "subject"]).filter(|it| it.starts_with('M'))
            else {
                continue;
            };
            let entry = candidates.entry(key);
            entry.names.extend(known(field(claims, ["name", "name"])));
            (entry.names).extend(known(field(claims, ["call_alias", "call_alias"])));
        }
        Ok(candidates)
    }

    /// The key of the provider that `typed` means: a key, a name, a contract, a reference or a built-in.
    pub(in crate::cli) async fn provider(&self, typed: &str) -> Result<String, CommandError> {
        if let Some(id) = full_key(Noun::Provider, typed)? {
            return Ok(id);
        }
        if typed.starts_with("builtin:")
            && let Some(builtin) = crate::providers::builtin(typed, false)
        {
            return Ok(builtin.key.to_owned());
        }
        self.provider_candidates()
            .await?
            .find(Noun::Provider, typed)
    }

    pub(super) async fn provider_candidates(&self) -> Result<Candidates, CommandError> {
        let mut candidates = Candidates::default();
        for it in self
            .inventories()
            .await?
            .iter()
            .flat_map(|it| &it.providers)
        {
            let entry = candidates.entry(&it.id);
            entry.running = true;
            entry.names.extend(known(it.name.as_deref()));
            entry.references.extend(it.image_ref.clone());
            entry.references.extend(it.builtin.clone());
            push(&mut entry.references, &it.contract_id);
        }
        for claims in self.claims().await {
            let Some(key) = field(claims, ["sub", "subject"]).filter(|it| it.starts_with('V'))
            else {
                continue;
            };
            let entry = candidates.entry(key);
            entry.names.extend(known(field(claims, ["name", "name"])));
            (entry.references).extend(known(field(claims, ["contract_id", "contract_id"])));
        }
        for builtin in BUILTINS {
            let entry = candidates.entry(builtin.key);
            push(&mut entry.names, builtin.title);
            push(&mut entry.names, builtin.name);
            push(&mut entry.references, builtin.contract);
            (entry.references).extend(builtin.aliases.iter().map(ToString::to_string));
        }
        Ok(candidates)
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
        let limit = ACK_LIMIT.min(self.lattice.timeout);
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
        event::follow(&self.lattice.client, &self.lattice.name)
            .await
            .map_err(|error| {
                CommandError::new(Kind::Connect, "cannot follow the lattice's events")
                    .because(error)
            })
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
                    humane(self.lattice.timeout)
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

/// Several hosts where one is needed.
pub(super) fn several_hosts<'a>(
    hosts: impl Iterator<Item = (&'a str, &'a str)>,
    hint: &str,
) -> CommandError {
    let hosts: BTreeSet<_> = hosts
        .map(|(id, name)| match name {
            "" => id.to_owned(),
            name => format!("{id} ({name})"),
        })
        .collect();
    let list: Vec<_> = hosts.into_iter().collect();
    CommandError::new(
        Kind::Ambiguous,
        format!("{} hosts could be meant: {}", list.len(), list.join(", ")),
    )
    .hint(hint)
}

/// Seconds as people write them.
pub(super) fn humane(time: Duration) -> String {
    humantime::format_duration(Duration::from_millis(
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
    ))
    .to_string()
}

fn field<'a>(claims: &'a Map, names: [&str; 2]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|it| claims.get(*it))
        .map(String::as_str)
}

/// Hosts write `N/A` for names they do not know.
fn known(name: Option<&str>) -> Option<String> {
    name.filter(|it| !it.is_empty() && *it != "N/A")
        .map(str::to_owned)
}

fn push(list: &mut Vec<String>, text: &str) {
    if !text.is_empty() {
        list.push(text.to_owned());
    }
}
