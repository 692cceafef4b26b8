//! A registry that misbehaves as it is told: one artifact, `a:1`, and what a script puts in its place.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::archive::oci::Digest;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    /// How many requests for the same came before.
    pub(super) before: usize,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.path.contains(part)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The connection breaks after so many bytes of the body.
    cut: Option<usize>,
    /// Between bytes of the body.
    drip: Option<Duration>,
    /// The connection stays open and nothing is said.
    hangs: bool,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            cut: None,
            drip: None,
            hangs: false,
        }
    }

    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    pub(super) fn cut(mut self, at: usize) -> Self {
        self.cut = Some(at);
        self
    }

    pub(super) fn drip(mut self, pause: Duration) -> Self {
        self.drip = Some(pause);
        self
    }

    pub(super) fn hang() -> Self {
        Self {
            hangs: true,
            ..Self::new(200, "")
        }
    }
}

type Script = dyn Fn(&Seen) -> Option<Reply> + Send + Sync;

/// A running registry; gone when dropped.
pub(super) struct Fake {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    _task: AbortOnDropHandle<()>,
}

impl Fake {
    /// Serves `content` as `a:1` wherever `script` has nothing to say.
    pub(super) async fn start(
        content: &[u8],
        script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let manifest = manifest(&[("application/wasm", content)]).to_string();
        Self::holding(manifest, vec![content.to_vec()], script).await
    }

    pub(super) async fn holding(
        manifest: String,
        blobs: Vec<Vec<u8>>,
        script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, script): (_, Arc<Script>) = (Arc::clone(&seen), Arc::new(script));
        let store = Arc::new((manifest, blobs));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script, store) = (log.clone(), script.clone(), store.clone());
                connections.spawn(async move {
                    let _ = serve(stream, &log, script.as_ref(), &store).await;
                });
            }
        });
        Self {
            port,
            seen,
            _task: AbortOnDropHandle::new(task),
        }
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn reference(&self) -> String {
        format!("{}/a:1", self.host())
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn count(&self, method: &str, part: &str) -> usize {
        self.seen().iter().filter(|it| it.is(method, part)).count()
    }
}

/// A manifest of layers with these types and contents.
pub(super) fn manifest(layers: &[(&str, &[u8])]) -> Value {
    let layer = |(media_type, content): &(&str, &[u8])| json!({"mediaType": media_type, "digest": Digest::of(content).to_string(), "size": content.len()});
    json!({
        "schemaVersion": 2,
        "config": layer(&("application/vnd.wasm.config.v0+json", b"{}")),
        "layers": layers.iter().map(layer).collect::<Vec<_>>(),
    })
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    script: &Script,
    store: &(String, Vec<Vec<u8>>),
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, path) = (first.next().unwrap(), first.next().unwrap());
    let headers = lines.filter_map(|it| it.split_once(": "));
    let mut seen = Seen {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        before: 0,
    };
    {
        let mut log = log.lock().unwrap();
        let same = |it: &&Seen| it.method == seen.method && it.path == seen.path;
        seen.before = log.iter().filter(same).count();
        log.push(seen.clone());
    }
    if let Some(length) = seen.header("content-length") {
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await?;
    }
    let reply = script(&seen).unwrap_or_else(|| stored(&seen, store));
    if reply.hangs {
        // Until the client gives up.
        let _ = stream.read_u8().await;
        return Ok(());
    }
    let mut text = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        text += &format!("{name}: {value}\r\n");
    }
    let says_length = reply.headers.iter().any(|(it, _)| it == "content-length");
    if !says_length && !reply.headers.iter().any(|(it, _)| it == "no-length") {
        text += &format!("content-length: {}\r\n", reply.body.len());
    }
    stream.write_all((text + "\r\n").as_bytes()).await?;
    if seen.method == "HEAD" {
        return stream.shutdown().await;
    }
    let body = &reply.body[..reply.cut.unwrap_or(reply.body.len())];
    match reply.drip {
        None => stream.write_all(body).await?,
        Some(pause) => {
            for byte in body {
                stream.write_u8(*byte).await?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    stream.shutdown().await
}

/// What an honest registry answers.
pub(super) fn stored(seen: &Seen, (manifest, blobs): &(String, Vec<Vec<u8>>)) -> Reply {
    let digest = Digest::of(manifest.as_bytes());
    if seen.path == "/v2/" {
        return Reply::new(200, "{}");
    }
    let named = [
        "/v2/a/manifests/1".to_owned(),
        format!("/v2/a/manifests/{digest}"),
    ];
    if named.contains(&seen.path) {
        return Reply::new(200, manifest.as_bytes())
            .with("docker-content-digest", digest)
            .with("content-type", "application/vnd.oci.image.manifest.v1+json");
    }
    let blob = blobs
        .iter()
        .find(|it| seen.path == format!("/v2/a/blobs/{}", Digest::of(it)));
    let Some(blob) = blob else {
        return Reply::new(404, r#"{"errors":[{"code":"UNKNOWN"}]}"#);
    };
    let from = seen
        .header("range")
        .and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    match from {
        Some(from) => {
            let range = format!("bytes {from}-{}/{}", blob.len() - 1, blob.len());
            let from: usize = from;
            Reply::new(206, &blob[from..]).with("content-range", range)
        }
        None => Reply::new(200, blob.clone()),
    }
}
