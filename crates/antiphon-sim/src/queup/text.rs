//! Escaping as QueUp's chat and song names have it.
//!
//! QueUp stores texts escaped and sends them so; a client escapes what it sends and unescapes what it reads, once
//! (protocol §9, 14).
//! Lengths are counted in the characters that a reader sees.

/// The entity of a character that is escaped on the wire.
fn entity(character: char) -> Option<&'static str> {
    Some(match character {
        '&' => "&amp;",
        '\'' => "&#39;",
        '"' => "&#34;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => return None,
    })
}

/// The entities QueUp is known to send, with what they stand for.
const ENTITIES: [(&str, char); 7] = [
    ("&amp;", '&'),
    ("&#39;", '\''),
    ("&apos;", '\''),
    ("&#34;", '"'),
    ("&quot;", '"'),
    ("&lt;", '<'),
    ("&gt;", '>'),
];

/// Escapes plain text.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match entity(character) {
            Some(entity) => escaped.push_str(entity),
            None => escaped.push(character),
        }
    }
    escaped
}

/// The plain text of an escaped one.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let known = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        let (character, taken) = match known {
            Some((entity, character)) => (*character, entity.len()),
            None => (character, character.len_utf8()),
        };
        plain.push(character);
        rest = &rest[taken..];
    }
    plain
}

/// Escapes what a client sent, leaving alone what it has escaped itself, as it should.
///
/// A `&` that begins no entity is escaped.
pub(crate) fn settle(text: &str) -> String {
    let mut settled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let known = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        let taken = if let Some((entity, _)) = known {
            settled.push_str(entity);
            entity.len()
        } else {
            match entity(character) {
                Some(entity) => settled.push_str(entity),
                None => settled.push(character),
            }
            character.len_utf8()
        };
        rest = &rest[taken..];
    }
    settled
}

/// How many characters a text has once it is unescaped.
pub(crate) fn plain_length(text: &str) -> usize {
    let mut length = 0;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let known = ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity));
        rest = &rest[known.map_or(character.len_utf8(), |(entity, _)| entity.len())..];
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_what_is_escaped_changes_nothing() {
        let escaped = escape("it's <fine> & \"good\"");
        assert_eq!(escaped, "it&#39;s &lt;fine&gt; &amp; &#34;good&#34;");
        assert_eq!(settle(&escaped), escaped);
        assert_eq!(settle("R&B"), "R&amp;B");
    }

    #[test]
    fn an_entity_counts_as_one_character() {
        assert_eq!(plain_length("a&amp;b&apos;ü"), 5);
    }
}
