//! The NATS server as a child process: find it, configure it, know when it is ready, end it.
//!
//! Does not know lattice subjects, hosts or claims.

pub mod binary;
pub mod conf;
pub mod greeting;
pub mod process;
mod server;

pub use binary::{Binary, FindError};
pub use greeting::{Greeting, GreetingError, greet};
pub use process::ProcessId;
pub use server::{Config, Death, Server, StartError};
