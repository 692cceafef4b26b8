//! The contract `wasmcloud:httpclient`: requests of linked actors to the outside. Hosts hand on the environment that
//! it needs, if asked: `--provider-env HTTPS_PROXY,NO_PROXY,SSL_CERT_FILE`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use reqwest::{Client, Method};
use serde::{Deserialize, Serialize};
use wash::provider::{Call, Error, Lattice, LinkDefinition, Provider, answer, run};

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
    headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default, with = "serde_bytes")]
    body: Vec<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status_code: u16,
    header: BTreeMap<String, Vec<String>>,
    #[serde(with = "serde_bytes")]
    body: Vec<u8>,
}

struct HttpClient(Client);

impl Provider for HttpClient {
    const CONTRACT: &'static str = "wasmcloud:httpclient";
    type Link = ();

    async fn start(_: Lattice) -> Result<Self, Error> {
        let client = Client::builder().user_agent(env!("CARGO_PKG_NAME"));
        Ok(Self(client.build()?))
    }

    async fn put_link(&self, _: LinkDefinition) -> Result<(), Error> {
        Ok(())
    }

    /// Dropped when the caller's time is over, and the request with it.
    async fn call(&self, _: &(), call: Call) -> Result<Vec<u8>, Error> {
        if call.operation != "HttpClient.Request" {
            return Err(call.unknown());
        }
        let it: Request = call.input()?;
        let method = Method::from_bytes(it.method.as_bytes())?;
        let mut request = self.0.request(method, it.url).body(it.body);
        for (name, values) in it.headers.iter().flatten() {
            request = (values.iter()).fold(request, |request, value| request.header(name, value));
        }
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let mut header = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            header.entry(name.to_string()).or_default().push(value);
        }
        let status_code = response.status().as_u16();
        let body = response
            .bytes()
            .await
            .map_err(reqwest::Error::without_url)?;
        answer(&Response {
            status_code,
            header,
            body: body.into(),
        })
    }
}

fn main() -> ExitCode {
    run::<HttpClient>()
}
