//! A source against the simulator, with a journal in memory.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use antiphon_core::{Event, IntakeLimits, Payload as _, Provenance, Rng};
pub use antiphon_sim::trial::Journal;
use antiphon_sim::{Due, Simulator};
use antiphon_stackexchange::{
    self as stackexchange, Account, Client, Config, MessageEvent, UnknownEvent,
};

/// The room where the simulator's bot has every right.
pub const ROOM: i64 = 4242;

/// A source that runs against the simulator, with its client and what it stored.
pub type Running = antiphon_sim::trial::Running<Client>;

/// The texts of a journal's messages.
pub trait Said {
    /// The texts of messages, in order.
    fn texts(&self) -> Vec<String>;

    /// The texts of a room's messages with this provenance.
    fn texts_by(&self, room: i64, provenance: Provenance) -> Vec<String>;
}

impl Said for Journal {
    fn texts(&self) -> Vec<String> {
        let messages = self.decoded::<MessageEvent>().into_iter();
        messages.map(|message| message.content.text()).collect()
    }

    fn texts_by(&self, room: i64, provenance: Provenance) -> Vec<String> {
        let place = format!("room/{room}");
        let posted = self.of("stackexchange.MessagePosted").into_iter();
        posted
            .filter(|event| event.provenance() == provenance && event.place().as_str() == place)
            .map(|event| MessageEvent::decode(event).expect("a message"))
            .map(|message| message.content.text())
            .collect()
    }
}

/// The configuration of the simulator's bot.
pub fn config(sim: &Simulator) -> Config {
    let bot = sim.stackexchange().account();
    Config::new(Account::new(bot.email, bot.password))
        .network(sim.network())
        .clock(sim.clock())
        .rng(Rng::with_seed(7))
        .rooms([ROOM])
}

/// Starts of a source.
pub trait Begin: Sized {
    /// A fresh install.
    fn start(sim: &Simulator, config: Config) -> Self {
        Self::resume(sim, config, Journal::default())
    }

    /// Goes on from what an earlier run stored.
    fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self {
        Self::with_limits(sim, config, stored, IntakeLimits::default())
    }

    fn with_limits(sim: &Simulator, config: Config, stored: Journal, limits: IntakeLimits) -> Self;
}

impl Begin for Running {
    fn with_limits(sim: &Simulator, config: Config, stored: Journal, limits: IntakeLimits) -> Self {
        Self::of(stackexchange::connect(config), sim.clock(), stored, limits)
    }
}

/// The rows of the ledger that are due to the bot and not stored, inside or outside of a gap.
pub fn missing(sim: &Simulator, journal: &Journal) -> Vec<String> {
    let account = sim.stackexchange().account().id.to_string();
    journal.missing(&sim.ledger(), Due::to("stackexchange", &account))
}

/// The rows of the ledger that are due to the bot, neither stored nor inside a reported gap.
pub fn lost(sim: &Simulator, journal: &Journal) -> Vec<String> {
    let account = sim.stackexchange().account().id.to_string();
    journal.lost(&sim.ledger(), Due::to("stackexchange", &account))
}

/// Decodes an event as the payload of its kind, and prints the outcome.
pub fn shown(event: &Event) -> String {
    macro_rules! one_of {
        ($($payload:ident),* $(,)?) => {
            $(if stackexchange::$payload::KINDS.contains(&event.kind().as_str()) {
                if !stackexchange::$payload::concerns(event) {
                    return concat!(stringify!($payload), ": not concerned").to_owned();
                }
                let view = stackexchange::$payload::view(event).is_ok();
                return match stackexchange::$payload::decode(event) {
                    Ok(payload) => {
                        assert!(view, "what decodes has a view");
                        format!("{payload:#?}")
                    }
                    Err(error) => format!("error: {error}"),
                };
            })*
        };
    }
    one_of!(
        AccessLevelChangedEvent,
        DebugMessage,
        DeleteEvent,
        EditEvent,
        FeedTicker,
        FileAdded,
        GlobalNotificationEvent,
        InvitationEvent,
        Malformed,
        MentionEvent,
        MessageEvent,
        MessageFlagged,
        MessageMovedIn,
        MessageMovedOut,
        MessageStarredEvent,
        ModeratorFlag,
        ReplyEvent,
        Reset,
        RoomExit,
        RoomNameChangedEvent,
        RoomTimeout,
        TimeBreak,
        UserEnteredEvent,
        UserLeftEvent,
        UserMerged,
        UserNameOrAvatarChangedEvent,
        UserNotificationEvent,
        UserSettingsChanged,
        UserSuspendedEvent,
    );
    match UnknownEvent::of(event) {
        Ok(unknown) => format!("no type; {unknown:#?}"),
        Err(error) => format!("no type; error: {error}"),
    }
}
