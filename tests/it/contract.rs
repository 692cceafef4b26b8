//! What every command promises: one document on stdout where asked for, words on stderr, and exit codes that
//! mean something.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::env::{Output, TestEnv};

/// Every command that has no commands below it, as words, found through the program's own help.
fn leaves(env: &TestEnv) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![vec![]];
    while let Some(words) = open.pop() {
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.push("--help");
        let help = env.run(&args).success().stdout;
        let below = subcommands(&help);
        if below.is_empty() {
            found.push(words);
            continue;
        }
        for name in below {
            let mut words = words.clone();
            words.push(name);
            open.push(words);
        }
    }
    assert!(found.len() > 5, "{found:?}");
    found
}

/// The names below `Commands:` in a help text.
fn subcommands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// One failed command: a document that says so on stdout, words on stderr, the same code in both.
#[track_caller]
fn check_failure(output: Output, kind: &str, code: i32) -> Value {
    let output = output.failure(code);
    let document = output.json();
    assert_eq!(document["success"], false, "{output}");
    let error = &document["error"];
    assert_eq!(error["kind"], kind, "{output}");
    assert_eq!(error["code"], code, "{output}");
    assert!(error["message"].is_string(), "{output}");
    assert!(
        error["hints"].is_array() && error["causes"].is_array(),
        "{output}"
    );
    assert!(!output.stderr.trim().is_empty(), "{output}");
    document
}

#[test]
fn bad_usage_of_every_command_is_one_document() {
    let env = TestEnv::new();
    for words in leaves(&env) {
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.extend(["--no-such-flag", "-o", "json"]);
        let document = check_failure(env.run(&args), "usage", 2);
        let message = document["error"]["message"].as_str().unwrap();
        assert!(message.contains("--no-such-flag"), "{words:?}: {message}");
    }
}

/// Nobody listens on the port of a service that is long gone.
const NOWHERE: &str = "127.0.0.1:1";
const ACTOR: &str = "MB2ZQB6ROOMAYBO4ZCTFYWN7YIVBWA3MTKZYAQKJMTIHE2ELLRW2E3ZW";
const PROVIDER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";
const HTTP: &str = "wasmcloud:httpserver";

/// What commands that talk to a lattice need besides their names to be complete.
const COMPLETE: &[(&str, &[&str])] = &[
    ("get hosts", &[]),
    ("get inventory", &[]),
    ("get claims", &[]),
    ("get links", &[]),
    ("start actor", &["registry.example/hello:1"]),
    ("start provider", &["builtin:httpserver"]),
    ("stop actor", &[ACTOR]),
    ("stop provider", &[PROVIDER]),
    ("stop host", &["some-host"]),
    ("scale actor", &[ACTOR, "--count", "2"]),
    ("update provider", &[PROVIDER, "builtin:httpserver"]),
    ("update actor", &[ACTOR, "registry.example/hello:2"]),
    ("link put", &[ACTOR, PROVIDER, HTTP, "ADDRESS=127.0.0.1:0"]),
    ("link del", &[ACTOR, HTTP]),
    ("link query", &[]),
    ("apply", &["lattice.json"]),
    ("label", &["zone=a"]),
    ("leaf check", &[]),
    ("nats export", &["streams.jsonl"]),
    ("nats import", &["streams.jsonl"]),
    ("policy serve", &["policy.yaml"]),
    ("config-service serve", &["startup.yaml"]),
    (
        "call",
        &[ACTOR, "Some.Operation", "--cluster-seed", "cluster.nk"],
    ),
];

/// Those that take connection options and do not fail where there is no connection, or in their own way.
const LOCAL: &[&str] = &["ctx new", "ctx show", "doctor"];

