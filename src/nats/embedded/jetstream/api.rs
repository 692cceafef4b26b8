//! The JetStream API: requests on `$JS.API.>` and `$JS.{domain}.API.>`, sorted out and handed on.
//!
//! One task owns the list of streams. What concerns a stream goes to the stream's task, which answers itself. Subjects
//! that clients may ask when nobody is there (direct gets, pulls) are the streams' own, so that nobody answers.

pub(super) mod consumer;
pub(super) mod error;
pub(super) mod json;
pub(super) mod stream;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use self::error::ApiError;
use self::json::parse;
use self::stream::{Storage, StreamConfig};
use super::super::{Bus, BusSubscription, Delivered};
use super::stream::{Command, Disk, Meta, Shared, What, blocking, open};
use super::subject::overlaps;
use super::time::now;

/// The subjects below `$JS.API.` that are answered here.
const SUBJECTS: [&str; 12] = [
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
];

/// Items a page of names holds, and a page of descriptions.
const PAGES: (usize, usize) = (1024, 256);

struct Stream {
    config: StreamConfig,
    commands: mpsc::Sender<Command>,
}

/// Everything behind the API of one server.
pub(super) struct Api {
    root: PathBuf,
    shared: Shared,
    streams: BTreeMap<String, Stream>,
    inputs: Vec<(usize, BusSubscription)>,
    tasks: JoinSet<()>,
    requests: u64,
}

/// What a request for a list asks.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PageRequest {
    offset: usize,
    subject: String,
}

impl Api {
    /// Opens every stream in the store's folder and begins to listen.
    pub(super) fn open(root: PathBuf, shared: Shared) -> io::Result<Self> {
        let mut api = Self {
            streams: BTreeMap::new(),
            inputs: Vec::new(),
            tasks: JoinSet::new(),
            requests: 0,
            root,
            shared,
        };
        for (disk, meta) in Disk::find(&api.root)? {
            api.add(meta, Some(disk))?;
        }
        for prefix in api.shared.prefixes() {
            for subject in SUBJECTS {
                let subscription = api
                    .shared
                    .bus
                    .subscribe(&format!("{prefix}{subject}"), None);
                api.inputs.push((prefix.len(), subscription));
            }
        }
        Ok(api)
    }

