//! Gaps, and the history that makes them smaller.

use std::collections::HashSet;

use antiphon_core::{Draft, Edge, Entry, Gap, Kind, Origin, Place, Provenance};
use bytes::Bytes;
use serde_json::value::RawValue;

use super::{
    AGAIN_AFTER, AGAIN_TRIES, BACKFILL_MARGIN, EDGE_SLACK, LONGEST_ID, Moment, Picture, Session,
    channel::Hold,
};
use crate::{model::ChatId, wire};

impl Session {
    pub(super) fn report_gap(&mut self, name: &str, to: Edge, recovered: u64, now: Moment) {
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let Some(cause) = channel.outage.take() else {
            return;
        };
        let from = channel.from.take().unwrap_or_else(|| to.clone());
        let gap = Gap::new(from, to.clone(), cause).recovered(recovered);
        // What is stored after this begins where the stream was joined again.
        let mut from = to;
        from.at = from.at.checked_sub(EDGE_SLACK).unwrap_or(from.at);
        channel.from = Some(from);
        let place = channel.place.clone();
        let draft = self.made(Gap::KIND, place, gap.body().into(), now);
        let checkpoint = self.channel_checkpoint(name);
        self.push(Entry {
            event: Some(draft),
            checkpoint,
        });
    }

    /// Ends the holding back of a place: its history, the gap, its state, and then what was held.
    ///
    /// A picture that comes too late for that is stored after what was not held back for it any more.
    pub(super) fn release(&mut self, name: &str, picture: Option<Picture>, now: Moment) {
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let hold = channel.hold.take();
        if hold.is_none() && (picture.is_none() || !channel.wanted) {
            return;
        }
        let place = channel.place.clone();
        let mut recovered = 0;
        if let Some(history) = picture.as_ref().and_then(|it| it.history.as_ref()) {
            recovered = self.recover(name, history, hold.as_ref(), now);
        }
        self.plan_again(name, now);
        let (to, events) = match hold {
            Some(hold) => (hold.to, Some(hold.events)),
            None => (None, None),
        };
        if let Some(to) = to {
            self.report_gap(name, to, recovered, now);
        }
        if let Some(picture) = picture {
            self.show(&place, picture, now);
        }
        let Some(events) = events else {
            self.push_channel(name);
            return;
        };
        for draft in events {
            self.push(Entry::event(draft));
        }
        // Everything up to the last frame received stands before this; other places that hold back have a `from`.
        if let Some(channel) = self.channels.get_mut(name) {
            channel.from = None;
            self.push_channel(name);
        }
        if let Some(checkpoint) = self.socket_checkpoint() {
            self.push(Entry::checkpoint(checkpoint));
        }
    }

    /// Queues what of a room's history was missed; gives how many messages of the gap that were.
    fn recover(&mut self, name: &str, history: &Bytes, hold: Option<&Hold>, now: Moment) -> u64 {
        let Some(channel) = self.channels.get_mut(name) else {
            return 0;
        };
        let Some(room) = &mut channel.room else {
            return 0;
        };
        let known = room.chat_floor.or(room.last_chat);
        let floor = channel
            .joined_at
            .as_millisecond()
            .max(known.map_or(i64::MIN, |time| time.saturating_sub(BACKFILL_MARGIN)));
        let items = backfill(history, floor, self.rules.backfill);
        let seen: HashSet<&Origin> = room.seen.iter().collect();
        let is_held = |origin: &Origin| hold.is_some_and(|hold| hold.chats.contains(origin));
        let missed: Vec<Missed> = items
            .into_iter()
            .filter(|item| !seen.contains(&item.origin) && !is_held(&item.origin))
            .collect();
        let recovered = missed
            .iter()
            .filter(|item| match known {
                // After a restart the last message stored is known by its time only.
                Some(known) if room.restored => item.time > known,
                Some(known) => item.time >= known,
                None => true,
            })
            .count() as u64;
        for item in missed {
            room.see(item.origin.clone(), item.is_chat.then_some(item.time));
            let mut draft = Draft::new(
                item.kind,
                channel.place.clone(),
                item.origin,
                now.wall,
                item.body,
            )
            .provenance(Provenance::Backfilled);
            draft.deletes = item.deletes;
            let entry = Entry::event(draft);
            self.bytes += entry.weight();
            self.entries.push_back(entry);
        }
        room.chat_floor = None;
        room.restored = false;
        recovered
    }

    /// Plans to fetch a history again that could not be had.
    fn plan_again(&mut self, name: &str, now: Moment) {
        let limit = self.rules.backfill;
        let Some(room) = self.channels.get_mut(name).and_then(|it| it.room.as_mut()) else {
            return;
        };
        let is_lacking = room.chat_floor.is_some() && limit > 0 && room.again < AGAIN_TRIES;
        room.again_at = is_lacking.then(|| now.at + AGAIN_AFTER);
        room.again = if is_lacking { room.again + 1 } else { 0 };
    }

    /// Queues what was fetched of a room as events.
    pub(super) fn show(&mut self, place: &Place, picture: Picture, now: Moment) {
        let parts = [
            ("queup.room", picture.room),
            ("queup.room_users", picture.users),
            ("queup.playlist_active", picture.active),
            ("queup.playlist_active_dubs", picture.dubs),
            ("queup.playlist_details", picture.details),
        ];
        for (kind, body) in parts {
            if let Some(body) = body {
                self.synthetic(kind, place.clone(), body, now);
            }
        }
    }
}

/// A message of a room's history that may have been missed.
pub(super) struct Missed {
    kind: Kind,
    pub(super) origin: Origin,
    deletes: Option<Origin>,
    time: i64,
    is_chat: bool,
    body: Bytes,
}

/// What of a room's history can be told apart from what was heard: messages and their deletions, oldest first.
///
/// At most the `limit` newest of those that are not older than `floor` (ms).
pub(super) fn backfill(history: &Bytes, floor: i64, limit: usize) -> Vec<Missed> {
    let Ok(rows) = serde_json::from_slice::<Vec<&RawValue>>(history) else {
        tracing::warn!("history has another shape");
        return Vec::new();
    };
    let mut items: Vec<Missed> = rows
        .into_iter()
        .filter_map(|row| {
            let item: wire::HistoryItem<'_> = serde_json::from_str(row.get()).ok()?;
            let chat = item
                .chatid
                .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)?;
            let time = item
                .time
                .or_else(|| ChatId::from(&*chat).parts().map(|(_, ms)| ms))?;
            // A row without a type is a message: some clients see them so.
            let is_chat = match item.kind.as_deref() {
                None | Some("chat-message") => true,
                Some("delete-chat-message") => false,
                Some(_) => return None,
            };
            let said = Origin::occurrence("chat", &chat);
            let (kind, origin, deletes) = if is_chat {
                ("queup.chat-message", said, None)
            } else {
                let origin = Origin::occurrence("delete-chat-message", &chat);
                ("queup.delete-chat-message", origin, Some(said))
            };
            Some(Missed {
                kind: Kind::from_static(kind),
                origin,
                deletes,
                time,
                is_chat,
                body: history.slice_ref(row.get().as_bytes()),
            })
        })
        .filter(|item| item.time >= floor)
        .collect();
    // Newest first as the server sends them; a message before its deletion where the times are equal.
    items.reverse();
    items.sort_by_key(|item| (item.time, !item.is_chat));
    let surplus = items.len().saturating_sub(limit);
    items.drain(..surplus);
    items
}
