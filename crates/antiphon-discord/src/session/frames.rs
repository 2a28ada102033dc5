//! Frames of the server, by operation (protocol §1.2).
//!
//! A dispatch is the only operation that becomes an event of its own; the others drive the connection and are counted.
//! A frame of an operation that nobody knows, and a frame that cannot be read, is stored whole instead, so that nothing
//! comes and leaves no trace.
//!
//! The body of an event is `d`, byte for byte, if the frame is sound; else the whole frame.
//! READY is read for the session's id, its URL and the bot's user; everything else in a dispatch is for handlers.

use std::{sync::Arc, time::Duration};

use antiphon_core::{
    BodyForm, Draft, Edge, Gap, Kind, LinkState, Moment, Origin, Place, Provenance,
};
use bytes::Bytes;

use super::{
    Disconnect, Heartbeat, Last, Phase, REFUSED_PAUSE, RateLimiter, Reaction, Resumable, Session,
    checkpoint::Lost,
    sequence::{Before, Came, Recent},
};
use crate::{
    dispatch::UNREADABLE,
    wire::{self, Header, op},
};

/// Largest number that counts as an unknown operation.
///
/// A larger number is a damaged frame rather than a new operation.
const MOST_OPS: u64 = 1000;

impl Session {
    /// Takes one payload that may be anything: an inflated binary frame.
    ///
    /// # Errors
    /// The connection has to be closed.
    pub(crate) fn on_frame(&mut self, frame: &Bytes, now: Moment) -> Result<(), Disconnect> {
        self.on_payload(frame, &Header::read(frame), now)
    }

    /// Takes one payload that is known to be UTF-8: a text frame.
    ///
    /// # Errors
    /// The connection has to be closed.
    pub(crate) fn on_text(&mut self, frame: &Bytes, now: Moment) -> Result<(), Disconnect> {
        self.on_payload(frame, &Header::of_text(frame), now)
    }

    /// Takes one payload with its envelope.
    ///
    /// # Errors
    /// The connection has to be closed.
    fn on_payload(
        &mut self,
        frame: &Bytes,
        header: &Header<'_>,
        now: Moment,
    ) -> Result<(), Disconnect> {
        self.frame += 1;
        tracing::trace!(
            part = &*self.part,
            op = header.op,
            seq = header.seq,
            name = header.name.as_deref(),
            bytes = frame.len(),
            "received"
        );
        match header.op {
            Some(op::DISPATCH) => self.on_dispatch(frame, header, now),
            Some(op::HEARTBEAT) => {
                self.count_or_keep("heartbeat", frame, header, now);
                if let Some(heartbeat) = &mut self.heartbeat {
                    heartbeat.extra_beat(now.at);
                }
                self.replies.push_back(wire::heartbeat(self.durable));
            }
            Some(op::RECONNECT) => {
                self.count_or_keep("reconnect", frame, header, now);
                return Err(Disconnect::resume("Discord asked to reconnect"));
            }
            Some(op::INVALID_SESSION) => {
                self.count_or_keep("invalid-session", frame, header, now);
                return Err(self.on_invalid_session(frame, header));
            }
            Some(op::HELLO) => {
                self.count_or_keep("hello", frame, header, now);
                self.on_hello(frame, header, now)?;
            }
            Some(op::HEARTBEAT_ACK) => {
                self.count_or_keep("heartbeat-ack", frame, header, now);
                if let Some(heartbeat) = &mut self.heartbeat {
                    heartbeat.acknowledged(now.at);
                }
            }
            Some(other) if other < MOST_OPS && header.is_whole => {
                tracing::debug!(part = &*self.part, op = other, "an unknown operation");
                let kind = Kind::new(format!("discord.OP_{other}"));
                self.keep_frame(kind, frame, now);
            }
            _ => {
                tracing::warn!(
                    part = &*self.part,
                    bytes = frame.len(),
                    "a frame that cannot be read; it is kept as discord.UNREADABLE"
                );
                self.keep_frame(Kind::from_static(UNREADABLE), frame, now);
            }
        }
        Ok(())
    }

