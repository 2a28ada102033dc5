//! Conversions of times and lengths; the reference library has this module under this name, and each function in it.
//!
//! All times of QueUp are milliseconds since 1970, but for the time of a song's media, which is ISO 8601 (protocol §9,
//! 8).

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::error::TimeError;

/// Converts milliseconds since 1970 to a time.
///
/// ```
/// use antiphon_queup::utils::dt;
///
/// assert_eq!(dt(1_496_420_594_815)?.to_string(), "2017-06-02T16:23:14.815Z");
/// assert_eq!(dt(i64::MAX).expect_err("no year").text, i64::MAX.to_string());
/// # Ok::<(), antiphon_queup::TimeError>(())
/// ```
///
/// # Errors
/// [`TimeError`] if the number lies outside the years -9999 to 9999.
pub fn dt(ms: i64) -> Result<Timestamp, TimeError> {
    Timestamp::from_millisecond(ms).map_err(|_| TimeError {
        text: ms.to_string(),
    })
}

/// Converts a time to milliseconds since 1970, without fractions of one.
///
/// ```
/// use antiphon_queup::utils::{dt, ts, tzdt};
///
/// let time = tzdt("2017-06-02T16:23:14.815Z")?;
/// assert_eq!(ts(time), 1_496_420_594_815);
/// assert_eq!(dt(1_496_420_594_815)?, time);
/// # Ok::<(), antiphon_queup::TimeError>(())
/// ```
pub fn ts(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// Reads an ISO 8601 time such as `2017-06-02T16:23:14.815Z`. It needs an offset or `Z`.
///
/// # Errors
/// [`TimeError`] if the text is not one.
pub fn tzdt(text: &str) -> Result<Timestamp, TimeError> {
    text.parse().map_err(|_| TimeError {
        text: text.to_owned(),
    })
}

/// Writes a length in ms as `03:54`, and as `1:03:54` from an hour on.
///
/// A negative length counts as 0.
///
/// ```
/// use antiphon_queup::utils::song_length;
///
/// assert_eq!(song_length(234_000), "03:54");
/// assert_eq!(song_length(3_834_000), "1:03:54");
/// ```
pub fn song_length(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    if minutes < 60 {
        format!("{minutes:02}:{seconds:02}")
    } else {
        format!("{}:{:02}:{seconds:02}", minutes / 60, minutes % 60)
    }
}

/// Writes a length in ms in a format of one's own.
///
/// `%H`, `%M` and `%S` are two digits of hours, minutes and seconds, and `%%` is a percent sign; any other text stays.
/// Without `%H` the minutes count on past 59, and without `%M` the seconds do.
///
/// ```
/// use antiphon_queup::utils::song_length_with;
///
/// assert_eq!(song_length_with(3_834_000, "%M:%S"), "63:54");
/// assert_eq!(song_length_with(3_834_000, "%H h %M min"), "01 h 03 min");
/// ```
pub fn song_length_with(ms: i64, format: &str) -> String {
    let total = ms.max(0) / 1000;
    let hours = total / 3600;
    let has_hours = format.contains("%H");
    let minutes = if has_hours {
        total % 3600 / 60
    } else {
        total / 60
    };
    let seconds = match (format.contains("%M"), has_hours) {
        (true, _) => total % 60,
        (false, true) => total % 3600,
        (false, false) => total,
    };
    let mut text = String::with_capacity(format.len() + 4);
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('H') => {
                let _ = write!(text, "{hours:02}");
            }
            Some('M') => {
                let _ = write!(text, "{minutes:02}");
            }
            Some('S') => {
                let _ = write!(text, "{seconds:02}");
            }
            Some('%') | None => text.push('%'),
            Some(other) => {
                text.push('%');
                text.push(other);
            }
        }
    }
    text
}

/// Finds the first item that matches.
///
/// The reference compares attributes given by name; here a closure compares them, which the compiler checks.
///
/// ```
/// use antiphon_queup::{Role, utils};
///
/// assert_eq!(utils::get(Role::ALL, |role| role.name() == "vip"), Some(Role::Vip));
/// ```
pub fn get<T>(
    items: impl IntoIterator<Item = T>,
    mut matches: impl FnMut(&T) -> bool,
) -> Option<T> {
    items.into_iter().find(|item| matches(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_converted_both_ways() {
        let time = dt(1_720_000_000_123).expect("a time");
        assert_eq!(ts(time), 1_720_000_000_123);
        assert_eq!(time.to_string(), "2024-07-03T09:46:40.123Z");
        assert!(dt(i64::MAX).is_err());
        assert_eq!(
            ts(tzdt("2017-06-02T16:23:14.815Z").expect("a time")),
            1_496_420_594_815
        );
        assert!(tzdt("yesterday").is_err());
    }

    #[test]
    fn a_length_of_an_hour_does_not_wrap() {
        assert_eq!(song_length(0), "00:00");
        assert_eq!(song_length(3_599_999), "59:59");
        assert_eq!(song_length(3_600_000), "1:00:00");
        assert_eq!(song_length(-5), "00:00");
        assert_eq!(song_length_with(90_000_000, "%H:%M:%S"), "25:00:00");
        assert_eq!(
            song_length_with(61_000, "%S s, 100%%, %x %"),
            "61 s, 100%, %x %"
        );
    }
}
