use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// Answers the n-th connection with the n-th text, and closes it; the last one again and again.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let count = AtomicUsize::new(0);
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                heard
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&head).to_lowercase());
                let at = count.fetch_add(1, Ordering::Relaxed);
                let answer = answers.get(at).or(answers.last()).unwrap();
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { url, asked, task }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n{body}").into_bytes()
}

fn web(change: impl FnOnce(&mut Settings)) -> Web {
    let mut settings = Settings {
        insecure: true,
        ..Settings::default()
    };
    settings.limits.pause = Duration::from_millis(1);
    change(&mut settings);
    Web::new(settings).unwrap()
}

async fn file(web: &Web, server: &Server, wanted: &str) -> (Result<u64, WebError>, String) {
    let target = tempfile::NamedTempFile::new().unwrap();
    let handle = File::from_std(target.reopen().unwrap());
    let url = format!("{}/a", server.url);
    let result = web
        .file(&url, &Digest::of(wanted.as_bytes()), handle, &None)
        .await;
    (result, std::fs::read_to_string(target.path()).unwrap())
}

#[tokio::test]
async fn what_breaks_off_goes_on_where_it_was() {
    let server = Server::start(vec![
        answer("200 OK", "content-length: 10\r\n", "01234"),
        answer(
            "206 Partial Content",
            "content-length: 5\r\ncontent-range: bytes 5-9/10\r\n",
            "56789",
        ),
    ])
    .await;
    let (result, text) = file(&web(|_| {}), &server, "0123456789").await;
    assert_eq!((result, text.as_str()), (Ok(10), "0123456789"));
    let asked = server.asked();
    assert!(!asked[0].contains("range:"), "{asked:?}");
    assert!(asked[1].contains("range: bytes=5-\r\n"), "{asked:?}");
}

#[tokio::test]
async fn a_server_that_knows_no_ranges_sends_it_all_again() {
    let server = Server::start(vec![
        answer("200 OK", "content-length: 10\r\n", "01234"),
        answer("200 OK", "content-length: 10\r\n", "0123456789"),
    ])
    .await;
    let (result, text) = file(&web(|_| {}), &server, "0123456789").await;
    assert_eq!((result, text.as_str()), (Ok(10), "0123456789"));
}

#[tokio::test]
async fn other_content_than_promised_is_refused() {
    let server = Server::start(vec![answer("200 OK", "content-length: 3\r\n", "abc")]).await;
    let (result, _) = file(&web(|_| {}), &server, "abd").await;
    assert_eq!(result.unwrap_err().kind, WebErrorKind::Corrupt);
    // Cut off where nothing tells its length.
    let server = Server::start(vec![answer("200 OK", "", "ab")]).await;
    let (result, _) = file(&web(|_| {}), &server, "abc").await;
    assert_eq!(result.unwrap_err().kind, WebErrorKind::Corrupt);
}

#[tokio::test]
async fn tries_end() {
    let server = Server::start(vec![answer("200 OK", "content-length: 9\r\n", "")]).await;
    let (result, _) = file(&web(|_| {}), &server, "abc").await;
    assert_eq!(result.unwrap_err().kind, WebErrorKind::Unreachable);
    let tries = Limits::default().retries as usize + 1;
    assert_eq!(server.asked().len(), tries);
    let server = Server::start(vec![answer("503 Out", "content-length: 0\r\n", "")]).await;
    let url = format!("{}/a", server.url);
    let error = web(|_| {}).bytes(&url, 10).await.unwrap_err();
    assert_eq!(error.kind, WebErrorKind::Busy);
    assert_eq!(server.asked().len(), tries);
}

#[tokio::test]
async fn sizes_are_bounded() {
    for headers in ["content-length: 11\r\n", ""] {
        let server = Server::start(vec![answer("200 OK", headers, "0123456789a")]).await;
        let web = web(|it| it.limits.size = 10);
        let (result, text) = file(&web, &server, "0123456789a").await;
        assert_eq!(result.unwrap_err().kind, WebErrorKind::TooLarge);
        assert!(text.is_empty());
        let error = web.bytes(&server.url, 10).await.unwrap_err();
        assert_eq!(error.kind, WebErrorKind::TooLarge);
    }
}

#[tokio::test]
async fn redirects_are_followed_without_the_login() {
    let server = Server::start(vec![
        answer("302 Found", "location: /b?sig=x\r\n", ""),
        answer("200 OK", "content-length: 2\r\n", "ok"),
    ])
    .await;
    let url = server.url.replace("http://", "http://ann:hunter2@");
    assert_eq!(web(|_| {}).bytes(&url, 10).await.unwrap(), "ok");
    let asked = server.asked();
    assert!(asked[0].contains("authorization: basic"), "{asked:?}");
    assert!(asked[1].starts_with("get /b?sig=x "), "{asked:?}");
}

#[tokio::test]
async fn redirects_end_and_do_not_leave_tls() {
    let around = Server::start(vec![answer("302 Found", "location: /\r\n", "")]).await;
    let error = web(|_| {}).bytes(&around.url, 10).await.unwrap_err();
    assert_eq!(error.kind, WebErrorKind::Protocol);
    for target in ["ftp://x/", "file:///etc/passwd"] {
        let location = format!("location: {target}\r\n");
        let out = Server::start(vec![answer("302 Found", &location, "")]).await;
        let error = web(|_| {}).bytes(&out.url, 10).await.unwrap_err();
        assert_eq!(error.kind, WebErrorKind::Url);
    }
    let plain = web(|it| it.insecure = false);
    let error = plain.bytes(&around.url, 10).await.unwrap_err();
    assert_eq!(error.kind, WebErrorKind::Url);
}

#[tokio::test]
async fn secrets_in_a_url_stay_out_of_errors() {
    let server = Server::start(vec![answer("404 Not Found", "", "")]).await;
    let url = server.url.replace("http://", "http://ann:hunter2@") + "/a?token=hunter3";
    let error = web(|_| {}).bytes(&url, 10).await.unwrap_err();
    assert_eq!(error.kind, WebErrorKind::NotFound);
    assert!(!error.to_string().contains("hunter"), "{error}");
    let port = server.url.rsplit_once(':').unwrap().1;
    assert!(error.to_string().contains(port), "{error}");
}

#[tokio::test]
async fn silence_ends_with_the_deadline() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let web = web(|it| it.limits.overall = Duration::from_millis(200));
    let error = web.bytes(&url, 10).await.unwrap_err();
    assert_eq!(error.kind, WebErrorKind::Timeout);
}
