//! How artifacts get to hosts: a big archive from a registry, and an actor to three hosts by either way.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::Effort;
use super::provider;
use super::registry::{Registry, Wants};
use super::report::{Report, median, mib, spread};
use super::stage::{Home, Nats, Up, block_on};

/// Of what nothing can compress.
const ARCHIVE: usize = 30_000_000;
const ACTOR: usize = 5_000_000;
const HOSTS: usize = 3;

pub(crate) fn measure(effort: Effort, report: &mut Report) {
    let registry = Registry::start(Wants::default());
    archives(effort, &registry, report);
    actors(effort, &registry, report);
}

/// Pull and start of an archive on a host with nothing cached, and on the same host after a restart.
fn archives(effort: Effort, registry: &Registry, report: &mut Report) {
    let desk = Home::new();
    let archive = archive(&desk, "big", ARCHIVE);
    let bytes = std::fs::read(&archive).unwrap();
    let push = |reference: &str, file: &Path| {
        let file = file.to_str().unwrap();
        desk.ask("", &["push", reference, file, "--insecure"]);
    };
    let reference = registry.reference("provider:1");
    push(&reference, &archive);
    let small = registry.reference("small:1");
    push(&small, &self::archive(&desk, "small", 0));
    let digest = HEXLOWER.encode(&Sha256::digest(&bytes));
    let host = &registry.host;
    let blob = format!("http://{host}/v2/provider/blobs/sha256:{digest}");

    let up = |home: &Home| Up::with(home, &["--nats-port", "0", "--allowed-insecure", host]);
    let start = |home: &Home, up: &Up, reference: &str| {
        let (answer, time) = home.ask(&up.nats, &["start", "provider", reference]);
        assert_eq!(answer["changed"], true, "{answer}");
        time
    };
    let mut samples = Samples::default();
    for _ in 0..effort.starts {
        samples.add(BARE, download(&blob, &desk.path().join("bare"), &bytes));
        let home = Home::new();
        for what in [COLD, CACHED] {
            let mut up = up(&home);
            up.process.forget_peak();
            let before = up.process.memory().peak;
            samples.add(what, start(&home, &up, &reference));
            let grown = up.process.memory().peak - before;
            samples.peak(what, before, grown);
            up.process.stop();
        }
        let home = Home::new();
        let mut up = up(&home);
        samples.add(SMALL, start(&home, &up, &small));
        up.process.stop();
    }

    let bare = median(&samples.times[BARE]);
    let mut rows = vec![cells([
        &format!("archive of {}", mib(bytes.len().try_into().unwrap())),
        "time",
        "of the bare download",
        "memory high-water of the host, before",
        "more afterwards, most",
    ])];
    for what in [BARE, COLD, CACHED, SMALL] {
        let times = &samples.times[what];
        // Other bytes have no such ratio.
        let ratio = match what {
            SMALL => String::new(),
            _ => format!("{:.1}", median(times).as_secs_f64() / bare.as_secs_f64()),
        };
        let (before, grown) = match samples.peaks.get(what) {
            Some(&(before, grown)) => (mib(before), mib(grown)),
            None => Default::default(),
        };
        rows.push(cells([what, &spread(times), &ratio, &before, &grown]));
    }
    report.table("Supply: pull and start of an archive", &rows);
}

const BARE: &str = "bare download to a file, plain HTTP client";
const COLD: &str = "`wash start provider REFERENCE`, nothing cached";
const CACHED: &str = "`wash start provider REFERENCE`, cached, host restarted";
const SMALL: &str = "the same program without what pads it, nothing cached";

/// What was measured, by what it is.
#[derive(Debug, Default)]
struct Samples {
    times: BTreeMap<&'static str, Vec<Duration>>,
    /// The most before, and the most by which it grew, in bytes.
    peaks: BTreeMap<&'static str, (u64, u64)>,
}

impl Samples {
    fn add(&mut self, what: &'static str, time: Duration) {
        self.times.entry(what).or_default().push(time);
    }

    fn peak(&mut self, what: &'static str, before: u64, grown: u64) {
        let peak = self.peaks.entry(what).or_default();
        *peak = (peak.0.max(before), peak.1.max(grown));
    }
}

