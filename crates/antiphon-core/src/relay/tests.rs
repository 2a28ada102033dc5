//! A relay within one process, which can lose, hold and repeat what it carries.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::sleep;

use super::*;

/// Hands messages to a desk, after a wait, and loses answers where it is told to.
#[derive(Debug, Default)]
struct Line {
    desk: Mutex<Option<Arc<Desk>>>,
    /// How long each command is held up on its way.
    held: Mutex<Duration>,
    loses_answers: Mutex<bool>,
}

impl Line {
    fn to(desk: &Arc<Desk>) -> Arc<Self> {
        let line = Self::default();
        line.connect(desk);
        Arc::new(line)
    }

    fn connect(&self, desk: &Arc<Desk>) {
        *self.desk.lock().expect("unpoisoned") = Some(Arc::clone(desk));
    }

    fn remote(self: &Arc<Self>, within: u64) -> Remote {
        let relay: Arc<dyn Relay> = Arc::<Self>::clone(self);
        Remote::new(relay, "choir".into(), Duration::from_secs(within))
    }
}

impl Relay for Line {
    fn send<'a>(
        &'a self,
        _: Option<&'a str>,
        message: Bytes,
        _: Duration,
    ) -> BoxFuture<'a, Result<Bytes, RelayError>> {
        Box::pin(async move {
            let desk = self.desk.lock().expect("unpoisoned").clone();
            let desk = desk.ok_or(RelayError::NobodyServes)?;
            let (held, loses) = {
                let held = *self.held.lock().expect("unpoisoned");
                (held, *self.loses_answers.lock().expect("unpoisoned"))
            };
            let is_command = message[0] == COMMAND;
            // Like a message of a network: it goes on its way although nobody waits for it any more.
            #[expect(clippy::disallowed_methods, reason = "a test")]
            let answer = tokio::spawn(async move {
                if is_command {
                    sleep(held).await;
                }
                desk.answer(message).await
            });
            let answer = answer.await.expect("it does not panic");
            if is_command && loses {
                return Err(RelayError::Lost);
            }
            Ok(answer)
        })
    }

    fn serve(&self, desk: Arc<Desk>) -> BoxFuture<'_, BoxError> {
        self.connect(&desk);
        Box::pin(std::future::pending())
    }
}

/// A desk whose source counts what it begins, and takes as many seconds as the command says.
fn counting() -> (Arc<Desk>, Arc<AtomicU64>) {
    let (desk, begun) = (Arc::new(Desk::new()), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&begun);
    let serve: Serve = Arc::new(move |body| {
        let count = Arc::clone(&count);
        Box::pin(async move {
            count.fetch_add(1, Ordering::Relaxed);
            let seconds: u64 = Remote::read(&body)?;
            sleep(Duration::from_secs(seconds)).await;
            Ok(Remote::answer(&seconds, b"amen"))
        })
    });
    desk.add("choir".into(), serve);
    (desk, begun)
}

#[tokio::test(start_paused = true)]
async fn a_command_is_carried_out_and_its_answer_comes_back() {
    let (desk, begun) = counting();
    let remote = Line::to(&desk).remote(10);
    assert_eq!(
        remote.call::<u64>(&3).await,
        Ok((3, Bytes::from_static(b"amen")))
    );
    let other = remote.to("organ".into());
    assert_eq!(other.call::<u64>(&3).await, Err(RelayError::NoSuchSource));
    assert_eq!(remote.call::<u64>(&"word").await, Err(RelayError::Unknown));
    assert_eq!(begun.load(Ordering::Relaxed), 2);
    desk.remove(&"choir".into());
    assert_eq!(remote.call::<u64>(&0).await, Err(RelayError::NoSuchSource));
}

#[tokio::test(start_paused = true)]
async fn nobody_serves_is_told_at_once_and_another_process_is_found() {
    let line = Arc::new(Line::default());
    let remote = line.remote(10);
    assert_eq!(remote.call::<u64>(&0).await, Err(RelayError::NobodyServes));
    let ((first, begun), (second, begun_second)) = (counting(), counting());
    line.connect(&first);
    assert_eq!(remote.call::<u64>(&0).await.map(|(said, _)| said), Ok(0));
    // Another process has taken the sources over: the greeting of the first is worth nothing.
    line.connect(&second);
    assert_eq!(remote.call::<u64>(&0).await.map(|(said, _)| said), Ok(0));
    let counts = (
        begun.load(Ordering::Relaxed),
        begun_second.load(Ordering::Relaxed),
    );
    assert_eq!(counts, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_was_held_up_beyond_its_time_is_never_begun() {
    let (desk, begun) = counting();
    let line = Line::to(&desk);
    let remote = line.remote(10);
    assert_eq!(remote.call::<u64>(&0).await.map(|(said, _)| said), Ok(0));
    *line.held.lock().expect("unpoisoned") = Duration::from_secs(11);
    assert_eq!(remote.call::<u64>(&0).await, Err(RelayError::Expired));
    *line.held.lock().expect("unpoisoned") = Duration::from_secs(60);
    let error = remote.call::<u64>(&0).await.expect_err("it is late");
    assert_eq!(error, RelayError::TimedOut(Duration::from_secs(10)));
    sleep(Duration::from_secs(120)).await;
    assert_eq!(begun.load(Ordering::Relaxed), 1, "neither was begun");
}

#[tokio::test(start_paused = true)]
async fn a_command_ends_with_its_time_and_may_have_been_carried_out() {
    let (desk, begun) = counting();
    let remote = Line::to(&desk).remote(10);
    let error = remote.call::<u64>(&30).await.expect_err("it takes longer");
    assert_eq!(error, RelayError::TimedOut(Duration::from_secs(10)));
    assert!(error.may_have_arrived());
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_nothing_happen_twice() {
    let (desk, begun) = counting();
    let line = Line::to(&desk);
    *line.loses_answers.lock().expect("unpoisoned") = true;
    let error = line.remote(10).call::<u64>(&0).await.expect_err("lost");
    assert_eq!(error, RelayError::Lost);
    assert!(error.may_have_arrived() && error.is_transient());
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn commands_are_bounded_in_bytes_and_in_number() {
    let (desk, begun) = counting();
    let remote = Line::to(&desk).remote(10);
    let error = remote.ask(vec![b' '; MOST_BYTES + 1].into()).await;
    let most = MOST_BYTES;
    let bytes = MOST_BYTES + 1;
    assert_eq!(error, Err(RelayError::TooLarge { bytes, most }));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..=UNDER_WAY {
        let remote = remote.clone();
        calls.spawn(async move { remote.call::<u64>(&1).await.map(drop) });
    }
    let outcomes = calls.join_all().await;
    let busy = outcomes.iter().filter(|one| **one == Err(RelayError::Busy));
    assert_eq!(busy.count(), 1);
    assert_eq!(begun.load(Ordering::Relaxed), UNDER_WAY as u64);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_none_is_answered_and_begins_nothing() {
    let (desk, begun) = counting();
    for message in [&b""[..], b"c", b"c{}\n", b"c{\n", b"x", b"hh", b"c\xff\n"] {
        let answer = desk.answer(Bytes::from_static(message)).await;
        let (outcome, _): (Outcome, _) = parts(ANSWER, answer).expect("an answer");
        assert!(
            matches!(outcome, Outcome::Failed(RelayError::Unknown)),
            "{message:?}"
        );
    }
    assert_eq!(begun.load(Ordering::Relaxed), 0);
}
