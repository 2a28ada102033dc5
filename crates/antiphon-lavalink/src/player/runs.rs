//! Runs: which play request an event of the node belongs to.
//!
//! A *run* is one playing of a track, from the request to the end. A node names neither requests nor plays: an event
//! has the track alone, and the same track may be played twice in a row. So runs are kept in the order of their
//! requests, and an event belongs to the oldest run with its track that can have it.
//!
//! ```text
//!   Asked ──sent──▶ Sent ──response or start──▶ Accepted ──start──▶ Started ──end──▶ (removed)
//!                                                    └── a later run is accepted: over, waits for its end
//! ```
//!
//! # What holds
//! - At most one run is current: the newest that is accepted or started and not over.
//! - A run is removed by its end event, by a refusal, or to make room for a ninth.
//! - A run that is *settled* has had its effect: the end event removes it and starts nothing.
//! - Numbers grow and are never used twice, so that `last` of a request in flight tells which runs are newer.

use std::{collections::VecDeque, sync::Arc};

use crate::model::{Playable, TrackEndReason};

/// Runs that are kept. A node that ends none loses the oldest: its end then changes nothing.
const MOST: usize = 8;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Its request is queued.
    Asked,
    /// Its request was sent.
    Sent,
    /// The node accepted it.
    Accepted,
    /// The node reported its start.
    Started,
}

/// One playing of a track, from the request to the end.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Number, from 1 on.
    pub(crate) id: u64,
    /// The track as the client gave it; for a foreign run as the node sent it.
    pub(crate) track: Arc<Playable>,
    /// How far it has come; it never goes back.
    pub(crate) phase: Phase,
    /// Start in the track, in milliseconds.
    pub(crate) start: i64,
    /// Whether it goes on after a move or a lost session.
    pub(crate) restored: bool,
    /// Whether another program began it, so that there is no original.
    pub(crate) foreign: bool,
    /// Whether it plays no more and waits for its end event.
    pub(crate) is_over: bool,
    /// Whether the next track was already chosen, so that its end event has no effect.
    pub(crate) is_settled: bool,
    /// Whether its request may not have arrived: it is over unless its start is reported.
    pub(crate) is_unsure: bool,
}

/// The runs in the node's order, the oldest first.
///
/// A node plays one track: a run that it accepts or begins ends those before it, reported or not.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    runs: VecDeque<Run>,
    /// Number of the newest run.
    next: u64,
}

impl Runs {
    /// Adds a run behind all others, and returns its number.
    pub(crate) fn add(&mut self, track: Arc<Playable>, phase: Phase, restored: bool) -> u64 {
        let run = self.run(track, phase, restored);
        self.runs.push_back(run);
        self.next
    }

    /// Makes a run with the next number, and makes room for it: an over one goes first, else the oldest.
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