    /// Notes that a payload of this size was skipped.
    ///
    /// The gap is reported at the next sequence, because only that says how much is missing.
    pub(crate) fn on_skipped(&mut self, size: usize) {
        tracing::error!(
            part = &*self.part,
            bytes = size,
            limit = self.config.largest_frame,
            "a frame larger than Config::largest_frame was passed over; a gap is reported"
        );
        self.skipped = Some(self.skipped.unwrap_or_default().max(size));
    }

    /// Counts a frame of the connection itself; stores it if it is broken, because it may hold more.
    fn count_or_keep(
        &mut self,
        reason: &'static str,
        frame: &Bytes,
        header: &Header<'_>,
        now: Moment,
    ) {
        if header.is_sound() {
            self.unrecorded.note(reason);
        } else {
            self.keep_frame(Kind::from_static(UNREADABLE), frame, now);
        }
    }

    /// Stores a whole frame.
    pub(super) fn keep_frame(&mut self, kind: Kind, frame: &Bytes, now: Moment) {
        let origin = Origin::frame(&self.connection, self.frame);
        let mut draft = Draft::new(kind, Place::root(), origin, now.wall, frame.clone());
        draft.form = BodyForm::of(frame);
        self.outbox.event(draft);
    }

    /// Answers HELLO: with a resume if there is a session, and else with an identify (protocol §3, §4).
    ///
    /// # Errors
    /// The connection has to be closed: the turn to identify is over.
    fn on_hello(
        &mut self,
        frame: &Bytes,
        header: &Header<'_>,
        now: Moment,
    ) -> Result<(), Disconnect> {
        if !matches!(self.phase, Phase::AwaitingHello { .. }) {
            return Ok(());
        }
        if self.permit.as_ref().is_some_and(|it| it.is_over(now.at)) {
            return Err(Disconnect::resume("the turn to identify is over"));
        }
        let hello: wire::Hello = data(frame, header).unwrap_or_default();
        let heartbeat = Heartbeat::new(hello.heartbeat_interval, self.rng.f64(), now.at);
        self.ratelimiter = RateLimiter::new(heartbeat.interval());
        self.heartbeat = Some(heartbeat);
        let by = now.at + self.config.ready_timeout;
        let frame = if let Some(session) = &self.resumable {
            self.phase = Phase::Resuming { by };
            wire::resume(self.config.bare_token(), &session.id, self.resumes_from())
        } else {
            self.phase = Phase::Identifying { by };
            if let Some(permit) = self.permit.take() {
                permit.used(now);
            }
            wire::identify(&self.config.identify([self.shard, self.count]))
        };
        self.send(frame, now.at);
        Ok(())
    }

    /// Sequence after which the journal may lack dispatches of the session.
    ///
    /// The server may forget what a resume does not ask for, so that a received sequence would not do.
    fn resumes_from(&self) -> u64 {
        self.durable.unwrap_or(self.first)
    }

    /// Op 9 (protocol §4).
    fn on_invalid_session(&mut self, frame: &Bytes, header: &Header<'_>) -> Disconnect {
        let is_resumable = data(frame, header).unwrap_or(false);
        if is_resumable && self.resumable.is_some() {
            return Disconnect::resume("Discord asked to resume again");
        }
        let reason = if self.resumable.is_some() {
            "Discord no longer knows the session"
        } else {
            "Discord refused to begin a session now"
        };
        Disconnect {
            reason: reason.into(),
            reaction: Reaction::NewSession(Duration::from_millis(self.rng.u64(REFUSED_PAUSE))),
        }
    }

