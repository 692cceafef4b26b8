//! A kit for capability providers that are processes of their own, under hosts of every generation (protocol §5).
//!
//! A provider implements [`Provider`] and hands it to [`run`] in `main`. The kit reads what the host says on
//! stdin, connects, keeps the links, checks every call as strictly as a host does, answers health checks, and
//! stops cleanly. Builds on `lattice`; does not know the host, the built-in providers or clap, and a crate gets
//! it without any of them:
//!
//! ```toml
//! wash = { version = "0.1", default-features = false }
//! ```
//!
//! ```no_run
//! use wash::provider::{Call, Error, Lattice, LinkDefinition, Provider, answer, run};
//!
//! /// Puts a greeting, which each link may choose, before what it is given.
//! struct Greeter;
//!
//! impl Provider for Greeter {
//!     const CONTRACT: &'static str = "example:greeter";
//!     type Link = String;
//!
//!     async fn start(_lattice: Lattice) -> Result<Self, Error> {
//!         Ok(Self)
//!     }
//!
//!     async fn put_link(&self, link: LinkDefinition) -> Result<String, Error> {
//!         let greeting = link.values.get("GREETING").map_or("Hello", String::as_str);
//!         Ok(greeting.to_owned())
//!     }
//!
//!     async fn call(&self, greeting: &String, call: Call) -> Result<Vec<u8>, Error> {
//!         match call.operation.as_str() {
//!             "Greeter.Greet" => answer(&format!("{greeting}, {}", call.input::<String>()?)),
//!             _ => Err(call.unknown()),
//!         }
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     run::<Greeter>()
//! }
//! ```
//!
//! `examples/provider-keyvalue-redis` is a whole one.

mod call;
mod life;
mod links;
mod settings;
mod start;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

pub use self::call::{Call, answer};
pub use self::life::serve;
pub use self::settings::StartError;
pub use self::start::run;
pub use crate::lattice::host_data::HostData;
use crate::lattice::rpc::{self, Retry, Rpc};
use crate::lattice::wire::Entity;
pub use crate::lattice::wire::{Health, LinkDefinition};

/// Whatever went wrong. Its text, with that of its sources, reaches the calling actor or the host's log: no
/// secrets.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A capability. Calls and health checks come concurrently, also while links change.
pub trait Provider: Sized + Send + Sync + 'static {
    /// The contract id, such as `wasmcloud:keyvalue`.
    const CONTRACT: &'static str;

    /// What a linked actor has here: a connection, a listener, its settings.
    type Link: Send + Sync + 'static;

    /// Makes the provider, before any link or call comes.
    ///
    /// # Errors
    /// Ends the process: the configuration cannot be used.
    fn start(lattice: Lattice) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Takes a link into effect. New values for a linked actor come as a new link after [`Self::delete_link`].
    /// Cut off after ten seconds.
    ///
    /// # Errors
    /// Calls of this actor and health checks get the error, and the link is tried again from time to time.
    fn put_link(
        &self,
        link: LinkDefinition,
    ) -> impl Future<Output = Result<Self::Link, Error>> + Send;

    /// Answers a call of a linked actor, in the contract's encoding: see [`Call::input`] and [`answer`]. Dropped
    /// when the caller's time is over.
    ///
    /// # Errors
    /// The caller gets the error.
    fn call(
        &self,
        link: &Self::Link,
        call: Call,
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send;

    /// Takes a link out of effect; calls that still run hold on to theirs.
    fn delete_link(&self, link: Arc<Self::Link>) -> impl Future<Output = ()> + Send {
        drop(link);
        std::future::ready(())
    }

    /// Links that are not in effect are told in any case.
    fn health(&self) -> impl Future<Output = Health> + Send {
        std::future::ready(Health {
            healthy: true,
            message: None,
        })
    }

    /// Comes last, when no call runs any more.
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// The lattice as a provider sees it. Clones are cheap.
#[derive(Clone)]
pub struct Lattice {
    rpc: Rpc,
    entity: Entity,
    configuration: Arc<str>,
    timeout: Duration,
}

impl Lattice {
    /// The `configuration` of the start command, often JSON; empty for none.
    pub fn configuration(&self) -> &str {
        &self.configuration
    }

    /// The configuration read as JSON; none where there is none.
    ///
    /// # Errors
    /// It is not the JSON of a `T`. The error names the place and quotes nothing: there may be secrets.
    pub fn configuration_json<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        if self.configuration.is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_str(&self.configuration).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("the configuration is not as expected at line {line} column {column}")
        })?;
        Ok(Some(value))
    }

    /// The provider's public key, `V…`.
    pub fn provider_key(&self) -> &str {
        &self.entity.public_key
    }

    pub fn link_name(&self) -> &str {
        &self.entity.link_name
    }

    /// Calls an actor, which must state the provider's contract in its claims, and waits for the answer as long
    /// as the host allows. While nobody runs the actor it is tried again.
    ///
    /// # Errors
    /// The actor's own error, nobody who runs it, no answer in time, or an answer that is not an `O`.
    pub async fn call_actor<O: DeserializeOwned>(
        &self,
        actor: &str,
        operation: &str,
        input: &impl Serialize,
    ) -> Result<O, Error> {
        let call = rpc::Call {
            origin: self.entity.clone(),
            target: Entity::actor(actor),
            operation: operation.to_owned(),
            payload: answer(input)?.into(),
            deadline: Instant::now() + self.timeout,
            depth: 0,
            retry: Retry::NoResponders,
        };
        let output = self.rpc.invoke(call).await?;
        call::read(operation, &output)
    }
}

impl std::fmt::Debug for Lattice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lattice")
            .field("rpc", &self.rpc)
            .field("entity", &self.entity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
