//! Where requests arrive: queries and auctions are answered, what changes the host becomes an event, links
//! and refusals are dealt with.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_nats::{Message, Subject};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::about::{About, COMPATIBLE_VERSION};
use super::answer::Answers;
use super::control::{self, Ask, Refusal};
use super::event::{Command, RequestId};
use super::facts::both_spellings;
use super::inventory::Inventory;
use super::link::{self, LinkChange};
use super::page::page;
use crate::archive::oci::{Credential, Registries};
use crate::claims::HostId;
use crate::lattice::command::{
    ActorBid, AuctionActor, AuctionProvider, Part, ProviderBid, RegistryCredential,
    RegistryCredentials,
};
use crate::lattice::event::data;
use crate::lattice::state::{LinkKey, Snapshot, State};
use crate::lattice::subject::Ctl;
use crate::lattice::wire::{Ack, HostInventory};

/// Registries whose credentials are kept, at most.
const MAX_REGISTRIES: usize = 1024;

pub(super) struct Desk {
    about: About,
    started: Instant,
    subjects: Ctl,
    answers: Answers,
    state: State,
    /// To the task that writes links.
    links: mpsc::Sender<link::Job>,
    /// Whom to answer.
    replies: BTreeMap<RequestId, Subject>,
    requests: u64,
    /// Where credentials that are put go.
    registries: Registries,
}

impl Desk {
    pub(super) fn new(
        about: About,
        subjects: Ctl,
        answers: Answers,
        state: State,
        links: mpsc::Sender<link::Job>,
        registries: Registries,
    ) -> Self {
        Self {
            about,
            started: Instant::now(),
            subjects,
            answers,
            state,
            links,
            replies: BTreeMap::new(),
            requests: 0,
            registries,
        }
    }

    /// Deals with a request. What is left to do, if it would change what runs here.
    pub(super) async fn receive(
        &mut self,
        message: Message,
        inventory: &Inventory,
    ) -> Option<(RequestId, Command)> {
        let Message {
            subject,
            reply,
            payload,
            ..
        } = message;
        let reply = reply.filter(|it| self.subjects.may_answer(it));
        let Some(request) = self.subjects.parse(&subject) else {
            let ack = Ack::refused("unsupported subject");
            self.answers.json(reply, &ack).await;
            return None;
        };
        tracing::debug!(%subject, "request");
        let ask = match control::read(&self.about.id, request, &payload) {
            Ok(ask) => ask,
            Err(Refusal::Silent) => return None,
            Err(Refusal::Text(text)) => {
                tracing::warn!(%subject, "refused: {text}");
                self.answers.json(reply, &Ack::refused(text)).await;
                return None;
            }
        };
        match ask {
            Ask::Ping => {
                let mut summary = self.about.summary(inventory, self.started.elapsed());
                summary.cut_off = self.cut_off();
                self.answers.json(reply, &summary).await;
                self.heartbeat(inventory).await;
            }
            Ask::Inventory => {
                let body = self.inventory(inventory);
                self.answers.json(reply, &body).await;
            }
            Ask::Claims(part) => {
                let body = self
                    .state
                    .look(|it| claims(it, part.as_ref(), self.answers.room()));
                self.answers.bytes(reply, body).await;
            }
            Ask::Links(part) => {
                let body = self
                    .state
                    .look(|it| links(it, part.as_ref(), self.answers.room()));
                self.answers.bytes(reply, body).await;
            }
            Ask::BidActor(auction) => self.bid_actor(reply, auction, inventory).await,
            Ask::BidProvider(auction) => self.bid_provider(reply, auction, inventory).await,
            Ask::PutLink(link) => self.write_link(reply, LinkChange::Put(link)).await,
            Ask::DeleteLink(key) => self.write_link(reply, LinkChange::Delete(key)).await,
            Ask::PutRegistries(credentials) => {
                let ack = self.keep_registries(credentials);
                self.answers.json(reply, &ack).await;
            }
            Ask::Change(command) => return Some((self.remember(reply), command)),
        }
        None
    }

    /// Answers a request that was handed on.
    pub(super) async fn acknowledge(&mut self, request: RequestId, result: Result<(), String>) {
        let reply = self.replies.remove(&request);
        let ack = result.map_or_else(Ack::refused, |()| Ack::accepted());
        self.answers.json(reply, &ack).await;
    }

    pub(super) async fn heartbeat(&self, inventory: &Inventory) {
        let body = self.inventory(inventory);
        self.answers.event(data::host_heartbeat(&body)).await;
    }

