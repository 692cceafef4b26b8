//! What the API asks of a stream.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::api::error::ApiError;
use super::super::api::json::parse;
use super::super::api::page;
use super::super::api::stream::StreamConfig;
use super::super::direct;
use super::super::subject::Filter;
use super::super::time::{now, text};
use super::{Command, Meta, Owner, What, blocking};

/// Items a page of names holds, of descriptions, and of a stream's subjects.
const PAGES: (usize, usize, usize) = (1024, 256, 100_000);

/// What requests about a stream ask, all in one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request {
    subjects_filter: String,
    deleted_details: bool,
    offset: usize,
    seq: u64,
    keep: usize,
    filter: String,
}

impl Owner {
    /// Does what is asked; true when that was the last thing.
    pub(super) async fn command(&mut self, command: Command) -> bool {
        let last = matches!(command.what, What::Close | What::Destroy);
        let mut outcome = match command.what {
            What::Ask(subject, body) => {
                let tokens: Vec<&str> = subject.split('.').collect();
                self.ask(&tokens, &body)
            }
            What::Describe => Ok(self.info()),
            What::Update(config) => self.update(*config).await,
            What::Close => {
                self.close().await;
                Ok(Value::Null)
            }
            What::Destroy => self.destroy().await.map(|()| success()),
        };
        // Changes outlive the process before they are answered.
        if let Err(error) = self.write().await {
            self.fail(&error).await;
            outcome = outcome.and(Err(ApiError::store(error)));
        }
        (command.answer)(outcome);
        last
    }

    fn ask(&mut self, tokens: &[&str], body: &[u8]) -> Result<Value, ApiError> {
        match *tokens {
            ["STREAM", "INFO", _] => self.describe(&parse(body)?),
            ["STREAM", "PURGE", _] => self.purge(&parse(body)?),
            ["STREAM", "MSG", "GET", _] => direct::get(&mut self.store, body),
            ["STREAM", "MSG", "DELETE", _] => self.delete(parse::<Request>(body)?.seq),
            ["CONSUMER", "INFO", _, name] => self.consumer(name),
            ["CONSUMER", "DELETE", _, name] => match self.drop_consumer(name) {
                true => Ok(success()),
                false => Err(ApiError::CONSUMER_NOT_FOUND),
            },
            ["CONSUMER", list @ ("NAMES" | "LIST"), stream] => {
                let offset = parse::<Request>(body)?.offset;
                let all: Vec<_> = self.consumers.iter().collect();
                Ok(match list {
                    "NAMES" => page("consumers", offset, PAGES.0, &all, |it| {
                        it.0.as_str().into()
                    }),
                    _ => page("consumers", offset, PAGES.1, &all, |it| it.1.info(stream)),
                })
            }
            ["CONSUMER", "DURABLE", _, stream, name] => {
                let request: super::consumers::CreateRequest = parse(body)?;
                self.create_consumer(request.durable(stream, name)?)
            }
            ["CONSUMER", "CREATE", stream, ref name @ ..] => {
                let request: super::consumers::CreateRequest = parse(body)?;
                self.create_consumer(request.named(stream, name)?)
            }
            _ => Err(ApiError::BAD_REQUEST),
        }
    }

    /// What there is to know of the stream.
    fn info(&self) -> Value {
        let store = &self.store;
        let (first, last) = (store.first(), store.last());
        let deleted = match first {
            0 => 0,
            _ => (last + 1).saturating_sub(first + store.messages()),
        };
        let mut info = json!({
            "config": self.config,
            "created": text(self.created),
            "state": {
                "messages": store.messages(),
                "bytes": store.bytes(),
                "first_seq": first,
                "first_ts": text(store.time_of(first).unwrap_or(0)),
                "last_seq": last,
                "last_ts": text(store.last_time()),
                "num_subjects": store.subjects(),
                "consumer_count": self.consumers.len(),
            },
            "ts": text(now()),
        });
        if deleted > 0 {
            info["state"]["num_deleted"] = deleted.into();
        }
        if let Some(it) = &self.shared.domain {
            info["domain"] = it.to_string().into();
        }
        info
    }

