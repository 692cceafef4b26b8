//! A client that speaks only when told to.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::soon;

pub(super) struct Raw(TcpStream);

impl Raw {
    pub(super) async fn new(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(super) async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Has no more to say, and goes on listening.
    pub(super) async fn done(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Says it again and again, and reads nothing, until the server closes.
    pub(super) async fn insist(&mut self, bytes: &[u8]) {
        while soon(self.0.write_all(bytes)).await.is_ok() {}
    }

    /// Says all these lines, and reads meanwhile, until `end` is heard.
    pub(super) async fn chant(&mut self, lines: impl Iterator<Item = String>, end: &str) {
        let (mut reader, mut writer) = self.0.split();
        let say = async {
            let mut many = String::new();
            for line in lines {
                many += &line;
                if many.len() > 32 * 1024 {
                    writer.write_all(many.as_bytes()).await.unwrap();
                    many.clear();
                }
            }
            writer.write_all(many.as_bytes()).await.unwrap();
        };
        let hear = async {
            let mut heard = Vec::new();
            while !heard.ends_with(end.as_bytes()) {
                heard.drain(..heard.len().saturating_sub(end.len()));
                assert!(soon(reader.read_buf(&mut heard)).await.unwrap() > 0);
            }
        };
        tokio::join!(say, hear);
    }

    /// All that comes until the server closes.
    pub(super) async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        // A reset is an end, too.
        let _ = soon(self.0.read_to_end(&mut text)).await;
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Reads up to and with a text.
    pub(super) async fn up_to(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !text.ends_with(end.as_bytes()) {
            text.push(soon(self.0.read_u8()).await.unwrap());
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}
