//! Rate limits in the headers of a response.
//!
//! <https://discord.com/developers/docs/topics/rate-limits#header-format>
//!
//! A window is taken only if all three of its headers can be read; a response without them says that the route has no limit that
//! is known.
//! A 429 names its wait up to three times: in the body with a fraction, in `Retry-After` in whole seconds, and by the end of the
//! window; the most exact of those that agree counts.
//! Every wait is at least 100 ms and at most a day, so that an odd value neither hammers Discord nor stops a bot for ever.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header::RETRY_AFTER};
use serde::Deserialize;

use super::bucket::Window;
use crate::error::Scope;

/// Wait after a 429 that names no time.
const UNSAID: Duration = Duration::from_secs(5);
/// Shortest wait after a 429.
const SHORTEST: Duration = Duration::from_millis(100);
/// Largest difference between a window's end and the wait of its 429 at which the window's end is used.
const BEYOND: Duration = Duration::from_secs(60);
/// Longest wait that is accepted: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Status and rate limit headers of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct RateLimitHeaders {
    /// Status of the response, by which refusals are counted.
    status: StatusCode,
    /// Bucket that the route belongs to, as Discord names it.
    pub(super) bucket: Option<String>,
    /// Window of that bucket; for a 429 of the bot's own limit it is empty until the wait is over.
    pub(super) window: Option<Window>,
    /// Set for a 429.
    pub(in crate::http) limited: Option<Limited>,
}

/// A 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Limited {
    /// Time to wait, from the response on.
    pub(in crate::http) wait: Duration,
    /// Limit that was met, which says what waits.
    pub(in crate::http) scope: Scope,
}

/// Body of a 429.
#[derive(Deserialize)]
struct Body {
    /// Seconds, with a fraction.
    retry_after: f64,
    /// Whether the bot's limit for all routes was met.
    #[serde(default)]
    global: bool,
}

impl RateLimitHeaders {
    /// Bucket that the route belongs to, as Discord names it.
    pub(in crate::http) fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// Requests in a window of that bucket, those that are left, and the time until the next one.
    pub(in crate::http) fn window(&self) -> Option<(u32, u32, Duration)> {
        let window = self.window?;
        Some((window.limit, window.remaining, window.reset_after))
    }

    /// Reads the headers, and of a 429 the body.
    pub(in crate::http) fn of(response: &Response<Bytes>) -> Self {
        let headers = response.headers();
        let number = |name| text(headers, name)?.parse().ok();
        let reset_after = seconds(headers, "x-ratelimit-reset-after");
        let window = || {
            Some(Window {
                limit: number("x-ratelimit-limit")?,
                remaining: number("x-ratelimit-remaining")?,
                reset_after: reset_after?,
            })
        };
        let window = window().filter(|window| window.limit > 0);
        let limited = (response.status() == StatusCode::TOO_MANY_REQUESTS)
            .then(|| limited(response, reset_after));
        Self {
            status: response.status(),
            bucket: text(headers, "x-ratelimit-bucket").map(str::to_owned),
            window: match limited {
                None => window,
                // The bot's own window ends when the wait does.
                Some(limited) if limited.scope == Scope::User => window.map(|window| Window {
                    remaining: 0,
                    reset_after: limited.wait,
                    ..window
                }),
                // The 429 belongs to another limit than the bot's for this route.
                Some(_) => None,
            },
            limited,
        }
    }

    /// Whether it counts as a refusal for which Discord bans addresses; shared limits do not.
    pub(in crate::http) fn is_refusal(&self) -> bool {
        match self.status.as_u16() {
            401 | 403 => true,
            429 => self.limited.is_none_or(|it| it.scope != Scope::Shared),
            _ => false,
        }
    }
}

fn limited(response: &Response<Bytes>, reset_after: Option<Duration>) -> Limited {
    let headers = response.headers();
    let body: Option<Body> = antiphon_core::read_json(response.body()).ok();
    let scope = match text(headers, "x-ratelimit-scope") {
        Some("shared") => Scope::Shared,
        Some("user") => Scope::User,
        Some("global") => Scope::Global,
        _ if headers.contains_key("x-ratelimit-global") => Scope::Global,
        _ => match &body {
            Some(body) if !body.global => Scope::User,
            // A 429 without Discord's body comes from the proxy before Discord, which blocks everything.
            _ => Scope::Global,
        },
    };
    let said = body.and_then(|body| duration(body.retry_after));
    let header = seconds(headers, RETRY_AFTER.as_str());
    let asked = match (said, header) {
        // The header has whole seconds, rounded up; a larger value belongs to another limit.
        (Some(said), Some(header)) if header < said + Duration::from_secs(1) => Some(said),
        (said, header) => header.or(said),
    };
    let wait = match (asked, reset_after) {
        // The window's end is more exact for the bot's own bucket, unless it is far from the wait.
        (Some(asked), Some(reset)) if scope == Scope::User && reset <= asked + BEYOND => {
            asked.max(reset)
        }
        (Some(asked), _) => asked,
        (None, Some(reset)) if scope != Scope::Global => reset,
        (None, _) => UNSAID,
    };
    Limited {
        wait: wait.max(SHORTEST),
        scope,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    duration(text(headers, name)?.trim().parse().ok()?)
}

/// Converts seconds, rounded up to a whole millisecond, so that a wait never ends too early.
fn duration(seconds: f64) -> Option<Duration> {
    let time = Duration::try_from_secs_f64(seconds).ok()?.min(LONGEST);
    let millis = time.as_nanos().div_ceil(1_000_000);
    Some(Duration::from_millis(
        u64::try_from(millis).unwrap_or(u64::MAX),
    ))
}
