//! A client that does as little as a client can.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// A connection that has greeted.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    info: String,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
}

const GREETING: &[u8] = b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}\r\nPING\r\n";

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::try_open(address).unwrap()
    }

    /// `None` if nobody listens.
    pub(crate) fn try_open(address: SocketAddr) -> Option<Self> {
        let socket = TcpStream::connect(address).ok()?;
        socket.set_nodelay(true).unwrap();
        let mut it = Self {
            socket,
            info: String::new(),
            buffer: vec![0; 256 * 1024],
            at: 0,
            end: 0,
        };
        it.info = it.line();
        it.send(GREETING);
        it.wait_for_pong();
        Some(it)
    }

    pub(crate) fn info(&self) -> &str {
        &self.info
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// Waits until the server has seen all that was sent.
    pub(crate) fn sync(&mut self) {
        self.send(b"PING\r\n");
        self.wait_for_pong();
    }

    /// Reads a message, and returns where it is to be answered.
    pub(crate) fn message(&mut self) -> Option<String> {
        let line = self.line();
        assert!(line.starts_with("MSG "), "{line}");
        let words: Vec<&str> = line.split(' ').collect();
        let size: usize = words[words.len() - 1].parse().unwrap();
        while self.end - self.at < size + 2 {
            self.fill();
        }
        self.at += size + 2;
        (words.len() == 5).then(|| words[3].to_owned())
    }

    /// There is more that has been read already.
    pub(crate) fn has_more(&self) -> bool {
        self.buffer[self.at..self.end].contains(&b'\n')
    }

    /// The socket, of which nothing is read yet.
    pub(crate) fn into_socket(self) -> TcpStream {
        assert_eq!(self.at, self.end);
        self.socket
    }

    fn wait_for_pong(&mut self) {
        loop {
            let line = self.line();
            match line.as_str() {
                "PONG" => return,
                _ => assert!(!line.starts_with("-ERR"), "{line}"),
            }
        }
    }

    fn line(&mut self) -> String {
        loop {
            let unread = &self.buffer[self.at..self.end];
            if let Some(length) = unread.iter().position(|it| *it == b'\n') {
                let line = String::from_utf8_lossy(&unread[..length]);
                let line = line.trim_end().to_owned();
                self.at += length + 1;
                match line.as_str() {
                    "PING" => self.send(b"PONG\r\n"),
                    _ => return line,
                }
            } else {
                self.fill();
            }
        }
    }

    fn fill(&mut self) {
        self.buffer.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        let read = self.socket.read(&mut self.buffer[self.end..]).unwrap();
        assert!(read > 0, "the server closed");
        self.end += read;
    }
}
