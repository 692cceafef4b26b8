//! `wash call`: one signed call to an actor, as a provider or another actor would make it.

mod payload;

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map as Fields, Value, json};
use tokio::time::Instant;

use super::CommandResult;
use super::args::ConnectionArgs;
use super::ctl::{Driver, read_text};
use super::output::{Answer, Page};
use super::report::{CommandError, Kind};
use super::session::{Lattice, Session};
use super::table::{KEEP, Table};
use crate::claims::{HostId, KeyKind, Seed};
use crate::lattice::invocation::{Identity, Refusal};
use crate::lattice::rpc::{Call, Retry, Rpc, RpcError};
use crate::lattice::wire::Entity;

/// The largest payload file, in bytes.
const MAX_PAYLOAD: u64 = 64 << 20;

/// Call an operation of an actor
///
/// The payload is JSON and travels as msgpack; {"$bin": "BASE64"} stands for bytes. Without a payload an empty one
/// is sent. The call is signed with the cluster seed of the lattice's hosts.
#[derive(Debug, clap::Args)]
pub(crate) struct CallArgs {
    /// The actor: key, name, call alias, module file or unique prefix
    actor: String,

    /// Operation, such as HttpServer.HandleRequest
    operation: String,

    /// Payload in JSON; pieces are joined
    payload: Vec<String>,

    /// File with the payload in JSON; - is stdin
    #[arg(short, long, value_name = "FILE", conflicts_with = "payload")]
    data: Option<PathBuf>,

    /// Write the raw answer to a file instead
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// How bytes in the answer are shown: b array of numbers, s text, 2 both, base64
    /// [default: s in text, b in documents]
    #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true)]
    bin: Option<payload::Bytes>,

    /// Read the answer as test results, and fail if a test failed
    #[arg(long, conflicts_with = "save")]
    test: bool,

    /// Seed that signs the call, or a file with it [env: WASMCLOUD_CLUSTER_SEED] [default: that of `wash up`]
    #[arg(short, long, value_name = "SEED")]
    cluster_seed: Option<String>,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl CallArgs {
    pub(crate) async fn run(self, session: &Session) -> CommandResult {
        let text = match &self.data {
            Some(path) => read_text(path, MAX_PAYLOAD)?,
            None => self.payload.concat(),
        };
        let payload = payload::encode(&text).map_err(|reason| {
            CommandError::new(Kind::Usage, format!("cannot read the payload: {reason}"))
                .hint("write JSON, such as '{\"name\": \"value\"}'")
        })?;
        let document = session.output.page.format.is_document();
        let how = self.bin.unwrap_or(match document {
            true => payload::Bytes::Array,
            false => payload::Bytes::Text,
        });

        let lattice = session.connect(&self.connection).await?;
        let signer = signer(session, &lattice, self.cluster_seed.as_deref())?;
        let driver = Driver::new(session, &lattice);
        let actor = driver.actor(&self.actor).await?;
        let begun = Instant::now();
        let answer = invoke(&lattice, signer, &actor, &self.operation, payload.into()).await?;
        let elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);

        if let Some(path) = self.save {
            std::fs::write(&path, &answer).map_err(|error| {
                let message = format!("cannot write {}: {error}", path.display());
                CommandError::new(Kind::General, message)
            })?;
            let saved = super::output::Sentence::new(
                format!("wrote {} bytes to {}", answer.len(), path.display()),
                json!({"file": path, "bytes": answer.len(), "elapsed_ms": elapsed_ms}),
            );
            return Ok(Box::new(saved.named(path.display().to_string())));
        }
        if self.test {
            return tests(&answer);
        }
        let response = match payload::decode(&answer, how) {
            Ok(response) => response,
            Err(reason) => {
                let (size, note) = (answer.len(), "its text is shown as it is");
                (session.output).warn(&format!("the answer of {size} bytes is {reason}; {note}"));
                Value::String(String::from_utf8_lossy(&answer).into_owned())
            }
        };
        Ok(Box::new(Response {
            actor,
            response,
            elapsed_ms,
        }))
    }
}

