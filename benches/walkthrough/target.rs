//! What the load is put on besides wash: a bare hyper server, and `wasmtime serve`.

use std::convert::Infallible;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;

use super::stage::{Home, Process, examples};

/// Makes this program the bare server, in a process of its own; the path of its answer follows.
pub(crate) const SERVE_BARE: &str = "serve-bare";

/// A server under load.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
}

/// Answers each request with these bytes: as fast as hyper can be.
pub(crate) fn bare(home: &Home, body: &[u8]) -> Target {
    let (file, log) = (home.path().join("body"), home.path().join("bare.log"));
    std::fs::write(&file, body).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(SERVE_BARE).arg(file);
    let mut process = Process::spawn(command.stdout(File::create(&log).unwrap()));
    let address = process.announced(&log, "listening on ");
    Target {
        name: "bare hyper",
        address: address.parse().unwrap(),
        process,
    }
}

/// What that process does.
pub(crate) fn serve_bare(body: &Path) {
    let body = Bytes::from(std::fs::read(body).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on {}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let body = body.clone();
            tokio::spawn(async move {
                let service = service_fn(move |_: Request<Incoming>| {
                    let mut response = Response::new(Full::new(body.clone()));
                    let json = header::HeaderValue::from_static("application/json");
                    response.headers_mut().insert(header::CONTENT_TYPE, json);
                    std::future::ready(Ok::<_, Infallible>(response))
                });
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
}

/// The component that answers as hello does; none without a wasmtime.
pub(crate) fn wasmtime(home: &Home) -> Option<Target> {
    let binary = wasmtime_binary()?;
    let log = home.path().join("wasmtime.log");
    let output = File::create(&log).unwrap();
    let mut command = Command::new(binary);
    command
        .args(["serve", "--addr", "127.0.0.1:0"])
        .arg(examples().join("bench-component/bench-component.wasm"))
        .stdout(output.try_clone().unwrap())
        .stderr(output);
    let mut process = Process::spawn(&mut command);
    let url = process.announced(&log, "Serving HTTP on ");
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    Some(Target {
        name: "wasmtime serve",
        address: address.parse().unwrap(),
        process,
    })
}

/// `scripts/bench` fetches it and tells where it is.
fn wasmtime_binary() -> Option<PathBuf> {
    std::env::var_os("WASH_BENCH_WASMTIME").map(PathBuf::from)
}
