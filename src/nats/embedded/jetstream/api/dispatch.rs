//! The task that owns the list of streams.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::super::super::{BusSubscription, Delivered};
use super::super::stream::{Command, Disk, Meta, Opened, Reply, Shared, blocking};
use super::super::subject::overlaps;
use super::super::time::{Stamp, now};
use super::error::ApiError;
use super::info::{
    CreateRequest, DETAILS, GetRequest, InfoRequest, NAMES, PageRequest, StreamInfo,
};
use super::parse;
use super::stream::{Storage, StreamConfig};

/// The subjects below `$JS.API.` that are answered here.
const SUBJECTS: [&str; 14] = [
    "INFO",
    "STREAM.>",
    "ACCOUNT.>",
    "META.>",
    "SERVER.>",
    "CONSUMER.CREATE.>",
    "CONSUMER.DURABLE.CREATE.>",
    "CONSUMER.INFO.>",
    "CONSUMER.NAMES.>",
    "CONSUMER.LIST.>",
    "CONSUMER.DELETE.>",
    "CONSUMER.PAUSE.>",
    "CONSUMER.UNPIN.>",
    "CONSUMER.RESET.>",
];

struct Stream {
    config: StreamConfig,
    commands: mpsc::Sender<Command>,
}

/// Everything behind the API of one server.
pub(in super::super) struct Api {
    root: PathBuf,
    shared: Shared,
    streams: BTreeMap<String, Stream>,
    inputs: Vec<(usize, BusSubscription)>,
    tasks: JoinSet<()>,
    requests: u64,
}

impl Api {
    /// Opens every stream in the store's folder and begins to listen.
    pub(in super::super) fn open(root: PathBuf, shared: Shared) -> io::Result<Self> {
        let mut api = Self {
            streams: BTreeMap::new(),
            inputs: Vec::new(),
            tasks: JoinSet::new(),
            requests: 0,
            root,
            shared,
        };
        for (disk, meta) in Disk::find(&api.root)? {
            let config = meta.config.clone();
            let opened = Opened::open(meta, Some(disk), api.shared.clone())?;
            api.add(config, opened);
        }
        let mut prefixes = vec!["$JS.API.".to_owned()];
        let domain = api.shared.domain.iter();
        prefixes.extend(domain.map(|it| format!("$JS.{it}.API.")));
        for prefix in prefixes {
            for subject in SUBJECTS {
                let filter = format!("{prefix}{subject}");
                api.inputs
                    .push((prefix.len(), api.shared.bus.subscribe(&filter, None)));
            }
        }
        Ok(api)
    }

    /// Answers until told to stop, then brings every stream to rest.
    pub(in super::super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        loop {
            let inputs = &mut self.inputs;
            let stop = &mut stop;
            let next = std::future::poll_fn(|cx| {
                for (prefix, subscription) in inputs.iter_mut() {
                    // Dropped and made anew each time: it holds nothing between polls.
                    if let Poll::Ready(Some(it)) = pin!(subscription.next()).poll(cx) {
                        return Poll::Ready(Some((*prefix, it)));
                    }
                }
                std::pin::Pin::new(&mut *stop).poll(cx).map(|_| None)
            });
            let Some((prefix, request)) = next.await else {
                break;
            };
            self.requests += 1;
            self.answer(prefix, &request).await;
            while self.tasks.try_join_next().is_some() {}
        }
        self.inputs.clear();
        let mut closing = Vec::new();
        for stream in self.streams.values() {
            let (answer, closed) = oneshot::channel();
            if stream.commands.send(Command::Close(answer)).await.is_ok() {
                closing.push(closed);
            }
        }
        for closed in closing {
            let _ = closed.await;
        }
        self.tasks.shutdown().await;
    }

    fn add(&mut self, config: StreamConfig, opened: Opened) {
        let (commands, task) = opened.run();
        self.tasks.spawn(task);
        self.streams
            .insert(config.name.clone(), Stream { config, commands });
    }

