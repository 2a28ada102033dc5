//! The REST interface (protocol §13).
//!
//! [`route`] has the table that requests are matched by; each group of routes is a file with its rows and handlers.

#![expect(
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "handlers have one type, also those that cannot fail or need no state"
)]
#![expect(
    clippy::option_option,
    reason = "a field of a body is absent, null or set"
)]

mod access;
pub(crate) mod answer;
mod call;
mod fields;
mod form;
mod page;
mod percent;
mod registration;
mod responses;
mod route;
pub(crate) mod state;
#[cfg(test)]
mod tests;

// Groups of routes, in the order of the documentation's table.
mod application_settings;
mod applications;
mod audit_log;
mod auto_moderation;
mod bans;
mod channels;
mod commands;
mod emojis;
mod gateway;
mod guilds;
mod integrations;
mod interactions;
mod invites;
mod join_requests;
mod lobbies;
mod members;
mod messages;
mod monetization;
mod onboarding;
mod overwrites;
mod pins;
mod polls;
mod prune;
mod reactions;
mod roles;
mod scheduled_events;
mod search;
mod social_sdk;
mod soundboard;
mod stages;
mod stickers;
mod templates;
mod threads;
mod users;
mod voice;
mod webhook_bodies;
mod webhooks;
mod widgets;

use bytes::Bytes;
use http::{HeaderMap, Request, header};
use percent::decoded;
use serde_json::{Value, json};

pub(crate) use answer::{Answer, Body, Outcome};
pub(crate) use call::Call;
use route::{Access, NoRoute, Route, Served};

use super::{
    limits::{Bucket, seconds, too_many},
    model::Id,
    state::State,
};
use crate::fault::RestFault;

/// Groups of routes, by their headings in `docs/simulator-routes.md`.
const GROUPS: &[(&str, &[Route])] = &[
    ("Gateway", gateway::ROUTES),
    ("Users", users::ROUTES),
    ("Applications", applications::ROUTES),
    ("Commands", commands::ROUTES),
    ("Interactions", interactions::ROUTES),
    ("Webhooks", webhooks::ROUTES),
    ("Guilds", guilds::ROUTES),
    ("Members", members::ROUTES),
    ("Bans", bans::ROUTES),
    ("Roles", roles::ROUTES),
    ("Pruning", prune::ROUTES),
    ("Audit log", audit_log::ROUTES),
    ("Channels", channels::ROUTES),
    ("Permission overwrites", overwrites::ROUTES),
    ("Messages", messages::ROUTES),
    ("Reactions", reactions::ROUTES),
    ("Pins", pins::ROUTES),
    ("Polls", polls::ROUTES),
    ("Threads", threads::ROUTES),
    ("Invites", invites::ROUTES),
    ("Emojis", emojis::ROUTES),
    ("Stickers", stickers::ROUTES),
    ("Soundboard", soundboard::ROUTES),
    ("Voice", voice::ROUTES),
    ("Stages", stages::ROUTES),
    ("Scheduled events", scheduled_events::ROUTES),
    ("Auto moderation", auto_moderation::ROUTES),
    ("Templates", templates::ROUTES),
    ("Onboarding", onboarding::ROUTES),
    ("Widgets", widgets::ROUTES),
    ("Integrations", integrations::ROUTES),
    ("Join requests", join_requests::ROUTES),
    ("Search", search::ROUTES),
    ("Monetization", monetization::ROUTES),
    ("Lobbies", lobbies::ROUTES),
    ("Social SDK", social_sdk::ROUTES),
];

/// Bytes of one file of a request (<https://docs.discord.com/developers/reference#uploading-files>).
const FILE: usize = 10 << 20;
/// Bytes of a whole request: ten files, and a little for what is around them.
pub(crate) const REQUEST: usize = 10 * FILE + (1 << 20);

