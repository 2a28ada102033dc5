//! Entries of the fuzzers: any bytes are taken, and a panic tells of a promise that does not hold.
//!
//! Compiled for tests and by cargo-fuzz (`fuzz/`) alone. The corpora of `fuzz/corpus` go through them as tests.

#[cfg(test)]
mod tests;

use antiphon_core::{Event, Position};
use bytes::Bytes;
use jiff::Timestamp;

use crate::{
    Html, Splitter,
    event::{read_all, read_frame},
    html_limits, page, wire,
};

/// Most bytes of a text that is split.
const TEXT: usize = 4096;

/// Reads a frame; each event's body is a part of it.
pub fn frame(data: &[u8]) {
    let frame = Bytes::copy_from_slice(data);
    for draft in read_frame(&frame, Timestamp::UNIX_EPOCH) {
        let within = data
            .windows(draft.body.len().max(1))
            .any(|part| *part == *draft.body);
        assert!(within, "{draft:?}");
        read_all(&Event::stored(Position::new(1), "chat".into(), draft));
    }
    let _ = antiphon_core::read_json::<wire::History<'_>>(data).is_ok();
}

/// Asks a page for everything that is read of pages.
pub fn page(data: &[u8]) {
    let Ok(page) = page::Page::parse(data) else {
        return;
    };
    for key in [page.login_fkey(), page.any_fkey()].into_iter().flatten() {
        assert!(!key.is_empty());
    }
    let _ = (
        page.is_challenge(),
        page.profile(),
        page.is_private_room(),
        page.may_post(),
    );
    let _ = (page.present(), page.versions(), page.access(), page.rooms());
    let owners = page.owners();
    assert!(owners.is_sorted());
    let _ = page.starred();
}

/// Writes contents as plain text and as Markdown, with bounded work.
pub fn content(data: &[u8]) {
    let html = Html::new(String::from_utf8_lossy(data));
    let _ = html_limits::limited(html.as_html());
    let (text, markdown) = (html.text(), html.markdown());
    // A relative address becomes an absolute one, and every character may be escaped.
    let most = 64 * (html.as_html().len() + 64);
    assert!(text.len() <= most && markdown.len() <= most, "{html:?}");
    let _ = (html.is_multiline(), html.is_partial());
}

/// Splits a text into messages, none too long, from which the text comes back.
pub fn split(data: &[u8]) {
    let text = String::from_utf8_lossy(&data[..data.len().min(TEXT)]);
    for apart in [false, true] {
        let Ok(parts) = Splitter::new().lines_apart(apart).split(&text) else {
            continue;
        };
        assert!(!parts.is_empty() && parts.len() <= 20, "{text:?}");
        assert_eq!(parts.joined(), *text);
        for part in parts.iter().filter(|part| !part.contains(['\n', '\r'])) {
            assert!(part.encode_utf16().count() <= 500, "{text:?}");
        }
    }
}
