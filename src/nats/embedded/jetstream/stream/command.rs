//! What the API asks of a stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::oneshot;

use super::super::super::Bus;
use super::super::api::error::ApiError;
use super::super::api::info::{
    CreateRequest, DETAILS, GetRequest, InfoRequest, NAMES, PurgeRequest, SUBJECTS, StreamInfo,
};
use super::super::api::{self, stream::StreamConfig};
use super::super::direct;
use super::super::subject::{Filter, matches};
use super::{Meta, Owner, Share, blocking};

/// Whom to answer, and as what.
#[derive(Debug)]
pub(in super::super) struct Reply {
    pub(in super::super) bus: Bus,
    pub(in super::super) to: Option<Arc<str>>,
    /// Names the type of the answer.
    pub(in super::super) kind: &'static str,
}

impl Reply {
    pub(in super::super) fn with(self, outcome: Result<impl Serialize, ApiError>) {
        if let Some(to) = &self.to {
            let body = api::body(self.kind, outcome);
            self.bus.publish(to, None, None, &Bytes::from(body));
        }
    }
}

#[derive(Debug)]
pub(in super::super) enum Command {
    Info(InfoRequest, Reply),
    Describe(oneshot::Sender<StreamInfo>),
    Update(
        Box<StreamConfig>,
        oneshot::Sender<Result<StreamInfo, ApiError>>,
    ),
    Purge(PurgeRequest, Reply),
    Get(GetRequest, Reply),
    Delete(u64, Reply),
    CreateConsumer(Box<CreateRequest>, Reply),
    ConsumerInfo(String, Reply),
    DeleteConsumer(String, Reply),
    ConsumerNames(usize, Reply),
    ConsumerList(usize, Reply),
    /// Ends the task, with everything on the disk.
    Close(oneshot::Sender<()>),
    /// Ends the task, with nothing left.
    Destroy(oneshot::Sender<Result<(), ApiError>>),
}

impl Command {
    /// Whom to tell that it was not carried out.
    pub(in super::super) fn into_reply(self) -> Option<Reply> {
        match self {
            Self::Info(_, it)
            | Self::Purge(_, it)
            | Self::Get(_, it)
            | Self::Delete(_, it)
            | Self::CreateConsumer(_, it)
            | Self::ConsumerInfo(_, it)
            | Self::DeleteConsumer(_, it)
            | Self::ConsumerNames(_, it)
            | Self::ConsumerList(_, it) => Some(it),
            Self::Describe(_) | Self::Update(..) | Self::Close(_) | Self::Destroy(_) => None,
        }
    }
}

#[derive(Serialize)]
pub(in super::super) struct Success {
    pub(in super::super) success: bool,
}

#[derive(Serialize)]
struct Purged {
    success: bool,
    purged: usize,
}

#[derive(Serialize)]
struct Paged {
    total: usize,
    offset: usize,
    limit: usize,
    #[serde(flatten)]
    info: StreamInfo,
}

#[derive(Serialize)]
struct Got {
    message: direct::Shown,
}

#[derive(Serialize)]
struct Consumers<T> {
    total: usize,
    offset: usize,
    limit: usize,
    consumers: Vec<T>,
}

