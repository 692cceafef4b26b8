//! Answers every HTTP request with the picture of a dog or a cat.
//!
//! The number generator picks the animal, the HTTP client asks an API where a picture is and fetches it.

use guest::http::{self, Response};
use serde_json::Value;

guest::actor!(handle);

struct Animal {
    api: &'static str,
    /// Where the picture comes from when the API names none.
    fallback: &'static str,
}

const ANIMALS: [Animal; 2] = [
    Animal {
        api: "https://random.dog/woof.json?filter=mp4,webm",
        fallback: "https://place.dog/300/200",
    },
    Animal {
        api: "https://api.thecatapi.com/v1/images/search",
        fallback: "https://cataas.com/cat",
    },
];

fn handle(operation: &str, _payload: &[u8]) -> Result<Vec<u8>, String> {
    if operation != "HttpServer.HandleRequest" {
        return Err(format!(
            "dogs-and-cats does not know the operation {operation}"
        ));
    }
    let animal = &ANIMALS[guest::numbers::in_range(0, 1)? as usize % ANIMALS.len()];
    let picture = http::fetch(&picture_url(animal)?)?;
    let answer = if picture.status_code == 200 {
        let content_type = picture
            .header("content-type")
            .unwrap_or("application/octet-stream")
            .to_owned();
        Response::new(200, &content_type, picture.body)
    } else {
        let text = format!(
            "the picture could not be fetched: HTTP status {}\n",
            picture.status_code
        );
        Response::new(502, "text/plain; charset=utf-8", text)
    };
    guest::encode(&answer)
}

/// Asks the API; both kinds of answer name the picture in `url`, one of them inside a list.
fn picture_url(animal: &Animal) -> Result<String, String> {
    let answer = http::fetch(animal.api)?;
    let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let named = value
        .get("url")
        .or_else(|| value.get(0)?.get("url"))
        .and_then(Value::as_str);
    Ok(named.unwrap_or(animal.fallback).to_owned())
}
