//! What the tests of the host share.

use std::path::Path;

use super::actor::Code;
use super::engine::{Engine, Limits};

/// Guests as text.
pub(super) const GUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests");

pub(super) fn engine(limits: Limits) -> Engine {
    Engine::new(limits, None).unwrap()
}

pub(super) fn guest(name: &str) -> Vec<u8> {
    wat::parse_file(Path::new(GUESTS).join(name).with_extension("wat")).unwrap()
}

pub(super) fn load(engine: &Engine, name: &str) -> Code {
    engine.load(&guest(name)).unwrap()
}
