//! What the simulator promises, checked by a raw client over the network's own HTTP and WebSocket: a test per promise.

mod client;
mod control;
mod discord;
mod faults;
mod lavalink;
mod ledger;
mod quirks;
mod rest;
mod socket;
mod traffic;
