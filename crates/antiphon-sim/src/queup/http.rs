//! Connections to the simulated QueUp: HTTP on them, and sockets where HTTP ends.
//!
//! An envelope is around everything that is no page: `code`, `message` and `data` (protocol §1), with the status as its code.
//! A request whose body is too large is answered with 413, and a socket is refused before its upgrade, with the status that says
//! why.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;

use super::{
    logins::Client,
    rest::{Answer, Body},
    socket,
    state::State,
};
use crate::{
    fault::{Refusal, RestFault},
    line::Line,
    server::Server,
    web::{self, Reply},
};

/// Serves one connection until either side ends it.
pub(crate) async fn serve(server: Arc<Server<State>>, line: Line) {
    let answer = |request| server.with(|state| state.respond(request));
    let socket = |stream, line, client| socket::serve(&server, stream, line, client);
    web::serve(line, answer, socket).await;
}

impl State {
    /// Answers a request, with its fault if it meets one.
    fn respond(&mut self, request: Request<Option<Bytes>>) -> Reply<Client> {
        if ["/ws", "/ws/"].contains(&request.uri().path()) {
            return self.admit(&request);
        }
        let (head, body) = request.into_parts();
        let Some(body) = body else {
            self.note("a request with a body that is too large or broke off");
            return Reply::Answer(respond_with(Answer::error(413, "request entity too large")));
        };
        let reply = self.handle(&Request::from_parts(head, body));
        match reply.fault {
            Some(RestFault::Slow(late)) => Reply::Late(late, respond_with(reply.answer)),
            Some(RestFault::Dropped) => Reply::Dropped,
            _ => Reply::Answer(respond_with(reply.answer)),
        }
    }

    /// Lets a request for a socket in: engine.io v3 over WebSocket, with a token that was given out.
    fn admit(&mut self, request: &Request<Option<Bytes>>) -> Reply<Client> {
        let refused = |status, text: &str| Reply::Answer(respond_with(Answer::error(status, text)));
        match self.faults.for_upgrade(self.now()) {
            Some(Refusal::Dropped) => return Reply::Dropped,
            Some(Refusal::Status(status)) => return refused(status, "a fault that was asked for"),
            None => {}
        }
        let query = super::rest::Fields::form(request.uri().query().unwrap_or_default().as_bytes());
        if query.get("EIO") != Some("3") || query.get("transport") != Some("websocket") {
            self.note("a socket that is not engine.io v3 over websocket");
            return refused(400, "Transport unknown");
        }
        let client = query
            .get("access_token")
            .and_then(|token| self.logins.tokens.get(token))
            .cloned();
        let Some(client) = client else {
            return refused(401, "invalid token");
        };
        if let Some(response) = antiphon_net::accept_upgrade(request) {
            Reply::Socket(client, response)
        } else {
            self.note("a socket without a proper upgrade request");
            refused(400, "Bad Request")
        }
    }
}

fn respond_with(answer: Answer) -> Response<Full<Bytes>> {
    let (content_type, body) = match answer.body {
        Body::Envelope(message, data) => (
            "application/json; charset=utf-8",
            // The envelope's code is the status, except for errors under 200.
            envelope(answer.status, message, &data),
        ),
        Body::Html(page) => ("text/html", page),
        Body::Text(text) => ("application/json; charset=utf-8", text),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static(content_type));
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            headers.append(name, value);
        }
    }
    response
}

/// An error under the status 200 has its own code in the envelope.
fn envelope(status: u16, message: &str, data: &serde_json::Value) -> String {
    let inner = data
        .pointer("/err/details/code")
        .and_then(serde_json::Value::as_u64);
    let code = inner.unwrap_or(u64::from(status));
    serde_json::json!({"code": code, "message": message, "data": data}).to_string()
}
