//! What one client says, and what is done about it.
//!
//! Operations from `parser.rs` become subscriptions and messages in `hub.rs`. Does no I/O: `connection.rs` reads for it
//! and writes what it leaves behind.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Buf as _, BytesMut};

use super::cache::Cache;
use super::client::Client;
use super::hub::{Message, Route, Sink, Subscription, Wake};
use super::info::{Connect, Info};
use super::outbound::Queued;
use super::parser::{self, Operation, Parsed, Publish, Violation};
use super::serving::Serving;
use super::trie;

/// Pings without an answer that a client may leave.
const SILENCE: u32 = 2;

/// The headers of a request that nobody got.
const NO_RESPONDERS: &[u8] = b"NATS/1.0 503\r\n\r\n";

/// One client's side of the conversation.
pub(super) struct Session {
    client: Arc<Client>,
    serving: Arc<Serving>,
    info: Info,
    options: Connect,
    authorized: bool,
    cache: Cache,
    wake: Wake,
    /// Bytes there must be to go on.
    need: usize,
    /// Something came since the last look.
    active: bool,
    /// Pings that were not answered.
    pings: u32,
}

/// How a conversation ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The client left, or the server does.
    Gone,
    /// It was too slow, or cannot be written to.
    Cut,
    /// It was told why, where servers tell.
    Refused(Cow<'static, str>),
}

impl Session {
    pub(super) fn new(client: Arc<Client>, serving: Arc<Serving>, info: Info) -> Self {
        Self {
            authorized: !serving.config.auth.required(),
            client,
            serving,
            info,
            options: Connect::read(b"{}").unwrap_or_default(),
            cache: Cache::default(),
            wake: Wake::default(),
            need: 1,
            active: false,
            pings: 0,
        }
    }

    /// How many bytes there must be for anything to be done.
    pub(super) fn need(&self) -> usize {
        self.need
    }

    /// Takes all whole operations out of a buffer and carries them out.
    pub(super) fn input(&mut self, buffer: &mut BytesMut) -> Result<(), Ended> {
        self.active = true;
        if buffer.len() < self.need {
            return Ok(());
        }
        let bounds = self.serving.bounds();
        let mut at = 0;
        loop {
            match parser::parse(buffer.get(at..).unwrap_or_default(), &bounds) {
                Ok(Parsed::Operation(it, taken)) => {
                    self.act(&it)?;
                    at += taken;
                }
                Ok(Parsed::Need(more)) => {
                    self.need = more;
                    buffer.advance(at);
                    return Ok(());
                }
                Err(_) if !self.authorized => return Err(self.refuse("Authorization Violation")),
                Err(violation @ Violation::Arguments) => {
                    return Err(Ended::Refused(violation.to_string().into()));
                }
                Err(violation) => return Err(self.refuse(violation.to_string())),
            }
        }
    }

    /// Sees to it that all that was queued is written.
    pub(super) fn flush(&mut self) {
        for it in self.wake.clients.drain(..) {
            it.out.flush();
            if self.wake.crowded.is_none() && it.out.crowded() {
                self.wake.crowded = Some(Sink::Client(it));
            }
        }
    }

    /// Whom to wait for a little before more is read.
    pub(super) fn crowded(&mut self) -> Option<Sink> {
        self.wake.crowded.take()
    }

    /// Looks after the client when nothing else has happened for a while.
    pub(super) fn tick(&mut self) -> Result<(), Ended> {
        if !self.authorized {
            return Err(self.refuse("Authentication Timeout"));
        }
        if std::mem::take(&mut self.active) {
            self.pings = 0;
            return Ok(());
        }
        if self.pings >= SILENCE {
            return Err(self.refuse("Stale Connection"));
        }
        self.pings += 1;
        self.say(b"PING\r\n");
        Ok(())
    }

    /// Tells the client to go elsewhere.
    pub(super) fn lame_duck(&mut self) {
        if self.options.protocol > 0 {
            self.info.ldm = true;
            let line = self.info.line();
            self.say(&line);
        }
    }

