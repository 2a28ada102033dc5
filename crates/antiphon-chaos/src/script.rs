//! What happens in a run, and when: all of it follows from the seed.
//!
//! Every act is a moment: what lasts has an act at its beginning and one at its end, so that a run may be cut off behind
//! any act and still be healed. The same script is played with real processes and on the paused clock.

use std::{fmt, time::Duration};

use antiphon::Rng;
use serde_json::{Value, json};

use crate::{faults, mood};

pub(crate) mod cluster;

use cluster::Blow;

/// Text that asks the bot for an answer, before its number.
pub(crate) const ASK: &str = "ask ";
/// Text by which the bot is asked to play a song.
pub(crate) const PLAY: &str = "!play";
/// Name of the channel for asking, which nobody but the script's people use on purpose.
pub(crate) const CHANNEL: &str = "chaos";

/// How the bot is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `antiphon run` has the connections, and the bot is a process of its own.
    Beside,
    /// The bot has the connections itself, and plays songs at the nodes.
    Alone,
    /// Two ingesters and three workers, on a journal that three servers keep.
    Cluster,
}

/// A process of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// `antiphon run`; there is none if the bot is alone.
    Daemon,
    /// The bot.
    Bot,
}

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// A command for the simulator: somebody acts, or something breaks.
    Command(Value),
    /// SIGKILL.
    Kill(Who),
    /// SIGTERM, and waiting for the end.
    Stop(Who),
    /// Starts a process that does not run.
    Start(Who),
    /// SIGSTOP.
    Freeze(Who),
    /// SIGCONT.
    Thaw(Who),
    /// A foreign transaction locks the journal.
    Lock,
    /// The foreign transaction ends.
    Unlock,
    /// The disk fills up.
    Fill,
    /// The disk has room again.
    Empty,
    /// The journal's file gets another name.
    Away,
    /// A copy takes the place of the journal's file.
    Copy,
    /// The journal's file is where it was.
    Back,
    /// The bot's wall clock is this many seconds off from its next start on.
    Jump(i64),
    /// Something happens to a process, a server or the network of a cluster.
    Blow(Blow),
}

/// An act and its time from the beginning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Act {
    pub(crate) at: Duration,
    pub(crate) what: What,
}

/// What scripts are made of beside their seeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    /// How long things go wrong.
    pub(crate) length: Duration,
    /// Length of faults and pauses, as a share of their length in a run of two minutes.
    pub(crate) hurry: f64,
    /// Share of runs, from 0 to 1, in which processes are killed.
    pub(crate) kill_share: f64,
}

impl Stage {
    /// A stage on which things go wrong for so long; short runs have shorter faults and pauses, so that they are as
    /// eventful as long ones.
    pub(crate) fn new(length: Duration, kill_share: f64) -> Self {
        let hurry = (length.as_secs_f64() / 120.0).clamp(0.2, 1.0);
        Self {
            length,
            hurry,
            kill_share,
        }
    }
}

/// A run's course.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) shape: Shape,
    /// Whether the end of each event is stored before the next of its place begins.
    pub(crate) saves_each: bool,
    /// Whether processes are killed.
    pub(crate) kills: bool,
    /// In the order of their times.
    pub(crate) acts: Vec<Act>,
    /// When the faults end, whatever the last act.
    pub(crate) length: Duration,
}

impl Script {
    /// The course of the run with this seed.
    pub(crate) fn new(seed: u64, stage: Stage) -> Self {
        let mut rng = Rng::with_seed(seed);
        let shape = if rng.u8(..4) == 0 {
            Shape::Alone
        } else {
            Shape::Beside
        };
        let mut script = Self {
            seed,
            shape,
            saves_each: rng.u8(..3) > 0,
            kills: rng.f64() < stage.kill_share,
            acts: Vec::new(),
            length: stage.length,
        };
        script.people(&mut rng, stage);
        script.faults(&mut rng, stage);
        script.processes(&mut rng, stage);
        // Stable, so that acts of one time stay in their order.
        script.acts.sort_by_key(|act| act.at);
        script
    }

