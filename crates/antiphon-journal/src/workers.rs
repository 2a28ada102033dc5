//! A consumer with workers as one: its partitions are consumers for the journal, and one row for people.

use std::collections::{BTreeMap, btree_map::Entry};

use antiphon_core::Cursor;

use crate::inspect::{ConsumerOverview, WorkerOverview};

/// Puts the partitions of each consumer together, in the order of their names.
pub(crate) fn together(consumers: Vec<ConsumerOverview>) -> Vec<ConsumerOverview> {
    let mut whole: BTreeMap<String, ConsumerOverview> = BTreeMap::new();
    let mut parts = Vec::new();
    for one in consumers {
        if one.name.partition_number().is_some() {
            parts.push(one);
            continue;
        }
        whole.insert(one.name.to_string(), one);
    }
    for one in whole.values_mut() {
        // What a split consumer has read by itself says nothing; its partitions say it.
        if let Some(partitions) = one.cursor.as_ref().and_then(|cursor| cursor.partitions) {
            one.partitions = partitions.get();
            one.cursor = None;
        }
    }
    for part in parts {
        let name = part.name.whole().unwrap_or_default().to_owned();
        match whole.entry(name) {
            Entry::Occupied(mut entry) if entry.get().partitions > 0 => add(entry.get_mut(), part),
            // A partition of no consumer that is split is shown as it is.
            _ => {
                whole.insert(part.name.to_string(), part);
            }
        }
    }
    whole.into_values().collect()
}

fn add(whole: &mut ConsumerOverview, part: ConsumerOverview) {
    let Some(cursor) = part.cursor else { return };
    let lag_from = cursor.needs();
    whole.waits_since = match (whole.waits_since, part.waits_since) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    whole.cursor = Some(match whole.cursor.take() {
        None => cursor,
        Some(before) => joined(before, cursor),
    });
    let Some(process) = part.process else { return };
    let known = whole
        .workers
        .iter_mut()
        .find(|worker| worker.process == process);
    match known {
        Some(worker) => {
            worker.partitions += 1;
            worker.needs = worker.needs.min(lag_from);
        }
        None => whole.workers.push(WorkerOverview {
            process,
            partitions: 1,
            needs: lag_from,
        }),
    }
}

/// A cursor that has read what both have, and needs what either needs.
fn joined(mut one: Cursor, other: Cursor) -> Cursor {
    one.read = one.read.min(other.read);
    one.open.extend(other.open);
    one.parked.extend(other.parked);
    one.parked_all = match (one.parked_all, other.parked_all) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    one.clean &= other.clean;
    one
}

#[cfg(test)]
mod tests {
    use antiphon_core::{ConsumerName, OpenEvent, Partitions, Position};

    use super::*;

    #[test]
    fn the_partitions_of_a_consumer_are_one_row_with_its_workers() {
        let choir = ConsumerName::new("choir");
        let row = |name: &ConsumerName, cursor: Cursor, process: Option<u32>| {
            let mut row = ConsumerOverview::new(name.clone());
            row.cursor = Some(cursor);
            row.process = process;
            row
        };
        let at = |position| Cursor::at(Position::new(position));
        let mut behind = at(9);
        behind.open.push(OpenEvent {
            position: Position::new(4),
            starts: 1,
        });
        let split = Cursor::split(Position::ZERO, Partitions::new(3).expect("in range"));
        let rows = together(vec![
            row(&"audit".into(), at(3), Some(7)),
            row(&choir, split, None),
            row(&choir.partition(0), at(8), Some(17)),
            row(&choir.partition(1), behind, Some(18)),
            row(&choir.partition(2), at(9), Some(17)),
        ]);
        let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["audit", "choir"]);
        assert_eq!((rows[0].process, rows[0].partitions), (Some(7), 0));
        let cursor = rows[1].cursor.as_ref().expect("that of its partitions");
        assert_eq!(
            (cursor.read, cursor.needs()),
            (Position::new(8), Position::new(4))
        );
        assert_eq!(rows[1].partitions, 3);
        let workers = rows[1].workers.iter();
        let workers: Vec<_> = workers
            .map(|one| (one.process, one.partitions, one.needs.get()))
            .collect();
        assert_eq!(workers, [(17, 2, 9), (18, 1, 4)]);
    }
}
