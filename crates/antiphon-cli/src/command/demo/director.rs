//! The course of the demo: traffic, a cut, and the comparison at the end.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use antiphon::{Event, Handle, WaitFor};
use antiphon_sim::{Due, Simulator};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    act::{Act, Stage},
    bot::Bot,
    tally::{Book, Tally},
};
use crate::{
    failure::{Exit, Failure},
    output::say,
};

/// Connections stay cut for at least this long.
const CUT: Duration = Duration::from_secs(2);
/// Limit for joining the rooms, and for reconnecting.
const PATIENCE: Duration = Duration::from_secs(30);
/// Traffic goes on for this long after the bot has reconnected.
const AFTER: Duration = Duration::from_millis(1500);
/// Limit for storing and handling pending events once the traffic has ended.
const SETTLING: Duration = Duration::from_secs(20);
/// Interval between two looks at pending events.
const LOOK: Duration = Duration::from_millis(100);
/// Interval between two messages while connections are cut.
const SPEECH: Duration = Duration::from_millis(250);

pub(super) struct Director<'a> {
    pub(super) simulator: &'a Simulator,
    pub(super) handle: Handle<Bot>,
    pub(super) bot: Bot,
    /// Each platform's part.
    pub(super) acts: Vec<Arc<Act>>,
    pub(super) rate: u32,
    pub(super) length: Duration,
}

impl Director<'_> {
    /// Waits, from now on, until the bot is in all its rooms.
    pub(super) fn back(&self) -> Back {
        let waits = self.acts.iter().map(|act| {
            let (source, act) = (act.source.clone(), Arc::clone(act));
            let is_back =
                move |event: &&Event| *event.source() == source && act.stage.is_back(event);
            self.handle.wait_for(is_back)
        });
        Back(waits.collect())
    }

    /// Plays the demo once the bot is in its rooms. Returns the last row of the ledger by the end, and how long the
    /// traffic lasted.
    pub(super) async fn direct(&self, back: Back) -> anyhow::Result<(u64, Duration)> {
        if timeout(PATIENCE, back.all()).await.is_err() {
            return Err(Failure::new(
                Exit::Unreachable,
                "the simulator's rooms could not be joined",
            )
            .into());
        }
        let begin = Instant::now();
        self.each(|stage| stage.traffic(self.rate));
        self.each(|stage| stage.ask("mira"));

        sleep_until(begin + self.length.mul_f64(0.4)).await;
        self.each(|stage| stage.ask("teo"));
        say(format_args!(
            "cutting every line for {} s; people talk on",
            CUT.as_secs()
        ));
        let back = self.back();
        self.each(|stage| stage.cut(CUT));
        let healed = timeout(PATIENCE, self.talk_until_healed(Instant::now(), back));
        if healed.await.is_err() {
            return Err(Failure::new(Exit::Unreachable, "a line did not heal").into());
        }
        let healed = Instant::now();
        self.each(|stage| stage.ask("iris"));

        sleep_until((begin + self.length).max(healed + AFTER)).await;
        self.each(|stage| stage.traffic(0));
        let length = begin.elapsed();
        say("the traffic has ended; waiting for what is under way");
        self.settle().await;
        // Events that the bot's own leaving causes are due to it as well, but cannot reach it.
        Ok((self.simulator.ledger().last(), length))
    }

    fn each(&self, act: impl Fn(&dyn Stage)) {
        for part in &self.acts {
            act(&*part.stage);
        }
    }

    /// Lets people talk until the bot is back in its rooms.
    async fn talk_until_healed(&self, cut: Instant, back: Back) {
        let mut spoken = 0;
        let back = back.all();
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

    /// Waits until every event that is due is stored and handled, or gapped.
    async fn settle(&self) {
        let begin = Instant::now();
        while begin.elapsed() < SETTLING {
            let is_caught_up = self
                .handle
                .progress()
                .is_some_and(|progress| progress.is_caught_up());
            let is_settled = self.acts.iter().all(|act| {
                let tally = self.tally(act, u64::MAX);
                tally.lost == 0 && tally.handled == tally.journaled
            });
            if is_caught_up && is_settled && self.complaints().is_empty() {
                return;
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
pub(super) struct Back(Vec<WaitFor<Event>>);

impl Back {
    async fn all(self) {
        for wait in self.0 {
            // The app has ended; its owner ends this future too.
            if wait.await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
