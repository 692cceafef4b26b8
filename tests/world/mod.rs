//! A world to try lattices in: a hub, and machines that know nothing but the hub's address.
//!
//! In one kind of world every machine is a network namespace with one wire, to the hub; in the other all are on one
//! loopback device, and a relay stands for the wire. Tests are written once and run in both: delay, loss, cuts,
//! deaths and freezes are the same calls. Dropping a world ends and removes all of it; what a killed run left is
//! swept when the next world begins.

mod counter;
pub(crate) mod faults;
mod hub;
pub(crate) mod load;
mod machine;
mod relay;
mod space;
mod sys;
mod weather;
mod wire;

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::env::TestEnv;
pub(crate) use hub::Hub;
use machine::Line;
pub(crate) use machine::Machine;
use relay::Relay;
pub(crate) use space::{Space, with_namespaces};
use weather::Sky;
pub(crate) use weather::Weather;
use wire::{End, Wire};

/// Far above what a loaded machine takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Of the temporary directories; the number of the process follows.
const PREFIX: &str = "wash-world-";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Needs the right to make network namespaces.
    Namespaces,
    Loopback,
}

/// Dropped in this order: machines before the hub.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) machines: Vec<Machine>,
    pub(crate) hub: Hub,
}

impl World {
    /// A hub and machines of these names, on which nothing runs yet.
    pub(crate) fn new(kind: Kind, names: &[&str]) -> Self {
        sweep();
        let space = || match kind {
            Kind::Namespaces => Space::new(),
            Kind::Loopback => Space::Here,
        };
        let address = match kind {
            Kind::Namespaces => "10.77.0.1",
            Kind::Loopback => "127.0.0.1",
        };
        let hub_space = space();
        if kind == Kind::Namespaces {
            hub_space.ip(&format!("addr add {address}/32 dev lo"));
        }
        let hub = Hub::start(home(), hub_space, address.parse::<IpAddr>().unwrap());
        let machines = names.iter().enumerate().map(|(at, name)| {
            let (space, sky) = (space(), Sky::default());
            let line = match kind {
                Kind::Loopback => Line::Relay(Relay::new(hub.leaf, sky.clone())),
                Kind::Namespaces => {
                    let own = format!("10.77.1.{}", at + 1);
                    let here = End {
                        space: &space,
                        device: "hub",
                        peer: address,
                        address: &own,
                    };
                    let there = End {
                        space: &hub.space,
                        device: &format!("machine{at}"),
                        peer: &own,
                        address,
                    };
                    let _wire = Wire::new(&here, &there, &sky);
                    Line::Wire { _wire }
                }
            };
            Machine {
                name: (*name).to_owned(),
                env: home(),
                space,
                sky,
                line,
                args: Vec::new(),
                host: None,
                ready: Value::Null,
            }
        });
        Self {
            machines: machines.collect(),
            hub,
        }
    }

    /// The walkthrough up to where all are there: the first machine logs in at the hub and keeps the lattice's
    /// state, each other one joins with a bundle from it and has its name as label `machine`.
    pub(crate) fn populate(&mut self) {
        let remote = |machine: &Machine| {
            let address = match &machine.line {
                Line::Relay(relay) => relay.address,
                Line::Wire { .. } => self.hub.leaf,
            };
            format!("tls://{address}")
        };
        let [first, others @ ..] = &mut self.machines[..] else {
            panic!("a world without machines");
        };
        let path = |it: &Path| it.to_str().unwrap().to_owned();
        first.args = [
            "--allow-file-load",
            "--name",
            &first.name,
            "--label",
            &format!("machine={}", first.name),
            "--js-domain",
            "core",
            "--leaf-remote",
            &remote(first),
            "--creds",
            &path(&self.hub.creds()),
            "--tls-ca",
            &path(&self.hub.authority()),
        ]
        .map(str::to_owned)
        .into();
        first.start();
        for machine in &mut *others {
            let bundle = path(&machine.env.home().join("join.bundle"));
            let label = format!("machine={}", machine.name);
            let args = [
                "leaf",
                "bundle",
                "--domain",
                &machine.name,
                "--label",
                &label,
                "-o",
                &bundle,
            ];
            let _ = first.env.run(&args).success();
            let args = [
                "--allow-file-load",
                "--name",
                &machine.name,
                "--bundle",
                &bundle,
            ];
            machine.args = args.map(str::to_owned).into();
            // A relay of its own is the one thing that it cannot have from the first.
            if let Line::Relay(_) = machine.line {
                machine
                    .args
                    .extend(["--leaf-remote".to_owned(), remote(machine)]);
            }
            machine.spawn();
        }
        for machine in others {
            machine.await_ready();
        }
        let count = self.machines.len();
        for machine in &self.machines {
            eventually("every host sees all", || {
                (machine.hosts() == count).then_some(())
            });
        }
    }
}

impl Machine {
    /// How many it sees.
    pub(crate) fn hosts(&self) -> usize {
        self.ask(&["get", "hosts"])["hosts"]
            .as_array()
            .unwrap()
            .len()
    }
}

/// A home whose name tells which process it is of.
fn home() -> TestEnv {
    TestEnv::with_prefix(&format!("{PREFIX}{}-", std::process::id())).with_nats_server()
}

/// Ends and removes what runs left that were killed.
fn sweep() {
    for entry in std::env::temp_dir().read_dir().unwrap().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|it| it.strip_prefix(PREFIX));
        let Some((pid, _)) = pid.and_then(|it| it.split_once('-')) else {
            continue;
        };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            machine::kill_all(&entry.path());
            // Another process may sweep at the same time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Polls until there is a value.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
