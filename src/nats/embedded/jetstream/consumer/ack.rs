//! What clients answer to a delivery.

use std::time::Duration;

use serde::Deserialize;

use super::super::api::consumer::AckPolicy;
use super::{Around, Consumer};

#[derive(Deserialize)]
struct Delay {
    #[serde(default)]
    delay: u64,
}

impl Consumer {
    /// Takes an answer to the delivery that `subject` names; true when it is one.
    pub(in super::super) fn answered(
        &mut self,
        subject: &str,
        reply: Option<&str>,
        body: &[u8],
        around: &mut Around<'_>,
    ) -> bool {
        // `$JS.ACK.{stream}.{consumer}.{deliveries}.{seq}.{consumer seq}.{time}.{pending}`
        let Some(seq) = subject
            .split('.')
            .nth(5)
            .and_then(|it| it.parse::<u64>().ok())
        else {
            return false;
        };
        if seq > self.delivered.stream_seq {
            return false;
        }
        let (word, rest) = match body.iter().position(|it| *it == b' ') {
            Some(at) => (&body[..at], body[at..].trim_ascii()),
            None => (body, &body[body.len()..]),
        };
        match word {
            b"" | b"+ACK" | b"+OK" => self.acknowledge(seq),
            b"-NAK" => {
                let delay = serde_json::from_slice::<Delay>(rest).map_or(0, |it| it.delay);
                self.refused(seq, Duration::from_nanos(delay), around);
            }
            b"+WPI" => {
                if let Some(deliveries) = self.unacked.get(&seq).map(|it| it.deliveries) {
                    let due = around.now + self.patience(deliveries);
                    self.again.remove(&seq);
                    self.put_off(seq, due);
                }
            }
            b"+TERM" => self.settle(seq),
            b"+NXT" => {
                self.acknowledge(seq);
                if let Some(reply) = reply {
                    self.request(reply, rest, around);
                }
            }
            _ => return false,
        }
        true
    }

    fn acknowledge(&mut self, seq: u64) {
        if self.config.ack_policy == AckPolicy::All {
            let below: Vec<u64> = self.unacked.range(..seq).map(|it| *it.0).collect();
            for seq in below {
                self.settle(seq);
            }
        }
        self.settle(seq);
    }

    fn refused(&mut self, seq: u64, delay: Duration, around: &Around<'_>) {
        let Some(it) = self.unacked.get_mut(&seq) else {
            return;
        };
        if delay.is_zero() {
            it.due = None;
            self.again.insert(seq);
        } else if let Some(due) = around.now.checked_add(delay) {
            self.again.remove(&seq);
            self.put_off(seq, due);
        }
    }

    fn put_off(&mut self, seq: u64, due: std::time::Instant) {
        if let Some(it) = self.unacked.get_mut(&seq) {
            it.due = Some(due);
            self.due = Some(self.due.map_or(due, |it| it.min(due)));
        }
    }
}
