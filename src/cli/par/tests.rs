//! The commands on files in a home of their own.

use std::fs;
use std::path::PathBuf;

use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::archive::par::{Hash, Target};
use crate::claims::{KeyKind, Seed, keyfile};
use crate::cli::claims::testing::{Home, page};

const LINUX: &str = "x86_64-linux";
const SCRIPT: &[u8] = b"#!/bin/sh\nexit 7\n";

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: ParCommand,
}

/// A home with keys and a program called `kv`.
struct Place {
    home: Home,
    account: Seed,
    service: Seed,
}

impl Place {
    fn new() -> Self {
        let home = Home::new();
        let keys = home.path().join("config/keys");
        let (account, service) = (
            Seed::generate(KeyKind::Account),
            Seed::generate(KeyKind::Service),
        );
        keyfile::write(&keys.join("tester_account.nk"), &account).unwrap();
        keyfile::write(&keys.join("kv_service.nk"), &service).unwrap();
        fs::write(home.path().join("kv"), SCRIPT).unwrap();
        Self {
            home,
            account,
            service,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn answer(&self, session: &Session, args: &[&str]) -> CommandResult {
        let args = args.iter().map(|it| match it.strip_prefix("~/") {
            Some(name) => self.text(name),
            None => (*it).to_owned(),
        });
        let args: Vec<_> = std::iter::once("par".to_owned()).chain(args).collect();
        Cli::try_parse_from(args).unwrap().command.run(session)
    }

    fn run(&self, args: &[&str]) -> Result<Value, CommandError> {
        let answer = self.answer(&self.home.session(), args)?;
        assert!(!answer.text(&page()).is_empty() && answer.names().len() == 1);
        Ok(answer.fields().into())
    }

    fn create(&self, more: &[&str]) -> Result<Value, CommandError> {
        let args = [
            "create",
            "-b",
            "~/kv",
            "-c",
            "a:b",
            "--vendor",
            "acme",
            "-r",
            "2",
            "--destination",
            "~/kv.par",
        ];
        self.run(&[&args[..], more].concat())
    }

    fn inspect(&self, name: &str) -> Value {
        self.run(&["inspect", name]).unwrap()
    }
}

#[test]
fn every_flag_reaches_the_archive() {
    let place = Place::new();
    fs::write(place.path("schema.json"), r#"{"type":"object"}"#).unwrap();
    let made = place
        .create(&[
            "-n",
            "KeyValue",
            "--version",
            "0.2.0",
            "-a",
            "arm-linux",
            "-j",
            "~/schema.json",
            "--compress",
            "--expires",
            "30",
        ])
        .unwrap();
    assert_eq!(made["file"], json!(place.path("kv.par.gz")));
    assert_eq!(
        (&made["changed"], &made["generated"]),
        (&json!(true), &json!([]))
    );
    let seen = place.inspect("~/kv.par.gz");
    for (key, expected) in [
        ("name", json!("KeyValue")),
        ("issuer", json!(place.account.public())),
        ("service", json!(place.service.public())),
        ("capability_contract_id", json!("a:b")),
        ("vendor", json!("acme")),
        ("version", json!("0.2.0")),
        ("revision", json!(2)),
        ("targets", json!(["arm-linux"])),
        (
            "hashes",
            json!({ "arm-linux": Hash::of(SCRIPT).to_string() }),
        ),
        ("schema", json!({ "type": "object" })),
        ("compressed", json!(true)),
        ("others", json!([])),
        ("valid", json!(true)),
    ] {
        assert_eq!(seen[key], expected, "{key}");
    }
    assert_eq!(seen["libraries"]["arm-linux"]["size"], SCRIPT.len());
    assert!(seen["expires"].is_string() && seen["can_be_used"].is_null());
}

#[test]
fn an_archive_made_twice_stays_as_it_is() {
    let place = Place::new();
    assert_eq!(place.create(&[]).unwrap()["changed"], true);
    let first = fs::read(place.path("kv.par")).unwrap();
    assert_eq!(place.create(&[]).unwrap()["changed"], false);
    for more in [
        &["-n", "other"][..],
        &["-x", "3"],
        &["-x", "3"],
        &["-a", "arm-linux"],
    ] {
        assert_eq!(place.create(more).unwrap()["changed"], true, "{more:?}");
    }
    fs::write(place.path("kv"), "another").unwrap();
    assert_eq!(place.create(&[]).unwrap()["changed"], true);
    assert_ne!(fs::read(place.path("kv.par")).unwrap(), first);
    // What is no archive, or a broken one, is replaced.
    let mut broken = fs::read(place.path("kv.par")).unwrap();
    let at = broken.windows(7).position(|it| it == b"another").unwrap();
    broken[at] ^= 1;
    fs::write(place.path("kv.par"), &broken).unwrap();
    assert_eq!(place.create(&[]).unwrap()["changed"], true);
}

#[test]
fn builds_that_say_when_they_are_repeat_to_the_byte() {
    let place = Place::new();
    let mut session = place.home.session();
    let epoch = |text: &str| {
        [("USER", "tester"), ("SOURCE_DATE_EPOCH", text)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect()
    };
    session.env = epoch("1700000000");
    let make = |session: &Session, to: &str| {
        let args = [
            "create",
            "-b",
            "~/kv",
            "-c",
            "a:b",
            "--vendor",
            "v",
            "--compress",
            "--destination",
            to,
        ];
        place.answer(session, &args)
    };
    make(&session, "~/one.par").unwrap();
    make(&session, "~/two.par").unwrap();
    let (one, two) = (
        fs::read(place.path("one.par.gz")),
        fs::read(place.path("two.par.gz")),
    );
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(
        place.inspect("~/one.par.gz")["issued_at"],
        "2023-11-14T22:13:20Z"
    );
    session.env = epoch("soon");
    assert_eq!(make(&session, "~/x.par").err().unwrap().kind, Kind::Usage);
}

#[test]
fn inserting_keeps_the_provider_and_needs_only_the_account() {
    let place = Place::new();
    let schema = place.text("schema.json");
    fs::write(&schema, "{}").unwrap();
    place.create(&["-j", &schema, "-a", LINUX]).unwrap();
    let before = place.inspect("~/kv.par");
    fs::write(place.path("kv-mac"), "mac").unwrap();
    let insert = |more: &[&str]| {
        let args = [
            "insert",
            "~/kv.par",
            "-a",
            "aarch64-macos",
            "-b",
            "~/kv-mac",
        ];
        place.run(&[&args[..], more].concat())
    };
    let done = insert(&["--disable-keygen"]).unwrap();
    assert_eq!(done["targets"], json!(["aarch64-macos", LINUX]));
    assert_eq!(
        (&done["changed"], &done["service"]),
        (&json!(true), &json!(place.service.public()))
    );
    let after = place.inspect("~/kv.par");
    assert_eq!(after["valid"], true);
    for same in [
        "name",
        "service",
        "issuer",
        "schema",
        "revision",
        "vendor",
        "compressed",
    ] {
        assert_eq!(before[same], after[same], "{same}");
    }
    let bytes = fs::read(place.path("kv.par")).unwrap();
    assert_eq!(insert(&[]).unwrap()["changed"], false);
    assert_eq!(fs::read(place.path("kv.par")).unwrap(), bytes);
    assert_eq!(
        insert(&["-s", &place.service.reveal()]).unwrap()["changed"],
        false
    );
    let other = Seed::generate(KeyKind::Service).public();
    assert_eq!(insert(&["-s", &other]).unwrap_err().kind, Kind::Refused);

    // A newer program takes the place of the old one, and another account may sign.
    fs::write(place.path("kv-mac"), "newer").unwrap();
    let other = Seed::generate(KeyKind::Account);
    let done = insert(&["-i", &other.reveal()]).unwrap();
    assert_eq!(
        (&done["issuer"], &done["changed"]),
        (&json!(other.public()), &json!(true))
    );
    let after = place.inspect("~/kv.par");
    assert_eq!(
        after["hashes"]["aarch64-macos"],
        Hash::of(b"newer").to_string()
    );
    let left: Vec<_> = fs::read_dir(place.home.path())
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .filter(|it| it.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_program_comes_out_as_it_went_in() {
    let place = Place::new();
    place.create(&["-a", Target::current().as_str()]).unwrap();
    let out = place.run(&["extract", "~/kv.par", "-d", "~/out"]).unwrap();
    assert_eq!(out["hash"], Hash::of(SCRIPT).to_string());
    assert_eq!(fs::read(place.path("out")).unwrap(), SCRIPT);
    #[cfg(unix)]
    {
        let status = std::process::Command::new(place.path("out")).status();
        assert_eq!(status.unwrap().code(), Some(7));
    }
    let error = place
        .run(&["extract", "~/kv.par", "--target", "riscv64-linux"])
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(
        error.message.contains(Target::current().as_str()),
        "{error}"
    );

    place
        .create(&["-x", "10", "--nbf", "5", "-a", LINUX])
        .unwrap();
    let args = ["extract", "~/kv.par", "-a", LINUX, "-d", "~/early"];
    assert_eq!(place.run(&args).unwrap_err().kind, Kind::Refused);
    assert!(!place.path("early").exists());
    place.run(&[&args[..], &["--lenient"]].concat()).unwrap();
}

#[test]
fn what_would_be_refused_is_shown_and_a_failure_if_asked() {
    let place = Place::new();
    place.create(&[]).unwrap();
    let mut bytes = fs::read(place.path("kv.par")).unwrap();
    let at = bytes.windows(4).position(|it| it == b"exit").unwrap();
    bytes[at] ^= 1;
    fs::write(place.path("kv.par"), &bytes).unwrap();
    let seen = place.inspect("~/kv.par");
    assert_eq!(seen["valid"], false);
    let reason = seen["reasons"][0].as_str().unwrap();
    assert!(reason.contains("not the one that was signed"), "{reason}");
    let error = place.run(&["inspect", "~/kv.par", "--strict"]).unwrap_err();
    assert_eq!((error.kind, error.causes.len()), (Kind::Refused, 1));
    assert_eq!(error.answer().unwrap().fields()["valid"], false);
    for args in [
        &["extract", "~/kv.par", "-a", LINUX, "-d", "~/evil"][..],
        &["insert", "~/kv.par", "-a", "arm-linux", "-b", "~/kv"],
    ] {
        assert_eq!(place.run(args).unwrap_err().kind, Kind::Refused, "{args:?}");
    }
    assert!(!place.path("evil").exists());
    assert_eq!(fs::read(place.path("kv.par")).unwrap(), bytes);

    fs::write(place.path("kv.par"), &bytes[..700]).unwrap();
    assert_eq!(
        place.run(&["inspect", "~/kv.par"]).unwrap_err().kind,
        Kind::Refused
    );
}

#[test]
fn mistakes_are_told_before_keys_are_made() {
    let home = Home::new();
    let kv = home.path().join("kv");
    fs::write(&kv, "").unwrap();
    fs::write(home.path().join("text"), "text").unwrap();
    let place = Place {
        home,
        account: Seed::generate(KeyKind::Account),
        service: Seed::generate(KeyKind::Service),
    };
    for (args, kind) in [
        (
            &[
                "create", "-b", "~/kv", "-c", "a:b", "--vendor", "v", "--keygen",
            ][..],
            Kind::Refused,
        ),
        (
            &[
                "create", "-b", "~/gone", "-c", "a:b", "--vendor", "v", "--keygen",
            ],
            Kind::NotFound,
        ),
        (
            &[
                "create", "-b", "~/text", "-c", "", "--vendor", "v", "--keygen",
            ],
            Kind::Usage,
        ),
        (
            &[
                "create", "-b", "~/text", "-c", "a", "--vendor", "v", "-j", "~/text", "--keygen",
            ],
            Kind::Refused,
        ),
        (
            &[
                "create", "-b", "~/text", "-c", "a", "--vendor", "v", "-j", "~/gone", "--keygen",
            ],
            Kind::NotFound,
        ),
        (
            &["insert", "~/text", "-b", "~/text", "--keygen"],
            Kind::Refused,
        ),
        (&["inspect", "~/gone.par"], Kind::NotFound),
        (&["inspect", "~/text"], Kind::Refused),
        (&["inspect", "127.0.0.1:1/acme/kv:0.1"], Kind::Connect),
    ] {
        assert_eq!(place.run(args).unwrap_err().kind, kind, "{args:?}");
    }
    assert!(!place.path("config").exists());
    let bad = [
        "par", "create", "-b", "x", "-c", "a", "--vendor", "v", "-a", "../x",
    ];
    assert!(Cli::try_parse_from(bad).is_err());
}
