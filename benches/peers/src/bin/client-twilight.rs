//! twilight-gateway alone: a loop over `next_event`, without a cache and without a journal.
//!
//! Which compression it asks for was chosen when it was built; it reads a plain stream in any case.

use antiphon_peers::{Arguments, Meter, WANTED};
use twilight_gateway::{ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt as _};

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read();
    let config =
        ConfigBuilder::new("token".to_owned(), Intents::all()).proxy_url(format!("ws://{}", arguments.address)).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    let meter = Meter::new(arguments.events + 2);
    let is_filtered = arguments.is_filtered();
    let flags = if is_filtered {
        EventTypeFlags::MESSAGE_CREATE
    } else {
        EventTypeFlags::MESSAGE_CREATE
            | EventTypeFlags::PRESENCE_UPDATE
            | EventTypeFlags::TYPING_START
            | EventTypeFlags::VOICE_STATE_UPDATE
    };
    let handle = async {
        while let Some(event) = shard.next_event(flags).await {
            match event.expect("it parses") {
                Event::MessageCreate(message) if is_filtered => {
                    if message.content.starts_with(WANTED) {
                        meter.wanted(&message.content);
                    }
                }
                Event::MessageCreate(message) => meter.message(&message.content),
                Event::PresenceUpdate(_) | Event::TypingStart(_) | Event::VoiceStateUpdate(_) => meter.count(),
                _ => {}
            }
        }
    };
    tokio::select! {
        () = handle => panic!("the stream ended"),
        () = meter.finished() => {}
    }
    meter.report();
}
