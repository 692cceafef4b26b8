//! Who is shown credentials, and who is not.

use data_encoding::BASE64;

use super::fake::Reply;
use super::*;

const USER: &str = "ann";
const PASSWORD: &str = "s3cret-word";

fn login() -> Option<(Option<String>, Credential)> {
    Some((None, Credential::password(USER, PASSWORD)))
}

fn basic() -> String {
    format!(
        "Basic {}",
        BASE64.encode(format!("{USER}:{PASSWORD}").as_bytes())
    )
}

/// Answers with a challenge until somebody shows `wanted`.
fn guarded(challenge: String, wanted: String) -> impl Fn(&fake::Seen) -> Option<Reply> {
    move |it| match it.header("authorization") {
        Some(shown) if shown == wanted => None,
        _ => Some(Reply::new(401, "").with("www-authenticate", &challenge)),
    }
}

#[tokio::test]
async fn a_registry_that_asks_for_a_password_gets_it() {
    let fake = Fake::start(b"x", guarded("Basic realm=\"r\"".into(), basic())).await;
    let cache = dir();
    let registries = client_with(cache.path(), &[&fake], |it| it.credential = login());
    assert_eq!(registries.bytes(&fake.reference()).await.unwrap(), "x");
    assert!(registries.login(&fake.host()).await.unwrap());
    // Nothing is shown before it is asked for.
    assert_eq!(fake.seen()[0].header("authorization"), None);

    let stranger = forgetful(&[&fake], |_| {});
    let error = stranger.bytes(&fake.reference()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    let hint = format!("wash reg login {}", fake.host());
    assert!(error.whole().contains(&hint), "{}", error.whole());

    // What is put later opens the door, too.
    stranger.put_credential(&fake.host(), Credential::password(USER, PASSWORD));
    assert_eq!(stranger.bytes(&fake.reference()).await.unwrap(), "x");
    stranger.put_credential(&fake.host(), Credential::password(USER, "wrong-word"));
    let tag = fake.reference().replace(":1", ":2");
    let error = stranger.bytes(&tag).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    let shown = format!("{} {error:?}", error.whole());
    assert!(!shown.contains("word") && !shown.contains(USER), "{shown}");
}

#[tokio::test]
async fn a_token_service_of_the_registry_trades_credentials_for_tokens() {
    let token = Fake::start(b"", |it| {
        Some(match it.header("authorization") {
            Some(shown) if shown == basic() => {
                Reply::new(200, r#"{"token":"t0ken","expires_in":300}"#)
            }
            _ => Reply::new(401, ""),
        })
    })
    .await;
    let challenge = format!(
        "Bearer realm=\"http://{}/token\",service=\"s p\"",
        token.host()
    );
    let fake = Fake::start(b"x", guarded(challenge, "Bearer t0ken".into())).await;
    let cache = dir();
    let registries = client_with(cache.path(), &[&fake, &token], |it| it.credential = login());
    assert_eq!(registries.bytes(&fake.reference()).await.unwrap(), "x");
    let asked = token.seen();
    assert_eq!(asked.len(), 1, "a token serves for all of a pull");
    let path = &asked[0].path;
    assert!(
        path.contains("scope=repository%3Aa%3Apull") && path.contains("service=s+p"),
        "{path}"
    );

    let anonymous = forgetful(&[&fake, &token], |_| {});
    let error = anonymous.bytes(&fake.reference()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
}

#[tokio::test]
async fn a_foreign_token_service_sees_no_credentials() {
    let foreign = Fake::start(b"", |it| {
        Some(match it.header("authorization") {
            None => Reply::new(401, ""),
            Some(_) => Reply::new(200, r#"{"token":"stolen"}"#),
        })
    })
    .await;
    // The same machine by another name is another host.
    let realm = format!("localhost:{}", foreign.port);
    let challenge = format!("Bearer realm=\"http://{realm}/token\"");
    let fake = Fake::start(b"x", guarded(challenge, "Bearer stolen".into())).await;
    let cache = dir();
    let with = |insecure: Vec<String>| {
        client_with(cache.path(), &[&fake], |it| {
            it.credential = login();
            it.insecure.extend(insecure);
        })
    };
    let error = with(vec![]).bytes(&fake.reference()).await.unwrap_err();
    assert!(error.to_string().contains("without TLS"), "{error}");
    assert_eq!(foreign.seen().len(), 0);
    let error = with(vec![realm.clone()])
        .bytes(&fake.reference())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert!(error.to_string().contains(&realm), "{error}");
    assert!(
        foreign
            .seen()
            .iter()
            .all(|it| it.header("authorization").is_none())
    );
    assert_eq!(foreign.seen().len(), 1);
}

#[tokio::test]
async fn redirects_are_followed_without_credentials() {
    let elsewhere = Fake::start(b"", |_| Some(Reply::new(200, "x"))).await;
    let target = format!("http://{}/somewhere?signature=1", elsewhere.host());
    let fake = Fake::start(b"x", move |it| {
        let reply = guarded("Basic".into(), basic())(it);
        reply.or_else(|| {
            let away = Reply::new(307, "").with("location", &target);
            it.path.contains("/blobs/").then_some(away)
        })
    })
    .await;
    let cache = dir();
    let registries = client_with(cache.path(), &[&fake], |it| it.credential = login());
    assert_eq!(registries.bytes(&fake.reference()).await.unwrap(), "x");
    assert_eq!(elsewhere.seen().len(), 1);
    assert_eq!(elsewhere.seen()[0].header("authorization"), None);

    let circle = Fake::start(b"x", |it| {
        Some(Reply::new(302, "").with("location", &it.path))
    })
    .await;
    let error = forgetful(&[&circle], |_| {})
        .bytes(&circle.reference())
        .await;
    assert_eq!(error.unwrap_err().kind, ErrorKind::Protocol);
    assert!(circle.seen().len() < 10);
}

#[tokio::test]
async fn a_401_of_another_host_asks_for_nothing() {
    let thief = Fake::start(b"", |_| {
        Some(Reply::new(401, "").with("www-authenticate", "Basic realm=\"x\""))
    })
    .await;
    let target = format!("http://localhost:{}/", thief.port);
    let fake = Fake::start(b"x", move |_| {
        Some(Reply::new(307, "").with("location", &target))
    })
    .await;
    let registries = forgetful(&[&fake], |it| it.credential = login());
    let error = registries.bytes(&fake.reference()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized);
    assert!(
        thief
            .seen()
            .iter()
            .all(|it| it.header("authorization").is_none())
    );
}

#[tokio::test]
async fn an_upload_elsewhere_takes_no_credentials_along() {
    let elsewhere = Fake::start(b"", |_| Some(Reply::new(201, ""))).await;
    let place = format!("http://{}/upload?state=1", elsewhere.host());
    let fake = Fake::start(b"", move |it| {
        let reply = guarded("Basic".into(), basic())(it);
        reply.or_else(|| match it.method.as_str() {
            "POST" => Some(Reply::new(202, "").with("location", &place)),
            "PUT" => Some(Reply::new(201, "")),
            _ => None,
        })
    })
    .await;
    let cache = dir();
    let file = cache.path().join("x.wasm");
    std::fs::write(&file, content(600_000)).unwrap();
    let package = Package {
        file,
        layer_type: "application/wasm".into(),
        config: Bytes::from_static(b"{}"),
        config_type: "c".into(),
        annotations: BTreeMap::new(),
    };
    let registries = client_with(cache.path(), &[&fake], |it| it.credential = login());
    let pushed = registries
        .push(&fake.reference(), &package, &None)
        .await
        .unwrap();
    assert_eq!((pushed.size, pushed.known), (600_000, false));
    let puts = elsewhere.seen();
    assert_eq!(puts.len(), 2);
    assert!(puts.iter().all(|it| it.header("authorization").is_none()));
    assert!(
        puts.iter()
            .all(|it| it.path.starts_with("/upload?state=1&digest=sha256%3A"))
    );
}
