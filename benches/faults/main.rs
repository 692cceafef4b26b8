//! Faults under load, measured: machines that know only a hub, requests on a fixed schedule at two entry points,
//! and one fault after the other. Prints tables in Markdown; `scripts/faults` runs it.
//!
//! Every machine is a network namespace; `--loopback` takes relays on one device in their place and needs no
//! privileges. `--quick` is short, `near` or `far` takes one arrangement alone.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a report is printed, and a measurement that cannot go on should panic"
)]

#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "of the tests")]
#[path = "../../tests/it/env.rs"]
mod env;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "of the tests")]
#[path = "../../tests/it/nats.rs"]
mod nats;
#[cfg(target_os = "linux")]
#[allow(dead_code, unused_imports, reason = "of the tests")]
#[path = "../../tests/world/mod.rs"]
mod world;

#[cfg(target_os = "linux")]
fn main() {
    use std::time::Duration;

    use world::Kind;
    use world::faults::{Arrangement, Fault, Row, Times, Trial};

    // Eight faults take two minutes.
    let mut times = Times {
        fault: Duration::from_secs(5),
        after: Duration::from_secs(8),
    };
    let mut kind = Kind::Namespaces;
    let mut arrangements = Vec::new();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--quick" => {
                times = Times {
                    fault: Duration::from_secs(3),
                    after: Duration::from_secs(3),
                }
            }
            "--loopback" => kind = Kind::Loopback,
            "near" => arrangements.push(Arrangement::Near),
            "far" => arrangements.push(Arrangement::Far),
            // Cargo says that this is a benchmark.
            "--bench" => {}
            other => {
                eprintln!("unknown: {other} (--quick, --loopback, near, far)");
                std::process::exit(2);
            }
        }
    }
    if arrangements.is_empty() {
        arrangements = vec![Arrangement::Near, Arrangement::Far];
    }

    for arrangement in arrangements {
        eprintln!("{arrangement:?}");
        let rows = Trial::new(kind, arrangement, None).run(&Fault::ALL, times);
        println!("## {}\n\n{}", arrangement.title(), Row::HEAD);
        for row in rows {
            println!("{row}");
        }
        println!();
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("only on Linux");
}
