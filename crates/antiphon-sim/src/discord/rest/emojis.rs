//! Emojis of guilds and applications.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{
    audit::{Entry, action},
    community::Scope,
    model::{EmojiMore, Id},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/emojis",
        "list_guild_emojis",
        State::list_emojis,
    )
    .in_guild(0),
    Route::get(
        "/guilds/{guild_id}/emojis/{emoji_id}",
        "get_guild_emoji",
        State::get_emoji,
    )
    .in_guild(0),
    Route::post(
        "/guilds/{guild_id}/emojis",
        "create_guild_emoji",
        State::create_emoji,
    )
    .in_guild(rights::CREATE_EXPRESSIONS)
    .events(&["GUILD_EMOJIS_UPDATE"])
    .audit(&["EMOJI_CREATE"])
    .simplified("the image is checked, and not kept"),
    Route::patch(
        "/guilds/{guild_id}/emojis/{emoji_id}",
        "update_guild_emoji",
        State::edit_emoji,
    )
    .in_guild(0)
    .also("`MANAGE_GUILD_EXPRESSIONS`, or own emoji with `CREATE_GUILD_EXPRESSIONS`")
    .events(&["GUILD_EMOJIS_UPDATE"])
    .audit(&["EMOJI_UPDATE"]),
    Route::delete(
        "/guilds/{guild_id}/emojis/{emoji_id}",
        "delete_guild_emoji",
        State::delete_emoji,
    )
    .in_guild(0)
    .also("`MANAGE_GUILD_EXPRESSIONS`, or own emoji with `CREATE_GUILD_EXPRESSIONS`")
    .events(&["GUILD_EMOJIS_UPDATE"])
    .audit(&["EMOJI_DELETE"]),
    Route::get(
        "/applications/{application_id}/emojis",
        "list_application_emojis",
        State::list_application_emojis,
    )
    .of_application(),
    Route::get(
        "/applications/{application_id}/emojis/{emoji_id}",
        "get_application_emoji",
        State::get_application_emoji,
    )
    .of_application(),
    Route::post(
        "/applications/{application_id}/emojis",
        "create_application_emoji",
        State::create_application_emoji,
    )
    .of_application()
    .simplified("the image is checked, and not kept"),
    Route::patch(
        "/applications/{application_id}/emojis/{emoji_id}",
        "update_application_emoji",
        State::edit_application_emoji,
    )
    .of_application(),
    Route::delete(
        "/applications/{application_id}/emojis/{emoji_id}",
        "delete_application_emoji",
        State::delete_application_emoji,
    )
    .of_application(),
];

/// Emojis of a guild, animated or not.
const EMOJIS: usize = 50;
/// Emojis of an application.
const OF_APPLICATION: usize = 2000;
/// Bytes of an emoji.
const SIZE: usize = 256 << 10;

/// A new emoji in a body.
struct NewEmoji {
    name: String,
    is_animated: bool,
    roles: Vec<Id>,
}

impl NewEmoji {
    fn read(call: &Call<'_>) -> Result<Self, Answer> {
        let mut fields = call.fields();
        fields.require(&["name", "image"]);
        let name = emoji_name(&mut fields);
        let image = fields.image("image", SIZE);
        let roles = fields.ids("roles", 0..=250).unwrap_or_default();
        fields.check()?;
        Ok(Self {
            name: name.unwrap_or_default(),
            is_animated: image.is_some_and(|image| image.is_animated),
            roles,
        })
    }
}

/// Reads the name of an emoji: letters, digits and underscores.
fn emoji_name(fields: &mut super::fields::Fields<'_>) -> Option<String> {
    let name = fields.text("name", 2..=32)?;
    if !name
        .chars()
        .all(|one| one.is_ascii_alphanumeric() || one == '_')
    {
        fields.error(
            "name",
            "STRING_TYPE_REGEX",
            "String value did not match validation regex.",
        );
        return None;
    }
    Some(name.to_owned())
}

impl State {
    /// An emoji of a guild, with the user who made it if the bot may see that.
    fn emoji_answer_json(&self, call: &Call<'_>, id: Id) -> Option<Value> {
        let home = self.community.guilds.get(&call.guild())?;
        let mut json = home.emoji_json(id)?;
        let own = rights::of(home, call.account, None);
        if own & (rights::MANAGE_EXPRESSIONS | rights::CREATE_EXPRESSIONS) != 0 {
            let creator = home.more.emojis.get(&id).map(|more| more.creator);
            json["user"] = self.user_json(creator.unwrap_or(home.owner));
        }
        Some(json)
    }

    fn emoji_answer(&self, status: u16, call: &Call<'_>, id: Id) -> Outcome {
        let json = self.emoji_answer_json(call, id);
        let json = json.ok_or_else(|| Answer::unknown("Emoji", 10014))?;
        Ok(Answer::json(status, json))
    }

    fn list_emojis(&mut self, call: &Call<'_>) -> Outcome {
        let ids = self.guild_of(call)?.emojis.keys();
        let emojis = ids.filter_map(|id| self.emoji_answer_json(call, *id));
        Ok(Answer::json(200, emojis.collect()))
    }

    fn get_emoji(&mut self, call: &Call<'_>) -> Outcome {
        self.emoji_answer(200, call, call.id("emoji_id"))
    }

