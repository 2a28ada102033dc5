#![doc = include_str!("../README.md")]

mod addresses;
mod cookies;
mod error;
mod frames;
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod head;
mod http;
mod limits;
mod network;
pub mod pipe;
mod proxy;
mod row;
mod stream;
mod tls;
mod upgrade;
mod url;
mod websocket;

pub use addresses::{Addresses, AddressesError, AddressesOf};
pub use cookies::SetCookie;
pub use error::{ConnectError, HttpError, Phase, SocketError, may_have_arrived};
pub use http::{HttpBody, HttpClient};
pub use limits::Limits;
pub use network::{Connect, Network, Route};
pub use proxy::{EnvironmentProxies, Proxy, ProxyError, ProxyVariableError};
pub use row::Row;
pub use stream::Stream;
pub use upgrade::{WebSocketRequest, accept_upgrade};
pub use url::{UrlError, parse_url};
pub use websocket::{Message, Text, WebSocket, describe_close};