    /// The course of the run of a cluster with this seed: nothing goes wrong at the platforms.
    pub(crate) fn of_cluster(seed: u64, length: Duration) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut script = Self {
            seed,
            shape: Shape::Cluster,
            // A place has most of a platform's events: it would wait for the servers after each of them.
            saves_each: false,
            kills: true,
            acts: Vec::new(),
            length,
        };
        script.people(&mut rng, Stage::new(length, 1.0));
        for (at, blow) in cluster::acts(&mut rng, length) {
            script.add(at, What::Blow(blow));
        }
        script.acts.sort_by_key(|act| act.at);
        script
    }

    /// How rare handlers are that are not well; see [`Mood::of`](crate::mood::Mood::of).
    pub(crate) fn moods(&self) -> u16 {
        match self.shape {
            Shape::Beside | Shape::Alone => mood::OFTEN,
            Shape::Cluster => mood::SELDOM,
        }
    }

    /// The same course without what comes behind the first acts.
    pub(crate) fn first(&self, acts: usize) -> Self {
        let mut first = self.clone();
        if acts < self.acts.len() {
            first.acts.truncate(acts);
            let last = first.acts.last().map_or(Duration::ZERO, |act| act.at);
            first.length = last.min(self.length);
        }
        first
    }

    fn add(&mut self, at: f64, what: What) {
        let at = Duration::from_secs_f64(at).min(self.length);
        self.acts.push(Act { at, what });
    }

    /// People ask for answers and songs.
    fn people(&mut self, rng: &mut Rng, stage: Stage) {
        let length = stage.length.as_secs_f64();
        let mut at = 0.0;
        for number in 1.. {
            at += between(rng, 1.5, 5.0) * stage.hurry;
            if at > length {
                break;
            }
            let text = if self.shape == Shape::Alone && number % 3 == 1 {
                PLAY.to_owned()
            } else {
                format!("{ASK}{number}")
            };
            let say = json!({"platform": "discord", "do": "say", "place": CHANNEL, "by": "mira", "text": text});
            self.add(at, What::Command(say));
        }
    }

    /// Sockets, requests and nodes fail; each fault has its turn before one comes again.
    fn faults(&mut self, rng: &mut Rng, stage: Stage) {
        let length = stage.length.as_secs_f64();
        let (mut at, mut deck) = (0.0, Vec::new());
        loop {
            at += between(rng, 0.5, 2.5) * stage.hurry.max(0.25);
            if at > length {
                return;
            }
            if deck.is_empty() {
                deck = faults::all();
                rng.shuffle(&mut deck);
            }
            let fault = deck.pop().expect("it was filled");
            let (command, undone) = fault.draw(rng, stage.hurry);
            self.add(at, What::Command(command));
            if let Some(undone) = undone {
                let until = at + between(rng, 1.0, 20.0) * stage.hurry;
                self.add(until, What::Command(undone));
            }
        }
    }

    /// Processes are killed, stopped and frozen, and the journal's file suffers; one after the other.
    fn processes(&mut self, rng: &mut Rng, stage: Stage) {
        let (length, hurry) = (stage.length.as_secs_f64(), stage.hurry);
        let mut at = 0.0;
        // A run that is to have a kill has it first, however short it is.
        let mut first = self.kills;
        loop {
            at += between(rng, 1.0, 5.0) * hurry;
            if at > length {
                return;
            }
            let who = if self.shape == Shape::Alone || rng.bool() {
                Who::Bot
            } else {
                Who::Daemon
            };
            let (begin, end, most) = match rng.u8(..100) {
                _ if first => (What::Kill(who), What::Start(who), 2.0),
                0..40 if self.kills => (What::Kill(who), What::Start(who), 2.0),
                0..64 => (What::Stop(who), What::Start(who), 2.0),
                64..80 => (What::Freeze(who), What::Thaw(who), 8.0),
                80..86 => (What::Lock, What::Unlock, 6.0),
                86..92 => (What::Fill, What::Empty, 6.0),
                92..96 => (What::Away, What::Back, 4.0),
                96..98 => (What::Copy, What::Back, 4.0),
                _ => {
                    let seconds = [-86_400, -3600, -90, 90, 3600, 86_400];
                    self.add(at, What::Jump(seconds[rng.usize(..seconds.len())]));
                    (What::Stop(Who::Bot), What::Start(Who::Bot), 2.0)
                }
            };
            first = false;
            self.add(at, begin);
            at += between(rng, 0.0, most) * hurry;
            self.add(at, end);
        }
    }
}