/// Every complete command line of those that talk to a lattice, `wash ctl …` included.
fn lattice_commands(env: &TestEnv) -> Vec<Vec<String>> {
    env.write("lattice.json", r#"{"actors":["registry.example/hello:1"]}"#);
    env.write("policy.yaml", "default: deny");
    env.write("startup.yaml", "rules: []");
    let seed = wash::claims::Seed::generate(wash::claims::KeyKind::Cluster);
    env.write("cluster.nk", seed.reveal());
    let talks = |words: &[String]| {
        if LOCAL.contains(&words.join(" ").as_str()) {
            return false;
        }
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.push("--help");
        env.run(&args).success().stdout.contains("--server <")
    };
    let complete = |words: Vec<String>| {
        let name = words.join(" ");
        let name = name.strip_prefix("ctl ").unwrap_or(&name).to_owned();
        let found = COMPLETE.iter().find(|(it, _)| *it == name);
        let (_, args) = found.unwrap_or_else(|| panic!("{name} is missing in COMPLETE"));
        words
            .into_iter()
            .chain(args.iter().map(|it| (*it).to_owned()))
            .collect()
    };
    let commands: Vec<_> = leaves(env)
        .into_iter()
        .filter(|it| talks(it))
        .map(complete)
        .collect();
    assert!(commands.len() >= COMPLETE.len(), "{commands:?}");
    commands
}

#[test]
fn without_nats_every_command_says_so() {
    let env = TestEnv::new();
    for words in lattice_commands(&env) {
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.extend(["--server", NOWHERE, "-o", "json"]);
        let document = check_failure(env.run(&args), "connect", 5);
        let text = document["error"].to_string();
        assert!(text.contains(NOWHERE) && text.contains("wash up"), "{text}");
    }
    let text = env.run(&["get", "hosts", "--server", NOWHERE]).failure(5);
    assert!(text.stdout.is_empty(), "{text}");
    assert!(text.stderr.starts_with("error: "), "{text}");
    assert!(
        text.stderr.contains("\nhint: start one with `wash up`"),
        "{text}"
    );
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_asked() {
    let env = TestEnv::new();
    env.write(".config/wash/contexts/here.json", "{\n \"lattice\": }");
    let seed = wash::claims::Seed::generate(wash::claims::KeyKind::User).reveal();
    let short = &seed[..57];
    for (args, kind, code, said) in [
        (&["--context", "gone"][..], "not_found", 3, "here"),
        (&["--context", "here"], "refused", 8, "here.json:2:"),
        (
            &["--context", "./nowhere.json"],
            "not_found",
            3,
            "nowhere.json",
        ),
        (&["--creds", "nowhere.creds"], "auth", 4, "nowhere.creds"),
        (&["--user", "ann"], "usage", 2, "--password"),
        (&["--ctl-jwt", "eyJh.eyJi.c2ln"], "usage", 2, "--ctl-seed"),
        (&["--ctl-seed", short], "usage", 2, "--ctl-seed"),
        (&["--nkey", short], "usage", 2, "--nkey"),
        (&["--lattice", "a.b"], "usage", 2, "a.b"),
        (&["--timeout", "soon"], "usage", 2, "soon"),
        (&["--server", "nats://"], "usage", 2, "nats://"),
    ] {
        let output = env.run(&[&["get", "hosts", "-o", "json"], args].concat());
        assert!(!format!("{}{}", output.stdout, output.stderr).contains(short));
        let document = check_failure(output, kind, code);
        assert!(document.to_string().contains(said), "{args:?}: {document}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_command_and_is_told() {
    let env = TestEnv::new();
    // A server that takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    for (signal, name, code) in [
        (rustix::process::Signal::INT, "interrupted", 130),
        (rustix::process::Signal::TERM, "terminated", 143),
    ] {
        let args = ["get", "hosts", "-o", "json", "--server", &address];
        let mut child = env.command(&args).spawn().unwrap();
        let accepted = silent.accept().unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, signal).unwrap();
        let mut stdout = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut stdout)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{stdout}");
        let document: Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!(document["error"]["kind"], name);
        drop(accepted);
    }
}

#[test]
fn every_command_has_help_as_text_and_as_a_document() {
    let env = TestEnv::new();
    for words in leaves(&env) {
        let mut args: Vec<&str> = vec!["help"];
        args.extend(words.iter().map(String::as_str));
        let text = env.run(&args).success();
        assert!(text.stdout.contains("Usage: wash"), "{text}");
        assert!(
            !text.stdout.starts_with('\n') && text.stderr.is_empty(),
            "{text}"
        );
        args.extend(["-o", "json"]);
        let document = env.run(&args).success().json();
        assert_eq!(document["help"].as_str(), Some(text.stdout.trim_end()));
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.extend(["--help", "--output=yaml"]);
        let yaml = env.run(&args).success().stdout;
        assert!(yaml.ends_with("success: true\n"), "{yaml}");
    }
}

#[test]
fn without_arguments_there_is_help_and_a_refusal() {
    let env = TestEnv::new();
    let output = env.run(&[]).failure(2);
    assert!(output.stdout.is_empty(), "{output}");
    assert!(output.stderr.contains("Usage: wash"), "{output}");
    check_failure(env.run(&["-o", "json"]), "usage", 2);
}

#[test]
fn a_misspelt_command_is_answered_with_the_right_one() {
    let env = TestEnv::new();
    let output = env.run(&["complettions"]).failure(2);
    assert!(output.stderr.contains("'completions'"), "{output}");
    assert!(output.stdout.is_empty(), "{output}");
    let document = check_failure(env.run(&["complettions", "-o", "json"]), "usage", 2);
    let hints = document["error"]["hints"].to_string();
    assert!(hints.contains("'completions'"), "{hints}");
}

#[test]
fn a_format_that_is_none_is_refused_wherever_it_is_said() {
    let mut env = TestEnv::new();
    for args in [&["--output", "xml", "help"][..], &["help", "-oxml"]] {
        let output = env.run(args).failure(2);
        assert!(output.stderr.contains("xml"), "{output}");
        assert!(output.stdout.is_empty(), "{output}");
    }
    env.set("WASH_OUTPUT", "xml");
    env.run(&["help"]).failure(2);
}

#[test]
fn the_format_may_come_from_the_environment() {
    let mut env = TestEnv::new();
    env.set("WASH_OUTPUT", "json");
    assert_eq!(env.run(&["--version"]).success().json()["name"], "wash");
    check_failure(env.run(&["nonsense"]), "usage", 2);
    let text = env.run(&["--version", "-o", "text"]).success().stdout;
    assert_eq!(text, format!("wash {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn topics_are_documents_too() {
    let env = TestEnv::new();
    for (topic, field) in [
        ("exit-codes", "exit_codes"),
        ("environment", "variables"),
        ("formats", "formats"),
    ] {
        let text = env.run(&["help", topic]).success();
        assert!(text.stdout.lines().count() > 3, "{text}");
        let document = env.run(&["help", topic, "-o", "json"]).success().json();
        assert!(document[field].as_array().unwrap().len() > 3, "{document}");
        assert_eq!(document["success"], true);
    }
    let document = check_failure(env.run(&["help", "nonsense", "-o", "json"]), "usage", 2);
    let hints = document["error"]["hints"].to_string();
    assert!(
        hints.contains("exit-codes") && hints.contains("environment"),
        "{hints}"
    );
}

#[test]
fn what_has_no_names_refuses_to_print_them() {
    let env = TestEnv::new();
    for args in [
        &["help", "-o", "name"][..],
        &["completions", "bash", "-o", "name"],
    ] {
        let output = env.run(args).failure(2);
        assert!(output.stdout.is_empty(), "{output}");
    }
}

#[test]
fn help_needs_no_home_and_leaves_no_trace() {
    let mut env = TestEnv::new();
    let nowhere = env.write("file", "").join("below");
    for name in [
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_CACHE_HOME",
    ] {
        env.set(name, &nowhere);
    }
    for args in [
        &["--help"][..],
        &["--version"],
        &["help", "environment"],
        &["completions", "zsh"],
    ] {
        env.run(args).success();
    }
    assert_eq!(env.home().read_dir().unwrap().count(), 1);
}

#[test]
fn colour_is_for_those_who_want_it() {
    let mut env = TestEnv::new();
    let colored = |env: &TestEnv, args: &[&str]| {
        let output = env.run(args);
        output.stdout.contains('\x1b') || output.stderr.contains('\x1b')
    };
    for args in [&["--help"][..], &["nonsense"], &["help", "exit-codes"]] {
        let with = |flag| [args, &["--color", flag]].concat();
        assert!(!colored(&env, args), "{args:?}");
        assert!(colored(&env, &with("always")), "{args:?}");
    }
    env.set("CLICOLOR_FORCE", "1");
    assert!(colored(&env, &["help", "exit-codes"]));
    assert!(!colored(&env, &["help", "exit-codes", "--color", "never"]));
    assert!(!colored(&env, &["help", "exit-codes", "-o", "json"]));
    env.set("NO_COLOR", "1");
    assert!(!colored(&env, &["help", "exit-codes"]));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let env = TestEnv::new();
    for args in [
        &["completions", "bash"][..],
        &["--help"],
        &["help", "environment"],
        &["completions", "bash", "-o", "json"],
    ] {
        // The pipe is closed before the first byte is written, and again after the first line.
        for lines in [0, 1] {
            let mut child = env.command(args).stdout(Stdio::piped()).spawn().unwrap();
            let mut stdout = BufReader::with_capacity(16, child.stdout.take().unwrap());
            if lines == 1 {
                stdout.read_line(&mut String::new()).unwrap();
            }
            drop(stdout);
            let mut stderr = String::new();
            child
                .stderr
                .take()
                .unwrap()
                .read_to_string(&mut stderr)
                .unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}: {stderr}");
            assert_eq!(stderr, "");
        }
    }
}

#[test]
fn help_is_there_at_once() {
    let env = TestEnv::new();
    let took = |_| {
        let start = Instant::now();
        env.run(&["--help"]).success();
        start.elapsed()
    };
    let best = (0..10).map(took).min().unwrap();
    assert!(best < Duration::from_millis(500), "{best:?}");
}
