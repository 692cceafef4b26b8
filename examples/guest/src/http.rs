//! The contracts `wasmcloud:httpserver` and `wasmcloud:httpclient`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub type Headers = BTreeMap<String, Vec<String>>;

/// What `HttpServer.HandleRequest` brings.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query_string: String,
    pub header: Headers,
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

/// An HTTP answer: ours to `HttpServer.HandleRequest`, and the client's to [`fetch`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    pub status_code: u16,
    #[serde(default)]
    pub header: Headers,
    #[serde(with = "serde_bytes", default)]
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status_code: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let header = [("content-type".to_owned(), vec![content_type.to_owned()])].into();
        Self {
            status_code,
            header,
            body: body.into(),
        }
    }

    /// The first value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self
            .header
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?
            .1;
        values.first().map(String::as_str)
    }
}

#[derive(Serialize)]
struct ClientRequest<'a> {
    method: &'a str,
    url: &'a str,
    headers: Headers,
    #[serde(with = "serde_bytes")]
    body: &'a [u8],
}

/// Gets a URL through the linked HTTP client.
pub fn fetch(url: &str) -> Result<Response, String> {
    let request = ClientRequest {
        method: "GET",
        url,
        headers: Headers::new(),
        body: &[],
    };
    let answer = crate::call(
        "default",
        "wasmcloud:httpclient",
        "HttpClient.Request",
        &crate::encode(&request)?,
    )?;
    crate::decode(&answer)
}
