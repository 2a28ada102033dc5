//! Retention: a sweep removes rows in slices, between which commits have their turn.
//!
//! A sweep is a list of steps ([`Step`]): erase bodies, remove by age, rule by rule, remove by size, purge origins
//! whose window is over, give free pages back. Each runs in slices of a bounded number of rows, each slice in a
//! transaction of its own, so that no commit waits long; a step that has more to do puts itself on the list again.
//! Slices grow while a sweep lasts: one that has much to do, since events come fast or the process was away, must not
//! fall behind what is stored meanwhile.
//!
//! Rows are looked at in the order of positions, which is nearly that of time: a rule stops at the first row that is
//! too young. A row whose clock was wrong (more than a day ahead) does not stop it.

use std::sync::Arc;

use antiphon_core::{Position, Retention, Sweep};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    swept::{Memory, Rules},
    trouble::Failure,
    value::{cursor, integer, nanoseconds, timestamp},
    writer::Writer,
};
use crate::retention::{ERASED, Keep, ago, keep, until};

/// Rows looked at in one of the first slices.
///
/// Looking costs less than removing, hence the two numbers. An append that comes meanwhile waits for one slice.
const LOOKED_AT: u32 = 512;
/// Rows changed in one of the first slices.
const CHANGED: u32 = 64;
/// Slices after which they become twice as large.
const GROWTH: u32 = 16;
/// How often they do.
const MOST_GROWTH: u32 = 3;
/// Bytes given back to the disk in one slice.
const VACUUMED: u64 = 256 << 10;
/// Most free bytes in a file that is left as large as it is.
const SPARE: u64 = 4 << 20;
/// How often the origins of removed rows are looked through.
const PURGE_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How far ahead of the clock a row's time may be before it counts as wrong.
const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// Roughly the bytes of a row in the table and the index, in SQL.
pub(super) const ROW_BYTES: &str =
    "64 + length(body) + ifnull(length(note), 0) + 2 * octet_length(origin)";

/// A sweep under way.
#[derive(Debug)]
pub(super) struct Run {
    policy: Arc<Retention>,
    /// The time that all slices of this sweep compare with.
    now: Timestamp,
    /// A stack: the last step is done next.
    todo: Vec<Step>,
    /// Slices that were done.
    slices: u32,
    pub(super) sweep: Sweep,
}

/// The order of a sweep is that in which [`Run::begin`] puts them on the stack.
#[derive(Clone, Debug)]
enum Step {
    Begin,
    Erase,
    Age(Keep),
    Size,
    /// The removed rows' origins after this one.
    Purge(i64, String),
    Vacuum,
}

/// A row that is removed.
///
/// `received_at` is in nanoseconds since 1970.
struct Row {
    position: i64,
    source: i64,
    origin: String,
    received_at: i64,
}

impl Run {
    pub(super) fn new(policy: Arc<Retention>, now: Timestamp) -> Self {
        Self {
            policy,
            now,
            todo: vec![Step::Begin],
            slices: 0,
            sweep: Sweep::default(),
        }
    }

    /// Rows that this slice looks at.
    fn looked_at(&self) -> u32 {
        LOOKED_AT << (self.slices / GROWTH).min(MOST_GROWTH)
    }

    /// Rows that this slice changes.
    fn changed(&self) -> u32 {
        CHANGED << (self.slices / GROWTH).min(MOST_GROWTH)
    }

    /// Does one slice in a transaction of its own; returns whether there is more to do.
    pub(super) fn slice(&mut self, writer: &mut Writer) -> Result<bool, Failure> {
        let Some(step) = self.todo.pop() else {
            return Ok(false);
        };
        if let Step::Vacuum = step {
            self.vacuum(writer)?;
            return Ok(!self.todo.is_empty());
        }
        // The results of a failed slice are lost: the sweep ends, and the next begins from the start.
        let mut memory = std::mem::take(&mut writer.swept);
        memory.follow(&self.policy);
        writer.transaction(|writer| match step {
            Step::Begin => self.begin(writer),
            Step::Erase => self.erase(writer),
            Step::Age(rule) => self.age(writer, &mut memory, rule),
            Step::Size => self.size(writer),
            Step::Purge(source, origin) => self.purge(writer, &mut memory, source, &origin),
            Step::Vacuum => Ok(()),
        })?;
        writer.swept = memory;
        self.slices = self.slices.saturating_add(1);
        Ok(!self.todo.is_empty())
    }

    /// It also stores the time of the sweep, by which windows are judged afterwards.
    fn begin(&mut self, writer: &Writer) -> Result<(), Failure> {
        self.todo
            .extend([Step::Vacuum, Step::Purge(i64::MIN, String::new())]);
        if self.policy.max_bytes.is_some() {
            self.todo.push(Step::Size);
        }
        self.todo
            .extend(Rules::of(&self.policy).answers().into_iter().map(Step::Age));
        self.todo.push(Step::Erase);
        writer
            .connection
            .prepare_cached("update counter set swept_at = max(swept_at, ?1)")?
            .execute([self.now.as_second()])?;
        Ok(())
    }

