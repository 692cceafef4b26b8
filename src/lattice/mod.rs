//! One lattice as a value: a name on a NATS system, and everything spoken there.
//!
//! The only code that knows subjects. Does not know wasmtime, HTTP or clap, nor what a host does with a
//! message.

mod address;
pub mod artifact;
pub mod chunk;
pub mod command;
pub mod connect;
pub mod control;
pub mod event;
pub mod host_data;
pub mod invocation;
mod object;
pub mod policy;
pub mod record;
pub mod rpc;
pub mod state;
pub mod subject;
pub mod supplement;
#[cfg(test)]
pub(crate) mod testing;
pub mod wire;

pub use connect::{ConnectError, ConnectOptions};
pub use subject::LatticeName;
