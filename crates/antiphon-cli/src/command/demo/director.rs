//! What happens in the demo, and when.

use std::{
    future::IntoFuture as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon::{Handle, WaitFor, queup};
use antiphon_sim::{Query, Row, Simulator};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    ROOM,
    bot::Choir,
    tally::{Stored, Tally, compare},
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
    pub(super) handle: Handle<Choir>,
    pub(super) choir: Choir,
    pub(super) stored: Arc<Mutex<Stored>>,
    pub(super) rate: u32,
    pub(super) length: Duration,
}

impl Director<'_> {
    /// Waits until the bot joins the room, from now on.
    pub(super) fn back(&self) -> WaitFor<queup::JoinedRoom> {
        let room = self.simulator.queup().room(ROOM).place();
        let joined = self.handle.wait_for(|_: &queup::JoinedRoom| true);
        joined.in_place(room)
    }

    /// Plays the whole, once the bot has joined; gives what was due by then, and how long the traffic lasted.
    pub(super) async fn direct(
        &self,
        joined: WaitFor<queup::JoinedRoom>,
    ) -> anyhow::Result<(Vec<Row>, Duration)> {
        if joined.timeout(PATIENCE).await.is_err() {
            return Err(Failure::new(
                Exit::Unreachable,
                "the simulator's room could not be joined",
            )
            .into());
        }
        let sim = self.simulator.queup();
        let room = sim.room(ROOM);
        let begin = Instant::now();
        sim.traffic(self.rate);
        room.say("mira", "!ping");

        sleep_until(begin + self.length.mul_f64(0.4)).await;
        room.say("teo", "!ping");
        say(format_args!(
            "cutting the line for {} s; people talk on",
            CUT.as_secs()
        ));
        sim.refuse_sockets(CUT);
        let line = sim.links_of(antiphon_sim::queup::QueUp::BOT);
        line.cut();
        let healed = timeout(PATIENCE, self.talk_until_healed(Instant::now()));
        if healed.await.is_err() {
            return Err(Failure::new(Exit::Unreachable, "the line did not heal").into());
        }
        let healed = Instant::now();
        room.say("iris", "!ping");

        sleep_until((begin + self.length).max(healed + AFTER)).await;
        sim.traffic(0);
        let length = begin.elapsed();
        say("the traffic has ended; waiting for what is under way");
        self.settle().await;
        // What the bot's own going brings about is due to it as well, and reaches nobody.
        Ok((self.due(), length))
    }

    /// People talk until the bot is back in the room.
    async fn talk_until_healed(&self, cut: Instant) {
        let room = self.simulator.queup().room(ROOM);
        let mut spoken = 0;
        let back = self.back().into_future();
        tokio::pin!(back);
        loop {
            tokio::select! {
                _ = &mut back => return,
                () = sleep(SPEECH) => {
                    spoken += 1;
                    let seconds = cut.elapsed().as_secs_f64();
                    room.say("mira", &format!("line {spoken}, said {seconds:.1} s after the cut"));
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
            let tally = self.tally(&self.due());
            if is_caught_up && tally.lost == 0 && tally.handled == tally.journaled {
                return;
            }
            sleep(LOOK).await;
        }
    }

    /// How the journal and the handlers compare with what was due.
    pub(super) fn tally(&self, due: &[Row]) -> Tally {
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        compare(due, &stored, &self.choir.seen().handled)
    }

    fn due(&self) -> Vec<Row> {
        let query = Query {
            due_to: Some(self.simulator.queup().account().id),
            ..Query::default()
        };
        self.simulator.ledger().rows(&query)
    }
}
