//! Delivery of frames to sessions, from their first socket to the last (protocol §8).

use std::{sync::Arc, time::Duration};

use antiphon_core::Origin;
use tokio::sync::mpsc;

use super::{
    frame_writer::{Frame, FrameWriter},
    id,
    player::EndReason,
    quirk::NodeQuirk,
    session::{Caller, Link, Session},
    state::{Key, State},
    stats::For,
    wire::Ready,
};
use crate::{
    fault::Faults,
    ledger::Entry,
    line::Line,
    outgoing::Outgoing,
    sockets::{HasSockets, Selection, Socket},
    timers::Timed as _,
};

/// Most sessions of one node.
const SESSIONS: usize = 1000;
/// How long after an answer the frames come that were held back for it.
const AFTER: Duration = Duration::from_millis(20);
impl State {
    /// Opens a socket in a new session, or in one that waits to be resumed; returns the socket's number.
    pub(crate) fn open(
        &mut self,
        node: usize,
        caller: Caller,
        resumed: Option<Arc<str>>,
        line: Line,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> u64 {
        self.opened += 1;
        let number = self.opened;
        // The session may have ended since the upgrade, or another socket may have resumed it.
        let waits = |id: &Arc<str>| {
            let session = self.nodes[node].sessions.get(&**id);
            session.is_some_and(|session| session.link.is_none())
        };
        let resumed = resumed.filter(waits);
        let is_resumed = resumed.is_some();
        let id = resumed.unwrap_or_else(|| self.new_session(node, caller));
        let here = &mut self.nodes[node];
        let Some(session) = here.sessions.get_mut(&*id) else {
            return number;
        };
        here.newest.insert(session.user, id.to_string());
        session.sockets += 1;
        // Plugins begin anew with each socket; what NodeLink has in their place belongs to its players.
        if !here.quirks.contains(&NodeQuirk::OtherInfo) {
            session.categories.clear();
            session.lyrics.clear();
            for player in session.players.values_mut() {
                player.has_lyrics = false;
            }
        }
        session.link = Some(Link {
            number,
            socket: Socket::new(format!("{id}.{}", session.sockets), line, outgoing),
            closing: false,
        });
        let name = self.nodes[node].name;
        let ready = Ready {
            op: "ready",
            resumed: is_resumed,
            session: &id,
        };
        self.tell(node, &id, Frame::of_node(name, "ready", &ready));
        if is_resumed {
            self.catch_up(node, &id);
        } else {
            self.tell_stats(node, &id);
        }
        number
    }

    fn new_session(&mut self, node: usize, caller: Caller) -> Arc<str> {
        if self.nodes[node].sessions.len() >= SESSIONS {
            self.note(format!(
                "more than {SESSIONS} sessions: the first one is ended"
            ));
            let first = self.nodes[node].sessions.keys().next().cloned();
            if let Some(first) = first {
                self.end_session(node, &first);
            }
        }
        let id = self.session_ids.issue();
        let session = Session::new(Arc::clone(&id), caller);
        let sessions = &mut self.nodes[node].sessions;
        sessions.insert(id.to_string(), session);
        id
    }

    /// Sends stats to all sessions at once.
    pub(crate) fn tell_stats_to_all(&mut self, node: usize) {
        let ids: Vec<String> = self.nodes[node].sessions.keys().cloned().collect();
        for id in ids {
            self.tell_stats_once(node, &id);
        }
    }

    fn tell_stats_once(&mut self, node: usize, id: &str) {
        let stats = self.stats(node, For::Socket);
        let name = self.nodes[node].name;
        self.tell(node, id, Frame::of_node(name, "stats", &stats));
    }

    /// Sends stats to a session now and every minute from now on.
    fn tell_stats(&mut self, node: usize, id: &Arc<str>) {
        if !self.nodes[node].sessions.contains_key(&**id) {
            return;
        }
        self.tell_stats_once(node, id);
        let id = Arc::clone(id);
        self.later(Duration::from_secs(60), move |state| {
            state.tell_stats(node, &id);
        });
    }

    /// Sends the backlog, and then an update of each player.
    fn catch_up(&mut self, node: usize, id: &str) {
        let Some(session) = self.nodes[node].sessions.get_mut(id) else {
            return;
        };
        let backlog = std::mem::take(&mut session.backlog);
        let guilds: Vec<u64> = session.players.keys().copied().collect();
        for (frame, row) in backlog {
            self.send_on(node, id, &frame, Some(row));
        }
        for guild in guilds {
            let key = Key::new(node, id, guild);
            self.with_player(&key, |player, writer, now| writer.update(player.state(now)));
        }
    }

    /// Sends the frames that were held back, a moment later.
    pub(crate) fn release(&mut self) {
        let held = self.held.take().unwrap_or_default();
        self.later(AFTER, move |state| {
            for (node, id, frame) in held {
                state.tell(node, &id, frame);
            }
        });
    }

    /// Sends a session a frame, or keeps it until the session is resumed.
    pub(crate) fn tell(&mut self, node: usize, id: &str, frame: Frame) {
        if let Some(held) = &mut self.held {
            return held.push((node, id.into(), frame));
        }
        let Some(session) = self.nodes[node].sessions.get_mut(id) else {
            return;
        };
        if session.is_heard() {
            self.made += 1;
            return self.send_on(node, id, &frame, None);
        }
        if frame.is_momentary {
            return;
        }
        self.made += 1;
        let row = self.write_down(node, id, &frame, None);
        let most = self.settings.backlog;
        let Some(session) = self.nodes[node].sessions.get_mut(id) else {
            return;
        };
        session.backlog.push_back((frame, row));
        if session.backlog.len() > most {
            session.backlog.pop_front();
            self.note(format!(
                "more than {most} frames wait for session {id}: the oldest is lost"
            ));
        }
    }

    /// Numbers a frame, writes it into the ledger (or completes its row), and queues it on the socket.
    fn send_on(&mut self, node: usize, id: &str, frame: &Frame, row: Option<u64>) {
        let Some(link) = self.link(node, id) else {
            return;
        };
        let copies = 1 + u32::from(link.socket.take_duplicate());
        for copy in 0..copies {
            let Some(link) = self.link(node, id) else {
                return;
            };
            let sent = link.socket.count();
            match row.filter(|_| copy == 0) {
                Some(row) => {
                    let origin = Origin::frame(&sent.0, sent.1);
                    self.ledger.sent(row, origin.as_str(), &sent.0, sent.1);
                }
                None => {
                    self.write_down(node, id, frame, Some(&sent));
                }
            }
            self.hand_over(node, id, Outgoing::Text(Arc::clone(&frame.text)));
        }
    }

    pub(crate) fn link(&mut self, node: usize, id: &str) -> Option<&mut Link> {
        self.nodes[node].sessions.get_mut(id)?.link.as_mut()
    }

    /// Queues something to be written on a session's socket; cuts the socket of a client that does not read.
    pub(crate) fn hand_over(&mut self, node: usize, id: &str, outgoing: Outgoing) {
        let complaint = self
            .link(node, id)
            .and_then(|link| link.socket.send(outgoing));
        if let Some(complaint) = complaint {
            self.note(complaint);
        }
    }

    /// Writes a frame into the ledger; returns the number of its row.
    fn write_down(
        &self,
        node: usize,
        id: &str,
        frame: &Frame,
        sent: Option<&(String, u64)>,
    ) -> u64 {
        let node = &self.nodes[node];
        let user = node.sessions.get(id).map(|session| session.user);
        // The newest session of a user is the one that counts; earlier ones are its forgotten sockets.
        let user = user.filter(|user| node.newest.get(user).is_some_and(|newest| newest == id));
        let user = user.map(id::shown);
        self.ledger.write(Entry {
            platform: "lavalink",
            kind: &frame.kind,
            place: &frame.place,
            origin: sent
                .map(|(connection, number)| Origin::frame(connection, *number).as_str().to_owned()),
            due_to: user.as_deref(),
            at: self.now(),
            body: Arc::clone(&frame.text),
            sent: sent.map(|(connection, number)| (connection.as_str(), *number)),
        })
    }

    /// Ends a session and its players, without a frame.
    pub(crate) fn end_session(&mut self, node: usize, id: &str) {
        let Some(session) = self.nodes[node].sessions.remove(id) else {
            return;
        };
        for (guild, player) in &session.players {
            if let Some(at) = player.listed {
                self.player_timers.remove(at, Key::new(node, id, *guild));
            }
        }
        let newest = &mut self.nodes[node].newest;
        if newest.get(&session.user).is_some_and(|newest| newest == id) {
            newest.remove(&session.user);
        }
        if let Some(link) = session.link {
            // Its task ends with the line.
            link.socket.line.cut();
        }
    }

    /// Destroys a player; a playing track stops.
    pub(crate) fn destroy_player(&mut self, key: &Key) {
        let destroyed = self.with_player(key, |player, writer, now| {
            player.end(EndReason::Stopped, now, writer);
            FrameWriter::other(writer, "PlayerDestroyedEvent", || serde_json::json!({}));
        });
        if destroyed.is_none() {
            return;
        }
        if let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session)
            && let Some(player) = session.players.remove(&key.guild)
        {
            session.categories.remove(&key.guild);
            if let Some(at) = player.listed {
                self.player_timers.remove(at, key.clone());
            }
        }
    }
}

