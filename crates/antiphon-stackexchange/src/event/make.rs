//! Places, origins and notes of events.
//!
//! An origin names one event for ever, so that a journal stores no event twice and takes no other event for a repeat.
//! There are six kinds, and each is unique for another reason:
//! - `message/<id>`: a posted message by its message id. A history has no event id for it, and a socket has both, so the
//!   message id is the only id that all ways of a message have in common. Messages that an earlier version may have stored
//!   keep `event/<id>`: those up to the server's count when this version first came to the journal, which the checkpoint
//!   `account` has. So does a second event that claims to have posted the same message.
//! - `event/<id>`: any other event by the server's id. The server numbers all events of all rooms with one counter, and
//!   gives the same id live, replayed and polled.
//! - `row/<room>/<shape>`, with `/<n>` behind it for the nth of the same shape in one answer: a row of a history that is
//!   no posted message and has no id, by what it says: type, time, users, message and counts. Only servers whose
//!   `mode=Events` leaves ids out have such rows (not recorded anywhere).
//! - `message/<count>/<id>`, `event/<count>/<id>`, `row/<count>/…`: the same after the server began to count anew, for
//!   the first time, the second, and so on. Ids begin again with the counter, so the origin names the count as well; the
//!   count is a part of the checkpoint `account`, and a journal from before the first such time goes on without doubles.
//! - `<run>-<socket>/<frame>` and `<run>-poll-<number>/<frame>`, with `/<n>` behind it for the nth element of a frame: an
//!   element without an id, such as a malformed one. The run is a nonce of the time and of chance, sockets and polls are counted
//!   within the run, and frames within those. The server's own name of a socket is not used, since the
//!   server may give a name twice.
//! - `<run>/<number>`: antiphon's own events (gaps, links) and malformed elements of a history, counted within the run.

use antiphon_core::{Event, Origin, Place};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    model::{EventId, MessageId, RoomId, Server, UserId},
    wire::Shape,
};

/// The place of a room that the account reads.
pub(crate) fn room_place(room: RoomId) -> Place {
    Place::from(format!("room/{room}"))
}

/// The place of an event that concerns the account in whatever room.
pub(crate) fn user_place(me: UserId) -> Place {
    Place::from(format!("user/{me}"))
}

/// The place of an event of a room that the account is not in.
pub(crate) fn elsewhere_place(me: UserId, room: RoomId) -> Place {
    Place::from(format!("user/{me}/room/{room}"))
}

/// The origin of an event: its id, and how often the server has begun to count anew.
pub(crate) fn event_origin(count: u64, id: EventId) -> Origin {
    match count {
        0 => Origin::from(format!("event/{id}")),
        count => Origin::from(format!("event/{count}/{id}")),
    }
}

/// The origin of a posted message: its id, and how often the server has begun to count anew.
pub(crate) fn message_origin(count: u64, id: MessageId) -> Origin {
    match count {
        0 => Origin::from(format!("message/{id}")),
        count => Origin::from(format!("message/{count}/{id}")),
    }
}

/// The origin of a row of a history that has no id: its shape, and its number among rows of the same shape.
pub(crate) fn row_origin(count: u64, room: RoomId, shape: Shape, nth: usize) -> Origin {
    let count = if count == 0 {
        String::new()
    } else {
        format!("{count}/")
    };
    let nth = if nth == 0 {
        String::new()
    } else {
        format!("/{nth}")
    };
    Origin::from(format!("row/{count}{room}/{shape}{nth}"))
}

/// The note of an event: facts that its body does not say.
#[derive(Default, Serialize, Deserialize)]
struct Note {
    /// The account, for a mention or reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    me: Option<UserId>,
    /// Host of the chat server, for a text with addresses; absent for the most common server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<String>,
}

/// Writes a note; `None` if there is nothing to note.
pub(crate) fn note(me: Option<UserId>, server: Option<Server>) -> Option<Bytes> {
    if me.is_none() && server.is_none() {
        return None;
    }
    let server = server.map(|server| server.chat_host().to_owned());
    let note = serde_json::to_vec(&Note { me, server }).expect("a number and a text");
    Some(Bytes::from(note))
}

/// Reads the note of an event; an empty one if there is none.
fn noted(event: &Event) -> Note {
    let note = event.note().map(|note| antiphon_core::read_json(note).ok());
    note.flatten().unwrap_or_default()
}

/// The account that took the event, where its note says so.
pub(crate) fn own_id(event: &Event) -> Option<UserId> {
    noted(event).me
}

/// The chat server that the relative addresses of an event belong to.
pub(crate) fn server_of(event: &Event) -> Server {
    // Few notes name a server.
    let names = |note: &Bytes| note.windows(6).any(|window| window == b"server");
    if !event.note().is_some_and(names) {
        return Server::default();
    }
    let host = noted(event).server;
    let mut servers = Server::ALL.into_iter();
    servers
        .find(|server| host.as_deref() == Some(server.chat_host()))
        .unwrap_or_default()
}
