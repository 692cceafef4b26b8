//! What a stream does for itself: it writes, answers, ages, cleans and brings things to the disk.

use std::io;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::super::api::error::ApiError;
use super::super::header;
use super::super::store::Store;
use super::super::time::{nanos, now};
use super::dedupe::Dedupe;
use super::{BROKEN, Owner, SAVE, Sync};

impl Owner {
    /// Writes what came, then answers.
    pub(super) async fn settle(&mut self) {
        if let Err(error) = self.write().await {
            self.fail(&error).await;
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

    /// What is answered from here on outlives the process, or a loss of power.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        self.store.flush()?;
        if self.shared.sync == Sync::Always && self.store.needs_sync() {
            self.sync().await?;
        }
        Ok(())
    }

    /// Nothing since the last write is on the disk: who sent it is told, and the stream begins anew with what is there.
    pub(super) async fn fail(&mut self, error: &io::Error) {
        tracing::error!(stream = self.config.name, %error, "can not write");
        let refusal = self.refusal(&ApiError::store(error));
        for (_, answer) in &mut self.answers {
            answer.clone_from(&refusal);
        }
        self.failed = Some((self.now, error.to_string()));
        // It may remove files that are read now.
        let _ = self.synced_now().await;
        match self.read() {
            Ok(()) => {
                for it in self.consumers.values_mut() {
                    it.resume(&self.store, self.now);
                }
            }
            // The store refuses everything, so this is tried again.
            Err(error) => tracing::error!(stream = self.config.name, %error, "can not read"),
        }
    }

    /// Why messages are refused at the moment.
    pub(super) fn broken(&self) -> Option<&str> {
        let (at, error) = self.failed.as_ref()?;
        (self.now < *at + BROKEN).then_some(error)
    }

    /// Reads what is on the disk.
    pub(super) fn read(&mut self) -> io::Result<()> {
        let since = now().saturating_sub(nanos(self.config.duplicate_window));
        let mut dedupe = Dedupe::default();
        let dir = self.disk.as_ref().map(|it| it.messages());
        self.store = Store::open(dir.as_deref(), |it| {
            let id = it
                .headers
                .as_ref()
                .and_then(|it| header::get(it, "Nats-Msg-Id"));
            if it.time >= since {
                dedupe.add(id, it.seq, it.time);
            }
        })?;
        self.dedupe = dedupe;
        Ok(())
    }

    /// A consumer that had nobody to deliver to has somebody now.
    pub(super) fn somebody_came(&mut self) -> bool {
        let bus = &self.shared.bus;
        let mut any = false;
        for consumer in self.consumers.values_mut().filter(|it| it.is_lonely()) {
            any |= consumer.greet(bus);
        }
        any
    }

    pub(super) fn pump(&mut self) -> bool {
        let mut busy = false;
        let (mut around, consumers) = self.around();
        for consumer in consumers.values_mut() {
            busy |= consumer.pump(&mut around);
        }
        busy
    }

    /// Ages, cleans, syncs and saves what is due; true when there is more to clean.
    pub(super) async fn keep_house(&mut self) -> bool {
        self.dedupe.expire(self.config.duplicate_window, self.wall);
        self.drop_abandoned();
        let mut more = false;
        if self.broken().is_none() {
            match self.tidy() {
                Ok(it) => more = it,
                Err(error) => self.fail(&error).await,
            }
        }
        if self.syncing.as_ref().is_some_and(JoinHandle::is_finished)
            && let Err(error) = self.synced_now().await
        {
            self.fail(&error).await;
        }
        if let Sync::Every(every) = self.shared.sync
            && self.syncing.is_none()
            && self.now >= self.synced + every
            && let Err(error) = self.start_sync()
        {
            self.fail(&error).await;
        }
        if self.now >= self.saved + SAVE {
            self.save_consumers(false);
        }
        more
    }

    /// Removes what is too old, and cleans a little.
    fn tidy(&mut self) -> io::Result<bool> {
        if self.oldest_due().is_some_and(|it| it <= self.wall) {
            self.remove(self.surplus(None).unwrap_or_default(), 0)?;
        }
        self.store.clean()
    }

    fn start_sync(&mut self) -> io::Result<()> {
        self.synced = self.now;
        if let Some(it) = self.store.pending()? {
            self.syncing = Some(tokio::task::spawn_blocking(move || it.run()));
        }
        Ok(())
    }

    async fn synced_now(&mut self) -> io::Result<()> {
        match self.syncing.take() {
            Some(task) => task.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }

    /// Brings everything to the disk.
    async fn sync(&mut self) -> io::Result<()> {
        self.synced_now().await?;
        self.start_sync()?;
        self.synced_now().await
    }

    pub(super) async fn close(&mut self) {
        self.settle().await;
        self.save_consumers(true);
        if let Err(error) = self.sync().await {
            tracing::error!(stream = self.config.name, %error, "can not sync");
        }
        self.leave();
    }

    pub(super) async fn destroy(&mut self) -> Result<(), ApiError> {
        self.inputs.clear();
        for consumer in self.consumers.values_mut() {
            consumer.farewell(&self.shared.bus);
        }
        let _ = self.synced_now().await;
        self.leave();
        let Some(disk) = self.disk.clone() else {
            return Ok(());
        };
        let gone = super::blocking(move || disk.destroy()).await;
        gone.map_err(|it| ApiError::new(500, 10067, it))
    }

    pub(super) fn account(&mut self) {
        let (usage, share) = (&self.shared.usage, &mut self.share);
        let (total, _) = usage.of(self.config.storage);
        total.change(&mut share.0, self.store.bytes());
        usage
            .consumers
            .change(&mut share.1, self.consumers.len() as u64);
    }

    /// Takes nothing any more.
    fn leave(&mut self) {
        self.store = Store::default();
        self.consumers.clear();
        self.account();
    }
}
