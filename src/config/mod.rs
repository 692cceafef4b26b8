//! Settings as values, each with the layer it came from. No network, no printing; only [`env`] reads the
//! environment.

pub mod auth;
pub mod connection;
pub mod context;
pub mod definition;
pub mod dirs;
pub mod env;
pub mod manifest;
