use std::time::Duration;

use super::*;
use crate::cli::doctor::facts::{
    Address, Clock, Exposed, Leafs, Login, Port, Program, Server, Settings, Trouble,
};
use crate::cli::leaf::hubs::{Finding, Status as Found};
use crate::cli::report::Kind;
use crate::config::running::{Nats, Process, Record};
use crate::lattice::ConnectError;
use crate::lattice::connect::UserJwt;
use crate::lattice::state::survey::{Census, Survey, SurveyError};
use crate::lattice::wire::HostSummary;
use crate::nats::monitor::Link;

const NOW: u64 = 1_700_000_000;
const URL: &str = "nats://127.0.0.1:4222";

fn host(id: &str, version: &str) -> HostSummary {
    HostSummary {
        id: id.to_owned(),
        friendly_name: format!("owl-{id}"),
        version: version.to_owned(),
        ..HostSummary::default()
    }
}

/// A machine on which all is well.
fn healthy() -> Facts {
    Facts {
        now: NOW,
        settings: Ok(Settings {
            server: URL.to_owned(),
            server_from: "the default".to_owned(),
            lattice: "default".to_owned(),
            lattice_from: "the default".to_owned(),
            credentials: "anonymous".to_owned(),
            credentials_from: "the default".to_owned(),
            ..Settings::default()
        }),
        state: Ok("/state".into()),
        exposed: Vec::new(),
        binary: Ok(Program::NatsServer {
            path: "/bin/nats-server".into(),
            version: "2.9.10".to_owned(),
        }),
        addresses: vec![address(Port::Nats("2.9.10".to_owned()))],
        usual_port: Port::Nats("2.9.10".to_owned()),
        local: Vec::new(),
        jwt: None,
        unreadable: None,
        server: Some(Ok(Server {
            version: "2.9.10".to_owned(),
            max_payload: 1 << 20,
            ..Server::default()
        })),
        jetstream: Some(Ok(Survey {
            domain: None,
            streams: 1,
            lattices: vec!["default".to_owned()],
        })),
        census: None,
        leafs: Some(Leafs::default()),
        hosts: Some(Ok(vec![host("N1", "0.1.0")])),
        clocks: vec![clock(3)],
    }
}

fn address(port: Port) -> Address {
    Address {
        url: URL.to_owned(),
        loopback: true,
        port,
    }
}

fn clock(ahead: i64) -> Clock {
    Clock {
        of: "the NATS server".to_owned(),
        ahead,
        uncertain: 2,
    }
}

fn record() -> Record {
    Record {
        host_id: "NHERE".to_owned(),
        name: "owl-here".to_owned(),
        process: Process { pid: 1, started: 1 },
        ready: true,
        lattice: "other".to_owned(),
        ctl_prefix: None,
        js_domain: None,
        nats: Nats {
            url: "nats://127.0.0.1:5000".to_owned(),
            process: None,
            log: None,
            monitor: None,
            config: None,
            embedded: false,
            dir: None,
        },
        credentials: None,
        tls: false,
        log: None,
    }
}

fn settings(facts: &mut Facts) -> &mut Settings {
    facts.settings.as_mut().unwrap()
}

/// The one check that is neither ok nor skipped, after a change to a healthy machine.
#[track_caller]
fn only(change: impl FnOnce(&mut Facts)) -> Check {
    let mut facts = healthy();
    change(&mut facts);
    let all = judge(&facts);
    let bad = |it: &&Check| matches!(it.status, Status::Warning | Status::Failure);
    let found: Vec<_> = all.iter().filter(bad).cloned().collect();
    match <[Check; 1]>::try_from(found) {
        Ok([it]) => {
            assert!(it.fix.is_some(), "{it:?}");
            it
        }
        Err(found) => panic!("{found:#?}"),
    }
}

#[track_caller]
fn fails(name: &str, fix: &str, change: impl FnOnce(&mut Facts)) {
    let it = only(change);
    assert_eq!((it.name, it.status), (name, Status::Failure), "{it:?}");
    assert!(it.fix.as_ref().unwrap().contains(fix), "{it:?}");
}

#[track_caller]
fn warns(name: &str, change: impl FnOnce(&mut Facts)) {
    let it = only(change);
    assert_eq!((it.name, it.status), (name, Status::Warning), "{it:?}");
}

