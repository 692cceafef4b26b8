//! `wasmcloud:httpserver`: one listener a linked actor, whose requests become calls of that actor (protocol §11).

mod cors;
mod exchange;
mod listener;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{self, BoxFuture, FutureExt};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::{Context, Provider, ProviderError};
use crate::lattice::rpc::Incoming;
use crate::lattice::wire::{Entity, Health, LinkDefinition};
use exchange::Exchange;
use listener::Listener;
use settings::Settings;

/// How long requests of a removed link may still run.
const CLOSE_GRACE: Duration = Duration::from_secs(30);

/// How often a link that could not bind tries again: the address may become free.
const RETRY: Duration = Duration::from_secs(2);

pub(super) fn start(context: Context) -> Result<Arc<dyn Provider>, ProviderError> {
    Ok(HttpServer::new(context))
}

struct HttpServer {
    this: Weak<Self>,
    context: Context,
    /// By actor key.
    links: Mutex<BTreeMap<String, State>>,
    /// Held while listeners open and close, so that changes of links take effect in order.
    changing: tokio::sync::Mutex<()>,
    /// Listeners that finish their last requests.
    closing: TaskTracker,
}

struct State {
    link: LinkDefinition,
    listener: Option<Listener>,
    /// Why there is no listener, or why the latest values are not in effect.
    problem: Option<String>,
    /// Tries to bind again until it works or the link changes.
    retry: Option<AbortOnDropHandle<()>>,
}

impl HttpServer {
    fn new(context: Context) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            context,
            links: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            closing: TaskTracker::new(),
        })
    }

    fn links(&self) -> MutexGuard<'_, BTreeMap<String, State>> {
        self.links
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn put(&self, link: LinkDefinition) -> Result<(), ProviderError> {
        let _order = self.changing.lock().await;
        let known = self
            .links()
            .get(&link.actor_id)
            .is_some_and(|it| it.link == link && it.problem.is_none());
        if known {
            return Ok(());
        }
        let result = self.open(&link).await;
        let problem = result.as_ref().err().map(ToString::to_string);
        let retry = matches!(result, Err(ProviderError::Bind { .. }))
            .then(|| self.keep_trying(link.clone()));
        let mut links = self.links();
        let state = links.entry(link.actor_id.clone()).or_insert_with(|| State {
            link: link.clone(),
            listener: None,
            problem: None,
            retry: None,
        });
        state.link = link;
        state.problem = problem;
        state.retry = retry;
        match result {
            Ok(Some(opened)) => {
                tracing::info!(actor = %state.link.actor_id, address = %opened.address(), "listening");
                if let Some(old) = state.listener.replace(opened) {
                    self.closing.spawn(old.close(CLOSE_GRACE));
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A new listener, or none where the one that is there serves the new values too. The old listener stays
    /// until the new one is bound, so that a bad value closes nothing.
    async fn open(&self, link: &LinkDefinition) -> Result<Option<Listener>, ProviderError> {
        let settings = Settings::from_values(&link.values)?;
        let exchange = Arc::new(Exchange {
            context: self.context.clone(),
            actor: Entity::actor(&link.actor_id),
            settings,
        });
        if let Some(listener) = self
            .links()
            .get(&link.actor_id)
            .and_then(|it| it.listener.as_ref())
            && listener.serves(&exchange.settings)
        {
            listener.replace(exchange)?;
            return Ok(None);
        }
        Listener::bind(exchange).await.map(Some)
    }

    fn keep_trying(&self, link: LinkDefinition) -> AbortOnDropHandle<()> {
        let this = self.this.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            tokio::time::sleep(RETRY).await;
            let Some(server) = this.upgrade() else { return };
            // In a task of its own: taking effect replaces, and so ends, this one.
            server.closing.spawn(Arc::clone(&server).try_again(link));
        }))
    }

    fn try_again(self: Arc<Self>, link: LinkDefinition) -> BoxFuture<'static, ()> {
        async move {
            let waiting = self
                .links()
                .get(&link.actor_id)
                .is_some_and(|it| it.link == link && it.problem.is_some());
            if waiting {
                let _ = self.put(link).await;
            }
        }
        .boxed()
    }

    async fn delete(&self, actor: &str) {
        let _order = self.changing.lock().await;
        let state = self.links().remove(actor);
        if let Some(listener) = state.and_then(|it| it.listener) {
            tracing::info!(actor, address = %listener.address(), "no longer listening");
            self.closing.spawn(listener.close(CLOSE_GRACE));
        }
    }
}

impl Provider for HttpServer {
    fn put_link(&self, link: LinkDefinition) -> BoxFuture<'_, Result<(), ProviderError>> {
        self.put(link).boxed()
    }

    fn delete_link(&self, link: LinkDefinition) -> BoxFuture<'_, ()> {
        async move { self.delete(&link.actor_id).await }.boxed()
    }

    fn handle(&self, call: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        future::ready(Err(format!(
            "the HTTP server has no operation {}",
            call.operation
        )))
        .boxed()
    }

    fn health(&self) -> Health {
        let links = self.links();
        let problems: Vec<String> = links
            .values()
            .filter_map(|it| {
                Some(format!(
                    "link of {}: {}",
                    it.link.actor_id,
                    it.problem.as_ref()?
                ))
            })
            .collect();
        Health {
            healthy: problems.is_empty(),
            message: (!problems.is_empty()).then(|| problems.join("; ")),
        }
    }

    fn shutdown(&self, grace: Duration) -> BoxFuture<'_, ()> {
        async move {
            let _order = self.changing.lock().await;
            let states = std::mem::take(&mut *self.links());
            let listeners = states.into_values().filter_map(|it| it.listener);
            future::join_all(listeners.map(|it| it.close(grace))).await;
            self.closing.close();
            let _ = tokio::time::timeout(grace, self.closing.wait()).await;
        }
        .boxed()
    }
}
