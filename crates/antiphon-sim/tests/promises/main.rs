//! What the simulator promises, checked by a raw client over the network's own HTTP and WebSocket: a test per promise.

mod chat;
mod client;
mod control;
mod discord;
mod faults;
mod goodbye;
mod lavalink;
mod ledger;
mod quirks;
mod rest;
mod socket;
mod traffic;
