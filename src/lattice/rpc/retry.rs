//! How often a call is tried: again where nothing ran, and beside the first where running twice does no harm.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::life::Signs;
use super::outgoing::Outcome;
use super::pace::Pace;
use super::{Call, Inner, Retry, RpcError};

/// Pauses between tries while nobody listens.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// How long a safe call waits for an answer or a sign of life before it is made once more, at the least: usually,
/// and where calls were lost lately.
const PATIENCE: Duration = Duration::from_millis(250);
const DOUBTFUL_PATIENCE: Duration = Duration::from_millis(60);
/// And so many times the usual time until an answer.
const USUAL: u32 = 3;

/// Signs of life without an answer are believed for so many times the usual time, and for so long at the least: a
/// host that comes back works off all that waited for it, long after its callers have gone.
const TRUSTED: u32 = 16;
const TRUST: Duration = Duration::from_millis(500);

/// Calls may be chased at once in this number, or this part of all safe calls under way: hosts that are merely slow
/// must not get a multiple of their load. A machine that is lost may have taken half of the calls under way.
const MOST_CHASED: usize = 64;
const CHASED_PART: usize = 4;

/// What the safe calls of one process share.
#[derive(Debug, Default)]
pub(super) struct Chase {
    pace: Pace,
    calls: AtomicUsize,
    chased: AtomicUsize,
}

/// One more of something until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Chase {
    /// Leave to make a call more than once, for as long as it takes.
    fn leave(&self) -> Option<Counted<'_>> {
        let most = MOST_CHASED.max(self.calls.load(Ordering::Relaxed) / CHASED_PART);
        let taken = Counted::new(&self.chased);
        (self.chased.load(Ordering::Relaxed) <= most).then_some(taken)
    }
}

impl Inner {
    pub(super) async fn invoke_remote(&self, call: &Call) -> Result<Bytes, RpcError> {
        let started = Instant::now();
        let result = match call.retry {
            Retry::Never | Retry::NoResponders => {
                timeout_at(call.deadline, self.one_by_one(call)).await
            }
            Retry::Safe => timeout_at(call.deadline, self.race(call)).await,
        };
        match result {
            Ok(result) => result,
            Err(_) if !self.is_connected() => {
                Err(RpcError::Transport("the connection to NATS is down".into()))
            }
            Err(_) => Err(RpcError::timeout(&call.target, started)),
        }
    }

