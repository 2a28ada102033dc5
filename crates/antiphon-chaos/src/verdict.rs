//! The verdict on a run: the ledger's audits, what the bot did, and what it left as dead letters.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use antiphon::{DeadLetter, Event, Provenance};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    bot::{ACT, ANSWER},
    effects::{Deed, End, Life},
    mood::Mood,
    script::{ASK, CHANNEL, PLAY, Script},
};

/// Platforms, each with its source's name.
pub(crate) const PLATFORMS: [&str; 4] = ["discord", "lavalink", "queup", "stackexchange"];
/// Kind of QueUp's messages.
const CHAT: &str = "queup.chat-message";
/// Kind of the events that have a lane of their own.
pub(crate) const INTERACTION: &str = "discord.INTERACTION_CREATE";
/// Kind of the event that begins a session at Discord.
const READY: &str = "discord.READY";
/// Starts of one event after which it is given up.
const STARTS: u32 = 3;
/// Broken promises of one sort that are named one by one.
const NAMED: usize = 5;

/// The audit of one platform, as the simulator gives it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Audit {
    pub(crate) due: u64,
    pub(crate) stored: u64,
    pub(crate) gapped: u64,
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) disordered: u64,
    pub(crate) gaps: u64,
    pub(crate) first_lost: Vec<Value>,
    pub(crate) first_disordered: Vec<Value>,
}

/// Everything by which a run is judged.
#[derive(Debug)]
pub(crate) struct Evidence {
    pub(crate) audits: BTreeMap<&'static str, Audit>,
    pub(crate) events: Vec<Arc<Event>>,
    pub(crate) letters: Vec<DeadLetter>,
    /// The bot's processes, in order.
    pub(crate) lives: Vec<Life>,
    /// Messages of the channel in which people ask, each with its id.
    pub(crate) messages: BTreeSet<(String, String)>,
}

/// What is counted in a run; the tally adds them up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Counts {
    pub(crate) due: u64,
    pub(crate) stored: u64,
    pub(crate) gapped: u64,
    pub(crate) lost: u64,
    pub(crate) repeated: u64,
    pub(crate) disordered: u64,
    /// Messages of QueUp that were stored before older ones, whose history came when their socket was gone.
    pub(crate) before_history: u64,
    pub(crate) gaps: u64,
    /// Stored events on which the bot never acted, without a letter that says why.
    pub(crate) unhandled: u64,
    /// Events on which the bot acted again although it was done with them, or no process ended in the middle.
    pub(crate) twice_closed: u64,
    /// Events on which the bot acted again because a process ended in the middle.
    pub(crate) twice_open: u64,
    /// Events that came again without being marked as redelivered.
    pub(crate) unmarked: u64,
    /// Events of one place on which the bot acted in another order.
    pub(crate) acted_disordered: u64,
    /// Questions that were stored, and so were to be answered.
    pub(crate) asked: u64,
    /// Answers that were seen twice.
    pub(crate) keyed_twice: u64,
    /// Questions without an answer.
    pub(crate) unanswered: u64,
    pub(crate) dead_expected: u64,
    pub(crate) dead_unexpected: u64,
    /// Events whose handler failed for good and that have no letter.
    pub(crate) dead_missing: u64,
    /// Sessions that the bot identified at Discord, by the READYs that are stored.
    pub(crate) identifies: u64,
}

impl Counts {
    /// Adds the counts of another run.
    pub(crate) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.due, other.due),
            (&mut self.stored, other.stored),
            (&mut self.gapped, other.gapped),
            (&mut self.lost, other.lost),
            (&mut self.repeated, other.repeated),
            (&mut self.disordered, other.disordered),
            (&mut self.before_history, other.before_history),
            (&mut self.gaps, other.gaps),
            (&mut self.unhandled, other.unhandled),
            (&mut self.twice_closed, other.twice_closed),
            (&mut self.twice_open, other.twice_open),
            (&mut self.unmarked, other.unmarked),
            (&mut self.acted_disordered, other.acted_disordered),
            (&mut self.asked, other.asked),
            (&mut self.keyed_twice, other.keyed_twice),
            (&mut self.unanswered, other.unanswered),
            (&mut self.dead_expected, other.dead_expected),
            (&mut self.dead_unexpected, other.dead_unexpected),
            (&mut self.dead_missing, other.dead_missing),
            (&mut self.identifies, other.identifies),
        ];
        for (count, more) in pairs {
            *count += more;
        }
    }
}

