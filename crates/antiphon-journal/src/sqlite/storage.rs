//! How large a journal is, how old its events are, and what retention removes next.
//!
//! A journal of any size is looked at in the same time. Days are found by halving the way through the positions, and a
//! long stretch of positions is counted in samples, which [`Age::is_exact`] tells.

use std::{collections::HashMap, ops::Range};

use antiphon_core::{ReadError, Retention};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use zstd::zstd_safe::get_frame_content_size;

use super::{
    SqliteJournal,
    reader::Reader,
    sweep::{ROW_BYTES, floor},
    trouble::Failure,
    value::{integer, nanoseconds, position, timestamp},
};
use crate::{
    inspect::{Age, Bodies, Due, Storage},
    retention::{Keep, ago, keep},
};

/// Stretches of positions up to this length are counted row by row.
const COUNTED: i64 = 2048;
/// Samples of a longer stretch, and positions of each.
const SAMPLES: i64 = 8;
const SAMPLE: i64 = 64;
/// The oldest rows that are held against the policy.
const LOOKED_AT: u32 = 16_384;
/// Most rows of a table of origins that are counted.
const ORIGINS: u32 = 100_000;
/// Bytes of a body with the head of its compression.
const HEAD: u32 = 18;

impl SqliteJournal {
    /// How large the journal is, how old its events are between these times, and what `policy` removes at `now`.
    ///
    /// `bounds` are in ascending order; each two neighbours are a stretch. It reads some hundred rows for each stretch
    /// and the 16,384 oldest ones, whatever the size of the journal.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    ///
    /// use antiphon_core::{Batch, Draft, Journal, Kind, Origin, Place, Retention};
    /// use antiphon_journal::SqliteJournal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::TempDir::new()?;
    /// let journal = SqliteJournal::open(folder.path().join("events.sqlite")).await?;
    /// let days = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"];
    /// let days: Vec<jiff::Timestamp> = days.iter().map(|day| day.parse()).collect::<Result<_, _>>()?;
    /// let said = Draft::new(Kind::from_static("test.said"), Place::root(), Origin::frame("c", 1), days[1], "{}");
    /// journal.append(Arc::new(Batch { events: vec![("choir".into(), said)], ..Batch::default() })).await?;
    ///
    /// let policy = Retention { keep: Some(Duration::from_secs(3600)), ..Retention::default() };
    /// let storage = journal.storage(policy, &days, days[2]).await?;
    /// let counts: Vec<_> = storage.ages.iter().map(|day| day.events).collect();
    /// assert_eq!(counts, [0, 1]);
    /// assert_eq!((storage.due.removed, storage.due.held), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReadError`] if the storage fails.
    pub async fn storage(
        &self,
        policy: Retention,
        bounds: &[Timestamp],
        now: Timestamp,
    ) -> Result<Storage, ReadError> {
        let bounds = bounds.to_vec();
        self.shared
            .read(move |reader| reader.storage(&policy, &bounds, now))
            .await
    }
}

impl Reader {
    fn storage(
        &mut self,
        policy: &Retention,
        bounds: &[Timestamp],
        now: Timestamp,
    ) -> Result<Storage, Failure> {
        let number = |pragma: &str| -> Result<u64, Failure> {
            let number = self
                .connection
                .prepare_cached(pragma)?
                .query_row([], |row| row.get::<_, i64>(0))?;
            Ok(number.unsigned_abs())
        };
        let page = number("pragma page_size")?;
        let mut storage = Storage {
            bytes: page * number("pragma page_count")?,
            spare: page * number("pragma freelist_count")?,
            ..Storage::default()
        };
        storage.oldest = self
            .first_after(0)?
            .map(|(at, received)| Ok::<_, Failure>((position(at)?, timestamp(received))))
            .transpose()?;
        let end = integer(self.last()?.get());
        let mut from = bounds
            .first()
            .map_or(Ok(0), |at| self.before(*at, 0, end))?;
        for pair in bounds.windows(2) {
            let until = self.before(pair[1], from, end)?;
            let age = self.age(pair[0]..pair[1], from..until, &mut storage.bodies)?;
            storage.ages.push(age);
            from = until;
        }
        storage.due = self.due(policy, now)?;
        (storage.origins, storage.origins_over) = self
            .connection
            .prepare_cached(
                "select count(*), count(*) filter (where until <= ?2) \
                 from (select until from removed limit ?1)",
            )?
            .query_row(params![ORIGINS, now.as_second()], |row| {
                Ok((
                    row.get::<_, i64>(0)?.unsigned_abs(),
                    row.get::<_, i64>(1)?.unsigned_abs(),
                ))
            })?;
        storage.deletions = self
            .connection
            .prepare_cached("select count(*) from (select 1 from deletion limit ?1)")?
            .query_row([ORIGINS], |row| row.get::<_, i64>(0))?
            .unsigned_abs();
        Ok(storage)
    }

