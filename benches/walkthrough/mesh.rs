//! A lattice that spans machines: a hub, and two leaf nodes that know only the hub, over links that may be slow.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::stage::{Nats, eventually, free_address};

#[derive(Debug)]
pub(crate) struct Mesh {
    pub(crate) a: Nats,
    pub(crate) b: Nats,
    _hub: Nats,
    _cables: [Option<Cable>; 2],
}

impl Mesh {
    /// All on loopback.
    pub(crate) fn near() -> Self {
        Self::build(None)
    }

    /// With this delay for each direction of each leaf link.
    pub(crate) fn far(delay: Duration) -> Self {
        Self::build(Some(delay))
    }

    fn build(delay: Option<Duration>) -> Self {
        let leaves = free_address();
        let hub = format!(
            "server_name: hub\nlisten: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\nleafnodes {{ listen: \"{leaves}\" }}\n"
        );
        let hub = Nats::configured(&hub);
        let cables = [(); 2].map(|()| delay.map(|it| Cable::lay(leaves, it)));
        let leaf = |name: &str, cable: &Option<Cable>| {
            let hub = cable.as_ref().map_or(leaves, |it| it.address);
            let config = format!(
                "server_name: {name}\nlisten: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\njetstream {{ domain: {name} }}\n\
                 leafnodes {{ reconnect: 1, remotes: [ {{ url: \"nats-leaf://{hub}\" }} ] }}\n"
            );
            Nats::configured(&config)
        };
        let mesh = Self {
            a: leaf("a", &cables[0]),
            b: leaf("b", &cables[1]),
            _hub: hub,
            _cables: cables,
        };
        for leaf in [&mesh.a, &mesh.b] {
            eventually("the link of a leaf node", || {
                (leaf.asked("/leafz")["leafs"].as_array()?.len() == 1).then_some(())
            });
        }
        mesh
    }
}

/// Bytes and messages over the leaf link of a server so far, in both directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
}

impl Traffic {
    pub(crate) fn of_leaf(server: &Nats) -> Self {
        let leaf = &server.asked("/leafz")["leafs"][0];
        Self::sum(leaf)
    }

    /// Of all clients.
    pub(crate) fn of_clients(server: &Nats) -> Self {
        Self::sum(&server.asked("/varz"))
    }

    fn sum(of: &Value) -> Self {
        let sum = |fields: [&str; 2]| fields.iter().map(|it| of[it].as_u64().unwrap()).sum();
        Self {
            bytes: sum(["in_bytes", "out_bytes"]),
            messages: sum(["in_msgs", "out_msgs"]),
        }
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(before.bytes),
            messages: self.messages.saturating_sub(before.messages),
        }
    }
}

/// One page of a server's monitoring, in JSON.
pub(crate) fn get(address: &str, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str(body).ok()
}

/// A cable that takes its time: what goes in at either end comes out at the other after `delay`, in order, and
/// without a limit to how much is on its way.
#[derive(Debug)]
struct Cable {
    address: SocketAddr,
    _life: std::sync::mpsc::Sender<()>,
}

impl Cable {
    fn lay(to: SocketAddr, delay: Duration) -> Self {
        let (life, end) = std::sync::mpsc::channel();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for near in listener.incoming() {
                // Whoever laid it is gone.
                if end.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected) {
                    return;
                }
                let (Ok(near), Ok(far)) = (near, TcpStream::connect(to)) else {
                    continue;
                };
                carry(near.try_clone().unwrap(), far.try_clone().unwrap(), delay);
                carry(far, near, delay);
            }
        });
        Self {
            address,
            _life: life,
        }
    }
}

/// One direction: a thread that reads and one that writes. They end with the connection.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    to.set_nodelay(true).unwrap();
    let (sender, queue) = std::sync::mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let due = Instant::now() + delay;
            if sender.send((due, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, bytes) in queue {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