    /// Answers until told to stop, then brings every stream to rest.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        loop {
            let inputs = &mut self.inputs;
            let stop = &mut stop;
            let next = poll_fn(|cx| {
                for (prefix, subscription) in inputs.iter_mut() {
                    // Dropped and made anew each time: it holds nothing between polls.
                    if let Poll::Ready(Some(it)) = pin!(subscription.next()).poll(cx) {
                        return Poll::Ready(Some((*prefix, it)));
                    }
                }
                Pin::new(&mut *stop).poll(cx).map(|_| None)
            });
            let Some((prefix, request)) = next.await else {
                break;
            };
            self.requests += 1;
            self.answer(prefix, request).await;
            while self.tasks.try_join_next().is_some() {}
        }
        self.inputs.clear();
        for stream in self.streams.values() {
            let _ = tell(&stream.commands, What::Close).await;
        }
        self.tasks.shutdown().await;
    }

    fn add(&mut self, meta: Meta, disk: Option<Disk>) -> io::Result<&Stream> {
        let config = meta.config.clone();
        let (commands, task) = open(meta, disk, self.shared.clone())?;
        self.tasks.spawn(task);
        let stream = Stream { config, commands };
        let entry = self.streams.entry(stream.config.name.clone());
        Ok(entry.insert_entry(stream).into_mut())
    }

    async fn answer(&mut self, prefix: usize, request: Delivered) {
        let subject = request.subject.get(prefix..).unwrap_or_default();
        let tokens: Vec<&str> = subject.split('.').collect();
        let (bus, to, kind) = (
            self.shared.bus.clone(),
            request.reply.clone(),
            kind(&tokens),
        );
        let answer = move |outcome| reply(&bus, to.as_deref(), &kind, outcome);
        let body = &request.payload;
        answer(match *tokens {
            ["INFO"] => Ok(self.account()),
            ["STREAM", "CREATE", name] => self.create(name, body).await,
            ["STREAM", "UPDATE", name] => self.update(name, body).await,
            ["STREAM", "DELETE", name] => self.delete(name).await,
            ["STREAM", "NAMES"] => self.names(body),
            ["STREAM", "LIST"] => self.list(body).await,
            ["STREAM", "INFO" | "PURGE", name]
            | ["STREAM", "MSG", "GET" | "DELETE", name]
            | ["CONSUMER", "NAMES" | "LIST", name]
            | ["CONSUMER", "INFO" | "DELETE", name, _]
            | ["CONSUMER", "DURABLE", "CREATE", name, _]
            | ["CONSUMER", "CREATE", name, ..] => {
                let command = Command {
                    what: What::Ask(subject.into(), body.clone()),
                    answer: Box::new(answer),
                };
                return self.pass(name, command);
            }
            _ => Err(ApiError::unsupported(&format!("'{subject}'"))),
        });
    }

    /// Hands a request to its stream, which answers.
    fn pass(&self, stream: &str, command: Command) {
        match self.streams.get(stream) {
            None => (command.answer)(Err(ApiError::STREAM_NOT_FOUND)),
            Some(it) => {
                if let Err(refused) = it.commands.try_send(command) {
                    (refused.into_inner().answer)(Err(ApiError::BUSY));
                }
            }
        }
    }

    async fn create(&mut self, name: &str, body: &[u8]) -> Result<Value, ApiError> {
        let config = self.configuration(name, body)?;
        if let Some(old) = self.streams.get(name) {
            return match old.config == config {
                true => tell(&old.commands, What::Describe).await,
                false => Err(ApiError::STREAM_EXISTS),
            };
        }
        self.free(&config)?;
        self.spare(&config)?;
        let failed = |it: io::Error| ApiError::new(500, 10049, it);
        let (root, storage) = (self.root.clone(), config.storage);
        let created = now();
        let meta = Meta { config, created };
        let made = blocking(move || {
            let disk = match storage {
                Storage::Memory => None,
                Storage::File => Some(Disk::create(&root, &meta)?),
            };
            Ok((meta, disk))
        });
        let (meta, disk) = made.await.map_err(failed)?;
        let stream = self.add(meta, disk).map_err(failed)?;
        let mut info = tell(&stream.commands, What::Describe).await?;
        info["did_create"] = true.into();
        Ok(info)
    }

    fn configuration(&self, name: &str, body: &[u8]) -> Result<StreamConfig, ApiError> {
        let config: StreamConfig = parse(body)?;
        if config.name != name {
            return Err(ApiError::NAME_MISMATCH);
        }
        config.checked()
    }

    /// No other stream takes these subjects.
    fn free(&self, config: &StreamConfig) -> Result<(), ApiError> {
        let others = self
            .streams
            .values()
            .filter(|it| it.config.name != config.name);
        let mut taken = others.flat_map(|it| &it.config.subjects);
        match taken.any(|old| config.subjects.iter().any(|new| overlaps(old, new))) {
            true => Err(ApiError::OVERLAP),
            false => Ok(()),
        }
    }

    /// There is room for what a stream may hold, beside what others may.
    fn spare(&self, config: &StreamConfig) -> Result<(), ApiError> {
        let wanted = u64::try_from(config.max_bytes).unwrap_or(0);
        let others = self.reserved(config.storage, Some(&config.name));
        let (_, most) = self.shared.usage.of(config.storage);
        match (most, config.storage) {
            (Some(most), kind) if wanted > 0 && others.saturating_add(wanted) > most => {
                Err(match kind {
                    Storage::File => ApiError::NO_STORAGE,
                    Storage::Memory => ApiError::NO_MEMORY,
                })
            }
            _ => Ok(()),
        }
    }

    /// Bytes that are set aside for streams, but for one.
    fn reserved(&self, storage: Storage, but: Option<&str>) -> u64 {
        let all = self.streams.values().map(|it| &it.config);
        all.filter(|it| it.storage == storage && Some(&*it.name) != but)
            .filter_map(|it| u64::try_from(it.max_bytes).ok())
            .fold(0, u64::saturating_add)
    }

    async fn update(&mut self, name: &str, body: &[u8]) -> Result<Value, ApiError> {
        let config = self.configuration(name, body)?;
        self.free(&config)?;
        self.spare(&config)?;
        let stream = self.streams.get_mut(name);
        let stream = stream.ok_or(ApiError::STREAM_NOT_FOUND)?;
        let info = tell(&stream.commands, What::Update(Box::new(config.clone()))).await?;
        stream.config = config;
        Ok(info)
    }

    async fn delete(&mut self, name: &str) -> Result<Value, ApiError> {
        let stream = self.streams.remove(name);
        let stream = stream.ok_or(ApiError::STREAM_NOT_FOUND)?;
        tell(&stream.commands, What::Destroy).await
    }

    fn matching<'a>(&'a self, request: &'a PageRequest) -> Vec<&'a Stream> {
        let wanted = &request.subject;
        let all = self.streams.values();
        all.filter(|it| {
            wanted.is_empty() || it.config.subjects.iter().any(|it| overlaps(it, wanted))
        })
        .collect()
    }

    fn names(&self, body: &[u8]) -> Result<Value, ApiError> {
        let request: PageRequest = parse(body)?;
        let all = self.matching(&request);
        let names: Vec<&str> = all.iter().map(|it| &*it.config.name).collect();
        let mut page = page("streams", request.offset, PAGES.0, &names, |it| {
            (*it).into()
        });
        if request.offset >= names.len() {
            page["streams"] = Value::Null;
        }
        Ok(page)
    }

    async fn list(&self, body: &[u8]) -> Result<Value, ApiError> {
        let request: PageRequest = parse(body)?;
        let all = self.matching(&request);
        let mut page = page("streams", request.offset, PAGES.1, &all, |_| Value::Null);
        let shown = all.iter().skip(request.offset);
        let places = page["streams"].as_array_mut();
        for (place, stream) in places.into_iter().flatten().zip(shown) {
            *place = tell(&stream.commands, What::Describe).await?;
        }
        Ok(page)
    }

    fn account(&self) -> Value {
        let usage = &self.shared.usage;
        json!({
            "memory": usage.memory.get(),
            "storage": usage.storage.get(),
            "reserved_memory": self.reserved(Storage::Memory, None),
            "reserved_storage": self.reserved(Storage::File, None),
            "streams": self.streams.len(),
            "consumers": usage.consumers.get(),
            "limits": {
                "max_memory": usage.max_memory,
                "max_storage": usage.max_storage.map_or(json!(-1), Into::into),
                "max_streams": -1,
                "max_consumers": -1,
                "max_ack_pending": -1,
                "memory_max_stream_bytes": -1,
                "storage_max_stream_bytes": -1,
                "max_bytes_required": false,
            },
            "domain": self.shared.domain.as_deref().unwrap_or_default(),
            "api": { "level": 0, "total": self.requests, "errors": 0 },
        })
    }
}

