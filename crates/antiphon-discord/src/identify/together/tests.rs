//! Several processes with one store, and a gateway that counts.

use std::{collections::BTreeMap, sync::Mutex, sync::atomic::Ordering::Relaxed};

use antiphon_core::{Clock, Secret, SharedValues};
use tokio::task::JoinSet;

use super::*;
use crate::shared::{ALONE, lock, testing::Store};

/// Within which two identifies of a bucket are refused.
const WINDOW: Duration = Duration::from_secs(5);
const LIFE: Duration = Duration::from_secs(30);

fn clock() -> Clock {
    Clock::starting_at("2026-01-01T00:00:00Z".parse().expect("a time"))
}

/// A process, with the task that tells the others.
fn process(store: &Arc<Store>, clock: Clock, tasks: &mut JoinSet<()>) -> Arc<Together> {
    let values: Arc<dyn SharedValues> = Arc::<Store>::clone(store);
    let store = SharedStore::new(values, &Secret::new("t0"), clock);
    let (together, mut ended) = Together::new(Arc::new(store), 3);
    tasks.spawn(async move { ended.tell().await });
    Arc::new(together)
}

async fn take(process: &Together, bucket: u32) -> Option<SharedTurn> {
    process.take(bucket, LIFE, |_| {}).await
}

/// When each identify of a bucket came.
type Came = Arc<Mutex<BTreeMap<u32, Vec<Instant>>>>;

fn note(came: &Came, bucket: u32) {
    lock(came).entry(bucket).or_default().push(Instant::now());
}

/// The shortest time between two identifies of a bucket.
fn closest(came: &Came) -> Duration {
    let came = lock(came);
    let pairs = came.values().flat_map(|times| times.windows(2));
    pairs.map(|pair| pair[1] - pair[0]).min().expect("some")
}

