use super::*;

fn config(text: &str) -> (tempfile::TempDir, DockerConfig) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sub/config.json");
    if !text.is_empty() {
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let config = DockerConfig::new(path).with_helpers(dir.path());
    (dir, config)
}

#[tokio::test]
async fn entries_are_found_however_they_are_keyed() {
    let (_dir, config) = config(
        r#"{"auths":{
            "r.io":{"auth":"YW5uOnM6Mw=="},
            "https://index.docker.io/v1/":{"auth":"aHViOng="},
            "http://plain.io/v2/":{"username":"u","password":"p"},
            "id.io":{"auth":"","identitytoken":"tok"},
            "bad.io":{"auth":"!!!"},
            "part.io/me":{"auth":"YW5uOnM6Mw=="},
            "empty.io":{}}}"#,
    );
    let password = |user: &str, it: &str| Some(Credential::password(user, it));
    for (registry, expected) in [
        ("r.io", password("ann", "s:3")),
        ("docker.io", password("hub", "x")),
        ("plain.io", password("u", "p")),
        ("id.io", Some(Credential::Identity("tok".into()))),
        ("empty.io", None),
        ("part.io", None),
        ("r.io:5000", None),
        ("other.io", None),
    ] {
        assert_eq!(config.find(registry).await.unwrap(), expected, "{registry}");
    }
    let error = config.find("bad.io").await.unwrap_err();
    assert!(!error.to_string().contains("!!!"), "{error}");
}

#[tokio::test]
async fn login_and_logout_leave_the_rest_alone() {
    let (_dir, config) = config(r#"{"psFormat":"x","auths":{"a.io":{"auth":"YTpi"}}}"#);
    config.store("r.io", "ann", "s3cret").await.unwrap();
    config.store("docker.io", "hub", "x").await.unwrap();
    let text = std::fs::read_to_string(config.path()).unwrap();
    assert!(
        text.contains("psFormat") && text.contains(HUB_KEY),
        "{text}"
    );
    assert_eq!(
        config.find("r.io").await.unwrap(),
        Some(Credential::password("ann", "s3cret"))
    );
    assert!(config.erase("r.io").await.unwrap());
    assert!(!config.erase("r.io").await.unwrap());
    assert!(config.find("a.io").await.unwrap().is_some());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(config.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn no_file_knows_nobody_and_is_made_by_login() {
    let (_dir, config) = config("");
    assert_eq!(config.find("r.io").await.unwrap(), None);
    assert!(!config.erase("r.io").await.unwrap());
    config.store("r.io", "u", "p").await.unwrap();
    assert!(config.find("r.io").await.unwrap().is_some());
}

#[tokio::test]
async fn a_broken_file_says_so_without_its_content() {
    for text in ["[]", "{\"auths\": s3cret", "s3cret"] {
        let (_dir, config) = config(text);
        let error = config.find("r.io").await.unwrap_err().whole();
        assert!(
            error.contains("config.json") && !error.contains("s3cret"),
            "{error}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn helpers_are_asked_told_and_may_fail() {
    let (dir, config) =
        config(r#"{"credsStore":"all","credHelpers":{"r.io":"one","bad.io":"bad","x.io":"../x"}}"#);
    let helper = |name: &str, script: &str| {
        // Written by a child: a file that this process has open for writing cannot be run by another thread.
        let path = dir.path().join(format!("docker-credential-{name}"));
        let status = std::process::Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod 700 \"$0\"",
            ])
            .arg(path)
            .arg(script)
            .status();
        assert!(status.unwrap().success());
    };
    let log = dir.path().join("log");
    let log = log.display();
    helper(
        "one",
        &format!(
            "echo \"$1\" >>{log}; cat >>{log}; echo '{{\"ServerURL\":\"r.io\",\"Username\":\"ann\",\"Secret\":\"s\"}}'"
        ),
    );
    helper(
        "all",
        "echo 'credentials not found in native keychain'; exit 1",
    );
    helper("bad", "echo s3cret; exit 3");
    assert_eq!(
        config.find("r.io").await.unwrap(),
        Some(Credential::password("ann", "s"))
    );
    assert_eq!(config.find("other.io").await.unwrap(), None);
    let error = config.find("bad.io").await.unwrap_err().whole();
    assert!(
        error.contains("docker-credential-bad") && !error.contains("s3cret"),
        "{error}"
    );
    let stored = config.store("r.io", "bob", "pw").await.unwrap();
    assert_eq!(stored, Stored::Helper("one".into()));
    let told = std::fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(
        told.contains("store\n") && told.contains("\"Secret\":\"pw\""),
        "{told}"
    );
    assert!(config.erase("r.io").await.unwrap());
    // A name with a path in it is no helper.
    assert_eq!(config.find("x.io").await.unwrap(), None);
}