impl State {
    /// Handles a request; returns the response and the fault that the request met.
    pub(crate) fn handle(&mut self, request: &Request<Bytes>) -> (Answer, Option<RestFault>) {
        let method = request.method().as_str();
        let whole = request.uri().path();
        let path = whole.strip_prefix("/api").unwrap_or(whole);
        let path = path
            .strip_prefix("/v10")
            .or(path.strip_prefix("/v9"))
            .unwrap_or(path);
        let account = self.authorised(request);
        let name = account
            .and_then(|account| self.community.users.get(&account))
            .map(|user| user.name.clone());
        let fault = self.faults.for_request(method, path, name.as_deref());
        let mut answer = match &fault {
            Some(fault) if !matches!(fault, RestFault::Slow(_) | RestFault::Dropped) => {
                broken(fault)
            }
            Some(RestFault::Dropped) => Answer::empty(503),
            _ if method == "GET" && self.rest.files.at(whole).is_some() => {
                let file = self.rest.files.at(whole).unwrap_or_default();
                Answer::file("application/octet-stream", file.to_vec())
            }
            _ if !whole.starts_with("/api/") => {
                self.note(format!("no such page: {method} {whole}"));
                Answer::html(404, "<h1>404</h1>")
            }
            _ => match self.answer(method, path, account, request) {
                Ok(answer) | Err(answer) => answer,
            },
        };
        let now = self.now();
        if self.rest.limits.count_invalid(answer.status, now) {
            self.note("10000 invalid requests in ten minutes: the client is banned for a while");
            answer = Answer::html(429, "<h1>Error 1015: you are being rate limited</h1>");
        }
        (answer, fault)
    }

    /// The account whose token a request has.
    fn authorised(&self, request: &Request<Bytes>) -> Option<Id> {
        let token = request
            .headers()
            .get(header::AUTHORIZATION)?
            .to_str()
            .ok()?;
        self.community.bot_with(token.strip_prefix("Bot ")?)
    }

    /// Finds the row of a request, checks what the row asks for, and runs its handler.
    fn answer(
        &mut self,
        method: &str,
        path: &str,
        account: Option<Id>,
        request: &Request<Bytes>,
    ) -> Outcome {
        let steps: Vec<String> = path.trim_matches('/').split('/').map(decoded).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let (route, parameters) = route::find(method, &steps)
            .map_err(|missing| self.unknown_route(method, path, missing))?;
        *self
            .rest
            .requests
            .entry((route.method, route.path))
            .or_default() += 1;
        let account = match (account, route.access) {
            (Some(account), _) => account,
            (None, Access::Open) => 0,
            (None, _) => {
                self.note(format!("a request without a valid token: {method} {path}"));
                return Err(Answer::json(
                    401,
                    json!({"message": "401: Unauthorized", "code": 0}),
                ));
            }
        };
        if names_no_agent(request.headers()) {
            self.note(format!("a request without a User-Agent: {method} {path}"));
        }
        let now = self.now();
        let bucket = bucket(route, &parameters);
        let headers = self
            .rest
            .limits
            .count(account, &bucket, now)
            .inspect_err(|_answer| {
                self.note(format!("a request beyond its limit: {method} {path}"));
            })?;
        let answer = self.perform(route, parameters, account, request, path);
        let mut answer = answer.unwrap_or_else(|refused| refused);
        answer.headers.extend(headers);
        Ok(answer)
    }

