//! Loads of the core protocol: requests, publishing, fan-out.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Load;
use super::wire::Connection;

/// Bytes of each message.
const SIZE: usize = 128;

/// Deliveries that may be under way, so that no server cuts a subscriber off.
const WINDOW: usize = 200_000;

pub(crate) fn loads() -> Vec<Load> {
    vec![
        Load {
            name: "request/reply, 1 in flight",
            rate: Box::new(|it, time| requests(it.address(), 1, time)),
        },
        Load {
            name: "request/reply, 64 in flight",
            rate: Box::new(|it, time| requests(it.address(), 64, time)),
        },
        Load {
            name: "publish 128 bytes, nobody listens",
            rate: Box::new(|it, time| publish(it.address(), 0, time)),
        },
        Load {
            name: "publish 128 bytes, one subscriber",
            rate: Box::new(|it, time| publish(it.address(), 1, time)),
        },
        Load {
            name: "fan-out to 100 subscribers, deliveries",
            rate: Box::new(|it, time| publish(it.address(), 100, time)),
        },
    ]
}

/// Round trips in a second, with so many under way.
fn requests(address: SocketAddr, in_flight: usize, time: Duration) -> f64 {
    let answering = answer(address);
    let mut client = Connection::open(address);
    client.send(b"SUB _INBOX.me.* 1\r\n");
    client.sync();
    let mut id = 0_u64;
    let mut out = Vec::new();
    let mut ask = |out: &mut Vec<u8>| {
        id += 1;
        message(out, &format!("service _INBOX.me.{id}"));
    };
    for _ in 0..in_flight {
        ask(&mut out);
    }
    client.send(&out);
    out.clear();
    let begin = Instant::now();
    let mut count = 0_u32;
    while begin.elapsed() < time {
        client.message();
        count += 1;
        ask(&mut out);
        if !client.has_more() {
            client.send(&out);
            out.clear();
        }
    }
    let rate = f64::from(count) / begin.elapsed().as_secs_f64();
    client.send(&out);
    for _ in 0..in_flight {
        client.message();
    }
    client.send(b"PUB service 0\r\n\r\n");
    answering.join().unwrap();
    rate
}

/// Answers requests until one does not want an answer.
fn answer(address: SocketAddr) -> JoinHandle<()> {
    let mut client = Connection::open(address);
    client.send(b"SUB service 1\r\n");
    client.sync();
    thread::spawn(move || {
        let mut out = Vec::new();
        while let Some(reply) = client.message() {
            message(&mut out, &reply);
            if !client.has_more() {
                client.send(&out);
                out.clear();
            }
        }
    })
}

/// Messages in a second to no subscribers, or deliveries to all of them, until the last has arrived.
fn publish(address: SocketAddr, subscribers: usize, time: Duration) -> f64 {
    let received = Arc::new(AtomicUsize::new(0));
    let sockets: Vec<_> = (0..subscribers)
        .map(|_| {
            let mut client = Connection::open(address);
            client.send(b"SUB load.> 1\r\n");
            client.sync();
            client.into_socket()
        })
        .collect();
    let reading = receive(&sockets, received.clone());
    let mut client = Connection::open(address);
    let each = if subscribers > 1 { 20 } else { 200 };
    let mut batch = Vec::new();
    for _ in 0..each {
        message(&mut batch, "load.a.b");
    }
    let delivery = format!("MSG load.a.b 1 {SIZE}\r\n").len() + SIZE + 2;
    let arrived = || received.load(Ordering::Relaxed) / delivery;
    let begin = Instant::now();
    let mut sent = 0;
    while begin.elapsed() < time {
        client.send(&batch);
        sent += each;
        while subscribers > 0 && sent * subscribers - arrived() > WINDOW {
            thread::sleep(Duration::from_micros(50));
        }
    }
    client.sync();
    while arrived() < sent * subscribers {
        assert!(begin.elapsed() < time * 100, "messages are lost");
        thread::sleep(Duration::from_micros(50));
    }
    let rate = (sent * subscribers.max(1)) as f64 / begin.elapsed().as_secs_f64();
    for it in sockets {
        let _ = it.shutdown(std::net::Shutdown::Both);
    }
    reading.into_iter().for_each(|it| it.join().unwrap());
    rate
}

/// Counts the bytes that come, until the sockets are shut down.
fn receive(sockets: &[TcpStream], received: Arc<AtomicUsize>) -> Option<JoinHandle<()>> {
    let sockets: Vec<_> = sockets.iter().map(|it| it.try_clone().unwrap()).collect();
    match <[TcpStream; 1]>::try_from(sockets) {
        Ok([mut only]) => Some(thread::spawn(move || {
            let mut buffer = vec![0; 256 * 1024];
            while let Ok(count @ 1..) = only.read(&mut buffer) {
                received.fetch_add(count, Ordering::Relaxed);
            }
        })),
        Err(none) if none.is_empty() => None,
        Err(many) => Some(thread::spawn(move || receive_all(many, &received))),
    }
}

fn receive_all(sockets: Vec<TcpStream>, received: &Arc<AtomicUsize>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for socket in sockets {
            socket.set_nonblocking(true).unwrap();
            let socket = tokio::net::TcpStream::from_std(socket).unwrap();
            let received = received.clone();
            tasks.spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                while socket.readable().await.is_ok() {
                    match socket.try_read(&mut buffer) {
                        Ok(0) => return,
                        Ok(count) => {
                            received.fetch_add(count, Ordering::Relaxed);
                        }
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                        Err(_) => return,
                    }
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    });
}

fn message(to: &mut Vec<u8>, subjects: &str) {
    to.extend_from_slice(format!("PUB {subjects} {SIZE}\r\n").as_bytes());
    to.extend_from_slice(&[b'x'; SIZE]);
    to.extend_from_slice(b"\r\n");
}