/// The test provider, with so many random bytes after its code.
fn archive(desk: &Home, name: &str, padding: usize) -> PathBuf {
    let mut program = std::fs::read(provider::program()).unwrap();
    program.extend(noise(padding, 1));
    let binary = desk.path().join(name);
    std::fs::write(&binary, program).unwrap();
    let file = desk.path().join(format!("{name}.par.gz"));
    #[rustfmt::skip]
    let args = ["par", "create", "--keygen", "--binary", binary.to_str().unwrap(), "--capid", "wash:bench",
        "--vendor", "bench", "--name", name, "--revision", "1", "--compress", "--destination", file.to_str().unwrap()];
    desk.ask("", &args);
    file
}

/// Fetches a file as any program would that does nothing else with it.
fn download(url: &str, to: &Path, expected: &[u8]) -> Duration {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let time = block_on(async {
        let begin = Instant::now();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut answer = client.get(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        let mut file = File::create(to).unwrap();
        while let Some(chunk) = answer.chunk().await.unwrap() {
            file.write_all(&chunk).unwrap();
        }
        begin.elapsed()
    });
    assert!(std::fs::read(to).unwrap() == expected);
    time
}

/// From a module file of one machine to running on three hosts, through the lattice and through a registry.
fn actors(effort: Effort, registry: &Registry, report: &mut Report) {
    let (desk, nats) = (Home::new(), Nats::start());
    let homes: [Home; HOSTS] = std::array::from_fn(|_| Home::new());
    #[rustfmt::skip]
    let args = ["--nats-connect-only", "--nats-port", nats.port(), "--allowed-insecure", &registry.host];
    let ups: Vec<_> = homes.iter().map(|home| Up::with(home, &args)).collect();
    let (hosts, _) = desk.ask(&nats.url, &["get", "hosts"]);
    let hosts: Vec<_> = hosts["hosts"].as_array().unwrap().iter().collect();
    let hosts: Vec<_> = hosts.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(hosts.len(), HOSTS);

    let start = |reference: &str, host: &str| {
        let args = ["start", "actor", reference, "--host", host];
        let (answer, time) = desk.ask(&nats.url, &args);
        assert_eq!(answer["changed"], true, "{answer}");
        time
    };
    let spread_to = |reference: &str| hosts.iter().map(|it| start(reference, it)).collect();
    let (mut lattice, mut shop) = (Vec::<Vec<_>>::new(), Vec::<Vec<_>>::new());
    for round in 0..effort.starts {
        // Each its own, so that none was sent or compiled before.
        let file = big_actor(&desk, round, "lattice");
        lattice.push(spread_to(&file));
        let file = big_actor(&desk, round, "registry");
        let reference = registry.reference(&format!("actor:{round}"));
        let (_, pushed) = desk.ask("", &["push", &reference, &file, "--insecure"]);
        let starts: Vec<_> = spread_to(&reference);
        shop.push([vec![pushed], starts].concat());
    }
    drop(ups);

    let step = |all: &[Vec<Duration>], at: usize| {
        let times: Vec<_> = all.iter().map(|it| it[at]).collect();
        spread(&times)
    };
    let sum = |all: &[Vec<Duration>]| {
        let times: Vec<_> = all.iter().map(|it| it.iter().sum()).collect();
        spread(&times)
    };
    let none = "none".to_owned();
    #[rustfmt::skip]
    let rows = vec![
        cells(["from a 5 MB file to running", "through the lattice", "through the registry"]),
        cells(["push", &none, &step(&shop, 0)]),
        cells(["start on the first host, which sends the file to the lattice", &step(&lattice, 0), &step(&shop, 1)]),
        cells(["on the second", &step(&lattice, 1), &step(&shop, 2)]),
        cells(["on the third", &step(&lattice, 2), &step(&shop, 3)]),
        cells(["all, one after the other", &sum(&lattice), &sum(&shop)]),
    ];
    report.table("Supply: one actor to three hosts", &rows);
}

/// A signed actor whose code is small, and whose custom section is not.
fn big_actor(desk: &Home, round: usize, way: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut wasm = wat::parse_file(tests.join("guests/echo.wat")).unwrap();
    // The section: its kind, its size, and an empty name.
    wasm.push(0);
    let mut size = ACTOR + 1;
    while size >= 0x80 {
        wasm.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    wasm.extend([size as u8, 0]);
    let seed = 2 * round + usize::from(way == "registry");
    wasm.extend(noise(ACTOR, seed.try_into().unwrap()));
    let (path, _) = desk.new_actor(&format!("{way}-{round}"), &wasm);
    path.to_str().unwrap().to_owned()
}

/// Bytes that look random, the same for the same seed.
fn noise(length: usize, seed: u64) -> impl Iterator<Item = u8> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
}

fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}