    async fn answer(&mut self, prefix: usize, request: &Delivered) {
        let subject = request.subject.get(prefix..).unwrap_or_default();
        let tokens: Vec<&str> = subject.split('.').collect();
        let reply = |kind| Reply {
            bus: self.shared.bus.clone(),
            to: request.reply.clone(),
            kind,
        };
        let body = &request.payload;
        match tokens.as_slice() {
            ["INFO"] => reply("account_info").with(Ok(self.account())),
            ["STREAM", "CREATE", name] => {
                let reply = reply("stream_create");
                let outcome = self.create(name, body).await;
                reply.with(outcome);
            }
            ["STREAM", "UPDATE", name] => {
                let reply = reply("stream_update");
                let outcome = self.update(name, body).await;
                reply.with(outcome);
            }
            ["STREAM", "DELETE", name] => {
                let reply = reply("stream_delete");
                let outcome = self.delete(name).await;
                reply.with(outcome.map(|()| serde_json::json!({ "success": true })));
            }
            ["STREAM", "NAMES"] => reply("stream_names").with(self.names(body)),
            ["STREAM", "LIST"] => self.list(body, reply("stream_list")),
            ["STREAM", "INFO", name] => {
                self.ask(
                    name,
                    body,
                    reply("stream_info"),
                    |it: InfoRequest, reply| Ok(Command::Info(it, reply)),
                );
            }
            ["STREAM", "PURGE", name] => {
                self.ask(name, body, reply("stream_purge"), |it, reply| {
                    Ok(Command::Purge(it, reply))
                });
            }
            ["STREAM", "MSG", "GET", name] => {
                let kind = reply("stream_msg_get");
                if body.is_empty() {
                    return kind.with(Err::<(), _>(ApiError::BAD_REQUEST));
                }
                self.ask(name, body, kind, |it: GetRequest, reply| {
                    match it.is_sound() {
                        true => Ok(Command::Get(it, reply)),
                        false => Err((ApiError::BAD_REQUEST, reply)),
                    }
                });
            }
            ["STREAM", "MSG", "DELETE", name] => {
                #[derive(Default, serde::Deserialize)]
                #[serde(default)]
                struct Delete {
                    seq: u64,
                }
                let kind = reply("stream_msg_delete");
                if body.is_empty() {
                    return kind.with(Err::<(), _>(ApiError::BAD_REQUEST));
                }
                self.ask(name, body, kind, |it: Delete, reply| {
                    Ok(Command::Delete(it.seq, reply))
                });
            }
            ["CONSUMER", "INFO", stream, name] => {
                let command = Command::ConsumerInfo((*name).to_owned(), reply("consumer_info"));
                self.send(stream, command);
            }
            ["CONSUMER", "DELETE", stream, name] => {
                let command = Command::DeleteConsumer((*name).to_owned(), reply("consumer_delete"));
                self.send(stream, command);
            }
            ["CONSUMER", "NAMES", stream] => {
                self.ask(
                    stream,
                    body,
                    reply("consumer_names"),
                    |it: PageRequest, reply| Ok(Command::ConsumerNames(it.offset, reply)),
                );
            }
            ["CONSUMER", "LIST", stream] => {
                self.ask(
                    stream,
                    body,
                    reply("consumer_list"),
                    |it: PageRequest, reply| Ok(Command::ConsumerList(it.offset, reply)),
                );
            }
            ["CONSUMER", "CREATE", stream] => {
                self.create_consumer(stream, None, None, body, reply("consumer_create"));
            }
            ["CONSUMER", "CREATE", stream, name, filter @ ..] => {
                let filter = (!filter.is_empty()).then(|| filter.join("."));
                let reply = reply("consumer_create");
                self.create_consumer(stream, Some(name), filter.as_deref(), body, reply);
            }
            ["CONSUMER", "DURABLE", "CREATE", stream, name] => {
                self.create_durable(stream, name, body, reply("consumer_create"));
            }
            _ => self.refuse(subject, &tokens, reply("error")),
        }
    }

    /// Says what of the API is left to the real server.
    fn refuse(&self, subject: &str, tokens: &[&str], mut reply: Reply) {
        let (kind, what) = match tokens {
            ["STREAM", "SNAPSHOT", ..] => ("stream_snapshot", "snapshots are"),
            ["STREAM", "RESTORE", ..] => ("stream_restore", "restoring is"),
            ["STREAM", "TEMPLATE", ..] => ("stream_template_create", "templates are"),
            ["STREAM", "PEER", ..] => ("stream_remove_peer", "clusters are"),
            ["STREAM", "LEADER", ..] => ("stream_leader_stepdown", "clusters are"),
            ["META" | "SERVER", ..] => ("meta_server_remove", "clusters are"),
            ["ACCOUNT", ..] => ("account_purge", "accounts are"),
            ["CONSUMER", "PAUSE", ..] => ("consumer_pause", "pausing is"),
            ["CONSUMER", "UNPIN", ..] => ("consumer_unpin", "pinning is"),
            ["CONSUMER", "RESET", ..] => ("consumer_reset", "resetting is"),
            _ => ("error", ""),
        };
        reply.kind = kind;
        let error = if what.is_empty() {
            ApiError::unsupported(&format!("'{subject}' is"))
        } else {
            ApiError::unsupported(what)
        };
        reply.with(Err::<(), _>(error));
    }

