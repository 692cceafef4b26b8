//! `src/ARCHITECTURE.md` promises which folder builds on which, and what stands in one place only.

use std::path::{Path, PathBuf};

/// The folders that code of a folder may name.
const FLOORS: [(&str, &[&str]); 9] = [
    ("claims", &[]),
    ("config", &["claims"]),
    ("archive", &["claims"]),
    ("lattice", &["claims"]),
    ("nats", &["claims"]),
    ("provider", &["lattice", "claims"]),
    ("providers", &["lattice", "claims"]),
    ("host", &["providers", "lattice", "archive", "claims"]),
    (
        "cli",
        &[
            "host",
            "providers",
            "lattice",
            "archive",
            "nats",
            "claims",
            "config",
        ],
    ),
];

/// Source files below `folder` with their text, without their tests.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(dir) = open.pop() {
        for entry in dir.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !matches!(name, "tests" | "testing") {
                    open.push(path);
                }
            } else if name.ends_with(".rs") && !matches!(name, "tests.rs" | "testing.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                found.push((path, code.to_owned()));
            }
        }
    }
    assert!(!found.is_empty(), "nothing in src/{folder}");
    found
}

/// Lines of code, without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn folders_name_only_the_floors_below() {
    let mut wrong = Vec::new();
    for (folder, below) in FLOORS {
        for (path, text) in sources(folder) {
            for line in code(&text) {
                for named in line.split("crate::").skip(1) {
                    let end = named.find(|c: char| !c.is_alphanumeric() && c != '_');
                    let named = &named[..end.unwrap_or(named.len())];
                    let known = FLOORS.iter().any(|(it, _)| *it == named);
                    if known && named != folder && !below.contains(&named) {
                        wrong.push(format!("{}: {}", path.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the map:\n{}", wrong.join("\n"));
}

#[test]
fn what_belongs_to_one_place_stands_nowhere_else() {
    let rules: [(&str, &[&str]); 4] = [
        // The host's configuration file states the default of a setting.
        ("\"wasmbus.", &["lattice/subject.rs", "config/host/file.rs"]),
        ("wasmtime", &["host/"]),
        ("println!", &["cli/"]),
        ("process::exit", &[]),
    ];
    let mut wrong = Vec::new();
    for (folder, _) in FLOORS {
        for (path, text) in sources(folder) {
            let place = path.to_str().unwrap().replace('\\', "/");
            for (needle, homes) in rules {
                let at_home = homes
                    .iter()
                    .any(|home| place.contains(&format!("/src/{home}")));
                if !at_home && code(&text).any(|line| line.contains(needle)) {
                    wrong.push(format!("{place}: {needle}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "out of place:\n{}", wrong.join("\n"));
}

/// Without the feature `host` there is no library that only the host needs; Cargo would say so only after
/// building everything else once more.
#[test]
fn what_providers_build_on_needs_no_library_of_the_host() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest: toml::Table = std::fs::read_to_string(manifest).unwrap().parse().unwrap();
    let optional = manifest["features"]["host-libraries"].as_array().unwrap();
    let optional: Vec<_> = optional
        .iter()
        .map(|it| {
            it.as_str()
                .unwrap()
                .trim_start_matches("dep:")
                .replace('-', "_")
        })
        .collect();
    // Left out with the host.
    let of_host = ["claims/keyfile.rs", "claims/module.rs", "claims/section.rs"];
    let mut wrong = Vec::new();
    for folder in ["claims", "lattice", "provider"] {
        for (path, text) in sources(folder) {
            let place = path.to_str().unwrap().replace('\\', "/");
            if of_host.iter().any(|it| place.ends_with(it)) {
                continue;
            }
            for library in &optional {
                let used = |line: &str| {
                    let mut words =
                        line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
                    words.any(|it| it.starts_with(&format!("{library}::")))
                };
                if code(&text).any(used) {
                    wrong.push(format!("{place}: {library}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not there without the host:\n{}",
        wrong.join("\n")
    );
}
