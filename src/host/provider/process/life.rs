//! Looking after a provider's process from its start to its end, however often it has to be started again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::again::Again;
use super::backoff::Backoff;
use super::launch::{Run, launch};
use super::line::{Ears, Line, Silence};
use super::links::{Tell, Told};
use crate::archive::par::Executable;
use crate::host::event::{Crash, ProviderOrder};
use crate::host::provider::{
    Close, HEALTH_PERIOD, Handle, Signal, Surroundings, is_for, means_us, read_link,
};
use crate::lattice::wire::{Health, LinkDefinition};

/// When the first check of its health is due (protocol §5.4).
const FIRST_CHECK: Duration = Duration::from_secs(5);

/// How often it is asked until it answers for the first time, from when on it hears what it is told.
const READY_POLL: Duration = Duration::from_millis(50);

/// One that is late is asked less often.
const LATE_POLL: Duration = Duration::from_secs(1);

/// How long other hosts get to tell it of a link before we do.
const SETTLE: Duration = Duration::from_millis(300);

/// Requests end with the process that is the door to the world, so these go before the actors do.
const DOORS: &[&str] = &["wasmcloud:httpserver"];

/// Starts the process; returns once it answers, or is at least still there when its first check is due.
pub(in crate::host::provider) async fn start(
    order: ProviderOrder,
    program: Executable,
    around: Surroundings,
) -> Result<(Handle, BoxFuture<'static, ()>), String> {
    let (line, ears) = Line::open(&order.key, &around)
        .await
        .map_err(|error| format!("cannot subscribe on the lattice: {error}"))?;
    let nudge = Arc::new(Notify::new());
    let (orders, close) = mpsc::channel(4);
    let mut life = Life {
        order,
        program,
        around,
        line,
        ears,
        told: Told::default(),
        again: Again::default(),
        nudge: Arc::clone(&nudge),
        close,
        backoff: Backoff::default(),
        dismissed: false,
    };
    let (run, ready) = life.begin().await?;
    Ok((Handle { nudge, orders }, Box::pin(life.live(run, ready))))
}

struct Life {
    order: ProviderOrder,
    program: Executable,
    around: Surroundings,
    line: Line,
    ears: Ears,
    told: Told,
    again: Again,
    nudge: Arc<Notify>,
    close: mpsc::Receiver<Close>,
    backoff: Backoff,
    /// A peer has told it to shut down, so that it ends is no accident.
    dismissed: bool,
}

/// Why a run of the process is over.
enum End {
    Ended(String),
    Close(Option<Close>),
}

enum Wake {
    Ended(String),
    Links,
    Settled,
    Again,
    Told(async_nats::Message),
    Shutdown(async_nats::Message),
    Due,
    Health(Result<Health, Silence>),
    Close(Option<Close>),
}

impl Life {
    /// Starts the process and waits until it answers, for as long as the first check may take.
    async fn begin(&mut self) -> Result<(Run, bool), String> {
        let links = self.wanted();
        self.told = Told::at_start(&links);
        self.again = Again::default();
        let mut run = launch(&self.order, &self.program, &self.around, links).await?;
        let ready = async {
            while self.line.ask_health().await.is_err() {
                sleep(READY_POLL).await;
            }
        };
        let ready = tokio::select! {
            ready = timeout(FIRST_CHECK, ready) => ready.is_ok(),
            reason = run.ended() => {
                // What it wrote last is still being read.
                sleep(READY_POLL).await;
                let words = run.last_words();
                let words = if words.is_empty() { words } else { format!("; it wrote: {words}") };
                let reason = if reason == "normal" { "exit status 0".to_owned() } else { reason };
                return Err(format!("its process ended right after its start ({reason}){words}"));
            }
        };
        Ok((run, ready))
    }

