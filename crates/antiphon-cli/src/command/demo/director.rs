//! What happens in the demo, and when.

use std::{
    future::IntoFuture as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon::{Event, Handle, Link, Payload as _, WaitFor, queup};
use antiphon_sim::{Query, Row, Simulator};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    Act, Books, CHAT_ROOM, ROOM,
    bot::Choir,
    tally::{Handled, Stored, Tally, compare},
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
    /// What each platform's source brings.
    pub(super) acts: Vec<Act>,
    pub(super) stored: Arc<Mutex<Books>>,
    pub(super) rate: u32,
    pub(super) length: Duration,
}

impl Director<'_> {
    /// Waits until the bot is in its rooms, from now on.
    pub(super) fn back(&self) -> Back {
        let room = self.simulator.queup().room(ROOM).place();
        let queup = self.handle.wait_for(|_: &queup::JoinedRoom| true);
        Back {
            queup: queup.in_place(room),
            chat: self.chat_up(),
        }
    }

    /// Waits until the chat's line is up, from now on.
    fn chat_up(&self) -> WaitFor<Event> {
        let chat = self.acts.iter().find(|act| act.platform == "stackexchange");
        let source = chat.map(|act| act.source.clone());
        self.handle.wait_for(move |event: &&Event| {
            let is_up = || Link::decode(event).is_ok_and(|link| link.state.is_connected());
            Some(event.source()) == source.as_ref() && *event.kind() == Link::KIND && is_up()
        })
    }

    /// Plays the whole, once the bot is in its rooms; gives what was due by then, and how long the traffic lasted.
    pub(super) async fn direct(&self, back: Back) -> anyhow::Result<(Vec<Vec<Row>>, Duration)> {
        if timeout(PATIENCE, back.both()).await.is_err() {
            return Err(Failure::new(
                Exit::Unreachable,
                "the simulator's rooms could not be joined",
            )
            .into());
        }
        let queup = self.simulator.queup();
        let chat = self.simulator.stackexchange();
        let room = queup.room(ROOM);
        let begin = Instant::now();
        queup.traffic(self.rate);
        chat.traffic(self.rate);
        room.say("mira", "!ping");
        chat.say(CHAT_ROOM, "mira", "@antiphon !ping");

        sleep_until(begin + self.length.mul_f64(0.4)).await;
        room.say("teo", "!ping");
        say(format_args!(
            "cutting both lines for {} s; people talk on",
            CUT.as_secs()
        ));
        let back = self.back();
        queup.refuse_sockets(CUT);
        chat.refuse_sockets(CUT);
        queup.links_of(antiphon_sim::queup::QueUp::BOT).cut();
        chat.cut();
        let healed = timeout(PATIENCE, self.talk_until_healed(Instant::now(), back));
        if healed.await.is_err() {
            return Err(Failure::new(Exit::Unreachable, "a line did not heal").into());
        }
        let healed = Instant::now();
        room.say("iris", "!ping");
        chat.say(CHAT_ROOM, "iris", "@antiphon !ping");

        sleep_until((begin + self.length).max(healed + AFTER)).await;
        queup.traffic(0);
        chat.traffic(0);
        let length = begin.elapsed();
        say("the traffic has ended; waiting for what is under way");
        self.settle().await;
        // What the bot's own going brings about is due to it as well, and reaches nobody.
        Ok((self.acts.iter().map(|act| self.due(act)).collect(), length))
    }

    /// People talk until the bot is back in its rooms.
    async fn talk_until_healed(&self, cut: Instant, back: Back) {
        let room = self.simulator.queup().room(ROOM);
        let chat = self.simulator.stackexchange();
        let mut spoken = 0;
        let back = back.both();
        tokio::pin!(back);
        loop {
            tokio::select! {
                () = &mut back => return,
                () = sleep(SPEECH) => {
                    spoken += 1;
                    let seconds = cut.elapsed().as_secs_f64();
                    let line = format!("line {spoken}, said {seconds:.1} s after the cut");
                    room.say("mira", &line);
                    chat.say(CHAT_ROOM, "mira", &line);
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
                let tally = self.tally(act, &self.due(act));
                tally.lost == 0 && tally.handled == tally.journaled
            });
            if is_caught_up && is_settled {
                return;
            }
            sleep(LOOK).await;
        }
    }

    /// How the journal and the handlers compare with what was due.
    pub(super) fn tally(&self, act: &Act, due: &[Row]) -> Tally {
        let books = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = self.choir.seen();
        let (nothing, nobody) = (Stored::default(), Handled::default());
        let stored = books.get(&act.source).unwrap_or(&nothing);
        let handled = seen.handled.get(&act.source).unwrap_or(&nobody);
        compare(due, stored, handled)
    }

    fn due(&self, act: &Act) -> Vec<Row> {
        let query = Query {
            due_to: Some(act.account.clone()),
            ..Query::default()
        };
        self.simulator.ledger().rows(&query)
    }
}

/// The bot is back in its rooms.
pub(super) struct Back {
    queup: WaitFor<queup::JoinedRoom>,
    chat: WaitFor<Event>,
}

impl Back {
    async fn both(self) {
        // Waits for good if the app ends, which its owner sees.
        let (queup, chat) = (self.queup.into_future(), self.chat.into_future());
        let (queup, chat) = tokio::join!(queup, chat);
        if queup.is_err() || chat.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
