//! The table of routes: a row for each operation of Discord's own description.
//!
//! A group of routes is one file, whose `ROUTES` has the rows of its handlers; [`GROUPS`](super::GROUPS) lists the
//! groups. Requests are matched by the rows alone, permissions and rate limits come from them, and
//! `docs/simulator-routes.md` is made from them.

use super::{Call, Outcome};
use crate::discord::{
    limits::{self, Pace},
    permissions,
    state::State,
};

/// Handles a request whose row, token, permissions and path were checked.
pub(crate) type Handler = fn(&mut State, &Call<'_>) -> Outcome;

/// Whether a route is served.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Served {
    By(Handler),
    /// The route takes the bearer token of a user, and refuses a bot's token.
    BearerOnly,
    /// The route is not served, for this reason.
    Not(&'static str),
}

/// Check that is made before the handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The route needs no token.
    Open,
    /// The route needs a bot's token.
    Token,
    /// The bot is a member of `{guild_id}` and has all of these permissions there.
    Guild(u64),
    /// The bot sees `{channel_id}` and has all of these permissions there.
    Channel(u64),
    /// `{application_id}` is the bot's own application.
    Application,
}

/// Row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// Path without `/api/v10`, with `{name}` for parameters; a name that ends in `_id` is a snowflake.
    pub(crate) path: &'static str,
    /// `operationId` of Discord's description; empty for a route that it lacks, such as an older spelling.
    pub(crate) operation: &'static str,
    pub(crate) served: Served,
    pub(crate) access: Access,
    /// Permissions that the handler checks itself, in words.
    pub(crate) also: &'static str,
    /// Whether the body is read.
    pub(crate) has_body: bool,
    /// Gateway events that the request causes.
    pub(crate) events: &'static [&'static str],
    /// Actions that the request writes into the audit log.
    pub(crate) audit: &'static [&'static str],
    /// Difference to Discord.
    pub(crate) simplified: &'static str,
    /// Requests within milliseconds.
    pub(crate) pace: Pace,
    /// Name of a bucket that several rows share.
    pub(crate) bucket: &'static str,
    /// Whether requests count for the bot's global limit.
    pub(crate) counts_globally: bool,
}

/// Pace of a route that names none.
const PACE: Pace = (10, 10_000);

impl Route {
    const fn new(
        method: &'static str,
        path: &'static str,
        operation: &'static str,
        served: Served,
    ) -> Self {
        Self {
            method,
            path,
            operation,
            served,
            access: Access::Token,
            also: "",
            has_body: false,
            events: &[],
            audit: &[],
            simplified: "",
            pace: PACE,
            bucket: "",
            counts_globally: true,
        }
    }

    pub(crate) const fn get(path: &'static str, operation: &'static str, handler: Handler) -> Self {
        Self::new("GET", path, operation, Served::By(handler))
    }

    pub(crate) const fn delete(
        path: &'static str,
        operation: &'static str,
        handler: Handler,
    ) -> Self {
        Self::new("DELETE", path, operation, Served::By(handler))
    }

    const fn reading(
        method: &'static str,
        path: &'static str,
        operation: &'static str,
        handler: Handler,
    ) -> Self {
        Self {
            has_body: true,
            ..Self::new(method, path, operation, Served::By(handler))
        }
    }

    /// A `POST` route whose body is read.
    pub(crate) const fn post(
        path: &'static str,
        operation: &'static str,
        handler: Handler,
    ) -> Self {
        Self::reading("POST", path, operation, handler)
    }

    /// A `PUT` route whose body is read.
    pub(crate) const fn put(path: &'static str, operation: &'static str, handler: Handler) -> Self {
        Self::reading("PUT", path, operation, handler)
    }

    /// A `PATCH` route whose body is read.
    pub(crate) const fn patch(
        path: &'static str,
        operation: &'static str,
        handler: Handler,
    ) -> Self {
        Self::reading("PATCH", path, operation, handler)
    }

    /// A route that refuses a bot's token (code 20001).
    pub(crate) const fn bearer_only(
        method: &'static str,
        path: &'static str,
        operation: &'static str,
    ) -> Self {
        Self::new(method, path, operation, Served::BearerOnly)
    }

    /// A route that is not served; requests get 404 and a note with the reason.
    pub(crate) const fn unserved(
        method: &'static str,
        path: &'static str,
        operation: &'static str,
        why: &'static str,
    ) -> Self {
        Self::new(method, path, operation, Served::Not(why))
    }

    /// Leaves the body unread.
    pub(crate) const fn without_body(mut self) -> Self {
        self.has_body = false;
        self
    }

