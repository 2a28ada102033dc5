//! serenity: `Client` without its cache, a method of `EventHandler` for each of the four events.

use std::sync::Arc;

use antiphon_peers::{Arguments, Meter, WANTED};
use serenity::{
    all::{Context, EventHandler, GatewayIntents, Http, Message, Presence, TypingStartEvent, VoiceState},
    async_trait,
    client::ClientBuilder,
    http::HttpBuilder,
};

struct Handler {
    meter: Arc<Meter>,
    is_filtered: bool,
}

#[async_trait]
impl EventHandler for Handler {
    async fn message(&self, _: Context, message: Message) {
        if !self.is_filtered {
            self.meter.message(&message.content);
        } else if message.content.starts_with(WANTED) {
            self.meter.wanted(&message.content);
        }
    }

    async fn presence_update(&self, _: Context, _: Presence) {
        if !self.is_filtered {
            self.meter.count();
        }
    }

    async fn typing_start(&self, _: Context, _: TypingStartEvent) {
        if !self.is_filtered {
            self.meter.count();
        }
    }

    async fn voice_state_update(&self, _: Context, _: Option<VoiceState>, _: VoiceState) {
        if !self.is_filtered {
            self.meter.count();
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read();
    let meter = Arc::new(Meter::new(arguments.events + 2));
    let http: Http =
        HttpBuilder::new("token").proxy(format!("http://{}", arguments.address)).ratelimiter_disabled(true).build();
    let handler = Handler { meter: Arc::clone(&meter), is_filtered: arguments.is_filtered() };
    let mut client =
        ClientBuilder::new_with_http(http, GatewayIntents::all()).event_handler(handler).await.expect("a client");
    tokio::select! {
        ended = client.start() => panic!("the client ended: {ended:?}"),
        () = meter.finished() => {}
    }
    meter.report();
}
