//! Templates of guilds.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/guilds/templates/{code}",
        "get_guild_template",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/templates",
        "list_guild_templates",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/guilds/{guild_id}/templates",
        "create_guild_template",
        "not built yet",
    ),
    Route::unserved(
        "PUT",
        "/guilds/{guild_id}/templates/{code}",
        "sync_guild_template",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/guilds/{guild_id}/templates/{code}",
        "delete_guild_template",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/templates/{code}",
        "update_guild_template",
        "not built yet",
    ),
];
