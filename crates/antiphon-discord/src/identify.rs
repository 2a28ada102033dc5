//! The queue of identifies and the day's budget of them, as plain state machines (protocol §3, §6).
//!
//! Discord allows a number of identifies at a time (`max_concurrency`, per 5 s) and a number a day over all shards; going
//! over the second resets the token
//! ([Discord's page](https://discord.com/developers/docs/events/gateway#session-start-limit-object)).
//! A resume costs neither, which is why a shard resumes whenever it can.
//!
//! Two machines say when a shard may identify, and neither of them waits itself: [`Buckets`] spaces identifies of the same
//! bucket, and [`Budget`] keeps the day's number, in a checkpoint, so that a crash loop cannot use it up.
//! `queue` joins them with the journal and with `GET /gateway/bot`, and `together` has the buckets that several processes
//! of a bot share.

mod queue;
mod together;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use twilight_model::gateway::SessionStartLimit;

pub(crate) use self::{
    queue::{IdentifyQueue, Permit},
    together::EndedTurns,
};

/// Time between two identifies of a bucket: the 5 s of protocol §6, and a little more for network delay.
///
/// Two frames that leave 5 s apart may arrive closer together than that.
const SPACING: Duration = Duration::from_millis(5_100);
/// Longest time in which a turn to identify may be used.
const LONGEST_LIFE: Duration = Duration::from_secs(600);
/// Identifies per day, if the server names no number (protocol §3).
const USUAL_TOTAL: u32 = 1000;
/// Two windows whose ends differ by less are the same window.
const SAME_WINDOW: Duration = Duration::from_secs(60);
/// Length of a window, if the server names none.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest wait before the first identify of a run, after runs that identified in vain.
const LONGEST_BACKOFF: Duration = Duration::from_secs(600);

/// Answer to a shard that wants to identify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The shard may identify now.
    Now,
    /// The shard may ask again at this time.
    At(Instant),
    /// The shard may ask again once another shard of its bucket has identified.
    Later,
}

/// Buckets of shards with the same `shard % max_concurrency`: each admits one identify every five seconds
/// (<https://discord.com/developers/docs/events/gateway#rate-limiting>).
///
/// A shard holds its bucket from opening the connection until its identify is sent, so that a slow connection does not
/// bring two identifies close together.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    /// Number of buckets, as Discord last named it; at least 1.
    concurrency: u32,
    buckets: BTreeMap<u32, Bucket>,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Shard that opens a connection to identify on.
    holder: Option<u32>,
    /// Time from which the next shard may identify.
    free_at: Option<Instant>,
    /// Shards that asked and wait, the lowest first.
    waiting: BTreeSet<u32>,
}

impl Buckets {
    /// Number of a shard's bucket.
    pub(crate) fn number(&self, shard: u32) -> u32 {
        shard % self.concurrency.max(1)
    }

    /// Notes that no shard of a bucket may identify before this time.
    pub(crate) fn hold(&mut self, bucket: u32, until: Instant) {
        self.buckets.entry(bucket).or_default().free_at = Some(until);
    }

    /// Sets the number of buckets.
    pub(crate) fn set_concurrency(&mut self, concurrency: u32) {
        self.concurrency = concurrency.max(1);
    }

    fn bucket(&mut self, shard: u32) -> &mut Bucket {
        let bucket = self.number(shard);
        self.buckets.entry(bucket).or_default()
    }

    /// Asks for the bucket; the lowest of the waiting shards gets it first.
    pub(crate) fn ask(&mut self, shard: u32, now: Instant) -> Turn {
        let bucket = self.bucket(shard);
        bucket.waiting.insert(shard);
        if bucket.holder.is_some_and(|holder| holder != shard)
            || bucket.waiting.first() != Some(&shard)
        {
            return Turn::Later;
        }
        if let Some(at) = bucket.free_at.filter(|at| *at > now) {
            return Turn::At(at);
        }
        bucket.waiting.remove(&shard);
        bucket.holder = Some(shard);
        Turn::Now
    }

