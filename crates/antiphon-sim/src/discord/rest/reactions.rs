//! Reactions to messages.

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{
    model::{Emoji, Id, User},
    permissions as rights,
    state::State,
};

/// Limit that all changes of a channel's reactions share.
const BUCKET: &str = "ANY/channels/{channel_id}/messages/{message_id}/reactions";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
        "list_message_reactions_by_emoji",
        State::list_reactions,
    )
    .in_channel(0)
    .simplified("no super reactions"),
    Route::put(
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
        "add_my_message_reaction",
        State::add_reaction,
    )
    .without_body()
    .in_channel(rights::READ_HISTORY)
    .also("`ADD_REACTIONS` for the first of an emoji")
    .bucket(BUCKET)
    .pace(1, 250)
    .events(&["MESSAGE_REACTION_ADD"]),
    Route::delete(
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
        "delete_my_message_reaction",
        State::delete_own_reaction,
    )
    .in_channel(0)
    .bucket(BUCKET)
    .pace(1, 250)
    .events(&["MESSAGE_REACTION_REMOVE"]),
    Route::delete(
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
        "delete_user_message_reaction",
        State::delete_reaction_of,
    )
    .in_channel(0)
    .also("`MANAGE_MESSAGES` for reactions of others")
    .bucket(BUCKET)
    .pace(1, 250)
    .events(&["MESSAGE_REACTION_REMOVE"]),
    Route::delete(
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
        "delete_all_message_reactions_by_emoji",
        State::delete_reactions_by_emoji,
    )
    .in_channel(rights::MANAGE_MESSAGES)
    .bucket(BUCKET)
    .pace(1, 250)
    .events(&["MESSAGE_REACTION_REMOVE_EMOJI"]),
    Route::delete(
        "/channels/{channel_id}/messages/{message_id}/reactions",
        "delete_all_message_reactions",
        State::delete_reactions,
    )
    .in_channel(rights::MANAGE_MESSAGES)
    .bucket(BUCKET)
    .pace(1, 250)
    .events(&["MESSAGE_REACTION_REMOVE_ALL"]),
];

/// Emojis with which one message has reactions.
const EMOJIS: usize = 20;

impl State {
    fn list_reactions(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 25, 100)?;
        let mut query = call.query();
        let kind = query.choice("type", &[0, 1]).unwrap_or(0);
        query.check()?;
        let emoji = self.emoji_named(call.step("emoji_name"))?;
        let message = self.message_of(call)?;
        let users = message.reactions.iter().find(|(known, _)| *known == emoji);
        let users = users.into_iter().flat_map(|(_, users)| users);
        let users = users.filter(|_| kind == 0);
        let users = users.filter_map(|id| Some((*id, self.community.users.get(id)?)));
        let users = page.ascending(users).into_iter();
        Ok(Answer::json(200, users.map(User::json).collect()))
    }

    fn add_reaction(&mut self, call: &Call<'_>) -> Outcome {
        let emoji = self.emoji_named(call.step("emoji_name"))?;
        let message = self.message_of(call)?;
        let is_new = !message.reactions.iter().any(|(known, _)| *known == emoji);
        if is_new {
            if message.reactions.len() >= EMOJIS {
                return Err(Answer::error(
                    400,
                    30010,
                    "Maximum number of reactions reached (20)",
                ));
            }
            self.needs_in_channel(call.account, call.channel(), rights::ADD_REACTIONS)?;
        }
        let id = message.id;
        self.react(call.channel(), id, call.account, &emoji, true);
        Ok(Answer::done())
    }

    fn delete_own_reaction(&mut self, call: &Call<'_>) -> Outcome {
        self.delete_reaction(call, call.account)
    }

    fn delete_reaction_of(&mut self, call: &Call<'_>) -> Outcome {
        let user = call.id("user_id");
        if user != call.account {
            self.needs_in_channel(call.account, call.channel(), rights::MANAGE_MESSAGES)?;
        }
        self.delete_reaction(call, user)
    }

    fn delete_reaction(&mut self, call: &Call<'_>, user: Id) -> Outcome {
        let emoji = self.emoji_named(call.step("emoji_name"))?;
        let id = self.message_of(call)?.id;
        self.react(call.channel(), id, user, &emoji, false);
        Ok(Answer::done())
    }

    fn delete_reactions_by_emoji(&mut self, call: &Call<'_>) -> Outcome {
        let emoji = self.emoji_named(call.step("emoji_name"))?;
        let id = self.message_of(call)?.id;
        self.clear_reactions(call.channel(), id, Some(&emoji));
        Ok(Answer::done())
    }

    fn delete_reactions(&mut self, call: &Call<'_>) -> Outcome {
        let id = self.message_of(call)?.id;
        self.clear_reactions(call.channel(), id, None);
        Ok(Answer::done())
    }

    /// The emoji in a path: a Unicode emoji, or `name:id` of a guild's.
    fn emoji_named(&self, text: &str) -> Result<Emoji, Answer> {
        let unknown = || Answer::error(400, 10014, "Unknown Emoji");
        if let Some((_, id)) = text.rsplit_once(':') {
            let id: Id = id.parse().map_err(|_| unknown())?;
            let known = self
                .community
                .guilds
                .values()
                .find_map(|guild| guild.emojis.get(&id));
            let of_applications = self.rest.emojis.values().find_map(|kept| kept.get(&id));
            let of_applications = of_applications.and_then(|emoji| emoji["name"].as_str());
            let known = known.map(String::as_str).or(of_applications);
            let known = known.ok_or_else(unknown)?;
            return Ok(Emoji {
                id: Some(id),
                name: known.to_owned(),
            });
        }
        // A name in letters is a guild's emoji without its id.
        if text.is_empty()
            || text
                .chars()
                .all(|one| one.is_ascii_alphabetic() || one == '_')
        {
            return Err(unknown());
        }
        Ok(Emoji {
            id: None,
            name: text.to_owned(),
        })
    }
}
