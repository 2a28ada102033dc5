//! Signs of life of the two tasks on which an app's progress rests: the committer and the head.
//!
//! Both may wait for hours while nothing happens, so that silence alone says nothing. A watchdog asks
//! ([`Pulse::beat`]); a task that comes round answers ([`Turn`]), and one that is stuck does not.

use tokio::sync::watch;

/// Asks both tasks to come round.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// Number of questions so far.
    asked: watch::Sender<u64>,
    /// Last question that the committer has answered.
    committer: watch::Sender<u64>,
    /// Last question that the head has answered.
    head: watch::Sender<u64>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self {
            asked: watch::Sender::new(0),
            committer: watch::Sender::new(0),
            head: watch::Sender::new(0),
        }
    }

    /// The committer's end.
    pub(crate) fn committer(&self) -> Turn {
        self.turn(&self.committer)
    }

    /// The head's end.
    pub(crate) fn head(&self) -> Turn {
        self.turn(&self.head)
    }

    fn turn(&self, answered: &watch::Sender<u64>) -> Turn {
        let mut asked = self.asked.subscribe();
        // A question of before is answered as well.
        asked.mark_changed();
        Turn {
            asked,
            answered: answered.clone(),
        }
    }

    /// Waits until both tasks have come round since the call.
    pub(crate) async fn beat(&self) {
        let (mut committer, mut head) = (self.committer.subscribe(), self.head.subscribe());
        let mut number = 0;
        self.asked.send_modify(|asked| {
            *asked += 1;
            number = *asked;
        });
        // Their senders are part of `self`, so that waiting cannot fail.
        let _ = committer.wait_for(|answered| *answered >= number).await;
        let _ = head.wait_for(|answered| *answered >= number).await;
    }
}

/// The end of one task.
#[derive(Debug)]
pub(crate) struct Turn {
    asked: watch::Receiver<u64>,
    answered: watch::Sender<u64>,
}

impl Turn {
    /// Answers, if there is a question.
    pub(crate) fn answer(&mut self) {
        if self.asked.has_changed().unwrap_or(false) {
            self.answered.send_replace(*self.asked.borrow_and_update());
        }
    }

    /// Waits for a question and answers it; it is safe to cancel.
    pub(crate) async fn asked(&mut self) {
        match self.asked.changed().await {
            Ok(()) => {
                self.answered.send_replace(*self.asked.borrow_and_update());
            }
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Poll};

    use super::*;

    #[tokio::test]
    async fn a_beat_ends_when_both_tasks_have_come_round() {
        let pulse = Pulse::new();
        let (mut committer, mut head) = (pulse.committer(), pulse.head());
        let mut beat = pin!(pulse.beat());
        let mut is_over =
            async || poll_fn(|context| Poll::Ready(beat.as_mut().poll(context).is_ready())).await;
        assert!(!is_over().await);
        committer.answer();
        assert!(!is_over().await, "the head is stuck");
        head.asked().await;
        assert!(is_over().await);
    }
}
