//! A host that only pretends: it answers the control interface as told, and runs nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use wash::claims::{KeyKind, Seed};

/// How a host behaves; the default does what it is asked, at once.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    pub(crate) version: &'static str,
    pub(crate) name: &'static str,
    pub(crate) labels: &'static [(&'static str, &'static str)],
    /// Refuses every command with this reason.
    pub(crate) refuse: Option<&'static str>,
    /// Accepts, then fails with this reason.
    pub(crate) fail: Option<&'static str>,
    /// Acknowledges commands.
    pub(crate) acks: bool,
    /// Publishes events.
    pub(crate) events: bool,
    /// Time between the acknowledgement and the effect; none: it never comes.
    pub(crate) delay: Option<Duration>,
    /// What every provider says of its health; none: nobody answers.
    pub(crate) health: Option<(bool, &'static str)>,
    /// How many questions about health get no answer first.
    pub(crate) deaf: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            version: "0.82.0",
            name: "fake-owl-1",
            labels: &[],
            refuse: None,
            fail: None,
            acks: true,
            events: true,
            delay: Some(Duration::ZERO),
            health: None,
            deaf: 0,
        }
    }
}

/// What a fake host was sent and what it says it runs.
#[derive(Debug, Default)]
struct State {
    /// Subject tail and body of every command, link change and label change.
    requests: Vec<(String, Value)>,
    /// Key to reference, count, revision.
    actors: BTreeMap<String, (String, u64, i64)>,
    /// Key and link name to reference.
    providers: BTreeMap<(String, String), String>,
    links: Vec<Value>,
    labels: BTreeMap<String, String>,
    health_questions: u32,
    stopped: bool,
}

/// The key that a reference stands for, the same in every test; a file's own.
pub(crate) fn key_of(reference: &str, kind: KeyKind) -> String {
    if let Some(path) = reference.strip_prefix("file://") {
        let wasm = std::fs::read(path).unwrap();
        let claims = wash::claims::module::read(&wasm).unwrap().unwrap();
        return claims.token.subject;
    }
    static KEYS: Mutex<Option<HashMap<(String, char), String>>> = Mutex::new(None);
    let mut keys = KEYS.lock().unwrap();
    let base = reference.rsplit_once(':').map_or(reference, |it| it.0);
    keys.get_or_insert_default()
        .entry((base.to_owned(), kind.letter()))
        .or_insert_with(|| Seed::generate(kind).public())
        .clone()
}

