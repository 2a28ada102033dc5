//! Percent-decoding of path segments.

/// Decodes a path segment.
pub(crate) fn decoded(step: &str) -> String {
    let mut bytes = Vec::with_capacity(step.len());
    let mut rest = step.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_in_a_path_is_found_again() {
        assert_eq!(decoded("%F0%9F%8E%89"), "🎉");
        assert_eq!(decoded("organ:1%3"), "organ:1%3");
        assert_eq!(decoded("organ%3A1"), "organ:1");
    }
}
