//! Settings as values, each with the layer it came from. No network, no printing; only [`env`] reads the
//! environment.

pub mod dirs;
pub mod env;
