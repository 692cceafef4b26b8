//! Calls that may run twice, and those that may not.

use async_nats::{HeaderMap, Subscriber};
use futures_util::StreamExt;

use super::*;

fn safe(target: &Entity, operation: &str) -> Call {
    Call {
        retry: Retry::Safe,
        ..call(target, operation)
    }
}

fn careful(target: &Entity, operation: &str) -> Call {
    Call {
        retry: Retry::NoResponders,
        ..call(target, operation)
    }
}

/// The callee serves another actor than the one that is called.
async fn apart(pair: Pair) -> Pair {
    pair.serving.stop(PATIENCE).await;
    let other = pair.callee.serve(Entity::actor("MELSE"), pair.echo.clone());
    Pair {
        serving: other.await.unwrap(),
        ..pair
    }
}

/// Listens in place of a host that runs the actor.
async fn peer(pair: &Pair) -> (async_nats::Client, Subscriber) {
    let client = pair.server.client().await;
    let subject = subject::rpc::actor(pair.caller.lattice(), &pair.actor.public_key);
    let calls = client.queue_subscribe(subject.clone(), subject).await;
    let calls = calls.unwrap();
    let nobody = client.new_inbox();
    client.request(nobody, Bytes::new()).await.unwrap_err();
    (client, calls)
}

