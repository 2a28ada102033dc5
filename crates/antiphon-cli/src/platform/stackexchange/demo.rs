//! Stack Exchange in the demo: one chat room.
//!
//! The bot answers those who name it. A mention comes beside the message itself, so that a bot that handled both would
//! answer twice; the demo handles mentions alone.

use std::time::Duration;

use antiphon::{FromRef, HandlerError, HandlerExt as _, State, stackexchange};
use antiphon_sim::stackexchange::StackExchange;

use crate::command::demo::{
    act::{Cast, Part, Stage},
    bot::Bot,
};

/// The room where the simulator's bot has every right.
const ROOM: i64 = StackExchange::ROOM;

/// The account is the simulator's bot, on the first of the three servers.
pub(crate) fn part(cast: &mut Cast<'_>) -> Part {
    let simulated = cast.simulator.stackexchange();
    let account = simulated.account();
    let login = stackexchange::Account::new(account.email, account.password);
    let config = stackexchange::Config::new(login)
        .name(cast.name.clone())
        .rooms([ROOM])
        .network(cast.simulator.network());
    let (client, source) = stackexchange::connect(config);
    cast.clients.add(client);
    Part {
        account: account.id.to_string(),
        stage: Box::new(Room(simulated)),
        source: Box::new(source),
        handlers: |app| {
            app.on(answer.when(|mention| mention.content.contains("!ping")))
                .on(count_mentions)
        },
    }
}

impl FromRef<Bot> for stackexchange::Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.clients.get()
    }
}

/// Replies to people who ask the bot by name. The message itself, which comes beside the mention, is left alone.
async fn answer(
    mention: stackexchange::MentionEvent,
    State(chat): State<stackexchange::Client>,
) -> Result<(), HandlerError> {
    let room = chat.room(mention.room_id);
    room.reply(mention.message_id, "pong").await?;
    Ok(())
}

/// Counts the mentions of the bot.
async fn count_mentions(_: stackexchange::MentionEvent, State(bot): State<Bot>) {
    bot.counted().mentions += 1;
}

/// The simulator's first chat server.
#[derive(Debug)]
struct Room(StackExchange);

impl Stage for Room {
    fn traffic(&self, rate: u32) {
        self.0.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.0.say(ROOM, by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "@antiphon !ping");
    }

    fn cut(&self, length: Duration) {
        self.0.refuse_sockets(length);
        self.0.cut();
    }
}