#[test]
fn all_is_well() {
    for it in judge(&healthy()) {
        assert_eq!((it.status, &it.fix), (Status::Ok, &None), "{it:?}");
    }
}

#[test]
fn every_dependency_comes_first() {
    for (at, (name, after, _)) in CHECKS.iter().enumerate() {
        for needed in *after {
            let before = CHECKS.iter().take(at).any(|it| it.0 == *needed);
            assert!(before, "{name} needs {needed}");
        }
    }
}

#[test]
fn what_depends_on_a_failure_is_skipped() {
    let mut facts = healthy();
    facts.addresses = vec![address(Port::Free)];
    facts.server = None;
    let skipped: Vec<_> = judge(&facts)
        .into_iter()
        .filter(|it| it.status == Status::Skipped)
        .map(|it| it.name)
        .collect();
    let expected = [
        "tls",
        "nats",
        "leaf",
        "jetstream",
        "lattice",
        "hosts",
        "clock",
    ];
    assert_eq!(skipped, expected);
}

#[test]
fn faults_of_this_machine() {
    fails("settings", "wash ctx list", |it| {
        let what = "there is no context 'x'".to_owned();
        it.settings = Err(Trouble { what, fix: None });
    });
    fails("state", "WASH_HOME", |it| {
        let what = "/state cannot be written".to_owned();
        it.state = Err(Trouble { what, fix: None });
    });
    let exposed = |refused| Exposed {
        path: "/keys/a b_module.nk".into(),
        mode: 0o644,
        refused,
    };
    fails("secrets", "chmod 600 '/keys/a b_module.nk'", |it| {
        it.exposed = vec![exposed(true)];
    });
    warns("secrets", |it| it.exposed = vec![exposed(false)]);
    warns("nats-server", |it| it.binary = Err("missing".to_owned()));
    warns("ports", |it| it.usual_port = Port::Other);
}

#[test]
fn the_server_in_wash_is_called_what_it_is() {
    let version = crate::nats::embedded::VERSION;
    let mut facts = healthy();
    facts.binary = Ok(Program::Embedded);
    facts.usual_port = Port::Nats(version.to_owned());
    facts.leafs = None;
    if let Some(Ok(server)) = &mut facts.server {
        server.version = version.to_owned();
    }
    let told = |facts: &Facts, name| {
        let checks = judge(facts);
        let found = checks.into_iter().find(|it| it.name == name).unwrap();
        assert_eq!(found.status, Status::Ok, "{found:?}");
        found.detail
    };
    for (name, said) in [
        ("nats-server", "for this machine alone"),
        ("ports", "another wash"),
        ("leaf", "no leaf"),
        ("nats", "a single node"),
    ] {
        let detail = told(&facts, name);
        assert!(detail.contains(said), "{name}: {detail}");
    }
    let mut here = record();
    here.nats.url = URL.to_owned();
    here.nats.embedded = true;
    facts.local = vec![here];
    assert!(told(&facts, "ports").contains("owl-here"));
}

#[test]
fn faults_on_the_way_to_nats() {
    let lost = |port: Port| {
        move |it: &mut Facts| {
            it.addresses = vec![address(port)];
            it.server = None;
        }
    };
    fails("address", "wash up", lost(Port::Free));
    fails("address", "--nats-port 0", lost(Port::Other));
    fails(
        "address",
        "--server",
        lost(Port::Unreachable("dns".to_owned())),
    );
    fails("address", "nats://127.0.0.1:5000", |it| {
        lost(Port::Free)(it);
        it.local = vec![record()];
    });
    warns("address", |it| it.addresses.push(address(Port::Free)));
    fails("address", "check", |it| {
        it.addresses = vec![address(Port::Unasked)];
        it.server = Some(Err(ConnectError::Refused(URL.to_owned())));
    });
    fails("tls", "--tls-ca", |it| {
        it.server = Some(Err(ConnectError::Tls {
            url: URL.to_owned(),
            reason: "unknown issuer".to_owned(),
        }));
    });
    fails("tls", "path", |it| {
        it.server = Some(Err(ConnectError::File {
            what: "CA certificates",
            path: "/ca".into(),
            reason: "no such file".to_owned(),
        }));
    });
    warns("tls", |it| {
        it.addresses[0].loopback = false;
        settings(it).login = Login::Secret;
    });
    fails("nats", "newer", |it| {
        it.server = Some(Ok(Server {
            version: "2.8.4".to_owned(),
            max_payload: 1 << 20,
            ..Server::default()
        }));
    });
    warns("nats", |it| {
        it.server = Some(Ok(Server {
            version: "2.10.1".to_owned(),
            max_payload: 1 << 20,
            round_trip: Duration::from_secs(1),
            ..Server::default()
        }));
    });
}

