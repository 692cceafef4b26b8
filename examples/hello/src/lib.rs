//! Answers every HTTP request with what it saw: method, path, query, headers and body, as JSON.

use guest::http::{Request, Response};
use serde_json::json;

guest::actor!(handle);

fn handle(operation: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
    if operation != "HttpServer.HandleRequest" {
        return Err(format!("hello does not know the operation {operation}"));
    }
    let request: Request = guest::decode(payload)?;
    let seen = json!({
        "method": request.method,
        "path": request.path,
        "query": request.query_string,
        "headers": request.header,
        "body": String::from_utf8_lossy(&request.body),
    });
    guest::encode(&Response::new(200, "application/json", seen.to_string()))
}
