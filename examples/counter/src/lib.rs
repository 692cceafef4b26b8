//! Counts HTTP GET requests by path in the linked key-value store, and answers the number.

use guest::http::{Request, Response};
use guest::keyvalue;

guest::actor!(handle);

const TEXT: &str = "text/plain; charset=utf-8";

fn handle(operation: &str, payload: &[u8]) -> Result<Vec<u8>, String> {
    if operation != "HttpServer.HandleRequest" {
        return Err(format!("counter does not know the operation {operation}"));
    }
    let request: Request = guest::decode(payload)?;
    guest::encode(&count(&request))
}

fn count(request: &Request) -> Response {
    if request.method != "GET" {
        return Response::new(405, TEXT, "only GET counts\n");
    }
    match keyvalue::increment(&format!("counter:{}", request.path), 1) {
        Ok(number) => Response::new(200, TEXT, format!("{number}\n")),
        Err(error) => Response::new(502, TEXT, format!("the store does not count: {error}\n")),
    }
}
