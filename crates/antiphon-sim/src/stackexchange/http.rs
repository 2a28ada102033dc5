//! Connections to the simulated network: HTTP on them, and sockets where HTTP ends.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;

use super::{
    rest::{Answer, Fields},
    socket,
    state::{SOCKETS, State, Ticket},
};
use crate::{
    fault::{Refusal, RestFault},
    line::Line,
    server::Server,
    web::{self, Reply},
};

/// A socket that was granted and waits for the end of HTTP.
struct Granted {
    ticket: Ticket,
    connection: String,
    /// The counter after which events are wanted.
    after: i64,
}

/// Serves one connection until either side ends it.
pub(crate) async fn serve(server: Arc<Server<State>>, line: Line) {
    let answer = |request| server.with(|state| state.respond(request));
    let socket = |stream, line, granted: Granted| {
        let (ticket, connection, after) = (granted.ticket, granted.connection, granted.after);
        socket::serve(&server, stream, line, ticket, connection, after)
    };
    web::serve(line, answer, socket).await;
}

/// The host a request is meant for, without its port.
fn host<B>(request: &Request<B>) -> String {
    let named = request.headers().get(header::HOST);
    let named = named.and_then(|host| host.to_str().ok());
    let host = named.or_else(|| request.uri().host()).unwrap_or_default();
    host.split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

impl State {
    fn respond(&mut self, request: Request<Option<Bytes>>) -> Reply<Granted> {
        let host = host(&request);
        if host == SOCKETS {
            return self.admit(&request);
        }
        let (head, body) = request.into_parts();
        let Some(body) = body else {
            self.note("a request with a body that is too large or broke off");
            return Reply::Answer(respond_with(Answer::html(413, "")));
        };
        let reply = self.handle(&host, &Request::from_parts(head, body));
        match reply.fault {
            Some(RestFault::Slow(late)) => Reply::Late(late, respond_with(reply.answer)),
            Some(RestFault::Dropped) => Reply::Dropped,
            _ => Reply::Answer(respond_with(reply.answer)),
        }
    }

    fn admit(&mut self, request: &Request<Option<Bytes>>) -> Reply<Granted> {
        let refused = |status| Reply::Answer(respond_with(Answer::html(status, "")));
        match self.faults.for_upgrade(self.now()) {
            Some(Refusal::Dropped) => return Reply::Dropped,
            Some(Refusal::Status(status)) => return refused(status),
            None => {}
        }
        if !request.headers().contains_key(header::ORIGIN) {
            self.note("a socket without an Origin");
            return Reply::Dropped;
        }
        let steps: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        let ["events", _, secret] = steps[..] else {
            self.note(format!("a socket at {}", request.uri().path()));
            return refused(404);
        };
        if self.spent.contains(secret) {
            self.note("an address of a socket that was used before");
            return refused(403);
        }
        let Some(ticket) = self.tickets.remove(secret) else {
            self.note("an address of a socket that was never given out");
            return refused(403);
        };
        let query = Fields::parse(request.uri().query().unwrap_or_default().as_bytes());
        let after = query
            .get("l")
            .and_then(|l| l.parse().ok())
            .unwrap_or_default();
        let Some(response) = antiphon_net::accept_upgrade(request) else {
            self.note("a socket without a proper upgrade request");
            return refused(400);
        };
        self.spent.insert(secret.to_owned());
        if self.spent.len() > 100_000 {
            self.spent.clear();
        }
        let granted = Granted {
            ticket,
            connection: secret.to_owned(),
            after,
        };
        Reply::Socket(granted, response)
    }
}

fn respond_with(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        http::HeaderValue::from_static(answer.kind),
    );
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            headers.append(name, value);
        }
    }
    response
}
