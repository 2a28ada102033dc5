//! Kind, place and origin of a dispatch (protocol §9).
//!
//! A frame becomes an event here: the name gives the kind, the ids at the top of `d` the place, and the name's row in the
//! table the rule for the origin.
//! Everything is done once for each frame, so places are cached and texts are written into one buffer.
//!
//! A name that is empty, longer than 100 bytes or not printable becomes [`UNNAMED`]; a frame that is no dispatch and no
//! known operation becomes [`UNREADABLE`].

mod expiry;
mod lane;
mod reader;

use std::fmt::Write as _;

use antiphon_core::{Kind, Origin, Place};

pub(crate) use self::expiry::INTERACTION_EXPIRY;
pub use self::{lane::interaction_lane, reader::FrameReader};
use crate::{
    event::{Known, OriginRule, PlaceRule, known},
    wire::Ids,
};

/// Kind of a dispatch without a usable name.
pub(crate) const UNNAMED: &str = "discord.UNNAMED";
/// Kind of a frame that cannot be read; its body is the whole frame.
pub(crate) const UNREADABLE: &str = "discord.UNREADABLE";
/// Longest usable name; the longest of Discord's has 39 characters.
const LONGEST_NAME: usize = 100;
/// Number of cached places, so that a repeated place needs no allocation.
///
/// A collision costs an allocation and nothing else.
const PLACES: usize = 256;

/// Kind, place and origins of a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// `discord.` and the name, or one of the two stand-ins.
    pub(crate) kind: Kind,
    /// Where it happened: `guild/11/channel/22`, `user/33`, or the root.
    pub(crate) place: Place,
    /// Origin that does not depend on the stream.
    pub(crate) occurrence: Option<Origin>,
    /// Origin of the event that it deletes.
    pub(crate) deletes: Option<Origin>,
}

/// Finds kinds, places and origins, and caches places.
#[derive(Debug)]
pub(crate) struct Namer {
    /// Cached places; each has one slot by its ids, and the newest keeps the slot.
    places: Vec<Option<(Steps, Place)>>,
    root: Place,
    /// Buffer in which places and origins are written.
    text: String,
}

/// Ids that form a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Steps {
    guild: Option<u64>,
    channel: Option<u64>,
    thread: Option<u64>,
    user: Option<u64>,
}

impl Namer {
    pub(crate) fn new() -> Self {
        Self {
            places: vec![None; PLACES],
            root: Place::root(),
            text: String::with_capacity(96),
        }
    }

    /// Names a dispatch.
    ///
    /// Nothing of the body is read but the ids that the envelope's pass has found.
    pub(crate) fn name(&mut self, name: Option<&str>, ids: &Ids) -> Named {
        let Some(name) = name.filter(|name| is_usable(name)) else {
            return Named {
                kind: Kind::from_static(UNNAMED),
                place: self.place(PlaceRule::Channel, ids),
                occurrence: None,
                deletes: None,
            };
        };
        let (kind, place, origin) = match known(name) {
            Some(Known {
                kind,
                place,
                origin,
            }) => (Kind::from_static(kind), place, origin),
            None => (
                Kind::new(format!("discord.{name}")),
                PlaceRule::Channel,
                OriginRule::Sequence,
            ),
        };
        let (occurrence, deletes) = match (origin, ids.id) {
            (OriginRule::Id(what), Some(id)) => (Some(self.occurrence(what, id)), None),
            (OriginRule::Deleted, Some(id)) => (None, Some(self.occurrence("message", id))),
            _ => (None, None),
        };
        Named {
            kind,
            place: self.place(place, ids),
            occurrence,
            deletes,
        }
    }

    /// Origin from a stream and a sequence.
    pub(crate) fn sequence(&mut self, session: &str, seq: u64) -> Origin {
        self.text.clear();
        // The same text as `Origin::sequence`, with one allocation less.
        let _ = write!(self.text, "{session}/{seq:010}");
        Origin::from(&*self.text)
    }

    /// Origin of an object that Discord gives its id once: `message/123`.
    fn occurrence(&mut self, what: &str, id: u64) -> Origin {
        self.text.clear();
        let _ = write!(self.text, "{what}/{id}");
        Origin::from(&*self.text)
    }

    /// Writes the ids of an event into its place, by the rule of its name.
    fn place(&mut self, place: PlaceRule, ids: &Ids) -> Place {
        let &Ids {
            id,
            guild,
            channel,
            parent,
        } = ids;
        let none = Steps::default();
        let steps = match place {
            PlaceRule::Channel => Steps {
                guild,
                channel,
                ..none
            },
            PlaceRule::Guild => Steps { guild, ..none },
            PlaceRule::GuildId => Steps {
                guild: id.or(guild),
                ..none
            },
            PlaceRule::ThreadId if parent.is_some() => Steps {
                guild,
                channel: parent,
                thread: id,
                ..none
            },
            PlaceRule::ChannelId | PlaceRule::ThreadId => Steps {
                guild,
                channel: id.or(channel),
                ..none
            },
            PlaceRule::UserId => Steps { user: id, ..none },
        };
        if steps == none {
            return self.root.clone();
        }
        let slot = steps.slot();
        if let Some((known, place)) = &self.places[slot]
            && *known == steps
        {
            return place.clone();
        }
        self.text.clear();
        steps.write(&mut self.text);
        let place = Place::from(&*self.text);
        self.places[slot] = Some((steps, place.clone()));
        place
    }
}