/// What became of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) counts: Counts,
    /// Due, stored, gapped and lost of each platform.
    pub(crate) platforms: BTreeMap<&'static str, Counts>,
    /// Promises that do not hold, a sentence each.
    pub(crate) broken: Vec<String>,
    /// Whether something is missing that may still come.
    pub(crate) is_open: bool,
}

/// What is known of a stored event.
struct Stored<'a> {
    event: &'a Event,
    mood: Mood,
    letter: Option<&'a DeadLetter>,
}

impl Verdict {
    /// Judges a run of this script.
    pub(crate) fn of(evidence: &Evidence, script: &Script) -> Self {
        let moods = script.moods();
        let mut verdict = Self::default();
        verdict.audits(evidence);
        let mut stored: HashMap<u64, Stored<'_>> = HashMap::new();
        for event in &evidence.events {
            let mood = Mood::of(script.seed, event.origin().as_str(), moods);
            let known = Stored {
                event,
                mood,
                letter: None,
            };
            stored.insert(event.position().get(), known);
        }
        verdict.letters(&evidence.letters, &evidence.lives, &mut stored);
        verdict.deeds(&evidence.lives, &stored, script.saves_each);
        verdict.answers(evidence, &stored);
        let ready = evidence
            .events
            .iter()
            .filter(|event| event.kind().as_str() == READY);
        verdict.counts.identifies = ready.count() as u64;
        verdict
    }

    /// Whether every promise was kept.
    pub(crate) fn holds(&self) -> bool {
        self.broken.is_empty()
    }

    fn breaks(&mut self, sort: &str, about: impl std::fmt::Display) {
        let same = self
            .broken
            .iter()
            .filter(|told| told.starts_with(sort))
            .count();
        match same {
            0..NAMED => self.broken.push(format!("{sort}: {about}")),
            NAMED => self.broken.push(format!("{sort}: and more")),
            _ => {}
        }
    }

    fn audits(&mut self, evidence: &Evidence) {
        let early = before_history(&evidence.events);
        for (platform, audit) in &evidence.audits {
            let rows = audit.first_disordered.iter();
            let disordered: Vec<_> = rows
                .filter(|row| {
                    !row["origin"]
                        .as_str()
                        .is_some_and(|origin| early.contains(origin))
                })
                .collect();
            // An audit shows its first rows; the others are explained as far as there are such messages.
            let explained = if *platform == "queup" {
                early.len() as u64
            } else {
                0
            };
            let late = explained.min(audit.disordered - disordered.len() as u64);
            let unshown = audit.disordered - late - disordered.len() as u64;
            if unshown > 0 {
                self.breaks(
                    "stored out of order",
                    format_args!("{unshown} more of {platform}"),
                );
            }
            let counts = self.platforms.entry(platform).or_default();
            for counts in [&mut self.counts, counts] {
                counts.due += audit.due;
                counts.stored += audit.stored;
                counts.gapped += audit.gapped;
                counts.lost += audit.lost;
                counts.repeated += audit.repeated;
                counts.disordered += audit.disordered - late;
                counts.before_history += late;
                counts.gaps += audit.gaps;
            }
            self.is_open |= audit.lost > 0;
            for row in &audit.first_lost {
                self.breaks("lost", told(row));
            }
            for row in disordered {
                self.breaks("stored out of order", told(row));
            }
            if audit.repeated > 0 {
                self.breaks(
                    "stored twice",
                    format_args!("{} events of {platform}", audit.repeated),
                );
            }
            if audit.stored == 0 {
                self.breaks("nothing stored", platform);
            }
        }
    }

