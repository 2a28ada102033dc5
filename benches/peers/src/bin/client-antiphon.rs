//! antiphon as a bot has it: `App`, all intents, one shard, typed handlers that count.
//!
//! Options: `memory`, `process` or `power` for the journal, and `plain`, `zlib` or `zstd`. `apart` lets a second process
//! have the connection and append, to a file, or with `apart=SERVER` to JetStream on a nats-server.

use std::sync::Arc;

use antiphon::{
    App, HandlerError, HandlerExt as _, State,
    discord::{Compression, Config, Intents, MessageCreate, PresenceUpdate, TypingStart, VoiceStateUpdate},
    journal::Durability,
};
use antiphon_peers::{Arguments, Meter, Shared, WANTED, run_apart, run_ingester, run_measured};

type Counted = State<Arc<Meter>>;

async fn message(message: MessageCreate, State(meter): Counted) -> Result<(), HandlerError> {
    meter.message(&message.content);
    Ok(())
}

async fn presence(_: PresenceUpdate, State(meter): Counted) -> Result<(), HandlerError> {
    meter.count();
    Ok(())
}

async fn typing(_: TypingStart, State(meter): Counted) -> Result<(), HandlerError> {
    meter.count();
    Ok(())
}

async fn voice(_: VoiceStateUpdate, State(meter): Counted) -> Result<(), HandlerError> {
    meter.count();
    Ok(())
}

async fn wanted(message: MessageCreate, State(meter): Counted) -> Result<(), HandlerError> {
    meter.wanted(&message.content);
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read();
    let has = |option: &str| arguments.options.iter().any(|given| given == option);
    let compression = match () {
        () if has("zlib") => Compression::Zlib,
        () if has("zstd") => Compression::Zstd,
        () => Compression::None,
    };
    let config = Config::new("token", Intents::all())
        .rest(format!("http://{}/api/v10", arguments.address))
        .gateway(format!("ws://{}", arguments.address))
        .compression(compression);
    let (_client, source) = antiphon::discord::connect(config);

    if has("ingest") {
        let shared = Shared::read(&arguments.options).expect("a journal");
        run_ingester(App::new(()).named("ingester").source(source), &shared).await;
        return;
    }
    let meter = Arc::new(Meter::new(arguments.events + 2));
    let app = App::new(Arc::clone(&meter)).source(source);
    let app = if arguments.is_filtered() {
        app.on(wanted.when(|message| message.content.starts_with(WANTED)))
    } else {
        app.on(message).on(presence).on(typing).on(voice)
    };

    if let Some(apart) = arguments.options.iter().find_map(|option| option.strip_prefix("apart")) {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = match apart.strip_prefix('=') {
            Some(server) => Shared::JetStream(server.into(), format!("bench-{}", std::process::id())),
            None => Shared::File(folder.path().join("journal.sqlite")),
        };
        run_apart(app, shared, &meter).await;
        return;
    }
    let durability = if has("memory") {
        None
    } else if has("power") {
        Some(Durability::Power)
    } else {
        Some(Durability::Process)
    };
    run_measured(app, durability, &meter).await;
}
