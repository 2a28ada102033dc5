//! The step from the wire to an event: its place, its origin and its note.
//!
//! An origin names one event for ever, so that a journal stores nothing twice and takes nothing for a repeat that is
//! none. There are four kinds, and each is unique for another reason:
//! - `event/<id>`: an event by the server's id. The server numbers all events of all rooms with one counter, and gives
//!   the same id live, replayed, polled and from history, so that the same event has the same origin however it comes.
//! - `event/<count>/<id>`: the same after the server began to count anew, for the first time, the second, and so on. Ids
//!   begin again with the counter, so the origin names the count as well; the count is a part of the checkpoint
//!   `account`, and a journal from before the first such time goes on without doubles.
//! - `<run>-<socket>/<frame>` and `<run>-poll-<number>/<frame>`, with `/<n>` behind it for the nth thing of a frame: what
//!   has no id, such as a malformed element. The run is a nonce of the time and of chance, sockets and polls are counted
//!   within the run, and frames within those. The server's own name of a socket is not used: nothing promises that it
//!   gives no name twice.
//! - `<run>/<number>`: antiphon's own events (gaps, links) and what a history has without an id, counted within the run.

use antiphon_core::{Draft, Event, Origin, Place};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind_of;
use crate::{
    model::{EventId, RoomId, UserId},
    wire::{Frame, Header},
};

/// The events of a frame that came from elsewhere, such as a recording, in its order.
///
/// Nothing is known of an account here: every event's place is its own room, mentions concern everybody, and what is
/// no event is left out. A frame that cannot be read has none.
pub fn read_frame(frame: &Bytes, received_at: Timestamp) -> Vec<Draft> {
    let Ok(parsed) = Frame::parse(frame) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for (key, room) in &parsed.rooms {
        let events = room.body.iter().flat_map(|body| &body.e);
        drafts.extend(events.filter_map(|element| {
            let header = Header::of(element)?;
            Some(Draft::new(
                kind_of(header.event_type?),
                room_place(header.room_id.map_or(*key, RoomId::new)),
                event_origin(0, EventId::new(header.id?)),
                received_at,
                frame.slice_ref(element.get().as_bytes()),
            ))
        }));
    }
    drafts
}

/// The place of a room that the account is in.
pub(crate) fn room_place(room: RoomId) -> Place {
    Place::from(format!("room/{room}"))
}

/// The place of what concerns the account wherever it is.
pub(crate) fn user_place(me: UserId) -> Place {
    Place::from(format!("user/{me}"))
}

/// The place of what comes from a room that the account is not in.
pub(crate) fn elsewhere_place(me: UserId, room: RoomId) -> Place {
    Place::from(format!("user/{me}/room/{room}"))
}

/// The identity of an event: its id, and how often the server has begun to count anew.
pub(crate) fn event_origin(count: u64, id: EventId) -> Origin {
    match count {
        0 => Origin::from(format!("event/{id}")),
        count => Origin::from(format!("event/{count}/{id}")),
    }
}

/// What is added beside mentions and replies: for whom the account took them.
#[derive(Serialize, Deserialize)]
struct Note {
    me: UserId,
}

/// The note of a mention or reply.
pub(crate) fn note(me: UserId) -> Bytes {
    let note = serde_json::to_vec(&Note { me }).expect("a number");
    Bytes::from(note)
}

/// The account that took the event, where its note says so.
pub(crate) fn own_id(event: &Event) -> Option<UserId> {
    let note: Note = serde_json::from_slice(event.note()?).ok()?;
    Some(note.me)
}
