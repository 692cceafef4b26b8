//! A provider for tests, well-behaved or bad: what it does stands in its start configuration, as words.
//!
//! Speaks the process contract by hand and needs nothing but the standard library, so that a test builds it in a
//! second. Links with `ADDRESS` open a port that answers HTTP with `process`, and so does whatever an HTTP client is
//! asked for. Not a model for anything.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::{sleep, spawn};
use std::time::Duration;

unsafe extern "C" {
    fn signal(number: i32, handler: usize) -> usize;
}

fn main() {
    let mut line = String::new();
    let mut stdin = std::io::stdin().lock();
    stdin.read_line(&mut line).unwrap();
    let data = String::from_utf8(base64(line.trim())).unwrap();
    // From the command line it comes as a string in JSON.
    let mode = match data.split_once(r#""config_json":"\""#) {
        Some((_, rest)) => rest.split('\\').next().unwrap().to_owned(),
        None => field(&data, "config_json"),
    };
    let has = |word: &str| mode.split(' ').any(|it| it == word);
    if has("reads-to-end") {
        std::io::copy(&mut stdin, &mut std::io::sink()).unwrap();
    }
    if has("exits") {
        eprintln!("I cannot \x1b[31mgo on\x1b[0m");
        exit(3);
    }
    if has("tells") {
        println!("my seed is {}", field(&data, "invocation_seed"));
    }
    if has("floods") {
        spawn(|| {
            loop {
                println!("{}", "flood ".repeat(20));
            }
        });
    }
    if has("forks") {
        let time = mode.split(' ').last().unwrap();
        let quiet = |command: &mut Command| {
            let command = command.stdin(Stdio::null()).stdout(Stdio::null());
            command.stderr(Stdio::null()).spawn().unwrap();
        };
        quiet(Command::new("/bin/sleep").arg(time));
        quiet(Command::new("/usr/bin/setsid").args(["-f", "/bin/sleep", time]));
    }
    if has("stubborn") {
        // SIGTERM is ignored.
        unsafe { signal(15, 1) };
    }
    if has("slow") {
        sleep(Duration::from_millis(1500));
    }
    if has("absent") {
        loop {
            sleep(Duration::from_secs(60));
        }
    }
    let manners = Manners {
        deaf: has("deaf"),
        stubborn: has("stubborn"),
        clumsy: has("clumsy"),
        obedient: has("obedient"),
    };
    Provider::connect(&data, manners).run();
}

#[derive(Clone, Copy)]
struct Manners {
    deaf: bool,
    stubborn: bool,
    /// As httpserver under load: a port stays open for a while after its link went, and a link whose port is
    /// not free is forgotten.
    clumsy: bool,
    /// As on wasmbus-rpc up to 0.10: any shutdown is obeyed, whichever host it means.
    obedient: bool,
}

struct Provider {
    out: TcpStream,
    host: String,
    manners: Manners,
    listeners: HashMap<String, Arc<AtomicBool>>,
    links: Vec<String>,
    /// Where to say that it goes, once all is answered.
    leaving: Vec<String>,
}

impl Provider {
    fn connect(data: &str, manners: Manners) -> Self {
        let url = field(data, "lattice_rpc_url");
        let mut out = TcpStream::connect(url.trim_start_matches("nats://")).unwrap();
        let (lattice, key) = (
            field(data, "lattice_rpc_prefix"),
            field(data, "provider_key"),
        );
        let base = format!("wasmbus.rpc.{lattice}.{key}.{}", field(data, "link_name"));
        let mut provider = Self {
            out: out.try_clone().unwrap(),
            host: field(data, "host_id"),
            manners,
            listeners: HashMap::new(),
            links: Vec::new(),
            leaving: Vec::new(),
        };
        for link in data.split("\"actor_id\":\"").skip(1) {
            let actor = link.split('"').next().unwrap();
            provider.put(actor, &field(link, "ADDRESS"));
        }
        let connect = "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n";
        let subscribe = format!(
            "SUB {base} rpc 1\r\nSUB {base}.linkdefs.put 2\r\nSUB {base}.linkdefs.del 3\r\n\
             SUB {base}.shutdown 5\r\nSUB {base}.health 4\r\n"
        );
        out.write_all(connect.as_bytes()).unwrap();
        out.write_all(subscribe.as_bytes()).unwrap();
        provider
    }