    /// Holds the dead letters against the moods in which the handler gives events up.
    fn letters<'a>(
        &mut self,
        letters: &'a [DeadLetter],
        lives: &[Life],
        stored: &mut HashMap<u64, Stored<'a>>,
    ) {
        let mut starts: HashMap<u64, u32> = HashMap::new();
        for life in lives {
            let begun = life.lines.iter().filter_map(|line| match line.deed {
                Deed::Began { position, .. } => Some(position),
                Deed::Did { .. } | Deed::Answered { .. } => None,
            });
            for position in begun.collect::<HashSet<_>>() {
                *starts.entry(position).or_default() += 1;
            }
        }
        for letter in letters {
            let position = letter.event.position().get();
            let Some(known) = stored.get_mut(&position) else {
                self.counts.dead_unexpected += 1;
                self.breaks("a dead letter of no stored event", position);
                continue;
            };
            // One that was in the hands of each of three processes that were killed is given up too.
            let was_torn = letter.handler.is_empty() && letter.attempts >= STARTS;
            let was_torn =
                was_torn && lives.iter().filter(|life| life.end == End::Torn).count() >= 3;
            let is_undecodable = letter.handler != ACT && !is_object(letter.event.body());
            let is_meant = letter.handler == ACT && known.mood.may_be_deadly();
            if is_meant || is_undecodable || was_torn {
                self.counts.dead_expected += 1;
                if !is_undecodable {
                    known.letter = Some(letter);
                }
            } else {
                self.counts.dead_unexpected += 1;
                let started = starts.get(&position).copied().unwrap_or_default();
                let (handler, error) = (&letter.handler, &letter.error);
                self.breaks(
                    "a dead letter that nobody expected",
                    format_args!(
                        "{position} of `{handler}`, begun in {started} processes: {error}"
                    ),
                );
            }
        }
    }

    /// Holds what the bot did against what is stored.
    fn deeds(&mut self, lives: &[Life], stored: &HashMap<u64, Stored<'_>>, saves_each: bool) {
        let mut deeds: HashMap<u64, usize> = HashMap::new();
        let end = stored.keys().copied().max().unwrap_or_default();
        // The processes that have begun with an event, by its position.
        let mut begun: HashMap<u64, Vec<usize>> = HashMap::new();
        // The last event of each place on which the bot acted.
        let mut last: HashMap<&str, u64> = HashMap::new();
        // The same of each process.
        let mut last_of = vec![HashMap::<&str, u64>::new(); lives.len()];
        let mut told: Vec<_> = lives
            .iter()
            .enumerate()
            .flat_map(|(life, of)| of.lines.iter().map(move |line| (life, line)))
            .collect();
        // Stable, so that the lines of a process stay in their order; workers run beside one another.
        told.sort_by_key(|(_, line)| line.at);
        for (life, line) in told {
            match line.deed {
                Deed::Began { position, again } => {
                    let by = begun.entry(position).or_default();
                    if by.iter().any(|other| *other != life) && !by.contains(&life) && !again {
                        self.counts.unmarked += 1;
                        self.breaks("came again without a mark", position);
                    }
                    by.push(life);
                }
                // An answer is looked for at the platform.
                Deed::Answered { .. } => {}
                Deed::Did { position } => {
                    if position > end {
                        // It was stored after the journal was read.
                        continue;
                    }
                    let Some(known) = stored.get(&position) else {
                        self.breaks("acted on what is not stored", position);
                        continue;
                    };
                    let place = known.event.place().as_str();
                    let has_own_lane = known.event.kind().as_str() == INTERACTION;
                    let before = last.get(place).copied().unwrap_or_default();
                    if let Some(first) = deeds.insert(position, life) {
                        // Only what was open comes again: with a cursor for each event, the last one of a place in a
                        // process that ended in the middle. One that was stopped and goes on ends what it had begun.
                        // An end in good order cuts off a handler that takes too long, and what asks has two.
                        let was_cut = |of: usize| match lives[of].end {
                            End::Torn => true,
                            End::Stopped => has_two_handlers(known.event),
                            End::None => false,
                        };
                        let was_last =
                            |of: usize| of == life || last_of[of].get(place) == Some(&position);
                        let was_open = |of: usize| {
                            was_cut(of) && (!saves_each || has_own_lane || was_last(of))
                        };
                        if first != life && (was_open(first) || was_open(life)) {
                            self.counts.twice_open += 1;
                        } else {
                            self.counts.twice_closed += 1;
                            self.breaks("acted twice", format_args!("{position} in {place}"));
                        }
                    } else if before > position && !has_own_lane {
                        self.counts.acted_disordered += 1;
                        self.breaks(
                            "acted out of order",
                            format_args!("{position} behind {before} in {place}"),
                        );
                    }
                    if !has_own_lane {
                        last.insert(place, position.max(before));
                        last_of[life].insert(place, position);
                    }
                }
            }
        }
        for (position, known) in stored {
            if deeds.contains_key(position) || known.letter.is_some() {
                continue;
            }
            self.is_open = true;
            if known.mood.is_deadly() {
                self.counts.dead_missing += 1;
                self.breaks("no dead letter", position);
            } else {
                self.counts.unhandled += 1;
                self.breaks(
                    "never acted on",
                    format_args!("{position}, {}", known.event.kind()),
                );
            }
        }
    }

    /// Holds the answers that were seen against the questions that were stored.
    fn answers(&mut self, evidence: &Evidence, stored: &HashMap<u64, Stored<'_>>) {
        #[derive(Deserialize)]
        struct Message<'a> {
            #[serde(borrow)]
            content: std::borrow::Cow<'a, str>,
        }
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, text) in &evidence.messages {
            if let Some(number) = text.strip_prefix(ANSWER) {
                *seen.entry(number).or_default() += 1;
            }
        }
        for event in &evidence.events {
            if event.kind().as_str() != "discord.MESSAGE_CREATE" {
                continue;
            }
            let Ok(message) = event.parse::<Message<'_>>() else {
                continue;
            };
            let Some(number) = message.content.strip_prefix(ASK) else {
                continue;
            };
            self.counts.asked += 1;
            // One that was posted may have been deleted before anybody looked.
            let answered = Deed::Answered {
                position: event.position().get(),
            };
            let mut lines = evidence.lives.iter().flat_map(|life| &life.lines);
            let is_posted = lines.any(|line| line.deed == answered);
            // A question that was in the hands of three processes that were killed is given up.
            let letter = stored.get(&event.position().get()).and_then(|it| it.letter);
            let is_given_up = letter.is_some_and(|letter| letter.handler.is_empty());
            if !is_posted && !is_given_up && !seen.contains_key(number) {
                self.counts.unanswered += 1;
                self.is_open = true;
                self.breaks(
                    "not answered",
                    format_args!("question {number} in {CHANNEL}"),
                );
            }
        }
        for (number, count) in seen.into_iter().filter(|(_, count)| *count > 1) {
            self.counts.keyed_twice += 1;
            self.breaks(
                "answered twice",
                format_args!("question {number}, {count} times"),
            );
        }
    }
}