impl Owner {
    /// Does what is asked; true when that was the last thing.
    pub(super) async fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Info(request, reply) => reply.with(Ok(self.describe(&request))),
            Command::Describe(answer) => {
                let _ = answer.send(self.info());
            }
            Command::Update(config, answer) => {
                let _ = answer.send(self.update(*config).await);
            }
            Command::Purge(request, reply) => reply.with(self.purge(&request)),
            Command::Get(request, reply) => {
                reply.with(direct::get(&mut self.store, &request).map(|message| Got { message }));
            }
            Command::Delete(seq, reply) => reply.with(self.delete(seq)),
            Command::CreateConsumer(request, reply) => {
                let outcome = self.create_consumer(*request);
                reply.with(outcome);
            }
            Command::ConsumerInfo(name, reply) => {
                let consumer = self.consumers.get(&name);
                let info = consumer.map(|it| it.info(&self.config.name, self.wall));
                reply.with(info.ok_or(ApiError::CONSUMER_NOT_FOUND));
            }
            Command::DeleteConsumer(name, reply) => {
                let outcome = match self.drop_consumer(&name) {
                    true => Ok(Success { success: true }),
                    false => Err(ApiError::CONSUMER_NOT_FOUND),
                };
                reply.with(outcome);
            }
            Command::ConsumerNames(offset, reply) => {
                let names = self.consumers.keys().skip(offset).take(NAMES).cloned();
                reply.with(Ok(self.page(offset, NAMES, names.collect())));
            }
            Command::ConsumerList(offset, reply) => {
                let (name, wall) = (&self.config.name, self.wall);
                let page = self.consumers.values().skip(offset).take(DETAILS);
                let infos = page.map(|it| it.info(name, wall)).collect();
                reply.with(Ok(self.page(offset, DETAILS, infos)));
            }
            Command::Close(answer) => {
                self.close().await;
                let _ = answer.send(());
                return true;
            }
            Command::Destroy(answer) => {
                let _ = answer.send(self.destroy().await);
                return true;
            }
        }
        // Changes that were just answered outlive the process.
        if let Err(error) = self.store.flush() {
            self.failed = Some((self.now, error.to_string()));
        }
        false
    }

    fn page<T>(&self, offset: usize, limit: usize, consumers: Vec<T>) -> Consumers<T> {
        Consumers {
            total: self.consumers.len(),
            offset,
            limit,
            consumers,
        }
    }

    fn describe(&self, request: &InfoRequest) -> Paged {
        let mut page = Paged {
            total: 0,
            offset: 0,
            limit: 0,
            info: self.info(),
        };
        if request.deleted_details {
            let mut deleted = Vec::new();
            let mut expected = None;
            for seq in self.store.sequences() {
                deleted.extend(expected.unwrap_or(seq)..seq);
                expected = Some(seq + 1);
                if deleted.len() > SUBJECTS {
                    break;
                }
            }
            page.info.state.deleted = deleted;
        }
        if !request.subjects_filter.is_empty() {
            let filter = Filter::new([&*request.subjects_filter]);
            let selected: BTreeMap<_, _> = self
                .store
                .selected(&filter)
                .map(|(subject, seqs)| (subject.clone(), seqs.len() as u64))
                .collect();
            page.total = selected.len();
            page.offset = request.offset;
            page.limit = SUBJECTS;
            if !selected.is_empty() {
                let some = selected.into_iter().skip(request.offset).take(SUBJECTS);
                page.info.state.subjects = Some(some.collect());
            }
        }
        page
    }

    async fn update(&mut self, mut config: StreamConfig) -> Result<StreamInfo, ApiError> {
        self.config.may_become(&config)?;
        config.first_seq = self.config.first_seq;
        if let Some(disk) = self.disk.clone() {
            let meta = Meta {
                config: config.clone(),
                created: self.created,
            };
            blocking(move || disk.save(&meta))
                .await
                .map_err(|it| ApiError::store(it.to_string()))?;
        }
        self.config = config;
        self.subscribe();
        self.enforce()
            .map_err(|it| ApiError::store(it.to_string()))?;
        Ok(self.info())
    }

    fn purge(&mut self, request: &PurgeRequest) -> Result<Purged, ApiError> {
        if self.config.sealed {
            return Err(ApiError::SEALED);
        }
        if self.config.deny_purge {
            return Err(ApiError::new(500, 10110, "stream purge not permitted"));
        }
        if request.seq > 0 && request.keep > 0 {
            return Err(ApiError::BAD_REQUEST);
        }
        let everything = request.filter.is_empty() || request.filter == ">";
        let before = self.store.totals().messages;
        let until = match request.seq {
            0 => self.store.last() + 1,
            seq => seq.min(self.store.last() + 1),
        };
        let keep = usize::try_from(request.keep).unwrap_or(usize::MAX);
        let outcome = if everything && keep == 0 {
            self.remove(&[], until)
        } else {
            let seqs = self.store.sequences().take_while(|it| *it < until);
            let filter = &request.filter;
            let mut seqs: Vec<u64> = seqs
                .filter(|seq| {
                    let subject = self.store.subject_of(*seq);
                    everything || subject.is_some_and(|it| matches(filter, it))
                })
                .collect();
            seqs.truncate(seqs.len().saturating_sub(keep));
            self.remove(&seqs, 0)
        };
        outcome.map_err(|it| ApiError::new(500, 10110, it.to_string()))?;
        let purged = before - self.store.totals().messages;
        Ok(Purged {
            success: true,
            purged: purged as usize,
        })
    }

    fn delete(&mut self, seq: u64) -> Result<Success, ApiError> {
        let refuse = |text: &str| Err(ApiError::new(500, 10057, text));
        if self.config.sealed {
            return Err(ApiError::SEALED);
        }
        if self.config.deny_delete {
            return refuse("message delete not permitted");
        }
        if seq > self.store.last() {
            return refuse("stream store EOF");
        }
        if self.store.subject_of(seq).is_none() {
            if seq < self.store.totals().first {
                return refuse("no message found");
            }
            return Err(ApiError::new(
                400,
                10043,
                format!("sequence {seq} not found"),
            ));
        }
        match self.remove(&[seq], 0) {
            Ok(()) => Ok(Success { success: true }),
            Err(error) => refuse(&error.to_string()),
        }
    }

    async fn destroy(&mut self) -> Result<(), ApiError> {
        self.inputs.clear();
        for consumer in self.consumers.values_mut() {
            consumer.farewell(&self.shared.bus);
        }
        self.synced_now().await;
        self.usage.change(self.share, Share::default());
        self.share = Share::default();
        let Some(disk) = self.disk.clone() else {
            return Ok(());
        };
        blocking(move || disk.destroy())
            .await
            .map_err(|it| ApiError::new(500, 10067, it.to_string()))
    }
}
