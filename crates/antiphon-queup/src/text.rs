//! The text of chat messages: HTML escapes, and pieces of bounded length (protocol §8).
//!
//! QueUp's page escapes a text before it sends it, and unescapes what it shows, so that a client must do the same once
//! each. Sending goes through [`split`] and then [`escape`]; reading unescapes in `wire/loose.rs`.

/// Escapes the characters that QueUp's own client escapes: `& ' " < >`.
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
    use antiphon_core::unescape_html;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

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
            let escaped = escape(&text);
            prop_assert_eq!(unescape_html(&escaped), text);
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
    }
}
