//! Damaged frames for property tests.
//!
//! A session must bear anything: a byte that was flipped, a frame that breaks off, a number where a text stood.
//! The damage is drawn from a seed, so that a failing case is made again by its number.

use antiphon_core::Rng;

/// Difficult tokens: values of another type, too large, too deep, unclosed, or no text.
const TOKENS: &[&[u8]] = &[
    b"null",
    b"true",
    b"\"text\"",
    b"\"\"",
    b"0",
    b"-1",
    b"3.0",
    b"1e400",
    b"18446744073709551615",
    b"99999999999999999999999999",
    b"{}",
    b"[]",
    b"[[[[[[[[",
    b"{\"e\":{\"e\":1}}",
    b"\\ud800",
    b"\\u0000",
    b"\xff\xfe",
    b"\x00",
    b"xyz",
];
/// Bytes that mean something to a JSON reader.
const MARKS: &[u8] = b"{}[]\",:\\ntf0-e";

/// Damages frames at random, the same way for the same seed.
///
/// For tests that feed a platform's session broken frames.
///
/// ```
/// use antiphon_sim::mutation::Mutator;
/// let frame = br#"{"op":0,"s":1,"t":"X","d":{}}"#;
/// let damaged = Mutator::new(7).damage(frame);
/// assert_eq!(damaged, Mutator::new(7).damage(frame));
/// ```
///
/// The usual loop of such a test:
///
/// ```
/// use antiphon_sim::mutation::Mutator;
///
/// let frame = br#"{"op":0,"s":1,"t":"X","d":{"id":"1"}}"#;
/// let mut mutator = Mutator::new(7);
/// let damaged = (0..1_000).map(|_| mutator.damage(frame));
/// // A session under test takes each of them here, and never panics.
/// assert!(damaged.filter(|bytes| bytes != frame).count() > 900);
/// ```
#[derive(Debug)]
pub struct Mutator {
    /// Generator of the damage, which follows from the seed.
    rng: Rng,
}

impl Mutator {
    /// Makes a mutator; its damage follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
        }
    }

    /// Returns the frame with one to three damages; rarely it stays as it was.
    ///
    /// Any bytes are taken, and any may come out; they are at most a hundred longer.
    pub fn damage(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut bytes = frame.to_vec();
        for _ in 0..self.rng.usize(1..=3) {
            self.damage_once(&mut bytes);
        }
        bytes
    }

    /// A number below a limit, and 0 for the limit 0.
    fn below(&mut self, limit: usize) -> usize {
        if limit == 0 {
            0
        } else {
            self.rng.usize(..limit)
        }
    }

    /// A short range inside a length.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let begin = self.below(length + 1);
        let end = (begin + self.below(12)).min(length);
        begin..end
    }

    /// One damage, of ten kinds.
    fn damage_once(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.rng.u8(..10) {
            // Cut off, at the end or at the beginning.
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(..at.min(4))),
            // A byte that is another, or one too many.
            2 if !bytes.is_empty() => bytes[at] ^= 1 << self.rng.u8(..8),
            3 if !bytes.is_empty() => bytes[at] = MARKS[self.below(MARKS.len())],
            4 => bytes.insert(at, MARKS[self.below(MARKS.len())]),
            // A stretch that is missing, comes twice, or is something else.
            5 => drop(bytes.drain(self.range(bytes.len()))),
            6 => {
                let twice = bytes[self.range(bytes.len())].to_vec();
                bytes.splice(at..at, twice);
            }
            7 => {
                let token = TOKENS[self.below(TOKENS.len())];
                let range = self.range(bytes.len());
                bytes.splice(range, token.iter().copied());
            }
            // A value of another type.
            8 => self.replace_value(bytes),
            // Bytes behind the end.
            _ => bytes.extend_from_slice(TOKENS[self.below(TOKENS.len())]),
        }
    }

    /// Puts a token where the value of one of the keys stands.
    fn replace_value(&mut self, bytes: &mut Vec<u8>) {
        let colons = |bytes: &[u8]| {
            let places = bytes.iter().enumerate();
            let places = places.filter(|(_, byte)| **byte == b':');
            places.map(|(at, _)| at).collect::<Vec<_>>()
        };
        let colons = colons(bytes);
        if colons.is_empty() {
            return;
        }
        let begin = colons[self.below(colons.len())] + 1;
        let rest = &bytes[begin..];
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']');
        let end = begin + rest.iter().position(ends).unwrap_or(rest.len());
        let token = TOKENS[self.below(TOKENS.len())];
        bytes.splice(begin..end, token.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damages_are_many_and_end_for_any_frame() {
        let mut mutator = Mutator::new(1);
        for frame in [&b""[..], b"{", br#"{"op":0,"s":1,"t":"X","d":{"a":[1,2]}}"#] {
            let kinds: std::collections::HashSet<_> =
                (0..2000).map(|_| mutator.damage(frame)).collect();
            assert!(kinds.len() > 50, "{} of {frame:?}", kinds.len());
        }
    }
}
