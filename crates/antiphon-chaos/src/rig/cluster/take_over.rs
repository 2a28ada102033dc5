//! How long it took until another process went on for one that was killed, stopped or cut off.
//!
//! For a source that is the time from the break of the ingester that held the journal to the first event of the source
//! that was stored under a later lease. For a partition it is the time from the break of the worker that acted in it last
//! to the first call of a handler in another one, or from when there was something to handle, if that was later.

use std::{collections::BTreeMap, fmt, sync::Arc};

use antiphon::Event;
use antiphon_core::Partitions;

use crate::{
    effects::{Deed, Life},
    script::cluster::Part,
    verdict::{INTERACTION, PLATFORMS},
};

/// How long a take-over may take, in microseconds.
pub(crate) const LIMIT: i64 = 10_000_000;

/// Something that went wrong; times are microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Break {
    pub(crate) part: Part,
    pub(crate) at: i64,
    /// When it was over; `i64::MAX` if it is not yet.
    pub(crate) until: i64,
    /// Whether somebody else has to go on: a process that ends in good order gives up what it has.
    pub(crate) is_sudden: bool,
    /// Whether it is an ingester that held the journal.
    pub(crate) held: bool,
    /// The process of the bot, by its number.
    pub(crate) life: Option<usize>,
}

/// An event as it was stored.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) position: u64,
    pub(crate) source: String,
    pub(crate) at: i64,
    /// The lease under which it was stored.
    pub(crate) epoch: u64,
}

/// For what another process went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Source(&'static str),
    Partition(u16),
}

impl fmt::Display for For {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(name) => write!(f, "source {name}"),
            Self::Partition(number) => write!(f, "partition {number}"),
        }
    }
}

/// What else was wrong meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Beside {
    Nothing,
    /// Another process was broken too.
    Process,
    /// A server was down.
    Server,
}

/// One take-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakeOver {
    pub(crate) of: For,
    pub(crate) from: Part,
    /// In microseconds.
    pub(crate) took: i64,
    pub(crate) beside: Beside,
    /// Whether nobody had gone on when the run was healed.
    pub(crate) is_open: bool,
}

impl TakeOver {
    /// Whether it took too long although everything else was well.
    pub(crate) fn is_late(&self) -> bool {
        self.beside == Beside::Nothing && self.took > LIMIT
    }

    /// The name under which it is counted.
    pub(crate) fn name(&self) -> &'static str {
        match (self.of, self.beside) {
            (For::Source(_), Beside::Nothing) => "source",
            (For::Source(_), Beside::Process) => "source, another process broken",
            (For::Source(_), Beside::Server) => "source, a server down",
            (For::Partition(_), Beside::Nothing) => "partition",
            (For::Partition(_), Beside::Process) => "partition, another process broken",
            (For::Partition(_), Beside::Server) => "partition, a server down",
        }
    }
}

/// A time in seconds.
#[expect(clippy::cast_precision_loss, reason = "a run has some minutes")]
pub(crate) fn seconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1e6
}

/// The take-overs of a run whose traffic ended at this time.
pub(crate) fn of(
    breaks: &[Break],
    stored: &[Stored],
    events: &[Arc<Event>],
    lives: &[Life],
    ended: i64,
) -> Vec<TakeOver> {
    let mut all = sources(breaks, stored, ended);
    all.extend(partitions(breaks, stored, events, lives, ended));
    all
}

/// What was wrong between two times, beside one break.
fn beside(breaks: &[Break], own: usize, from: i64, to: i64, counts: fn(Part) -> bool) -> Beside {
    let others = breaks.iter().enumerate();
    let others = others.filter(|(number, other)| {
        *number != own && other.at <= to && other.until >= from && counts(other.part)
    });
    let others = others.map(|(_, other)| match other.part {
        Part::Server(_) => Beside::Server,
        Part::Ingester(_) | Part::Worker(_) => Beside::Process,
    });
    others.max().unwrap_or(Beside::Nothing)
}

