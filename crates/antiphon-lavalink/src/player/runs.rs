//! Which track that was given to play belongs to which event of the node.

use std::{collections::VecDeque, sync::Arc};

use crate::model::{Playable, TrackEndReason};

/// Tracks that may be on their way at once; more would mean that a node ends none of them.
const MOST: usize = 8;

/// How far a track has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Its request waits for its turn.
    Asked,
    /// The node was asked.
    Sent,
    /// The node has taken it.
    Accepted,
    /// The node said that it began.
    Started,
}

/// A track on its way from the request to its end.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
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
    /// It does not play any more, and is kept for the event of its end.
    pub(crate) is_over: bool,
    /// What follows its end was done, so that the event is followed by nothing.
    pub(crate) is_settled: bool,
    /// Nobody knows whether its request arrived: it is over unless its start is heard.
    pub(crate) is_unsure: bool,
}

/// The tracks on their way in the node's order, the oldest first.
///
/// A node plays one track at a time: one that it took or began ends those before it, heard or not.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: VecDeque<Run>,
    next: u64,
}

impl Runs {
    pub(crate) fn add(&mut self, track: Arc<Playable>, phase: Phase, restored: bool) -> u64 {
        let run = self.run(track, phase, restored);
        self.runs.push_back(run);
        self.next
    }

    fn run(&mut self, track: Arc<Playable>, phase: Phase, restored: bool) -> Run {
        self.next += 1;
        if self.runs.len() >= MOST {
            let over = self.runs.iter().position(|run| run.is_over);
            self.runs.remove(over.unwrap_or_default());
        }
        Run {
            id: self.next,
            track,
            phase,
            start: 0,
            restored,
            foreign: false,
            is_over: false,
            is_settled: false,
            is_unsure: false,
        }
    }

