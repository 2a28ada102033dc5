//! Conversions between our values and SQLite's.
//!
//! SQLite's integers are signed and have 64 bits; positions and times fit with room to spare, and what does not is
//! clamped, not wrapped. Codes of enums are part of the file's format and are never given a second meaning.

use antiphon_core::{BodyForm, Cursor, Position, Provenance, Trouble};
use jiff::Timestamp;

use super::trouble::Failure;

/// A number for SQLite; those above its largest become the largest, which no counter reaches.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Nanoseconds since 1970, clamped to the range of an `i64` (1677 to 2262).
pub(super) fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(if time < Timestamp::UNIX_EPOCH {
        i64::MIN
    } else {
        i64::MAX
    })
}

/// The inverse of [`nanoseconds`] within its range.
pub(super) fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).expect("jiff's range is wider than an i64's")
}

pub(super) fn provenance_code(provenance: Provenance) -> i64 {
    match provenance {
        Provenance::Replayed => 1,
        Provenance::Backfilled => 2,
        Provenance::Synthetic => 3,
        _ => 0,
    }
}

pub(super) fn provenance(code: i64) -> Provenance {
    match code {
        1 => Provenance::Replayed,
        2 => Provenance::Backfilled,
        3 => Provenance::Synthetic,
        _ => Provenance::Live,
    }
}

pub(super) fn form_code(form: BodyForm) -> i64 {
    match form {
        BodyForm::Text => 1,
        BodyForm::Binary => 2,
        _ => 0,
    }
}

pub(super) fn form(code: i64) -> BodyForm {
    match code {
        1 => BodyForm::Text,
        2 => BodyForm::Binary,
        _ => BodyForm::Json,
    }
}

/// Reads a cursor as it is stored.
pub(super) fn cursor(text: &str) -> Result<Cursor, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::said(Trouble::Corrupt, error))
}

/// Reads a position as it is stored.
pub(super) fn position(number: i64) -> Result<Position, Failure> {
    let number = u64::try_from(number).map_err(|error| Failure::said(Trouble::Corrupt, error))?;
    Ok(Position::new(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_survives_its_code() {
        for word in [
            Provenance::Live,
            Provenance::Replayed,
            Provenance::Backfilled,
            Provenance::Synthetic,
        ] {
            assert_eq!(provenance(provenance_code(word)), word);
        }
        for word in [BodyForm::Json, BodyForm::Text, BodyForm::Binary] {
            assert_eq!(form(form_code(word)), word);
        }
    }

    #[test]
    fn times_beyond_the_range_stay_at_its_edge() {
        assert_eq!(nanoseconds(Timestamp::MAX), i64::MAX);
        assert_eq!(nanoseconds(Timestamp::MIN), i64::MIN);
        let time: Timestamp = "2026-02-03T04:05:06.123456789Z".parse().expect("a time");
        assert_eq!(timestamp(nanoseconds(time)), time);
    }
}
