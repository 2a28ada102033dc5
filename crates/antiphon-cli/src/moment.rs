//! Points of a journal as people write them: a time, so long ago, or a position.
//!
//! Times without an offset are local, or UTC with `--utc`. They are read when the command line is, and become points of
//! time once the zone is known ([`Moment::instant`]).
//!
//! A local time that a clock showed twice or never, because it was set back or forward, is the earlier of its two
//! readings for `--since` and the later for `--until`, so that nothing is left out.

use std::time::Duration;

use antiphon_core::Position;
use jiff::{
    Timestamp, ToSpan as _, Zoned,
    civil::{Date, DateTime, Time, Weekday},
    tz::{AmbiguousZoned, TimeZone},
};

use crate::time;

/// What a point may be, for help and errors.
pub(crate) const FORMS: &str = "a length of time (`10m`), a time (`14:05`, `2026-01-31 14:05`, `2026-01-31T12:00:00Z`), a day (`yesterday`, `monday`, `2026-01-31`) or a position (`4711`)";

/// A point of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// So long before now.
    Ago(Duration),
    /// At this time.
    At(Timestamp),
    /// At a time that a local clock showed.
    Local(Day, Time),
    /// At this position.
    Position(Position),
}

/// A day of a local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    On(Date),
    /// So many days before today.
    Before(u8),
    /// The last such day, which is today if today is one.
    Last(Weekday),
    /// Today, or yesterday if the time is still to come today.
    LastTime,
}

/// Which of two readings of a local time is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Earlier,
    Later,
}

impl Moment {
    /// Reads a point.
    ///
    /// The forms cannot be mistaken for one another: a position is digits alone, a length has a unit, a time of day a
    /// colon, a date two hyphens; a day may be followed by a time of day.
    ///
    /// # Errors
    /// One sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        // With the name of a zone: `2026-01-31T14:05[Europe/Berlin]`.
        if let Ok(time) = text.parse::<Zoned>() {
            return Ok(Self::At(time.timestamp()));
        }
        local(text)
            .map(|(day, time)| Self::Local(day, time))
            // jiff would take `25:00:00` for a length.
            .or_else(|| {
                time::parse(text)
                    .ok()
                    .filter(|_| !text.contains(':'))
                    .map(Self::Ago)
            })
            .ok_or_else(|| format!("`{text}` is not {FORMS}"))
    }

    /// The point of time, as seen at `now` and in its zone; a position is none.
    ///
    /// # Errors
    /// One sentence, for a day before the year -9999 or after 9999.
    pub(crate) fn instant(
        self,
        now: &Zoned,
        reading: Reading,
    ) -> Result<Option<Timestamp>, String> {
        Ok(Some(match self {
            Self::Position(_) => return Ok(None),
            Self::At(time) => time,
            Self::Ago(length) => {
                // As long as anybody has waited: a longer one is beyond the calendar.
                let length = length.min(Duration::from_secs(1 << 33));
                let time = now.timestamp().checked_sub(length);
                time.unwrap_or(Timestamp::MIN)
            }
            Self::Local(day, time) => {
                let read = |date: Date| {
                    let zone = now.time_zone();
                    reading.of(zone.to_ambiguous_zoned(date.to_datetime(time)))
                };
                let at = day
                    .date(now, time)
                    .and_then(read)
                    // The library speaks of the limits of its own types.
                    .map_err(|_| {
                        let (first, last) = (Timestamp::MIN, Timestamp::MAX);
                        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
                        let (first, last) = (day(first), day(last));
                        format!("the day is beyond the calendar, which goes from {first} to {last}")
                    })?;
                at.timestamp()
            }
        }))
    }
}

impl Reading {
    fn of(self, time: AmbiguousZoned) -> Result<Zoned, jiff::Error> {
        match self {
            Self::Earlier => time.earlier(),
            Self::Later => time.later(),
        }
    }
}

impl Day {
    fn date(self, now: &Zoned, time: Time) -> Result<Date, jiff::Error> {
        let today = now.date();
        match self {
            Self::On(date) => Ok(date),
            Self::Before(days) => today.checked_sub(i64::from(days).days()),
            Self::Last(day) => {
                let back = today.weekday().since(day);
                today.checked_sub(i64::from(back).days())
            }
            Self::LastTime if time > now.time() => today.yesterday(),
            Self::LastTime => Ok(today),
        }
    }
}

/// A local time: a day, a time of day, or both.
fn local(text: &str) -> Option<(Day, Time)> {
    if let Some(time) = time_of_day(text) {
        return Some((Day::LastTime, time));
    }
    if let Some(day) = day(text) {
        return Some((day, Time::midnight()));
    }
    if let Some((first, time)) = text.split_once(' ')
        && let (Some(day), Some(time)) = (day(first), time_of_day(time.trim_start()))
    {
        return Some((day, time));
    }
    // jiff would pass over the name of a zone that it does not know.
    let both: DateTime = text.parse().ok().filter(|_| !text.contains('['))?;
    Some((Day::On(both.date()), both.time()))
}

