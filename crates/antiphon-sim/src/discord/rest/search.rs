//! Search of messages and threads.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "GET",
        "/channels/{channel_id}/threads/search",
        "thread_search",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/messages/search",
        "guild_search",
        "not built yet",
    ),
];
