//! The upgrade from HTTP to a WebSocket, as client and as server (RFC 6455 §4).
//!
//! The upgrade is our own because its bounds are: the head of the answer has a limit, and what the server sends right
//! behind it is kept. No extension and no subprotocol is asked for, and an answer that has one is refused.

use std::{fmt, time::Duration};

use ::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT,
        SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING,
        UPGRADE,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::io::AsyncWriteExt as _;

use crate::{
    ConnectError, Limits, Network, Phase, Stream, WebSocket,
    error::shown,
    head::{self, Head, HeadError},
    url,
};

/// The suffix of the key (RFC 6455 §1.3).
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Header fields of the upgrade itself, which the caller may not set.
const RESERVED: [HeaderName; 8] = [
    HOST,
    CONNECTION,
    UPGRADE,
    SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION,
    SEC_WEBSOCKET_EXTENSIONS,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
];

/// A request for a WebSocket: its URI, and header fields such as `Origin`, `Cookie` or `Authorization`.
///
/// `Debug` shows neither the URI's query nor any field's value.
///
/// The key and the version are added when it is sent. Clone it to open the same socket again.
///
/// ```
/// use antiphon_net::WebSocketRequest;
///
/// let request = WebSocketRequest::new("wss://chat.example/events?l=1".parse()?)
///     .header("Origin", "https://chat.example")
///     .header("Cookie", "acct=secret");
/// assert!(!format!("{request:?}").contains("secret"));
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Clone)]
pub struct WebSocketRequest {
    uri: Uri,
    fields: HeaderMap,
    unusable: Option<&'static str>,
}

impl WebSocketRequest {
    /// A request for a WebSocket at a `ws` or `wss` URI.
    ///
    /// A URI that cannot be used shows when the socket is opened.
    pub fn new(uri: Uri) -> Self {
        Self {
            uri,
            fields: HeaderMap::new(),
            unusable: None,
        }
    }