    /// Estimates when a waiting shard gets its bucket.
    pub(crate) fn expected(&mut self, shard: u32, now: Instant) -> Instant {
        let bucket = self.bucket(shard);
        let begin = match bucket.holder {
            Some(holder) if holder != shard => now + SPACING,
            _ => bucket.free_at.map_or(now, |at| at.max(now)),
        };
        let before = bucket.waiting.range(..shard).count();
        begin + SPACING * u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// Notes that the shard's identify was sent; the next one of its bucket follows after `spacing`.
    pub(crate) fn sent(&mut self, shard: u32, now: Instant, spacing: Duration) {
        let bucket = self.bucket(shard);
        bucket.holder.take_if(|holder| *holder == shard);
        bucket.free_at = Some(now + spacing);
    }

    /// Gives up the shard's bucket, or its place in the queue.
    pub(crate) fn leave(&mut self, shard: u32) {
        // The number of buckets may have changed meanwhile.
        for bucket in self.buckets.values_mut() {
            bucket.waiting.remove(&shard);
            bucket.holder.take_if(|holder| *holder == shard);
        }
    }
}

/// The day's identifies; kept as the checkpoint part `identifies`
/// (<https://discord.com/developers/docs/events/gateway#session-start-limit-object>).
///
/// The server counts them too, and the lower number of both holds. A run that identifies and never reaches READY makes
/// the next run wait before its first identify, twice as long each time, so that a crash loop does not use up the day's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Budget {
    /// Identifies of a day.
    total: u32,
    /// Identifies spent in this window, by this bot or by others.
    used: u32,
    /// End of the window; a new one begins with the next identify after it.
    resets_at: Option<Timestamp>,
    /// Runs in a row that identified in vain, this one included until it reaches READY.
    #[serde(default)]
    in_vain: u32,
    /// Time of the last identify, from which the backoff of a new run counts.
    #[serde(default)]
    last_at: Option<Timestamp>,
    /// Whether this run has identified yet.
    #[serde(skip)]
    has_begun: bool,
    /// The last turn of each bucket, as long as the next one depends on it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    turns: BTreeMap<u32, LastTurn>,
}

/// The last turn to identify in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LastTurn {
    /// When the identify was sent, or the turn was taken.
    at: Timestamp,
    /// Whether the identify is known to have been sent.
    #[serde(default)]
    sent: bool,
}

/// The budget allows no identify before this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Earliest time for the next identify.
    pub(crate) until: Timestamp,
    /// Reason for the wait, shown in the link event.
    pub(crate) reason: String,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            total: USUAL_TOTAL,
            used: 0,
            resets_at: None,
            in_vain: 0,
            last_at: None,
            has_begun: false,
            turns: BTreeMap::new(),
        }
    }
}

impl Budget {
    /// Takes in the server's count.
    ///
    /// Another program with the same token spends identifies too, so the higher number of the two counts; a new window begins
    /// where the server's end is more than a minute later than the known one.
    pub(crate) fn learn(&mut self, limit: &SessionStartLimit, now: Timestamp) {
        let used = limit.total.saturating_sub(limit.remaining);
        let resets_at = later(now, Duration::from_millis(limit.reset_after));
        let is_new_window = self
            .resets_at
            .is_none_or(|known| resets_at > later(known, SAME_WINDOW));
        self.used = if is_new_window {
            used
        } else {
            used.max(self.used)
        };
        self.total = limit.total;
        self.resets_at = Some(resets_at);
    }

    /// Spends one identify, of a shard of this bucket.
    ///
    /// The shard identifies after this has been stored, never before, and within `life`.
    pub(crate) fn spend(
        &mut self,
        now: Timestamp,
        bucket: u32,
        life: Duration,
    ) -> Result<(), Held> {
        if self.resets_at.is_none_or(|at| at <= now) {
            self.resets_at = Some(later(now, DAY));
            self.used = 0;
        }
        if !self.has_begun
            && self.in_vain > 0
            && let Some(last) = self.last_at
        {
            let backoff = Duration::from_secs(1 << self.in_vain.min(16)).min(LONGEST_BACKOFF);
            let until = later(last, backoff);
            if until > now {
                let reason = format!(
                    "the last {} runs identified and ended before the session began",
                    self.in_vain
                );
                return Err(Held { until, reason });
            }
        }
        if self.used >= self.total {
            return Err(Held {
                until: self.resets_at.unwrap_or(now),
                reason: format!(
                    "all {} identifies of the day are spent, and one more would reset the token",
                    self.total
                ),
            });
        }
        self.used += 1;
        self.last_at = Some(now);
        self.turns
            .retain(|_, turn| later(turn.at, life + SPACING) > now);
        let turn = LastTurn {
            at: now,
            sent: false,
        };
        self.turns.insert(bucket, turn);
        if !std::mem::replace(&mut self.has_begun, true) {
            self.in_vain = self.in_vain.saturating_add(1);
        }
        Ok(())
    }

    /// Notes that an identify of this bucket was sent.
    pub(crate) fn sent(&mut self, now: Timestamp, bucket: u32) {
        let turn = LastTurn {
            at: now,
            sent: true,
        };
        self.turns.insert(bucket, turn);
    }

