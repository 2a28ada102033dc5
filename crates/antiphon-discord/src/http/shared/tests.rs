//! Several processes with one store, and a server that counts.

use bytes::Bytes;
use http::{Method, Response};
use tokio::{task::JoinSet, time::sleep};

use super::*;
use crate::shared::{ALONE, testing::Store};

/// A server with one bucket of five requests in two seconds.
#[derive(Debug)]
struct Server {
    window: Mutex<(Instant, u32)>,
    /// When each request came, and whether it was one too many.
    came: Mutex<Vec<(Instant, bool)>>,
}

const LIMIT: u32 = 5;
const WINDOW: Duration = Duration::from_secs(2);

impl Server {
    fn new() -> Self {
        Self {
            window: Mutex::new((Instant::now(), LIMIT)),
            came: Mutex::default(),
        }
    }

    /// Counts a request and answers it, each way with a delay.
    async fn answer(&self, rng: &mut Rng) -> RateLimitHeaders {
        sleep(Duration::from_millis(rng.u64(1..40))).await;
        let now = Instant::now();
        let (remaining, reset_after, is_refused) = {
            let mut window = lock(&self.window);
            if now >= window.0 {
                *window = (now + WINDOW, LIMIT);
            }
            let is_refused = window.1 == 0;
            window.1 = window.1.saturating_sub(1);
            (window.1, window.0 - now, is_refused)
        };
        lock(&self.came).push((now, is_refused));
        sleep(Duration::from_millis(rng.u64(1..40))).await;
        let reset_after = reset_after.as_secs_f64();
        let response = Response::builder()
            .status(if is_refused { 429 } else { 200 })
            .header("x-ratelimit-bucket", "abcd")
            .header("x-ratelimit-limit", LIMIT)
            .header("x-ratelimit-remaining", remaining)
            .header("x-ratelimit-reset-after", format!("{reset_after:.3}"));
        let body = format!("{{\"retry_after\": {reset_after}, \"global\": false}}");
        let response = response.body(Bytes::from(body)).expect("a response");
        RateLimitHeaders::of(&response)
    }
}

fn process(store: &Arc<Store>, clock: Clock, always: bool) -> SharedLimits {
    let values: Arc<dyn SharedValues> = Arc::<Store>::clone(store);
    SharedLimits::new(values, &Secret::new("t0"), 50, clock, always)
}

fn clock() -> Clock {
    Clock::starting_at("2026-01-01T00:00:00Z".parse().expect("a time"))
}

fn route() -> (Route, Key) {
    let route = Route::of(&Method::POST, "channels/22/messages");
    let key = Key {
        bucket: route.template.as_str().into(),
        top: route.top.clone(),
    };
    (route, key)
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(600)
}

/// Sends requests from three processes at once, `each` from every one; gives the server that counted.
async fn hammer(store: &Arc<Store>, each: usize) -> Arc<Server> {
    let (clock, server) = (clock(), Arc::new(Server::new()));
    let mut processes = JoinSet::new();
    for seed in 0..3 {
        let limits = process(store, clock, true);
        let server = Arc::clone(&server);
        processes.spawn(async move {
            let (mut rng, (route, key)) = (Rng::with_seed(seed), route());
            for _ in 0..each {
                let taken = limits.take(&route, &key, far()).await.expect("in time");
                let headers = server.answer(&mut rng).await;
                limits.answered(taken.as_ref(), &headers).await;
            }
        });
    }
    processes.join_all().await;
    server
}

