//! Connections to a node: HTTP on them, and a socket where HTTP ends.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;

use super::{
    id,
    quirk::NodeQuirk,
    rest::Answer,
    session::Caller,
    socket::{self, Granted},
    state::State,
};
use crate::{
    fault::{Refusal, RestFault},
    line::Line,
    server::Server,
    web::{self, Page, Reply},
};

/// Where sockets are.
const SOCKET: &str = "/v4/websocket";

/// Serves one connection to a node until either side ends it.
pub(crate) async fn serve(server: Arc<Server<State>>, node: usize, line: Line) {
    let answer = |request| server.with(|state| state.answer(node, &request));
    let socket = |stream, line, granted| socket::serve(&server, node, stream, line, granted);
    web::serve(line, answer, socket).await;
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl State {
    /// Handles a request.
    fn answer(&mut self, node: usize, request: &Request<Option<Bytes>>) -> Reply<Granted> {
        if self.nodes[node].is_down(self.now()) {
            return Reply::Dropped;
        }
        let path = request.uri().path();
        if path == SOCKET && !self.nodes[node].is_other_version {
            return self.admit(node, request);
        }
        let now = self.now();
        self.nodes[node].requests.add(now, request);
        let fault = self.nodes[node]
            .faults
            .for_request(request.method().as_str(), path, None);
        let answer = match &fault {
            None | Some(RestFault::Slow(_) | RestFault::Dropped) => self.route(node, request),
            Some(RestFault::Status(status)) => self.fault(*status, request),
            Some(RestFault::Html(status)) => Answer::html(*status),
            Some(RestFault::LoggedOut) => Answer::empty(401),
            Some(RestFault::NotJson) => Answer::json(200, "{\"oops"),
            Some(RestFault::CodeInside(status)) => Answer::empty(*status),
            Some(RestFault::Huge(bytes)) => Answer::json(200, "x".repeat(*bytes)),
        };
        match fault {
            Some(RestFault::Slow(late)) => Reply::Late(late, page(answer)),
            Some(RestFault::Dropped) => Reply::Dropped,
            _ => Reply::Answer(page(answer)),
        }
    }

    /// Grants or refuses a socket (protocol §1).
    fn admit(&mut self, node: usize, request: &Request<Option<Bytes>>) -> Reply<Granted> {
        let refused = |status| Reply::Answer(page(Answer::empty(status)));
        let now = self.now();
        let here = &mut self.nodes[node];
        match here.faults.for_upgrade(now) {
            Some(Refusal::Dropped) => return Reply::Dropped,
            Some(Refusal::Status(status)) => return refused(status),
            None => {}
        }
        let headers = request.headers();
        if field(headers, "authorization") != Some(here.password.as_str()) {
            if here.quirks.contains(&NodeQuirk::PlainUnauthorized) {
                return Reply::Answer(page(Answer::text(401, "Unauthorized")));
            }
            return refused(401);
        }
        let user = field(headers, "user-id").unwrap_or_default();
        if user.is_empty() || id::parse(user) == Some(0) {
            self.note("a socket without a User-Id");
            return refused(400);
        }
        let client = field(headers, "client-name").unwrap_or_default();
        if client.is_empty() {
            self.note("a socket without a Client-Name");
        }
        let caller = id::parse(user).map(|user| Caller {
            user,
            client: client.to_owned(),
            session: field(headers, "session-id").map(str::to_owned),
        });
        if caller.is_none() {
            self.note(format!(
                "a socket whose User-Id is no signed 64-bit number: {user:.40}"
            ));
        }
        let Some(mut response) = antiphon_net::accept_upgrade(request) else {
            self.note("a socket without a proper upgrade request");
            return refused(400);
        };
        let resumed = caller
            .as_ref()
            .and_then(|caller| self.nodes[node].resumable(caller));
        let told = if resumed.is_some() { "true" } else { "false" };
        let headers = response.headers_mut();
        headers.insert("session-resumed", HeaderValue::from_static(told));
        headers.insert("lavalink-api-version", HeaderValue::from_static("4"));
        Reply::Socket(Granted { caller, resumed }, response)
    }
}

fn page(answer: Answer) -> Page {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("lavalink-api-version", HeaderValue::from_static("4"));
    if let Some(kind) = answer.kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lavalink::settings::Settings, ledger::Ledger, world::World};

    fn state() -> State {
        let world = World::new(7, 0, antiphon_core::Clock::system());
        State::new(world, Ledger::default(), Settings::default())
    }

    fn request(state: &State, session: Option<&str>) -> Request<Option<Bytes>> {
        let mut request = Request::get(SOCKET)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("authorization", &state.nodes[0].password)
            .header("user-id", "77")
            .header("client-name", "tests/1");
        if let Some(session) = session {
            request = request.header("session-id", session);
        }
        request.body(None).expect("a request")
    }

    #[test]
    fn the_upgrade_says_whether_a_session_is_resumed() {
        let mut state = state();
        for session in [None, Some("0123456789abcdef")] {
            let request = request(&state, session);
            let Reply::Socket(granted, response) = state.answer(0, &request) else {
                panic!("a socket is granted");
            };
            assert_eq!(response.headers()["session-resumed"], "false");
            assert_eq!(response.headers()["lavalink-api-version"], "4");
            assert!(granted.resumed.is_none());
        }
    }
}
