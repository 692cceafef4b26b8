//! A host that asks the config service what to start.

use super::*;
use crate::lattice::connect::round_trip;

const TOPIC: &str = "wasmbus.cfg.default.req";

/// Answers every question with `answer`; none is silence.
async fn serve(client: &async_nats::Client, answer: Option<String>, asked: Arc<Mutex<Vec<Value>>>) {
    let mut questions = client.subscribe(TOPIC).await.unwrap();
    round_trip(client).await;
    let client = client.clone();
    tokio::spawn(async move {
        while let Some(message) = questions.next().await {
            let question = serde_json::from_slice(&message.payload).unwrap();
            asked.lock().unwrap().push(question);
            if let Some(answer) = answer.clone() {
                client
                    .publish(message.reply.unwrap(), answer.into())
                    .await
                    .unwrap();
            }
        }
    });
}

async fn bench(answer: Option<&str>) -> (Bench, Vec<Value>) {
    let asked = Arc::<Mutex<Vec<Value>>>::default();
    let prepare = async |client: &async_nats::Client| {
        serve(client, answer.map(str::to_owned), Arc::clone(&asked)).await;
    };
    let bench = Bench::prepared(prepare, |it| it.config_service = true).await;
    let asked = asked.lock().unwrap().clone();
    (bench, asked)
}

impl Bench {
    /// The names of the events so far.
    fn names(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        events.iter().map(|it| it.name().to_owned()).collect()
    }
}

#[tokio::test]
async fn providers_start_before_actors_and_both_before_the_host_says_so() {
    let files = tempfile::tempdir().unwrap();
    let key = Seed::generate(KeyKind::Module);
    let path = files.path().join("echo.wasm");
    std::fs::write(&path, signed(&guest("echo"), &key, |_| {})).unwrap();
    let actor = format!("file://{}", path.display());
    let answer = json!({
        "autoStartProviders": [
            {"imageReference": "builtin:httpclient", "linkName": "one"},
            {"imageReference": "builtin:nonsense", "linkName": "two"},
            {"imageReference": "builtin:httpclient", "linkName": "three"},
            {"imageReference": "builtin:httpclient", "linkName": "a.b"},
            {"linkName": "no reference"},
        ],
        "autoStartActors": [actor, 7, "file:///nowhere.wasm"],
        "registryCredentials": {"reg.io": {"username": "ann", "password": "x", "registryType": "oci"}},
    });
    let (bench, asked) = bench(Some(&answer.to_string())).await;
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["labels"]["zone"], "a");
    assert_eq!(asked[0]["labels"]["hostcore.arch"], std::env::consts::ARCH);
    assert_eq!(asked[0].as_object().unwrap().len(), 1);
    eventually("the host has started", async || {
        bench.has_event("host_started")
    })
    .await;
    let names = bench.names();
    let at = |name: &str| names.iter().position(|it| it == name).unwrap();
    assert_eq!(
        at("host_started"),
        names.iter().rposition(|it| it == "host_started").unwrap()
    );
    let starts: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|it| it.starts_with("provider_start"))
        .collect();
    assert_eq!(
        starts,
        [
            "provider_started",
            "provider_start_failed",
            "provider_started"
        ]
    );
    let last = names
        .iter()
        .rposition(|it| it.starts_with("provider_start"))
        .unwrap();
    assert!(
        last < at("actors_started") && last < at("actors_start_failed"),
        "{names:?}"
    );
    assert!(at("actors_started") < at("host_started"), "{names:?}");
    assert!(at("actors_start_failed") < at("host_started"), "{names:?}");
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    let links: Vec<_> = inventory
        .providers
        .iter()
        .map(|it| it.link_name.as_str())
        .collect();
    assert_eq!(links, ["one", "three"]);
    let echo = ActorId::parse(&key.public()).unwrap();
    assert_eq!(bench.counts(&echo).await, [1]);
}

#[tokio::test]
async fn garbage_silence_and_absence_cost_a_warning() {
    for answer in [
        Some("junk"),
        Some("[]"),
        Some(r#"{"autoStartActors": 7}"#),
        None,
    ] {
        let (bench, asked) = bench(answer).await;
        assert_eq!(asked.len(), 1);
        bench.event("host_started").await;
        bench.start("echo", &[]).await;
    }
    let bench = Bench::with(|it| it.config_service = true).await;
    bench.event("host_started").await;
}

#[tokio::test]
async fn a_host_that_is_not_told_to_asks_nobody() {
    let asked = Arc::<Mutex<Vec<Value>>>::default();
    let prepare = async |client: &async_nats::Client| serve(client, None, Arc::clone(&asked)).await;
    let bench = Bench::prepared(prepare, |_| {}).await;
    bench.event("host_started").await;
    assert!(asked.lock().unwrap().is_empty());
}
