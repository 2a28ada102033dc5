//! The turns of rooms' requests: a few rooms have theirs at a time, and the others wait in order.
//!
//! One room after another becomes whole, so that the first of a thousand need not wait for the last.
//! A task takes the place of a waiting one of the same sort and room, so that at most five wait for each room, whatever
//! the socket does meanwhile.

use std::{
    collections::{HashMap, VecDeque},
    mem::{Discriminant, discriminant},
};

use crate::{
    model::RoomId,
    session::{Done, Due, Task},
};

/// The identity of a waiting task.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// A join, by its number.
    Join(u64),
    /// Another task, by its sort and room.
    Room(Discriminant<Task>, RoomId),
}

impl Key {
    /// The key of a task that takes a turn; `None` for any other.
    fn of(task: &Task) -> Option<Self> {
        match task {
            Task::Join { id, .. } => Some(Self::Join(*id)),
            Task::Rejoin { room, .. }
            | Task::State { room, .. }
            | Task::Queue { room }
            | Task::Active { room, .. }
            | Task::Post { room, .. } => Some(Self::Room(discriminant(task), room.clone())),
            Task::Open | Task::Stored { .. } | Task::Leave { .. } | Task::Conversations => None,
        }
    }
}

/// Tasks of rooms that wait for their turn.
#[derive(Debug)]
pub(super) struct RoomTasks {
    /// Keys of the waiting tasks, in their order.
    order: VecDeque<Key>,
    waiting: HashMap<Key, Task>,
    under_way: usize,
    /// Most tasks that are under way at once.
    most: usize,
}

impl RoomTasks {
    /// No task; at most `most` will be under way at once.
    pub(super) fn new(most: usize) -> Self {
        Self {
            order: VecDeque::new(),
            waiting: HashMap::new(),
            under_way: 0,
            most,
        }
    }

    /// Takes a task in, or returns one that takes no turn, to be done at once.
    pub(super) fn add(&mut self, task: Task) -> Option<Task> {
        let Some(key) = Key::of(&task) else {
            return Some(task);
        };
        let goes_first = matches!(task, Task::Join { is_asked: true, .. });
        if self.waiting.insert(key.clone(), task).is_none() {
            if goes_first {
                self.order.push_front(key);
            } else {
                self.order.push_back(key);
            }
        }
        None
    }

    /// The next task to do, which counts as under way until [`ended`](Self::ended).
    ///
    /// `due` judges a waiting task by the session of now.
    pub(super) fn next(&mut self, due: impl Fn(&Task) -> Due) -> Option<Task> {
        if self.under_way >= self.most {
            return None;
        }
        for _ in 0..self.order.len() {
            let key = self.order.pop_front()?;
            let Some(task) = self.waiting.get(&key) else {
                continue;
            };
            match due(task) {
                Due::Now => {
                    self.under_way += 1;
                    return self.waiting.remove(&key);
                }
                Due::Later => self.order.push_back(key),
                Due::Never => {
                    self.waiting.remove(&key);
                }
            }
        }
        None
    }

    /// Notes the end of a task.
    pub(super) fn ended(&mut self, done: &Done) {
        let had_a_turn = match done {
            Done::Joined { .. }
            | Done::Rejoined { .. }
            | Done::State { .. }
            | Done::Queue { .. }
            | Done::Active { .. }
            | Done::Posted { .. } => true,
            Done::Opened(_) | Done::Stored { .. } | Done::Left { .. } | Done::Conversations(_) => {
                false
            }
        };
        self.under_way -= usize::from(had_a_turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(room: u64) -> Task {
        Task::Queue {
            room: room.to_string().as_str().into(),
        }
    }

    fn join(id: u64, is_asked: bool) -> Task {
        Task::Join {
            id,
            slug: "loft".into(),
            password: None,
            is_asked,
        }
    }

    /// Does every task that waits, and ends it at once; gives their keys.
    fn drained(tasks: &mut RoomTasks, due: impl Fn(&Task) -> Due) -> Vec<Key> {
        let mut done = Vec::new();
        while let Some(task) = tasks.next(&due) {
            done.extend(Key::of(&task));
            tasks.under_way -= 1;
        }
        done
    }

    fn key(task: &Task) -> Key {
        Key::of(task).expect("it takes a turn")
    }

    #[test]
    fn a_task_waits_until_fewer_are_under_way() {
        let mut tasks = RoomTasks::new(2);
        for room in 0..1000 {
            assert!(tasks.add(queue(room)).is_none());
        }
        let due = |_: &Task| Due::Now;
        assert!(tasks.next(due).is_some() && tasks.next(due).is_some());
        assert!(tasks.next(due).is_none());
        let room = "0".into();
        let outcome = Ok(bytes::Bytes::new());
        tasks.ended(&Done::Queue { room, outcome });
        let next = tasks.next(due).expect("one ended");
        assert_eq!(key(&next), key(&queue(2)));
    }

    #[test]
    fn a_newer_task_of_the_same_room_takes_the_place_of_the_older() {
        let mut tasks = RoomTasks::new(2);
        for updates in 0..5 {
            tasks.add(Task::Active {
                room: "1".into(),
                updates,
            });
            tasks.add(queue(1));
        }
        let next = tasks.next(|_| Due::Now);
        assert!(
            matches!(next, Some(Task::Active { updates: 4, .. })),
            "{next:?}"
        );
        assert_eq!(drained(&mut tasks, |_| Due::Now), [key(&queue(1))]);
    }

    #[test]
    fn a_room_that_a_client_asks_for_goes_first() {
        let mut tasks = RoomTasks::new(1);
        tasks.add(join(1, false));
        tasks.add(join(2, true));
        assert_eq!(
            drained(&mut tasks, |_| Due::Now),
            [Key::Join(2), Key::Join(1)]
        );
    }

    #[test]
    fn a_task_that_is_not_due_yet_holds_up_no_other() {
        let mut tasks = RoomTasks::new(1);
        for room in 0..3 {
            tasks.add(queue(room));
        }
        let due = |task: &Task| match task {
            Task::Queue { room } if room.as_str() == "0" => Due::Later,
            Task::Queue { room } if room.as_str() == "1" => Due::Never,
            _ => Due::Now,
        };
        assert_eq!(drained(&mut tasks, due), [key(&queue(2))]);
        assert_eq!(drained(&mut tasks, |_| Due::Now), [key(&queue(0))]);
    }

    #[test]
    fn tasks_of_the_socket_itself_take_no_turn() {
        let mut tasks = RoomTasks::new(1);
        assert!(matches!(tasks.add(Task::Open), Some(Task::Open)));
        tasks.ended(&Done::Stored {
            channel: "room:1".into(),
            epoch: 1,
        });
        assert_eq!(tasks.under_way, 0);
    }
}
