//! The envelope of a frame: operation, sequence, name, ids and the range of `d`, read in one pass in any order of
//! its keys (protocol §1.1).
//!
//! The pass also checks that the frame is JSON, so that a body's form is known without a second pass.
//!
//! A frame is scanned once, whatever the order of its keys, and no string in it is built: the body stays a slice of the frame.
//! What cannot be read stays absent and the frame is kept whole, so that nothing is lost of a frame that is damaged.

use std::{borrow::Cow, ops::Range};

use antiphon_core::{BodyForm, Scan, Step, read_utf8};

/// Ids at the top of `d`, sent as texts or numbers, from which the event's place is formed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    /// `id`: the object's own, which is a guild's, a channel's or a message's by the event's name.
    pub(crate) id: Option<u64>,
    pub(crate) guild: Option<u64>,
    pub(crate) channel: Option<u64>,
    /// `parent_id`: a category, or the channel of a thread.
    pub(crate) parent: Option<u64>,
}

/// A frame's envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// Operation; `None` if the frame has no such number.
    pub(crate) op: Option<u64>,
    /// Sequence of a dispatch.
    pub(crate) seq: Option<u64>,
    /// Name of a dispatch.
    pub(crate) name: Option<Cow<'a, str>>,
    /// Range of `d` in the frame; in a broken frame up to its end.
    pub(crate) data: Option<Range<usize>>,
    /// Form of the bytes of `d`.
    pub(crate) form: BodyForm,
    /// Ids in `d`.
    pub(crate) ids: Ids,
    /// Whether the frame is one JSON object in UTF-8 and nothing else.
    pub(crate) is_whole: bool,
    /// Whether a key of the envelope came twice.
    pub(crate) is_ambiguous: bool,
}

impl<'a> Header<'a> {
    /// Whether `d` alone as the body loses nothing of the frame.
    pub(crate) fn is_sound(&self) -> bool {
        self.is_whole && !self.is_ambiguous
    }

    /// Reads a frame as far as possible; any bytes are accepted.
    pub(crate) fn read(frame: &'a [u8]) -> Self {
        let mut header = Self::of_text(frame);
        // A compressed frame has not been checked for UTF-8 yet.
        header.is_whole = header.is_whole && read_utf8(frame).is_ok();
        header
    }

    /// Reads a frame that is known to be UTF-8 as far as possible.
    pub(crate) fn of_text(frame: &'a [u8]) -> Self {
        let mut scan = Scan::new(frame);
        let mut header = Self {
            op: None,
            seq: None,
            name: None,
            data: None,
            form: BodyForm::Json,
            ids: Ids::default(),
            is_whole: true,
            is_ambiguous: false,
        };
        header.is_whole = envelope(&mut scan, &mut header).is_ok();
        if let Some(data) = &header.data
            && (data.is_empty() || scan.is_deep())
        {
            // The frame breaks off, or is nested too deeply.
            let data = data.start..if data.is_empty() {
                frame.len()
            } else {
                data.end
            };
            let is_text = read_utf8(&frame[data.clone()]).is_ok();
            header.form = if is_text {
                BodyForm::Text
            } else {
                BodyForm::Binary
            };
            header.data = Some(data);
        }
        header
    }
}

/// Reads the envelope as far as possible.
///
/// A key that comes twice marks the frame as ambiguous, because two readers could read two different frames.
fn envelope<'a>(scan: &mut Scan<'a>, header: &mut Header<'a>) -> Step<()> {
    let mut seen = [false; 4];
    scan.document(|scan, key| {
        let known: [&[u8]; 4] = [b"op", b"s", b"t", b"d"];
        if let Some(number) = known.iter().position(|known| *known == key) {
            header.is_ambiguous |= std::mem::replace(&mut seen[number], true);
        }
        match key {
            b"op" => header.op = scan.number_or_skip()?,
            b"s" => header.seq = scan.number_or_skip()?,
            b"t" => header.name = scan.text_or_skip()?,
            b"d" => {
                let start = scan.at();
                // The range is empty until its end is known.
                header.data = Some(start..start);
                header.ids = data(scan)?;
                header.data = Some(start..scan.at());
            }
            _ => scan.skip()?,
        }
        Ok(())
    })
}

/// Reads `d`, and its ids if it is an object.
fn data(scan: &mut Scan<'_>) -> Step<Ids> {
    let mut ids = Ids::default();
    if scan.peek()? != b'{' {
        scan.skip()?;
        return Ok(ids);
    }
    scan.object(|scan, key| {
        match key {
            b"id" => ids.id = scan.id_or_skip()?,
            b"guild_id" => ids.guild = scan.id_or_skip()?,
            b"channel_id" => ids.channel = scan.id_or_skip()?,
            b"parent_id" => ids.parent = scan.id_or_skip()?,
            _ => scan.skip()?,
        }
        Ok(())
    })?;
    Ok(ids)
}

#[cfg(test)]
mod tests;