    /// A try begins when it is certain that none before it ran.
    async fn one_by_one(&self, call: &Call) -> Result<Bytes, RpcError> {
        let subject = self.call_subject(call)?;
        let mut prepared = self.prepare(call).await?;
        let mut pause = FIRST_PAUSE;
        loop {
            let outcome = self.attempt(call, subject.clone().into(), &mut prepared, None);
            let error = match outcome.await {
                Outcome::Done(result) => return result,
                Outcome::Lost(error) => return Err(error),
                Outcome::NotRun(error) => error,
            };
            if call.retry == Retry::Never || Instant::now() + pause >= call.deadline {
                return Err(error);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
            // It may have started here meanwhile.
            if let Some(endpoint) = self.endpoint(&call.target) {
                return endpoint.invoke(self, call.clone()).await;
            }
            // Whoever turned it down may have fetched its payload.
            if !matches!(error, RpcError::NoResponders { .. }) {
                prepared = self.prepare(call).await?;
            }
        }
    }

    /// The first answer of all tries.
    async fn race(&self, call: &Call) -> Result<Bytes, RpcError> {
        let _counted = Counted::new(&self.chase.calls);
        let started = Instant::now();
        let known = self.chase.pace.of(&call.target);
        let patience = match known.is_doubtful() {
            true => DOUBTFUL_PATIENCE,
            false => PATIENCE,
        };
        let trust = (!known.usual.is_zero()).then(|| TRUST.max(known.usual * TRUSTED));
        let signs = Signs::new(started, patience.max(known.usual * USUAL), trust);
        let mut first = std::pin::pin!(self.safe_try(call, &signs));
        let tries = FuturesUnordered::new();
        let mut failure = None;
        loop {
            match timeout_at(signs.end(), first.as_mut()).await {
                Ok(Outcome::Done(result)) => return result,
                Ok(Outcome::NotRun(error) | Outcome::Lost(error)) => failure = Some(error),
                Err(_) if Instant::now() < signs.end() => continue,
                Err(_) => tries.push(Box::pin(first) as BoxFuture<'_, Outcome>),
            }
            break;
        }
        Box::pin(self.chase(call, &signs, tries, failure)).await
    }

    /// Makes a safe call again and again, beside the `tries` whose answers are late.
    async fn chase<'a>(
        &'a self,
        call: &'a Call,
        signs: &'a Signs,
        mut tries: FuturesUnordered<BoxFuture<'a, Outcome>>,
        failure: Option<RpcError>,
    ) -> Result<Bytes, RpcError> {
        // NATS picks who gets a try at random, so several may end at the same lost host.
        let mut gap = signs.patience * 2 / 5;
        let mut leave = None;
        let mut pause = FIRST_PAUSE;
        let mut next = match failure {
            Some(_) => Instant::now() + pause,
            None => Instant::now(),
        };
        let mut failure = failure;
        loop {
            let outcome = tokio::select! {
                Some(outcome) = tries.next() => Some(outcome),
                () = sleep_until(next) => None,
            };
            match outcome {
                Some(Outcome::Done(result)) => {
                    if !tries.is_empty() {
                        self.chase.pace.doubt(&call.target);
                    }
                    return result;
                }
                Some(Outcome::NotRun(error) | Outcome::Lost(error)) => {
                    failure = Some(error);
                    if tries.is_empty() {
                        next = Instant::now() + pause;
                    }
                }
                None => {
                    let now = Instant::now();
                    if tries.is_empty() {
                        pause = (pause * 2).min(LAST_PAUSE);
                        tries.push(Box::pin(self.safe_try(call, signs)));
                    } else if now < signs.end() {
                        next = signs.end();
                        continue;
                    } else {
                        leave = leave.or_else(|| self.chase.leave());
                        if leave.is_some() {
                            tries.push(Box::pin(self.safe_try(call, signs)));
                        }
                    }
                    next = now
                        + match signs.are_fresh(now) {
                            true => gap.max(TRUST),
                            false => gap,
                        };
                    gap += gap / 8;
                }
            }
            // Then the reason says more than that the time is up.
            if tries.is_empty()
                && next >= call.deadline
                && let Some(error) = failure
            {
                return Err(error);
            }
        }
    }

    /// One try of a safe call, here if its target has started here meanwhile. Each has an id and a signature of
    /// its own, since its payload and its answer may lie in the store under its id.
    async fn safe_try(&self, call: &Call, signs: &Signs) -> Outcome {
        if let Some(endpoint) = self.endpoint(&call.target) {
            return Outcome::Done(endpoint.invoke(self, call.clone()).await);
        }
        let subject = match self.call_subject(call) {
            Ok(subject) => subject,
            Err(error) => return Outcome::NotRun(error),
        };
        let mut prepared = match self.prepare(call).await {
            Ok(prepared) => prepared,
            Err(error) => return Outcome::Lost(error),
        };
        let began = Instant::now();
        let outcome = self.attempt(call, subject.into(), &mut prepared, Some(signs));
        let outcome = outcome.await;
        if let Outcome::Done(_) = outcome {
            self.chase.pace.record(&call.target, began.elapsed());
        }
        outcome
    }

    fn call_subject(&self, call: &Call) -> Result<String, RpcError> {
        let subject = self.subject(&call.target);
        subject.ok_or_else(|| self.no_responders(&call.target))
    }
}
