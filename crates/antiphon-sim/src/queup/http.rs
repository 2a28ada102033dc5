//! Connections to the simulated QueUp: HTTP on them, and sockets where HTTP ends.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;

use super::{
    Server,
    rest::{Answer, Body},
    socket,
    state::Client,
};
use crate::{fault::RestFault, line::Line};

/// Longest body taken from a client.
const LONGEST: usize = 1 << 20;

/// A socket that was granted and waits for the end of HTTP.
struct Granted {
    upgrade: OnUpgrade,
    client: Client,
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the simulator closes this connection without an answer")]
struct Dropped;

/// Serves one connection until either side ends it.
pub(crate) async fn serve(server: Arc<Server>, line: Line) {
    let granted: Mutex<Option<Granted>> = Mutex::new(None);
    let service = service_fn(|request| respond(&server, &granted, request));
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(line.clone()), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended");
    }
    let granted = granted.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(Granted { upgrade, client }) = granted
        && let Ok(upgraded) = upgrade.await
    {
        Box::pin(socket::serve(&server, TokioIo::new(upgraded), line, client)).await;
    }
}

async fn respond(
    server: &Server,
    granted: &Mutex<Option<Granted>>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    if ["/ws", "/ws/"].contains(&request.uri().path()) {
        return match server.with(|state| state.admit(&request)) {
            Admission::Granted(client, response) => {
                let upgrade = hyper::upgrade::on(&mut request);
                *granted.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Granted { upgrade, client });
                Ok(response.map(|()| Full::default()))
            }
            Admission::Refused(answer) => Ok(respond_with(*answer)),
            Admission::Dropped => Err(Dropped),
        };
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST).collect().await else {
        server.with(|state| state.note("a request with a body that is too large or broke off"));
        return Ok(respond_with(Answer::error(413, "request entity too large")));
    };
    let request = Request::from_parts(head, body.to_bytes());
    let reply = server.with(|state| state.handle(&request));
    match reply.fault {
        Some(RestFault::Slow(late)) => tokio::time::sleep(late).await,
        Some(RestFault::Dropped) => return Err(Dropped),
        _ => {}
    }
    Ok(respond_with(reply.answer))
}

/// What becomes of a request for a socket.
enum Admission {
    Granted(Client, Response<()>),
    Refused(Box<Answer>),
    Dropped,
}

impl super::state::State {
    fn admit(&mut self, request: &Request<Incoming>) -> Admission {
        let refused =
            |status, text: &str| Admission::Refused(Box::new(Answer::error(status, text)));
        if self
            .faults
            .refuse_until
            .is_some_and(|until| until > self.now())
        {
            return Admission::Dropped;
        }
        if !self.faults.upgrades.is_empty() {
            return refused(self.faults.upgrades.remove(0), "a fault that was asked for");
        }
        let query = super::rest::Fields::form(request.uri().query().unwrap_or_default().as_bytes());
        if query.get("EIO") != Some("3") || query.get("transport") != Some("websocket") {
            self.note("a socket that is not engine.io v3 over websocket");
            return refused(400, "Transport unknown");
        }
        let client = query
            .get("access_token")
            .and_then(|token| self.tokens.get(token))
            .cloned();
        let Some(client) = client else {
            return refused(401, "invalid token");
        };
        if let Some(response) = antiphon_net::accept_upgrade(request) {
            Admission::Granted(client, response)
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
            // The envelope's own code is the status, but for the errors that hide under 200.
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

fn envelope(status: u16, message: &str, data: &serde_json::Value) -> String {
    let inner = data
        .pointer("/err/details/code")
        .and_then(serde_json::Value::as_u64);
    let code = inner.unwrap_or(u64::from(status));
    serde_json::json!({"code": code, "message": message, "data": data}).to_string()
}
