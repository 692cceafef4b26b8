//! Lattice events: publishing, parsing, following (protocol §8). What each event says is in [`data`].

pub mod data;

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::connect::round_trip;
use super::subject::{self, LatticeName};

/// Before each `type`, as the generation writes it.
const TYPE_PREFIX: &str = "com.wasmcloud.lattice";

/// How many ids a follower remembers. The two copies of an event are published one after the other, so a
/// few would do; many cost little.
const REMEMBERED: usize = 4096;

/// A CloudEvent 1.0 in structured JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub specversion: String,
    pub id: String,
    /// The host's key, or `n/a` for link events of some hosts.
    pub source: String,
    /// `com.wasmcloud.lattice.{name}`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub datacontenttype: Option<String>,
    /// RFC 3339, UTC.
    #[serde(default)]
    pub time: Option<String>,
    #[serde(default)]
    pub data: serde_json::Value,
}

impl Event {
    /// An event that happened at `time`, with a fresh id.
    fn new(source: &str, name: &str, time: OffsetDateTime, data: serde_json::Value) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: uuid::Uuid::new_v4().to_string(),
            source: source.to_owned(),
            kind: format!("{TYPE_PREFIX}.{name}"),
            datacontenttype: Some("application/json".to_owned()),
            time: time.format(&Rfc3339).ok(),
            data,
        }
    }

    fn encode(&self) -> Bytes {
        serde_json::to_vec(self)
            .expect("its maps have strings as keys")
            .into()
    }

    /// `actor_started` and the like.
    pub fn name(&self) -> &str {
        self.kind.rsplit('.').next().unwrap_or(&self.kind)
    }
}

/// Publishes `name` with `data` on the common and the per-type subject: old clients follow the one, the
/// newest ones the other.
///
/// # Errors
/// When the client is closed.
pub async fn publish(
    client: &async_nats::Client,
    lattice: &LatticeName,
    source: &str,
    name: &str,
    data: serde_json::Value,
) -> Result<(), async_nats::PublishError> {
    let event = Event::new(source, name, OffsetDateTime::now_utc(), data).encode();
    client
        .publish(subject::event::all(lattice), event.clone())
        .await?;
    client
        .publish(subject::event::of_type(lattice, name), event)
        .await
}

/// Publishes the outcome of an outbound call where hosts from 0.59 on report it: not among the events,
/// since there may be very many.
///
/// # Errors
/// When the client is closed.
pub async fn publish_invocation(
    client: &async_nats::Client,
    lattice: &LatticeName,
    source: &str,
    (name, data): data::Named,
) -> Result<(), async_nats::PublishError> {
    let event = Event::new(source, name, OffsetDateTime::now_utc(), data).encode();
    client
        .publish(subject::event::invocations(lattice), event)
        .await
}

/// Every event of the lattice once, from the moment this returns. Copies on per-type subjects are not
/// repeated; bodies that are not events are passed over.
///
/// # Errors
/// When the subscription cannot be made.
pub async fn follow(
    client: &async_nats::Client,
    lattice: &LatticeName,
) -> Result<BoxStream<'static, Event>, async_nats::SubscribeError> {
    let common = client.subscribe(subject::event::all(lattice)).await?;
    let per_type = client
        .subscribe(subject::event::of_type(lattice, "*"))
        .await?;
    round_trip(client).await;
    let mut recent = Recent::default();
    let events = stream::select(common, per_type).filter_map(move |message| {
        let event = parse(&message.payload).filter(|event| recent.is_new(event));
        std::future::ready(event)
    });
    Ok(events.boxed())
}

fn parse(body: &[u8]) -> Option<Event> {
    serde_json::from_slice(body)
        .inspect_err(|error| tracing::debug!(%error, "passing over a message that is no event"))
        .ok()
}

/// The last events seen, by source and id.
#[derive(Default)]
struct Recent {
    seen: HashSet<(String, String)>,
    order: VecDeque<(String, String)>,
}

impl Recent {
    fn is_new(&mut self, event: &Event) -> bool {
        let key = (event.source.clone(), event.id.clone());
        if !self.seen.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::lattice::testing::NatsServer;

    const LIMIT: Duration = Duration::from_secs(20);

    async fn next(events: &mut BoxStream<'static, Event>) -> Event {
        tokio::time::timeout(LIMIT, events.next())
            .await
            .unwrap()
            .unwrap()
    }

    #[tokio::test]
    async fn an_event_goes_to_both_subjects_in_its_envelope() {
        let server = NatsServer::start_bare().await;
        let client = server.client().await;
        let lattice = LatticeName::default();
        let mut raw = client.subscribe("wasmbus.evt.>").await.unwrap();
        publish(
            &client,
            &lattice,
            "NH",
            "host_stopped",
            json!({"labels": {}}),
        )
        .await
        .unwrap();
        let common = raw.next().await.unwrap();
        let per_type = raw.next().await.unwrap();
        assert_eq!(common.subject.as_str(), "wasmbus.evt.default");
        assert_eq!(
            per_type.subject.as_str(),
            "wasmbus.evt.default.host_stopped"
        );
        assert_eq!(common.payload, per_type.payload);

        let mut event: Value = serde_json::from_slice(&common.payload).unwrap();
        let [id, time] = ["id", "time"].map(|it| event[it].take());
        assert_eq!(id.as_str().unwrap().len(), 36);
        let time = time.as_str().unwrap();
        assert!(
            time.ends_with('Z') && OffsetDateTime::parse(time, &Rfc3339).is_ok(),
            "{time}"
        );
        assert_eq!(
            event,
            json!({
                "specversion": "1.0", "id": null, "source": "NH", "type": "com.wasmcloud.lattice.host_stopped",
                "datacontenttype": "application/json", "time": null, "data": {"labels": {}},
            })
        );
    }

    #[tokio::test]
    async fn a_follower_sees_each_event_once_whatever_subject_it_comes_on() {
        let server = NatsServer::start_bare().await;
        let (client, follower) = (server.client().await, server.client().await);
        let lattice = LatticeName::default();
        let mut events = follow(&follower, &lattice).await.unwrap();

        publish(&client, &lattice, "NH", "first", json!({}))
            .await
            .unwrap();
        let old = json!({"specversion": "1.0", "id": "1", "source": "n/a", "type": "com.wasmcloud.lattice.second"});
        for (subject, body) in [
            ("wasmbus.evt.default", "no event".to_owned()),
            ("wasmbus.evt.default", old.to_string()),
            ("wasmbus.evt.other", old.to_string()),
        ] {
            client.publish(subject, body.into()).await.unwrap();
        }
        assert_eq!(next(&mut events).await.name(), "first");
        let second = next(&mut events).await;
        assert_eq!((second.name(), &second.data), ("second", &Value::Null));

        let lone = json!({"specversion": "1.0", "id": "2", "source": "NH", "type": "com.wasmcloud.lattice.third"});
        client
            .publish("wasmbus.evt.default.third", lone.to_string().into())
            .await
            .unwrap();
        assert_eq!(next(&mut events).await.name(), "third");
    }

    #[test]
    fn memory_is_bounded() {
        let mut recent = Recent::default();
        let event = |id: usize| Event {
            id: id.to_string(),
            ..Event::new("NH", "x", OffsetDateTime::UNIX_EPOCH, Value::Null)
        };
        assert!(recent.is_new(&event(0)));
        assert!(!recent.is_new(&event(0)));
        for id in 1..=REMEMBERED {
            assert!(recent.is_new(&event(id)));
        }
        assert_eq!(recent.seen.len(), REMEMBERED);
        assert!(recent.is_new(&event(0)), "forgotten by now");
    }
}
