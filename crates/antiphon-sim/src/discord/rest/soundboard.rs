//! Sounds of the soundboard.

use serde_json::json;

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::state::State;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "POST",
        "/channels/{channel_id}/send-soundboard-sound",
        "send_soundboard_sound",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/soundboard-sounds",
        "list_guild_soundboard_sounds",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/guilds/{guild_id}/soundboard-sounds",
        "create_guild_soundboard_sound",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/soundboard-sounds/{sound_id}",
        "get_guild_soundboard_sound",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/guilds/{guild_id}/soundboard-sounds/{sound_id}",
        "delete_guild_soundboard_sound",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/soundboard-sounds/{sound_id}",
        "update_guild_soundboard_sound",
        "not built yet",
    ),
    Route::get(
        "/soundboard-default-sounds",
        "get_soundboard_default_sounds",
        State::default_sounds,
    ),
];

impl State {
    fn default_sounds(&mut self, _call: &Call<'_>) -> Outcome {
        let names = [
            ("quack", "🦆"),
            ("airhorn", "🔊"),
            ("cricket", "🦗"),
            ("golf clap", "👏"),
        ];
        let sounds = (1_u8..).zip(names).map(|(id, (name, emoji))| {
            json!({
                "name": name,
                "sound_id": id.to_string(),
                "volume": 1.0,
                "emoji_id": null,
                "emoji_name": emoji,
                "available": true,
            })
        });
        Ok(Answer::json(200, sounds.collect()))
    }
}