/// Origins of the messages of QueUp that were stored before older ones, of which all came from a history.
///
/// A message that comes while the history before it is fetched waits for it, but not when its socket is gone; the
/// history then stands behind it.
fn before_history(events: &[Arc<Event>]) -> HashSet<&str> {
    let mut early = HashSet::new();
    // The oldest message behind the present one of each place: of a history, and any other.
    let mut oldest: HashMap<&str, (i64, i64)> = HashMap::new();
    let chat = events
        .iter()
        .rev()
        .filter(|event| event.kind().as_str() == CHAT);
    for event in chat {
        let origin = event.origin().as_str();
        let time = origin
            .rsplit_once('-')
            .and_then(|(_, time)| time.parse::<i64>().ok());
        let Some(time) = time else { continue };
        let (history, other) = oldest
            .entry(event.place().as_str())
            .or_insert((i64::MAX, i64::MAX));
        if event.provenance() == Provenance::Backfilled {
            *history = time.min(*history);
            continue;
        }
        if *history < time && *other >= time {
            early.insert(origin);
        }
        *other = time.min(*other);
    }
    early
}

/// Whether the event is a question or a wish for a song, which have a handler of their own.
fn has_two_handlers(event: &Event) -> bool {
    let body = event.body();
    let has = |text: &str| body.windows(text.len()).any(|part| part == text.as_bytes());
    event.kind().as_str() == "discord.MESSAGE_CREATE" && (has(ASK) || has(PLAY))
}

/// Whether a typed handler can have this body; a frame that is oversized or cut off leaves none.
fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, Value>>(body).is_ok()
}

/// A row of the ledger in a few words.
fn told(row: &Value) -> String {
    let text = |name: &str| match &row[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = [
        "platform",
        "kind",
        "place",
        "origin",
        "connection",
        "frame",
        "at",
        "n",
    ];
    names
        .map(|name| format!("{name} {}", text(name)))
        .join(", ")
}

#[cfg(test)]
mod tests {
    use antiphon::{Draft, Kind, Origin, Place, Position};

    use super::*;

    fn chat(position: u64, time: u64, provenance: Provenance) -> Arc<Event> {
        let origin = format!("chat/a-{time}");
        let (kind, place) = (Kind::new(CHAT), Place::new("room/1"));
        let at = jiff::Timestamp::UNIX_EPOCH;
        let draft =
            Draft::new(kind, place, Origin::from(&*origin), at, "{}").provenance(provenance);
        Arc::new(Event::stored(
            Position::new(position),
            "queup".into(),
            draft,
        ))
    }

    #[test]
    fn only_a_history_may_stand_behind_younger_messages() {
        use Provenance::{Backfilled, Live};
        let late = [
            chat(1, 50, Live),
            chat(2, 10, Backfilled),
            chat(3, 60, Live),
        ];
        assert_eq!(before_history(&late), HashSet::from(["chat/a-50"]));
        let in_order = [chat(1, 10, Backfilled), chat(2, 50, Live)];
        assert!(before_history(&in_order).is_empty());
        let wrong = [
            chat(1, 50, Live),
            chat(2, 10, Backfilled),
            chat(3, 20, Live),
        ];
        assert!(before_history(&wrong).is_empty());
    }
}
