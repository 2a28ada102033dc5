//! Rate limits of the REST interface (protocol §13).

use std::collections::BTreeMap;

use serde_json::json;

use super::{model::Id, rest::answer::Answer};

/// Requests a second of one bot, over all routes.
const GLOBAL: u32 = 50;
/// Buckets that are kept before those whose window is over are forgotten.
const BUCKETS: usize = 10_000;
/// Responses of 401, 403 and 429 within ten minutes that ban a client.
const INVALID: u32 = 10_000;
/// Milliseconds of the ten minutes.
const INVALID_WINDOW: i64 = 600_000;

/// Rate limit of a route: requests, and the milliseconds of their window.
pub(crate) type Pace = (u32, i64);

/// The pace of a route without a limit.
pub(crate) const NONE: Pace = (0, 0);

/// Bucket in which a request is counted.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// The method and the path of the row, or the name that several rows share.
    pub(crate) name: String,
    /// The channel, guild or webhook whose requests are counted apart.
    pub(crate) major: String,
    pub(crate) pace: Pace,
    /// Whether the request counts for the bot's global limit.
    pub(crate) counts_globally: bool,
}

impl Bucket {
    /// Name in the response's header; requests of the same row have the same.
    fn hash(&self) -> String {
        let start: u64 = 0xcbf2_9ce4_8422_2325;
        let hash = self.name.bytes().fold(start, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

#[derive(Clone, Copy, Debug)]
struct Window {
    left: u32,
    until: i64,
}

/// Counters of all rate limits.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    buckets: BTreeMap<(Id, String, String), Window>,
    global: BTreeMap<Id, Window>,
    invalid: Option<Window>,
    /// Requests are not limited at all.
    pub(crate) are_off: bool,
}

impl Limits {
    /// Counts a request; returns the headers of its response, or the 429 response.
    pub(crate) fn count(
        &mut self,
        account: Id,
        bucket: &Bucket,
        now: i64,
    ) -> Result<Vec<(&'static str, String)>, Answer> {
        if self.are_off {
            return Ok(Vec::new());
        }
        if bucket.counts_globally {
            let window = self.global.entry(account).or_insert(Window {
                left: GLOBAL,
                until: 0,
            });
            if take(window, GLOBAL, 1000, now).is_none() {
                return Err(too_many("global", window.until - now));
            }
        }
        let pace = bucket.pace;
        if pace == NONE {
            return Ok(Vec::new());
        }
        let window = self.window(account, &bucket.name, &bucket.major, pace, now);
        let taken = take(window, pace.0, pace.1, now);
        let headers = describe(bucket, pace, *window, now);
        if taken.is_some() {
            return Ok(headers);
        }
        let mut answer = too_many("user", window.until - now);
        answer.headers.extend(headers);
        Err(answer)
    }

    /// Counts an act that has a limit beside that of its route; returns the 429 response.
    pub(crate) fn count_act(
        &mut self,
        account: Id,
        name: &str,
        of: Id,
        pace: Pace,
        now: i64,
    ) -> Result<(), Answer> {
        if self.are_off {
            return Ok(());
        }
        let window = self.window(account, name, &of.to_string(), pace, now);
        match take(window, pace.0, pace.1, now) {
            Some(()) => Ok(()),
            None => Err(too_many("user", window.until - now)),
        }
    }

    /// The counter of a bot's requests, begun if there is none.
    fn window(
        &mut self,
        account: Id,
        name: &str,
        major: &str,
        pace: Pace,
        now: i64,
    ) -> &mut Window {
        if self.buckets.len() >= BUCKETS {
            self.buckets.retain(|_, window| window.until > now);
        }
        let key = (account, name.to_owned(), major.to_owned());
        self.buckets.entry(key).or_insert(Window {
            left: pace.0,
            until: 0,
        })
    }

    /// Counts a response; returns whether the client is banned for its invalid requests.
    pub(crate) fn count_invalid(&mut self, status: u16, now: i64) -> bool {
        let window = self.invalid.get_or_insert(Window {
            left: INVALID,
            until: 0,
        });
        if window.until <= now {
            *window = Window {
                left: INVALID,
                until: now + INVALID_WINDOW,
            };
        }
        if matches!(status, 401 | 403 | 429) {
            window.left = window.left.saturating_sub(1);
        }
        window.left == 0
    }
}

fn take(window: &mut Window, most: u32, length: i64, now: i64) -> Option<()> {
    if window.until <= now {
        *window = Window {
            left: most,
            until: now + length,
        };
    }
    window.left = window.left.checked_sub(1)?;
    Some(())
}

/// Milliseconds as seconds with a fraction.
pub(crate) fn seconds(millis: i64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

fn describe(bucket: &Bucket, pace: Pace, window: Window, now: i64) -> Vec<(&'static str, String)> {
    vec![
        ("x-ratelimit-limit", pace.0.to_string()),
        ("x-ratelimit-remaining", window.left.to_string()),
        ("x-ratelimit-reset", seconds(window.until)),
        ("x-ratelimit-reset-after", seconds(window.until - now)),
        ("x-ratelimit-bucket", bucket.hash()),
    ]
}

/// The 429 response: of the `user`, `global` or `shared` scope.
pub(crate) fn too_many(scope: &'static str, wait: i64) -> Answer {
    let is_global = scope == "global";
    let wait_in_seconds =
        serde_json::Number::from_f64(f64::from(i32::try_from(wait).unwrap_or(i32::MAX)) / 1000.0);
    let body = json!({
        "message": "You are being rate limited.",
        "retry_after": wait_in_seconds,
        "global": is_global,
        "code": 0,
    });
    let mut answer = Answer::json(429, body);
    answer.headers.push(("x-ratelimit-scope", scope.into()));
    // The header has whole seconds, rounded up.
    answer
        .headers
        .push(("retry-after", ((wait + 999) / 1000).to_string()));
    if is_global {
        answer.headers.push(("x-ratelimit-global", "true".into()));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_share_a_limit_by_template_and_channel() {
        let bucket = |major: &str| Bucket {
            name: "POST/channels/{channel_id}/messages".into(),
            major: major.into(),
            pace: (5, 5_000),
            counts_globally: true,
        };
        let (one, other) = (bucket("1"), bucket("2"));
        assert_eq!(one.hash(), other.hash());
        let mut limits = Limits::default();
        for _ in 0..5 {
            assert!(limits.count(1, &one, 0).is_ok());
        }
        assert!(limits.count(1, &one, 0).is_err());
        assert!(limits.count(1, &other, 0).is_ok());
        assert!(limits.count(2, &one, 0).is_ok());
        assert!(limits.count(1, &one, 5_000).is_ok());
    }
}
