//! Passphrases of bundles, asked of a person at a terminal: `script` makes the terminal, the test types.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use wash::claims::{KeyKind, Seed};

use crate::env::TestEnv;

/// Far above what a loaded machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a command at a terminal, and types a line each time that it asks. What was on the screen, and the exit code.
fn at_terminal(env: &TestEnv, line: &str, answers: &[(&str, &str)]) -> (String, i32) {
    let wash = env.command(&[]);
    let mut script = Command::new("script");
    let inner = format!("exec '{}' {line}", env!("CARGO_BIN_EXE_wash"));
    script.args(["-q", "-e", "-c", &inner, "/dev/null"]);
    script.env_clear().current_dir(env.home());
    for (name, value) in wash.get_envs() {
        script.env(name, value.unwrap_or_default());
    }
    let mut child = script
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let (send, shown) = mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            let _ = send.send(bytes[..count].to_vec());
        }
    });
    let mut screen = String::new();
    for (prompt, answer) in answers {
        while !screen.contains(prompt) {
            match shown.recv_timeout(PATIENCE) {
                Ok(it) => screen.push_str(&String::from_utf8_lossy(&it)),
                Err(_) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    panic!("no '{prompt}' in: {screen}");
                }
            }
        }
        // What is typed before the echo is off would be seen, and lost.
        crate::up::eventually("the echo is off", || is_silent(child.id()).then_some(()));
        writeln!(keyboard, "{answer}").unwrap();
    }
    let status = crate::up::eventually("the command ends", || child.try_wait().unwrap());
    reading.join().unwrap();
    while let Ok(it) = shown.try_recv() {
        screen.push_str(&String::from_utf8_lossy(&it));
    }
    (screen, status.code().unwrap_or(-1))
}

/// Whether the terminal of the command below this process shows nothing of what is typed.
fn is_silent(script: u32) -> bool {
    let children = format!("/proc/{script}/task/{script}/children");
    let children = std::fs::read_to_string(children).unwrap_or_default();
    let Some(child) = children.split_whitespace().next() else {
        return false;
    };
    let terminal = format!("/proc/{child}/fd/0");
    let modes = Command::new("stty")
        .args(["-a", "-F", &terminal])
        .output()
        .unwrap();
    String::from_utf8_lossy(&modes.stdout).contains(" -echo ")
}

#[test]
fn a_bundle_is_sealed_and_opened_by_what_is_typed() {
    const PASSPHRASE: &str = "open-sesame-4711";
    let mut env = TestEnv::new().with_nats_server();
    let seed = Seed::generate(KeyKind::Cluster).reveal();
    env.set("WASMCLOUD_CLUSTER_SEED", &seed);
    let make =
        "leaf bundle --domain d --js-domain core --remote nats-leaf://127.0.0.1:1 --encrypt -o";
    let (first, again) = ("Passphrase for the bundle:", "The same once more:");
    let typo = [(first, PASSPHRASE), (again, "open-sesame")];
    let (screen, code) = at_terminal(&env, &format!("{make} typo.bundle"), &typo);
    assert_eq!(code, 2, "{screen}");
    assert!(screen.contains("the two passphrases differ"), "{screen}");
    assert!(!env.home().join("typo.bundle").exists());

    let same = [(first, PASSPHRASE), (again, PASSPHRASE)];
    let (made, code) = at_terminal(&env, &format!("{make} second.bundle"), &same);
    assert_eq!(code, 0, "{made}");
    assert!(made.contains("it is encrypted"), "{made}");
    let bundle = std::fs::read_to_string(env.home().join("second.bundle")).unwrap();
    assert!(!bundle.contains(&seed), "{bundle}");

    let up = "up --bundle second.bundle --ephemeral --nats-port 0 --ready-timeout 4s";
    let asked = "Passphrase of the bundle:";
    let (wrong, code) = at_terminal(&env, up, &[(asked, "guess")]);
    assert_eq!(code, 4, "{wrong}");
    assert!(wrong.contains("passphrase"), "{wrong}");
    // Opened: now it is the hub that is not there.
    let (right, code) = at_terminal(&env, up, &[(asked, PASSPHRASE)]);
    assert_eq!(code, 5, "{right}");
    assert!(right.contains("nats-leaf://127.0.0.1:1"), "{right}");
    for screen in [screen, made, wrong, right] {
        assert!(!screen.contains("open-sesame"), "{screen}");
    }
}
