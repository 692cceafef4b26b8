//! One stream: the task that owns its messages and its consumers.
//!
//! Everything about a stream happens in turn in one task: messages come from the bus, requests from `api.rs` as
//! [`Command`]s. What came at once is written at once, and only then answered. Nothing here is shared, so nothing locks.
//! `publish.rs` takes messages in, `limits.rs` says which go, `ask.rs` does what the API asks, `consumers.rs` keeps the
//! consumers, `house.rs` writes and cleans.

mod ask;
mod consumers;
mod dedupe;
mod disk;
mod house;
mod limits;
mod publish;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::{Bus, BusSubscription, Delivered};
use super::api::error::ApiError;
use super::api::stream::StreamConfig;
use super::consumer::{Around, Consumer};
use super::store::Store;
use super::time::{nanos, now};
use super::usage::Usage;
use super::{Sync, direct};

use self::dedupe::Dedupe;
pub(super) use self::disk::{Disk, Meta};

/// Messages taken from one subscription before the others get their turn.
const BATCH: usize = 256;

/// How long changes of consumers may wait until they are saved.
const SAVE: Duration = Duration::from_millis(250);

/// How long a stream that could not write refuses messages before it tries again.
const BROKEN: Duration = Duration::from_secs(1);

/// The domain that is understood where none is set; it is not told, since who hears of a domain looks for a hub.
const DOMAIN: &str = "core";

/// What all streams of a server share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) bus: Bus,
    pub(super) domain: Option<Arc<str>>,
    pub(super) sync: Sync,
    pub(super) usage: Arc<Usage>,
}

impl Shared {
    /// What API subjects begin with.
    pub(super) fn prefixes(&self) -> Vec<String> {
        let domain = self.domain.as_deref().unwrap_or(DOMAIN);
        vec!["$JS.API.".to_owned(), format!("$JS.{domain}.API.")]
    }
}

/// Something to do, and how to answer.
pub(super) struct Command {
    pub(super) what: What,
    pub(super) answer: Box<dyn FnOnce(Result<Value, ApiError>) + Send>,
}

pub(super) enum What {
    /// A request of a client: its subject behind the prefix, and its body.
    Ask(Box<str>, Bytes),
    Describe,
    Update(Box<StreamConfig>),
    /// Ends the task, with everything on the disk.
    Close,
    /// Ends the task, with nothing left.
    Destroy,
}

/// What a subscription of a stream is for.
#[derive(Clone, Copy, Debug)]
enum Input {
    /// Messages to store; so many bytes of the subject are the domain's prefix.
    Publish(usize),
    /// Direct gets; so many bytes of the subject come before the subject that is asked for.
    Direct(usize),
    /// Requests to pull consumers; so many bytes come before the consumer's name.
    Pull(usize),
    Ack,
    Flow,
}

struct Owner {
    config: StreamConfig,
    /// Nanoseconds since 1970.
    created: i64,
    disk: Option<Disk>,
    store: Store,
    consumers: BTreeMap<String, Consumer>,
    dedupe: Dedupe,
    inputs: Vec<(Input, BusSubscription)>,
    commands: mpsc::Receiver<Command>,
    /// Publish acknowledgements that wait for what they acknowledge to be written.
    answers: Vec<(Arc<str>, Bytes)>,
    /// Answers to acknowledgements that wait for their consumer to be saved.
    confirmed: Vec<Arc<str>>,
    /// The first half of every acknowledgement.
    ack_start: String,
    /// When writing failed last, and why.
    failed: Option<(Instant, String)>,
    syncing: Option<JoinHandle<io::Result<()>>>,
    synced: Instant,
    saved: Instant,
    /// Bytes and consumers, as they are part of the usage.
    share: (u64, u64),
    shared: Shared,
    now: Instant,
    /// The same moment, in nanoseconds since 1970.
    wall: i64,
}

/// Reads a stream from its folder, or begins a new one: the way in, and what to run in a task.
///
/// # Errors
///
/// What the file system says.
pub(super) fn open(
    meta: Meta,
    disk: Option<Disk>,
    shared: Shared,
) -> io::Result<(mpsc::Sender<Command>, impl Future<Output = ()> + Send)> {
    let (sender, commands) = mpsc::channel(1024);
    let mut ack_start = format!(
        "{{\"stream\":{},",
        serde_json::to_string(&meta.config.name)?
    );
    if let Some(it) = &shared.domain {
        ack_start += &format!("\"domain\":{},", serde_json::to_string(&**it)?);
    }
    let now = Instant::now();
    let mut owner = Owner {
        ack_start,
        config: meta.config,
        created: meta.created,
        disk,
        store: Store::default(),
        consumers: BTreeMap::new(),
        dedupe: Dedupe::default(),
        inputs: Vec::new(),
        commands,
        answers: Vec::new(),
        confirmed: Vec::new(),
        failed: None,
        syncing: None,
        synced: now,
        saved: now,
        share: (0, 0),
        shared,
        now,
        wall: self::now(),
    };
    owner.read()?;
    owner.restore_consumers()?;
    let first = owner.config.first_seq;
    let floor = if owner.store.last() < first.saturating_sub(1) {
        first
    } else {
        0
    };
    owner.remove(owner.surplus(None).unwrap_or_default(), floor)?;
    owner.store.flush()?;
    owner.account();
    owner.subscribe();
    Ok((sender, owner.run()))
}

/// Does what waits for the disk where it keeps nobody waiting.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)?
}

impl Owner {
    async fn run(mut self) {
        loop {
            self.now = Instant::now();
            self.wall = now();
            let mut busy = self.take_inputs();
            while let Ok(command) = self.commands.try_recv() {
                busy = true;
                self.settle().await;
                if self.command(command).await {
                    return;
                }
            }
            self.settle().await;
            busy |= self.pump();
            busy |= self.keep_house().await;
            if busy {
                tokio::task::yield_now().await;
            } else if self.wait().await {
                return;
            }
        }
    }