async fn invoke(
    lattice: &Lattice,
    signer: Seed,
    actor: &str,
    operation: &str,
    payload: bytes::Bytes,
) -> Result<bytes::Bytes, CommandError> {
    let host = Seed::generate(KeyKind::Server).public();
    let issuer = signer.public();
    let identity = Identity {
        host: HostId::parse(&host)
            .map_err(|it| CommandError::new(Kind::General, it.to_string()))?,
        signer,
        issuers: vec![issuer.clone()],
    };
    let js_domain = lattice.settings.js_domain.as_ref();
    let rpc = Rpc::new(
        lattice.client.clone(),
        lattice.name.clone(),
        identity,
        js_domain.map(|it| it.value.clone()),
    );
    let call = Call {
        // Hosts of 0.82 look up the claims of the caller; those of the actor itself are known for sure.
        origin: Entity::actor(actor),
        target: Entity::actor(actor),
        operation: operation.to_owned(),
        payload,
        deadline: Instant::now() + lattice.timeout,
        depth: 0,
        retry: Retry::Never,
    };
    rpc.invoke(call).await.map_err(|error| match &error {
        RpcError::NoResponders { .. } => CommandError::new(
            Kind::NoResponders,
            format!("nobody in lattice '{}' runs {actor}", lattice.name),
        )
        .hint("start it with `wash start actor`; `wash get inventory` shows what runs"),
        RpcError::Timeout { .. } => CommandError::new(Kind::Timeout, error.to_string())
            .hint("it may have run all the same; allow more with --timeout"),
        RpcError::Remote(reason) => {
            let message = format!("{operation} of {actor} failed: {reason}");
            let error = CommandError::new(Kind::Refused, message);
            // Some hosts put words of their own before this one.
            if reason.ends_with(&Refusal::UnknownIssuer.to_string()) {
                error.hint(format!(
                    "{issuer} signed it; give the cluster seed of the host with --cluster-seed"
                ))
            } else {
                error
            }
        }
        RpcError::BadAnswer { .. } => CommandError::new(Kind::General, error.to_string()),
        RpcError::Transport(_) => CommandError::new(Kind::Connect, error.to_string()),
    })
}

/// The key that signs: typed, from the environment or the context, or what `wash up` keeps.
fn signer(session: &Session, lattice: &Lattice, typed: Option<&str>) -> Result<Seed, CommandError> {
    let (text, from) = match (typed, &lattice.settings.cluster_seed) {
        (Some(typed), _) => (typed.to_owned(), "--cluster-seed".to_owned()),
        (None, Some(setting)) => (
            setting.value.reveal().to_owned(),
            setting.source.to_string(),
        ),
        (None, None) => kept_seed(session)?,
    };
    let text = match Seed::parse(&text) {
        Ok(_) => text,
        Err(_) if std::path::Path::new(text.trim()).is_file() => {
            read_text(std::path::Path::new(text.trim()), 4096)?
        }
        Err(_) => text,
    };
    Seed::parse_kind(&text, KeyKind::Cluster).map_err(|error| {
        CommandError::new(
            Kind::Auth,
            format!("the cluster seed of {from} cannot be used"),
        )
        .because(error)
        .hint("a cluster seed starts with SC; `wash keys gen cluster` makes one")
    })
}

/// Only the field that is needed of what a host was configured with.
#[derive(Deserialize)]
struct HostConfig {
    #[serde(default)]
    cluster_seed: Option<String>,
}

