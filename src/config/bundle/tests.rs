use super::*;

fn bundle() -> Bundle {
    Bundle {
        lattice: "default".to_owned(),
        domain: Some("extender".to_owned()),
        cluster_seed: "SCSECRET".to_owned(),
        cluster_issuers: vec!["C1".to_owned()],
        leaf: Leaf {
            remotes: vec![vec!["tls://u:hunter2@hub:7422".to_owned()]],
            creds: Some("CREDS".to_owned()),
            ..Leaf::default()
        },
        ..Bundle::default()
    }
}

fn read(text: &str, passphrase: Option<&str>) -> Result<Bundle, BundleError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bundle");
    write_private(&path, text).unwrap();
    Bundle::read(&path, || passphrase.map(Passphrase::new))
}

#[test]
fn what_is_written_is_read() {
    let bundle = bundle();
    assert_eq!(read(&bundle.text(None).unwrap(), None).unwrap(), bundle);
    let sealed = bundle.text(Some(&Passphrase::new("open\n"))).unwrap();
    assert!(
        !sealed.contains("SECRET") && !sealed.contains("hub"),
        "{sealed}"
    );
    assert_eq!(read(&sealed, Some("open")).unwrap(), bundle);
    let shown = format!("{bundle:?}{}", bundle.shown());
    assert!(
        !shown.contains("SECRET") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn a_bundle_that_cannot_be_used_says_why() {
    let plain = bundle().text(None).unwrap();
    let sealed = bundle().text(Some(&Passphrase::new("open"))).unwrap();
    for text in [
        "",
        "{}",
        "[]",
        "hello",
        &plain[..plain.len() / 2],
        &sealed[..sealed.len() - 9],
    ] {
        let error = read(text, Some("open")).unwrap_err();
        assert!(matches!(error, BundleError::NotBundle { .. }), "{error}");
        assert!(!error.to_string().contains("SECRET"));
    }
    let newer = plain.replace("\"wash_bundle\": 1", "\"wash_bundle\": 2");
    let error = read(&newer, None).unwrap_err();
    assert!(
        matches!(error, BundleError::Newer { version: 2, .. }),
        "{error}"
    );
    let error = read(&sealed, None).unwrap_err();
    assert!(matches!(error, BundleError::Encrypted { .. }), "{error}");
    for (text, passphrase) in [
        (sealed.clone(), "close"),
        (sealed.replace("\"passes\": 3", "\"passes\": 2"), "open"),
    ] {
        let error = read(&text, Some(passphrase)).unwrap_err();
        assert!(
            matches!(error, BundleError::WrongPassphrase { .. }),
            "{error}"
        );
    }
    let greedy = sealed.replace("\"memory_kib\": 65536", "\"memory_kib\": 4000000000");
    assert!(matches!(
        read(&greedy, Some("open")),
        Err(BundleError::NotBundle { .. })
    ));
}

#[cfg(unix)]
#[test]
fn secrets_become_files_of_this_user_and_an_open_bundle_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.bundle");
    write_private(&path, &bundle().text(None).unwrap()).unwrap();
    let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    let state = dir.path().join("state");
    let layer = bundle().layer(&path, &state).unwrap();
    let creds = state.join("hub.creds");
    let get = |key| layer.get(key).map(|it| it.value.clone());
    assert_eq!(
        get(Key::LeafCreds),
        Some(creds.to_string_lossy().into_owned())
    );
    assert_eq!((mode(&creds), mode(&state)), (0o600, 0o700));
    assert_eq!(get(Key::LeafTlsCa), None);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = Bundle::read(&path, || None);
    assert!(matches!(open, Err(BundleError::Exposed { .. })));
}