    /// Adds a header field (default: none beyond `Host` and those of the upgrade).
    ///
    /// A name or value that HTTP forbids, and a field that is the upgrade's own (such as `Host`, which follows from
    /// the URI), is reported by [`Network::websocket`].
    #[must_use]
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(_)) if RESERVED.contains(&name) => {
                self.unusable = Some("a header field belongs to the upgrade itself");
            }
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                self.fields.append(name, value);
            }
            _ => self.unusable = Some("a header field is not allowed in HTTP"),
        }
        self
    }

    /// The reason why the request cannot be sent, if there is one.
    fn problem(&self) -> Option<&'static str> {
        let is_websocket = matches!(self.uri.scheme_str(), Some("ws" | "wss"));
        self.unusable
            .or((!is_websocket).then_some("the scheme is neither ws nor wss"))
            .or(url::port(&self.uri)
                .is_err()
                .then_some("the port is no number from 1 to 65535"))
    }

    /// The request as it is sent.
    fn to_bytes(&self, key: &str) -> Vec<u8> {
        let host = self.uri.host().unwrap_or_default();
        let port = match (self.uri.scheme_str(), url::port(&self.uri)) {
            (_, Ok(None) | Err(_)) | (Some("ws"), Ok(Some(80))) | (Some("wss"), Ok(Some(443))) => {
                String::new()
            }
            (_, Ok(Some(port))) => format!(":{port}"),
        };
        let path = self.uri.path();
        let query = self
            .uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let mut bytes = format!(
            "GET {path}{query} HTTP/1.1\r\nHost: {host}{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        )
        .into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

impl fmt::Debug for WebSocketRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketRequest")
            .field("uri", &shown(&self.uri))
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// Connects and upgrades.
pub(crate) async fn open(
    network: &Network,
    request: WebSocketRequest,
) -> Result<WebSocket, ConnectError> {
    let name = shown(&request.uri);
    if let Some(why) = request.problem() {
        return Err(ConnectError::permanent(Phase::Address, &name, why));
    }
    let limits = *network.bounds();
    let stream = network.open(&request.uri).await?;
    tokio::time::timeout(limits.upgrade, upgrade(stream, &request, &name, limits))
        .await
        .map_err(|_| ConnectError::timed_out(Phase::Upgrade, &name, limits.upgrade))?
}

async fn upgrade(
    mut stream: Stream,
    request: &WebSocketRequest,
    name: &str,
    limits: Limits,
) -> Result<WebSocket, ConnectError> {
    let key = STANDARD.encode(fastrand::u128(..).to_ne_bytes());
    let broken = |error| ConnectError::io(Phase::Upgrade, name, error);
    stream
        .write_all(&request.to_bytes(&key))
        .await
        .map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let (head, early) =
        head::read(&mut stream, limits.head())
            .await
            .map_err(|error| match error {
                HeadError::Broken(error) => broken(error),
                HeadError::TooLarge(_) => {
                    ConnectError::permanent(Phase::Upgrade, name, error.to_string())
                }
                // A server that is being restarted may answer with anything.
                HeadError::NotHttp => {
                    ConnectError::transient(Phase::Upgrade, name, error.to_string())
                }
            })?;
    if head.status != 101 {
        return Err(ConnectError::refused(name, head.status, retry_after(&head)));
    }
    if let Some(why) = flaw(&head.fields, &key) {
        return Err(ConnectError::permanent(Phase::Upgrade, name, why));
    }
    Ok(WebSocket::client(stream.with_early(early.freeze()), limits))
}

/// `Retry-After`, where it is a number of seconds.
fn retry_after(head: &Head) -> Option<Duration> {
    let seconds = head
        .fields
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// The flaw of an answer of status 101, if it has one (RFC 6455 §4.1).
fn flaw(fields: &HeaderMap, key: &str) -> Option<&'static str> {
    if !lists(fields, &UPGRADE, "websocket") || !lists(fields, &CONNECTION, "upgrade") {
        return Some("the server did not upgrade to a WebSocket");
    }
    let accept = fields.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
    if accept != Some(accept_key(key).as_bytes()) {
        return Some("the server's Sec-WebSocket-Accept does not answer our key");
    }
    if fields.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Some("the server uses an extension that nobody asked for");
    }
    None
}

/// Whether a field that is a list of words has this word.
fn lists(fields: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = fields
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// The value of `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2).
fn accept_key(key: &str) -> String {
    let text = format!("{key}{KEY_SUFFIX}");
    STANDARD.encode(ring::digest::digest(
        &ring::digest::SHA1_FOR_LEGACY_USE_ONLY,
        text.as_bytes(),
    ))
}

/// The answer of status 101 with which a server accepts an upgrade to a WebSocket.
///
/// `None` if the request does not ask for one (RFC 6455 §4.2.1).
/// Once the answer is sent, give the connection to [`WebSocket::serve`].
///
/// ```
/// use antiphon_net::accept_upgrade;
/// use http::{Request, StatusCode};
///
/// let request = Request::get("/events")
///     .header("Connection", "keep-alive, Upgrade")
///     .header("Upgrade", "websocket")
///     .header("Sec-WebSocket-Version", "13")
///     .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .body(())?;
/// let response = accept_upgrade(&request).expect("it asks for a WebSocket");
/// assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
/// assert_eq!(response.headers()["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<(), http::Error>(())
/// ```
pub fn accept_upgrade<B>(request: &Request<B>) -> Option<Response<()>> {
    let fields = request.headers();
    let asks = request.method() == Method::GET
        && lists(fields, &UPGRADE, "websocket")
        && lists(fields, &CONNECTION, "upgrade")
        && fields
            .get(SEC_WEBSOCKET_VERSION)
            .is_some_and(|version| version == "13");
    let key = fields
        .get(SEC_WEBSOCKET_KEY)
        .filter(|_| asks)?
        .to_str()
        .ok()?;
    if STANDARD.decode(key).ok()?.len() != 16 {
        return None;
    }
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept_key(key))
        .body(())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_rfc() {
        assert_eq!(
            accept_key("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
