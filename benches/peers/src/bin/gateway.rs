//! A Discord Gateway that sends a prepared stream as fast as it is read, or at a fixed rate.
//!
//! `gateway FRAMES EVENTS plain|zlib|zstd [RATE]` prints the port that it listens on, and serves one client after
//! another until its standard input ends. FRAMES has a dispatch on each line, in the form of `corpus.py`.
//!
//! The stream is HELLO, READY with one unavailable guild, a wanted message, EVENTS dispatches and another wanted
//! message; the corpus is repeated, sequences count on, and each message has an id of its own. All of it is in memory
//! as WebSocket frames before the first client comes, and is written in pieces of 256 KiB.
//! With RATE events a second every dispatch is written by itself when it is due, with the monotonic clock in the
//! first digits of a message's content; such a stream is not compressed.
//! `GET /sent` tells how many dispatches were sent to the last client.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use antiphon_peers::{STAMP_DIGITS, WANTED, frame, monotonic};
use base64::prelude::*;
use sha1_smol::Sha1;

/// Bytes of a write.
const PIECE: usize = 256 << 10;
/// Time between READY and the stream, in which a client gets ready.
const PAUSE: Duration = Duration::from_millis(300);
const GUILD: &str = "81384788765712384";

/// A dispatch of the corpus, cut where something changes.
struct Template {
    /// `{"t":NAME,"s":`.
    head: String,
    /// The rest of the frame.
    tail: Vec<u8>,
    /// Where the digits of a message's id begin in the tail.
    id: Option<usize>,
    /// Where the stamp begins in the tail.
    stamp: Option<usize>,
}

impl Template {
    fn new(frame: &str) -> Self {
        let sequence = frame.find("\"s\":").expect("a sequence") + 4;
        let digits = frame[sequence..].bytes().take_while(u8::is_ascii_digit).count();
        let tail = &frame[sequence + digits..];
        let is_message = frame.starts_with(r#"{"t":"MESSAGE_CREATE""#);
        let after = |text: &str| tail.find(text).map(|at| at + text.len());
        let content = is_message.then(|| after("\"content\":\"").expect("a content"));
        Self {
            head: frame[..sequence].to_owned(),
            tail: tail.into(),
            // Ids of users are shorter than those of messages.
            id: is_message.then(|| after("\"id\":\"129").expect("an id") - 3),
            stamp: content.map(|at| at + if tail[at..].starts_with(WANTED) { WANTED.len() } else { 0 }),
        }
    }

    /// Writes the frame's text with this sequence, and the id of the message with this number.
    fn write(&self, sequence: u64, number: &mut u64, stamp: u64, into: &mut Vec<u8>) {
        into.clear();
        write!(into, "{}{sequence}", self.head).expect("memory");
        let begin = into.len();
        into.extend_from_slice(&self.tail);
        let mut digits = |at: usize, value: u64| {
            let text = format!("{value:0STAMP_DIGITS$}");
            into[begin + at..begin + at + STAMP_DIGITS].copy_from_slice(text.as_bytes());
        };
        if let Some(at) = self.id {
            digits(at, 1_290_000_000_000_000_000 + *number);
            *number += 1;
        }
        if let Some(at) = self.stamp {
            digits(at, stamp);
        }
    }
}

/// Puts texts into WebSocket frames, compressed or not.
enum Framer {
    Plain,
    Zlib(flate2::write::ZlibEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Framer {
    fn new(compression: &str) -> Self {
        match compression {
            "plain" => Self::Plain,
            "zlib" => Self::Zlib(flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default())),
            "zstd" => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 3).expect("memory")),
            other => panic!("the compression `{other}` is unknown"),
        }
    }

    fn frame(&mut self, text: &[u8], into: &mut Vec<u8>) {
        match self {
            Self::Plain => frame(0x81, text, into),
            Self::Zlib(encoder) => {
                encoder.write_all(text).and_then(|()| encoder.flush()).expect("memory");
                frame(0x82, encoder.get_ref(), into);
                encoder.get_mut().clear();
            }
            Self::Zstd(encoder) => {
                encoder.write_all(text).and_then(|()| encoder.flush()).expect("memory");
                frame(0x82, encoder.get_ref(), into);
                encoder.get_mut().clear();
            }
        }
    }
}

