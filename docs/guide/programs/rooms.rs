//! The program of the guide's chapter "Rooms".

// ANCHOR: program
use antiphon::{
    App, BoxError, Delivery, HandlerError, HandlerExt as _, State,
    journal::SqliteJournal,
    net::Addresses,
    queup::{self, Account, Chat, Client, Config, MemberJoin, SongChange, Source, view},
};

// ANCHOR: greet
async fn greet(
    joined: MemberJoin,
    State(client): State<Client>,
    delivery: Delivery,
) -> Result<(), HandlerError> {
    let is_own = client.me().is_some_and(|me| me.id == joined.user.id);
    // QueUp takes no nonce: a greeting that may have been said before a crash is left out.
    if is_own || delivery.redelivered {
        return Ok(());
    }
    if let Some(room) = client.room(&joined.room) {
        let welcome = format!("Welcome to {}, {}!", room.name, joined.user.username);
        room.send_message(&welcome).await?;
    }
    Ok(())
}
// ANCHOR_END: greet

// ANCHOR: song
async fn now_playing(change: SongChange, State(client): State<Client>) -> Result<(), HandlerError> {
    if let Some(song) = &change.song
        && let Some(room) = client.room(&change.room)
    {
        room.send_message(&format!("♪ {}", song.name())).await?;
    }
    Ok(())
}
// ANCHOR_END: song

// ANCHOR: votes
async fn votes(chat: Chat, State(client): State<Client>) -> Result<(), HandlerError> {
    let Some(room) = client.room(&chat.room) else {
        return Ok(());
    };
    let text = match room.current_song() {
        Some(song) => format!("{} up, {} down", song.up_dubs, song.down_dubs),
        None => "Nothing plays.".to_owned(),
    };
    room.send_message(&text).await?;
    Ok(())
}
// ANCHOR_END: votes

pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(greet)
        .on(now_playing)
        .on(votes.when(|chat: &view::Chat<'_>| chat.content.trim() == "!votes"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let config = match Addresses::from_env()? {
        Some(simulator) => Config::simulated(&simulator)?,
        None => {
            let account = Account::new(
                std::env::var("QUEUP_EMAIL")?,
                std::env::var("QUEUP_PASSWORD")?,
            );
            Config::new(account).rooms([std::env::var("QUEUP_ROOM")?])
        }
    };
    let (client, source) = queup::connect(config);
    let journal = SqliteJournal::open("rooms.sqlite").await?;
    app(client, source)
        .run(journal, tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