#[test]
fn faults_of_credentials() {
    let jwt = |expires: Option<u64>| UserJwt {
        expires,
        not_before: None,
        name: None,
        fits_seed: true,
    };
    fails("credentials", "--creds", |it| {
        it.jwt = Some(jwt(Some(NOW - 60)));
        it.server = Some(Err(ConnectError::Auth(URL.to_owned())));
    });
    fails("credentials", "clock", |it| {
        it.jwt = Some(UserJwt {
            not_before: Some(NOW + 60),
            ..jwt(None)
        });
    });
    fails("credentials", "--creds", |it| {
        it.jwt = Some(UserJwt {
            fits_seed: false,
            ..jwt(None)
        });
    });
    fails("credentials", "--creds", |it| {
        it.server = Some(Err(ConnectError::Auth(URL.to_owned())));
    });
    fails("credentials", "path", |it| {
        it.unreadable = Some("gone".to_owned());
    });
    warns("credentials", |it| it.jwt = Some(jwt(Some(NOW + 3600))));
    let mut lasting = healthy();
    lasting.jwt = Some(jwt(Some(NOW + 90 * 86_400)));
    assert!(judge(&lasting).iter().all(|it| it.status == Status::Ok));
}

#[test]
fn faults_behind_nats() {
    let nobody = |it: &mut Facts| it.jetstream = Some(Err(SurveyError::Nobody));
    fails("jetstream", "nats-server -js", nobody);
    fails("jetstream", "--js-domain core", |it| {
        nobody(it);
        settings(it).js_domain = Some("cor".to_owned());
        if let Some(Ok(server)) = &mut it.server {
            server.domain = Some("core".to_owned());
        }
    });
    let census = |servers, keeps_files| {
        move |it: &mut Facts| {
            it.census = Some(Census {
                servers,
                keeps_files,
                round_trip: Duration::ZERO,
            });
        }
    };
    fails("jetstream", "--domain", census(2, true));
    fails("jetstream", "storage", census(1, false));
    let found = |status| Finding::new(status, "the hub is gone").hint("start it");
    fails("leaf", "start it", |it| {
        it.leafs = Some(Leafs {
            hubs: vec![found(Found::Failed(Kind::Connect))],
            ..Leafs::default()
        });
    });
    fails("leaf", "wash leaf check", |it| {
        it.leafs = Some(Leafs {
            trouble: Some(found(Found::Failed(Kind::Connect))),
            ..Leafs::default()
        });
    });
    warns("leaf", |it| {
        it.leafs = Some(Leafs {
            hubs: vec![found(Found::Warning)],
            ..Leafs::default()
        });
    });
    fails("lattice", "wash up", |it| it.hosts = Some(Ok(Vec::new())));
    fails("lattice", "--lattice other", |it| {
        it.hosts = Some(Ok(Vec::new()));
        it.local = vec![record()];
    });
    warns("hosts", |it| {
        it.hosts = Some(Ok(vec![host("N1", "0.1.0"), host("N2", "0.82.0")]));
    });
    warns("hosts", |it| {
        let lattice = "default".to_owned();
        it.local = vec![Record {
            lattice,
            ..record()
        }];
    });
    warns("clock", |it| it.clocks.push(clock(-5_000)));
    fails("clock", "time server", |it| it.clocks.push(clock(60_000)));
}

#[test]
fn what_cannot_be_known_is_no_fault() {
    let mut facts = healthy();
    facts.leafs = None;
    facts.clocks.clear();
    facts.hosts = None;
    let all = judge(&facts);
    let of = |name: &str| all.iter().find(|it| it.name == name).unwrap().status;
    for name in ["leaf", "clock", "lattice", "hosts"] {
        assert_eq!(of(name), Status::Skipped, "{name}");
    }
    facts.leafs = Some(Leafs {
        links: vec![Link::default()],
        ..Leafs::default()
    });
    let all = judge(&facts);
    assert!(all.iter().all(|it| it.status != Status::Failure));
}
