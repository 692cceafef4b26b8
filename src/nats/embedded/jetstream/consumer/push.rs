//! The flow to a deliver subject: who listens, how much is under way, signs of life.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::api::consumer::ConsumerConfig;
use super::super::header::status;
use super::{Around, Consumer, Mode, Next, TURN, TURN_BYTES};

/// Bytes under way to begin with, and at most, when the client takes part in flow control.
const WINDOW: (usize, usize) = (512 * 1024, 8 << 20);

/// How often to see whether somebody came, and whether they are still there.
const LOOK: Duration = Duration::from_millis(100);
const CHECK: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Push {
    bound: bool,
    /// When to look for listeners again.
    look: Option<Instant>,
    /// When to send a sign of life.
    beat: Option<Instant>,
    window: usize,
    under_way: usize,
    /// What the client was asked to confirm, and the bytes before it.
    asked: Option<(String, usize)>,
}

impl Default for Push {
    fn default() -> Self {
        Self {
            bound: false,
            look: None,
            beat: None,
            window: WINDOW.0,
            under_way: 0,
            asked: None,
        }
    }
}

impl Push {
    pub(super) fn bound(&self) -> bool {
        self.bound
    }

    pub(super) fn deadline(&self, config: &ConsumerConfig, now: Instant) -> Option<Instant> {
        let look = self.look.unwrap_or(now);
        match self.beat {
            Some(beat) if !config.idle_heartbeat.is_zero() => Some(look.min(beat)),
            _ => Some(look),
        }
    }
}

impl Consumer {
    /// The client confirms what it was asked on this subject.
    pub(in super::super) fn flowed(&mut self, subject: &str) {
        let Mode::Push(push) = &mut self.mode else {
            return;
        };
        if let Some((_, bytes)) = push.asked.take_if(|it| it.0 == subject) {
            push.under_way = push.under_way.saturating_sub(bytes);
            push.window = (push.window * 2).min(WINDOW.1);
        }
    }

    pub(super) fn pump_push(&mut self, around: &mut Around<'_>) -> bool {
        let Some(to) = self.config.deliver_subject.clone() else {
            return false;
        };
        self.look(&to, around);
        let (mut turns, mut bytes) = (TURN, TURN_BYTES);
        loop {
            let Mode::Push(push) = &mut self.mode else {
                return false;
            };
            if !push.bound || self.config.flow_control && push.under_way >= push.window {
                break;
            }
            if turns == 0 || bytes == 0 {
                return true;
            }
            let (seq, new) = match self.next(around.store) {
                Next::Again(seq) => (seq, false),
                Next::New(seq) => (seq, true),
                Next::Nothing => break,
                Next::More => return true,
            };
            let message = match around.store.get(seq) {
                Ok(Some(it)) => it,
                Ok(None) => break,
                Err(error) => {
                    tracing::error!(stream = around.stream, seq, %error, "can not read a message");
                    self.skip(seq, new);
                    continue;
                }
            };
            turns -= 1;
            let headers = message.headers.as_ref().map_or(0, Bytes::len);
            let size = message.subject.len() + headers + message.payload.len();
            bytes = bytes.saturating_sub(size);
            let handed = self.hand_out(around, &to, &message, new);
            let Mode::Push(push) = &mut self.mode else {
                return false;
            };
            if !handed {
                push.bound = false;
                self.idle = Some(around.now);
                break;
            }
            push.beat = Some(around.now + self.config.idle_heartbeat);
            if self.config.flow_control {
                self.ask(&to, size, around);
            }
        }
        self.beat(&to, around);
        false
    }

    /// Sees who listens, now and then.
    fn look(&mut self, to: &str, around: &Around<'_>) {
        let Mode::Push(push) = &mut self.mode else {
            return;
        };
        if push.look.is_some_and(|it| it > around.now) {
            return;
        }
        let bound = around.bus.interest(to);
        if bound && !push.bound {
            // Whoever came knows nothing of what was under way to another.
            (push.under_way, push.asked, push.window) = (0, None, WINDOW.0);
            push.beat = Some(around.now + self.config.idle_heartbeat);
        }
        push.bound = bound;
        push.look = Some(around.now + if bound { CHECK } else { LOOK });
        match bound {
            true => self.idle = None,
            false if self.idle.is_none() => self.idle = Some(around.now),
            false => {}
        }
    }

    /// Asks the client to confirm what it got, half a window at a time.
    fn ask(&mut self, to: &str, size: usize, around: &Around<'_>) {
        let Mode::Push(push) = &mut self.mode else {
            return;
        };
        push.under_way += size;
        if push.asked.is_some() || push.under_way < push.window / 2 {
            return;
        }
        let id = format!("$JS.FC.{}.{}.{}", around.stream, self.name, nuid::next());
        let status = status("100 FlowControl Request", &[]);
        around
            .bus
            .publish(to, Some(&id), Some(&status), &Bytes::new());
        push.asked = Some((id, push.under_way));
    }

    fn beat(&mut self, to: &str, around: &Around<'_>) {
        let every = self.config.idle_heartbeat;
        let (consumer_seq, stream_seq) = (self.delivered.consumer_seq, self.delivered.stream_seq);
        let Mode::Push(push) = &mut self.mode else {
            return;
        };
        if every.is_zero() || !push.bound || push.beat.is_none_or(|it| it > around.now) {
            return;
        }
        let status = match &push.asked {
            Some((id, _)) if push.under_way >= push.window => status(
                "100 Idle Heartbeat",
                &[
                    ("Nats-Last-Consumer", &consumer_seq),
                    ("Nats-Last-Stream", &stream_seq),
                    ("Nats-Consumer-Stalled", id),
                ],
            ),
            _ => status(
                "100 Idle Heartbeat",
                &[
                    ("Nats-Last-Consumer", &consumer_seq),
                    ("Nats-Last-Stream", &stream_seq),
                ],
            ),
        };
        around.bus.publish(to, None, Some(&status), &Bytes::new());
        push.beat = Some(around.now + every);
    }
}