    async fn create(&mut self, name: &str, body: &[u8]) -> Result<StreamInfo, ApiError> {
        let config: StreamConfig = parse(body)?;
        if config.name != name {
            return Err(ApiError::NAME_MISMATCH);
        }
        let config = config.checked()?;
        if let Some(old) = self.streams.get(name) {
            if old.config != config {
                return Err(ApiError::STREAM_EXISTS);
            }
            return describe(&old.commands).await;
        }
        self.free(&config)?;
        let created = now();
        let failed = |it: io::Error| ApiError::new(500, 10049, it.to_string());
        let meta = Meta {
            config: config.clone(),
            created,
        };
        let (disk, meta) = if config.storage == Storage::File {
            let (root, name) = (self.root.clone(), name.to_owned());
            blocking(move || {
                let disk = Disk::create(&root, &name)?;
                disk.save(&meta)?;
                Ok((Some(disk), meta))
            })
            .await
            .map_err(failed)?
        } else {
            (None, meta)
        };
        let opened = Opened::open(meta, disk, self.shared.clone()).map_err(failed)?;
        let mut info = opened.info();
        self.add(config, opened);
        info.did_create = true;
        info.created = Stamp(created);
        Ok(info)
    }

    /// No other stream takes these subjects.
    fn free(&self, config: &StreamConfig) -> Result<(), ApiError> {
        let taken = self
            .streams
            .values()
            .filter(|it| it.config.name != config.name)
            .flat_map(|it| &it.config.subjects)
            .any(|old| config.subjects.iter().any(|new| overlaps(old, new)));
        if taken {
            Err(ApiError::OVERLAP)
        } else {
            Ok(())
        }
    }

    async fn update(&mut self, name: &str, body: &[u8]) -> Result<StreamInfo, ApiError> {
        let config: StreamConfig = parse(body)?;
        if config.name != name {
            return Err(ApiError::NAME_MISMATCH);
        }
        if !self.streams.contains_key(name) {
            return Err(ApiError::STREAM_NOT_FOUND);
        }
        let config = config.checked()?;
        self.free(&config)?;
        let stream = self
            .streams
            .get_mut(name)
            .ok_or(ApiError::STREAM_NOT_FOUND)?;
        let (answer, outcome) = oneshot::channel();
        stream
            .commands
            .send(Command::Update(Box::new(config.clone()), answer))
            .await
            .map_err(|_| ApiError::STREAM_NOT_FOUND)?;
        let info = outcome.await.map_err(|_| ApiError::BUSY)??;
        stream.config = info.config.clone();
        Ok(info)
    }

    async fn delete(&mut self, name: &str) -> Result<(), ApiError> {
        let stream = self
            .streams
            .remove(name)
            .ok_or(ApiError::STREAM_NOT_FOUND)?;
        let (answer, outcome) = oneshot::channel();
        let sent = stream.commands.send(Command::Destroy(answer)).await;
        sent.map_err(|_| ApiError::STREAM_NOT_FOUND)?;
        outcome.await.map_err(|_| ApiError::BUSY)?
    }

    fn matching<'a>(&'a self, request: &'a PageRequest) -> impl Iterator<Item = &'a Stream> {
        self.streams.values().filter(|it| {
            let wanted = &request.subject;
            wanted.is_empty() || it.config.subjects.iter().any(|it| overlaps(it, wanted))
        })
    }

    fn names(&self, body: &[u8]) -> Result<impl Serialize + use<>, ApiError> {
        #[derive(Serialize)]
        struct Names {
            total: usize,
            offset: usize,
            limit: usize,
            streams: Option<Vec<String>>,
        }
        let request: PageRequest = parse(body)?;
        let total = self.matching(&request).count();
        let names = self.matching(&request).skip(request.offset).take(NAMES);
        let names: Vec<String> = names.map(|it| it.config.name.clone()).collect();
        Ok(Names {
            total,
            offset: request.offset,
            limit: NAMES,
            streams: (!names.is_empty()).then_some(names),
        })
    }

