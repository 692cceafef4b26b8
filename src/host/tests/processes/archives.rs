//! Archives and registries that are no good, as a host meets them: each start ends with an event that says why, nothing
//! is run or written where it does not belong, and the host goes on.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;

/// Claims and program of a good archive.
struct Parts {
    claims: Vec<u8>,
    name: String,
    program: Vec<u8>,
}

impl Bench {
    fn parts(&self) -> (Packed, Parts) {
        let packed = self.pack(Content::default());
        let path = packed.reference.strip_prefix("file://").unwrap();
        let mut archive = par::Archive::open(File::open(path).unwrap()).unwrap();
        let mut program = Vec::new();
        archive.copy(&Target::current(), &mut program).unwrap();
        let jwt = archive.claims().jwt.clone();
        let parts = Parts {
            claims: jwt.into_bytes(),
            name: format!("{}.bin", Target::current()),
            program,
        };
        (packed, parts)
    }
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = tar::Header::new_gnu();
        // Not by the library's setter, which refuses the names that matter here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn archives_that_are_no_good_are_refused_and_the_host_goes_on() {
    let bench = Bench::new().await;
    let (packed, parts) = bench.parts();
    let Parts {
        claims,
        name,
        program,
    } = &parts;
    let good = tar(&[("claims.jwt", claims), (name, program)]);
    let mut forged = program.clone();
    *forged.last_mut().unwrap() ^= 1;
    let outside = format!("../../{name}");
    let zeros = vec![0; 80 << 20];
    for (what, bytes, words) in [
        ("cut", good[..good.len() / 2].to_vec(), "ends"),
        (
            "forged",
            tar(&[("claims.jwt", claims), (name, &forged)]),
            "hash",
        ),
        (
            "outside",
            tar(&[("claims.jwt", claims), (&outside, program)]),
            "",
        ),
        ("claims", tar(&[("claims.jwt", &zeros)]), ""),
        ("empty", Vec::new(), ""),
    ] {
        let reference = bench.file(&format!("{what}.par"), &bytes);
        let key = packed.key.clone();
        let error = bench.refused(&Packed { key, reference }).await;
        assert!(error.contains(words), "{what}: {error}");
        assert!(error.contains(&format!("{what}.par")), "{error}");
    }
    let programs = bench.files.path().join("programs");
    let folders = std::fs::read_dir(programs).into_iter().flatten().flatten();
    let files: usize = folders
        .map(|it| std::fs::read_dir(it.path()).unwrap().count())
        .sum();
    assert_eq!(files, 0);
    assert!(!bench.files.path().join(name).exists());
    let reference = bench.file("good.par", &good);
    let key = packed.key.clone();
    bench.lp(&Packed { key, reference }, "").await;
    bench.event("provider_started").await;
    assert_eq!(bench.said(&packed, "Ping").await, "pong");
}

/// A registry of one answer; none is one that hears and says nothing.
fn registry(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                match answer {
                    Some(answer) => stream.write_all(answer.as_bytes()),
                    None => stream.read(&mut [0]).map(|_| ()),
                }
            });
        }
    });
    host
}

#[tokio::test]
async fn registries_that_are_no_good_are_told_and_the_host_goes_on() {
    let silent = registry(None);
    let busy = registry(Some(
        "HTTP/1.1 429 x\r\nretry-after: 9999\r\ncontent-length: 0\r\n\r\n",
    ));
    let login = registry(Some(
        "HTTP/1.1 401 x\r\nwww-authenticate: Basic realm=\"r\"\r\ncontent-length: 0\r\n\r\n",
    ));
    let page = registry(Some(
        "HTTP/1.1 200 x\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
    ));
    // Nobody has listened here since.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let down = gone.local_addr().unwrap().to_string();
    drop(gone);
    let limits = oci::Limits {
        overall: Duration::from_secs(8),
        idle: Duration::from_secs(2),
        retries: 1,
        pause: Duration::from_millis(10),
        patience: Duration::from_secs(1),
        ..oci::Limits::default()
    };
    let hosts = [&silent, &busy, &login, &page, &down];
    let insecure = hosts.map(Clone::clone).to_vec();
    let bench = Bench::with(|config| {
        config.registries.insecure = insecure;
        config.registries.limits = limits;
    })
    .await;
    for (host, words) in [
        (&silent, "longer than"),
        (&busy, "429"),
        (&login, "wants credentials"),
        (&page, ""),
        (&down, "nothing listens"),
    ] {
        let reference = format!("{host}/me/it:1");
        let key = String::new();
        let error = bench.refused(&Packed { key, reference }).await;
        assert!(error.contains(words), "{error}");
        assert!(error.contains(host), "{error}");
    }
    let packed = bench.run("").await;
    assert_eq!(bench.said(&packed, "Ping").await, "pong");
}
