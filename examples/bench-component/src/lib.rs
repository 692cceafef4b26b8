//! Answers every HTTP request with what it saw: method, path, query, headers and body, as JSON.
//!
//! The twin of `../../hello`, for the component model.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use serde_json::json;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wasip2::http::proxy::export!(Echo);

struct Echo;

impl Guest for Echo {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let answer = seen(&request);
        let headers = Fields::new();
        let length = answer.len().to_string();
        let _ = headers.set("content-type", &[b"application/json".to_vec()]);
        let _ = headers.set("content-length", &[length.into_bytes()]);
        let response = OutgoingResponse::new(headers);
        let body = response.body().expect("taken once");
        ResponseOutparam::set(out, Ok(response));
        let mut stream = body.write().expect("taken once");
        // A client that has left is no concern of ours.
        let _ = stream.write_all(answer.as_bytes());
        let _ = stream.flush();
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

fn seen(request: &IncomingRequest) -> String {
    let target = request.path_with_query().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers().entries() {
        let value = String::from_utf8_lossy(&value).into_owned();
        headers.entry(name).or_default().push(value);
    }
    let mut body = Vec::new();
    let incoming = request.consume().expect("taken once");
    if let Ok(mut stream) = incoming.stream() {
        let _ = stream.read_to_end(&mut body);
    }
    json!({
        "method": method(request.method()),
        "path": path,
        "query": query,
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    })
    .to_string()
}

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => return name,
    };
    name.to_owned()
}