    fn act(&mut self, it: &Operation<'_>) -> Result<(), Ended> {
        if !self.authorized && !matches!(it, Operation::Connect(_)) {
            return Err(self.refuse("Authorization Violation"));
        }
        match it {
            Operation::Publish(it) => return self.publish(it),
            Operation::Subscribe {
                subject,
                queue,
                sid,
            } => self.subscribe(subject, *queue, sid),
            Operation::Unsubscribe { sid, max } => self.unsubscribe(sid, *max),
            Operation::Connect(json) => self.connect(json)?,
            Operation::Ping => self.say(b"PONG\r\n"),
            Operation::Pong => self.pings = 0,
            Operation::Nothing => {}
        }
        Ok(())
    }

    fn connect(&mut self, json: &[u8]) -> Result<(), Ended> {
        let options = Connect::read(json)
            .map_err(|error| Ended::Refused(format!("CONNECT cannot be read: {error}").into()))?;
        let auth = &self.serving.config.auth;
        if !auth.accepts(&options.shown, &self.info.nonce) || options.elsewhere() {
            let hint = auth.hint(&options.shown);
            tracing::warn!(client = self.client.id, "refused a client: {hint}");
            return Err(self.refuse("Authorization Violation"));
        }
        if !(0..=1).contains(&options.protocol) {
            return Err(self.refuse("invalid client protocol"));
        }
        if options.no_responders && !options.headers {
            return Err(self.refuse("no responders requires headers support"));
        }
        tracing::debug!(
            client = self.client.id,
            name = options.name,
            lang = options.lang,
            version = options.version,
            "a client connected"
        );
        self.client.set_headers(options.headers);
        self.authorized = true;
        self.options = options;
        self.confirm();
        Ok(())
    }

    fn publish(&mut self, it: &Publish<'_>) -> Result<(), Ended> {
        if it.headers.is_some() && !self.client.headers() {
            return Err(Ended::Refused("message headers not supported".into()));
        }
        if self.options.pedantic && !trie::strictly_literal(it.subject) {
            self.say(b"-ERR 'Invalid Publish Subject'\r\n");
        }
        self.confirm();
        let (headers, payload) = it.body.split_at(it.headers.unwrap_or_default());
        let message = Message {
            subject: it.subject,
            reply: it.reply,
            headers: it.headers.map(|_| headers),
            payload,
        };
        let hub = &self.serving.hub;
        let except = (!self.options.echo).then_some(self.client.id);
        let route = self.cache.route(hub, it.subject);
        let count = hub.deliver(route, &message, except, &mut self.wake);
        if let Some(reply) = it.reply
            && count == 0
            && self.options.no_responders
        {
            self.nobody(reply);
        }
        Ok(())
    }

    /// Answers the client's own request, since nobody else will.
    fn nobody(&mut self, reply: &[u8]) {
        let hub = &self.serving.hub;
        let mut route = Route::default();
        hub.route(reply, &mut route);
        route.only(self.client.id);
        let message = Message {
            subject: reply,
            reply: None,
            headers: Some(NO_RESPONDERS),
            payload: b"",
        };
        hub.deliver(&route, &message, None, &mut self.wake);
    }

    fn subscribe(&mut self, subject: &[u8], queue: Option<&[u8]>, sid: &[u8]) {
        if !trie::valid(subject) {
            return self.say(b"-ERR 'Invalid Subject'\r\n");
        }
        let limit = self.serving.config.max_subscriptions;
        if limit > 0 && self.client.subscribed() >= limit {
            return self.say(b"-ERR 'maximum subscriptions exceeded'\r\n");
        }
        let sink = Sink::Client(self.client.clone());
        let it = Arc::new(Subscription::new(subject, queue, sid, sink));
        if self.client.remember(&it) {
            self.serving.hub.subscribe(&it);
        }
        self.confirm();
    }

    fn unsubscribe(&mut self, sid: &[u8], max: Option<u64>) {
        if let Some(it) = self.client.find(sid)
            && max.is_none_or(|max| it.limit(max))
        {
            self.client.forget(&it);
            self.serving.hub.unsubscribe(&it);
        }
        self.confirm();
    }

    /// Says that an operation is done, to those that want to hear it.
    fn confirm(&mut self) {
        if self.options.verbose {
            self.say(b"+OK\r\n");
        }
    }

    fn say(&mut self, line: &[u8]) {
        if self.client.out.line(line) == Queued::First {
            self.wake.clients.push(self.client.clone());
        }
    }

    fn refuse(&mut self, reason: impl Into<Cow<'static, str>>) -> Ended {
        let reason = reason.into();
        self.say(format!("-ERR '{reason}'\r\n").as_bytes());
        Ended::Refused(reason)
    }
}
