//! Authentication and TLS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::{ConnectErrorKind, ConnectOptions};
use futures_util::StreamExt as _;
use nkeys::KeyPair;

use super::super::{Auth, Config, Credential, Running, Tls};
use super::raw::Raw;
use super::{config, soon, start, url};

fn guarded(credential: Credential) -> Running {
    let guarded = Config {
        auth: Auth::new(vec![credential]).unwrap(),
        ..config()
    };
    start(guarded)
}

async fn try_with(options: ConnectOptions, server: &Running) -> Result<(), ConnectErrorKind> {
    let client = soon(options.connect(url(server.address()))).await;
    match client {
        Ok(it) => {
            soon(it.flush()).await.unwrap();
            Ok(())
        }
        Err(error) => Err(error.kind()),
    }
}

const REFUSED: Result<(), ConnectErrorKind> = Err(ConnectErrorKind::AuthorizationViolation);

#[tokio::test]
async fn a_token_opens() {
    let server = guarded(Credential::Token("t0ken".into()));
    let token = |it: &str| ConnectOptions::with_token(it.into());
    assert_eq!(try_with(token("t0ken"), &server).await, Ok(()));
    assert_eq!(try_with(token("other"), &server).await, REFUSED);
    assert_eq!(try_with(ConnectOptions::new(), &server).await, REFUSED);
}

#[tokio::test]
async fn a_password_opens() {
    let server = guarded(Credential::User {
        name: "ada".into(),
        password: "pass".into(),
    });
    let user = |name: &str, password: &str| {
        ConnectOptions::with_user_and_password(name.into(), password.into())
    };
    assert_eq!(try_with(user("ada", "pass"), &server).await, Ok(()));
    assert_eq!(try_with(user("ada", "word"), &server).await, REFUSED);
    assert_eq!(try_with(user("bob", "pass"), &server).await, REFUSED);
}

#[tokio::test]
async fn a_key_opens() {
    let key = KeyPair::new_user();
    let server = guarded(Credential::Nkey(key.public_key()));
    let with = |it: &KeyPair| ConnectOptions::with_nkey(it.seed().unwrap());
    assert_eq!(try_with(with(&key), &server).await, Ok(()));
    assert_eq!(try_with(with(&KeyPair::new_user()), &server).await, REFUSED);
}

#[tokio::test]
async fn tls_is_asked_for_and_spoken() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = identity(dir.path(), "server");
    let server = start(Config {
        tls: Some(Tls {
            certificate: certificate.clone(),
            key,
            client_ca: None,
        }),
        ..config()
    });
    let trusting = || ConnectOptions::new().add_root_certificates(certificate.clone());
    let client = trusting().connect(url(server.address())).await.unwrap();
    let mut subscription = client.subscribe("a").await.unwrap();
    for size in [1, 1000, 20_000, 1024 * 1024] {
        client.publish("a", vec![7; size].into()).await.unwrap();
        let message = soon(subscription.next()).await.unwrap();
        assert_eq!(message.payload, vec![7; size]);
    }
    let stranger = ConnectOptions::new().connect(url(server.address()));
    assert!(
        soon(stranger).await.is_err(),
        "an unknown certificate is not trusted"
    );
    let mut plain = Raw::new(server.address()).await;
    plain.say(b"CONNECT {}\r\nPING\r\n").await;
    let said = plain.rest().await;
    assert!(said.contains("\"tls_required\":true"), "{said}");
    assert!(
        said.ends_with("\r\n-ERR 'Secure Connection - TLS Required'\r\n"),
        "{said}"
    );
    soon(server.shutdown(Duration::ZERO)).await;
}

#[tokio::test]
async fn clients_show_a_certificate_where_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = identity(dir.path(), "server");
    let (known, known_key) = identity(dir.path(), "client");
    let (other, other_key) = identity(dir.path(), "other");
    let server = start(Config {
        tls: Some(Tls {
            certificate: certificate.clone(),
            key,
            client_ca: Some(known.clone()),
        }),
        ..config()
    });
    let trusting = || ConnectOptions::new().add_root_certificates(certificate.clone());
    let shown = trusting().add_client_certificate(known, known_key);
    assert_eq!(try_with(shown, &server).await, Ok(()));
    let strange = trusting().add_client_certificate(other, other_key);
    assert!(try_with(strange, &server).await.is_err());
    assert!(try_with(trusting(), &server).await.is_err());
}

/// A certificate for this machine that signs itself, and its key.
fn identity(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (
        dir.join(format!("{name}.pem")),
        dir.join(format!("{name}.key")),
    );
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}
