use super::*;

fn layer(content: &[u8]) -> Layer {
    Layer {
        media_type: String::new(),
        digest: Digest::of(content),
        size: content.len() as u64,
    }
}

fn put(cache: &Cache, content: &[u8]) -> PathBuf {
    let layer = layer(content);
    let partial = cache.dir(PARTIAL).unwrap().join(name(&layer.digest));
    fs::write(&partial, content).unwrap();
    let target = cache.blob(&layer.digest).unwrap();
    cache.commit(&partial, &target).unwrap();
    target
}

fn age(path: &Path, seconds: u64) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds))
        .unwrap();
}

#[test]
fn what_is_read_is_what_was_put() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    fs::write(&path, b"onetwo").unwrap();
    let layers = [layer(b"one"), layer(b"two")];
    assert!(is_intact(&path, &layers).unwrap());
    assert_eq!(read_intact(&path, &layers).unwrap().unwrap(), "onetwo");
    for damaged in [&b"onetwO"[..], b"Onetwo", b"onetw", b"onetwoo", b""] {
        fs::write(&path, damaged).unwrap();
        assert!(!is_intact(&path, &layers).unwrap(), "{damaged:?}");
        assert_eq!(read_intact(&path, &layers).unwrap(), None, "{damaged:?}");
    }
}

#[test]
fn manifests_and_tags_are_checked_when_read() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(Some(dir.path().join("a/b")), 1 << 20);
    let reference = Reference::parse("r.io/a:1", None).unwrap();
    let digest = Digest::of(b"{}");
    assert_eq!(cache.manifest(&digest), None);
    assert_eq!(cache.tag(&reference), None);
    cache.put_manifest(&digest, b"{}");
    cache.put_tag(&reference, &digest);
    assert_eq!(cache.manifest(&digest).unwrap(), "{}");
    assert_eq!(cache.tag(&reference), Some(digest.clone()));
    assert_eq!(
        cache.tag(&Reference::parse("r.io/a:2", None).unwrap()),
        None
    );
    fs::write(cache.dir(MANIFESTS).unwrap().join(name(&digest)), b"{ }").unwrap();
    assert_eq!(cache.manifest(&digest), None);
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(Some(dir.path().to_owned()), 250);
    let old = put(&cache, &[1; 100]);
    age(&old, 100);
    let used = put(&cache, &[2; 100]);
    age(&used, 200);
    assert!(is_intact(&used, &[layer(&[2; 100])]).unwrap());
    let new = put(&cache, &[3; 100]);
    assert!(!old.exists() && used.exists() && new.exists());
    let huge = put(&cache, &[4; 300]);
    assert!(huge.exists() && !new.exists());
    assert_eq!(cache.clear().unwrap(), 300);
    assert!(!huge.exists());
}

#[tokio::test]
async fn one_transfer_at_a_time_and_none_is_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::new(Some(dir.path().to_owned()), 1000);
    let digest = Digest::of(b"x");
    let soon = || Instant::now() + Duration::from_millis(100);
    let turn = cache.turn(&digest, soon()).await.unwrap();
    fs::write(&turn.partial, b"half").unwrap();
    cache.turn(&digest, soon()).await.unwrap_err();
    assert_eq!(cache.clear().unwrap(), 0);
    let partial = turn.partial.clone();
    drop(turn);
    cache.turn(&digest, soon()).await.unwrap();
    assert!(partial.exists());
    assert_eq!(cache.clear().unwrap(), 4);
}

#[test]
fn without_a_directory_it_lasts_as_long_as_its_owner() {
    let cache = Cache::new(None, 1000);
    let path = put(&cache, b"x");
    assert!(path.exists());
    drop(cache.clone());
    assert!(path.exists());
    drop(cache);
    assert!(!path.exists());
}
