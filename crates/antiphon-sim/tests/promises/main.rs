//! Promises of the simulator, tested by raw clients over the network's own HTTP and WebSocket.

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
mod tls;
mod traffic;
mod wire;
mod world_file;
