//! A wire from a machine to the hub, for machines in namespaces: a device at each end, and packets that this
//! process carries in between, late or not at all. It needs nothing of the kernel but TUN devices; `tc netem`
//! would do the same where the kernel has it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use super::space::Space;
use super::sys;
use super::weather::Sky;

/// Packets on their way in one direction; what comes on top is lost, as in a router.
const QUEUE: usize = 10_000;

const MTU: usize = 1400;

/// One end: a device in a namespace.
pub(super) struct End<'a> {
    pub(super) space: &'a Space,
    pub(super) device: &'a str,
    /// The one address that is behind the other end.
    pub(super) peer: &'a str,
    pub(super) address: &'a str,
}

/// Both devices go when it is dropped, and with them the threads that carry.
#[derive(Debug)]
pub(super) struct Wire {
    devices: [(Space, String); 2],
}

impl Wire {
    pub(super) fn new(one: &End<'_>, other: &End<'_>, sky: &Sky) -> Self {
        let (left, right) = (Arc::new(one.device()), Arc::new(other.device()));
        carry(&left, &right, sky);
        carry(&right, &left, sky);
        let device = |it: &End<'_>| (it.space.clone(), it.device.to_owned());
        Self {
            devices: [device(one), device(other)],
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for (space, device) in &self.devices {
            // A test may be panicking.
            let _ = space.try_ip(&format!("link del {device}"));
        }
    }
}

impl End<'_> {
    fn device(&self) -> File {
        let Self {
            space,
            device,
            peer,
            address,
        } = self;
        let file = space.enter(|| {
            sys::tun(device).unwrap_or_else(|error| panic!("cannot make a TUN device: {error}"))
        });
        space.ip(&format!("addr replace {address}/32 dev lo"));
        space.ip(&format!("link set {device} mtu {MTU} up"));
        space.ip(&format!("route add {peer}/32 dev {device} src {address}"));
        file
    }
}

/// Two threads for one direction: one takes packets in, one lets them out when it is time.
fn carry(from: &Arc<File>, to: &Arc<File>, sky: &Sky) {
    let (send, receive) = sync_channel(QUEUE);
    let (from, to, sky) = (Arc::clone(from), Arc::clone(to), sky.clone());
    std::thread::spawn(move || take_in(&from, &sky, &send));
    std::thread::spawn(move || let_out(&to, &receive));
}

type Packet = (Instant, Vec<u8>);

fn take_in(from: &File, sky: &Sky, send: &SyncSender<Packet>) {
    let mut buffer = [0; MTU];
    let mut from = from;
    // A device that is gone ends this thread, and the channel's end the other.
    while let Ok(length) = from.read(&mut buffer) {
        let weather = sky.get();
        if !weather.cut && !weather.loses() {
            let due = Instant::now() + weather.delay;
            let _ = send.try_send((due, buffer[..length].to_vec()));
        }
    }
}

fn let_out(to: &File, receive: &Receiver<Packet>) {
    let mut to = to;
    for (due, packet) in receive {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let _ = to.write(&packet);
    }
}