    async fn live(mut self, mut run: Run, mut ready: bool) {
        loop {
            let reason = match self.attend(&mut run, ready).await {
                End::Close(None) => return,
                End::Close(Some(order)) => return self.finish(run, order).await,
                End::Ended(reason) => reason,
            };
            let lived = run.since.elapsed();
            run.end(Duration::ZERO).await;
            // It may have been quicker than we to act on what a peer said.
            self.line.catch_up().await;
            while let Some(Some(message)) = self.ears.shutdown.next().now_or_never() {
                self.hear_shutdown(&message).await;
            }
            if self.dismissed {
                return;
            }
            let Some(next) = self.start_again(reason, lived).await else {
                return;
            };
            (run, ready) = next;
            let restarted = Signal::Restarted(self.order.key.clone());
            let _ = self.around.signals.send(restarted).await;
        }
    }

    /// Looks after the process until it ends or is to end.
    async fn attend(&mut self, run: &mut Run, mut ready: bool) -> End {
        let mut settle = None;
        let mut asking = None;
        let mut due = run.since + FIRST_CHECK;
        let mut overdue = false;
        if ready {
            self.listens();
            due = Instant::now();
        }
        loop {
            let wake = tokio::select! {
                reason = run.ended() => Wake::Ended(reason),
                order = self.close.recv() => Wake::Close(order),
                Some(message) = self.ears.links.next() => Wake::Told(message),
                Some(message) = self.ears.shutdown.next() => Wake::Shutdown(message),
                () = self.nudge.notified() => Wake::Links,
                () = at(settle) => Wake::Settled,
                () = at(self.again.due()) => Wake::Again,
                answer = pending(&mut asking) => Wake::Health(answer),
                () = sleep_until(due), if asking.is_none() => Wake::Due,
            };
            match wake {
                Wake::Ended(reason) => return End::Ended(reason),
                Wake::Close(Some(order)) if order.keep_serving && !self.is_door() => {
                    let _ = order.done.send(());
                }
                Wake::Close(order) => return End::Close(order),
                Wake::Told(message) => self.hear(&message),
                Wake::Shutdown(message) => self.hear_shutdown(&message).await,
                Wake::Links => {
                    if self.told.differs(&self.wanted()) {
                        settle.get_or_insert(Instant::now() + SETTLE);
                    }
                }
                Wake::Settled => {
                    settle = None;
                    self.tell().await;
                }
                Wake::Again => self.tell_again().await,
                Wake::Due => asking = Some(self.line.ask_health().boxed()),
                Wake::Health(answer) => {
                    asking = None;
                    if !ready && answer.is_ok() {
                        ready = true;
                        self.listens();
                    }
                    let late = !ready && run.since.elapsed() < HEALTH_PERIOD;
                    due = Instant::now() + if late { LATE_POLL } else { HEALTH_PERIOD };
                    if !ready && !overdue {
                        // Some read to the end of their stdin before they do anything.
                        run.close_stdin();
                    }
                    let periodic = ready || !late || !overdue;
                    overdue = !ready;
                    if periodic {
                        self.report(answer, ready).await;
                    }
                }
            }
        }
    }

    /// Starts the process once more, after a pause, until it runs; none if the provider is to end.
    async fn start_again(
        &mut self,
        mut reason: String,
        mut lived: Duration,
    ) -> Option<(Run, bool)> {
        loop {
            let (count, pause) = self.backoff.ended(lived);
            tracing::warn!(provider = %self.order.key, "its process ended: {reason}");
            let crash = Crash {
                reason,
                count,
                pause,
            };
            let provider = self.order.key.clone();
            let crashed = Signal::Crashed { provider, crash };
            let _ = self.around.signals.send(crashed).await;
            if !self.pause(pause).await {
                return None;
            }
            let again = Instant::now();
            match self.begin_unless_closed().await? {
                Ok(run) => return Some(run),
                Err(error) => (reason, lived) = (error, again.elapsed()),
            }
        }
    }

