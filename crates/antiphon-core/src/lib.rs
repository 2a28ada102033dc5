#![doc = include_str!("../README.md")]

mod backoff;
mod clock;
mod dead;
mod erasure;
mod error;
mod event;
mod events;
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod gap;
mod html;
mod intake;
mod journal;
mod json;
mod kind;
pub mod lenient;
mod link;
mod open;
mod outbox;
mod partition;
mod payload;
mod projection;
mod relay;
mod run;
mod scan;
mod secret;
mod shared;
mod skipped;
mod source;
mod tap;
mod words;

pub use backoff::Backoff;
pub use clock::{Clock, Moment, until};
pub use dead::{DeadLetter, DeadLetterId};
pub use erasure::{Erased, Person, Repack, Rule, StateVerdict, Verdict};
pub use error::{BoxError, ConfigError, DecodeError, error_chain, json_position};
pub use event::{BodyForm, Draft, Event, Provenance};
pub use events::Events;
pub use fastrand::Rng;
pub use gap::{Edge, Gap};
pub use html::unescape_html;
pub use intake::{
    Checkpoint, Closed, Entry, Intake, IntakeLimits, IsUrgent, Opener, Outlet, Part, Permit,
    Received,
};
pub use journal::{
    AppendError, Appended, Batch, BoxFuture, Claim, ClaimError, Cursor, DeadLetterChange,
    IntoJournal, Journal, OpenEvent, Parked, ReadError, Retention, Role, Saved, Sweep, Trouble,
};
pub use json::{NotUtf8, keep_part, read_json, read_utf8};
pub use kind::{Keep, Kind, KindInfo, KindPattern};
pub use link::{Link, LinkState, NotConnected, StopCode};
pub use open::{Fatal, OpenFailure};
pub use outbox::Outbox;
pub use partition::Partitions;
pub use payload::Payload;
pub use projection::{Before, Projection};
pub use relay::{Desk, Relay, RelayError, Remote, RemoteCause, Serve};
pub use run::RunId;
pub use scan::{NotJson, Scan, Step};
pub use secret::Secret;
pub use shared::{SharedValue, SharedValues};
pub use skipped::Skipped;
pub use source::{Expiry, Judge, LaneOf, Source, SourceError, Stop, Stopper};
pub use tap::Tap;
pub use words::{ConsumerName, Origin, Place, Position, SourceName};
