//! Chat and moderation.
//!
//! A message is refused for a user outside of the room, a muted one, slow mode, an empty text and one of more than 255 characters
//! (protocol §4.3, §8).
//! Moderation needs a right of the caller's role, and spares staff.

use http::Method;
use serde_json::{Map, Value, json};

use super::{Answer, Call, State, call::Routed};
use crate::{
    fault::Quirk,
    queup::{role::Role, text},
};

/// Longest chat message, in characters as they are read.
///
/// A longer message is noted, because a client should have divided it.
const LONGEST: usize = 255;
/// Shortest time between two messages of a user without a role, in slow mode.
///
/// In milliseconds.
const SLOW_MODE: i64 = 5000;

impl State {
    /// `POST /chat/<room>`: the answer repeats the request's fields under `req`.
    pub(super) fn chat(&mut self, call: &Call, room: &str) -> Routed {
        let me = Self::me(call)?;
        let place = self.place(room)?;
        let id = place.id.clone();
        let message = self.required(call, "message")?;
        let Some(member) = place.members.get(&me).filter(|member| member.present) else {
            return Err(Answer::error(403, "you are not in this room"));
        };
        if member.muted {
            return Err(Answer::error(403, "you are muted"));
        }
        if place.flag("slowMode") && member.role.is_none() && self.now() - member.spoke < SLOW_MODE
        {
            return Err(Answer::details(429, "Slow mode is on, wait 5 seconds"));
        }
        if message.trim().is_empty() {
            return Err(Answer::details(400, "Message is empty"));
        }
        if text::plain_length(message) > LONGEST {
            self.note(format!("{}: a message longer than {LONGEST}", call.path));
            return Err(Answer::details(400, "Message is too long"));
        }
        let mut answer = self
            .say(&id, &me, &text::settle(message))
            .ok_or_else(|| Answer::error(404, "Room not found"))?;
        let request: Map<String, Value> = call
            .body
            .iter()
            .map(|(name, value)| {
                let number = (name == "time")
                    .then(|| value.parse::<i64>().ok())
                    .flatten();
                let value = number.map_or_else(|| json!(value), |number| json!(number));
                (name.to_owned(), value)
            })
            .collect();
        if self.has_quirk(call, Quirk::ChatAnswerEmpty) {
            return Ok(Answer::ok(json!({})));
        }
        if let Value::Object(fields) = &mut answer {
            fields.retain(|name, _| ["chatid", "user", "queue_object"].contains(&name.as_str()));
        }
        answer["req"] = Value::Object(request);
        Ok(Answer::ok(answer))
    }

    /// `GET /chat/<room>`: the newest first.
    pub(super) fn chat_history(&self, room: &str) -> Routed {
        let newest_first: Vec<&Value> = self.place(room)?.chat.iter().rev().collect();
        Ok(Answer::ok(json!(newest_first)))
    }

    pub(super) fn delete_chat(&mut self, call: &Call, room: &str, chatid: &str) -> Routed {
        let (me, id) = self.staff(call, room, "delete-chat")?;
        if !self.has_said(&id, chatid) {
            return Err(Answer::error(404, "Message not found"));
        }
        self.delete_message(&id, &me, chatid);
        Ok(Answer::ok(json!({"chatid": chatid})))
    }

    pub(super) fn skip_song(&mut self, call: &Call, room: &str, item: &str) -> Routed {
        let me = Self::me(call)?;
        let place = self.place(room)?;
        let id = place.id.clone();
        let Some(playing) = &place.playing else {
            return Err(Answer::error(404, "no songs in active queue"));
        };
        if playing.userid != me && !place.may(&me, "skip") {
            return Err(Answer::error(
                403,
                "you don't have permission to do this: skip",
            ));
        }
        if playing.id != item {
            return Err(Answer::error(404, "this song is not playing"));
        }
        self.expect_channel(call);
        self.skip(&id, &me);
        Ok(Answer::ok(json!({})))
    }

    /// The caller, the room, and a user without a role there.
    fn target(
        &self,
        call: &Call,
        room: &str,
        user: &str,
        right: &str,
    ) -> Result<(String, String, String), Answer> {
        let (me, room) = self.staff(call, room, right)?;
        let user = self.known_user(user)?;
        self.expect_channel(call);
        let place = self.place(&room)?;
        let is_staff = place.creator == user
            || place
                .members
                .get(&user)
                .is_some_and(|member| member.may("mute"));
        if is_staff && call.method == Method::POST {
            return Err(Answer::error(403, "you can't do this to staff"));
        }
        Ok((me, room, user))
    }

    pub(super) fn kick_user(&mut self, call: &Call, room: &str, user: &str) -> Routed {
        let (me, room, user) = self.target(call, room, user, "kick")?;
        let message = text::settle(call.body.get("message").unwrap_or_default());
        self.kick(&room, &me, &user, &message);
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn ban_user(&mut self, call: &Call, room: &str, user: &str) -> Routed {
        let (me, room, user) = self.target(call, room, user, "ban")?;
        if call.method == Method::DELETE {
            self.unban(&room, &me, &user);
        } else {
            let minutes = call.body.get("time").unwrap_or("0").parse().unwrap_or(0);
            self.ban(&room, &me, &user, minutes);
        }
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn mute_user(&mut self, call: &Call, room: &str, user: &str) -> Routed {
        let (me, room, user) = self.target(call, room, user, "mute")?;
        self.mute(&room, &me, &user, call.method == Method::POST);
        Ok(Answer::ok(json!({})))
    }

    /// Managing roles need the right `set-managers`, the others `set-roles`.
    pub(super) fn role_of(&mut self, call: &Call, role: &str, room: &str, user: &str) -> Routed {
        let Some(role) = Role::find(role) else {
            self.note(format!("{} {}: no such role", call.method, call.path));
            return Err(Answer::error(404, "Role not found"));
        };
        let right = if role.is_managing() {
            "set-managers"
        } else {
            "set-roles"
        };
        let (me, room) = self.staff(call, room, right)?;
        let user = self.known_user(user)?;
        self.expect_channel(call);
        self.set_role(&room, &me, &user, role, call.method == Method::POST);
        Ok(Answer::ok(json!({})))
    }
}
