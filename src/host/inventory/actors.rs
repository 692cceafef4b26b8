//! The actors of a host: which run, in how many instances, and what waits for which.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::actor::{Actor, Phase, Waiting, failed, refuse_update};
use crate::claims::ActorId;
use crate::host::event::{Effect, Job, Module, RequestId, Run, Stop, Update};
use crate::host::facts::ActorFacts;
use crate::host::news::News;
use crate::lattice::wire::ActorDescription;

#[derive(Debug, Default)]
pub(super) struct Actors {
    by_key: BTreeMap<ActorId, Actor>,
    /// Starts that wait for a module whose key nobody knows yet, by reference.
    loading: BTreeMap<String, Vec<Run>>,
}

impl Actors {
    /// Starts an actor, or changes how many of it run.
    pub(super) fn run<C>(&mut self, run: Run, out: &mut Vec<Effect<C>>) {
        let Some(key) = self.named_by(&run).cloned() else {
            return self.load(run, out);
        };
        let Some(actor) = self.by_key.get_mut(&key) else {
            return;
        };
        match actor.phase {
            Phase::Running => {
                actor.run(run, out);
                self.retire(&key, out);
            }
            _ => actor.waiting.push_back(Waiting::Run(run)),
        }
    }

    pub(super) fn stop<C>(&mut self, stop: Stop, out: &mut Vec<Effect<C>>) {
        // Stopping what does not run is no error to any client.
        let Some(actor) = self.by_key.get_mut(&stop.actor) else {
            return;
        };
        match actor.phase {
            Phase::Running => {
                actor.stop(&stop, out);
                self.retire(&stop.actor, out);
            }
            _ => actor.waiting.push_back(Waiting::Stop(stop)),
        }
    }

    pub(super) fn update<C>(
        &mut self,
        update: Update,
        request: RequestId,
        out: &mut Vec<Effect<C>>,
    ) {
        let Some(actor) = self.by_key.get_mut(&update.actor) else {
            let reason = format!("actor {} does not run on this host", update.actor);
            out.push(refuse_update(request, &reason));
            return;
        };
        match actor.phase {
            Phase::Running => {
                out.push(Effect::Load {
                    job: Job::Update(update.actor.clone()),
                    reference: update.reference.clone(),
                });
                actor.phase = Phase::Updating {
                    update,
                    request,
                    facts: None,
                };
            }
            _ => actor.waiting.push_back(Waiting::Update(update, request)),
        }
    }

    pub(super) fn loaded<C>(
        &mut self,
        job: Job,
        result: Result<Module<C>, String>,
        out: &mut Vec<Effect<C>>,
    ) {
        match job {
            Job::Start(reference) => self.loaded_start(&reference, result, out),
            Job::Update(key) => self.loaded_update(&key, result, out),
        }
    }

    pub(super) fn served<C>(
        &mut self,
        key: &ActorId,
        result: Result<(), String>,
        out: &mut Vec<Effect<C>>,
    ) {
        let Some(actor) = self.by_key.get_mut(key) else {
            return;
        };
        let Phase::Starting(first) = std::mem::replace(&mut actor.phase, Phase::Running) else {
            return;
        };
        if let Err(error) = result {
            let waiting = std::mem::take(&mut actor.waiting);
            self.by_key.remove(key);
            out.push(failed(first, &error));
            for waiting in waiting {
                match waiting {
                    Waiting::Run(run) => out.push(failed(run, &error)),
                    Waiting::Stop(_) => {}
                    Waiting::Update(_, request) => out.push(refuse_update(request, &error)),
                }
            }
            return;
        }
        actor.started(out);
        self.resume(key, out);
    }

    pub(super) fn replaced<C>(
        &mut self,
        key: &ActorId,
        result: Result<(), String>,
        out: &mut Vec<Effect<C>>,
    ) {
        let Some(actor) = self.by_key.get_mut(key) else {
            return;
        };
        let (update, request, facts) = match std::mem::replace(&mut actor.phase, Phase::Running) {
            Phase::Updating {
                update,
                request,
                facts: Some(facts),
            } => (update, request, facts),
            other => {
                actor.phase = other;
                return;
            }
        };
        match result {
            Ok(()) => {
                actor.facts = facts;
                actor.reference.clone_from(&update.reference);
                out.push(Effect::Publish(News::ActorUpdated {
                    actor: key.clone(),
                    reference: update.reference,
                    revision: actor.facts.revision,
                    instance_id: actor.instance_id(),
                }));
                out.push(Effect::Acknowledge {
                    request,
                    result: Ok(()),
                });
            }
            Err(reason) => actor.update_failed(update, request, facts.revision, reason, out),
        }
        self.resume(key, out);
    }

    /// The host stops, and everything on it.
    pub(super) fn stop_all(&mut self) -> Vec<News> {
        let all = std::mem::take(&mut self.by_key);
        all.into_values().flat_map(Actor::end).collect()
    }

    /// How many requests wait.
    pub(super) fn waiting(&self) -> usize {
        let loading = self.loading.values().map(Vec::len);
        let busy = self.by_key.values().map(|it| it.waiting.len());
        loading.chain(busy).sum()
    }

    /// Those that take calls.
    pub(super) fn describe(&self) -> Vec<ActorDescription> {
        self.by_key
            .values()
            .filter(|it| !matches!(it.phase, Phase::Starting(_)))
            .map(Actor::describe)
            .collect()
    }

