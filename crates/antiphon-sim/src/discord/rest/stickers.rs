//! Stickers of guilds, and packs of stickers.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{
    audit::{Entry, action},
    community::Scope,
    model::{Id, id_in},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/stickers",
        "list_guild_stickers",
        State::list_stickers,
    )
    .in_guild(0),
    Route::get(
        "/guilds/{guild_id}/stickers/{sticker_id}",
        "get_guild_sticker",
        State::get_guild_sticker,
    )
    .in_guild(0),
    Route::post(
        "/guilds/{guild_id}/stickers",
        "create_guild_sticker",
        State::create_sticker,
    )
    .in_guild(rights::CREATE_EXPRESSIONS)
    .events(&["GUILD_STICKERS_UPDATE"])
    .audit(&["STICKER_CREATE"])
    .simplified("of the file only the size and the type are checked"),
    Route::patch(
        "/guilds/{guild_id}/stickers/{sticker_id}",
        "update_guild_sticker",
        State::edit_sticker,
    )
    .in_guild(0)
    .also("`MANAGE_GUILD_EXPRESSIONS`, or own sticker with `CREATE_GUILD_EXPRESSIONS`")
    .events(&["GUILD_STICKERS_UPDATE"])
    .audit(&["STICKER_UPDATE"]),
    Route::delete(
        "/guilds/{guild_id}/stickers/{sticker_id}",
        "delete_guild_sticker",
        State::delete_sticker,
    )
    .in_guild(0)
    .also("`MANAGE_GUILD_EXPRESSIONS`, or own sticker with `CREATE_GUILD_EXPRESSIONS`")
    .events(&["GUILD_STICKERS_UPDATE"])
    .audit(&["STICKER_DELETE"]),
    Route::get("/stickers/{sticker_id}", "get_sticker", State::get_sticker),
    Route::get(
        "/sticker-packs",
        "list_sticker_packs",
        State::list_sticker_packs,
    )
    .open()
    .simplified("one pack"),
    Route::get(
        "/sticker-packs/{pack_id}",
        "get_sticker_pack",
        State::get_sticker_pack,
    )
    .simplified("one pack"),
];

/// Stickers of a guild.
const STICKERS: usize = 5;
/// Bytes of a sticker.
const SIZE: u64 = 512 << 10;

/// Id of the standard pack; its stickers have the ids that follow.
const PACK: Id = 847_199_849_233_514_549;
/// Stickers of the standard pack: names, and emojis that suggest them.
const STANDARD: [(&str, &str); 3] = [
    ("Hello", "wave"),
    ("Applause", "clap"),
    ("Good night", "zzz"),
];

/// The standard pack
/// (<https://docs.discord.com/developers/resources/sticker#sticker-pack-object>).
fn pack() -> Value {
    let stickers = (1_u64..).zip(STANDARD).map(|(number, (name, tags))| {
        json!({
            "id": (PACK + number).to_string(),
            "name": name,
            "tags": tags,
            "type": 1,
            "format_type": 1,
            "description": name,
            "pack_id": PACK.to_string(),
            "sort_value": number,
        })
    });
    let stickers: Vec<Value> = stickers.collect();
    json!({
        "id": PACK.to_string(),
        "sku_id": (PACK + 10).to_string(),
        "name": "Choristers",
        "description": "for every occasion",
        "cover_sticker_id": stickers[0]["id"],
        "banner_asset_id": (PACK + 11).to_string(),
        "stickers": stickers,
    })
}

impl State {
    fn sticker_of(&self, call: &Call<'_>) -> Result<&Value, Answer> {
        let sticker = self
            .guild_of(call)?
            .more
            .stickers
            .get(&call.id("sticker_id"));
        sticker.ok_or_else(|| Answer::unknown("Sticker", 10060))
    }

    /// A sticker as a guild's member sees it: with its maker if the bot may make some itself.
    fn sticker_json(&self, call: &Call<'_>, sticker: &Value) -> Value {
        let mut json = sticker.clone();
        let guild = self.community.guilds.get(&call.guild());
        let own = guild.map_or(0, |guild| rights::of(guild, call.account, None));
        let may_see = own & (rights::MANAGE_EXPRESSIONS | rights::CREATE_EXPRESSIONS) != 0;
        if let Some(fields) = json.as_object_mut().filter(|_| !may_see) {
            fields.remove("user");
        }
        json
    }

    fn list_stickers(&mut self, call: &Call<'_>) -> Outcome {
        let stickers = self.guild_of(call)?.more.stickers.values();
        let stickers = stickers.map(|sticker| self.sticker_json(call, sticker));
        Ok(Answer::json(200, stickers.collect()))
    }

    fn get_guild_sticker(&mut self, call: &Call<'_>) -> Outcome {
        let sticker = self.sticker_of(call)?;
        Ok(Answer::json(200, self.sticker_json(call, sticker)))
    }

    /// Stickers of a message in a channel, as the message names them: standard ones, and those of the channel's guild.
    pub(crate) fn sticker_items(&self, channel: Id, ids: &Value) -> Result<Vec<Value>, Answer> {
        let standard = pack()["stickers"].take();
        let guild = self.guild_of_channel(channel);
        let guild = guild.and_then(|id| self.community.guilds.get(&id));
        let item = |id: &Value| {
            let id = id_in(id)?;
            let mut known = standard.as_array().into_iter().flatten();
            let known = known.find(|one| id_in(&one["id"]) == Some(id));
            let sticker = known.or_else(|| guild?.more.stickers.get(&id))?;
            Some(json!({
                "id": sticker["id"], "name": sticker["name"], "format_type": sticker["format_type"],
            }))
        };
        let ids = ids.as_array().into_iter().flatten();
        let items: Option<Vec<Value>> = ids.map(item).collect();
        items.ok_or_else(|| Answer::error(400, 50081, "Invalid sticker sent"))
    }