fn sources(breaks: &[Break], stored: &[Stored], ended: i64) -> Vec<TakeOver> {
    let mut all = Vec::new();
    for (number, broken) in breaks.iter().enumerate() {
        if !broken.held || !broken.is_sudden {
            continue;
        }
        let before = stored.iter().filter(|one| one.at <= broken.at);
        let Some(epoch) = before.map(|one| one.epoch).max() else {
            continue;
        };
        let is_kept = |one: &Stored| one.epoch == epoch && one.at > broken.until;
        if stored.iter().any(is_kept) {
            // It went on before its lease had ended.
            continue;
        }
        for source in PLATFORMS {
            let next = stored
                .iter()
                .filter(|one| one.source == source && one.epoch > epoch && one.at > broken.at)
                .map(|one| one.at)
                .min()
                .filter(|at| *at <= ended);
            let to = next.unwrap_or(ended);
            let took = to - broken.at;
            if next.is_none() && (took <= LIMIT || broken.until < to) {
                continue;
            }
            let counts = |part| !matches!(part, Part::Worker(_));
            all.push(TakeOver {
                of: For::Source(source),
                from: broken.part,
                took,
                beside: beside(breaks, number, broken.at, to, counts),
                is_open: next.is_none(),
            });
        }
    }
    all
}

/// The events of a partition, and the calls of handlers in it.
#[derive(Default)]
struct Partition {
    /// Positions, each with the time when it was stored.
    events: Vec<(u64, i64)>,
    /// Time, process and position of each call, in the order of their times.
    calls: Vec<(i64, usize, u64)>,
}

fn partitions(
    breaks: &[Break],
    stored: &[Stored],
    events: &[Arc<Event>],
    lives: &[Life],
    ended: i64,
) -> Vec<TakeOver> {
    let stored_at: BTreeMap<u64, i64> = stored.iter().map(|one| (one.position, one.at)).collect();
    let mut partitions: BTreeMap<u16, Partition> = BTreeMap::new();
    let mut partition_of = BTreeMap::new();
    for event in events {
        // Those have lanes of their own.
        if event.kind().as_str() == INTERACTION {
            continue;
        }
        let position = event.position().get();
        let number = Partitions::default().of(event.place().as_str());
        partition_of.insert(position, number);
        if let Some(at) = stored_at.get(&position) {
            let partition = partitions.entry(number).or_default();
            partition.events.push((position, *at));
        }
    }
    for (life, of) in lives.iter().enumerate() {
        for line in &of.lines {
            if let Deed::Began { position, .. } = line.deed
                && let Some(number) = partition_of.get(&position)
            {
                let partition = partitions.entry(*number).or_default();
                partition.calls.push((line.at, life, position));
            }
        }
    }
    let mut all = Vec::new();
    for (number, partition) in &mut partitions {
        partition.calls.sort_unstable();
        for (index, broken) in breaks.iter().enumerate() {
            let (Some(life), true) = (broken.life, broken.is_sudden) else {
                continue;
            };
            if let Some((took, to, is_open)) = partition.taken_over(broken.at, life, ended) {
                all.push(TakeOver {
                    of: For::Partition(*number),
                    from: broken.part,
                    took,
                    beside: beside(breaks, index, broken.at, to, |_| true),
                    is_open,
                });
            }
        }
    }
    all
}

