//! A call that finds no place here: another host that runs its target takes it, unless its turn comes first.
//!
//! The question goes first, and the call only to the host that keeps a place for it ([`super::spare`]).

use std::time::Duration;

use async_nats::{Client, Request, Subject};
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::life::Signs;
use super::local::{Endpoint, Failure};
use super::outgoing::Outcome;
use super::spare::{HOLD, OFFER, Spare};
use super::{Call, Incoming, Inner, Place, Places, Retry, RpcError, now};
use crate::lattice::invocation;
use crate::lattice::subject;
use crate::lattice::wire;

/// How long a safe call waits for an answer or a sign of life from elsewhere before it looks for another place.
const PATIENCE: Duration = Duration::from_millis(500);

/// A call must be on its way so long before the place that is kept for it is given up.
const MARGIN: Duration = Duration::from_secs(1);

/// A place that another host keeps for us; dropping it gives it back.
struct Grant {
    client: Client,
    /// Where the call goes.
    subject: Option<Subject>,
    until: Instant,
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(subject) = self.subject.take() {
            // Ready at once unless the connection is stuck; then the other host's patience ends it.
            let _ = self.client.publish(subject, Bytes::new()).now_or_never();
        }
    }
}

/// One call on its search.
struct Search<'a> {
    inner: &'a Inner,
    endpoint: &'a Endpoint,
    places: &'a dyn Places,
    spare: &'a Spare,
    call: &'a Call,
    signs: &'a Signs,
    safe: bool,
    /// Hosts that took it.
    elsewhere: FuturesUnordered<BoxFuture<'a, Outcome>>,
}

enum Event<'a> {
    Turn(Result<Place<'a>, String>),
    Grant(Grant),
    Elsewhere(Outcome),
    Impatient,
}

impl Endpoint {
    /// Runs a call that could not begin at once, wherever there is a place first. A `safe` one looks for another
    /// place when the answer from elsewhere is late.
    pub(super) async fn overflow(
        &self,
        inner: &Inner,
        call: Incoming,
        safe: bool,
    ) -> Result<Bytes, Failure> {
        let (Some(places), Some(spare)) = (self.handler.places(), self.spare.as_deref()) else {
            return self.handler.handle(call).await.map_err(Failure::Handler);
        };
        let call = Call {
            origin: call.origin,
            target: call.target,
            operation: call.operation,
            payload: call.payload,
            deadline: call.deadline,
            depth: call.depth,
            retry: Retry::Never,
        };
        let search = Search {
            inner,
            endpoint: self,
            places,
            spare,
            call: &call,
            signs: &Signs::new(Instant::now(), PATIENCE, None),
            safe,
            elsewhere: FuturesUnordered::new(),
        };
        search.run().await
    }

    fn question(&self, inner: &Inner) -> Bytes {
        let target = self.target.clone();
        let question = invocation::make(
            &inner.identity,
            target.clone(),
            target,
            OFFER,
            Bytes::new(),
            now(),
        );
        // Strings and bytes: they encode.
        wire::encode(&question).unwrap_or_default()
    }
}

impl<'a> Search<'a> {
    async fn run(mut self) -> Result<Bytes, Failure> {
        loop {
            match self.next().await {
                Event::Turn(Ok(place)) => {
                    let call = self.call.clone().into();
                    return place(call).await.map_err(Failure::Handler);
                }
                Event::Turn(Err(text)) => return Err(Failure::Handler(text)),
                Event::Grant(grant) => {
                    self.signs.hear();
                    let signs = self.safe.then_some(self.signs);
                    let taken = self.inner.hand_over(self.call, grant, signs);
                    self.elsewhere.push(Box::pin(taken));
                }
                Event::Elsewhere(Outcome::Done(result)) => return result.map_err(Failure::from),
                Event::Elsewhere(Outcome::Lost(error)) if !self.safe => return Err(error.into()),
                Event::Elsewhere(Outcome::Lost(_) | Outcome::NotRun(_)) => {
                    self.spare.found(false);
                }
                Event::Impatient => {}
            }
        }
    }

    async fn next(&mut self) -> Event<'a> {
        if let Some(until) = self.patience()
            && until > Instant::now()
        {
            return tokio::select! {
                Some(outcome) = self.elsewhere.next() => Event::Elsewhere(outcome),
                () = sleep_until(until) => Event::Impatient,
            };
        }
        tokio::select! {
            biased;
            Some(outcome) = self.elsewhere.next() => Event::Elsewhere(outcome),
            turn = self.places.take(self.call.deadline) => Event::Turn(turn),
            grant = ask(self.inner, self.endpoint, self.spare) => Event::Grant(grant),
        }
    }

    /// Until when whoever took the call is waited for, if anyone did.
    fn patience(&self) -> Option<Instant> {
        match (self.elsewhere.is_empty(), self.safe) {
            (true, _) => None,
            (false, true) => Some(self.signs.end()),
            // The deadline ends it from outside.
            (false, false) => Some(self.call.deadline + MARGIN),
        }
    }
}

/// Asks other hosts for a place, as often as it takes.
async fn ask(inner: &Inner, endpoint: &Endpoint, spare: &Spare) -> Grant {
    let subject = subject::rpc::spare(&inner.lattice, &endpoint.target.public_key);
    let question = spare.question.get_or_init(|| endpoint.question(inner));
    loop {
        sleep_until(spare.quiet_until()).await;
        let Ok(slot) = spare.asking.clone().acquire_owned().await else {
            return std::future::pending().await;
        };
        // Others may have asked in vain meanwhile.
        if spare.quiet_until() > Instant::now() {
            continue;
        }
        spare.withdraw().await;
        let until = Instant::now() + HOLD - MARGIN;
        let request = Request::new().payload(question.clone()).timeout(Some(HOLD));
        let (client, subject) = (inner.client.clone(), subject.clone());
        let (send, answer) = oneshot::channel();
        let draining = endpoint.draining.clone();
        // In a task of its own, so that a place is given back even when nobody waits for it any more.
        endpoint.running.spawn(async move {
            let asked = client.send_request(subject, request);
            let asked = draining.run_until_cancelled(asked).await;
            drop(slot);
            let subject = asked.and_then(Result::ok).and_then(|it| it.reply);
            let _ = send.send(subject.map(|subject| Grant {
                client,
                subject: Some(subject),
                until,
            }));
        });
        let grant = answer.await.ok().flatten();
        spare.found(grant.is_some());
        if let Some(grant) = grant {
            return grant;
        }
    }
}

impl Inner {
    /// Sends a call to the host that keeps a place for it, and waits for its answer.
    async fn hand_over(&self, call: &Call, mut grant: Grant, signs: Option<&Signs>) -> Outcome {
        let mut prepared = match self.prepare(call).await {
            Ok(prepared) => prepared,
            Err(error) => return Outcome::NotRun(error),
        };
        match grant.subject.take() {
            Some(subject) if Instant::now() < grant.until => {
                self.attempt(call, subject, &mut prepared, signs).await
            }
            _ => Outcome::NotRun(RpcError::timeout(&call.target, grant.until)),
        }
    }
}
