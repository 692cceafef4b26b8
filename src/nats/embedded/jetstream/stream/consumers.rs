//! A stream's consumers: made, changed, dropped, saved, and what clients say to them.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::super::super::Delivered;
use super::super::api::consumer::ConsumerConfig;
use super::super::api::error::ApiError;
use super::super::header;
use super::{Around, Consumer, Owner};

/// As clients send it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CreateRequest {
    stream_name: String,
    config: ConsumerConfig,
    /// `create` or `update`, or either when empty.
    action: String,
}

impl CreateRequest {
    /// Holds it against its subject, which may name the consumer and a filter.
    pub(super) fn named(mut self, stream: &str, name: &[&str]) -> Result<Self, ApiError> {
        if self.stream_name != stream {
            return Err(ApiError::NAME_MISMATCH);
        }
        let [name, filter @ ..] = name else {
            return Ok(self);
        };
        let config = &mut self.config;
        for given in [&config.durable_name, &config.name] {
            if !given.is_empty() && given != name {
                return Err(ApiError::NAME_NOT_DURABLE);
            }
        }
        if !filter.is_empty() && filter.join(".") != config.filter_subject {
            return Err(ApiError::FILTER_MISMATCH);
        }
        (*name).clone_into(&mut config.name);
        Ok(self)
    }

    /// As [`CreateRequest::named`], for the subject that only durable ones have.
    pub(super) fn durable(self, stream: &str, name: &str) -> Result<Self, ApiError> {
        let it = self.named(stream, &[name])?;
        match it.config.durable_name.is_empty() {
            true => Err(ApiError::DURABLE_NOT_SET),
            false => Ok(it),
        }
    }
}

impl Owner {
    pub(super) fn create_consumer(&mut self, request: CreateRequest) -> Result<Value, ApiError> {
        let config = request.config.checked(&self.config)?;
        let name = match &*config.name {
            "" => nuid::next().chars().skip(14).collect(),
            it => it.to_owned(),
        };
        match self.consumers.get_mut(&name) {
            None if request.action == "update" => return Err(ApiError::CONSUMER_MISSING),
            None => {
                let it = Consumer::new(name.clone(), config, &self.store, self.now);
                self.consumers.insert(name.clone(), it);
                self.account();
            }
            Some(old) if old.config == config => {}
            Some(_) if request.action == "create" => return Err(ApiError::CONSUMER_EXISTS),
            Some(old) => {
                old.config.may_become(&config)?;
                if old.config.deliver_subject != config.deliver_subject && old.active() {
                    return Err(ApiError::CONSUMER_ACTIVE);
                }
                old.update(config, &self.store);
            }
        }
        self.save_consumers(false);
        self.consumer(&name)
    }

    /// What there is to know of a consumer.
    pub(super) fn consumer(&self, name: &str) -> Result<Value, ApiError> {
        let found = self
            .consumers
            .get(name)
            .ok_or(ApiError::CONSUMER_NOT_FOUND)?;
        Ok(found.info(&self.config.name))
    }

    /// True when there was one.
    pub(super) fn drop_consumer(&mut self, name: &str) -> bool {
        let Some(mut consumer) = self.consumers.remove(name) else {
            return false;
        };
        consumer.farewell(&self.shared.bus);
        if let Some(disk) = &self.disk {
            disk.remove_consumer(&consumer);
        }
        self.account();
        true
    }

    pub(super) fn drop_abandoned(&mut self) {
        let all = self.consumers.values();
        let gone = all
            .filter(|it| it.abandoned(self.now))
            .map(|it| it.name.clone());
        for name in gone.collect::<Vec<_>>() {
            self.drop_consumer(&name);
        }
    }

    /// Writes down every consumer that changed.
    pub(super) fn save_consumers(&mut self, sync: bool) {
        self.saved = self.now;
        for consumer in self.consumers.values_mut().filter(|it| it.changed) {
            consumer.changed = false;
            if let Some(disk) = self.disk.as_ref().filter(|_| !consumer.config.mem_storage)
                && let Err(error) = disk.save_consumer(consumer, sync)
            {
                tracing::error!(consumer = consumer.name, %error, "can not save a consumer");
            }
        }
    }

    pub(super) fn restore_consumers(&mut self) -> io::Result<()> {
        let found = self.disk.as_ref().map(|it| it.consumers()).transpose()?;
        for mut consumer in found.into_iter().flatten() {
            consumer.resume(&self.store, self.now);
            self.consumers.insert(consumer.name.clone(), consumer);
        }
        Ok(())
    }

    /// The consumers, and what they need.
    pub(super) fn around(&mut self) -> (Around<'_>, &mut BTreeMap<String, Consumer>) {
        let around = Around {
            store: &mut self.store,
            bus: &self.shared.bus,
            stream: &self.config.name,
            now: self.now,
        };
        (around, &mut self.consumers)
    }

    /// A client asks a consumer for messages.
    pub(super) fn pull(&mut self, name: &str, reply: &str, body: &[u8]) {
        let (around, consumers) = self.around();
        match consumers.get_mut(name) {
            Some(consumer) => consumer.request(reply, body, &around),
            None => {
                // As if nobody listened there.
                let status = header::status("503", &[]);
                around
                    .bus
                    .publish(reply, None, Some(&status), &Bytes::new());
            }
        }
    }

    /// A client answers to a delivery.
    pub(super) fn answered(&mut self, name: &str, message: &Delivered) {
        let (around, consumers) = self.around();
        let (reply, body) = (&message.reply, &message.payload);
        let Some(consumer) = consumers.get_mut(name) else {
            return;
        };
        let answered = consumer.answered(&message.subject, reply.as_deref(), body, &around);
        if answered && !body.starts_with(b"+NXT") {
            self.confirmed.extend(reply.clone());
        }
    }
}