/// A time with a colon; jiff would take `1405` too, which is a position here.
fn time_of_day(text: &str) -> Option<Time> {
    let is_time = text.starts_with(|first: char| first.is_ascii_digit()) && !text.contains('-');
    let (hour, _) = text.split_once(':').filter(|_| is_time)?;
    // `9:05` is how people write it.
    let padded = if hour.len() == 1 {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    padded.parse().ok()
}

fn day(text: &str) -> Option<Day> {
    let day = match &*text.to_ascii_lowercase() {
        "today" => Day::Before(0),
        "yesterday" => Day::Before(1),
        "monday" | "mon" => Day::Last(Weekday::Monday),
        "tuesday" | "tue" => Day::Last(Weekday::Tuesday),
        "wednesday" | "wed" => Day::Last(Weekday::Wednesday),
        "thursday" | "thu" => Day::Last(Weekday::Thursday),
        "friday" | "fri" => Day::Last(Weekday::Friday),
        "saturday" | "sat" => Day::Last(Weekday::Saturday),
        "sunday" | "sun" => Day::Last(Weekday::Sunday),
        // Ten characters, as jiff would take a date with a time as a date.
        _ if text.len() == 10 => Day::On(text.parse().ok()?),
        _ => return None,
    };
    Some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule of central Europe, which needs no list of zones.
    fn zone() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule")
    }

    /// A Sunday, at one minute past two in winter.
    fn now() -> Zoned {
        let at: Timestamp = "2026-11-29T02:01:30+01:00".parse().expect("a time");
        at.to_zoned(zone())
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let moment = Moment::parse(text).expect(text);
        for reading in [Reading::Earlier, Reading::Later] {
            let at = moment.instant(&now(), reading).expect(text);
            let expected: Timestamp = expected.parse().expect("a time");
            assert_eq!(at, Some(expected), "`{text}`");
        }
    }

    #[test]
    fn a_time_reads_as_people_write_it_and_is_local() {
        check("10m", "2026-11-29T01:51:30+01:00");
        check("1h30m", "2026-11-29T00:31:30+01:00");
        check("7d", "2026-11-22T02:01:30+01:00");
        check("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z");
        check("2026-01-31T12:00:00+05:00", "2026-01-31T07:00:00Z");
        check("2026-07-01 02:01", "2026-07-01T02:01:00+02:00");
        check("2026-07-01T02:01:30.5", "2026-07-01T02:01:30.5+02:00");
        check("2026-11-29", "2026-11-29T00:00:00+01:00");
        check("today", "2026-11-29T00:00:00+01:00");
        check("today 1:00", "2026-11-29T01:00:00+01:00");
        check("Yesterday", "2026-11-28T00:00:00+01:00");
        check("yesterday 23:59:59", "2026-11-28T23:59:59+01:00");
        check("02:01", "2026-11-29T02:01:00+01:00");
        check("23:00", "2026-11-28T23:00:00+01:00");
        check("sunday", "2026-11-29T00:00:00+01:00");
        check("monday", "2026-11-23T00:00:00+01:00");
        check("sat 12:00", "2026-11-28T12:00:00+01:00");
        check("2026-11-29T02:01[UTC]", "2026-11-29T02:01:00Z");
        let position = Moment::parse("4711");
        assert_eq!(position, Ok(Moment::Position(Position::new(4711))));
    }

    #[test]
    fn what_is_no_point_is_refused() {
        for text in [
            "",
            "soon",
            "-1",
            "-10m",
            "25:00",
            "25:00:00",
            "2026-13-01",
            "2026-11-31",
            "monday noon",
            "24:00",
            "12:00:61",
            "::",
            "tomorrow",
            "2026-01-31T12:00[Nowhere/At_All]",
        ] {
            let read = Moment::parse(text);
            assert!(read.is_err(), "`{text}`: {read:?}");
        }
    }

    #[test]
    fn a_time_that_a_clock_showed_twice_or_never_leaves_nothing_out() {
        let both = |text: &str| {
            let moment = Moment::parse(text).expect(text);
            [Reading::Earlier, Reading::Later].map(|reading| {
                let at = moment
                    .instant(&now(), reading)
                    .expect(text)
                    .expect("a time");
                at.to_zoned(zone()).strftime("%H:%M%:z").to_string()
            })
        };
        // Set forward from two to three, and back from three to two.
        assert_eq!(both("2026-03-29 02:30"), ["01:30+01:00", "03:30+02:00"]);
        assert_eq!(both("2026-10-25 02:30"), ["02:30+02:00", "02:30+01:00"]);
    }

    #[test]
    fn a_day_beyond_the_calendar_is_an_error() {
        let first = Timestamp::MIN.to_zoned(TimeZone::UTC);
        let moment = Moment::parse("yesterday").expect("a day");
        assert!(moment.instant(&first, Reading::Earlier).is_err());
        let moment = Moment::parse("90000d").expect("a length");
        let at = moment.instant(&first, Reading::Earlier);
        assert_eq!(at, Ok(Some(Timestamp::MIN)));
    }
}
