use std::fs;
use std::time::Duration;

use super::*;
use crate::nats::greet;

const LIMIT: Duration = Duration::from_secs(30);

async fn config(dir: &Path) -> Config {
    let wanted = std::env::var_os("WASH_NATS_SERVER").filter(|it| it != "embedded");
    let wanted = wanted.map(PathBuf::from);
    let path = std::env::var_os("PATH");
    Config {
        binary: Binary::find(wanted.as_deref(), path.as_deref())
            .await
            .unwrap(),
        host: "127.0.0.1".to_owned(),
        port: 0,
        dir: dir.to_owned(),
        domain: None,
        remotes: Vec::new(),
        own: None,
        server_name: "wash \"test\" \\ $x".to_owned(),
        ready_timeout: LIMIT,
    }
}

#[tokio::test]
async fn a_server_starts_answers_keeps_its_store_and_stops() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a \"quoted\" dir # $HOME");
    let mut config = config(&dir).await;
    config.domain = Some("core".to_owned());
    let server = Server::start(config.clone()).await.unwrap();
    assert_eq!(server.greeting().server_name, config.server_name);
    assert_eq!(server.greeting().domain.as_deref(), Some("core"));
    assert!(server.process().is_running());
    assert!(dir.join("jetstream").join("jetstream").is_dir());
    let (process, address) = (server.process(), server.address().to_owned());
    server.shutdown(LIMIT).await;
    assert!(!process.is_running());
    assert!(greet(&address, LIMIT).await.is_err());
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |it: &Path| it.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.join("nats.conf")), 0o600);
    assert_eq!(mode(&dir), 0o700);
}

#[tokio::test]
async fn a_death_is_noticed_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(config(dir.path()).await).await.unwrap();
    assert!(server.process().signal(Signal::Kill));
    let death = tokio::time::timeout(LIMIT, server.died()).await.unwrap();
    assert!(death.status.contains('9'), "{death}");
    assert!(!death.log.is_empty());
    server.shutdown(LIMIT).await;
}

#[tokio::test]
async fn dropping_a_server_kills_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(config(dir.path()).await).await.unwrap();
    let process = server.process();
    drop(server);
    assert!(process.gone_within(LIMIT).await);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path()).await;
    config.port = taken.local_addr().unwrap().port();
    match Server::start(config.clone()).await {
        Err(StartError::PortTaken { address }) => {
            assert_eq!(address, format!("127.0.0.1:{}", config.port));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_used_is_told_in_the_servers_words() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("jetstream")).unwrap();
    fs::write(dir.path().join("jetstream").join("jetstream"), "a file").unwrap();
    match Server::start(config(dir.path()).await).await {
        Err(error @ StartError::Ended { .. }) => {
            assert!(error.to_string().contains("JetStream"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}
