//! Sounds of the soundboard.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{Answer, Call, Outcome, fields::Fields, route::Route};
use crate::discord::{
    model::{Id, id_in},
    permissions as rights,
    state::State,
    things::SOUND,
};

const ALSO: &str = "`MANAGE_GUILD_EXPRESSIONS`, or own sound with `CREATE_GUILD_EXPRESSIONS`";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/soundboard-default-sounds",
        "get_soundboard_default_sounds",
        State::default_sounds,
    ),
    Route::post(
        "/channels/{channel_id}/send-soundboard-sound",
        "send_soundboard_sound",
        State::send_sound,
    )
    .in_channel(rights::SPEAK | rights::USE_SOUNDBOARD)
    .also("`USE_EXTERNAL_SOUNDS` for a sound of another guild; the bot is in the channel, and neither muted nor deafened")
    .events(&["VOICE_CHANNEL_EFFECT_SEND"]),
    Route::get(
        "/guilds/{guild_id}/soundboard-sounds",
        "list_guild_soundboard_sounds",
        State::list_sounds,
    )
    .in_guild(0),
    Route::post(
        "/guilds/{guild_id}/soundboard-sounds",
        "create_guild_soundboard_sound",
        State::create_sound,
    )
    .in_guild(rights::CREATE_EXPRESSIONS)
    .events(&["GUILD_SOUNDBOARD_SOUND_CREATE"])
    .audit(&["SOUNDBOARD_SOUND_CREATE"])
    .simplified("of the sound only the size and the type are checked"),
    Route::get(
        "/guilds/{guild_id}/soundboard-sounds/{sound_id}",
        "get_guild_soundboard_sound",
        State::get_sound,
    )
    .in_guild(0),
    Route::patch(
        "/guilds/{guild_id}/soundboard-sounds/{sound_id}",
        "update_guild_soundboard_sound",
        State::edit_sound,
    )
    .in_guild(0)
    .also(ALSO)
    .events(&["GUILD_SOUNDBOARD_SOUND_UPDATE"])
    .audit(&["SOUNDBOARD_SOUND_UPDATE"]),
    Route::delete(
        "/guilds/{guild_id}/soundboard-sounds/{sound_id}",
        "delete_guild_soundboard_sound",
        State::delete_sound,
    )
    .in_guild(0)
    .also(ALSO)
    .events(&["GUILD_SOUNDBOARD_SOUND_DELETE"])
    .audit(&["SOUNDBOARD_SOUND_DELETE"]),
];

/// Sounds of a guild without boosts.
const SOUNDS: usize = 8;
/// Bytes of a sound.
const SIZE: usize = 512 << 10;
/// Sounds that everybody can use; the first has the id 1.
const DEFAULTS: [(&str, &str); 6] = [
    ("quack", "🦆"),
    ("airhorn", "🔊"),
    ("cricket", "🦗"),
    ("golf clap", "👏"),
    ("sad horn", "🎺"),
    ("ba dum tss", "🥁"),
];

/// Reads a sound as a data URI of MP3 or Ogg.
fn read_sound(fields: &mut Fields<'_>) {
    let Some(text) = fields.text("sound", 0..=usize::MAX) else {
        return;
    };
    let parts = text
        .strip_prefix("data:")
        .and_then(|text| text.split_once(";base64,"));
    let kinds = ["audio/mpeg", "audio/mp3", "audio/ogg"];
    let data = parts
        .filter(|(kind, _)| kinds.contains(kind))
        .and_then(|(_, data)| base64::engine::general_purpose::STANDARD.decode(data).ok());
    match data {
        None => fields.error("sound", "SOUND_INVALID", "Invalid sound data"),
        Some(data) if data.len() > SIZE => fields.error(
            "sound",
            "BINARY_TYPE_MAX_SIZE",
            "File cannot be larger than 512.0 kb.",
        ),
        Some(_) => {}
    }
}

