//! Lone surrogates in JSON texts.
//!
//! The servers count texts in units of UTF-16 (assumed), so that a text that was cut may end in half of a character. A
//! Rust text cannot hold that; the message stays readable with a replacement.

/// Returns a copy with `\ufffd` for every lone surrogate; `None` if there is none.
pub(crate) fn without_halves(json: &[u8]) -> Option<Vec<u8>> {
    let mut copy: Option<Vec<u8>> = None;
    let mut at = 0;
    while at < json.len() {
        if json[at] != b'\\' {
            at += 1;
            continue;
        }
        match unit(json, at) {
            Some(0xd800..=0xdbff) if matches!(unit(json, at + 6), Some(0xdc00..=0xdfff)) => {
                at += 12;
            }
            Some(0xd800..=0xdfff) => {
                let copy = copy.get_or_insert_with(|| json.to_vec());
                copy[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            Some(_) => at += 6,
            // Another escape, such as `\\`.
            None => at += 2,
        }
    }
    copy
}

/// The unit of UTF-16 that an escape such as `\ud83d` stands for.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(br"\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<&str>) {
        let replaced =
            without_halves(json.as_bytes()).map(|json| String::from_utf8(json).expect("text"));
        assert_eq!(replaced.as_deref(), expected);
    }

    #[test]
    fn halves_are_replaced_and_whole_characters_kept() {
        check(r#"{"a":"x\ud83d"}"#, Some(r#"{"a":"x\ufffd"}"#));
        check(r#"{"a":"\ude00x\uD83D"}"#, Some(r#"{"a":"\ufffdx\ufffd"}"#));
        check(
            r#"{"a":"\ud83d\ud83d\ude00"}"#,
            Some(r#"{"a":"\ufffd\ud83d\ude00"}"#),
        );
        check(r#"{"a":"\ud83d\ude00 \u003c \\ud83d \n"}"#, None);
        check(r#"{"a":"\\\ud83d"}"#, Some(r#"{"a":"\\\ufffd"}"#));
        check(r"\", None);
        check(r"\ud8", None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic_and_the_length_stays(
            json in r#"(\\ud83d|\\ude00|\\\\|\\u|\\|[a-z"]){0,20}"#,
        ) {
            if let Some(replaced) = without_halves(json.as_bytes()) {
                assert_eq!(replaced.len(), json.len());
            }
        }
    }
}