impl Steps {
    /// Slot of the cache that these ids belong to.
    fn slot(self) -> usize {
        // Ids differ mostly in their upper bits (a time); the constant mixes them.
        let mixed = [self.guild, self.channel, self.thread, self.user]
            .into_iter()
            .fold(0_u64, |mixed, id| {
                (mixed.rotate_left(23) ^ id.unwrap_or_default()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            });
        usize::try_from(mixed >> 56).expect("eight bits") % PLACES
    }

    /// Writes the ids as a path: `guild/11/channel/22`.
    fn write(self, text: &mut String) {
        let steps = [
            ("guild", self.guild),
            ("channel", self.channel),
            ("thread", self.thread),
            ("user", self.user),
        ];
        for (what, id) in steps {
            if let Some(id) = id {
                let slash = if text.is_empty() { "" } else { "/" };
                let _ = write!(text, "{slash}{what}/{id}");
            }
        }
    }
}

/// Whether a dispatch's name can be part of a kind: printable and not too long.
fn is_usable(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, ids: [u64; 4], place: &str) -> Named {
        let some = |id: u64| (id != 0).then_some(id);
        let ids = Ids {
            id: some(ids[0]),
            guild: some(ids[1]),
            channel: some(ids[2]),
            parent: some(ids[3]),
        };
        let named = Namer::new().name(Some(name), &ids);
        assert_eq!(named.place.as_str(), place, "{name}");
        assert_eq!(named.kind.name(), name);
        named
    }

    #[test]
    fn a_place_is_made_of_guild_and_channel_as_far_as_they_are_known() {
        check("MESSAGE_CREATE", [1, 2, 3, 0], "guild/2/channel/3");
        check("MESSAGE_CREATE", [1, 0, 3, 0], "channel/3");
        check("GUILD_MEMBER_ADD", [0, 2, 0, 0], "guild/2");
        check("READY", [0, 0, 0, 0], "");
        check("SOMETHING_NEW", [1, 2, 3, 4], "guild/2/channel/3");
    }

    #[test]
    fn guilds_channels_threads_and_users_are_named_by_their_own_id() {
        check("GUILD_CREATE", [1, 0, 0, 0], "guild/1");
        check("GUILD_DELETE", [1, 0, 0, 0], "guild/1");
        check("CHANNEL_UPDATE", [1, 2, 0, 4], "guild/2/channel/1");
        check("CHANNEL_CREATE", [1, 0, 0, 0], "channel/1");
        check("CHANNEL_PINS_UPDATE", [0, 2, 3, 0], "guild/2/channel/3");
        check("THREAD_CREATE", [1, 2, 0, 4], "guild/2/channel/4/thread/1");
        check("THREAD_MEMBER_UPDATE", [1, 2, 0, 0], "guild/2/channel/1");
        check("USER_UPDATE", [1, 0, 0, 0], "user/1");
    }

    #[test]
    fn voice_states_of_a_guild_share_one_place() {
        check("VOICE_STATE_UPDATE", [0, 2, 3, 0], "guild/2");
    }

    #[test]
    fn messages_interactions_and_audit_entries_are_known_by_their_own_id() {
        let origin = |name| check(name, [1, 2, 3, 0], "guild/2/channel/3").occurrence;
        assert_eq!(origin("MESSAGE_CREATE"), Some(Origin::from("message/1")));
        assert_eq!(
            origin("INTERACTION_CREATE"),
            Some(Origin::from("interaction/1"))
        );
        assert_eq!(origin("MESSAGE_UPDATE"), None);
        let entry = check("GUILD_AUDIT_LOG_ENTRY_CREATE", [1, 2, 0, 0], "guild/2");
        assert_eq!(entry.occurrence, Some(Origin::from("audit/1")));
    }

    #[test]
    fn a_deleted_message_names_what_it_deletes() {
        let named = check("MESSAGE_DELETE", [1, 2, 3, 0], "guild/2/channel/3");
        assert_eq!(named.deletes, Some(Origin::from("message/1")));
        assert_eq!(named.occurrence, None);
    }

    #[test]
    fn a_dispatch_without_a_usable_name_is_unnamed() {
        let mut namer = Namer::new();
        for name in [None, Some(""), Some("A B"), Some(&*"X".repeat(101))] {
            assert_eq!(namer.name(name, &Ids::default()).kind, UNNAMED);
        }
    }

    #[test]
    fn origins_in_the_stream_are_those_of_the_other_platforms() {
        assert_eq!(
            Namer::new().sequence("a1b2", 41),
            Origin::sequence("a1b2", 41)
        );
    }

    #[test]
    fn a_place_met_again_is_the_same() {
        let mut namer = Namer::new();
        for channel in (0..1000).chain(0..1000) {
            let ids = Ids {
                guild: Some(1),
                channel: Some(channel),
                ..Ids::default()
            };
            let message = namer.name(Some("MESSAGE_CREATE"), &ids);
            assert_eq!(message.place.as_str(), format!("guild/1/channel/{channel}"));
        }
    }
}