    /// Listens for everything that concerns the stream.
    fn subscribe(&mut self) {
        let (name, direct) = (&self.config.name, self.config.allow_direct);
        let mut wanted = vec![
            (Input::Ack, format!("$JS.ACK.{name}.>")),
            (Input::Flow, format!("$JS.FC.{name}.>")),
        ];
        for subject in &self.config.subjects {
            wanted.push((Input::Publish(0), subject.clone()));
        }
        let prefixes = self.shared.prefixes();
        for prefix in &prefixes {
            let pull = format!("{prefix}CONSUMER.MSG.NEXT.{name}.");
            wanted.push((Input::Pull(pull.len()), format!("{pull}*")));
            if direct {
                let get = format!("{prefix}DIRECT.GET.{name}");
                wanted.push((Input::Direct(get.len() + 1), format!("{get}.>")));
                wanted.push((Input::Direct(get.len() + 1), get));
            }
        }
        // Clients that name a domain put values there.
        for prefix in prefixes.iter().skip(1) {
            let subjects = self.config.subjects.iter();
            for subject in subjects.filter(|it| it.starts_with("$KV.") || it.starts_with("$O.")) {
                wanted.push((Input::Publish(prefix.len()), format!("{prefix}{subject}")));
            }
        }
        let subscribe = |filter: &str| self.shared.bus.subscribe(filter, None);
        let inputs = wanted.iter().map(|(it, filter)| (*it, subscribe(filter)));
        self.inputs = inputs.collect();
    }

    fn take_inputs(&mut self) -> bool {
        let mut inputs = std::mem::take(&mut self.inputs);
        let mut any = false;
        for (input, subscription) in &mut inputs {
            for _ in 0..BATCH {
                let Some(message) = subscription.try_next() else {
                    break;
                };
                any = true;
                self.take(*input, &message);
            }
        }
        self.inputs = inputs;
        any
    }

    fn take(&mut self, input: Input, message: &Delivered) {
        let subject = &message.subject;
        let consumer = subject.split('.').nth(3).unwrap_or_default();
        match input {
            Input::Publish(0) => self.publish(message, subject),
            Input::Publish(prefix) => {
                if let Some(subject) = subject.get(prefix..) {
                    self.publish(message, &Arc::from(subject));
                }
            }
            Input::Direct(prefix) => {
                let (bus, wanted) = (&self.shared.bus, subject.get(prefix..));
                direct::answer(bus, &mut self.store, &self.config.name, wanted, message);
            }
            Input::Pull(prefix) => {
                if let (Some(name), Some(reply)) = (subject.get(prefix..), &message.reply) {
                    self.pull(name, reply, &message.payload);
                }
            }
            Input::Ack => self.answered(consumer, message),
            Input::Flow => {
                if let Some(consumer) = self.consumers.get_mut(consumer) {
                    consumer.flowed(subject);
                }
            }
        }
    }

    /// Waits until something comes or is due; true when that was the last thing.
    async fn wait(&mut self) -> bool {
        // Before the look at who is there, so that nobody slips through between the two.
        let bus = self.shared.bus.clone();
        let mut came = pin!(bus.interest_begun());
        let lonely = self.consumers.values().any(Consumer::is_lonely);
        if lonely && self.somebody_came() {
            return false;
        }
        let deadline = self.deadline();
        let mut sleep = pin!(async {
            match deadline {
                Some(it) => tokio::time::sleep_until(it.into()).await,
                None => std::future::pending().await,
            }
        });
        enum Woken {
            Input(Input, Delivered),
            Command(Option<Command>),
            /// Somebody listens, who knows on what.
            Listener,
            Time,
        }
        let (inputs, commands) = (&mut self.inputs, &mut self.commands);
        let woken = poll_fn(|cx| {
            for (input, subscription) in inputs.iter_mut() {
                // Dropped and made anew each time: it holds nothing between polls.
                if let Poll::Ready(Some(message)) = pin!(subscription.next()).poll(cx) {
                    return Poll::Ready(Woken::Input(*input, message));
                }
            }
            if let Poll::Ready(command) = commands.poll_recv(cx) {
                return Poll::Ready(Woken::Command(command));
            }
            if lonely && came.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Woken::Listener);
            }
            sleep.as_mut().poll(cx).map(|()| Woken::Time)
        })
        .await;
        (self.now, self.wall) = (Instant::now(), now());
        match woken {
            Woken::Input(input, message) => self.take(input, &message),
            Woken::Command(Some(command)) => {
                // What was sent before the command comes before it.
                self.take_inputs();
                self.settle().await;
                return self.command(command).await;
            }
            Woken::Command(None) => {
                self.close().await;
                return true;
            }
            // Which of them it concerns is looked at before the next wait.
            Woken::Listener | Woken::Time => {}
        }
        false
    }

    fn deadline(&self) -> Option<Instant> {
        let consumers = self.consumers.values().filter_map(Consumer::deadline);
        let changed = self.consumers.values().any(|it| it.changed);
        let sync = match self.shared.sync {
            Sync::Every(every) if self.store.needs_sync() || self.syncing.is_some() => {
                Some(self.synced.max(self.now) + every)
            }
            _ => None,
        };
        let age = self.oldest_due().map(|it| {
            let left = u64::try_from(it.saturating_sub(self.wall)).unwrap_or(0);
            self.now + Duration::from_nanos(left).max(Duration::from_millis(1))
        });
        consumers
            .chain(changed.then(|| self.saved + SAVE))
            .chain(sync)
            .chain(age)
            .min()
    }
}
