//! Entries of the fuzzers: any bytes are taken, and a panic tells of a promise that does not hold.
//!
//! Compiled for tests and by cargo-fuzz (`fuzz/`) alone. The corpora of `fuzz/corpus` go through them as tests.

#[cfg(test)]
mod tests;

use antiphon_core::{Event, Moment, Position, Provenance, Rng};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Config, EncodedTrack, NodeConfig,
    event::read_all,
    pool::{Done, PoolState, Task, remotes},
    wire,
};

/// Gives lines to a node's socket as its frames; each becomes one event with its bytes.
pub fn frames(data: &[u8]) {
    let now = Moment {
        at: Instant::now(),
        wall: Timestamp::UNIX_EPOCH,
    };
    let config = Config::new(7, [NodeConfig::new("n0", "http://a:2333", "p")]);
    let mut pool = PoolState::new(&config, Rng::with_seed(1), "nonce", [], now);
    pool.start(now);
    let mut epoch = None;
    while let Some(task) = pool.next_task() {
        if let Task::Open { epoch: opened, .. } = task {
            epoch = Some(opened);
        }
    }
    let epoch = epoch.expect("the node is opened first");
    let opened = Done::Opened {
        node: 0,
        epoch,
        outcome: Ok(()),
    };
    pool.on_done(opened, now);
    while pool.outbox.take().is_some() {}
    for (number, frame) in data.split(|byte| *byte == b'\n').enumerate() {
        let frame = Bytes::copy_from_slice(frame);
        pool.on_frame(0, epoch, &frame, now);
        let mut rows = 0;
        while let Some(entry) = pool.outbox.take() {
            let Some(draft) = entry.event else { continue };
            if draft.provenance != Provenance::Synthetic {
                rows += 1;
                assert_eq!(draft.body, frame);
            }
            read_all(&Event::stored(
                Position::new(number as u64 + 1),
                "lavalink".into(),
                draft,
            ));
        }
        assert_eq!(rows, 1);
        while pool.next_task().is_some() {}
    }
}

/// Takes a text for an encoded track; decoding and encoding give it back.
pub fn track(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(track) = EncodedTrack::decode(text) {
        let again = track.encode().expect("what was decoded");
        let read = EncodedTrack::decode(&again).expect("what was encoded");
        assert_eq!(read, track, "{text}");
    }
}

/// Takes bytes for answers of a node's REST interface, and for what a player's checkpoint has.
pub fn answers(data: &[u8]) {
    let _ = remotes(data).map(|players| players.len());
    if let Ok(loaded) = antiphon_core::read_json::<wire::Loaded<'_>>(data)
        && let Some(data) = loaded.data
    {
        let _ = serde_json::from_str::<wire::Loader<'_>>(data.get()).is_ok();
        let _ = serde_json::from_str::<Vec<wire::Track<'_>>>(data.get()).is_ok();
    }
    let _ =
        antiphon_core::read_json::<wire::Player<'_>>(data).is_ok_and(|it| it.filters().is_some());
    let _ = antiphon_core::read_json::<wire::Info>(data).is_ok();
    let _ = antiphon_core::read_json::<wire::Lyrics<'_>>(data).is_ok();
    let _ = antiphon_core::read_json::<wire::RoutePlanner>(data).is_ok();
    let _ = serde_json::from_slice::<wire::SavedPlayer>(data).is_ok();
}
