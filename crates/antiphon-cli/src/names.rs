//! Names of the guilds, channels and rooms that places have ids of.
//!
//! Names come from the journal itself. Each event may tell some (`platform/<name>/show.rs`): Discord's of guilds, channels
//! and threads name them, and each of Stack Exchange's names its room. QueUp's rooms are named by the checkpoints of
//! their source. What is shown teaches the names in it; an id that is still unknown is looked for in what was stored
//! before, the newest first, within [`POSITIONS`] and [`BYTES`]. An id without a name stays an id.
//!
//! A name is that of the time of the event, as far as the journal tells.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use antiphon_core::{Event, Position, SourceName};
use antiphon_journal::{Filter, Inspect};

use crate::{failure::Failure, platform::PLATFORMS};

/// Most positions that one command looks back over.
const POSITIONS: u64 = 1 << 20;
/// Positions of one step back.
const STEP: u64 = 1 << 16;
/// Most bytes of events that one command reads to look back.
const BYTES: usize = 64 << 20;
/// Events of a page.
const PAGE: usize = 500;
/// Most names; further ones are not learned.
const NAMES: usize = 100_000;
/// Most characters of a name; a longer one is cut.
const LONGEST: usize = 32;

/// What a platform's events tell of the names of places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Naming {
    /// Kinds that name what other events have ids of.
    pub(crate) kinds: &'static [&'static str],
    /// Whether every event names its own place.
    pub(crate) in_place: bool,
    /// Tells each name that an event has, with the part of a place that it is the name of, such as `guild/42`.
    pub(crate) learn: fn(&Event, &mut Learn<'_>),
}

/// Takes a part of a place and its name.
pub(crate) type Learn<'a> = dyn FnMut(&str, &str) + 'a;

/// Names that are known so far.
#[derive(Debug)]
pub(crate) struct Names {
    known: HashMap<Key, Arc<str>>,
    /// Sources whose checkpoints were read.
    asked: HashSet<SourceName>,
    /// Everything from here to the first event shown was looked at; `None` before the first step back.
    back_to: Option<Position>,
    positions: u64,
    bytes: usize,
}

/// A part of a place, such as `guild/42`, with its source where ids of sources are not the same.
type Key = (Option<SourceName>, Box<str>);

/// Ids of rooms and users are those of a server, and so of a source; Discord's are the same for all.
fn key(source: &SourceName, part: &str) -> Key {
    let (what, id) = part.split_once('/').unwrap_or((part, ""));
    match what {
        "room" | "user" => (Some(source.clone()), part.into()),
        // A node's player is that of a guild, and a thread is a channel.
        "player" => (None, format!("guild/{id}").into()),
        "thread" => (None, format!("channel/{id}").into()),
        _ => (None, part.into()),
    }
}

