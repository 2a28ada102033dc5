//! Deadlines: answers that are awaited, and work that is planned.
//!
//! The loop asks for the earliest deadline and calls back when it has passed. Two kinds are told apart: a deadline of
//! an *answer* (greeting, pong, action 11) stands still while nothing is read, because the answer may wait unread;
//! *planned work* (pings, requests, tries) goes on.

use tokio::time::Instant;

use super::{
    ANSWER_WITHIN, Cut, JOIN_RETRY, Moment, Phase, Session, Task, attach::ATTACH_TRIES,
    channel::Attachment,
};
use crate::error::JoinError;

impl Session {
    /// Notes whether reading stops or goes on; deadlines of answers stand still in between.
    ///
    /// Called before [`Session::deadline`].
    pub(crate) fn note_pause(&mut self, now: Moment) {
        match (self.is_paused(), self.paused_at) {
            (true, None) => {
                self.paused_at = Some(now.at);
                self.connection.fall_behind(now);
            }
            (false, Some(since)) => {
                self.paused_at = None;
                let pause = now.at.saturating_duration_since(since);
                if let Phase::Greeting { by } = &mut self.phase {
                    *by += pause;
                }
                if let Some(heartbeat) = &mut self.connection.heartbeat {
                    heartbeat.extend(pause);
                }
                for channel in self.channels.values_mut() {
                    if let Attachment::Asked { by, .. } = &mut channel.attachment {
                        *by += pause;
                    }
                }
            }
            _ => {}
        }
    }

    /// Time of the next call of [`Session::on_deadline`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let paused = self.paused_at.is_some();
        // The deadline of an answer stands still while nothing is read.
        let answer = |at: Instant| (!paused).then_some(at);
        let phase = match &self.phase {
            Phase::Waiting { until } => Some(*until),
            Phase::Greeting { by } => answer(*by),
            Phase::Idle | Phase::Opening | Phase::Open | Phase::Stopped => None,
        };
        let heartbeat = self.connection.heartbeat.as_ref();
        let is_open = matches!(self.phase, Phase::Open);
        let channels = self.channels.values().flat_map(|channel| {
            let attach = match channel.attachment {
                Attachment::Asked { by, .. } => answer(by),
                _ => None,
            };
            let hold = channel.hold.as_ref().map(|hold| hold.until);
            let room = channel.room.as_ref().filter(|_| is_open);
            let planned = room.map(|room| {
                let again = [room.leave_at, room.rejoin_at, room.retry_at];
                again.into_iter().chain([room.queue_at, room.active_at])
            });
            let planned = planned.into_iter().flatten().flatten();
            attach.into_iter().chain(hold).chain(planned)
        });
        phase
            .into_iter()
            .chain(heartbeat.and_then(|it| it.deadline(paused)))
            .chain(channels)
            .chain(self.joins.deadline())
            .min()
    }

    /// Queues the pings and requests that are due, and handles answers that did not come in time.
    ///
    /// # Errors
    /// The socket has to be closed.
    pub(crate) fn on_deadline(&mut self, now: Moment) -> Result<(), Cut> {
        let paused = self.paused_at.is_some();
        match self.phase {
            Phase::Waiting { until } if until <= now.at => self.start(),
            Phase::Greeting { by } if by <= now.at && !paused => {
                return Err(Cut("the server did not greet in time".into()));
            }
            _ => {}
        }
        if let Some(heartbeat) = &mut self.connection.heartbeat
            && heartbeat.beat(paused, now)?
        {
            self.replies.push_back("2".into());
        }
        for name in self.channel_names() {
            self.on_channel_deadline(&name, now)?;
        }
        self.tasks.extend(self.joins.due(now));
        self.leave_unlisted_again(now);
        Ok(())
    }

    /// Handles the deadlines of one channel.
    fn on_channel_deadline(&mut self, name: &str, now: Moment) -> Result<(), Cut> {
        let Some(channel) = self.channels.get_mut(name) else {
            return Ok(());
        };
        let hold = channel.hold.as_ref();
        if hold.is_some_and(|hold| hold.until <= now.at) {
            tracing::warn!(channel = name, "history did not come in time");
            self.release(name, None, now);
            return Ok(());
        }
        if let Attachment::Asked { by, tries } = channel.attachment
            && by <= now.at
            && self.paused_at.is_none()
        {
            return self.on_not_attached(name, tries, now);
        }
        if matches!(self.phase, Phase::Open) {
            self.room_tasks(name, now);
        }
        Ok(())
    }

    /// Asks for a channel once more, or gives it up: a room alone, or the socket if it may be at fault.
    fn on_not_attached(&mut self, name: &str, tries: u8, now: Moment) -> Result<(), Cut> {
        if tries < ATTACH_TRIES {
            self.ask(name, tries + 1, now);
            return Ok(());
        }
        let works = self.is_own_channel_attached();
        let Some(channel) = self.channels.get_mut(name) else {
            return Ok(());
        };
        if let Some(room) = &mut channel.room {
            room.answer(|| Err(JoinError::TimedOut(ANSWER_WITHIN)));
        }
        if !works || channel.room.is_none() {
            return Err(Cut(format!("the server did not attach `{name}`")));
        }
        channel.attachment = Attachment::No;
        self.try_later(name, JOIN_RETRY, "the server did not attach the room", now);
        Ok(())
    }

    /// Queues the requests of a room that are due.
    fn room_tasks(&mut self, name: &str, now: Moment) {
        let epoch = self.connection.epoch;
        let history = self.rules.backfill > 0;
        let Some(room) = self.channels.get_mut(name).and_then(|it| it.room.as_mut()) else {
            return;
        };
        let due = |at: &mut Option<Instant>| at.take_if(|at| *at <= now.at).is_some();
        if due(&mut room.rejoin_at) {
            self.tasks.push_back(Task::Post {
                room: room.id.clone(),
                slug: room.slug.clone(),
            });
        }
        if due(&mut room.retry_at) {
            self.tasks.push_back(room.rejoin(epoch, history));
        }
        if due(&mut room.queue_at) {
            self.tasks.push_back(Task::Queue {
                room: room.id.clone(),
            });
        }
        if due(&mut room.active_at) {
            self.tasks.push_back(Task::Active {
                room: room.id.clone(),
                updates: room.updates,
            });
        }
    }
}
