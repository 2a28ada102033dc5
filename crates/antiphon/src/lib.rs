#![doc = include_str!("../README.md")]

mod app;
mod context;
mod dispatcher;
mod error;
mod extract;
mod handle;
mod handler;
mod ingest;
mod keys;
mod lanes;
mod metric;
mod parts;
mod restore;
mod runner;
mod running;
mod table;
mod tail;
mod watchers;

pub mod testing;

/// The journal's backends, in memory and in an SQLite file.
pub mod journal {
    pub use antiphon_core::{Batch, Cursor, IntoJournal, Journal, Retention, Sweep, Trouble};
    pub use antiphon_journal::*;
}

/// Caches and observers that follow the journal.
pub mod projection {
    pub use antiphon_core::{Before, Projection, Saved, Tap};
}

/// Connections: the internet, a proxy, or the simulator in its place.
pub mod net {
    pub use antiphon_net::*;
}

/// Discord's Gateway and its REST interface.
#[cfg(feature = "discord")]
pub mod discord {
    pub use antiphon_discord::*;
}

/// Lavalink v4 nodes, their players and queues.
#[cfg(feature = "lavalink")]
pub mod lavalink {
    pub use antiphon_lavalink::*;
}

#[cfg(all(feature = "discord", feature = "lavalink"))]
pub mod music;

/// QueUp rooms.
#[cfg(feature = "queup")]
pub mod queup {
    pub use antiphon_queup::*;
}

/// Stack Exchange chat rooms.
#[cfg(feature = "stackexchange")]
pub mod stackexchange {
    pub use antiphon_stackexchange::*;
}

pub use antiphon_core::{
    AppendError, Backoff, BodyForm, BoxError, BoxFuture, Checkpoint, Clock, Closed, ConsumerName,
    DeadLetter, DeadLetterId, DecodeError, Draft, Edge, Entry, Event, Gap, Intake, IntakeLimits,
    Judge, Keep, Kind, KindInfo, KindPattern, Link, LinkState, Origin, Part, Payload, Permit,
    Place, Position, Provenance, ReadError, Rng, Secret, Source, SourceError, SourceName, Stop,
};
pub use app::App;
pub use context::{Context, FromContext};
pub use error::RunError;
pub use extract::{Before, Delivery, FromRef, State};
pub use handle::{Handle, Progress};
pub use handler::{
    Configured, Handler, HandlerError, HandlerExt, HandlerFuture, Outcome, Owned, Shared, When,
    Wrapped,
};
pub use parts::{Limits, OnStopped};
pub use runner::Failure;
pub use table::HandlerId;
pub use watchers::{EventStream, Lagged, WaitError, WaitFor};

/// The page `docs/parity.md`, whose links rustdoc checks.
#[cfg(all(
    doc,
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]
#[doc = include_str!("../../../docs/parity.md")]
pub mod parity {}

/// The project's front page, so that its example is compiled.
#[cfg(all(
    doctest,
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange",
    feature = "sqlite"
))]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
