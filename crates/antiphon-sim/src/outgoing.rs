//! Writing of frames to sockets.
//!
//! A connection has one queue of items, written in batches: a frame is never split, and a close frame is the last.
//! A frame that the sink does not know of marks the connection as torn, since no further frame could be written inside it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::{io::AsyncWriteExt, sync::mpsc};
use tokio_websockets::{CloseCode, Message};

use crate::{
    encoder::Encoder,
    line::Line,
    wire::{Watch, WireSide},
};

/// Most bytes of a close frame's reason.
const LONGEST_REASON: usize = 123;
/// Frames that are written before the connection is flushed.
///
/// Frames that are ready go out in one flush, and a single one goes out at once.
const BATCH: usize = 64;

/// An item for a connection's writer.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    /// One text frame.
    Text(Arc<str>),
    /// A close frame, and then nothing more.
    Close(u16, String),
    /// One text frame of this many bytes with this beginning, written for as long as the peer reads.
    Oversized(u64, &'static str),
    /// One binary frame as it is, whatever the encoding.
    Binary(Bytes),
    /// The first half of what carries this text.
    Truncated(Arc<str>),
    /// From here on, long texts are compressed one by one.
    CompressPayloads,
}

/// Output of a socket.
pub(crate) struct Output {
    /// Items to write, in order; a connection that does not read fills it.
    pub(crate) to_write: mpsc::Receiver<Outgoing>,
    /// The connection itself, for bytes that are no whole frame.
    pub(crate) line: Line,
    /// How texts become frames here.
    pub(crate) encoder: Encoder,
}

/// How writing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// A close frame, to which an answer may come.
    Goodbye,
    /// Everything is written, and nothing can follow.
    All,
}

/// Writes items in batches until the last one.
///
/// `torn` becomes true when a frame is begun that the sink does not know of.
pub(crate) async fn write<S>(
    sink: &mut S,
    output: Output,
    torn: &AtomicBool,
) -> Result<Written, tokio_websockets::Error>
where
    S: SinkExt<Message, Error = tokio_websockets::Error> + Unpin,
{
    let Output {
        mut to_write,
        line,
        mut encoder,
    } = output;
    let mut batch = Vec::with_capacity(BATCH);
    while to_write.recv_many(&mut batch, BATCH).await > 0 {
        for outgoing in batch.drain(..) {
            if let Some(watch) = &line.watch {
                note(watch, &outgoing);
            }
            match outgoing {
                Outgoing::Text(text) => {
                    for message in encoder.messages(&text)? {
                        sink.feed(message).await?;
                    }
                }
                Outgoing::Binary(bytes) => sink.feed(Message::binary(bytes)).await?,
                Outgoing::Truncated(text) => sink.feed(encoder.truncated(&text)?).await?,
                Outgoing::CompressPayloads => encoder.compress_payloads(),
                Outgoing::Close(code, reason) => {
                    sink.send(goodbye(code, &reason)).await?;
                    return Ok(Written::Goodbye);
                }
                Outgoing::Oversized(size, beginning) => {
                    sink.flush().await?;
                    torn.store(true, Ordering::Relaxed);
                    flood(line, size, beginning.as_bytes()).await?;
                    return Ok(Written::All);
                }
            }
        }
        sink.flush().await?;
    }
    Ok(Written::All)
}

/// Notes an item that is about to be written.
fn note(watch: &Watch, outgoing: &Outgoing) {
    match outgoing {
        Outgoing::Text(text) => watch.text(text),
        Outgoing::Binary(bytes) => watch.other(bytes, bytes.len() as u64, true),
        Outgoing::Truncated(text) => {
            let half = text.len() / 2;
            watch.other(&text.as_bytes()[..half], half as u64, false);
        }
        Outgoing::Oversized(size, beginning) => watch.other(beginning.as_bytes(), *size, false),
        Outgoing::Close(code, reason) => watch.closes(WireSide::Server, *code, reason),
        Outgoing::CompressPayloads => {}
    }
}

/// A close frame; without a code where this one must never be written (RFC 6455 §7.4), and with as much of the reason
/// as a frame holds.
fn goodbye(code: u16, reason: &str) -> Message {
    let code = CloseCode::try_from(code)
        .ok()
        .filter(|code| !code.is_reserved());
    let mut end = reason.len().min(LONGEST_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    Message::close(code, &reason[..end])
}

/// Writes the header of one text frame of this size, and then its data for as long as the peer takes it.
async fn flood(mut line: Line, size: u64, beginning: &[u8]) -> io::Result<()> {
    let mut header = vec![0x81, 127];
    header.extend(size.to_be_bytes());
    header.extend(beginning);
    line.write_all(&header).await?;
    let chunk = vec![b'a'; 64 * 1024];
    let mut left = size.saturating_sub(beginning.len() as u64);
    while left > 0 {
        let take = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
        line.write_all(&chunk[..take]).await?;
        left -= take as u64;
    }
    line.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_says_as_much_as_a_close_frame_may() {
        assert_eq!(
            goodbye(4001, "mass").as_close(),
            Some((CloseCode::try_from(4001).expect("a free code"), "mass"))
        );
        for never_written in [0, 999, 1004, 1005, 1006, 1015, 5000] {
            let frame = goodbye(never_written, "");
            assert!(frame.is_close() && frame.as_payload().is_empty());
        }
        let frame = goodbye(1000, &"é".repeat(100));
        assert_eq!(frame.as_payload().len(), 2 + 122);
    }
}
