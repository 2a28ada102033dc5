//! Tests of the rate limits, by plain calls.

use bytes::Bytes;
use http::{Method, Response};
use proptest::prelude::*;

use super::*;

fn route() -> Route {
    Route::of(&Method::POST, "channels/22/messages")
}

fn answer(limit: u32, remaining: u32, reset_after: Duration) -> RateLimitHeaders {
    of("m", limit, remaining, reset_after)
}

fn of(bucket: &str, limit: u32, remaining: u32, reset_after: Duration) -> RateLimitHeaders {
    let response = Response::builder()
        .header("x-ratelimit-bucket", bucket)
        .header("x-ratelimit-limit", limit)
        .header("x-ratelimit-remaining", remaining)
        .header(
            "x-ratelimit-reset-after",
            reset_after.as_secs_f64().to_string(),
        )
        .body(Bytes::new());
    RateLimitHeaders::of(&response.expect("an answer"))
}

/// A server's bucket: a window begins with its first request.
struct Server {
    limit: u32,
    window: Duration,
    began: Option<Instant>,
    used: u32,
}

impl Server {
    /// Counts a request, and gives what the headers of its answer say; `None` if it was one too many.
    fn request(&mut self, now: Instant) -> Option<RateLimitHeaders> {
        if self.began.is_none_or(|began| began + self.window <= now) {
            (self.began, self.used) = (Some(now), 0);
        }
        self.used += 1;
        let reset = self.began? + self.window;
        let remaining = self.limit.checked_sub(self.used)?;
        Some(answer(self.limit, remaining, reset - now))
    }
}

proptest! {
    /// Whatever the pace, and however late and out of order answers come, no request is one too many.
    #[test]
    fn no_request_is_one_too_many(
        limit in 1_u32..6,
        window in 50_u64..2_000,
        steps in prop::collection::vec((0_u64..400, 0_u64..3_000), 1..200),
    ) {
        let mut server = Server { limit, window: Duration::from_millis(window), began: None, used: 0 };
        let mut limits = Limits::new(1_000_000);
        let (route, mut now) = (route(), Instant::now());
        let mut under_way: Vec<(Instant, Ticket, RateLimitHeaders)> = Vec::new();
        let mut went = 0;
        for (pause, late) in steps {
            now += Duration::from_millis(pause);
            while let Some(index) = under_way.iter().position(|(at, ..)| *at <= now) {
                let (at, ticket, headers) = under_way.swap_remove(index);
                limits.answered(&route, &ticket, &headers, at.max(now));
            }
            let line = limits.line(&route, now);
            if let Verdict::Go(ticket) = limits.ask(&route, &line, now) {
                let headers = server.request(now);
                prop_assert!(headers.is_some(), "one too many after {went}");
                went += 1;
                // Answers say when the window ends from when they were sent, so that a late one is too careful.
                let headers = headers.expect("it was within the limit");
                under_way.push((now + Duration::from_millis(late), ticket, headers));
            }
        }
        prop_assert!(went > 0);
    }

    /// In whatever order answers come, and whatever they say, the window is that of the request that went last.
    #[test]
    fn the_window_is_that_of_the_newest_answer(
        answers in prop::collection::vec((0_u64..100_000, 0_u32..5, 0_u8..3), 1..8),
        order in any::<prop::sample::Index>(),
        turns in 0_usize..8,
    ) {
        let (mut limits, route, now) = (Limits::new(1_000_000), route(), Instant::now());
        let go = |limits: &mut Limits| {
            let line = limits.line(&route, now);
            match limits.ask(&route, &line, now) {
                Verdict::Go(ticket) => ticket,
                verdict => panic!("{verdict:?}"),
            }
        };
        let first = go(&mut limits);
        limits.answered(&route, &first, &of("m0", 100, 99, Duration::from_secs(60)), now);
        let tickets: Vec<Ticket> = answers.iter().map(|_| go(&mut limits)).collect();
        let (last, left) = (answers.len() - 1, answers[answers.len() - 1]);
        let mut coming: Vec<usize> = (0..answers.len()).collect();
        coming.rotate_left(turns % answers.len());
        coming.swap(order.index(answers.len()), 0);
        for index in coming {
            let (millis, left, bucket) = answers[index];
            // The last one leaves nothing, so that its window shows.
            let left = if index == last { 0 } else { left };
            let headers = of(&format!("m{bucket}"), 100, left, Duration::from_millis(millis));
            limits.answered(&route, &tickets[index], &headers, now);
        }
        let line = limits.line(&route, now);
        match limits.ask(&route, &line, now) {
            Verdict::At(at, _) => prop_assert_eq!(at - now, Duration::from_millis(left.0)),
            // A window that is over at once.
            verdict => prop_assert!(left.0 == 0, "{verdict:?}"),
        }
    }

    #[test]
    fn any_headers_are_read_without_harm(
        status in 100_u16..600,
        limit in "[ -~]{0,12}",
        reset in "[ -~]{0,12}",
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let response = Response::builder()
            .status(status)
            .header("x-ratelimit-bucket", &limit)
            .header("x-ratelimit-limit", &limit)
            .header("x-ratelimit-remaining", &limit)
            .header("x-ratelimit-reset-after", &reset)
            .header("retry-after", &reset)
            .body(Bytes::from(body))
            .expect("an answer");
        let headers = RateLimitHeaders::of(&response);
        let (mut limits, route, now) = (Limits::new(50), route(), Instant::now());
        let line = limits.line(&route, now);
        let Verdict::Go(ticket) = limits.ask(&route, &line, now) else {
            panic!("the first goes");
        };
        limits.answered(&route, &ticket, &headers, now);
        let line = limits.line(&route, now);
        // The next one goes, or is told when: within a day.
        match limits.ask(&route, &line, now) {
            Verdict::Go(_) => {}
            Verdict::At(at, _) => prop_assert!(at - now <= Duration::from_secs(86_400)),
            verdict => prop_assert!(false, "{verdict:?}"),
        }
    }
}

