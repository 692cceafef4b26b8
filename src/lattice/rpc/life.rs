//! Signs of life: how a caller that may repeat its call tells a slow callee from a lost one.
//!
//! A caller asks for signs in a header, which other hosts ignore. A callee that is not done after that time sends
//! a request in place of the answer; the caller's reply to it says where the answer, or the next sign, is to go.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::{HeaderMap, Message, Request, Subject};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Inner, OUTCOME_HEADER};

/// Milliseconds of silence after which the caller wants a sign.
pub(super) const SIGNS_HEADER: &str = "Wash-Signs-Ms";

const WORKING: &str = "working";

/// What a caller may ask for.
const SHORTEST: Duration = Duration::from_millis(20);

/// How long an answer that is ready waits to hear where it is to go.
const ADDRESS_LIMIT: Duration = Duration::from_secs(3);

/// When one call last heard from anyone who works on it.
#[derive(Debug)]
pub(super) struct Signs {
    /// After how much silence the caller doubts that anyone does.
    pub(super) patience: Duration,
    /// For how long signs are believed without an answer; none is for ever.
    trust: Option<Duration>,
    since: Instant,
    /// Milliseconds after `since`.
    heard: AtomicU64,
}

impl Signs {
    pub(super) fn new(since: Instant, patience: Duration, trust: Option<Duration>) -> Self {
        Self {
            patience,
            trust,
            since,
            heard: AtomicU64::new(0),
        }
    }

    fn last(&self) -> Instant {
        self.since + Duration::from_millis(self.heard.load(Ordering::Relaxed))
    }

    /// When the last sign is too old, or signs are not enough any more.
    pub(super) fn end(&self) -> Instant {
        let silent = self.last() + self.patience;
        self.trust.map_or(silent, |it| silent.min(self.since + it))
    }

    /// Whether somebody gives signs, believed or not.
    pub(super) fn are_fresh(&self, now: Instant) -> bool {
        now < self.last() + self.patience
    }

    /// How often whoever works on it is to give a sign, which takes its time to get here.
    pub(super) fn every(&self) -> Duration {
        self.patience * 3 / 5
    }

    pub(super) fn hear(&self) {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.fetch_max(now, Ordering::Relaxed);
    }

    /// Where to go on waiting, if this is a sign rather than an answer.
    pub(super) fn read(&self, message: &Message) -> Option<Subject> {
        let outcome = message.headers.as_ref()?.get(OUTCOME_HEADER)?;
        if outcome.as_str() != WORKING {
            return None;
        }
        self.hear();
        message.reply.clone()
    }
}

/// The time after which the caller wants signs, if it does.
pub(super) fn wanted(headers: Option<&HeaderMap>) -> Option<Duration> {
    let every = headers?.get(SIGNS_HEADER)?.as_str().parse().ok()?;
    Some(Duration::from_millis(every).max(SHORTEST))
}

impl Inner {
    /// Sees `work` through, with a sign after each `every`. `reply` is where the answer goes, which changes with
    /// each sign; none when the caller does not wait any more.
    pub(super) async fn show_life<T>(
        &self,
        every: Duration,
        reply: &mut Option<Subject>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = timeout(every, &mut work).await {
                return done;
            }
            let Some(to) = reply.take() else {
                return work.await;
            };
            let mut headers = HeaderMap::new();
            headers.insert(OUTCOME_HEADER, WORKING);
            let sign = Request::new().headers(headers).timeout(None);
            let mut sent = std::pin::pin!(self.client.send_request(to, sign));
            let done = tokio::select! {
                done = &mut work => done,
                next = &mut sent => {
                    *reply = next.ok().and_then(|it| it.reply);
                    continue;
                }
            };
            let limit = Instant::now() + ADDRESS_LIMIT;
            let next = timeout_at(limit, sent).await.ok().and_then(Result::ok);
            *reply = next.and_then(|it| it.reply);
            return done;
        }
    }
}
