//! Actors that are full here and not elsewhere.

use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::*;
use crate::lattice::rpc::spare::OFFER;

/// Holds calls in its places until it is told to go on.
struct Narrow {
    places: Semaphore,
    seen: AtomicUsize,
    go_on: Semaphore,
}

impl Narrow {
    fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Semaphore::new(places),
            seen: AtomicUsize::new(0),
            go_on: Semaphore::new(0),
        })
    }

    fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    fn run(&self, place: tokio::sync::SemaphorePermit<'_>) -> impl Future<Output = Bytes> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        async move {
            let _place = place;
            self.go_on.acquire().await.unwrap().forget();
            Bytes::from_static(b"done")
        }
    }
}

impl Handler for Narrow {
    fn handle(&self, _: Incoming) -> BoxFuture<'_, Result<Bytes, String>> {
        panic!("it is asked for a place first")
    }

    fn try_handle(
        &self,
        call: Incoming,
    ) -> Result<BoxFuture<'_, Result<Bytes, String>>, Box<Incoming>> {
        match self.places.try_acquire() {
            Ok(place) => Ok(Box::pin(async { Ok(self.run(place).await) })),
            Err(_) => Err(Box::new(call)),
        }
    }

    fn places(&self) -> Option<&dyn Places> {
        Some(self)
    }
}

impl Places for Narrow {
    fn try_take(&self) -> Option<Place<'_>> {
        let place = self.places.try_acquire().ok()?;
        Some(Box::new(|_| Box::pin(async { Ok(self.run(place).await) })))
    }

    fn take(&self, deadline: Instant) -> BoxFuture<'_, Result<Place<'_>, String>> {
        Box::pin(async move {
            let place = tokio::time::timeout_at(deadline, self.places.acquire()).await;
            let place = place.map_err(|_| "full".to_owned())?.unwrap();
            let place: Place<'_> = Box::new(|_| Box::pin(async { Ok(self.run(place).await) }));
            Ok(place)
        })
    }
}

/// Hosts of one lattice that run the same actor, each with so many places.
struct Hosts {
    server: NatsServer,
    signer: Seed,
    actor: Entity,
    hosts: Vec<(Rpc, Arc<Narrow>, Serving)>,
}

impl Hosts {
    async fn new(places: &[usize]) -> Self {
        let mut hosts = Self {
            server: NatsServer::start().await,
            signer: Seed::generate(KeyKind::Cluster),
            actor: Entity::actor("MACTOR"),
            hosts: Vec::new(),
        };
        for &places in places {
            hosts.add(places).await;
        }
        hosts
    }

    async fn add(&mut self, places: usize) {
        let rpc = rpc(&self.server, &self.signer).await;
        let narrow = Narrow::new(places);
        let serving = rpc.serve(self.actor.clone(), narrow.clone()).await;
        self.hosts.push((rpc, narrow, serving.unwrap()));
    }

    fn call(&self, host: usize, retry: Retry) -> JoinHandle<Result<Bytes, RpcError>> {
        let rpc = self.hosts[host].0.clone();
        let call = Call {
            retry,
            ..call(&self.actor, "hold")
        };
        tokio::spawn(async move { rpc.invoke(call).await })
    }

    fn seen(&self) -> Vec<usize> {
        self.hosts.iter().map(|it| it.1.seen()).collect()
    }

    async fn until_seen(&self, expected: &[usize]) {
        let what = format!("calls are spread as {expected:?}");
        eventually(&what, async || self.seen() == expected).await;
    }

    fn go_on(&self) {
        for (_, narrow, _) in &self.hosts {
            narrow.go_on.add_permits(1000);
        }
    }

    fn spare(&self) -> String {
        subject::rpc::spare(&LatticeName::default(), &self.actor.public_key)
    }
}

async fn all_done(calls: Vec<JoinHandle<Result<Bytes, RpcError>>>) {
    for answer in join_all(calls).await {
        assert_eq!(answer.unwrap().unwrap(), "done");
    }
}

#[tokio::test]
async fn what_is_too_much_here_runs_elsewhere() {
    let hosts = Hosts::new(&[1, 3]).await;
    let mut calls: Vec<_> = (0..4).map(|_| hosts.call(0, Retry::NoResponders)).collect();
    hosts.until_seen(&[1, 3]).await;
    // Nobody has room for one more, which waits for its turn here.
    calls.push(hosts.call(0, Retry::NoResponders));
    hosts.go_on();
    all_done(calls).await;
    assert_eq!(hosts.seen().iter().sum::<usize>(), 5);
}

#[tokio::test]
async fn calls_from_outside_find_the_free_place_wherever_they_arrive() {
    let hosts = Hosts::new(&[1, 1]).await;
    let caller = rpc(&hosts.server, &hosts.signer).await;
    for round in 1..=8 {
        let calls: Vec<_> = (0..2)
            .map(|_| {
                let (caller, call) = (caller.clone(), call(&hosts.actor, "hold"));
                tokio::spawn(async move { caller.invoke(call).await })
            })
            .collect();
        hosts.until_seen(&[round, round]).await;
        for (_, narrow, _) in &hosts.hosts {
            narrow.go_on.add_permits(1);
        }
        all_done(calls).await;
    }
}

#[tokio::test]
async fn a_host_that_starts_later_relieves_those_that_wait() {
    let mut hosts = Hosts::new(&[1]).await;
    let calls: Vec<_> = (0..3).map(|_| hosts.call(0, Retry::NoResponders)).collect();
    hosts.until_seen(&[1]).await;
    hosts.add(2).await;
    hosts.until_seen(&[1, 2]).await;
    hosts.go_on();
    all_done(calls).await;
}