    /// It begins elsewhere than at its beginning.
    pub(crate) fn begin_at(&mut self, id: u64, start: i64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.start = start;
        }
    }

    /// The node is asked.
    pub(crate) fn sent(&mut self, id: u64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.phase = run.phase.max(Phase::Sent);
        }
    }

    /// The node took it; unless its end was heard before, which happens (protocol §6).
    ///
    /// Whether it plays from now on, as far as is known: not if its start was heard before.
    pub(crate) fn accepted(&mut self, id: u64) -> bool {
        let Some(index) = self.runs.iter().position(|run| run.id == id) else {
            return false;
        };
        let is_news = self.runs[index].phase < Phase::Accepted;
        if is_news {
            self.runs[index].phase = Phase::Accepted;
            self.supersede(index);
        }
        is_news
    }

    /// The node did not take it.
    pub(crate) fn refused(&mut self, id: u64) {
        self.runs.retain(|run| run.id != id);
    }

    /// Its request was sent, and nobody knows whether it arrived.
    pub(crate) fn unsure(&mut self, id: u64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.is_over = true;
            run.is_settled = true;
            run.is_unsure = true;
        }
    }

    /// Its request is sent once more, so that the node may begin it twice: the number of the second.
    ///
    /// The first, if the node began it, ends by being replaced.
    pub(crate) fn again(&mut self, id: u64) -> u64 {
        let known = self.runs.iter().find(|run| run.id == id);
        let Some(run) = known.filter(|run| run.phase > Phase::Asked).cloned() else {
            return id;
        };
        let phase = if run.restored {
            Phase::Accepted
        } else {
            Phase::Sent
        };
        let second = Run {
            start: run.start,
            ..self.run(run.track, phase, run.restored)
        };
        let id = second.id;
        if let Some(index) = self.runs.iter().position(|first| first.id == run.id) {
            let first = &mut self.runs[index];
            if first.phase < Phase::Started || phase == Phase::Accepted {
                first.is_over = true;
                first.is_settled = true;
            }
            self.runs.insert(index + 1, second);
        } else {
            self.runs.push_front(second);
        }
        id
    }

    /// Whether the node has begun it, or even ended it.
    pub(crate) fn has_begun(&self, id: u64) -> bool {
        self.get(id).is_none_or(|run| run.phase == Phase::Started)
    }

    /// What the node took before this one plays no more.
    fn supersede(&mut self, index: usize) {
        for run in self.runs.range_mut(..index) {
            if run.phase >= Phase::Accepted && !run.is_over {
                run.is_over = true;
                run.is_settled = true;
            }
            run.is_unsure = false;
        }
    }

    /// A track began: the oldest run that waits for it, and whether that is news.
    ///
    /// The start of a run that began before, or that was replaced since, is none. `None` if there is no run of the track.
    pub(crate) fn started(&mut self, track: &Playable) -> Option<(&Run, bool)> {
        let phases = Phase::Sent..Phase::Started;
        let waits = |run: &Run| phases.contains(&run.phase) && run.track.is_same(track);
        let mut runs = self.runs.iter();
        let index = runs
            .position(|run| waits(run) && !run.is_over)
            .or_else(|| self.runs.iter().position(waits));
        let Some(index) = index else {
            let mut runs = self.runs.iter().rev();
            let known = runs.find(|run| run.phase == Phase::Started && run.track.is_same(track));
            return known.map(|run| (run, false));
        };
        let run = &mut self.runs[index];
        run.phase = Phase::Started;
        if std::mem::take(&mut run.is_unsure) {
            run.is_over = false;
            run.is_settled = false;
        }
        let is_news = !run.is_over;
        if is_news {
            self.supersede(index);
        }
        Some((&self.runs[index], is_news))
    }

    /// Another program began a track. What the node has not answered yet comes after it.
    pub(crate) fn foreign(&mut self, track: Playable) -> &Run {
        let mut run = self.run(Arc::new(track), Phase::Started, false);
        run.foreign = true;
        let asked = |run: &Run| run.phase < Phase::Accepted;
        let index = self.runs.iter().position(asked).unwrap_or(self.runs.len());
        self.runs.insert(index, run);
        self.supersede(index);
        &self.runs[index]
    }

    /// What plays is known to have begun, whether its start was heard or not.
    pub(crate) fn confirmed(&mut self) {
        if let Some(index) = self.current_index() {
            self.runs[index].phase = Phase::Started;
        }
    }

    /// Another track plays than any that was taken; those the node has not answered yet stay on their way.
    pub(crate) fn replaced(&mut self, track: Playable) {
        self.runs.retain(|run| run.phase < Phase::Accepted);
        if self.started(&track).is_none() {
            self.foreign(track);
        }
    }

    /// A track ended: its run, if there is one.
    pub(crate) fn ended(&mut self, track: &Playable, reason: &TrackEndReason) -> Option<Run> {
        let run = self.runs.remove(self.position(track, reason)?)?;
        if !run.is_over {
            // The ends of those before it were lost.
            self.runs
                .retain(|other| !other.is_over || !other.track.is_same(track));
        }
        Some(run)
    }

    /// The run that an event is about.
    pub(crate) fn find(&self, track: &Playable, reason: &TrackEndReason) -> Option<&Run> {
        self.runs.get(self.position(track, reason)?)
    }

    /// The run of a track whose end this is: of two, the one that was replaced ends by being replaced.
    fn position(&self, track: &Playable, reason: &TrackEndReason) -> Option<usize> {
        let position = |is: &dyn Fn(&Run) -> bool| {
            let mut runs = self.runs.iter();
            runs.position(|run| run.track.is_same(track) && is(run))
        };
        let over = || position(&|run| run.is_over);
        let plays = || position(&|run| !run.is_over && run.phase == Phase::Started);
        let begun = match reason {
            TrackEndReason::Replaced => over().or_else(plays),
            _ => plays().or_else(over),
        };
        begun.or_else(|| position(&|run| run.phase > Phase::Asked))
    }

    /// The node has no track: those it had began by then play no more.
    ///
    /// `last` is the newest that can be meant, and `but` one that is not; one that was taken and has not begun yet is
    /// meant if `with_taken`. Gives the newest of them.
    pub(crate) fn vanish(&mut self, last: u64, but: Option<u64>, with_taken: bool) -> Option<u64> {
        let phase = if with_taken {
            Phase::Accepted
        } else {
            Phase::Started
        };
        let mut newest = None;
        for run in &mut self.runs {
            if !run.is_over && run.phase >= phase && run.id <= last && Some(run.id) != but {
                run.is_over = true;
                newest = Some(run.id);
            }
        }
        newest
    }

    /// What follows the end of a run was done.
    pub(crate) fn settle(&mut self, id: u64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.is_settled = true;
        }
    }

    /// Takes out everything that the node was given; the newest of it whose end was not followed by anything yet.
    pub(crate) fn take_all_but_asked(&mut self) -> Option<Run> {
        let given = |run: &mut Run| run.phase >= Phase::Accepted;
        let mut newest = None;
        let mut left = VecDeque::with_capacity(self.runs.len());
        for mut run in self.runs.drain(..) {
            if !given(&mut run) {
                left.push_back(run);
            } else if !run.is_settled {
                newest = Some(run);
            }
        }
        self.runs = left;
        newest
    }

    /// The run of this number.
    pub(crate) fn get(&self, id: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// The number of the newest run.
    pub(crate) fn last(&self) -> u64 {
        self.next
    }

    fn current_index(&self) -> Option<usize> {
        let plays = |run: &Run| !run.is_over && run.phase >= Phase::Accepted;
        self.runs.iter().rposition(plays)
    }

    /// What plays: the newest that the node has taken.
    pub(crate) fn current(&self) -> Option<&Run> {
        self.runs.get(self.current_index()?)
    }

    /// Whether what plays has not begun yet, and the end of what it replaced was not heard.
    pub(crate) fn is_replacing(&self) -> bool {
        let begins = self
            .current()
            .is_some_and(|run| run.phase == Phase::Accepted);
        begins && self.runs.iter().any(|run| run.is_over)
    }

    /// What plays, or will as soon as the node has answered.
    pub(crate) fn newest(&self) -> Option<&Run> {
        self.runs.iter().rfind(|run| !run.is_over)
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

    fn name(run: Option<&Run>) -> Option<&str> {
        run.map(|run| &*run.track.encoded)
    }

    const FINISHED: TrackEndReason = TrackEndReason::Finished;
    const REPLACED: TrackEndReason = TrackEndReason::Replaced;

    /// A track that was asked for, taken and begun.
    fn playing(runs: &mut Runs, name: &str) -> u64 {
        let id = runs.add(track(name).into(), Phase::Sent, false);
        assert!(runs.accepted(id));
        let (run, is_news) = runs.started(&track(name)).expect("it waits");
        assert!(run.id == id && is_news);
        id
    }

    #[test]
    fn a_replaced_track_ends_with_its_own_original() {
        let mut runs = Runs::default();
        let first = playing(&mut runs, "a");
        let second = runs.add(track("b").into(), Phase::Sent, false);
        let ended = runs.ended(&track("a"), &REPLACED).expect("its run");
        assert_eq!((ended.id, &*ended.track.title), (first, "A"));
        assert_eq!(runs.started(&track("b")).map(|run| run.0.id), Some(second));
        assert!(!runs.accepted(second), "its start was heard before");
        assert_eq!(runs.current().map(|run| run.id), Some(second));
    }

    #[test]
    fn the_same_track_twice_is_told_apart_by_order() {
        let mut runs = Runs::default();
        let first = playing(&mut runs, "a");
        let second = runs.add(track("a").into(), Phase::Asked, false);
        assert!(!runs.started(&track("a")).expect("the first").1);
        let ended = runs.ended(&track("a"), &FINISHED);
        assert_eq!(ended.map(|run| run.id), Some(first));
        assert!(
            runs.started(&track("a")).is_none(),
            "the node does not know it"
        );
        runs.sent(second);
        assert_eq!(runs.started(&track("a")).map(|run| run.0.id), Some(second));
    }

    #[test]
    fn a_second_start_of_what_plays_is_no_news() {
        let mut runs = Runs::default();
        let id = playing(&mut runs, "a");
        for _ in 0..3 {
            let (run, is_news) = runs.started(&track("a")).expect("it plays");
            assert!(run.id == id && !is_news);
        }
        runs.ended(&track("a"), &FINISHED).expect("one run");
        assert!(runs.current().is_none() && runs.newest().is_none());
    }

    #[test]
    fn what_was_replaced_plays_no_more_whether_its_end_is_heard_or_not() {
        let mut runs = Runs::default();
        playing(&mut runs, "a");
        let second = runs.add(track("b").into(), Phase::Sent, false);
        assert!(runs.accepted(second));
        assert!(!runs.started(&track("a")).expect("its run").1, "late");
        assert_eq!(name(runs.current()), Some("b"));
        runs.ended(&track("b"), &TrackEndReason::LoadFailed);
        assert_eq!(name(runs.current()), None);
        assert_eq!(name(runs.find(&track("a"), &REPLACED)), Some("a"));
    }

    #[test]
    fn a_track_that_replaces_itself_stays() {
        let mut runs = Runs::default();
        let first = playing(&mut runs, "a");
        let second = playing(&mut runs, "a");
        let ended = runs.ended(&track("a"), &REPLACED);
        assert_eq!(ended.map(|run| run.id), Some(first));
        assert_eq!(runs.current().map(|run| run.id), Some(second));
        let third = playing(&mut runs, "a");
        let ended = runs.ended(&track("a"), &FINISHED);
        assert_eq!(ended.map(|run| run.id), Some(third));
        assert!(runs.runs.is_empty(), "the end of the second was lost");
    }

    #[test]
    fn an_end_before_the_answer_is_not_undone_by_it() {
        let mut runs = Runs::default();
        let id = runs.add(track("a").into(), Phase::Sent, false);
        runs.ended(&track("a"), &FINISHED)
            .expect("it was asked for");
        assert!(!runs.accepted(id));
        assert!(runs.current().is_none());
    }

    #[test]
    fn a_node_without_a_track_ends_what_it_had_and_not_what_came_since() {
        let mut runs = Runs::default();
        let first = playing(&mut runs, "a");
        let last = runs.last();
        runs.foreign(track("x"));
        assert_eq!(runs.vanish(last, None, true), None, "replaced already");
        assert_eq!(name(runs.current()), Some("x"));
        let all = runs.last();
        assert_eq!(runs.vanish(all, Some(all), true), None);
        assert_eq!(runs.vanish(all, None, false), Some(all));
        assert!(runs.current().is_none());
        assert_eq!(runs.get(first).map(|run| run.is_settled), Some(true));
        assert_eq!(runs.take_all_but_asked().map(|run| run.id), Some(all));
    }

    #[test]
    fn a_start_that_nobody_asked_for_has_no_original() {
        let mut runs = Runs::default();
        let asked = runs.add(track("a").into(), Phase::Asked, false);
        assert!(runs.started(&track("x")).is_none());
        assert!(runs.foreign(track("x")).foreign);
        assert!(runs.ended(&track("y"), &FINISHED).is_none());
        assert!(runs.accepted(asked), "what is asked for comes after it");
        assert_eq!(name(runs.current()), Some("a"));
        for number in 0..100 {
            runs.foreign(track(&number.to_string()));
        }
        assert!(runs.runs.len() <= MOST);
        assert_eq!(name(runs.current()), Some("99"));
    }
}