/// A number between two others.
pub(crate) fn between(rng: &mut Rng, least: f64, most: f64) -> f64 {
    least + rng.f64() * (most - least)
}

impl Who {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::Bot => "bot",
        }
    }
}

impl What {
    /// The act's name, by which it is counted.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Command(command) if command["do"] == "say" => "say",
            Self::Command(_) => "fault",
            Self::Kill(_) => "kill",
            Self::Stop(_) => "stop",
            Self::Start(_) => "start",
            Self::Freeze(_) => "freeze",
            Self::Thaw(_) => "thaw",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Fill => "fill",
            Self::Empty => "empty",
            Self::Away => "away",
            Self::Copy => "copy",
            Self::Back => "back",
            Self::Jump(_) => "jump",
            Self::Blow(blow) => blow.name(),
        }
    }
}

/// One line: the time in seconds, and the act.
impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8.3} s  ", self.at.as_secs_f64())?;
        match &self.what {
            What::Command(command) => write!(f, "{command}"),
            What::Kill(who)
            | What::Stop(who)
            | What::Start(who)
            | What::Freeze(who)
            | What::Thaw(who) => write!(f, "{} {}", self.what.name(), who.name()),
            What::Jump(seconds) => write!(f, "jump {seconds} s"),
            What::Blow(blow) => write!(f, "{blow}"),
            what => f.write_str(what.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(kill_share: f64) -> Stage {
        Stage::new(Duration::from_secs(4), kill_share)
    }

    #[test]
    fn a_seed_has_one_script() {
        for seed in 0..50 {
            let (one, other) = (Script::new(seed, stage(0.5)), Script::new(seed, stage(0.5)));
            assert_eq!(one.acts, other.acts);
            assert_eq!((one.shape, one.saves_each), (other.shape, other.saves_each));
        }
        assert_ne!(
            Script::new(1, stage(0.5)).acts,
            Script::new(2, stage(0.5)).acts
        );
    }

    #[test]
    fn every_act_that_begins_something_has_its_end_behind_it() {
        for seed in 0..200 {
            let script = Script::new(seed, stage(1.0));
            let mut open: Vec<&str> = Vec::new();
            for act in &script.acts {
                let begins = match act.what.name() {
                    "start" => Some(["kill", "stop"]),
                    "thaw" => Some(["freeze"; 2]),
                    "unlock" => Some(["lock"; 2]),
                    "empty" => Some(["fill"; 2]),
                    "back" => Some(["away", "copy"]),
                    "say" | "fault" | "jump" => continue,
                    begin => {
                        open.push(begin);
                        continue;
                    }
                };
                let begun = open.pop().expect("nothing ends that was not begun");
                assert!(
                    begins.is_some_and(|begins| begins.contains(&begun)),
                    "seed {seed}"
                );
            }
            assert!(open.is_empty(), "seed {seed}: {open:?}");
            assert!(script.acts.is_sorted_by_key(|act| act.at));
        }
    }

    #[test]
    fn the_kill_share_is_the_share_of_runs_with_a_kill() {
        let has_kill = |seed: &u64, share: f64| {
            let script = Script::new(*seed, stage(share));
            script.acts.iter().any(|act| act.what.name() == "kill")
        };
        assert_eq!((0..100).filter(|seed| has_kill(seed, 0.0)).count(), 0);
        assert_eq!((0..100).filter(|seed| has_kill(seed, 1.0)).count(), 100);
        let half = (0..1000).filter(|seed| has_kill(seed, 0.5)).count();
        assert!((420..580).contains(&half), "{half}");
    }

    #[test]
    fn a_prefix_has_the_first_acts_and_ends_with_the_last_of_them() {
        let script = Script::new(5, stage(1.0));
        let first = script.first(3);
        assert_eq!(first.acts, script.acts[..3]);
        assert_eq!(first.length, script.acts[2].at);
        assert_eq!(script.first(usize::MAX).length, script.length);
    }
}
