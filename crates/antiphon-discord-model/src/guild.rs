//! A guild whose own fields may be inside `properties`, as Discord-compatible servers send some of them.

use antiphon_core::lenient::{Reader, Reason};

use crate::{generated::objects::Guild, read::Object};

/// Reads a guild; fields that are missing above are taken from `properties`.
pub(crate) fn read(from: &mut Reader<'_>) -> Option<Guild> {
    let at = from.at();
    let notes = from.notes();
    let mut fields = from.object()?;
    let mut guild = Guild::blank();
    let mut seen = 0;
    let mut properties = None;
    while let Some(name) = fields.next(from) {
        if guild.field(&name, from, &mut seen) {
            continue;
        }
        if name == "properties" && from.peek() == b'{' {
            properties = Some(from.at());
        }
        from.skip();
    }
    if let Some(properties) = properties {
        let end = from.at();
        // The outer fields are read again, over those inside.
        from.forget(notes);
        from.note_at(properties, Reason::Elsewhere);
        for place in [properties, at] {
            from.seek(place);
            let mut fields = from.object()?;
            while let Some(name) = fields.next(from) {
                if !guild.field(&name, from, &mut seen) {
                    from.skip();
                }
            }
        }
        from.seek(end);
    }
    Guild::complete(seen, at, from).then_some(guild)
}
