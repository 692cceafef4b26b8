//! A stream's consumers: made, changed, dropped, saved.

use std::io;

use super::super::api::error::ApiError;
use super::super::api::info::{Action, ConsumerInfo, CreateRequest};
use super::super::consumer::{Consumer, Saved};
use super::super::time::now;
use super::Owner;

impl Owner {
    pub(super) fn create_consumer(
        &mut self,
        request: CreateRequest,
    ) -> Result<ConsumerInfo, ApiError> {
        let config = request.config.checked(&self.config)?;
        let limits = &self.config.consumer_limits;
        let wall = now();
        let name = config.name.clone().unwrap_or_else(short_name);
        if let Some(old) = self.consumers.get_mut(&name) {
            if request.action == Action::Create && old.config != config {
                return Err(ApiError::CONSUMER_EXISTS);
            }
            if old.config != config {
                old.config.may_become(&config)?;
                if old.config.deliver_subject != config.deliver_subject && old.active() {
                    return Err(ApiError::CONSUMER_ACTIVE);
                }
                old.update(config, &self.store);
                self.save_consumers(false);
            }
            let info = self
                .consumers
                .get(&name)
                .map(|it| it.info(&self.config.name, wall));
            return info.ok_or(ApiError::CONSUMER_NOT_FOUND);
        }
        if request.action == Action::Update {
            return Err(ApiError::CONSUMER_MISSING);
        }
        let most = self.config.max_consumers;
        if most > 0 && self.consumers.len() as i64 >= most {
            return Err(ApiError::MAX_CONSUMERS);
        }
        if limits.max_ack_pending > 0 && config.max_ack_pending > limits.max_ack_pending {
            return Err(ApiError::new(
                400,
                10121,
                format!(
                    "consumer max ack pending exceeds system limit of {}",
                    limits.max_ack_pending
                ),
            ));
        }
        if !limits.inactive_threshold.is_zero()
            && config.inactive_threshold > limits.inactive_threshold
        {
            return Err(ApiError::new(
                400,
                10153,
                format!(
                    "consumer inactive threshold exceeds system limit of {:?}",
                    limits.inactive_threshold
                ),
            ));
        }
        let mut consumer = Consumer::new(name.clone(), config, &self.store, wall, self.now);
        if self.disk.is_some() && consumer.is_kept() {
            consumer.file = Some(nuid::next().to_string());
        }
        let info = consumer.info(&self.config.name, wall);
        self.consumers.insert(name, consumer);
        self.save_consumers(false);
        self.account();
        Ok(info)
    }

    /// True when there was one.
    pub(super) fn drop_consumer(&mut self, name: &str) -> bool {
        let Some(mut consumer) = self.consumers.remove(name) else {
            return false;
        };
        consumer.farewell(&self.shared.bus);
        if let (Some(disk), Some(file)) = (&self.disk, &consumer.file) {
            disk.remove_consumer(file);
        }
        self.account();
        true
    }

    pub(super) fn drop_abandoned(&mut self) {
        let gone: Vec<String> = self
            .consumers
            .values()
            .filter(|it| it.abandoned(self.now))
            .map(|it| it.name.clone())
            .collect();
        for name in gone {
            self.drop_consumer(&name);
        }
    }

    /// Writes down every consumer that changed.
    pub(super) fn save_consumers(&mut self, sync: bool) {
        self.saved = self.now;
        let Some(disk) = &self.disk else {
            for consumer in self.consumers.values_mut() {
                consumer.changed = false;
            }
            return;
        };
        for consumer in self.consumers.values_mut().filter(|it| it.changed) {
            consumer.changed = false;
            let Some(file) = &consumer.file else {
                continue;
            };
            if let Err(error) = disk.save_consumer(file, &consumer.save(), sync) {
                tracing::error!(consumer = consumer.name, %error, "can not save a consumer");
            }
        }
    }

    pub(super) fn restore_consumers(&mut self) -> io::Result<()> {
        let Some(disk) = &self.disk else {
            return Ok(());
        };
        for (file, saved) in disk.consumers::<Saved>()? {
            let mut consumer = Consumer::restore(saved, &self.store, self.now);
            consumer.file = Some(file);
            self.consumers.insert(consumer.name.clone(), consumer);
        }
        Ok(())
    }
}

fn short_name() -> String {
    let id = nuid::next().to_string();
    id[id.len().saturating_sub(8)..].to_owned()
}