    /// Needs no token.
    pub(crate) const fn open(mut self) -> Self {
        self.access = Access::Open;
        self
    }

    /// Needs membership of `{guild_id}` and all of these permissions; 0 needs membership alone.
    pub(crate) const fn in_guild(mut self, permissions: u64) -> Self {
        self.access = Access::Guild(permissions);
        self
    }

    /// Needs sight of `{channel_id}` and all of these permissions; 0 needs sight alone.
    pub(crate) const fn in_channel(mut self, permissions: u64) -> Self {
        self.access = Access::Channel(permissions);
        self
    }

    /// Needs `{application_id}` to be the bot's own.
    pub(crate) const fn of_application(mut self) -> Self {
        self.access = Access::Application;
        self
    }

    /// Says which permissions the handler checks itself.
    pub(crate) const fn also(mut self, words: &'static str) -> Self {
        self.also = words;
        self
    }

    pub(crate) const fn events(mut self, events: &'static [&'static str]) -> Self {
        self.events = events;
        self
    }

    pub(crate) const fn audit(mut self, actions: &'static [&'static str]) -> Self {
        self.audit = actions;
        self
    }

    pub(crate) const fn simplified(mut self, words: &'static str) -> Self {
        self.simplified = words;
        self
    }

    /// Limits the requests within this many milliseconds.
    pub(crate) const fn pace(mut self, requests: u32, millis: i64) -> Self {
        self.pace = (requests, millis);
        self
    }

    /// Shares a rate limit with the rows of the same bucket.
    pub(crate) const fn bucket(mut self, name: &'static str) -> Self {
        self.bucket = name;
        self
    }

    /// Takes the route out of the bot's global limit, and out of all others: its responses have no headers of a limit.
    pub(crate) const fn without_limit(mut self) -> Self {
        self.counts_globally = false;
        self.pace = limits::NONE;
        self
    }

    /// Whether the route is served to bots.
    #[cfg(test)]
    pub(crate) const fn is_served(&self) -> bool {
        matches!(self.served, Served::By(_))
    }

    fn steps(&self) -> impl Iterator<Item = &'static str> {
        self.path.trim_matches('/').split('/')
    }

    /// Parameters of a path that fits this row.
    fn parameters(&self, steps: &[&str]) -> Option<Vec<(&'static str, String)>> {
        let mut parameters = Vec::new();
        let mut given = steps.iter();
        for step in self.steps() {
            let given = given.next()?;
            match parameter(step) {
                Some(name) => parameters.push((name, (*given).to_owned())),
                None if step == *given => {}
                None => return None,
            }
        }
        given.next().is_none().then_some(parameters)
    }

    /// Order of rows that fit the same path: a literal step goes before a parameter.
    fn specificity(&self) -> Vec<bool> {
        self.steps().map(|step| parameter(step).is_none()).collect()
    }

    /// Permissions in words, as the table of the documentation shows them.
    pub(crate) fn permissions(&self) -> String {
        let fixed = match self.access {
            Access::Open => "no token".to_owned(),
            Access::Token => String::new(),
            Access::Application => "own application".to_owned(),
            Access::Guild(0) => "member".to_owned(),
            Access::Channel(0) => permissions::names(permissions::VIEW_CHANNEL),
            Access::Guild(needed) | Access::Channel(needed) => permissions::names(needed),
        };
        match (fixed.as_str(), self.also) {
            ("", also) => also.to_owned(),
            (_, "") => fixed,
            (_, also) => format!("{fixed}; {also}"),
        }
    }
}

/// Name of a parameter, for a step such as `{guild_id}`.
fn parameter(step: &'static str) -> Option<&'static str> {
    step.strip_prefix('{')?.strip_suffix('}')
}

/// Request that no row fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoute {
    /// Whether a row has the path with another method.
    pub(crate) has_path: bool,
}

/// All rows.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    super::GROUPS.iter().flat_map(|(_, routes)| routes.iter())
}

/// Row of a request, and the parameters of its path by their names in the row.
pub(crate) type Found = (&'static Route, Vec<(&'static str, String)>);

/// Finds the row of a request.
pub(crate) fn find(method: &str, steps: &[&str]) -> Result<Found, NoRoute> {
    let fitting = || all().filter_map(|route| Some((route, route.parameters(steps)?)));
    fitting()
        .filter(|(route, _)| route.method == method)
        .max_by_key(|(route, _)| route.specificity())
        .ok_or_else(|| NoRoute {
            has_path: fitting().next().is_some(),
        })
}
