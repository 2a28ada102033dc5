//! Table of routes: a row for each method of the client that sets fields of a request.

use super::{
    call::{AuditedCall, Call, FromRequest},
    fields::Fields,
};
use crate::http::Http;

/// A call without options, repeated by the rule of its HTTP method.
impl<'a, T> FromRequest<'a, Fields> for Call<'a, T> {
    fn from_request(http: &'a Http, request: Fields) -> Self {
        Self::new(http, request.repeat(), request)
    }
}

impl<'a, T> FromRequest<'a, Fields> for AuditedCall<'a, T> {
    fn from_request(http: &'a Http, request: Fields) -> Self {
        Self::new(http, request.repeat(), request)
    }
}

/// Defines methods of [`Client`](crate::Client), a row for each route.
///
/// A row is documentation, name, arguments, type of the call, HTTP method, and the segments of the path; after these come
/// calls of [`Fields`](super::fields::Fields) that set what the arguments say:
///
/// ```text
/// /// Creates an emoji of a guild.
/// create_emoji(guild: Id<GuildMarker>, name: &str, image: &str) -> CreateEmoji<'_>
///     = Post ["guilds", guild, "emojis"].bounded("name", 2..=32, name).set("image", image);
/// ```
macro_rules! routes {
    ($(
        $(#[$doc:meta])*
        $name:ident($($argument:ident: $type:ty),* $(,)?) -> $call:ty
            = $method:ident [$($segment:expr),*] $(.$set:ident($($value:expr),*))*;
    )*) => {
        impl $crate::Client {
            $(
                $(#[$doc])*
                pub fn $name(&self, $($argument: $type),*) -> $call {
                    let fields = $crate::client::fields::Fields::to(
                        twilight_http::request::Method::$method,
                        &[$(&$segment),*],
                    );
                    $crate::client::call::FromRequest::from_request(
                        self.http(),
                        fields$(.$set($($value),*))*,
                    )
                }
            )*
        }
    };
}

pub(super) use routes;
