//! lavalink-rs on one node, with a handler for each kind of the corpus: `client-lavalink-rs ADDRESSES EVENTS lavalink`.

use std::{fs, sync::Arc};

use antiphon_peers::{Arguments, Meter};
use lavalink_rs::{
    client::LavalinkClient,
    model::{
        BoxFuture, UserId,
        client::NodeDistributionStrategy,
        events::{Events, PlayerUpdate, TrackEnd, TrackStart},
    },
    node::NodeBuilder,
};

fn count(client: &LavalinkClient) {
    client.data::<Meter>().expect("it was given").count();
}

fn player_update(client: LavalinkClient, _: String, _: &PlayerUpdate) -> BoxFuture<'_, ()> {
    Box::pin(async move { count(&client) })
}

fn track_start(client: LavalinkClient, _: String, _: &TrackStart) -> BoxFuture<'_, ()> {
    Box::pin(async move { count(&client) })
}

fn track_end(client: LavalinkClient, _: String, _: &TrackEnd) -> BoxFuture<'_, ()> {
    Box::pin(async move { count(&client) })
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read();
    let text = fs::read_to_string(&arguments.address).expect("a file of addresses");
    let addresses: serde_json::Value = serde_json::from_str(&text).expect("addresses");
    let node = &addresses["lavalink"][0];
    let field = |name: &str| node[name].as_str().expect("a field of a node").to_owned();
    let meter = Arc::new(Meter::new(arguments.events));
    let events = Events {
        player_update: Some(player_update),
        track_start: Some(track_start),
        track_end: Some(track_end),
        ..Events::default()
    };
    let node = NodeBuilder {
        hostname: field("url").trim_start_matches("http://").to_owned(),
        is_ssl: false,
        events: Events::default(),
        password: field("password"),
        user_id: UserId(80_351_110_224_678_912),
        session_id: None,
    };
    let strategy = NodeDistributionStrategy::sharded();
    let _client = LavalinkClient::new_with_data(events, vec![node], strategy, Arc::clone(&meter)).await;
    meter.finished().await;
    meter.report();
}
