//! Each platform's part in the demo: where it happens, who speaks, and how its line is cut.

use std::{fmt, time::Duration};

use antiphon::{Event, Link, Payload as _, Place, SourceName};
use antiphon_sim::{Simulator, discord::Discord, queup::QueUp, stackexchange::StackExchange};

/// QueUp's room.
pub(super) const ROOM: &str = "choir-loft";
/// The chat's room.
pub(super) const CHAT_ROOM: i64 = StackExchange::ROOM;

/// One platform's part in the demo.
#[derive(Debug)]
pub(super) struct Act {
    /// Its name, as the summary has it.
    pub(super) platform: &'static str,
    /// Its source in the app.
    pub(super) source: SourceName,
    /// Id of the bot's account there, as the ledger names whom something is due to.
    pub(super) account: String,
    pub(super) stage: Box<dyn Stage>,
}

/// What can be done on a simulated platform.
pub(super) trait Stage: fmt::Debug + Send + Sync {
    /// Sets how many events a second people make.
    fn traffic(&self, rate: u32);

    /// Somebody says something in the bot's room.
    fn say(&self, by: &str, text: &str);

    /// Somebody asks the bot for an answer.
    fn ask(&self, by: &str);

    /// Cuts the bot's line, and lets no new one come for so long.
    fn cut(&self, length: Duration);

    /// Whether an event of the bot's source tells that it is in its room, for the first time or again.
    fn is_back(&self, event: &Event) -> bool;
}

/// Every platform's part, its source named after it.
pub(super) fn all(simulator: &Simulator) -> Vec<Act> {
    let (discord, queup, chat) = (
        simulator.discord(),
        simulator.queup(),
        simulator.stackexchange(),
    );
    vec![
        Act {
            platform: "discord",
            source: "discord".into(),
            account: discord.account().id.to_string(),
            stage: Box::new(Guild {
                channel: discord.channel_id().to_string(),
                discord,
            }),
        },
        Act {
            platform: "queup",
            source: "queup".into(),
            account: queup.account().id,
            stage: Box::new(Loft {
                place: queup.room(ROOM).place(),
                queup,
            }),
        },
        Act {
            platform: "stackexchange",
            source: "stackexchange".into(),
            account: chat.account().id.to_string(),
            stage: Box::new(Tea(chat)),
        },
    ]
}

/// Whether an event tells that its source's line is up.
fn is_up(event: &Event) -> bool {
    *event.kind() == Link::KIND && Link::decode(event).is_ok_and(|link| link.state.is_connected())
}

#[derive(Debug)]
struct Guild {
    discord: Discord,
    channel: String,
}

impl Stage for Guild {
    fn traffic(&self, rate: u32) {
        self.discord.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.discord.say(&self.channel, by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "!ping");
    }

    fn cut(&self, length: Duration) {
        self.discord.refuse_sockets(length);
        self.discord.cut();
    }

    fn is_back(&self, event: &Event) -> bool {
        is_up(event)
    }
}

#[derive(Debug)]
struct Loft {
    queup: QueUp,
    place: Place,
}

impl Stage for Loft {
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

#[derive(Debug)]
struct Tea(StackExchange);

impl Stage for Tea {
    fn traffic(&self, rate: u32) {
        self.0.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.0.say(CHAT_ROOM, by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "@antiphon !ping");
    }

    fn cut(&self, length: Duration) {
        self.0.refuse_sockets(length);
        self.0.cut();
    }

    fn is_back(&self, event: &Event) -> bool {
        is_up(event)
    }
}
