//! Providers in processes of their own: the contract of a good one, and what becomes of bad ones.

mod archives;
#[cfg(target_os = "linux")]
mod limits;

use std::collections::BTreeMap;
use std::fs::File;

use super::providers::{free_port, link};
use super::*;
use crate::archive::par::{self, Library, Target};
use crate::claims::ProviderMetadata;
use crate::lattice::state::LinkKey;
use crate::lattice::wire::{Health, LinkDefinition};

#[path = "../../../tests/provider/build.rs"]
mod build;

const KEYVALUE: &str = "wasmcloud:keyvalue";

/// A provider archive in a file.
struct Packed {
    key: String,
    reference: String,
}

/// Something to put into an archive.
struct Content<'a> {
    key: String,
    contract: &'a str,
    target: &'a str,
    program: &'a std::path::Path,
    expires: Option<u64>,
}

impl Default for Content<'_> {
    fn default() -> Self {
        Self {
            key: Seed::generate(KeyKind::Service).public(),
            contract: KEYVALUE,
            target: "",
            program: build::program(),
            expires: None,
        }
    }
}

impl Bench {
    fn pack(&self, content: Content<'_>) -> Packed {
        let account = Seed::generate(KeyKind::Account);
        let metadata = ProviderMetadata {
            name: Some("Test".to_owned()),
            capid: content.contract.to_owned(),
            vendor: "tests".to_owned(),
            rev: Some(2),
            ver: Some("0.2.0".to_owned()),
            ..ProviderMetadata::default()
        };
        let mut token = Token::new(&account, content.key.clone(), metadata, now());
        token.expires = content.expires;
        let target = match content.target {
            "" => Target::current(),
            other => other.parse().unwrap(),
        };
        let library = Library::read(File::open(content.program).unwrap()).unwrap();
        let mut libraries: BTreeMap<_, _> = [(target, library)].into();
        let mut bytes = Vec::new();
        par::write(&mut bytes, token, &account, &mut libraries, true).unwrap();
        let name = format!("{}.par.gz", uuid::Uuid::new_v4());
        Packed {
            reference: self.file(&name, &bytes),
            key: content.key,
        }
    }

    async fn lp(&self, packed: &Packed, mode: &str) {
        let body = json!({"provider_ref": packed.reference, "link_name": "default", "host_id": self.id(),
            "configuration": mode});
        assert_eq!(self.command("lp", body).await, ACCEPTED);
    }

    async fn sp(&self, packed: &Packed) {
        let body = json!({"provider_ref": packed.key, "link_name": "default", "contract_id": KEYVALUE,
            "host_id": self.id()});
        assert_eq!(self.command("sp", body).await, ACCEPTED);
    }

    /// A test provider that runs.
    async fn run(&self, mode: &str) -> Packed {
        let packed = self.pack(Content::default());
        self.lp(&packed, mode).await;
        let started = self.event("provider_started").await;
        assert_eq!(started["public_key"], packed.key);
        packed
    }

    async fn refused(&self, packed: &Packed) -> String {
        self.lp(packed, "").await;
        let failed = self.event("provider_start_failed").await;
        assert_eq!(failed["provider_ref"], packed.reference);
        failed["error"].as_str().unwrap().to_owned()
    }

    async fn crash(&self, packed: &Packed) {
        // It dies before it answers.
        let call = self.tell(packed, "Crash");
        let _ = tokio::time::timeout(Duration::from_millis(200), call).await;
    }

    async fn tell(&self, packed: &Packed, operation: &str) -> Result<Bytes, RpcError> {
        let call = Call {
            origin: client_origin(),
            target: Entity::provider(&packed.key, KEYVALUE, "default"),
            operation: operation.to_owned(),
            payload: Bytes::new(),
            deadline: Instant::now() + Duration::from_secs(20),
            depth: 0,
            retry: Retry::Never,
        };
        self.rpc.invoke(call).await
    }

    async fn said(&self, packed: &Packed, operation: &str) -> String {
        let answer = self.tell(packed, operation).await.unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    }