#[test]
fn a_bucket_whose_requests_are_all_lost_goes_on() {
    let (mut limits, route, now) = (Limits::new(50), route(), Instant::now());
    for _ in 0..3 {
        let line = limits.line(&route, now);
        let Verdict::Go(ticket) = limits.ask(&route, &line, now) else {
            panic!("nothing is under way");
        };
        limits.lost(&ticket);
    }
}

#[test]
fn buckets_at_rest_are_forgotten_when_there_are_too_many() {
    let (mut limits, now) = (Limits::new(1_000_000), Instant::now());
    for channel in 0..2 * REMEMBERED {
        let route = Route::of(&Method::GET, &format!("channels/{channel}"));
        let line = limits.line(&route, now);
        let Verdict::Go(ticket) = limits.ask(&route, &line, now) else {
            panic!("the first of its bucket");
        };
        limits.lost(&ticket);
    }
    assert!(
        limits.buckets.len() <= REMEMBERED,
        "{}",
        limits.buckets.len()
    );
}

#[track_caller]
fn check_wait(body: &str, headers: &[(&str, &str)], scope: Scope, wait: f64) {
    let mut response = Response::builder().status(429);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let response = response.body(Bytes::copy_from_slice(body.as_bytes()));
    let limited = RateLimitHeaders::of(&response.expect("an answer")).limited;
    let limited = limited.expect("a 429");
    assert_eq!(
        (limited.scope, limited.wait),
        (scope, Duration::from_secs_f64(wait))
    );
}

/// Answers in which header and body disagree are those of discord/discord-api-docs#7394, those without a body or a time
/// of Rapptz/discord.py#2544.
#[test]
fn a_429_is_waited_for_as_it_asks() {
    let body = r#"{"message":"You are being rate limited.","retry_after":0.3,"global":false}"#;
    let reset = "x-ratelimit-reset-after";
    check_wait(body, &[], Scope::User, 0.3);
    check_wait(body, &[("retry-after", "1")], Scope::User, 0.3);
    check_wait(body, &[("retry-after", "3")], Scope::User, 3.0);
    check_wait(body, &[(reset, "2.5")], Scope::User, 2.5);
    check_wait(
        body,
        &[(reset, "102737.719"), ("retry-after", "1")],
        Scope::User,
        0.3,
    );
    check_wait(
        body,
        &[(reset, "2.5"), ("x-ratelimit-scope", "shared")],
        Scope::Shared,
        0.3,
    );
    check_wait(r#"{"message":"no time"}"#, &[], Scope::Global, 5.0);
    check_wait(
        "<html>error code: 1015</html>",
        &[("retry-after", "20")],
        Scope::Global,
        20.0,
    );
    let all = body.replace("false", "true");
    check_wait(&all, &[(reset, "9")], Scope::Global, 0.3);
}