    /// Makes an event of a dispatch, and moves the session with it.
    fn on_dispatch(&mut self, frame: &Bytes, header: &Header<'_>, now: Moment) {
        if let Phase::Resuming { by } = &mut self.phase {
            // Each replayed dispatch moves the deadline; acknowledgements do not.
            *by = now.at + self.config.ready_timeout;
        }
        // The body is `d`, byte for byte. If `d` is missing, or the frame has bytes outside of `d` and the envelope,
        // the body is the whole frame.
        let (body, form) = match &header.data {
            Some(span) if header.is_sound() => {
                let body = antiphon_core::keep_part(frame, &frame[span.clone()]);
                (body, header.form)
            }
            _ => (frame.clone(), BodyForm::of(frame)),
        };
        let name = header.name.as_deref();
        if name == Some("READY") {
            let data = header.data.clone().map(|span| frame.slice(span));
            self.on_ready(data.as_ref().unwrap_or(&body), header.seq, now);
        }
        let named = self.namer.name(name, &header.ids);
        if form != BodyForm::Json || !header.is_sound() {
            tracing::warn!(
                part = &*self.part,
                kind = %named.kind,
                "a dispatch is not whole JSON; its frame is kept"
            );
        }
        let stream = self
            .resumable
            .as_ref()
            .map(|session| Arc::clone(&session.stream));
        // The sequence of a broken frame may be cut off, and a resume may bring the whole frame.
        let mut seq = header.seq.filter(|_| header.is_sound());
        if let (Some(number), Some(stream)) = (seq, &stream) {
            let before = self.recent.came(number, name, &body);
            let is_other = self.is_behind(number) && before == Before::Other;
            match self.on_sequence(stream, number, now) {
                Came::InReach => {
                    if name == Some("RESUMED") {
                        // The replay is over, so missing dispatches will not come.
                        self.settle_holes(stream, now);
                    }
                    self.note_last(stream, now);
                    if is_other {
                        tracing::debug!(
                            part = &*self.part,
                            number,
                            "another event has this sequence"
                        );
                        seq = None;
                    }
                }
                Came::OutOfReach => seq = None,
            }
        }
        // A broken frame's origin is its number on the connection, so that the whole frame is not taken for a repeat.
        let origin = match (named.occurrence, &stream, seq) {
            (Some(occurrence), _, _) if header.is_sound() => occurrence,
            (_, Some(stream), Some(seq)) => self.namer.sequence(stream, seq),
            _ => Origin::frame(&self.connection, self.frame),
        };
        let is_replayed = matches!(self.phase, Phase::Resuming { .. }) && name != Some("RESUMED");
        let draft = Draft {
            kind: named.kind,
            place: named.place,
            origin,
            provenance: if is_replayed {
                Provenance::Replayed
            } else {
                Provenance::Live
            },
            received_at: now.wall,
            body,
            form,
            note: None,
            deletes: named.deletes,
        };
        if !self.pending.is_empty() {
            self.pending
                .on_dispatch(&draft, &header.ids, self.me, now.at);
        }
        self.outbox.event(draft);
        if stream.is_some() {
            let checkpoint = self.checkpoint(now.wall);
            self.outbox.checkpoint(checkpoint);
        }
        match name {
            Some("READY") => self.on_up(now),
            Some("RESUMED") => {
                if self.lost.is_some() {
                    self.report_lost(self.seq, now);
                    self.render(now.wall);
                    let checkpoint = self.checkpoint(now.wall);
                    self.outbox.checkpoint(checkpoint);
                }
                self.shard_event("discord.SHARD_RESUME", now);
                self.on_up(now);
            }
            _ => {}
        }
    }

    /// Notes the newest dispatch, which is the near edge of a gap should one be reported.
    fn note_last(&mut self, stream: &Arc<str>, now: Moment) {
        let seq = self.seq.unwrap_or_default();
        match &mut self.last {
            Some(last) if Arc::ptr_eq(&last.stream, stream) => {
                last.at = now.wall;
                last.seq = last.seq.max(seq);
            }
            last => {
                *last = Some(Last {
                    at: now.wall,
                    stream: Arc::clone(stream),
                    seq,
                });
            }
        }
    }

    /// Reports a gap if a payload before this one was skipped.
    ///
    /// A dispatch that came before tells nothing about what is missing: in a replay what was skipped before it came
    /// earlier too, and elsewhere the next new sequence tells it.
    pub(super) fn report_skipped(&mut self, stream: &str, seq: u64, now: Moment) -> bool {
        if self.seq.is_some_and(|last| seq <= last) {
            if matches!(self.phase, Phase::Resuming { .. }) {
                self.skipped = None;
            }
            return false;
        }
        let Some(size) = self.skipped.take() else {
            return false;
        };
        let from = match &self.last {
            Some(last) => Edge::frame(last.at, &*last.stream, last.seq),
            None => Edge::at(now.wall),
        };
        let to = Edge::frame(now.wall, stream, seq);
        let cause = format!(
            "a frame of {size} bytes is larger than `Config::largest_frame` ({}) and was passed over",
            self.config.largest_frame
        );
        self.gap(&Gap::new(from, to, cause), now);
        true
    }

