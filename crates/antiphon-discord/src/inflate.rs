//! Transport compression, with one context for each connection and bounded output (protocol §11).
//!
//! <https://discord.com/developers/docs/events/gateway#transport-compression>
//!
//! A connection has one context, which begins anew with the next connection and never lives longer: Discord renews its own
//! there (protocol §11).
//! A frame beyond the limit is inflated and dropped as it comes, so that its bytes are never held; what the context learnt
//! from it is needed for the frames behind it.
//! A stream that cannot be read any further ends the connection; the bytes of the frame go to the journal as they are.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress};
use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

/// Suffix of a binary frame of `zlib-stream` that completes a payload.
const ZLIB_SUFFIX: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Initial capacity of the output; it grows with the frames.
///
/// Most payloads fit, and a small connection costs no more.
const FIRST_ROOM: usize = 16 << 10;
/// Largest capacity that is kept after a frame.
///
/// A larger buffer is given back, so that one large guild does not hold its memory for ever.
const KEPT_ROOM: usize = 1 << 20;
/// Largest size, as a multiple of the limit, that a skipped frame may inflate to.
///
/// A frame that is larger still ends the connection: it is either no payload of Discord's or a deliberate bomb.
const PATIENCE: usize = 16;

/// How the server compresses what it sends.
///
/// What a compressed frame may inflate to is bounded by [`Config::largest_frame`](crate::Config::largest_frame).
///
/// ```
/// use antiphon_discord::{Compression, Config, Intents};
///
/// // A server that speaks only the older transport.
/// let config = Config::new("token", Intents::GUILDS).compression(Compression::Zlib);
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// No compression.
    None,
    /// `zlib-stream`, for servers without `zstd-stream`.
    Zlib,
    /// `zstd-stream`, the smallest and the fastest to read. The default.
    #[default]
    Zstd,
}

impl Compression {
    /// Value of `compress` in the connection's query.
    pub(crate) const fn query(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Zlib => Some("zlib-stream"),
            Self::Zstd => Some("zstd-stream"),
        }
    }
}

/// Result of inflating a binary frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Inflated {
    /// A whole payload.
    Whole(Bytes),
    /// A part of a payload; the rest follows in further frames.
    Part,
    /// A payload beyond the limit: it was skipped, and the stream goes on after it.
    TooLarge {
        /// Size of the inflated frame, in bytes.
        size: usize,
    },
}

/// The stream cannot be read any further; the connection has to be closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InflateError {
    /// The bytes are not valid compressed data.
    #[error("the compressed stream is broken")]
    Broken(#[source] std::io::Error),
    /// A frame inflates to more than can be skipped, or never ends.
    #[error("a frame inflates to more than {0} bytes")]
    Bomb(usize),
}

/// One connection's decompression.
pub(crate) struct Inflater {
    /// State of the decompressor.
    context: Context,
    /// Output buffer, kept from frame to frame.
    room: Vec<u8>,
    /// Largest payload that is handed on, in bytes.
    limit: usize,
}

enum Context {
    None,
    Zlib {
        inflate: Box<Decompress>,
        /// Frames of a payload that is not complete.
        parts: Vec<u8>,
    },
    Zstd(Box<Decoder<'static>>),
}

/// Progress of one step.
struct Step {
    /// Bytes taken from the input.
    read: usize,
    /// Bytes written to the output.
    written: usize,
}

impl Inflater {
    /// Creates a new context; `limit` is the largest payload, in bytes.
    pub(crate) fn new(compression: Compression, limit: usize) -> Result<Self, InflateError> {
        let context = match compression {
            Compression::None => Context::None,
            Compression::Zlib => Context::Zlib {
                inflate: Box::new(Decompress::new(true)),
                parts: Vec::new(),
            },
            Compression::Zstd => {
                Context::Zstd(Box::new(Decoder::new().map_err(InflateError::Broken)?))
            }
        };
        Ok(Self {
            context,
            room: Vec::new(),
            limit,
        })
    }

