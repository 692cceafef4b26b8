use std::sync::Mutex;

use super::*;
use crate::host::engine::{Engine, Limits};
use crate::host::testing::{engine, guest, load};

/// Answers host calls with a function, and remembers them.
struct Peer<F> {
    answer: F,
    calls: Mutex<Vec<HostCall>>,
}

impl<F> Peer<F> {
    fn new(answer: F) -> Arc<Self> {
        let calls = Mutex::default();
        Arc::new(Self { answer, calls })
    }
}

impl<F, A> Outbound for Peer<F>
where
    F: Fn(HostCall) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Bytes, String>> + Send + 'static,
{
    fn call(&self, call: HostCall) -> BoxFuture<'_, Result<Bytes, String>> {
        self.calls.lock().unwrap().push(call.clone());
        Box::pin((self.answer)(call))
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

async fn invoke(code: &Code, operation: &str, payload: &[u8]) -> Result<Bytes, InvokeError> {
    let payload = Bytes::copy_from_slice(payload);
    code.invoke(operation, payload, soon(), 0, Arc::new(Nowhere))
        .await
}

async fn invoke_guest(name: &str, operation: &str) -> Result<Bytes, InvokeError> {
    invoke(&load(&engine(Limits::default()), name), operation, b"").await
}

fn trap(result: Result<Bytes, InvokeError>) -> String {
    match result {
        Err(InvokeError::Trap(text)) => text,
        other => panic!("expected a trap, got {other:?}"),
    }
}

fn short() -> Limits {
    Limits {
        time: Duration::from_millis(200),
        ..Limits::default()
    }
}

#[tokio::test]
async fn answers_with_the_payload_whatever_its_size() {
    let code = load(&engine(Limits::default()), "echo");
    assert_eq!(code.api_version(), 1);
    for size in [0, 1, 65536, 5_000_000] {
        let payload = vec![7; size];
        assert_eq!(invoke(&code, "Test.Echo", &payload).await.unwrap(), payload);
    }
}

#[tokio::test]
async fn hears_the_operation_under_the_other_import_name() {
    let code = load(&engine(Limits::default()), "operation");
    assert_eq!(code.api_version(), 0);
    let answer = invoke(&code, "HttpServer.HandleRequest", b"").await;
    assert_eq!(answer.unwrap(), "HttpServer.HandleRequest");
}

#[tokio::test]
async fn nothing_survives_a_call() {
    let code = load(&engine(Limits::default()), "counter");
    for _ in 0..5 {
        assert_eq!(invoke(&code, "", b"").await.unwrap()[..], [1, 1, 1]);
    }
}

#[tokio::test]
async fn guest_errors_arrive_with_their_text() {
    let code = load(&engine(Limits::default()), "error");
    let error = invoke(&code, "no such dog", b"").await.unwrap_err();
    assert_eq!(error, InvokeError::Guest("no such dog".into()));
    let error = invoke(&code, "", b"").await.unwrap_err();
    assert_eq!(error.to_string(), "the actor failed and gave no reason");
    assert_eq!(invoke_guest("silent", "").await.unwrap(), "");
}

#[tokio::test]
async fn initialisers_run_in_order_and_may_fail() {
    assert_eq!(invoke_guest("initialisers", "").await.unwrap(), "abc");
}

#[tokio::test]
async fn traps_say_which() {
    let text = trap(invoke_guest("unreachable", "").await);
    assert_eq!(text, "wasm `unreachable` instruction executed");
    let text = trap(invoke_guest("overflow", "").await);
    assert_eq!(text, "call stack exhausted");
}

#[tokio::test]
async fn pointers_outside_the_memory_trap_with_the_call_at_fault() {
    let code = load(&engine(Limits::default()), "outside");
    let calls = [
        ("q", "__guest_request: 1 bytes at 4294967292"),
        ("r", "__guest_response: 2 bytes at 65535"),
        ("e", "__guest_error: 4294967295 bytes at 1"),
        ("l", "__console_log: 1 bytes at 65536"),
        ("c", "__host_call: 1 bytes at 65536"),
        ("n", "__host_call: the namespace is not UTF-8"),
        ("x", "__host_error: "),
    ];
    for (operation, expected) in calls {
        let text = trap(invoke(&code, operation, b"").await);
        assert!(text.starts_with(expected), "{operation}: {text}");
    }
    let peer = Peer::new(|_| async { Ok(Bytes::from_static(b"answer")) });
    let answer = code.invoke("a", Bytes::new(), soon(), 0, peer).await;
    let text = trap(answer);
    assert!(
        text.starts_with("__host_response: 6 bytes at 65536"),
        "{text}"
    );
}

#[tokio::test]
async fn empty_buffers_may_point_anywhere() {
    let code = load(&engine(Limits::default()), "dangling");
    let peer = Peer::new(|_| async { Ok(Bytes::new()) });
    let answer = code.invoke("", Bytes::new(), soon(), 0, peer).await;
    assert_eq!(answer.unwrap(), "");
}

#[tokio::test]
async fn a_host_call_carries_everything_and_brings_the_answer() {
    let code = load(&engine(Limits::default()), "caller");
    let peer = Peer::new(|call: HostCall| async { Ok(call.payload) });
    let payload = Bytes::from(vec![9; 60_000]);
    let deadline = soon();
    let answer = code
        .invoke("KeyValue.Get", payload.clone(), deadline, 3, peer.clone())
        .await;
    assert_eq!(answer.unwrap(), payload);
    let calls = peer.calls.lock().unwrap();
    let [call] = &calls[..] else {
        panic!("one call expected: {calls:?}");
    };
    assert_eq!(call.binding, "default");
    assert_eq!(call.namespace, "test:callee");
    assert_eq!(call.operation, "KeyValue.Get");
    assert_eq!(call.depth, 3);
    assert!(call.deadline < deadline, "the guest needs time to answer");
    assert!(call.deadline > Instant::now());
}

#[tokio::test]
async fn a_failed_host_call_gives_the_guest_the_text() {
    let engine = engine(Limits::default());
    let refuse = || Peer::new(|_| async { Err("not allowed".into()) });
    let answer = load(&engine, "caller")
        .invoke("Get", Bytes::new(), soon(), 0, refuse())
        .await;
    assert_eq!(answer.unwrap(), "Enot allowed");
    // A guest that fails without a reason fails for that of its host call.
    let error = load(&engine, "relay")
        .invoke("Get", Bytes::new(), soon(), 0, refuse())
        .await;
    assert_eq!(error, Err(InvokeError::Guest("not allowed".into())));
}

#[tokio::test]
async fn recursion_ends_at_the_depth_limit() {
    struct Itself(Code);
    impl Outbound for Itself {
        fn call(&self, call: HostCall) -> BoxFuture<'_, Result<Bytes, String>> {
            let itself = Arc::new(Self(self.0.clone()));
            Box::pin(async move {
                let code = itself.0.clone();
                code.invoke(
                    &call.operation,
                    call.payload,
                    call.deadline,
                    call.depth + 1,
                    itself,
                )
                .await
                .map_err(|it| it.to_string())
            })
        }
    }
    let code = load(&engine(Limits::default()), "caller");
    let itself = Arc::new(Itself(code.clone()));
    let answer = code.invoke("Again", Bytes::new(), soon(), 0, itself).await;
    let expected = format!("{}actor calls nest deeper than 32", "E");
    assert_eq!(answer.unwrap(), expected);
}

