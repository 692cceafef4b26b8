use std::path::Path;

use super::*;

const NOW: u64 = 1_700_000_000;

fn plan() -> Plan {
    Plan {
        name: "hub".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: 0,
        leaf_port: 0,
        monitor_port: None,
        domain: Some("hub".to_owned()),
        tls: Tls::SelfSigned(vec!["hub.example.com".to_owned()]),
        reached_at: "hub.example.com".to_owned(),
        first_user: "default".to_owned(),
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_hub_is_whole_and_never_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("deep/hub");
    let (hub, aside) = Hub::create(&dir, &plan(), NOW, false).unwrap();
    assert_eq!(aside, None);
    assert_eq!(
        names(&dir),
        [
            "accounts.conf",
            "creds",
            "hub.json",
            "keys",
            "nats.conf",
            "tls"
        ]
    );
    assert_eq!(names(&dir.join("creds")), ["default.creds"]);
    assert_eq!(hub.record().leaf_url, "tls://hub.example.com:0");
    assert_eq!(hub.authority(), Some(dir.join("tls/ca.pem")));
    // The configuration names the place where the hub is now.
    assert!(read(&hub.conf()).contains(dir.join("tls/cert.pem").to_str().unwrap()));

    let before = read(&dir.join("hub.json"));
    let again = Hub::create(&dir, &plan(), NOW, false).unwrap_err();
    assert!(matches!(again, HubError::Exists(_)), "{again}");
    assert_eq!(read(&dir.join("hub.json")), before);

    let (_, aside) = Hub::create(&dir, &plan(), NOW, true).unwrap();
    let aside = aside.unwrap();
    assert_eq!(read(&aside.join("hub.json")), before);
    assert_ne!(read(&dir.join("hub.json")), before);

    // Other people's directories are left alone, whatever is asked.
    let other = home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("nats.conf"), "mine").unwrap();
    for replace in [false, true] {
        let refused = Hub::create(&other, &plan(), NOW, replace).unwrap_err();
        assert!(matches!(refused, HubError::NotEmpty(_)), "{refused}");
    }
    assert_eq!(names(&other), ["nats.conf"]);
}

#[test]
fn what_cannot_work_is_refused_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("hub");
    let gone = home.path().join("gone.pem");
    let own = |names: &str| Tls::SelfSigned(vec![names.to_owned()]);
    let bad = [
        (
            "name",
            Plan {
                name: "a b".to_owned(),
                ..plan()
            },
        ),
        (
            "name",
            Plan {
                first_user: "../up".to_owned(),
                ..plan()
            },
        ),
        (
            "name",
            Plan {
                first_user: "x".repeat(65),
                ..plan()
            },
        ),
        (
            "domain",
            Plan {
                domain: Some("a.b".to_owned()),
                ..plan()
            },
        ),
        (
            "4222",
            Plan {
                port: 4222,
                leaf_port: 4222,
                ..plan()
            },
        ),
        (
            "host:4222",
            Plan {
                host: "host:4222".to_owned(),
                ..plan()
            },
        ),
        (
            "tls://x",
            Plan {
                tls: own("tls://x"),
                ..plan()
            },
        ),
    ];
    for (said, plan) in bad {
        let error = Hub::create(&dir, &plan, NOW, false).unwrap_err();
        assert!(matches!(error, HubError::Bad { .. }), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let mut plan = plan();
    plan.tls = Tls::Files {
        certificate: gone.clone(),
        key: gone,
    };
    let error = Hub::create(&dir, &plan, NOW, false).unwrap_err();
    assert!(error.to_string().contains("gone.pem"), "{error}");
    assert!(names(home.path()).is_empty());
}

#[test]
fn users_come_and_go() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("hub");
    Hub::create(&dir, &plan(), NOW, false).unwrap();
    let mut hub = Hub::edit(&dir).unwrap();
    let creds = hub.add("second", Some(NOW + 60), NOW).unwrap();
    assert!(creds.reveal().contains("BEGIN USER NKEY SEED"));
    let error = hub.add("SECOND", None, NOW).unwrap_err();
    assert!(matches!(error, HubError::UserExists(it) if it == "second"));

    // A file that is there is kept, and nobody is let in.
    let path = home.path().join("third.creds");
    std::fs::write(&path, "mine").unwrap();
    let error = hub.add_to_file("third", None, NOW, &path).unwrap_err();
    assert!(matches!(error, HubError::FileExists(_)), "{error}");
    let nowhere = home.path().join("no/where.creds");
    let error = hub.add_to_file("third", None, NOW, &nowhere).unwrap_err();
    assert!(matches!(error, HubError::Io { .. }), "{error}");
    assert_eq!(read(&path), "mine");
    drop(hub);
    assert_eq!(Hub::open(&dir).unwrap().record().users.len(), 2);

    let mut hub = Hub::edit(&dir).unwrap();
    let accounts = read(&hub.accounts());
    let first = hub.revoke("default", NOW + 1).unwrap();
    assert!(!first.already);
    assert_eq!(first.deleted, Some(hub.creds_file("default")));
    assert_ne!(read(&hub.accounts()), accounts);
    let again = hub.revoke("default", NOW + 9).unwrap();
    assert!(again.already && again.user.revoked == Some(NOW + 1));
    let error = hub.revoke("nobody", NOW).unwrap_err();
    assert!(
        matches!(&error, HubError::UnknownUser { known, .. } if *known == ["second"]),
        "{error}"
    );
    hub.add("default", None, NOW + 2).unwrap();
    let standings: Vec<_> = hub
        .record()
        .users
        .iter()
        .map(|it| it.standing(NOW + 60))
        .collect();
    assert_eq!(
        standings,
        [Standing::Revoked, Standing::Expired, Standing::Valid]
    );
}