    /// The facts of an actor that runs, if the request wants more of it.
    pub(super) fn grown_by(&self, run: &Run) -> Option<Arc<ActorFacts>> {
        let actor = self.by_key.get(self.named_by(run)?)?;
        let more = matches!(actor.phase, Phase::Running) && actor.grows(run);
        more.then(|| Arc::clone(&actor.facts))
    }

    fn named_by(&self, run: &Run) -> Option<&ActorId> {
        let actor = run.actor.as_ref();
        let by_key = actor.and_then(|it| Some(self.by_key.get_key_value(it)?.0));
        by_key.or_else(|| self.of_reference(&run.reference))
    }

    fn of_reference(&self, reference: &str) -> Option<&ActorId> {
        let (key, _) = self
            .by_key
            .iter()
            .find(|(_, actor)| !reference.is_empty() && actor.reference == reference)?;
        Some(key)
    }

    fn load<C>(&mut self, run: Run, out: &mut Vec<Effect<C>>) {
        if run.reference.is_empty() {
            let error = "it does not run on this host, and no reference says where to find it";
            out.push(failed(run, error));
            return;
        }
        if let Some(waiting) = self.loading.get_mut(&run.reference) {
            waiting.push(run);
            return;
        }
        // Nothing runs and nothing is to run.
        if run.amount.count() == 0 {
            return;
        }
        let reference = run.reference.clone();
        out.push(Effect::Load {
            job: Job::Start(reference.clone()),
            reference: reference.clone(),
        });
        self.loading.insert(reference, vec![run]);
    }

    fn loaded_start<C>(
        &mut self,
        reference: &str,
        result: Result<Module<C>, String>,
        out: &mut Vec<Effect<C>>,
    ) {
        let waiting = self.loading.remove(reference).unwrap_or_default();
        let module = match result {
            Ok(module) => module,
            Err(error) => {
                out.extend(waiting.into_iter().map(|run| failed(run, &error)));
                return;
            }
        };
        let key = module.facts.key.clone();
        let mut fitting = Vec::new();
        for mut run in waiting {
            match run.actor.replace(key.clone()) {
                Some(wanted) if wanted != key => {
                    run.actor = Some(wanted.clone());
                    let error = format!("'{reference}' is actor {key}, not {wanted}");
                    out.push(failed(run, &error));
                }
                _ => fitting.push(run),
            }
        }
        if self.by_key.contains_key(&key) {
            for run in fitting {
                self.run(run, out);
            }
            return;
        }
        let mut fitting = fitting
            .into_iter()
            .skip_while(|run| run.amount.count() == 0);
        let Some(first) = fitting.next() else {
            return;
        };
        let limit = first.amount.count();
        let facts = Arc::clone(&module.facts);
        let actor = Actor::starting(facts, reference.to_owned(), first, fitting);
        self.by_key.insert(key, actor);
        out.push(Effect::Serve {
            module,
            reference: reference.to_owned(),
            limit,
        });
    }

    fn loaded_update<C>(
        &mut self,
        key: &ActorId,
        result: Result<Module<C>, String>,
        out: &mut Vec<Effect<C>>,
    ) {
        let Some(actor) = self.by_key.get_mut(key) else {
            return;
        };
        let (update, request) = match std::mem::replace(&mut actor.phase, Phase::Running) {
            Phase::Updating {
                update,
                request,
                facts: None,
            } => (update, request),
            other => {
                actor.phase = other;
                return;
            }
        };
        let running = actor.facts.revision;
        let (revision, reason) = match result {
            Ok(module) if module.facts.key != *key => {
                let error = format!("'{}' is actor {}", update.reference, module.facts.key);
                (0, error)
            }
            Ok(module) if module.facts.revision <= running => {
                let revision = module.facts.revision;
                let error =
                    format!("its revision {revision} is not greater than {running}, which runs");
                (revision, error)
            }
            Ok(module) => {
                let reference = update.reference.clone();
                actor.phase = Phase::Updating {
                    update,
                    request,
                    facts: Some(Arc::clone(&module.facts)),
                };
                out.push(Effect::Replace { module, reference });
                return;
            }
            Err(error) => (0, error),
        };
        actor.update_failed(update, request, revision, reason, out);
        self.resume(key, out);
    }

    /// Forgets an actor that has no instances left. Calls that still run end in the background, and a new
    /// start does not wait for them.
    fn retire<C>(&mut self, key: &ActorId, out: &mut Vec<Effect<C>>) {
        if self.by_key.get(key).is_none_or(|it| it.total() > 0) {
            return;
        }
        let waiting = self.by_key.remove(key).map(|it| it.waiting);
        for waiting in waiting.into_iter().flatten() {
            self.dispatch(waiting, out);
        }
    }

    /// Does what waits, as long as the actor is not busy again.
    fn resume<C>(&mut self, key: &ActorId, out: &mut Vec<Effect<C>>) {
        while let Some(actor) = self.by_key.get_mut(key)
            && matches!(actor.phase, Phase::Running)
            && let Some(next) = actor.waiting.pop_front()
        {
            self.dispatch(next, out);
        }
    }

    fn dispatch<C>(&mut self, waiting: Waiting, out: &mut Vec<Effect<C>>) {
        match waiting {
            Waiting::Run(run) => self.run(run, out),
            Waiting::Stop(stop) => self.stop(stop, out),
            Waiting::Update(update, request) => self.update(update, request, out),
        }
    }
}
