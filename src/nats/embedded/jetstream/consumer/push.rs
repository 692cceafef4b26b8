//! The flow to a deliver subject: who listens, how much is under way, signs of life.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::super::Bus;
use super::super::api::consumer::ConsumerConfig;
use super::super::header::status;
use super::super::store::Record;
use super::{Around, Consumer};

/// Bytes under way to begin with, and at most, when the client takes part in flow control.
const WINDOW: (usize, usize) = (512 * 1024, 8 << 20);

/// How often to see whether they are still there.
const CHECK: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Push {
    pub(super) bound: bool,
    /// When to look for listeners again.
    look: Option<Instant>,
    /// When to send a sign of life.
    beat: Option<Instant>,
    window: usize,
    under_way: usize,
    /// What the client was asked to confirm, and the bytes before it.
    asked: Option<(String, usize)>,
}

impl Push {
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.look, self.beat].into_iter().flatten().min()
    }

    /// A message may go out.
    pub(super) fn flows(&self, config: &ConsumerConfig) -> bool {
        self.bound && !(config.flow_control && self.under_way >= self.window)
    }
}

impl Consumer {
    /// The client confirms what it was asked on this subject.
    pub(in super::super) fn flowed(&mut self, subject: &str) {
        let push = &mut self.push;
        if let Some((_, bytes)) = push.asked.take_if(|it| it.0 == subject) {
            push.under_way = push.under_way.saturating_sub(bytes);
            push.window = (push.window * 2).min(WINDOW.1);
        }
    }

    /// Nobody listened to it when it was looked last.
    pub(in super::super) fn is_lonely(&self) -> bool {
        self.config.is_push() && !self.push.bound
    }

    /// Somebody listens now, and is looked at next.
    pub(in super::super) fn greet(&mut self, bus: &Bus) -> bool {
        let came = bus.interest(&self.config.deliver_subject);
        if came {
            self.push.look = None;
        }
        came
    }

    /// Sees who listens, now and then.
    pub(super) fn look(&mut self, around: &Around<'_>) {
        if !self.config.is_push() || self.push.look.is_some_and(|it| it > around.now) {
            return;
        }
        let bound = around.bus.interest(&self.config.deliver_subject);
        if bound && !self.push.bound {
            // Whoever came knows nothing of what was under way to another.
            self.push = Push {
                window: WINDOW.0,
                ..Push::default()
            };
            self.beat_later(around.now);
        }
        self.push.look = Some(around.now + CHECK);
        self.bind(bound, around.now);
    }

    fn bind(&mut self, bound: bool, now: Instant) {
        self.push.bound = bound;
        if bound {
            self.idle = None;
        } else {
            self.push.beat = None;
            self.idle.get_or_insert(now);
        }
    }

    fn beat_later(&mut self, now: Instant) {
        let every = self.config.idle_heartbeat;
        self.push.beat = (!every.is_zero()).then(|| now + every);
    }

    /// Gives a message to whoever listens.
    pub(super) fn push_out(
        &mut self,
        around: &Around<'_>,
        message: &Record,
        size: usize,
        new: bool,
    ) {
        let to = self.config.deliver_subject.clone();
        if !self.hand_out(around, &to, message, new) {
            return self.bind(false, around.now);
        }
        self.beat_later(around.now);
        if !self.config.flow_control {
            return;
        }
        // The client is asked to confirm what it got, half a window at a time.
        let push = &mut self.push;
        push.under_way += size;
        if push.asked.is_none() && push.under_way >= push.window / 2 {
            let id = format!("$JS.FC.{}.{}.{}", around.stream, self.name, nuid::next());
            let status = status("100 FlowControl Request", &[]);
            around
                .bus
                .publish(&to, Some(&id), Some(&status), &Bytes::new());
            push.asked = Some((id, push.under_way));
        }
    }

    /// Shows a sign of life when it is time.
    pub(super) fn beat(&mut self, around: &Around<'_>) {
        if self.push.beat.is_none_or(|it| it > around.now) {
            return;
        }
        let at = self.delivered;
        let mut lines = at.lines().to_vec();
        if let Some((id, _)) = self
            .push
            .asked
            .as_ref()
            .filter(|_| !self.push.flows(&self.config))
        {
            lines.push(("Nats-Consumer-Stalled", id));
        }
        let status = status("100 Idle Heartbeat", &lines);
        let to = &self.config.deliver_subject;
        around.bus.publish(to, None, Some(&status), &Bytes::new());
        self.beat_later(around.now);
    }
}
