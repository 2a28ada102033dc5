//! HTML escapes in texts of chats.
//!
//! Some platforms escape texts for HTML before they send them; each is unescaped once, where the payload is made. The
//! escapes of the whole of HTML are not wanted: a text with `&copy` in it was typed that way.

use std::borrow::Cow;

/// Bytes of the longest escape, without its semicolon: `&#x10FFFF`.
const LONGEST: usize = 9;

/// Undoes one layer of HTML escapes; borrows where there is none.
///
/// The five named characters of XML, `&nbsp;` and numbers in both notations are known; everything else stays as it is.
///
/// ```
/// use antiphon_core::unescape_html;
///
/// assert_eq!(unescape_html("it&#39;s &lt;fine&gt;"), "it's <fine>");
/// assert_eq!(unescape_html("&amp;lt;"), "&lt;");
/// assert_eq!(unescape_html("AT&T &c."), "AT&T &c.");
/// ```
pub fn unescape_html(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(LONGEST + 1).position(|byte| byte == b';');
        let escape = end.and_then(|end| Some((end + 1, character(&rest[1..end])?)));
        let (length, character) = escape.unwrap_or((1, '&'));
        plain.push(character);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The character of an escape, which is given without `&` and `;`.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(number.ok()?).filter(|character| *character != '\0');
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    #[track_caller]
    fn check(escaped: &str, plain: &str) {
        assert_eq!(unescape_html(escaped), plain);
    }

    #[test]
    fn one_layer_of_escapes_is_undone_and_everything_else_stays() {
        check("&amp;amp;lt;", "&amp;lt;");
        check("&quot;&#34;&apos;&#x27;&#X27;", "\"\"'''");
        check("&nbsp;|&#160;|&#x10FFFF;", "\u{a0}|\u{a0}|\u{10ffff}");
        for odd in [
            "a & b &; &nothing; &#; &#x; &#1114112; &#0;",
            "&é;&",
            "&#x0010FFFF;",
            "&",
        ] {
            check(odd, odd);
        }
        assert!(matches!(unescape_html("plain"), Cow::Borrowed("plain")));
    }

    proptest! {
        #[test]
        fn a_text_never_grows(text in "[&#;a-zxé0-9]{0,40}") {
            prop_assert!(unescape_html(&text).len() <= text.len());
        }
    }
}
