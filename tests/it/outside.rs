//! The world that dogs-and-cats asks: a proxy behind which every host is ours, with a certificate authority.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const HOSTS: [&str; 5] = [
    "random.dog",
    "place.dog",
    "api.thecatapi.com",
    "cdn2.thecatapi.com",
    "cataas.com",
];

/// A proxy for HTTPS that answers in place of the hosts it is asked to connect to. Its threads end with the test
/// program.
pub(crate) struct Outside {
    address: SocketAddr,
    certificate: String,
    hide: Arc<AtomicBool>,
    named: Arc<AtomicUsize>,
}

impl Outside {
    pub(crate) fn start() -> Self {
        let (certificate, tls) = tls();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hide = Arc::new(AtomicBool::new(false));
        let named = Arc::new(AtomicUsize::new(0));
        let (hidden, counted) = (hide.clone(), named.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, hidden, named) = (tls.clone(), hidden.clone(), counted.clone());
                // A client that leaves in the middle shows in what the test sees.
                std::thread::spawn(move || {
                    let _ = tunnel(stream, tls, &hidden, &named);
                });
            }
        });
        Self {
            address,
            certificate,
            hide,
            named,
        }
    }

    /// For `HTTPS_PROXY`.
    pub(crate) fn proxy(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came from clients that said who they are.
    pub(crate) fn named(&self) -> usize {
        self.named.load(Ordering::SeqCst)
    }

    /// For `SSL_CERT_FILE`.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// From now on the APIs' answers name no picture.
    pub(crate) fn hide_pictures(&self) {
        self.hide.store(true, Ordering::SeqCst);
    }
}

/// The authority in PEM, and the configuration of a server that it vouches for.
fn tls() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(HOSTS.map(str::to_owned)).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (issuer.pem(), Arc::new(config))
}

fn tunnel(
    mut stream: TcpStream,
    tls: Arc<ServerConfig>,
    hidden: &AtomicBool,
    named: &AtomicUsize,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let (request, _) = head(&mut BufReader::new(&stream))?;
    let target = request.strip_prefix("CONNECT ").unwrap_or_default();
    let Some((host, _)) = target.split_once(":443 ") else {
        return stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    };
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let connection = ServerConnection::new(tls).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let (request, agent) = head(&mut stream)?;
        named.fetch_add(usize::from(agent), Ordering::SeqCst);
        let Some(target) = request.split(' ').nth(1) else {
            return Ok(());
        };
        let (status, content_type, body) = answer(host, target, hidden.load(Ordering::SeqCst));
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let out = stream.get_mut();
        out.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        out.flush()?;
    }
}

fn answer(host: &str, target: &str, hidden: bool) -> (u16, &'static str, &'static str) {
    const JSON: &str = "application/json";
    match (host, target, hidden) {
        ("random.dog", "/woof.json?filter=mp4,webm", false) => {
            (200, JSON, r#"{"url": "https://random.dog/1.jpg"}"#)
        }
        ("random.dog", "/woof.json?filter=mp4,webm", true) => (200, JSON, "{}"),
        ("api.thecatapi.com", "/v1/images/search", false) => (
            200,
            JSON,
            r#"[{"url": "https://cdn2.thecatapi.com/images/2.png"}]"#,
        ),
        ("api.thecatapi.com", "/v1/images/search", true) => (200, JSON, "[]"),
        ("random.dog", "/1.jpg", _) => (200, "image/jpeg", "a dog"),
        ("cdn2.thecatapi.com", "/images/2.png", _) => (200, "image/png", "a cat"),
        ("place.dog", "/300/200", _) => (200, "image/webp", "any dog"),
        ("cataas.com", "/cat", _) => (200, "image/gif", "any cat"),
        _ => (404, "text/plain", "no such page"),
    }
}

/// The first line of a request, whose head is read to its end, empty when there is none; and whether the client says
/// who it is.
fn head(stream: &mut impl std::io::BufRead) -> std::io::Result<(String, bool)> {
    let mut agent = false;
    let mut first = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if stream.take(1 << 16).read_line(&mut line)? == 0 || line == "\r\n" {
            return Ok((first, agent));
        }
        agent |= line.to_ascii_lowercase().starts_with("user-agent:");
        if first.is_empty() {
            first.clone_from(&line);
        }
    }
}
