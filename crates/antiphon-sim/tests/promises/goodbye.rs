//! Every socket answers a client's close frame (RFC 6455 §5.5.1): raw frames over real sockets, on each platform.

use std::{io::ErrorKind, time::Duration};

use antiphon_net::Stream;
use antiphon_sim::{Options, Query, Simulator, stackexchange::StackExchange};
use http::Uri;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::Instant,
};

use crate::{chat, client::Client, lavalink};

/// Codes that a client may send.
const CODES: [u16; 6] = [1000, 1001, 3000, 3024, 4000, 4200];
/// Codes that must not be in a frame.
const FORBIDDEN: [u16; 7] = [999, 1004, 1005, 1006, 1015, 2000, 5000];

const PLATFORMS: [&str; 4] = ["discord", "lavalink", "queup", "stackexchange"];

/// A client of raw frames.
struct Raw(BufReader<Stream>);

impl Raw {
    /// Opens a socket of a platform, and waits for its first frame.
    async fn of(sim: &Simulator, platform: &str) -> Self {
        let mut headers = Vec::new();
        let address = match platform {
            "discord" => "wss://gateway.discord.gg/?v=10&encoding=json".to_owned(),
            "discord zlib" => {
                "wss://gateway.discord.gg/?v=10&encoding=json&compress=zlib-stream".to_owned()
            }
            "discord zstd" => {
                "wss://gateway.discord.gg/?v=10&encoding=json&compress=zstd-stream".to_owned()
            }
            "lavalink" => {
                let client = lavalink::client::Client::of(sim, "eu-1");
                headers = client.headers();
                format!("{}/v4/websocket", sim.lavalink().node("eu-1").url())
            }
            "queup" => {
                let mut client = Client::logged_in(sim, "antiphon").await;
                let token = client.get("/auth/token").await.data();
                let token = token["token"].as_str().expect("a token");
                format!("wss://ws.queup.net/ws/?access_token={token}&EIO=3&transport=websocket")
            }
            _ => {
                headers.push(("origin", "https://chat.stackexchange.com".to_owned()));
                sim.stackexchange().say(StackExchange::ROOM, "teo", "hello");
                format!("{}?l=0", chat::address(sim).await)
            }
        };
        let address: Uri = address.parse().expect("an address");
        let host = address.host().expect("a host");
        let path = address.path_and_query().expect("a path");
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        );
        for (name, value) in headers {
            request = format!("{request}{name}: {value}\r\n");
        }
        let stream = sim.network().open(&address).await.expect("a connection");
        let mut raw = Self(BufReader::new(stream));
        raw.write(format!("{request}\r\n").as_bytes()).await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(raw.0.read_u8().await.expect("a whole head"));
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        raw.0.fill_buf().await.expect("a first frame");
        raw
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("written");
        self.0.flush().await.expect("written");
    }

    /// Sends a masked close frame; a mask of zeros leaves the payload as it is.
    async fn close(&mut self, payload: &[u8]) {
        let length = u8::try_from(payload.len()).expect("a short payload");
        let frame = [&[0x88, 0x80 | length, 0, 0, 0, 0], payload].concat();
        self.write(&frame).await;
    }

    /// The payload of the next close frame; other frames are skipped.
    async fn goodbye(&mut self) -> Vec<u8> {
        loop {
            let first = self.0.read_u8().await.expect("a close frame");
            let length = match self.0.read_u8().await.expect("a length") {
                126 => u64::from(self.0.read_u16().await.expect("a length")),
                127 => self.0.read_u64().await.expect("a length"),
                length => u64::from(length),
            };
            let mut payload = vec![0; usize::try_from(length).expect("a length")];
            self.0.read_exact(&mut payload).await.expect("a payload");
            if first == 0x88 {
                return payload;
            }
        }
    }

    /// Waits for the end of the connection, after which nothing comes.
    async fn ended(mut self) {
        let mut rest = Vec::new();
        let ended = self.0.read_to_end(&mut rest).await;
        assert_eq!((ended.ok(), rest), (Some(0), Vec::new()));
    }
}