    /// Asks every stream, without keeping others waiting.
    fn list(&mut self, body: &[u8], reply: Reply) {
        #[derive(Serialize)]
        struct List {
            total: usize,
            offset: usize,
            limit: usize,
            streams: Vec<StreamInfo>,
        }
        let request: PageRequest = match parse(body) {
            Ok(it) => it,
            Err(error) => return reply.with(Err::<(), _>(error)),
        };
        let total = self.matching(&request).count();
        let page = self.matching(&request).skip(request.offset).take(DETAILS);
        let asked: Vec<_> = page.map(|it| it.commands.clone()).collect();
        let offset = request.offset;
        self.tasks.spawn(async move {
            let mut streams = Vec::new();
            for commands in asked {
                streams.extend(describe(&commands).await.ok());
            }
            reply.with(Ok(List {
                total,
                offset,
                limit: DETAILS,
                streams,
            }));
        });
    }

    fn create_consumer(
        &self,
        stream: &str,
        name: Option<&str>,
        filter: Option<&str>,
        body: &[u8],
        reply: Reply,
    ) {
        self.ask(stream, body, reply, |mut it: CreateRequest, reply| {
            let config = &mut it.config;
            let refused = if it.stream_name != stream {
                Some(ApiError::NAME_MISMATCH)
            } else if name.is_some_and(|name| {
                config.durable_name.as_deref().is_some_and(|it| it != name)
                    || config.name.as_deref().is_some_and(|it| it != name)
            }) {
                Some(ApiError::NAME_NOT_DURABLE)
            } else if filter.is_some_and(|it| it != config.filter_subject) {
                Some(ApiError::FILTER_MISMATCH)
            } else {
                None
            };
            match refused {
                Some(error) => Err((error, reply)),
                None => {
                    if let Some(name) = name {
                        config.name = Some(name.to_owned());
                    }
                    Ok(Command::CreateConsumer(Box::new(it), reply))
                }
            }
        });
    }

    fn create_durable(&self, stream: &str, name: &str, body: &[u8], reply: Reply) {
        self.ask(stream, body, reply, |it: CreateRequest, reply| {
            let refused = if it.stream_name != stream {
                Some(ApiError::NAME_MISMATCH)
            } else {
                match it.config.durable_name.as_deref() {
                    None | Some("") => Some(ApiError::DURABLE_NOT_SET),
                    Some(durable) if durable != name => Some(ApiError::NAME_NOT_DURABLE),
                    Some(_) => None,
                }
            };
            match refused {
                Some(error) => Err((error, reply)),
                None => Ok(Command::CreateConsumer(Box::new(it), reply)),
            }
        });
    }

    /// Hands a request to its stream.
    fn ask<T: DeserializeOwned + Default>(
        &self,
        stream: &str,
        body: &[u8],
        reply: Reply,
        command: impl FnOnce(T, Reply) -> Result<Command, (ApiError, Reply)>,
    ) {
        let request = match parse(body) {
            Ok(it) => it,
            Err(error) => return reply.with(Err::<(), _>(error)),
        };
        match command(request, reply) {
            Ok(command) => self.send(stream, command),
            Err((error, reply)) => reply.with(Err::<(), _>(error)),
        }
    }

    fn send(&self, stream: &str, command: Command) {
        let (command, error) = match self.streams.get(stream) {
            None => (command, ApiError::STREAM_NOT_FOUND),
            Some(it) => match it.commands.try_send(command) {
                Ok(()) => return,
                Err(error) => (error.into_inner(), ApiError::BUSY),
            },
        };
        if let Some(reply) = command.into_reply() {
            reply.with(Err::<(), _>(error));
        }
    }

    fn account(&self) -> impl Serialize + use<> {
        let total = self.shared.usage.total();
        let limit = |it: Option<u64>| it.and_then(|it| i64::try_from(it).ok()).unwrap_or(-1);
        let domain: Option<Arc<str>> = self.shared.domain.clone();
        serde_json::json!({
            "memory": total.memory,
            "storage": total.storage,
            "reserved_memory": 0,
            "reserved_storage": 0,
            "streams": self.streams.len(),
            "consumers": total.consumers,
            "limits": {
                "max_memory": limit(self.shared.usage.max_memory),
                "max_storage": limit(self.shared.usage.max_storage),
                "max_streams": -1,
                "max_consumers": -1,
                "max_ack_pending": -1,
                "memory_max_stream_bytes": -1,
                "storage_max_stream_bytes": -1,
                "max_bytes_required": false,
            },
            "domain": domain.as_deref().unwrap_or_default(),
            "api": { "level": 0, "total": self.requests, "errors": 0 },
        })
    }
}

async fn describe(commands: &mpsc::Sender<Command>) -> Result<StreamInfo, ApiError> {
    let (answer, info) = oneshot::channel();
    let sent = commands.send(Command::Describe(answer)).await;
    sent.map_err(|_| ApiError::STREAM_NOT_FOUND)?;
    info.await.map_err(|_| ApiError::BUSY)
}