#[tokio::test]
async fn who_is_full_cannot_be_asked_and_comes_back() {
    let hosts = Hosts::new(&[1]).await;
    let client = hosts.server.client().await;
    let listens = async || {
        let asked = client.request(hosts.spare(), Bytes::new());
        let asked = tokio::time::timeout(Duration::from_millis(200), asked).await;
        // A question that is not genuine has no answer.
        asked.is_err()
    };
    eventually("it can be asked", &listens).await;
    let calls: Vec<_> = (0..2).map(|_| hosts.call(0, Retry::NoResponders)).collect();
    eventually("it has withdrawn", async || !listens().await).await;
    hosts.go_on();
    all_done(calls).await;
    eventually("it is back", &listens).await;
}

#[tokio::test]
async fn hosts_that_answer_no_question_change_nothing() {
    let hosts = Hosts::new(&[1]).await;
    let client = hosts.server.client().await;
    let mut asked = client
        .queue_subscribe(hosts.spare(), hosts.spare())
        .await
        .unwrap();
    client.flush().await.unwrap();
    let calls: Vec<_> = (0..12)
        .map(|_| hosts.call(0, Retry::NoResponders))
        .collect();
    let question = asked.next().await.unwrap();
    hosts.go_on();
    all_done(calls).await;
    assert_eq!(hosts.seen(), [12]);
    // What is asked is signed.
    let question: Invocation = wire::decode(&question.payload).unwrap();
    let issuers = [hosts.signer.public()];
    assert_eq!(invocation::check(&question, &issuers, now()), Ok(()));
}

#[tokio::test]
async fn a_host_that_vanishes_with_a_call_costs_only_what_is_not_safe() {
    let hosts = Hosts::new(&[1]).await;
    let client = hosts.server.client().await;
    let mut asked = client
        .queue_subscribe(hosts.spare(), hosts.spare())
        .await
        .unwrap();
    client.flush().await.unwrap();
    // It promises room, takes what comes, and says no more.
    let lost = Arc::new(AtomicUsize::new(0));
    let count = lost.clone();
    let _vanishing = AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(question) = asked.next().await {
            let taken = client.request(question.reply.unwrap(), Bytes::new()).await;
            let taken = taken.is_ok_and(|it| !it.payload.is_empty());
            count.fetch_add(usize::from(taken), Ordering::SeqCst);
        }
    }));
    let first = hosts.call(0, Retry::NoResponders);
    hosts.until_seen(&[1]).await;
    let brief = within(call(&hosts.actor, "hold"), Duration::from_secs(3));
    let error = hosts.hosts[0].0.invoke(brief).await.unwrap_err();
    assert!(matches!(error, RpcError::Timeout { .. }), "{error}");
    assert_eq!(lost.load(Ordering::SeqCst), 1);
    let safe = hosts.call(0, Retry::Safe);
    eventually("it is lost", async || lost.load(Ordering::SeqCst) > 1).await;
    hosts.go_on();
    all_done(vec![first, safe]).await;
    // The one that was lost did not run here.
    assert_eq!(hosts.seen(), [2]);
}

#[tokio::test]
async fn questions_that_are_not_genuine_get_no_place() {
    let hosts = Hosts::new(&[1]).await;
    let client = hosts.server.client().await;
    let stranger = identity(&Seed::generate(KeyKind::Cluster));
    let ours = identity(&hosts.signer);
    let make = |identity: &Identity, target: &Entity, operation: &str| {
        let target = target.clone();
        let made = invocation::make(identity, provider(), target, operation, Bytes::new(), now());
        wire::encode(&made).unwrap()
    };
    let bad = [
        Bytes::from_static(b"garbage"),
        make(&stranger, &hosts.actor, OFFER),
        make(&ours, &Entity::actor("MOTHER"), OFFER),
        make(&ours, &hosts.actor, "HttpServer.HandleRequest"),
    ];
    for question in bad {
        let asked = client.request(hosts.spare(), question);
        let asked = tokio::time::timeout(Duration::from_millis(200), asked).await;
        assert!(asked.is_err());
    }
    let genuine = make(&ours, &hosts.actor, OFFER);
    let granted = client.request(hosts.spare(), genuine).await.unwrap();
    let place = granted.reply.unwrap();
    // In a place that was kept a call is checked as everywhere.
    let forged = make(&stranger, &hosts.actor, "hold");
    let answer = client.request(place, forged).await.unwrap();
    let answer: InvocationResponse = wire::decode(&answer.payload).unwrap();
    assert!(answer.error.unwrap().contains("issuer") || hosts.seen() == [0]);
    assert_eq!(hosts.seen(), [0]);
}

#[tokio::test]
async fn a_place_that_nobody_wants_is_given_back() {
    let hosts = Hosts::new(&[1]).await;
    let client = hosts.server.client().await;
    let target = hosts.actor.clone();
    let ours = identity(&hosts.signer);
    let question = invocation::make(&ours, provider(), target, OFFER, Bytes::new(), now());
    let question = wire::encode(&question).unwrap();
    let granted = client.request(hosts.spare(), question).await.unwrap();
    assert!(hosts.hosts[0].1.places.try_acquire().is_err());
    let decline = client.publish(granted.reply.unwrap(), Bytes::new());
    decline.await.unwrap();
    eventually("the place is free", async || {
        hosts.hosts[0].1.places.available_permits() == 1
    })
    .await;
}
