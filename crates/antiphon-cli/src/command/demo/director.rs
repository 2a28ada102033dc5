//! The course of the demo: traffic, a cut, and the comparison at the end.
//!
//! The course, with `length` the time from `--for`:
//!
//! ```text
//!  joined ── traffic, first questions ── 0.4 × length: second questions, cut of 2 s ── talk until healed ── last questions
//!         ── length, or 1.5 s after healing: traffic ends ── settle: all that is due is stored and handled, or inside a gap
//! ```
//!
//! Every wait is for a condition and has a limit; a limit that is reached is a failure with the name of what did not
//! happen.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use antiphon::{Event, Handle, WaitFor};
use antiphon_sim::{Due, Simulator};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    act::{Act, Stage},
    bot::Bot,
    scene::{Scene, Scenes},
    tally::{Book, Tally},
};
use crate::failure::{Exit, Failure};

/// Connections stay cut for at least this long.
///
/// Long enough for every source to notice and to try again at least once.
const CUT: Duration = Duration::from_secs(2);
/// Limit for joining the rooms, and for reconnecting.
///
/// Reconnecting alone takes up to some seconds, by the platforms' own rules.
const PATIENCE: Duration = Duration::from_secs(30);
/// Traffic goes on for this long after the bot has reconnected.
const AFTER: Duration = Duration::from_millis(1500);
/// Limit for storing and handling pending events once the traffic has ended.
///
/// After it, what is missing is told as lost.
const SETTLING: Duration = Duration::from_secs(20);
/// Interval between two looks at pending events.
const LOOK: Duration = Duration::from_millis(100);
/// Interval between two messages while connections are cut.
const SPEECH: Duration = Duration::from_millis(250);

/// It acts on the simulator and looks at the app; it changes nothing of either by another way.
pub(super) struct Director<'a> {
    pub(super) simulator: &'a Simulator,
    /// To wait for events, and for the app to settle.
    pub(super) handle: Handle<Bot>,
    /// The handlers' books and figures, to look at.
    pub(super) bot: Bot,
    /// Each platform's part.
    pub(super) acts: Vec<Arc<Act>>,
    /// Events a second on each platform, from `--rate`.
    pub(super) rate: u32,
    /// How long the traffic lasts, from `--for`; longer if healing took longer.
    pub(super) length: Duration,
    /// Where the course is announced.
    pub(super) scenes: Scenes,
}

