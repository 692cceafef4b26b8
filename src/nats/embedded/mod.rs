//! A NATS server for one machine, in this process.

mod bus;
mod client;
mod hub;
pub mod jetstream;
mod message;
mod outbound;
mod trie;

pub use bus::{Bus, BusSubscription, Delivered};

/// A bus of its own, without any listener.
pub fn detached() -> Bus {
    Bus::new(std::sync::Arc::new(hub::Hub::new()))
}
