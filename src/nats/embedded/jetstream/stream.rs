//! One stream: the task that owns its messages and its consumers.
//!
//! Everything about a stream happens in turn in one task: messages come from the bus, requests from `api.rs` as
//! [`Command`]s. What came at once is written at once, and only then answered. Nothing here is shared, so nothing locks.

mod command;
mod consumers;
mod dedupe;
mod disk;
mod publish;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::{Bus, BusSubscription, Delivered};
use super::api::info::{State, StreamInfo};
use super::api::stream::{Storage, StreamConfig};
use super::consumer::{Around, Consumer};
use super::store::Store;
use super::time::{Stamp, now};
use super::usage::{Share, Usage};
use super::{Sync, direct, header};

pub(super) use self::command::{Command, Reply};
use self::dedupe::Dedupe;
pub(super) use self::disk::{Disk, Meta};

/// Messages taken from one subscription before the others get their turn.
const BATCH: usize = 256;

/// How long changes of consumers may wait until they are saved.
const SAVE: Duration = Duration::from_millis(250);

/// How long a stream that could not write refuses messages before it tries again.
const BROKEN: Duration = Duration::from_secs(1);

/// What all streams of a server share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) bus: Bus,
    pub(super) domain: Option<Arc<str>>,
    pub(super) sync: Sync,
    pub(super) usage: Arc<Usage>,
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
    created: i64,
    disk: Option<Disk>,
    store: Store,
    consumers: BTreeMap<String, Consumer>,
    dedupe: Dedupe,
    last_id: Option<Arc<str>>,
    inputs: Vec<(Input, BusSubscription)>,
    commands: mpsc::Receiver<Command>,
    /// Publish acknowledgements that wait for what they acknowledge to be written.
    answers: Vec<(Arc<str>, Bytes)>,
    /// Answers to acknowledgements that wait for their consumer to be saved.
    confirmed: Vec<Arc<str>>,
    /// The first half of every acknowledgement.
    ack_start: String,
    failed: Option<(Instant, String)>,
    syncing: Option<JoinHandle<io::Result<()>>>,
    synced: Instant,
    saved: Instant,
    share: Share,
    usage: Arc<Usage>,
    shared: Shared,
    now: Instant,
    wall: i64,
}

/// A stream read from its folder, or a new one, before its task runs.
pub(super) struct Opened(Owner, mpsc::Sender<Command>);

impl Opened {
    /// Reads what is there.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub(super) fn open(meta: Meta, disk: Option<Disk>, shared: Shared) -> io::Result<Self> {
        let (sender, commands) = mpsc::channel(1024);
        let mut dedupe = Dedupe::default();
        let mut last_id = None;
        let mut store = read(disk.as_ref(), &meta.config, &mut dedupe, &mut last_id)?;
        if meta.config.first_seq > 1 && store.last() == 0 {
            store.start_at(meta.config.first_seq - 1)?;
        }
        let domain = match &shared.domain {
            Some(it) => format!("\"domain\":{},", serde_json::to_string(&**it)?),
            None => String::new(),
        };
        let name = serde_json::to_string(&meta.config.name)?;
        let now = Instant::now();
        let mut owner = Owner {
            ack_start: format!("{{\"stream\":{name},{domain}"),
            config: meta.config,
            created: meta.created,
            disk,
            store,
            consumers: BTreeMap::new(),
            dedupe,
            last_id,
            inputs: Vec::new(),
            commands,
            answers: Vec::new(),
            confirmed: Vec::new(),
            failed: None,
            syncing: None,
            synced: now,
            saved: now,
            share: Share::default(),
            usage: shared.usage.clone(),
            shared,
            now,
            wall: self::now(),
        };
        owner.restore_consumers()?;
        owner.enforce()?;
        owner.store.flush()?;
        owner.account();
        owner.subscribe();
        Ok(Self(owner, sender))
    }

    pub(super) fn info(&self) -> StreamInfo {
        self.0.info()
    }

    /// The way in, and what to run in a task.
    pub(super) fn run(self) -> (mpsc::Sender<Command>, impl Future<Output = ()> + Send) {
        (self.1, self.0.run())
    }
}

fn read(
    disk: Option<&Disk>,
    config: &StreamConfig,
    dedupe: &mut Dedupe,
    last_id: &mut Option<Arc<str>>,
) -> io::Result<Store> {
    let Some(disk) = disk.filter(|_| config.storage == Storage::File) else {
        return Ok(Store::memory());
    };
    let window = i64::try_from(config.duplicate_window.as_nanos()).unwrap_or(i64::MAX);
    let since = now().saturating_sub(window);
    Store::open(&disk.messages(), |seq, time, headers| {
        if time < since {
            return;
        }
        let id = headers.and_then(|it| header::get(it, "Nats-Msg-Id"));
        if let Some(id) = id {
            dedupe.add(id, seq, time);
        }
        *last_id = id.map(Arc::from);
    })
}

