//! The rules, by plain calls.

use bytes::Bytes;
use http::{Method, Response};
use proptest::prelude::*;

use super::*;

fn route() -> Route {
    Route::of(&Method::POST, "channels/22/messages")
}

fn answer(limit: u32, remaining: u32, reset_after: Duration) -> Reading {
    let response = Response::builder()
        .header("x-ratelimit-bucket", "m")
        .header("x-ratelimit-limit", limit)
        .header("x-ratelimit-remaining", remaining)
        .header(
            "x-ratelimit-reset-after",
            reset_after.as_secs_f64().to_string(),
        )
        .body(Bytes::new());
    Reading::of(&response.expect("an answer"))
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
    fn request(&mut self, now: Instant) -> Option<Reading> {
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
        let mut under_way: Vec<(Instant, Ticket, Reading)> = Vec::new();
        let mut went = 0;
        for (pause, late) in steps {
            now += Duration::from_millis(pause);
            while let Some(index) = under_way.iter().position(|(at, ..)| *at <= now) {
                let (at, ticket, reading) = under_way.swap_remove(index);
                limits.answered(&route, &ticket, &reading, at.max(now));
            }
            let line = limits.line(&route, now);
            if let Verdict::Go(ticket) = limits.ask(&route, &line, now) {
                let reading = server.request(now);
                prop_assert!(reading.is_some(), "one too many after {went}");
                went += 1;
                // Answers say when the window ends from when they were sent, so that a late one is too careful.
                let reading = reading.expect("it was within the limit");
                under_way.push((now + Duration::from_millis(late), ticket, reading));
            }
        }
        prop_assert!(went > 0);
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
        let reading = Reading::of(&response);
        let (mut limits, route, now) = (Limits::new(50), route(), Instant::now());
        let line = limits.line(&route, now);
        let Verdict::Go(ticket) = limits.ask(&route, &line, now) else {
            panic!("the first goes");
        };
        limits.answered(&route, &ticket, &reading, now);
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