/// Changes the fields of a sound that a body has.
fn read_fields(fields: &mut Fields<'_>, sound: &mut Value) {
    if let Some(name) = fields.text("name", 2..=32) {
        sound["name"] = json!(name);
    }
    if fields.has("volume") {
        sound["volume"] = json!(fields.fraction("volume", 0.0..=1.0).unwrap_or(1.0));
    }
    if fields.has("emoji_id") {
        sound["emoji_id"] = json!(fields.id("emoji_id").map(|id| id.to_string()));
    }
    if fields.has("emoji_name") {
        sound["emoji_name"] = json!(fields.text("emoji_name", 1..=32));
    }
    // A sound has an emoji of a guild or one of Unicode.
    if fields.value("emoji_id").is_some() {
        sound["emoji_name"] = Value::Null;
    } else if fields.value("emoji_name").is_some() {
        sound["emoji_id"] = Value::Null;
    }
}

/// A default sound, as answers have it.
fn default_sound(id: Id) -> Option<Value> {
    let index = usize::try_from(id.checked_sub(1)?).ok()?;
    let (name, emoji) = DEFAULTS.get(index)?;
    Some(json!({
        "name": name,
        "sound_id": id.to_string(),
        "volume": 1.0,
        "emoji_id": null,
        "emoji_name": emoji,
        "available": true,
    }))
}

fn unknown_sound() -> Answer {
    Answer::unknown("sound", 10097)
}