    /// Takes in a binary frame.
    ///
    /// # Errors
    /// [`InflateError`], after which the context is unusable.
    pub(crate) fn take(&mut self, frame: &Bytes) -> Result<Inflated, InflateError> {
        match &mut self.context {
            Context::None => Ok(Inflated::Whole(frame.clone())),
            Context::Zlib { inflate, parts } => {
                if parts.is_empty() && frame.ends_with(&ZLIB_SUFFIX) {
                    return run(&mut self.room, self.limit, frame, |input, output| {
                        zlib(inflate, input, output)
                    });
                }
                parts.extend_from_slice(frame);
                if parts.len() > self.limit {
                    return Err(InflateError::Bomb(self.limit));
                }
                // The suffix itself may be split across frames.
                if !parts.ends_with(&ZLIB_SUFFIX) {
                    return Ok(Inflated::Part);
                }
                let inflated = run(&mut self.room, self.limit, parts, |input, output| {
                    zlib(inflate, input, output)
                })?;
                *parts = Vec::new();
                Ok(inflated)
            }
            Context::Zstd(decoder) => run(&mut self.room, self.limit, frame, |input, output| {
                zstd(decoder, input, output)
            }),
        }
    }
}

impl Inflater {
    /// Returns the bytes that could not be inflated: the last frame, and earlier frames of its payload.
    pub(crate) fn unread(&mut self, frame: &Bytes) -> Bytes {
        match &mut self.context {
            Context::Zlib { parts, .. } if !parts.is_empty() => std::mem::take(parts).into(),
            _ => frame.clone(),
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let context = match self.context {
            Context::None => "none",
            Context::Zlib { .. } => "zlib",
            Context::Zstd(_) => "zstd",
        };
        f.debug_struct("Inflater")
            .field("context", &context)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Inflates a step of a zlib stream.
fn zlib(inflate: &mut Decompress, input: &[u8], output: &mut [u8]) -> std::io::Result<Step> {
    let (read, written) = (inflate.total_in(), inflate.total_out());
    inflate
        .decompress(input, output, FlushDecompress::Sync)
        .map_err(std::io::Error::other)?;
    let moved = |from: u64, to: u64| usize::try_from(to - from).expect("no more than was given");
    Ok(Step {
        read: moved(read, inflate.total_in()),
        written: moved(written, inflate.total_out()),
    })
}

/// Inflates a step of a zstd frame, which never ends.
fn zstd(decoder: &mut Decoder<'_>, input: &[u8], output: &mut [u8]) -> std::io::Result<Step> {
    let mut input = InBuffer::around(input);
    let mut output = OutBuffer::around(output);
    decoder.run(&mut input, &mut output)?;
    Ok(Step {
        read: input.pos(),
        written: output.pos(),
    })
}

/// Inflates all of `input`, and drops output beyond the limit.
fn run(
    room: &mut Vec<u8>,
    limit: usize,
    input: &[u8],
    mut step: impl FnMut(&[u8], &mut [u8]) -> std::io::Result<Step>,
) -> Result<Inflated, InflateError> {
    if room.is_empty() {
        room.resize(FIRST_ROOM.min(limit), 0);
    }
    let mut rest = input;
    let mut written = 0;
    // Number of dropped bytes, once the limit is passed.
    let mut wasted = 0;
    loop {
        if written == room.len() {
            if room.len() < limit {
                let larger = room.len().saturating_mul(2).min(limit);
                room.resize(larger, 0);
            } else {
                wasted += written;
                written = 0;
                if wasted >= limit.saturating_mul(PATIENCE) {
                    return Err(InflateError::Bomb(wasted));
                }
            }
        }
        let done = step(rest, &mut room[written..]).map_err(InflateError::Broken)?;
        rest = &rest[done.read..];
        written += done.written;
        // The context may hold back output until there is room, so only spare room proves that there is no more.
        if rest.is_empty() && written < room.len() {
            break;
        }
        if done.read == 0 && done.written == 0 {
            let stuck = "the stream ended before the frame did";
            return Err(InflateError::Broken(std::io::Error::other(stuck)));
        }
    }
    // A payload of exactly the limit was dropped only if more output followed.
    let outcome = if wasted + written > limit {
        Inflated::TooLarge {
            size: wasted + written,
        }
    } else if wasted > 0 {
        Inflated::Whole(Bytes::copy_from_slice(room))
    } else {
        // A copy of the right size; the buffer itself is much larger than most payloads.
        Inflated::Whole(Bytes::copy_from_slice(&room[..written]))
    };
    if room.len() > KEPT_ROOM {
        *room = Vec::new();
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compress, FlushCompress};
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1 << 20;

    enum Deflater {
        Zlib(Compress),
        Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
    }

    impl Deflater {
        fn new(compression: Compression) -> Self {
            match compression {
                Compression::Zlib => {
                    Self::Zlib(Compress::new(flate2::Compression::default(), true))
                }
                _ => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 3).expect("memory")),
            }
        }

        fn frame(&mut self, text: &[u8]) -> Bytes {
            match self {
                Self::Zlib(deflate) => {
                    let mut frame = Vec::with_capacity(text.len() * 2 + 64);
                    deflate
                        .compress_vec(text, &mut frame, FlushCompress::Sync)
                        .expect("it compresses");
                    frame.into()
                }
                Self::Zstd(encoder) => {
                    encoder.write_all(text).expect("memory");
                    encoder.flush().expect("memory");
                    std::mem::take(encoder.get_mut()).into()
                }
            }
        }
    }

    const STREAMS: [Compression; 2] = [Compression::Zlib, Compression::Zstd];

    fn whole(text: &[u8]) -> Inflated {
        Inflated::Whole(Bytes::copy_from_slice(text))
    }

    #[test]
    fn frames_of_one_stream_share_their_context() {
        for compression in STREAMS {
            let mut server = Deflater::new(compression);
            let mut client = Inflater::new(compression, LIMIT).expect("memory");
            for number in 0..100 {
                let text = format!(
                    r#"{{"op":0,"s":{number},"d":"{}"}}"#,
                    "la".repeat(number * 50)
                );
                let frame = server.frame(text.as_bytes());
                assert_eq!(client.take(&frame).expect("sound"), whole(text.as_bytes()));
            }
        }
    }

    #[test]
    fn a_second_connection_needs_a_context_of_its_own() {
        for compression in STREAMS {
            for _connection in 0..2 {
                let frame = Deflater::new(compression).frame(b"{\"op\":10}");
                let mut client = Inflater::new(compression, LIMIT).expect("memory");
                assert_eq!(client.take(&frame).expect("sound"), whole(b"{\"op\":10}"));
            }
        }
    }

    #[test]
    fn a_zlib_payload_split_anywhere_waits_for_its_end() {
        let text = b"{\"op\":0,\"d\":\"split\"}";
        let frame = Deflater::new(Compression::Zlib).frame(text);
        for at in 1..frame.len() {
            let mut client = Inflater::new(Compression::Zlib, LIMIT).expect("memory");
            assert_eq!(
                client.take(&frame.slice(..at)).expect("sound"),
                Inflated::Part
            );
            assert_eq!(client.take(&frame.slice(at..)).expect("sound"), whole(text));
        }
    }

    #[test]
    fn a_payload_beyond_the_limit_is_passed_over_and_the_stream_goes_on() {
        for compression in STREAMS {
            let mut server = Deflater::new(compression);
            let mut client = Inflater::new(compression, LIMIT).expect("memory");
            for size in [LIMIT - 1, LIMIT, LIMIT + 1, 3 * LIMIT, 10] {
                let frame = server.frame(&vec![b' '; size]);
                let expected = if size <= LIMIT {
                    whole(&vec![b' '; size])
                } else {
                    Inflated::TooLarge { size }
                };
                let inflated = client.take(&frame).expect("sound");
                assert!(inflated == expected, "{compression:?} {size}");
            }
        }
    }

    #[test]
    fn a_bomb_is_not_followed_to_its_end() {
        for compression in STREAMS {
            let frame = Deflater::new(compression).frame(&vec![0; 400_000]);
            let mut client = Inflater::new(compression, 10_000).expect("memory");
            let error = client.take(&frame).expect_err("too much");
            assert!(matches!(error, InflateError::Bomb(_)), "{error}");
        }
    }

    #[test]
    fn a_large_payload_leaves_no_room_behind() {
        let mut server = Deflater::new(Compression::Zstd);
        let mut client = Inflater::new(Compression::Zstd, 8 << 20).expect("memory");
        client
            .take(&server.frame(&vec![b'x'; 5 << 20]))
            .expect("sound");
        assert_eq!(client.room.capacity(), 0);
    }

    #[test]
    fn garbage_is_an_error() {
        for compression in STREAMS {
            let mut client = Inflater::new(compression, LIMIT).expect("memory");
            let garbage = Bytes::from_static(b"not compressed at all\x00\x00\xff\xff");
            let error = client.take(&garbage).expect_err("garbage");
            assert!(matches!(error, InflateError::Broken(_)), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..5)) {
            for compression in STREAMS {
                let mut client = Inflater::new(compression, LIMIT).expect("memory");
                for frame in &frames {
                    if client.take(&Bytes::from(frame.clone())).is_err() {
                        break;
                    }
                }
            }
        }

        #[test]
        fn a_changed_byte_never_makes_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            for compression in STREAMS {
                let mut server = Deflater::new(compression);
                let mut frame = server.frame(b"{\"op\":0,\"d\":\"some text, some text\"}").to_vec();
                let at = at.index(frame.len());
                frame[at] = byte;
                let mut client = Inflater::new(compression, LIMIT).expect("memory");
                let _ = client.take(&frame.into());
                let _ = client.take(&server.frame(b"{}"));
            }
        }
    }
}