    /// Erases the bodies of events that the platform deleted and whose grace is over.
    fn erase(&mut self, writer: &Writer) -> Result<(), Failure> {
        let connection = &writer.connection;
        let mut select = connection.prepare_cached(
            "select position, source, origin from deletion where received_at <= ?1 limit ?2",
        )?;
        let grace_over = nanoseconds(ago(self.now, self.policy.delete_grace));
        let due = select
            .query_map(params![grace_over, self.changed()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<Vec<(i64, i64, String)>, _>>()?;
        for (position, source, origin) in &due {
            let erased = connection
                .prepare_cached(
                    "update stored set body = ?3, packed = null, form = 0, note = null, erased_at = ?4 \
                     where source = ?1 and origin = ?2 and erased_at is null",
                )?
                .execute(params![source, origin, &*ERASED, nanoseconds(self.now)])?;
            self.sweep.erased += erased as u64;
            connection
                .prepare_cached("delete from deletion where position = ?1")?
                .execute([position])?;
        }
        if due.len() == self.changed() as usize {
            self.todo.push(Step::Erase);
        }
        Ok(())
    }

    /// Removes the rows that are too old for one rule.
    fn age(&mut self, writer: &mut Writer, memory: &mut Memory, rule: Keep) -> Result<(), Failure> {
        let (Keep::For(time) | Keep::Momentary(time)) = rule else {
            return Ok(());
        };
        let floor = floor(&writer.connection)?;
        let momentary = matches!(rule, Keep::Momentary(_));
        let too_old = nanoseconds(ago(self.now, time));
        let impossible = nanoseconds(self.now.checked_add(SKEW).unwrap_or(Timestamp::MAX));
        let mut done = memory.done.get(&rule).copied().unwrap_or_default();
        let mut looked_at = 0;
        let mut ended = false;
        let mut gone = Vec::new();
        {
            let mut select = writer.connection.prepare_cached(
                "select position, source, kind, received_at, origin from stored \
                 where position > ?1 order by position limit ?2",
            )?;
            let mut rows = select.query(params![integer(done.get()), self.looked_at()])?;
            while gone.len() < self.changed() as usize {
                let Some(row) = rows.next()? else {
                    ended = looked_at < self.looked_at();
                    break;
                };
                looked_at += 1;
                let position: i64 = row.get(0)?;
                if !momentary && floor.is_some_and(|floor| position >= floor) {
                    ended = true;
                    break;
                }
                let received_at: i64 = row.get(3)?;
                if self.keep(writer, memory, row.get(2)?)? == rule {
                    if received_at <= too_old {
                        gone.push(Row {
                            position,
                            source: row.get(1)?,
                            origin: row.get(4)?,
                            received_at,
                        });
                    } else if received_at <= impossible {
                        // The next rows are younger still.
                        ended = true;
                        break;
                    }
                }
                done = Position::new(u64::try_from(position).unwrap_or_default());
            }
        }
        for row in &gone {
            if momentary && floor.is_some_and(|floor| row.position >= floor) {
                self.sweep.expired += 1;
            } else {
                self.sweep.removed += 1;
            }
        }
        self.remove(writer, &gone)?;
        memory.done.insert(rule, done);
        if !ended {
            self.todo.push(Step::Age(rule));
        }
        Ok(())
    }

    /// The policy's answer for a kind, remembered by the kind's number.
    fn keep(&self, writer: &Writer, memory: &mut Memory, kind: i64) -> Result<Keep, Failure> {
        if let Some(keep) = memory.keeps.get(&kind) {
            return Ok(*keep);
        }
        let text: Option<String> = writer
            .connection
            .prepare_cached("select text from name where id = ?1")?
            .query_row([kind], |row| row.get(0))
            .optional()?;
        let keep = text.map_or(Keep::Always, |text| keep(&self.policy, &text));
        memory.keeps.insert(kind, keep);
        Ok(keep)
    }

    /// Removes the oldest rows while the journal is too large.
    ///
    /// Rows that a consumer still needs stay, so that the file may be larger than the limit.
    fn size(&mut self, writer: &mut Writer) -> Result<(), Failure> {
        let Some(max_bytes) = self.policy.max_bytes else {
            return Ok(());
        };
        let excess = writer.used_bytes()?.saturating_sub(max_bytes);
        if excess == 0 {
            return Ok(());
        }
        let floor = floor(&writer.connection)?.unwrap_or(i64::MAX);
        let mut oldest = Vec::new();
        {
            // The next slice measures again.
            let mut select = writer.connection.prepare_cached(&format!(
                "select position, source, received_at, origin, {ROW_BYTES} \
                 from stored where position < ?1 order by position limit ?2"
            ))?;
            let mut rows = select.query(params![floor, self.changed()])?;
            let mut freed = 0;
            while freed < excess
                && let Some(row) = rows.next()?
            {
                oldest.push(Row {
                    position: row.get(0)?,
                    source: row.get(1)?,
                    received_at: row.get(2)?,
                    origin: row.get(3)?,
                });
                freed += u64::try_from(row.get::<_, i64>(4)?).unwrap_or_default();
            }
        }
        self.sweep.removed += oldest.len() as u64;
        self.remove(writer, &oldest)?;
        if !oldest.is_empty() {
            self.todo.push(Step::Size);
        }
        Ok(())
    }

    /// Removes rows, and stores their origins for the rest of the window.
    fn remove(&self, writer: &mut Writer, rows: &[Row]) -> Result<(), Failure> {
        for row in rows {
            writer
                .connection
                .prepare_cached("delete from stored where position = ?1")?
                .execute([row.position])?;
            let until = until(timestamp(row.received_at), self.policy.window);
            if until > self.now.as_second() {
                writer.any_removed = true;
                writer
                    .connection
                    .prepare_cached("insert or replace into removed values (?1, ?2, ?3)")?
                    .execute(params![row.source, row.origin, until])?;
            }
        }
        Ok(())
    }

    /// Removes origins whose window is over.
    fn purge(
        &mut self,
        writer: &mut Writer,
        memory: &mut Memory,
        source: i64,
        origin: &str,
    ) -> Result<(), Failure> {
        let begins = origin.is_empty() && source == i64::MIN;
        let lately = memory
            .purged_at
            .is_some_and(|at| self.now.duration_since(at) < PURGE_EVERY);
        if !writer.any_removed || (begins && lately) {
            return Ok(());
        }
        memory.purged_at = Some(self.now);
        let connection = &writer.connection;
        // The last origin of a full slice.
        let next: Option<(i64, String)> = connection
            .prepare_cached(
                "select source, origin from removed where (source, origin) > (?1, ?2) \
                 order by source, origin limit 1 offset ?3",
            )?
            .query_row(params![source, origin, self.looked_at() - 1], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let now = self.now.as_second();
        if let Some((next_source, next_origin)) = next {
            connection
                .prepare_cached(
                    "delete from removed where (source, origin) > (?1, ?2) \
                     and (source, origin) <= (?3, ?4) and until <= ?5",
                )?
                .execute(params![source, origin, next_source, next_origin, now])?;
            self.todo.push(Step::Purge(next_source, next_origin));
        } else {
            connection
                .prepare_cached(
                    "delete from removed where (source, origin) > (?1, ?2) and until <= ?3",
                )?
                .execute(params![source, origin, now])?;
            writer.any_removed = connection
                .prepare_cached("select exists (select 1 from removed)")?
                .query_row([], |row| row.get(0))?;
        }
        Ok(())
    }

    /// Gives space back to the disk, once more than half of the file is free.
    fn vacuum(&mut self, writer: &Writer) -> Result<(), Failure> {
        let (pages, free) = writer.pages()?;
        if free <= integer(SPARE / writer.page_size) || free <= pages / 2 {
            return Ok(());
        }
        let some = VACUUMED / writer.page_size;
        let mut vacuum = writer
            .connection
            .prepare(&format!("pragma incremental_vacuum({some})"))?;
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
        writer.watch.has_pages(writer.page_count()?);
        if writer.pages()?.0 < pages {
            self.todo.push(Step::Vacuum);
        }
        Ok(())
    }
}

/// The first position that any known consumer still needs.
///
/// `None` while no consumer is known: then nothing is held back.
pub(super) fn floor(connection: &Connection) -> Result<Option<i64>, Failure> {
    let mut select = connection.prepare_cached("select cursor from cursor")?;
    let mut rows = select.query([])?;
    let mut floor: Option<i64> = None;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        let needs = integer(cursor(&text)?.needs().get());
        floor = Some(floor.map_or(needs, |floor| floor.min(needs)));
    }
    Ok(floor)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sqlite::writer::tests::{batch, writer};

    #[test]
    fn a_sweep_begins_with_small_slices_and_has_few_where_there_is_much_to_do() {
        let (_folder, mut writer) = writer();
        writer.append(&batch(0..20_000)).expect("stored");
        let policy = Retention {
            keep: Some(Duration::from_secs(60)),
            window: Duration::ZERO,
            ..Retention::default()
        };
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let mut run = Run::new(Arc::new(policy), now);
        let mut most = Vec::new();
        let mut before = 0;
        while run.slice(&mut writer).expect("swept") {
            most.push(run.sweep.removed - before);
            before = run.sweep.removed;
        }
        assert_eq!(run.sweep.removed, 20_000);
        let first = most.iter().find(|removed| **removed > 0);
        assert_eq!(first, Some(&64));
        assert_eq!(most.iter().max(), Some(&512));
        assert!(most.len() < 150, "{} slices", most.len());
        let rows: i64 = writer
            .connection
            .query_row("select count(*) from stored", [], |row| row.get(0))
            .expect("counted");
        assert_eq!(rows, 0);
    }
}