    fn get_sticker(&mut self, call: &Call<'_>) -> Outcome {
        let id = call.id("sticker_id");
        let mut standard = pack()["stickers"].take();
        let mut standard = standard.as_array_mut().into_iter().flatten();
        if let Some(sticker) = standard.find(|one| id_in(&one["id"]) == Some(id)) {
            return Ok(Answer::json(200, sticker.take()));
        }
        let mut guilds = self.community.guilds.values();
        let sticker = guilds.find_map(|guild| guild.more.stickers.get(&id));
        let sticker = sticker.ok_or_else(|| Answer::unknown("Sticker", 10060))?;
        Ok(Answer::json(200, self.sticker_json(call, sticker)))
    }

    fn list_sticker_packs(&mut self, _call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, json!({"sticker_packs": [pack()]})))
    }

    fn get_sticker_pack(&mut self, call: &Call<'_>) -> Outcome {
        if call.id("pack_id") == PACK {
            Ok(Answer::json(200, pack()))
        } else {
            Err(Answer::unknown("Sticker Pack", 10061))
        }
    }

    /// Sends the stickers of a guild, and writes into its audit log what became of one.
    fn tell_stickers(&mut self, call: &Call<'_>, action: u32, id: Id, before: &Value) {
        let guild = call.guild();
        let Some(home) = self.community.guilds.get(&guild) else {
            return;
        };
        let after = home.more.stickers.get(&id).cloned().unwrap_or_default();
        let mut stickers: Vec<Value> = home.more.stickers.values().cloned().collect();
        for fields in stickers.iter_mut().filter_map(Value::as_object_mut) {
            fields.remove("user");
        }
        let event = json!({"guild_id": guild.to_string(), "stickers": stickers});
        self.publish("GUILD_STICKERS_UPDATE", Scope::guild(guild), &event);
        let entry = Entry::new(call.account, action, id).between(before, &after);
        self.record(guild, entry);
    }

    fn create_sticker(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["name", "tags"]);
        let name = fields.text("name", 2..=30).unwrap_or_default().to_owned();
        let tags = fields.text("tags", 1..=200).unwrap_or_default().to_owned();
        let description = fields.text("description", 0..=100).unwrap_or_default();
        let description = description.to_owned();
        let file = &call.body["attachments"][0];
        let kind = file["content_type"].as_str().unwrap_or_default();
        let name_of_file = file["filename"].as_str().unwrap_or_default();
        let ends = name_of_file.rsplit('.').next().unwrap_or_default();
        let format = match (kind, ends) {
            ("image/gif", _) | (_, "gif") => 4,
            ("application/json", _) | (_, "json") => 3,
            ("image/apng", _) => 2,
            _ => 1,
        };
        if file.is_null() {
            fields.required("file");
        } else if file["size"].as_u64().is_some_and(|size| size > SIZE) {
            fields.error(
                "file",
                "BINARY_TYPE_MAX_SIZE",
                "File cannot be larger than 512.0 kb.",
            );
        }
        fields.check()?;
        if self.guild_of(call)?.more.stickers.len() >= STICKERS {
            return Err(Answer::error(
                400,
                30039,
                "Maximum number of stickers reached (5)",
            ));
        }
        let id = self.new_id();
        let sticker = json!({
            "id": id.to_string(),
            "name": name,
            "tags": tags,
            "type": 2,
            "format_type": format,
            "description": description,
            "available": true,
            "guild_id": call.guild().to_string(),
            "user": self.user_json(call.account),
        });
        if let Some(home) = self.community.guilds.get_mut(&call.guild()) {
            home.more.stickers.insert(id, sticker.clone());
        }
        self.tell_stickers(call, action::STICKER_CREATE, id, &Value::Null);
        Ok(Answer::json(201, sticker))
    }

    /// The sticker of a path that the bot may change, as it is.
    fn own_sticker(&self, call: &Call<'_>) -> Result<Value, Answer> {
        let sticker = self.sticker_of(call)?.clone();
        let is_own = id_in(&sticker["user"]["id"]) == Some(call.account);
        let needed = if is_own {
            rights::CREATE_EXPRESSIONS
        } else {
            rights::MANAGE_EXPRESSIONS
        };
        self.needs_in_guild(call.account, call.guild(), needed)?;
        Ok(sticker)
    }

    fn edit_sticker(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.own_sticker(call)?;
        let mut fields = call.fields();
        let name = fields.text("name", 2..=30).map(str::to_owned);
        let tags = fields.text("tags", 1..=200).map(str::to_owned);
        let description = fields
            .has("description")
            .then(|| fields.text("description", 0..=100).map(str::to_owned));
        fields.check()?;
        let mut after = before.clone();
        if let Some(name) = name {
            after["name"] = json!(name);
        }
        if let Some(tags) = tags {
            after["tags"] = json!(tags);
        }
        if let Some(description) = description {
            after["description"] = json!(description);
        }
        let id = call.id("sticker_id");
        if let Some(home) = self.community.guilds.get_mut(&call.guild()) {
            home.more.stickers.insert(id, after.clone());
        }
        self.tell_stickers(call, action::STICKER_UPDATE, id, &before);
        Ok(Answer::json(200, after))
    }

    fn delete_sticker(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.own_sticker(call)?;
        let id = call.id("sticker_id");
        if let Some(home) = self.community.guilds.get_mut(&call.guild()) {
            home.more.stickers.remove(&id);
        }
        self.tell_stickers(call, action::STICKER_DELETE, id, &before);
        Ok(Answer::done())
    }
}