/// Does what waits for the disk where it keeps nobody waiting.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
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
                self.close().await;
                return;
            }
        }
    }

    /// Listens for everything that concerns the stream.
    fn subscribe(&mut self) {
        let name = &self.config.name;
        let mut wanted = Vec::new();
        for subject in &self.config.subjects {
            wanted.push((Input::Publish(0), subject.clone()));
            // Clients that name a domain put values there.
            if let Some(domain) = &self.shared.domain
                && (subject.starts_with("$KV.") || subject.starts_with("$O."))
            {
                let prefix = format!("$JS.{domain}.API.");
                wanted.push((Input::Publish(prefix.len()), format!("{prefix}{subject}")));
            }
        }
        let mut apis = vec!["$JS.API".to_owned()];
        apis.extend(self.shared.domain.iter().map(|it| format!("$JS.{it}.API")));
        for api in &apis {
            let pull = format!("{api}.CONSUMER.MSG.NEXT.{name}.");
            wanted.push((Input::Pull(pull.len()), format!("{pull}*")));
            if self.config.allow_direct {
                let get = format!("{api}.DIRECT.GET.{name}");
                wanted.push((Input::Direct(get.len() + 1), format!("{get}.>")));
                wanted.push((Input::Direct(get.len() + 1), get));
            }
        }
        wanted.push((Input::Ack, format!("$JS.ACK.{name}.>")));
        wanted.push((Input::Flow, format!("$JS.FC.{name}.>")));
        let bus = &self.shared.bus;
        self.inputs = wanted
            .iter()
            .map(|(input, filter)| (*input, bus.subscribe(filter, None)))
            .collect();
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
        match input {
            Input::Publish(0) => self.publish(message, &message.subject),
            Input::Publish(prefix) => {
                if let Some(subject) = message.subject.get(prefix..) {
                    self.publish(message, &Arc::from(subject));
                }
            }
            Input::Direct(prefix) => {
                let (name, bus) = (&self.config.name, &self.shared.bus);
                direct::answer(
                    bus,
                    &mut self.store,
                    name,
                    message.subject.get(prefix..),
                    message,
                );
            }
            Input::Pull(prefix) => self.pull(message, prefix),
            Input::Ack => self.answered(message),
            Input::Flow => {
                let name = message.subject.split('.').nth(3).unwrap_or_default();
                if let Some(consumer) = self.consumers.get_mut(name) {
                    consumer.flowed(&message.subject);
                }
            }
        }
    }

    fn pull(&mut self, message: &Delivered, prefix: usize) {
        let (Some(name), Some(reply)) = (message.subject.get(prefix..), &message.reply) else {
            return;
        };
        let mut around = Around {
            store: &mut self.store,
            bus: &self.shared.bus,
            stream: &self.config.name,
            now: self.now,
            wall: self.wall,
        };
        match self.consumers.get_mut(name) {
            Some(consumer) => consumer.request(reply, &message.payload, &mut around),
            None => {
                // As if nobody listened there.
                let status = header::status("503", &[]);
                around
                    .bus
                    .publish(reply, None, Some(&status), &Bytes::new());
            }
        }
    }

    fn answered(&mut self, message: &Delivered) {
        let name = message.subject.split('.').nth(3).unwrap_or_default();
        let Some(consumer) = self.consumers.get_mut(name) else {
            return;
        };
        let mut around = Around {
            store: &mut self.store,
            bus: &self.shared.bus,
            stream: &self.config.name,
            now: self.now,
            wall: self.wall,
        };
        let reply = message.reply.as_deref();
        let more = message.payload.starts_with(b"+NXT");
        if consumer.answered(&message.subject, reply, &message.payload, &mut around)
            && !more
            && let Some(reply) = &message.reply
        {
            self.confirmed.push(reply.clone());
        }
    }

    /// Writes what came, then answers.
    async fn settle(&mut self) {
        if let Err(error) = self.store.flush() {
            self.failed = Some((self.now, error.to_string()));
        }
        if let Some((at, error)) = &self.failed
            && *at == self.now
        {
            tracing::error!(stream = self.config.name, error, "can not write");
            // What was not written is not acknowledged; whoever sent it hears nothing, and sends it again.
            self.answers.clear();
            self.reopen();
            return;
        }
        if self.shared.sync == Sync::Always && self.store.needs_sync() {
            self.sync().await;
        }
        for (reply, answer) in self.answers.drain(..) {
            self.shared.bus.publish(&reply, None, None, &answer);
        }
        if !self.confirmed.is_empty() {
            self.save_consumers(false);
            for reply in self.confirmed.drain(..) {
                self.shared.bus.publish(&reply, None, None, &Bytes::new());
            }
        }
        self.account();
    }

    /// Begins anew with what is on the disk.
    fn reopen(&mut self) {
        let (mut dedupe, mut last_id) = (Dedupe::default(), None);
        match read(self.disk.as_ref(), &self.config, &mut dedupe, &mut last_id) {
            Ok(store) => {
                (self.store, self.dedupe, self.last_id) = (store, dedupe, last_id);
                let saved: Vec<_> = self.consumers.values().map(Consumer::save).collect();
                for saved in saved {
                    let it = Consumer::restore(saved, &self.store, self.now);
                    if let Some(old) = self.consumers.get_mut(&it.name) {
                        let file = old.file.take();
                        *old = it;
                        old.file = file;
                    }
                }
            }
            Err(error) => tracing::error!(stream = self.config.name, %error, "can not read"),
        }
    }

    /// Why messages are refused at the moment.
    fn broken(&self, now: Instant) -> Option<String> {
        let (at, error) = self.failed.as_ref()?;
        (now < *at + BROKEN).then(|| error.clone())
    }

    fn pump(&mut self) -> bool {
        let mut busy = false;
        let mut around = Around {
            store: &mut self.store,
            bus: &self.shared.bus,
            stream: &self.config.name,
            now: self.now,
            wall: self.wall,
        };
        for consumer in self.consumers.values_mut() {
            busy |= consumer.pump(&mut around);
        }
        busy
    }

    /// Ages, cleans, syncs and saves what is due; true when there is more to clean.
    async fn keep_house(&mut self) -> bool {
        self.dedupe.expire(self.config.duplicate_window, self.wall);
        if self.oldest_due().is_some_and(|it| it <= self.wall)
            && let Err(error) = self.enforce()
        {
            self.failed = Some((self.now, error.to_string()));
        }
        self.drop_abandoned();
        let busy = match self.store.clean() {
            Ok(more) => more,
            Err(error) => {
                tracing::error!(stream = self.config.name, %error, "can not clean");
                false
            }
        };
        if self.syncing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.synced_now().await;
        }
        if let Sync::Every(every) = self.shared.sync
            && self.syncing.is_none()
            && self.store.needs_sync()
            && self.now >= self.synced + every
        {
            self.start_sync();
        }
        if self.now >= self.saved + SAVE && self.consumers.values().any(|it| it.changed) {
            self.save_consumers(false);
        }
        busy
    }

    fn start_sync(&mut self) {
        match self.store.pending() {
            Ok(Some(pending)) => {
                self.syncing = Some(tokio::task::spawn_blocking(move || pending.run()));
            }
            Ok(None) => {}
            Err(error) => tracing::error!(stream = self.config.name, %error, "can not write"),
        }
        self.synced = self.now;
    }

    async fn synced_now(&mut self) {
        if let Some(task) = self.syncing.take() {
            match task.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(stream = self.config.name, %error, "can not sync");
                }
                Err(error) => tracing::error!(stream = self.config.name, %error, "can not sync"),
            }
        }
    }

    /// Brings everything to the disk.
    async fn sync(&mut self) {
        self.synced_now().await;
        self.start_sync();
        self.synced_now().await;
    }

    async fn close(&mut self) {
        self.settle().await;
        self.save_consumers(true);
        self.sync().await;
        self.usage.change(self.share, Share::default());
        self.share = Share::default();
    }

    /// When the oldest message is too old, in nanoseconds since 1970.
    fn oldest_due(&self) -> Option<i64> {
        let age = i64::try_from(self.config.max_age.as_nanos()).unwrap_or(i64::MAX);
        (age > 0)
            .then(|| self.store.totals().first_time)?
            .map(|it| it.saturating_add(age))
    }

    /// Removes what the limits do not allow.
    fn enforce(&mut self) -> io::Result<()> {
        let config = &self.config;
        let limit = |it: i64| u64::try_from(it).ok().filter(|it| *it > 0);
        let mut kills = Vec::new();
        let totals = self.store.totals();
        let (mut left, mut bytes) = (totals.messages, totals.bytes);
        if let Some(most) = limit(config.max_msgs_per_subject) {
            let all = super::subject::Filter::default();
            for (_, seqs) in self.store.selected(&all) {
                kills.extend(seqs.iter().take(seqs.len().saturating_sub(most as usize)));
            }
            kills.sort_unstable();
            left -= kills.len() as u64;
            bytes -= kills.iter().map(|it| self.store.size_of(*it)).sum::<u64>();
        }
        let age = i64::try_from(config.max_age.as_nanos()).unwrap_or(i64::MAX);
        let oldest = if age > 0 {
            self.wall.saturating_sub(age)
        } else {
            i64::MIN
        };
        let (max_msgs, max_bytes) = (limit(config.max_msgs), limit(config.max_bytes));
        let mut surplus = Vec::new();
        for seq in self.store.sequences() {
            let over =
                max_msgs.is_some_and(|it| left > it) || max_bytes.is_some_and(|it| bytes > it);
            if !over && self.store.time_of(seq).is_none_or(|it| it > oldest) {
                break;
            }
            if kills.binary_search(&seq).is_err() {
                surplus.push(seq);
                left -= 1;
                bytes -= self.store.size_of(seq);
            }
        }
        kills.extend(surplus);
        self.remove(&kills, 0)
    }

    /// Removes messages and tells the consumers.
    fn remove(&mut self, seqs: &[u64], floor: u64) -> io::Result<()> {
        if seqs.is_empty() && floor == 0 {
            return Ok(());
        }
        for seq in seqs {
            self.gone(*seq);
        }
        if floor > 0 {
            let below: Vec<u64> = self
                .store
                .sequences()
                .take_while(|it| *it < floor)
                .collect();
            for seq in below {
                self.gone(seq);
            }
        }
        self.store.remove(seqs, floor)
    }

    /// Tells the consumers that a message goes.
    fn gone(&mut self, seq: u64) {
        if self.consumers.is_empty() {
            return;
        }
        if let Some(subject) = self.store.subject_of(seq) {
            for consumer in self.consumers.values_mut() {
                consumer.removed(seq, subject);
            }
        }
    }

    fn account(&mut self) {
        let bytes = self.store.bytes();
        let disk = self.store.on_disk();
        let share = Share {
            memory: if disk { 0 } else { bytes },
            storage: if disk { bytes } else { 0 },
            consumers: self.consumers.len() as u64,
        };
        if share != self.share {
            self.usage.change(self.share, share);
            self.share = share;
        }
    }

    fn info(&self) -> StreamInfo {
        StreamInfo {
            config: self.config.clone(),
            created: Stamp(self.created),
            state: State::new(&self.store.totals(), self.consumers.len()),
            domain: self.shared.domain.clone(),
            ts: Stamp(now()),
            did_create: false,
        }
    }

    /// Waits until something comes or is due; true when nobody can ask for anything any more.
    async fn wait(&mut self) -> bool {
        let deadline = self.deadline();
        let mut sleep = pin!(async {
            match deadline {
                Some(it) => tokio::time::sleep_until(it.into()).await,
                None => std::future::pending().await,
            }
        });
        let mut inputs = std::mem::take(&mut self.inputs);
        let commands = &mut self.commands;
        enum Woken {
            Input(Input, Delivered),
            Command(Option<Command>),
            Time,
        }
        let woken = poll_fn(|cx| {
            for (input, subscription) in &mut inputs {
                // Dropped and made anew each time: it holds nothing between polls.
                if let Poll::Ready(Some(message)) = pin!(subscription.next()).poll(cx) {
                    return Poll::Ready(Woken::Input(*input, message));
                }
            }
            if let Poll::Ready(command) = commands.poll_recv(cx) {
                return Poll::Ready(Woken::Command(command));
            }
            sleep.as_mut().poll(cx).map(|()| Woken::Time)
        })
        .await;
        self.inputs = inputs;
        self.now = Instant::now();
        self.wall = now();
        match woken {
            Woken::Input(input, message) => {
                self.take(input, &message);
                false
            }
            Woken::Command(Some(command)) => {
                // What was sent before the command comes before it.
                self.take_inputs();
                self.settle().await;
                self.command(command).await && {
                    self.commands.close();
                    true
                }
            }
            Woken::Command(None) => true,
            Woken::Time => false,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let mut soonest = None;
        let mut add = |it: Option<Instant>| {
            if let Some(it) = it {
                soonest = Some(soonest.map_or(it, |old: Instant| old.min(it)));
            }
        };
        for consumer in self.consumers.values() {
            add(consumer.deadline(self.now));
        }
        if self.consumers.values().any(|it| it.changed) {
            add(Some(self.saved + SAVE));
        }
        if let Sync::Every(every) = self.shared.sync
            && (self.store.needs_sync() || self.syncing.is_some())
        {
            add(Some(self.synced.max(self.now) + every));
        }
        add(self.oldest_due().map(|it| {
            let left = u64::try_from(it.saturating_sub(self.wall)).unwrap_or(0);
            self.now + Duration::from_nanos(left).max(Duration::from_millis(1))
        }));
        soonest
    }
}
