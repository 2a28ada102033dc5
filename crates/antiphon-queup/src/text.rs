//! Text as QueUp wants it: HTML escapes, and messages of bounded length.

use std::borrow::Cow;

/// Undoes one layer of HTML escapes; borrows where there is none.
///
/// QueUp escapes once, so this is applied once: `&amp;lt;` becomes `&lt;` and stays so.
pub(crate) fn unescape(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('&') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((character, length)) = entity(rest) {
            plain.push(character);
            rest = &rest[length..];
        } else {
            plain.push('&');
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character that an escape at the start of `text` stands for, and the escape's length in bytes.
fn entity(text: &str) -> Option<(char, usize)> {
    // The longest escape there is: `&#x10FFFF;`.
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(number).filter(|character| *character != '\0')?
        }
    };
    Some((character, end + 1))
}

/// Escapes what QueUp's own client escapes before it sends: `& ' " < >`.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&#39;"),
            '"' => escaped.push_str("&#34;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Cuts a text into pieces of at most `length` characters, at white space where there is some in the second half.
///
/// Pieces are trimmed and never empty; the text is cut *before* it is escaped, so that no escape is cut in two.
pub(crate) fn split(text: &str, length: usize) -> Vec<&str> {
    let length = length.max(1);
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((hard, _)) = rest.char_indices().nth(length) else {
            pieces.push(rest);
            break;
        };
        // White space right behind the piece is as good a place as any inside it.
        let next = rest[hard..].chars().next().map_or(0, char::len_utf8);
        let soft = rest[..hard + next].rfind(char::is_whitespace);
        let cut = soft.filter(|at| *at > hard / 2).unwrap_or(hard);
        pieces.push(rest[..cut].trim_end());
        rest = rest[cut..].trim_start();
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[track_caller]
    fn check(escaped: &str, plain: &str) {
        assert_eq!(unescape(escaped.into()), plain);
    }

    #[test]
    fn text_is_unescaped_exactly_once() {
        check("it&#39;s &lt;fine&gt;", "it's <fine>");
        check("&amp;lt;", "&lt;");
        check("&quot;&#34;&apos;&#x27;", "\"\"''");
        check(
            "a & b &; &nothing; &#; &#x; &#1114112;",
            "a & b &; &nothing; &#; &#x; &#1114112;",
        );
        check("&é;&", "&é;&");
        assert!(matches!(unescape("plain".into()), Cow::Borrowed("plain")));
    }

    #[test]
    fn long_text_is_cut_at_white_space_before_it_is_escaped() {
        let text = format!("{} {}", "a".repeat(200), "&".repeat(100));
        let pieces = split(&text, 255);
        assert_eq!(pieces, ["a".repeat(200), "&".repeat(100)]);
        assert_eq!(escape(pieces[1]), "&amp;".repeat(100));
    }

    #[test]
    fn a_word_longer_than_a_piece_is_cut_hard() {
        assert_eq!(
            split(&"x".repeat(300), 255),
            ["x".repeat(255), "x".repeat(45)]
        );
        assert_eq!(split("  \n ", 255), [""; 0]);
        assert_eq!(split(" a ", 255), ["a"]);
    }

    proptest! {
        #[test]
        fn escaping_and_unescaping_give_the_text_back(text in any::<String>()) {
            prop_assert_eq!(unescape(Cow::Owned(escape(&text))), text);
        }

        #[test]
        fn pieces_are_short_trimmed_and_lose_only_white_space(text in any::<String>(), length in 1_usize..40) {
            let pieces = split(&text, length);
            for piece in &pieces {
                prop_assert!(!piece.is_empty() && piece.chars().count() <= length && piece.trim() == *piece);
            }
            let kept: String = pieces.concat().split_whitespace().collect();
            prop_assert_eq!(kept, text.split_whitespace().collect::<String>());
        }

        #[test]
        fn unescaping_never_panics(text in "[&#x;0-9a-zé]{0,40}") {
            let _ = unescape(Cow::Owned(text));
        }
    }
}
