//! Whose an event of Lavalink is, for the erasure of a person.
//!
//! Nodes know no users but those of Discord that a program attached to its tracks, as `userData`.

use antiphon_core::Rule;

/// Where a node's documents may name users of Discord; docs/erasure.md has it in words.
pub static ERASURE: Rule = Rule {
    platform: "lavalink",
    is_id: |_| false,
    ids: "nodes know no users but those of Discord: write `discord:` before the id",
    unique: true,
    own: &[],
    users: &[],
    by: &[],
    about: &[],
    names: &[],
    before: &[],
    message: |_| None,
    data: &["userData"],
};

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Event, Kind, Origin, Person, Place, Position, Verdict};

    use super::*;

    #[test]
    fn data_that_names_its_requester_is_cut_out_of_the_track() {
        let body = r#"{"op":"event","track":{"encoded":"QAAA","userData":{"requester":"77","note":"for mira"}}}"#;
        let draft = Draft::new(
            Kind::from_static("lavalink.TrackStartEvent"),
            Place::root(),
            Origin::frame("c", 1),
            jiff::Timestamp::UNIX_EPOCH,
            body,
        );
        let event = Event::stored(Position::new(1), "nodes".into(), draft);
        let person = Person::new([&ERASURE], "77");
        let Verdict::Redact { body, .. } = person.judge(&event) else {
            panic!("the track stays");
        };
        assert_eq!(
            body,
            r#"{"op":"event","track":{"encoded":"QAAA","userData":null}}"#
        );
    }
}