/// A host that hangs: it takes calls, and that is all. It counts them.
async fn frozen(pair: &Pair) -> (Arc<AtomicUsize>, AbortOnDropHandle<()>) {
    let (client, mut calls) = peer(pair).await;
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let task = tokio::spawn(async move {
        let _client = client;
        while calls.next().await.is_some() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (taken, AbortOnDropHandle::new(task))
}

async fn many(pair: &Pair, calls: impl Iterator<Item = Call>) -> Vec<Result<Bytes, RpcError>> {
    futures_util::future::join_all(calls.map(|it| pair.caller.invoke(it))).await
}

#[tokio::test]
async fn a_host_that_hangs_costs_a_safe_call_no_more_than_time() {
    let pair = Pair::new().await;
    let (taken, _frozen) = frozen(&pair).await;
    let calls = (0..24).map(|_| safe(&pair.actor, "echo"));
    for answer in many(&pair, calls).await {
        assert_eq!(answer.unwrap(), "hello");
    }
    assert!(taken.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn what_is_not_safe_is_sent_once() {
    let pair = Pair::new().await;
    let (taken, _frozen) = frozen(&pair).await;
    let patience = Duration::from_secs(1);
    let calls = (0..24).map(|_| within(careful(&pair.actor, "echo"), patience));
    let answers = many(&pair, calls).await;
    let lost = answers.iter().filter(|it| it.is_err()).count();
    assert_eq!(taken.load(Ordering::SeqCst), lost);
    assert_eq!(pair.echo.seen.load(Ordering::SeqCst), answers.len() - lost);
}

#[tokio::test]
async fn a_host_that_is_merely_slow_runs_a_safe_call_once() {
    let pair = Pair::new().await;
    let calling = tokio::spawn({
        let (caller, call) = (pair.caller.clone(), safe(&pair.actor, "wait"));
        async move { caller.invoke(call).await }
    });
    pair.echo.seen(1).await;
    // Long enough for several tries.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(pair.echo.seen.load(Ordering::SeqCst), 1);
    pair.echo.go_on.notify_waiters();
    assert_eq!(calling.await.unwrap().unwrap(), "waited");
}

#[tokio::test]
async fn a_host_that_falls_silent_in_the_middle_is_given_up() {
    let pair = apart(Pair::new().await).await;
    let (client, mut calls) = peer(&pair).await;
    let calling = tokio::spawn({
        let (caller, call) = (pair.caller.clone(), safe(&pair.actor, "echo"));
        async move { caller.invoke(call).await }
    });
    let first = calls.next().await.unwrap();
    let mut working = HeaderMap::new();
    working.insert(OUTCOME_HEADER, "working");
    let sign = async_nats::Request::new().headers(working);
    let reply = first.reply.unwrap();
    client.send_request(reply, sign).await.unwrap();
    drop(calls);
    let serving = pair.callee.serve(pair.actor.clone(), pair.echo.clone());
    let _serving = serving.await.unwrap();
    assert_eq!(calling.await.unwrap().unwrap(), "hello");
}

#[tokio::test]
async fn signs_of_life_are_not_believed_for_ever() {
    let pair = Pair::new().await;
    // From here on it is known how long the actor usually takes.
    let known = pair.caller.invoke(safe(&pair.actor, "echo")).await;
    assert_eq!(known.unwrap(), "hello");
    let pair = apart(pair).await;
    let (client, mut calls) = peer(&pair).await;
    let calling = tokio::spawn({
        let (caller, call) = (pair.caller.clone(), safe(&pair.actor, "echo"));
        async move { caller.invoke(call).await }
    });
    let first = calls.next().await.unwrap();
    drop(calls);
    let _busy = AbortOnDropHandle::new(tokio::spawn(async move {
        let mut reply = first.reply;
        while let Some(to) = reply {
            let mut working = HeaderMap::new();
            working.insert(OUTCOME_HEADER, "working");
            let sign = async_nats::Request::new().headers(working);
            reply = match client.send_request(to, sign).await {
                Ok(go_on) => go_on.reply,
                Err(_) => None,
            };
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }));
    let _serving = pair
        .callee
        .serve(pair.actor.clone(), pair.echo.clone())
        .await
        .unwrap();
    assert_eq!(calling.await.unwrap().unwrap(), "hello");
}

#[tokio::test]
async fn calls_are_chased_a_few_at_a_time() {
    let pair = apart(Pair::new().await).await;
    let (taken, _frozen) = frozen(&pair).await;
    let patience = Duration::from_secs(2);
    let calls = (0..200).map(|_| within(safe(&pair.actor, "echo"), patience));
    for answer in many(&pair, calls).await {
        assert!(matches!(answer, Err(RpcError::Timeout { .. })));
    }
    let taken = taken.load(Ordering::SeqCst);
    // 64 of them, and each within its deadline at most twelve times.
    assert!((264..=200 + 64 * 12).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_callee_that_is_ended_in_the_middle_costs_a_safe_call_nothing() {
    let pair = Pair::new().await;
    let [kept, lost] = [safe, careful].map(|of| {
        let (caller, call) = (pair.caller.clone(), of(&pair.actor, "wait"));
        tokio::spawn(async move { caller.invoke(call).await })
    });
    pair.echo.seen(2).await;
    let other = rpc(&pair.server, &pair.signer).await;
    let echo = Arc::new(Echo::default());
    echo.go_on.notify_one();
    let _serving = other.serve(pair.actor.clone(), echo.clone()).await.unwrap();
    pair.serving.stop(Duration::from_millis(20)).await;
    assert_eq!(kept.await.unwrap().unwrap(), "waited");
    assert!(remote(lost.await.unwrap()).contains("was stopped"));
    assert_eq!(echo.seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_did_not_run_is_made_again_whatever_it_is() {
    let pair = apart(Pair::new().await).await;
    let (client, mut calls) = peer(&pair).await;
    let outcome = |text| {
        let mut headers = HeaderMap::new();
        headers.insert(OUTCOME_HEADER, text);
        headers
    };
    let answer = |error: Option<&str>| {
        let answer = InvocationResponse {
            msg: Bytes::from_static(b"done"),
            error: error.map(str::to_owned),
            ..InvocationResponse::default()
        };
        wire::encode(&answer).unwrap()
    };
    let replying = tokio::spawn(async move {
        for headers in [outcome(NOT_RUN), outcome(NOT_RUN), outcome("whatever")] {
            let not_run = headers.get(OUTCOME_HEADER).unwrap().as_str() == NOT_RUN;
            let message = calls.next().await.unwrap();
            let body = answer(not_run.then_some("stopping"));
            let sent = client.publish_with_headers(message.reply.unwrap(), headers, body);
            sent.await.unwrap();
        }
        let message = calls.next().await.unwrap();
        let sent = client.publish_with_headers(
            message.reply.unwrap(),
            outcome(ENDED),
            answer(Some("ended")),
        );
        sent.await.unwrap();
        client.flush().await.unwrap();
    });
    let result = pair.caller.invoke(careful(&pair.actor, "x")).await;
    assert_eq!(result.unwrap(), "done");
    let result = pair.caller.invoke(careful(&pair.actor, "x")).await;
    assert_eq!(remote(result), "ended");
    replying.await.unwrap();
}
