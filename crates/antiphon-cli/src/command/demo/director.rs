//! What happens in the demo, and when.

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

/// How long the line stays cut, at least.
const CUT: Duration = Duration::from_secs(2);
/// How long joining the room may take, and a broken line to heal.
const PATIENCE: Duration = Duration::from_secs(30);
/// Traffic goes on for so long after the line has healed.
const AFTER: Duration = Duration::from_millis(1500);
/// How long what is under way may take to be stored and handled, once the traffic has ended.
const SETTLING: Duration = Duration::from_secs(20);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Somebody speaks this often while the line is cut, whatever else goes on.
const SPEECH: Duration = Duration::from_millis(250);

pub(super) struct Director<'a> {
    pub(super) simulator: &'a Simulator,
    pub(super) handle: Handle<Bot>,
    pub(super) bot: Bot,
    /// What each platform's source brings.
    pub(super) acts: Vec<Arc<Act>>,
    pub(super) rate: u32,
    pub(super) length: Duration,
}

impl Director<'_> {
    /// Waits until the bot is in all its rooms, from now on.
    pub(super) fn back(&self) -> Back {
        let waits = self.acts.iter().map(|act| {
            let (source, act) = (act.source.clone(), Arc::clone(act));
            let is_back =
                move |event: &&Event| *event.source() == source && act.stage.is_back(event);
            self.handle.wait_for(is_back)
        });
        Back(waits.collect())
    }

    /// Plays the whole, once the bot is in its rooms; gives the last row of the ledger by then, and how long the traffic
    /// lasted.
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
        // What the bot's own going brings about is due to it as well, and reaches nobody.
        Ok((self.simulator.ledger().last(), length))
    }

    fn each(&self, act: impl Fn(&dyn Stage)) {
        for part in &self.acts {
            act(&*part.stage);
        }
    }

    /// People talk until the bot is back in its rooms.
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

    /// Waits until everything due is stored or accounted for, and handled.
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

    /// How the journal and the handlers compare with what was due, up to a row of the ledger.
    ///
    /// Nothing is known where the ledger dropped rows, which is a complaint of its own.
    pub(super) fn tally(&self, act: &Act, until: u64) -> Tally {
        let books = &self.bot.books;
        let books = books.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = Book::default();
        let book = books.get(&act.source).unwrap_or(&nothing);
        let due = Due::to(act.platform, &act.account).until(until);
        let audit = self.simulator.ledger().audit(due, book.events());
        book.tally(audit.unwrap_or_default())
    }

    /// What is not as it should be, by platform.
    pub(super) fn complaints(&self) -> Vec<String> {
        let all = self.acts.iter().filter_map(|act| act.stage.complaint());
        all.collect()
    }
}

/// The bot is back in its rooms.
pub(super) struct Back(Vec<WaitFor<Event>>);

impl Back {
    async fn all(self) {
        for wait in self.0 {
            // Waits for good if the app ends, which its owner sees.
            if wait.await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
