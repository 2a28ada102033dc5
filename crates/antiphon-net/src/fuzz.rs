//! Entries of the fuzzers: any bytes are taken, and a panic tells of a promise that does not hold.
//!
//! Compiled for tests and by cargo-fuzz (`fuzz/`) alone. The corpora of `fuzz/corpus` go through them as tests.

#[cfg(test)]
mod tests;

use std::{future::Future, io::Cursor, sync::LazyLock};

use jiff::Timestamp;
use tokio::{
    io::{AsyncWrite, join},
    runtime::{Builder, Runtime},
};

use crate::{
    EnvironmentProxies, Limits, Proxy, SetCookie, Stream, WebSocket, head, network::Target,
    parse_url,
};

/// Most bytes of a head and of a message.
const LIMIT: usize = 4096;

/// Runs a future to its end; none of them waits for anything but its own bytes.
fn run<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let runtime = Builder::new_current_thread().enable_time().build();
        runtime.expect("no I/O is asked for")
    });
    RUNTIME.block_on(future)
}

/// A peer that says these bytes and hears everything.
fn peer(data: &[u8]) -> Stream {
    fn ends(io: impl AsyncWrite + Unpin + Send + 'static, data: &[u8]) -> Stream {
        Stream::new(join(Cursor::new(data.to_vec()), io))
    }
    ends(tokio::io::sink(), data)
}

/// Reads the head of an answer; what follows it is given back, byte for byte.
pub fn http_head(data: &[u8]) {
    let mut rest = data;
    if let Ok((head, early)) = run(head::read(&mut rest, LIMIT)) {
        assert!(head.status == 101 || head.status >= 200);
        assert!(data[..data.len() - rest.len()].ends_with(&early));
    }
}

/// Asks for a tunnel by each protocol; the tunnel's own bytes stay unread.
pub fn proxy(data: &[u8]) {
    let Some((number, answer)) = data.split_first() else {
        return;
    };
    let proxies = [
        "http://mira:canary@proxy.example",
        "socks5h://mira:canary@proxy.example",
        "socks5h://proxy.example",
        "socks4a://canary@proxy.example",
    ];
    let proxy = Proxy::parse(proxies[usize::from(*number) % proxies.len()]).expect("a proxy");
    let target = Target {
        host: "queup.example".into(),
        port: 443,
        is_secure: true,
    };
    if let Err(error) = run(proxy.tunnel(peer(answer), &target, LIMIT)) {
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
}

/// Hears a socket on either side, until it ends.
pub fn websocket(data: &[u8]) {
    let Some((side, frames)) = data.split_first() else {
        return;
    };
    let limits = Limits::default().frame(LIMIT / 2).message(LIMIT);
    let mut socket = if side % 2 == 0 {
        WebSocket::client(peer(frames), limits)
    } else {
        WebSocket::serve(peer(frames), limits)
    };
    run(async {
        // A message has two bytes at least.
        for _ in 0..=frames.len() {
            match socket.next().await {
                Some(Ok(message)) => drop(message),
                Some(Err(error)) => assert!(!error.to_string().is_empty()),
                None => return,
            }
        }
        panic!("the socket goes on without bytes");
    });
}

/// Takes a text for an address, a proxy, what the environment says of proxies, and a cookie.
pub fn addresses(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(uri) = parse_url(&text, ["https", "wss"]) {
        assert!(uri.host().is_some(), "{text}");
    }
    if let Ok(proxy) = Proxy::parse(&text) {
        let shown = proxy.to_string();
        // What is shown is a proxy again, but for its login.
        let bare = shown.replace("<redacted>@", "");
        assert_eq!(Proxy::parse(&bare).map(|proxy| proxy.to_string()), Ok(bare));
    }
    let read = EnvironmentProxies::read(|name| {
        (name.eq_ignore_ascii_case("https_proxy") || name.eq_ignore_ascii_case("no_proxy"))
            .then(|| text.clone().into_owned())
    });
    if let (Ok(proxies), Ok(uri)) = (read, "https://queup.example/".parse()) {
        let _ = proxies.proxy(&uri);
    }
    if let Some(cookie) = SetCookie::parse(&text, Timestamp::UNIX_EPOCH) {
        let _ = cookie.is_over(Timestamp::UNIX_EPOCH);
    }
}
