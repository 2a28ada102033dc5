//! Entries of the fuzzers: any bytes are taken, and a panic tells of a promise that does not hold.
//!
//! Compiled for tests and by cargo-fuzz (`fuzz/`) alone. The corpora of `fuzz/corpus` go through them as tests.

#[cfg(test)]
mod tests;

use std::time::Duration;

use antiphon_core::{Backoff, Event, Moment, Position, Projection as _, Rng};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    cache::{Cache, CacheProjection, SharedCache},
    event::read_all,
    session::{Done, Rules, Session},
};

fn cache() -> CacheProjection {
    CacheProjection::new("queup".into(), SharedCache::new(Cache::for_rooms(4)))
}

/// A session whose socket was opened.
fn session(now: Moment) -> Session {
    let rules = Rules {
        rooms: vec!["loft".into()],
        only_rooms: false,
        recent_conversations: false,
        backfill: 100,
        buffer_bytes: 1 << 20,
    };
    let backoff = Backoff::new(Rng::with_seed(1)).floor(Duration::from_secs(5));
    let mut session = Session::new(rules, backoff, "run", []);
    session.start();
    let user = r#"{"_id":"5f1c0aa1b2c3d4e5f6071829","username":"mira"}"#;
    session.on_done(Done::Opened(Ok(Bytes::from_static(user.as_bytes()))), now);
    session
}

/// Gives lines to a session as text frames, or as binary ones after a byte 255, and what it brings to payloads and to
/// the cache, which is the same after it was saved and restored.
pub fn frames(data: &[u8]) {
    let now = Moment {
        at: Instant::now(),
        wall: Timestamp::UNIX_EPOCH,
    };
    let (mut session, mut cache) = (session(now), cache());
    let mut position = 0;
    for line in data.split(|byte| *byte == b'\n') {
        let cut = match (line, std::str::from_utf8(line)) {
            ([255, binary @ ..], _) => {
                session.on_binary(&Bytes::copy_from_slice(binary), now);
                None
            }
            (_, Ok(_)) => session.on_text(&Bytes::copy_from_slice(line), now).err(),
            (_, Err(_)) => continue,
        };
        while session.next_task().is_some() {}
        while session.next_reply().is_some() {}
        while let Some(entry) = session.outbox.take() {
            let Some(draft) = entry.event else { continue };
            position += 1;
            let event = Event::stored(Position::new(position), "queup".into(), draft);
            read_all(&event);
            cache.apply(&event);
        }
        if let Some(cut) = cut {
            session.on_closed(&cut.0, now);
            session = self::session(now);
        }
    }
    let saved = cache.save().expect("a cache is saved");
    let mut again = self::cache();
    again.restore(&saved).expect("what was saved");
    let again = again.save().expect("a cache is saved");
    assert_eq!(
        String::from_utf8_lossy(&again),
        String::from_utf8_lossy(&saved)
    );
}

/// Takes bytes for the saved picture of a cache.
pub fn saved_cache(data: &[u8]) {
    let mut cache = cache();
    if cache.restore(data).is_ok() {
        let _ = cache.save();
    }
}
