//! Lanes of interactions: each interaction has its own, so that none waits for another.
//!
//! A lane is the queue of one place; events of one lane are handled one after another.
//! Interactions are an exception to the rule of places, because Discord takes a first answer for three seconds only
//! ([Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding)).

use antiphon_core::{Event, Place};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Kind of interactions.
const INTERACTION: &str = "discord.INTERACTION_CREATE";
/// `type` of a press on a message's component (Discord's documentation, Interaction Type).
const PRESS: u64 = 3;

/// Fields of an interaction that decide its lane; ids as they were sent, as texts or as numbers.
#[derive(Deserialize)]
struct Interaction<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(rename = "type", default)]
    kind: Option<u64>,
    #[serde(borrow, default)]
    message: Option<WithId<'a>>,
    #[serde(borrow, default)]
    member: Option<Member<'a>>,
    #[serde(borrow, default)]
    user: Option<WithId<'a>>,
}

#[derive(Deserialize)]
struct WithId<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
}

#[derive(Deserialize)]
struct Member<'a> {
    #[serde(borrow, default)]
    user: Option<WithId<'a>>,
}

/// The lane of an interaction (`INTERACTION_CREATE`); `None` for every other event.
///
/// Discord takes the first answer to an interaction only within three seconds, so no interaction waits for the handler
/// of another: its lane is `interaction/<id>`.
/// Presses of one user on one message keep their order, because each may change the message: their lane is
/// `press/<message>/<user>`.
/// An interaction that cannot be read stays in the lane of its place.
///
/// An app uses it by default; it is public for custom lanes with `App::lanes`.
///
/// ```
/// use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
/// # fn event(body: &'static str) -> Event {
/// #     let (kind, origin) = ("discord.INTERACTION_CREATE", Origin::from("interaction/7"));
/// #     let draft = Draft::new(
/// #         Kind::from_static(kind), Place::root(), origin, jiff::Timestamp::UNIX_EPOCH, body,
/// #     );
/// #     Event::stored(Position::new(1), "bot".into(), draft)
/// # }
/// let press = event(r#"{"id":"7","type":3,"message":{"id":"5"},"member":{"user":{"id":"9"}}}"#);
/// assert_eq!(antiphon_discord::interaction_lane(&press), Some(Place::new("press/5/9")));
/// ```
pub fn interaction_lane(event: &Event) -> Option<Place> {
    if event.kind().as_str() != INTERACTION {
        return None;
    }
    let interaction: Interaction<'_> = event.parse().ok()?;
    let user = interaction
        .member
        .and_then(|member| member.user)
        .or(interaction.user);
    let lane = match (interaction.kind, interaction.message, user) {
        (Some(PRESS), Some(message), Some(user)) => {
            format!("press/{}/{}", digits(message.id)?, digits(user.id)?)
        }
        _ => format!("interaction/{}", digits(interaction.id)?),
    };
    Some(Place::new(lane))
}

/// An id's digits, whether it was sent as a text or as a number.
///
/// An id of another form leaves the interaction in the lane of its place.
fn digits(id: &RawValue) -> Option<&str> {
    let digits = id.get().trim_matches('"');
    let is_id = (1..=20).contains(&digits.len()) && digits.bytes().all(|one| one.is_ascii_digit());
    is_id.then_some(digits)
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Position};

    use super::*;

    #[track_caller]
    fn check(kind: &'static str, body: &'static str, lane: Option<&str>) {
        let kind = Kind::from_static(kind);
        let origin = Origin::from("interaction/7");
        let draft = Draft::new(
            kind,
            Place::root(),
            origin,
            jiff::Timestamp::UNIX_EPOCH,
            body,
        );
        let event = Event::stored(Position::new(1), "bot".into(), draft);
        assert_eq!(
            interaction_lane(&event).as_ref().map(Place::as_str),
            lane,
            "{body}"
        );
    }

    #[test]
    fn a_press_waits_for_presses_of_its_user_on_its_message_and_nothing_else() {
        let press = r#"{"id":"7","type":3,"message":{"id":"5"},"member":{"user":{"id":"9"}}}"#;
        check(INTERACTION, press, Some("press/5/9"));
        let private = r#"{"user":{"id":9},"message":{"id":5},"type":3,"id":7}"#;
        check(INTERACTION, private, Some("press/5/9"));
        for command in [
            r#"{"id":"7","type":2,"member":{"user":{"id":"9"}}}"#,
            r#"{"id":7,"type":4}"#,
            r#"{"id":"7","type":5,"message":{"id":"5"},"user":{"id":"9"}}"#,
            r#"{"id":"7","type":3,"user":{"id":"9"}}"#,
            r#"{"id":"7"}"#,
        ] {
            check(INTERACTION, command, Some("interaction/7"));
        }
    }

    #[test]
    fn what_cannot_be_read_and_what_is_no_interaction_stay_in_their_place() {
        for body in [
            "{}",
            "null",
            r#"{"id":"a/b"}"#,
            r#"{"id":""}"#,
            r#"{"id":-7}"#,
            "{",
        ] {
            check(INTERACTION, body, None);
        }
        check("discord.MESSAGE_CREATE", r#"{"id":"7","type":3}"#, None);
    }
}
