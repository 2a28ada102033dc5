//! Integrations of guilds.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/integrations",
        "list_guild_integrations",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/guilds/{guild_id}/integrations/{integration_id}",
        "delete_guild_integration",
        "not built yet",
    ),
];