#[tokio::test]
async fn a_runaway_loop_ends_at_the_time_limit_or_the_deadline() {
    let engine = engine(short());
    let limit = InvokeError::Time(Duration::from_millis(200));
    for name in ["loop", "init-loop", "sleep"] {
        let error = invoke(&load(&engine, name), "", b"").await.unwrap_err();
        assert_eq!(error, limit, "{name}");
    }
    let early = Instant::now() + Duration::from_millis(20);
    let error = load(&engine, "loop")
        .invoke("", Bytes::new(), early, 0, Arc::new(Nowhere))
        .await;
    let Err(InvokeError::Time(time)) = error else {
        panic!("expected the time to be up: {error:?}");
    };
    assert!(time <= Duration::from_millis(20), "{time:?}");
    // A deadline in the past starts nothing.
    let past = Instant::now();
    let error = load(&engine, "loop")
        .invoke("", Bytes::new(), past, 0, Arc::new(Nowhere))
        .await;
    assert_eq!(error, Err(InvokeError::Time(Duration::ZERO)));
}

#[tokio::test]
async fn a_host_call_without_an_answer_ends_in_time() {
    let code = load(&engine(short()), "caller");
    let peer = Peer::new(|_| std::future::pending());
    let error = code.invoke("Get", Bytes::new(), soon(), 0, peer).await;
    assert_eq!(error, Err(InvokeError::Time(Duration::from_millis(200))));
}

#[tokio::test]
async fn memory_is_bounded_and_the_error_says_so() {
    let limits = Limits {
        memory: 4 << 20,
        ..Limits::default()
    };
    let engine = engine(limits.clone());
    let exceeded = InvokeError::Memory(4 << 20);
    let error = invoke(&load(&engine, "bomb"), "", b"").await.unwrap_err();
    assert_eq!(error, exceeded);
    let refused = invoke(&load(&engine, "frugal"), "", b"").await.unwrap();
    assert_eq!(refused[..], (-1_i32).to_le_bytes());
    let large = Bytes::from(vec![0; (4 << 20) + 1]);
    let code = load(&engine, "silent");
    let error = code.invoke("", large, soon(), 0, Arc::new(Nowhere)).await;
    assert_eq!(error, Err(exceeded));
    // An answer of a host call that does not fit is the host call's error.
    let peer = Peer::new(|_| async { Ok(Bytes::from(vec![0; 5 << 20])) });
    let code = load(&engine, "caller");
    let answer = code.invoke("", Bytes::new(), soon(), 0, peer).await;
    let expected = b"Ethe answer has 5242880 bytes";
    assert!(answer.unwrap().starts_with(expected));
}