    fn inventory(&self, inventory: &Inventory) -> HostInventory {
        let mut body = self.about.inventory(inventory, self.started.elapsed());
        body.cut_off = self.cut_off();
        body
    }

    fn cut_off(&self) -> Option<String> {
        self.state.cut_off().map(|it| it.reason)
    }

    /// Says that the host has started.
    pub(super) async fn announce(&self, inventory: &Inventory) {
        let labels = inventory.labels().all();
        let uptime = self.started.elapsed().as_secs();
        let event = data::host_started(labels, &self.about.name, COMPATIBLE_VERSION, uptime);
        self.answers.event(event).await;
    }

    pub(super) fn host(&self) -> &HostId {
        &self.about.id
    }

    async fn bid_actor(
        &self,
        reply: Option<Subject>,
        auction: AuctionActor,
        inventory: &Inventory,
    ) {
        if inventory.labels().meet(&auction.constraints) {
            let bid = ActorBid {
                actor_ref: auction.actor_ref,
                constraints: auction.constraints,
                host_id: self.about.id.to_string(),
            };
            self.answers.json(reply, &bid).await;
        }
    }

    async fn bid_provider(
        &self,
        reply: Option<Subject>,
        auction: AuctionProvider,
        inventory: &Inventory,
    ) {
        let reference = &auction.provider_ref;
        let key = self.state.look(|it| it.references.get(reference).cloned());
        if inventory.labels().meet(&auction.constraints)
            && !inventory.has_provider(reference, key.as_deref(), &auction.link_name)
        {
            let bid = ProviderBid {
                provider_ref: auction.provider_ref,
                link_name: auction.link_name,
                constraints: auction.constraints,
                host_id: self.about.id.to_string(),
            };
            self.answers.json(reply, &bid).await;
        }
    }

    async fn write_link(&self, reply: Option<Subject>, change: LinkChange) {
        let job = link::Job { change, reply };
        if let Err(error) = self.links.try_send(job) {
            let reply = error.into_inner().reply;
            let ack = Ack::refused("too many links are being written");
            self.answers.json(reply, &ack).await;
        }
    }

    pub(super) fn keep_registries(&self, credentials: RegistryCredentials) -> Ack {
        let usable: Vec<_> = credentials
            .into_iter()
            .filter_map(|(registry, it)| Some((registry, credential(it)?)))
            .collect();
        if self.registries.credentials() + usable.len() > MAX_REGISTRIES {
            return Ack::refused(format!("a host keeps {MAX_REGISTRIES} registries at most"));
        }
        for (registry, credential) in usable {
            self.registries.put_credential(&registry, credential);
        }
        tracing::info!(
            registries = self.registries.credentials(),
            "registry credentials changed"
        );
        Ack::accepted()
    }

    fn remember(&mut self, reply: Option<Subject>) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        if let Some(reply) = reply {
            self.replies.insert(request, reply);
        }
        request
    }
}

fn claims(snapshot: &Snapshot, part: Option<&Part>, room: usize) -> Bytes {
    let from = match part.map(|it| it.after.as_slice()) {
        Some([key]) => Bound::Excluded(key.as_str()),
        _ => Bound::Unbounded,
    };
    let claims = snapshot.claims.range::<str, _>((from, Bound::Unbounded));
    let entries = claims.map(|(key, it)| ([key.as_str()], both_spellings(it)));
    page("claims", entries, part.is_some(), room)
}

fn links(snapshot: &Snapshot, part: Option<&Part>, room: usize) -> Bytes {
    let from = match part.map(|it| it.after.as_slice()) {
        Some([actor, contract, link_name]) => Bound::Excluded(LinkKey {
            actor: actor.clone(),
            contract: contract.clone(),
            link_name: link_name.clone(),
        }),
        _ => Bound::Unbounded,
    };
    let links = snapshot.links.range((from, Bound::Unbounded));
    let entries = links.map(|(key, it)| ([&*key.actor, &*key.contract, &*key.link_name], it));
    page("links", entries, part.is_some(), room)
}

/// What can be used of an entry: a user with a password, or with a token in its place (protocol §6.6).
fn credential(entry: RegistryCredential) -> Option<Credential> {
    let kind = entry.registry_type.as_deref().unwrap_or("oci");
    let secret = entry.password.or(entry.token)?;
    kind.eq_ignore_ascii_case("oci").then(|| {
        entry
            .username
            .map(|user| Credential::password(user, secret))
    })?
}
