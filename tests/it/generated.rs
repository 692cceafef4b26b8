//! Completions and manual pages in the tree equal what the binary writes.
//!
//! `WASH_REGENERATE=1` rewrites them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::env::TestEnv;

#[test]
fn completions_are_up_to_date() {
    let env = TestEnv::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let args = ["completions", shell, "--dir", "written"];
        env.run(&args).success();
    }
    check("completions", &env.home().join("written"));
}

#[test]
fn manual_pages_are_up_to_date() {
    let env = TestEnv::new();
    env.run(&["man", "written"]).success();
    check("man", &env.home().join("written"));
}

#[test]
fn what_is_printed_is_what_is_written() {
    let env = TestEnv::new();
    env.run(&["completions", "bash", "-d", "."]).success();
    env.run(&["man", "pages"]).success();
    let read = |path| std::fs::read_to_string(env.home().join(path)).unwrap();
    let printed = env.run(&["completions", "bash"]).success().stdout;
    assert_eq!(printed, read("wash.bash"));
    assert_eq!(env.run(&["man"]).success().stdout, read("pages/wash.1"));
    let document = env.run(&["-o", "json", "completions", "bash"]).json();
    assert_eq!(document["script"], printed);
}

#[track_caller]
fn check(folder: &str, written: &Path) {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    if std::env::var_os("WASH_REGENERATE").is_some() {
        let _ = std::fs::remove_dir_all(&kept);
        std::fs::create_dir_all(&kept).unwrap();
        for (name, content) in files(written) {
            std::fs::write(kept.join(name), content).unwrap();
        }
    }
    let (kept, written) = (files(&kept), files(written));
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    let way_out = "run `WASH_REGENERATE=1 cargo test --test it generated`";
    assert_eq!(names(&kept), names(&written), "{folder} differs; {way_out}");
    let stale: Vec<_> = written
        .iter()
        .filter(|(name, content)| kept.get(*name) != Some(*content))
        .map(|(name, _)| name)
        .collect();
    assert!(stale.is_empty(), "{stale:?} in {folder} differ; {way_out}");
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = dir.read_dir() else {
        return BTreeMap::new();
    };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}
