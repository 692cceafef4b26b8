//! Connecting, with servers that let us in and servers that do not.

use data_encoding::BASE64URL_NOPAD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::claims::KeyKind;
use crate::lattice::testing::{Login, NatsServer, Setup};

fn options(urls: &[&str], credentials: Credentials) -> ConnectOptions {
    ConnectOptions {
        urls: urls.iter().map(|&it| it.to_owned()).collect(),
        credentials,
        tls: TlsOptions::default(),
        name: "test".to_owned(),
        timeout: Duration::from_secs(20),
    }
}

/// The server answers what is asked.
async fn check_in(options: &ConnectOptions) {
    match connect(options).await {
        Ok(client) => {
            let answer = client.request("nobody.there", Bytes::new()).await;
            let kind = answer.unwrap_err().kind();
            assert_eq!(kind, async_nats::RequestErrorKind::NoResponders);
        }
        Err(error) => panic!("{:?}: {error}", options.credentials),
    }
}

async fn refused(options: &ConnectOptions) -> ConnectError {
    connect(options).await.err().unwrap()
}

/// A port where nobody listens.
async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

fn with_login(server: &NatsServer, login: &str) -> String {
    server.url().replace("nats://", &format!("nats://{login}@"))
}

#[tokio::test]
async fn failures_are_told_apart_without_secrets() {
    let port = free_port().await;
    let url = format!("nats://me:secret@127.0.0.1:{port}");
    let error = refused(&options(&[&url], Credentials::Anonymous)).await;
    assert!(matches!(&error, ConnectError::Refused(_)), "{error}");
    assert_eq!(
        error.to_string(),
        format!("connection refused by nats://127.0.0.1:{port}")
    );

    let shown = format!(
        "{:?}",
        options(&[&url], Credentials::Token("secret".to_owned()))
    );
    assert!(
        shown.contains("127.0.0.1") && !shown.contains("secret"),
        "{shown}"
    );

    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = mute.local_addr().unwrap().to_string();
    let mut late = options(&[&url], Credentials::Anonymous);
    late.timeout = Duration::from_millis(300);
    assert!(matches!(refused(&late).await, ConnectError::Timeout { .. }));

    let error = refused(&options(&["http://me:secret@h"], Credentials::Anonymous)).await;
    assert_eq!(error.to_string(), "'http://h' is not a NATS address");
    assert!(matches!(
        refused(&options(&[], Credentials::Anonymous)).await,
        ConnectError::BadUrl(_)
    ));
    let error = refused(&options(
        &["nats://no-such-host.invalid"],
        Credentials::Anonymous,
    ))
    .await;
    assert!(matches!(error, ConnectError::Dns(_)), "{error}");
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let server = NatsServer::start_bare().await;
    let dead = format!("127.0.0.1:{}", free_port().await);
    check_in(&options(&[&dead, server.url()], Credentials::Anonymous)).await;
    let list = format!("{dead},{}", server.url());
    check_in(&options(&[&list], Credentials::Anonymous)).await;
}

#[tokio::test]
async fn passwords_and_tokens_open() {
    let server = NatsServer::start_with(Setup::login(Login::User("me", "s3:cret"))).await;
    let user = |password: &str| Credentials::UserPassword {
        user: "me".to_owned(),
        password: password.to_owned(),
    };
    check_in(&options(&[server.url()], user("s3:cret"))).await;
    check_in(&options(
        &[&with_login(&server, "me:s3%3Acret")],
        Credentials::Anonymous,
    ))
    .await;
    for credentials in [user("wrong"), Credentials::Anonymous] {
        let error = refused(&options(&[server.url()], credentials)).await;
        assert!(matches!(&error, ConnectError::Auth(_)), "{error}");
        assert!(!error.to_string().contains("wrong"));
    }

    let server = NatsServer::start_with(Setup::login(Login::Token("t0ken"))).await;
    check_in(&options(
        &[server.url()],
        Credentials::Token("t0ken".to_owned()),
    ))
    .await;
    check_in(&options(
        &[&with_login(&server, "t0ken")],
        Credentials::Anonymous,
    ))
    .await;
}

#[tokio::test]
async fn keys_open() {
    let seed = Seed::generate(KeyKind::User);
    let server = NatsServer::start_with(Setup::login(Login::Key(seed.public()))).await;
    check_in(&options(&[server.url()], Credentials::Nkey(seed))).await;
    let stranger = Credentials::Nkey(Seed::generate(KeyKind::User));
    let error = refused(&options(&[server.url()], stranger)).await;
    assert!(matches!(error, ConnectError::Auth(_)), "{error}");
}

