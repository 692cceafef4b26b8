//! Loads of JetStream: a bucket of a hundred keys, stored in files.

use std::rc::Rc;
use std::time::{Duration, Instant};

use async_nats::jetstream::kv::{Config, Store};
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};

use super::Load;
use super::server::Server;

const KEYS: usize = 100;

const VALUE: Bytes = Bytes::from_static(&[b'x'; 128]);

/// A bucket of each server.
struct Buckets {
    runtime: Runtime,
    all: Vec<(std::net::SocketAddr, Store)>,
}

pub(crate) fn loads(servers: [&Server; 2]) -> Vec<Load> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let all = servers.map(|it| {
        let made = runtime.block_on(bucket(it));
        (it.address(), made)
    });
    let buckets = Rc::new(Buckets {
        runtime,
        all: all.into(),
    });
    let load = |name, put, in_flight| {
        let buckets = buckets.clone();
        let rate = move |it: &Server, time| buckets.rate(it, put, in_flight, time);
        Load {
            name,
            rate: Box::new(rate),
        }
    };
    vec![
        load("KV put, 1 in flight", true, 1),
        load("KV get, 1 in flight", false, 1),
        load("KV put, 64 in flight", true, 64),
        load("KV get, 64 in flight", false, 64),
    ]
}

async fn bucket(server: &Server) -> Store {
    let client = async_nats::connect(server.address().to_string())
        .await
        .unwrap();
    let config = Config {
        bucket: "bench".to_owned(),
        history: 1,
        ..Config::default()
    };
    let jetstream = async_nats::jetstream::new(client);
    let made = jetstream.create_key_value(config).await;
    let bucket = made.expect("a bucket, for which this client needs nats-server 2.10 or newer");
    for key in 0..KEYS {
        bucket.put(key.to_string(), VALUE).await.unwrap();
    }
    bucket
}

impl Buckets {
    fn rate(&self, server: &Server, put: bool, in_flight: usize, time: Duration) -> f64 {
        let mine = |it: &&(_, Store)| it.0 == server.address();
        let (_, bucket) = self.all.iter().find(mine).unwrap();
        let begin = Instant::now();
        let one = async |start: usize| {
            let mut count = 0;
            while begin.elapsed() < time {
                let key = ((start + count * 7) % KEYS).to_string();
                match put {
                    true => drop(bucket.put(key, VALUE).await.unwrap()),
                    false => assert!(bucket.get(key).await.unwrap().is_some()),
                }
                count += 1;
            }
            count
        };
        let counts = self.runtime.block_on(join_all((0..in_flight).map(one)));
        counts.iter().sum::<usize>() as f64 / begin.elapsed().as_secs_f64()
    }
}
