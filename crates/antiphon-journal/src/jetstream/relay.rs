//! Commands of consumers' processes, as requests beside the stream.
//!
//! The process that runs the sources hears two subjects: `antiphon-relay.NAME`, on which it is greeted, and
//! `antiphon-relay.NAME.NONCE`, on which commands for it alone come. A process that takes over has another nonce, so that
//! two of them never carry out the same command, and the server says at once that nobody hears the former one's.
//!
//! A command that is larger than a message comes in parts ([`super::parts`]), and so does an answer; its last part says
//! that it is. The server keeps none of them.

use std::{sync::Arc, time::Duration};

use antiphon_core::{BoxError, BoxFuture, Desk, Relay, RelayError};
use async_nats::{HeaderMap, Message, StatusCode, Subject, connection::State};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream::select};
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    parts::{PART, Parts, Sender},
    server::{Failure, Link},
};

/// On the last part of an answer.
const LAST: &str = "Antiphon-Last";
/// Commands that are taken from the server at a time; more are answered as too many.
const TAKEN: usize = 512;
/// Pause before the subjects are subscribed to again, should the connection have ended them.
const AGAIN: Duration = Duration::from_millis(500);

/// The way of commands over the server.
#[derive(Debug)]
pub(super) struct Requests {
    link: Arc<Link>,
    sender: Sender,
    /// Held by the desk that is served.
    turn: Mutex<()>,
}

impl Requests {
    pub(super) fn new(link: Arc<Link>) -> Arc<Self> {
        Arc::new(Self {
            link,
            sender: Sender::new(),
            turn: Mutex::default(),
        })
    }

    /// Sends a message and waits for the whole answer.
    async fn exchange(&self, to: Option<&str>, message: Bytes) -> Result<Bytes, RelayError> {
        let client = &self.link.client;
        // A message would wait for the connection, for as long as there is none.
        if client.connection_state() != State::Connected {
            let cause = "the server of the journal cannot be reached";
            return Err(RelayError::Unreachable(cause.into()));
        }
        let unreachable =
            |error: &dyn std::error::Error| RelayError::Unreachable(error.to_string());
        let inbox = client.new_inbox();
        let answers = client.subscribe(inbox.clone()).await;
        let mut answers = answers.map_err(|error| unreachable(&error))?;
        let subject = self.link.subjects.relay(to);
        let rest = self.sender.send_all_but_last(&self.link, &subject, message);
        let unsent = |failure: Failure| {
            RelayError::Unreachable(failure.text().unwrap_or("nothing could be sent").into())
        };
        let (headers, payload) = rest.await.map_err(unsent)?;
        let sent = client.publish_with_reply_and_headers(subject, inbox, headers, payload);
        sent.await.map_err(|error| unreachable(&error))?;
        let mut whole = BytesMut::new();
        let mut parts = 0_usize;
        while let Some(answer) = answers.next().await {
            if answer.status == Some(StatusCode::NO_RESPONDERS) {
                return Err(RelayError::NobodyServes);
            }
            let header = |name| {
                answer
                    .headers
                    .as_ref()
                    .and_then(|headers| headers.get(name))
            };
            let part = header(PART).and_then(|part| part.as_str().parse::<usize>().ok());
            if part != Some(parts) || whole.len() + answer.payload.len() > Desk::MOST_ANSWER {
                return Err(RelayError::Lost);
            }
            whole.extend_from_slice(&answer.payload);
            parts += 1;
            if header(LAST).is_some() {
                return Ok(whole.freeze());
            }
        }
        Err(RelayError::Lost)
    }
}

impl Relay for Requests {
    fn send<'a>(
        &'a self,
        to: Option<&'a str>,
        message: Bytes,
        within: Duration,
    ) -> BoxFuture<'a, Result<Bytes, RelayError>> {
        Box::pin(async move {
            let exchanged = timeout(within, self.exchange(to, message)).await;
            exchanged.unwrap_or(Err(RelayError::TimedOut(within)))
        })
    }

    fn serve(&self, desk: Arc<Desk>) -> BoxFuture<'_, BoxError> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            let subjects = &self.link.subjects;
            loop {
                let greetings = self.link.client.subscribe(subjects.relay(None)).await;
                let commands = subjects.relay(Some(desk.nonce()));
                let commands = self.link.client.subscribe(commands).await;
                let (Ok(greetings), Ok(commands)) = (greetings, commands) else {
                    sleep(AGAIN).await;
                    continue;
                };
                let mut messages = select(greetings, commands);
                let mut parts = Parts::default();
                let mut taken = JoinSet::new();
                while let Some(message) = messages.next().await {
                    while taken.try_join_next().is_some() {}
                    self.take(&mut parts, message, &desk, &mut taken).await;
                }
                sleep(AGAIN).await;
            }
        })
    }
}

impl Requests {
    /// Carries a message out beside the others, once it is whole.
    async fn take(
        &self,
        parts: &mut Parts,
        message: Message,
        desk: &Arc<Desk>,
        taken: &mut JoinSet<()>,
    ) {
        // A request that lost a part is not carried out.
        let (Some(Ok(request)), Some(reply)) = (parts.put(&message), message.reply) else {
            return;
        };
        let (link, desk) = (Arc::clone(&self.link), Arc::clone(desk));
        match desk.try_room(request.len()) {
            Some(room) if taken.len() < TAKEN && request.len() <= Desk::MOST_MESSAGE => {
                taken.spawn(async move {
                    let _room = room;
                    let answer = desk.answer(request).await;
                    send_answer(&link, reply, answer).await;
                });
            }
            _ => send_answer(&link, reply, Desk::busy()).await,
        }
    }
}

/// Sends an answer in parts. Whoever asked knows of a lost one that the command may have been carried out.
async fn send_answer(link: &Link, to: Subject, mut answer: Bytes) {
    let mut part = 0_u64;
    loop {
        let bytes = answer.split_to(answer.len().min(link.most));
        let mut headers = HeaderMap::new();
        headers.insert(PART, part.to_string());
        if answer.is_empty() {
            headers.insert(LAST, "1");
        }
        let sent = link.client.publish_with_headers(to.clone(), headers, bytes);
        if sent.await.is_err() || answer.is_empty() {
            return;
        }
        part += 1;
    }
}
