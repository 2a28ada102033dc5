//! The stored form of a player.
//!
//! The pool stores it as the part `player/<guild>`, in the transaction of the event that changed it, so that journal
//! and player never disagree. After a restart it is read before any frame, and then compared with the node's view
//! (`frames.rs`, `reconcile`): whatever the node plays counts.
//!
//! It has no token and no session id of Discord: a node that still has the player has them, and otherwise Discord is
//! asked for new ones.
//!
//! # Bounds
//! A checkpoint has 1 MiB. Tracks may take 7/8 of it: the loaded track, the queue from its next track on, the history
//! from its newest, then the recommendations. What lies beyond is lost in a restart, and only then.

use std::{sync::Arc, time::Duration};

use antiphon_core::{Checkpoint, Rng};
use bytes::Bytes;
use tokio::time::Instant;

use super::{LocalPlayer, Part, Progress, Rules, Snapshot, runs::Phase};
use crate::{
    model::{
        AutoPlayMode, ChannelId, Crossfade, CrossfadeCurve, GuildId, NodeId, Transition,
        playable_from_saved,
    },
    queue::Queue,
    wire::{SavedPlayer, SavedTrack, SavedTransition},
};

/// Version of the stored form. A part of another version is not read, and its player is new.
pub(super) const VERSION: u8 = 1;
/// Bytes of tracks in one checkpoint, 896 KiB by estimate; tracks beyond are lost in a restart.
const BUDGET: usize = Checkpoint::MAX_STATE - (Checkpoint::MAX_STATE >> 3);

/// Makes the stored form; for a player that is gone only a mark, since a part cannot be removed.
pub(super) fn save(player: &LocalPlayer, now: Instant) -> Bytes {
    let mut budget = BUDGET;
    let queue = player.queue.saved(&mut budget);
    let found: Vec<SavedTrack<'_>> = player.auto_queue.saved(&mut budget).items;
    let current = player.runs.newest();
    let saved = SavedPlayer {
        version: VERSION,
        gone: player.is_gone,
        node: player.node.as_ref().map(|node| node.as_str().into()),
        channel: player.voice.channel.map(ChannelId::get),
        self_deaf: player.voice.self_deaf,
        self_mute: player.voice.self_mute,
        volume: player.volume,
        paused: player.paused,
        filters: Some((*player.filters).clone())
            .filter(|filters| *filters != crate::wire::Filters::default()),
        autoplay: number(player.autoplay),
        inactive_timeout: player
            .inactive_timeout
            .and_then(|timeout| u64::try_from(timeout.as_millis()).ok()),
        current: current.map(|run| run.track.saved()),
        position: player.progress.at(now),
        end_time: player.end_time,
        queue,
        auto_queue: found,
        previous: player.previous.as_ref().map(|track| track.saved()),
        declared: player.declared.iter().map(Part::saved).collect(),
        transition: transition_number(player.transition),
        next: player.told.next.as_ref().map(|track| track.saved()),
    };
    let saved = if player.is_gone {
        SavedPlayer {
            version: VERSION,
            gone: true,
            ..SavedPlayer::default()
        }
    } else {
        saved
    };
    let bytes =
        serde_json::to_vec(&saved).expect("only texts, numbers and JSON that was read before");
    bytes.into()
}

/// Reads a stored player; `None` if it was deleted or is not readable.
pub(crate) fn read_saved(
    guild: GuildId,
    state: &[u8],
    rules: Rules,
    rng: Rng,
    now: Instant,
) -> Option<LocalPlayer> {
    let saved: SavedPlayer<'_> = antiphon_core::read_json(state).ok()?;
    if saved.version != VERSION || saved.gone {
        return None;
    }
    let capacity = rules.queue_capacity;
    let mut player = LocalPlayer::new(guild, rules, rng, now);
    player.node = saved.node.map(NodeId::new);
    player.voice.channel = saved.channel.map(ChannelId::new);
    player.voice.self_deaf = saved.self_deaf;
    player.voice.self_mute = saved.self_mute;
    player.volume = saved.volume;
    player.paused = saved.paused;
    player.filters = saved.filters.map_or_else(super::no_filters, Arc::new);
    player.autoplay = mode(saved.autoplay);
    player.inactive_timeout = saved.inactive_timeout.map(Duration::from_millis);
    player.end_time = saved.end_time;
    player.previous = saved
        .previous
        .map(|saved| Arc::new(playable_from_saved(saved)));
    let declared = saved.declared.into_iter().filter_map(Part::restored);
    player.declared = Arc::new(declared.collect());
    player.transition = saved.transition.map_or(Transition::None, transition);
    player.told.next = saved.next.map(|saved| Arc::new(playable_from_saved(saved)));
    if let Some(current) = saved.current {
        let track = Arc::new(playable_from_saved(current));
        player.progress = super::Progress::track(saved.position, track.duration(), now);
        player.runs.add(track, Phase::Started, false);
    }
    player.queue = Arc::new(Queue::restored(saved.queue, capacity));
    let found = saved
        .auto_queue
        .into_iter()
        .map(|saved| Arc::new(playable_from_saved(saved)));
    Arc::make_mut(&mut player.auto_queue).put_fitting(found.collect::<Vec<_>>());
    Some(player)
}

