//! The way from a machine to the hub where all are on one loopback device: a relay of TCP connections, with the
//! same weather as a wire has. What it is given always arrives, so a lost packet is one that comes later, as if
//! sent again, and in a cut everything waits for its end.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::weather::Sky;

/// When a lost packet is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

const PACKET: usize = 1400;

/// Packets on their way in one direction.
const QUEUE: usize = 1000;

#[derive(Debug)]
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sky: Sky,
    over: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

impl Relay {
    pub(super) fn new(hub: SocketAddr, sky: Sky) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            sky,
            over: AtomicBool::new(false),
            streams: Mutex::default(),
        });
        let of_thread = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if of_thread.over.load(Ordering::SeqCst) {
                    return;
                }
                // A hub that is down closes the connection.
                let _ = of_thread.join(stream, hub);
            }
        });
        Self { address, inner }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.inner.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        for stream in self.inner.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Inner {
    fn join(self: &Arc<Self>, leaf: TcpStream, hub: SocketAddr) -> std::io::Result<()> {
        let hub = TcpStream::connect(hub)?;
        for stream in [&leaf, &hub] {
            stream.set_nodelay(true)?;
        }
        self.carry(leaf.try_clone()?, hub.try_clone()?);
        self.carry(hub.try_clone()?, leaf.try_clone()?);
        self.streams.lock().unwrap().extend([leaf, hub]);
        Ok(())
    }

    fn carry(self: &Arc<Self>, from: TcpStream, to: TcpStream) {
        let (send, receive) = sync_channel(QUEUE);
        let (reader, writer) = (Arc::clone(self), Arc::clone(self));
        std::thread::spawn(move || reader.take_in(from, &send));
        std::thread::spawn(move || writer.let_out(to, &receive));
    }

    fn take_in(&self, mut from: TcpStream, send: &SyncSender<(Instant, Vec<u8>)>) {
        let mut buffer = [0; PACKET];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let weather = self.sky.get();
            let mut due = Instant::now() + weather.delay;
            if weather.loses() {
                due += AGAIN_AFTER + 2 * weather.delay;
            }
            if send.send((due, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    }

    fn let_out(&self, mut to: TcpStream, receive: &Receiver<(Instant, Vec<u8>)>) {
        for (due, packet) in receive {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            self.wait_for_heal();
            if to.write_all(&packet).is_err() {
                break;
            }
        }
        // An end is not heard of in a cut either.
        self.wait_for_heal();
        let _ = to.shutdown(Shutdown::Both);
    }

    fn wait_for_heal(&self) {
        while self.sky.get().cut && !self.over.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
