//! What is the same in every object of a NATS object store: how names and hashes are written, which ids may stand in
//! a subject, and how chunks are asked for.

use async_nats::jetstream::consumer::push::{Ordered, OrderedConfig};
use async_nats::jetstream::context::Context;
use data_encoding::BASE64URL;

/// The token under which writers since 2023 put the description of an object.
pub(super) fn encoded_name(name: &str) -> String {
    BASE64URL.encode(name.as_bytes())
}

/// How a description names the hash of its object.
pub(super) fn digest_text(sha256: &[u8]) -> String {
    format!("SHA-256={}", BASE64URL.encode(sha256))
}

/// Whether chunks can lie under this id, and nowhere else.
pub(super) fn is_id(nuid: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !nuid.is_empty() && nuid.chars().all(plain)
}

/// The chunks of an object in their order, to be heard on `inbox`; none if there are none.
///
/// # Errors
/// What JetStream says.
pub(super) async fn chunks(
    context: &Context,
    stream: String,
    subject: String,
    inbox: String,
) -> Result<Option<Ordered>, String> {
    let config = OrderedConfig {
        deliver_subject: inbox,
        filter_subject: subject,
        ..OrderedConfig::default()
    };
    let stream = context.get_stream_no_info(stream).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let consumer = stream.create_consumer(config).await;
    let consumer = consumer.map_err(|error| error.to_string())?;
    if consumer.cached_info().num_pending == 0 {
        return Ok(None);
    }
    let messages = consumer.messages().await;
    messages.map(Some).map_err(|error| error.to_string())
}