    /// Sets where in the track it starts.
    pub(crate) fn begin_at(&mut self, id: u64, start: i64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.start = start;
        }
    }

    /// Notes that its request was sent.
    pub(crate) fn sent(&mut self, id: u64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.phase = run.phase.max(Phase::Sent);
        }
    }

    /// Notes that the node accepted it, unless its end was reported before, which happens (protocol §6).
    ///
    /// Returns whether it is the current run from now on: not if its start was reported before.
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

    /// Removes a run that the node did not accept.
    pub(crate) fn refused(&mut self, id: u64) {
        self.runs.retain(|run| run.id != id);
    }

    /// Notes that its request may not have arrived.
    pub(crate) fn unsure(&mut self, id: u64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.is_over = true;
            run.is_settled = true;
            run.is_unsure = true;
        }
    }

    /// Repeats its request: returns the number of the second run.
    ///
    /// The node may begin it twice; then the first ends by being replaced.
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

    /// Whether its start or its end was reported.
    pub(crate) fn has_begun(&self, id: u64) -> bool {
        self.get(id).is_none_or(|run| run.phase == Phase::Started)
    }

    /// Ends the accepted runs before this one.
    fn supersede(&mut self, index: usize) {
        for run in self.runs.range_mut(..index) {
            if run.phase >= Phase::Accepted && !run.is_over {
                run.is_over = true;
                run.is_settled = true;
            }
            run.is_unsure = false;
        }
    }

    /// Handles a start: returns the oldest run that waits for it, and whether it is new.
    ///
    /// The start of a run that began before, or that was replaced, is not new. `None` if no run has the track.
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

    /// Adds the run of a track that the node goes on with by itself, before those that the node has not accepted;
    /// returns its number.
    pub(crate) fn promoted(&mut self, track: Arc<Playable>) -> u64 {
        let run = self.run(track, Phase::Accepted, false);
        let id = run.id;
        let asked = |run: &Run| run.phase < Phase::Accepted;
        let index = self.runs.iter().position(asked).unwrap_or(self.runs.len());
        self.runs.insert(index, run);
        self.supersede(index);
        id
    }

    /// Adds a run that another program began, before those that the node has not accepted.
    pub(crate) fn foreign(&mut self, track: Playable) -> &Run {
        let mut run = self.run(Arc::new(track), Phase::Started, false);
        run.foreign = true;
        let asked = |run: &Run| run.phase < Phase::Accepted;
        let index = self.runs.iter().position(asked).unwrap_or(self.runs.len());
        self.runs.insert(index, run);
        self.supersede(index);
        &self.runs[index]
    }

    /// Notes that the current run has begun.
    pub(crate) fn confirmed(&mut self) {
        if let Some(index) = self.current_index() {
            self.runs[index].phase = Phase::Started;
        }
    }

    /// Whether a run has this track and was sent, so that its start is expected or was reported.
    pub(crate) fn has(&self, track: &Playable) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|run| run.phase > Phase::Asked && run.track.is_same(track))
    }

    /// Removes the accepted runs.
    pub(crate) fn drop_accepted(&mut self) {
        self.runs.retain(|run| run.phase < Phase::Accepted);
    }

    /// Replaces the accepted runs by the track that the node plays.
    pub(crate) fn replaced(&mut self, track: Playable) {
        self.drop_accepted();
        if self.started(&track).is_none() {
            self.foreign(track);
        }
    }

    /// Handles an end: takes its run, if there is one.
    pub(crate) fn ended(&mut self, track: &Playable, reason: &TrackEndReason) -> Option<Run> {
        let run = self.runs.remove(self.position(track, reason)?)?;
        if !run.is_over {
            // The ends of these runs were lost.
            self.runs
                .retain(|other| !other.is_over || !other.track.is_same(track));
        }
        Some(run)
    }

    /// The run that an event is about.
    pub(crate) fn find(&self, track: &Playable, reason: &TrackEndReason) -> Option<&Run> {
        self.runs.get(self.position(track, reason)?)
    }

    /// Index of the run that ended: of two, the replaced one ends by being replaced.
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

    /// Ends all begun runs, since the node has no track; returns the newest.
    ///
    /// Runs after `last` and the run `but` are left. Accepted runs that have not begun end only if `with_taken`.
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

    /// Notes that the track after this run was chosen.
    pub(crate) fn settle(&mut self, id: u64) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.is_settled = true;
        }
    }

    /// Takes all accepted runs; returns the newest whose end had no effect yet.
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

    /// The run with this number.
    pub(crate) fn get(&self, id: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// The number of the newest run.
    pub(crate) fn last(&self) -> u64 {
        self.next
    }

    /// Index of the current run.
    fn current_index(&self) -> Option<usize> {
        let plays = |run: &Run| !run.is_over && run.phase >= Phase::Accepted;
        self.runs.iter().rposition(plays)
    }

    /// The current run: the newest that the node accepted.
    pub(crate) fn current(&self) -> Option<&Run> {
        self.runs.get(self.current_index()?)
    }

    /// Whether the current run has not begun, and the end of the replaced one was not reported.
    pub(crate) fn is_replacing(&self) -> bool {
        let begins = self
            .current()
            .is_some_and(|run| run.phase == Phase::Accepted);
        begins && self.runs.iter().any(|run| run.is_over)
    }

    /// The current run, or the one that will be once the node responds.
    pub(crate) fn newest(&self) -> Option<&Run> {
        self.runs.iter().rfind(|run| !run.is_over)
    }

    /// Removes all runs.
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

    /// A run that was requested, accepted and begun.
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
