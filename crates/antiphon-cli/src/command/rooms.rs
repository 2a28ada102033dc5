//! Rooms of the running sources: a source that has none left ends the daemon.
//!
//! A room that does not exist or is closed to the account is not tried again by itself. Beside others it is told on
//! stderr, as every change of a link is; where it was the last of its source, nothing would ever be heard there, and the
//! daemon ends with exit code 3.

use std::collections::{BTreeMap, BTreeSet};

use antiphon::{Handle, Link, LinkState, Payload as _, Place, SourceName};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    failure::{Exit, Failure},
};

/// Number of configured rooms by source; sources without rooms are left out.
pub(crate) type Rooms = BTreeMap<SourceName, usize>;

/// The rooms of a configuration.
pub(crate) fn of(config: &Config) -> Rooms {
    let rooms = config.sources.iter();
    rooms
        .map(|(name, source)| (SourceName::new(name.as_str()), source.room_count()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// Reads the links until the app has ended; asks it to end once a source has no room left, and gives the reason.
pub(crate) async fn watch<S: Send + Sync + 'static>(
    handle: Handle<S>,
    rooms: Rooms,
    end: CancellationToken,
) -> Option<Failure> {
    let mut links = handle.stream_raw(Link::KIND);
    drop(handle);
    let mut stopped: BTreeMap<SourceName, BTreeSet<Place>> = BTreeMap::new();
    let mut failed = None;
    while let Some(next) = links.next().await {
        let Ok(event) = next else { continue };
        let (Ok(link), Some(count)) = (Link::decode(&event), rooms.get(event.source())) else {
            continue;
        };
        if event.place().id("room").is_none() {
            continue;
        }
        let stopped = stopped.entry(event.source().clone()).or_default();
        let LinkState::Stopped { reason, hint, .. } = link.state else {
            stopped.remove(event.place());
            continue;
        };
        stopped.insert(event.place().clone());
        if stopped.len() < *count || failed.is_some() {
            continue;
        }
        let message = format!("{}: no room is left: {reason}", event.source());
        let failure = Failure::new(Exit::Unreachable, message);
        failed = Some(match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
        end.cancel();
    }
    failed
}
