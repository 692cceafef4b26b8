//! Programs on disk: by content, private, and whole or not there.

use super::*;

#[test]
fn extraction_is_by_content_private_and_repeatable() {
    let keys = Keys::new();
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("a/providers");
    let (one, two) = (
        packed(keys.token(), &keys, &[(LINUX, b"one")], true),
        packed(keys.token(), &keys, &[(LINUX, b"two")], false),
    );
    // The same provider, revision and name, but other bytes.
    let first = open(&one).unwrap().extract(&target(LINUX), &cache).unwrap();
    let second = open(&two).unwrap().extract(&target(LINUX), &cache).unwrap();
    assert_ne!(first.path(), second.path());
    assert_eq!(fs::read(first.path()).unwrap(), b"one");
    assert_eq!(fs::read(second.path()).unwrap(), b"two");
    assert_eq!(first.hash(), Hash::of(b"one"));
    assert_eq!(files(&cache).len(), 2);

    let written = fs::metadata(first.path()).unwrap().modified().unwrap();
    let again = open(&one).unwrap().extract(&target(LINUX), &cache).unwrap();
    assert_eq!(again, first);
    assert_eq!(
        fs::metadata(first.path()).unwrap().modified().unwrap(),
        written
    );

    fs::write(first.path(), b"evil").unwrap();
    assert!(matches!(first.verify(), Err(ParError::Replaced(path)) if path == first.path()));
    open(&one).unwrap().extract(&target(LINUX), &cache).unwrap();
    first.verify().unwrap();
    assert_eq!(fs::read(first.path()).unwrap(), b"one");
    fs::remove_file(first.path()).unwrap();
    assert!(first.verify().is_err());
    assert_eq!(files(&cache).len(), 1);
}

#[test]
fn what_is_placed_is_looked_at_later() {
    let keys = Keys::new();
    let home = tempfile::tempdir().unwrap();
    let bytes = packed(keys.token(), &keys, &[(LINUX, b"one")], true);
    let place = || open(&bytes).unwrap().place(&target(LINUX), home.path());
    let program = place().unwrap();
    program.verify().unwrap();
    // No smaller, so that only its content tells.
    fs::write(program.path(), b"two").unwrap();
    assert_eq!(place().unwrap(), program);
    assert!(program.verify().is_err());
    let anew = open(&bytes).unwrap().extract(&target(LINUX), home.path());
    assert_eq!(anew.unwrap(), program);
    program.verify().unwrap();
    #[cfg(unix)]
    {
        // Neither a link nor what others may write is taken.
        fs::remove_file(program.path()).unwrap();
        std::os::unix::fs::symlink("/bin/sh", program.path()).unwrap();
        place().unwrap().verify().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_write_where_programs_are() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let chmod =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let keys = Keys::new();
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("providers");
    let bytes = packed(
        keys.token(),
        &keys,
        &[(LINUX, b"#!/bin/sh\nexit 7\n")],
        true,
    );
    let extract = || open(&bytes).unwrap().extract(&target(LINUX), &cache);
    let program = extract().unwrap();
    let directory = program.path().parent().unwrap();
    assert_eq!(
        (mode(&cache), mode(directory), mode(program.path())),
        (0o700, 0o700, 0o755)
    );
    let status = std::process::Command::new(program.path()).status().unwrap();
    assert_eq!(status.code(), Some(7));

    // The right content that others may change, or that leads elsewhere, is not right.
    chmod(program.path(), 0o777);
    assert!(program.verify().is_err());
    extract().unwrap();
    assert_eq!(mode(program.path()), 0o755);
    let elsewhere = home.path().join("elsewhere");
    fs::rename(program.path(), &elsewhere).unwrap();
    symlink(&elsewhere, program.path()).unwrap();
    assert!(program.verify().is_err());
    extract().unwrap();
    assert!(!fs::symlink_metadata(program.path()).unwrap().is_symlink());

    chmod(&cache, 0o755);
    extract().unwrap();
    assert_eq!(mode(&cache), 0o700);
    chmod(directory, 0o777);
    assert!(matches!(extract(), Err(ParError::UnsafeDirectory { .. })));
}

#[test]
fn many_hosts_extract_the_same_thing_at_once() {
    let keys = Keys::new();
    let content = noise(200_000, 3);
    let bytes = packed(keys.token(), &keys, &[(LINUX, &content)], true);
    let home = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let cache = home.path().join("providers");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut archive = open(&bytes).unwrap();
                    let program = archive.extract(&target(LINUX), &cache).unwrap();
                    program.verify().unwrap();
                });
            }
        });
        assert_eq!(files(&cache).len(), 1);
        fs::remove_dir_all(&cache).unwrap();
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_no_program() {
    let home = tempfile::tempdir().unwrap();
    let hash = Hash::of(b"x");
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    let error = cache::obtain(home.path(), hash, |file| {
        file.write_all(b"half").unwrap();
        Err(ParError::Write(full()))
    });
    let text = error.unwrap_err().to_string();
    let path = home.path().join(hash.lower());
    assert!(
        text.starts_with(&format!("cannot write {}", path.display())),
        "{text}"
    );
    assert!(text.contains(&full().to_string()), "{text}");
    assert!(text.contains("wash drain all"), "{text}");
    assert!(files(home.path()).is_empty());
}

#[test]
fn what_a_crash_left_is_swept_away() {
    let keys = Keys::new();
    let bytes = packed(keys.token(), &keys, &[(LINUX, b"x")], false);
    let cache = tempfile::tempdir().unwrap();
    let extract = || open(&bytes).unwrap().extract(&target(LINUX), cache.path());
    let program = extract().unwrap();
    let (old, young) = (
        program.path().with_file_name(".new-old"),
        program.path().with_file_name(".new-young"),
    );
    let file = fs::File::create(&old).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(100 * 3600);
    file.set_modified(long_ago).unwrap();
    fs::write(&young, "").unwrap();
    extract().unwrap();
    assert!(!old.exists() && young.exists());
}

#[test]
fn a_missing_target_lists_the_ones_there_are() {
    let keys = Keys::new();
    let bytes = packed(keys.token(), &keys, &[(LINUX, b"l"), (MAC, b"m")], false);
    let cache = tempfile::tempdir().unwrap();
    let mut archive = open(&bytes).unwrap();
    let error = archive
        .extract(&target("arm-linux"), cache.path())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "it has no program for arm-linux; it has: aarch64-macos, x86_64-linux"
    );
    assert!(files(cache.path()).is_empty());
    let claimed = keys.jwt(&[(LINUX, b"l"), (MAC, b"m")]);
    let bytes = tar(&[
        (EntryType::Regular, "claims.jwt", &claimed),
        (EntryType::Regular, "x86_64-linux.bin", b"l"),
    ]);
    let mut archive = open(&bytes).unwrap();
    let error = archive.extract(&target(MAC), cache.path()).unwrap_err();
    assert!(matches!(error, ParError::Missing(it) if it == target(MAC)));
    archive.extract(&target(LINUX), cache.path()).unwrap();
    assert!(matches!(
        archive.unpack(cache.path()),
        Err(ParError::Missing(_))
    ));
}
