#![doc = include_str!("ARCHITECTURE.md")]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")
)]

#[cfg(feature = "host")]
pub mod archive;
pub mod claims;
#[cfg(feature = "host")]
mod cli;
#[cfg(feature = "host")]
pub mod config;
#[cfg(feature = "host")]
pub mod host;
pub mod lattice;
#[cfg(feature = "host")]
pub mod nats;
pub mod provider;
#[cfg(feature = "host")]
pub mod providers;

#[cfg(feature = "host")]
pub use cli::run;
