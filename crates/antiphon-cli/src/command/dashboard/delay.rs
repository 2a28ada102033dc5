//! The platform's own time of an event, for kinds that bear one to the millisecond.

use std::borrow::Cow;

use antiphon::{Payload as _, discord, lavalink, queup};
use antiphon_core::{Event, Provenance};
use jiff::Timestamp;
use serde::Deserialize;

/// An id of Discord's, in whose upper bits the time of its making stands.
#[derive(Deserialize)]
struct Made<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

/// The platform of a live event, and when that platform says that it was.
pub(super) fn platform_time(event: &Event) -> Option<(&'static str, Timestamp)> {
    if event.provenance() != Provenance::Live {
        return None;
    }
    let (platform, milliseconds) = match event.kind().as_str() {
        "discord.MESSAGE_CREATE" | "discord.INTERACTION_CREATE" => {
            let made: Made<'_> = antiphon_core::read_json(event.body()).ok()?;
            let id: u64 = made.id?.parse().ok()?;
            ("discord", discord::moment_of(id).as_millisecond())
        }
        "queup.chat-message" => {
            let chat = queup::Chat::decode(event).ok()?;
            ("queup", chat.message.created_at?.as_millisecond())
        }
        "lavalink.playerUpdate" => (
            "lavalink",
            lavalink::PlayerUpdate::view(event).ok()?.state.time,
        ),
        _ => return None,
    };
    Some((platform, Timestamp::from_millisecond(milliseconds).ok()?))
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};

    use super::*;

    fn event(kind: &'static str, body: &str, provenance: Provenance) -> Event {
        let draft = Draft::new(
            Kind::from_static(kind),
            Place::new("node/eu/player/7"),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            body.to_owned(),
        );
        Event::stored(
            Position::new(1),
            "choir".into(),
            draft.provenance(provenance),
        )
    }

    #[track_caller]
    fn check(kind: &'static str, body: &str, expected: Option<(&'static str, &str)>) {
        let expected = expected.map(|(platform, at)| (platform, at.parse().expect("a time")));
        assert_eq!(
            platform_time(&event(kind, body, Provenance::Live)),
            expected
        );
        assert_eq!(
            platform_time(&event(kind, body, Provenance::Backfilled)),
            None
        );
    }

    #[test]
    fn the_platforms_own_time_is_read_where_there_is_one() {
        // The example of Discord's own page about snowflakes.
        let message = r#"{"id":"175928847299117063","content":"amen"}"#;
        check(
            "discord.MESSAGE_CREATE",
            message,
            Some(("discord", "2016-04-30T11:18:25.796Z")),
        );
        let chat = r#"{"message":"hi","time":1720000001000}"#;
        check(
            "queup.chat-message",
            chat,
            Some(("queup", "2024-07-03T09:46:41Z")),
        );
        let update = r#"{"op":"playerUpdate","guildId":"7","state":{"time":1720000001500,"position":1,"connected":true,"ping":2}}"#;
        check(
            "lavalink.playerUpdate",
            update,
            Some(("lavalink", "2024-07-03T09:46:41.5Z")),
        );
    }

    #[test]
    fn an_event_without_a_time_or_with_a_wrong_one_has_none() {
        for body in ["{}", "[]", "null", "{", r#"{"id":7}"#, r#"{"id":"x"}"#] {
            check("discord.MESSAGE_CREATE", body, None);
        }
        check(
            "discord.TYPING_START",
            r#"{"id":"175928847299117063"}"#,
            None,
        );
        check("queup.chat-message", r#"{"message":"hi"}"#, None);
    }
}