impl Partition {
    /// How long it took until another process went on, when that was, and whether that was not before the end; `None` if
    /// the process did not have the partition, or there was nothing to do.
    fn taken_over(&self, at: i64, life: usize, ended: i64) -> Option<(i64, i64, bool)> {
        let (before, after) = self
            .calls
            .split_at(self.calls.partition_point(|call| call.0 <= at));
        before.last().filter(|call| call.1 == life)?;
        let own = before.iter().filter(|call| call.1 == life);
        let last = own.map(|call| call.2).max()?;
        // From when on there was something to do that the process had not begun.
        let due = self.events.iter().find(|(position, _)| *position > last);
        let due = due.map(|(_, due)| at.max(*due));
        let next = after.iter().find(|call| call.1 != life && call.0 <= ended);
        if let Some((to, _, position)) = next {
            let from = if *position > last {
                due.unwrap_or(at)
            } else {
                at
            };
            return Some(((to - from).max(0), *to, false));
        }
        let took = ended - due?;
        (took > LIMIT).then_some((took, ended, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn broken(part: Part, at: i64, until: i64) -> Break {
        Break {
            part,
            at: at * SECOND,
            until: until * SECOND,
            is_sudden: true,
            held: matches!(part, Part::Ingester(_)),
            life: matches!(part, Part::Worker(_)).then_some(0),
        }
    }

    fn event(position: u64, at: i64, epoch: u64) -> Vec<Stored> {
        let of = |source: &str| Stored {
            position,
            source: source.into(),
            at: at * SECOND,
            epoch,
        };
        PLATFORMS.into_iter().map(of).collect()
    }

    #[test]
    fn a_take_over_lasts_from_the_break_to_the_first_event_of_a_later_lease() {
        let breaks = [broken(Part::Ingester(0), 10, 12)];
        let stored = [event(1, 9, 5), event(2, 17, 9), event(3, 18, 9)].concat();
        let took: Vec<_> = sources(&breaks, &stored, 30 * SECOND);
        assert_eq!(took.len(), 4);
        for one in took {
            assert_eq!((one.took, one.beside), (7 * SECOND, Beside::Nothing));
            assert!(!one.is_late() && !one.is_open);
        }
    }

    #[test]
    fn one_that_goes_on_under_its_lease_was_not_replaced() {
        let breaks = [broken(Part::Ingester(0), 10, 12)];
        let stored = [event(1, 9, 5), event(2, 13, 5), event(3, 20, 9)].concat();
        assert_eq!(sources(&breaks, &stored, 30 * SECOND), []);
    }

    #[test]
    fn nobody_who_goes_on_for_ten_seconds_is_late() {
        let breaks = [broken(Part::Ingester(0), 10, 30)];
        let stored = event(1, 9, 5);
        let took = sources(&breaks, &stored, 25 * SECOND);
        assert!(took.len() == 4 && took.iter().all(|one| one.is_late() && one.is_open));
        assert_eq!(sources(&breaks, &stored, 15 * SECOND), []);
    }

    #[test]
    fn a_server_that_was_down_meanwhile_is_counted_by_itself() {
        let breaks = [
            broken(Part::Ingester(0), 10, 12),
            broken(Part::Server(2), 8, 11),
            broken(Part::Worker(1), 10, 11),
        ];
        let stored = [event(1, 9, 5), event(2, 30, 9)].concat();
        let took = sources(&breaks, &stored, 40 * SECOND);
        assert!(
            took.iter()
                .all(|one| one.beside == Beside::Server && !one.is_late())
        );
        let took = sources(&breaks[..1], &stored, 40 * SECOND);
        assert!(took.iter().all(TakeOver::is_late));
    }

    #[test]
    fn a_partition_waits_only_while_something_is_due() {
        let partition = Partition {
            events: vec![(1, 9), (2, 14), (3, 15)],
            calls: vec![(9, 0, 1), (17, 1, 2), (18, 1, 3)],
        };
        assert_eq!(partition.taken_over(10, 0, 30), Some((3, 17, false)));
        assert_eq!(partition.taken_over(10, 1, 30), None, "another had it");
        // What was open comes again, and waits from the break on.
        let partition = Partition {
            calls: vec![(9, 0, 1), (17, 1, 1)],
            ..partition
        };
        assert_eq!(partition.taken_over(10, 0, 30), Some((7, 17, false)));
    }
}