    async fn shown(&self) -> Option<Health> {
        let inventory = self.control.inventory(self.id()).await.unwrap();
        inventory.providers.into_iter().next()?.health
    }

    async fn unhealthy(&self, words: &str) {
        eventually(&format!("health says {words}"), async || {
            let shown = self.shown().await;
            let message = shown.filter(|it| !it.healthy).and_then(|it| it.message);
            message.is_some_and(|it| it.contains(words))
        })
        .await;
    }

    /// The folders of processes that are there.
    fn places(&self) -> usize {
        let runs = std::fs::read_dir(self.files.path().join("running"));
        let runs = runs.into_iter().flatten().flatten();
        let places = runs.flat_map(|it| std::fs::read_dir(it.path()).into_iter().flatten());
        places.flatten().filter(|it| it.path().is_dir()).count()
    }
}

fn link_to(packed: &Packed, actor: &ActorId, port: u16) -> LinkDefinition {
    LinkDefinition {
        provider_id: packed.key.clone(),
        contract_id: KEYVALUE.to_owned(),
        ..link(actor, port)
    }
}

fn actor() -> ActorId {
    ActorId::parse(&Seed::generate(KeyKind::Module).public()).unwrap()
}

/// How many processes have this argument.
fn with_argument(argument: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
    lines
        .filter(|it| it.split(|it| *it == 0).any(|it| it == argument.as_bytes()))
        .count()
}

/// A number of seconds that no other process sleeps for.
fn long_time() -> String {
    format!("86{}", uuid::Uuid::new_v4().as_u128() % 1_000_000)
}