/// The seed in the host configuration that `wash up`, or an older host, wrote.
fn kept_seed(session: &Session) -> Result<(String, String), CommandError> {
    let mut places = Vec::new();
    if let Some(dirs) = &session.dirs {
        places.push(dirs.host_config());
        places.extend(dirs.legacy.iter().map(|it| it.join("host_config.json")));
    }
    places.push(PathBuf::from("host_config.json"));
    for path in &places {
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let config = serde_json::from_str::<HostConfig>(&text).ok();
        let seed = config.and_then(|it| it.cluster_seed);
        if let Some(seed) = seed.filter(|it| !it.is_empty()) {
            return Ok((seed, path.display().to_string()));
        }
    }
    Err(
        CommandError::new(Kind::Auth, "no cluster seed to sign the call with").hint(
            "give the seed of the lattice's hosts with --cluster-seed or WASMCLOUD_CLUSTER_SEED",
        ),
    )
}

struct Response {
    actor: String,
    response: Value,
    elapsed_ms: u64,
}

impl Answer for Response {
    fn fields(&self) -> Fields<String, Value> {
        Fields::from_iter([
            ("response".to_owned(), self.response.clone()),
            ("actor_id".to_owned(), json!(self.actor)),
            ("elapsed_ms".to_owned(), json!(self.elapsed_ms)),
        ])
    }

    fn text(&self, _page: &Page) -> String {
        match &self.response {
            Value::String(text) => text.clone(),
            other => format!("{other:#}"),
        }
    }

    fn names(&self) -> Vec<String> {
        vec![self.actor.clone()]
    }
}

/// One result of an actor's own tests.
#[derive(Debug, Deserialize)]
struct TestResult {
    #[serde(default)]
    name: String,
    #[serde(alias = "pass")]
    passed: bool,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Debug)]
struct TestResults(Vec<TestResult>);

fn tests(answer: &[u8]) -> CommandResult {
    let read = payload::decode(answer, payload::Bytes::Text)
        .and_then(|it| serde_json::from_value(it).map_err(|it| it.to_string()));
    let results = TestResults(read.map_err(|reason| {
        CommandError::new(
            Kind::Refused,
            format!("the answer holds no test results: {reason}"),
        )
        .hint("call the test operation of an actor made for tests, usually Start")
    })?);
    let failed = results.0.iter().filter(|it| !it.passed).count();
    if failed == 0 {
        return Ok(Box::new(results));
    }
    let message = format!("{failed} of {} tests failed", results.0.len());
    Err(CommandError::new(Kind::Refused, message).after(results))
}

impl Answer for TestResults {
    fn fields(&self) -> Fields<String, Value> {
        let result =
            |it: &TestResult| json!({"name": it.name, "passed": it.passed, "error": it.error});
        let passed = self.0.iter().filter(|it| it.passed).count();
        Fields::from_iter([
            ("tests".to_owned(), self.0.iter().map(result).collect()),
            ("passed".to_owned(), json!(passed)),
            ("failed".to_owned(), json!(self.0.len() - passed)),
        ])
    }

    fn text(&self, page: &Page) -> String {
        if self.0.is_empty() {
            return "no tests".to_owned();
        }
        let mut table = Table::new([("RESULT", KEEP), ("TEST", KEEP), ("ERROR", 1)]);
        for it in &self.0 {
            let result = if it.passed { "pass" } else { "FAIL" };
            table.row([result, &it.name, it.error.as_deref().unwrap_or_default()]);
        }
        table.render(page)
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|it| it.name.clone()).collect()
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn pack(text: &str) -> Vec<u8> {
        payload::encode(text).unwrap()
    }

    #[test]
    fn failing_tests_fail_the_command() {
        let good = pack(r#"[{"name": "a", "passed": true, "snapData": null}]"#);
        let answer = tests(&good).unwrap_or_else(|it| panic!("{it:?}"));
        assert_eq!(answer.fields()["passed"], 1);
        let bad = pack(r#"[{"name": "a", "passed": true}, {"name": "b", "pass": false}]"#);
        let Err(error) = tests(&bad) else {
            panic!("a failed test was passed over")
        };
        assert_eq!(error.kind, Kind::Refused);
        assert_eq!(error.message, "1 of 2 tests failed");
        for other in ["{}", "null", "[1]"] {
            assert!(tests(&pack(other)).is_err(), "{other}");
        }
        assert!(tests(b"\xff\xff").is_err());
    }
}
