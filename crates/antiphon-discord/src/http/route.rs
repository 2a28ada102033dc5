//! Routes as rate limits count them: the path without minor ids, and the major ids.
//!
//! Two requests count against one limit if their templates and their major ids are equal
//! ([Discord's page](https://discord.com/developers/docs/topics/rate-limits#header-format)); the template is replaced by the
//! id of a bucket as soon as a response names it.
//!
//! | request | template | major ids |
//! | --- | --- | --- |
//! | `DELETE channels/22/messages/33` | `DELETE channels/messages/*` | `/22` |
//! | `PUT guilds/11/bans/33` | `PUT guilds/bans/*` | `/11` |
//! | `POST webhooks/5/token?wait=true` | `POST webhooks` | `/5/token` |

use http::Method;

/// The rate limit key of a request (protocol §13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Method and path, with `*` for minor ids: `DELETE channels/messages/*`.
    pub(super) template: String,
    /// Major ids, which have buckets of their own: a channel, a guild, or a webhook with its token.
    pub(super) top: String,
    /// Whether the global limit applies; requests with an interaction's or webhook's token are exempt.
    pub(super) is_global: bool,
}

impl Route {
    /// Reads the route from a path below the base URL.
    pub(super) fn of(method: &Method, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let mut segments = path.split('/');
        let first = segments.next().unwrap_or_default();
        // Number of the following segments that name the major resource.
        let top = match first {
            "channels" | "guilds" => 1,
            "webhooks" | "interactions" => 2,
            _ => 0,
        };
        let mut route = Self {
            template: format!("{method} {first}"),
            top: String::new(),
            is_global: true,
        };
        let mut before = first;
        for (index, segment) in segments.enumerate() {
            if index < top {
                route.top.push('/');
                route.top.push_str(segment);
                // A webhook without its token is asked for with the bot's.
                route.is_global = top != 2 || index == 0;
                before = segment;
                continue;
            }
            let is_id = segment.bytes().all(|byte| byte.is_ascii_digit());
            // Emojis and the codes of invites, templates and activities are ids too.
            let is_code = matches!(
                before,
                "reactions" | "invites" | "templates" | "activity-instances"
            );
            route.template.push('/');
            route
                .template
                .push_str(if is_id || is_code { "*" } else { segment });
            before = segment;
        }
        route
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &Method, path: &str, template: &str, top: &str, is_global: bool) {
        let expected = Route {
            template: template.into(),
            top: top.into(),
            is_global,
        };
        assert_eq!(Route::of(method, path), expected);
    }

    #[test]
    fn limits_are_divided_by_the_ids_that_count() {
        check(&Method::GET, "gateway/bot", "GET gateway/bot", "", true);
        check(
            &Method::GET,
            "channels/1/messages?limit=5",
            "GET channels/messages",
            "/1",
            true,
        );
        check(
            &Method::DELETE,
            "channels/1/messages/22",
            "DELETE channels/messages/*",
            "/1",
            true,
        );
        check(
            &Method::PUT,
            "channels/1/messages/22/reactions/%F0%9F%91%8D/@me",
            "PUT channels/messages/*/reactions/*/@me",
            "/1",
            true,
        );
        check(
            &Method::PUT,
            "guilds/3/bans/4",
            "PUT guilds/bans/*",
            "/3",
            true,
        );
        check(
            &Method::PATCH,
            "webhooks/9/secret/messages/@original",
            "PATCH webhooks/messages/@original",
            "/9/secret",
            false,
        );
        check(
            &Method::POST,
            "interactions/7/secret/callback",
            "POST interactions/callback",
            "/7/secret",
            false,
        );
        check(&Method::GET, "invites/abc", "GET invites/*", "", true);
        check(
            &Method::GET,
            "guilds/templates/abc",
            "GET guilds/*",
            "/templates",
            true,
        );
        check(&Method::GET, "webhooks/9", "GET webhooks", "/9", true);
    }
}