#[tokio::test]
async fn wasi_gives_time_and_randomness_but_no_files_or_variables() {
    let numbers = invoke_guest("wasi", "").await.unwrap();
    // Success thrice, "bad file descriptor" twice, no variables.
    assert_eq!(numbers[..], [0, 0, 0, 8, 8, 0]);
}

#[tokio::test]
async fn a_wasi_command_answers_on_its_output() {
    let code = load(&engine(Limits::default()), "command");
    assert_eq!(
        invoke(&code, "Greet", b", world").await.unwrap(),
        "Greet, world"
    );
    let error = invoke(&code, "Greet", b"").await.unwrap_err();
    assert_eq!(error.to_string(), "the actor exited with status 3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_never_end_leave_room_for_others() {
    let engine = engine(Limits {
        time: Duration::from_secs(60),
        ..Limits::default()
    });
    let (runaway, echo) = (load(&engine, "loop"), load(&engine, "echo"));
    let mut loops = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let code = runaway.clone();
        let late = Instant::now() + Duration::from_secs(60);
        loops.spawn(async move {
            let nowhere = Arc::new(Nowhere);
            code.invoke("", Bytes::new(), late, 0, nowhere).await
        });
    }
    let mut others = tokio::task::JoinSet::new();
    for index in 0..100_u32 {
        let code = echo.clone();
        others.spawn(async move {
            // Through the timer as well: it has to be served between two guests.
            tokio::time::sleep(Duration::from_millis(u64::from(index % 10))).await;
            let payload = index.to_le_bytes();
            assert_eq!(invoke(&code, "", &payload).await.unwrap()[..], payload);
        });
    }
    let all = async {
        while let Some(done) = others.join_next().await {
            done.unwrap();
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), all).await;
    in_time.expect("the loops should not hold up the others");
    assert!(loops.try_join_next().is_none(), "the loops still run");
    loops.shutdown().await;
}

#[tokio::test]
async fn callers_queue_for_instances_until_their_deadline() {
    let engine = engine(Limits {
        instances: 1,
        ..short()
    });
    let (runaway, echo) = (load(&engine, "loop"), load(&engine, "echo"));
    let busy = tokio::spawn(async move { invoke(&runaway, "", b"").await });
    while engine.free_instances() > 0 {
        tokio::task::yield_now().await;
    }
    let early = Instant::now() + Duration::from_millis(10);
    let error = echo.invoke("", Bytes::new(), early, 0, Arc::new(Nowhere));
    assert_eq!(error.await, Err(InvokeError::Instances(1)));
    busy.await.unwrap().unwrap_err();
    assert_eq!(invoke(&echo, "", b"again").await.unwrap(), "again");
}

#[tokio::test]
async fn a_call_that_is_given_up_returns_its_instance() {
    let engine = engine(Limits {
        instances: 1,
        ..Limits::default()
    });
    let code = load(&engine, "caller");
    let silent = Peer::new(|_| std::future::pending());
    let call = code.invoke("", Bytes::new(), soon(), 0, silent);
    tokio::time::timeout(Duration::from_millis(50), call)
        .await
        .unwrap_err();
    assert_eq!(engine.free_instances(), 1);
    let echo = load(&engine, "echo");
    assert_eq!(invoke(&echo, "", b"free").await.unwrap(), "free");
}

#[tokio::test]
async fn runs_without_a_reservation_too() {
    // More address space than there is.
    let engine = engine(Limits {
        instances: 1 << 20,
        memory: 4 << 20,
        ..short()
    });
    assert!(engine.wasmtime().pooling_allocator_metrics().is_none());
    let echo = load(&engine, "echo");
    assert_eq!(invoke(&echo, "", b"slow").await.unwrap(), "slow");
    let error = invoke(&load(&engine, "bomb"), "", b"").await.unwrap_err();
    assert_eq!(error, InvokeError::Memory(4 << 20));
    let error = invoke(&load(&engine, "loop"), "", b"").await.unwrap_err();
    assert_eq!(error, InvokeError::Time(Duration::from_millis(200)));
    let text = trap(invoke(&load(&engine, "overflow"), "", b"").await);
    assert_eq!(text, "call stack exhausted");
}

#[test]
fn the_guest_files_are_all_used() {
    let used = include_str!("tests.rs");
    for entry in std::fs::read_dir(crate::host::testing::GUESTS).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(used.contains(&format!("\"{name}\"")), "{name} is not used");
        assert!(!guest(name).is_empty());
    }
}

#[test]
fn the_engine_is_used_through_its_handle() {
    fn is_handle<T: Clone + Send + Sync + 'static>() {}
    is_handle::<Engine>();
    is_handle::<Code>();
}