    fn describe(&self, request: &Request) -> Result<Value, ApiError> {
        let mut info = self.info();
        if request.deleted_details && info["state"]["num_deleted"] != 0 {
            info["state"]["deleted"] = self.deleted().into();
        }
        let (mut total, mut limit) = (0, 0);
        if !request.subjects_filter.is_empty() {
            let filter = Filter::new([&*request.subjects_filter]);
            let selected = self.store.selected(&filter);
            let all: BTreeMap<&str, usize> = selected.map(|it| (&**it.0, it.1.len())).collect();
            (total, limit) = (all.len(), PAGES.2);
            let shown = all.iter().skip(request.offset).take(limit);
            let shown: Map<_, _> = shown.map(|it| (it.0.to_string(), json!(it.1))).collect();
            if !shown.is_empty() {
                info["state"]["subjects"] = shown.into();
            }
        }
        info["total"] = total.into();
        info["offset"] = request.offset.into();
        info["limit"] = limit.into();
        Ok(info)
    }

    /// Sequences without a message behind the first, as many as a page holds.
    fn deleted(&self) -> Vec<u64> {
        let (first, last) = (self.store.first(), self.store.last());
        (first..=last)
            .filter(|it| self.store.subject_of(*it).is_none())
            .take(PAGES.2)
            .collect()
    }

    async fn update(&mut self, config: StreamConfig) -> Result<Value, ApiError> {
        self.config.may_become(&config)?;
        if let Some(disk) = self.disk.clone() {
            let meta = Meta {
                config: config.clone(),
                created: self.created,
            };
            let saved = blocking(move || disk.save(&meta)).await;
            saved.map_err(ApiError::store)?;
        }
        self.config = config;
        self.subscribe();
        let surplus = self.surplus(None)?;
        self.remove(surplus, 0).map_err(ApiError::store)?;
        Ok(self.info())
    }

    fn purge(&mut self, request: &Request) -> Result<Value, ApiError> {
        if self.config.sealed {
            return Err(ApiError::SEALED);
        }
        if self.config.deny_purge {
            return Err(ApiError::NO_PURGE);
        }
        if request.seq > 0 && request.keep > 0 {
            return Err(ApiError::BAD_REQUEST);
        }
        let before = self.store.messages();
        let end = self.store.last() + 1;
        let until = match request.seq {
            0 => end,
            seq => seq,
        };
        let filter = Filter::new([&*request.filter]);
        let outcome = if filter.is_all() && request.keep == 0 {
            self.remove(Default::default(), until)
        } else {
            let selected = self.store.selected(&filter).flat_map(|it| it.1);
            let mut seqs: Vec<u64> = selected.copied().filter(|it| *it < until).collect();
            seqs.sort_unstable();
            seqs.truncate(seqs.len().saturating_sub(request.keep));
            self.remove(seqs.into_iter().collect(), 0)
        };
        outcome.map_err(ApiError::store)?;
        Ok(json!({ "success": true, "purged": before - self.store.messages() }))
    }

    fn delete(&mut self, seq: u64) -> Result<Value, ApiError> {
        let refuse = |text: &str| Err(ApiError::new(500, 10057, text));
        if self.config.sealed {
            return Err(ApiError::SEALED);
        }
        if seq == 0 {
            return Err(ApiError::BAD_REQUEST);
        }
        if self.config.deny_delete {
            return refuse("message delete not permitted");
        }
        if seq > self.store.last() {
            return refuse("stream store EOF");
        }
        if seq < self.store.first() {
            return refuse("no message found");
        }
        if self.store.subject_of(seq).is_none() {
            return Err(ApiError::new(
                400,
                10043,
                format!("sequence {seq} not found"),
            ));
        }
        let removed = self.remove([seq].into(), 0);
        removed.map_err(ApiError::store).map(|()| success())
    }
}

fn success() -> Value {
    json!({ "success": true })
}
