//! QueUp in the demo: one room with chat, songs and people who come and go.
//!
//! The bot answers `!ping`, greets people who come in, and counts dubs. Its cut closes the sockets of the bot's account
//! alone: other accounts of the simulator stay connected.

use std::time::Duration;

use antiphon::{Event, FromRef, HandlerError, HandlerExt as _, Place, State, queup};
use antiphon_sim::queup::QueUp;

use crate::command::demo::{
    act::{Cast, Part, Stage},
    bot::Bot,
};

/// A room that the simulator has from its start.
const ROOM: &str = "choir-loft";

/// The account is the simulator's bot.
pub(crate) fn part(cast: &mut Cast<'_>) -> Part {
    let simulated = cast.simulator.queup();
    let account = simulated.account();
    let config = queup::Config::new(queup::Account::new(account.email, account.password))
        .name(cast.name.clone())
        .rooms([ROOM])
        .network(cast.simulator.network());
    let (client, source) = queup::connect(config);
    cast.clients.add(client);
    Part {
        account: account.id,
        stage: Box::new(Room {
            place: simulated.room(ROOM).place(),
            queup: simulated,
        }),
        source: Box::new(source),
        handlers: |app| {
            app.on(pong.when(|chat| chat.content == "!ping"))
                .on(greet)
                .on(count_dubs)
        },
    }
}

impl FromRef<Bot> for queup::Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.clients.get()
    }
}

/// Answers in the room where somebody asked.
async fn pong(chat: queup::Chat, State(queup): State<queup::Client>) -> Result<(), HandlerError> {
    if let Some(room) = queup.room(&chat.room) {
        room.send_message("pong").await?;
    }
    Ok(())
}

/// Greets people who come in, every now and then.
async fn greet(
    joined: queup::MemberJoin,
    State(queup): State<queup::Client>,
    State(bot): State<Bot>,
) -> Result<(), HandlerError> {
    let is_own = queup.me().is_some_and(|me| me.id == joined.user.id);
    if is_own || !bot.counted().is_time_to_greet() {
        return Ok(());
    }
    if let Some(room) = queup.room(&joined.room) {
        let welcome = format!("welcome, {}!", joined.user.username);
        room.send_message(&welcome).await?;
    }
    Ok(())
}

/// Counts the dubs of the room's songs.
async fn count_dubs(dub: queup::Dub, State(bot): State<Bot>) {
    match dub.dubtype {
        queup::DubType::UpDub => bot.counted().up_dubs += 1,
        queup::DubType::DownDub => bot.counted().down_dubs += 1,
        _ => {}
    }
}

/// The bot is back when it has joined its room again, which is later than its socket.
#[derive(Debug)]
struct Room {
    queup: QueUp,
    place: Place,
}

impl Stage for Room {
    fn traffic(&self, rate: u32) {
        self.queup.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.queup.room(ROOM).say(by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "!ping");
    }

    fn cut(&self, length: Duration) {
        self.queup.refuse_sockets(length);
        self.queup.links_of(QueUp::BOT).cut();
    }

    fn is_back(&self, event: &Event) -> bool {
        *event.kind() == "queup.joined_room" && *event.place() == self.place
    }
}
