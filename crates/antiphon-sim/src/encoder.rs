//! Encodes texts as frames, compressed or not.
//!
//! Discord compresses in three ways (protocol §11 of `docs/protocol/discord.md`), and a client must read each of them, in
//! messages that are split where the server likes.
//! A context belongs to one connection; its bytes make sense only in the order in which they were written.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::{Compression, write::ZlibEncoder};
use tokio_websockets::Message;

/// Shortest payload that is compressed by itself, in bytes.
///
/// A payload that is shorter goes as text.
const SHORT: usize = 1024;

/// Encodes texts as frames, with one compression context for a connection.
#[derive(Default)]
pub(crate) struct Encoder {
    /// How texts become frames on this connection.
    transport: Transport,
    /// Compressed texts come in messages of at most this many bytes.
    split: Option<usize>,
}

#[derive(Default)]
enum Transport {
    /// Text frames.
    #[default]
    Plain,
    /// Long texts are zlib streams of their own.
    Payload,
    /// One zlib stream; each text ends with a flush.
    Zlib(ZlibEncoder<Vec<u8>>),
    /// One zstd frame that never ends; each text ends with a flush.
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    /// One zlib stream, in messages of at most `split` bytes.
    pub(crate) fn zlib(split: Option<usize>) -> Self {
        let transport = Transport::Zlib(ZlibEncoder::new(Vec::new(), Compression::fast()));
        Self { transport, split }
    }

    /// One zstd frame.
    pub(crate) fn zstd() -> io::Result<Self> {
        let transport = Transport::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 1)?);
        Ok(Self {
            transport,
            split: None,
        })
    }

    /// From now on, long texts are zlib streams of their own.
    pub(crate) fn compress_payloads(&mut self) {
        self.transport = Transport::Payload;
    }

    /// The messages that carry a text.
    pub(crate) fn messages(&mut self, text: &str) -> io::Result<Vec<Message>> {
        let Some(bytes) = self.compress(text)? else {
            return Ok(vec![Message::text(text.to_owned())]);
        };
        let most = self.split.unwrap_or(usize::MAX).max(1);
        let mut rest = Bytes::from(bytes);
        let mut messages = Vec::new();
        while rest.len() > most {
            messages.push(Message::binary(rest.split_to(most)));
        }
        messages.push(Message::binary(rest));
        Ok(messages)
    }

    /// A message with only the first half of what carries a text.
    pub(crate) fn truncated(&mut self, text: &str) -> io::Result<Message> {
        Ok(if let Some(mut bytes) = self.compress(text)? {
            bytes.truncate(bytes.len() / 2);
            Message::binary(bytes)
        } else {
            let mut half = text.len() / 2;
            while !text.is_char_boundary(half) {
                half -= 1;
            }
            Message::text(text[..half].to_owned())
        })
    }

    /// The compressed text, if it is to be compressed.
    fn compress(&mut self, text: &str) -> io::Result<Option<Vec<u8>>> {
        match &mut self.transport {
            Transport::Payload if text.len() >= SHORT => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(text.as_bytes())?;
                encoder.finish().map(Some)
            }
            Transport::Plain | Transport::Payload => Ok(None),
            Transport::Zlib(encoder) => {
                encoder.write_all(text.as_bytes())?;
                encoder.flush()?;
                Ok(Some(std::mem::take(encoder.get_mut())))
            }
            Transport::Zstd(encoder) => {
                encoder.write_all(text.as_bytes())?;
                encoder.flush()?;
                Ok(Some(std::mem::take(encoder.get_mut())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zlib_stream_has_one_context_and_ends_every_text_with_a_flush() {
        let mut encoder = Encoder::zlib(None);
        let mut decoder = flate2::Decompress::new(true);
        for text in ["first, and first again", "second, and first again"] {
            let message = encoder.messages(text).expect("compressed").remove(0);
            let bytes = message.as_payload().to_vec();
            assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]));
            let mut out = Vec::with_capacity(256);
            decoder
                .decompress_vec(&bytes, &mut out, flate2::FlushDecompress::Sync)
                .expect("a stream");
            assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn a_split_stream_comes_in_pieces_that_make_the_whole() {
        let whole = Encoder::zlib(None).messages("a text").expect("compressed");
        let pieces = Encoder::zlib(Some(3))
            .messages("a text")
            .expect("compressed");
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.as_payload().len() <= 3));
        let joined: Vec<u8> = pieces
            .iter()
            .flat_map(|piece| piece.as_payload().to_vec())
            .collect();
        assert_eq!(joined, whole[0].as_payload().to_vec());
    }
}
