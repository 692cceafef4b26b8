//! What is read of the system, and what is refused, on folders that look like groups; the real ones are for
//! `host/tests/processes.rs`, where there are any.

use super::*;

#[test]
fn the_own_group_is_found_among_mounts() {
    let mountinfo = "\
        22 1 0:20 / /proc rw,relatime - proc proc rw\n\
        30 28 0:26 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu\n\
        31 28 0:27 /box /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
    let found = mounted(mountinfo);
    let expected = ("/sys/fs/cgroup/unified".to_owned(), "/box".to_owned());
    assert_eq!(found, Some(expected));
    for none in [
        "",
        "\n",
        "30 28 0:26 / /a rw - cgroup cgroup rw",
        "- cgroup2",
        "a b - cgroup2",
    ] {
        assert_eq!(mounted(none), None, "{none}");
    }
    let own = member_of("9:name=systemd:/x\n0::/user.slice/wash.scope (deleted)\n");
    assert_eq!(own.unwrap(), "/user.slice/wash.scope");
    assert_eq!(member_of("4:memory:/x\n"), None);
}

fn bounds() -> Bounds {
    Bounds {
        memory: Some(1 << 20),
        millicpus: Some(500),
        tasks: Some(9),
        files: None,
    }
}

#[test]
fn what_is_missing_is_named() {
    let base = tempfile::tempdir().unwrap();
    let error = Enclosure::open(base.path(), "a", bounds()).unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
    fs::write(base.path().join(AVAILABLE), "cpuset cpu io pids\n").unwrap();
    let error = Enclosure::open(base.path(), "a", bounds()).unwrap_err();
    assert!(
        error.to_string().contains("no controller for memory"),
        "{error}"
    );
    fs::write(base.path().join(AVAILABLE), "cpu memory pids\n").unwrap();
    fs::create_dir(base.path().join("wash-a")).unwrap();
    let error = Enclosure::open(base.path(), "a", bounds()).unwrap_err();
    assert!(error.to_string().contains("cannot make"), "{error}");
}

#[test]
fn only_groups_of_hosts_are_swept() {
    let base = tempfile::tempdir().unwrap();
    let (ours, other) = (base.path().join("wash-1"), base.path().join("system.slice"));
    for dir in [&ours, &other] {
        fs::create_dir(dir).unwrap();
        sweep(dir);
    }
    assert!(!ours.exists() && other.exists());
    sweep(Path::new(""));
    // Left by a host that had moved there; one that has not, or where somebody is, stays.
    let (left, fresh) = (base.path().join("wash-2"), base.path().join("wash-3"));
    let lived_in = base.path().join("wash-4");
    fs::create_dir_all(left.join(OWN)).unwrap();
    fs::create_dir_all(lived_in.join(OWN).join("member")).unwrap();
    fs::create_dir(&fresh).unwrap();
    fs::create_dir(other.join(OWN)).unwrap();
    sweep_deserted(base.path());
    assert!(!left.exists() && fresh.exists() && lived_in.exists());
    assert!(other.join(OWN).exists());
}

#[test]
fn an_end_is_laid_to_the_limit_that_was_reached() {
    let dir = tempfile::tempdir().unwrap();
    let room = Room {
        dir: dir.path().to_owned(),
        bounds: bounds(),
    };
    assert_eq!(room.reached(), None);
    fs::write(dir.path().join("pids.events"), "max 0\n").unwrap();
    fs::write(
        dir.path().join("memory.events"),
        "low 0\nmax 7\noom 1\noom_kill 0\n",
    )
    .unwrap();
    assert_eq!(room.reached(), None);
    fs::write(dir.path().join("pids.events"), "max 3\n").unwrap();
    let tasks = "it reached its limit of 9 processes and threads";
    assert_eq!(room.reached().unwrap(), tasks);
    fs::write(dir.path().join("memory.events"), "oom 1\noom_kill 1\n").unwrap();
    let memory = "it needed more than its 1 MiB of memory";
    assert_eq!(room.reached().unwrap(), memory);
}

#[test]
fn a_process_is_ours_if_we_started_it() {
    let mut child = std::process::Command::new("/bin/sleep")
        .arg("60")
        .spawn()
        .unwrap();
    assert!(is_ours(&std::process::id().to_string()));
    assert!(is_ours(&child.id().to_string()));
    assert!(!is_ours("1"));
    assert!(!is_ours("not a process"));
    child.kill().unwrap();
    child.wait().unwrap();
}
