//! `wash par` as a program: the command line of older tools, what it costs, and what is left when the disk is full.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wash::archive::par::Target;
use wash::claims::{KeyKind, Seed, keyfile};

use super::env::TestEnv;

/// An environment with the keys that archives need.
fn place() -> TestEnv {
    let mut env = TestEnv::new();
    let keys = env.home().join("keys");
    for (name, kind) in [
        ("user_account", KeyKind::Account),
        ("kv_service", KeyKind::Service),
    ] {
        keyfile::write(&keys.join(format!("{name}.nk")), &Seed::generate(kind)).unwrap();
    }
    env.write("kv", "#!/bin/sh\nexit 7\n");
    env.set("WASH_KEYS", keys);
    env
}

#[test]
fn the_command_line_of_older_tools_works() {
    let env = place();
    let made = env.run(&[
        "par",
        "create",
        "-a",
        "x86_64-linux",
        "-b",
        "kv",
        "-c",
        "wasmcloud:keyvalue",
        "-v",
        "acme",
        "-n",
        "KV",
        "-r",
        "2",
        "--version",
        "0.2.0",
        "-d",
        "keys",
        "--compress",
        "--disable-keygen",
        "-o",
        "json",
    ]);
    assert_eq!(made.success().json()["file"], "kv.par.gz");
    let insert = [
        "par",
        "insert",
        "kv.par.gz",
        "-a",
        "aarch64-linux",
        "-b",
        "kv",
        "--disable-keygen",
    ];
    let text = env.run(&insert).success().stdout;
    assert!(text.starts_with("inserted kv into kv.par.gz"), "{text}");
    for inspect in [&["par", "inspect"][..], &["claims", "inspect"]] {
        let seen = env
            .run(&[inspect, &["kv.par.gz", "-o", "json"]].concat())
            .success()
            .json();
        assert_eq!(
            seen["targets"],
            serde_json::json!(["aarch64-linux", "x86_64-linux"])
        );
        assert_eq!(
            (&seen["vendor"], &seen["valid"]),
            (&"acme".into(), &true.into())
        );
    }
    let token = env
        .run(&["claims", "inspect", "kv.par.gz", "--jwt-only"])
        .success()
        .stdout;
    assert_eq!(token.trim().split('.').count(), 3);
    let name = env
        .run(&["par", "inspect", "kv.par.gz", "-o", "name"])
        .success()
        .stdout;
    assert!(name.starts_with('V') && name.trim().len() == 56, "{name}");
    let missing = env
        .run(&["par", "extract", "kv.par.gz", "--target", "arm-linux"])
        .failure(3);
    assert!(
        missing.stderr.contains("aarch64-linux, x86_64-linux"),
        "{missing}"
    );
}

/// Stops the command's files at a size, which fails like a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_and_harms_nothing() {
    let env = place();
    let target = Target::current();
    let mut big = File::create(env.home().join("kv")).unwrap();
    big.write_all(&[b'x'; 300_000]).unwrap();
    let create = [
        "par",
        "create",
        "-a",
        target.as_str(),
        "-b",
        "kv",
        "-c",
        "a:b",
        "-v",
        "acme",
        "-r",
        "2",
    ];
    let listed = || {
        let names = fs::read_dir(env.home()).unwrap();
        let mut names: Vec<_> = names.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let limited = |args: &[&str]| {
        let limits = "trap '' XFSZ; ulimit -f 100; exec \"$@\"";
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", limits, "sh", env!("CARGO_BIN_EXE_wash")])
            .args(args);
        command
            .current_dir(env.home())
            .env("HOME", env.home())
            .env("WASH_KEYS", env.home().join("keys"));
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains("error: cannot write"), "{stderr}");
        assert!(stderr.contains("too large"), "{stderr}");
    };
    let before = listed();
    limited(&create);
    assert_eq!(listed(), before);

    env.run(&create).success();
    let archive = fs::read(env.home().join("kv.par")).unwrap();
    env.write("old", "old");
    let before = listed();
    limited(&["par", "extract", "kv.par", "-d", "old"]);
    limited(&[&create[..], &["--version", "2"]].concat());
    assert_eq!(listed(), before);
    assert_eq!(fs::read(env.home().join("old")).unwrap(), b"old");
    assert_eq!(fs::read(env.home().join("kv.par")).unwrap(), archive);
}

/// Far below the size of the program, far above what a debug build needs.
#[cfg(target_os = "linux")]
#[test]
fn archives_are_never_in_memory_as_a_whole() {
    const PROGRAM: u64 = 128 << 20;
    const LIMIT: u64 = 64 << 20;

    let env = place();
    let program: PathBuf = env.home().join("kv");
    File::create(&program).unwrap().set_len(PROGRAM).unwrap();
    let archive = env.home().join("kv.par.gz");
    let (archive, small) = (archive.to_str().unwrap(), env.write("small", "small"));
    let small = small.to_str().unwrap();
    for args in [
        &[
            "create",
            "-b",
            "kv",
            "-a",
            "x86_64-linux",
            "-c",
            "a:b",
            "-v",
            "acme",
            "--compress",
        ][..],
        &["inspect", archive],
        &["insert", archive, "-a", "arm-linux", "-b", small],
        &["extract", archive, "--target", "x86_64-linux", "-d", "out"],
    ] {
        let args = [&["par"], args].concat();
        let mut child = env.command(&args).spawn().unwrap();
        let mut peak = 0;
        let status = loop {
            peak = peak.max(high_water(child.id()).unwrap_or(0));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        assert!(status.success(), "{args:?}");
        assert!((1 << 20..LIMIT).contains(&peak), "{args:?}: {peak} bytes");
    }
    assert_eq!(fs::metadata(env.home().join("out")).unwrap().len(), PROGRAM);
}

/// Bytes of memory that a process has had at most.
#[cfg(target_os = "linux")]
fn high_water(pid: u32) -> Option<u64> {
    let status =
        fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}
