//! Artifacts on their way through the lattice: modules and archives by content, in a JetStream object store.
//!
//! Whoever has a file puts it once, under its SHA-256; every host of the lattice takes it from there by a
//! [`Reference`] that holds the hash, and believes nothing but the hash. The format is that of every NATS object
//! store client, so `nats object ls ARTIFACTS_default` shows what is there. Large payloads of calls are not here but
//! in [`super::chunk`].
//!
//! ```text
//! reference.rs  lattice://sha256-…/name   meta.rs     an object's description
//! store.rs      the bucket, its API       put.rs      a file into it
//! get.rs        bytes out of it           collect.rs  what nothing refers to any more
//! ```

mod collect;
mod get;
mod meta;
mod put;
mod reference;
mod store;
#[cfg(test)]
mod tests;

pub use collect::{Collected, GRACE, Uses};
pub use reference::{Digest, Reference};
pub use store::{ArtifactError, Artifacts, Stored};