/// The parts of a place, each a word and an id: `guild/42` and `channel/7` of `guild/42/channel/7`.
fn parts(place: &str) -> impl Iterator<Item = &str> {
    let mut rest = place;
    std::iter::from_fn(move || {
        let what = rest.find('/')?;
        let end = rest[what + 1..].find('/').map(|end| what + 1 + end);
        let part = &rest[..end.unwrap_or(rest.len())];
        rest = end.map_or("", |end| &rest[end + 1..]);
        Some(part)
    })
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            known: HashMap::new(),
            asked: HashSet::new(),
            back_to: None,
            positions: POSITIONS,
            bytes: BYTES,
        }
    }

    /// Learns the names in an event.
    pub(crate) fn learn(&mut self, event: &Event) {
        let known = &mut self.known;
        told(event, &mut |key, name| {
            if known.len() < NAMES || known.contains_key(&key) {
                known.insert(key, name);
            }
        });
    }

    /// The place with the names that are known in it.
    pub(crate) fn place(&self, event: &Event) -> String {
        let place = event.place().as_str();
        let mut shown = String::new();
        for part in parts(place) {
            if !shown.is_empty() {
                shown.push('/');
            }
            match self.known.get(&key(event.source(), part)) {
                Some(name) => {
                    let what = part.split('/').next().unwrap_or_default();
                    shown.extend([what, "/", name]);
                }
                None => shown.push_str(part),
            }
        }
        if shown.is_empty() {
            place.to_owned()
        } else {
            shown
        }
    }

    /// Learns the names that these events need, which are the next to be shown: from themselves, from checkpoints, and
    /// from what was stored before.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(crate) async fn learn_for(
        &mut self,
        journal: &dyn Inspect,
        events: &[Arc<Event>],
    ) -> Result<(), Failure> {
        for event in events {
            self.learn(event);
        }
        let Some(first) = events.first() else {
            return Ok(());
        };
        for event in events {
            let is_new = event.place().as_str().starts_with("room/") && !self.knows(event);
            if is_new && self.asked.insert(event.source().clone()) {
                self.learn_checkpoints(journal, event.source()).await?;
            }
        }
        let mut before = self.back_to.unwrap_or(first.position().previous());
        while !events.iter().all(|event| self.knows(event)) {
            let step = STEP.min(self.positions).min(before.get());
            if step == 0 || self.bytes == 0 {
                break;
            }
            let from = Position::new(before.get() - step);
            self.look_at(journal, from, before, events).await?;
            self.positions -= step;
            before = from;
        }
        self.back_to = Some(before);
        Ok(())
    }

    /// Whether all parts of the event's place that can have a name have one.
    fn knows(&self, event: &Event) -> bool {
        let place = event.place().as_str();
        let can_have_one = |part: &&str| match part.split('/').next() {
            Some("guild" | "room" | "player" | "thread") => true,
            // A direct conversation is in no guild and has no name.
            Some("channel") => place.starts_with("guild/"),
            _ => false,
        };
        parts(place)
            .filter(can_have_one)
            .all(|part| self.known.contains_key(&key(event.source(), part)))
    }

    /// Learns from the events behind `after`, up to `until`; what is known already is newer.
    async fn look_at(
        &mut self,
        journal: &dyn Inspect,
        after: Position,
        until: Position,
        events: &[Arc<Event>],
    ) -> Result<(), Failure> {
        let namings = PLATFORMS.iter().map(|platform| platform.naming);
        let kinds: HashSet<_> = namings.flat_map(|naming| naming.kinds).copied().collect();
        let naming = Filter::new().kind_if(move |kind| kinds.contains(kind));
        let unknown: HashSet<_> = events
            .iter()
            .filter(|event| !self.knows(event))
            .map(|event| event.place().as_str().to_owned())
            .collect();
        let in_place = Filter::new()
            .kind_if(|kind| {
                let mut platforms = PLATFORMS.iter().filter(|platform| platform.naming.in_place);
                platforms.any(|platform| kind.split('.').next() == Some(platform.name))
            })
            .place_if(move |place| unknown.contains(place));
        let mut found = HashMap::new();
        // One page of the places' own events: each has the name of its place, and a few hundred meet every place.
        for (filter, pages) in [(naming, usize::MAX), (in_place, 1)] {
            let mut at = after;
            for _ in 0..pages {
                let page = journal.read_where(at, PAGE, &filter).await?;
                for event in page.events.iter().filter(|event| event.position() <= until) {
                    self.bytes = self.bytes.saturating_sub(event.body().len());
                    told(event, &mut |key, name| {
                        found.insert(key, name);
                    });
                }
                if page.through >= until || page.through == at || self.bytes == 0 {
                    break;
                }
                at = page.through;
            }
        }
        for (key, name) in found {
            if self.known.len() < NAMES {
                self.known.entry(key).or_insert(name);
            }
        }
        Ok(())
    }

    /// Learns the rooms that a source of QueUp has joined.
    async fn learn_checkpoints(
        &mut self,
        journal: &dyn Inspect,
        source: &SourceName,
    ) -> Result<(), Failure> {
        #[derive(serde::Deserialize)]
        struct Room {
            slug: String,
        }
        for checkpoint in journal.checkpoints(source).await? {
            if let Ok(room) = serde_json::from_slice::<Room>(&checkpoint.state)
                && self.known.len() < NAMES
                && !room.slug.is_empty()
            {
                let key = key(source, &checkpoint.part);
                self.known.entry(key).or_insert_with(|| cut(&room.slug));
            }
        }
        Ok(())
    }
}