    async fn begin_unless_closed(&mut self) -> Option<Result<(Run, bool), String>> {
        // Taken out for the time being, so that both can be waited for.
        let (_, none) = mpsc::channel(1);
        let mut close = std::mem::replace(&mut self.close, none);
        let result = loop {
            tokio::select! {
                result = self.begin() => break result,
                order = close.recv() => {
                    let order = order?;
                    let goes_on = order.keep_serving && !self.is_door();
                    let _ = order.done.send(());
                    if !goes_on {
                        return None;
                    }
                }
            }
        };
        self.close = close;
        Some(result)
    }

    /// False if the provider is to end.
    async fn pause(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            let order = tokio::select! {
                () = sleep_until(until) => return true,
                order = self.close.recv() => order,
            };
            let Some(order) = order else { return false };
            let goes_on = order.keep_serving && !self.is_door();
            let _ = order.done.send(());
            if !goes_on {
                return false;
            }
        }
    }

    /// Asks it to shut down, and sees to it that it does.
    async fn finish(self, mut run: Run, order: Close) {
        // A peer that dismissed it has asked already: a second question could cost that peer its answer.
        let asked = self.dismissed
            || tokio::select! {
                asked = self.line.ask_to_shut_down(&self.around.host) => asked,
                _ = run.ended() => true,
            };
        // Who does not answer does not know that it should end.
        let grace = if asked { order.grace } else { Duration::ZERO };
        run.end(grace).await;
        let _ = order.done.send(());
    }

    fn is_door(&self) -> bool {
        DOORS.contains(&self.order.facts.contract.as_str())
    }

    /// The links that shared state has for it.
    fn wanted(&self) -> Vec<LinkDefinition> {
        let key = &self.order.key;
        let snapshot = self.around.state.snapshot();
        let ours = |it: &&LinkDefinition| is_for(it, key);
        snapshot.links.values().filter(ours).cloned().collect()
    }

    /// It hears what is published from now on. What came before, it may have missed; that is said again in a moment,
    /// since providers subscribe to one thing after another.
    fn listens(&mut self) {
        while let Some(Some(message)) = self.ears.links.next().now_or_never() {
            self.hear(&message);
        }
        self.told.listens();
        self.nudge.notify_one();
    }

    fn hear(&mut self, message: &async_nats::Message) {
        let Some(link) = read_link(&self.order.key, message) else {
            return;
        };
        let actor = link.actor_id.clone();
        if self.line.is_put(message) {
            if self.told.heard_put(link) {
                self.again.put(&actor, Instant::now());
            }
        } else if self.line.is_delete(message) {
            self.told.heard_delete(&actor);
            self.again.deleted(Instant::now());
        }
    }

    async fn hear_shutdown(&mut self, message: &async_nats::Message) {
        if means_us(message, &self.around.host) {
            self.dismissed = true;
            let dismissed = Signal::Dismissed(self.order.key.clone());
            let _ = self.around.signals.send(dismissed).await;
        }
    }

    /// Says what nobody else has said.
    async fn tell(&mut self) {
        let wanted = self.wanted();
        let tell = self.told.catch_up(&wanted);
        let now = Instant::now();
        if tell.iter().any(|it| matches!(it, Tell::Delete(_))) {
            self.again.deleted(now);
        }
        for it in &tell {
            if let Tell::Put(link) = it {
                self.again.put(&link.actor_id, now);
            }
        }
        self.line.tell(tell).await;
    }

    /// Puts once more what it may not have been able to take.
    async fn tell_again(&mut self) {
        let actors = self.again.take(Instant::now());
        let mut links = self.wanted();
        links.retain(|it| actors.contains(&it.actor_id));
        self.line
            .tell(links.into_iter().map(Tell::Put).collect())
            .await;
    }

    async fn report(&self, answer: Result<Health, Silence>, ready: bool) {
        let signal = Signal::Health {
            provider: self.order.key.clone(),
            health: self.line.health(answer, ready),
            periodic: true,
        };
        let _ = self.around.signals.send(signal).await;
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

async fn pending<T>(future: &mut Option<BoxFuture<'_, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