/// All that the server sends.
struct Server {
    port: u16,
    templates: Vec<Template>,
    /// A wanted message.
    wanted: usize,
    events: u64,
    rate: Option<f64>,
    hello: Vec<u8>,
    ready: Vec<u8>,
    /// The dispatches; empty with a rate.
    stream: Vec<u8>,
    sent: AtomicU64,
}

impl Server {
    fn new(port: u16) -> Self {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let [path, events, compression, rate @ ..] = &arguments[..] else {
            panic!("usage: gateway FRAMES EVENTS plain|zlib|zstd [RATE]");
        };
        let text = fs::read_to_string(path).expect("a file of frames");
        let templates: Vec<Template> = text.lines().map(Template::new).collect();
        let is_wanted =
            |template: &Template| template.stamp.is_some_and(|at| template.tail[..at].ends_with(WANTED.as_bytes()));
        let mut framer = Framer::new(compression);
        let (mut hello, mut ready) = (Vec::new(), Vec::new());
        framer.frame(br#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":600000,"_trace":[]}}"#, &mut hello);
        framer.frame(&greeting(port), &mut ready);
        let mut server = Self {
            port,
            wanted: templates.iter().position(is_wanted).expect("a wanted message"),
            templates,
            events: events.parse().expect("a number of events"),
            rate: rate.first().map(|rate| rate.parse().expect("events a second")),
            hello,
            ready,
            stream: Vec::new(),
            sent: AtomicU64::new(0),
        };
        if server.rate.is_none() {
            let mut stream = Vec::new();
            server.each(
                |text| {
                    framer.frame(text, &mut stream);
                    true
                },
                || 0,
            );
            server.stream = stream;
        }
        server
    }

    /// Gives the texts of all dispatches, until one is refused.
    fn each(&self, mut give: impl FnMut(&[u8]) -> bool, stamp: impl Fn() -> u64) {
        let (mut text, mut number) = (Vec::new(), 0);
        for index in 0..self.events + 2 {
            let is_last = index == self.events + 1;
            let template = match index {
                0 => self.wanted,
                _ if is_last => self.wanted,
                index => usize::try_from(index - 1).expect("a 64-bit machine") % self.templates.len(),
            };
            let stamp = if is_last { 9_999_999_999_999_999_999 } else { stamp() };
            // READY was the first.
            self.templates[template].write(index + 2, &mut number, stamp, &mut text);
            if !give(&text) {
                return;
            }
        }
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut writer = stream;
        loop {
            let (mut line, mut key) = (String::new(), None);
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            loop {
                let mut header = String::new();
                reader.read_line(&mut header)?;
                let Some((name, value)) = header.trim_end().split_once(": ") else { break };
                if name.eq_ignore_ascii_case("sec-websocket-key") {
                    key = Some(value.to_owned());
                }
            }
            if let Some(key) = key {
                return self.socket(&key, reader, writer);
            }
            let (status, body) = if path.ends_with("/gateway") || path.ends_with("/gateway/bot") {
                let url = format!("ws://127.0.0.1:{}", self.port);
                let limit = r#"{"total":1000,"remaining":1000,"reset_after":86400000,"max_concurrency":1}"#;
                ("200 OK", format!(r#"{{"url":"{url}","shards":1,"session_start_limit":{limit}}}"#))
            } else if path == "/sent" {
                ("200 OK", self.sent.load(Ordering::Relaxed).to_string())
            } else if path.ends_with("/applications/@me") {
                (
                    "200 OK",
                    format!(
                        r#"{{"id":"80351110224678912","name":"bot","description":"","icon":null,"rpc_origins":[],"bot_public":true,"bot_require_code_grant":false,"owner":{USER},"team":null,"verify_key":"","summary":"","flags":565248}}"#
                    ),
                )
            } else if path.ends_with("/users/@me") {
                ("200 OK", USER.to_owned())
            } else {
                ("404 Not Found", r#"{"message":"404: Not Found","code":0}"#.to_owned())
            };
            write!(
                writer,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
        }
    }

    fn socket(&self, key: &str, mut reader: BufReader<TcpStream>, mut writer: TcpStream) -> io::Result<()> {
        let digest = Sha1::from(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")).digest();
        write!(
            writer,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            BASE64_STANDARD.encode(digest.bytes())
        )?;
        writer.write_all(&self.hello)?;
        while !is_identify(&read_frame(&mut reader)?) {}
        self.sent.store(0, Ordering::Relaxed);
        writer.write_all(&self.ready)?;
        // What the client says from now on is read and forgotten.
        let reading = thread::spawn(move || while read_frame(&mut reader).is_ok() {});
        thread::sleep(PAUSE);
        let written = match self.rate {
            None => self.stream.chunks(PIECE).try_for_each(|piece| writer.write_all(piece)),
            Some(rate) => self.at_a_rate(rate, &mut writer),
        };
        if written.is_ok() {
            self.sent.store(self.events + 2, Ordering::Relaxed);
        }
        let _ = reading.join();
        written
    }

    fn at_a_rate(&self, rate: f64, writer: &mut TcpStream) -> io::Result<()> {
        let (begun, mut sent, mut result, mut framed) = (Instant::now(), 0_u32, Ok(()), Vec::new());
        let give = |text: &[u8]| {
            framed.clear();
            frame(0x81, text, &mut framed);
            result = writer.write_all(&framed);
            sent += 1;
            self.sent.store(sent.into(), Ordering::Relaxed);
            let due = begun + Duration::from_secs_f64(f64::from(sent) / rate);
            if let Some(wait) = due.checked_duration_since(Instant::now()) {
                thread::sleep(wait);
            }
            result.is_ok()
        };
        self.each(give, monotonic);
        result
    }
}

const USER: &str = r#"{"id":"80351110224678912","username":"bot","discriminator":"0","global_name":null,"avatar":null,"bot":true,"mfa_enabled":false,"verified":true,"email":null,"flags":0,"public_flags":0}"#;

fn greeting(port: u16) -> Vec<u8> {
    format!(
        r#"{{"t":"READY","s":1,"op":0,"d":{{"v":10,"user_settings":{{}},"user":{USER},"shard":[0,1],"session_type":"normal","session_id":"30f32c5d54ae86130fc4a215c7474263","resume_gateway_url":"ws://127.0.0.1:{port}","relationships":[],"private_channels":[],"presences":[],"guilds":[{{"unavailable":true,"id":"{GUILD}"}}],"guild_join_requests":[],"geo_ordered_rtc_regions":[],"auth":{{}},"application":{{"id":"80351110224678912","flags":565248}},"_trace":[]}}}}"#
    )
    .into_bytes()
}

/// The payload of a client's frame.
fn read_frame(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    let length = match head[1] & 0x7f {
        126 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length)?;
            u16::from_be_bytes(length).into()
        }
        127 => {
            let mut length = [0; 8];
            reader.read_exact(&mut length)?;
            u64::from_be_bytes(length)
        }
        length => length.into(),
    };
    let mut mask = [0; 4];
    reader.read_exact(&mut mask)?;
    let mut payload = vec![0; usize::try_from(length).expect("a 64-bit machine")];
    reader.read_exact(&mut payload)?;
    if head[0] & 0x0f == 8 {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok(payload)
}

/// Whether a payload's operation is 2.
fn is_identify(payload: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Operation {
        op: u8,
    }
    serde_json::from_slice::<Operation>(payload).is_ok_and(|payload| payload.op == 2)
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let server = Arc::new(Server::new(port));
    println!("{port}");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = Arc::clone(&server);
            thread::spawn(move || server.serve(stream));
        }
    });
    // The runner holds the other end.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
}