    /// When the buckets are free again that an earlier run has used, which was over at `begun`; those that are free are not
    /// among them.
    ///
    /// A turn that is not known to have been used was used within `life`, or never, and not after that run's end.
    pub(crate) fn free_at(&self, begun: Timestamp, life: Duration) -> Vec<(u32, Duration)> {
        let turns = self.turns.iter();
        let left = turns.filter_map(|(bucket, turn)| {
            let sent_at = if turn.sent {
                turn.at
            } else {
                later(turn.at, life)
            };
            let free_at = later(sent_at.min(begun), SPACING);
            let left: Duration = free_at.duration_since(begun).try_into().ok()?;
            (!left.is_zero()).then_some((*bucket, left))
        });
        left.collect()
    }

    /// What is left of the day's identifies; `None` while no number is known.
    pub(crate) fn left(&self, now: Timestamp) -> Option<IdentifiesLeft> {
        let resets_at = self.resets_at?;
        let used = if resets_at <= now { 0 } else { self.used };
        Some(IdentifiesLeft {
            remaining: self.total.saturating_sub(used),
            total: self.total,
            resets_at,
        })
    }

    /// Notes that a session began; returns whether the budget changed.
    pub(crate) fn succeed(&mut self) -> bool {
        std::mem::take(&mut self.in_vain) > 0
    }
}

/// What is left of a day's identifies; [`Client::identifies_left`](crate::Client::identifies_left) tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentifiesLeft {
    /// Number of identifies that are left, over all shards and all programs with this token.
    pub remaining: u32,
    /// Number of identifies of a day.
    pub total: u32,
    /// End of the day, when the whole number is there again; it may have passed.
    pub resets_at: Timestamp,
}

