//! Entry of the fuzzer of a stream's messages, compiled for tests and by cargo-fuzz (`fuzz/`) alone.

#[cfg(test)]
mod tests;

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use super::format::{
    Counters, EventHead, InRun, StateName, has_long_names, is_state, parts, read_dead, read_event,
    read_state, short_names, short_state_name,
};

/// Takes lines for headers, and what follows an empty line for the payload, as any writer of the stream could send them.
pub fn message(data: &[u8]) {
    let end = data.windows(2).position(|two| two == b"\n\n");
    let (head, payload) = match end {
        Some(end) => (&data[..end], &data[end + 2..]),
        None => (data, &data[data.len()..]),
    };
    let mut headers = HeaderMap::new();
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    let payload = Bytes::copy_from_slice(payload);
    let _ = (
        InRun::read(&headers),
        Counters::read(&headers),
        parts(&headers).is_ok(),
    );
    if let Ok(head) = EventHead::read(&headers) {
        let _ = head.weight();
    }
    let _ = (has_long_names(&headers), short_names(&headers).is_ok());
    if let Ok(event) = read_event(&headers, payload.clone()) {
        assert!(event.draft().body.len() <= payload.len());
    }
    let _ = (is_state(&headers), short_state_name(&headers).is_ok());
    if let Ok((StateName::Dead { id }, value)) = read_state(&headers, payload) {
        let _ = read_dead(id, &value).is_ok();
    }
}