#[derive(Debug)]
pub(crate) struct FakeHost {
    pub(crate) id: String,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeHost {
    /// Answers once this returns.
    pub(crate) fn start(url: &str, manners: Manners) -> Self {
        let id = Seed::generate(KeyKind::Server).public();
        let state = Arc::new(Mutex::new(State::default()));
        for (key, value) in manners.labels {
            let mut state = state.lock().unwrap();
            state.labels.insert((*key).to_owned(), (*value).to_owned());
        }
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn({
            let (id, state, url) = (id.clone(), state.clone(), url.to_owned());
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async move {
                    let client = async_nats::connect(url).await.unwrap();
                    let mut messages = futures_util::stream::SelectAll::new();
                    for subject in [
                        "ctl.default.ping.hosts",
                        "ctl.default.auction.*",
                        "ctl.default.linkdefs.*",
                        "ctl.default.get.*",
                        &format!("ctl.default.get.{id}.inv"),
                        &format!("ctl.default.cmd.{id}.*"),
                        &format!("ctl.default.labels.{id}.*"),
                        match manners.health {
                            Some(_) => "rpc.default.*.*.health",
                            None => "nothing",
                        },
                    ] {
                        let subject = format!("wasmbus.{subject}");
                        messages.push(client.subscribe(subject).await.unwrap());
                    }
                    client.flush().await.unwrap();
                    ready.send(()).unwrap();
                    let host = Arc::new(Host {
                        id,
                        state,
                        manners,
                        client,
                    });
                    let serve = async {
                        while let Some(message) = messages.next().await {
                            tokio::spawn(host.clone().answer(message));
                            if host.state.lock().unwrap().stopped {
                                break;
                            }
                        }
                    };
                    tokio::select! {
                        () = serve => {}
                        _ = stopped => {}
                    }
                });
            }
        });
        is_ready.recv().unwrap();
        Self {
            id,
            state,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Everything that was asked for, as `tail body` lines.
    pub(crate) fn requests(&self) -> Vec<(String, Value)> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Bodies of the requests with this tail.
    pub(crate) fn asked(&self, tail: &str) -> Vec<Value> {
        let requests = self.requests().into_iter();
        requests.filter(|it| it.0 == tail).map(|it| it.1).collect()
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Host {
    id: String,
    state: Arc<Mutex<State>>,
    manners: Manners,
    client: async_nats::Client,
}

impl Host {
    async fn answer(self: Arc<Self>, message: async_nats::Message) {
        let subject = message.subject.as_str();
        let body = serde_json::from_slice(&message.payload).unwrap_or(Value::Null);
        let Some(reply) = message.reply.clone() else {
            return;
        };
        if let Some(tail) = subject.strip_prefix("wasmbus.ctl.default.") {
            let own_command = tail
                .strip_prefix(&format!("cmd.{}.", self.id))
                .map(str::to_owned);
            let answer = match own_command {
                Some(command) => return self.command(&command, body, reply).await,
                None => self.query(tail, body),
            };
            if let Some(answer) = answer {
                let payload = answer.to_string().into();
                self.client.publish(reply, payload).await.unwrap();
            }
        } else if let Some((healthy, message)) = self.manners.health {
            let mut tokens = subject.split('.').skip(3);
            let key = (
                tokens.next().unwrap().to_owned(),
                tokens.next().unwrap().to_owned(),
            );
            let answers = {
                let mut state = self.state.lock().unwrap();
                state.health_questions += 1;
                let heard = state.health_questions > self.manners.deaf;
                heard && state.providers.contains_key(&key)
            };
            if answers {
                let health = wash::lattice::wire::Health {
                    healthy,
                    message: Some(message.to_owned()),
                };
                let payload = rmp_serde::to_vec_named(&health).unwrap().into();
                self.client.publish(reply, payload).await.unwrap();
            }
        }
        self.client.flush().await.unwrap();
    }

    fn query(&self, tail: &str, body: Value) -> Option<Value> {
        let mut state = self.state.lock().unwrap();
        let ack = match self.manners.refuse {
            Some(reason) => json!({"accepted": false, "error": reason}),
            None => json!({"accepted": true, "error": ""}),
        };
        if tail == format!("get.{}.inv", self.id) {
            return Some(self.inventory(&state));
        }
        if let Some(verb) = tail.strip_prefix(&format!("labels.{}.", self.id)) {
            state.requests.push((tail.to_owned(), body.clone()));
            let text = |it: &str| body[it].as_str().unwrap_or_default().to_owned();
            match verb {
                "put" => state.labels.insert(text("key"), text("value")),
                _ => state.labels.remove(&text("key")),
            };
            return Some(ack);
        }
        match tail {
            "ping.hosts" => Some(json!({
                "id": self.id, "friendly_name": self.manners.name, "version": self.manners.version,
                "labels": state.labels, "uptime_seconds": 61, "uptime_human": "1m 1s",
            })),
            "get.claims" => {
                let claims = |(key, it): (&String, &(String, u64, i64))| {
                    json!({"sub": key, "iss": "A", "name": name(&it.0), "rev": it.2.to_string(),
                        "caps": "wasmcloud:httpserver", "call_alias": "", "tags": "", "version": "1"})
                };
                let claims: Vec<_> = state.actors.iter().map(claims).collect();
                Some(json!({"claims": claims}))
            }
            "get.links" => Some(json!({"links": state.links})),
            "linkdefs.put" | "linkdefs.del" => {
                state.requests.push((tail.to_owned(), body.clone()));
                if self.manners.refuse.is_none() {
                    let same = |it: &Value| {
                        ["actor_id", "contract_id", "link_name"]
                            .iter()
                            .all(|key| it[key] == body[key])
                    };
                    state.links.retain(|it| !same(it));
                    if tail == "linkdefs.put" {
                        state.links.push(body);
                    }
                }
                Some(ack)
            }
            "auction.actor" | "auction.provider" => {
                let constraints = body["constraints"].as_object().cloned().unwrap_or_default();
                let meets = constraints.iter().all(|(key, value)| {
                    state.labels.get(key).map(String::as_str) == value.as_str()
                });
                let mut bid = body;
                bid["host_id"] = json!(self.id);
                meets.then_some(bid)
            }
            _ => None,
        }
    }

    fn inventory(&self, state: &State) -> Value {
        let actor = |(key, it): (&String, &(String, u64, i64))| {
            json!({"id": key, "image_ref": it.0, "name": name(&it.0), "instances": [
                {"instance_id": "i", "revision": it.2, "annotations": {}, "image_ref": it.0,
                    "max_instances": it.1}]})
        };
        let provider = |(key, it): (&(String, String), &String)| {
            json!({"id": key.0, "image_ref": it, "name": name(it), "link_name": key.1,
                "contract_id": "test:contract", "revision": 1})
        };
        json!({
            "host_id": self.id, "friendly_name": self.manners.name, "labels": state.labels,
            "version": self.manners.version,
            "actors": state.actors.iter().map(actor).collect::<Vec<_>>(),
            "providers": state.providers.iter().map(provider).collect::<Vec<_>>(),
        })
    }

    async fn command(&self, command: &str, body: Value, reply: async_nats::Subject) {
        {
            let mut state = self.state.lock().unwrap();
            state.requests.push((command.to_owned(), body.clone()));
        }
        if self.manners.acks {
            let ack = match self.manners.refuse {
                Some(reason) => json!({"accepted": false, "error": reason}),
                None => json!({"accepted": true, "error": ""}),
            };
            let payload = ack.to_string().into();
            self.client.publish(reply, payload).await.unwrap();
            self.client.flush().await.unwrap();
        }
        let (None, Some(delay)) = (self.manners.refuse, self.manners.delay) else {
            return;
        };
        tokio::time::sleep(delay).await;
        let text = |it: &str| body[it].as_str().unwrap_or_default().to_owned();
        if let Some(reason) = self.manners.fail {
            let data = json!({"actor_ref": text("actor_ref"), "image_ref": text("actor_ref"),
                "provider_ref": text("provider_ref"), "link_name": text("link_name"),
                "public_key": text("actor_id"), "error": reason, "reason": reason});
            let name = match command {
                "la" => "actor_start_failed",
                "scale" => "actor_scale_failed",
                "lp" => "provider_start_failed",
                _ => "actor_update_failed",
            };
            return self.publish(name, data).await;
        }
        let (event, data) = self.change(command, &body);
        self.publish(event, data).await;
        if command == "stop" {
            self.state.lock().unwrap().stopped = true;
            let _ = self.client.drain().await;
        }
    }

    /// Does what a command asks; the event that tells of it.
    fn change(&self, command: &str, body: &Value) -> (&'static str, Value) {
        let mut state = self.state.lock().unwrap();
        let text = |it: &str| body[it].as_str().unwrap_or_default().to_owned();
        let reference = text("actor_ref");
        match command {
            "la" | "scale" => {
                let key = match text("actor_id") {
                    key if key.is_empty() => key_of(&reference, KeyKind::Module),
                    key => key,
                };
                let count = body["count"].as_u64().unwrap_or(1);
                let revision = state.actors.get(&key).map_or(1, |it| it.2);
                match count {
                    0 => state.actors.remove(&key),
                    _ => (state.actors).insert(key.clone(), (reference.clone(), count, revision)),
                };
                let data = json!({"public_key": key, "image_ref": reference, "max_instances": count,
                    "host_id": self.id, "annotations": {}});
                ("actor_scaled", data)
            }
            "sa" => {
                state.actors.remove(&reference);
                let data = json!({"public_key": reference, "host_id": self.id, "count": 1, "remaining": 0});
                ("actors_stopped", data)
            }
            "upd" => {
                let key = text("actor_id");
                if let Some(it) = state.actors.get_mut(&key) {
                    it.0 = text("new_actor_ref");
                    it.2 += 1;
                }
                ("actor_updated", json!({"public_key": key, "revision": 2}))
            }
            "lp" => {
                let reference = text("provider_ref");
                let key = key_of(&reference, KeyKind::Service);
                let link_name = text("link_name");
                let data =
                    json!({"public_key": key, "image_ref": reference, "link_name": link_name});
                state.providers.insert((key, link_name), reference);
                ("provider_started", data)
            }
            "sp" => {
                let key = (text("provider_ref"), text("link_name"));
                state.providers.remove(&key);
                let data = json!({"public_key": key.0, "link_name": key.1, "reason": "stop"});
                ("provider_stopped", data)
            }
            _ => ("host_stopped", json!({"labels": {}})),
        }
    }

    async fn publish(&self, name: &str, data: Value) {
        if !self.manners.events {
            return;
        }
        let event = json!({"specversion": "1.0", "id": "1", "source": self.id,
            "type": format!("com.wasmcloud.lattice.{name}"), "data": data});
        let payload: bytes::Bytes = event.to_string().into();
        for subject in [
            "wasmbus.evt.default".to_owned(),
            format!("wasmbus.evt.default.{name}"),
        ] {
            self.client.publish(subject, payload.clone()).await.unwrap();
        }
        let _ = self.client.flush().await;
    }
}

/// `reg/echo:1` is called Echo.
fn name(reference: &str) -> String {
    let base = reference.rsplit('/').next().unwrap_or(reference);
    let base = base.split([':', '.']).next().unwrap_or(base);
    let (first, rest) = base.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}