impl State {
    fn default_sounds(&mut self, _call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, (1..).map_while(default_sound).collect()))
    }

    fn sound_of(&self, call: &Call<'_>) -> Result<&Value, Answer> {
        let sound = self.thing_of(call.guild(), SOUND, call.id("sound_id"));
        sound.ok_or_else(unknown_sound)
    }

    /// A sound as a guild's member sees it: with its maker if the bot may make some itself.
    fn sound_json(&self, call: &Call<'_>, sound: &Value) -> Value {
        let mut json = sound.clone();
        let own = [rights::MANAGE_EXPRESSIONS, rights::CREATE_EXPRESSIONS];
        let mut own = own.into_iter();
        let may_see = own.any(|right| {
            self.needs_in_guild(call.account, call.guild(), right)
                .is_ok()
        });
        if let Some(fields) = json.as_object_mut().filter(|_| !may_see) {
            fields.remove("user");
        }
        json
    }

    fn list_sounds(&mut self, call: &Call<'_>) -> Outcome {
        let sounds = self.things(call.guild(), SOUND);
        let sounds = sounds.map(|(_, sound)| self.sound_json(call, sound));
        let sounds: Vec<Value> = sounds.collect();
        Ok(Answer::json(200, json!({"items": sounds})))
    }

    fn get_sound(&mut self, call: &Call<'_>) -> Outcome {
        let sound = self.sound_of(call)?;
        Ok(Answer::json(200, self.sound_json(call, sound)))
    }

    /// Checks that a sound's emoji is one of its guild.
    fn check_emoji(&self, call: &Call<'_>, sound: &Value) -> Result<(), Answer> {
        let Some(emoji) = id_in(&sound["emoji_id"]) else {
            return Ok(());
        };
        if self.guild_of(call)?.emojis.contains_key(&emoji) {
            Ok(())
        } else {
            Err(Answer::unknown("Emoji", 10014))
        }
    }

    fn create_sound(&mut self, call: &Call<'_>) -> Outcome {
        let guild = call.guild();
        let mut fields = call.fields();
        fields.require(&["name", "sound"]);
        read_sound(&mut fields);
        let id = self.new_id();
        let mut sound = json!({
            "name": "",
            "sound_id": id.to_string(),
            "volume": 1.0,
            "emoji_id": null,
            "emoji_name": null,
            "guild_id": guild.to_string(),
            "available": true,
            "user": self.user_json(call.account),
        });
        read_fields(&mut fields, &mut sound);
        fields.check()?;
        self.check_emoji(call, &sound)?;
        if self.things(guild, SOUND).count() >= SOUNDS {
            return Err(Answer::error(
                400,
                30045,
                "Maximum number of soundboard sounds reached",
            ));
        }
        self.put_thing(guild, Some(call.account), SOUND, id, &sound);
        Ok(Answer::json(201, sound))
    }

    /// The sound of a path that the bot may change.
    fn own_sound(&self, call: &Call<'_>) -> Result<Value, Answer> {
        let sound = self.sound_of(call)?;
        let is_own = id_in(&sound["user"]["id"]) == Some(call.account);
        let may = |right: u64| self.needs_in_guild(call.account, call.guild(), right);
        if !(is_own && may(rights::CREATE_EXPRESSIONS).is_ok()) {
            may(rights::MANAGE_EXPRESSIONS)?;
        }
        Ok(sound.clone())
    }

    fn edit_sound(&mut self, call: &Call<'_>) -> Outcome {
        let mut sound = self.own_sound(call)?;
        let mut fields = call.fields();
        read_fields(&mut fields, &mut sound);
        fields.check()?;
        self.check_emoji(call, &sound)?;
        let id = call.id("sound_id");
        self.put_thing(call.guild(), Some(call.account), SOUND, id, &sound);
        Ok(Answer::json(200, sound))
    }

    fn delete_sound(&mut self, call: &Call<'_>) -> Outcome {
        self.own_sound(call)?;
        self.remove_thing(call.guild(), call.account, SOUND, call.id("sound_id"));
        Ok(Answer::done())
    }

    /// A sound that a bot may play in a channel of a guild.
    fn playable(&self, call: &Call<'_>, guild: Id, id: Id, source: Id) -> Result<Value, Answer> {
        if let Some(sound) = default_sound(id) {
            return Ok(sound);
        }
        if source != guild {
            let home = self.community.guilds.get(&source);
            home.filter(|home| home.members.contains_key(&call.account))
                .ok_or_else(unknown_sound)?;
            self.needs_in_channel(call.account, call.channel(), rights::USE_EXTERNAL_SOUNDS)?;
        }
        let sound = self.thing_of(source, SOUND, id);
        sound.cloned().ok_or_else(unknown_sound)
    }

    fn send_sound(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["sound_id"]);
        let id = fields.id("sound_id").unwrap_or_default();
        let source = fields.id("source_guild_id");
        fields.check()?;
        let channel = self.visible_channel(call.channel(), call.account)?;
        let guild = channel.guild.unwrap_or_default();
        if !channel.is_voice() {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        let home = self.community.guilds.get(&guild);
        let voice = home.and_then(|home| home.voices.get(&call.account));
        let voice = voice.filter(|voice| voice.channel == call.channel());
        let voice = voice.ok_or_else(|| Answer::unknown("Voice State", 10065))?;
        let member = self.member_of(guild, call.account)?;
        if voice.self_deaf || voice.suppress || member.mute || member.deaf {
            return Err(Answer::error(
                400,
                50167,
                "Cannot send voice effect when user is server muted, deafened, or suppressed",
            ));
        }
        let sound = self.playable(call, guild, id, source.unwrap_or(guild))?;
        let emoji = match (&sound["emoji_id"], &sound["emoji_name"]) {
            (Value::Null, Value::Null) => Value::Null,
            (Value::Null, name) => json!({"id": null, "name": name}),
            (emoji, _) => {
                let name = home.zip(id_in(emoji));
                let name = name.and_then(|(home, emoji)| home.emojis.get(&emoji));
                json!({"id": emoji, "name": name})
            }
        };
        // A default sound has a number in place of a snowflake.
        let shown = if default_sound(id).is_some() {
            json!(id)
        } else {
            json!(id.to_string())
        };
        let event = json!({
            "channel_id": call.channel().to_string(),
            "guild_id": guild.to_string(),
            "user_id": call.account.to_string(),
            "emoji": emoji,
            "animation_type": 1,
            "animation_id": 0,
            "sound_id": shown,
            "sound_volume": sound["volume"],
        });
        // The event is for those who are in the channel.
        let inside = home.into_iter().flat_map(|home| &home.voices);
        let inside = inside.filter(|(_, voice)| voice.channel == call.channel());
        let bots: Vec<Id> = inside
            .map(|(user, _)| *user)
            .filter(|user| self.community.bots.contains_key(user))
            .collect();
        for bot in bots {
            let scope = self.community.scope_of(call.channel()).only(bot);
            self.publish("VOICE_CHANNEL_EFFECT_SEND", scope, &event);
        }
        Ok(Answer::done())
    }
}