#[tokio::test(start_paused = true)]
async fn of_three_processes_none_overdraws_a_bucket() {
    let begun = Instant::now();
    let server = hammer(&Arc::default(), 20).await;
    let came = lock(&server.came);
    assert_eq!(came.len(), 60);
    let refused = came.iter().filter(|(_, is_refused)| *is_refused).count();
    assert_eq!(refused, 0, "{came:?}");
    // Twelve windows of two seconds are the least.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(40), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn of_three_processes_no_second_has_more_than_the_bots_rate() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let begun = Instant::now();
    let times = Arc::new(Mutex::new(Vec::new()));
    let mut processes = JoinSet::new();
    for _ in 0..3 {
        let (limits, times) = (process(&store, clock, true), Arc::clone(&times));
        processes.spawn(async move {
            let route = Route::of(&Method::GET, "users/@me/guilds");
            let free = Response::builder().body(Bytes::new()).expect("a response");
            let key = Key {
                bucket: route.template.as_str().into(),
                top: String::new(),
            };
            for _ in 0..100 {
                let taken = limits.take(&route, &key, far()).await.expect("in time");
                lock(&times).push(Instant::now());
                let headers = RateLimitHeaders::of(&free);
                limits.answered(taken.as_ref(), &headers).await;
            }
        });
    }
    processes.join_all().await;
    let mut times = lock(&times);
    times.sort();
    assert_eq!(times.len(), 300);
    for (index, first) in times.iter().enumerate() {
        let end = *first + Duration::from_secs(1);
        let count = times[index..].iter().take_while(|at| **at < end).count();
        assert!(count <= 50, "{count} in a second");
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(12), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_a_process_has_its_own_share_and_is_not_blocked() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let limits = process(&store, clock, true);
    store.fails.store(true, Ordering::Relaxed);
    let (route, key) = route();
    let begun = Instant::now();
    for _ in 0..50 {
        let taken = limits.take(&route, &key, far()).await.expect("in time");
        assert!(taken.is_none());
    }
    let took = begun.elapsed();
    // Two processes are taken for granted: half of the rate.
    let (least, most) = (Duration::from_millis(1900), Duration::from_millis(2600));
    assert!(least < took && took < most, "{took:?}");
    let reads = store.reads.load(Ordering::Relaxed);
    assert_eq!(reads, 1, "it is not asked again at once");
    // It comes back.
    store.fails.store(false, Ordering::Relaxed);
    sleep(ALONE).await;
    let taken = limits.take(&route, &key, far()).await.expect("in time");
    assert!(taken.is_some());
}

/// A burst of requests; gives what each has, and the seconds that all of them took.
async fn burst(limits: &SharedLimits) -> (Vec<bool>, u64) {
    let (route, key) = route();
    let start = Instant::now();
    let places = (0..5).map(|_| limits.take(&route, &key, far()));
    let taken = futures_util::future::join_all(places).await;
    let taken = taken.into_iter().map(|it| it.expect("in time").is_some());
    (taken.collect(), start.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn a_store_has_time_to_open_once() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let limits = process(&store, clock, true);
    store.slow.store(8, Ordering::Relaxed);
    let opened = async {
        sleep(Duration::from_secs(7)).await;
        store.slow.store(0, Ordering::Relaxed);
    };
    let (route, key) = route();
    let (taken, ()) = tokio::join!(limits.take(&route, &key, far()), opened);
    assert!(
        taken.expect("in time").is_some(),
        "it counts with the others"
    );
    store.slow.store(8, Ordering::Relaxed);
    let (taken, seconds) = burst(&limits).await;
    assert_eq!(
        (taken, seconds),
        (vec![false; 5], 2),
        "afterwards it has less"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_opens_holds_a_burst_up_once() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let limits = process(&store, clock, true);
    store.slow.store(3600, Ordering::Relaxed);
    assert_eq!(burst(&limits).await, (vec![false; 5], 10));
    assert_eq!(store.reads.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_process_alone_asks_no_store() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let limits = process(&store, clock, false);
    let (route, key) = route();
    let taken = limits.take(&route, &key, far()).await.expect("in time");
    assert!(taken.is_none());
    assert_eq!(store.reads.load(Ordering::Relaxed), 0);
    limits.heard();
    let taken = limits.take(&route, &key, far()).await.expect("in time");
    assert!(taken.is_some());
    sleep(TOGETHER).await;
    let before = store.reads.load(Ordering::Relaxed);
    limits.take(&route, &key, far()).await.expect("in time");
    assert_eq!(store.reads.load(Ordering::Relaxed), before, "they are gone");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_all_processes_count_together() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let (one, other) = (process(&store, clock, true), process(&store, clock, true));
    let (route, key) = route();
    let refused = Response::builder().status(403);
    let refused = RateLimitHeaders::of(&refused.body(Bytes::new()).expect("a response"));
    one.answered(None, &refused).await;
    {
        let mut values = store.values();
        let (_, value) = values.values_mut().next().expect("the common value");
        let mut global: Global = serde_json::from_slice(value).expect("the same shape");
        assert_eq!(global.refused.values().sum::<u32>(), 1);
        *global.refused.values_mut().next().expect("this minute") = MOST_REFUSALS;
        *value = serde_json::to_vec(&global).expect("plain data").into();
    }
    let error = other.take(&route, &key, far()).await.expect_err("too many");
    assert!(
        matches!(error, RequestError::TooManyRefusals { .. }),
        "{error}"
    );
    // They are forgotten after ten minutes.
    sleep(Duration::from_secs(12 * 60)).await;
    other.take(&route, &key, far()).await.expect("in time");
}

/// An answer that names this bucket, with the rest of a window of 5.
fn named(bucket: &str, remaining: u32) -> RateLimitHeaders {
    let response = Response::builder()
        .header("x-ratelimit-bucket", bucket)
        .header("x-ratelimit-limit", 5)
        .header("x-ratelimit-remaining", remaining)
        .header("x-ratelimit-reset-after", "1.000");
    RateLimitHeaders::of(&response.body(Bytes::new()).expect("a response"))
}

#[tokio::test(start_paused = true)]
async fn a_route_whose_bucket_changes_to_and_fro_is_never_blocked() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let (one, other) = (process(&store, clock, true), process(&store, clock, true));
    let (route, unknown) = route();
    for turn in 0..40 {
        let limits = if turn % 3 == 0 { &other } else { &one };
        // A process that knows the bucket begins there, and one that does not begins at its route.
        let known = |bucket: &str| Key {
            bucket: bucket.into(),
            top: route.top.clone(),
        };
        let key = match turn % 4 {
            0 | 1 => unknown.clone(),
            2 => known("aaaa"),
            _ => known("bbbb"),
        };
        let taking = limits.take(&route, &key, far());
        let taken = tokio::time::timeout(Duration::from_secs(60), taking).await;
        let taken = taken.expect("it ends").expect("in time");
        let bucket = if turn % 5 < 2 { "aaaa" } else { "bbbb" };
        limits.answered(taken.as_ref(), &named(bucket, 4)).await;
    }
    // What is left of it: no request is counted as on its way.
    let values = store.values();
    for (_, value) in values.values() {
        let Ok(window) = serde_json::from_slice::<Window>(value) else {
            continue;
        };
        assert_eq!(window.flying, 0, "{window:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn buckets_that_an_earlier_version_led_to_one_another_are_left() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let limits = process(&store, clock, true);
    let (route, unknown) = route();
    for (from, to) in [
        (&*unknown.bucket, "aaaa"),
        ("aaaa", "bbbb"),
        ("bbbb", "aaaa"),
    ] {
        let window = Window {
            bucket: Some(to.into()),
            number: 1,
            ..Window::default()
        };
        let value = serde_json::to_vec(&window).expect("plain data");
        let name = limits.bucket(from, &unknown.top);
        store.values().insert(name, (1, value.into()));
    }
    let taking = limits.take(&route, &unknown, far());
    let taken = tokio::time::timeout(Duration::from_secs(60), taking).await;
    assert!(taken.expect("it ends").expect("in time").is_some());
}

#[test]
fn a_lost_process_blocks_no_bucket_for_good() {
    let mut window = Window {
        limit: Some(2),
        number: 1,
        ..Window::default()
    };
    assert_eq!(window.take(0), Told::Go);
    assert_eq!(window.take(0), Told::Go);
    // No answer comes to either.
    assert_eq!(window.take(1), Told::Soon);
    let end = window.ends;
    assert_eq!(window.take(end), Told::Soon, "both may arrive yet");
    assert_eq!(window.take(end + milliseconds(PROBE)), Told::Go);
}
