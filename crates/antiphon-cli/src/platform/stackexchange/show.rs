//! What a Stack Exchange event tells in a few words: what is said, and by whom.
//!
//! Every event of the platform has a view with the same fields, so that one function serves all kinds.

use antiphon::{Event, stackexchange};
use serde::Deserialize;

use crate::names::{Learn, Naming};

/// Every event names its room.
pub(crate) const NAMING: Naming = Naming {
    kinds: &[],
    in_place: true,
    learn,
};

fn learn(event: &Event, learn: &mut Learn<'_>) {
    #[derive(Deserialize)]
    struct InRoom {
        room_id: u64,
        room_name: String,
    }
    if let Ok(room) = event.parse::<InRoom>() {
        learn(&format!("room/{}", room.room_id), &room.room_name);
    }
}

/// Several lines of a message become one.
pub(crate) fn gist(event: &Event) -> Option<String> {
    let message = stackexchange::view::Message::of(event).ok()?;
    let who = message.user_name;
    let what = stackexchange::Html::new(message.content).text();
    let what = what.replace('\n', " ");
    match (who.is_empty(), what.is_empty()) {
        (true, true) => None,
        (true, false) => Some(what),
        (false, true) => Some(who.into_owned()),
        (false, false) => Some(format!("{who}: {what}")),
    }
}