impl State {
    /// The session that has the socket of this number, and its node.
    fn session_with(&mut self, number: u64) -> Option<(usize, &mut Session)> {
        let mut nodes = self.nodes.iter_mut().enumerate();
        nodes.find_map(|(index, node)| Some((index, node.session_with(number)?)))
    }
}

impl HasSockets for State {
    const ENDLESS: &'static str =
        r#"{"op":"event","type":"LyricsFoundEvent","guildId":"9001","lyrics":""#;

    fn select(&self, of: &Selection) -> Vec<u64> {
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.filter(|(index, _)| of.server.is_none_or(|server| server == *index));
        let sessions = nodes.flat_map(|(_, node)| node.sessions.values());
        let links = sessions.filter_map(|session| session.link.as_ref());
        links.map(|link| link.number).collect()
    }

    fn socket(&mut self, number: u64) -> Option<&mut Socket> {
        let (_, session) = self.session_with(number)?;
        Some(&mut session.link.as_mut()?.socket)
    }

    /// Takes a socket from its session, which waits to be resumed or ends.
    fn gone(&mut self, number: u64) {
        let Some((node, session)) = self.session_with(number) else {
            return;
        };
        session.link = None;
        session.departures += 1;
        let (id, departure) = (Arc::clone(&session.id), session.departures);
        let timeout = Duration::from_secs(session.timeout);
        // A server that resumes no session keeps none.
        let keeps = session.resuming && !self.nodes[node].quirks.contains(&NodeQuirk::NoResume);
        if !keeps {
            self.end_session(node, &id);
            return;
        }
        self.later(timeout, move |state| {
            let session = state.nodes[node].sessions.get(&*id);
            let still_waits = session
                .is_some_and(|session| session.link.is_none() && session.departures == departure);
            if still_waits {
                state.end_session(node, &id);
            }
        });
    }

    fn close(&mut self, number: u64, code: u16, reason: &str) {
        self.send(number, Outgoing::Close(code, reason.to_owned()));
        if let Some((_, session)) = self.session_with(number)
            && let Some(link) = &mut session.link
        {
            link.closing = true;
        }
    }

    fn notices_after(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.settings.notice))
    }

    fn faults(&mut self, of: &Selection) -> Vec<&mut Faults> {
        let nodes = self.nodes.iter_mut().enumerate();
        let nodes = nodes.filter(|(index, _)| of.server.is_none_or(|server| server == *index));
        nodes.map(|(_, node)| &mut node.faults).collect()
    }

    fn note(&self, text: String) {
        Self::note(self, text);
    }
}
