//! What clients answer to a delivery.

use std::time::Duration;

use serde::Deserialize;

use super::super::api::consumer::AckPolicy;
use super::{Around, Consumer};

#[derive(Default, Deserialize)]
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
        around: &Around<'_>,
    ) -> bool {
        // `$JS.ACK.{stream}.{consumer}.{deliveries}.{seq}.{consumer seq}.{time}.{pending}`
        let seq = subject.split('.').nth(5).and_then(|it| it.parse().ok());
        let Some(seq) = seq.filter(|it| *it <= self.delivered.stream_seq) else {
            return false;
        };
        if !self.config.is_push() {
            // Somebody is still at work.
            self.idle = self.idle.map(|_| around.now);
        }
        let at = body.iter().position(|it| *it == b' ');
        let (word, rest) = body.split_at(at.unwrap_or(body.len()));
        match word {
            b"" | b"+ACK" | b"+OK" => self.acknowledge(seq),
            b"-NAK" => {
                let it: Delay = serde_json::from_slice(rest).unwrap_or_default();
                let delay = Duration::from_nanos(it.delay);
                self.wait_for(seq, around.now + delay);
            }
            b"+WPI" => self.wait_for(seq, around.now + self.config.ack_wait),
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
}
