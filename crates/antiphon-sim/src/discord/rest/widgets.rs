//! Widgets of guilds.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/widget",
        "get_guild_widget_settings",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/widget",
        "update_guild_widget_settings",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/widget.json",
        "get_guild_widget",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/widget.png",
        "get_guild_widget_png",
        "not built yet",
    ),
];