/// Names an answer's type.
fn kind(tokens: &[&str]) -> String {
    let words = match tokens {
        ["INFO"] => &["account", "info"],
        ["CONSUMER", "DURABLE", ..] => &["consumer", "create"],
        ["STREAM", "MSG", ..] => tokens.get(..3).unwrap_or(tokens),
        _ => tokens.get(..2).unwrap_or(tokens),
    };
    words.join("_").to_lowercase()
}

fn reply(bus: &Bus, to: Option<&str>, kind: &str, outcome: Result<Value, ApiError>) {
    let Some(to) = to else {
        return;
    };
    let mut body = outcome.unwrap_or_else(|error| json!({ "error": error }));
    body["type"] = format!("io.nats.jetstream.api.v1.{kind}_response").into();
    bus.publish(to, None, None, &Bytes::from(body.to_string()));
}

/// Some of all there is.
pub(super) fn page<T>(
    name: &str,
    offset: usize,
    limit: usize,
    all: &[T],
    show: impl Fn(&T) -> Value,
) -> Value {
    let offset = offset.min(all.len());
    let shown: Vec<Value> = all.iter().skip(offset).take(limit).map(show).collect();
    json!({ "total": all.len(), "offset": offset, "limit": limit, name: shown })
}

/// Has a stream do something, and waits for its answer.
async fn tell(commands: &mpsc::Sender<Command>, what: What) -> Result<Value, ApiError> {
    let (sender, outcome) = oneshot::channel();
    let answer = Box::new(move |it| {
        let _ = sender.send(it);
    });
    let sent = commands.send(Command { what, answer }).await;
    sent.map_err(|_| ApiError::STREAM_NOT_FOUND)?;
    outcome.await.map_err(|_| ApiError::BUSY)?
}