    fn run(mut self) {
        let mut input = BufReader::new(self.out.try_clone().unwrap());
        let mut line = String::new();
        loop {
            line.clear();
            if input.read_line(&mut line).unwrap() == 0 {
                exit(5);
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let (headers, total) = match words.as_slice() {
                ["MSG", .., total] => (0, total.parse::<usize>().unwrap()),
                ["HMSG", .., headers, total] => (headers.parse().unwrap(), total.parse().unwrap()),
                ["PING"] => {
                    self.out.write_all(b"PONG\r\n").unwrap();
                    continue;
                }
                ["PONG"] => {
                    for reply in &self.leaving {
                        let answer = format!("PUB {reply} 13\r\nshutting down\r\n");
                        self.out.write_all(answer.as_bytes()).unwrap();
                    }
                    // What is left unread would reset the connection, and the answers on it be lost.
                    self.out.shutdown(Shutdown::Write).unwrap();
                    let _ = std::io::copy(&mut input, &mut std::io::sink());
                    exit(0);
                }
                _ => continue,
            };
            let fixed = if words[0] == "MSG" { 4 } else { 5 };
            let reply = (words.len() > fixed).then(|| words[3].to_owned());
            let number = words[2].to_owned();
            let mut body = vec![0; total + 2];
            input.read_exact(&mut body).unwrap();
            let body = &body[headers..total];
            self.message(&number, reply, body);
        }
    }

    fn message(&mut self, number: &str, reply: Option<String>, body: &[u8]) {
        let mut answer = |body: &[u8]| {
            let Some(reply) = &reply else { return };
            let mut message = format!("PUB {reply} {}\r\n", body.len()).into_bytes();
            message.extend(body);
            message.extend(b"\r\n");
            self.out.write_all(&message).unwrap();
        };
        match number {
            "1" => {
                let said = match text(body, "operation").as_str() {
                    "Crash" => exit(4),
                    "HttpClient.Request" => {
                        // No header, and a body of seven bytes.
                        let answer = b"\x83\xaastatusCode\xcc\xc8\xa6header\x80\xa4body\xc4\x07process";
                        answer.to_vec()
                    }
                    "Environment" => {
                        let mut names: Vec<_> = std::env::vars().map(|it| it.0).collect();
                        names.sort();
                        names.join(" ").into_bytes()
                    }
                    "Directory" => {
                        let dir = std::env::current_dir().unwrap();
                        dir.display().to_string().into_bytes()
                    }
                    // More than a gigabyte, piece by piece and used.
                    "Hoard" => {
                        let pieces: Vec<_> = (0..80).map(|_| vec![1u8; 16 << 20]).collect();
                        pieces.len().to_string().into_bytes()
                    }
                    "Group" => std::fs::read("/proc/self/cgroup").unwrap(),
                    "Breed" => {
                        let child = || Command::new("/bin/sleep").arg("600").stdin(Stdio::null()).spawn();
                        let children = (0..200).map_while(|_| child().ok()).count();
                        children.to_string().into_bytes()
                    }
                    // Of the time that passes, in percent.
                    "Spin" => {
                        let used = || {
                            let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
                            text.split(' ').next().unwrap().parse::<u64>().unwrap()
                        };
                        let (start, before) = (std::time::Instant::now(), used());
                        while start.elapsed() < Duration::from_secs(2) {}
                        let share = (used() - before) * 100 / start.elapsed().as_nanos() as u64;
                        share.to_string().into_bytes()
                    }
                    "Links" => self.links.join(" ").into_bytes(),
                    _ => b"pong".to_vec(),
                };
                let mut response = vec![0x83];
                string(&mut response, "invocation_id");
                string(&mut response, &text(body, "id"));
                string(&mut response, "msg");
                response.extend([0xc5]);
                response.extend(u16::try_from(said.len()).unwrap().to_be_bytes());
                response.extend(&said);
                string(&mut response, "content_length");
                response.extend([0xcd]);
                response.extend(u16::try_from(said.len()).unwrap().to_be_bytes());
                answer(&response);
            }
            "2" => {
                let actor = text(body, "actor_id");
                self.put(&actor, &text(body, "ADDRESS"));
            }
            "3" => {
                let actor = text(body, "actor_id");
                self.links.push(format!("-{actor}"));
                if let Some(open) = self.listeners.remove(&actor) {
                    open.store(false, Ordering::SeqCst);
                }
            }
            "4" if !self.manners.deaf => answer(b"\x81\xa7healthy\xc3"),
            "5" if !self.manners.deaf && !self.manners.stubborn => {
                let body = String::from_utf8_lossy(body);
                if body.is_empty() || self.manners.obedient || body.contains(&self.host) {
                    // Calls that are on their way here are answered before it goes.
                    self.leaving.extend(reply);
                    self.out.write_all(b"UNSUB 1\r\nPING\r\n").unwrap();
                }
            }
            _ => {}
        }
    }

    /// As real providers: a link of an actor that has one is ignored.
    fn put(&mut self, actor: &str, address: &str) {
        self.links.push(format!("+{actor}"));
        if address.is_empty() || self.listeners.contains_key(actor) {
            return;
        }
        let clumsy = self.manners.clumsy;
        let tries = if clumsy { 1 } else { 200 };
        let address = address.to_owned();
        let bind = move || {
            (0..tries).find_map(|_| {
                TcpListener::bind(&address)
                    .inspect_err(|_| sleep(Duration::from_millis(10)))
                    .ok()
            })
        };
        let bound = if clumsy { bind() } else { None };
        if clumsy && bound.is_none() {
            return;
        }
        let open = Arc::new(AtomicBool::new(true));
        self.listeners.insert(actor.to_owned(), Arc::clone(&open));
        spawn(move || {
            let Some(listener) = bound.or_else(bind) else { return };
            listener.set_nonblocking(true).unwrap();
            while open.load(Ordering::SeqCst) {
                let Ok((mut stream, _)) = listener.accept() else {
                    sleep(Duration::from_millis(2));
                    continue;
                };
                spawn(move || {
                    stream.set_nonblocking(false).unwrap();
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(
                        b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nprocess",
                    );
                });
            }
            if clumsy {
                sleep(Duration::from_millis(150));
            }
        });
    }
}

/// A text field of JSON as compact as ours.
fn field(json: &str, name: &str) -> String {
    let rest = json.split_once(&format!("\"{name}\":\"")).map(|it| it.1);
    let value = rest.and_then(|it| it.split_once('"')).map(|it| it.0);
    value.unwrap_or_default().to_owned()
}

/// The text after a key of msgpack.
fn text(body: &[u8], name: &str) -> String {
    let mut key = Vec::new();
    string(&mut key, name);
    let Some(at) = body.windows(key.len()).position(|it| it == key) else {
        return String::new();
    };
    let rest = &body[at + key.len()..];
    let (start, length) = match rest[0] {
        0xd9 => (2, usize::from(rest[1])),
        head => (1, usize::from(head & 0x1f)),
    };
    String::from_utf8_lossy(&rest[start..start + length]).into_owned()
}

fn string(out: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    if length < 32 {
        out.push(0xa0 | length);
    } else {
        out.extend([0xd9, length]);
    }
    out.extend(text.as_bytes());
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for c in text.bytes().filter(|it| *it != b'=') {
        let digit = DIGITS.iter().position(|it| *it == c).unwrap();
        bits = bits << 6 | u32::try_from(digit).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
