//! Private messages.
//!
//! A conversation has two to eleven users and is found by them; reading it and marking it as read are two requests (protocol §4.6).

use http::Method;
use serde_json::{Value, json};

use super::{Answer, Call, State, call::Routed};
use crate::queup::text;

/// Most other users in a conversation.
///
/// A request with none, or with more, is refused and noted.
const RECIPIENTS: usize = 10;

impl State {
    pub(super) fn messages(&mut self, call: &Call, rest: &[&str]) -> Routed {
        let me = Self::me(call)?;
        match (&call.method, rest) {
            (&Method::GET, []) => Ok(Answer::ok(self.conversations_of(&me))),
            (&Method::POST, []) => self.open_conversation(call, &me),
            (&Method::GET, ["new"]) => {
                let unread = self
                    .conversations
                    .values()
                    .filter(|conversation| conversation.users.contains(&me))
                    .filter(|conversation| !conversation.read.contains(&me))
                    .count();
                Ok(Answer::ok(json!(unread)))
            }
            (&Method::GET, [id]) => self.read_conversation(&me, id),
            (&Method::POST, [id]) => {
                self.mine(&me, id)?;
                let message = text::settle(self.required(call, "message")?);
                self.write_privately(id, &me, &message)
                    .map(Answer::ok)
                    .ok_or_else(|| Answer::error(404, "Conversation not found"))
            }
            (&Method::POST, [id, "read"]) => {
                self.mine(&me, id)?;
                let Some(conversation) = self.conversations.get_mut(*id) else {
                    return Err(Answer::error(404, "Conversation not found"));
                };
                conversation.read.insert(me);
                let shown = self.conversations.get(*id);
                Ok(Answer::ok(shown.map_or(Value::Null, |conversation| {
                    self.conversation_json(conversation)
                })))
            }
            _ => Err(Answer::error(404, "not found")),
        }
    }

    /// Checks that the caller is in a conversation.
    fn mine(&self, me: &str, id: &str) -> Result<(), Answer> {
        let is_mine = self
            .conversations
            .get(id)
            .is_some_and(|conversation| conversation.users.iter().any(|user| user == me));
        if is_mine {
            Ok(())
        } else {
            Err(Answer::error(404, "Conversation not found"))
        }
    }

    /// The one with the newest message first.
    fn conversations_of(&self, me: &str) -> Value {
        let mut mine: Vec<_> = self
            .conversations
            .values()
            .filter(|conversation| conversation.users.iter().any(|user| user == me))
            .collect();
        mine.sort_by_key(|conversation| std::cmp::Reverse(conversation.latest));
        let shown: Vec<Value> = mine
            .into_iter()
            .map(|conversation| self.conversation_json(conversation))
            .collect();
        json!(shown)
    }

    fn open_conversation(&mut self, call: &Call, me: &str) -> Routed {
        let mut users = vec![me.to_owned()];
        for user in call.body.list("usersid") {
            let user = self.known_user(&user)?;
            if !users.contains(&user) {
                users.push(user);
            }
        }
        if users.len() == 1 || users.len() > RECIPIENTS + 1 {
            self.note(format!("{}: {} recipients", call.path, users.len() - 1));
            return Err(Answer::error(400, "between 1 and 10 recipients are needed"));
        }
        let id = self.conversation_of(&users);
        let conversation = self.conversations.get(&id);
        Ok(Answer::ok(
            conversation.map_or(Value::Null, |conversation| {
                self.conversation_json(conversation)
            }),
        ))
    }

    fn read_conversation(&self, me: &str, id: &str) -> Routed {
        self.mine(me, id)?;
        let messages: Vec<Value> = self
            .conversations
            .get(id)
            .into_iter()
            .flat_map(|conversation| conversation.messages.iter().rev())
            .map(|message| {
                json!({
                    "_id": message.id,
                    "message": message.text,
                    "created": message.created,
                    "userid": message.author,
                    "messageid": id,
                    "_user": self.user_json(&message.author),
                    "__v": 0,
                })
            })
            .collect();
        Ok(Answer::ok(json!(messages)))
    }
}
