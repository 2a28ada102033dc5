//! Requests to join guilds, and incident actions.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "PUT",
        "/guilds/{guild_id}/incident-actions",
        "update_guild_incident_actions",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/requests",
        "get_guild_join_requests",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/guilds/{guild_id}/requests/{request_id}",
        "action_guild_join_request",
        "not built yet",
    ),
];