/// The stored form of what clients see of a player, for another process; a queue that is larger than a checkpoint may
/// have is sent in part.
pub(crate) fn save_snapshot(player: &Snapshot, now: Instant) -> Vec<u8> {
    let mut budget = BUDGET;
    let queue = player.queue.saved(&mut budget);
    let found = player.auto_queue.saved(&mut budget).items;
    let saved = SavedPlayer {
        version: VERSION,
        node: player.node.as_ref().map(|node| node.as_str().into()),
        channel: player.channel.map(ChannelId::get),
        volume: player.volume,
        paused: player.paused,
        filters: Some((*player.filters).clone()),
        autoplay: number(player.autoplay),
        inactive_timeout: player
            .inactive_timeout
            .and_then(|timeout| u64::try_from(timeout.as_millis()).ok()),
        current: player.current.as_ref().map(|track| track.saved()),
        position: player.progress.at(now),
        queue,
        auto_queue: found,
        previous: player.previous.as_ref().map(|track| track.saved()),
        declared: player.declared.iter().map(Part::saved).collect(),
        transition: transition_number(player.transition),
        ..SavedPlayer::default()
    };
    serde_json::to_vec(&saved).expect("only texts, numbers and JSON that was read before")
}

/// Reads what another process sent of a player; `None` if it is not readable.
pub(crate) fn read_snapshot(
    state: &[u8],
    connected: bool,
    ping: i64,
    now: Instant,
) -> Option<Snapshot> {
    let saved: SavedPlayer<'_> = antiphon_core::read_json(state).ok()?;
    if saved.version != VERSION {
        return None;
    }
    let current = saved
        .current
        .map(|track| Arc::new(playable_from_saved(track)));
    let length = current.as_ref().and_then(|track| track.duration());
    let mut progress = Progress::track(saved.position, length, now);
    if current.is_some() && connected && !saved.paused {
        progress.set_speed(1.0, now);
    }
    let mut auto_queue = Queue::new();
    let found = saved.auto_queue.into_iter();
    let found = found.map(|track| Arc::new(playable_from_saved(track)));
    auto_queue.put_fitting(found.collect::<Vec<_>>());
    let declared = saved.declared.into_iter().filter_map(Part::restored);
    Some(Snapshot {
        node: saved.node.map(NodeId::new),
        channel: saved.channel.map(ChannelId::new),
        connected,
        ping,
        current,
        previous: saved
            .previous
            .map(|track| Arc::new(playable_from_saved(track))),
        progress,
        volume: saved.volume,
        paused: saved.paused,
        filters: saved.filters.map_or_else(super::no_filters, Arc::new),
        autoplay: mode(saved.autoplay),
        inactive_timeout: saved.inactive_timeout.map(Duration::from_millis),
        queue: Arc::new(Queue::restored(saved.queue, Queue::CAPACITY)),
        auto_queue: Arc::new(auto_queue),
        transition: saved.transition.map_or(Transition::None, transition),
        declared: Arc::new(declared.collect()),
    })
}

/// The stored form of a transition; absent for none.
pub(crate) fn transition_number(transition: Transition) -> Option<SavedTransition> {
    match transition {
        Transition::None => None,
        Transition::Gapless => Some(SavedTransition::Gapless),
        Transition::Crossfade(fade) => Some(SavedTransition::Crossfade {
            duration: u64::try_from(fade.duration.as_millis()).unwrap_or(u64::MAX),
            curve: match fade.curve {
                CrossfadeCurve::Sinusoidal => 0,
                CrossfadeCurve::Sine => 1,
                CrossfadeCurve::Linear => 2,
            },
        }),
    }
}

/// The transition of a stored form.
pub(crate) fn transition(saved: SavedTransition) -> Transition {
    match saved {
        SavedTransition::Gapless => Transition::Gapless,
        SavedTransition::Crossfade { duration, curve } => {
            let curve = match curve {
                1 => CrossfadeCurve::Sine,
                2 => CrossfadeCurve::Linear,
                _ => CrossfadeCurve::Sinusoidal,
            };
            let fade = Crossfade::new(Duration::from_millis(duration));
            Transition::Crossfade(fade.curve(curve))
        }
    }
}

/// The number of a mode, which the reference has as well (protocol §16).
pub(crate) fn number(mode: AutoPlayMode) -> u8 {
    match mode {
        AutoPlayMode::Enabled => 0,
        AutoPlayMode::Partial => 1,
        AutoPlayMode::Disabled => 2,
    }
}

/// The mode of a number; an unknown one plays nothing by itself.
pub(crate) fn mode(number: u8) -> AutoPlayMode {
    match number {
        0 => AutoPlayMode::Enabled,
        1 => AutoPlayMode::Partial,
        _ => AutoPlayMode::Disabled,
    }
}
