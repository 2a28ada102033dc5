//! One command of an application, created or edited.

use antiphon_discord_model::id::{
    Id,
    marker::{ApplicationMarker, CommandMarker, GuildMarker},
};
use serde::Serialize;
use twilight_http::{request::Request, routing::Route};

use super::{Client, call::Call};
use crate::http::{Repeat, UnsentRequest};

impl Client {
    /// Creates a command, or edits the one with this id, everywhere or in a guild.
    ///
    /// For the registration by difference of `antiphon::commands`.
    #[doc(hidden)]
    pub fn send_command(
        &self,
        application: Id<ApplicationMarker>,
        guild: Option<Id<GuildMarker>>,
        command: Option<Id<CommandMarker>>,
        body: &impl Serialize,
    ) -> Call<'_, ()> {
        let application_id = application.get();
        let guild_id = guild.map_or(0, Id::get);
        let route = match (guild, command.map(Id::get)) {
            (None, None) => Route::CreateGlobalCommand { application_id },
            (None, Some(command_id)) => Route::UpdateGlobalCommand {
                application_id,
                command_id,
            },
            (Some(_), None) => Route::CreateGuildCommand {
                application_id,
                guild_id,
            },
            (Some(_), Some(command_id)) => Route::UpdateGuildCommand {
                application_id,
                command_id,
                guild_id,
            },
        };
        let request = Request::builder(&route).json(body).build();
        // A command of the same name and type is overwritten, so a repetition is safe.
        Call::of(
            self.http(),
            UnsentRequest::new(request.map_err(Into::into), Repeat::Safe),
        )
    }
}
