//! Lengths of time as people write them.
//!
//! One parser serves the command line and the configuration. It takes what `jiff` calls a friendly duration
//! (<https://docs.rs/jiff/latest/jiff/fmt/friendly/>); a number without a unit is refused with the likely correction.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Reads `10s`, `2m`, `1h30m`, `7d` or `500ms`; a day has 24 hours.
///
/// # Errors
/// One sentence, without the hint.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("`{text}` has no unit: write `{text}s` for seconds"));
    }
    let wrong = || format!("`{text}` is no length of time such as `10s`, `2m` or `1h30m`");
    let span: Span = text.parse().map_err(|_| wrong())?;
    span.to_duration(SpanRelativeTo::days_are_24_hours())
        .ok()
        .and_then(|length| Duration::try_from(length).ok())
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        let expected = expected.map(Duration::from_millis);
        assert_eq!(parse(text).ok(), expected, "`{text}`");
    }

    #[test]
    fn a_length_of_time_reads_as_people_write_it() {
        check("10s", Some(10_000));
        check("2m", Some(120_000));
        check("1h30m", Some(5_400_000));
        check("1h 30m", Some(5_400_000));
        check("500ms", Some(500));
        check("7d", Some(604_800_000));
        check("2w", Some(1_209_600_000));
        check("10", None);
        check("-10s", None);
        check("1mo", None);
        check("soon", None);
        check("", None);
    }
}