async fn listening() -> Simulator {
    let options = Options::new().seed(7);
    Simulator::listen(&options).await.expect("free ports")
}

#[tokio::test]
async fn a_close_frame_is_answered_with_its_own_code() {
    let sim = listening().await;
    for platform in PLATFORMS {
        for code in CODES {
            let mut raw = Raw::of(&sim, platform).await;
            raw.close(&[&code.to_be_bytes(), &b"bye"[..]].concat())
                .await;
            assert_eq!(raw.goodbye().await, code.to_be_bytes(), "{platform} {code}");
            raw.ended().await;
        }
        let mut raw = Raw::of(&sim, platform).await;
        raw.close(&[]).await;
        assert_eq!(raw.goodbye().await, b"", "{platform}");
        raw.ended().await;
    }
}

#[tokio::test]
async fn a_close_frame_is_answered_on_a_compressed_socket() {
    let sim = listening().await;
    for platform in ["discord zlib", "discord zstd"] {
        for code in CODES {
            let mut raw = Raw::of(&sim, platform).await;
            raw.close(&code.to_be_bytes()).await;
            assert_eq!(raw.goodbye().await, code.to_be_bytes(), "{platform} {code}");
            raw.ended().await;
        }
        let mut raw = Raw::of(&sim, platform).await;
        raw.close(&[]).await;
        assert_eq!(raw.goodbye().await, b"", "{platform}");
        raw.ended().await;
    }
}

/// The faults after which a socket goes on, on the sockets of a platform.
fn disturb(sim: &Simulator, platform: &str) {
    let stall = Duration::from_millis(1);
    match platform {
        "lavalink" => {
            let node = sim.lavalink().node("eu-1");
            node.stall(stall);
            node.duplicate(2);
            node.frame("{not json");
            node.tell_stats();
        }
        "queup" => {
            sim.queup().links().stall(stall);
            sim.queup().links().duplicate(2);
            sim.queup().room("choir-loft").say("mira", "hello");
        }
        "stackexchange" => {
            sim.stackexchange().stall(stall);
            sim.stackexchange().duplicate(2);
            sim.stackexchange().frame("{not json");
            sim.stackexchange().say(StackExchange::ROOM, "teo", "hello");
        }
        _ => {
            sim.discord().stall(stall);
            sim.discord().duplicate(2);
        }
    }
}

#[tokio::test]
async fn a_close_frame_is_answered_after_faults_too() {
    let sim = listening().await;
    for platform in PLATFORMS
        .into_iter()
        .chain(["discord zlib", "discord zstd"])
    {
        for code in [1000_u16, 3000, 4000, 4200] {
            let mut raw = Raw::of(&sim, platform).await;
            disturb(&sim, platform);
            raw.close(&code.to_be_bytes()).await;
            assert_eq!(raw.goodbye().await, code.to_be_bytes(), "{platform} {code}");
            raw.ended().await;
        }
    }
}

#[tokio::test]
async fn what_breaks_the_protocol_is_answered_with_1002_and_what_is_too_long_with_1009() {
    let sim = listening().await;
    for platform in PLATFORMS {
        let forbidden = FORBIDDEN.map(|code| code.to_be_bytes().to_vec());
        for payload in forbidden.into_iter().chain([vec![3]]) {
            let mut raw = Raw::of(&sim, platform).await;
            raw.close(&payload).await;
            let goodbye = raw.goodbye().await;
            assert_eq!(
                goodbye[..2],
                1002_u16.to_be_bytes(),
                "{platform} {payload:?}"
            );
            raw.ended().await;
        }
        // A text frame of two mebibytes, of which only the header comes.
        let mut raw = Raw::of(&sim, platform).await;
        let header = [&[0x81, 0xff][..], &(2_u64 << 20).to_be_bytes(), &[0; 4]].concat();
        raw.write(&header).await;
        let goodbye = raw.goodbye().await;
        assert_eq!(goodbye[..2], 1009_u16.to_be_bytes(), "{platform}");
        raw.ended().await;
    }
}

