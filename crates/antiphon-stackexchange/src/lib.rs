#![doc = include_str!("../README.md")]

mod model;

pub use model::{EventId, MessageId, RoomId, Server, UserId};
