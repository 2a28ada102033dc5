//! Connections to the simulated network: HTTP on them, and sockets where HTTP ends.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;

use super::{
    Server,
    rest::{Answer, Fields},
    socket,
    state::{SOCKETS, State, Ticket},
};
use crate::{fault::RestFault, line::Line};

/// Longest body taken from a client.
const LONGEST: usize = 1 << 20;

/// A socket that was granted and waits for the end of HTTP.
struct Granted {
    upgrade: OnUpgrade,
    ticket: Ticket,
    connection: String,
    /// The counter after which events are wanted.
    after: i64,
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
    if let Some(granted) = granted
        && let Ok(upgraded) = granted.upgrade.await
    {
        let stream = TokioIo::new(upgraded);
        let (ticket, connection, after) = (granted.ticket, granted.connection, granted.after);
        Box::pin(socket::serve(
            &server, stream, line, ticket, connection, after,
        ))
        .await;
    }
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

async fn respond(
    server: &Server,
    granted: &Mutex<Option<Granted>>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let host = host(&request);
    if host == SOCKETS {
        return match server.with(|state| state.admit(&request)) {
            Admission::Granted(ticket, connection, after, response) => {
                let upgrade = hyper::upgrade::on(&mut request);
                *granted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Granted {
                    upgrade,
                    ticket,
                    connection,
                    after,
                });
                Ok(response.map(|()| Full::default()))
            }
            Admission::Refused(status) => Ok(respond_with(Answer::html(status, ""))),
            Admission::Dropped => Err(Dropped),
        };
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST).collect().await else {
        server.with(|state| state.note("a request with a body that is too large or broke off"));
        return Ok(respond_with(Answer::html(413, "")));
    };
    let request = Request::from_parts(head, body.to_bytes());
    let reply = server.with(|state| state.handle(&host, &request));
    match reply.fault {
        Some(RestFault::Slow(late)) => tokio::time::sleep(late).await,
        Some(RestFault::Dropped) => return Err(Dropped),
        _ => {}
    }
    Ok(respond_with(reply.answer))
}

/// What becomes of a request for a socket.
enum Admission {
    Granted(Ticket, String, i64, Response<()>),
    Refused(u16),
    Dropped,
}

impl State {
    fn admit(&mut self, request: &Request<Incoming>) -> Admission {
        let refuse_until = self.faults.refuse_until;
        if refuse_until.is_some_and(|until| until > self.now()) {
            return Admission::Dropped;
        }
        if !self.faults.upgrades.is_empty() {
            return Admission::Refused(self.faults.upgrades.remove(0));
        }
        if !request.headers().contains_key(header::ORIGIN) {
            self.note("a socket without an Origin");
            return Admission::Dropped;
        }
        let steps: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        let ["events", _, secret] = steps[..] else {
            self.note(format!("a socket at {}", request.uri().path()));
            return Admission::Refused(404);
        };
        if self.spent.contains(secret) {
            self.note("an address of a socket that was used before");
            return Admission::Refused(403);
        }
        let Some(ticket) = self.tickets.remove(secret) else {
            self.note("an address of a socket that was never given out");
            return Admission::Refused(403);
        };
        let query = Fields::parse(request.uri().query().unwrap_or_default().as_bytes());
        let after = query
            .get("l")
            .and_then(|l| l.parse().ok())
            .unwrap_or_default();
        let Some(response) = antiphon_net::accept_upgrade(request) else {
            self.note("a socket without a proper upgrade request");
            return Admission::Refused(400);
        };
        self.spent.insert(secret.to_owned());
        if self.spent.len() > 100_000 {
            self.spent.clear();
        }
        Admission::Granted(ticket, secret.to_owned(), after, response)
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