#[tokio::test]
async fn a_provider_serves_and_stops_without_a_trace() {
    let bench = Bench::with(|config| {
        config.processes.environment = vec![("RUST_LOG".to_owned(), "debug".to_owned())];
    })
    .await;
    let packed = bench.run("").await;
    assert_eq!(bench.said(&packed, "Ping").await, "pong");
    // Nothing of ours in its surroundings.
    assert_eq!(
        bench.said(&packed, "Environment").await,
        "RUST_LOG WASH_PROVIDER"
    );
    let directory = bench.said(&packed, "Directory").await;
    assert!(directory.starts_with(bench.files.path().to_str().unwrap()));
    assert_eq!(bench.places(), 1);
    bench.event("health_check_passed").await;
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    let provider = &inventory.providers[0];
    assert_eq!(provider.builtin, None);
    assert_eq!(provider.contract_id, KEYVALUE);
    assert_eq!(
        (provider.name.as_deref(), provider.revision),
        (Some("Test"), 2)
    );
    let claims = bench.control.claims().await.unwrap();
    assert!(
        claims
            .iter()
            .any(|it| it["sub"] == packed.key && it["rev"] == "2")
    );

    bench.lp(&packed, "").await;
    let failed = bench.event("provider_start_failed").await;
    assert_eq!(
        failed["error"],
        "Provider with that link name is already running on this host"
    );
    bench.sp(&packed).await;
    assert_eq!(bench.event("provider_stopped").await["reason"], "stop");
    assert!(bench.tell(&packed, "Ping").await.is_err());
    assert_eq!(bench.places(), 0);
    timeout(bench.host.shutdown(Duration::from_secs(5))).await;
    let left = std::fs::read_dir(bench.files.path().join("running")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn links_are_there_from_the_start_change_move_and_go() {
    let bench = Bench::new().await;
    let (one, two, three) = (free_port().await, free_port().await, free_port().await);
    let packed = bench.pack(Content::default());
    let (first, second) = (actor(), actor());
    let put = async |link: LinkDefinition| {
        assert!(bench.control.put_link(&link).await.unwrap().accepted);
    };
    put(link_to(&packed, &first, one)).await;
    bench.lp(&packed, "").await;
    bench.event("provider_started").await;
    bench.serves(one, "process").await;
    put(link_to(&packed, &first, two)).await;
    bench.serves(two, "process").await;
    bench.closed(one).await;
    // Nobody tells of a link that someone writes by himself; the host does.
    let foreign = State::open(bench.nats.client().await, &LatticeName::default(), None).await;
    let foreign = foreign.unwrap();
    foreign
        .put_link(link_to(&packed, &second, three))
        .await
        .unwrap();
    bench.serves(three, "process").await;
    let key = LinkKey::of(&link_to(&packed, &second, three));
    foreign.delete_link(&key).await.unwrap();
    bench.closed(three).await;
    // What the writer of links told was not told twice, but for puts that may have failed.
    let links = bench.said(&packed, "Links").await;
    let mut told: Vec<&str> = Vec::new();
    for link in links.split(' ') {
        let before = told.iter().rfind(|it| it[1..] == link[1..]);
        if !link.starts_with('+') || before != Some(&link) {
            told.push(link);
        }
    }
    assert_eq!(
        told.join(" "),
        format!("+{first} -{first} +{first} +{second} -{second}")
    );
}

#[tokio::test]
async fn a_link_that_could_not_be_taken_at_once_is_put_again() {
    let bench = Bench::new().await;
    let (packed, port) = (bench.pack(Content::default()), free_port().await);
    let (one, two) = (actor(), actor());
    let put = async |link: LinkDefinition| {
        assert!(bench.control.put_link(&link).await.unwrap().accepted);
    };
    put(link_to(&packed, &one, port)).await;
    bench.lp(&packed, "clumsy").await;
    bench.event("provider_started").await;
    bench.serves(port, "process").await;
    // The same port, while it is not free yet.
    let mut link = link_to(&packed, &one, port);
    link.values.insert("more".to_owned(), "1".to_owned());
    put(link).await;
    let links = async || bench.said(&packed, "Links").await;
    let replaced = format!("+{one} -{one} +{one}");
    eventually("it was replaced", async || {
        links().await.starts_with(&replaced)
    })
    .await;
    bench.serves(port, "process").await;
    // It goes to another actor.
    let deleted = bench
        .control
        .delete_link(one.as_str(), KEYVALUE, "default")
        .await;
    assert!(deleted.unwrap().accepted);
    put(link_to(&packed, &two, port)).await;
    eventually("the other has it", async || {
        links().await.matches(&format!("+{two}")).count() >= 2
    })
    .await;
    bench.serves(port, "process").await;
}

#[tokio::test]
async fn a_link_that_comes_while_a_provider_starts_is_not_lost() {
    let bench = Bench::new().await;
    let (packed, port) = (bench.pack(Content::default()), free_port().await);
    bench.lp(&packed, "slow").await;
    eventually("it is being started", async || bench.places() == 1).await;
    let link = link_to(&packed, &actor(), port);
    assert!(bench.control.put_link(&link).await.unwrap().accepted);
    bench.serves(port, "process").await;
}

#[tokio::test]
async fn one_that_reads_to_the_end_gets_there() {
    let bench = Bench::new().await;
    let packed = bench.run("reads-to-end").await;
    eventually("it answers", async || {
        bench.tell(&packed, "Ping").await.is_ok()
    })
    .await;
    bench.event("health_check_passed").await;
}

#[tokio::test]
async fn what_cannot_be_run_says_why() {
    let bench = Bench::new().await;
    let files = bench.files.path();
    let text = files.join("text");
    std::fs::write(&text, "echo I am no program but a shell would run me").unwrap();
    let orphan = files.join("orphan");
    std::fs::write(&orphan, "#!/nonexistent/interpreter\n").unwrap();
    let other = files.join("other");
    let mut foreign = std::fs::read(build::program()).unwrap();
    foreign[18] = 0xf7;
    std::fs::write(&other, foreign).unwrap();
    for (content, words) in [
        (
            Content {
                program: &text,
                ..Content::default()
            },
            "no program for this machine",
        ),
        (
            Content {
                program: &other,
                ..Content::default()
            },
            "no program for this machine",
        ),
        (
            Content {
                program: &orphan,
                ..Content::default()
            },
            "interpreter",
        ),
        (
            Content {
                target: "sparc-solaris",
                ..Content::default()
            },
            "it has: sparc-solaris",
        ),
        (
            Content {
                expires: Some(1),
                ..Content::default()
            },
            "--lenient-provider-claims",
        ),
    ] {
        let error = bench.refused(&bench.pack(content)).await;
        assert!(error.contains(words), "{error}");
    }
    let packed = bench.pack(Content::default());
    bench.lp(&packed, "exits").await;
    let failed = bench.event("provider_start_failed").await;
    assert_eq!(
        failed["error"],
        "its process ended right after its start (exit status 3); it wrote: I cannot go on"
    );
    for (reference, words) in [
        (
            "file:///nonexistent.par.gz".to_owned(),
            "cannot read /nonexistent.par.gz",
        ),
        (bench.file("no.par", b"nothing"), "no provider archive"),
        ("not a reference".to_owned(), "not a reference"),
    ] {
        let key = String::new();
        let error = bench.refused(&Packed { key, reference }).await;
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(bench.places(), 0);
    assert!(
        bench
            .control
            .inventory(bench.id())
            .await
            .unwrap()
            .providers
            .is_empty()
    );
}

#[tokio::test]
async fn old_claims_are_believed_where_that_is_wanted() {
    let bench = Bench::with(|it| it.processes.trust = crate::claims::Trust::Lenient).await;
    let packed = bench.pack(Content {
        expires: Some(1),
        ..Content::default()
    });
    bench.lp(&packed, "").await;
    bench.event("provider_started").await;
}

#[tokio::test]
async fn one_that_ends_by_itself_is_started_again() {
    let bench = Bench::new().await;
    let (packed, port) = (bench.run("").await, free_port().await);
    let link = link_to(&packed, &actor(), port);
    assert!(bench.control.put_link(&link).await.unwrap().accepted);
    bench.serves(port, "process").await;
    bench.event("health_check_passed").await;
    bench.crash(&packed).await;
    let stopped = bench.event("provider_stopped").await;
    assert_eq!(stopped["reason"], "exit status 4");
    bench
        .unhealthy("its process ended (exit status 4) and starts again in 1s")
        .await;
    bench.event("provider_started").await;
    bench.event("health_check_passed").await;
    assert_eq!(bench.said(&packed, "Ping").await, "pong");
    bench.serves(port, "process").await;
    // Stopped while it waits for its next start.
    bench.crash(&packed).await;
    bench.event("provider_stopped").await;
    bench.sp(&packed).await;
    assert_eq!(bench.event("provider_stopped").await["reason"], "stop");
    assert!(!bench.has_event("provider_started"));
}

#[tokio::test]
async fn a_program_that_was_changed_is_taken_from_its_archive_again() {
    let bench = Bench::new().await;
    let packed = bench.run("").await;
    let hashes = std::fs::read_dir(bench.files.path().join("programs")).unwrap();
    let folder = hashes.flatten().next().unwrap().path();
    std::fs::remove_file(folder.join("provider")).unwrap();
    std::fs::write(folder.join("provider"), "#!/bin/sh\ntouch /tmp/bad\n").unwrap();
    bench.crash(&packed).await;
    bench.event("provider_stopped").await;
    bench.event("provider_started").await;
    assert_eq!(bench.said(&packed, "Ping").await, "pong");
}

#[tokio::test]
async fn one_that_never_answers_is_shown_as_unwell_and_can_be_stopped() {
    let bench = Bench::with(|config| config.rpc_timeout = Duration::from_secs(1)).await;
    for (mode, words) in [
        ("absent", "it does not listen on the lattice"),
        ("deaf stubborn", "no answer for its health within 1s"),
    ] {
        let packed = bench.run(mode).await;
        bench.unhealthy(words).await;
        bench.event("health_check_failed").await;
        bench.sp(&packed).await;
        assert_eq!(bench.event("provider_stopped").await["reason"], "stop");
        assert_eq!(bench.places(), 0);
    }
}

#[tokio::test]
async fn a_flood_of_output_stops_neither_provider_nor_host() {
    let bench = Bench::new().await;
    let packed = bench.run("floods").await;
    for _ in 0..20 {
        assert_eq!(bench.said(&packed, "Ping").await, "pong");
    }
    bench.sp(&packed).await;
    bench.event("provider_stopped").await;
}

#[tokio::test]
async fn what_a_provider_started_ends_with_it() {
    let bench = Bench::new().await;
    let time = long_time();
    let forks = format!("forks {time}");
    let packed = bench.run(&forks).await;
    eventually("both run", async || with_argument(&time) == 2).await;
    // With its own end as well.
    bench.crash(&packed).await;
    bench.event("provider_stopped").await;
    bench.event("provider_started").await;
    eventually("two new ones run", async || with_argument(&time) == 2).await;
    bench.sp(&packed).await;
    bench.event("provider_stopped").await;
    assert_eq!(with_argument(&time), 0);

    let stubborn = long_time();
    bench.run(&format!("stubborn forks {stubborn}")).await;
    eventually("both run", async || with_argument(&stubborn) == 2).await;
    timeout(bench.host.shutdown(Duration::from_secs(5))).await;
    assert_eq!(with_argument(&stubborn), 0);
}

#[tokio::test]
async fn a_peer_may_shut_it_down_if_it_means_this_one() {
    let bench = Bench::new().await;
    let packed = bench.run("").await;
    let subject = format!("wasmbus.rpc.default.{}.default.shutdown", packed.key);
    let ours = json!({"host_id": bench.id()}).to_string();
    let answer = bench.client.request(subject, ours.into()).await.unwrap();
    assert_eq!(answer.payload, "shutting down");
    assert_eq!(bench.event("provider_stopped").await["reason"], "normal");
    assert!(!bench.has_event("provider_started"));
}

/// Another host stops its copy, and the oldest providers all obey.
#[tokio::test]
async fn one_that_obeys_what_was_meant_for_another_is_started_again() {
    let bench = Bench::new().await;
    let packed = bench.run("obedient").await;
    let subject = format!("wasmbus.rpc.default.{}.default.shutdown", packed.key);
    let theirs = json!({"host_id": Seed::generate(KeyKind::Server).public()}).to_string();
    let answer = bench.client.request(subject, theirs.into()).await.unwrap();
    assert_eq!(answer.payload, "shutting down");
    assert_eq!(bench.event("provider_stopped").await["reason"], "normal");
    bench.event("provider_started").await;
    assert_eq!(bench.said(&packed, "Ping").await, "pong");
}

#[tokio::test]
async fn either_kind_takes_the_place_of_the_other() {
    let bench = Bench::new().await;
    let port = free_port().await;
    let hello = bench.start_page("hello").await;
    bench.link(&hello, port).await;
    bench.start_server().await;
    bench.serves(port, "hello").await;
    let packed = bench.pack(Content {
        key: SERVER.to_owned(),
        contract: HTTP,
        ..Content::default()
    });
    let error = bench.refused(&packed).await;
    assert!(error.contains("already running on this host, from wasmcloud.azurecr.io/httpserver"));
    let stop = json!({"provider_ref": SERVER, "link_name": "default", "contract_id": HTTP, "host_id": bench.id()});
    assert_eq!(bench.command("sp", stop.clone()).await, ACCEPTED);
    bench.lp(&packed, "").await;
    bench.event("provider_started").await;
    bench.serves(port, "process").await;
    let inventory = bench.control.inventory(bench.id()).await.unwrap();
    assert_eq!(inventory.providers[0].builtin, None);
    assert_eq!(bench.command("sp", stop).await, ACCEPTED);
    let body = json!({"provider_ref": "builtin:httpserver", "link_name": "default", "host_id": bench.id()});
    bench.command("lp", body).await;
    bench.serves(port, "hello").await;
}
