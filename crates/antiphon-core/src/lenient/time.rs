//! Times as platforms write them.
//!
//! RFC 3339, as most platforms write it; the one form that Discord uses everywhere is read by hand, since a member of a
//! guild has three of them.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// A time as RFC 3339 has it; one without an offset is in UTC.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    if let Some(time) = usual(text.as_bytes()) {
        return Some(time);
    }
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        let time = TimeZone::UTC.to_zoned(time).ok()?;
        Some(time.timestamp())
    })
}

/// The usual form, `2026-01-31T12:00:00.000000+00:00`, which is worth its own way: a member has three.
fn usual(text: &[u8]) -> Option<Timestamp> {
    let (date, fraction) = text.split_first_chunk::<19>()?;
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |number, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit < 10).then_some(number * 10 + i64::from(digit))
        })
    };
    let fraction = fraction.strip_suffix(b"+00:00")?;
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if digits.len() == 6 => number(digits)?,
        [b'.', digits @ ..] if digits.len() == 3 => number(digits)? * 1000,
        _ => return None,
    };
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
    ] = *date
    else {
        return None;
    };
    let year = number(&[y0, y1, y2, y3])?;
    let (month, day) = (number(&[m0, m1])?, number(&[d0, d1])?);
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[n0, n1])?, number(&[s0, s1])?);
    // Leap seconds and days that no month has are left to the library.
    if !(1..=12).contains(&month)
        || !(1..=28).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    // Days since 1970, counted in years that begin in March.
    let year = year - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days =
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
            - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Timestamp::from_microsecond(seconds * 1_000_000 + micros).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_form_is_read_as_the_library_reads_it() {
        let mut count = 0;
        for year in [1970, 1999, 2000, 2015, 2023, 2024, 2026, 2100, 9999] {
            for month in 1..=12 {
                for day in [1, 2, 27, 28] {
                    let text = format!("{year:04}-{month:02}-{day:02}T23:05:59.012345+00:00");
                    let other: Timestamp = text.parse().expect("a time");
                    assert_eq!(usual(text.as_bytes()), Some(other), "{text}");
                    count += 1;
                }
            }
        }
        assert_eq!(count, 432);
    }

    #[test]
    fn what_stands_beside_the_digits_is_no_digit() {
        let time = "2026-01-01T12:11:10.012345+00:00";
        let digits = time.bytes().enumerate().filter(|(at, byte)| {
            let is_offset = *at > 26;
            byte.is_ascii_digit() && !is_offset
        });
        for (at, _) in digits {
            for other in [b'/', b':'] {
                let mut text = time.as_bytes().to_vec();
                text[at] = other;
                assert_eq!(usual(&text), None, "{}", String::from_utf8_lossy(&text));
            }
        }
        assert!(usual(time.as_bytes()).is_some());
    }

    #[test]
    fn fractions_and_offsets_may_be_absent_and_are_not_thrown_away() {
        let noon: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
        for text in [
            "2026-01-31T12:00:00+00:00",
            "2026-01-31T12:00:00.000+00:00",
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T12:00:00",
            "2026-01-31 12:00:00+00:00",
            "2026-01-31T14:00:00+02:00",
            " 2026-01-31T12:00:00Z",
        ] {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-02-30T12:00:00Z",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
