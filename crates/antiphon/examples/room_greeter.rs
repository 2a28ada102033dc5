//! Greets each user who joins a room once, also across restarts and redeliveries.
//!
//! `cargo run -p antiphon --example room_greeter`

use antiphon::{
    App, BoxError, Delivery, HandlerError, State,
    queup::{Client, MemberJoin, Source},
};

mod stage;

/// Says hello; the joins of a room are handled in order.
async fn greet(
    joined: MemberJoin,
    State(client): State<Client>,
    delivery: Delivery,
) -> Result<(), HandlerError> {
    let is_own = client.me().is_some_and(|me| me.id == joined.user.id);
    // A join that may have been greeted before a crash is not greeted again.
    if is_own || delivery.redelivered {
        return Ok(());
    }
    if let Some(room) = client.room(&joined.room) {
        let welcome = format!("Welcome to {}, {}!", room.name, joined.user.username);
        room.send_message(&welcome).await?;
    }
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client).source(source).on(greet)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    stage::play("room_greeter", app, async |simulator| {
        let room = simulator.queup().room(stage::ROOM);
        for name in ["nora", "pia", "quentin"] {
            room.join(name);
            stage::pause().await;
        }
    })
    .await
}
