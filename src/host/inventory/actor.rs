//! One actor of a host: its instances by annotations, and what a request changes about them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::host::event::{Amount, Effect, RequestId, Run, Stop, Update};
use crate::host::facts::ActorFacts;
use crate::host::label;
use crate::host::news::{News, Scale};
use crate::lattice::wire::{ActorDescription, ActorInstance, Map};

#[derive(Debug)]
pub(super) struct Actor {
    pub(super) facts: Arc<ActorFacts>,
    pub(super) reference: String,
    pub(super) phase: Phase,
    /// By annotations; never empty.
    instances: BTreeMap<Map, Instances>,
    /// What to do once the phase is [`Phase::Running`] again.
    pub(super) waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Instances {
    id: String,
    count: u32,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// On its way to the lattice, for this first start.
    Starting(Run),
    Running,
    /// New code is loaded or put in place; `facts` once they are known.
    Updating {
        update: Update,
        request: RequestId,
        facts: Option<Arc<ActorFacts>>,
    },
}

#[derive(Debug)]
pub(super) enum Waiting {
    Run(Run),
    Stop(Stop),
    Update(Update, RequestId),
}

impl Actor {
    /// Whether a request makes more of it run.
    pub(super) fn grows(&self, run: &Run) -> bool {
        match run.amount {
            Amount::More(_) => true,
            Amount::Exactly(count) => {
                let present = self.instances.get(&run.annotations);
                count > present.map_or(0, |it| it.count)
            }
        }
    }

    /// One that `first` starts, as soon as the lattice knows it.
    pub(super) fn starting(
        facts: Arc<ActorFacts>,
        reference: String,
        first: Run,
        rest: impl Iterator<Item = Run>,
    ) -> Self {
        let instances = Instances {
            id: first.instance_id.clone(),
            count: first.amount.count(),
        };
        Self {
            facts,
            reference,
            instances: [(first.annotations.clone(), instances)].into(),
            phase: Phase::Starting(first),
            waiting: rest.map(Waiting::Run).collect(),
        }
    }

    /// It takes calls from now on.
    pub(super) fn started<C>(&self, out: &mut Vec<Effect<C>>) {
        for annotations in self.instances.keys() {
            self.tell(annotations, 0, out);
        }
    }

    /// Its end, as the host's.
    pub(super) fn end(mut self) -> Vec<News> {
        if matches!(self.phase, Phase::Starting(_)) {
            return Vec::new();
        }
        let counts = self
            .instances
            .iter_mut()
            .map(|(annotations, it)| (annotations.clone(), std::mem::take(&mut it.count)));
        let counts: Vec<_> = counts.collect();
        counts
            .iter()
            .filter_map(|(annotations, before)| self.change(annotations, *before))
            .collect()
    }

    pub(super) fn run<C>(&mut self, run: Run, out: &mut Vec<Effect<C>>) {
        let key = &self.facts.key;
        if let Some(wanted) = run.actor.as_ref().filter(|it| *it != key) {
            let error = format!("'{}' is actor {key}, not {wanted}", run.reference);
            out.push(failed(run, &error));
            return;
        }
        if !run.reference.is_empty() && run.reference != self.reference {
            let error = format!(
                "Cannot start new instance of {key} from ref '{}', it is already running with different \
                 reference. To upgrade an actor, use live update.",
                run.reference
            );
            out.push(failed(run, &error));
            return;
        }
        let before = self.instances.get(&run.annotations).map(|it| it.count);
        let after = match run.amount {
            Amount::More(count) => before.unwrap_or(0).saturating_add(count),
            Amount::Exactly(count) => count,
        };
        if before.is_none() && after == 0 {
            return;
        }
        let instances = self
            .instances
            .entry(run.annotations.clone())
            .or_insert_with(|| Instances {
                id: run.instance_id,
                count: 0,
            });
        instances.count = after;
        self.limit(out);
        self.tell(&run.annotations, before.unwrap_or(0), out);
        self.instances.retain(|_, instances| instances.count > 0);
    }