    /// Position and time of the first event behind a position.
    fn first_after(&self, after: i64) -> Result<Option<(i64, i64)>, Failure> {
        Ok(self
            .connection
            .prepare_cached(
                "select position, received_at from stored where position > ?1 order by position limit 1",
            )?
            .query_row([after], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// The position of the last event before a time, between two positions.
    ///
    /// Events are stored as they are received; a clock that was set back makes it a little early or late.
    fn before(&self, at: Timestamp, low: i64, high: i64) -> Result<i64, Failure> {
        let time = nanoseconds(at);
        let (mut early, mut late) = (low, high);
        while early < late {
            let middle = early + (late - early) / 2;
            match self.first_after(middle)? {
                Some((position, received_at)) if received_at < time => early = position,
                _ => late = middle,
            }
        }
        Ok(early)
    }

    /// The events behind the first position and up to the second; `seen` counts the bodies that were looked at.
    fn age(
        &self,
        time: Range<Timestamp>,
        stretch: Range<i64>,
        seen: &mut Bodies,
    ) -> Result<Age, Failure> {
        let length = stretch.end - stretch.start;
        let is_exact = length <= COUNTED;
        let (mut events, mut bytes, mut looked_at) = (0, 0, 0);
        let starts: Vec<i64> = if is_exact {
            vec![stretch.start]
        } else {
            let step = (length - SAMPLE) / (SAMPLES - 1);
            (0..SAMPLES)
                .map(|sample| stretch.start + sample * step)
                .collect()
        };
        let sample = if is_exact { length } else { SAMPLE };
        for start in starts {
            let (rows, size) = self.sample(start, start + sample, seen)?;
            events += rows;
            bytes += size;
            looked_at += sample.unsigned_abs();
        }
        let scaled = |count: u64| {
            let whole = u128::from(count) * u128::from(length.unsigned_abs());
            u64::try_from(whole / u128::from(looked_at.max(1))).unwrap_or(u64::MAX)
        };
        Ok(Age {
            from: time.start,
            to: time.end,
            events: if is_exact { events } else { scaled(events) },
            bytes: if is_exact { bytes } else { scaled(bytes) },
            is_exact,
        })
    }

    /// Number and bytes of the rows behind the first position and up to the second.
    fn sample(&self, after: i64, until: i64, seen: &mut Bodies) -> Result<(u64, u64), Failure> {
        // A file of the first version compresses nothing, and has no such column.
        let packed = if self.has_packed()? {
            "packed is not null"
        } else {
            "0"
        };
        let mut select = self.connection.prepare_cached(&format!(
            "select {ROW_BYTES}, length(body), {packed}, substr(body, 1, {HEAD}) \
             from stored where position > ?1 and position <= ?2"
        ))?;
        let mut rows = select.query([after, until])?;
        let (mut events, mut bytes) = (0, 0);
        while let Some(row) = rows.next()? {
            events += 1;
            bytes += row.get::<_, i64>(0)?.unsigned_abs();
            let stored = row.get::<_, i64>(1)?.unsigned_abs();
            let is_packed: bool = row.get(2)?;
            seen.looked_at += 1;
            seen.stored += stored;
            seen.compressed += u64::from(is_packed);
            let head = row.get_ref(3)?.as_bytes().unwrap_or_default();
            let whole = is_packed.then(|| get_frame_content_size(head).ok().flatten());
            seen.expanded += whole.flatten().unwrap_or(stored);
        }
        Ok((events, bytes))
    }

    fn has_packed(&self) -> Result<bool, Failure> {
        let mut columns = self
            .connection
            .prepare_cached("select 1 from pragma_table_info('stored') where name = 'packed'")?;
        Ok(columns.exists([])?)
    }

    /// What the policy says of the oldest events.
    fn due(&self, policy: &Retention, now: Timestamp) -> Result<Due, Failure> {
        let floor = floor(&self.connection)?;
        let mut keeps = HashMap::new();
        let mut due = Due::default();
        let mut select = self.connection.prepare_cached(
            "select position, kind, received_at from stored order by position limit ?1",
        )?;
        let mut rows = select.query([LOOKED_AT])?;
        while let Some(row) = rows.next()? {
            due.looked_at += 1;
            let kind: i64 = row.get(1)?;
            let keep = if let Some(keep) = keeps.get(&kind) {
                *keep
            } else {
                let keep = self.keep(policy, kind)?;
                keeps.insert(kind, keep);
                keep
            };
            let (Keep::For(time) | Keep::Momentary(time)) = keep else {
                continue;
            };
            if row.get::<_, i64>(2)? > nanoseconds(ago(now, time)) {
                continue;
            }
            let position: i64 = row.get(0)?;
            let is_needed = floor.is_some_and(|floor| position >= floor);
            if is_needed && matches!(keep, Keep::For(_)) {
                due.held += 1;
            } else {
                due.removed += 1;
            }
        }
        Ok(due)
    }

    /// The policy's answer for a kind by its number.
    fn keep(&self, policy: &Retention, kind: i64) -> Result<Keep, Failure> {
        let text: Option<String> = self
            .connection
            .prepare_cached("select text from name where id = ?1")?
            .query_row([kind], |row| row.get(0))
            .optional()?;
        Ok(text.map_or(Keep::Always, |text| keep(policy, &text)))
    }
}
