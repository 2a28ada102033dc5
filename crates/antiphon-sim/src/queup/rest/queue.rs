//! The queue, the playing song and votes.
//!
//! Everybody in the room may queue songs and vote; changing another's queue needs the right `queue-order` (protocol §4.4).

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Call, State, call::Routed};
use crate::{fault::Quirk, queup::model::Shown};

/// Votes one user may cast on one song.
///
/// One more is answered with 429.
const VOTES: u32 = 10;
/// Songs on a page of the history.
///
/// Pages count from 1.
const PAGE: usize = 20;

impl State {
    pub(super) fn playlist(&mut self, call: &Call, room: &str) -> Routed {
        match call.method {
            Method::GET => {
                let room = self.place(room)?;
                let items: Vec<Value> = room
                    .djs
                    .iter()
                    .filter_map(|dj| room.members.get(dj))
                    .flat_map(|member| &member.queue)
                    .enumerate()
                    .map(|(order, item)| self.item_json(item, order, Shown::Id, Shown::Id))
                    .collect();
                Ok(Answer::ok(json!(items)))
            }
            Method::POST => self.enqueue(call, room),
            Method::DELETE => self.unqueue(call, room, None),
            _ => Err(Answer::error(404, "not found")),
        }
    }

    fn enqueue(&mut self, call: &Call, room: &str) -> Routed {
        let me = Self::me(call)?;
        let room = self.inside(room, &me)?;
        let source = self.required(call, "songType")?;
        let fkid = self.required(call, "songId")?;
        if !["youtube", "soundcloud"].contains(&source) {
            return Err(Answer::error(400, "unknown song type"));
        }
        let song = self.song_by_source(source, fkid);
        self.queue_song(&room, &me, &song)
            .map(Answer::ok)
            .map_err(|refusal| Answer::error(400, refusal.text()))
    }

    /// Id of a song at its source; an unknown song is looked up there.
    pub(super) fn song_by_source(&mut self, source: &str, fkid: &str) -> String {
        let known = self
            .songs
            .values()
            .find(|song| song.source == source && song.fkid == fkid);
        if let Some(song) = known {
            return song.id.clone();
        }
        let length = self.chance.i64(120..360) * 1000;
        self.add_song_from(source, fkid, &format!("Found at {source} - {fkid}"), length)
    }

    /// Id of a room that the caller is in.
    fn inside(&self, room: &str, me: &str) -> Result<String, Answer> {
        let room = self.place(room)?;
        if room.is_present(me) {
            Ok(room.id.clone())
        } else {
            Err(Answer::error(403, "you are not in this room"))
        }
    }