    /// Queues a gap as an event of its own.
    pub(super) fn gap(&mut self, gap: &Gap, now: Moment) {
        tracing::error!(part = &*self.part, cause = gap.cause, "events were lost");
        let kind = Kind::from_static(Gap::KIND);
        self.outbox.own_event(kind, Place::root(), gap.body(), now);
    }

    /// Begins a session (protocol §3.1).
    fn on_ready(&mut self, body: &Bytes, seq: Option<u64>, now: Moment) {
        let ready: wire::Ready<'_> = antiphon_core::read_json(body)
            .inspect_err(|error| {
                tracing::warn!(part = &*self.part, %error, "READY cannot be read");
            })
            .unwrap_or_default();
        let Some(id) = ready.session_id.filter(|id| !id.is_empty()) else {
            tracing::warn!(
                part = &*self.part,
                "READY names no session; it cannot be resumed"
            );
            if self.resumable.is_none() && self.lost.is_none() {
                self.lost = Some(Lost {
                    from: Edge::at(now.wall),
                    cause: "READY named no session, so that nothing could be resumed".into(),
                });
                self.render(now.wall);
                let checkpoint = self.checkpoint(now.wall);
                self.outbox.checkpoint(checkpoint);
            }
            return;
        };
        // A replay has no dispatch up to the resumed sequence, so such a READY answers the resume with a new
        // session.
        let resumed_from = self.resumes_from();
        let is_asked_for = match self.phase {
            Phase::Identifying { .. } => true,
            Phase::Resuming { .. } => seq.is_some_and(|seq| seq <= resumed_from),
            _ => false,
        };
        if !is_asked_for
            && self
                .resumable
                .as_ref()
                .is_some_and(|session| *session.id == *id)
        {
            tracing::warn!(
                part = &*self.part,
                "READY came again; no session begins with it"
            );
            return;
        }
        if self.resumable.is_some()
            && self.lost.is_none()
            && let Some(last) = &self.last
        {
            self.lost = Some(Lost {
                from: Edge::frame(last.at, &*last.stream, last.seq),
                cause: "Discord began a new session in place of the old one".into(),
            });
        }
        self.epoch = self.epoch.wrapping_add(1).max(1);
        self.seq = None;
        self.durable = None;
        self.first = seq.unwrap_or_default();
        self.recent = Recent::since(0);
        self.ahead.clear();
        self.me = ready.user.and_then(|user| user.id).or(self.me);
        let stream = self
            .streams
            .begin(&id, [self.shard, self.epoch], &mut self.used);
        self.resumable = Some(Resumable {
            id: id.as_ref().into(),
            stream,
            url: ready.resume_gateway_url.map(std::borrow::Cow::into_owned),
        });
        self.has_begun = true;
        self.report_lost(seq, now);
        self.render(now.wall);
    }

    /// Reports the gap before this session.
    fn report_lost(&mut self, seq: Option<u64>, now: Moment) {
        if let Some(lost) = self.lost.take() {
            let to = match &self.resumable {
                Some(session) => Edge::frame(now.wall, &*session.stream, seq.unwrap_or(1)),
                None => Edge::at(now.wall),
            };
            self.gap(&Gap::new(lost.from, to, lost.cause), now);
        }
    }

    /// Dispatches are received.
    fn on_up(&mut self, now: Moment) {
        self.phase = Phase::Active;
        self.tries = 0;
        self.unanswered = 0;
        self.backoff.connected(now.at);
        self.set_link(LinkState::Connected { since: now.wall }, now);
        self.send_presence(now.at);
    }
}

/// Decodes `d` of a frame that is no dispatch.
fn data<'a, T: serde::Deserialize<'a>>(frame: &'a Bytes, header: &Header<'_>) -> Option<T> {
    let span = header.data.clone()?;
    antiphon_core::read_json(&frame[span]).ok()
}
