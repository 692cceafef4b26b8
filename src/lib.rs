#![doc = include_str!("ARCHITECTURE.md")]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")
)]

pub mod archive;
pub mod claims;
mod cli;
pub mod config;
pub mod host;
pub mod lattice;
pub mod nats;
pub mod providers;

pub use cli::run;