#[cfg(unix)]
#[test]
fn everything_is_for_its_owner_alone_and_no_secret_is_where_none_belongs() {
    use std::os::unix::fs::PermissionsExt as _;

    fn walk(dir: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            }
            found.push(path);
        }
    }
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("hub");
    Hub::create(&dir, &plan(), NOW, false).unwrap();
    let mut hub = Hub::edit(&dir).unwrap();
    hub.revoke("default", NOW).unwrap();
    let creds = hub.creds_file("second");
    hub.add_to_file("second", None, NOW, &creds).unwrap();
    let mut found = vec![dir.clone()];
    walk(&dir, &mut found);
    assert!(found.len() > 14, "{found:?}");
    for path in found {
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", path.display());
    }
    for (key, letter) in [("operator", "SO"), ("account", "SA"), ("system", "SA")] {
        let seed = read(&dir.join(format!("keys/{key}.nk")));
        assert!(seed.starts_with(letter));
        for file in ["nats.conf", "accounts.conf", "hub.json"] {
            assert!(!read(&dir.join(file)).contains(&seed), "{key} in {file}");
        }
        assert!(!format!("{hub:?}").contains(&seed));
    }
}

#[test]
fn a_damaged_hub_is_told_and_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("hub");
    assert!(matches!(Hub::edit(&dir), Err(HubError::Missing(_))));
    assert!(names(home.path()).is_empty());
    Hub::create(&dir, &plan(), NOW, false).unwrap();
    // The key of another hub.
    std::fs::remove_file(dir.join("keys/account.nk")).unwrap();
    keyfile::write(
        &dir.join("keys/account.nk"),
        &Seed::generate(KeyKind::Account),
    )
    .unwrap();
    let mut hub = Hub::edit(&dir).unwrap();
    let error = hub.add("second", None, NOW).unwrap_err();
    assert!(matches!(error, HubError::Damaged { .. }), "{error}");
    drop(hub);
    for content in ["", "{}", "\u{0}"] {
        std::fs::write(dir.join("hub.json"), content).unwrap();
        assert!(matches!(Hub::open(&dir), Err(HubError::Damaged { .. })));
        let error = Hub::create(&dir, &plan(), NOW, false).unwrap_err();
        assert!(matches!(error, HubError::Exists(_)), "{error}");
    }
}
