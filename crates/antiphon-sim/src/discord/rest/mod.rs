//! The REST interface (protocol §13).

pub(crate) mod answer;
mod applications;
mod channels;
mod form;
mod guilds;
mod messages;
mod people;
mod percent;
mod registration;
mod responses;
pub(crate) mod state;

use bytes::Bytes;
use http::{Request, header};
use percent::decoded;
use serde_json::{Value, json};

pub(crate) use answer::{Answer, Body, Outcome};

use super::{
    limits::{Route, seconds, too_many},
    model::Id,
    state::State,
};
use crate::fault::RestFault;

/// An authorised request: account, query, body and reason.
pub(crate) struct Call<'a> {
    pub(crate) account: Id,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: &'a Value,
    /// Reason for the audit log.
    pub(crate) reason: Option<String>,
}

impl Call<'_> {
    /// A parameter of the query.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

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
            _ if !whole.starts_with("/api/") => {
                self.note(format!("no such page: {method} {whole}"));
                Answer::html(404, "<h1>404</h1>")
            }
            _ => match self.limited(method, path, account, request) {
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

    fn limited(
        &mut self,
        method: &str,
        path: &str,
        account: Option<Id>,
        request: &Request<Bytes>,
    ) -> Outcome {
        let steps: Vec<String> = path.trim_matches('/').split('/').map(decoded).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        // These routes need no token; those of an interaction have one in their path.
        let is_open = matches!(steps[..], ["gateway"] | ["interactions" | "webhooks", ..]);
        let Some(account) = account.or(is_open.then_some(0)) else {
            self.note(format!("a request without a valid token: {method} {path}"));
            return Err(Answer::json(
                401,
                json!({"message": "401: Unauthorized", "code": 0}),
            ));
        };
        let now = self.now();
        let route = Route::new(method, &steps);
        let headers = self
            .rest
            .limits
            .count(account, &route, now)
            .inspect_err(|_answer| {
                self.note(format!("a request beyond its limit: {method} {path}"));
            })?;
        let body = self.body(request.headers(), request.body());
        let mut answer = if let Some(body) = body {
            let query = request.uri().query().unwrap_or_default();
            let query = form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let reason = request.headers().get("x-audit-log-reason");
            let reason = reason.and_then(|reason| reason.to_str().ok()).map(decoded);
            let call = Call {
                account,
                query,
                body: &body,
                reason,
            };
            self.route(method, &steps, &call)
                .unwrap_or_else(|refused| refused)
        } else {
            self.note(format!(
                "a request whose body cannot be read: {method} {path}"
            ));
            Answer::error(400, 50109, "The request body contains invalid JSON.")
        };
        answer.headers.extend(headers);
        Ok(answer)
    }

    fn route(&mut self, method: &str, steps: &[&str], call: &Call<'_>) -> Outcome {
        match (method, steps) {
            ("GET", ["gateway"]) => Ok(Answer::json(200, json!({"url": self.gateway.address}))),
            ("GET", ["gateway", "bot"]) => Ok(self.gateway_bot(call.account)),
            ("GET", ["users", "@me"]) => {
                let mut user = self
                    .community
                    .users
                    .get(&call.account)
                    .map(super::model::User::json)
                    .unwrap_or_default();
                user["mfa_enabled"] = json!(false);
                user["locale"] = json!("en-US");
                user["verified"] = json!(true);
                user["email"] = Value::Null;
                user["flags"] = json!(0);
                Ok(Answer::json(200, user))
            }
            ("GET", ["users", user]) => {
                let user = user
                    .parse()
                    .ok()
                    .and_then(|id| self.community.users.get(&id));
                let user = user.ok_or_else(|| Answer::unknown("User", 10013))?;
                Ok(Answer::json(200, user.json()))
            }
            ("GET", ["users", "@me", "guilds"]) => Ok(self.own_guilds(call.account)),
            ("POST", ["users", "@me", "channels"]) => self.begin_conversation(call),
            ("GET", ["voice", "regions"]) => Ok(Answer::json(
                200,
                json!([{"id": "frankfurt", "name": "Frankfurt", "optimal": true, "deprecated": false, "custom": false}]),
            )),
            (_, ["guilds", guild, rest @ ..]) => self.guild_route(method, guild, rest, call),
            (_, ["oauth2" | "applications" | "interactions" | "webhooks", ..]) => {
                self.application_route(method, steps, call)
            }
            (_, ["channels", channel, rest @ ..]) => {
                self.channel_route(method, channel, rest, call)
            }
            _ => Err(self.unknown_route(method, steps)),
        }
    }

    pub(crate) fn unknown_route(&self, method: &str, steps: &[&str]) -> Answer {
        self.note(format!("no such route: {method} /{}", steps.join("/")));
        Answer::json(404, json!({"message": "404: Not Found", "code": 0}))
    }

    fn gateway_bot(&mut self, account: Id) -> Answer {
        let (remaining, reset_after) = self.starts(account);
        Answer::json(
            200,
            json!({
                "url": self.gateway.address,
                "shards": self.settings.shards,
                "session_start_limit": {
                    "total": self.settings.starts,
                    "remaining": remaining,
                    "reset_after": reset_after,
                    "max_concurrency": self.settings.max_concurrency,
                },
            }),
        )
    }
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
