//! Entries of the fuzzers: any bytes are taken, and a panic tells of a promise that does not hold.
//!
//! Compiled for tests and by cargo-fuzz (`fuzz/`) alone. The corpora of `fuzz/corpus` go through them as tests.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use antiphon_core::{Clock, Event, Moment, Position, Projection as _, Provenance, Rng};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;
use twilight_model::gateway::Intents;

use crate::{
    CacheLimits, Config,
    cache::{Cache, CacheProjection},
    event::read_all,
    identify::Permit,
    inflate::{Compression, Inflated, Inflater},
    session::{Session, Streams},
    wire::Header,
};

/// Most bytes that a frame is inflated to.
const LIMIT: usize = 64 << 10;

fn now() -> Moment {
    Moment {
        at: Instant::now(),
        wall: Timestamp::UNIX_EPOCH,
    }
}

fn cache() -> CacheProjection {
    CacheProjection::new(
        "discord".into(),
        Cache::new(Some(CacheLimits::default()), Clock::system()),
    )
}

/// A session whose connection is open.
fn session() -> Session {
    let config = Config::new("canary-token", Intents::all());
    let mut session = Session::new(
        Arc::new(config),
        [0, 1],
        Rng::with_seed(1),
        "run".into(),
        Streams::default(),
        None,
    );
    session.start();
    session
}

/// Gives lines to a session as its frames, and what it brings to payloads and to the cache.
///
/// Each frame becomes a row or a count, and the cache is the same after it was saved and restored.
pub fn frames(data: &[u8]) {
    let (mut session, mut cache, now) = (session(), cache(), now());
    let mut position = Position::ZERO;
    let mut is_open = false;
    for frame in data.split(|byte| *byte == b'\n') {
        if !is_open {
            let at = session.deadline(now.at).unwrap_or(now.at);
            session.note_pause(now);
            let later = Moment { at, ..now };
            let _ = session.on_deadline(later);
            while session.next_task().is_some() {}
            session.on_opened(Some(Permit::for_test()), later);
            while session.outbox.take().is_some() {}
            is_open = true;
        }
        let frame = Bytes::copy_from_slice(frame);
        let header = Header::read(&frame);
        assert!(header.data.is_none_or(|range| range.end <= frame.len()));
        let counted = session.unrecorded.total();
        let outcome = session.on_frame(&frame, now);
        let mut rows = 0;
        while let Some(entry) = session.outbox.take() {
            let Some(draft) = entry.event else { continue };
            rows += u64::from(draft.provenance != Provenance::Synthetic);
            position = Position::new(position.get() + 1);
            let event = Event::stored(position, "discord".into(), draft);
            read_all(&event);
            cache.apply(&event);
        }
        assert_eq!(rows + session.unrecorded.total() - counted, 1);
        while session.next_reply().is_some() {}
        if let Err(disconnect) = outcome {
            session.on_disconnected(disconnect, now);
            while session.outbox.take().is_some() {}
            is_open = false;
        }
    }
    if let Some(saved) = cache.save() {
        let mut again = self::cache();
        again.restore(&saved).expect("what was saved");
        assert_eq!(again.save().map(|bytes| bytes.len()), Some(saved.len()));
    }
}

/// Takes bytes for the saved picture of a cache.
pub fn saved_cache(data: &[u8]) {
    let mut cache = cache();
    if cache.restore(data).is_ok() {
        let _ = cache.save();
    }
}

/// Inflates frames; a zero byte separates two of zlib, and the first byte says which stream it is.
pub fn inflate(data: &[u8]) {
    let Some((way, frames)) = data.split_first() else {
        return;
    };
    let way = if way % 2 == 0 {
        Compression::Zlib
    } else {
        Compression::Zstd
    };
    let mut inflater = Inflater::new(way, LIMIT).expect("memory");
    for frame in frames.chunks(512) {
        match inflater.take(&Bytes::copy_from_slice(frame)) {
            Ok(Inflated::Whole(bytes)) => assert!(bytes.len() <= LIMIT),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