/// Adds a length of time; the end of time stays the end.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(30);

    fn wall(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn limit(remaining: u32, hours: u64) -> SessionStartLimit {
        SessionStartLimit {
            max_concurrency: 1,
            remaining,
            reset_after: hours * 3_600_000,
            total: 1000,
        }
    }

    #[test]
    fn four_shards_identify_in_pairs_five_seconds_apart() {
        let mut buckets = Buckets::default();
        buckets.set_concurrency(2);
        let start = Instant::now();
        let all = |buckets: &mut Buckets, now| -> Vec<Turn> {
            (0..4).map(|shard| buckets.ask(shard, now)).collect()
        };
        assert_eq!(
            all(&mut buckets, start),
            [Turn::Now, Turn::Now, Turn::Later, Turn::Later]
        );
        buckets.sent(0, start, SPACING);
        buckets.sent(1, start, SPACING);
        let second = start + SPACING;
        assert_eq!(buckets.ask(2, start), Turn::At(second));
        assert_eq!(buckets.ask(3, start), Turn::At(second));
        assert_eq!(buckets.ask(2, second), Turn::Now);
        assert_eq!(buckets.ask(3, second), Turn::Now);
    }

    #[test]
    fn the_five_seconds_count_from_when_the_identify_was_sent() {
        let mut buckets = Buckets::default();
        buckets.set_concurrency(1);
        let start = Instant::now();
        assert_eq!(buckets.ask(0, start), Turn::Now);
        let slow = start + Duration::from_secs(20);
        assert_eq!(
            buckets.ask(1, slow),
            Turn::Later,
            "the first still connects"
        );
        buckets.sent(0, slow, SPACING);
        assert_eq!(buckets.ask(1, slow), Turn::At(slow + SPACING));
    }

    #[test]
    fn a_turn_that_is_given_back_is_the_next_shards() {
        let mut buckets = Buckets::default();
        buckets.set_concurrency(1);
        let now = Instant::now();
        assert_eq!(buckets.ask(0, now), Turn::Now);
        assert_eq!(buckets.ask(1, now), Turn::Later);
        buckets.leave(0);
        assert_eq!(buckets.ask(1, now), Turn::Now);
    }

    #[test]
    fn a_turn_is_expected_after_those_before_it() {
        let mut buckets = Buckets::default();
        buckets.set_concurrency(1);
        let start = Instant::now();
        for shard in 0..3 {
            buckets.ask(shard, start);
        }
        assert_eq!(buckets.expected(1, start), start + SPACING);
        assert_eq!(buckets.expected(2, start), start + 2 * SPACING);
        buckets.sent(0, start, SPACING);
        assert_eq!(buckets.ask(1, start), Turn::At(buckets.expected(1, start)));
    }

    #[test]
    fn what_is_left_is_whole_again_after_the_day() {
        let now = wall("2026-01-01T00:00:00Z");
        let mut budget = Budget::default();
        assert_eq!(budget.left(now), None, "nobody has said a number yet");
        budget.learn(&limit(2, 20), now);
        assert_eq!(budget.spend(now, 0, LIFE), Ok(()));
        let left = |at| budget.left(wall(at)).map(|left| left.remaining);
        assert_eq!(left("2026-01-01T19:59:59Z"), Some(1));
        assert_eq!(left("2026-01-01T20:00:00Z"), Some(1000));
    }

    #[test]
    fn the_lower_of_both_counts_holds() {
        let now = wall("2026-01-01T00:00:00Z");
        let mut budget = Budget::default();
        budget.learn(&limit(2, 20), now);
        assert_eq!(budget.spend(now, 0, LIFE), Ok(()));
        // An answer from a cache.
        budget.learn(&limit(900, 20), now);
        assert_eq!(budget.spend(now, 0, LIFE), Ok(()));
        let held = budget.spend(now, 0, LIFE).expect_err("spent");
        assert_eq!(held.until, wall("2026-01-01T20:00:00Z"));
        assert!(held.reason.contains("1000"), "{}", held.reason);
    }

    #[test]
    fn a_new_day_begins_when_the_server_says_so_or_when_it_is_due() {
        let now = wall("2026-01-01T00:00:00Z");
        let mut budget = Budget::default();
        budget.learn(&limit(0, 2), now);
        assert!(budget.spend(now, 0, LIFE).is_err());
        assert_eq!(budget.spend(wall("2026-01-01T02:00:00Z"), 0, LIFE), Ok(()));
        budget.learn(&limit(0, 2), now);
        budget.learn(&limit(1000, 24), wall("2026-01-01T01:00:00Z"));
        assert_eq!(budget.spend(wall("2026-01-01T01:00:00Z"), 0, LIFE), Ok(()));
    }

    #[test]
    fn a_crash_loop_waits_longer_each_time() {
        let mut now = wall("2026-01-01T00:00:00Z");
        let mut budget = Budget::default();
        let mut spent = 0;
        for _second in 0..24 * 3600 {
            // Every second a run starts and dies after its identify.
            let stored = serde_json::to_vec(&budget).expect("JSON");
            let mut next: Budget = serde_json::from_slice(&stored).expect("a budget");
            if next.spend(now, 0, LIFE).is_ok() {
                spent += 1;
                budget = next;
            }
            now = later(now, Duration::from_secs(1));
        }
        assert!((100..200).contains(&spent), "{spent}");
        assert!(budget.succeed());
        let stored = serde_json::to_vec(&budget).expect("JSON");
        let mut next: Budget = serde_json::from_slice(&stored).expect("a budget");
        assert_eq!(
            next.spend(now, 0, LIFE),
            Ok(()),
            "a run that succeeded is no crash"
        );
    }

    #[test]
    fn a_run_leaves_five_seconds_behind_the_last_identify_of_each_bucket() {
        let start = wall("2026-01-01T00:00:00Z");
        let at = |seconds| later(start, Duration::from_secs(seconds));
        let mut before = Budget::default();
        before.sent(start, 9);
        for (bucket, seconds) in [(0, 50), (1, 60), (2, 79), (3, 80)] {
            assert_eq!(before.spend(at(seconds), bucket, LIFE), Ok(()));
        }
        before.sent(at(51), 0);
        before.sent(at(80), 2);
        let stored = serde_json::to_vec(&before).expect("JSON");
        let next: Budget = serde_json::from_slice(&stored).expect("a budget");
        // One second later, of the two that are not known to have been sent, both may have been until the end.
        let free_at = next.free_at(at(81), LIFE);
        let millis = |millis| Duration::from_millis(millis);
        let expected = [(1, millis(5_100)), (2, millis(4_100)), (3, millis(5_100))];
        assert_eq!(free_at, expected);
        // Their time is over.
        assert_eq!(
            next.free_at(at(94), LIFE),
            [(1, millis(1_100)), (3, millis(5_100))]
        );
        assert_eq!(next.free_at(at(116), LIFE), []);
        // A clock that was set back makes nobody wait for longer.
        assert_eq!(
            next.free_at(start, LIFE),
            [0, 1, 2, 3].map(|bucket| (bucket, millis(5_100)))
        );
        // What an earlier version stored has no turns.
        let text = r#"{"total":1000,"used":3,"resets_at":null}"#;
        let earlier: Budget = serde_json::from_str(text).expect("a budget");
        assert_eq!(earlier.free_at(start, LIFE), []);
    }

    #[test]
    fn a_run_may_identify_many_shards_without_a_wait() {
        let now = wall("2026-01-01T00:00:00Z");
        let mut budget = Budget::default();
        for _ in 0..100 {
            assert_eq!(budget.spend(now, 0, LIFE), Ok(()));
        }
    }
}