    /// Checks a request's path and permissions, reads its body, and runs the handler of its row.
    fn perform(
        &mut self,
        route: &Route,
        mut parameters: Vec<(&'static str, String)>,
        account: Id,
        request: &Request<Bytes>,
        path: &str,
    ) -> Outcome {
        let handler = match route.served {
            Served::By(handler) => handler,
            Served::BearerOnly => {
                return Err(Answer::error(403, 20001, "Bots cannot use this endpoint"));
            }
            Served::Not(why) => {
                self.note(format!("no such route: {} {path} ({why})", route.method));
                return Err(Answer::missing());
            }
        };
        check_ids(&mut parameters, account)?;
        let reason = request.headers().get("x-audit-log-reason");
        let reason = reason.and_then(|reason| reason.to_str().ok()).map(decoded);
        let pairs = call::pairs(request.uri().query().unwrap_or_default());
        let mut call = Call {
            account,
            parameters,
            query: call::query(&pairs),
            pairs,
            body: &Value::Null,
            reason,
        };
        self.permit(route.access, &call).inspect_err(|_| {
            let (operation, permissions) = (route.operation, route.permissions());
            tracing::debug!(operation, permissions, "a request is refused");
        })?;
        let body = if route.has_body {
            self.body(request.headers(), request.body())
                .inspect_err(|_| {
                    let method = route.method;
                    self.note(format!(
                        "a request whose body cannot be read: {method} {path}"
                    ));
                })?
        } else {
            Value::Null
        };
        call.body = &body;
        self.rest.reason.clone_from(&call.reason);
        let answer = handler(self, &call);
        self.rest.reason = None;
        answer
    }

    /// Notes a request that no row fits, with its whole path.
    fn unknown_route(&self, method: &str, path: &str, missing: NoRoute) -> Answer {
        self.note(format!("no such route: {method} {path}"));
        if missing.has_path && method != "HEAD" {
            return Answer::json(
                405,
                json!({"message": "405: Method Not Allowed", "code": 0}),
            );
        }
        Answer::missing()
    }
}

/// Bucket of a request.
fn bucket(route: &Route, parameters: &[(&str, String)]) -> Bucket {
    // A webhook is counted with its token, and each interaction for itself.
    let is_major = |name: &str| {
        matches!(
            name,
            "channel_id" | "guild_id" | "webhook_id" | "webhook_token" | "interaction_id"
        )
    };
    let mut majors = parameters.iter().filter(|(name, _)| is_major(name));
    let mut major = majors.next().map(|(_, id)| id.clone()).unwrap_or_default();
    if let Some((_, token)) = majors.find(|(name, _)| *name == "webhook_token") {
        major = format!("{major}/{token}");
    }
    let name = match route.bucket {
        "" => format!("{}{}", route.method, route.path),
        shared => shared.to_owned(),
    };
    Bucket {
        name,
        major,
        pace: route.pace,
        counts_globally: route.counts_globally,
    }
}

/// Whether a request names no client at all; Discord asks for a `User-Agent`, and blocks requests without one.
fn names_no_agent(headers: &HeaderMap) -> bool {
    headers
        .get(header::USER_AGENT)
        .is_none_or(|agent| agent.as_bytes().trim_ascii().is_empty())
}

/// Checks the snowflakes of a path; `@me` in place of a user is the account.
fn check_ids(parameters: &mut [(&'static str, String)], account: Id) -> Result<(), Answer> {
    let mut faulty = answer::Faulty::default();
    for (name, value) in parameters {
        if *name == "user_id" && value == "@me" {
            *value = account.to_string();
        }
        if name.ends_with("_id") && *name != "instance_id" && value.parse::<Id>().is_err() {
            faulty.not_a_number(name, value, "snowflake");
        }
    }
    faulty.check()
}

/// The response of a fault.
fn broken(fault: &RestFault) -> Answer {
    match fault {
        RestFault::Status(429) => {
            let mut answer = too_many("shared", 1337);
            answer.headers.extend([
                ("x-ratelimit-limit", "5".into()),
                ("x-ratelimit-remaining", "0".into()),
                ("x-ratelimit-reset-after", seconds(1337)),
                ("x-ratelimit-bucket", "00000000deadbeef".into()),
            ]);
            answer
        }
        RestFault::Status(status) => Answer::json(
            *status,
            json!({"message": format!("{status}: a fault that was asked for"), "code": 0}),
        ),
        RestFault::Html(status) => {
            Answer::html(*status, "<html><body><h1>upstream error</h1></body></html>")
        }
        RestFault::LoggedOut => {
            Answer::json(401, json!({"message": "401: Unauthorized", "code": 0}))
        }
        RestFault::NotJson => Answer::text(200, "this is no JSON"),
        RestFault::CodeInside(code) => {
            Answer::error(400, u32::from(*code), "a fault that was asked for")
        }
        RestFault::Huge(bytes) => Answer::text(200, &format!("\"{}\"", "x".repeat(*bytes))),
        RestFault::Slow(_) | RestFault::Dropped => Answer::empty(503),
    }
}