    pub(super) fn unqueue(&mut self, call: &Call, room: &str, item: Option<&str>) -> Routed {
        let me = Self::me(call)?;
        let place = self.place(room)?;
        let id = place.id.clone();
        if let Some(item) = item {
            let mine = place.members.get(&me);
            if !mine.is_some_and(|member| member.queue.iter().any(|queued| queued.id == item)) {
                return Err(Answer::error(404, "no such song in your queue"));
            }
        }
        self.clear_queue(&id, &me, item);
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn details(&self, room: &str) -> Routed {
        Ok(Answer::ok(json!(self.queue_details(self.place(room)?))))
    }

    /// 404 means that nothing plays, and is no error (protocol §9, 4).
    pub(super) fn active(&self, call: &Call, room: &str) -> Routed {
        let place = self.place(room)?;
        let playing = place
            .playing
            .as_ref()
            .filter(|_| !self.has_quirk(call, Quirk::ActiveNotFound));
        let Some(item) = playing else {
            return Err(Answer::error(404, "no songs in active queue"));
        };
        let elapsed = (self.now() - item.played.unwrap_or_default()) / 1000;
        Ok(Answer::ok(json!({
            "song": self.item_json(item, 0, Shown::Id, Shown::Id),
            "songInfo": self.song_json(&item.songid),
            "startTime": elapsed,
        })))
    }

    pub(super) fn active_dubs(&self, room: &str) -> Routed {
        let place = self.place(room)?;
        let Some(item) = &place.playing else {
            return Err(Answer::error(404, "no songs in active queue"));
        };
        let rows = |users: &std::collections::BTreeSet<String>| -> Vec<Value> {
            users.iter().map(|user| json!({"userid": user})).collect()
        };
        Ok(Answer::ok(json!({
            "currentSong": self.item_json(item, 0, Shown::Id, Shown::Id),
            "upDubs": rows(&item.updubs),
            "downDubs": rows(&item.downdubs),
        })))
    }

    pub(super) fn song_history(&self, call: &Call, room: &str) -> Routed {
        let place = self.place(room)?;
        let page: usize = call
            .query
            .get("page")
            .and_then(|page| page.parse().ok())
            .unwrap_or(1);
        let items: Vec<Value> = place
            .played
            .iter()
            .rev()
            .skip(page.saturating_sub(1).saturating_mul(PAGE))
            .take(PAGE)
            .map(|item| self.item_json(item, 0, Shown::Whole, Shown::Whole))
            .collect();
        Ok(Answer::ok(json!(items)))
    }

    /// It is always empty: nothing that is known uses it.
    pub(super) fn waitlist(&self, room: &str) -> Routed {
        self.place(room)?;
        Ok(Answer::ok(json!([])))
    }

    pub(super) fn vote(&mut self, call: &Call, room: &str, item: &str) -> Routed {
        let me = Self::me(call)?;
        let id = self.inside(room, &me)?;
        let up = match self.required(call, "type")? {
            "updub" => true,
            "downdub" => false,
            other => {
                self.note(format!("{}: no such vote: {other}", call.path));
                return Err(Answer::error(400, "unknown dub type"));
            }
        };
        let playing = self.rooms.get_mut(&id).filter(|room| {
            room.playing
                .as_ref()
                .is_some_and(|playing| playing.id == item)
        });
        let Some(place) = playing else {
            return Err(Answer::error(404, "this song is not playing"));
        };
        let votes = place.votes.entry(me.clone()).or_default();
        *votes += 1;
        if *votes > VOTES {
            return Err(Answer::details(
                429,
                "You have voted too often on this song",
            ));
        }
        self.dub(&id, &me, up);
        Ok(Answer::ok(json!({"_id": item})))
    }

    pub(super) fn order_queue(&mut self, call: &Call, room: &str) -> Routed {
        let (me, id) = self.staff(call, room, "queue-order")?;
        let order = call.body.list("order");
        if order.is_empty() {
            self.note(format!("{}: no `order[]`", call.path));
            return Err(Answer::error(400, "order is required"));
        }
        self.reorder(&id, &me, &order);
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn pause_own(&mut self, call: &Call, room: &str) -> Routed {
        let me = Self::me(call)?;
        let id = self.inside(room, &me)?;
        let Some(paused) = call.body.flag("queuePaused") else {
            self.note(format!("{}: no `queuePaused` of 0 or 1", call.path));
            return Err(Answer::error(400, "queuePaused is required"));
        };
        self.pause_queue(&id, &me, None, paused);
        Ok(Answer::ok(json!({"queuePaused": u8::from(paused)})))
    }

    pub(super) fn pause_user(&mut self, call: &Call, room: &str, user: &str) -> Routed {
        let (me, id) = self.staff(call, room, "queue-order")?;
        let user = self.known_user(user)?;
        let paused = call.body.flag("pause").unwrap_or(true);
        self.pause_queue(&id, &user, Some(&me), paused);
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn remove_song(&mut self, call: &Call, room: &str, user: &str) -> Routed {
        let (me, id) = self.staff(call, room, "queue-order")?;
        let user = self.known_user(user)?;
        let next = self
            .remove_song_of(&id, &me, &user)
            .map(|item| self.item_json(&item, 0, Shown::Id, Shown::Id));
        Ok(Answer::ok(json!({"userNextSong": next})))
    }

    pub(super) fn remove_user(&mut self, call: &Call, room: &str, user: &str) -> Routed {
        let (me, id) = self.staff(call, room, "queue-order")?;
        let user = self.known_user(user)?;
        self.remove_dj(&id, &me, &user);
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn queue_playlist(&mut self, call: &Call, room: &str, list: &str) -> Routed {
        let me = Self::me(call)?;
        let id = self.inside(room, &me)?;
        let Some(list) = self.playlists.get(list).filter(|list| list.userid == me) else {
            return Err(Answer::error(404, "Playlist not found"));
        };
        let mut queued = Vec::new();
        for song in list.songs.clone() {
            // Songs that cannot be queued are skipped, as the site does with long playlists.
            queued.extend(self.queue_song(&id, &me, &song));
        }
        Ok(Answer::ok(json!(queued)))
    }

    pub(super) fn own_queue(&self, call: &Call, room: &str) -> Routed {
        let me = Self::me(call)?;
        let room = self.place(room)?;
        let items: Vec<Value> = room
            .members
            .get(&me)
            .into_iter()
            .flat_map(|member| &member.queue)
            .enumerate()
            .map(|(order, item)| self.item_json(item, order, Shown::Id, Shown::Whole))
            .collect();
        Ok(Answer::ok(json!(items)))
    }

    pub(super) fn order_own_queue(&mut self, call: &Call, room: &str) -> Routed {
        let me = Self::me(call)?;
        let id = self.inside(room, &me)?;
        let order = call.body.list("order");
        if let Some(member) = self.member(&id, &me) {
            let rank = |id: &str| {
                order
                    .iter()
                    .position(|item| item == id)
                    .unwrap_or(usize::MAX)
            };
            member
                .queue
                .make_contiguous()
                .sort_by_key(|item| rank(&item.id));
        }
        self.queue_changed(&id, &me);
        Ok(Answer::ok(json!({})))
    }
}
