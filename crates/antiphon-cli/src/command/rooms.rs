//! Rooms of the running sources: a source that has none left ends the daemon.
//!
//! A room that does not exist or is closed to the account is not tried again by itself. Beside others it is told on
//! stderr, as every change of a link is; where it was the last of its source, nothing would ever be heard there, and the
//! daemon ends with exit code 3. A source that a reload began does not end it before one of its rooms was connected: a
//! mistake in a reload is no reason to stop what runs. It is told, and the next reload begins the source again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon::{Handle, Link, LinkState, Payload as _, Place, SourceName};
use tokio_util::sync::CancellationToken;

use crate::{
    failure::{Exit, Failure},
    logging,
};

/// The rooms of the running sources; sources without rooms are left out.
///
/// Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rooms(Arc<Mutex<BTreeMap<SourceName, OfSource>>>);

/// The rooms of one source.
#[derive(Debug, Default)]
struct OfSource {
    /// Number that the configuration names.
    count: usize,
    stopped: BTreeSet<Place>,
    /// Whether a reload began the source, and no room of it was connected yet.
    is_tried: bool,
    /// Whether none is left.
    is_over: bool,
}

impl Rooms {
    /// Notes that a source begins with so many rooms.
    pub(crate) fn set(&self, source: &str, count: usize, is_tried: bool) {
        let rooms = OfSource {
            count,
            is_tried,
            ..OfSource::default()
        };
        if count > 0 {
            self.all().insert(source.into(), rooms);
        } else {
            self.remove(source);
        }
    }

    /// Forgets the rooms of a source.
    pub(crate) fn remove(&self, source: &str) {
        self.all().remove(&SourceName::new(source));
    }

    /// Whether a source that should have rooms has none left.
    pub(crate) fn are_over(&self, source: &str) -> bool {
        let all = self.all();
        all.get(&SourceName::new(source))
            .is_some_and(|rooms| rooms.is_over)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<SourceName, OfSource>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the state of a room; true if it was the last one, and whether that ends the daemon.
    fn saw(&self, source: &SourceName, room: &Place, state: &LinkState) -> Option<bool> {
        let mut all = self.all();
        let rooms = all.get_mut(source)?;
        if !matches!(state, LinkState::Stopped { .. }) {
            rooms.stopped.remove(room);
            rooms.is_tried &= !state.is_connected();
            return None;
        }
        rooms.stopped.insert(room.clone());
        if rooms.stopped.len() < rooms.count || rooms.is_over {
            return None;
        }
        rooms.is_over = true;
        Some(!rooms.is_tried)
    }
}

/// Reads the links until the app has ended; asks it to end once a source has no room left, and gives the reason.
pub(crate) async fn watch<S: Send + Sync + 'static>(
    handle: Handle<S>,
    rooms: Rooms,
    end: CancellationToken,
) -> Option<Failure> {
    let mut links = handle.stream_raw(Link::KIND);
    drop(handle);
    let mut failed = None;
    while let Some(next) = links.next().await {
        let Ok(event) = next else { continue };
        let Ok(link) = Link::decode(&event) else {
            continue;
        };
        if event.place().id("room").is_none() {
            continue;
        }
        let Some(ends) = rooms.saw(event.source(), event.place(), &link.state) else {
            continue;
        };
        let LinkState::Stopped { reason, hint, .. } = link.state else {
            continue;
        };
        let message = format!("{}: no room is left: {reason}", event.source());
        let failure = Failure::new(Exit::Unreachable, message);
        let failure = match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
        if ends {
            failed.get_or_insert(failure);
            end.cancel();
        } else {
            logging::tell(failure);
        }
    }
    failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_room_of_a_source_ends_the_daemon_unless_a_reload_has_just_named_it() {
        let since = jiff::Timestamp::UNIX_EPOCH;
        let (choir, loft, nave) = (
            SourceName::new("choir"),
            Place::new("room/loft"),
            Place::new("room/nave"),
        );
        let stopped = LinkState::Stopped {
            code: "no-such-room".into(),
            reason: "there is none".to_owned(),
            hint: None,
        };
        let rooms = Rooms::default();
        rooms.set("choir", 2, false);
        assert_eq!(rooms.saw(&choir, &loft, &stopped), None);
        assert_eq!(rooms.saw(&choir, &loft, &stopped), None, "the same room");
        assert_eq!(rooms.saw(&choir, &nave, &stopped), Some(true));
        assert_eq!(rooms.saw(&choir, &nave, &stopped), None, "told once");

        rooms.set("choir", 1, true);
        assert!(!rooms.are_over("choir"));
        assert_eq!(rooms.saw(&choir, &loft, &stopped), Some(false));
        assert!(rooms.are_over("choir"));
        rooms.set("choir", 1, true);
        rooms.saw(&choir, &loft, &LinkState::Connected { since });
        assert_eq!(rooms.saw(&choir, &loft, &stopped), Some(true));
        rooms.remove("choir");
        assert_eq!(rooms.saw(&choir, &loft, &stopped), None);
    }
}
