//! Requests to JetStream, with answers as JSON: what a newer server knows of a stream is carried along unread.

use async_nats::jetstream::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::MoveError;

/// A message as the API shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Stored {
    pub(super) subject: String,
    pub(super) seq: u64,
    pub(super) time: String,
    /// The block of headers, base64.
    #[serde(default)]
    pub(super) hdrs: String,
    #[serde(default)]
    pub(super) data: String,
}

/// No message of this sequence, for requests by subject none from there on; and how a removal may fail for it.
const ABSENT: [u64; 3] = [10037, 10043, 10057];

const NO_STREAM: u64 = 10059;

/// Says that replicas need a cluster.
pub(super) const NO_REPLICAS: u64 = 10074;

/// JetStream behind a connection.
#[derive(Clone, Debug)]
pub(super) struct Api(pub(super) Context);

impl Api {
    async fn ask(
        &self,
        what: impl Fn() -> String,
        subject: String,
        body: &impl Serialize,
    ) -> Result<Value, MoveError> {
        let answer = self.0.request::<_, _, Value>(subject, body).await;
        let answer = answer.map_err(|error| MoveError::Unanswered {
            what: what(),
            reason: error.to_string(),
        })?;
        let Some(error) = answer.get("error") else {
            return Ok(answer);
        };
        let text = error.get("description").and_then(Value::as_str);
        Err(MoveError::Refused {
            what: what(),
            reason: text.unwrap_or("it gives no reason").to_owned(),
            code: error
                .get("err_code")
                .and_then(Value::as_u64)
                .unwrap_or_default(),
        })
    }

    /// Every page of a list, as long as pages bring something.
    async fn pages(&self, subject: &str, field: &str) -> Result<Vec<Value>, MoveError> {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let body = json!({"offset": found.len()});
            let what = || "list what is there".to_owned();
            let mut page = self.ask(what, subject.to_owned(), &body).await?;
            let total = page.get("total").and_then(Value::as_u64).unwrap_or(0);
            let items = page.get_mut(field).map(Value::take);
            let Some(Value::Array(items)) = items.filter(|it| it.as_array().is_some()) else {
                return Ok(found);
            };
            let came = items.len();
            found.extend(items);
            if came == 0 || found.len() as u64 >= total {
                return Ok(found);
            }
        }
    }

    /// The names of all streams, sorted.
    pub(super) async fn names(&self) -> Result<Vec<String>, MoveError> {
        let names = self.pages("STREAM.NAMES", "streams").await?;
        let mut names: Vec<String> = names
            .iter()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect();
        names.sort();
        Ok(names)
    }

    /// None if there is no such stream.
    pub(super) async fn info(&self, stream: &str) -> Result<Option<Value>, MoveError> {
        let what = || format!("look at stream {stream}");
        let subject = format!("STREAM.INFO.{stream}");
        match self.ask(what, subject, &json!({})).await {
            Ok(it) => Ok(Some(it)),
            Err(MoveError::Refused { code, .. }) if code == NO_STREAM => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the server says of the new stream.
    pub(super) async fn create(&self, stream: &str, config: &Value) -> Result<Value, MoveError> {
        let what = || format!("create stream {stream}");
        let subject = format!("STREAM.CREATE.{stream}");
        self.ask(what, subject, config).await
    }

    pub(super) async fn update(&self, stream: &str, config: &Value) -> Result<(), MoveError> {
        let what = || format!("configure stream {stream}");
        let subject = format!("STREAM.UPDATE.{stream}");
        self.ask(what, subject, config).await.map(drop)
    }

    pub(super) async fn delete(&self, stream: &str) -> Result<(), MoveError> {
        let what = || format!("delete stream {stream}");
        let subject = format!("STREAM.DELETE.{stream}");
        self.ask(what, subject, &json!({})).await.map(drop)
    }

    pub(super) async fn purge(&self, stream: &str, body: &Value) -> Result<(), MoveError> {
        let what = || format!("purge stream {stream}");
        let subject = format!("STREAM.PURGE.{stream}");
        self.ask(what, subject, body).await.map(drop)
    }

    /// Removes a message, if it is there.
    pub(super) async fn remove(&self, stream: &str, seq: u64) -> Result<(), MoveError> {
        let what = || format!("remove message {seq} of stream {stream}");
        let subject = format!("STREAM.MSG.DELETE.{stream}");
        let body = json!({"seq": seq, "no_erase": true});
        match self.ask(what, subject, &body).await {
            Err(MoveError::Refused { code, .. }) if ABSENT.contains(&code) => Ok(()),
            other => other.map(drop),
        }
    }

    /// The message of this sequence.
    pub(super) async fn get(&self, stream: &str, seq: u64) -> Result<Option<Stored>, MoveError> {
        self.message(stream, &json!({ "seq": seq })).await
    }

    /// The first message from this sequence on.
    pub(super) async fn next(&self, stream: &str, seq: u64) -> Result<Option<Stored>, MoveError> {
        let body = json!({"seq": seq, "next_by_subj": ">"});
        self.message(stream, &body).await
    }

    async fn message(&self, stream: &str, body: &Value) -> Result<Option<Stored>, MoveError> {
        let what = || format!("read stream {stream}");
        let subject = format!("STREAM.MSG.GET.{stream}");
        let mut answer = match self.ask(what, subject, body).await {
            Ok(it) => it,
            Err(MoveError::Refused { code, .. }) if ABSENT.contains(&code) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let message = answer.get_mut("message").map(Value::take);
        let message = serde_json::from_value(message.unwrap_or_default());
        message.map(Some).map_err(|error| MoveError::Unanswered {
            what: what(),
            reason: error.to_string(),
        })
    }

    /// What the server says of each consumer.
    pub(super) async fn consumers(&self, stream: &str) -> Result<Vec<Value>, MoveError> {
        let subject = format!("CONSUMER.LIST.{stream}");
        self.pages(&subject, "consumers").await
    }

    pub(super) async fn create_consumer(
        &self,
        stream: &str,
        name: &str,
        config: &Value,
    ) -> Result<(), MoveError> {
        let what = || format!("create consumer {name} of stream {stream}");
        let subject = format!("CONSUMER.DURABLE.CREATE.{stream}.{name}");
        let body = json!({"stream_name": stream, "config": config});
        self.ask(what, subject, &body).await.map(drop)
    }
}
