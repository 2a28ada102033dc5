//! Pruning and banning many members at once.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "POST",
        "/guilds/{guild_id}/bulk-ban",
        "bulk_ban_users_from_guild",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/prune",
        "preview_prune_guild",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/guilds/{guild_id}/prune",
        "prune_guild",
        "not built yet",
    ),
];
