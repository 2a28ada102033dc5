//! Scheduled events of guilds.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/scheduled-events",
        "list_guild_scheduled_events",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/guilds/{guild_id}/scheduled-events",
        "create_guild_scheduled_event",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        "get_guild_scheduled_event",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        "delete_guild_scheduled_event",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        "update_guild_scheduled_event",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions",
        "create_guild_scheduled_event_exception",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}",
        "delete_guild_scheduled_event_exception",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/exceptions/{exception_id}",
        "update_guild_scheduled_event_exception",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users",
        "list_guild_scheduled_event_users",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/users/counts",
        "count_guild_scheduled_event_users",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}/{guild_scheduled_event_exception_id}/users",
        "list_guild_scheduled_event_exception_users",
        "not built yet",
    ),
];