    /// Sends the emojis of a guild, and writes into its audit log what became of one.
    fn tell_emojis(&mut self, call: &Call<'_>, action: u32, id: Id, before: &Value) {
        let guild = call.guild();
        let Some(home) = self.community.guilds.get(&guild) else {
            return;
        };
        let emojis = home.json()["emojis"].take();
        let after = home.emoji_json(id).unwrap_or_default();
        let event = json!({"guild_id": guild.to_string(), "emojis": emojis});
        self.publish("GUILD_EMOJIS_UPDATE", Scope::guild(guild), &event);
        let entry = Entry::new(call.account, action, id).between(before, &after);
        self.record(guild, entry);
    }

    fn create_emoji(&mut self, call: &Call<'_>) -> Outcome {
        let new = NewEmoji::read(call)?;
        let home = self.guild_of(call)?;
        let same_kind = home.emojis.keys().filter(|id| {
            let more = home.more.emojis.get(id);
            more.is_some_and(|more| more.is_animated) == new.is_animated
        });
        if same_kind.count() >= EMOJIS {
            return Err(Answer::error(
                400,
                if new.is_animated { 30018 } else { 30008 },
                "Maximum number of emojis reached (50)",
            ));
        }
        let id = self.new_id();
        let creator = call.account;
        if let Some(home) = self.community.guilds.get_mut(&call.guild()) {
            home.emojis.insert(id, new.name);
            let more = EmojiMore {
                roles: new.roles,
                is_animated: new.is_animated,
                creator,
            };
            home.more.emojis.insert(id, more);
        }
        self.tell_emojis(call, action::EMOJI_CREATE, id, &Value::Null);
        self.emoji_answer(201, call, id)
    }

    /// The emoji of a path that the bot may change, as it is.
    fn own_emoji(&self, call: &Call<'_>) -> Result<Value, Answer> {
        let home = self.guild_of(call)?;
        let id = call.id("emoji_id");
        let json = home.emoji_json(id);
        let json = json.ok_or_else(|| Answer::unknown("Emoji", 10014))?;
        let more = home.more.emojis.get(&id);
        let is_own = more.is_some_and(|more| more.creator == call.account);
        let needed = if is_own {
            rights::CREATE_EXPRESSIONS
        } else {
            rights::MANAGE_EXPRESSIONS
        };
        self.needs_in_guild(call.account, call.guild(), needed)?;
        Ok(json)
    }

    fn edit_emoji(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.own_emoji(call)?;
        let mut fields = call.fields();
        let name = emoji_name(&mut fields);
        let roles = fields
            .has("roles")
            .then(|| fields.ids("roles", 0..=250).unwrap_or_default());
        fields.check()?;
        let id = call.id("emoji_id");
        if let Some(home) = self.community.guilds.get_mut(&call.guild()) {
            if let Some(name) = name {
                home.emojis.insert(id, name);
            }
            if let Some(roles) = roles {
                let owner = home.owner;
                let more = home.more.emojis.entry(id).or_insert_with(|| EmojiMore {
                    creator: owner,
                    ..EmojiMore::default()
                });
                more.roles = roles;
            }
        }
        self.tell_emojis(call, action::EMOJI_UPDATE, id, &before);
        self.emoji_answer(200, call, id)
    }

    fn delete_emoji(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.own_emoji(call)?;
        let id = call.id("emoji_id");
        if let Some(home) = self.community.guilds.get_mut(&call.guild()) {
            home.emojis.remove(&id);
            home.more.emojis.remove(&id);
        }
        self.tell_emojis(call, action::EMOJI_DELETE, id, &before);
        Ok(Answer::done())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Emojis of applications.

    fn list_application_emojis(&mut self, call: &Call<'_>) -> Outcome {
        let kept = self.rest.emojis.get(&call.account);
        let items: Vec<&Value> = kept.into_iter().flat_map(|kept| kept.values()).collect();
        Ok(Answer::json(200, json!({"items": items})))
    }

    fn application_emoji(&self, call: &Call<'_>) -> Result<&Value, Answer> {
        let kept = self.rest.emojis.get(&call.account);
        let emoji = kept.and_then(|kept| kept.get(&call.id("emoji_id")));
        emoji.ok_or_else(|| Answer::unknown("Emoji", 10014))
    }

    fn get_application_emoji(&mut self, call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, self.application_emoji(call)?.clone()))
    }

    fn create_application_emoji(&mut self, call: &Call<'_>) -> Outcome {
        let new = NewEmoji::read(call)?;
        let kept = self.rest.emojis.get(&call.account);
        if kept.is_some_and(|kept| kept.len() >= OF_APPLICATION) {
            return Err(Answer::error(
                400,
                30008,
                "Maximum number of emojis reached (2000)",
            ));
        }
        let id = self.new_id();
        let emoji = json!({
            "id": id.to_string(),
            "name": new.name,
            "roles": [],
            "user": self.user_json(call.account),
            "require_colons": true,
            "managed": false,
            "animated": new.is_animated,
            "available": true,
        });
        let kept = self.rest.emojis.entry(call.account).or_default();
        kept.insert(id, emoji.clone());
        Ok(Answer::json(201, emoji))
    }

    fn edit_application_emoji(&mut self, call: &Call<'_>) -> Outcome {
        self.application_emoji(call)?;
        let mut fields = call.fields();
        let name = emoji_name(&mut fields);
        fields.check()?;
        let kept = self.rest.emojis.entry(call.account).or_default();
        if let (Some(emoji), Some(name)) = (kept.get_mut(&call.id("emoji_id")), name) {
            emoji["name"] = json!(name);
        }
        self.get_application_emoji(call)
    }

    fn delete_application_emoji(&mut self, call: &Call<'_>) -> Outcome {
        self.application_emoji(call)?;
        let kept = self.rest.emojis.entry(call.account).or_default();
        kept.remove(&call.id("emoji_id"));
        Ok(Answer::done())
    }
}
