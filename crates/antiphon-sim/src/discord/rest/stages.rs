//! Stage instances.

use super::route::Route;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "POST",
        "/stage-instances",
        "create_stage_instance",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/stage-instances/{channel_id}",
        "get_stage_instance",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/stage-instances/{channel_id}",
        "delete_stage_instance",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/stage-instances/{channel_id}",
        "update_stage_instance",
        "not built yet",
    ),
];
