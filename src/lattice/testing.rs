//! What tests of several folders need: a NATS server of their own, a cable that can be cut, patience.

mod process;
mod server;

use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use self::server::{Login, NatsServer, Setup};

/// A cable between two servers that can be cut: a TCP proxy on a loopback port that the kernel picked.
#[derive(Debug)]
pub(crate) struct Cable {
    port: u16,
    whole: watch::Sender<bool>,
    _task: AbortOnDropHandle<()>,
}

impl Cable {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = listener.local_addr().unwrap().port();
        let whole = watch::Sender::new(true);
        let mut state = whole.subscribe();
        let task = async move {
            let mut lines = JoinSet::new();
            loop {
                let Ok((mut this, _)) = listener.accept().await else {
                    return;
                };
                if !*state.borrow_and_update() {
                    continue;
                }
                let mut cut = state.clone();
                lines.spawn(async move {
                    let Ok(mut that) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut this, &mut that) => {}
                        _ = cut.wait_for(|whole| !whole) => {}
                    }
                });
            }
        };
        Self {
            port: near,
            whole,
            _task: AbortOnDropHandle::new(tokio::spawn(task)),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection, and takes no new ones.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

/// Waits until `condition` holds, at most 20 seconds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < give_up, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