    pub(super) fn stop<C>(&mut self, stop: &Stop, out: &mut Vec<Effect<C>>) {
        let mut left = stop.count.unwrap_or(u32::MAX);
        let mut changed = Vec::new();
        for (annotations, instances) in &mut self.instances {
            if left == 0 || !label::contains(annotations, &stop.annotations) {
                continue;
            }
            let before = instances.count;
            let taken = match stop.count {
                Some(_) => before.min(left),
                None => before,
            };
            instances.count -= taken;
            left = left.saturating_sub(taken);
            changed.push((annotations.clone(), before));
        }
        if changed.is_empty() {
            return;
        }
        self.limit(out);
        for (annotations, before) in changed {
            self.tell(&annotations, before, out);
        }
        self.instances.retain(|_, instances| instances.count > 0);
    }

    fn tell<C>(&self, annotations: &Map, before: u32, out: &mut Vec<Effect<C>>) {
        out.extend(self.change(annotations, before).map(Effect::Publish));
    }

    /// How the count of an annotation set changed.
    fn change(&self, annotations: &Map, before: u32) -> Option<News> {
        let instances = self.instances.get(annotations)?;
        let scale = Scale {
            facts: Arc::clone(&self.facts),
            reference: self.reference.clone(),
            annotations: annotations.clone(),
            max_instances: instances.count,
        };
        let instance_id = instances.id.clone();
        Some(if instances.count > before {
            News::ActorStarted {
                scale,
                instance_id,
                count: instances.count - before,
            }
        } else if instances.count < before {
            News::ActorStopped {
                scale,
                instance_id,
                count: before - instances.count,
                remaining: self.total(),
            }
        } else {
            News::ActorScaled(scale)
        })
    }

    fn limit<C>(&self, out: &mut Vec<Effect<C>>) {
        let actor = self.facts.key.clone();
        out.push(match self.total() {
            0 => Effect::StopActor(actor),
            limit => Effect::Limit { actor, limit },
        });
    }

    pub(super) fn total(&self) -> u32 {
        self.instances
            .values()
            .fold(0, |sum, it| sum.saturating_add(it.count))
    }

    /// Of the first annotation set; events about all instances name one.
    pub(super) fn instance_id(&self) -> String {
        self.instances
            .values()
            .next()
            .map(|it| it.id.clone())
            .unwrap_or_default()
    }

    pub(super) fn update_failed<C>(
        &self,
        update: Update,
        request: RequestId,
        revision: i32,
        reason: String,
        out: &mut Vec<Effect<C>>,
    ) {
        out.push(refuse_update(request, &reason));
        out.push(Effect::Publish(News::ActorUpdateFailed {
            actor: update.actor,
            reference: update.reference,
            revision,
            instance_id: self.instance_id(),
            reason,
        }));
    }

    pub(super) fn describe(&self) -> ActorDescription {
        let instance = |(annotations, instances): (&Map, &Instances)| ActorInstance {
            annotations: annotations.clone(),
            instance_id: instances.id.clone(),
            revision: self.facts.revision,
            image_ref: Some(self.reference.clone()),
            max_instances: Some(instances.count),
        };
        ActorDescription {
            id: self.facts.key.to_string(),
            image_ref: Some(self.reference.clone()),
            name: Some(self.facts.name()),
            instances: self.instances.iter().map(instance).collect(),
            signed: Some(self.facts.signed),
        }
    }
}

pub(super) fn failed<C>(run: Run, error: &str) -> Effect<C> {
    Effect::Publish(News::ActorStartFailed {
        actor: run.actor,
        reference: run.reference,
        annotations: run.annotations,
        count: run.amount.count(),
        error: error.to_owned(),
    })
}

pub(super) fn refuse_update<C>(request: RequestId, reason: &str) -> Effect<C> {
    Effect::Acknowledge {
        request,
        result: Err(format!("Unable to perform live update: {reason}")),
    }
}
