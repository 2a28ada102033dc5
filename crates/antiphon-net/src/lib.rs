#![doc = include_str!("../README.md")]

mod error;
mod frames;
mod head;
mod http;
mod limits;
mod network;
pub mod pipe;
mod stream;
mod upgrade;
mod websocket;

pub use error::{ConnectError, HttpError, Phase, SocketError};
pub use http::HttpClient;
pub use limits::Limits;
pub use network::{Connect, Network, Route};
pub use stream::Stream;
pub use upgrade::{WebSocketRequest, accept_upgrade};
pub use websocket::{Message, Text, WebSocket};
