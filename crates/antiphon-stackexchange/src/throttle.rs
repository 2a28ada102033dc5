//! The pace of one account's writes: waits as long as the server asks, to the second (protocol §10).
//!
//! The server's formula is not known (a fit is in §10, and waits of up to 40 s were seen:
//! [MSE 371147](https://meta.stackexchange.com/q/371147)); it grows with an account's recent messages, in all rooms
//! together. So nothing is guessed: writes go out one after another, 100 ms apart, and when one is answered with a
//! wait, it and all behind it wait that long. The turn is a lock that is held over the request, so that the order of
//! the calls is the order of the messages. Beyond `Config::max_queued_requests` waiting writes the next one fails at
//! once with `RequestError::Busy`.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, sleep_until},
};

use crate::error::RequestError;

/// The shortest pause between two writes.
///
/// One other client keeps the same (protocol §10, *Retry*).
const BETWEEN: Duration = Duration::from_millis(100);
/// The wait for an answer that names no seconds.
///
/// As long as a maintained Java bot waits.
const UNSAID: Duration = Duration::from_secs(5);
/// The longest wait that is obeyed: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Gives writes their turn, one after another: the limit is the account's, in all rooms together.
#[derive(Debug)]
pub(crate) struct Throttle {
    /// When the next write may go out; absent before the first. The lock is the turn.
    next: Mutex<Option<Instant>>,
    /// Writes that wait, and the one that has its turn.
    waiting: AtomicUsize,
    /// Writes that may wait beside the one that has its turn.
    most: usize,
}

/// The turn of one write; other writes wait until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    next: MutexGuard<'a, Option<Instant>>,
    _place: Place<'a>,
}

/// A place among the writes that wait; it is given up when dropped.
#[derive(Debug)]
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Throttle {
    /// A throttle at which `most` writes may wait.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            next: Mutex::new(None),
            waiting: AtomicUsize::new(0),
            most,
        }
    }

    /// Waits for the turn, in the order of the calls.
    ///
    /// # Errors
    /// [`RequestError::Busy`] if too many writes wait already.
    pub(crate) async fn turn(&self) -> Result<Turn<'_>, RequestError> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.waiting);
        if waiting > self.most {
            return Err(RequestError::Busy(waiting));
        }
        Ok(Turn {
            next: self.next.lock().await,
            _place: place,
        })
    }
}

impl Turn<'_> {
    /// Waits until a write may go out, and counts it.
    pub(crate) async fn begin(&mut self) {
        if let Some(at) = *self.next {
            sleep_until(at).await;
        }
        *self.next = Some(Instant::now() + BETWEEN);
    }

    /// Notes that the server asked to wait.
    pub(crate) fn asked(&mut self, wait: Duration) {
        *self.next = Some(Instant::now() + wait);
    }
}

/// Reads how long a 409 asks to wait: `You can perform this action again in 4 seconds.`, also as a JSON text.
///
/// A unit other than seconds, as in `1 minute`, is not obeyed to the letter: the wait is `UNSAID`, and the next answer
/// asks again.
pub(crate) fn wait_in(text: &str) -> Duration {
    let seconds = text
        .to_ascii_lowercase()
        .split_once("again in ")
        .and_then(|(_, rest)| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let unit = rest[digits.len()..].trim_start();
            unit.starts_with("second").then(|| digits.parse().ok())?
        });
    seconds.map_or(UNSAID, Duration::from_secs).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, seconds: u64) {
        assert_eq!(wait_in(text), Duration::from_secs(seconds));
    }

    #[test]
    fn every_spelling_of_the_wait_is_read() {
        check("You can perform this action again in 4 seconds.", 4);
        check("You can perform this action again in 1 second", 1);
        check("\"You can perform this action again in 12 second(s)\"", 12);
        check("<html>Conflict</html>", 5);
        check("again in 99999999999999999999999 seconds", 5);
        check("again in 999999999 seconds", 86_400);
    }

    #[tokio::test(start_paused = true)]
    async fn writes_go_one_after_another_and_wait_as_asked() {
        let throttle = Throttle::new(8);
        let start = Instant::now();
        let mut turn = throttle.turn().await.expect("room");
        turn.begin().await;
        turn.asked(Duration::from_secs(4));
        drop(turn);
        throttle.turn().await.expect("room").begin().await;
        assert_eq!(start.elapsed().as_secs(), 4);
        throttle.turn().await.expect("room").begin().await;
        assert_eq!(start.elapsed().as_millis(), 4_100);
    }

    #[tokio::test(start_paused = true)]
    async fn more_writers_than_may_wait_are_told_so() {
        let throttle = Throttle::new(1);
        let _first = throttle.turn().await.expect("room");
        let (second, third) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(1), throttle.turn()),
            throttle.turn(),
        );
        assert!(second.is_err(), "the first still has the turn");
        assert!(matches!(third, Err(RequestError::Busy(2))));
    }
}
