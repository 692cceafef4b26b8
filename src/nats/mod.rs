//! The NATS server as a child process: install it, find it, configure it, know when it is ready, end it. And a hub of one's
//! own: configuration, tokens and credentials of a server that somebody else runs.
//!
//! Builds on `claims` for keys and their files. Does not know lattice subjects, hosts or what actors state.

pub mod binary;
pub mod conf;
pub mod embedded;
pub mod greeting;
pub mod hub;
pub mod installed;
pub mod jwt;
pub mod leaf;
pub mod monitor;
mod pattern;
pub mod process;
pub mod release;
mod server;
pub mod streams;

pub use binary::{Binary, FindError};
pub use greeting::{Greeting, GreetingError, greet};
pub use process::ProcessId;
pub use server::{Config, Death, Own, Server, StartError, server_complaints};
