//! How a host ends.

use super::calls::Slow;
use super::*;

#[tokio::test]
async fn a_host_that_is_asked_to_stop_finishes_what_runs() {
    let bench = Bench::new().await;
    let caller = bench.start("caller", &["test:callee"]).await;
    let (slow, _serving) = Slow::serve(&bench, &caller.id).await;
    let lp = json!({"provider_ref": "builtin:httpserver"});
    bench.command("lp", lp).await;
    bench.event("provider_started").await;
    let call = bench.call(client_origin(), &caller.id, b"last words");
    let stop = async {
        slow.called.notified().await;
        let body = json!({"host_id": bench.id(), "timeout": 20_000});
        assert_eq!(bench.command("stop", body).await, ACCEPTED);
        // It takes no more work, and has not gone yet.
        eventually("the host is silent", async || {
            let hosts = bench
                .control
                .hosts(bench.control.patience(Duration::from_secs(2)))
                .await;
            hosts.unwrap().is_empty()
        })
        .await;
        assert!(!bench.has_event("host_stopped"));
        slow.release.add_permits(1);
    };
    let (answer, ()) = timeout(async { tokio::join!(call, stop) }).await;
    assert_eq!(answer.unwrap(), "last words");
    assert_eq!(timeout(bench.host.stopped()).await, Stopped::Requested);
    assert_eq!(bench.event("actors_stopped").await["remaining"], 0);
    bench.event("provider_stopped").await;
    assert_eq!(bench.event("host_stopped").await["labels"]["zone"], "a");
    // Nothing is left to stop, and that takes no time.
    timeout(bench.host.shutdown(Duration::from_secs(60))).await;
}

#[tokio::test]
async fn the_grace_ends_what_does_not() {
    let bench = Bench::new().await;
    let caller = bench.start("caller", &["test:callee"]).await;
    let (slow, _serving) = Slow::serve(&bench, &caller.id).await;
    let (rpc, id) = (bench.rpc.clone(), caller.id.clone());
    let call = tokio::spawn(async move {
        let call = Call {
            origin: client_origin(),
            target: Entity::actor(id.as_str()),
            operation: "Test.Call".to_owned(),
            payload: Bytes::new(),
            deadline: Instant::now() + Duration::from_secs(20),
            depth: 0,
            retry: Retry::Never,
        };
        rpc.invoke(call).await
    });
    slow.called.notified().await;
    let began = Instant::now();
    timeout(bench.host.shutdown(Duration::from_millis(200))).await;
    assert!(began.elapsed() < Duration::from_secs(15));
    assert!(timeout(call).await.unwrap().is_err());
}

#[tokio::test]
async fn a_dropped_host_is_gone() {
    let bench = Bench::new().await;
    let Bench { host, control, .. } = bench;
    drop(host);
    eventually("nobody answers", async || {
        control
            .hosts(control.patience(Duration::from_secs(2)))
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    drop(bench.nats);
}

#[tokio::test]
async fn a_host_stops_also_when_nats_is_gone() {
    let mut bench = Bench::new().await;
    bench.start("echo", &[]).await;
    bench.nats.stop().await;
    timeout(bench.host.shutdown(Duration::from_secs(1))).await;
}

#[tokio::test]
async fn without_jetstream_there_is_no_host() {
    let nats = NatsServer::start_bare().await;
    let cluster = Seed::generate(KeyKind::Cluster);
    let started = Host::start(config(&cluster), nats.client().await, nats.client().await).await;
    let error = started.unwrap_err();
    assert!(error.to_string().contains("JetStream"), "{error}");
}