#[tokio::test]
async fn what_was_written_before_the_goodbye_arrives_before_it() {
    let sim = listening().await;
    let mut raw = Raw::of(&sim, "queup").await;
    // A ping of the protocol and, in the same write, the close frame.
    let ping = [0x81, 0x82, 0, 0, 0, 0, b'2', b'!'];
    let goodbye = [0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa0];
    raw.write(&[&ping[..], &[0x89, 0x80, 0, 0, 0, 0], &goodbye].concat())
        .await;
    assert_eq!(raw.goodbye().await, 4000_u16.to_be_bytes());
    raw.ended().await;
    assert_eq!(sim.notes(), []);
}

fn close(sim: &Simulator, platform: &str) {
    match platform {
        "discord" => sim.discord().close(4000, "because"),
        "lavalink" => sim.lavalink().node("eu-1").close(4000, "because"),
        "queup" => sim.queup().links().close(4000, "because"),
        _ => sim.stackexchange().close(4000, "because"),
    }
}

#[tokio::test]
async fn a_reset_is_an_error_and_a_cut_is_an_end() {
    let sim = listening().await;
    for platform in PLATFORMS {
        for (is_reset, expected) in [(true, Some(ErrorKind::ConnectionReset)), (false, None)] {
            let mut raw = Raw::of(&sim, platform).await;
            match (platform, is_reset) {
                ("discord", true) => sim.discord().reset(),
                ("discord", false) => sim.discord().cut(),
                ("lavalink", true) => sim.lavalink().node("eu-1").reset(),
                ("lavalink", false) => sim.lavalink().node("eu-1").cut(),
                ("queup", true) => sim.queup().links().reset(),
                ("queup", false) => sim.queup().links().cut(),
                (_, true) => sim.stackexchange().reset(),
                (_, false) => sim.stackexchange().cut(),
            }
            let ended = raw.0.read_to_end(&mut Vec::new()).await;
            let error = ended.err().map(|error| error.kind());
            assert_eq!(error, expected, "{platform}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_the_goodbye_is_waited_for_two_seconds() {
    let sim = Simulator::with_seed(7);
    for platform in PLATFORMS {
        let mut raw = Raw::of(&sim, platform).await;
        close(&sim, platform);
        raw.goodbye().await;
        let start = Instant::now();
        raw.ended().await;
        assert_eq!(start.elapsed().as_secs(), 2, "{platform}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_after_the_goodbye_is_not_sent_on_that_connection() {
    let sim = Simulator::with_seed(7);
    let room = sim.queup().room("choir-loft");
    let client = Client::joined(&sim, "antiphon", &room).await;
    sim.queup().links().close(4000, "because");
    room.say("mira", "too late");
    let rows = sim.ledger().rows(&Query::default());
    let last = rows.last().expect("a row");
    assert_eq!((&*last.kind, last.frame), ("queup.chat-message", None));
    drop(client);
}

#[tokio::test]
async fn the_own_goodbye_is_followed_by_the_end_once_it_is_answered() {
    let sim = listening().await;
    for platform in PLATFORMS {
        let mut raw = Raw::of(&sim, platform).await;
        close(&sim, platform);
        let goodbye = raw.goodbye().await;
        assert_eq!(goodbye, b"\x0f\xa0because", "{platform}");
        raw.close(&4000_u16.to_be_bytes()).await;
        raw.ended().await;
    }
    sim.stop().await;
}

#[tokio::test]
async fn a_client_that_asks_for_the_end_in_engine_io_gets_a_close_frame() {
    let sim = listening().await;
    let mut raw = Raw::of(&sim, "queup").await;
    raw.write(&[0x81, 0x81, 0, 0, 0, 0, b'1']).await;
    assert_eq!(raw.goodbye().await, 1000_u16.to_be_bytes());
    raw.close(&1000_u16.to_be_bytes()).await;
    raw.ended().await;
}
