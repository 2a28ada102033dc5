//! Asks a question and waits for the answer in the same room, inside one handler.
//!
//! The room's later events wait behind the handler, yet the answer arrives: a waiter is served as the app reads the
//! journal, before the event's turn in its lane.
//!
//! `cargo run -p antiphon --example ask_and_wait`

use std::time::Duration;

use antiphon::{
    App, BoxError, Event, Handle, HandlerError, HandlerExt, State,
    queup::{Chat, Client, Source, view::Chat as ChatView},
};

mod stage;

async fn quiz(
    asked: Chat,
    event: std::sync::Arc<Event>,
    State(client): State<Client>,
    handle: Handle<Client>,
) -> Result<(), HandlerError> {
    let Some(room) = client.room(&asked.room) else {
        return Ok(());
    };
    let player = asked.author.id.clone();
    // The waiter listens from here on, so that no answer comes too soon.
    let answer = handle
        .wait_for::<Chat>(move |chat: &ChatView<'_>| chat.author == player.as_str())
        .in_place(event.place().clone())
        .timeout(Duration::from_secs(30));
    room.send_message("How many strings has a violin?").await?;
    let verdict = match answer.await {
        Ok(answer) if matches!(answer.content.trim(), "4" | "four") => "Right!",
        Ok(_) => "No: four.",
        Err(_) => "Too late: four.",
    };
    room.send_message(verdict).await?;
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Client> {
    App::new(client)
        .source(source)
        .on(quiz.when(|chat: &ChatView<'_>| chat.content.trim() == "!quiz"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    stage::play("ask_and_wait", app, async |simulator| {
        let room = simulator.queup().room(stage::ROOM);
        for answer in ["four", "seven"] {
            room.say("ida", "!quiz");
            stage::pause().await;
            room.say("teo", "is it six?");
            stage::pause().await;
            room.say("ida", answer);
            stage::pause().await;
        }
    })
    .await
}
