//! Which track that was given to play belongs to which event of the node.

use std::{collections::VecDeque, sync::Arc};

use crate::model::Playable;

/// Tracks that may be on their way at once; more would mean that a node ends none of them.
const MOST: usize = 8;

/// How far a track has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The node was asked.
    Asked,
    /// The node has taken it.
    Accepted,
    /// The node said that it began.
    Started,
}

/// A track on its way from the request to its end.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) track: Arc<Playable>,
    pub(crate) phase: Phase,
    /// Where it begins, in milliseconds.
    pub(crate) start: i64,
    /// It goes on after a move or a lost session, instead of beginning.
    pub(crate) restored: bool,
    /// Another program began it, so that nobody here knows an original.
    pub(crate) foreign: bool,
}

/// The tracks on their way, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: VecDeque<Run>,
    next: u64,
}

impl Runs {
    pub(crate) fn add(&mut self, track: Arc<Playable>, phase: Phase, restored: bool) -> u64 {
        self.next += 1;
        if self.runs.len() >= MOST {
            self.runs.pop_front();
        }
        self.runs.push_back(Run {
            id: self.next,
            track,
            phase,
            start: 0,
            restored,
            foreign: false,
        });
        self.next
    }

    /// It begins elsewhere than at its beginning.
    pub(crate) fn begin_at(&mut self, id: u64, start: i64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.start = start;
        }
    }

    /// The node took it; unless its end was heard before, which happens (protocol §6).
    pub(crate) fn accepted(&mut self, id: u64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.phase = run.phase.max(Phase::Accepted);
        }
    }

    /// The node did not take it.
    pub(crate) fn refused(&mut self, id: u64) {
        self.runs.retain(|run| run.id != id);
    }

    /// A track began: the oldest that waits for it.
    pub(crate) fn started(&mut self, track: Playable) -> &Run {
        let waiting = |run: &Run| run.phase < Phase::Started && run.track.is_same(&track);
        let index = self.runs.iter().position(waiting).unwrap_or_else(|| {
            self.add(Arc::new(track), Phase::Started, false);
            let last = self.runs.len() - 1;
            self.runs[last].foreign = true;
            last
        });
        self.runs[index].phase = Phase::Started;
        &self.runs[index]
    }

    /// A track is known to play, whether its beginning was heard or not.
    pub(crate) fn confirmed(&mut self, track: Playable) {
        match self.position(&track) {
            Some(index) => self.runs[index].phase = Phase::Started,
            None => {
                self.started(track);
            }
        }
    }

    /// Another track plays than any that was taken; those the node has not answered yet stay on their way.
    pub(crate) fn replaced(&mut self, track: Playable) {
        self.runs.retain(|run| run.phase == Phase::Asked);
        if self.position(&track).is_none() {
            self.next += 1;
            self.runs.push_front(Run {
                id: self.next,
                track: Arc::new(track),
                phase: Phase::Started,
                start: 0,
                restored: false,
                foreign: true,
            });
        } else {
            self.confirmed(track);
        }
    }

    /// A track ended: the oldest that had begun, else the oldest that was to begin.
    pub(crate) fn ended(&mut self, track: &Playable) -> Option<Run> {
        self.runs.remove(self.position(track)?)
    }

    /// The run that an event is about.
    pub(crate) fn find(&self, track: &Playable) -> Option<&Run> {
        self.runs.get(self.position(track)?)
    }

    fn position(&self, track: &Playable) -> Option<usize> {
        let started = |run: &Run| run.phase == Phase::Started && run.track.is_same(track);
        let any = |run: &Run| run.track.is_same(track);
        let mut runs = self.runs.iter();
        let found = runs.position(started);
        found.or_else(|| self.runs.iter().position(any))
    }

    /// The run of this number.
    pub(crate) fn get(&self, id: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// What plays: the newest that the node has taken.
    pub(crate) fn current(&self) -> Option<&Run> {
        let mut runs = self.runs.iter().rev();
        runs.find(|run| run.phase >= Phase::Accepted)
    }

    /// What plays, or will as soon as the node has answered.
    pub(crate) fn newest(&self) -> Option<&Run> {
        self.runs.back()
    }

    /// Nothing is on its way any more.
    pub(crate) fn clear(&mut self) {
        self.runs.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(name: &str) -> Playable {
        let mut track = Playable {
            encoded: name.into(),
            ..Playable::default()
        };
        track.info.title = name.to_uppercase();
        track
    }

    #[test]
    fn a_replaced_track_ends_with_its_own_original() {
        let mut runs = Runs::default();
        runs.add(track("a").into(), Phase::Asked, false);
        assert!(!runs.started(track("a")).foreign);
        let second = runs.add(track("b").into(), Phase::Asked, false);
        assert_eq!(
            runs.ended(&track("a")).map(|run| run.track.title.clone()),
            Some("A".into())
        );
        assert_eq!(runs.started(track("b")).id, second);
        runs.accepted(second);
        assert_eq!(runs.current().map(|run| run.id), Some(second));
    }

    #[test]
    fn the_same_track_twice_is_told_apart_by_order() {
        let mut runs = Runs::default();
        let first = runs.add(track("a").into(), Phase::Asked, false);
        runs.started(track("a"));
        let second = runs.add(track("a").into(), Phase::Asked, false);
        assert_eq!(runs.ended(&track("a")).map(|run| run.id), Some(first));
        assert_eq!(runs.started(track("a")).id, second);
    }

    #[test]
    fn an_end_before_the_answer_is_not_undone_by_it() {
        let mut runs = Runs::default();
        let id = runs.add(track("a").into(), Phase::Asked, false);
        runs.ended(&track("a")).expect("it was asked for");
        runs.accepted(id);
        assert!(runs.current().is_none());
    }

    #[test]
    fn a_start_that_nobody_asked_for_has_no_original() {
        let mut runs = Runs::default();
        assert!(runs.started(track("x")).foreign);
        assert!(runs.ended(&track("y")).is_none());
        for number in 0..100 {
            runs.started(track(&number.to_string()));
        }
        assert!(runs.runs.len() <= MOST);
    }
}
