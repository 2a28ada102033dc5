//! Connections to the simulated Discord: HTTP on them, and sockets where HTTP ends.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;

use super::{
    rest::{self, Answer, Body},
    settings::RESUME,
    socket::{self, Compression, Wish},
    state::State,
};
use crate::{
    fault::{Refusal, RestFault},
    line::Line,
    server::Server,
    web::{self, Page, Reply},
};

/// Serves one connection of the REST interface until either side ends it.
pub(crate) async fn serve_rest(server: Arc<Server<State>>, line: Line) {
    let answer = |request: Request<Option<Bytes>>| -> Reply<Wish> {
        server.with(|state| {
            let (head, body) = request.into_parts();
            let Some(body) = body else {
                state.note("a request with a body that is too large or broke off");
                return Reply::Answer(page(Answer::too_large()));
            };
            let (answer, fault) = state.handle(&Request::from_parts(head, body));
            match fault {
                Some(RestFault::Slow(late)) => Reply::Late(late, page(answer)),
                Some(RestFault::Dropped) => Reply::Dropped,
                _ => Reply::Answer(page(answer)),
            }
        })
    };
    web::serve_up_to(rest::REQUEST, line, answer, |_, _, _| async {}).await;
}

/// Serves one connection of the Gateway until either side ends it.
pub(crate) async fn serve_gateway(server: Arc<Server<State>>, line: Line) {
    let answer = |request: Request<Option<Bytes>>| server.with(|state| state.admit(&request));
    let socket = |stream, line, wish| {
        let server = &server;
        async move { socket::serve(server, stream, line, wish).await }
    };
    web::serve(line, answer, socket).await;
}

impl State {
    fn admit(&mut self, request: &Request<Option<Bytes>>) -> Reply<Wish> {
        let refused = |status| Reply::Answer(page(Answer::html(status, "")));
        let host = request
            .headers()
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let is_resume = host.is_some_and(|host| host.split(':').next() == Some(RESUME));
        if is_resume && self.gateway.faults.resume_host_is_stale {
            return Reply::Dropped;
        }
        match self.faults.for_upgrade(self.now()) {
            Some(Refusal::Dropped) => return Reply::Dropped,
            Some(Refusal::Status(status)) => return refused(status),
            None => {}
        }
        let query: Vec<(String, String)> =
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let get = |name: &str| {
            query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        if get("encoding").is_some_and(|encoding| encoding != "json") {
            self.note("a socket asks for an encoding other than json: the simulator speaks encoding=json only, not etf");
            return Reply::Answer(page(Answer::error(
                400,
                0,
                "This simulated Gateway speaks encoding=json only; switch ETF off in the client (for instance, remove erlpack).",
            )));
        }
        let compression = match get("compress") {
            None => Compression::None,
            Some("zlib-stream") => Compression::Zlib,
            Some("zstd-stream") => Compression::Zstd,
            Some(other) => {
                self.note(format!("a socket asks for the compression {other:?}"));
                Compression::None
            }
        };
        if get("v").is_none() {
            self.note("a socket does not say which version it speaks");
        }
        let knows_version = matches!(get("v"), None | Some("9" | "10"));
        let Some(response) = antiphon_net::accept_upgrade(request) else {
            self.note("a request to the Gateway that asks for no socket");
            return refused(404);
        };
        Reply::Socket(
            Wish {
                compression,
                knows_version,
            },
            response,
        )
    }
}

fn page(answer: Answer) -> Page {
    let is_html = matches!(answer.body, Body::Html(_));
    let (content_type, body) = match answer.body {
        // Discord names no charset.
        Body::Json(json) => (Some("application/json"), json.to_string().into_bytes()),
        Body::Text(text) => (Some("application/json"), text.into_bytes()),
        Body::Html(html) => (Some("text/html"), html.into_bytes()),
        Body::File(content_type, bytes) => (Some(content_type), bytes),
        Body::Empty => (None, Vec::new()),
    };
    let mut page = Response::new(Full::new(Bytes::from(body)));
    *page.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = page.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static(content_type),
        );
    }
    // Discord answers through a proxy; libraries wait after a 429 only where this header is (discord.py and its forks, `http.py`).
    if !is_html {
        headers.insert(header::VIA, http::HeaderValue::from_static("1.1 google"));
    }
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            headers.append(name, value);
        }
    }
    page
}
