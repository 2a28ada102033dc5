//! Bans of guilds.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{model::Id, permissions as rights, state::State};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/bans",
        "list_guild_bans",
        State::list_bans,
    )
    .in_guild(rights::BAN),
    Route::get(
        "/guilds/{guild_id}/bans/{user_id}",
        "get_guild_ban",
        State::get_ban,
    )
    .in_guild(rights::BAN),
    Route::put(
        "/guilds/{guild_id}/bans/{user_id}",
        "ban_user_from_guild",
        State::put_ban,
    )
    .in_guild(rights::BAN)
    .also("a higher role than the user's")
    .events(&[
        "GUILD_BAN_ADD",
        "GUILD_MEMBER_REMOVE",
        "MESSAGE_DELETE_BULK",
    ])
    .audit(&["MEMBER_BAN_ADD"]),
    Route::delete(
        "/guilds/{guild_id}/bans/{user_id}",
        "unban_user_from_guild",
        State::delete_ban,
    )
    .in_guild(rights::BAN)
    .events(&["GUILD_BAN_REMOVE"])
    .audit(&["MEMBER_BAN_REMOVE"]),
];

/// Bans of one page.
const BANS: usize = 1000;
/// Longest past, in seconds, whose messages a ban can delete.
const BAN_DELETES: i64 = 604_800;

impl State {
    fn ban_json(&self, user: Id, reason: Option<&str>) -> Value {
        json!({"reason": reason, "user": self.user_json(user)})
    }

    fn list_bans(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, BANS, BANS)?;
        let bans = self.guild_of(call)?.bans.iter();
        let bans = page.ascending(bans.map(|(user, reason)| (*user, (*user, reason))));
        let bans = bans.into_iter();
        Ok(Answer::json(
            200,
            bans.map(|(user, reason)| self.ban_json(user, reason.as_deref()))
                .collect(),
        ))
    }

    fn get_ban(&mut self, call: &Call<'_>) -> Outcome {
        let user = call.id("user_id");
        let reason = self.guild_of(call)?.bans.get(&user);
        let reason = reason.ok_or_else(|| Answer::unknown("Ban", 10026))?;
        Ok(Answer::json(200, self.ban_json(user, reason.as_deref())))
    }

    fn put_ban(&mut self, call: &Call<'_>) -> Outcome {
        let (guild, user) = (call.guild(), self.known_user(call.id("user_id"))?);
        if self.guild_of(call)?.members.contains_key(&user) {
            self.is_above(call.account, guild, user)?;
        }
        let mut fields = call.fields();
        let seconds = fields.number("delete_message_seconds", 0..=BAN_DELETES);
        let days = fields.number("delete_message_days", 0..=7);
        fields.check()?;
        let seconds = seconds.or(days.map(|days| days * 86_400)).unwrap_or(0);
        self.ban(guild, call.account, user, call.reason.as_deref());
        self.delete_messages_of(guild, user, seconds);
        Ok(Answer::done())
    }

    fn delete_ban(&mut self, call: &Call<'_>) -> Outcome {
        let user = call.id("user_id");
        if self.unban(call.guild(), call.account, user, call.reason.as_deref()) {
            Ok(Answer::done())
        } else {
            Err(Answer::unknown("Ban", 10026))
        }
    }

    /// Deletes a user's messages of the last seconds in a guild.
    pub(super) fn delete_messages_of(&mut self, guild: Id, user: Id, seconds: i64) {
        let since = self.now() - seconds * 1000;
        let channels = self.community.channels.values();
        let channels = channels.filter(|channel| channel.guild == Some(guild));
        let channels: Vec<Id> = channels.map(|channel| channel.id).collect();
        for channel in channels {
            let kept = self.community.messages.get(&channel);
            let kept = kept.into_iter().flat_map(|kept| kept.values());
            let theirs: Vec<Id> = kept
                .filter(|message| message.author == user && message.at > since)
                .map(|message| message.id)
                .collect();
            self.delete_many(channel, &theirs);
        }
    }
}