/// Tells the names in an event, by its platform.
fn told(event: &Event, learn: &mut dyn FnMut(Key, Arc<str>)) {
    let name = event.kind().platform();
    let mut platforms = PLATFORMS.iter();
    let Some(platform) = platforms.find(|platform| platform.name == name) else {
        return;
    };
    let naming = platform.naming;
    if naming.in_place || naming.kinds.contains(&event.kind().as_str()) {
        (naming.learn)(event, &mut |part, name| {
            if !name.is_empty() {
                learn(key(event.source(), part), cut(name));
            }
        });
    }
}

/// A name without slashes, which would look like parts of a place, and not too long.
fn cut(name: &str) -> Arc<str> {
    let mut cut: String = name.chars().take(LONGEST).collect();
    if cut.len() < name.len() {
        cut.push('…');
    }
    cut.replace('/', "∕").into()
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place};
    use jiff::Timestamp;

    use super::*;

    fn event(source: &str, kind: &'static str, place: &str, body: &'static str) -> Event {
        let draft = Draft::new(
            Kind::from_static(kind),
            Place::new(place),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            body,
        );
        Event::stored(Position::new(1), source.into(), draft)
    }

    #[track_caller]
    fn check(names: &Names, source: &str, place: &str, expected: &str) {
        let event = event(source, "antiphon.gap", place, "{}");
        assert_eq!(names.place(&event), expected);
    }

    #[test]
    fn a_guild_names_itself_its_channels_its_threads_and_its_players() {
        let mut names = Names::new();
        let guild = r#"{"id":"42","name":"Choir","channels":[{"id":"7","name":"loft"},{"id":"8"}],"threads":[{"id":"9","name":"an organ/pedal"}]}"#;
        names.learn(&event("bot", "discord.GUILD_CREATE", "guild/42", guild));
        let renamed = r#"{"id":"7","type":0,"name":"nave"}"#;
        names.learn(&event(
            "bot",
            "discord.CHANNEL_UPDATE",
            "guild/42/channel/7",
            renamed,
        ));
        check(
            &names,
            "bot",
            "guild/42/channel/7",
            "guild/Choir/channel/nave",
        );
        check(&names, "bot", "guild/42/channel/8", "guild/Choir/channel/8");
        check(
            &names,
            "bot",
            "guild/42/channel/7/thread/9",
            "guild/Choir/channel/nave/thread/an organ∕pedal",
        );
        check(
            &names,
            "node",
            "node/eu-1/player/42",
            "node/eu-1/player/Choir",
        );
        check(&names, "bot", "", "");
        check(&names, "bot", "channel/3", "channel/3");
    }

    #[test]
    fn rooms_of_two_sources_with_one_number_have_their_own_names() {
        let mut names = Names::new();
        let kind = "stackexchange.MessagePosted";
        let body = r#"{"room_id":1,"room_name":"Sandbox"}"#;
        names.learn(&event("tea", kind, "room/1", body));
        let body = r#"{"room_id":1,"room_name":"Python"}"#;
        names.learn(&event("so", kind, "room/1", body));
        check(&names, "tea", "room/1", "room/Sandbox");
        check(&names, "so", "room/1", "room/Python");
        check(&names, "other", "room/1", "room/1");
        let body = r#"{"room":{"_id":"5a","roomUrl":"choir-loft","name":"The Loft"}}"#;
        names.learn(&event("choir", "queup.room-update", "room/5a", body));
        check(&names, "choir", "room/5a", "room/choir-loft");
    }

    #[test]
    fn a_name_is_cut_and_the_number_of_names_is_bounded() {
        assert_eq!(cut(&"a".repeat(32)).len(), 32);
        assert_eq!(&*cut(&"é".repeat(33)), format!("{}…", "é".repeat(32)));
        let mut names = Names::new();
        for id in 0..=NAMES {
            names
                .known
                .insert((None, format!("guild/{id}").into()), "x".into());
        }
        names.learn(&event(
            "bot",
            "discord.GUILD_CREATE",
            "guild/x",
            r#"{"id":"x","name":"late"}"#,
        ));
        check(&names, "bot", "guild/x", "guild/x");
    }
}