#[tokio::test(start_paused = true)]
async fn of_three_processes_none_identifies_within_five_seconds_of_another() {
    let (store, clock, came) = (Arc::<Store>::default(), clock(), Came::default());
    let (mut tellers, mut shards, begun) = (JoinSet::new(), JoinSet::new(), Instant::now());
    for seed in 0..3 {
        let process = process(&store, clock, &mut tellers);
        for bucket in 0..2 {
            let (process, came) = (Arc::clone(&process), Arc::clone(&came));
            shards.spawn(async move {
                let mut rng = Rng::with_seed(seed * 2 + u64::from(bucket));
                for _ in 0..4 {
                    let turn = take(&process, bucket).await.expect("the store is there");
                    // Until the server has greeted.
                    sleep(Duration::from_millis(rng.u64(1..2_000))).await;
                    note(&came, bucket);
                    turn.used();
                }
            });
        }
    }
    shards.join_all().await;
    assert_eq!(
        lock(&came).values().map(Vec::len).collect::<Vec<_>>(),
        [12, 12]
    );
    assert!(closest(&came) >= WINDOW, "{:?}", closest(&came));
    // Each waits for those before it, for its own greeting, and until it has looked again.
    let took = begun.elapsed();
    assert!(
        took < 12 * (APART + Duration::from_secs(2) + 2 * AGAIN),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_holds_its_bucket_until_its_turn_is_over() {
    let (store, clock, mut tellers) = (Arc::<Store>::default(), clock(), JoinSet::new());
    let (one, other) = (
        process(&store, clock, &mut tellers),
        process(&store, clock, &mut tellers),
    );
    let begun = Instant::now();
    // It can tell nobody any more, and may have identified until the end of its turn.
    std::mem::forget(take(&one, 0).await.expect("the store is there"));
    let turn = take(&other, 0).await.expect("the store is there");
    assert!(begun.elapsed() >= LIFE + WINDOW, "{:?}", begun.elapsed());
    assert!(begun.elapsed() < LIFE + APART + Duration::from_secs(1));
    // What the killed one says afterwards, as if it had been stopped alone, ends no turn of another one.
    let late = SharedTurn {
        bucket: 0,
        turn: format!("{}.0", one.process),
        taken_at: begun,
        store: Arc::clone(&one.store),
        ended: Some(one.ended.clone()),
    };
    drop(late);
    let begun = Instant::now();
    let waits = async {
        let _turn = take(&one, 0).await.expect("the store is there");
        begun.elapsed()
    };
    let uses = async {
        sleep(Duration::from_secs(3)).await;
        turn.used();
    };
    let (waited, ()) = tokio::join!(waits, uses);
    assert!(waited >= Duration::from_secs(3) + WINDOW, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_given_back_is_free_at_once_also_for_whoever_gave_up_waiting() {
    let (store, clock, mut tellers) = (Arc::<Store>::default(), clock(), JoinSet::new());
    let (one, other) = (
        process(&store, clock, &mut tellers),
        process(&store, clock, &mut tellers),
    );
    let begun = Instant::now();
    drop(take(&one, 0).await.expect("the store is there"));
    // Cut off at any moment of asking, it leaves nothing behind.
    for millis in 0..5 {
        drop(timeout(Duration::from_millis(millis), take(&one, 0)).await);
    }
    take(&other, 0).await.expect("the store is there").used();
    assert!(begun.elapsed() < WINDOW, "{:?}", begun.elapsed());
    // A bucket of its own is free.
    take(&one, 1).await.expect("the store is there").used();
    assert!(begun.elapsed() < WINDOW, "{:?}", begun.elapsed());
    take(&one, 0).await.expect("the store is there").used();
    assert!(begun.elapsed() >= WINDOW);
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_nobody_is_held_up_and_others_have_their_share() {
    let (store, clock, mut tellers) = (Arc::<Store>::default(), clock(), JoinSet::new());
    let one = process(&store, clock, &mut tellers);
    assert_eq!(one.spacing_alone(), SPACING * 3);
    store.fails.store(true, Relaxed);
    let begun = Instant::now();
    assert!(take(&one, 0).await.is_none());
    assert!(
        take(&one, 1).await.is_none(),
        "it is not asked again at once"
    );
    assert_eq!(store.reads.load(Relaxed), 1);
    assert!(begun.elapsed() < Duration::from_secs(1));
    // One that does not answer costs ten seconds, once.
    store.fails.store(false, Relaxed);
    store.slow.store(3600, Relaxed);
    sleep(ALONE).await;
    let begun = Instant::now();
    assert!(take(&one, 0).await.is_none());
    assert_eq!(begun.elapsed().as_secs(), 10);
    store.slow.store(0, Relaxed);
    sleep(ALONE).await;
    take(&one, 0).await.expect("it is back").used();
    // While others could not be told that a turn was used, it ends by itself.
    let begun = Instant::now();
    let turn = take(&one, 1).await.expect("the store is there");
    store.fails.store(true, Relaxed);
    turn.used();
    sleep(Duration::from_secs(1)).await;
    store.fails.store(false, Relaxed);
    sleep(ALONE).await;
    let other = process(&store, clock, &mut tellers);
    take(&other, 1).await.expect("the store is there").used();
    assert!(begun.elapsed() >= LIFE + WINDOW, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_teller_that_is_cut_off_loses_no_turn() {
    let (store, clock) = (Arc::<Store>::default(), clock());
    let values: Arc<dyn SharedValues> = Arc::<Store>::clone(&store);
    let shared = Arc::new(SharedStore::new(values, &Secret::new("t0"), clock));
    let (one, mut ended) = Together::new(Arc::clone(&shared), 2);
    for bucket in 0..20 {
        take(&one, bucket).await.expect("the store is there").used();
        // A call of the store takes two milliseconds.
        for _ in 0..3 {
            drop(timeout(Duration::from_millis(1), ended.tell()).await);
        }
    }
    ended.tell_rest().await;
    let kept: Vec<Bucket> = store
        .values()
        .values()
        .map(|(_, value)| serde_json::from_slice(value).expect("a bucket"))
        .collect();
    assert_eq!(kept.len(), 20);
    assert!(kept.iter().all(|bucket| bucket.turn.is_none()), "{kept:?}");
}

#[test]
fn what_another_version_or_a_wrong_clock_wrote_holds_nobody_for_longer_than_a_turn() {
    let bucket: Bucket = serde_json::from_str(r#"{"free": 7, "later": true}"#).expect("a bucket");
    assert_eq!(
        bucket,
        Bucket {
            free: 7,
            turn: None
        }
    );
    let most = milliseconds(LONGEST_LIFE + APART);
    let mut far = Bucket {
        free: i64::MAX,
        turn: Some("x.1".into()),
    };
    assert_eq!(far.take("y.1", 0, milliseconds(LIFE)), Told::Taken);
    assert_eq!(far.free, milliseconds(LIFE + APART));
    let mut edge = Bucket {
        free: most,
        turn: None,
    };
    assert_eq!(edge.take("y.1", 0, milliseconds(LIFE)), Told::In(most));
}