/// A token as NATS accounts use them, `issuer` stating about `subject` what `nats` says.
fn nats_token(issuer: &Seed, subject: &str, nats: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let claims = json!({
        "jti": "J", "iat": 1_700_000_000, "iss": issuer.public(), "name": "n", "sub": subject, "nats": nats,
    });
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = issuer.sign(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

#[tokio::test]
async fn user_tokens_open_also_from_a_file() {
    let [operator, account, user] =
        [KeyKind::Operator, KeyKind::Account, KeyKind::User].map(Seed::generate);
    let operator_jwt = nats_token(
        &operator,
        &operator.public(),
        &json!({"type": "operator", "version": 2}),
    );
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
    });
    let account_jwt = nats_token(
        &operator,
        &account.public(),
        &json!({"limits": limits, "default_permissions": {"pub": {}, "sub": {}}, "type": "account", "version": 2}),
    );
    let jwt = nats_token(
        &account,
        &user.public(),
        &json!({"pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2}),
    );
    let config = format!(
        "operator: {operator_jwt}\nresolver: MEMORY\nresolver_preload: {{ {}: {account_jwt} }}",
        account.public()
    );
    let server = NatsServer::start_real(&config).await;

    let credentials = Credentials::Jwt {
        jwt: jwt.clone(),
        seed: user.clone(),
    };
    check_in(&options(&[server.url()], credentials)).await;

    let dir = TempDir::new().unwrap();
    let path = dir.path().join("user.creds");
    let creds = format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\nIMPORTANT\n\n\
         -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------",
        user.reveal()
    );
    std::fs::write(&path, creds).unwrap();
    check_in(&options(&[server.url()], Credentials::File(path.clone()))).await;

    std::fs::write(&path, format!("BEGIN nothing\n{}", user.reveal())).unwrap();
    let error = refused(&options(&[server.url()], Credentials::File(path))).await;
    assert!(matches!(&error, ConnectError::File { .. }), "{error}");
    assert!(!error.to_string().contains(&user.reveal()));
    let gone = Credentials::File(dir.path().join("gone.creds"));
    let error = refused(&options(&[server.url()], gone)).await;
    assert!(
        error.to_string().ends_with("gone.creds: no such file"),
        "{error}"
    );
}

/// `ca.pem`, and certificate and key of `server` and `client`, in a directory.
fn certificates() -> TempDir {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, pem: String| std::fs::write(dir.path().join(name), pem).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    write("ca.pem", ca.pem());
    for (name, host) in [("server", "127.0.0.1"), ("client", "client")] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        write(
            &format!("{name}.pem"),
            params.signed_by(&key, &ca).unwrap().pem(),
        );
        write(&format!("{name}-key.pem"), key.serialize_pem());
    }
    dir
}

#[tokio::test]
async fn tls_with_and_without_client_certificate() {
    let dir = certificates();
    let file = |name: &str| dir.path().join(name);
    let mut setup = Setup {
        tls: Some((file("server.pem"), file("server-key.pem"))),
        ..Setup::default()
    };
    let server = NatsServer::start_with(setup.clone()).await;
    let mut options = options(&[server.url()], Credentials::Anonymous);
    let error = refused(&options).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    options.tls.ca = Some(file("ca.pem"));
    check_in(&options).await;

    setup.client_ca = Some(file("ca.pem"));
    let server = NatsServer::start_with(setup).await;
    options.urls = vec![server.url().replace("nats://", "tls://")];
    let error = refused(&options).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    options.tls.certificate = Some((file("client.pem"), file("client-key.pem")));
    check_in(&options).await;

    options.tls.certificate = Some((file("client.pem"), file("server-key.pem")));
    assert!(matches!(refused(&options).await, ConnectError::File { .. }));
    options.tls.certificate = None;
    options.tls.ca = Some(file("client-key.pem"));
    let error = refused(&options).await.to_string();
    assert!(
        error.ends_with("client-key.pem: it holds no certificate in PEM form"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_failure() {
    let server = NatsServer::start_bare().await;
    let mut options = options(&[server.url()], Credentials::Anonymous);
    options.tls.first = true;
    let error = refused(&options).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn web_sockets_connect() {
    let server =
        NatsServer::start_real("websocket: { host: 127.0.0.1, port: -1, no_tls: true }").await;
    let log = server.log();
    let at = log.split("websocket clients on ").nth(1).unwrap();
    let url = at.split_whitespace().next().unwrap();
    check_in(&options(&[url], Credentials::Anonymous)).await;
}

/// Serves the first seconds of a connection, and then says nothing more.
async fn greet(listener: &tokio::net::TcpListener) -> tokio::net::TcpStream {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (mut stream, _) = listener.accept().await.unwrap();
    let info = b"INFO {\"server_id\":\"S\",\"version\":\"2.10.0\",\"max_payload\":1048576,\"headers\":true}\r\n";
    stream.write_all(info).await.unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"PING\r\n") {
        stream.read_buf(&mut said).await.unwrap();
    }
    stream.write_all(b"PONG\r\n").await.unwrap();
    stream
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let options = options(&[&url], Credentials::Anonymous);
    let (client, silent) = tokio::join!(connect(&options), greet(&listener));
    let _client = client.unwrap();
    let again = tokio::time::timeout(Duration::from_secs(20), greet(&listener));
    again.await.expect("it connects anew");
    drop(silent);
}