impl Director<'_> {
    /// Waits, from now on, until the bot is in all its rooms.
    pub(super) fn back(&self) -> Back {
        let waits = self.acts.iter().map(|act| {
            let (source, act) = (act.source.clone(), Arc::clone(act));
            let platform = act.platform;
            let is_back =
                move |event: &&Event| *event.source() == source && act.stage.is_back(event);
            (platform, self.handle.wait_for(is_back))
        });
        Back(waits.collect())
    }

    /// Plays the demo once the bot is in its rooms. Returns the last row of the ledger by the end, and how long the
    /// traffic lasted.
    ///
    /// # Errors
    /// Exit code 3: the rooms could not be joined, or a connection did not come back, each within 30 s.
    pub(super) async fn direct(&self, back: Back) -> anyhow::Result<(u64, Duration)> {
        let joined = back.all(|platform| self.scenes.tell(Scene::Joined { platform }));
        if timeout(PATIENCE, joined).await.is_err() {
            return Err(Failure::new(
                Exit::Unreachable,
                "the simulator's rooms could not be joined",
            )
            .into());
        }
        let begin = Instant::now();
        self.scenes.tell(Scene::Begun {
            until: begin + self.length,
        });
        self.each(|stage| stage.traffic(self.rate));
        self.each(|stage| stage.ask("mira"));

        sleep_until(begin + self.length.mul_f64(0.4)).await;
        self.each(|stage| stage.ask("teo"));
        self.scenes.tell(Scene::Cut { length: CUT });
        let back = self.back();
        self.each(|stage| stage.cut(CUT));
        let healed = timeout(PATIENCE, self.talk_until_healed(Instant::now(), back));
        if healed.await.is_err() {
            return Err(Failure::new(Exit::Unreachable, "a connection did not come back").into());
        }
        let healed = Instant::now();
        self.each(|stage| stage.ask("iris"));

        sleep_until((begin + self.length).max(healed + AFTER)).await;
        self.each(|stage| stage.traffic(0));
        let length = begin.elapsed();
        self.scenes.tell(Scene::Ended);
        // Events that the bot's own leaving causes are due to it as well, but cannot reach it.
        let last = self.settle().await;
        Ok((last, length))
    }

    /// In the order of `PLATFORMS`.
    fn each(&self, act: impl Fn(&dyn Stage)) {
        for part in &self.acts {
            act(&*part.stage);
        }
    }

    /// Lets people talk until the bot is back in its rooms.
    ///
    /// The messages are due to the bot as any others: they must come after the reconnect, by a resume or from a
    /// history.
    async fn talk_until_healed(&self, cut: Instant, back: Back) {
        let mut spoken = 0;
        let back = back.all(|platform| {
            let after = cut.elapsed();
            self.scenes.tell(Scene::Back { platform, after });
        });
        tokio::pin!(back);
        loop {
            tokio::select! {
                () = &mut back => return,
                () = sleep(SPEECH) => {
                    spoken += 1;
                    let seconds = cut.elapsed().as_secs_f64();
                    let line = format!("line {spoken}, said {seconds:.1} s after the cut");
                    self.each(|stage| stage.say("mira", &line));
                }
            }
        }
    }

    /// Waits until every event that is due is stored and handled, or gapped; returns the last row of the ledger for
    /// which that holds.
    async fn settle(&self) -> u64 {
        let begin = Instant::now();
        loop {
            // Before the look: a song that begins during it is stored, and may not be handled any more.
            let last = self.simulator.ledger().last();
            let is_caught_up = self
                .handle
                .progress()
                .is_some_and(|progress| progress.is_caught_up());
            let is_settled = self.acts.iter().all(|act| {
                let tally = self.tally(act, last);
                tally.lost == 0 && tally.handled == tally.journaled
            });
            let is_over = is_caught_up && is_settled && self.complaints().is_empty();
            if is_over || begin.elapsed() >= SETTLING {
                return last;
            }
            sleep(LOOK).await;
        }
    }

    /// Compares journal and handlers with the ledger, up to one of its rows.
    ///
    /// The tally is empty if the ledger dropped rows; `play` reports that.
    pub(super) fn tally(&self, act: &Act, until: u64) -> Tally {
        let books = &self.bot.books;
        let books = books.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = Book::default();
        let book = books.get(&act.source).unwrap_or(&nothing);
        let due = Due::to(act.platform, &act.account).until(until);
        let audit = self.simulator.ledger().audit(due, book.events());
        book.tally(audit.unwrap_or_default())
    }

    /// Complaints of the platforms' parts.
    pub(super) fn complaints(&self) -> Vec<String> {
        let all = self.acts.iter().filter_map(|act| act.stage.complaint());
        all.collect()
    }
}

/// Waits until the bot is back in its rooms.
///
/// The waits listen from the moment they are made, so that they are made before the cut.
pub(super) struct Back(Vec<(&'static str, WaitFor<Event>)>);

impl Back {
    /// Ready once every platform has come back, in whatever order; calls `told` for each when it has.
    async fn all(self, told: impl Fn(&'static str)) {
        let mut waits = JoinSet::new();
        for (platform, wait) in self.0 {
            waits.spawn(async move { (platform, wait.await.is_ok()) });
        }
        while let Some(waited) = waits.join_next().await {
            match waited {
                Ok((platform, true)) => told(platform),
                // The app has ended; its owner ends this future too.
                _ => std::future::pending().await,
            }
        }
    }
}
