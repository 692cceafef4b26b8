//! The integration tests: the real binary in a sealed environment. One program, so that it links once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod abuse;
mod abuse_calls;
mod abuse_control;
mod abuse_guests;
mod abuse_http;
mod abuse_modules;
mod abuse_nats;
mod abuse_start;
mod abuse_state;
mod abuse_up;
mod article;
mod artifact;
mod call;
mod contract;
mod ctl;
mod ctx;
mod doctor;
mod domain;
mod embedded;
mod env;
mod examples;
mod failover;
mod fake_host;
mod full_disk;
mod generated;
mod hub;
mod install;
mod kit;
mod leaf;
mod leaf_faults;
mod leaf_joined;
mod leaf_state;
mod machines;
mod map;
mod nats;
mod outside;
mod par;
mod passphrase;
mod policy;
mod process;
mod reg;
mod registry;
mod serve;
mod streams;
mod supply;
mod up;
#[cfg(target_os = "linux")]
#[path = "../world/mod.rs"]
mod world;

/// A file in this directory that no line above names would never run.
#[test]
fn no_file_is_forgotten() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(dir.join("main.rs")).unwrap();
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let named = main.lines().any(|line| line == format!("mod {name};"));
        assert!(
            named || name == "main" || path.is_dir(),
            "{name} is not a module"
        );
    }
}
